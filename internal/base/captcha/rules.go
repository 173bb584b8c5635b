package captcha

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/web"

	"golang.org/x/text/unicode/norm"
)

// What the check says; each new test is shown below it.
const (
	sentenceWrong = "Ce n’est pas la bonne réponse. Voici un nouveau test : rien d’autre n’est perdu."
	sentenceEmpty = "Choisissez l’image demandée, ou répondez au son ou à la question."
	sentenceLoud  = "Votre appareil n’a pas pu faire le contrôle à votre place. Choisissez l’image demandée, ou répondez au son ou à la question."
	sentenceGone  = "Ce test a déjà servi, ou il a plus de 20 minutes. En voici un nouveau : rien d’autre n’est perdu."
	sentenceFast  = "Le formulaire est parti trop vite pour ce contrôle. Voici un nouveau test : rien d’autre n’est perdu."
)

const (
	minFill  = 3 * time.Second
	window   = time.Hour // of all counts
	workBits = 16        // about 65,000 hashes: a second on a slow phone
)

// Limits bound wrong answers and successes in an hour. Phones share network addresses, so an address has more than a
// visitor; one that does no proof of work has less. The zero value means the portal's own.
type Limits struct {
	Free           int64 // wrong answers of one visitor before a minute's wait between two
	Visitor        int64 // wrong answers of one visitor
	Email          int64 // wrong answers for one e-mail address, of one network address
	Address        int64 // wrong answers of one network address
	AddressNoWork  int64 // the same, without proof of work
	Passes         int64 // forms accepted from one network address
	PassesNoWork   int64 // the same, without proof of work
	PassesForEmail int64 // forms accepted for one e-mail address
	Lifted         bool  // no limit and no least time: for tests
}

// defaultLimits are those of the portal.
var defaultLimits = Limits{Free: 5, Visitor: 15, Email: 15, Address: 60, AddressNoWork: 30, Passes: 60, PassesNoWork: 20,
	PassesForEmail: 5}

func (l Limits) orDefault() Limits {
	if l == (Limits{}) {
		return defaultLimits
	}
	return l
}

// given is what a form answered.
type given struct {
	tokenHash, formKey       string
	picture, sound, question string
	work, pot                string
}

func readGiven(f *web.Form) given {
	return given{tokenHash: crypt.HashToken(f.Raw(fieldToken)), formKey: formKey(f.Raw("cle")),
		picture: f.Text(fieldPicture), sound: f.Line(fieldSound), question: f.Line(fieldQuestion),
		work: f.Raw(fieldWork), pot: f.Raw(fieldPot)}
}

// formKey is the stored form of the key that makes sending a form twice the same as once.
func formKey(cle string) string {
	if cle == "" {
		return ""
	}
	return crypt.HashToken(cle)
}

func (g given) any() bool { return g.picture != "" || g.sound != "" || g.question != "" }

// accepts tells whether one of the ways was answered rightly. A wrong answer beside a right one is refused: else each
// test would be worth three guesses.
func (a answer) accepts(g given) bool {
	if !g.any() {
		return false
	}
	return (g.picture == "" || g.picture == strconv.Itoa(a.Picture)) &&
		(g.sound == "" || digitsOf(g.sound) == a.Digits) &&
		(g.question == "" || slices.Contains(a.Question, foldAnswer(g.question)))
}

var digitWords = map[string]string{"zero": "0", "un": "1", "une": "1", "deux": "2", "trois": "3", "quatre": "4",
	"cinq": "5", "six": "6", "sept": "7", "huit": "8", "neuf": "9"}

// digitsOf reads digits typed as figures or words, with anything between them.
func digitsOf(s string) string {
	var b strings.Builder
	for _, word := range strings.Fields(fold(s)) {
		if d, ok := digitWords[word]; ok {
			b.WriteString(d)
			continue
		}
		b.WriteString(word)
	}
	return b.String()
}

// fold forgets capitals, accents and punctuation.
func fold(s string) string {
	drop := func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return ' '
	}
	s = strings.NewReplacer("œ", "oe", "Œ", "oe", "æ", "ae", "Æ", "ae").Replace(s)
	return strings.Join(strings.Fields(strings.Map(drop, norm.NFD.String(s))), " ")
}

