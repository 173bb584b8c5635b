// Package family keeps the household files of the town: who belongs to a family and in which role, which services
// know it, its children and their school, who may not act for a child any more, and each child's health.
//
// It owns the tables family, family_service, family_member, child, health, restriction and counter_act. It does not keep
// names, addresses or phones (person), nor logins (account), nor in which of two homes a child’s days are (custody), nor
// anything a child does (enrolment, booking).
package family

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// ID names a family.
type ID string

// MemberID names one person's place in one family.
type MemberID string

// ChildID names a child; it is the id of the person too.
type ChildID string

// PersonID is the person that the child is.
func (c ChildID) PersonID() person.ID { return person.ID(c) }

// The rights of agents over families.
const (
	FileRead      actor.Right = "family.file.read"       // the whole file, and the search
	FileWrite     actor.Right = "family.file.write"      // make families, members, children
	MemberApprove actor.Right = "family.member.approve"  // answer « Ajouter à ma famille », and proposals of two homes
	HealthRead    actor.Right = "family.health.read"     // open the health block; logged
	HealthWrite   actor.Right = "family.health.write"    // write it
	RestrictSet   actor.Right = "family.restriction.set" // set and lift a court's restriction; logged
)

// Role is what somebody is in a family: the four words of the guide.
type Role string

// The roles.
const (
	Holder   Role = "holder"
	CoHolder Role = "coholder"
	Member   Role = "member"
	Contact  Role = "contact"
)

// Label is the word on screen.
func (r Role) Label() string {
	switch r {
	case Holder:
		return "Titulaire du compte"
	case CoHolder:
		return "Co-représentant"
	case Member:
		return "Membre"
	case Contact:
		return "Contact"
	}
	return ""
}

// Acts tells whether the role may book, cancel and pay for the family's children.
func (r Role) Acts() bool { return r == Holder || r == CoHolder }

// State is where a member's approval stands. Allowed moves: pending → approved | refused | withdrawn.
type State string

// The states of a member.
const (
	Pending   State = "pending"
	Approved  State = "approved"
	Refused   State = "refused"
	Withdrawn State = "withdrawn"
)

// NewMember is somebody to add to a family. Service is the one service that knows the member, "" for all those of
// the family. From is the first day, today when zero. State is Approved when empty.
type NewMember struct {
	Family     ID
	Person     person.ID
	Role       Role
	Relation   string // "grand-mère", as families say it
	MayCollect bool   // may fetch the children
	Service    town.ServiceID
	State      State
	From       civil.Date
	AskedBy    person.ID
}

// NewChild is a child to add to a family, approved. The school and what follows replace what was known, when
// School or Level is set.
type NewChild struct {
	Family        ID
	Person        person.ID
	School        town.SiteID
	Level         string // "CM1"
	Class         string
	SharedCustody bool // lives in two homes
	From          civil.Date
}

// Health is what the kitchen and the educators must know of a child. PAI: an individual care plan exists.
type Health struct {
	Diet      string
	Allergies string
	PAI       bool
	NotedAt   civil.Instant
}

// IsZero tells that nothing is noted.
func (h Health) IsZero() bool { return h.Diet == "" && h.Allergies == "" && !h.PAI }

// Insert makes a family known to services. Situation is the word of the old file ("Séparé(e)"), for agents only.
func Insert(tx *db.Tx, now time.Time, a actor.Actor, situation string, services ...town.ServiceID) (ID, error) {
	if !a.Can(FileWrite) {
		return "", fault.New(fault.Forbidden, "")
	}
	id := ID(db.NewID())
	if err := insertFamily(tx, now, id, strings.TrimSpace(situation)); err != nil {
		return "", fmt.Errorf("insert family: %w", err)
	}
	for _, s := range services {
		if err := insertService(tx, id, s); err != nil {
			return "", fmt.Errorf("insert family service: %w", err)
		}
	}
	return id, audit.Write(tx, now, a, audit.Entry{Action: "family.made", Object: "family", ID: string(id)})
}

