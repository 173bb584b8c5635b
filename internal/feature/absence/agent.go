package absence

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/town"
)

// The addresses of agents.
const (
	activitiesPath = "/agents/activites"
	queuePath      = "/agents/absences"
	contestPath    = "/agents/incidents"
	latePath       = "/agents/retards"
)

// Agent declares the agents' pages.
func (p Pages) Agent(rt *web.Router) {
	rt.Get(activitiesPath+"/{id}/absences", web.AgentWith(activity.Read), web.Object("activity"), p.rules)
	rt.Post(activitiesPath+"/{id}/absences", web.AgentWith(activity.Write), web.Object("activity"), p.editRules)
	rt.Get(queuePath, web.AgentWith(Note), web.NoObject, p.queue)
	rt.Get(queuePath+"/{id}", web.AgentWith(Note), web.Object("absence"), p.proof)
	rt.Post(queuePath+"/{id}", web.AgentWith(Decide), web.Object("absence"), p.answerProof)
	rt.Get(contestPath+"/{id}", web.AgentWith(Note), web.Object("incident"), p.contested)
	rt.Post(contestPath+"/{id}", web.AgentWith(Decide), web.Object("incident"), p.answerContest)
	rt.Post(contestPath+"/{id}/prevenu", web.AgentWith(Decide), web.Object("incident"), p.toldOtherwise)
	rt.Get(latePath, web.AgentWith(Note), web.NoObject, p.late)
	rt.Post(latePath, web.AgentWith(Note), web.NoObject, p.noteLate)
	rt.Get("/agents/familles/{id}/absences", web.AgentWith(Note), web.Object("family"), p.counter)
	rt.Post("/agents/familles/{id}/absences", web.AgentWith(Note), web.Object("family"), p.counterDeclare)
	rt.Get("/agents/familles/{id}/dispense", web.AgentWith(Decide), web.Object("family"), p.exemption)
	rt.Post("/agents/familles/{id}/dispense", web.AgentWith(Decide), web.Object("family"), p.exempt)
}

// rulesView is the builder: the form with everything in it, and what it gives.
type rulesView struct {
	act      *activity.Activity
	cat      *activity.Catalogue
	all      []Rules
	form     *web.Form
	rules    Rules
	today    civil.Date
	may      bool
	start    int
	conflict bool
}

func rulesPath(id activity.ID) string { return activitiesPath + "/" + string(id) + "/absences" }

func (p Pages) readBuilder(r *http.Request, a actor.Actor) (rulesView, error) {
	now := p.Now()
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (rulesView, error) {
		v := rulesView{today: civil.DateOf(now)}
		settings, err := town.ReadSettings(rd)
		if err != nil {
			return v, err
		}
		if v.cat, err = activity.ReadCatalogue(rd, settings, now.Location()); err != nil {
			return v, err
		}
		act, known := v.cat.Activity(activity.ID(r.PathValue("id")))
		if !known {
			return v, fault.Missing("activity")
		}
		v.act, v.may = act, a.CanFor(activity.Write, string(act.Service))
		for _, u := range act.Units {
			if u.From > 0 && (v.start == 0 || u.From < v.start) {
				v.start = u.From
			}
		}
		book, err := ReadRules(rd)
		v.all = book[act.ID]
		return v, err
	})
}

func (p Pages) rules(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readBuilder(r, a)
	if err != nil {
		return err
	}
	v.form = web.NewForm()
	for _, one := range v.all {
		if one.Number == latest(v.all) {
			writeForm(v.form, one)
		}
	}
	v.form.Set("version", strconv.Itoa(latest(v.all)))
	v.form.Set("depuis", v.today.French())
	return p.showRules(w, r, http.StatusOK, v)
}

func (v rulesView) page(title string) web.Page {
	return web.Page{Title: title, Caption: v.act.Name, Nav: activitiesPath, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Activités", Href: activitiesPath},
		{Label: v.act.Name, Href: activitiesPath + "/" + string(v.act.ID)}, {Label: title}}}
}

