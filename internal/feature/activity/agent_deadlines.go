package activity

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/money"
	"parvis/internal/base/web"
)

// The rule builder. Its form is the whole state: every button sends it back and shows it again, changed as the button
// says, until « Publier » writes a version. Names of fields are those of Rule.Field and Policy.Check.

// absent is the answer of an action that has no rule of its own: « même délai que réserver ».
const absent = "aucune"

// rulesView is the builder: the form with everything in it, and what the policy typed gives.
type rulesView struct {
	desk
	f         *web.Form
	policy    Policy
	examples  []Example
	both      bothWords
	qualities []NamedQuality
	models    []Model
	conflict  []difference // with what another agent published meanwhile
}

// actions are the fieldsets of the builder, in order.
func actions() []Action { return []Action{OpenFrom, Book, Change, Cancel, LateUntil} }

func (p Pages) rulesOf(r *http.Request, a actor.Actor) (rulesView, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (rulesView, error) {
		d, err := p.deskOf(rd, a, ID(r.PathValue("id")))
		if err != nil {
			return rulesView{}, err
		}
		v := rulesView{desk: d, models: Models(civil.SchoolYearOf(d.today))}
		v.qualities, err = AllQualities(rd)
		return v, err
	})
}

func (p Pages) deadlines(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.rulesOf(r, a)
	if err != nil {
		return err
	}
	v.f = web.NewForm()
	current, known := v.current()
	if !known {
		current = v.models[0].Policy
		for _, m := range v.models {
			if t, like := templateOf(likeName(v.Name)); like && m.Key == t.Model {
				current = m.Policy
			}
		}
	}
	writeForm(v.f, current)
	v.f.Set("version", strconv.Itoa(v.latest()))
	v.f.Set("depuis", v.today.French())
	if !known {
		v.f.Set("depuis", v.firstDay().French())
	}
	return p.showRules(w, r, http.StatusOK, v)
}

// firstDay is the day from which first deadlines hold: that of the periods there are, else today.
func (v rulesView) firstDay() civil.Date {
	first := v.today
	for _, p := range v.Periods {
		if p.Days.From.Before(first) {
			first = p.Days.From
		}
	}
	return first
}

func (p Pages) showRules(w http.ResponseWriter, r *http.Request, status int, v rulesView) error {
	policy, _ := readPolicy(v.f, v.qualities)
	v.work(policy)
	page := v.page("Délais pour réserver et annuler")
	page.Wide, page.Status = true, status
	return web.Render(w, r, page, deadlinesPage(v))
}

// editDeadlines is every button of the builder.
func (p Pages) editDeadlines(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.rulesOf(r, a)
	if err != nil {
		return err
	}
	if !v.may {
		return fault.New(fault.Forbidden, "")
	}
	v.f = web.ReadForm(r)
	v.startTypes()
	action, about, _ := strings.Cut(v.f.Text("action"), ":")
	switch action {
	case "publier", "verifier":
		return p.publish(w, r, a, v, action == "verifier")
	case "modele":
		for _, m := range v.models {
			if m.Key == v.f.Text("modele") {
				clearRules(v.f)
				writeForm(v.f, m.Policy)
			}
		}
	case "ajouter":
		v.addRule(about)
	case "retirer":
		v.f.Set("regles", strings.Join(slices.DeleteFunc(prefixes(v.f), func(one string) bool { return one == about }), " "))
	case "ligne":
		n, _ := strconv.Atoi(v.f.Text(about + "_lignes"))
		v.f.Set(about+"_lignes", strconv.Itoa(min(n+1, maxRows)))
	}
	if _, wrong := readPolicy(v.f, v.qualities); action == "recalculer" {
		v.f.Take(fault.InvalidFields(wrong...))
	}
	return p.showRules(w, r, http.StatusOK, v)
}

// addRule adds the fieldset of an action for families of one quality.
func (v rulesView) addRule(action string) {
	quality := v.f.Text("ajout_" + action)
	i := slices.IndexFunc(v.qualities, func(q NamedQuality) bool { return string(q.Code) == quality })
	if i < 0 {
		v.f.Fail("ajout_"+action, "Choisissez pour quelles familles.")
		return
	}
	one := action + "_" + quality
	all := prefixes(v.f)
	if slices.Contains(all, one) {
		return
	}
	if v.f.Text(action+"_regle") == absent || v.f.Text(action+"_regle") == "" {
		v.f.Set(one+"_regle", string(AnchorDay))
		v.startRule(one, actionOf(action))
	} else {
		for _, name := range v.f.Names() {
			if rest, own := strings.CutPrefix(name, action+"_"); own && !strings.Contains(rest, "_regle") && !fromQuality(rest, v.qualities) {
				v.f.Set(one+"_"+rest, v.f.Raw(name))
			}
		}
	}
	v.f.Set("regles", strings.Join(append(all, one), " "))
}

