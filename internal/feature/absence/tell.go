package absence

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// When a family tells for.
const (
	whenToday    = "aujourdhui"
	whenTomorrow = "demain"
	whenWeek     = "semaine"
	whenDates    = "dates"
)

// tellView is the page that tells absences: first who and when, then what that does.
type tellView struct {
	base     string // where its forms go
	agent    bool
	form     *web.Form
	sent     *web.Form // what the second form sent; nil when it is shown for the first time
	today    civil.Date
	children []family.Child
	likely   []string // the children who have something booked soon
	asked    bool     // who and when are known
	days     civil.Range
	plans    []Plan
	reasons  []Reason
	now      time.Time
	problem  string
}

func ahead(today civil.Date) civil.Range { return civil.Range{From: today, To: today.AddDays(13)} }

// rangeOf reads when, with what is wrong of it.
func rangeOf(f *web.Form, today civil.Date) (civil.Range, []fault.Field) {
	switch f.Text("quand") {
	case whenToday:
		return civil.Range{From: today, To: today}, nil
	case whenTomorrow:
		return civil.Range{From: today.AddDays(1), To: today.AddDays(1)}, nil
	case whenWeek:
		monday := today.AddDays(2).Monday() // from Saturday on, the week that comes
		from := monday
		if today.After(monday) {
			from = today
		}
		return civil.Range{From: from, To: monday.AddDays(6)}, nil
	case whenDates:
	default:
		return civil.Range{}, []fault.Field{{Name: "quand", Sentence: "Choisissez quand."}}
	}
	var wrong []fault.Field
	day := func(name string) civil.Date {
		text := f.Text(name)
		if d, err := civil.ParseDate(text); err == nil {
			return d
		}
		d, err := civil.ParseFrench(text)
		if err != nil {
			wrong = append(wrong, fault.Field{Name: name, Sentence: "Indiquez le jour, par exemple 3 mars 2027."})
		}
		return d
	}
	days := civil.Range{From: day("du")}
	if days.To = days.From; f.Text("au") != "" {
		days.To = day("au")
	}
	switch {
	case len(wrong) > 0:
	case days.To.Before(days.From):
		wrong = append(wrong, fault.Field{Name: "au", Sentence: "Ce jour est avant le premier."})
	case days.From.Before(today.AddDays(-daysBack)):
		wrong = append(wrong, fault.Field{Name: "du", Sentence: "Une absence se signale dans les 31 jours qui suivent. Pour ce jour, appelez le service."})
	case days.To.After(today.AddDays(daysAhead)):
		wrong = append(wrong, fault.Field{Name: "au", Sentence: "Une absence se signale jusqu’à six mois à l’avance."})
	}
	return days, wrong
}

// readTell reads what the page needs: of a family for an agent.
func (p Pages) readTell(r *http.Request, a actor.Actor, of family.ID, f *web.Form) (tellView, error) {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return tellView{}, err
	}
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (tellView, error) {
		v := tellView{form: f, today: civil.DateOf(now), now: now, agent: a.Kind == actor.Agent, base: tellPath}
		if r.Method == http.MethodPost {
			v.sent = f
		}
		if v.agent {
			v.base = counterPath(of)
		}
		days := ahead(v.today)
		var wrong []fault.Field
		if v.asked = f.Text("quand") != ""; v.asked {
			if days, wrong = rangeOf(f, v.today); len(wrong) > 0 {
				v.asked, days = false, ahead(v.today)
				f.Take(fault.InvalidFields(wrong...))
			}
		}
		v.days = days
		s, err := read(rd, now, a, cat, of, days)
		if err != nil {
			return v, err
		}
		v.children = s.children
		open := s.open(days)
		for _, x := range open {
			if !slices.Contains(v.likely, string(x.Cell.Child)) {
				v.likely = append(v.likely, string(x.Cell.Child))
			}
		}
		if !v.asked {
			return v, nil
		}
		picked := f.All("enfant")
		if len(picked) == 0 {
			f.Fail("enfant", "Choisissez au moins un enfant.")
			v.asked = false
			return v, nil
		}
		if len(picked) > len(s.children) {
			return v, fault.Missing("child")
		}
		var cells []booking.Cell
		for _, x := range open {
			if slices.Contains(picked, string(x.Cell.Child)) {
				cells = append(cells, x.Cell)
			}
		}
		for _, id := range picked {
			if !slices.ContainsFunc(s.children, func(c family.Child) bool { return string(c.ID) == id }) {
				return v, fault.Missing("child")
			}
		}
		v.plans = chosen(s.book, s.standing, s.lines, s.today, cells)
		v.reasons = ReasonsOf(v.absent(), v.agent)
		return v, nil
	})
}

// absent are the plans that cannot be cancelled any more.
func (v tellView) absent() []Plan {
	return slices.DeleteFunc(slices.Clone(v.plans), func(p Plan) bool { return p.Gives })
}

func (p Pages) tell(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showTell(w, r, a, "", web.ReadForm(r), http.StatusOK, "")
}

