package absence

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// IncidentID names an incident.
type IncidentID string

// Event is an incident that happened.
type Event struct {
	ID   IncidentID
	Kind Kind
	booking.Cell
	Family      family.ID
	ChildName   string
	Units       int
	Minute      int // of a late pick-up
	Rules       string
	FoundAt     civil.Instant
	ToldAt      civil.Instant
	ToldDay     civil.Date
	ContestedAt civil.Instant
	Contest     string
	AnsweredAt  civil.Instant
	Answer      string
	WithdrawnAt civil.Instant
	AdmittedAt  civil.Instant
	service     string
}

func (e Event) fact() Fact {
	return Fact{ID: string(e.ID), Day: e.Day, Told: e.ToldDay, Withdrawn: !e.WithdrawnAt.IsZero()}
}

// like tells whether two events are counted together.
func (e Event) like(o Event) bool {
	return e.Kind == o.Kind && e.Family == o.Family && e.Cell.Child == o.Cell.Child && e.Activity == o.Activity
}

// spanOf names the span of a day for the counters of an activity.
func spanOf(cat *activity.Catalogue, of activity.ID, s Span) func(civil.Date) string {
	act, known := cat.Activity(of)
	return func(d civil.Date) string {
		switch s {
		case PerMonth:
			return d.String()[:7]
		case PerPeriod:
			if known {
				if p, held := act.PeriodOf(d); held {
					return string(p.ID)
				}
			}
		}
		return strconv.Itoa(yearOf(d))
	}
}

// Weighed is an event with where it stands.
type Weighed struct {
	Event
	Rule     Incident
	Standing Standing
}

// weigh places events among all those of their families since the school year before; others count and are not given.
func weigh(cat *activity.Catalogue, book Book, all []Event) []Weighed {
	out := make([]Weighed, len(all))
	for i, e := range all {
		out[i].Event = e
		rules, _ := book.ByID(e.Activity, e.Rules)
		rule, known := rules.Incident(e.Kind)
		if !known {
			rule = Incident{Kind: e.Kind, Price: NoPrice, Span: PerYear}
		}
		var facts []Fact
		for _, o := range all {
			if e.like(o) {
				facts = append(facts, o.fact())
			}
		}
		out[i].Rule, out[i].Standing = rule, rule.Stand(e.fact(), facts, spanOf(cat, e.Activity, rule.Span))
	}
	return out
}

// Counter is how many incidents of a kind a family has been told of for a child and an activity, with what comes next.
type Counter struct {
	Child    family.ChildID
	Name     string
	Activity string
	Kind     Kind
	N        int
	Rule     Incident
	day      civil.Date
}

// Words is "1 présence sans réservation depuis septembre ; la première ne coûte rien de plus ; à partir de la 3e : 10,00 €".
func (c Counter) Words() string {
	return c.Kind.counted(c.N) + " " + c.Rule.Span.since(c.day) + "\u202f; " + c.Rule.scale() + "."
}

// counters are the counters of today, by the rules of today where there are some.
func counters(cat *activity.Catalogue, book Book, all []Event, today civil.Date) []Counter {
	var out []Counter
	var seen []Event
	for _, e := range all {
		if slices.ContainsFunc(seen, e.like) {
			continue
		}
		seen = append(seen, e)
		act, known := cat.Activity(e.Activity)
		rules, inForce := InForce(book[e.Activity], today)
		rule, has := rules.Incident(e.Kind)
		if !known || !inForce || !has {
			continue
		}
		var facts []Fact
		for _, o := range all {
			if e.like(o) {
				facts = append(facts, o.fact())
			}
		}
		if n := Known(facts, today, spanOf(cat, e.Activity, rule.Span)); n > 0 {
			out = append(out, Counter{Child: e.Cell.Child, Name: e.ChildName, Activity: act.Name, Kind: e.Kind, N: n, Rule: rule, day: today})
		}
	}
	return out
}

// Late is a child who was fetched at a minute of a day.
type Late struct {
	Child    family.ChildID
	Activity activity.ID
	Day      civil.Date
	Minute   int
}

