package moving

import (
	"fmt"
	"time"

	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crash"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/tariff"
)

// made is what one transaction made. It is built afresh each time the transaction runs.
type made struct {
	family   family.ID
	children map[uint32]family.ChildID
	sources  []source
	counts   Counts
}

func (m *made) keep(file, code, object, id string, content uint64) {
	m.sources = append(m.sources, source{file, code, object, id, content})
}

// write makes what is new of a family, with the keys that will know it again.
func (im *importer) write(tx *db.Tx, p *plan) (*made, error) {
	m := &made{family: p.id, children: map[uint32]family.ChildID{}}
	if err := insertBatch(tx, im.now, im.batch, im.source); err != nil {
		return nil, fmt.Errorf("insert batch: %w", err)
	}
	for _, step := range []func(*db.Tx, *plan, *made) error{im.writeFamily, im.writeChildren, im.writeContacts, im.writeEnrolments,
		im.writeBookings, im.writeInvoices} {
		if err := step(tx, p, m); err != nil {
			return nil, err
		}
	}
	if err := insertSources(tx, im.source, im.batch, m.sources); err != nil {
		return nil, err
	}
	crash.Point("moving.in_family")
	return m, audit.Write(tx, im.now, by, audit.Entry{Action: "moving.family.imported", Object: "family", ID: string(m.family),
		Detail: fmt.Sprintf("batch %s, line %d", im.batch, p.f.line)})
}

func (im *importer) writeFamily(tx *db.Tx, p *plan, m *made) error {
	if p.id != "" {
		return nil
	}
	f := p.f
	id, err := family.Insert(tx, im.now, by, f.situation, im.service)
	if err != nil {
		return err
	}
	m.family, m.counts.Families = id, 1
	m.keep(familiesFile, f.code, "family", string(id), f.sum)
	for _, a := range f.adults {
		if err := im.writeAdult(tx, p, m, a); err != nil {
			return err
		}
	}
	if !f.hasQF {
		return nil
	}
	return tariff.InsertQuotient(tx, im.now, by, id, tariff.Quotient{Value: int(f.quotient / 100), From: f.quotientAt})
}

func (im *importer) writeAdult(tx *db.Tx, p *plan, m *made, a adult) error {
	a.person.Address = p.f.address
	who, err := person.Insert(tx, im.now, by, a.person)
	if err != nil {
		return err
	}
	role, login := family.Holder, p.f.login
	if a.rank == 2 {
		role, login = family.CoHolder, ""
	}
	if _, err := family.AddMember(tx, im.now, by, family.NewMember{Family: m.family, Person: who, Role: role, MayCollect: true, From: im.since()}); err != nil {
		return err
	}
	if _, _, err := account.InsertUnclaimed(tx, im.now, by, who, login, a.person.Email); err != nil {
		return err
	}
	m.counts.Adults++
	m.keep(familiesFile, fmt.Sprintf("%s/%d", p.f.code, a.rank), "person", string(who), 0)
	return nil
}

// childID is the id of a child of the export, made before or in this transaction.
func (im *importer) childID(m *made, index uint32) family.ChildID {
	if id, ok := m.children[index]; ok {
		return id
	}
	return im.children[index]
}

