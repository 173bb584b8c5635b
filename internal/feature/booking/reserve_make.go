package booking

import (
	"net/url"
	"slices"
	"strconv"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// reserveView is a form that makes a recipe.
type reserveView struct {
	Form     *web.Form
	Activity *activity.Activity // nil: the typical week of all
	Children []family.Child     // who may be ticked, or have a table
	Barred   []barred           // who may not, and why
	Fields   []field
	Week     Typical // prefilled
	Formulas []web.Option
	Formula  string
	Rhythm   Rhythm
	Periods  []web.Option
	Tables   []typicalTable
	Weeks    []weekPeriod
	Links    []web.Link // to the pages of activities
	Known    bool       // the form is prefilled with a week found in past bookings
	Closed   string     // why nothing may be booked now
	Services []town.Service
	Columns  []int // of the tables

	openings []Opening       // of the periods not over
	Openings templ.Component // what a feature above says of them
}

// barred is a child who may not be ticked, and why.
type barred struct{ Name, Why string }

// typicalTable is the week of a child.
type typicalTable struct {
	Child family.Child
	Key   string // "k0"
	Rows  []typicalRow
	To    []web.Option // « Recopier sur Inès »: whom the week may be copied to
}

// typicalRow is an activity of a child over a week.
type typicalRow struct {
	Activity string
	Cells    []typicalCell
}

// typicalCell is a box or a list of choices; neither where the activity does not take place.
type typicalCell struct {
	Box  *web.Box
	Pick *web.Pick
}

func (p Pages) reserveView(rd db.Reader, a actor.Actor, children []family.Child, id activity.ID, sent url.Values) (reserveView, error) {
	now := p.Now()
	today := civil.DateOf(now)
	cat, err := p.Catalogue.In(rd, now)
	if err != nil {
		return reserveView{}, err
	}
	if id != "" {
		return p.activityView(rd, a, cat, children, id, sent)
	}
	s := &Scene{Catalogue: cat, Now: now}
	if err := readHabits(rd, s, children, today); err != nil {
		return reserveView{}, err
	}
	v := s.weekView(children, today, sent)
	v.openings = s.openings(children, "")
	return v, nil
}

// activityView is the form of one activity, or why there is none to show.
func (p Pages) activityView(rd db.Reader, a actor.Actor, cat *activity.Catalogue, children []family.Child, id activity.ID, sent url.Values) (reserveView, error) {
	act, known := cat.Activity(id)
	if !known {
		return reserveView{}, fault.Missing("activity")
	}
	why, closed, err := p.closedTo(rd, children, id)
	if err != nil || closed != "" {
		return reserveView{Activity: act, Closed: closed}, err
	}
	today := civil.DateOf(p.Now())
	s := &Scene{Catalogue: cat, Now: p.Now()}
	var v reserveView
	if act.Term == activity.InHolidays && act.State == activity.Open {
		v, err = p.weeksView(rd, a, children, act, sent)
	} else if err = readHabits(rd, s, children, today); err == nil {
		v = s.oneView(children, act, today)
		v.openings = s.openings(children, id)
	}
	for _, c := range v.Children {
		if why[c.Family] != "" {
			v.Barred = append(v.Barred, barred{c.First(), why[c.Family]})
		}
	}
	return v, err
}

// formFields are the names of a form and its kind.
func formFields(kind string, n names, used func(activity.ID) bool) []field {
	return append(n.fields(used), field{"forme", kind})
}

// oneView is the form of one activity.
func (s *Scene) oneView(children []family.Child, a *activity.Activity, today civil.Date) reserveView {
	v := reserveView{Activity: a, Rhythm: EveryWeek}
	open := openPeriods(a, today)
	if len(open) == 0 {
		v.Closed = notOpenWords(a, today)
	}
	var of []childActivity
	for _, c := range children {
		key := childActivity{c.ID, a.ID}
		if why := s.notFor(c, a, open, today); why != "" {
			v.Barred = append(v.Barred, barred{c.First(), why})
			continue
		}
		v.Children = append(v.Children, c)
		of = append(of, key)
	}
	if v.Closed == "" && len(v.Children) == 0 {
		v.Closed = "Aucun de vos enfants ne peut y être réservé pour l’instant."
	}
	n := namesOf(s.Catalogue, v.Children)
	v.Fields = formFields(formOne, n, func(id activity.ID) bool { return id == a.ID })
	for _, c := range a.Choices {
		label := french.Upper(c.Name)
		if label == "" {
			label = a.Name
		}
		v.Formulas = append(v.Formulas, web.Option{Value: n.choice(a.ID, c.ID), Label: label})
	}
	if len(v.Formulas) > 0 {
		v.Formula = v.Formulas[0].Value
	}
	v.Periods = s.periods([]*activity.Activity{a}, today)
	if week, same := s.shared(of); same {
		v.Known = true
		v.Week, v.Rhythm = week, s.rhythm(of)
		v.Formula = n.choice(a.ID, week.choices()[0])
	}
	return v
}

// shared is the typical week that some children have all alike, in one choice.
func (s *Scene) shared(of []childActivity) (Typical, bool) {
	if len(of) == 0 {
		return Typical{}, false
	}
	week := s.typical(of[0])
	for _, x := range of[1:] {
		if s.typical(x) != week {
			return Typical{}, false
		}
	}
	return week, len(week.choices()) == 1
}

// notFor says why a child may not be ticked for an activity, "" when it may.
func (s *Scene) notFor(c family.Child, a *activity.Activity, open []activity.Period, today civil.Date) string {
	if len(s.enrolled[childActivity{c.ID, a.ID}]) == 0 {
		return "Pas d’inscription à cette activité. L’inscription se fait auprès du service."
	}
	if len(open) == 0 {
		return ""
	}
	day := open[0].Days.From
	if day.Before(today) {
		day = today
	}
	if why := a.Takes(c.Level, c.Born, day); why != "" {
		return why + "."
	}
	return ""
}

// notOpenWords says that an activity cannot be booked, and which period comes.
func notOpenWords(a *activity.Activity, today civil.Date) string {
	for _, p := range a.Periods {
		if a.State == activity.Open && !p.Days.To.Before(today) {
			return "Les réservations de « " + p.Name + " », du " + p.Days.From.Long() + " au " + p.Days.To.Long() + ", ne sont pas encore ouvertes."
		}
	}
	return "Les réservations de cette activité ne sont pas ouvertes."
}

// periods are those offered: each school year with open days, until the next holidays, or other dates.
func (s *Scene) periods(acts []*activity.Activity, today civil.Date) []web.Option {
	years := map[civil.SchoolYear]civil.Range{}
	var order []civil.SchoolYear
	for _, a := range acts {
		for _, p := range openPeriods(a, today) {
			days := p.Days
			if days.From.Before(today) {
				days.From = today
			}
			y := civil.SchoolYearOf(days.From)
			known, has := years[y]
			if !has {
				order, known = append(order, y), days
			}
			if days.From.Before(known.From) {
				known.From = days.From
			}
			if days.To.After(known.To) {
				known.To = days.To
			}
			years[y] = known
		}
	}
	slices.Sort(order)
	var all []web.Option
	for _, y := range order {
		days := years[y]
		all = append(all, web.Option{Value: days.From.String() + "_" + days.To.String(), Label: "Toute l’année scolaire " + y.String(),
			Hint: "Du " + days.From.Long() + " au " + days.To.Long()})
		if name, eve := s.nextHoliday(days); name != "" {
			all = append(all, web.Option{Value: days.From.String() + "_" + eve.String(), Label: "Jusqu’aux prochaines vacances",
				Hint: "Du " + days.From.DayMonth() + " au " + eve.Long() + " (" + name + ")"})
		}
	}
	return append(all, web.Option{Value: otherDates, Label: "Une autre période", Hint: "Premier et dernier jour, à écrire dessous"})
}

// nextHoliday is the next school holiday of a range, after a school day, and its eve.
func (s *Scene) nextHoliday(days civil.Range) (string, civil.Date) {
	school := false
	for d := days.From; !d.After(days.To); d = d.AddDays(1) {
		name := s.Catalogue.Days.Holiday(d)
		if name != "" && school {
			return name, d.AddDays(-1)
		}
		school = school || name == ""
	}
	return "", civil.Date{}
}

// weekView is the form of the typical week of all children.
func (s *Scene) weekView(children []family.Child, today civil.Date, sent url.Values) reserveView {
	v := reserveView{Rhythm: EveryWeek, Children: children}
	n := namesOf(s.Catalogue, children)
	var acts []*activity.Activity
	for _, a := range s.offered(today) {
		v.Links = append(v.Links, web.Link{Href: reserveHref(a.ID), Label: reserveLabel(a)})
		if a.Term != activity.InHolidays {
			acts = append(acts, a)
		}
	}
	if len(acts) == 0 {
		v.Closed = "Aucune activité à laquelle vos enfants sont inscrits n’est ouverte aux réservations."
		return v
	}
	v.Fields = formFields(formWeek, n, func(id activity.ID) bool {
		return slices.ContainsFunc(acts, func(a *activity.Activity) bool { return a.ID == id })
	})
	v.Periods = s.periods(acts, today)
	var of []childActivity
	for _, a := range acts {
		for _, d := range weekdays(a) {
			if !slices.Contains(v.Columns, d) {
				v.Columns = append(v.Columns, d)
			}
		}
	}
	slices.Sort(v.Columns)
	has := func(c family.Child, a *activity.Activity) bool {
		return s.notFor(c, a, openPeriods(a, today), today) == ""
	}
	for i, c := range children {
		t := typicalTable{Child: c, Key: "k" + strconv.Itoa(i)}
		for _, a := range acts {
			if !has(c, a) {
				continue
			}
			of = append(of, childActivity{c.ID, a.ID})
			week := s.typical(childActivity{c.ID, a.ID})
			v.Known = v.Known || !week.empty()
			t.Rows = append(t.Rows, n.typicalRow(t.Key, a, week, v.Columns, sent))
		}
		for j, other := range children {
			if i != j && slices.ContainsFunc(acts, func(a *activity.Activity) bool { return has(c, a) && has(other, a) }) {
				t.To = append(t.To, web.Option{Value: "recopier." + t.Key + ".k" + strconv.Itoa(j), Label: "Recopier sur " + other.First()})
			}
		}
		if len(t.Rows) == 0 {
			v.Barred = append(v.Barred, barred{c.First(), "Pas d’inscription à une activité ouverte aux réservations."})
			continue
		}
		v.Tables = append(v.Tables, t)
	}
	if v.Known {
		v.Rhythm = s.rhythm(of)
	}
	return v
}

// typicalRow lays out an activity of a child, prefilled with a week, or with what was sent.
func (n names) typicalRow(child string, a *activity.Activity, week Typical, columns []int, sent url.Values) typicalRow {
	row := typicalRow{Activity: a.Name}
	on := weekdays(a)
	i := slices.IndexFunc(n.activities, func(x nameOf) bool { return x.id == a.ID })
	for _, d := range columns {
		if !slices.Contains(on, d) {
			row.Cells = append(row.Cells, typicalCell{})
			continue
		}
		name := "t." + child + ".a" + strconv.Itoa(i) + "." + strconv.Itoa(d+1)
		value := n.choice(a.ID, week[d])
		if sent != nil {
			value = sent.Get(name)
		}
		if len(a.Choices) == 1 {
			row.Cells = append(row.Cells, typicalCell{Box: &web.Box{Name: name, Value: "1", Checked: value != ""}})
			continue
		}
		pick := &web.Pick{Name: name, Selected: value, Options: []web.Option{{Label: "Non"}}}
		for _, c := range a.Choices {
			pick.Options = append(pick.Options, web.Option{Value: n.choice(a.ID, c.ID), Label: french.Upper(c.Name)})
		}
		row.Cells = append(row.Cells, typicalCell{Pick: pick})
	}
	return row
}

func reserveHref(id activity.ID) string { return reservePath + "/" + string(id) }

// reserveLabel is « Réserver : Restauration scolaire ».
func reserveLabel(a *activity.Activity) string { return "Réserver\u00a0: " + a.Name }