// NoteLatePickup notes when a late child was fetched, by the rule of the activity on that day: within its tolerance
// nothing is kept, and false is returned. The family is told the same evening, as of every incident.
func NoteLatePickup(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, l Late) (bool, error) {
	act, known := cat.Activity(l.Activity)
	if !known || !a.CanFor(Note, string(act.Service)) {
		return false, fault.New(fault.Forbidden, "")
	}
	today := civil.DateOf(now)
	if l.Day.After(today) || l.Day.Before(today.AddDays(-7)) {
		return false, fault.InvalidFields(fault.Field{Name: "jour", Sentence: "Un retard se note le jour même, ou dans les sept jours."})
	}
	if l.Day == today && l.Minute > now.Hour()*60+now.Minute() {
		return false, fault.InvalidFields(fault.Field{Name: "heure", Sentence: "Cette heure n’est pas encore passée."})
	}
	book, err := ReadRules(tx)
	if err != nil {
		return false, err
	}
	rules, _ := InForce(book[l.Activity], l.Day)
	rule, known := rules.Incident(LatePickup)
	if !known {
		return false, fault.New(fault.Refused, "Aucune règle de cette activité ne parle des retards. Rien n’a été enregistré.")
	}
	here, err := presentOn(tx, l.Activity, l.Day)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(here, func(x Here) bool { return x.Child == l.Child })
	if i < 0 {
		return false, fault.InvalidFields(fault.Field{Name: "enfant", Sentence: "Choisissez un enfant accueilli ce jour-là."})
	}
	if l.Minute <= rule.After+rule.Tolerance {
		return false, nil
	}
	of, err := homeOf(tx, here[i].Family, l.Child, l.Activity, l.Day, today)
	if err != nil {
		return false, err
	}
	n, err := insertIncident(tx, now, Event{Kind: LatePickup, Cell: booking.Cell{Child: l.Child, Activity: l.Activity, Day: l.Day}, Family: of, Units: 1, Minute: l.Minute, Rules: rules.ID})
	if err != nil {
		return false, err
	}
	if n == 0 {
		return false, fault.New(fault.Conflict, "Un retard de cet enfant est déjà noté ce jour-là. Rien n’a été enregistré.")
	}
	return true, audit.Write(tx, now, a, audit.Entry{Action: "absence.late.noted", Object: "family", ID: string(of), Subject: string(l.Child), Detail: l.Day.String()})
}

// Here is a child who was expected or came on a day.
type Here struct {
	Child  family.ChildID
	Name   string
	Family family.ID // who booked; "" when nobody did
}

// presentOn lists who came to an activity on a day, or was booked and is not told absent.
func presentOn(r db.Reader, of activity.ID, day civil.Date) ([]Here, error) {
	all, err := db.List(r, func(s db.Scanner) (Here, error) {
		var x Here
		var last, first string
		err := s.Scan(&x.Child, &x.Family, &last, &first)
		x.Name = person.Person{LastName: last, FirstNames: first}.Full()
		return x, err
	}, `select x.child, max(x.family), p.last_name, p.first_names from (
			select b.child, b.family from unit u join booking b on b.unit = u.id and b.day = $2 and b.state = 'booked' and b.absence_at is null
				where u.activity = $1 and not exists (select 1 from attendance t where t.child = b.child and t.unit = b.unit and t.day = b.day and t.state <> 'present')
			union
			select t.child, '' from unit u join attendance t on t.unit = u.id and t.day = $2 and t.state = 'present' where u.activity = $1) x
		join person p on p.id = x.child group by x.child, p.last_name, p.first_names, p.folded order by p.folded, x.child`, string(of), day)
	if err != nil {
		return nil, fmt.Errorf("list who is there: %w", err)
	}
	return all, nil
}

