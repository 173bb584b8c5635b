package absence

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// mostTodos is how many incidents have a line of their own on the first page.
const mostTodos = 3

// acting is, in a part, the homes where the person $1 acts on the day $2.
const acting = `adult.person = $1 and adult.role in ('holder', 'coholder') and adult.state = 'approved' and adult.from_day <= $2
		and (adult.to_day is null or adult.to_day >= $2)`

// What waits for a family: the incidents of the last 31 days that it was told of and has said nothing of, and the documents
// that it still may bring.
var (
	unanswered = web.Part{Name: "absence.unanswered", Select: `select i.id as a, i.child as b, i.family as c, i.kind || '|' || i.day || '|' || act.name as d
		from family_member adult join incident i on i.family = adult.family and i.told_at >= $3 - 2678400000000 and i.contested_at is null
			and i.admitted_at is null and i.withdrawn_at is null join activity act on act.id = i.activity
		where ` + acting}
	owed = web.Part{Name: "absence.owed", Select: `select l.reference as a, l.child as b, l.family as c, cast(min(l.due_at) as text) as d
		from family_member adult join absence l on l.family = adult.family and l.proof = 'due' and l.withdrawn_at is null and l.due_at > $3
			and exists (select 1 from booking b join unit u on u.id = b.unit and u.activity = l.activity where b.child = l.child and b.day = l.day and b.state = 'booked' and b.absence_at is not null)
			and not exists (select 1 from attendance t join unit u on u.id = t.unit and u.activity = l.activity where t.child = l.child and t.day = l.day and t.state = 'present')
		where ` + acting + ` group by l.reference, l.child, l.family`}
)

// Parts are what the first page reads of this package.
func Parts() []web.Part { return []web.Part{unanswered, owed} }

// Todo is what waits for the actor: what did not go as booked, to say that it is not exact or that it is, and documents to
// bring. Each home reads its own, and nobody what is of a child that a court keeps away.
func Todo(r db.Reader, now time.Time, a actor.Actor) ([]web.Todo, error) {
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil || len(children) == 0 {
		return nil, err
	}
	events, err := unanswered.Rows(r, now, a)
	if err != nil {
		return nil, err
	}
	proofs, err := owed.Rows(r, now, a)
	if err != nil {
		return nil, err
	}
	var all []web.Todo
	for _, x := range events {
		c, own := childOf(children, x)
		parts := strings.SplitN(x.D, "|", 3)
		if !own || len(parts) != 3 {
			continue
		}
		day, err := civil.ParseDate(parts[1])
		if err != nil {
			return nil, fmt.Errorf("read incidents to answer: %w", err)
		}
		all = append(all, web.Todo{When: day, Title: c.First() + "\u00a0: " + strings.ToLower(Kind(parts[0]).Label()) + " " + day.DayMonth(), Detail: parts[2],
			Href: incidentPath + "/" + x.A, Tag: "À lire", Tone: web.Warning})
	}
	slices.SortFunc(all, func(x, y web.Todo) int {
		if n := x.When.Compare(y.When); n != 0 {
			return n
		}
		return strings.Compare(x.Href, y.Href)
	})
	if len(all) > mostTodos {
		all = []web.Todo{{When: all[0].When, Title: strconv.Itoa(len(all)) + " écarts avec vos réservations", Detail: "Le premier\u00a0: " + all[0].When.Long(), Href: listPath,
			Tag: "À lire", Tone: web.Warning}}
	}
	for _, x := range proofs {
		c, own := childOf(children, x)
		due, err := strconv.ParseInt(x.D, 10, 64)
		if !own || err != nil {
			continue
		}
		until := activity.StoredLimit(civil.Instant(due), now.Location())
		all = append(all, web.Todo{When: until.Day, Title: "Absence " + civil.Of(c.First()) + "\u00a0: justificatif à remettre", Detail: french.Upper(before(until, civil.DateOf(now))),
			Href: listPath + "/" + x.A, Tag: "À remettre", Tone: web.Warning})
	}
	return all, nil
}

// childOf is the child of a row, in the home where the actor acts for it.
func childOf(children []family.Child, x web.PartRow) (family.Child, bool) {
	i := slices.IndexFunc(children, func(c family.Child) bool { return string(c.ID) == x.B && string(c.Family) == x.C })
	if i < 0 {
		return family.Child{}, false
	}
	return children[i], true
}
