package person

import (
	"encoding/base64"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
)

// The rights of agents on people.
const (
	Read         actor.Right = "person.read"          // names, contact details, photo
	ContactWrite actor.Right = "person.contact.write" // correct them
)

// own tells whether the actor is the person, or works for all.
func own(a actor.Actor, id ID) bool {
	return a.Kind == actor.System || a.Kind == actor.Citizen && a.Person == string(id) && id != ""
}

func mayChange(a actor.Actor, id ID) bool { return own(a, id) || a.Can(ContactWrite) }

// SetContact changes how a person is reached, the e-mail address apart. Somebody else's is missing. seen is the
// moment of the version that the form showed (zero: any): when the person changed since, it is a Conflict. With
// keepAddress the address stays as it is: the town wants proof of a new one.
func SetContact(tx *db.Tx, now time.Time, a actor.Actor, id ID, c Contact, seen civil.Instant, keepAddress bool) error {
	if !mayChange(a, id) {
		return fault.Missing("person")
	}
	c, fields := c.Check()
	if err := fault.InvalidFields(fields...); err != nil {
		return err
	}
	before, err := lock(tx, id)
	if err != nil {
		return err
	}
	if seen != 0 && before.UpdatedAt != seen {
		return fault.New(fault.Conflict, "Ces coordonnées ont été modifiées depuis que vous avez ouvert la page. Rien n’a été enregistré. "+
			"Comparez ci-dessous, puis enregistrez de nouveau.")
	}
	if keepAddress {
		c.Address = before.Address
	}
	if err := updateContact(tx, now, id, c); err != nil {
		return fmt.Errorf("update contact: %w", err)
	}
	if err := tellOwner(tx, now, a, MailByAgent, before); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "person.contact.changed", Object: "person", ID: string(id),
		Subject: string(id), Detail: changedFields(before, c)})
}

// tellOwner mails a person, at the address in use until now, what an agent did in her name.
func tellOwner(tx *db.Tx, now time.Time, a actor.Actor, template string, p Person) error {
	if a.Kind != actor.Agent || p.Email == "" {
		return nil
	}
	_, err := mail.Enqueue(tx, now, mail.Message{Template: template, To: p.Email, Args: map[string]string{"person": string(p.ID)}})
	return err
}

func changedFields(p Person, c Contact) string {
	var names []string
	for _, f := range []struct {
		name    string
		changed bool
	}{{"phone", p.Phone != c.Phone}, {"mobile", p.Mobile != c.Mobile}, {"fax", p.Fax != c.Fax},
		{"preferred", p.Preferred != c.Preferred}, {"address", p.Address != c.Address}} {
		if f.changed {
			names = append(names, f.name)
		}
	}
	return joined(" ", names...)
}

