package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// PasskeyID names a passkey; it is not the authenticator's own name for it.
type PasskeyID string

// Passkey is a key that a device or a key ring keeps for an account, and that a fingerprint, a face or a code opens:
// it stands for the password and the second factor together.
type Passkey struct {
	ID        PasskeyID
	Account   ID
	Name      string
	CreatedAt civil.Instant
	UsedAt    civil.Instant // 0: never
	StoppedAt civil.Instant // set once its counter went back: it opens nothing any more

	credential, publicKey []byte
	flags                 protocol.AuthenticatorFlags
	count                 uint32
}

const (
	challengeFor         = 5 * time.Minute
	challengesPerAddress = 100 // alive at once: phones share addresses
	passkeysMost         = 10  // of one account
	passkeyNameMost      = 60

	noPasskeys     = "Les clés d’accès ne sont pas possibles à cette adresse du portail."
	unknownPasskey = "Cette clé d’accès n’ouvre aucun espace ici. Entrez avec votre mot de passe."
	latePasskey    = "La demande a plus de 5 minutes, ou elle a déjà servi. Recommencez."
	stoppedPasskey = "Cette clé d’accès est arrêtée : une copie a pu être faite. Entrez avec votre mot de passe, puis retirez-la de vos identifiants."
	refusedPasskey = "La clé d’accès n’a pas pu être enregistrée. Recommencez."
)

// TakesPasskeys tells whether browsers keep passkeys for the portal's address: a name, with https, or this machine.
func (g Gate) TakesPasskeys() bool { return g.passkeyHost() != "" }

// passkeyHost is the host that passkeys belong to, "" where there can be none. Numbers cannot have any: on this
// machine, who opens the portal as localhost has them.
func (g Gate) passkeyHost() string {
	if g.Base == nil {
		return ""
	}
	host := g.Base.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.IsLoopback() {
			return "localhost"
		}
		return ""
	}
	if g.Base.Scheme == "https" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return host
	}
	return ""
}

// relyingParty is the portal as browsers' keys know it: its host, and the one origin that pages have.
func (g Gate) relyingParty(name string) (*webauthn.WebAuthn, error) {
	if !g.TakesPasskeys() {
		return nil, fault.New(fault.Refused, noPasskeys)
	}
	host, origin := g.passkeyHost(), *g.Base
	if port := origin.Port(); port != "" {
		origin.Host = host + ":" + port
	} else {
		origin.Host = host
	}
	if name == "" {
		name = host
	}
	rp, err := webauthn.New(&webauthn.Config{RPID: host, RPDisplayName: name, RPOrigins: []string{origin.Scheme + "://" + origin.Host}})
	if err != nil {
		return nil, fmt.Errorf("configure passkeys: %w", err)
	}
	return rp, nil
}

// ceremony is what the answer to a stored challenge is checked against. The user's verification is always required.
func ceremony(challenge string, who []byte) webauthn.SessionData {
	return webauthn.SessionData{Challenge: challenge, UserID: who, UserVerification: protocol.VerificationRequired,
		CredParams: webauthn.CredentialParametersRecommendedL3()}
}

// keyholder is an account as the library of keys sees it.
type keyholder struct {
	acc  Account
	keys []Passkey
}

func (k keyholder) WebAuthnID() []byte          { return []byte(k.acc.ID) }
func (k keyholder) WebAuthnName() string        { return k.acc.Username }
func (k keyholder) WebAuthnDisplayName() string { return k.acc.Username }

func (k keyholder) WebAuthnCredentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(k.keys))
	for i, key := range k.keys {
		all[i] = webauthn.Credential{ID: key.credential, PublicKey: key.publicKey, AttestationType: "none",
			Flags: webauthn.NewCredentialFlags(key.flags), Authenticator: webauthn.Authenticator{SignCount: key.count}}
	}
	return all
}

