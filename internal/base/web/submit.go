package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"

	"github.com/a-h/templ"
)

const (
	keyDays  = 30 // how long a replayed form gets its first answer
	attempts = 3  // when the outcome of a commit could not be learnt
)

// Done is what a verb's success leads to.
type Done struct {
	Location string // the next page; it is given recu=… so that it can say what was saved
	Sentence string // "Vos coordonnées sont enregistrées."
	// External allows a Location on another site (the bank's page); never from what was typed.
	External bool
	// After runs once the commit is done, before the answer, and not for a replay: to set a cookie.
	After func(w http.ResponseWriter)
}

// Key prints the hidden field of a POST form that makes sending it twice the same as sending it once.
func Key() templ.Component { return keyField(newKey()) }

func newKey() string {
	var raw [16]byte
	rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Submit runs a verb once for a form, however often it is sent: the verb's rows and the form's key are one
// transaction, acknowledged by a 303 after the commit. The same form sent again (double click, lost network, ten at
// once) gets the same 303. A form changed after going back is another form, and what a verb refuses is not kept.
func Submit(w http.ResponseWriter, r *http.Request, a actor.Actor, verb func(tx *db.Tx) (Done, error)) error {
	v := visitOf(r.Context())
	if v.rt == nil {
		return errors.New("submit outside the router")
	}
	hash, err := formHash(r, a)
	if err != nil {
		return err
	}
	var mine string // the receipt of this request's own run: a replay has another's
	var after func(http.ResponseWriter)
	once := func(tx *db.Tx) (receipt, error) {
		old, err := receiptOf(tx, hash)
		if err != nil || old.id != "" {
			return old, err
		}
		done, err := verb(tx)
		if err != nil {
			return receipt{}, err
		}
		rec, err := newReceipt(hash, a, done, v.rt.cfg.Now())
		if err != nil {
			return receipt{}, err
		}
		mine, after = rec.id, done.After
		return rec, insertReceipt(tx, rec, a.Kind == actor.Citizen && a.Account != "")
	}
	rec, err := v.rt.writeOnce(r.Context(), hash, once)
	if err != nil {
		return err
	}
	if after != nil && rec.id == mine {
		after(w)
	}
	w.Header().Set("Location", rec.target())
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// writeOnce runs once until its outcome is known. A failure may come from the same form sent at the same moment,
// which won: then its receipt is the answer.
func (rt *Router) writeOnce(ctx context.Context, hash string, once func(*db.Tx) (receipt, error)) (receipt, error) {
	var err error
	for range attempts {
		var rec receipt
		if rec, err = db.Write(ctx, rt.cfg.DB, once); err == nil {
			return rec, nil
		}
		won, lookErr := db.Read(ctx, rt.cfg.DB, func(r db.Reader) (receipt, error) { return receiptOf(r, hash) })
		if lookErr == nil && won.id != "" {
			return won, nil
		}
		if !errors.Is(err, db.ErrUnknown) && !errors.Is(err, errTaken) {
			return receipt{}, err
		}
	}
	return receipt{}, &fault.Error{Kind: fault.Unavailable, Err: err,
		Sentence: "Le portail n’a pas pu confirmer l’enregistrement. Renvoyez le formulaire : il ne sera compté qu’une fois."}
}

// formHash names the form: who sends it, where to, its key and all its content.
func formHash(r *http.Request, a actor.Actor) (string, error) {
	key := r.PostForm.Get("cle")
	if len(key) < 20 || len(key) > 64 {
		return "", fault.New(fault.Invalid, "Ce formulaire est incomplet. Rechargez la page, puis envoyez-le de nouveau.")
	}
	h := sha256.New()
	put(h, key, a.Account, r.URL.Path)
	putForm(h, r.PostForm)
	if r.MultipartForm != nil {
		for _, name := range sortedNames(r.MultipartForm.File) {
			for _, file := range r.MultipartForm.File[name] {
				f, err := file.Open()
				if err != nil {
					return "", fmt.Errorf("open sent file: %w", err)
				}
				sum := sha256.New()
				_, err = io.Copy(sum, f)
				f.Close()
				if err != nil {
					return "", fmt.Errorf("read sent file: %w", err)
				}
				put(h, name, file.Filename, hex.EncodeToString(sum.Sum(nil)))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func putForm(h hash.Hash, form url.Values) {
	for _, name := range sortedNames(form) {
		put(h, name)
		put(h, form[name]...)
	}
}

// put feeds parts with their lengths, so that two lists never read the same.
func put(h hash.Hash, parts ...string) {
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
}

func sortedNames[T any](m map[string][]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// receipt is the stored answer to a form.
type receipt struct {
	id, keyHash, scope string
	location, sentence string
	at                 civil.Instant
}

func newReceipt(hash string, a actor.Actor, done Done, now time.Time) (receipt, error) {
	if done.External {
		u, err := url.Parse(done.Location)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return receipt{}, errors.New("submit: Location is not an address")
		}
	} else if LocalPath(done.Location) == "" {
		return receipt{}, errors.New("submit: Location is not a path of the portal")
	}
	return receipt{id: db.NewID(), keyHash: hash, scope: a.Account, location: done.Location, sentence: done.Sentence,
		at: civil.InstantOf(now)}, nil
}

// target is the location with the receipt's number.
func (rec receipt) target() string {
	if !strings.HasPrefix(rec.location, "/") {
		return rec.location
	}
	sep := "?"
	if strings.Contains(rec.location, "?") {
		sep = "&"
	}
	return rec.location + sep + "recu=" + rec.id
}

// flash is what the previous form did, when the address carries a receipt of the person's own.
func (v *visit) flash(r *http.Request) (*Flash, error) {
	id := r.URL.Query().Get("recu")
	if id == "" || len(id) > 40 || !isRead(r) {
		return nil, nil
	}
	rec, err := db.Read(r.Context(), v.rt.cfg.DB, func(rd db.Reader) (receipt, error) { return receiptByID(rd, id) })
	if fault.KindOf(err) == fault.NotFound || (err == nil && rec.scope != "" && rec.scope != v.actor.Account) {
		return nil, nil // somebody else's, or purged: the page stands without it
	}
	if err != nil {
		return nil, fmt.Errorf("read receipt: %w", err)
	}
	at := rec.at.In(v.rt.cfg.Now().Location())
	return &Flash{Sentence: rec.sentence, At: "Enregistré le " + civil.Stamp(at)}, nil
}
