package booking

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// lateRow is a late request as an agent who answers it sees it.
type lateRow struct {
	LateRequest
	act     *activity.Activity
	may     bool                    // the agent may answer
	bar     string                  // why it cannot be accepted whatever the places, "" when it can
	slots   []activity.SlotID       // the places it needs
	left    map[activity.SlotID]int // of these, those that have a limit
	line    passing                 // who waits there in order
	mayWait bool                    // the list would take it
	seen    Token
	choice  string
}

// id names a request in an address: a child, an activity, a day.
func (x lateRow) id() string { return lateID(x.Cell) }

func lateID(c Cell) string { return string(c.Child) + "." + string(c.Activity) + "." + c.Day.String() }

// cellOf reads the name of a request.
func cellOf(id string) (Cell, error) {
	parts := strings.Split(id, ".")
	if len(parts) != 3 {
		return Cell{}, fault.Missing("late request")
	}
	day, err := civil.ParseDate(parts[2])
	if err != nil || parts[0] == "" || parts[1] == "" {
		return Cell{}, fault.Missing("late request")
	}
	return Cell{Child: family.ChildID(parts[0]), Activity: activity.ID(parts[1]), Day: day}, nil
}

// lateKept is how many days a request waits past its day: a family may still ask not to pay for it.
const lateKept = 31

// lateFrom is the first day whose requests wait.
func lateFrom(now time.Time) civil.Date { return civil.DateOf(now).AddDays(-lateKept) }

// over tells that what is asked has ended.
func (x lateRow) over(now time.Time) bool {
	today, end := civil.DateOf(now), 0
	if x.Day != today {
		return x.Day.Before(today)
	}
	for _, u := range unitsOf(x.act, x.Choice) {
		if u.To == 0 {
			return false // not known: until midnight
		}
		end = max(end, u.To)
	}
	return end > 0 && now.Hour()*60+now.Minute() >= end
}

// schoolClass is "CE1, CE1-B, Élémentaire Jean-Moulin".
func (x lateRow) schoolClass() string {
	class := family.ClassWords(x.Level, x.Class)
	if class != "" && x.School != "" {
		class += ", "
	}
	return class + x.School
}

// full tells that a place lacks.
func (x lateRow) full() bool {
	for _, n := range x.left {
		if n == 0 {
			return true
		}
	}
	return false
}

// ready tells that accepting it would do what was asked, without adding a place or passing who waits for one.
func (x lateRow) ready() bool { return x.may && x.bar == "" && !x.full() && !x.line.Passes }

// leftWords is how many places the day has left: "3 places", "Complet", "Sans limite".
func (x lateRow) leftWords() string {
	switch {
	case x.Cancel:
		return "La place sera rendue"
	case x.bar != "":
		return x.bar
	case len(x.left) == 0:
		return "Sans limite de places"
	}
	least := -1
	for _, n := range x.left {
		if least < 0 || n < least {
			least = n
		}
	}
	if least == 0 {
		return "Complet ce jour-là"
	}
	return freePlaces(least) + " ce jour-là"
}

// asks is "Réserver", "Annuler".
func (x lateRow) asks() string {
	if x.Cancel {
		return "Annuler"
	}
	return "Réserver"
}

// what is "Restauration scolaire", "Mercredi, matin et repas".
func (x lateRow) what() string { return x.act.Label(x.choice) }

// age says since when a family waits: "depuis 3 heures".
func (x lateRow) age(now time.Time) string { return "demandé " + sinceWords(now, x.AskedAt) }

func sinceWords(now time.Time, at civil.Instant) string {
	d := now.Sub(at.In(now.Location()))
	switch {
	case d < time.Minute:
		return "à l’instant"
	case d < time.Hour:
		return "il y a " + french.Count(int(d/time.Minute), "minute")
	case d < 24*time.Hour:
		return "il y a " + french.Count(int(d/time.Hour), "heure")
	}
	return "il y a " + french.Count(civil.DateOf(now).Sub(civil.DateOf(at.In(now.Location()))), "jour")
}

