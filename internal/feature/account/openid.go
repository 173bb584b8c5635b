package account

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/openid"
)

// Outside names a provider of identities.
type Outside string

// The providers.
const (
	FranceConnect Outside = "franceconnect" // families
	ProConnect    Outside = "proconnect"    // agents
)

// Label is the provider's name on screen.
func (o Outside) Label() string {
	if o == ProConnect {
		return "ProConnect"
	}
	return "FranceConnect"
}

func (o Outside) audience() Audience {
	if o == ProConnect {
		return Agent
	}
	return Citizen
}

// OpenID are the providers of identities, nil until the town configures them. They only tell who somebody is: an
// identity opens an account once its owner, signed in otherwise, has linked them; roles are given here alone, agents
// give their second factor all the same, and passwords go on working.
type OpenID struct {
	FranceConnect *openid.Client
	ProConnect    *openid.Client
	Siret         string  // the town's: agents of another body are refused
	Button        Picture // FranceConnect's own button, which the town gives; words without it
	Log           *slog.Logger
}

// Picture is a file to serve as it is.
type Picture struct {
	Type string
	Body []byte
}

const (
	attemptFor      = 10 * time.Minute // from leaving for the provider to coming back
	pendingFor      = 30 * time.Minute // from coming back to linking
	attemptsAtOnce  = 60               // sign-ins under way from one network address
	attemptCookie   = "identite"
	takenIdentity   = "Ce compte %s est déjà relié à un autre espace."
	takenAccount    = "Votre espace est déjà relié à un autre compte %s. Retirez d’abord ce lien."
	pendingIsGone   = "Cette connexion %s est trop ancienne. Recommencez-la."
	lostAttempt     = "state unknown, late or used before"
	foreignBrowser  = "answer in another browser"
	foreignIssuer   = "answer of another issuer"
	foreignEmployer = "agent of another body"
	noProvider      = "no idp_id"
)

// attempted is a sign-in that left for a provider.
type attempted struct {
	state    string // hash
	provider Outside
	browser  string // hash
	nonce    string
	suite    string
	address  string
	created  civil.Instant
	expires  civil.Instant
	used     civil.Instant
	proved   civil.Instant
	sealed   []byte
}

// pending is an identity that a provider has proved and that opens no account yet.
type pending struct {
	attempted
	who openid.Identity
}

func identityPurpose(state string) string { return "identity:" + state }

func idTokenPurpose(id ID) string { return "id-token:" + string(id) }

func (a attempted) open(key *crypt.Key) (pending, error) {
	p := pending{attempted: a}
	raw, err := key.Open(identityPurpose(a.state), a.sealed)
	if err == nil {
		err = json.Unmarshal(raw, &p.who)
	}
	if err != nil {
		return p, fmt.Errorf("open identity: %w", err)
	}
	return p, nil
}

// takeAttempt spends the attempt of a state, whatever comes of it; the reason says why it is not one. The browser
// must be the one that left: an answer carried to another opens nothing there, and nothing any more here.
func takeAttempt(tx *db.Tx, now time.Time, o Outside, state, cookie string) (attempted, string, error) {
	at := civil.InstantOf(now)
	n, err := spendAttempt(tx, at, crypt.HashToken(state), o)
	if err != nil || n == 0 {
		return attempted{}, lostAttempt, err
	}
	a, err := attemptByState(tx, crypt.HashToken(state))
	if err != nil {
		return attempted{}, "", err
	}
	if !tokenLike(cookie) || crypt.HashToken(cookie) != a.browser {
		return attempted{}, foreignBrowser, nil
	}
	return a, "", nil
}

// landing is where an identity that a provider proved leads.
type landing struct {
	opened  Opened
	unknown bool   // it opens no account yet: it waits for its owner
	here    bool   // it is already the signed-in person's
	refused string // why not, in words
}

