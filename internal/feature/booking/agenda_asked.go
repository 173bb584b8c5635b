package booking

import (
	"net/url"
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
)

// shown is what an agenda was asked for: which days, which children, in which form.
type shown struct {
	path  string           // of the page, without its query
	kids  []family.ChildID // that the filter leaves; none: all
	first civil.Date       // of a month
	week  civil.Date       // its Monday; zero: the month
	table bool
	paper bool
	far   bool
}

// askedFor reads the query of an agenda. Without one it is the week of today when the page is weekly, else the month.
func askedFor(path string, q url.Values, today civil.Date, weekly bool) shown {
	s := shown{path: path, paper: q.Get("vue") == "impression", table: q.Get("vue") == "tableau"}
	if q.Get("semaine") != "" || weekly && q.Get("mois") == "" {
		s.week, s.far = mondayOf(q.Get("semaine"), today)
		return s
	}
	s.first, s.far = monthOf(q.Get("mois"), today)
	return s
}

// filter keeps the children that are asked for, all when none is. One that the actor may not act for is missing.
func (s *shown) filter(all []family.Child, asked []string) ([]family.Child, error) {
	wanted := map[family.ChildID]bool{}
	for _, id := range asked {
		c, err := oneOf(all, family.ChildID(id))
		if err != nil {
			return nil, fault.Missing("child")
		}
		wanted[c.ID] = true
	}
	if len(wanted) == 0 || len(wanted) == len(all) {
		return all, nil
	}
	var kept []family.Child
	for _, c := range all {
		if wanted[c.ID] {
			kept, s.kids = append(kept, c), append(s.kids, c.ID)
		}
	}
	return kept, nil
}

func (s shown) days() civil.Range {
	if !s.week.IsZero() {
		return civil.Range{From: s.week, To: s.week.AddDays(6)}
	}
	starts := mondays(s.first)
	return civil.Range{From: starts[0], To: starts[len(starts)-1].AddDays(6)}
}

// of is the address of the same page over other days.
func (s shown) of(name, value string) string {
	href := s.path + "?" + name + "=" + value
	for _, id := range s.kids {
		href += "&enfant=" + url.QueryEscape(string(id))
	}
	return href
}

func (s shown) month(first civil.Date) string { return s.of("mois", first.String()[:7]) }

// weekly is the address of another week, in the same form.
func (s shown) weekly(monday civil.Date) string {
	if s.table {
		return s.of("semaine", monday.String()) + "&vue=tableau"
	}
	return s.of("semaine", monday.String())
}

// here is the address of the page itself.
func (s shown) here() string {
	if s.week.IsZero() {
		return s.month(s.first)
	}
	return s.weekly(s.week)
}

// views are the forms of the page: its week, its month, its week as a table.
func (s shown) views(today civil.Date) []web.Tab {
	week, month := s.week, s.first
	if week.IsZero() {
		if week = month.Monday(); mondays(month)[0].After(week) {
			week = mondays(month)[0]
		}
		if this := weekOf(today); s.days().Contains(this) {
			week = this
		}
	} else {
		month = horizon(today).inside(week)
	}
	lines := s
	lines.table = false
	return []web.Tab{
		{Label: "Semaine", Href: lines.weekly(week), Current: !s.week.IsZero() && !s.table},
		{Label: "Mois", Href: s.month(month), Current: s.week.IsZero()},
		{Label: "Tableau", Href: s.of("semaine", week.String()) + "&vue=tableau", Current: !s.week.IsZero() && s.table, Wide: true},
	}
}

// agendaFilter is the boxes of the children to show; none for one child.
type agendaFilter struct {
	Path   string
	Fields []field // that say which days
	Kids   []filterKid
}

type filterKid struct {
	id, name string
	shown    bool
}

func (s shown) boxes(all []family.Child) agendaFilter {
	if len(all) < 2 {
		return agendaFilter{}
	}
	f := agendaFilter{Path: s.path}
	if s.week.IsZero() {
		f.Fields = []field{{"mois", s.first.String()[:7]}}
	} else {
		f.Fields = []field{{"semaine", s.week.String()}}
	}
	if s.table {
		f.Fields = append(f.Fields, field{"vue", "tableau"})
	}
	for _, c := range all {
		f.Kids = append(f.Kids, filterKid{string(c.ID), c.First(), len(s.kids) == 0 || slices.Contains(s.kids, c.ID)})
	}
	return f
}
