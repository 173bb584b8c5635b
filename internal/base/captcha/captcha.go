// Package captcha is the security check of public forms: a picture to find among six, or three digits to hear, or a
// question, one of them enough; behind it a silent proof of work, a trap for robots, a least time to fill in and
// limits per network address and e-mail. It tells that somebody took the trouble, not who: what the form does still
// waits for its own proofs (a confirmed e-mail, an agent).
//
// It owns the tables captcha_challenge and captcha_count. A challenge is a row with a sealed answer, good once and for
// 20 minutes; nothing of the answer leaves the server. It knows nothing of what the forms are for.
package captcha

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package.
func Sources() []db.Source {
	sub, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return []db.Source{{Name: "captcha", FS: sub}}
}

// ID names a challenge's row. It never leaves the server: the form holds a token of which the row has the hash.
type ID string

// Fields of the form; the check adds no other.
const (
	fieldToken    = "controle"
	fieldPicture  = "controle_image"
	fieldSound    = "controle_son"
	fieldQuestion = "controle_question"
	fieldWork     = "controle_travail"
	fieldAction   = "controle_action"
	fieldPot      = "controle_site"
	actionChange  = "changer"
)

const (
	lifetime      = 20 * time.Minute
	maxUses       = 30 // times that one test is judged: a right answer does not pay for endless tries of the form
	pictures      = 6
	visitorCookie = "controle"
)

// Check draws tests and judges answers.
type Check struct {
	DB  *db.DB
	Key *crypt.Key
	// Now dates tests and limits.
	Now func() time.Time
	// RealNow is the machine's own clock, for the time spent filling in; Now when nil.
	RealNow func() time.Time
	Limits  Limits
	// Quiet tells that the town shows the pictures only to whom the silent proof of work fails; nil: to everybody.
	Quiet func(ctx context.Context) bool
}

// Form says what a test guards and whose it is: a test drawn for one form or one visitor opens no other.
type Form struct {
	Purpose string // "inscription", "contact"
	Scope   string // the visitor's draft, or Visitor's answer
}

// Sender is where a form comes from, for the limits.
type Sender struct {
	Address netip.Addr
	Email   string
}

// From is the sender of a request.
func From(r *http.Request, email string) Sender { return Sender{web.ClientIP(r), email} }

// Challenge is a test to show, without its answer; or the memory of one already passed.
type Challenge struct {
	Token    string
	Passed   bool
	Quiet    bool     // the script hides the test: the proof of work is enough
	Name     string   // what to look for, with its article: "le trombone"
	Pictures []string // data: addresses, in order
	Question string
	Work     string // what the browser computes on
}

// Pass is a right answer, to be spent by the verb that the form asked for.
type Pass struct {
	id      ID
	formKey string
	counts  []string // keys of the limits that the form's success counts in
	lifted  bool
}

// answer is what a challenge's row seals.
type answer struct {
	Picture  int      `json:"p"` // 1 to 6
	Digits   string   `json:"d"`
	Question []string `json:"q"` // right answers, folded
	Quiet    bool     `json:"s,omitempty"`
}

// Visitor tells apart the visitors of a form that keeps no draft, by a random cookie of the session. Call it before
// anything is written.
func Visitor(w http.ResponseWriter, r *http.Request) string {
	if v := web.Cookie(r, visitorCookie); len(v) == 32 {
		return v
	}
	v, _ := crypt.NewToken()
	web.SetCookie(w, r, visitorCookie, v, 0)
	return v
}

// New draws a test for a form.
func (c Check) New(ctx context.Context, form Form) (Challenge, error) {
	return c.draw(ctx, form.Purpose, c.scopeHash(form), c.Quiet != nil && c.Quiet(ctx))
}