func (im *importer) writeChildren(tx *db.Tx, p *plan, m *made) error {
	for _, h := range p.homes {
		id := im.childID(m, h.child.index)
		link := family.NewChild{Family: m.family, Person: person.ID(id), SharedCustody: h.child.shared(), From: im.since()}
		facts := h.child.kept().facts
		if id == "" {
			who, err := person.Insert(tx, im.now, by, person.Person{Civility: facts.sex, LastName: facts.last, FirstNames: facts.first, BirthDay: facts.birth})
			if err != nil {
				return err
			}
			link.Person, link.School, link.Level, link.Class = who, im.sites[person.Fold(facts.school)], facts.level, facts.class
		}
		added, err := family.AddChild(tx, im.now, by, link)
		if err != nil {
			return err
		}
		m.counts.Homes++
		m.keep(childrenFile, homeCode(h), "member", string(added), h.sum)
		if id != "" {
			continue
		}
		m.children[h.child.index] = added
		m.counts.Children++
		m.keep(childrenFile, h.child.code, "child", string(added), 0)
		health := family.Health{Diet: facts.diet, Allergies: facts.allergies, PAI: facts.pai}
		if health.IsZero() {
			continue
		}
		if err := family.SetHealth(tx, im.now, by, added, health); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) writeContacts(tx *db.Tx, p *plan, m *made) error {
	for _, c := range p.contacts {
		one := person.Person{LastName: c.last, FirstNames: c.first, Phone: c.phone}
		if n, err := person.CheckPhone(c.phone); err == nil && person.IsMobile(n) {
			one.Phone, one.Mobile = "", c.phone
		}
		who, err := person.Insert(tx, im.now, by, one)
		if err != nil {
			return err
		}
		if _, err := family.AddMember(tx, im.now, by, family.NewMember{Family: m.family, Person: who, Role: family.Contact,
			Relation: c.relation, MayCollect: c.mayCollect, From: im.since()}); err != nil {
			return err
		}
		m.counts.Contacts++
		m.keep(contactsFile, p.f.code+"/"+contactKey(c), "person", string(who), c.sum)
	}
	return nil
}

func (im *importer) writeEnrolments(tx *db.Tx, p *plan, m *made) error {
	for _, e := range p.enrolments {
		id, err := enrolment.Insert(tx, im.now, by, enrolment.Enrolment{Child: im.childID(m, e.child.index), Activity: im.acts[e.activity],
			Site: im.sites[person.Fold(e.site)], Days: e.period})
		if err != nil {
			return err
		}
		m.counts.Enrolments++
		m.keep(enrolmentsFile, im.enrolmentCode(e), "enrolment", string(id), e.sum)
	}
	return nil
}

func (im *importer) writeBookings(tx *db.Tx, p *plan, m *made) error {
	if len(p.bookings) == 0 {
		return nil
	}
	rows := make([]booking.Row, len(p.bookings))
	for i, b := range p.bookings {
		rows[i] = b.word.row()
		rows[i].Child, rows[i].Unit, rows[i].Day, rows[i].Family = im.childID(m, b.child), im.units[b.unit], b.date(), m.family
	}
	n, err := booking.InsertMany(tx, im.now, by, rows)
	m.counts.Bookings = n
	return err
}

// since is the first day of imported memberships: the families were there before the import, and the bookings it
// brings begin with the school year.
func (im *importer) since() civil.Date {
	day := civil.DateOf(im.now)
	if day.Month < time.September {
		day.Year--
	}
	return civil.NewDate(day.Year, time.September, 1)
}

// row is the booking's state and attendance in model terms.
func (w bookingWord) row() booking.Row {
	switch w {
	case wordPresent:
		return booking.Row{State: booking.Booked, Attendance: booking.Present}
	case wordAbsent:
		return booking.Row{State: booking.Booked, Attendance: booking.Absent}
	case wordExcused:
		return booking.Row{State: booking.Booked, Attendance: booking.Excused}
	case wordCancelled:
		return booking.Row{State: booking.Cancelled}
	}
	return booking.Row{State: booking.Booked}
}

func (im *importer) writeInvoices(tx *db.Tx, p *plan, m *made) error {
	for _, v := range p.invoices {
		id, err := billing.InsertImported(tx, im.now, by, billing.Invoice{Number: v.number, Family: m.family, Period: v.period,
			IssuedOn: v.issued, DueOn: v.due, Amount: v.owed, Paid: v.paid})
		if err != nil {
			return err
		}
		m.counts.Invoices++
		m.keep(invoicesFile, v.number, "invoice", string(id), v.sum)
	}
	return nil
}
