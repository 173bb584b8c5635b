package booking

import (
	"slices"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// week lays out one week of some children as the component wants it. With more than one, each line says whose it is.
func (g agenda) week(children []family.Child, monday civil.Date, open bool) web.AgendaWeek {
	w := web.AgendaWeek{Monday: monday, Open: open}
	var marks []web.Mark
	var faces []Face
	var ofDay [][]Face
	for _, d := range g.weekDays(monday, g.open) {
		day := web.AgendaDay{Date: d, Today: d == g.today}
		shut, before := true, len(faces)
		for _, c := range children {
			if note := g.scene.handedWords(c, d); note != "" {
				day.Notes = append(day.Notes, named(c, note, len(g.children) > 1))
			}
			absent := false // told once a day and child where
			for _, f := range g.scene.faces(c, d) {
				marks, faces = append(marks, f.Mark), append(faces, f)
				shut = shut && f.Mark == markClosed
				l := g.line(c, f, len(g.children) > 1)
				if g.mayTell(c, f) && !absent {
					absent = true
					l.Link = web.Link{Href: AbsenceHref(c.ID, d), Label: "Signaler une absence"}
				}
				day.Lines = append(day.Lines, l)
			}
		}
		if why := g.why(d); why != "" && shut {
			day.Closed = true
			day.Lines = []web.AgendaLine{{Activity: "Vos activités", Mark: markClosed, Reason: why}}
		}
		w.Days, ofDay = append(w.Days, day), append(ofDay, faces[before:])
	}
	if w.Summary = tally(marks); w.Summary == "" {
		w.Summary = "Rien de réservé"
	}
	w.Lead, w.Deadline = g.shared(faces)
	for i := range w.Days {
		d := &w.Days[i]
		if w.Deadline != "" {
			unsay(d.Lines, w.Deadline)
		}
		if lead, until := g.shared(ofDay[i]); until != w.Deadline {
			d.Lead, d.Deadline = lead, until
			unsay(d.Lines, until)
		}
		if once := sayOnce(pointers(d.Lines)); once != "" {
			d.Notes = append(d.Notes, once)
		}
	}
	return w
}

// sayOnce takes off lines what most of those that cannot be changed say, and returns it in words for the head
// of their day or row; "" when a booked or free line that says nothing would be taken for
// one of them.
func sayOnce(lines []*web.AgendaLine) string {
	counts, most := map[string]int{}, ""
	for _, l := range lines {
		if l.Reason == "" && (l.Mark == MarkBooked || l.Mark == markFree) {
			return ""
		}
		if l.Reason == "" || l.Box != nil || l.Pick != nil {
			continue
		}
		if counts[l.Reason]++; counts[l.Reason] > counts[most] {
			most = l.Reason
		}
	}
	if counts[most] < 2 {
		return ""
	}
	for _, l := range lines {
		if l.Reason == most && l.Box == nil && l.Pick == nil {
			l.Reason = ""
		}
	}
	if counts[most] < len(lines) {
		return "Sauf mention contraire, " + french.Lower(most)
	}
	return most
}

func pointers(lines []web.AgendaLine) []*web.AgendaLine {
	all := make([]*web.AgendaLine, len(lines))
	for i := range lines {
		all[i] = &lines[i]
	}
	return all
}

// mayTell tells that all a family can do of a booking is to tell that the child will not come.
func (g agenda) mayTell(c family.Child, f Face) bool {
	return g.form && !g.scene.Overrule && f.Held.State == Booked && f.Held.Family == c.Family && f.Held.Attendance == "" && !f.Held.Told &&
		!f.Editable && !f.Withdraw && !f.Day.Before(g.today)
}

// named puts the child's name before words, where several children are shown.
func named(c family.Child, words string, several bool) string {
	if !several {
		return words
	}
	return c.First() + "\u00a0: " + french.Lower(words)
}

// shared is the moment that most of some cells have, to be said once at the head of their week, or else of their day, in
// place of on each; "" when there is none.
func (g agenda) shared(faces []Face) (lead, until string) {
	var order []activity.Limit
	counts := map[activity.Limit]int{}
	editable := 0
	for _, f := range faces {
		if !f.Editable {
			continue
		}
		editable++
		if f.Late || f.Limit.Kind != activity.LimitAt {
			continue
		}
		if counts[f.Limit] == 0 {
			order = append(order, f.Limit)
		}
		counts[f.Limit]++
	}
	if len(order) == 0 {
		return "", ""
	}
	most := slices.MaxFunc(order, func(x, y activity.Limit) int { return counts[x] - counts[y] })
	if counts[most] < 2 || 2*counts[most] < editable {
		return "", ""
	}
	if lead = "Modifiable"; counts[most] < editable {
		lead = "Sauf mention contraire, modifiable"
	}
	return lead, most.UntilWords(g.today)
}

// unsay takes a moment off the lines whose head says it.
func unsay(lines []web.AgendaLine, until string) {
	for i := range lines {
		for _, said := range []string{"Modifiable " + until, "Réservable " + until} {
			if r := &lines[i].Reason; *r == said {
				*r = ""
			} else if rest, is := strings.CutPrefix(*r, said+". "); is {
				*r = rest
			}
		}
	}
}

// line shows a cell: a box or a list of choices where it may be changed in this page's form.
func (g agenda) line(c family.Child, f Face, named bool) web.AgendaLine {
	l := web.AgendaLine{Activity: f.Label, Mark: f.Mark, Reason: f.Reason}
	if named {
		l.Name, l.Child = c.First(), c.Rank
	}
	if g.form && f.Withdraw && !g.scene.Overrule {
		l.Link = web.Link{Href: cancelHref(f.Cell), Label: "Retirer ma demande"}
	}
	if g.form && f.Held.State == Offered && !g.scene.Overrule {
		l.Link = web.Link{Href: placesPath, Label: "Accepter ou refuser la place"}
	}
	if !g.form || !f.Editable || len(f.Options) == 0 {
		return l
	}
	want := activity.ChoiceID("")
	if f.Held.Live() {
		want = f.Held.Choice
	}
	if asked, again := g.asked[f.Cell]; again {
		want = asked
	}
	l.Seen, l.Live = g.names.seen(f.Cell, f.Held.Token()), g.live(f, want)
	name := g.names.cell(f.Cell)
	a, _ := g.scene.Catalogue.Activity(f.Activity)
	if len(f.Options) == 1 && len(a.Choices) == 1 {
		l.Box = &web.Box{Name: name, Value: g.names.value(f, f.Options[0], !g.scene.Overrule), Checked: want != ""}
		return l
	}
	l.Activity = a.Name
	l.Pick = &web.Pick{Name: name, Options: []web.Option{{Value: "", Label: "Non réservé"}}}
	for _, o := range f.Options {
		label := french.Upper(o.Name)
		if o.Full && !f.Held.Live() && !g.scene.Overrule {
			label += queueLabel
		} else if o.Full && o.ID != f.Held.Choice {
			label += " (complet)"
		}
		value := g.names.value(f, o, !g.scene.Overrule)
		if o.ID == want {
			l.Pick.Selected = value
		}
		l.Pick.Options = append(l.Pick.Options, web.Option{Value: value, Label: label})
	}
	return l
}

// legend lists the marks that some weeks use, in the order they are met, "Non réservé" and "Réservé" always.
func legend(weeks []web.AgendaWeek) []web.Mark {
	marks := []web.Mark{MarkBooked, markFree}
	seen := map[string]bool{MarkBooked.Word: true, markFree.Word: true}
	for _, w := range weeks {
		for _, d := range w.Days {
			for _, l := range d.Lines {
				if m := rankless(l.Mark); !seen[m.Word] {
					seen[m.Word] = true
					marks = append(marks, m)
				}
			}
		}
	}
	return marks
}
