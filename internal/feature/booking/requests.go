package booking

import (
	"fmt"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
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

// AskedLate is what the actor's families asked after the deadline, and what the service answered lately, for the page of
// requests; nil for nothing.
func AskedLate(r db.Reader, now time.Time, a actor.Actor) (templ.Component, error) {
	all, err := askings(r, now, a)
	if err != nil {
		return nil, err
	}
	replies, err := repliesTo(r, now, a)
	if err != nil || len(all)+len(replies) == 0 {
		return nil, err
	}
	return askedList(all, replies, now.Location()), nil
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

// replyDays is how long an answer stays on the page of requests; the history of a child keeps it for good.
const replyDays = 60

// mostReplies bounds the answers shown.
const mostReplies = 20

// reply is what the service answered to a late request.
type reply struct {
	Proof
	what string
}

// repliesTo lists the service's answers of the last weeks, the latest first.
func repliesTo(r db.Reader, now time.Time, a actor.Actor) ([]reply, error) {
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil || len(children) == 0 {
		return nil, err
	}
	args := []any{civil.InstantOf(now.AddDate(0, 0, -replyDays))}
	for _, c := range children {
		args = append(args, string(c.ID))
	}
	of := db.Marks(len(args)+1, len(children))
	for _, c := range children {
		args = append(args, string(c.Family))
	}
	all, err := db.List(r, func(s db.Scanner) (reply, error) {
		var x reply
		var p person.Person
		err := s.Scan(&p.LastName, &p.FirstNames, &x.what, &x.Day, &x.Did, &x.At, &x.Why, &x.Reference)
		x.ChildName, x.ByAgent = p.FirstName(), true
		return x, err
	}, `select p.last_name, p.first_names, act.name, l.day, l.did, l.at, l.why, l.reference
		from booking_line l join activity act on act.id = l.activity join person p on p.id = l.child
		where l.at >= $1 and l.by_agent = true and (l.did in ('accepted', 'refused', 'kept') or l.did = 'cancelled' and l.late = true)
			and l.child in (`+db.Marks(2, len(children))+`) and l.family in (`+of+`)
		order by l.at desc, l.reference, l.position limit `+strconv.Itoa(mostReplies), args...)
	if err != nil {
		return nil, fmt.Errorf("list answers to late requests: %w", err)
	}
	return all, nil
}

// mark is an answer in a word.
func (x reply) mark() web.Mark {
	switch x.Did {
	case DidAccept, DidCancel:
		return web.Mark{Tone: web.OK, Icon: "check", Word: "Accepté"}
	}
	return web.Mark{Tone: web.Error, Icon: "ban", Word: "Refusé"}
}

// words is "Jérémy, Restauration scolaire : réserver".
func (x reply) words() string {
	return asking{child: x.ChildName, what: x.what, cancel: x.Did == DidCancel || x.Did == DidKeepBooking}.words()
}

// asked are the late requests without an answer of the homes where somebody acts: the child, the home, how many.
var asked = web.Part{Name: "booking.asked", Select: `select b.child as a, b.family as b, cast(count(distinct b.day || u.activity) as text) as c, '' as d
	from family_member adult join booking b on b.family = adult.family and b.day >= $2 and (b.state = 'asked' or b.cancel_asked_at is not null)
		join unit u on u.id = b.unit
	where adult.person = $1 and adult.role in ('holder', 'coholder') and adult.state = 'approved' and adult.from_day <= $2
		and (adult.to_day is null or adult.to_day >= $2)
	group by b.child, b.family`}

// Parts are what the first page reads of this package.
func Parts() []web.Part { return []web.Part{asked} }

// CountAsked counts the late requests of the actor's families that the service has not answered.
func CountAsked(r db.Reader, now time.Time, a actor.Actor) (int, error) {
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil || len(children) == 0 {
		return 0, err
	}
	rows, err := asked.Rows(r, now, a)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, x := range rows {
		for _, c := range children {
			if x.A == string(c.ID) && x.B == string(c.Family) {
				n, err := strconv.Atoi(x.C)
				if err != nil {
					return 0, fmt.Errorf("count late requests: %w", err)
				}
				total += n
			}
		}
	}
	return total, nil
}
