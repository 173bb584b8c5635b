package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/activity"
	"parvis/internal/testkit"
)

// The administrator's hand in the rule builder: every list by the words it shows, every field by typing.

// The words of the lists, as the screen says them.
var (
	anchorWords = map[activity.Anchor]string{activity.AnchorNever: "jamais", activity.AnchorTable: "un jour limite pour chaque jour de la semaine",
		activity.AnchorDates: "des dates choisies", activity.AnchorDay: "un nombre de jours, d’heures…", activity.AnchorWeek: "un jour de la semaine",
		activity.AnchorPeriod: "un moment avant la période"}
	measureWords = map[activity.Measure]string{activity.Days: "jours", activity.Hours: "heures", activity.Weeks: "semaines", activity.ClearDays: "jours francs",
		activity.WorkingDays: "jours qui comptent (ouvrés, d’école…)"}
	shiftWords = map[activity.Shift]string{activity.ShiftNone: "la date ne bouge pas", activity.ShiftSame: "le même jour, une semaine plus tôt",
		activity.ShiftPrevious: "le dernier jour qui compte avant"}
	basisWords = map[activity.Basis]string{activity.Weekday5: "jours ouvrés (lundi à vendredi)", activity.SchoolDays: "jours d’école"}
	emptyWords = map[activity.Action]string{activity.OpenFrom: "dès que la période est ouverte", activity.Book: "jusqu’à la fin de la veille",
		activity.Change: "même délai que réserver", activity.Cancel: "même délai que réserver", activity.LateUntil: "jusqu’au début de l’activité"}
	afterWords   = map[activity.AfterKind]string{activity.AfterRefuse: "Refuser", activity.AfterSurcharge: "Majorer", activity.AfterRequest: "Demander"}
	qualityWords = map[activity.Quality]string{activity.Resident: "Famille de la commune", activity.WorkingParents: "Deux parents qui travaillent",
		activity.SingleWorkingParent: "Parent seul qui travaille", activity.VariableHours: "Horaires variables"}
)

// hand counts the controls used.
type hand struct {
	*ruled
	used int
}

// choose takes an option of a list by its words; with JavaScript, the page answers by itself.
func (h *hand) choose(name, words string) {
	h.t.Helper()
	h.brings(name)
	got := testkit.Eval[string](h.Browser, fmt.Sprintf(`(() => {
		const list = document.getElementById('champ-' + %q)
		if (!list || !list.getClientRects().length || list.disabled) return 'no such list on the page'
		const option = [...list.options].find(o => o.text.trim() === %q)
		if (!option) return 'only ' + [...list.options].map(o => o.text).join(' | ')
		if (option.selected) return 'is so'
		document.getElementById('exemples').setAttribute('data-old', '')
		list.focus(); option.selected = true
		list.dispatchEvent(new Event('input', {bubbles: true})); list.dispatchEvent(new Event('change', {bubbles: true}))
		return '' })()`, name, words))
	h.used++
	switch {
	case got == "is so":
	case got != "":
		h.t.Fatalf("%s: %s cannot be « %s »: %s", h.at(), name, words, got)
	case h.script:
		h.redrawn()
	}
}

// redrawn waits until the page has worked its examples out anew.
func (h *hand) redrawn() {
	h.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); h.Has("#exemples[data-old]"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatal("the page does not work its examples out by itself")
		}
	}
}

// types writes into a field that the page shows.
func (h *hand) types(name, text string) {
	h.t.Helper()
	h.brings(name)
	h.used++
	got := testkit.Eval[string](h.Browser, fmt.Sprintf(`(() => { const f = document.getElementById('champ-' + %q); return f && f.getClientRects().length ? '=' + f.value : '' })()`, name))
	if got == "" {
		h.t.Fatalf("%s has no field %s", h.at(), name)
	}
	if got != "="+text {
		h.Fill("#champ-"+name, text)
	}
}

// brings makes a field show that belongs to what was chosen before: without JavaScript, the button does.
func (h *hand) brings(name string) {
	h.t.Helper()
	if !h.script && !h.Has("#champ-"+name) {
		h.recalculates()
	}
}

func (h *hand) recalculates() {
	h.t.Helper()
	h.turns(func() { h.ClickText("Recalculer les exemples") })
}

// turns does what leads to another page, and waits for it on a busy machine too.
func (d *ruled) turns(act func()) {
	d.t.Helper()
	testkit.Eval[bool](d.Browser, `(document.documentElement.setAttribute('data-left', ''), true)`)
	act()
	for deadline := time.Now().Add(20 * time.Second); d.Has("[data-left]"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("%s leads nowhere", d.at())
		}
	}
}

// after ticks what happens past the deadline.
func (h *hand) after(k activity.AfterKind) {
	h.t.Helper()
	h.used++
	if testkit.Eval[bool](h.Browser, fmt.Sprintf(`document.querySelector('[name=apres_genre][value=%s]').checked`, k)) {
		return
	}
	testkit.Eval[bool](h.Browser, `(document.getElementById('exemples').setAttribute('data-old', ''), true)`)
	h.ClickText(afterWords[k])
	if h.script {
		h.redrawn()
	}
}

