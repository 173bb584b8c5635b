package custody

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// DayID names one day that a home hands over to the other.
type DayID string

// DayState is where a day handed over stands. Allowed moves: offered → accepted | declined | withdrawn; accepted →
// superseded, by a later hand-over of the same day. An offer not accepted by the end of its day lapses by itself.
type DayState string

// The states of a day handed over.
const (
	DayOffered    DayState = "offered"
	DayAccepted   DayState = "accepted"
	DayDeclined   DayState = "declined"
	DayWithdrawn  DayState = "withdrawn"
	DaySuperseded DayState = "superseded"
)

// mostAhead is how many days ahead a day may be handed over, mostOffers how many days of a child somebody offers in a
// day, those taken back too; another head of the home has their own.
const (
	mostAhead  = 400
	mostOffers = 10
)

// handedDay is one day handed over, or offered.
type handedDay struct {
	ID    DayID
	Child family.ChildID
	Day   civil.Date
	Giver family.ID
	Taker family.ID
	State DayState
	Name  person.Person // of the child
}

const dayFrom = `select d.id, d.child, d.day, d.giver, d.taker, d.state, p.first_names, p.last_name
	from custody_day d join person p on p.id = d.child`

func scanDay(s db.Scanner) (handedDay, error) {
	var d handedDay
	err := s.Scan(&d.ID, &d.Child, &d.Day, &d.Giver, &d.Taker, &d.State, &d.Name.FirstNames, &d.Name.LastName)
	return d, err
}

func dayByID(r db.Reader, id DayID) (handedDay, error) {
	return db.One(r, "custody day", scanDay, dayFrom+` where d.id = $1`, string(id))
}

// daysOf lists what a home was offered, offered, took and gave of a child's days, from a day on. Whatever else happened
// to a child, a home reads only days that it is part of.
func daysOf(r db.Reader, child family.ChildID, home family.ID, from civil.Date) ([]handedDay, error) {
	all, err := db.List(r, scanDay, dayFrom+` where d.child = $1 and (d.giver = $2 or d.taker = $2) and d.day >= $3
		and d.state in ('offered', 'accepted', 'declined') order by d.day, d.id`, string(child), string(home), from)
	return all, wrap("list days handed over", err)
}

// OfferDay hands a day over to the other home, once that home accepts: nobody is given a day, and what it costs, without
// agreeing. What is booked that day stays with who booked it.
func OfferDay(tx *db.Tx, now time.Time, a actor.Actor, child family.ChildID, day civil.Date) (DayID, error) {
	today := civil.DateOf(now)
	own, err := family.MayAct(tx, a, child, today)
	if err != nil {
		return "", err
	}
	if day.IsZero() || day.Before(today) || day.After(today.AddDays(mostAhead)) {
		return "", dayField("Choisissez un jour à venir, par exemple mercredi prochain.")
	}
	if err := lockChild(tx, child); err != nil {
		return "", err
	}
	line, err := timelineOf(tx, child, civil.Range{From: day, To: day}, today)
	if err != nil {
		return "", err
	}
	of, known := line.HomeOn(day)
	switch {
	case !known:
		return "", dayField("Ce jour n’est donné à aucun foyer\u00a0: chacun peut déjà y réserver.")
	case of != own:
		return "", dayField("Ce jour est déjà dans l’autre foyer.")
	}
	arrangement, _ := line.on(day)
	d := handedDay{ID: DayID(db.NewID()), Child: child, Day: day, Giver: own, Taker: arrangement.opposite(own)}
	n, err := tx.Exec(`insert into custody_day (id, child, day, giver, taker, state, offered_by, offered_at)
		values ($1, $2, $3, $4, $5, 'offered', $6, $7) on conflict (child, day) where state = 'offered' do nothing`, string(d.ID), string(child),
		day, string(d.Giver), string(d.Taker), a.Person, civil.InstantOf(now))
	if err != nil {
		return "", fmt.Errorf("insert a day handed over: %w", err)
	}
	if n == 0 { // sent twice: the day is offered already, by this home, and the other is told
		same, err := db.One(tx, "custody day", db.Column[DayID], `select id from custody_day where child = $1 and day = $2 and giver = $3 and state = 'offered'`,
			string(child), day, string(own))
		if fault.KindOf(err) == fault.NotFound {
			return "", fault.New(fault.Conflict, "Ce jour est déjà proposé à un autre foyer, qui n’a pas encore répondu.")
		}
		return same, err
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "family.custody.day.offered", Object: "custody_day", ID: string(d.ID), Subject: string(child),
		Detail: day.String()}); err != nil {
		return "", err
	}
	if err := d.bounded(tx, now, a); err != nil {
		return "", err
	}
	return d.ID, gather(tx, now, MailDayOffered, child, "day", string(d.ID), d.knownBefore(tx, now), d.Taker)
}