func (c Check) draw(ctx context.Context, purpose, scope string, quiet bool) (Challenge, error) {
	rng := newRandom()
	name, images, right, err := drawPictures(rng)
	if err != nil {
		return Challenge{}, fmt.Errorf("draw pictures: %w", err)
	}
	question := pickQuestion(rng)
	a := answer{Picture: right, Digits: fmt.Sprintf("%03d", rng.IntN(1000)), Question: question.answers, Quiet: quiet}
	id := ID(db.NewID())
	token, hash := crypt.NewToken()
	sealed, err := c.seal(id, a)
	if err != nil {
		return Challenge{}, err
	}
	now := c.Now()
	row := challengeRow{id: id, tokenHash: hash, purpose: purpose, scope: scope, state: stateOpen, sealed: sealed,
		drawnAt: civil.InstantOf(c.realNow()), expiresAt: civil.InstantOf(now.Add(lifetime))}
	err = db.Do(ctx, c.DB, func(tx *db.Tx) error {
		if err := dropExpired(tx, civil.InstantOf(now)); err != nil {
			return err
		}
		return insertChallenge(tx, row)
	})
	if err != nil {
		return Challenge{}, err
	}
	return Challenge{Token: token, Quiet: quiet, Name: name, Pictures: images, Question: question.text, Work: c.workOf(id)}, nil
}

// Again is the test of a form shown once more: the one that was passed, so that nobody passes two for a mistyped
// field, else a new one, with its pictures.
func (c Check) Again(ctx context.Context, form Form, f *web.Form) (Challenge, error) {
	token := f.Raw(fieldToken)
	row, err := c.find(ctx, token)
	if err != nil {
		return Challenge{}, err
	}
	if c.belongs(row, form) && row.state == statePassed && row.uses < maxUses {
		return Challenge{Token: token, Passed: true}, nil
	}
	return c.draw(ctx, form.Purpose, c.scopeHash(form), false)
}

// Asked tells that « Changer les images » was pressed: the form is to be shown again as it was, with Again, and
// nothing else is to be done.
func (c Check) Asked(f *web.Form) bool { return f.Raw(fieldAction) == actionChange }

// Verify judges the check of a sent form; call it before anything costly. A wrong answer is an Invalid fault on the
// check's field: show the form again with Again. A right one holds until its 20 minutes are over or Spend has used it.
func (c Check) Verify(ctx context.Context, form Form, f *web.Form, from Sender) (Pass, error) {
	given := readGiven(f)
	keys := c.countKeys(form, from)
	type outcome struct {
		pass Pass
		err  error // kept apart: a refusal must not undo its count
	}
	out, err := db.Write(ctx, c.DB, func(tx *db.Tx) (outcome, error) {
		pass, refusal, err := c.judge(tx, form, given, keys)
		if err != nil {
			return outcome{}, err
		}
		return outcome{pass, refusal}, nil
	})
	if err != nil {
		return Pass{}, fmt.Errorf("security check: %w", err)
	}
	return out.pass, out.err
}

// judge finds the test and decides; the refusal is for the person, err is ours.
func (c Check) judge(tx *db.Tx, form Form, given given, keys countKeys) (pass Pass, refusal, err error) {
	now := civil.InstantOf(c.Now())
	row, err := useChallenge(tx, given.tokenHash)
	if err != nil {
		return Pass{}, nil, err
	}
	mine := c.belongs(row, form) && row.uses <= maxUses // an expired row is nobody's
	pass = Pass{id: row.id, formKey: given.formKey, counts: keys.passes(), lifted: c.Limits.Lifted}
	if mine && (row.state == statePassed || row.state == stateSpent && row.formKey == given.formKey && given.formKey != "") {
		return pass, nil, nil
	}
	worked, forged := c.worked(row.id, given.work)
	if !c.Limits.Lifted {
		if err := lockCounts(tx, append(keys.wrongs(), keys.email)...); err != nil {
			return Pass{}, nil, err
		}
		wait, err := c.waits(tx, keys, worked, now)
		if err != nil || wait > 0 {
			return Pass{}, refuse(waitSentence(wait)), err
		}
	}
	if !mine || row.state != stateOpen {
		return Pass{}, refuse(sentenceGone), c.countWrong(tx, keys, now)
	}
	a, err := c.open(row)
	if err != nil {
		return Pass{}, nil, err
	}
	silent := a.Quiet && !given.any() // the work stands for an answer
	switch {
	case silent && !worked && !forged:
		return Pass{}, refuse(sentenceLoud), setState(tx, row.id, stateFailed)
	case !silent && !given.any():
		return Pass{}, refuse(sentenceEmpty), setState(tx, row.id, stateFailed)
	}
	switch {
	case !silent && !a.accepts(given), forged, given.pot != "":
		refusal = refuse(sentenceWrong)
	case !c.Limits.Lifted && c.realNow().Sub(row.drawnAt.In(time.UTC)) < minFill:
		refusal = refuse(sentenceFast)
	default:
		return pass, nil, setState(tx, row.id, statePassed)
	}
	return Pass{}, refusal, errors.Join(setState(tx, row.id, stateFailed), c.countWrong(tx, keys, now))
}

