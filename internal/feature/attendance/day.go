package attendance

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/daylist"
	"parvis/internal/feature/person"
)

// GroupID names a list of the day: « unit » or « unit.group ».
type GroupID string

// Group is a list of the day on a tablet: the children expected in a unit, in a group or not, and those who came.
type Group struct {
	ID       GroupID
	Unit     activity.UnitID
	Title    string
	Children []Row
}

// Row is a child on a list.
type Row struct {
	Pupil
	Warn string // « Allergie », « PAI »; "" for nothing
	Note string
	Base booking.Attendance // what was known before any mark
	Now  Folded
	Came bool // without a booking
	Kept bool // a place is kept: booked, and not closed since
	Shut bool // what it was booked for is closed: it is not marked
}

// planned tells that the child counts among those expected: a place is kept, and nobody told that it will not come,
// unless it is there after all. Day lists and kitchens count the same.
func (x Row) planned() bool {
	return x.Kept && (x.Base == "" || x.Base == booking.Present || x.state() == booking.Present)
}

// tab is where a child stands on the list.
type tab string

const (
	tabExpected tab = "attendus"
	tabPresent  tab = "presents"
	tabLeft     tab = "partis"
	tabAbsent   tab = "absents"
)

var tabs = []tab{tabExpected, tabPresent, tabLeft, tabAbsent}

func (t tab) label() string {
	return map[tab]string{tabExpected: "Attendus", tabPresent: "Présents", tabLeft: "Partis", tabAbsent: "Absents"}[t]
}

// one is the label of a single child.
func (t tab) one() string { return strings.TrimSuffix(t.label(), "s") }

func (x Row) state() booking.Attendance { return cmp.Or(x.Now.State, x.Base) }

func (x Row) tab() tab {
	switch state := x.state(); {
	case state == booking.Present && !x.Now.Left.IsZero():
		return tabLeft
	case state == booking.Present:
		return tabPresent
	case state != "" || x.Shut:
		return tabAbsent
	}
	return tabExpected
}

// againstAgent is said of a child whom a tablet marks otherwise than the agent who corrected its day.
const againstAgent = "Corrigé par un agent, et c’est ce qui reste. Votre pointage est transmis au service"

// count is how many of a list stand in a tab.
func (g Group) count(t tab) int {
	n := 0
	for _, x := range g.Children {
		if x.tab() == t {
			n++
		}
	}
	return n
}

// Day is all that a tablet shows of a day.
type Day struct {
	Device Device
	Day    civil.Date
	Groups []Group
	Pool   []Pupil // who may be added
	Marks  []Mark
	End    civil.Instant // when the last list of the day is over
}

func (d Day) group(id GroupID) (Group, bool) {
	i := slices.IndexFunc(d.Groups, func(g Group) bool { return g.ID == id })
	if i < 0 {
		return Group{}, false
	}
	return d.Groups[i], true
}

func groupID(unit activity.UnitID, group activity.GroupID) GroupID {
	if group == "" {
		return GroupID(unit)
	}
	return GroupID(string(unit) + "." + string(group))
}

// readDay reads the day of a tablet: at most eight queries, whatever the number of children.
func readDay(r db.Reader, now time.Time, a actor.Actor, cat *activity.Catalogue) (Day, error) {
	d, err := paired(r, a)
	if err != nil {
		return Day{}, err
	}
	v := Day{Device: d, Day: civil.DateOf(now)}
	shown := d.reach(cat, nil)
	units := shown.unitIDs()
	if v.Pool, err = childrenOf(r, shown, d.Site, v.Day, ""); err != nil || len(units) == 0 {
		return v, err
	}
	of, err := rowsOn(r, cat, v.Day, units)
	if err != nil {
		return v, err
	}
	v.Groups, v.Marks = of.at(cat, d, v.Pool, units)
	for _, g := range v.Groups {
		if act, known := cat.OfUnit(g.Unit); known {
			unit, _ := act.UnitByID(g.Unit)
			v.End = max(v.End, civil.InstantOf(v.Day.At(unit.To/60, unit.To%60, now.Location())))
		}
	}
	return v, nil
}

// told is what is known of some units on a day.
type told struct {
	day      civil.Date
	sections []daylist.Section
	marks    map[Key][]Mark
	stays    map[Key]stay
	warn     func(Pupil) string
}

