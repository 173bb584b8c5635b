// Package admission brings people in: the activation mails and letters of imported accounts, their campaign, and
// what agents follow of them.
//
// It owns the tables activation, campaign, campaign_item, newcomer, decision and invite. It stores no password in
// clear (a provisional one is derived from the activation's id and the town's key), signs nobody in but who answers an
// invitation (account does) and does not import (moving).
package admission

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// The rights of agents on activations.
const (
	Read      actor.Right = "admission.read"     // follow them
	SendRight actor.Right = "admission.send"     // send mails, correct addresses
	Print     actor.Right = "admission.print"    // print a letter, whose code is read by who prints it
	Campaign  actor.Right = "admission.campaign" // send to many at once
)

// MailLink is the activation mail.
const MailLink = "admission.activation"

const (
	validity    = 14 * 24 * time.Hour  // of a provisional password
	specimen    = "XXXXXXXXXX"         // what previews show in its place
	renewals    = 3                    // activations of a day beyond which an owner cannot ask for one more
	jobCampaign = "admission.campaign" // sends one minute's share
	jobRenew    = "admission.renew"    // answers an expired link's owner
)

// ID names an activation: one mail or letter with its own provisional password.
type ID string

// Activation is one mail or letter to the owner of an imported account.
type Activation struct {
	ID         ID
	Account    account.ID
	ByPost     bool
	Mail       mail.ID
	SentTo     string
	CreatedAt  civil.Instant
	ExpiresAt  civil.Instant
	OpenedAt   civil.Instant
	ReplacedAt civil.Instant
}

// Alive tells whether its link and password still count.
func (v Activation) Alive(now civil.Instant) bool { return v.ReplacedAt == 0 && now < v.ExpiresAt }

// Desk is what sending needs.
type Desk struct {
	DB        *db.DB
	Key       *crypt.Key
	Now       func() time.Time
	PerMinute int // mails of a campaign a minute; 60 when zero

	hash func(ctx context.Context, password string) (string, error) // nil: crypt's
}

// Prepared is an activation whose password is hashed and not yet written.
type Prepared struct {
	id   ID
	hash string
}

// Prepare makes an activation's id and hashes its password, before any transaction.
func (d Desk) Prepare(ctx context.Context) (Prepared, error) {
	id := ID(db.NewID())
	hash := d.hash
	if hash == nil {
		hash = crypt.HashPassword
	}
	h, err := hash(ctx, crypt.ProvisionalPassword(d.Key, string(id)))
	return Prepared{id: id, hash: h}, err
}

// Send makes an activation and its mail to the account's address; the earlier link and password die. An account
// already claimed, or without an address, is Refused.
func Send(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, p Prepared, to account.ID) error {
	return send(tx, now, a, key, p, to, false)
}

// send is Send; bulk mails leave at the rate of campaigns, after all others.
func send(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, p Prepared, to account.ID, bulk bool) error {
	if a.Kind != actor.System && !a.Can(SendRight) {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := reached(tx, a, SendRight, to)
	if err != nil {
		return err
	}
	if acc.Email == "" {
		return fault.New(fault.Refused, "Aucune adresse e-mail n’est connue. Ajoutez-en une, ou imprimez la lettre.")
	}
	if err := issue(tx, now, a, key, p, acc, false); err != nil {
		return err
	}
	id, err := mail.Enqueue(tx, now, mail.Message{Template: MailLink, To: acc.Email, Account: string(to), Bulk: bulk,
		Args: map[string]string{"activation": string(p.id)}})
	if err != nil {
		return err
	}
	if err := setMail(tx, p.id, id, acc.Email); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "admission.sent", Object: "activation", ID: string(p.id), Subject: string(acc.Person)})
}

// reached reads an account that the agent's right reaches; another is NotFound.
func reached(tx *db.Tx, a actor.Actor, right actor.Right, id account.ID) (account.Account, error) {
	if _, err := WordOf(tx, ReachOf(a, right), id); err != nil {
		return account.Account{}, err
	}
	return account.ByID(tx, id)
}

// issue replaces what was sent before by a new activation and gives the account its password.
func issue(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, p Prepared, acc account.Account, byPost bool) error {
	until := civil.InstantOf(now).Add(validity)
	err := account.SetProvisional(tx, now, a, acc.ID, account.Provisional{Hash: p.hash, Until: until, ByPost: byPost})
	if err != nil {
		return err
	}
	if err := replace(tx, now, acc.ID); err != nil {
		return err
	}
	v := Activation{ID: p.id, Account: acc.ID, ByPost: byPost, CreatedAt: civil.InstantOf(now), ExpiresAt: until}
	return insert(tx, v, crypt.HashToken(linkSecret(key, p.id)))
}

// linkSecret is the secret of an activation's link, derived so that a mail can be rendered again.
func linkSecret(key *crypt.Key, id ID) string {
	return base64.RawURLEncoding.EncodeToString(key.HMAC("activation-link", string(id))[:24])
}