func fromQuality(rest string, all []NamedQuality) bool {
	return slices.ContainsFunc(all, func(q NamedQuality) bool { return strings.HasPrefix(rest, string(q.Code)+"_") })
}

// prefixes are the rules that the form holds beside one for each action: "reserver_resident".
func prefixes(f *web.Form) []string { return strings.Fields(f.Text("regles")) }

// maxRows bounds the tables of the form.
const maxRows = 24

// clearRules empties all that a model will write.
func clearRules(f *web.Form) {
	for _, name := range f.Names() {
		if name != "cle" && name != "depuis" && name != "modele" && name != "version" {
			f.Set(name, "")
		}
	}
}

// writeForm fills the form with a policy.
func writeForm(f *web.Form, p Policy) {
	var more []string
	for _, action := range actions() {
		f.Set(action.Field()+"_regle", absent)
		f.Set(action.Field()+typeDrawn, absent)
	}
	for _, r := range p.Rules {
		if r.For != "" {
			more = append(more, r.Field())
		}
		writeRule(f, r.Field(), r)
	}
	f.Set("regles", strings.Join(more, " "))
	f.Set("apres_genre", string(p.After.Kind))
	f.Set("apres_majoration", orEmpty(p.After.Percent))
	f.Set("apres_montant", "")
	if p.After.Flat != 0 {
		f.Set("apres_montant", p.After.Flat.String())
	}
	f.Set("apres_plein", "")
	if p.After.FullPrice {
		f.Set("apres_plein", "1")
	}
	f.Set("apres_premiers", orEmpty(p.After.First))
	f.Set("apres_pardon", orEmpty(p.After.Forgiven))
	f.Set("apres_nom", p.After.Label)
}

func writeRule(f *web.Form, at string, r Rule) {
	set := func(part, value string) { f.Set(at+"_"+part, value) }
	set("regle", string(r.Anchor))
	f.Set(at+typeDrawn, string(r.Anchor))
	set("nombre", strconv.Itoa(r.Offset))
	set("mesure", string(r.Measure))
	set("base", string(r.Basis))
	set("jour", "")
	if r.Anchor == AnchorWeek || r.OnDay {
		set("jour", strconv.Itoa(int(r.Weekday)))
	}
	set("heure", clock(r.Minute))
	set("vacances", string(r.Holiday))
	set("ferie", string(r.Closed))
	rows := 0
	for i, l := range r.Weekdays {
		line := fmt.Sprintf("ligne%d_", i+1)
		set(line+"pour", strconv.Itoa(int(l.For)))
		set(line+"le", strconv.Itoa(int(l.On)))
		set(line+"plus", strconv.Itoa(l.Back))
		set(line+"heure", clock(l.Minute))
		rows = i + 1
	}
	for i, l := range r.Dates {
		line := fmt.Sprintf("ligne%d_", i+1)
		set(line+"du", l.Days.From.French())
		set(line+"au", l.Days.To.French())
		set(line+"date", l.On.French())
		set(line+"heure", clock(l.Minute))
		rows = i + 1
	}
	set("lignes", strconv.Itoa(max(rows, 1)))
}

// readPolicy is the policy that the form holds, with what cannot be read of it. What is not well formed is left out,
// so that examples can be worked out of the rest.
func readPolicy(f *web.Form, qualities []NamedQuality) (Policy, []fault.Field) {
	var p Policy
	var wrong []fault.Field
	p.From, wrong = readDay(f, "depuis", wrong)
	for _, action := range actions() {
		at := action.Field()
		if r, ok := readRule(f, at, action, &wrong); ok {
			p.Rules = append(p.Rules, r)
		}
		for _, q := range qualities {
			one := at + "_" + string(q.Code)
			if !slices.Contains(prefixes(f), one) {
				continue
			}
			if r, ok := readRule(f, one, action, &wrong); ok {
				r.For = q.Code
				p.Rules = append(p.Rules, r)
			}
		}
	}
	p.After, wrong = readAfter(f, wrong)
	return p, wrong
}

