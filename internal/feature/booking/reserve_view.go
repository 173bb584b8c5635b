package booking

import (
	"slices"
	"strconv"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"

	"github.com/a-h/templ"
)

// proposalView is the check page of many days: what will be done in a few sentences, not line by line.
type proposalView struct {
	Groups  []proposalGroup
	Months  [][]templ.Component
	Done    int // lines that will be done
	Asks    bool
	Fields  []field
	Action  string // where « Confirmer » goes
	Back    web.Link
	Notes   []string
	Problem string
	Form    *web.Form
	Undo    bool   // gives up what a confirmation did
	Button  string // "Confirmer" when empty
	Keep    string // of an undo: what not doing it is called
}

// proposalGroup is what some children will have of an activity.
type proposalGroup struct {
	Title    string   // "Restauration scolaire"
	Sentence string   // "Jérémy et Inès : le lundi et le mardi, chaque semaine, du … au …."
	Children []string // first names, in the order of the form
	Figures  []web.Figure
	Kinds    []web.Mark // what will be done, when it is not plain booking
	Excluded []exclusion
}

// exclusion is a reason with its days.
type exclusion struct {
	Why  string
	Days string
	N    int
}

// groupOf names the lines that one sentence tells: an activity, and a typical week.
type groupOf struct {
	activity activity.ID
	week     Typical
	rhythm   Rhythm
	days     civil.Range
	picked   bool
}

func (p Part) group() groupOf {
	if p.Picked {
		return groupOf{activity: p.Activity, week: Typical{p.Week[0]}, picked: true}
	}
	return groupOf{activity: p.Activity, week: p.Week, rhythm: p.Rhythm, days: p.Days}
}

// of tells of a cell the group of the part of a recipe that it came from: the first that names it.
func (r Recipe) of() func(Cell) groupOf {
	parts := map[childActivity][]Part{}
	for _, p := range r.Parts {
		key := childActivity{p.Child, p.Activity}
		parts[key] = append(parts[key], p)
	}
	return func(c Cell) groupOf {
		for _, p := range parts[childActivity{c.Child, c.Activity}] {
			if p.Days.Contains(c.Day) && p.Week[(int(c.Day.Weekday())+6)%7] != "" && p.Rhythm.on(c.Day) {
				return p.group()
			}
		}
		return groupOf{activity: c.Activity, picked: true}
	}
}

// view tells a proposal in groups, in the order of the recipe.
func (x proposal) view(r Recipe, today civil.Date) proposalView {
	var order []groupOf
	lines := map[groupOf][]Decision{}
	for _, p := range r.Parts {
		if g := p.group(); !slices.Contains(order, g) {
			order = append(order, g)
		}
	}
	of := r.of()
	for _, d := range x.lines {
		g := of(d.Cell)
		if lines[g] == nil && !slices.Contains(order, g) {
			order = append(order, g)
		}
		lines[g] = append(lines[g], d)
	}
	var v proposalView
	for _, of := range order {
		if lines[of] == nil && len(x.lines) > 0 { // its days are told elsewhere, such as a week whose days were all chosen one by one
			continue
		}
		v.Groups = append(v.Groups, x.scene.group(of, r, lines[of], today))
	}
	v.count(x.lines)
	for _, p := range r.Parts {
		if p.Rhythm == OddWeeks && skipsNone(p.Days) {
			v.Notes = append(v.Notes, "Les semaines 53 et 1 sont toutes deux impaires\u00a0: elles se suivent.")
			break
		}
	}
	return v
}

// skipsNone tells that a range holds a week 53 and the week after.
func skipsNone(days civil.Range) bool {
	for d := days.From; !d.AddDays(7).After(days.To); d = d.AddDays(7) {
		if d.ISOWeek() == 53 {
			return true
		}
	}
	return false
}

// count counts what will be done, and by month.
func (v *proposalView) count(lines []Decision) {
	var months []civil.Date
	counts := map[civil.Date]int{}
	for _, d := range lines {
		if !d.does() {
			continue
		}
		v.Done++
		v.Asks = v.Asks || signOf(d) == signAsk
		first := civil.NewDate(d.Day.Year, d.Day.Month, 1)
		if counts[first]++; counts[first] == 1 {
			months = append(months, first)
		}
	}
	slices.SortFunc(months, civil.Date.Compare)
	for _, m := range months {
		v.Months = append(v.Months, []templ.Component{web.Text(french.Upper(m.MonthYear())), web.Text(strconv.Itoa(counts[m]))})
	}
	if len(months) > 1 {
		v.Months = append(v.Months, []templ.Component{web.Text("Total"), web.Text(strconv.Itoa(v.Done))})
	}
}