// Letter is what a printed letter says.
type Letter struct {
	Person   person.Person
	Username string
	Code     string
	Until    civil.Date
}

// PrintLetter makes the letter of an account without a working address, or gives the living one again: the same
// code. Each call is written in the journal. Who has no known birth date cannot be sent one: the code asks for it.
func PrintLetter(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, p Prepared, to account.ID) (Letter, error) {
	if a.Kind != actor.System && !a.Can(Print) {
		return Letter{}, fault.New(fault.Forbidden, "")
	}
	acc, err := reached(tx, a, Print, to)
	if err != nil {
		return Letter{}, err
	}
	who, err := person.ByID(tx, acc.Person)
	if err != nil {
		return Letter{}, err
	}
	if who.BirthDay.IsZero() {
		return Letter{}, fault.New(fault.Refused, "La date de naissance n’est pas connue : le code de la lettre la demande. Complétez-la d’abord.")
	}
	v, err := current(tx, to)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Letter{}, err
	}
	if again := err == nil && v.ByPost && v.Alive(civil.InstantOf(now)) && acc.State == account.Unclaimed; !again {
		if err := issue(tx, now, a, key, p, acc, true); err != nil {
			return Letter{}, err
		}
		if v, err = current(tx, to); err != nil {
			return Letter{}, err
		}
	}
	letter := Letter{Person: who, Username: acc.Username, Code: crypt.ProvisionalPassword(key, string(v.ID)),
		Until: civil.DateOf(v.ExpiresAt.In(now.Location()))}
	return letter, audit.Write(tx, now, a, audit.Entry{Action: "admission.letter.printed", Object: "activation", ID: string(v.ID),
		Subject: string(acc.Person)})
}

// Correct gives an unclaimed account's owner another address, and sends there; the earlier link dies.
func Correct(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, p Prepared, to account.ID, email string) error {
	acc, err := reached(tx, a, SendRight, to)
	if err != nil {
		return err
	}
	if email == "" {
		return fault.InvalidFields(fault.Field{Name: "courriel", Sentence: "Indiquez la nouvelle adresse e-mail."})
	}
	clean, err := person.CheckEmail(email)
	if err != nil {
		return fault.InvalidFields(fault.Field{Name: "courriel", Sentence: fault.SentenceOf(err)})
	}
	if err := person.SetEmail(tx, now, a, acc.Person, clean); err != nil {
		return err
	}
	if err := account.CorrectEmail(tx, now, a, acc.Person, clean); err != nil {
		return err
	}
	return Send(tx, now, a, key, p, to)
}

// Open notes the first look at a link; nothing else changes.
func Open(tx *db.Tx, now time.Time, id ID) error { return setOpened(tx, now, id) }

// Choice is who a campaign writes to, among the unclaimed accounts with an address.
type Choice string

// The choices.
const (
	Never     Choice = "jamais"  // nothing was ever sent
	All       Choice = "tous"    // every unclaimed account
	OneFamily Choice = "famille" // the adults of one family
)

// Selection is a choice, with the family for OneFamily.
type Selection struct {
	Choice Choice
	Family family.ID
}

// Start queues a campaign and returns how many accounts it will write to; their mails leave at the desk's rate. The
// choice is made once: who is imported later is not in it.
func (d Desk) Start(tx *db.Tx, a actor.Actor, s Selection) (int64, error) {
	if a.Kind != actor.System && !a.CanFor(Campaign, actor.AllServices) { // it writes to the whole town
		return 0, fault.New(fault.Forbidden, "")
	}
	if s.Choice == OneFamily && s.Family == "" || s.Choice != Never && s.Choice != All && s.Choice != OneFamily {
		return 0, fault.InvalidFields(fault.Field{Name: "choix", Sentence: "Choisissez à qui écrire."})
	}
	now := d.Now()
	id := db.NewID()
	n, err := insertCampaign(tx, now, id, a, s, d.perMinute())
	if err != nil {
		return 0, fmt.Errorf("insert campaign: %w", err)
	}
	if n == 0 {
		return 0, fault.New(fault.Refused, "Personne ne correspond à ce choix : aucun e-mail n’est parti.")
	}
	if err := jobs.Enqueue(tx, now, jobs.Job{Kind: jobCampaign, Args: map[string]string{"campaign": id}}); err != nil {
		return 0, err
	}
	return n, audit.Write(tx, now, a, audit.Entry{Action: "admission.campaign.started", Object: "campaign", ID: id, Detail: fmt.Sprintf("%s %d", s.Choice, n)})
}

func (d Desk) perMinute() int {
	if d.PerMinute <= 0 {
		return 60
	}
	return d.PerMinute
}

// Forget removes what the package holds on people whose import is undone; links already sent die.
func Forget(tx *db.Tx, people []person.ID) error {
	for _, who := range people {
		if err := forget(tx, who); err != nil {
			return fmt.Errorf("forget activations: %w", err)
		}
	}
	return nil
}
