package attendance

import (
	"cmp"
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

const (
	mostMarks  = 2000 // of one sending
	acceptDays = 7    // how long after a day its marks may still come
	mostOfKey  = 30   // marks of one child, unit and day at a place
	mostOfDay  = 5000 // marks of a place and a day: four hundred children, three units, four marks each
)

// gate decides which marks of one sending a tablet may make; what it reads of a day it reads once.
type gate struct {
	r       db.Reader
	now     time.Time
	d       Device
	cat     *activity.Catalogue
	shown   reach
	known   map[civil.Date]map[family.ChildID]bool
	said    map[civil.Date]map[Key]int // marks kept so far
	notHeld map[unitDay]string
	shut    map[unitDay]map[family.ChildID]string
}

type unitDay struct {
	unit activity.UnitID
	day  civil.Date
}

func newGate(r db.Reader, now time.Time, d Device, cat *activity.Catalogue) *gate {
	return &gate{r, now, d, cat, d.reach(cat, nil), map[civil.Date]map[family.ChildID]bool{}, map[civil.Date]map[Key]int{}, map[unitDay]string{}, map[unitDay]map[family.ChildID]string{}}
}

// refuses says why a tablet may not make a mark, "" when it may.
func (g *gate) refuses(m Mark) (string, error) {
	today := civil.DateOf(g.now)
	switch {
	case !isUUID(m.ID) || !m.Kind.known() || m.Kind == Undo && !isUUID(m.Target):
		return "Ce pointage est illisible.", nil
	case m.Day.After(today) || m.Day.Before(today.AddDays(-acceptDays)):
		return "Ce jour ne peut plus être pointé ici.", nil
	}
	act, ok := g.cat.OfUnit(m.Unit)
	if !ok || !g.d.shows(act) {
		return "Cette activité n’a pas lieu ici.", nil
	}
	if err := g.readChildren(m.Day); err != nil {
		return "", err
	}
	if !g.known[m.Day][m.Child] {
		return "Cet enfant n’est pas de ce lieu.", nil
	}
	if why, err := g.offDay(act, m); why != "" || err != nil {
		return why, err
	}
	return g.tooMany(m)
}

func (g *gate) readChildren(day civil.Date) error {
	if g.known[day] != nil {
		return nil
	}
	all, err := childrenOf(g.r, g.shown, g.d.Site, day, "")
	if err != nil {
		return err
	}
	g.known[day] = map[family.ChildID]bool{}
	for _, c := range all {
		g.known[day][c.ID] = true
	}
	return nil
}

// offDay says why a unit is not held on the day of a mark. What was marked before the place closed can still be undone,
// and who came can still leave.
func (g *gate) offDay(act *activity.Activity, m Mark) (string, error) {
	at := unitDay{m.Unit, m.Day}
	why, read := g.notHeld[at]
	if !read {
		var err error
		if why, err = notHeld(g.r, g.cat, act, at, g.d.Site); err != nil {
			return "", err
		}
		if g.shut[at], err = shutFor(g.r, at); err != nil {
			return "", err
		}
		g.notHeld[at] = why
	}
	why = cmp.Or(why, g.shut[at][m.Child])
	if why == "" || m.Kind != Undo && m.Kind != Left {
		return why, nil
	}
	marked, err := exists(g.r, `exists (select 1 from attendance_mark where child = $1 and day = $2 and unit = $3)`, string(m.Child), m.Day, string(m.Unit))
	if marked {
		why = ""
	}
	return why, err
}

const never = "Cette activité n’a pas lieu ce jour-là. "

func closedWords(reason string) string {
	if reason == "" {
		return never + "Fermé."
	}
	return never + "Fermé\u00a0: " + reason + "."
}

// shutFor says for which children of a unit the place that they were booked at is closed on a day: a group alone may be.
func shutFor(r db.Reader, at unitDay) (map[family.ChildID]string, error) {
	type row struct {
		child  family.ChildID
		reason string
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.child, &x.reason)
		return x, err
	}, `select b.child, s.reason from booking b join slot s on s.id = b.slot
		where b.unit = $1 and b.day = $2 and b.state in ('booked', 'asked') and s.state = 'closed'`, string(at.unit), at.day)
	if err != nil {
		return nil, fmt.Errorf("list whose place is closed: %w", err)
	}
	of := map[family.ChildID]string{}
	for _, x := range all {
		of[x.child] = closedWords(x.reason)
	}
	return of, nil
}

// notHeld says why a unit is not held at a place on a day: closed there, or a day that the calendar leaves out and for
// which nobody is booked (a list that stands is to be marked).
func notHeld(r db.Reader, cat *activity.Catalogue, act *activity.Activity, at unitDay, site town.SiteID) (string, error) {
	reasons, err := db.List(r, db.Column[string], `select s.reason from slot s where s.unit = $1 and s.day = $2 and s.site = $3 and s.state = 'closed'
		and not exists (select 1 from slot o where o.unit = s.unit and o.day = s.day and o.site = s.site and o.state = 'open') order by s.reason`,
		string(at.unit), at.day, string(site))
	if err != nil {
		return "", fmt.Errorf("read whether a place is closed: %w", err)
	}
	if len(reasons) > 0 {
		return closedWords(reasons[0]), nil
	}
	unit, _ := act.UnitByID(at.unit)
	why, _ := cat.Why(act, unit, at.day)
	if why == "" {
		return "", nil
	}
	booked, err := exists(r, `exists (select 1 from booking where unit = $1 and day = $2 and state in ('booked', 'asked'))`, string(at.unit), at.day)
	if err != nil || booked {
		return "", err
	}
	return never + why + ".", nil
}

// tooMany says that a child, or the place, has had all the marks of a day; a mark that is there already is taken again.
func (g *gate) tooMany(m Mark) (string, error) {
	if g.said[m.Day] == nil {
		counts, err := marksAt(g.r, g.d.Site, m.Day)
		if err != nil {
			return "", err
		}
		g.said[m.Day] = counts
	}
	of := g.said[m.Day]
	why := ""
	switch {
	case of[m.Key] >= mostOfKey:
		why = "Cet enfant a déjà trop de pointages ce jour-là. Appelez le service : un agent corrige."
	case of[Key{}] >= mostOfDay:
		why = "Ce lieu a déjà trop de pointages ce jour-là. Appelez le service."
	default:
		of[m.Key]++
		of[Key{}]++
		return "", nil
	}
	if there, err := exists(g.r, `exists (select 1 from attendance_mark where id = $1)`, m.ID); err != nil || there {
		return "", err
	}
	return why, nil
}

// marksAt counts the marks of a place on a day, of each key and, under the zero key, of all.
func marksAt(r db.Reader, site town.SiteID, day civil.Date) (map[Key]int, error) {
	type row struct {
		Key
		n int
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		x := row{Key: Key{Day: day}}
		err := s.Scan(&x.Child, &x.Unit, &x.n)
		return x, err
	}, `select child, unit, count(*) from attendance_mark where day = $1 and site = $2 group by child, unit`, day, string(site))
	if err != nil {
		return nil, fmt.Errorf("count marks of a day: %w", err)
	}
	of := map[Key]int{}
	for _, x := range all {
		of[x.Key] = x.n
		of[Key{}] += x.n
	}
	return of, nil
}
