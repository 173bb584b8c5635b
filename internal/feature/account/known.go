package account

import (
	"fmt"
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
)

// KnownCookie is the name of the cookie of a browser from which somebody signed in before, as web.SetCookie takes it.
// It opens nothing: the wrong tries made from there are counted apart, so that nobody elsewhere keeps the owner out.
const KnownCookie = "appareil"

const (
	knownFor  = 365 * 24 * time.Hour // from the last complete sign-in
	knownMost = 20                   // devices of one account: each may try passwords on its own count
)

// Browser is where a request comes from.
type Browser struct {
	Device   string // the browser's own words on itself
	Address  string // network address
	Previous string // session that it has, ended by a new one
	Known    string // value of KnownCookie, "" without
}

func browserOf(r *http.Request, a actor.Actor) Browser {
	return Browser{Device: r.UserAgent(), Address: address(r), Previous: a.Session, Known: web.Cookie(r, KnownCookie)}
}

// tokenLike tells whether a cookie's value may be one of ours; others are not looked up.
func tokenLike(s string) bool { return len(s) >= 20 && len(s) <= 64 }

// knownKeys count the tries made from a known device: apart from the name's, the account's and the address's, which
// others spend. Only who signed in from there can have its cookie.
func knownKeys(key *crypt.Key, device string) keys {
	hash := func(part string) string { return fmt.Sprintf("%x", key.HMAC("sign-in-try", part, device)[:16]) }
	return keys{name: hash("device"), account: hash("device account"), address: hash("device address")}
}

// remember makes a browser known to an account after a complete sign-in, and returns its cookie's new value. The value
// before dies, also for the other accounts of that browser, which follow to the new one.
func remember(tx *db.Tx, now time.Time, acc ID, session SessionID, before string) (string, error) {
	clear, hash := crypt.NewToken()
	if tokenLike(before) {
		if err := moveKnown(tx, crypt.HashToken(before), hash); err != nil {
			return "", err
		}
	}
	at := civil.InstantOf(now)
	return clear, insertKnown(tx, db.NewID(), acc, hash, session, at, at.Add(knownFor))
}

// openKnown opens a session and remembers the browser, unless the sign-in is not complete or the computer is shared.
func openKnown(tx *db.Tx, now time.Time, acc Account, w sessionWish, known string) (Opened, error) {
	opened, err := openSession(tx, now, acc, w)
	if err != nil || w.half || w.shared || acc.Provisional() {
		return opened, err
	}
	opened.Known, err = remember(tx, now, acc.ID, opened.session, known)
	return opened, err
}

// stayKnown remembers the browser in hand again once all devices were forgotten: it is the one that stays signed in.
// The answer sets the cookie after the commit; nil on a shared computer.
func stayKnown(tx *db.Tx, now time.Time, r *http.Request, a actor.Actor) (func(http.ResponseWriter), error) {
	s, err := sessionByID(tx, a.Session)
	if err != nil || s.Shared {
		return nil, err
	}
	token, err := remember(tx, now, ID(a.Account), s.ID, web.Cookie(r, KnownCookie))
	return func(w http.ResponseWriter) { setKnown(w, r, token) }, err
}

func setKnown(w http.ResponseWriter, r *http.Request, token string) {
	if token != "" {
		web.SetCookie(w, r, KnownCookie, token, knownFor)
	}
}
