package account

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// A code of the second factor lives 30 seconds; one step before and after the clock's is taken.
const (
	totpPeriod    = 30
	totpTolerance = 1
	recoveryCount = 10
	wrongCode     = "Ce code ne correspond pas. Attendez le suivant dans votre application, ou utilisez un code de secours."
)

var plain32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// Enrolment is the secret that somebody is about to put in an application. It is derived, so that the page shows the
// same each time and nothing is stored before a first code proves it.
type Enrolment struct {
	Secret string // base32
	raw    []byte
}

func enrolment(key *crypt.Key, parts ...string) Enrolment {
	raw := key.HMAC("totp-offer", parts...)[:20]
	return Enrolment{Secret: plain32.EncodeToString(raw), raw: raw}
}

// Spaced is the secret in groups of four, as people copy it.
func (e Enrolment) Spaced() string {
	var b strings.Builder
	for i, r := range e.Secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// QR is the secret as a picture for an application, in a data address.
func (e Enrolment) QR(issuer, username string) (string, error) {
	q := url.Values{"secret": {e.Secret}, "issuer": {issuer}}
	link := "otpauth://totp/" + url.PathEscape(issuer+":"+username) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	code, err := qr.Encode(link, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("draw second factor: %w", err)
	}
	big, err := barcode.Scale(code, 256, 256)
	if err != nil {
		return "", fmt.Errorf("draw second factor: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, big); err != nil {
		return "", fmt.Errorf("draw second factor: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// TOTPCode is the code of a secret at a moment: for tests and the demo's captured sign-ins.
func TOTPCode(secret string, at time.Time) (string, error) {
	return hotp.GenerateCodeCustom(secret, uint64(at.Unix()/totpPeriod), hotp.ValidateOpts{Digits: otp.DigitsSix})
}

// stepOf is the step whose code was typed, 0 when none near the clock's matches.
func stepOf(secret []byte, typed string, at time.Time) int64 {
	now := at.Unix() / totpPeriod
	for step := now - totpTolerance; step <= now+totpTolerance; step++ {
		opts := hotp.ValidateOpts{Digits: otp.DigitsSix}
		if ok, err := hotp.ValidateCustom(typed, uint64(step), plain32.EncodeToString(secret), opts); ok && err == nil {
			return step
		}
	}
	return 0
}

func digitsOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func totpPurpose(id ID) string { return "totp:" + string(id) }

// recoveryCodes are an account's codes for the day the application is lost, the same each time for one enrolment:
// shown once, stored hashed.
func recoveryCodes(key *crypt.Key, id ID, at civil.Instant) []string {
	codes := make([]string, recoveryCount)
	for i := range codes {
		mac := key.HMAC("recovery-code", string(id), fmt.Sprint(int64(at)), fmt.Sprint(i))
		s := plain32.EncodeToString(mac[:10])
		codes[i] = s[:4] + "-" + s[4:8] + "-" + s[8:12]
	}
	return codes
}

func recoveryHash(key *crypt.Key, id ID, typed string) string {
	normal := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' || r == '\u00a0' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
	return fmt.Sprintf("%x", key.HMAC("recovery-hash", string(id), normal))
}

// addTOTP stores a secret that a first code has proved, with fresh recovery codes.
func addTOTP(tx *db.Tx, now time.Time, key *crypt.Key, id ID, e Enrolment, step int64) error {
	sealed, err := key.Seal(totpPurpose(id), e.raw)
	if err != nil {
		return err
	}
	at := civil.InstantOf(now)
	if err := setTOTP(tx, now, id, sealed, at, step); err != nil {
		return err
	}
	if err := deleteRecovery(tx, id); err != nil {
		return err
	}
	for _, code := range recoveryCodes(key, id, at) {
		if err := insertRecovery(tx, id, recoveryHash(key, id, code)); err != nil {
			return err
		}
	}
	return nil
}

// AddSecond gives a citizen a second factor; the password was asked again before. Others devices are signed out.
func (g Gate) AddSecond(tx *db.Tx, a actor.Actor, typed string) error {
	if a.Kind != actor.Citizen || a.State == actor.MustPass {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, ID(a.Account))
	if err != nil {
		return err
	}
	if acc.HasTOTP() {
		return fault.New(fault.Refused, "Votre compte a déjà une double authentification.")
	}
	e := enrolment(g.Key, a.Account, a.Session)
	step := stepOf(e.raw, digitsOnly(typed), g.RealNow())
	if step == 0 {
		return fault.InvalidFields(fault.Field{Name: "code", Sentence: wrongFirstCode})
	}
	if err := addTOTP(tx, g.Now(), g.Key, acc.ID, e, step); err != nil {
		return err
	}
	if _, err := endSessions(tx, acc.ID, a.Session); err != nil {
		return err
	}
	if err := notify(tx, g.Now(), acc, MailSecondAdded); err != nil {
		return err
	}
	return audit.Write(tx, g.Now(), a, audit.Entry{Action: "account.second.added", Object: "account", ID: a.Account, Subject: a.Person})
}

const wrongFirstCode = "Ce code ne correspond pas. Vérifiez l’heure de votre téléphone, puis écrivez le code affiché maintenant."

// RemoveSecond takes a citizen's second factor away; agents keep theirs. The password was asked again before.
func RemoveSecond(tx *db.Tx, now time.Time, a actor.Actor) error {
	if a.Kind != actor.Citizen {
		return fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, ID(a.Account))
	if err != nil {
		return err
	}
	if err := dropTOTP(tx, now, acc.ID); err != nil {
		return err
	}
	if err := notify(tx, now, acc, MailSecondRemoved); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.second.removed", Object: "account", ID: a.Account, Subject: a.Person})
}

func dropTOTP(tx *db.Tx, now time.Time, id ID) error {
	if err := setTOTP(tx, now, id, nil, 0, 0); err != nil {
		return err
	}
	return deleteRecovery(tx, id)
}

// GiveCode completes the browser's half-open session with a code of the application, or a recovery code. A step once used is
// refused, and so is a recovery code. The session gets another token.
func (g Gate) GiveCode(ctx context.Context, typed string, from Browser) (Opened, error) {
	acc, err := db.Read(ctx, g.DB, func(r db.Reader) (Account, error) { return sessionAccount(r, g.Now(), from.Previous) })
	if err != nil {
		return Opened{}, err
	}
	k := tryKeys(g.Key, acc.Audience, "code of "+string(acc.ID), "", from.Address)
	v, err := db.Write(ctx, g.DB, func(tx *db.Tx) (verdict, error) { return reserve(tx, g.Now(), k) })
	if err != nil {
		return Opened{}, err
	}
	if v.wait > 0 {
		return Opened{}, tooMany(codeWait(v.wait), v.wait)
	}
	secret, err := g.Key.Open(totpPurpose(acc.ID), acc.totp)
	if err != nil && acc.HasTOTP() {
		return Opened{}, fmt.Errorf("open second factor: %w", err)
	}
	digits := digitsOnly(typed)
	var step int64
	if acc.HasTOTP() && len(digits) == 6 {
		step = stepOf(secret, digits, g.RealNow())
	}
	opened, err := db.Write(ctx, g.DB, func(tx *db.Tx) (Opened, error) {
		return g.complete(tx, from, acc, step, typed, v.id, k)
	})
	if fault.KindOf(err) == fault.Invalid {
		err = errors.Join(err, db.Do(ctx, g.DB, func(tx *db.Tx) error { return refuseCode(tx, g.Now(), v.id, acc) }))
	}
	return opened, err
}

func codeWait(wait time.Duration) string {
	s := waitSentence(wait)
	return s[:strings.Index(s, ",")] + "."
}

func refuseCode(tx *db.Tx, now time.Time, try string, acc Account) error {
	if err := failTry(tx, try); err != nil {
		return err
	}
	return audit.Write(tx, now, actor.Actor{}, audit.Entry{Action: "account.code.failed", Object: "account", ID: string(acc.ID),
		Subject: string(acc.Person), Detail: string(acc.Audience)})
}

func (g Gate) complete(tx *db.Tx, from Browser, acc Account, step int64, typed, try string, k keys) (Opened, error) {
	now := g.Now()
	wrong := fault.InvalidFields(fault.Field{Name: "code", Sentence: wrongCode})
	var spent bool
	var err error
	if step > 0 {
		spent, err = useStep(tx, acc.ID, step)
	} else {
		spent, err = useRecovery(tx, now, acc.ID, recoveryHash(g.Key, acc.ID, typed))
	}
	if err != nil {
		return Opened{}, err
	}
	if !spent {
		return Opened{}, wrong
	}
	s, err := sessionByID(tx, from.Previous)
	if err != nil {
		return Opened{}, err
	}
	current, err := ByID(tx, acc.ID)
	if err != nil {
		return Opened{}, err
	}
	if text := whyNot(current, civil.InstantOf(now)); text != "" || !s.half {
		return Opened{}, fault.New(fault.Refused, text)
	}
	if err := forgetTries(tx, try, k); err != nil {
		return Opened{}, err
	}
	outside, err := outsideOf(tx, from.Previous)
	if err != nil {
		return Opened{}, err
	}
	wish := sessionWish{second: true, shared: s.Shared, device: s.Device, previous: from.Previous}
	opened, err := openKnown(tx, now, current, wish, from.Known)
	if err != nil {
		return Opened{}, err
	}
	if err := setOutside(tx, opened.session, outside); err != nil {
		return Opened{}, err
	}
	return opened, signedIn(tx, now, current)
}