// group tells one group.
func (s *Scene) group(of groupOf, r Recipe, lines []Decision, today civil.Date) proposalGroup {
	a, _ := s.Catalogue.Activity(of.activity)
	g := proposalGroup{Title: a.Name}
	var ids []family.ChildID
	for _, p := range r.Parts {
		if p.group() == of && !slices.Contains(ids, p.Child) {
			ids = append(ids, p.Child)
			g.Children = append(g.Children, s.kids[p.Child].name)
		}
	}
	for _, d := range lines {
		if !slices.Contains(ids, d.Child) { // an undo has no parts
			ids = append(ids, d.Child)
			g.Children = append(g.Children, s.kids[d.Child].name)
		}
	}
	g.Sentence = s.whoWhen(of, a, ids, lines)
	g.Figures, g.Kinds = s.figures(ids, lines, today)
	if g.Excluded = s.exclusions(ids, lines); len(lines) == 0 {
		g.Figures[0].Detail = "L’activité n’a lieu aucun de ces jours"
	}
	return g
}

// whoWhen is "Jérémy et Inès : le lundi, chaque semaine, du … au ….", or each child with its own days where they differ.
func (s *Scene) whoWhen(of groupOf, a *activity.Activity, ids []family.ChildID, lines []Decision) string {
	var names, words []string
	said := map[string][]string{}
	for _, id := range ids {
		own := lines
		if of.picked {
			own = slices.DeleteFunc(slices.Clone(lines), func(d Decision) bool { return d.Child != id })
		}
		w := s.whenWords(of, a, own)
		if said[w] == nil {
			words = append(words, w)
		}
		said[w] = append(said[w], s.kids[id].name)
	}
	for _, w := range words {
		names = append(names, family.List(said[w])+"\u00a0: "+w+".")
	}
	return strings.Join(names, " ")
}

// whenWords is "le lundi et le mardi, chaque semaine, du … au …", or the days picked.
func (s *Scene) whenWords(of groupOf, a *activity.Activity, lines []Decision) string {
	name := func(id activity.ChoiceID) string {
		c, _ := a.ChoiceByID(id)
		return french.Lower(c.Name)
	}
	if of.picked {
		var days []civil.Date
		for _, d := range lines {
			if d.does() {
				days = append(days, d.Day)
			}
		}
		words := "aucun jour"
		if len(days) > 0 {
			words = strings.Join(ranges(days, 0), ", ")
		}
		if c := name(of.week[0]); c != "" {
			words = c + ", " + words
		}
		return words
	}
	words := "le " + of.week.weekdayNames()
	switch choices := of.week.choices(); {
	case len(choices) == 1 && name(choices[0]) != "":
		words += " (" + name(choices[0]) + ")"
	case len(choices) > 1:
		var parts []string
		for _, c := range choices {
			only := of.week
			for i := range only {
				if only[i] != c {
					only[i] = ""
				}
			}
			parts = append(parts, "le "+only.weekdayNames()+" ("+name(c)+")")
		}
		words = strings.Join(parts, ", ")
	}
	return words + ", " + of.rhythm.words() + ", du " + of.days.From.Long() + " au " + of.days.To.Long()
}

// mostLateSaid is of how many late days the price is said one by one.
const mostLateSaid = 4

