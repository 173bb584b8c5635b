package absence

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

func insertReport(tx *db.Tx, now time.Time, a actor.Actor, reference string, of family.ID, note string) error {
	by := a.Person
	if a.Kind == actor.Agent {
		by = ""
	}
	if _, err := tx.Exec(`insert into absence_report (reference, family, note, by_person, by_agent, at) values ($1, $2, $3, $4, $5, $6)`,
		reference, string(of), note, by, a.Kind == actor.Agent, civil.InstantOf(now)); err != nil {
		return fmt.Errorf("insert absence report: %w", err)
	}
	return nil
}

// reportsSince counts what somebody told of their children.
func reportsSince(r db.Reader, by string, since civil.Instant) (int64, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from absence_report where by_person = $1 and at > $2 and by_agent = false`, by, since)
	if err != nil {
		return 0, fmt.Errorf("count absence reports: %w", err)
	}
	return n, nil
}

func insertLines(tx *db.Tx, all []Line, places map[ID]Day) error {
	for i, l := range all {
		place := places[l.ID]
		if place.First.IsZero() {
			place = Day{Day: l.Day, First: l.Day, Nth: 1}
		}
		var due any
		if l.Due != nil {
			due = int64(l.Due.Instant())
		}
		if _, err := tx.Exec(`insert into absence (id, reference, position, family, child, activity, day, did, rules, reason, timing, first_day, nth, proof, due_at, unproved, proved)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`, string(l.ID), l.Reference, i, string(l.Family), string(l.Cell.Child),
			string(l.Activity), l.Day, string(l.Did), db.Null(l.Rules), l.Reason, string(l.Timing), place.First, place.Nth, string(l.Proof), due, l.Without, l.With); err != nil {
			return fmt.Errorf("insert absence: %w", err)
		}
	}
	return nil
}

const lineColumns = `a.id, a.reference, a.child, a.activity, a.day, a.family, a.did, coalesce(a.rules, ''), a.reason, a.timing, a.proof, a.due_at, a.unproved, a.proved,
	a.answer, coalesce(a.answered_at, 0), coalesce(a.withdrawn_at, 0), p.last_name, p.first_names, r.note, r.by_agent, r.by_person, r.at, coalesce(act.service, ''), ` + standsAs + `, ` + closedFor

// ofLine is the bookings b of the day of a line a.
const ofLine = `from booking b join unit u on u.id = b.unit and u.activity = a.activity where b.child = a.child and b.day = a.day`

// standsAs is the Booking of a line, closedFor its Closed.
const (
	standsAs = `case when exists (select 1 ` + ofLine + ` and b.state = 'booked' and b.absence_at is not null)
			and exists (select 1 from attendance t join unit u on u.id = t.unit and u.activity = a.activity where t.child = a.child and t.day = a.day and t.state = 'present') then 'came'
		when exists (select 1 ` + ofLine + ` and b.state = 'booked' and b.absence_at is not null) then 'told'
		when exists (select 1 ` + ofLine + ` and b.state = 'booked') then 'booked' else '' end`
	closedFor = `coalesce((select min(s.reason) from slot s where s.state = 'closed' and s.id in (select b.slot ` + ofLine + ` and b.state = 'cancelled')), '')`
)

const lineTables = ` from absence a join absence_report r on r.reference = a.reference join person p on p.id = a.child join activity act on act.id = a.activity `

type serviceLine struct {
	Line
	service string
}

// lineScan scans lines; the moments to bring a proof are of a zone.
func lineScan(zone *time.Location) func(db.Scanner) (serviceLine, error) {
	return func(s db.Scanner) (serviceLine, error) {
		var x serviceLine
		var due *int64
		var who person.Person
		err := s.Scan(&x.ID, &x.Reference, &x.Cell.Child, &x.Activity, &x.Day, &x.Family, &x.Did, &x.Rules, &x.Reason, &x.Timing, &x.Proof, &due, &x.Without, &x.With,
			&x.Answer, &x.AnsweredAt, &x.WithdrawnAt, &who.LastName, &who.FirstNames, &x.Note, &x.ByAgent, &x.By, &x.At, &x.service, &x.Booking, &x.Closed)
		x.ChildName = who.FirstName()
		if due != nil {
			l := activity.StoredLimit(civil.Instant(*due), zone)
			x.Due = &l
		}
		return x, err
	}
}

func plain(all []serviceLine) []Line {
	out := make([]Line, len(all))
	for i, x := range all {
		out[i] = x.Line
	}
	return out
}

func lineByID(r db.Reader, zone *time.Location, id ID) (Line, string, error) {
	x, err := db.One(r, "absence", lineScan(zone), `select `+lineColumns+lineTables+`where a.id = $1`, string(id))
	return x.Line, x.service, err
}

// linesOfChildren are what was told of some children over some days, by whichever home.
func linesOfChildren(r db.Reader, zone *time.Location, children []family.Child, days civil.Range) ([]Line, error) {
	if len(children) == 0 {
		return nil, nil
	}
	args := []any{days.From, days.To}
	for _, c := range children {
		args = append(args, string(c.ID))
	}
	all, err := db.List(r, lineScan(zone), `select `+lineColumns+lineTables+`where a.day between $1 and $2 and a.child in (`+db.Marks(3, len(children))+`) order by a.day, a.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list absences of children: %w", err)
	}
	return plain(all), nil
}