// land opens the session of the account that an identity is linked to; without one it keeps the identity for its owner
// to link. Nothing but a link opens an account: not an e-mail address, not a name, not a birth date.
func (g Gate) land(tx *db.Tx, who openid.Identity, a attempted, by actor.Actor, from Browser) (landing, error) {
	now := g.Now()
	acc, err := identityAccount(tx, a.provider, who.Provider, who.Subject)
	if fault.KindOf(err) == fault.NotFound {
		return landing{unknown: true}, g.keepPending(tx, who, a)
	}
	if err != nil {
		return landing{}, err
	}
	mine := (by.Kind == actor.Citizen && acc.Audience == Citizen) || (by.Kind == actor.Agent && by.Second && acc.Audience == Agent)
	switch {
	case mine && by.Account == string(acc.ID):
		return landing{here: true}, nil
	case mine:
		return landing{refused: fmt.Sprintf(takenIdentity, a.provider.Label())}, nil
	}
	if s := whyNot(acc, civil.InstantOf(now)); s != "" {
		return landing{refused: s}, nil
	}
	half := acc.Audience == Agent || acc.HasTOTP()
	// Somebody else's device is as likely as one's own: a family's session is as short as on a shared computer.
	wish := sessionWish{half: half, shared: acc.Audience == Citizen, device: Device(from.Device), previous: from.Previous}
	opened, err := openSession(tx, now, acc, wish)
	if err != nil {
		return landing{}, err
	}
	sealed, err := g.Key.Seal(idTokenPurpose(acc.ID), []byte(who.IDToken))
	if err != nil {
		return landing{}, err
	}
	if err := setOutside(tx, opened.session, outsideSession{a.provider, sealed}); err != nil || half {
		return landing{opened: opened}, err
	}
	return landing{opened: opened}, signedIn(tx, now, acc)
}

func (g Gate) keepPending(tx *db.Tx, who openid.Identity, a attempted) error {
	raw, err := json.Marshal(who)
	if err != nil {
		return fmt.Errorf("keep identity: %w", err)
	}
	sealed, err := g.Key.Seal(identityPurpose(a.state), raw)
	if err != nil {
		return err
	}
	at := civil.InstantOf(g.Now())
	return provedAttempt(tx, a.state, sealed, at, at.Add(pendingFor))
}

// maySettle tells whether an actor is one whom a provider's identities are for.
func maySettle(a actor.Actor, o Outside) bool {
	if o == ProConnect {
		return a.Kind == actor.Agent && a.Second
	}
	return a.Kind == actor.Citizen && a.State != actor.MustPass
}

// LinkIdentity makes an identity that the browser in hand has proved open the signed-in person's account: one identity
// opens one account, and one account is opened by one identity of a provider. cookie is the browser's.
func (g Gate) LinkIdentity(tx *db.Tx, a actor.Actor, o Outside, cookie string) error {
	if !maySettle(a, o) {
		return fault.New(fault.Forbidden, "")
	}
	now := g.Now()
	acc, err := lock(tx, ID(a.Account))
	if err != nil {
		return err
	}
	found, err := pendingOf(tx, now, o, cookie)
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.Conflict, fmt.Sprintf(pendingIsGone, o.Label()))
	}
	if err != nil {
		return err
	}
	p, err := found.open(g.Key)
	if err != nil {
		return err
	}
	if err := freeIdentity(tx, o, p.who); err != nil {
		return err
	}
	if _, err := identityAccount(tx, o, p.who.Provider, p.who.Subject); err == nil {
		return fault.New(fault.Conflict, fmt.Sprintf(takenIdentity, o.Label()))
	} else if fault.KindOf(err) != fault.NotFound {
		return err
	}
	if linked, err := linkedAt(tx, acc.ID, o); err != nil || linked != 0 {
		if err != nil {
			return err
		}
		return fault.New(fault.Conflict, fmt.Sprintf(takenAccount, o.Label()))
	}
	if err := insertIdentity(tx, now, o, p.who, acc.ID); err != nil {
		if db.IsUnique(err) { // linked elsewhere at the same moment
			return fault.New(fault.Conflict, fmt.Sprintf(takenIdentity, o.Label()))
		}
		return fmt.Errorf("link identity: %w", err)
	}
	if err := dropAttempt(tx, p.state); err != nil {
		return err
	}
	if err := notify(tx, now, acc, MailIdentityLinked); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.identity.linked", Object: "account", ID: a.Account, Subject: a.Person,
		Detail: string(o)})
}

// UnlinkIdentity ends the link of the signed-in person's account with a provider, and the sessions that it opened but
// for the one in hand. The password goes on working.
func UnlinkIdentity(tx *db.Tx, now time.Time, a actor.Actor, o Outside) error {
	if !maySettle(a, o) {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, ID(a.Account))
	if err != nil {
		return err
	}
	n, err := deleteIdentity(tx, acc.ID, o)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "Ce lien est déjà retiré.")
	}
	if err := endOutside(tx, acc.ID, o, a.Session); err != nil {
		return err
	}
	if err := notify(tx, now, acc, MailIdentityUnlinked); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.identity.unlinked", Object: "account", ID: a.Account, Subject: a.Person,
		Detail: string(o)})
}

// Identities lists the providers that an account is linked to.
func Identities(r db.Reader, id ID) ([]Outside, error) {
	return db.List(r, db.Column[Outside], `select provider from account_identity where account = $1 order by provider`, string(id))
}
