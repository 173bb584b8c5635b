package family

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// Counter is what every act in a family's name carries: the version that the form showed ("" for any) and the
// agent's note for colleagues, which is neither mailed nor written in the journal.
type Counter struct {
	Seen string
	Note string
}

const maxNote = 300

func (c Counter) check() []fault.Field {
	if len([]rune(c.Note)) > maxNote {
		return []fault.Field{{Name: "note", Sentence: "Écrivez 300 caractères au plus."}}
	}
	return nil
}

// did is what was done at the counter.
type did string

const (
	didContact did = "contact"
	didEmail   did = "email"
	didMember  did = "member"
	didChild   did = "child"
	didHome    did = "home" // a child of this family is now in another one too
	didPlace   did = "place"
	didEnd     did = "end"
	didSchool  did = "school"
)

// place is somebody's standing in a family, with all that the counter changes of it.
type place struct {
	ID         MemberID
	Family     ID
	Role       Role
	Relation   string
	MayCollect bool
	IsChild    bool
	School     town.SiteID
	Level      string
	Class      string
	Shared     bool
	Person     person.Person
	Account    account.State // of the citizen's account, "" without
}

// seen is the version of what a form shows of a place.
func (p place) seen() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(p.Role), p.Relation, strconv.FormatBool(p.MayCollect), string(p.School), p.Level,
		p.Class, strconv.FormatBool(p.Shared)}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// placeFor reads a standing member of a family that the agent reaches with a right; any other is a NotFound fault.
func placeFor(r db.Reader, a actor.Actor, id MemberID, right actor.Right) (place, error) {
	p, err := placeByID(r, id)
	if err != nil {
		return p, err
	}
	if err := AtCounter(r, a, p.Family, right); err != nil {
		return p, fault.Missing("family member")
	}
	return p, nil
}

// AtCounter is the one question before acting in a family's name: an agent, with the right for a service that knows the
// family. No job acts at a counter.
func AtCounter(r db.Reader, a actor.Actor, id ID, right actor.Right) error {
	if a.Kind != actor.Agent {
		return fault.New(fault.Forbidden, "")
	}
	return Readable(r, a, id, right)
}

// changing reads a place under the family's lock, and refuses when it is not the one that the form showed.
func changing(tx *db.Tx, a actor.Actor, id MemberID, right actor.Right, c Counter) (place, error) {
	p, err := placeFor(tx, a, id, right)
	if err != nil {
		return p, err
	}
	if err := Lock(tx, p.Family); err != nil {
		return p, err
	}
	if p, err = placeByID(tx, id); err != nil {
		return p, err
	}
	if c.Seen != "" && c.Seen != p.seen() {
		return p, fault.New(fault.Conflict, "Ce dossier a été modifié depuis que vous avez ouvert la page. Rien n’a été enregistré. "+
			"Comparez ci-dessous, puis enregistrez de nouveau.")
	}
	return p, nil
}

// CounterContact changes how an adult of a family is reached, and the e-mail address of who has no account: that of an
// account is its owner's business. The adult and those who head the family are told.
func CounterContact(tx *db.Tx, now time.Time, a actor.Actor, id MemberID, to person.Contact, email string, seen civil.Instant, c Counter) error {
	p, err := placeFor(tx, a, id, person.ContactWrite)
	if err != nil {
		return err
	}
	if p.IsChild {
		return fault.Missing("family member")
	}
	_, fields := to.Check()
	email, emailErr := person.CheckEmail(email)
	if emailErr != nil && p.ownEmail() {
		fields = append([]fault.Field{{Name: "courriel", Sentence: fault.SentenceOf(emailErr)}}, fields...)
	}
	if err := fault.InvalidFields(append(fields, c.check()...)...); err != nil {
		return err
	}
	if err := person.SetContact(tx, now, a, p.Person.ID, to, seen, false); err != nil {
		return err
	}
	what := didContact
	if p.ownEmail() && email != p.Person.Email {
		what = didEmail
		if err := person.SetEmail(tx, now, a, p.Person.ID, email); err != nil {
			return err
		}
	}
	others, err := ToldOf(tx, civil.DateOf(now), p.Family, "", p.Person.ID) // a new address is not for who is kept away
	if err != nil {
		return err
	}
	return record(tx, now, a, p, what, c, others)
}