func (p Pages) showTell(w http.ResponseWriter, r *http.Request, a actor.Actor, of family.ID, f *web.Form, status int, problem string) error {
	v, err := p.readTell(r, a, of, f)
	if err != nil {
		return err
	}
	v.problem = problem
	if f.Failed() && status == http.StatusOK {
		status = http.StatusUnprocessableEntity
	}
	page := web.Page{Title: "Signaler une absence", Status: status, Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Absences", Href: listPath}, {Label: "Signaler une absence"}}}
	if v.agent {
		page.Nav, page.Crumbs = "", []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Dossier de la famille", Href: "/agents/familles/" + string(of)}, {Label: "Absences"}}
	}
	if v.asked && len(v.plans) > 0 {
		page.Title = "Vérifiez avant de signaler"
	}
	return web.Render(w, r, page, tellPage(v))
}

func (v tellView) childOptions() []web.Option {
	var all []web.Option
	for _, c := range v.children {
		all = append(all, web.Option{Value: string(c.ID), Label: c.First(), Hint: c.Where()})
	}
	return all
}

func (v tellView) whenOptions() []web.Option {
	week := "jusqu’à dimanche"
	if v.today.AddDays(2).Monday().After(v.today) {
		week = "la semaine qui vient"
	}
	return []web.Option{{Value: whenToday, Label: "Aujourd’hui", Hint: v.today.DayMonth()}, {Value: whenTomorrow, Label: "Demain", Hint: v.today.AddDays(1).DayMonth()},
		{Value: whenWeek, Label: "Cette semaine", Hint: week}, {Value: whenDates, Label: "D’autres dates", Hint: "à écrire dessous"}}
}

// cellField writes a day as a field holds it.
func cellField(c booking.Cell) string {
	return string(c.Child) + "." + string(c.Activity) + "." + c.Day.String()
}

func readCell(s string) (booking.Cell, bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return booking.Cell{}, false
	}
	d, err := civil.ParseDate(parts[2])
	return booking.Cell{Child: family.ChildID(parts[0]), Activity: activity.ID(parts[1]), Day: d}, err == nil
}

func (v tellView) lineOptions() (options []web.Option, values []string) {
	for _, x := range v.plans {
		hint := "La réservation ne s’annule plus\u00a0: l’absence sera signalée"
		if x.Gives {
			hint = "Encore à temps\u00a0: la réservation est annulée, non facturée"
		}
		options = append(options, web.Option{Value: cellField(x.Cell), Label: x.Child + ", " + x.Label + ", " + x.Day.DayMonth(), Hint: hint})
		values = append(values, cellField(x.Cell))
	}
	return options, values
}

// effects says what a reason would do to the price of the days, told now: once where all are alike.
func (v tellView) effects(key string) string {
	var order []string
	of := map[string][]civil.Date{}
	for _, x := range v.absent() {
		words := "facturé, sauf décision du service\u00a0: ce motif n’est pas prévu pour " + x.Label
		if verdict, _, known := x.Judge(key, v.now); known {
			words = verdict.Words(v.today)
		}
		if of[words] == nil {
			order = append(order, words)
		}
		of[words] = append(of[words], x.Day)
	}
	if len(order) == 1 {
		return french.Upper(order[0]) + "."
	}
	parts := make([]string, len(order))
	for i, words := range order {
		parts[i] = french.Upper(dayList(of[words])) + "\u00a0: " + words + "."
	}
	return strings.Join(parts, " ")
}

func (v tellView) reasonOptions() []web.Option {
	var all []web.Option
	for _, x := range v.reasons {
		all = append(all, web.Option{Value: x.Key, Label: x.Label, Hint: v.effects(x.Key)})
	}
	return all
}

// proofs tells that a document may be asked for.
func (v tellView) proofs() bool {
	return slices.ContainsFunc(v.reasons, func(x Reason) bool { return x.Proof })
}

func (p Pages) declare(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.send(w, r, a, "")
}

// send is « Signaler l’absence », of families and of agents for one.
func (p Pages) send(w http.ResponseWriter, r *http.Request, a actor.Actor, of family.ID) error {
	f := web.ReadForm(r)
	rep := Report{Family: of, Reason: f.Text("raison"), Note: f.Text("mot")}
	for _, text := range f.All("ligne") {
		c, ok := readCell(text)
		if !ok {
			return fault.Missing("booking")
		}
		rep.Cells = append(rep.Cells, c)
	}
	cat, err := p.Catalogue.Get(r.Context(), p.Now())
	if err != nil {
		return err
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		out, err := Declare(tx, p.Now(), a, cat, rep)
		done := web.Done{Location: listPath + "/" + out.Reference, Sentence: out.sentence()}
		if of != "" {
			done.Location = counterPath(of)
		}
		return done, err
	})
	switch {
	case f.Take(err):
		return p.showTell(w, r, a, of, f, http.StatusUnprocessableEntity, "")
	case fault.KindOf(err) == fault.Conflict:
		return p.showTell(w, r, a, of, f, http.StatusConflict, fault.SentenceOf(err))
	}
	return err
}

// sentence says what came of a report.
func (o Outcome) sentence() string {
	s := "Absence signalée\u00a0: " + days(len(o.Lines)) + ". Référence " + o.Reference + "."
	if o.Left > 0 {
		s += " " + french.Upper(days(o.Left)) + " avai" + map[bool]string{true: "t", false: "ent"}[o.Left == 1] + " changé et reste" + map[bool]string{true: "", false: "nt"}[o.Left == 1] + " comme avant."
	}
	return s
}

// back asks again who and when, with the same children.
func (v tellView) back() string {
	q := url.Values{}
	for _, id := range v.form.All("enfant") {
		q.Add("enfant", id)
	}
	return v.base + "?" + q.Encode()
}