// bounded refuses an offer, just made, that is one too many of its day.
func (d handedDay) bounded(tx *db.Tx, now time.Time, a actor.Actor) error {
	made, err := db.One(tx, "count", db.Column[int64], `select count(*) from custody_day where child = $1 and offered_by = $2 and offered_at >= $3`,
		string(d.Child), a.Person, civil.InstantOf(civil.DateOf(now).At(0, 0, now.Location())))
	if err != nil {
		return wrap("count days offered", err)
	}
	if made > mostOffers {
		return dayField("Vous avez déjà confié 10 jours aujourd’hui, avec ceux que vous avez repris. Vous pourrez en confier d’autres demain. Pour beaucoup de jours, proposez plutôt un partage.")
	}
	return nil
}

// knownBefore tells of the key of a mail whether who reads it was told today of the same day, which was taken back after.
func (d handedDay) knownBefore(tx *db.Tx, now time.Time) func(key string) (bool, error) {
	type before struct {
		id   string
		back civil.Instant
	}
	return func(key string) (bool, error) {
		all, err := db.List(tx, func(s db.Scanner) (before, error) {
			var x before
			err := s.Scan(&x.id, &x.back)
			return x, err
		}, `select id, answered_at from custody_day where child = $1 and day = $2 and giver = $3 and state = 'withdrawn' and offered_at >= $4`,
			string(d.Child), d.Day, string(d.Giver), civil.InstantOf(civil.DateOf(now).At(0, 0, now.Location())))
		if err != nil {
			return false, wrap("look for what was offered before", err)
		}
		for _, x := range all {
			left, err := mail.LeftAt(tx, key, x.id)
			if err != nil || left > 0 && left <= x.back {
				return err == nil, err
			}
		}
		return false, nil
	}
}

func dayField(sentence string) error {
	return fault.InvalidFields(fault.Field{Name: "jour", Sentence: sentence})
}

// dayFor reads an offered day for somebody who acts for the child in one of its homes.
func dayFor(tx *db.Tx, now time.Time, a actor.Actor, id DayID, home func(handedDay) family.ID) (handedDay, error) {
	d, err := dayByID(tx, id)
	if err != nil {
		return d, err
	}
	own, err := family.MayAct(tx, a, d.Child, civil.DateOf(now))
	if err != nil || own != home(d) {
		return d, fault.Missing("custody day")
	}
	if err := lockChild(tx, d.Child); err != nil {
		return d, err
	}
	return dayByID(tx, id)
}

// AnswerDay takes a day that the other home hands over, or not. Both homes are told of a day taken.
func AnswerDay(tx *db.Tx, now time.Time, a actor.Actor, id DayID, accept bool) (handedDay, error) {
	d, err := dayFor(tx, now, a, id, func(d handedDay) family.ID { return d.Taker })
	if err != nil {
		return d, err
	}
	today := civil.DateOf(now)
	if d.State != DayOffered || d.Day.Before(today) {
		return d, fault.New(fault.Conflict, "Ce jour n’est plus proposé. Rechargez la page.")
	}
	to, action, homes := DayDeclined, "family.custody.day.declined", []family.ID{d.Giver}
	if accept {
		to, action, homes = DayAccepted, "family.custody.day.accepted", []family.ID{d.Giver, d.Taker}
		line, err := timelineOf(tx, d.Child, civil.Range{From: d.Day, To: d.Day}, today)
		if err != nil {
			return d, err
		}
		if of, known := line.HomeOn(d.Day); !known || of != d.Giver {
			return d, fault.New(fault.Conflict, "Le partage des jours a changé\u00a0: ce jour n’est plus dans l’autre foyer.")
		}
		if _, err := tx.Exec(`update custody_day set state = 'superseded' where child = $1 and day = $2 and state = 'accepted'`, string(d.Child), d.Day); err != nil {
			return d, fmt.Errorf("supersede a day handed over: %w", err)
		}
	}
	if err := setDay(tx, now, a, d.ID, to); err != nil {
		return d, err
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: action, Object: "custody_day", ID: string(id), Subject: string(d.Child), Detail: d.Day.String()}); err != nil {
		return d, err
	}
	return d, gather(tx, now, MailDayAnswered, d.Child, "day", string(id), nil, homes...)
}

