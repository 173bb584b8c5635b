package booking

import (
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
)

// agendaTable is a week as tables: for each child a row an activity and a column a day, changed in place.
type agendaTable struct {
	Days     []civil.Date
	Today    civil.Date
	Children []web.BoardChild
}

// table lays out a week of the page's children.
func (g agenda) table(monday civil.Date) *agendaTable {
	t := &agendaTable{Today: g.today, Days: g.weekDays(monday, g.open)}
	for _, c := range g.children {
		b := web.BoardChild{ID: string(c.ID), Index: c.Rank, Name: c.First(), PhotoURL: c.PhotoURL(), Detail: c.Where(),
			Link: web.Link{Href: monthHref(c.ID, horizon(g.today).inside(monday)), Label: "Son mois"}}
		at := map[string]int{}
		var faces [][]Face            // of each row
		told := map[civil.Date]bool{} // an absence is told once a day
		row := func(name string) int {
			i, known := at[name]
			if !known {
				i = len(b.Rows)
				at[name] = i
				b.Rows, faces = append(b.Rows, web.BoardRow{Activity: name, Cells: make([][]web.AgendaLine, len(t.Days))}), append(faces, nil)
			}
			return i
		}
		for _, e := range g.enrolledOf(c.ID) {
			row(e.Activity)
		}
		for j, d := range t.Days {
			for _, f := range g.scene.faces(c, d) {
				a, _ := g.scene.Catalogue.Activity(f.Activity)
				i := row(a.Name)
				l := g.line(c, f, false)
				if choice := ChoiceName(a, f.Held.Choice); choice != "" && f.Held.Live() && l.Pick == nil && len(a.Choices) > 1 {
					l.Reason = joinReason(french.Upper(choice), l.Reason)
				}
				if g.mayTell(c, f) && !told[d] {
					told[d] = true
					l.Link = web.Link{Href: AbsenceHref(c.ID, d), Label: "Signaler une absence"}
				}
				b.Rows[i].Cells[j], faces[i] = append(b.Rows[i].Cells[j], l), append(faces[i], f)
			}
		}
		for i := range b.Rows {
			r := &b.Rows[i]
			for j, d := range t.Days {
				if why := g.why(d); why != "" && len(r.Cells[j]) == 0 {
					r.Cells[j] = []web.AgendaLine{{Mark: markClosed, Reason: why}}
				}
			}
			if lead, until := g.shared(faces[i]); until != "" {
				r.Deadline = lead + " " + until
				for _, lines := range r.Cells {
					unsay(lines, until)
				}
			}
			var ahead []*web.AgendaLine
			for j, d := range t.Days {
				if !d.Before(g.today) {
					ahead = append(ahead, pointers(r.Cells[j])...)
				}
			}
			if once := sayOnce(ahead); once != "" {
				r.Deadline = strings.TrimPrefix(r.Deadline+". "+once, ". ")
			}
		}
		t.Children = append(t.Children, b)
	}
	return t
}
