package activity

import (
	"cmp"
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
	"parvis/internal/base/web"
)

// Publishing deadlines, and what the builder works out of its form: the examples, and a rule of another type.

// publish checks the policy, shows it in words for a last look, then writes it. A version published since the form was
// drawn is shown beside it: nobody replaces what they have not read.
func (p Pages) publish(w http.ResponseWriter, r *http.Request, a actor.Actor, v rulesView, look bool) error {
	seen, _ := strconv.Atoi(v.f.Text("version"))
	policy, wrong := readPolicy(v.f, v.qualities)
	if !slices.ContainsFunc(wrong, func(f fault.Field) bool { return f.Name == "depuis" }) {
		wrong = append(wrong, v.checkFrom(policy.From, v.today)...)
	}
	if len(wrong) == 0 {
		wrong = v.checkPolicy(v.cat, policy, v.today)
	}
	err := fault.InvalidFields(wrong...)
	if look && seen != v.latest() {
		return p.showNewer(w, r, v, policy)
	}
	if err == nil && look {
		v.work(policy)
		page := v.page("Vérifiez avant de publier")
		return web.Render(w, r, page, checkPage(v))
	}
	if err == nil {
		err = p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
			n, err := addPolicy(tx, p.Now(), a, v.ID, policy, seen)
			return v.ID, web.Done{Location: v.path("delais"), Sentence: fmt.Sprintf("Délais publiés (version %d), à partir du %s. Les réservations déjà faites gardent leur date.", n, policy.From.Long())}, err
		})
	}
	if fault.KindOf(err) == fault.Conflict {
		fresh, readErr := p.rulesOf(r, a)
		if readErr != nil {
			return readErr
		}
		fresh.f = v.f
		return p.showNewer(w, r, fresh, policy)
	}
	if err == nil || !v.f.Take(err) {
		return err
	}
	return p.showRules(w, r, http.StatusUnprocessableEntity, v)
}

// latest is the number of the newest version, 0 for none.
func (a Activity) latest() int {
	n := 0
	for _, p := range a.Policies {
		n = max(n, p.Number)
	}
	return n
}

// showNewer shows the builder as it was filled, with what another agent published meanwhile.
func (p Pages) showNewer(w http.ResponseWriter, r *http.Request, v rulesView, ours Policy) error {
	var theirs Policy
	for _, one := range v.Policies {
		if one.Number == v.latest() {
			theirs = one
		}
	}
	v.conflict = differences(theirs.facts(v.qualities), ours.facts(v.qualities))
	v.f.Set("version", strconv.Itoa(v.latest()))
	v.f.Fail("", fault.SentenceOf(conflict()))
	return p.showRules(w, r, http.StatusConflict, v)
}

// facts are the lines of a policy, to compare two.
func (p Policy) facts(qualities []NamedQuality) []fact {
	all := []fact{{"À partir du", ""}}
	if !p.From.IsZero() {
		all[0].value = p.From.Long()
	}
	for _, action := range actions() {
		one := Policy{After: p.After}
		for _, r := range p.Rules {
			if r.Action == action {
				one.Rules = append(one.Rules, r)
			}
		}
		words := one.sentences(qualities...)
		all = append(all, fact{action.label(), strings.Join(words[:len(words)-1], " ")})
	}
	return append(all, fact{"Après le délai", p.After.Words()})
}

// work works the examples of a policy out.
func (v *rulesView) work(policy Policy) {
	v.policy = policy
	v.examples, v.both = v.worked(policy)
}

// worked are the five examples of a policy: from the first period not yet over that it governs on, the first day of which
// is one of them; and what families of a quality have on one of those days.
func (v rulesView) worked(policy Policy) ([]Example, bothWords) {
	from := laterDay(policy.From, v.today)
	caption := ""
	for _, p := range sorted(v.Periods) {
		if !p.Days.To.Before(from) {
			caption = "Prochain jour"
			if !p.Days.From.Before(from) {
				caption = "Premier jour de la période"
			}
			from = laterDay(p.Days.From, from)
			break
		}
	}
	ground := v.cat.Ground(v.Activity, v.whole())
	all := examples(policy, ground, from, exampleDays, caption)
	return all, v.compare(policy, ground, all)
}

