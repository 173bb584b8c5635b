package booking

import (
	"cmp"
	"fmt"
	"slices"
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
	all, replies, err := lateOf(r, now, a)
	if err != nil || len(all)+len(replies) == 0 {
		return nil, err
	}
	return askedList(all, replies, now.Location()), nil
}

// lateOf lists, in one query, what is asked, the nearest day first, and what was answered these last weeks, the latest first.
func lateOf(r db.Reader, now time.Time, a actor.Actor) (waits []asking, replies []reply, err error) {
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil || len(children) == 0 {
		return nil, nil, err
	}
	args := []any{civil.DateOf(now), civil.InstantOf(now.AddDate(0, 0, -replyDays))}
	for _, c := range children {
		args = append(args, string(c.ID))
	}
	in, of := db.Marks(3, len(children)), db.Marks(3+len(children), len(children))
	for _, c := range children {
		args = append(args, string(c.Family))
	}
	type row struct {
		Proof
		what  string
		reply bool
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		var p person.Person
		err := s.Scan(&x.reply, &p.LastName, &p.FirstNames, &x.what, &x.Day, &x.Did, &x.At, &x.Why, &x.Reference, &x.Child, &x.Activity)
		x.ChildName, x.ByAgent = p.FirstName(), x.reply
		return x, err
	}, `select false as reply, p.last_name, p.first_names, act.name, x.day, x.did, x.at, '' as why, '' as reference, x.child, act.id
		from (select distinct b.child, u.activity, b.day, b.state as did, coalesce(b.cancel_asked_at, b.changed_at, b.made_at) as at
			from `+late+` b join unit u on u.id = b.unit where b.child in (`+in+`) and b.family in (`+of+`)) x
			join activity act on act.id = x.activity join person p on p.id = x.child
		union all
		select true, p.last_name, p.first_names, act.name, y.day, y.did, y.at, y.why, y.reference, y.child, act.id
		from (select l.* from booking_line l
			where l.at >= $2 and l.by_agent = true and (l.did in ('accepted', 'refused', 'kept') or l.did = 'cancelled' and l.late = true)
				and l.child in (`+in+`) and l.family in (`+of+`) order by l.at desc, l.reference, l.position limit `+strconv.Itoa(mostReplies)+`) y
			join activity act on act.id = y.activity join person p on p.id = y.child
		order by 5, 2, 3, 4`, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("list what is asked late: %w", err)
	}
	for _, x := range all {
		if x.reply {
			replies = append(replies, reply{x.Proof, x.what})
			continue
		}
		waits = append(waits, asking{child: x.ChildName, what: x.what, day: x.Day, cancel: State(x.Did) == Booked, at: x.At, href: cancelHref(x.Cell)})
	}
	slices.SortStableFunc(replies, func(x, y reply) int { return cmp.Compare(y.At, x.At) })
	return waits, replies, nil
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