// Spend uses up a pass in the transaction of what the form does; call it first. The same form sent twice at once is
// answered by web.Submit; any other use of the same pass is refused.
func (c Check) Spend(tx *db.Tx, p Pass) error {
	if p.id == "" {
		return refuse(sentenceGone)
	}
	n, err := spend(tx, p.id, p.formKey, civil.InstantOf(c.Now()))
	if err != nil {
		return err
	}
	if n == 0 {
		return refuse(sentenceGone)
	}
	if p.lifted {
		return nil
	}
	for _, key := range p.counts {
		if err := addCount(tx, key, 0, 1, civil.InstantOf(c.Now()), window); err != nil {
			return err
		}
	}
	return nil
}

// Purge forgets expired tests and counts of the past, and tells how many rows; a daily job calls it.
func Purge(tx *db.Tx, now time.Time) (int64, error) {
	return purge(tx, civil.InstantOf(now), civil.InstantOf(now.Add(-2*window)))
}

func (c Check) realNow() time.Time {
	if c.RealNow == nil {
		return c.Now()
	}
	return c.RealNow()
}

// find is the row of a token, the zero row when there is none.
func (c Check) find(ctx context.Context, token string) (challengeRow, error) {
	return db.Read(ctx, c.DB, func(r db.Reader) (challengeRow, error) { return challengeOf(r, crypt.HashToken(token)) })
}

func (c Check) belongs(row challengeRow, form Form) bool {
	return row.id != "" && row.scope == c.scopeHash(form) && row.expiresAt > civil.InstantOf(c.Now())
}

// scopeHash names a form of a visitor; it keeps the names of drafts out of the table.
func (c Check) scopeHash(form Form) string {
	return fmt.Sprintf("%x", c.Key.HMAC("captcha-scope", form.Purpose, form.Scope)[:16])
}

func (c Check) seal(id ID, a answer) ([]byte, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("write answer: %w", err)
	}
	// One length for all: the size of the sealed text tells nothing to who reads the table.
	padded := append(text, []byte(strings.Repeat(" ", max(0, 256-len(text))))...)
	return c.Key.Seal("captcha:"+string(id), padded)
}

func (c Check) open(row challengeRow) (answer, error) {
	var a answer
	text, err := c.Key.Open("captcha:"+string(row.id), row.sealed)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return answer{}, fmt.Errorf("open challenge %s: %w", row.id, err)
	}
	return a, nil
}

// Answers are a test's right answers, for tests and for the demonstration's guide: who calls this holds the key.
type Answers struct{ Picture, Digits, Question string }

// Answers opens the test of a token.
func (c Check) Answers(ctx context.Context, token string) (Answers, error) {
	row, err := c.find(ctx, token)
	if err != nil {
		return Answers{}, err
	}
	if row.id == "" {
		return Answers{}, fault.Missing("security test")
	}
	a, err := c.open(row)
	if err != nil {
		return Answers{}, err
	}
	return Answers{strconv.Itoa(a.Picture), a.Digits, a.Question[0]}, nil
}

func refuse(sentence string) error {
	return fault.InvalidFields(fault.Field{Name: fieldPicture, Sentence: sentence})
}