// exampleDays is how far examples are looked for: a holiday of each kind is within.
const exampleDays = 280

// bothWords is one example's day as families of a quality have it, and the others.
type bothWords struct {
	day   civil.Date
	words string
}

// compare finds the first example that a quality makes another: « Famille de la commune : … ; autres familles : … ».
func (v rulesView) compare(policy Policy, g Ground, all []Example) bothWords {
	for _, q := range policy.named() {
		for _, e := range all {
			w := policy.Window(g, e.Day, []Quality{q})
			theirs, others := "", ""
			switch {
			case e.Closed:
				continue
			case w.Book != e.Window.Book:
				theirs, others = w.Book.UntilWords(v.today), e.Window.Book.UntilWords(v.today)
			case w.Open != e.Window.Open:
				theirs, others = openingWords(w.Open, v.today), openingWords(e.Window.Open, v.today)
			case w.Cancel != e.Window.Cancel:
				theirs, others = "annulation "+w.Cancel.UntilWords(v.today), "annulation "+e.Window.Cancel.UntilWords(v.today)
			default:
				continue
			}
			return bothWords{e.Day, v.qualityName(q) + " : " + theirs + " ; autres familles : " + others + "."}
		}
	}
	return bothWords{}
}

func openingWords(l Limit, today civil.Date) string {
	if l.Kind == LimitNever {
		return "pas d’ouverture"
	}
	return l.FromWords(today)
}

func (v rulesView) qualityName(q Quality) string {
	for _, one := range v.qualities {
		if one.Code == q {
			return one.Name
		}
	}
	return q.Label()
}

// typeDrawn ends the name of the hidden field that says which type of rule the form was drawn with.
const typeDrawn = "_type"

// drawnType is the type of rule that a list shows: its first one where nothing is chosen yet.
func drawnType(f *web.Form, at string) string { return cmp.Or(f.Text(at+"_regle"), absent) }

// startTypes gives each rule whose type changed since the form was drawn the options that its new type begins with: those
// of the former type, which the page no longer shows, would go on silently.
func (v rulesView) startTypes() {
	start := func(at string, action Action) {
		drawn := v.f.Text(at + typeDrawn)
		if drawn != "" && drawn != v.f.Text(at+"_regle") {
			v.startRule(at, action)
		}
	}
	for _, action := range actions() {
		start(action.Field(), action)
		for _, q := range v.qualities {
			if one := action.Field() + "_" + string(q.Code); slices.Contains(prefixes(v.f), one) {
				start(one, action)
			}
		}
	}
}

// actionOf is the action whose fields begin so.
func actionOf(field string) Action {
	for _, action := range actions() {
		if action.Field() == field {
			return action
		}
	}
	return ""
}

// startRule writes the options that a rule of its type begins with.
func (v rulesView) startRule(at string, action Action) {
	for _, name := range v.f.Names() {
		if strings.HasPrefix(name, at+"_ligne") {
			v.f.Set(name, "")
		}
	}
	r := Rule{Action: action, Anchor: Anchor(v.f.Text(at + "_regle")), Offset: 1, Measure: Days, Basis: Weekday5, Minute: lastMinute}
	if action == OpenFrom {
		r.Minute = nine
	}
	switch r.Anchor {
	case AnchorWeek:
		r.Weekday = time.Thursday
	case AnchorPeriod:
		r.Offset, r.Measure = 2, Weeks
	case AnchorDay:
		if action == OpenFrom {
			r.Offset = 30
		}
	case AnchorTable: // the eve of each day, Friday for Monday
		for _, d := range weekdays() {
			if v.weekdays().Has(d) {
				on := (d + 6) % 7
				if d == time.Monday {
					on = time.Friday
				}
				r.Weekdays = append(r.Weekdays, TableDay{For: d, On: on, Minute: lastMinute})
			}
		}
	}
	writeRule(v.f, at, r)
}