// SetEmail gives a person an address without asking its owner: for imports and for an agent who corrects a
// wrong one at the counter. The account's own address is account's business.
func SetEmail(tx *db.Tx, now time.Time, a actor.Actor, id ID, email string) error {
	if a.Kind != actor.System && !a.Can(ContactWrite) {
		return fault.Missing("person")
	}
	email, err := CheckEmail(email)
	if err != nil {
		return fault.InvalidFields(fault.Field{Name: "courriel", Sentence: fault.SentenceOf(err)})
	}
	before, err := lock(tx, id)
	if err != nil {
		return err
	}
	if before.Email != email { // somebody at the counter may not be who she says: the former address is told
		if err := tellOwner(tx, now, a, MailEmailByAgent, before); err != nil {
			return err
		}
	}
	if err := updateEmail(tx, now, id, email); err != nil {
		return fmt.Errorf("update e-mail: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "person.email.corrected", Object: "person", ID: string(id), Subject: string(id)})
}

const (
	// EmailChangeLife is how long the link to confirm a new address works.
	EmailChangeLife = 48 * time.Hour
	// emailChangesADay bounds the mails that one person can have sent to addresses that are not hers.
	emailChangesADay = 5
)

// EmailChange is a new address waiting to be confirmed from its own mailbox.
type EmailChange struct {
	ID        string
	Person    ID
	Email     string
	CreatedAt civil.Instant
	ExpiresAt civil.Instant
}

// emailToken is the secret of a change's link; it is derived, so that the mail can be rendered again and
// nothing clear is stored.
func emailToken(key *crypt.Key, changeID string) string {
	return base64.RawURLEncoding.EncodeToString(key.HMAC("person-email-change", changeID)[:24])
}

// AskEmail records the address that a person wants and mails it a link; the address in use is told of it. An
// earlier demand ends. The same address as now is an Invalid fault.
func AskEmail(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, id ID, email string) error {
	if !own(a, id) {
		return fault.Missing("person")
	}
	email, err := CheckEmail(email)
	if err != nil {
		return fault.InvalidFields(fault.Field{Name: "courriel", Sentence: fault.SentenceOf(err)})
	}
	if email == "" {
		return fault.InvalidFields(fault.Field{Name: "courriel", Sentence: "Indiquez votre nouvelle adresse e-mail."})
	}
	before, err := lock(tx, id)
	if err != nil {
		return err
	}
	if email == before.Email {
		return fault.InvalidFields(fault.Field{Name: "courriel", Sentence: "C’est déjà votre adresse e-mail."})
	}
	asked, err := emailChangesSince(tx, id, civil.InstantOf(now).Add(-24*time.Hour))
	if err != nil {
		return err
	}
	if asked >= emailChangesADay {
		return fault.New(fault.Throttled, "Vous avez demandé plusieurs changements aujourd’hui. Réessayez demain, ou appelez la mairie.")
	}
	c := EmailChange{ID: db.NewID(), Person: id, Email: email, CreatedAt: civil.InstantOf(now), ExpiresAt: civil.InstantOf(now.Add(EmailChangeLife))}
	if err := replaceEmailChange(tx, c, crypt.HashToken(emailToken(key, c.ID))); err != nil {
		return fmt.Errorf("insert e-mail change: %w", err)
	}
	if err := send(tx, now, a, MailConfirm, email, "change", c.ID); err != nil {
		return err
	}
	if before.Email != "" {
		if err := send(tx, now, a, MailAsked, before.Email, "person", string(id)); err != nil {
			return err
		}
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "person.email.asked", Object: "person", ID: string(id), Subject: string(id)})
}

// EmailChanged is called in the transaction that confirms an address, for those above who keep one too.
type EmailChanged func(tx *db.Tx, now time.Time, a actor.Actor, id ID, email string) error

// ConfirmEmail makes the address of a link the person's. The secret is the proof: no session is needed. An
// unknown, used or late link is missing, or Refused with a sentence when it was right once.
func ConfirmEmail(tx *db.Tx, now time.Time, token string, changed EmailChanged) (EmailChange, error) {
	c, err := ChangeOf(tx, now, token)
	if err != nil {
		return EmailChange{}, err
	}
	before, err := lock(tx, c.Person)
	if err != nil {
		return EmailChange{}, err
	}
	won, err := endEmailChange(tx, now, c.ID)
	if err != nil || !won {
		return EmailChange{}, usedLink(err)
	}
	if err := updateEmail(tx, now, c.Person, c.Email); err != nil {
		return EmailChange{}, fmt.Errorf("update e-mail: %w", err)
	}
	a := actor.Job("email-link")
	if changed != nil {
		if err := changed(tx, now, a, c.Person, c.Email); err != nil {
			return EmailChange{}, err
		}
	}
	if before.Email != "" {
		if err := send(tx, now, a, MailChanged, before.Email, "person", string(c.Person)); err != nil {
			return EmailChange{}, err
		}
	}
	return c, audit.Write(tx, now, a, audit.Entry{Action: "person.email.confirmed", Object: "person", ID: string(c.Person), Subject: string(c.Person)})
}

// ChangeOf reads the change that a link stands for, without using it up.
func ChangeOf(r db.Reader, now time.Time, token string) (EmailChange, error) {
	c, ended, err := emailChangeByHash(r, crypt.HashToken(token))
	if err != nil {
		return EmailChange{}, err
	}
	if ended {
		return EmailChange{}, usedLink(nil)
	}
	if c.ExpiresAt <= civil.InstantOf(now) {
		return EmailChange{}, fault.New(fault.Refused, "Ce lien a plus de 48 heures : il ne fonctionne plus. "+
			"Votre adresse n’a pas changé. Demandez un nouveau lien depuis vos coordonnées.")
	}
	return c, nil
}

func usedLink(err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Refused, "Ce lien a déjà servi, ou un autre l’a remplacé. Ouvrez le dernier e-mail reçu, "+
		"ou vérifiez votre adresse dans vos coordonnées.")
}