// mayHoldKeys tells whether somebody may add or remove passkeys of their own.
func mayHoldKeys(a actor.Actor) bool {
	return a.Account != "" && a.Session != "" && (a.Kind == actor.Citizen && a.State != actor.MustPass || a.Kind == actor.Agent && a.Second)
}

// OfferPasskey begins adding a passkey: it returns what the browser needs, good for 5 minutes and one answer of this
// session. The password was asked again before. town is the name that the device shows.
func (g Gate) OfferPasskey(tx *db.Tx, a actor.Actor, name, town string) (options string, err error) {
	if !mayHoldKeys(a) {
		return "", fault.New(fault.Forbidden, "")
	}
	if name = person.Clean(name); name == "" || utf8.RuneCountInString(name) > passkeyNameMost {
		return "", fault.InvalidFields(fault.Field{Name: "nom_cle", Sentence: fmt.Sprintf("Donnez à la clé un nom de %d caractères au plus.", passkeyNameMost)})
	}
	rp, err := g.relyingParty(town)
	if err != nil {
		return "", err
	}
	who, err := holderOf(tx, ID(a.Account))
	if err != nil {
		return "", err
	}
	if len(who.keys) >= passkeysMost {
		return "", fault.New(fault.Refused, fmt.Sprintf("Vous avez déjà %d clés d’accès. Retirez-en une d’abord.", passkeysMost))
	}
	creation, made, err := rp.BeginRegistration(who,
		webauthn.WithCredentialParameters(webauthn.CredentialParametersRecommendedL3()),
		webauthn.WithConveyancePreference(protocol.PreferNoAttestation),
		webauthn.WithExclusions(webauthn.Credentials(who.WebAuthnCredentials()).CredentialDescriptors()),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{RequireResidentKey: protocol.ResidentKeyRequired(),
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}))
	if err != nil {
		return "", fmt.Errorf("begin passkey: %w", err)
	}
	raw, err := json.Marshal(creation.Response)
	if err != nil {
		return "", fmt.Errorf("write passkey's options: %w", err)
	}
	return string(raw), insertChallenge(tx, g.Now(), storedChallenge{holder: a.Session, kind: challengeAdd, challenge: made.Challenge, name: name})
}

// AddPasskey stores the passkey that a browser made for OfferPasskey's challenge. An answer that does not fit is an
// Invalid fault: the caller then spends the challenge with DropOffer.
func (g Gate) AddPasskey(tx *db.Tx, a actor.Actor, answer string) error {
	if !mayHoldKeys(a) {
		return fault.New(fault.Forbidden, "")
	}
	rp, err := g.relyingParty("")
	if err != nil {
		return err
	}
	now := g.Now()
	asked, err := takeChallenge(tx, now, challengeAdd, a.Session)
	if err != nil {
		return err
	}
	acc, err := lock(tx, ID(a.Account))
	if err != nil {
		return err
	}
	who, err := holderOf(tx, acc.ID)
	if err != nil {
		return err
	}
	if len(who.keys) >= passkeysMost {
		return fault.New(fault.Refused, "Vous avez déjà trop de clés d’accès. Retirez-en une d’abord.")
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return fault.New(fault.Invalid, refusedPasskey)
	}
	made, err := rp.CreateCredential(who, ceremony(asked.challenge, who.WebAuthnID()), parsed)
	if err != nil {
		return fault.New(fault.Invalid, refusedPasskey)
	}
	key := Passkey{ID: PasskeyID(db.NewID()), Account: acc.ID, Name: asked.name, CreatedAt: civil.InstantOf(now), credential: made.ID,
		publicKey: made.PublicKey, flags: made.Flags.ProtocolValue(), count: made.Authenticator.SignCount}
	if err := insertPasskey(tx, key); err != nil {
		return err
	}
	if err := notify(tx, now, acc, MailPasskeyAdded); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.passkey.added", Object: "passkey", ID: string(key.ID), Subject: a.Person})
}

