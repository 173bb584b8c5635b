package admission

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// guest is the actor of what a link's holder does before being anybody.
func guest() actor.Actor { return actor.Job("invitation") }

// Answer is what the invited person gives to open an account.
type Answer struct {
	Civility   person.Civility
	LastName   string // of somebody new; a known co-holder keeps the names that the town has
	FirstNames string
	Birth      civil.Date
	Username   string
	Hash       string
	Terms      string // versions accepted
	Privacy    string
}

const wrongInviteBirth = "Cette date ne correspond pas à celle que la mairie connaît. Vérifiez-la, ou appelez la mairie."

// birthFault compares a birth date with the one that the town has of a co-holder whom it writes to itself; nothing is
// compared otherwise, so that nobody learns a date by asking.
func birthFault(r db.Reader, v Invite, birth civil.Date) (string, error) {
	if v.Person == "" || !v.Vouched() {
		return "", nil
	}
	p, err := person.ByID(r, v.Person)
	if err != nil || p.BirthDay.IsZero() || p.BirthDay == birth {
		return "", err
	}
	return wrongInviteBirth, nil
}

// AcceptNew opens an account by an invitation's link and gives it its place in the family. A known co-holder to whom
// the town itself wrote claims the imported account and heads the family at once, as agents approved it before. One
// whose address the holder typed is compared by an agent first: whoever types an address would else open the other
// parent's space. Somebody new waits for an agent of the service, unless the town asks for none.
func AcceptNew(tx *db.Tx, now time.Time, secret string, w Answer) (account.ID, Outcome, error) {
	v, err := takeInvite(tx, now, secret)
	if err != nil {
		return "", "", err
	}
	var id account.ID
	var outcome Outcome
	switch {
	case v.Person != "" && v.Vouched():
		id, outcome, err = acceptKnown(tx, now, v, w)
	case v.Person != "":
		id, err = openNewcomer(tx, now, v, w, account.Waiting)
		outcome = ToLink
	default:
		if id, err = openNewcomer(tx, now, v, w, account.Active); err != nil {
			return "", "", err
		}
		outcome, err = join(tx, now, v, id)
	}
	if err != nil {
		return "", "", err
	}
	return id, outcome, accepted(tx, now, v, id, outcome, w.Terms, w.Privacy)
}

// acceptKnown opens the account of a co-holder whom the family still has.
func acceptKnown(tx *db.Tx, now time.Time, v Invite, w Answer) (account.ID, Outcome, error) {
	place, err := family.PlaceOf(tx, v.Family, v.Person)
	if err != nil {
		return "", "", err
	}
	if place != (family.Place{Role: family.CoHolder, State: family.Approved}) {
		return "", "", fault.New(fault.Refused, "Cette invitation ne vaut plus : la famille a changé. Appelez la mairie.")
	}
	wrong, err := birthFault(tx, v, w.Birth)
	if err != nil {
		return "", "", err
	}
	if wrong != "" {
		return "", "", fault.InvalidFields(fault.Field{Name: "naissance", Sentence: wrong})
	}
	id, err := account.OpenInvited(tx, now, guest(), account.Account{Person: v.Person, Email: v.Email, Username: w.Username, State: account.Active}, w.Hash)
	if err != nil {
		return "", "", err
	}
	if err := replace(tx, now, id); err != nil { // an activation mail sent before no longer counts
		return "", "", err
	}
	return id, Joined, complete(tx, now, v, w, id)
}

// complete gives a known person what the town did not have: the birth date, the address that an agent typed.
func complete(tx *db.Tx, now time.Time, v Invite, w Answer, id account.ID) error {
	p, err := person.ByID(tx, v.Person)
	if err != nil {
		return err
	}
	if p.Email == "" {
		if err := person.SetEmail(tx, now, guest(), v.Person, v.Email); err != nil {
			return err
		}
	}
	if !p.BirthDay.IsZero() {
		return nil
	}
	p.BirthDay = w.Birth
	return person.Correct(tx, now, actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(id), Person: string(v.Person)}, p)
}

// openNewcomer makes a person and an account of what was typed; the link proved the address.
func openNewcomer(tx *db.Tx, now time.Time, v Invite, w Answer, state account.State) (account.ID, error) {
	who, err := person.InsertNewcomer(tx, now, guest(), person.Person{Civility: w.Civility, LastName: w.LastName, FirstNames: w.FirstNames,
		BirthDay: w.Birth, Email: v.Email}, "")
	if err != nil {
		return "", err
	}
	return account.OpenInvited(tx, now, guest(), account.Account{Person: who, Email: v.Email, Username: w.Username, State: state}, w.Hash)
}

// AcceptAs gives the signed-in person's own account its place in the family. Who is in it already keeps that place.
func AcceptAs(tx *db.Tx, now time.Time, a actor.Actor, secret string) (Outcome, error) {
	if a.Kind != actor.Citizen || a.Account == "" || a.State == actor.MustPass {
		return "", fault.New(fault.Forbidden, "")
	}
	v, err := takeInvite(tx, now, secret)
	if err != nil {
		return "", err
	}
	if v.By != "" && string(v.By) == a.Person {
		return "", fault.New(fault.Refused, "Vous avez envoyé cette invitation vous-même. Connectez-vous avec le compte de la personne invitée.")
	}
	outcome, err := join(tx, now, v, account.ID(a.Account))
	if err != nil {
		return "", err
	}
	return outcome, accepted(tx, now, v, account.ID(a.Account), outcome, "", "")
}