// ownEmail tells that no account holds the address, so that the counter may change it.
func (p place) ownEmail() bool { return p.Account == "" }

func without(all []string, one string) []string {
	var kept []string
	for _, s := range all {
		if s != one {
			kept = append(kept, s)
		}
	}
	return kept
}

// PlaceChange is what the counter changes of an adult's place. Despite says that the agent has read that a court's
// restriction stands.
type PlaceChange struct {
	Role       Role
	Relation   string
	MayCollect bool
	Despite    bool
}

// SetPlace changes what somebody is to a family: role (but the holder's and the children's), relation, and whether a
// contact may fetch the children. Those who head the family before or after are told.
func SetPlace(tx *db.Tx, now time.Time, a actor.Actor, id MemberID, ch PlaceChange, c Counter) error {
	p, err := changing(tx, a, id, FileWrite, c)
	if err != nil {
		return err
	}
	if p.IsChild || p.Role == Holder {
		ch.Role = p.Role
	}
	ch.Relation = person.Clean(ch.Relation)
	fields := ch.check(p)
	kept, err := Kept(tx, p.Family, p.Person.ID, civil.DateOf(now))
	if err != nil {
		return err
	}
	collect := ch.Role == Contact && ch.MayCollect || ch.Role != Contact && ch.Role == p.Role && p.MayCollect
	gains := ch.Role.Acts() && !p.Role.Acts() || collect && !p.MayCollect
	if kept && gains && !ch.Despite {
		fields = append(fields, despiteField)
	}
	if err := fault.InvalidFields(append(fields, c.check()...)...); err != nil {
		return err
	}
	day := civil.DateOf(now)
	before, err := ToldOf(tx, day, p.Family, p.Person.ID, "")
	if err != nil {
		return err
	}
	p.Role, p.Relation, p.MayCollect = ch.Role, ch.Relation, collect
	if err := updatePlace(tx, p); err != nil {
		return fmt.Errorf("update place: %w", err)
	}
	after, err := ToldOf(tx, day, p.Family, p.Person.ID, "")
	if err != nil {
		return err
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "family.place.changed", Object: "family_member", ID: string(id),
		Subject: string(p.Person.ID), Detail: string(p.Role)}); err != nil {
		return err
	}
	return record(tx, now, a, p, didPlace, c, union(before, after))
}

// despiteField asks the agent to confirm having read of a restriction.
var despiteField = fault.Field{Name: "malgre", Sentence: "Une décision de justice est en vigueur pour un enfant de cette famille. Vérifiez-la, puis cochez la case."}

func (ch PlaceChange) check(p place) []fault.Field {
	var fields []fault.Field
	switch ch.Role {
	case CoHolder, Member, Contact:
	default:
		if ch.Role != p.Role {
			fields = append(fields, fault.Field{Name: "role", Sentence: "Choisissez un rôle de la liste."})
		}
	}
	switch n := len([]rune(ch.Relation)); {
	case n > 60:
		fields = append(fields, fault.Field{Name: "lien", Sentence: "Écrivez le lien en 60 caractères au plus."})
	case n == 0 && !ch.Role.Acts():
		fields = append(fields, fault.Field{Name: "lien", Sentence: "Indiquez le lien avec les enfants, par exemple grand-mère ou voisin."})
	}
	return fields
}

func union(a, b []string) []string {
	all := a
	for _, s := range b {
		all = append(without(all, s), s)
	}
	return all
}

