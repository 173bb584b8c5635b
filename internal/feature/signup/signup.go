// Package signup is the wizard « Création d’un espace personnel »: what a newcomer types step by step, the demand
// that is sent, and the confirmation of its e-mail address, after which an agent decides (admission).
//
// It owns the tables signup_draft, signup and signup_consent. It decides nothing about who is let in, matches nobody
// with known families and signs nobody in. Nobody learns from it whether an address or an identifier is known: the
// answer to a demand is the same, only the mail differs, and an identifier is compared once the mail is answered.
//
// A draft is reached by a random cookie only. That cookie is worth little to who copies it: it changes at each step
// and the one before dies once the new one is received; it opens nothing in another sort of browser; it dies when the demand is
// sent; and no page ever shows a password. What is stored is sealed with the town's key and leaves after a day.
package signup

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
)

const (
	draftLife   = 24 * time.Hour     // of a draft after its last step, and of « Demande reçue »
	confirmLife = 7 * 24 * time.Hour // of the confirmation link, and of an account that nobody confirms
	mailsADay   = 6                  // mails that one address can be sent in a day, whoever asks
	mailsEach   = 4                  // mails of one demand
	triesEach   = 15                 // identifiers tried from the page of one confirmation mail
	mailEvery   = 2 * time.Minute    // between two mails of one demand
)

// ID names a demand.
type ID string

// Demand is a demand that was sent.
type Demand struct {
	ID          ID
	Reference   string // "CE-7K3F-92QX", said on the phone
	Account     account.ID
	Wished      string // the identifier asked for
	Mails       int64
	MailedAt    civil.Instant
	CreatedAt   civil.Instant
	ExpiresAt   civil.Instant
	ConfirmedAt civil.Instant

	emailKey string
	browser  string
	snapshot []byte
}

// Order is a complete draft on its way to becoming a demand.
type Order struct {
	Draft    Draft
	Hash     string // of the password
	Photo    string // stored, "" for none
	Terms    string // version accepted
	Privacy  string
	Received string // the cookie that will show « Demande reçue »
	Browser  string
}

// wizard is who acts for a visitor without an account.
func wizard() actor.Actor { return actor.Job("wizard") }

// Send turns a draft into a demand: the person, an account that nobody can open yet, what was accepted, and the
// mail, whatever the address. When the address is a known account's, its owner is told instead of being sent a
// link: this demand then ends by itself. A draft that is gone was sent already, or expired: a Conflict.
func Send(tx *db.Tx, now time.Time, key *crypt.Key, drop DropPhoto, o Order) (Demand, error) {
	gone, err := deleteDraft(tx, o.Draft.ID)
	if err != nil || !gone {
		return Demand{}, errGone(err)
	}
	p := o.Draft.person()
	mails, err := replace(tx, now, drop, o.Draft.Replaces, emailKey(key, p.Email))
	if err != nil {
		return Demand{}, err
	}
	who, err := person.InsertNewcomer(tx, now, wizard(), p, o.Photo)
	if err != nil {
		return Demand{}, err
	}
	acc, err := account.InsertUnconfirmed(tx, now, wizard(), who, p.Email, o.Hash)
	if err != nil {
		return Demand{}, err
	}
	d := Demand{ID: ID(db.NewID()), Reference: newReference(), Account: acc, Wished: o.Draft.Fields["identifiant"],
		CreatedAt: civil.InstantOf(now), ExpiresAt: civil.InstantOf(now.Add(confirmLife)), emailKey: emailKey(key, p.Email), browser: o.Browser, Mails: mails}
	o.Draft.Hash = o.Hash
	if d.snapshot, err = seal(key, snapshotPurpose(d.ID), o.Draft); err != nil {
		return Demand{}, err
	}
	if err := insertDemand(tx, d, crypt.HashToken(linkSecret(key, d.ID)), crypt.HashToken(o.Received)); err != nil {
		return Demand{}, err
	}
	if err := insertConsents(tx, now, acc, o.Terms, o.Privacy); err != nil {
		return Demand{}, err
	}
	if err := sendLink(tx, now, d, p.Email); err != nil {
		return Demand{}, err
	}
	return d, audit.Write(tx, now, wizard(), audit.Entry{Action: "signup.sent", Object: "account", ID: string(acc), Subject: string(who), Detail: d.Reference})
}

