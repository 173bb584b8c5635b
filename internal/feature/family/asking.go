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

// mostAsked is how many people somebody proposes in 24 hours, those taken back too; another head of the family has their own.
const mostAsked = 15

// Ask is « Ajouter à ma famille »: a holder or co-holder proposes a person, who is a pending member until agents
// of the service answer. The family must be known by that service.
func Ask(tx *db.Tx, now time.Time, a actor.Actor, d Addition) (MemberID, error) {
	today := civil.DateOf(now)
	if err := Owns(tx, a, d.Family, today); err != nil {
		return "", err
	}
	if err := knows(tx, d.Family, d.Service); err != nil {
		return "", err
	}
	p, err := d.Check(today)
	if err != nil {
		return "", err
	}
	same, err := namesake(tx, d.Family, p)
	if err != nil {
		return "", err
	}
	if same {
		return "", fault.InvalidFields(fault.Field{Name: "nom", Sentence: "Cette personne est déjà dans votre famille, ou en cours de vérification."})
	}
	if err := Lock(tx, d.Family); err != nil {
		return "", err
	}
	asked, err := db.One(tx, "count", db.Column[int64], `select count(*) from family_member where asked_by = $1 and asked_at > $2`,
		a.Person, civil.InstantOf(now.Add(-24*time.Hour)))
	if err != nil {
		return "", wrap("count those proposed", err)
	}
	if asked >= mostAsked {
		return "", fault.InvalidFields(fault.Field{Name: "nom", Sentence: "Vous avez déjà proposé 15 personnes aujourd’hui. Réessayez demain, ou appelez le service."})
	}
	id, err := person.Insert(tx, now, a, p)
	if err != nil {
		return "", err
	}
	return addMember(tx, now, a, NewMember{Family: d.Family, Person: id, Role: d.Role, Relation: person.Clean(d.Relation),
		MayCollect: d.MayCollect && d.Role == Contact, Service: d.Service, State: Pending, AskedBy: person.ID(a.Person)},
		"family.member.asked")
}

// Withdraw takes back a proposal that no agent has answered yet, by somebody who acts in the family.
func Withdraw(tx *db.Tx, now time.Time, a actor.Actor, id MemberID) error {
	m, err := memberByID(tx, id)
	if err != nil {
		return err
	}
	if err := Owns(tx, a, m.Family, civil.DateOf(now)); err != nil {
		return fault.Missing("family member")
	}
	if err := settle(tx, now, id, Withdrawn, ""); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "family.member.withdrawn", Object: "family_member", ID: string(id), Subject: string(m.Person)})
}

// Decision is an agent's answer to a pending member; a refusal says why.
type Decision struct {
	Approve bool
	Reason  string
}

// Decide answers a pending member, for an agent who approves for the service that was asked. The family is told by
// mail either way. An approved member under 18 becomes a child of the town, to be enrolled.
func Decide(tx *db.Tx, now time.Time, a actor.Actor, id MemberID, d Decision) error {
	m, err := memberByID(tx, id)
	if err != nil {
		return err
	}
	if !mayApprove(a, m.Service) {
		return fault.Missing("family member")
	}
	state, action, template := Refused, "family.member.refused", MailRefused
	if d.Approve {
		state, action, template = Approved, "family.member.approved", MailApproved
	}
	d.Reason = strings.TrimSpace(d.Reason)
	if !d.Approve && d.Reason == "" {
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Indiquez le motif\u00a0: la famille le lira."})
	}
	if err := settle(tx, now, id, state, d.Reason); err != nil {
		return err
	}
	if d.Approve && m.Role == Member && minor(m.Born, civil.DateOf(now)) {
		if err := upsertChild(tx, NewChild{Family: m.Family, Person: m.Person}); err != nil {
			return fmt.Errorf("insert child: %w", err)
		}
	}
	if m.AskerEmail != "" && m.Asker != m.Person {
		if _, err := mail.Enqueue(tx, now, mail.Message{Template: template, To: m.AskerEmail, Args: map[string]string{"member": string(id)}}); err != nil {
			return fmt.Errorf("enqueue answer: %w", err)
		}
	}
	if err := tellCoholder(tx, now, m, d.Approve); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: action, Object: "family_member", ID: string(id), Subject: string(m.Person)})
}