func rowsOn(r db.Reader, cat *activity.Catalogue, day civil.Date, units []activity.UnitID) (told, error) {
	t := told{day: day}
	sections, warns, err := daylist.Roster(r, cat, day, units)
	if err != nil {
		return t, err
	}
	t.sections, t.warn = sections, func(p Pupil) string { return warns[p.ID] }
	if t.marks, err = marksOn(r, day, units); err != nil {
		return t, err
	}
	t.stays, err = staysOn(r, day, units)
	return t, err
}

// row is a child of a section with what was said of it.
func (t told) row(s daylist.Section, e daylist.Expected) Row {
	k := Key{e.Child, s.Unit.ID, t.day}
	x := Row{Pupil: Pupil{ID: e.Child, Last: e.LastName, First: e.FirstName, Folded: person.Fold(e.FirstName + " " + e.LastName), Class: e.Where()},
		Base: e.Attendance, Now: Fold(t.marks[k]), Came: e.State != booking.Booked && e.State != booking.Asked,
		Kept: e.State == booking.Booked && e.Closed == "", Shut: e.Closed != ""}
	if was, marked := t.stays[k]; marked && was.Wrote == e.Attendance {
		x.Base = was.Before
	}
	if x.Base == "" && e.Told { // its family told it: it waits for nobody's mark
		x.Base = booking.Absent
	}
	x.Warn = t.warn(x.Pupil)
	switch {
	case x.Now.Against:
		x.Note = againstAgent
	case x.Came:
		x.Note = "Non réservé"
	case e.Closed != "":
		x.Note = e.Closed
	case e.State == booking.Asked:
		x.Note = "Demandé hors délai, sans réponse"
	case e.CancelAsked:
		x.Note = "Annulation demandée"
	case x.Base == booking.Excused || x.Base == booking.Absent:
		x.Note = "Absence signalée"
	}
	return x
}

// at lays out what a tablet shows: the lists of its place, those of the units held today that nobody has, and whoever
// was marked here though expected elsewhere or nowhere.
func (t told) at(cat *activity.Catalogue, d Device, pool []Pupil, units []activity.UnitID) ([]Group, []Mark) {
	var all []Group
	index := map[GroupID]int{}
	add := func(unit activity.UnitID, group activity.GroupID, title string) *Group {
		id := groupID(unit, group)
		i, known := index[id]
		if !known {
			i = len(all)
			index[id] = i
			all = append(all, Group{ID: id, Unit: unit, Title: title})
		}
		return &all[i]
	}
	listed := map[Key]bool{}
	for _, s := range t.sections {
		if s.Site != d.Site {
			continue
		}
		title := s.Activity.Label(s.Unit.Name)
		if s.GroupName != "" {
			title += ", " + s.GroupName
		}
		g := add(s.Unit.ID, s.Group, title)
		for _, e := range s.Children {
			x := t.row(s, e)
			if was := t.stays[Key{e.Child, s.Unit.ID, t.day}]; x.Came && was.Site != "" && was.Site != d.Site {
				continue // marked at another place
			}
			listed[Key{e.Child, s.Unit.ID, t.day}] = true
			g.Children = append(g.Children, x)
		}
	}
	names := map[string]Pupil{}
	for _, p := range pool {
		names[string(p.ID)] = p
	}
	for _, u := range units {
		act, _ := cat.OfUnit(u)
		unit, _ := act.UnitByID(u)
		has := slices.ContainsFunc(all, func(g Group) bool { return g.Unit == u })
		if why, _ := cat.Why(act, unit, t.day); !has && why == "" && unit.Weekdays != 0 {
			add(u, "", act.Label(unit.Name))
		}
	}
	var marks []Mark
	for k, said := range t.marks {
		p, here := names[string(k.Child)]
		if !here {
			continue
		}
		f := Fold(said)
		if !listed[k] && f.State != "" && f.Site == d.Site {
			act, _ := cat.OfUnit(k.Unit)
			unit, _ := act.UnitByID(k.Unit)
			var g *Group
			if i := slices.IndexFunc(all, func(g Group) bool { return g.Unit == k.Unit }); i >= 0 {
				g = &all[i]
			} else {
				g = add(k.Unit, "", act.Label(unit.Name))
			}
			g.Children = append(g.Children, Row{Pupil: p, Now: f, Came: true, Note: "Non réservé", Warn: t.warn(p)})
		}
		marks = append(marks, said...)
	}
	for i := range all {
		slices.SortFunc(all[i].Children, byFirstName)
	}
	slices.SortFunc(marks, func(x, y Mark) int { return cmp.Or(cmp.Compare(x.SaidAt, y.SaidAt), cmp.Compare(x.ID, y.ID)) })
	return all, marks
}

