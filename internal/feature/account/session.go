package account

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// SessionID names a session; it is not the cookie's value.
type SessionID string

// Session is one device that is signed in.
type Session struct {
	ID        SessionID
	Account   ID
	Device    string // in words: "Firefox sur Android"
	Shared    bool
	CreatedAt civil.Instant
	SeenAt    civil.Instant
}

const touchEvery = time.Minute // a session in use is written at most this often

// lifetime is how long sessions last: unused, and in all.
func lifetime(audience Audience, shared bool) (idle, absolute time.Duration) {
	switch {
	case audience == Agent:
		return time.Hour, 12 * time.Hour
	case shared:
		return 30 * time.Minute, 12 * time.Hour
	}
	return 30 * 24 * time.Hour, 90 * 24 * time.Hour
}

type sessionWish struct {
	half, second, shared bool
	device               string // in words
	previous             string // session that the new one replaces
}

// openSession makes a session under a token never seen before and ends the browser's previous one.
func openSession(tx *db.Tx, now time.Time, acc Account, w sessionWish) (Opened, error) {
	if w.previous != "" {
		if _, err := tx.Exec(`delete from session where id = $1`, w.previous); err != nil {
			return Opened{}, fmt.Errorf("end previous session: %w", err)
		}
	}
	idle, absolute := lifetime(acc.Audience, w.shared)
	clear, hash := crypt.NewToken()
	s := storedSession{Session: Session{ID: SessionID(db.NewID()), Account: acc.ID, Device: w.device, Shared: w.shared},
		half: w.half, idle: idle, expires: civil.InstantOf(now).Add(absolute)}
	if w.second {
		s.secondAt = civil.InstantOf(now)
	}
	if err := insertSession(tx, now, hash, s); err != nil {
		return Opened{}, fmt.Errorf("insert session: %w", err)
	}
	opened := Opened{Token: clear, MustPass: acc.Provisional(), Half: w.half, session: s.ID}
	if acc.Audience == Citizen && !w.shared {
		opened.For = absolute
	}
	return opened, nil
}

// storedSession is a session with what decides whether it still lives and whose it is.
type storedSession struct {
	Session
	secondAt    civil.Instant
	half        bool
	idle        time.Duration
	expires     civil.Instant
	person      string
	name        person.Person
	audience    Audience
	state       State
	provisional civil.Instant
	role        Role
	service     string
}

// alive tells whether a session still counts.
func (s storedSession) alive(now civil.Instant) bool {
	switch {
	case now >= s.expires || now >= s.SeenAt.Add(s.idle):
		return false
	case s.provisional != 0 && now >= s.provisional:
		return false
	}
	return s.state.signsIn()
}

// actorOf is who a living session stands for. rows are one session, once for each of its roles. A citizen who
// still owes the second factor is nobody yet, but keeps the session's id.
func actorOf(rows []storedSession, grants Grants) actor.Actor {
	s := rows[0]
	a := actor.Actor{Account: string(s.Account), Person: s.person, Name: s.name.Full(), Session: string(s.ID)}
	if s.audience == Agent {
		a.Kind, a.Second, a.State = actor.Agent, !s.half && s.secondAt != 0, actor.Active
		if a.Second {
			a.Rights = grants.rights(rows)
		}
		return a
	}
	if s.half {
		return actor.Actor{Session: string(s.ID)}
	}
	a.Kind, a.Second = actor.Citizen, s.secondAt != 0
	switch {
	case s.provisional != 0:
		a.State = actor.MustPass
	case s.state == Active:
		a.State = actor.Active
	default:
		a.State = actor.Waiting
	}
	return a
}

// Identify tells who holds a cookie's value, in one query; Anonymous for a value that opens nothing. touch is true
// when the session's last use should be written.
func identify(r db.Reader, now time.Time, grants Grants, token string) (a actor.Actor, touch bool, err error) {
	rows, err := sessionRows(r, crypt.HashToken(token))
	if err != nil {
		return actor.Actor{}, false, fmt.Errorf("read session: %w", err)
	}
	at := civil.InstantOf(now)
	if len(rows) == 0 || !rows[0].alive(at) {
		return actor.Actor{}, false, nil
	}
	return actorOf(rows, grants), rows[0].SeenAt.Add(touchEvery) <= at, nil
}

// EndSession signs one device out, which is no longer known when it is not the one in hand; another account's session is a NotFound fault.
func EndSession(tx *db.Tx, now time.Time, a actor.Actor, id SessionID) error {
	if a.Account == "" {
		return fault.New(fault.Forbidden, "")
	}
	n, err := tx.Exec(`delete from session where id = $1 and account = $2`, string(id), a.Account)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	if n == 0 {
		return fault.Missing("session")
	}
	if string(id) != a.Session { // who signs out where they are comes back there
		if err := forgetKnownOf(tx, ID(a.Account), id); err != nil {
			return err
		}
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.session.ended", Object: "session", ID: string(id), Subject: a.Person})
}

// EndOthers signs out every device but the one in hand and returns how many there were.
func EndOthers(tx *db.Tx, now time.Time, a actor.Actor) (int64, error) {
	if a.Account == "" {
		return 0, fault.New(fault.Forbidden, "")
	}
	n, err := endSessions(tx, ID(a.Account), a.Session)
	if err != nil || n == 0 {
		return n, err
	}
	return n, audit.Write(tx, now, a, audit.Entry{Action: "account.sessions.ended", Object: "account", ID: a.Account,
		Subject: a.Person, Detail: fmt.Sprint(n)})
}

// Device puts a browser's words on itself into ours: "Firefox sur Android". Unknown ones are "Appareil inconnu".
func Device(agent string) string {
	pick := func(names ...[2]string) string {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				return n[1]
			}
		}
		return ""
	}
	browser := pick([2]string{"Edg", "Edge"}, [2]string{"OPR/", "Opera"}, [2]string{"SamsungBrowser", "Samsung Internet"},
		[2]string{"FxiOS", "Firefox"}, [2]string{"Firefox", "Firefox"}, [2]string{"CriOS", "Chrome"},
		[2]string{"Chrome", "Chrome"}, [2]string{"Safari", "Safari"})
	system := pick([2]string{"iPhone", "iPhone"}, [2]string{"iPad", "iPad"}, [2]string{"Android", "Android"},
		[2]string{"Windows", "Windows"}, [2]string{"Mac OS", "Mac"}, [2]string{"CrOS", "Chromebook"}, [2]string{"Linux", "Linux"})
	switch {
	case browser != "" && system != "":
		return browser + " sur " + system
	case browser+system != "":
		return browser + system
	}
	return "Appareil inconnu"
}