// WithdrawDay takes back a day that the other home has not taken yet.
func WithdrawDay(tx *db.Tx, now time.Time, a actor.Actor, id DayID) (handedDay, error) {
	d, err := dayFor(tx, now, a, id, func(d handedDay) family.ID { return d.Giver })
	if err != nil {
		return d, err
	}
	if d.State != DayOffered {
		return d, fault.New(fault.Conflict, "L’autre foyer a déjà répondu. Rechargez la page.")
	}
	if err := setDay(tx, now, a, d.ID, DayWithdrawn); err != nil {
		return d, err
	}
	return d, audit.Write(tx, now, a, audit.Entry{Action: "family.custody.day.withdrawn", Object: "custody_day", ID: string(id), Subject: string(d.Child),
		Detail: d.Day.String()})
}

func setDay(tx *db.Tx, now time.Time, a actor.Actor, id DayID, to DayState) error {
	_, err := tx.Exec(`update custody_day set state = $2, answered_by = $3, answered_at = $4 where id = $1 and state = 'offered'`,
		string(id), string(to), a.Person, civil.InstantOf(now))
	return wrap("answer a day handed over", err)
}

// offered are the days that wait for the answer of the homes where somebody acts: the child, the home, how many, the first.
var offered = web.Part{Name: "custody.offered", Select: `select d.child as a, d.taker as b, cast(count(*) as text) as c, min(d.day) as d
	from family_member adult join custody_day d on d.taker = adult.family and d.state = 'offered' and d.day >= $2
	where adult.person = $1 and adult.role in ('holder', 'coholder') and adult.state = 'approved' and adult.from_day <= $2
		and (adult.to_day is null or adult.to_day >= $2)
	group by d.child, d.taker`}

// Parts are what the first page reads of this package.
func Parts() []web.Part { return []web.Part{offered, proposed} }

// Todo is what waits for the actor's answer: the days that another home hands over, and how it proposes to share them.
func Todo(r db.Reader, now time.Time, a actor.Actor) ([]web.Todo, error) {
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil || len(children) == 0 {
		return nil, err
	}
	rows, err := offered.Rows(r, now, a)
	if err != nil {
		return nil, err
	}
	proposals, err := proposed.Rows(r, now, a)
	if err != nil {
		return nil, err
	}
	var all []web.Todo
	for _, c := range children {
		x, found, err := proposalTodo(c, proposals)
		if err != nil {
			return nil, err
		}
		if found {
			all = append(all, x)
		}
		row, found := rowOf(c, rows)
		if !found {
			continue
		}
		first, err := civil.ParseDate(row.D)
		if err != nil {
			return nil, fmt.Errorf("read days handed over: %w", err)
		}
		x = web.Todo{When: first, Title: "Un jour vous est confié pour " + c.First(), Detail: french.Upper(first.Long()), Href: Path(c.ID),
			Tag: "À répondre", Tone: web.Warning}
		if row.C != "1" {
			x.Title = row.C + " jours vous sont confiés pour " + c.First()
			x.Detail = "Le premier\u00a0: " + first.Long()
		}
		all = append(all, x)
	}
	return all, nil
}

// rowOf finds what a part says of a child in the home where somebody acts for it: who is kept from a child has none.
func rowOf(c family.Child, rows []web.PartRow) (web.PartRow, bool) {
	i := slices.IndexFunc(rows, func(x web.PartRow) bool { return x.A == string(c.ID) && x.B == string(c.Family) })
	if i < 0 {
		return web.PartRow{}, false
	}
	return rows[i], true
}