// DropOffer spends the challenge of a passkey that was not added.
func DropOffer(tx *db.Tx, a actor.Actor) error { return dropChallenge(tx, a.Session) }

// RemovePasskey takes one of somebody's own passkeys away; the password was asked again before. Another account's is
// a NotFound fault.
func RemovePasskey(tx *db.Tx, now time.Time, a actor.Actor, id PasskeyID) error {
	if !mayHoldKeys(a) {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, ID(a.Account))
	if err != nil {
		return err
	}
	if err := deletePasskey(tx, acc.ID, id); err != nil {
		return err
	}
	if err := notify(tx, now, acc, MailPasskeyRemoved); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.passkey.removed", Object: "passkey", ID: string(id), Subject: a.Person})
}

// AskPasskey begins a sign-in with a passkey: options is what the browser needs, token the value of its cookie; both
// are good for 5 minutes and one answer.
func (g Gate) AskPasskey(ctx context.Context, address string) (options, token string, err error) {
	rp, err := g.relyingParty("")
	if err != nil {
		return "", "", err
	}
	assertion, made, err := rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", "", fmt.Errorf("begin sign-in with a passkey: %w", err)
	}
	raw, err := json.Marshal(assertion.Response)
	if err != nil {
		return "", "", fmt.Errorf("write passkey's options: %w", err)
	}
	token, hash := crypt.NewToken()
	from := fmt.Sprintf("%x", g.Key.HMAC("passkey-address", address)[:16])
	err = db.Do(ctx, g.DB, func(tx *db.Tx) error {
		n, err := challengesFrom(tx, g.Now(), from)
		if err != nil {
			return err
		}
		if n >= challengesPerAddress {
			return tooMany("Trop de demandes viennent de votre réseau. Réessayez dans 5 minutes.", challengeFor)
		}
		return insertChallenge(tx, g.Now(), storedChallenge{holder: hash, kind: challengeSignIn, challenge: made.Challenge, address: from})
	})
	return string(raw), token, err
}

// PasskeyAttempt is a browser's answer to AskPasskey.
type PasskeyAttempt struct {
	Token  string // the cookie's value
	Answer string
	Shared bool // « ordinateur partagé »
	From   Browser
}

// SignInWithPasskey opens a session with a passkey, both factors given, and tells whose space it is. A refusal is an
// Invalid fault. The challenge is spent in every case.
func (g Gate) SignInWithPasskey(ctx context.Context, t PasskeyAttempt) (Opened, Audience, error) {
	rp, err := g.relyingParty("")
	if err != nil {
		return Opened{}, "", err
	}
	if !tokenLike(t.Token) {
		return Opened{}, "", fault.New(fault.Invalid, latePasskey)
	}
	asked, err := db.Write(ctx, g.DB, func(tx *db.Tx) (storedChallenge, error) {
		return takeChallenge(tx, g.Now(), challengeSignIn, crypt.HashToken(t.Token))
	})
	if err != nil {
		return Opened{}, "", err
	}
	key, used, err := g.provedKey(ctx, rp, asked, t.Answer)
	if fault.KindOf(err) == fault.Invalid {
		refused := db.Do(ctx, g.DB, func(tx *db.Tx) error {
			return audit.Write(tx, g.Now(), actor.Actor{}, audit.Entry{Action: "account.signin.failed", Object: "account", ID: string(key.Account), Detail: "passkey"})
		})
		return Opened{}, "", errors.Join(err, refused)
	}
	if err != nil {
		return Opened{}, "", err
	}
	type outcome struct {
		opened   Opened
		audience Audience
		stopped  bool
	}
	out, err := db.Write(ctx, g.DB, func(tx *db.Tx) (outcome, error) {
		opened, audience, stopped, err := g.openByKey(tx, key, used, t)
		return outcome{opened, audience, stopped}, err
	})
	if err == nil && out.stopped {
		err = fault.New(fault.Invalid, stoppedPasskey)
	}
	return out.opened, out.audience, err
}

