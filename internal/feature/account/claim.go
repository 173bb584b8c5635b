package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/person"
)

// Provisional is the password of an activation: its hash, until when it opens the first page, and whether it was
// printed on a letter, which also asks for the birth date.
type Provisional struct {
	Hash   string
	Until  civil.Instant
	ByPost bool
}

// SetProvisional gives an account that nobody claimed the password of an activation; the one before dies, and the
// sessions it had opened. It is a building block of admission, which writes the audit line.
func SetProvisional(tx *db.Tx, now time.Time, a actor.Actor, id ID, p Provisional) error {
	if a.Kind != actor.System && a.Kind != actor.Agent {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, id)
	if err != nil {
		return err
	}
	if acc.State != Unclaimed {
		return fault.New(fault.Refused, "Ce compte a déjà été ouvert par son propriétaire.")
	}
	if err := setProvisional(tx, now, id, p); err != nil {
		return err
	}
	_, err = endSessions(tx, id, "")
	return err
}

// Claim is the owner's first sign-in done: the personal password replaces the provisional one, the account is
// active, and an address that received the provisional password by mail is confirmed. birth is asked when it came
// by post. Other devices are signed out.
func Claim(tx *db.Tx, now time.Time, a actor.Actor, hash string, birth civil.Date) error {
	if a.Kind != actor.Citizen || a.State != actor.MustPass {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, ID(a.Account))
	if err != nil {
		return err
	}
	if !acc.Provisional() {
		return fault.New(fault.Refused, "Votre mot de passe personnel est déjà enregistré.")
	}
	if acc.ProvisionalByPost {
		p, err := person.ByID(tx, acc.Person)
		if err != nil {
			return err
		}
		if p.BirthDay.IsZero() || p.BirthDay != birth {
			return fault.InvalidFields(fault.Field{Name: "naissance", Sentence: wrongBirth})
		}
	}
	if err := settle(tx, now, acc, hash, !acc.ProvisionalByPost); err != nil {
		return err
	}
	if _, err := endSessions(tx, acc.ID, a.Session); err != nil {
		return err
	}
	if err := notify(tx, now, acc, MailClaimed); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.claimed", Object: "account", ID: a.Account, Subject: a.Person})
}

// settle stores a personal password, and what its owner has proved by setting it.
func settle(tx *db.Tx, now time.Time, acc Account, hash string, byMail bool) error {
	if err := setPassword(tx, now, acc.ID, hash); err != nil {
		return err
	}
	if acc.State == Unclaimed {
		if err := setState(tx, now, acc.ID, Active); err != nil {
			return err
		}
	}
	if byMail && acc.Email != "" && acc.EmailConfirmedAt == 0 {
		return setEmail(tx, now, acc.ID, acc.Email, civil.InstantOf(now))
	}
	return nil
}

const (
	wrongBirth = "Cette date ne correspond pas à celle que la mairie connaît. Vérifiez-la, ou appelez la mairie."
	wrongOld   = "Ce mot de passe n’est pas celui de votre compte."
)

// ConfirmBirth compares the birth date that a printed code asks for. Wrong ones are counted like passwords.
func (g Gate) ConfirmBirth(ctx context.Context, a actor.Actor, birth civil.Date, address string) error {
	return g.confirm(ctx, a, "birth", address, "naissance", wrongBirth, func(acc Account) (bool, error) {
		p, err := db.Read(ctx, g.DB, func(r db.Reader) (person.Person, error) { return person.ByID(r, acc.Person) })
		return err == nil && !p.BirthDay.IsZero() && p.BirthDay == birth, err
	})
}

// ConfirmPassword asks the password of the signed-in person again, before what matters. A wrong one is an Invalid
// fault on the given field, too many a Throttled one.
func (g Gate) ConfirmPassword(ctx context.Context, a actor.Actor, password, address, field string) error {
	return g.confirm(ctx, a, "password", address, field, wrongOld, func(acc Account) (bool, error) {
		right, _, err := g.verify(ctx, acc, password, false)
		return right, err
	})
}

