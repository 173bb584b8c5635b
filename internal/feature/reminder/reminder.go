// Package reminder tells citizens by mail of the moments that matter to their own home: the last moment to book what a
// child usually has and nobody booked, the last moment to answer about holidays, and an opening that they asked to be
// told of. One mail for each, whatever the children and activities; each account chooses when, or never.
//
// It owns the tables reminder_setting, reminder and opening_watch. It does not decide what may be booked nor until when
// (booking, activity), nor in which home a day is (family): both are asked again when a mail leaves.
package reminder

import (
	"crypto/hmac"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/person"
)

// Ahead is when an account is reminded before a last moment.
type Ahead string

// The choices, in the evening. Eve is that of an account that chose nothing.
const (
	None Ahead = "none"
	Eve  Ahead = "eve"
	Two  Ahead = "two" // two days before
)

// eveningHour is when mails leave the evening before.
const eveningHour = 18

// leaves is when an account is told of a moment of a day; never for None.
func (h Ahead) leaves(day civil.Date, zone *time.Location) (time.Time, bool) {
	switch h {
	case Eve:
		return day.AddDays(-1).At(eveningHour, 0, zone), true
	case Two:
		return day.AddDays(-2).At(eveningHour, 0, zone), true
	}
	return time.Time{}, false
}

// due keeps what an account is to be told of now: what its evening has come for, and with a week all that is silent of
// it, so that no second mail speaks of that week.
func due(all []booking.Unanswered, ahead Ahead, told []string, now time.Time) []booking.Unanswered {
	var keys []string
	for _, u := range all {
		at, ever := ahead.leaves(u.Until.Day, now.Location())
		if ever && !now.Before(at) && !u.Until.Passed(now) && !slices.Contains(told, u.Key()) {
			keys = append(keys, u.Key())
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(u booking.Unanswered) bool { return !slices.Contains(keys, u.Key()) })
}

// Who is an account that may be told something, with its choice.
type Who struct {
	Account account.ID
	Person  person.ID
	Email   string
	Ahead   Ahead
}

// reader is that citizen as if signed in: what it may see is decided at each reading.
func (w Who) reader() actor.Actor {
	return actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(w.Account), Person: string(w.Person)}
}

func mayAsk(a actor.Actor) error {
	if a.Kind != actor.Citizen || a.State != actor.Active {
		return fault.New(fault.Forbidden, "")
	}
	return nil
}

// SetAhead chooses when the signed-in citizen is reminded.
func SetAhead(tx *db.Tx, now time.Time, a actor.Actor, ahead Ahead) error {
	if err := mayAsk(a); err != nil {
		return err
	}
	if ahead != None && ahead != Eve && ahead != Two {
		return fault.InvalidFields(fault.Field{Name: "rappel", Sentence: "Choisissez quand vous voulez être prévenu."})
	}
	if err := setAhead(tx, now, account.ID(a.Account), ahead); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "reminder.set", Object: "account", ID: a.Account, Subject: a.Person, Detail: string(ahead)})
}

// stopToken is the end of the link by which an account stops reminders without signing in: it does nothing else.
func stopToken(key *crypt.Key, id account.ID) string {
	return string(id) + "." + base64.RawURLEncoding.EncodeToString(key.HMAC("reminder-stop", string(id))[:18])
}

// Stop ends the reminders of the account whose link it is; again, it changes nothing. A link that nobody was given is a
// NotFound fault.
func Stop(tx *db.Tx, now time.Time, key *crypt.Key, token string) error {
	who, err := ofToken(tx, key, token)
	if err != nil || who.Ahead == None {
		return err
	}
	if err := setAhead(tx, now, who.Account, None); err != nil {
		return err
	}
	return audit.Write(tx, now, actor.Job("reminder"), audit.Entry{Action: "reminder.stopped", Object: "account", ID: string(who.Account), Subject: string(who.Person)})
}

// StopLink is the path of an account's link.
func StopLink(key *crypt.Key, id account.ID) string { return StopPath + stopToken(key, id) }

func ofToken(r db.Reader, key *crypt.Key, token string) (Who, error) {
	id, _, _ := strings.Cut(token, ".")
	if !hmac.Equal([]byte(token), []byte(stopToken(key, account.ID(id)))) {
		return Who{}, fault.Missing("reminder")
	}
	return anybody(r, account.ID(id))
}

// Watch asks for a mail when a period opens to the citizen's home; asked again, it changes nothing. A period of no child
// of its own is a NotFound fault.
func Watch(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, period activity.PeriodID) error {
	if err := mayAsk(a); err != nil {
		return err
	}
	all, err := booking.OpeningsOf(tx, now, a, cat)
	if err != nil {
		return err
	}
	o, known := find(all, period)
	if !known {
		return fault.Missing("period")
	}
	if o.Open {
		return fault.New(fault.Conflict, "Les réservations de cette période sont ouvertes.")
	}
	if ok, err := reachable(tx, account.ID(a.Account)); err != nil || !ok {
		if err == nil {
			err = fault.New(fault.Refused, unreachable)
		}
		return err
	}
	if made, err := insertWatch(tx, now, account.ID(a.Account), period); err != nil || !made {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "reminder.opening.asked", Object: "period", ID: string(period), Subject: a.Person, Detail: o.Activity.Name})
}

const unreachable = "Nous n’avons pas d’adresse e-mail confirmée où vous joindre."

// Unwatch takes it back.
func Unwatch(tx *db.Tx, now time.Time, a actor.Actor, period activity.PeriodID) error {
	if err := mayAsk(a); err != nil {
		return err
	}
	if gone, err := deleteWatch(tx, account.ID(a.Account), period); err != nil || !gone {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "reminder.opening.dropped", Object: "period", ID: string(period), Subject: a.Person})
}

func find(all []booking.Opening, period activity.PeriodID) (booking.Opening, bool) {
	i := slices.IndexFunc(all, func(o booking.Opening) bool { return o.Period.ID == period })
	if i < 0 {
		return booking.Opening{}, false
	}
	return all[i], true
}

// watch is somebody waiting for a period to open. ToldFor is the opening that a mail announced, 0 for none.
type watch struct {
	Who
	Period  activity.PeriodID
	ToldFor civil.Instant
}

// step is what becomes of a watch at a moment.
type step struct {
	tell   bool
	over   bool
	moment civil.Instant // the opening announced
}

// next decides it. What has a date is announced the evening before, to all at the same hour, so that the mail is no
// start of a race; what opens without one, once it is open. A date that moves is announced again; one that passes without
// an opening is forgotten, and the opening will be told.
func (w watch) next(o booking.Opening, known bool, now time.Time) step {
	switch {
	case !known:
		return step{over: true, moment: w.ToldFor}
	case o.Open:
		return step{tell: w.ToldFor == 0, over: true, moment: w.ToldFor}
	case o.At.Kind == activity.LimitAt:
		if at, _ := Eve.leaves(o.At.Day, now.Location()); now.Before(at) || w.ToldFor == o.At.Instant() {
			return step{moment: w.ToldFor}
		}
		return step{tell: true, moment: o.At.Instant()}
	case w.ToldFor != 0 && w.ToldFor <= civil.InstantOf(now):
		return step{}
	}
	return step{moment: w.ToldFor}
}