// homeOf is the family that answers for a child on a day: the home that has the day where days are shared, else that which
// booked, else the one that booked the activity last, else the first that the child is a member of.
func homeOf(r db.Reader, booked family.ID, child family.ChildID, of activity.ID, day, today civil.Date) (family.ID, error) {
	home, known, err := custody.HomeOn(r, child, day, today)
	switch {
	case err != nil:
		return "", err
	case known:
		return home, nil
	case booked != "":
		return booked, nil
	}
	return db.One(r, "family", db.Column[family.ID], `select m.family from family_member m
		where m.person = $1 and m.role = 'member' and m.state = 'approved' and m.from_day <= $3 and (m.to_day is null or m.to_day >= $3)
		order by (select max(b.day) from booking b join unit u on u.id = b.unit where b.child = m.person and b.family = m.family and u.activity = $2 and b.day <= $3
			and b.state = 'booked') is null, (select max(b.day) from booking b join unit u on u.id = b.unit
			where b.child = m.person and b.family = m.family and u.activity = $2 and b.day <= $3 and b.state = 'booked') desc, m.family limit 1`, string(child), string(of), day)
}

// insertIncident writes an incident. One that was withdrawn since its mark was corrected comes back, to be told anew; one
// that an agent withdrew does not.
func insertIncident(tx *db.Tx, now time.Time, e Event) (int64, error) {
	n, err := tx.Exec(`insert into incident (id, kind, family, child, activity, day, units, minute, rules, found_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (child, activity, day, kind) do update set withdrawn_at = null, answer = '', told_at = null, told_day = null, admitted_at = null, units = excluded.units,
			rules = excluded.rules, family = excluded.family, found_at = excluded.found_at
			where incident.withdrawn_at is not null and incident.answered_at is null`,
		db.NewID(), string(e.Kind), string(e.Family), string(e.Cell.Child), string(e.Activity), e.Day, e.Units, e.Minute, e.Rules, civil.InstantOf(now))
	if err != nil {
		return 0, fmt.Errorf("insert incident: %w", err)
	}
	return n, nil
}

const eventColumns = `i.id, i.kind, i.child, i.activity, i.day, i.family, i.units, i.minute, i.rules, i.found_at, coalesce(i.told_at, 0), i.told_day,
	coalesce(i.contested_at, 0), i.contest, coalesce(i.answered_at, 0), i.answer, coalesce(i.withdrawn_at, 0), coalesce(i.admitted_at, 0), p.last_name, p.first_names, coalesce(act.service, '')`

const eventTables = ` from incident i join person p on p.id = i.child join activity act on act.id = i.activity `

func scanEvent(s db.Scanner) (Event, error) {
	var e Event
	var who person.Person
	err := s.Scan(&e.ID, &e.Kind, &e.Cell.Child, &e.Activity, &e.Day, &e.Family, &e.Units, &e.Minute, &e.Rules, &e.FoundAt, &e.ToldAt, &e.ToldDay, &e.ContestedAt, &e.Contest,
		&e.AnsweredAt, &e.Answer, &e.WithdrawnAt, &e.AdmittedAt, &who.LastName, &who.FirstNames, &e.service)
	e.ChildName = who.FirstName()
	return e, err
}

