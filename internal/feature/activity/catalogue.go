package activity

import (
	"context"
	"slices"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/town"
)

// ChoiceID names what families pick: a bundle, or a unit by itself, whose choice has the unit's id.
type ChoiceID string

// GroupID names a group of children of an activity at a site.
type GroupID string

// PeriodID names a period of an activity.
type PeriodID string

// Term tells in which weeks an activity takes place.
type Term string

// The terms.
const (
	InTerm     Term = "term"
	InHolidays Term = "holidays"
	AllYear    Term = "both"
)

// Activity is what children attend, whole: what catalogues and rules are made of.
type Activity struct {
	ID            ID
	Name          string
	Service       town.ServiceID
	ServiceName   string
	State         State
	Description   string
	Term          Term
	ResidentsOnly bool
	WholeWeeks    bool // all days of a week or none
	MinDays       int  // a week, 0: no minimum
	MaxDays       int  // a week, 0: no maximum
	AgeFrom       int  // years on the day, 0: none
	AgeTo         int
	Levels        []string // school levels, none: all
	PayAtOnce     bool
	Waiting       Waiting
	Units         []Unit
	Choices       []Choice
	Places        []Place
	Groups        []Group
	Papers        []string
	Periods       []Period
	Policies      []Policy
}

// Unit is the smallest part of an activity that is booked. From and To are minutes of the day, 0 when not known.
type Unit struct {
	ID       UnitID
	Name     string // "" for the only one
	Weekdays Weekdays
	From     int
	To       int
	Meal     bool
	Alone    bool
	Position int
	Needs    UnitID   // another unit that the child must have that day
	Excludes []UnitID // units that the child cannot have that day
}

// Choice is what a family picks for a day: one or more units together.
type Choice struct {
	ID    ChoiceID
	Name  string // "" for the only unit of an activity
	Units []UnitID
}

// Place is a site where an activity takes place. Capacity nil has no limit.
type Place struct {
	Site     town.SiteID
	Name     string
	Capacity *int
}

// Group is children of some levels at a site.
type Group struct {
	ID       GroupID
	Site     town.SiteID
	Name     string
	Levels   []string
	Capacity *int
}

// Period is a run of days that families can book once it is open.
type Period struct {
	ID   PeriodID
	Name string
	Days civil.Range
	Open bool
}

// Label is "Mercredi, journée", or the activity alone for its only unit.
func (a Activity) Label(name string) string {
	if name == "" {
		return a.Name
	}
	first, size := utf8.DecodeRuneInString(name)
	return a.Name + ", " + string(unicode.ToLower(first)) + name[size:]
}

// UnitByID finds a unit of the activity.
func (a Activity) UnitByID(id UnitID) (Unit, bool) {
	i := slices.IndexFunc(a.Units, func(u Unit) bool { return u.ID == id })
	if i < 0 {
		return Unit{}, false
	}
	return a.Units[i], true
}

// ChoiceByID finds what a family can pick.
func (a Activity) ChoiceByID(id ChoiceID) (Choice, bool) {
	i := slices.IndexFunc(a.Choices, func(c Choice) bool { return c.ID == id })
	if i < 0 {
		return Choice{}, false
	}
	return a.Choices[i], true
}

// PeriodOf is the period that holds a day.
func (a Activity) PeriodOf(day civil.Date) (Period, bool) {
	i := slices.IndexFunc(a.Periods, func(p Period) bool { return p.Days.Contains(day) })
	if i < 0 {
		return Period{}, false
	}
	return a.Periods[i], true
}

// GroupOf is the group of a child of that level at a site: the one named, else the first that takes the level.
// No group is right where the site has none.
func (a Activity) GroupOf(site town.SiteID, named GroupID, level string) (GroupID, bool) {
	some := false
	for _, g := range a.Groups {
		if g.Site != site {
			continue
		}
		some = true
		if named == g.ID || named == "" && (len(g.Levels) == 0 || slices.Contains(g.Levels, level)) {
			return g.ID, true
		}
	}
	return "", !some
}

// Takes tells whether a child of that level, born that day, may attend on a day, and why not.
func (a Activity) Takes(level string, born, day civil.Date) string {
	if len(a.Levels) > 0 && level != "" && !slices.Contains(a.Levels, level) {
		return "Cette activité n’est pas ouverte à la classe de l’enfant"
	}
	if born.IsZero() {
		return ""
	}
	age := day.Year - born.Year
	if day.Month < born.Month || day.Month == born.Month && day.Day < born.Day {
		age--
	}
	switch {
	case a.AgeFrom > 0 && age < a.AgeFrom:
		return "L’enfant n’a pas encore l’âge de cette activité"
	case a.AgeTo > 0 && age > a.AgeTo:
		return "L’enfant a passé l’âge de cette activité"
	}
	return ""
}