// provedKey is the passkey that signed an answer, with what the answer says of it now. An answer that proves nothing
// is an Invalid fault.
func (g Gate) provedKey(ctx context.Context, rp *webauthn.WebAuthn, asked storedChallenge, answer string) (key Passkey, used *webauthn.Credential, err error) {
	wrong := fault.New(fault.Invalid, unknownPasskey)
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return key, nil, wrong
	}
	var broken error // of the database, which is not a wrong key
	_, used, err = rp.ValidatePasskeyLogin(func(credential, handle []byte) (webauthn.User, error) {
		who, err := db.Read(ctx, g.DB, func(r db.Reader) (keyholder, error) { return holderOf(r, ID(handle)) })
		if err != nil {
			if fault.KindOf(err) != fault.NotFound {
				broken = err
			}
			return nil, err
		}
		for _, k := range who.keys {
			if string(k.credential) == string(credential) {
				key = k
			}
		}
		return who, nil
	}, ceremony(asked.challenge, nil), parsed)
	if broken != nil {
		return key, nil, broken
	}
	if err != nil || key.ID == "" {
		return key, nil, wrong
	}
	used.Authenticator.SignCount = parsed.Response.AuthenticatorData.Counter // also when it went back
	return key, used, nil
}

// openByKey makes the session of somebody whose passkey was right; stopped when its counter did not grow, which
// happens to copies.
func (g Gate) openByKey(tx *db.Tx, key Passkey, used *webauthn.Credential, t PasskeyAttempt) (opened Opened, audience Audience, stopped bool, err error) {
	now := g.Now()
	acc, err := lock(tx, key.Account)
	if err != nil {
		return Opened{}, "", false, err
	}
	if s := whyNot(acc, civil.InstantOf(now)); s != "" {
		return Opened{}, "", false, fault.New(fault.Invalid, s)
	}
	current, err := passkeyByID(tx, acc.ID, key.ID)
	if fault.KindOf(err) == fault.NotFound { // removed since
		return Opened{}, "", false, fault.New(fault.Invalid, unknownPasskey)
	}
	if err != nil {
		return Opened{}, "", false, err
	}
	if current.StoppedAt != 0 {
		return Opened{}, "", true, nil
	}
	if count := used.Authenticator.SignCount; count <= current.count && count+current.count > 0 {
		return Opened{}, "", true, stopPasskey(tx, now, acc, current)
	}
	if err := usePasskey(tx, now, current.ID, used.Flags.ProtocolValue(), used.Authenticator.SignCount); err != nil {
		return Opened{}, "", false, err
	}
	wish := sessionWish{second: true, shared: t.Shared, device: Device(t.From.Device), previous: t.From.Previous}
	opened, err = openKnown(tx, now, acc, wish, t.From.Known)
	if err != nil {
		return Opened{}, "", false, err
	}
	return opened, acc.Audience, false, signedIn(tx, now, acc)
}

// stopPasskey ends a key that may exist twice, and tells its owner.
func stopPasskey(tx *db.Tx, now time.Time, acc Account, key Passkey) error {
	if err := setPasskeyStopped(tx, now, key.ID); err != nil {
		return err
	}
	if err := notify(tx, now, acc, MailPasskeyStopped); err != nil {
		return err
	}
	return audit.Write(tx, now, actor.Actor{}, audit.Entry{Action: "account.passkey.stopped", Object: "passkey", ID: string(key.ID), Subject: string(acc.Person)})
}

// holderOf reads an account with its passkeys; an unknown id is a NotFound fault.
func holderOf(r db.Reader, id ID) (keyholder, error) {
	acc, err := ByID(r, id)
	if err != nil {
		return keyholder{}, err
	}
	keys, err := Passkeys(r, id)
	return keyholder{acc, keys}, err
}