// writes enters a policy into the builder from an empty rule, and returns how many controls that took.
func (d *ruled) writes(p activity.Policy) int {
	d.t.Helper()
	h := &hand{ruled: d}
	h.empties()
	h.used = 0
	rules := slices.Clone(p.Rules)
	for _, r := range rules {
		if r.For != "" {
			h.adds(r)
		}
	}
	h.after(p.After.Kind)
	for _, r := range rules {
		h.choose(r.Field()+"_regle", h.anchor(r))
	}
	for _, r := range rules {
		h.shapes(r)
	}
	for _, r := range rules {
		h.fills(r)
	}
	h.surcharge(p.After)
	h.types("depuis", fromDay.French())
	return h.used
}

// empties takes away every rule that the page shows.
func (h *hand) empties() {
	h.t.Helper()
	for h.Has(`button[value^="retirer:"]`) {
		h.turns(func() { h.Click(`button[value^="retirer:"]`) })
	}
	h.after(activity.AfterRefuse)
	for _, action := range []activity.Action{activity.OpenFrom, activity.Book, activity.Change, activity.Cancel} {
		h.choose(action.Field()+"_regle", emptyWords[action])
	}
	if !h.script {
		h.recalculates()
	}
	const fields = `#regles [name$="_nombre"], #regles [name$="_jour"], #regles [name$="_heure"]`
	if h.Has(fields) {
		h.t.Fatalf("the emptied rule shows fields: %s", testkit.Eval[string](h.Browser, "[...document.querySelectorAll('"+fields+"')].map(f => f.name + '=' + f.value).join()"))
	}
}

// anchor is the words of a rule's type in the list of its action.
func (h *hand) anchor(r activity.Rule) string {
	switch words := anchorWords[r.Anchor]; {
	case r.Anchor == activity.AnchorDates || r.Anchor == activity.AnchorTable || r.Anchor == activity.AnchorNever:
		return words
	case r.Action == activity.OpenFrom:
		return "à partir d’" + words
	default:
		return "jusqu’à " + words
	}
}

// adds unfolds « Autre règle pour certaines familles » and adds a rule.
func (h *hand) adds(r activity.Rule) {
	h.t.Helper()
	field := "ajout_" + r.Action.Field()
	h.unfolds(field)
	h.choose(field, qualityWords[r.For])
	h.unfolds(field) // with JavaScript the page was drawn anew
	h.turns(func() { h.Click(`button[value="ajouter:` + r.Action.Field() + `"]`) })
	h.used++
}

// unfolds opens the fold that holds a field.
func (h *hand) unfolds(field string) {
	h.t.Helper()
	if testkit.Eval[bool](h.Browser, fmt.Sprintf(`(() => {
		const fold = document.getElementById('champ-%s').closest('details')
		document.querySelectorAll('[data-fold]').forEach(e => e.removeAttribute('data-fold'))
		fold.querySelector('summary').setAttribute('data-fold', '')
		return !fold.open })()`, field)) {
		h.Click("[data-fold]")
	}
}

// shapes chooses what brings other fields: how an offset counts, where a date goes that nobody can act on, more lines.
func (h *hand) shapes(r activity.Rule) {
	h.t.Helper()
	at := r.Field() + "_"
	if r.Anchor == activity.AnchorDay || r.Anchor == activity.AnchorPeriod {
		h.choose(at+"mesure", measureWords[r.Measure])
	}
	if r.Anchor != activity.AnchorDates && r.Anchor != activity.AnchorNever {
		h.choose(at+"vacances", shiftWords[r.Holiday])
		h.choose(at+"ferie", shiftWords[r.Closed])
	}
	if lines := max(len(r.Dates), len(r.Weekdays)); lines > 1 {
		h.brings(at + "ligne1_heure")
	}
	for line := max(len(r.Dates), len(r.Weekdays)); line > 1 && !h.Has(fmt.Sprintf("#champ-%sligne%d_heure", at, line)); h.used++ {
		h.turns(func() { h.Click(`button[value="ligne:` + r.Field() + `"]`) })
	}
}

// fills types and chooses the rest of a rule.
func (h *hand) fills(r activity.Rule) {
	h.t.Helper()
	at := r.Field() + "_"
	switch r.Anchor {
	case activity.AnchorNever:
		return
	case activity.AnchorTable:
		for i, l := range r.Weekdays {
			line := fmt.Sprintf("%sligne%d_", at, i+1)
			h.choose(line+"pour", civil.WeekdayName(l.For))
			h.choose(line+"le", civil.WeekdayName(l.On))
			h.choose(line+"plus", []string{"juste avant", "une semaine plus tôt"}[l.Back])
			h.types(line+"heure", typed(l.Minute))
		}
	case activity.AnchorDates:
		for i, l := range r.Dates {
			line := fmt.Sprintf("%sligne%d_", at, i+1)
			h.types(line+"du", l.Days.From.French())
			h.types(line+"au", l.Days.To.French())
			h.types(line+"date", l.On.French())
			h.types(line+"heure", typed(l.Minute))
		}
		return
	case activity.AnchorWeek:
		h.choose(at+"jour", civil.WeekdayName(r.Weekday))
		h.choose(at+"nombre", "de la semaine d’avant")
		h.types(at+"heure", typed(r.Minute))
	default:
		h.types(at+"nombre", fmt.Sprint(r.Offset))
		if r.OnDay {
			h.choose(at+"jour", "le dernier "+civil.WeekdayName(r.Weekday)+" jusque-là")
		}
		if r.Measure != activity.Hours {
			h.types(at+"heure", typed(r.Minute))
		}
	}
	if r.Basis != "" {
		h.choose(at+"base", basisWords[r.Basis])
	}
}

