package daylist

import (
	"slices"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// Filter is what a day list shows; what is "" is all that the agent may read.
type Filter struct {
	Day      civil.Date
	Activity activity.ID
	Unit     activity.UnitID
	Site     town.SiteID
	Group    activity.GroupID
}

// Adult is somebody around a child of a list: a name, what the family calls them, a phone as it is read.
type Adult struct {
	Name     string
	Relation string
	Phone    string
}

// Expected is a child on a day list.
type Expected struct {
	Child       family.ChildID
	LastName    string
	FirstName   string
	Level       string
	Class       string
	Reach       []Adult        // of the home that booked, those who act
	Collect     []Adult        // who may collect the child; nobody whom a restriction keeps away
	Health      *family.Health // nil: not for this reader
	State       booking.State  // "": came without a booking
	Attendance  booking.Attendance
	Late        bool
	CancelAsked bool
	Told        bool   // somebody told that the child will not come
	Closed      string // why its place is closed that day, "" when it is open
}

// Counts tells whether a place is kept for the child: booked, not closed since, and nobody told that it is absent.
func (e Expected) Counts() bool {
	return e.State == booking.Booked && e.Closed == "" && e.Attendance != booking.Absent && e.Attendance != booking.Excused && !(e.Told && e.Attendance == "")
}

// Section is those expected in a unit at a place, in a group or not.
type Section struct {
	Activity  *activity.Activity
	Unit      activity.Unit
	Site      town.SiteID
	SiteName  string // "" when the place is not known
	Group     activity.GroupID
	GroupName string
	Health    bool // the reader has the right for this service
	Children  []Expected
}

// Expected counts the places kept.
func (s Section) Expected() int {
	n := 0
	for _, e := range s.Children {
		if e.Counts() {
			n++
		}
	}
	return n
}

// booking.Asked counts what a family asked late and nobody answered yet.
func (s Section) Asked() int {
	n := 0
	for _, e := range s.Children {
		if e.State == booking.Asked {
			n++
		}
	}
	return n
}

// Closed says why the section is closed, "" as long as a child of it is not.
func (s Section) Closed() string {
	for _, e := range s.Children {
		if e.Closed == "" {
			return ""
		}
	}
	return s.Children[0].Closed
}

// Dropped counts what stays booked though it is closed.
func (s Section) Dropped() int {
	n := 0
	for _, e := range s.Children {
		if e.State == booking.Booked && e.Closed != "" {
			n++
		}
	}
	return n
}

// Place is "École Jean-Moulin, groupe des grands".
func (s Section) Place() string {
	name := s.SiteName
	if name == "" {
		name = "Lieu à préciser"
	}
	if s.GroupName != "" {
		name += ", " + s.GroupName
	}
	return name
}

// Title is "Restauration scolaire – École Jean-Moulin".
func (s Section) Title() string { return s.Activity.Label(s.Unit.Name) + " – " + s.Place() }

// Of is who is expected on a day, by place, activity, unit and group. It shows an agent nothing of a service where
// it does not hold booking.Read, and no health where it does not hold family.HealthRead: whoever shows it writes the reading
// down first. At most four queries, whatever the number of children.
func Of(r db.Reader, a actor.Actor, cat *activity.Catalogue, f Filter) ([]Section, error) {
	if !a.Can(booking.Read) {
		return nil, fault.New(fault.Forbidden, "")
	}
	units, sound := listedUnits(a, cat, f, func(activity.Unit) bool { return true })
	rows, err := expectedOn(r, f.Day, units)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, nil
	}
	shut, err := closedOn(r, civil.Range{From: f.Day, To: f.Day}, units)
	if err != nil {
		return nil, err
	}
	sections := listSections(cat, f, rows, sound, shut)
	if len(sections) == 0 {
		return nil, nil
	}
	around, err := aroundOn(r, f.Day, units)
	if err != nil {
		return nil, err
	}
	var open []activity.UnitID
	for _, u := range units {
		if sound[u] {
			open = append(open, u)
		}
	}
	health, err := healthOn(r, f.Day, open)
	if err != nil {
		return nil, err
	}
	completeList(sections, rows, aroundByChild(around), health, f.Day)
	return sections, nil
}

