package enrolment

import (
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"

	"github.com/a-h/templ"
)

// Named is an enrolment with the names that people read.
type Named struct {
	Child    family.ChildID
	Activity string
	Site     string
	Days     civil.Range
}

// Rows lists enrolments for a Summary: the activity, then where and from when to when.
func Rows(all []Named) []web.Row {
	rows := make([]web.Row, len(all))
	for i, n := range all {
		value := "du " + n.Days.From.French() + " au " + n.Days.To.French()
		if n.Site != "" {
			value = n.Site + ", " + value
		}
		rows[i] = web.Row{Label: n.Activity, Value: value}
	}
	return rows
}

// OfYear reads what some children are enrolled in during a school year, by child, in one query.
func OfYear(r db.Reader, children []family.Child, year civil.SchoolYear) (map[family.ChildID][]Named, error) {
	return overlapping(r, children, civil.Range{From: civil.NewDate(int(year), time.August, 1), To: civil.NewDate(int(year)+1, time.July, 31)})
}

// Panels is the enrolments in the agents' family file.
func Panels() []web.Panel {
	return []web.Panel{{Order: 30, Title: "Inscriptions", Right: Read,
		Render: func(r db.Reader, now time.Time, a actor.Actor, id string) (templ.Component, error) {
			children, err := family.ChildrenOf(r, family.ID(id))
			if err != nil {
				return nil, err
			}
			all, err := OfYear(r, children, civil.SchoolYearOf(civil.DateOf(now)))
			if err != nil {
				return nil, err
			}
			return panel(pathOf(family.ID(id)), a.Can(Write), len(all) == 0, web.Table("Inscriptions de l’année "+civil.SchoolYearOf(civil.DateOf(now)).String(),
				[]web.Column{{Label: "Enfant"}, {Label: "Activité"}, {Label: "Lieu"}, {Label: "Du"}, {Label: "Au"}}, rows(children, all))), nil
		}}}
}

func rows(children []family.Child, all map[family.ChildID][]Named) [][]templ.Component {
	var rows [][]templ.Component
	for _, c := range children {
		for _, e := range all[c.ID] {
			rows = append(rows, []templ.Component{web.Text(c.Full()), web.Text(e.Activity), web.Text(e.Site),
				web.Text(e.Days.From.French()), web.Text(e.Days.To.French())})
		}
	}
	return rows
}