// AddService makes the family known to one more service; nothing happens when it was.
func AddService(tx *db.Tx, now time.Time, a actor.Actor, id ID, service town.ServiceID) error {
	if !a.Can(FileWrite) {
		return fault.New(fault.Forbidden, "")
	}
	if err := insertService(tx, id, service); err != nil {
		return fmt.Errorf("insert family service: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "family.service.added", Object: "family", ID: string(id), Detail: string(service)})
}

// AddMember puts somebody in a family; the same person twice in a family is a conflict.
func AddMember(tx *db.Tx, now time.Time, a actor.Actor, m NewMember) (MemberID, error) {
	if !a.Can(FileWrite) {
		return "", fault.New(fault.Forbidden, "")
	}
	id, err := addMember(tx, now, a, m, "family.member.added")
	if err != nil {
		return "", err
	}
	return id, tellFamily(tx, now, a, m.Family, m.Person, id)
}

// tellFamily mails those who head a family what an agent added in their name.
func tellFamily(tx *db.Tx, now time.Time, a actor.Actor, id ID, added person.ID, member MemberID) error {
	if a.Kind != actor.Agent {
		return nil
	}
	heads, err := ToldOf(tx, civil.DateOf(now), id, added, added)
	if err != nil {
		return err
	}
	for _, to := range heads {
		if _, err := mail.Enqueue(tx, now, mail.Message{Template: MailByAgent, To: to, Args: map[string]string{"member": string(member)}}); err != nil {
			return fmt.Errorf("tell family: %w", err)
		}
	}
	return nil
}

func addMember(tx *db.Tx, now time.Time, a actor.Actor, m NewMember, action string) (MemberID, error) {
	if m.State == "" {
		m.State = Approved
	}
	if m.From.IsZero() {
		m.From = civil.DateOf(now)
	}
	id := MemberID(db.NewID())
	added, err := insertMember(tx, now, id, m)
	if err != nil {
		return "", fmt.Errorf("insert family member: %w", err)
	}
	if !added {
		return "", fault.New(fault.Conflict, "Cette personne est déjà dans la famille.")
	}
	return id, audit.Write(tx, now, a, audit.Entry{Action: action, Object: "family_member", ID: string(id),
		Subject: string(m.Person), Detail: string(m.Role)})
}

// AddChild makes a person a child of the town and an approved member of a family; a child may be in two.
func AddChild(tx *db.Tx, now time.Time, a actor.Actor, c NewChild) (ChildID, error) {
	if !a.Can(FileWrite) {
		return "", fault.New(fault.Forbidden, "")
	}
	if err := upsertChild(tx, c); err != nil {
		return "", fmt.Errorf("insert child: %w", err)
	}
	id, err := addMember(tx, now, a, NewMember{Family: c.Family, Person: c.Person, Role: Member, Relation: "enfant", From: c.From}, "family.child.added")
	if err != nil {
		return "", err
	}
	return ChildID(c.Person), tellFamily(tx, now, a, c.Family, c.Person, id)
}

// SetHealth writes a child's health in place of what was known. The audit line does not say what.
func SetHealth(tx *db.Tx, now time.Time, a actor.Actor, child ChildID, h Health) error {
	if !a.Can(HealthWrite) {
		return fault.New(fault.Forbidden, "")
	}
	h.Diet, h.Allergies = strings.TrimSpace(h.Diet), strings.TrimSpace(h.Allergies)
	if err := upsertHealth(tx, now, child, h); err != nil {
		return fmt.Errorf("write health: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "family.health.set", Object: "child", ID: string(child), Subject: string(child)})
}

// ReadHealth reads a child's health for an agent, and logs that it was read: hence the transaction. A child
// without health notes has the zero Health.
func ReadHealth(tx *db.Tx, now time.Time, a actor.Actor, child ChildID) (Health, error) {
	if !a.Can(HealthRead) {
		return Health{}, fault.New(fault.Forbidden, "")
	}
	if err := audit.Read(tx, now, a, audit.Entry{Action: "family.health.read", Object: "child", ID: string(child), Subject: string(child)}); err != nil {
		return Health{}, err
	}
	return healthOf(tx, child)
}