// eventsOf are the incidents of some families since the start of the school year before, the latest first.
func eventsOf(r db.Reader, today civil.Date, families ...family.ID) ([]Event, error) {
	if len(families) == 0 {
		return nil, nil
	}
	args := []any{civil.NewDate(yearOf(today)-1, time.September, 1)}
	for _, f := range families {
		args = append(args, string(f))
	}
	all, err := db.List(r, scanEvent, `select `+eventColumns+eventTables+`where i.family in (`+db.Marks(2, len(families))+`) and i.day >= $1 order by i.day desc, p.folded, i.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	return all, nil
}

func eventByID(r db.Reader, id IncidentID) (Event, error) {
	return db.One(r, "incident", scanEvent, `select `+eventColumns+eventTables+`where i.id = $1`, string(id))
}

// ownEvent is an incident that a citizen may speak of; any other is a NotFound fault.
func ownEvent(r db.Reader, now time.Time, a actor.Actor, id IncidentID) (Event, error) {
	e, err := eventByID(r, id)
	if err != nil {
		return e, err
	}
	return e, speaksFor(r, now, a, e.Family, e.Cell.Child, "incident")
}

// Contest is a family's word that an incident is not exact: an agent answers. It may be said once, of what was told.
func Contest(tx *db.Tx, now time.Time, a actor.Actor, id IncidentID, words string) error {
	e, err := ownEvent(tx, now, a, id)
	if err != nil {
		return err
	}
	words = strings.TrimSpace(words)
	switch {
	case words == "":
		return fault.InvalidFields(fault.Field{Name: "mot", Sentence: "Écrivez ce qui n’est pas exact, par exemple « elle était à la cantine »."})
	case utf8.RuneCountInString(words) > mostWords:
		return fault.InvalidFields(fault.Field{Name: "mot", Sentence: "Écrivez 500 caractères au plus."})
	case !e.WithdrawnAt.IsZero():
		return fault.New(fault.Conflict, "Ceci est déjà retiré. Rien n’a été enregistré.")
	}
	n, err := tx.Exec(`update incident set contested_at = $2, contest = $3 where id = $1 and contested_at is null and withdrawn_at is null`, string(id), civil.InstantOf(now), words)
	if err != nil {
		return fmt.Errorf("contest incident: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "Vous avez déjà répondu. Le service regarde votre réponse.")
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "absence.contested", Object: "family", ID: string(e.Family), Subject: string(e.Cell.Child)})
}

// Admit is a family's word that an incident is exact: nothing more waits for it. It may still contest it.
func Admit(tx *db.Tx, now time.Time, a actor.Actor, id IncidentID) error {
	e, err := ownEvent(tx, now, a, id)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update incident set admitted_at = $2 where id = $1 and admitted_at is null and contested_at is null and withdrawn_at is null`, string(id), civil.InstantOf(now))
	if err != nil {
		return fmt.Errorf("admit incident: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "Vous avez déjà répondu, ou ceci est retiré. Rien n’a été enregistré.")
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "absence.admitted", Object: "family", ID: string(e.Family), Subject: string(e.Cell.Child)})
}

// AnswerContest answers a family: right, the incident is withdrawn and no longer counts; wrong, it stays, for a reason that
// the family reads. An agent may withdraw what nobody contested.
func AnswerContest(tx *db.Tx, now time.Time, a actor.Actor, id IncidentID, right bool, why string) error {
	if !a.Can(Decide) {
		return fault.New(fault.Forbidden, "")
	}
	e, err := eventByID(tx, id)
	if err != nil {
		return err
	}
	if !a.CanFor(Decide, e.service) {
		return fault.Missing("incident")
	}
	why = strings.TrimSpace(why)
	switch {
	case !right && why == "":
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez pourquoi\u00a0: la famille le lira."})
	case utf8.RuneCountInString(why) > mostWords:
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez 500 caractères au plus."})
	}
	var gone any
	if right {
		gone = int64(civil.InstantOf(now))
	}
	n, err := tx.Exec(`update incident set answered_at = $2, answer = $3, withdrawn_at = $4 where id = $1 and answered_at is null and withdrawn_at is null`,
		string(id), civil.InstantOf(now), why, gone)
	if err != nil {
		return fmt.Errorf("answer contest: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "Un autre agent a déjà répondu, ou ceci est retiré. Rien n’a été enregistré.")
	}
	action := "absence.contest.refused"
	if right {
		action = "absence.contest.accepted"
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: action, Object: "family", ID: string(e.Family), Subject: string(e.Cell.Child)}); err != nil {
		return err
	}
	return tellAnswer(tx, now, e.Family, "incident", string(id))
}

// ToldOtherwise notes that an agent told a family of an incident by telephone or letter: it had no address.
func ToldOtherwise(tx *db.Tx, now time.Time, a actor.Actor, id IncidentID) error {
	if !a.Can(Decide) {
		return fault.New(fault.Forbidden, "")
	}
	e, err := eventByID(tx, id)
	if err != nil {
		return err
	}
	if !a.CanFor(Decide, e.service) {
		return fault.Missing("incident")
	}
	n, err := tx.Exec(`update incident set told_at = $2, told_day = $3 where id = $1 and told_at is null and withdrawn_at is null`, string(id), civil.InstantOf(now), civil.DateOf(now))
	if err != nil {
		return fmt.Errorf("note a family told: %w", err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "La famille est déjà prévenue, ou ceci est retiré. Rien n’a été enregistré.")
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "absence.told.otherwise", Object: "family", ID: string(e.Family), Subject: string(e.Cell.Child)})
}