// Catalogue is every activity of the town with the calendar they live in.
type Catalogue struct {
	Activities []Activity
	Days       town.Days
	Zone       *time.Location
	byID       map[ID]int
	byUnit     map[UnitID]int
}

// Activity finds an activity.
func (c *Catalogue) Activity(id ID) (*Activity, bool) {
	i, known := c.byID[id]
	if !known {
		return nil, false
	}
	return &c.Activities[i], true
}

// OfUnit finds the activity of a unit.
func (c *Catalogue) OfUnit(id UnitID) (*Activity, bool) {
	i, known := c.byUnit[id]
	if !known {
		return nil, false
	}
	return &c.Activities[i], true
}

// Why says why a unit does not take place on a day, "" when it does. Quiet is true when nothing is to be said: the
// weekday is not one of the unit's, or the week not one of its term.
func (c *Catalogue) Why(a *Activity, u Unit, day civil.Date) (reason string, quiet bool) {
	if u.Weekdays != 0 && !u.Weekdays.Has(day.Weekday()) {
		return "Pas d’accueil ce jour de la semaine", true
	}
	if name := c.Days.Public(day); name != "" {
		return "Jour férié\u00a0: " + name, false
	}
	if why := c.Days.Closed(day, a.Service); why != "" {
		return why, false
	}
	holiday := c.Days.Holiday(day)
	switch {
	case a.Term == InTerm && holiday != "":
		return holiday, false
	case a.Term == InHolidays && holiday == "":
		return "Pas d’accueil en période scolaire", true
	}
	if u.Weekdays == 0 && (day.Weekday() == time.Saturday || day.Weekday() == time.Sunday) {
		return "Week-end", true
	}
	return "", false
}

// Ground is what the deadlines of a unit ask of the calendar.
func (c *Catalogue) Ground(a *Activity, u Unit) Ground {
	return Ground{
		Zone:    c.Zone,
		Public:  func(d civil.Date) bool { return c.Days.Public(d) != "" },
		Closed:  func(d civil.Date) bool { return c.Days.Closed(d, a.Service) != "" },
		Holiday: func(d civil.Date) bool { return c.Days.Holiday(d) != "" },
		School:  c.Days.Class,
		Service: func(d civil.Date) bool { why, _ := c.Why(a, u, d); return why == "" },
		Period: func(d civil.Date) (civil.Range, bool) {
			p, known := a.PeriodOf(d)
			return p.Days, known
		},
		Why: func(d civil.Date) string {
			if name := c.Days.Public(d); name != "" {
				return name
			}
			return c.Days.Closed(d, a.Service)
		},
		Start: u.From,
	}
}

// CacheAge is how long a cache may answer without reading again: another instance's change of a rule shows within
// it. What was promised stands in the bookings, and places are counted in the database alone.
const CacheAge = 10 * time.Second

// Cache answers with the catalogue without a query most of the time. DB is needed.
type Cache struct {
	DB *db.DB

	mu     sync.Mutex
	held   *Catalogue
	heldAt time.Time
	fresh  bool
	drops  int // how many times it was invalidated
}

// Get returns the catalogue, read again when it is older than CacheAge by now or was invalidated. When the database
// does not answer, it is an error: no rule is guessed.
func (c *Cache) Get(ctx context.Context, now time.Time) (*Catalogue, error) {
	if held, fresh := c.kept(now); fresh {
		return held, nil
	}
	return db.Read(ctx, c.DB, func(r db.Reader) (*Catalogue, error) { return c.In(r, now) })
}

// In is Get within a reading: a page that holds a connection never waits for another.
func (c *Cache) In(r db.Reader, now time.Time) (*Catalogue, error) {
	if held, fresh := c.kept(now); fresh {
		return held, nil
	}
	s, err := town.ReadSettings(r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	drops := c.drops
	c.mu.Unlock()
	held, err := ReadCatalogue(r, s, now.Location())
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops == drops { // nobody changed anything meanwhile
		c.held, c.heldAt, c.fresh = held, now, true
	}
	return held, nil
}

func (c *Cache) kept(now time.Time) (*Catalogue, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	age := now.Sub(c.heldAt)
	return c.held, c.fresh && age >= 0 && age < CacheAge
}

// Invalidate makes the next Get read again.
func (c *Cache) Invalidate() {
	c.mu.Lock()
	c.fresh = false
	c.drops++
	c.mu.Unlock()
}