// EndPlace takes somebody out of a family from today on; what was booked stays. The holder stays: a family without one
// is nobody's. Those who headed the family until then are told.
func EndPlace(tx *db.Tx, now time.Time, a actor.Actor, id MemberID, c Counter) error {
	p, err := changing(tx, a, id, FileWrite, c)
	if err != nil {
		return err
	}
	if p.Role == Holder {
		return holderStays()
	}
	if err := fault.InvalidFields(c.check()...); err != nil {
		return err
	}
	day := civil.DateOf(now)
	to, err := ToldOf(tx, day, p.Family, p.Person.ID, "")
	if err != nil {
		return err
	}
	if err := endPlace(tx, id, day.AddDays(-1)); err != nil {
		return fmt.Errorf("end place: %w", err)
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "family.place.ended", Object: "family_member", ID: string(id),
		Subject: string(p.Person.ID), Detail: string(p.Role)}); err != nil {
		return err
	}
	return record(tx, now, a, p, didEnd, c, to)
}

func holderStays() error {
	return fault.New(fault.Refused, "Le titulaire ne se retire pas du dossier : une famille en a toujours un.")
}

// Schooling is where a child goes to school.
type Schooling struct {
	School town.SiteID
	Level  string
	Class  string
	Shared bool // lives in two homes
}

const maxClass = 40

func (s Schooling) check(r db.Reader) ([]fault.Field, error) {
	var fields []fault.Field
	for _, x := range []struct{ name, value string }{{"niveau", s.Level}, {"classe", s.Class}} {
		if len([]rune(x.value)) > maxClass {
			fields = append(fields, fault.Field{Name: x.name, Sentence: "Écrivez 40 caractères au plus."})
		}
	}
	if s.School == "" {
		return fields, nil
	}
	_, err := town.SiteByID(r, s.School)
	if fault.KindOf(err) == fault.NotFound {
		return append(fields, fault.Field{Name: "ecole", Sentence: "Choisissez une école de la liste."}), nil
	}
	return fields, err
}

// SetSchooling changes a child's school, level and class; those who head each home of the child are told.
func SetSchooling(tx *db.Tx, now time.Time, a actor.Actor, id MemberID, s Schooling, c Counter) error {
	p, err := changing(tx, a, id, FileWrite, c)
	if err != nil {
		return err
	}
	if !p.IsChild {
		return fault.Missing("child")
	}
	s.Level, s.Class = person.Clean(s.Level), person.Clean(s.Class)
	fields, err := s.check(tx)
	if err != nil {
		return err
	}
	if err := fault.InvalidFields(append(fields, c.check()...)...); err != nil {
		return err
	}
	if err := updateSchooling(tx, p.Person.ID, s); err != nil {
		return fmt.Errorf("update schooling: %w", err)
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "family.child.schooling", Object: "child", ID: string(p.Person.ID), Subject: string(p.Person.ID)}); err != nil {
		return err
	}
	homes, err := HomesOfChild(tx, p.Person.ID)
	if err != nil {
		return err
	}
	for _, home := range homes {
		one, note := p, c
		if one.Family = home; home != p.Family {
			note = Counter{} // said at this family's counter
		}
		if err := recordToHeads(tx, now, a, one, didSchool, note); err != nil {
			return err
		}
	}
	return nil
}

func recordToHeads(tx *db.Tx, now time.Time, a actor.Actor, p place, what did, c Counter) error {
	to, err := ToldOf(tx, civil.DateOf(now), p.Family, p.Person.ID, "")
	if err != nil {
		return err
	}
	return record(tx, now, a, p, what, c, to)
}

// record keeps what was done at the counter, with the agent's note, and mails it.
func record(tx *db.Tx, now time.Time, a actor.Actor, p place, what did, c Counter, to []string) error {
	id := db.NewID()
	if err := insertAct(tx, now, a, id, p, what, strings.TrimSpace(c.Note)); err != nil {
		return fmt.Errorf("insert counter act: %w", err)
	}
	for _, address := range to {
		if _, err := mail.Enqueue(tx, now, mail.Message{Template: MailCounter, To: address, Args: map[string]string{"act": id}}); err != nil {
			return fmt.Errorf("tell family: %w", err)
		}
	}
	return nil
}