// listedUnits are the units of a filter that an agent may read; sound tells of which it may read the health.
func listedUnits(a actor.Actor, cat *activity.Catalogue, f Filter, which func(activity.Unit) bool) (units []activity.UnitID, sound map[activity.UnitID]bool) {
	sound = map[activity.UnitID]bool{}
	for _, act := range cat.Activities {
		if !a.CanFor(booking.Read, string(act.Service)) || f.Activity != "" && act.ID != f.Activity {
			continue
		}
		for _, u := range act.Units {
			if f.Unit != "" && u.ID != f.Unit || !which(u) {
				continue
			}
			units = append(units, u.ID)
			sound[u.ID] = a.CanFor(family.HealthRead, string(act.Service))
		}
	}
	return units, sound
}

// at is where a booking takes place: its slot, else the enrolment, the child's school or the only place there is.
func (p placed) at(a *activity.Activity) (site town.SiteID, name string) {
	if p.slot != "" {
		return p.slot, p.slotName
	}
	for _, id := range []town.SiteID{p.enrolled, p.school} {
		for _, place := range a.Places {
			if place.Site == id {
				return id, place.Name
			}
		}
	}
	if len(a.Places) == 1 {
		return a.Places[0].Site, a.Places[0].Name
	}
	return "", ""
}

// inGroup is the group of a child at a place: the one known, else the one that takes its level.
func (p placed) inGroup(a *activity.Activity, site town.SiteID, level string) (activity.GroupID, string) {
	id, _ := a.GroupOf(site, p.group, level)
	for _, g := range a.Groups {
		if g.ID == id {
			return id, g.Name
		}
	}
	return "", ""
}

type sectionKey struct {
	unit  activity.UnitID
	site  town.SiteID
	group activity.GroupID
}

// listSections lays the rows out, each child once in a unit.
func listSections(cat *activity.Catalogue, f Filter, rows []expectedRow, sound map[activity.UnitID]bool, shut closedPlaces) []Section {
	at, seen := map[sectionKey]int{}, map[cell]bool{}
	var all []Section
	for _, x := range rows {
		act, known := cat.OfUnit(x.unit)
		if !known || seen[x.cell] {
			continue
		}
		seen[x.cell] = true // a second row is another enrolment of the same days
		site, siteName := x.at(act)
		group, groupName := x.inGroup(act, site, x.level)
		if f.Site != "" && site != f.Site || f.Group != "" && group != f.Group {
			continue
		}
		key := sectionKey{x.unit, site, group}
		i, known := at[key]
		if !known {
			u, _ := act.UnitByID(x.unit)
			i = len(all)
			at[key] = i
			all = append(all, Section{Activity: act, Unit: u, Site: site, SiteName: siteName, Group: group, GroupName: groupName, Health: sound[x.unit]})
		}
		all[i].Children = append(all[i].Children, Expected{Child: x.child, LastName: x.last, FirstName: person.Person{FirstNames: x.first}.FirstName(),
			Level: x.level, Class: x.class, State: x.state, Attendance: x.attendance, Late: x.late, CancelAsked: x.cancelAsked, Told: x.told, Closed: shut.why(x.placed, f.Day, key)})
	}
	slices.SortStableFunc(all, compareSections)
	return all
}

// compareSections orders by place, activity, unit and group; what has no place comes last.
func compareSections(x, y Section) int {
	if (x.Site == "") != (y.Site == "") {
		return strings.Compare(string(y.Site), string(x.Site))
	}
	for _, c := range []int{strings.Compare(person.Fold(x.SiteName), person.Fold(y.SiteName)), strings.Compare(string(x.Site), string(y.Site)),
		strings.Compare(person.Fold(x.Activity.Name), person.Fold(y.Activity.Name)), x.Unit.Position - y.Unit.Position,
		strings.Compare(person.Fold(x.Unit.Name), person.Fold(y.Unit.Name)), strings.Compare(person.Fold(x.GroupName), person.Fold(y.GroupName))} {
		if c != 0 {
			return c
		}
	}
	return 0
}