// sendLink mails the confirmation link, or tells the owner of a known address. Both cost the same statements. An
// address that was sent many mails today gets no more, which nobody is told.
func sendLink(tx *db.Tx, now time.Time, d Demand, email string) error {
	sent, err := countMail(tx, d.emailKey, civil.DateOf(now))
	if err != nil {
		return err
	}
	known, err := account.WithEmail(tx, email)
	if err != nil {
		return err
	}
	if err := noteMail(tx, now, d.ID); err != nil || sent > mailsADay {
		return err
	}
	m := mail.Message{Template: MailConfirm, To: email, Account: string(d.Account), Args: map[string]string{"signup": string(d.ID)}}
	if len(known) > 0 {
		m.Template, m.Args = MailKnown, map[string]string{"signup": string(d.ID), "account": string(known[0].ID)}
	}
	_, err = mail.Enqueue(tx, now, m)
	return err
}

// Resend mails the same again. Asked too often, it is a Throttled fault.
func Resend(tx *db.Tx, now time.Time, received, browser string) error {
	d, err := lockReceived(tx, now, received, browser)
	if err != nil {
		return err
	}
	if d.ConfirmedAt != 0 {
		return fault.New(fault.Refused, "Votre adresse est déjà confirmée : il n’y a plus rien à envoyer.")
	}
	if d.Mails >= mailsEach {
		return fault.New(fault.Throttled, manyMails)
	}
	if d.MailedAt.Add(mailEvery) > civil.InstantOf(now) {
		return fault.New(fault.Throttled, justMailed)
	}
	acc, err := account.ByID(tx, d.Account)
	if err != nil {
		return err
	}
	if err := sendLink(tx, now, d, acc.Email); err != nil {
		return err
	}
	return audit.Write(tx, now, wizard(), audit.Entry{Action: "signup.resent", Object: "account", ID: string(acc.ID), Subject: string(acc.Person)})
}

// Confirm is the owner's answer from the mail: the account waits for an agent from now on. username is the
// identifier to take when the wished one is not free any more; an Invalid fault on "identifiant" asks for it.
func Confirm(tx *db.Tx, now time.Time, secret, username string) (Demand, error) {
	d, err := lockLink(tx, secret)
	if err != nil {
		return Demand{}, err
	}
	if err := answerable(d, now); err != nil {
		return Demand{}, err
	}
	acc, err := account.ByID(tx, d.Account)
	if err != nil {
		return Demand{}, err
	}
	known, err := account.WithEmail(tx, acc.Email)
	if err != nil {
		return Demand{}, err
	}
	if len(known) > 0 {
		return Demand{}, errKnown
	}
	if username == "" {
		username = d.Wished
	}
	if err := account.Confirm(tx, now, wizard(), acc.ID, username); err != nil {
		return Demand{}, err
	}
	if err := setConfirmed(tx, now, d.ID); err != nil {
		return Demand{}, err
	}
	_, err = mail.Enqueue(tx, now, mail.Message{Template: MailWaiting, To: acc.Email, Account: string(acc.ID),
		Args: map[string]string{"signup": string(d.ID)}})
	return d, err
}

var (
	errKnown = fault.New(fault.Refused, "Un espace utilise déjà cette adresse e-mail.")
	errUsed  = fault.New(fault.Refused, "Ce lien a déjà servi : votre adresse est confirmée.")
	errLate  = fault.New(fault.Refused, "Ce lien a plus de 7 jours : il ne fonctionne plus.")
)

func answerable(d Demand, now time.Time) error {
	switch {
	case d.ConfirmedAt != 0:
		return errUsed
	case d.ExpiresAt <= civil.InstantOf(now):
		return errLate
	}
	return nil
}

// Reopen makes a draft again of a demand whose address may be wrong; the demand itself stays until the corrected
// one is sent. It returns the draft's cookie.
func Reopen(tx *db.Tx, now time.Time, key *crypt.Key, received, browser, address string, photo []byte) (string, error) {
	d, err := lockReceived(tx, now, received, browser)
	if err != nil {
		return "", err
	}
	if d.ConfirmedAt != 0 {
		return "", fault.New(fault.Refused, "Votre adresse est déjà confirmée. Vous pourrez la changer dans vos coordonnées.")
	}
	typed, err := openSnapshot(key, d)
	if err != nil {
		return "", err
	}
	typed.ID, typed.Replaces = db.NewID(), d.ID
	typed.Photo = len(photo) > 0
	token, hash := crypt.NewToken()
	row := draftRow{id: typed.ID, tokenHash: hash, browser: browser, address: address, expires: civil.InstantOf(now.Add(draftLife))}
	if row.sealed, err = seal(key, draftPurpose(typed.ID), typed); err != nil {
		return "", err
	}
	if err := insertDraft(tx, now, row); err != nil || len(photo) == 0 {
		return token, err
	}
	return token, setDraftPhoto(tx, key, typed.ID, photo)
}

