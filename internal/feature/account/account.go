// Package account keeps the logins of adults and agents: who signs in, by which name and password, with which
// second factor, from which devices, and what an agent may do.
//
// It owns the tables account, account_role, account_recovery, account_token, account_passkey, passkey_challenge, session,
// known_device, sign_in_key, sign_in_try, account_identity and identity_attempt. It does not keep people's names or contact details (person), does
// not know families, and sends no activation mails: admission does, and hands it the provisional password's hash.
package account

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"

	"golang.org/x/text/unicode/norm"
)

// ID names an account.
type ID string

// Audience tells which of the two faces an account opens; never both.
type Audience string

// The audiences.
const (
	Citizen Audience = "citizen"
	Agent   Audience = "agent"
)

// State is where an account stands.
type State string

// The states. Claim (the owner's first sign-in) leads from Unclaimed to Active; Activate (the agent's act) from
// Waiting to Active.
const (
	Unclaimed   State = "unclaimed"   // imported: its owner never signed in
	Unconfirmed State = "unconfirmed" // made by the wizard: the e-mail address is not confirmed yet
	Waiting     State = "waiting"     // an agent has yet to activate it
	Active      State = "active"
	Correction  State = "correction" // an agent asked for a correction
	Refused     State = "refused"
	Suspended   State = "suspended"
	Closed      State = "closed"
)

// Label is the word on screen.
func (s State) Label() string {
	switch s {
	case Unclaimed:
		return "Jamais ouvert"
	case Unconfirmed:
		return "E-mail à confirmer"
	case Waiting:
		return "En attente d’activation"
	case Active:
		return "Actif"
	case Correction:
		return "Correction demandée"
	case Refused:
		return "Refusé"
	case Suspended:
		return "Désactivé"
	case Closed:
		return "Fermé"
	}
	return string(s)
}

// next lists the allowed moves between states.
var next = map[State][]State{
	Unclaimed:   {Active, Suspended, Closed},
	Unconfirmed: {Waiting, Closed},
	Waiting:     {Active, Correction, Refused, Closed},
	Correction:  {Waiting, Refused, Closed},
	Refused:     {Waiting, Closed},
	Active:      {Suspended, Closed},
	Suspended:   {Active, Unclaimed, Closed},
}

// signsIn tells whether a right password opens a session in this state.
func (s State) signsIn() bool {
	switch s {
	case Unclaimed, Waiting, Active, Correction, Refused:
		return true
	}
	return false
}

// Account is a login of one adult or agent. The password's hash and the second factor's secret stay inside the
// package.
type Account struct {
	ID                ID
	Person            person.ID
	Audience          Audience
	Username          string
	Email             string // lower case, "" without: where mails about signing in go
	EmailConfirmedAt  civil.Instant
	State             State
	PasswordAt        civil.Instant // 0: no personal password was ever set
	ProvisionalUntil  civil.Instant // set while the password is a provisional one
	ProvisionalByPost bool          // a printed code, that also asks for the birth date
	TOTPAt            civil.Instant // 0: no second factor
	SignedInAt        civil.Instant
	PreviousSignInAt  civil.Instant
	CreatedAt         civil.Instant

	hash     string
	totp     []byte
	totpStep int64
}

// Provisional tells whether the password is a provisional one.
func (acc Account) Provisional() bool { return acc.ProvisionalUntil != 0 }

// HasTOTP tells whether a second factor is asked at sign-in.
func (acc Account) HasTOTP() bool { return acc.TOTPAt != 0 }

// FoldUsername is the form in which identifiers are compared: no spaces, no accents, lower case; dots and hyphens
// count.
func FoldUsername(s string) string {
	var b, word strings.Builder
	flush := func() {
		b.WriteString(person.Fold(word.String()))
		word.Reset()
	}
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
			word.WriteRune(r)
		default:
			flush()
			b.WriteRune(r)
		}
	}
	flush()
	return b.String()
}

// InsertUnclaimed makes the account of an imported adult and returns its id and identifier: the wanted one (the
// old portal's IDENTIFIANT) when given and free, else prenom.nom, numbered if taken. It is a building block of
// verbs that bring people in: they write the audit line. email is "" or an address that person.CheckEmail took;
// two accounts may share one.
func InsertUnclaimed(tx *db.Tx, now time.Time, a actor.Actor, who person.ID, wanted, email string) (ID, string, error) {
	if a.Kind != actor.System && a.Kind != actor.Agent {
		return "", "", fault.New(fault.Forbidden, "")
	}
	p, err := person.ByID(tx, who)
	if err != nil {
		return "", "", err
	}
	username, err := freeUsername(tx, p, wanted)
	if err != nil {
		return "", "", err
	}
	acc := Account{ID: ID(db.NewID()), Person: who, Audience: Citizen, Username: username, Email: email, State: Unclaimed}
	if err := insert(tx, now, acc); err != nil {
		return "", "", fmt.Errorf("insert account: %w", err)
	}
	return acc.ID, username, nil
}

// freeUsername is the wanted identifier, or else the first free of prenom.nom, prenom.nom2, prenom.nom3…
func freeUsername(r db.Reader, p person.Person, wanted string) (string, error) {
	wanted = person.Clean(wanted)
	if folded := FoldUsername(wanted); folded != "" {
		if taken, err := usernameTaken(r, folded); err != nil || !taken {
			return wanted, err
		}
	}
	base := proposedUsername(p)
	taken, err := usernamesLike(r, base)
	if err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		try := base
		if n > 1 {
			try += strconv.Itoa(n)
		}
		if !taken[try] {
			return try, nil
		}
	}
}

// proposedUsername is prenom.nom, folded: "camille.martin", "zoe.d-estaing".
func proposedUsername(p person.Person) string {
	join := func(s string) string { return strings.ReplaceAll(person.Fold(s), " ", "-") }
	name := strings.Trim(join(p.FirstName())+"."+join(p.LastName), ".")
	if name == "" {
		return "habitant"
	}
	return name
}