func aroundByChild(rows []aroundRow) map[family.ChildID][]aroundRow {
	all := map[family.ChildID][]aroundRow{}
	for _, x := range rows {
		all[x.child] = append(all[x.child], x)
	}
	return all
}

// completeList gives each child of the sections its adults, and its health where the reader has the right.
func completeList(sections []Section, rows []expectedRow, around map[family.ChildID][]aroundRow, health map[family.ChildID]family.Health, day civil.Date) {
	home := map[cell]family.ID{}
	for _, x := range rows {
		home[x.cell] = x.family
	}
	for i := range sections {
		s := &sections[i]
		for j := range s.Children {
			c := &s.Children[j]
			c.Reach = reachOf(around[c.Child], home[cell{c.Child, s.Unit.ID, day}])
			c.Collect = collectOf(around[c.Child], day)
			if s.Health {
				h := health[c.Child]
				c.Health = &h
			}
		}
	}
}

// reachOf are those to call: who acts in the home that booked, in every home when none did.
func reachOf(around []aroundRow, home family.ID) []Adult {
	var all []Adult
	seen := map[person.ID]bool{}
	for _, x := range around {
		if x.role.Acts() && (home == "" || x.family == home) && !seen[x.person.ID] {
			seen[x.person.ID] = true
			all = append(all, x.adult())
		}
	}
	return all
}

// collectOf are those who may collect the child: who acts in one of its homes, and those whom a family named. A minor
// collects nobody.
func collectOf(around []aroundRow, day civil.Date) []Adult {
	var all []Adult
	seen := map[person.ID]bool{}
	for _, x := range around {
		born := x.person.BirthDay
		if !born.IsZero() && day.Before(civil.NewDate(born.Year+18, born.Month, born.Day)) || seen[x.person.ID] {
			continue
		}
		seen[x.person.ID] = true
		all = append(all, x.adult())
	}
	return all
}

func (x aroundRow) adult() Adult {
	a := Adult{Name: x.person.Full(), Phone: person.ShowPhone(x.person.BestPhone())}
	if !x.role.Acts() {
		a.Relation = french.Lower(x.relation)
	}
	return a
}

// mark is what a list says of a child's day.
func (e Expected) mark() web.Mark {
	switch {
	case e.Attendance == booking.Present && e.State != booking.Booked:
		return web.Mark{Tone: web.Warning, Icon: "user-plus", Word: "Présent sans réservation"}
	case e.Attendance == booking.Present:
		return booking.MarkPresent
	case e.Told && e.Attendance != booking.Excused:
		return booking.MarkTold
	case e.Attendance == booking.Absent:
		return booking.MarkAbsent
	case e.Attendance == booking.Excused:
		return booking.MarkExcused
	case e.Closed != "":
		return web.Mark{Tone: web.Neutral, Icon: "ban", Word: e.Closed}
	case e.State == booking.Asked:
		return web.Mark{Tone: web.Warning, Icon: "clock", Word: "Demandé hors délai, sans réponse"}
	case e.CancelAsked:
		return web.Mark{Tone: web.Warning, Icon: "clock", Word: "Annulation demandée"}
	case e.Late:
		return web.Mark{Tone: web.Info, Icon: "clock", Word: "Réservé hors délai"}
	}
	return booking.MarkBooked
}

// name is "MARTIN Zoé" without the capitals: last name, then first name.
func (e Expected) name() string { return strings.TrimSpace(e.LastName + " " + e.FirstName) }

// Where is the level and class of the child: « CM1, CM1-A ».
func (e Expected) Where() string { return family.ClassWords(e.Level, e.Class) }

// said is "Marie-Christine Duval (grand-mère), 06 00 00 00 01".
func (a Adult) said() string {
	text := a.Name
	if a.Relation != "" {
		text += " (" + a.Relation + ")"
	}
	if a.Phone != "" {
		text += ", " + a.Phone
	}
	return text
}

// alertWords are the allergies and the care plan of a child: "PAI. Arachide".
func alertWords(h *family.Health) string {
	switch {
	case h == nil:
		return ""
	case h.PAI && h.Allergies != "":
		return "PAI. " + french.Upper(h.Allergies)
	case h.PAI:
		return "PAI"
	}
	return french.Upper(h.Allergies)
}