// DropPhoto lets go of a stored photo within a transaction; it is person.Photos' Drop.
type DropPhoto func(tx *db.Tx, now time.Time, id string) error

const (
	manyMails  = "Plusieurs e-mails sont déjà partis. Regardez dans les courriers indésirables, ou appelez la mairie."
	justMailed = "Un e-mail vient de partir. Attendez 2 minutes avant d’en demander un autre."
)

// replace removes the demand that a corrected one takes the place of, unless its address was confirmed meanwhile. It
// returns the mails that the same address was sent for it: a correction that corrects no address begins no new count.
func replace(tx *db.Tx, now time.Time, drop DropPhoto, id ID, email string) (int64, error) {
	if id == "" {
		return 0, nil
	}
	d, err := demandByID(tx, id)
	if fault.KindOf(err) == fault.NotFound || err == nil && d.ConfirmedAt != 0 {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if d.emailKey != email {
		return 0, remove(tx, now, drop, d)
	}
	switch {
	case d.Mails >= mailsEach:
		return 0, fault.New(fault.Invalid, manyMails)
	case d.MailedAt.Add(mailEvery) > civil.InstantOf(now):
		return 0, fault.New(fault.Invalid, justMailed)
	}
	return d.Mails, remove(tx, now, drop, d)
}

// remove leaves nothing of a demand that nobody confirmed: account, person, photo, mails.
func remove(tx *db.Tx, now time.Time, drop DropPhoto, d Demand) error {
	acc, err := account.ByID(tx, d.Account)
	if err != nil {
		return err
	}
	if err := deleteDemand(tx, d); err != nil {
		return err
	}
	if err := account.RemoveUnconfirmed(tx, wizard(), acc.ID); err != nil {
		return err
	}
	if err := mail.Forget(tx, string(acc.ID)); err != nil {
		return err
	}
	photo, err := person.RemoveNewcomer(tx, wizard(), acc.Person)
	if err != nil || photo == "" || drop == nil {
		return err
	}
	return drop(tx, now, photo)
}

// linkSecret is what a confirmation link ends with; it is derived, so that the mail can be rendered again and
// nothing clear is stored.
func linkSecret(key *crypt.Key, id ID) string { return derived(key, "signup-link", string(id)) }

func derived(key *crypt.Key, purpose string, parts ...string) string {
	return base64.RawURLEncoding.EncodeToString(key.HMAC(purpose, parts...)[:24])
}

func emailKey(key *crypt.Key, email string) string { return derived(key, "signup-email", email) }

// newReference is eight characters that can be read aloud.
func newReference() string {
	var raw [5]byte
	rand.Read(raw[:])
	s := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").EncodeToString(raw[:])
	return "CE-" + s[:4] + "-" + s[4:]
}

func snapshotPurpose(id ID) string { return "signup-snapshot:" + string(id) }

func draftPurpose(id string) string { return "signup-draft:" + id }

// sealedSize is what every sealed draft is padded to, a multiple: its length tells little.
const sealedSize = 2048

func seal(key *crypt.Key, purpose string, d Draft) ([]byte, error) {
	plain, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("write draft: %w", err)
	}
	for len(plain)%sealedSize != 0 {
		plain = append(plain, ' ')
	}
	return key.Seal(purpose, plain)
}

func unseal(key *crypt.Key, purpose string, sealed []byte) (Draft, error) {
	plain, err := key.Open(purpose, sealed)
	if err != nil {
		return Draft{}, fmt.Errorf("open draft: %w", err)
	}
	var d Draft
	if err := json.Unmarshal(plain, &d); err != nil {
		return Draft{}, fmt.Errorf("read draft: %w", err)
	}
	return d, nil
}

func openSnapshot(key *crypt.Key, d Demand) (Draft, error) {
	if len(d.snapshot) == 0 {
		return Draft{}, errGone(nil)
	}
	return unseal(key, snapshotPurpose(d.ID), d.snapshot)
}

func errGone(err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "Cette saisie a déjà été envoyée, ou elle a plus de 24 heures.")
}