var articles = []string{"le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "c", "est", "en", "lettre", "mois", "jour"}

// foldAnswer is fold without the small words around an answer: « C’est le mercredi. » is « mercredi ». An answer made
// of small words only (« un ») is kept.
func foldAnswer(s string) string {
	words := strings.Fields(fold(s))
	var kept []string
	for i, w := range words {
		if i == len(words)-1 || !slices.Contains(articles, w) {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// countKeys are what an attempt is counted under: keyed hashes, so that the table names nobody. Wrong answers count
// for an e-mail address typed from one network (mailbox): else anybody could lock somebody's address for everybody.
// Forms accepted count for the address wherever they come from (email).
type countKeys struct{ visitor, address, email, mailbox string }

// passes are the keys that an accepted form counts for.
func (k countKeys) passes() []string { return filled(k.address, k.email) }

// wrongs are the keys that a wrong answer counts for.
func (k countKeys) wrongs() []string { return filled(k.address, k.mailbox, k.visitor) }

func filled(keys ...string) []string {
	return slices.DeleteFunc(keys, func(k string) bool { return k == "" })
}

func (c Check) countKeys(form Form, from Sender) countKeys {
	hash := func(parts ...string) string { return fmt.Sprintf("%x", c.Key.HMAC("captcha-count", parts...)[:16]) }
	k := countKeys{visitor: hash("visitor", form.Purpose, form.Scope), address: hash("address", form.Purpose, web.Network(from.Address))}
	if email := strings.ToLower(strings.TrimSpace(from.Email)); email != "" {
		k.email = hash("email", form.Purpose, email)
		k.mailbox = hash("email-address", form.Purpose, email, web.Network(from.Address))
	}
	return k
}

// waits tells how long the sender must wait before another answer is judged.
func (c Check) waits(r db.Reader, k countKeys, worked bool, now civil.Instant) (time.Duration, error) {
	l := c.Limits.orDefault()
	wrongs, passes := l.Address, l.Passes
	if !worked {
		wrongs, passes = l.AddressNoWork, l.PassesNoWork
	}
	visitor, err := countOf(r, k.visitor, now, window)
	if err != nil {
		return 0, err
	}
	address, err := countOf(r, k.address, now, window)
	if err != nil {
		return 0, err
	}
	wait := max(visitor.wait(l.Visitor, -1, now), address.wait(wrongs, passes, now))
	if visitor.wrong >= l.Free {
		wait = max(wait, left(visitor.lastAt.Add(time.Minute), now))
	}
	if k.email == "" {
		return wait, nil
	}
	mailbox, err := countOf(r, k.mailbox, now, window)
	if err != nil {
		return 0, err
	}
	email, err := countOf(r, k.email, now, window)
	return max(wait, mailbox.wait(l.Email, -1, now), email.wait(math.MaxInt64, l.PassesForEmail, now)), err
}

// wait is until the end of the window when a limit is reached; passes under 0 are not limited.
func (n count) wait(wrongs, passes int64, now civil.Instant) time.Duration {
	if n.wrong < wrongs && (passes < 0 || n.passed < passes) {
		return 0
	}
	return left(n.startedAt.Add(window), now)
}

func left(until, now civil.Instant) time.Duration {
	if until <= now {
		return 0
	}
	return time.Duration(until-now) * time.Microsecond
}

func (c Check) countWrong(tx *db.Tx, k countKeys, now civil.Instant) error {
	if c.Limits.Lifted {
		return nil
	}
	for _, key := range k.wrongs() {
		if err := addCount(tx, key, 1, 0, now, window); err != nil {
			return err
		}
	}
	return nil
}

func waitSentence(wait time.Duration) string {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	if minutes <= 1 {
		return "Trop d’essais. Réessayez dans 1 minute, ou demandez à un agent : rien d’autre n’est perdu."
	}
	return fmt.Sprintf("Trop d’essais. Réessayez dans %d minutes, ou demandez à un agent : rien d’autre n’est perdu.", minutes)
}

// workOf is what a challenge's browser computes on. It is keyed: nobody prepares work for challenges not yet drawn.
func (c Check) workOf(id ID) string {
	return hex.EncodeToString(c.Key.HMAC("captcha-work", string(id))[:16])
}

// worked tells whether the proof of work was done; forged, whether something else was sent in its place. Nothing sent
// is neither: people go without JavaScript, or are faster than their phone.
func (c Check) worked(id ID, nonce string) (done, forged bool) {
	if nonce == "" {
		return false, false
	}
	ok := len(nonce) <= 12 && leadingZeros(c.workOf(id)+":"+nonce) >= workBits
	return ok, !ok
}

func leadingZeros(text string) int {
	sum := sha256.Sum256([]byte(text))
	return bits.LeadingZeros64(binary.BigEndian.Uint64(sum[:8]))
}