// confirm counts a question asked to somebody signed in, and its wrong answers.
func (g Gate) confirm(ctx context.Context, a actor.Actor, what, address, field, sentence string, check func(Account) (bool, error)) error {
	if !a.SignedIn() {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := db.Read(ctx, g.DB, func(r db.Reader) (Account, error) { return ByID(r, ID(a.Account)) })
	if err != nil {
		return err
	}
	if address == "" { // asked by a package that does not know it: it counts against nobody else
		address = "account " + a.Account
	}
	k := tryKeys(g.Key, acc.Audience, what+" of "+a.Account, "", address)
	v, err := db.Write(ctx, g.DB, func(tx *db.Tx) (verdict, error) { return reserve(tx, g.Now(), k) })
	if err != nil {
		return err
	}
	if v.wait > 0 {
		return tooMany(waitSentence(v.wait), v.wait)
	}
	right, err := check(acc)
	if err != nil {
		return err
	}
	if right {
		return db.Do(ctx, g.DB, func(tx *db.Tx) error { return forgetTries(tx, v.id, k) })
	}
	err = db.Do(ctx, g.DB, func(tx *db.Tx) error {
		if err := failTry(tx, v.id); err != nil {
			return err
		}
		return audit.Write(tx, g.Now(), a, audit.Entry{Action: "account." + what + ".failed", Object: "account",
			ID: a.Account, Subject: a.Person})
	})
	return errors.Join(err, fault.InvalidFields(fault.Field{Name: field, Sentence: sentence}))
}

// Credentials is what somebody changes about signing in: "" leaves as it is. The old password was confirmed
// before.
type Credentials struct {
	Username string
	Hash     string // of the new password
}

// SetCredentials changes a signed-in person's identifier or password. Other devices are signed out, links sent
// before die, and a mail tells.
func SetCredentials(tx *db.Tx, now time.Time, a actor.Actor, c Credentials) error {
	if !a.SignedIn() || a.Account == "" {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, ID(a.Account))
	if err != nil {
		return err
	}
	changed := []string{}
	if c.Username != "" && c.Username != acc.Username {
		if err := rename(tx, now, acc, c.Username); err != nil {
			return err
		}
		changed = append(changed, "username")
	}
	if c.Hash != "" {
		if err := settle(tx, now, acc, c.Hash, false); err != nil {
			return err
		}
		changed = append(changed, "password")
	}
	if len(changed) == 0 {
		return fault.InvalidFields(fault.Field{Name: "mot_de_passe", Sentence: "Choisissez un nouveau mot de passe ou un autre nom d’utilisateur."})
	}
	if _, err := endSessions(tx, acc.ID, a.Session); err != nil {
		return err
	}
	if err := killTokens(tx, acc.ID, "password"); err != nil {
		return err
	}
	if slices.Contains(changed, "username") {
		if err := notify(tx, now, acc, MailUsernameChanged); err != nil {
			return err
		}
	}
	if slices.Contains(changed, "password") {
		if err := notify(tx, now, acc, MailPasswordChanged); err != nil {
			return err
		}
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.credentials.changed", Object: "account", ID: a.Account,
		Subject: a.Person, Detail: strings.Join(changed, " ")})
}

func rename(tx *db.Tx, now time.Time, acc Account, username string) error {
	if s := CheckUsername(username, acc.Email); s != "" {
		return fault.InvalidFields(fault.Field{Name: "identifiant", Sentence: s})
	}
	if folded := FoldUsername(username); folded != FoldUsername(acc.Username) {
		taken, err := usernameTaken(tx, folded)
		if err != nil {
			return err
		}
		if taken {
			return fault.InvalidFields(fault.Field{Name: "identifiant", Sentence: takenUsername})
		}
	}
	return setUsername(tx, now, acc.ID, username)
}

// countRename counts the identifiers that somebody tries: « déjà pris » tells that a name exists, so that a list of
// names cannot be tried.
func (g Gate) countRename(ctx context.Context, a actor.Actor) error {
	k := tryKeys(g.Key, Citizen, "name of "+a.Account, "", "account "+a.Account)
	v, err := db.Write(ctx, g.DB, func(tx *db.Tx) (verdict, error) { return reserve(tx, g.Now(), k) })
	if err == nil && v.wait > 0 {
		return tooMany(codeWait(v.wait), v.wait)
	}
	return err
}

const takenUsername = "Ce nom d’utilisateur est déjà pris. Choisissez-en un autre."

// CheckUsername tells what is wrong with a chosen identifier, "" when nothing. An @ is for one's own address only.
func CheckUsername(s, email string) string {
	folded := FoldUsername(s)
	n := utf8.RuneCountInString(folded)
	switch {
	case n < 3:
		return "Choisissez un nom d’utilisateur d’au moins 3 caractères."
	case n > 80:
		return "Ce nom d’utilisateur dépasse 80 caractères. Choisissez-en un plus court."
	case strings.ContainsFunc(s, func(r rune) bool { return r == ' ' }):
		return "Écrivez le nom d’utilisateur sans espace, par exemple camille.martin."
	case strings.Contains(folded, "@") && folded != FoldUsername(email):
		return "Seule votre propre adresse e-mail peut servir de nom d’utilisateur."
	case strings.Trim(folded, ".-_@+'’0123456789") == "":
		return "Écrivez un nom d’utilisateur qui contient une lettre."
	}
	return ""
}

// EmailChanged follows a confirmed change of a person's address: mails about signing in go there from now on, and
// links sent to the former one die. It fits person.EmailChanged; a person without an account is no fault.
func EmailChanged(tx *db.Tx, now time.Time, a actor.Actor, who person.ID, email string) error {
	return moveEmail(tx, now, who, email, civil.InstantOf(now))
}

// CorrectEmail follows an agent's correction of an address that was wrong: it is not confirmed.
func CorrectEmail(tx *db.Tx, now time.Time, a actor.Actor, who person.ID, email string) error {
	if a.Kind != actor.System && a.Kind != actor.Agent {
		return fault.New(fault.Forbidden, "")
	}
	return moveEmail(tx, now, who, email, 0)
}

func moveEmail(tx *db.Tx, now time.Time, who person.ID, email string, confirmed civil.Instant) error {
	acc, err := ForPerson(tx, who, Citizen)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if err := setEmail(tx, now, acc.ID, email, confirmed); err != nil {
		return err
	}
	return killTokens(tx, acc.ID, "password")
}

// notify mails an account's owner about the account; without an address there is nobody to tell.
func notify(tx *db.Tx, now time.Time, acc Account, template string) error {
	if acc.Email == "" {
		return nil
	}
	_, err := mail.Enqueue(tx, now, mail.Message{Template: template, To: acc.Email, Account: string(acc.ID),
		Args: map[string]string{"account": string(acc.ID), "at": fmt.Sprint(int64(civil.InstantOf(now)))}})
	return err
}
