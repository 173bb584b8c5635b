package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/money"
	"parvis/internal/feature/account"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/tariff"
)

// settled is a household once written.
type settled struct {
	family   family.ID
	adults   []person.ID
	accounts []account.ID
	children []family.ChildID
}

// settle writes one household as it would stand after an import: people, roles, children, enrolments, bookings
// since September and four weeks ahead, invoices. Adults get accounts that nobody has opened yet.
func (p place) settle(tx *db.Tx, now time.Time, a actor.Actor, i int, h household) (settled, error) {
	var s settled
	var err error
	if s.family, err = family.Insert(tx, now, a, "", p.enfance); err != nil {
		return s, err
	}
	for n := range h.LastNames {
		if err := p.settleAdult(tx, now, a, &s, h, n); err != nil {
			return s, err
		}
	}
	if err := p.settleContact(tx, now, a, s, h); err != nil {
		return s, err
	}
	if err := tariff.InsertQuotient(tx, now, a, s.family, tariff.Quotient{Value: h.Quotient, From: p.calendar.year.From}); err != nil {
		return s, err
	}
	owed := map[string]money.Cents{}
	for n, c := range h.Children {
		if err := p.settleChild(tx, now, a, &s, c, rand.New(rand.NewPCG(uint64(i), uint64(n))), owed); err != nil {
			return s, err
		}
	}
	return s, bill(tx, now, a, s.family, i, owed)
}

func (p place) settleAdult(tx *db.Tx, now time.Time, a actor.Actor, s *settled, h household, n int) error {
	civility, _ := person.ParseCivility(h.Civilities[n])
	id, err := person.Insert(tx, now, a, person.Person{Civility: civility, LastName: h.LastNames[n], FirstNames: h.FirstNames[n],
		BirthDay: h.BirthDays[n], Email: h.Emails[n], Mobile: "+33" + h.Mobiles[n][1:],
		Address: person.Address{Number: h.Number, Street: h.Street, PostCode: "78999", City: "Rivebelle-sur-Seine"}})
	if err != nil {
		return err
	}
	role := family.Holder
	if n > 0 {
		role = family.CoHolder
	}
	if _, err := family.AddMember(tx, now, a, family.NewMember{Family: s.family, Person: id, Role: role, MayCollect: true, From: p.calendar.known()}); err != nil {
		return err
	}
	acc, _, err := account.InsertUnclaimed(tx, now, a, id, "", h.Emails[n])
	s.adults, s.accounts = append(s.adults, id), append(s.accounts, acc)
	return err
}

func (p place) settleContact(tx *db.Tx, now time.Time, a actor.Actor, s settled, h household) error {
	if h.Contact.LastName == "" {
		return nil
	}
	id, err := person.Insert(tx, now, a, person.Person{LastName: h.Contact.LastName, FirstNames: h.Contact.FirstName, Phone: "+33" + h.Contact.Phone[1:]})
	if err != nil {
		return err
	}
	_, err = family.AddMember(tx, now, a, family.NewMember{Family: s.family, Person: id, Role: family.Contact,
		Relation: h.Contact.Relation, MayCollect: h.Contact.MayCollect, From: p.calendar.known()})
	return err
}

func (p place) settleChild(tx *db.Tx, now time.Time, a actor.Actor, s *settled, c pupil, rng *rand.Rand, owed map[string]money.Cents) error {
	civility, _ := person.ParseCivility(civilityOf(c.FirstName, 1))
	id, err := person.Insert(tx, now, a, person.Person{Civility: civility, LastName: c.LastName, FirstNames: c.FirstName, BirthDay: c.Birth})
	if err != nil {
		return err
	}
	child, err := family.AddChild(tx, now, a, family.NewChild{Family: s.family, Person: id, School: p.sites[c.School], Level: c.Level,
		Class: c.Class, From: p.calendar.known()})
	if err != nil {
		return err
	}
	s.children = append(s.children, child)
	if c.Diet != "" || c.Allergies != "" || c.PAI {
		if err := family.SetHealth(tx, now, a, child, family.Health{Diet: c.Diet, Allergies: c.Allergies, PAI: c.PAI}); err != nil {
			return err
		}
	}
	var rows []booking.Row
	for _, at := range c.Attends {
		if _, err := enrolment.Insert(tx, now, a, enrolment.Enrolment{Child: child, Activity: p.activities[at.Activity],
			Site: p.siteOf(at.Activity, c.School), Days: p.calendar.year}); err != nil {
			return err
		}
		rows = append(rows, p.days(rng, civil.DateOf(now), child, s.family, at, owed)...)
	}
	_, err = booking.InsertMany(tx, now, a, rows)
	return err
}

// days are a child's bookings of one activity: attended up to yesterday, booked for four weeks from today.
func (p place) days(rng *rand.Rand, today civil.Date, child family.ChildID, f family.ID, at attended, owed map[string]money.Cents) []booking.Row {
	var rows []booking.Row
	for _, d := range (civil.Range{From: p.calendar.year.From, To: today.AddDays(28)}).Days() {
		if !p.calendar.held(d) || !on(at.Days, d.Weekday()) {
			continue
		}
		row := booking.Row{Child: child, Day: d, Family: f, State: booking.Booked}
		chance := rng.IntN(40)
		switch {
		case d.Before(today) && chance == 0:
			row.Attendance = booking.Absent
		case d.Before(today) && chance <= 2:
			row.Attendance = booking.Excused
		case d.Before(today):
			row.Attendance = booking.Present
		case chance == 0:
			row.State = booking.Cancelled
		}
		if row.Attendance == booking.Present || row.Attendance == booking.Absent {
			owed[d.String()[:7]] += price[at.Activity]
		}
		for _, unit := range p.units[at.Activity] {
			row.Unit = unit
			rows = append(rows, row)
		}
	}
	return rows
}

func on(days []time.Weekday, d time.Weekday) bool {
	for _, one := range days {
		if one == d {
			return true
		}
	}
	return false
}

// bill writes the invoices of the months that are over, the older ones paid.
func bill(tx *db.Tx, now time.Time, a actor.Actor, f family.ID, i int, owed map[string]money.Cents) error {
	today := civil.DateOf(now)
	for back := 11; back >= 1; back-- {
		month := civil.NewDate(today.Year, today.Month-time.Month(back), 1)
		amount := owed[month.String()[:7]]
		if amount == 0 {
			continue
		}
		issued := civil.NewDate(month.Year, month.Month+1, 5)
		if issued.After(today) {
			continue
		}
		due := civil.NewDate(issued.Year, issued.Month+1, 0)
		paid := amount
		switch {
		case back == 1 && i%3 != 1:
			paid = 0
		case back == 1 && i%6 == 1:
			paid = amount / 2
		case back == 2 && i%17 == 5:
			paid = 0
		}
		if _, err := billing.InsertImported(tx, now, a, billing.Invoice{Number: fmt.Sprintf("%d-%02d-%05d", month.Year, month.Month, i+1), Family: f,
			Period: month.String()[:7], IssuedOn: issued, DueOn: due, Amount: amount, Paid: paid}); err != nil {
			return err
		}
	}
	return nil
}

// share makes a child of one family live in a second home too.
func share(tx *db.Tx, now time.Time, a actor.Actor, child family.ChildID, second family.ID) error {
	_, err := family.AddChild(tx, now, a, family.NewChild{Family: second, Person: child.PersonID(), SharedCustody: true})
	return err
}