// tellCoholder writes the answer to a co-holder who waited for it; members and contacts asked for nothing.
func tellCoholder(tx *db.Tx, now time.Time, m asked, approved bool) error {
	if !m.Role.Acts() {
		return nil
	}
	p, err := person.ByID(tx, m.Person)
	if err != nil || p.Email == "" {
		return err
	}
	template := MailTurned
	if approved {
		template = MailJoined
	}
	if _, err := mail.Enqueue(tx, now, mail.Message{Template: template, To: p.Email, Args: map[string]string{"member": string(m.ID)}}); err != nil {
		return fmt.Errorf("enqueue answer to co-holder: %w", err)
	}
	return nil
}

// settle moves a pending member on; one already answered is a conflict.
func settle(tx *db.Tx, now time.Time, id MemberID, to State, reason string) error {
	moved, err := setState(tx, now, id, to, reason)
	if err != nil {
		return fmt.Errorf("answer family member: %w", err)
	}
	if !moved {
		return fault.New(fault.Conflict, "Cette demande a déjà reçu une réponse. Rechargez la page pour la lire.")
	}
	return nil
}

func mayApprove(a actor.Actor, service town.ServiceID) bool {
	if service == "" {
		return a.CanFor(MemberApprove, actor.AllServices)
	}
	return a.CanFor(MemberApprove, string(service))
}

// Restriction keeps one adult from acting for one child, by a court's decision: only its date and reference.
type Restriction struct {
	ID        string
	Person    person.ID
	Child     ChildID
	From      civil.Date
	DecidedOn civil.Date
	Reference string
	Lifted    civil.Date
}

// Restrict sets a restriction; it takes effect at once, from its first day, whatever else the adult holds.
func Restrict(tx *db.Tx, now time.Time, a actor.Actor, x Restriction) (string, error) {
	if !a.Can(RestrictSet) {
		return "", fault.New(fault.Forbidden, "")
	}
	var fields []fault.Field
	if x.Person == "" || x.Child == "" {
		fields = append(fields, fault.Field{Name: "adulte", Sentence: "Choisissez l’adulte et l’enfant concernés."})
	}
	if x.DecidedOn.IsZero() || x.DecidedOn.After(civil.DateOf(now)) {
		fields = append(fields, fault.Field{Name: "decision", Sentence: "Indiquez la date de la décision, par exemple 12/03/2026."})
	}
	if x.Reference = strings.TrimSpace(x.Reference); x.Reference == "" {
		fields = append(fields, fault.Field{Name: "reference", Sentence: "Indiquez la référence de la décision."})
	}
	if err := fault.InvalidFields(fields...); err != nil {
		return "", err
	}
	if x.From.IsZero() {
		x.From = civil.DateOf(now)
	}
	x.ID = db.NewID()
	if err := insertRestriction(tx, now, x); err != nil {
		return "", fmt.Errorf("insert restriction: %w", err)
	}
	return x.ID, audit.Write(tx, now, a, audit.Entry{Action: "family.restriction.set", Object: "restriction", ID: x.ID, Subject: string(x.Child)})
}

// Lift ends a restriction from today on. One already lifted is a conflict.
func Lift(tx *db.Tx, now time.Time, a actor.Actor, id string) error {
	if !a.Can(RestrictSet) {
		return fault.New(fault.Forbidden, "")
	}
	lifted, err := liftRestriction(tx, id, civil.DateOf(now))
	if err != nil {
		return fmt.Errorf("lift restriction: %w", err)
	}
	if !lifted {
		return fault.New(fault.Conflict, "Cette restriction est déjà levée.")
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "family.restriction.lifted", Object: "restriction", ID: id})
}