func (p Pages) showRules(w http.ResponseWriter, r *http.Request, status int, v rulesView) error {
	v.rules, _ = readForm(v.form)
	page := v.page("Absences et pénalités")
	page.Wide, page.Status = true, status
	return web.Render(w, r, page, rulesPage(v))
}

// examples are worked on the first days that the rules govern.
func (v rulesView) examples() []Example {
	if len(v.rules.Check()) > 0 {
		return nil
	}
	from := v.rules.From
	if from.Before(v.today) {
		from = v.today
	}
	return v.rules.Examples(from, v.start, v.cat.Zone, func(d civil.Date) bool {
		return slices.ContainsFunc(v.act.Units, func(u activity.Unit) bool {
			why, _ := v.cat.Why(v.act, u, d)
			return why == ""
		})
	})
}

// editRules is every button of the builder.
func (p Pages) editRules(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readBuilder(r, a)
	if err != nil {
		return err
	}
	if !v.may {
		return fault.New(fault.Forbidden, "")
	}
	v.form = web.ReadForm(r)
	action, about, _ := strings.Cut(v.form.Text("action"), ":")
	rules, wrong := readForm(v.form)
	switch action {
	case "publier", "verifier":
		return p.publish(w, r, a, v, rules, wrong, action == "verifier")
	case "modele":
		for _, m := range Models() {
			if m.Key == v.form.Text("modele") {
				writeForm(v.form, rules.With(m.Part))
			}
		}
	case "ajouter":
		if len(rules.Reasons) < mostReasons {
			rules.Reasons = append(rules.Reasons, Reason{By: ByFamily, Tell: Moment{Kind: ThatDay, Minute: lastMinute}, Bring: Moment{Kind: DaysAfter, Count: 7, Minute: lastMinute}, Effect: Effect{Kind: Free}})
			writeForm(v.form, rules)
		}
	case "retirer":
		if place, err := strconv.Atoi(about); err == nil {
			dropReason(v.form, place)
		}
	case "recalculer":
		v.form.Take(fault.InvalidFields(append(wrong, rules.Check()...)...))
	}
	return p.showRules(w, r, http.StatusOK, v)
}

// publish checks the rules, shows them in words for a last look, then writes them.
func (p Pages) publish(w http.ResponseWriter, r *http.Request, a actor.Actor, v rulesView, rules Rules, wrong []fault.Field, look bool) error {
	seen, _ := strconv.Atoi(v.form.Text("version"))
	if len(wrong) == 0 {
		wrong = append(checkFrom(rules.From, v.today, len(v.all) > 0), rules.Check()...)
	}
	err := fault.InvalidFields(wrong...)
	if err == nil && look && seen == latest(v.all) {
		v.rules = rules
		return web.Render(w, r, v.page("Vérifiez avant de publier"), checkRulesPage(v))
	}
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			n, err := Publish(tx, p.Now(), a, v.act, rules, seen)
			return web.Done{Location: rulesPath(v.act.ID), Sentence: fmt.Sprintf("Règles publiées (version %d), à partir du %s. Ce qui était promis le reste.", n, rules.From.Long())}, err
		})
	}
	if fault.KindOf(err) == fault.Conflict {
		fresh, readErr := p.readBuilder(r, a)
		if readErr != nil {
			return readErr
		}
		fresh.form, fresh.conflict = v.form, true
		fresh.form.Set("version", strconv.Itoa(latest(fresh.all)))
		return p.showRules(w, r, http.StatusConflict, fresh)
	}
	if err == nil || !v.form.Take(err) {
		return err
	}
	return p.showRules(w, r, http.StatusUnprocessableEntity, v)
}

// carried are the fields of the form that the last look hands on.
func carried(f *web.Form) []string {
	names := slices.DeleteFunc(f.Names(), func(name string) bool { return name == "cle" || name == "action" })
	slices.Sort(names)
	return names
}

func modelOptions() []web.Option {
	var all []web.Option
	for _, m := range Models() {
		all = append(all, web.Option{Value: m.Key, Label: m.Name})
	}
	return all
}