// lateRows lists what an agent may read of the late requests, the nearest day first, with what accepting would do. Four
// queries, whatever their number.
func lateRows(r db.Reader, now time.Time, a actor.Actor, cat *activity.Catalogue) ([]lateRow, error) {
	all, err := LateRequests(r, cat, lateFrom(now))
	if err != nil {
		return nil, err
	}
	var rows []lateRow
	seen := map[Cell]bool{}
	for _, x := range all {
		act, known := cat.Activity(x.Activity)
		if !known || seen[x.Cell] || !a.CanFor(Read, string(act.Service)) {
			continue
		}
		seen[x.Cell] = true
		row := lateRow{LateRequest: x, act: act, may: a.CanFor(Write, string(act.Service)), seen: Holding{State: Asked, Choice: x.Choice}.Token()}
		if x.Cancel {
			row.seen = Holding{State: Booked, Choice: x.Choice, CancelAsked: true}.Token()
		}
		if c, known := act.ChoiceByID(x.Choice); known {
			row.choice = c.Name
		}
		rows = append(rows, row)
	}
	return rows, planLate(r, now, cat, rows)
}

// planLate looks at what accepting each would take.
func planLate(r db.Reader, now time.Time, cat *activity.Catalogue, rows []lateRow) error {
	if !slices.ContainsFunc(rows, func(x lateRow) bool { return !x.Cancel }) {
		return nil
	}
	children, err := lateChildren(r, lateFrom(now))
	if err != nil {
		return err
	}
	days := civil.Range{From: rows[0].Day, To: rows[len(rows)-1].Day}
	s := &Scene{Catalogue: cat, Now: now, Overrule: true}
	if err := readScene(r, s, children, days); err != nil {
		return err
	}
	var plans []Decision
	for _, x := range rows {
		d := Decision{Wish: Wish{Cell: x.Cell, Want: x.Choice}, Did: DidNone}
		if !x.Cancel {
			k := s.kids[x.Child] // a child of two homes may wait for both
			k.family = x.Family
			s.kids[x.Child] = k
			d = s.book(d, x.act)
		}
		plans = append(plans, d)
	}
	slots, err := s.slots(r, plans)
	if err != nil {
		return err
	}
	for i, d := range plans {
		if !rows[i].Cancel {
			rows[i].plan(d, slots)
		}
	}
	return readPassing(r, s, rows, plans, slots)
}

// plan notes what a decision would take, or why it cannot be done.
func (x *lateRow) plan(d Decision, slots map[slotKey]activity.Slot) {
	if !d.does() {
		x.bar = d.Why
		return
	}
	x.left = map[activity.SlotID]int{}
	for _, u := range d.take {
		slot, known := slots[d.slotKey(u)]
		switch {
		case !known:
			x.bar = "Les réservations ne sont pas encore ouvertes pour ce jour"
		case slot.Closed:
			x.bar = ClosedWords(slot)
		}
		if n, limited := slot.Left(); known && limited {
			x.left[slot.ID] = n
		}
		x.slots = append(x.slots, slot.ID)
	}
}

// lateChildren lists the children who have a late request, as the rules see them; one query.
func lateChildren(r db.Reader, from civil.Date) ([]family.Child, error) {
	return db.List(r, func(s db.Scanner) (family.Child, error) {
		var c family.Child
		err := s.Scan(&c.ID, &c.Family, &c.LastName, &c.FirstNames, &c.Born, &c.Level)
		return c, err
	}, `select distinct b.child, b.family, p.last_name, p.first_names, p.birth_day, k.level
		from booking b join person p on p.id = b.child join child k on k.person = b.child
		where b.day >= $1 and (b.state = 'asked' or b.cancel_asked_at is not null)
		order by b.child, b.family`, from)
}

// split tells, of some requests taken together, which can be accepted, the first asked first, and why the others cannot.
func split(rows []lateRow) (yes []lateRow, no []lateRow) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(x, y lateRow) int { return cmp.Compare(x.AskedAt, y.AskedAt) })
	taken := map[activity.SlotID]int{}
	for _, x := range rows {
		ok := x.ready()
		for slot, n := range x.left {
			ok = ok && taken[slot] < n
		}
		if !ok {
			if x.may && x.bar == "" && x.line.Passes {
				x.bar = french.Upper(x.line.words())
			} else if x.may && x.bar == "" {
				x.bar = "Complet ce jour-là"
			}
			no = append(no, x)
			continue
		}
		for _, slot := range x.slots {
			taken[slot]++
		}
		yes = append(yes, x)
	}
	return yes, no
}

// lateWords is "3 demandes".
func lateWords(n int) string {
	if n == 0 {
		return "Aucune demande"
	}
	return strconv.Itoa(n) + "\u00a0demande" + strings.Repeat("s", min(1, n-1))
}

// freePlaces is "21 places libres".
func freePlaces(n int) string {
	if n < 2 {
		return french.Count(n, "place libre")
	}
	return french.Count(n, "place") + " libres"
}
