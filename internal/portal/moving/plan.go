package moving

import (
	"context"
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// plan is what is new of one family, and what differs from what was imported before.
type plan struct {
	f          *household
	id         family.ID // "" for a family to make
	homes      []*home   // links to make; the child too when it has no id yet
	contacts   []contact
	enrolments []*enrolmentLine
	bookings   []bookingLine
	invoices   []invoice
	doubts     []Problem
}

func (p *plan) empty() bool {
	return p.id != "" && len(p.homes)+len(p.contacts)+len(p.enrolments)+len(p.bookings)+len(p.invoices) == 0
}

func (p *plan) doubt(file string, line int, sentence string, args ...any) {
	p.doubts = append(p.doubts, Problem{File: file, Line: line, Gravity: Doubt, Sentence: fmt.Sprintf(sentence, args...)})
}

// newOf counts what a plan would write.
func (im *importer) newOf(p *plan) Counts {
	n := Counts{Homes: len(p.homes), Contacts: len(p.contacts), Enrolments: len(p.enrolments), Bookings: len(p.bookings), Invoices: len(p.invoices)}
	if p.id == "" {
		n.Families, n.Adults = 1, len(p.f.adults)
	}
	for _, h := range p.homes {
		if im.children[h.child.index] == "" && im.ownerOf(h) {
			n.Children++
		}
	}
	return n
}

const changed = "Cette ligne a changé depuis un import précédent : ce qui est dans Parvis est gardé."

// isNew tells whether a key was never imported; for one that was, a difference is told.
func (im *importer) isNew(p *plan, file, code string, line int, content uint64) bool {
	k, ok := im.known[sourceKey(file, code)]
	if ok && k.content != content {
		p.doubt(file, line, changed)
	}
	return !ok
}

// plan compares one family of the export with what is there. Known keys are left alone.
func (im *importer) plan(ctx context.Context, f *household) (*plan, error) {
	p := &plan{f: f}
	if im.isNew(p, familiesFile, f.code, f.line, f.sum) {
		im.likelyDoubles(p)
	} else {
		p.id = family.ID(im.known[sourceKey(familiesFile, f.code)].id)
	}
	var there []string // children who may have bookings already
	for _, h := range f.homes {
		if im.isNew(p, childrenFile, homeCode(h), h.line, h.sum) {
			p.homes = append(p.homes, h)
		}
		if id := im.children[h.child.index]; id != "" {
			there = append(there, string(id))
		}
		if !im.ownerOf(h) {
			continue
		}
		for _, e := range h.child.enrolments {
			if e.refused == "" && im.isNew(p, enrolmentsFile, im.enrolmentCode(e), e.line, e.sum) {
				p.enrolments = append(p.enrolments, e)
			}
		}
	}
	for _, c := range f.contacts {
		if im.isNew(p, contactsFile, f.code+"/"+contactKey(c), c.line, c.sum) {
			p.contacts = append(p.contacts, c)
		}
	}
	for _, v := range f.invoices {
		if im.isNew(p, invoicesFile, v.number, v.line, v.sum) {
			p.invoices = append(p.invoices, v)
		}
	}
	if len(there) == 0 {
		p.bookings = f.bookings
		return p, nil
	}
	return p, im.planBookings(ctx, p, there)
}

// ownerOf tells whether the child's own lines are written with this home: the first of its families in the order
// of writing.
func (im *importer) ownerOf(h *home) bool {
	for _, other := range h.child.homes {
		if other.refused == "" && other.family.line < h.family.line {
			return false
		}
	}
	return true
}

func homeCode(h *home) string { return h.child.code + "/" + h.family.code }

func (im *importer) enrolmentCode(e *enrolmentLine) string {
	return e.child.code + "/" + person.Fold(im.exp.activities[e.activity].name) + "/" + e.period.From.String()
}

// likelyDoubles asks for a look when the town already knows somebody of the same name and birth day.
func (im *importer) likelyDoubles(p *plan) {
	for _, a := range p.f.adults {
		if a.person.BirthDay.IsZero() || !im.people[personKey(a.person.LastName, a.person.FirstNames, a.person.BirthDay)] {
			continue
		}
		p.doubt(familiesFile, p.f.line, "Doublon possible : Parvis connaît déjà %s, du même nom et de la même date de naissance.", a.person.Full())
	}
}

// planBookings keeps the bookings that are not there yet. One that is stays as it is, cancelled since or not.
func (im *importer) planBookings(ctx context.Context, p *plan, children []string) error {
	rows, err := db.Read(ctx, im.db, func(r db.Reader) ([]stored, error) { return storedBookings(r, children) })
	if err != nil {
		return err
	}
	type slot struct {
		child, unit string
		day         civil.Date
	}
	at := make(map[slot]stored, len(rows))
	for _, b := range rows {
		at[slot{b.child, b.unit, b.day}] = b
	}
	for _, b := range p.f.bookings {
		old, there := at[slot{string(im.children[b.child]), string(im.units[b.unit]), b.date()}]
		if !there {
			p.bookings = append(p.bookings, b)
			continue
		}
		row := b.word.row()
		if old.state != string(row.State) || old.attendance != string(row.Attendance) || old.family != string(p.id) {
			p.doubt(bookingsFile, int(b.line), changed)
		}
	}
	return nil
}