func (h *hand) surcharge(a activity.After) {
	h.t.Helper()
	if a.Kind != activity.AfterSurcharge {
		return
	}
	number := func(name string, n int) {
		if n > 0 {
			h.types(name, fmt.Sprint(n))
		}
	}
	number("apres_majoration", a.Percent)
	number("apres_premiers", a.First)
	number("apres_pardon", a.Forgiven)
	if a.Flat > 0 {
		h.types("apres_montant", fmt.Sprintf("%d,%02d", a.Flat/100, a.Flat%100))
	}
	if a.FullPrice {
		h.ClickText("Sans tenir compte du quotient familial")
		h.used++
	}
	if a.Label != "" {
		h.types("apres_nom", a.Label)
	}
}

// typed is an hour as people type it.
func typed(minute int) string {
	return clockWords(fmt.Sprintf("%02d:%02d", minute/60, minute%60))
}

// workedExample is one of the five as the page shows it.
type workedExample struct {
	Caption, Line string
	Small         []string
}

// readsExamples compares the examples on the page with the table, and returns how many there are.
func (d *ruled) readsExamples(m activity.Model) int {
	d.t.Helper()
	var all []workedExample
	raw := testkit.Eval[string](d.Browser, `JSON.stringify([...document.querySelectorAll('#exemples .example')].map(e => {
		const plain = x => x.textContent.replace(/[\s\u00a0\u202f]+/g, ' ').trim()
		return {Caption: plain(e.querySelector('.muted')), Line: plain(e.querySelector('strong')), Small: [...e.querySelectorAll('.small')].map(plain)} }))`)
	if err := json.Unmarshal([]byte(raw), &all); err != nil {
		d.t.Fatal(err)
	}
	if len(all) != 5 {
		d.t.Errorf("%d examples", len(all))
	}
	open, some := 0, false
	for _, e := range all {
		day, err := civil.ParseFrench(e.Caption[strings.LastIndex(e.Caption, ", ")+2:] + " 2027")
		if err != nil {
			d.t.Fatalf("which day is « %s »? %v", e.Caption, err)
		}
		if e.Line == "fermé ce jour" {
			if !d.publicDay[day.String()] {
				d.t.Errorf("%s is said to be closed", day)
			}
			continue
		}
		open++
		some = d.example(m, day.String(), e) || some
	}
	if named := slices.ContainsFunc(m.Policy.Rules, func(r activity.Rule) bool { return r.For != "" }); named != some {
		d.t.Errorf("the examples tell of families' qualities: %v, want %v: %+v", some, named, all)
	}
	if open < 4 {
		d.t.Errorf("only %d of the examples are days of the activity", open)
	}
	return len(all)
}

// example compares one, and tells whether it says what families of a quality have.
func (d *ruled) example(m activity.Model, day string, e workedExample) (qualified bool) {
	d.t.Helper()
	book, known := d.limit(m.Key, day, "", activity.Book)
	if !known {
		d.t.Errorf("the table has no line for %s, %s (%s): deadlines.py writes it", m.Key, day, e.Caption)
		return false
	}
	if want := untilWords(book); e.Line != want {
		d.t.Errorf("%s: « %s », the table says « %s »", day, e.Line, want)
	}
	said := strings.Join(e.Small, " ")
	says := func(words string) {
		d.t.Helper()
		if !strings.Contains(said, words) {
			d.t.Errorf("%s: « %s » does not say « %s »", day, said, words)
		}
	}
	if open, has := d.limit(m.Key, day, "", activity.OpenFrom); has && !open.utc.IsZero() {
		says("Ouvre à partir du " + inWords(open) + ".")
	}
	switch cancel, has := d.limit(m.Key, day, "", activity.Cancel); {
	case has && cancel.civil == "never":
		says("Ne s’annule pas.")
	case has && cancel.civil != book.civil:
		says("Annulation " + untilWords(cancel) + ".")
	}
	for q, name := range qualityWords {
		if !strings.Contains(said, name+" : ") {
			continue
		}
		qualified = true
		if theirs, has := d.limit(m.Key, day, q, activity.OpenFrom); has {
			says(name + " : à partir du " + inWords(theirs))
		} else if theirs, has = d.limit(m.Key, day, q, activity.Book); has {
			says(name + " : " + untilWords(theirs))
		} else {
			d.t.Errorf("%s: the table knows nothing of « %s »", day, name)
		}
	}
	return qualified
}