// figures are how many days, from when to when, and until when the first may be given up; and what will be done besides
// plain booking.
func (s *Scene) figures(ids []family.ChildID, lines []Decision, today civil.Date) ([]web.Figure, []web.Mark) {
	counts := map[family.ChildID]int{}
	var first, last *Decision
	var marks []web.Mark
	kinds := map[string]int{}
	s.thisTime(lines)
	var late []string
	for i, d := range lines {
		if !d.does() {
			continue
		}
		if d.Late && d.Why != "" {
			late = append(late, d.Day.DayMonth()+", "+d.Why)
		}
		counts[d.Child]++
		if first == nil || d.Day.Before(first.Day) {
			first = &lines[i]
		}
		if last == nil || d.Day.After(last.Day) {
			last = &lines[i]
		}
		m := s.checkLine(d, today).Mark
		if d.Late && d.Did == DidBook {
			m = web.Mark{Tone: web.Warning, Icon: "clock", Word: "Hors délai"}
		}
		if kinds[m.Word]++; kinds[m.Word] == 1 {
			marks = append(marks, m)
		}
	}
	if first == nil {
		return []web.Figure{{Label: "Jours", Value: "Aucun", Detail: "Voyez pourquoi ci-dessous"}}, nil
	}
	days := web.Figure{Label: "Jours", Value: strconv.Itoa(counts[first.Child])}
	same := true
	var each []string
	for _, id := range ids {
		same = same && counts[id] == counts[ids[0]]
		each = append(each, s.kids[id].name+"\u00a0: "+strconv.Itoa(counts[id]))
	}
	switch {
	case len(ids) > 1 && same:
		days.Value += " par enfant"
	case len(ids) > 1:
		days.Value, days.Detail = french.Count(total(counts), "jour")+" d’enfant", strings.Join(each, ", ")
	}
	all := []web.Figure{days, {Label: "Premier jour", Value: first.Day.DayMonth(), Detail: "Dernier jour\u00a0: " + last.Day.Long()}}
	if until := untilWords(first.Until, s.Now, today); until != "" && first.Did != DidCancel {
		all = append(all, web.Figure{Label: "Pour changer d’avis", Value: until, Detail: "pour le premier jour"})
	}
	if n := len(late); n > 0 {
		more := ""
		if n > mostLateSaid {
			more = " ; et " + french.Count(n-mostLateSaid, "autre jour")
		}
		all = append(all, web.Figure{Label: "Hors délai", Value: french.Count(n, "jour"), Detail: strings.Join(late[:min(n, mostLateSaid)], " ; ") + more})
	}
	if len(marks) == 1 && marks[0].Word == "À réserver" {
		marks = nil
	}
	for i := range marks {
		marks[i].Word += "\u00a0: " + french.Count(kinds[marks[i].Word], "jour")
	}
	return all, marks
}

func total(counts map[family.ChildID]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// exclusions gathers by reason the days on which nothing is done.
func (s *Scene) exclusions(ids []family.ChildID, lines []Decision) []exclusion {
	type because struct{ why, who string }
	var on activity.Weekdays
	var order []because
	days, each := map[because][]civil.Date{}, map[because]int{}
	at := map[string]map[civil.Date][]family.ChildID{} // who has a reason on a day
	said := reasonsOf(lines)
	for _, d := range lines {
		if d.does() || d.Why == "" {
			continue
		}
		why := said.of(d.Why)
		if at[why] == nil {
			at[why] = map[civil.Date][]family.ChildID{}
		}
		at[why][d.Day] = append(at[why][d.Day], d.Child)
	}
	for _, d := range lines {
		on |= activity.On(d.Day.Weekday())
		why := said.of(d.Why)
		of := at[why][d.Day]
		if d.does() || len(of) == 0 {
			continue
		}
		at[why][d.Day] = nil // told once
		b := because{why: why}
		if len(of) < len(ids) {
			var names []string
			for _, id := range of {
				names = append(names, s.kids[id].name)
			}
			b.who = family.List(names) + "\u00a0: "
		}
		if days[b] == nil {
			order = append(order, b)
		}
		days[b] = append(days[b], d.Day)
		each[b] += len(of)
	}
	var all []exclusion
	for _, b := range order {
		all = append(all, exclusion{Why: b.who + b.why, Days: strings.Join(ranges(days[b], on), ", "), N: each[b]})
	}
	return all
}

// dated are the starts of reasons that name a moment, which differs from day to day: many are told as one.
var dated = map[string]string{"Réservable à partir": "Pas encore réservable", "Trop tard pour réserver": "Trop tard pour réserver"}

// reasons gives the words that several reasons share.
type reasons map[string]string

func reasonsOf(lines []Decision) reasons {
	first, many := map[string]string{}, map[string]bool{}
	for _, d := range lines {
		for start := range dated {
			if !d.does() && strings.HasPrefix(d.Why, start) {
				many[start] = many[start] || first[start] != "" && first[start] != d.Why
				if first[start] == "" {
					first[start] = d.Why
				}
			}
		}
	}
	r := reasons{}
	for start, words := range dated {
		if many[start] {
			r[start] = words + ". Pour le premier de ces jours\u00a0: " + french.Lower(first[start])
		}
	}
	return r
}

func (r reasons) of(why string) string {
	for start, words := range r {
		if strings.HasPrefix(why, start) {
			return words
		}
	}
	return why
}

// excludedTitle is "22 jours exceptés"; of several children, days of each are french.Count, as those that are booked.
func (g proposalGroup) excludedTitle() string {
	n := 0
	for _, e := range g.Excluded {
		n += e.N
	}
	if len(g.Children) > 1 {
		return french.Count(n, "jour") + " d’enfant exceptés\u00a0: voir pourquoi"
	}
	if n == 1 {
		return "1\u00a0jour excepté\u00a0: voir pourquoi"
	}
	return french.Count(n, "jour") + " exceptés\u00a0: voir pourquoi"
}