// linesOfFamily are what a family told of days from one on, the nearest last.
func linesOfFamilies(r db.Reader, zone *time.Location, from civil.Date, families ...family.ID) ([]Line, error) {
	if len(families) == 0 {
		return nil, nil
	}
	args := []any{from}
	for _, f := range families {
		args = append(args, string(f))
	}
	all, err := db.List(r, lineScan(zone), `select `+lineColumns+lineTables+`where a.family in (`+db.Marks(2, len(families))+`) and a.day >= $1 order by a.day desc, p.folded, a.id limit 200`, args...)
	if err != nil {
		return nil, fmt.Errorf("list absences of families: %w", err)
	}
	return plain(all), nil
}

// linesByID are some absences, by day.
func linesByID(r db.Reader, zone *time.Location, ids ...string) ([]Line, error) {
	args := make([]any, len(ids))
	for i, x := range ids {
		args[i] = x
	}
	all, err := db.List(r, lineScan(zone), `select `+lineColumns+lineTables+`where a.id in (`+db.Marks(1, len(args))+`) order by a.day, p.folded, a.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list absences: %w", err)
	}
	return plain(all), nil
}

func linesOfReport(r db.Reader, zone *time.Location, references ...string) ([]Line, error) {
	args := make([]any, len(references))
	for i, x := range references {
		args[i] = x
	}
	all, err := db.List(r, lineScan(zone), `select `+lineColumns+lineTables+`where a.reference in (`+db.Marks(1, len(args))+`) order by a.day, p.folded, r.at, a.reference, a.position`, args...)
	if err != nil {
		return nil, fmt.Errorf("list absences of a report: %w", err)
	}
	return plain(all), nil
}

// proofsWaiting are the absences whose document is due or received, the first due first.
func proofsWaiting(r db.Reader, zone *time.Location) ([]serviceLine, error) {
	all, err := db.List(r, lineScan(zone), `select `+lineColumns+lineTables+`where a.proof in ('due', 'received') and a.withdrawn_at is null
		order by case a.proof when 'received' then 0 else 1 end, coalesce(a.due_at, 9223372036854775807), a.day, a.id limit 500`)
	if err != nil {
		return nil, fmt.Errorf("list proofs that wait: %w", err)
	}
	return slices.DeleteFunc(all, func(x serviceLine) bool { return x.lapsed() }), nil
}

// replaceLapsed withdraws what was told of the same days before they were given up and booked again.
func replaceLapsed(tx *db.Tx, now time.Time, all []Line) error {
	for _, l := range all {
		if _, err := tx.Exec(`update absence set withdrawn_at = $4 where child = $1 and activity = $2 and day = $3 and did = 'absent' and withdrawn_at is null`,
			string(l.Cell.Child), string(l.Activity), l.Day, civil.InstantOf(now)); err != nil {
			return fmt.Errorf("withdraw lapsed absence: %w", err)
		}
	}
	return nil
}

// head is somebody to tell.
type head struct{ person, email string }

// headsFor lists the heads of a family with an address who are kept from none of the children that a condition of this
// package finds: $1 is the family, $2 the day.
func headsFor(r db.Reader, of family.ID, day civil.Date, children string, args ...any) ([]head, error) {
	all, err := db.List(r, func(s db.Scanner) (head, error) {
		var h head
		err := s.Scan(&h.person, &h.email)
		return h, err
	}, `select p.id, p.email from family_member m join person p on p.id = m.person
		where m.family = $1 and m.role in ('holder', 'coholder') and m.state = 'approved' and m.from_day <= $2
			and (m.to_day is null or m.to_day >= $2) and p.email <> '' and exists (select 1 from `+children+`
				and not `+family.KeptAway("m.person", "l.child", "$2")+`) order by p.id`, append([]any{string(of), day}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("list whom to tell: %w", err)
	}
	return all, nil
}

// tellReport tells the heads of a family what was reported: what one of them reports several times within minutes is one mail.
func tellReport(tx *db.Tx, now time.Time, a actor.Actor, of family.ID, reference string) error {
	heads, err := headsFor(tx, of, civil.DateOf(now), `absence l where l.family = $1 and l.reference = $3`, reference)
	if err != nil {
		return err
	}
	args := map[string]string{"reference": reference, "family": string(of)}
	if a.Kind != actor.Citizen {
		return send(tx, now, MailTold, heads, args)
	}
	all := make([]mail.Gathered, len(heads))
	for i, m := range messages(MailTold, heads, args) {
		all[i] = mail.Gathered{Message: m, Key: toldKey(of, m.Args["person"], a.Person), Part: reference}
	}
	return mail.Gather(tx, now, all)
}

// toldKey is that of the mails to a head of a family about what one of them reports.
func toldKey(of family.ID, head, by string) string {
	return MailTold + " " + string(of) + " " + head + " " + by
}

// tellWithdrawn tells the heads of a family that an absence is withdrawn, but those whose mail about it still waits: it
// will not tell it.
func tellWithdrawn(tx *db.Tx, now time.Time, a actor.Actor, l Line) error {
	heads, err := headsFor(tx, l.Family, civil.DateOf(now), `absence l where l.id = $3`, string(l.ID))
	if err != nil {
		return err
	}
	var told []head
	for _, h := range heads {
		waits, err := mail.Waits(tx, toldKey(l.Family, h.person, l.By), l.Reference)
		if err != nil {
			return err
		}
		if !waits {
			told = append(told, h)
		}
	}
	args := map[string]string{"absence": string(l.ID), "family": string(l.Family)}
	if a.Kind != actor.Citizen {
		args["by"] = "agent"
		return send(tx, now, MailWithdrawn, told, args)
	}
	all := make([]mail.Gathered, len(told))
	for i, m := range messages(MailWithdrawn, told, args) {
		all[i] = mail.Gathered{Message: m, Key: MailWithdrawn + " " + string(l.Family) + " " + m.Args["person"] + " " + a.Person, Part: string(l.ID)}
	}
	return mail.Gather(tx, now, all)
}

// tellAnswer tells the heads of a family of the answer to an absence or an incident.
func tellAnswer(tx *db.Tx, now time.Time, of family.ID, table, id string) error {
	where := `absence l where l.id = $3`
	if table == "incident" {
		where = `incident l where l.id = $3`
	}
	heads, err := headsFor(tx, of, civil.DateOf(now), where, id)
	if err != nil {
		return err
	}
	return send(tx, now, MailAnswered, heads, map[string]string{table: id, "family": string(of)})
}

func send(tx *db.Tx, now time.Time, template string, heads []head, args map[string]string) error {
	return mail.EnqueueAll(tx, now, messages(template, heads, args))
}

func messages(template string, heads []head, args map[string]string) []mail.Message {
	all := make([]mail.Message, len(heads))
	for i, h := range heads {
		own := map[string]string{"person": h.person}
		for k, v := range args {
			own[k] = v
		}
		all[i] = mail.Message{Template: template, To: h.email, Args: own}
	}
	return all
}

// excuse withdraws the missing child of a cell whose absence was told in time after all.
func excuse(tx *db.Tx, now time.Time, c booking.Cell) error {
	if _, err := tx.Exec(`update incident set withdrawn_at = $4, answer = $5 where child = $1 and activity = $2 and day = $3 and kind = 'missing' and withdrawn_at is null`,
		string(c.Child), string(c.Activity), c.Day, civil.InstantOf(now), "L’absence a été signalée dans le délai"); err != nil {
		return fmt.Errorf("excuse a missing child: %w", err)
	}
	return nil
}