// join makes the owner of an account a co-holder, approved or to be verified by an agent.
func join(tx *db.Tx, now time.Time, v Invite, id account.ID) (Outcome, error) {
	if err := family.Lock(tx, v.Family); err != nil {
		return "", err
	}
	acc, err := account.ByID(tx, id)
	if err != nil {
		return "", err
	}
	place, err := family.PlaceOf(tx, v.Family, acc.Person)
	if err != nil {
		return "", err
	}
	switch {
	case place.Role.Acts() && place.State == family.Approved:
		return Joined, nil
	case place.Role.Acts():
		return ToVerify, nil
	case place.Role != "":
		return "", fault.New(fault.Refused, "Vous êtes déjà dans cette famille avec un autre rôle. Appelez la mairie, qui peut le changer.")
	}
	check, err := needsAgent(tx, now, v, acc)
	if err != nil {
		return "", err
	}
	m := family.NewMember{Family: v.Family, Person: acc.Person, Relation: v.Relation, State: family.Approved}
	outcome := Joined
	if check {
		m.State, m.Service, m.AskedBy, outcome = family.Pending, v.Service, v.By, ToVerify
	}
	_, err = family.Join(tx, now, guest(), m)
	return outcome, err
}

// needsAgent tells whether an agent answers before somebody heads a family. Whatever the town's rule, an agent looks
// when a restriction stands between a child of the family and the invited person or who invited, when who invited no
// longer holds the family, and when the account is not the one that was written to. Somebody whom the family does not
// know is let in by nobody but an agent as soon as any restriction stands in the family, or somebody known looks like
// this person: who is kept from a child would else come back as somebody new.
func needsAgent(r db.Reader, now time.Time, v Invite, acc account.Account) (bool, error) {
	if acc.EmailConfirmedAt == 0 || !strings.EqualFold(acc.Email, v.Email) || v.Person != "" && v.Person != acc.Person {
		return true, nil
	}
	day := civil.DateOf(now)
	for _, who := range []person.ID{acc.Person, v.By} {
		if who == "" {
			continue
		}
		if kept, err := family.Kept(r, v.Family, who, day); err != nil || kept {
			return true, err
		}
	}
	if v.Person == "" { // what nobody but the inviter says of somebody
		if strange, err := resembles(r, v.Family, acc.Person, day); err != nil || strange {
			return true, err
		}
	}
	if v.ByAgent != "" {
		return false, nil
	}
	heads, err := family.HeadsStill(r, v.By, v.Family, day)
	if err != nil || !heads {
		return true, err
	}
	s, err := town.ReadSettings(r)
	return !s.CoholderAtOnce, err
}

// resembles tells whether somebody whom a family does not know may be somebody kept from its children.
func resembles(r db.Reader, id family.ID, who person.ID, day civil.Date) (bool, error) {
	kept, err := family.Restricted(r, id, day)
	if err != nil || len(kept) > 0 {
		return true, err
	}
	ranked, err := namesakes(r, who)
	return len(ranked) > 0, err
}

// namesakes are the known people whom somebody may be, by name or by all the rest, first the most likely.
func namesakes(r db.Reader, who person.ID) ([]Ranked, error) {
	typed, err := person.ByID(r, who)
	if err != nil {
		return nil, err
	}
	_, ranked, _, err := candidates(r, typed)
	return slices.DeleteFunc(ranked, func(x Ranked) bool {
		return x.Person.ID == who || x.Match.Name < Close && !x.Match.Grade.Same()
	}), err
}

// accepted notes an acceptance, tells who invited and the service, and writes the journal.
func accepted(tx *db.Tx, now time.Time, v Invite, id account.ID, outcome Outcome, terms, privacy string) error {
	if err := settleInvite(tx, v.ID, id, outcome, terms, privacy); err != nil {
		return err
	}
	acc, err := account.ByID(tx, id)
	if err != nil {
		return err
	}
	if v.By != "" {
		p, err := person.ByID(tx, v.By)
		if err != nil {
			return err
		}
		if err := tellInvite(tx, now, MailInviteAccepted, p.Email, v.ID); err != nil {
			return err
		}
	}
	to, err := desk(tx, v)
	if err != nil {
		return err
	}
	if err := tellInvite(tx, now, MailInviteAgents, to, v.ID); err != nil {
		return err
	}
	by := actor.Actor{Kind: actor.Citizen, Account: string(id), Person: string(acc.Person)}
	v.Person = acc.Person
	return auditInvite(tx, now, by, "admission.invite.accepted", v)
}

// desk is the address of the service that answers for the family, or of the town hall.
func desk(r db.Reader, v Invite) (string, error) {
	if v.Service != "" {
		s, err := town.ServiceByID(r, v.Service)
		if err != nil || s.Email != "" {
			return s.Email, err
		}
	}
	s, err := town.ReadSettings(r)
	return s.Help().Email, err
}

func tellInvite(tx *db.Tx, now time.Time, template, to string, id InviteID) error {
	if to == "" {
		return nil
	}
	_, err := mail.Enqueue(tx, now, mail.Message{Template: template, To: to, Args: map[string]string{"invite": string(id)}})
	return err
}