func readAfter(f *web.Form, wrong []fault.Field) (After, []fault.Field) {
	a := After{Kind: AfterKind(f.Text("apres_genre"))}
	if a.Kind == "" {
		a.Kind = AfterRefuse
	}
	if a.Kind != AfterSurcharge {
		return a, wrong
	}
	a.Percent, wrong = readNumber(f, "apres_majoration", mostPercent, wrong)
	if text := f.Text("apres_montant"); text != "" {
		sum, err := money.Parse(text)
		if err != nil {
			wrong = append(wrong, fault.Field{Name: "apres_montant", Sentence: "Indiquez un montant, par exemple 1,50."})
		}
		a.Flat = sum
	}
	a.FullPrice = f.Bool("apres_plein")
	a.First, wrong = readNumber(f, "apres_premiers", 31, wrong)
	a.Forgiven, wrong = readNumber(f, "apres_pardon", 99, wrong)
	a.Label = f.Line("apres_nom")
	return a, wrong
}

// reading is one rule being read from a form.
type reading struct {
	f     *web.Form
	at    string
	wrong *[]fault.Field
	ok    bool
}

func (x *reading) fail(part, sentence string) {
	x.ok = false
	*x.wrong = append(*x.wrong, fault.Field{Name: x.at + "_" + part, Sentence: sentence})
}

func (x *reading) text(part string) string { return x.f.Text(x.at + "_" + part) }

func (x *reading) number(part string) int {
	text := x.text(part)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		x.fail(part, "Indiquez un nombre, en chiffres.")
	}
	return n
}

// minute reads an hour; problem is the field that its fault stands beside.
func (x *reading) minute(part, problem string) int {
	m, ok := readClock(x.text(part))
	if !ok {
		x.fail(problem, "Indiquez une heure, par exemple 23 h 59.")
	}
	return m
}

func (x *reading) weekday(part string) time.Weekday {
	n, err := strconv.Atoi(x.text(part))
	if err != nil || n < 0 || n > 6 {
		return time.Monday
	}
	return time.Weekday(n)
}

func readRule(f *web.Form, at string, action Action, wrong *[]fault.Field) (Rule, bool) {
	x := &reading{f: f, at: at, wrong: wrong, ok: true}
	r := Rule{Action: action, Anchor: Anchor(x.text("regle"))}
	switch r.Anchor {
	case absent, "":
		return r, false
	case AnchorNone, AnchorNever:
		return r, true
	case AnchorDates:
		x.dates(&r)
		return r, x.ok
	}
	r.Basis, r.Holiday, r.Closed = Basis(x.text("base")), Shift(x.text("vacances")), Shift(x.text("ferie"))
	switch r.Anchor {
	case AnchorTable:
		x.table(&r)
		return r, x.ok
	case AnchorWeek:
		r.Offset, r.Weekday, r.Minute = x.number("nombre"), x.weekday("jour"), x.minute("heure", "heure")
		return r, x.ok
	}
	r.Offset, r.Measure = x.number("nombre"), Measure(x.text("mesure"))
	if r.Measure == "" {
		r.Measure = Days
	}
	if r.Measure != Hours {
		r.Minute = x.minute("heure", "heure")
	}
	if r.Anchor == AnchorPeriod && x.text("jour") != "" {
		r.Weekday, r.OnDay = x.weekday("jour"), true
	}
	return r, x.ok
}

func (x *reading) rows() int {
	n, err := strconv.Atoi(x.text("lignes"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, maxRows)
}

// table reads the lines by weekday; a line without a weekday is left out.
func (x *reading) table(r *Rule) {
	for i := range x.rows() {
		line := fmt.Sprintf("ligne%d_", i+1)
		if x.text(line+"pour") == "" {
			continue
		}
		r.Weekdays = append(r.Weekdays, TableDay{For: x.weekday(line + "pour"), On: x.weekday(line + "le"), Back: x.number(line + "plus"),
			Minute: x.minute(line+"heure", "tableau")})
	}
}

// dates reads the lines by dates; an empty line is left out.
func (x *reading) dates(r *Rule) {
	for i := range x.rows() {
		line := fmt.Sprintf("ligne%d_", i+1)
		if x.text(line+"du")+x.text(line+"au")+x.text(line+"date") == "" {
			continue
		}
		l := TableDates{Minute: x.minute(line+"heure", "dates")}
		for _, one := range []struct {
			part string
			day  *civil.Date
		}{{"du", &l.Days.From}, {"au", &l.Days.To}, {"date", &l.On}} {
			day, err := civil.ParseFrench(x.text(line + one.part))
			if err != nil {
				x.fail("dates", fmt.Sprintf("Ligne %d : indiquez chaque jour, par exemple 3 mars 2027.", i+1))
				break
			}
			*one.day = day
		}
		r.Dates = append(r.Dates, l)
	}
}

// carried are the fields of the form that the last look hands on.
func carried(f *web.Form) []string {
	names := slices.DeleteFunc(f.Names(), func(name string) bool { return name == "cle" || name == "action" })
	slices.Sort(names)
	return names
}