func byFirstName(x, y Row) int {
	return cmp.Or(cmp.Compare(person.Fold(x.First), person.Fold(y.First)), cmp.Compare(person.Fold(x.Last), person.Fold(y.Last)), cmp.Compare(x.ID, y.ID))
}

// brief is a child of the place as a tablet keeps those who are not expected: the initial of the last name and the class
// tell them apart, else the whole name does.
func (p Pupil) brief() string { return person.Fold(p.First) + "\n" + initial(p.Last) + "\n" + p.Class }

func initial(name string) string {
	for _, letter := range strings.TrimSpace(name) {
		return strings.ToUpper(string(letter)) + "."
	}
	return ""
}

// dayJSON is what a tablet keeps of a day to work without a network: names and what was marked, and of health only the
// word that stands on the list. Who may collect a child and what its health is stay on the server: four to six digits
// cannot seal them on a tablet that was lost.
type dayJSON struct {
	DayKey string      `json:"day"`
	Long   string      `json:"long"`
	Now    int64       `json:"now"` // milliseconds
	End    int64       `json:"end"` // when the names may go: some time after the last list is over
	Zone   string      `json:"zone"`
	Device string      `json:"device"`
	Name   string      `json:"name"`
	Site   string      `json:"site"`
	Groups []groupJSON `json:"groups"`
	Pool   []pupilJSON `json:"pool"`
	Marks  []markJSON  `json:"marks"`
}

type groupJSON struct {
	ID    GroupID         `json:"id"`
	Unit  activity.UnitID `json:"unit"`
	Title string          `json:"title"`
	Kids  []pupilJSON     `json:"kids"`
}

type pupilJSON struct {
	Child string `json:"c"`
	First string `json:"f"`
	Last  string `json:"l"`
	Class string `json:"k,omitempty"`
	Warn  string `json:"w,omitempty"`
	Note  string `json:"n,omitempty"`
	Base  string `json:"b,omitempty"`
	Came  bool   `json:"x,omitempty"`
	Shut  bool   `json:"z,omitempty"`
}

// markJSON is a mark as tablets speak of it; its moments are milliseconds.
type markJSON struct {
	ID     string `json:"id"`
	Child  string `json:"c"`
	Unit   string `json:"u"`
	Day    string `json:"d"`
	Kind   Kind   `json:"k"`
	Target string `json:"t,omitempty"`
	At     int64  `json:"at"`
	Said   int64  `json:"s"`
	Agent  bool   `json:"a,omitempty"` // an agent's correction
}

// keptAfter is how long a tablet that nobody opens keeps the names once the last list of the day is over.
const keptAfter = 2 * time.Hour

func (v Day) json(now time.Time) dayJSON {
	j := dayJSON{DayKey: v.Day.String(), Long: v.Day.Long(), Now: now.UnixMilli(), End: v.End.In(now.Location()).Add(keptAfter).UnixMilli(), Zone: now.Location().String(), Device: string(v.Device.ID),
		Name: v.Device.Name, Site: v.Device.SiteName, Groups: []groupJSON{}, Pool: []pupilJSON{}, Marks: []markJSON{}}
	for _, g := range v.Groups {
		x := groupJSON{ID: g.ID, Unit: g.Unit, Title: g.Title, Kids: []pupilJSON{}}
		for _, c := range g.Children {
			x.Kids = append(x.Kids, pupilJSON{Child: string(c.ID), First: c.First, Last: c.Last, Warn: c.Warn, Note: c.Note, Base: string(c.Base), Came: c.Came, Shut: c.Shut})
		}
		j.Groups = append(j.Groups, x)
	}
	namesakes := map[string]int{}
	for _, p := range v.Pool {
		namesakes[p.brief()]++
	}
	for _, p := range v.Pool {
		x := pupilJSON{Child: string(p.ID), First: p.First, Last: p.Last, Class: p.Class}
		if namesakes[p.brief()] == 1 {
			x.Last = initial(p.Last)
		}
		j.Pool = append(j.Pool, x)
	}
	for _, m := range v.Marks {
		j.Marks = append(j.Marks, markJSON{ID: m.ID, Child: string(m.Child), Unit: string(m.Unit), Day: m.Day.String(), Kind: m.Kind, Target: m.Target,
			At: m.At.In(now.Location()).UnixMilli(), Said: m.SaidAt.In(now.Location()).UnixMilli(), Agent: m.Agent != ""})
	}
	return j
}
