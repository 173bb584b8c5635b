package booking

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"

	"github.com/a-h/templ"
)

// asking is what a family asked after the deadline and has no answer to yet.
type asking struct {
	child  string
	what   string
	day    civil.Date
	cancel bool
	at     civil.Instant
	href   string // the page that takes it back
}

// AskedLate is what the actor's children have been asked after the deadline and the service has not answered, for the page
// of requests; nil for nothing.
func AskedLate(r db.Reader, now time.Time, a actor.Actor) (templ.Component, error) {
	all, err := askings(r, now, a)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return askedList(all, now.Location()), nil
}

// askings lists them, the nearest day first.
func askings(r db.Reader, now time.Time, a actor.Actor) ([]asking, error) {
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil || len(children) == 0 {
		return nil, err
	}
	args := []any{civil.DateOf(now)}
	for _, c := range children {
		args = append(args, string(c.ID))
	}
	of := db.Marks(len(args)+1, len(children))
	for _, c := range children {
		args = append(args, string(c.Family))
	}
	all, err := db.List(r, func(s db.Scanner) (asking, error) {
		var x asking
		var p person.Person
		var state State
		var c Cell
		err := s.Scan(&p.LastName, &p.FirstNames, &x.what, &x.day, &state, &x.at, &c.Child, &c.Activity)
		c.Day = x.day
		x.child, x.cancel, x.href = p.FirstName(), state == Booked, cancelHref(c)
		return x, err
	}, `select distinct p.last_name, p.first_names, act.name, b.day, b.state, coalesce(b.cancel_asked_at, b.changed_at, b.made_at), b.child, act.id
		from `+late+` b join unit u on u.id = b.unit join activity act on act.id = u.activity join person p on p.id = b.child
		where b.child in (`+db.Marks(2, len(children))+`) and b.family in (`+of+`)
		order by 4, 1, 2, 3`, args...)
	if err != nil {
		return nil, fmt.Errorf("list what is asked late: %w", err)
	}
	return all, nil
}
