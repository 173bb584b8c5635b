// Package suspension gives up days of activities at once: a strike, works, a school outing. One act closes the places,
// cancels what was booked and asked there, and tells each family what it lost and why; another gives all of it back.
// What it will do is shown before.
//
// It owns the tables suspension, suspension_scope, suspension_slot and suspension_order. It does not know the days on
// which a service is always closed (town), which nobody can book, nor what a day costs (billing).
package suspension

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// ID names a suspension.
type ID string

// Write is the right to give up days of a service and to give them back.
const Write actor.Right = "suspension.write"

// State is where a suspension stands: closing → closed → reopening → reopened. The two in the middle of an act last as
// long as its job goes through the families.
type State string

// The states of a suspension.
const (
	Closing   State = "closing"
	Closed    State = "closed"
	Reopening State = "reopening"
	Reopened  State = "reopened"
)

// Asked is what an agent wants to give up: some activities of one service, whole or some of their parts, at some of their
// sites or groups or all, over some days.
type Asked struct {
	Activities []activity.ID
	Units      []activity.UnitID  // none of an activity: all of it
	Sites      []town.SiteID      // none: all
	Groups     []activity.GroupID // none of an activity: all
	Days       civil.Range
	Reason     string // in a few words, on each cell: "Grève du personnel"
	Message    string // what families do meanwhile: "Prévoyez un pique-nique"
}

// Suspension is one as it stands. Left is how many days its last act could do nothing about: an agent has them to see to.
type Suspension struct {
	ID      ID
	Service town.ServiceID
	Scopes  []Scope
	Days    civil.Range
	Reason  string
	Message string
	State   State
	MadeAt  civil.Instant
	Left    int
}

const noSuchPlace = "Aucune de ces activités n’a lieu à cet endroit."

// Bounds of what is asked.
const (
	mostDays    = 60
	mostReason  = 80
	mostMessage = 400
)

// Check looks at what is asked: days to come, a reason, activities of one service where the agent may do it.
func (x Asked) Check(a actor.Actor, cat *activity.Catalogue, today civil.Date) (town.ServiceID, error) {
	if !a.Can(Write) {
		return "", fault.New(fault.Forbidden, "")
	}
	var fields []fault.Field
	wrong := func(name, sentence string) { fields = append(fields, fault.Field{Name: name, Sentence: sentence}) }
	service := town.ServiceID("")
	if len(x.Activities) == 0 {
		wrong("activite", "Choisissez au moins une activité.")
	}
	for i, id := range x.Activities {
		act, known := cat.Activity(id)
		if !known || !a.CanFor(Write, string(act.Service)) {
			return "", fault.Missing("activity")
		}
		if i > 0 && act.Service != service {
			wrong("activite", "Ces activités sont de deux services. Faites-le service par service.")
			break
		}
		service = act.Service
	}
	switch {
	case x.Days.From.IsZero():
		wrong("debut", "Écrivez la date ainsi\u00a0: "+today.French()+".")
	case x.Days.From.Before(today):
		wrong("debut", "Ce jour est passé. Choisissez aujourd’hui ou un jour à venir.")
	case x.Days.To.IsZero():
		wrong("fin", "Écrivez la date ainsi\u00a0: "+today.French()+".")
	case x.Days.To.Before(x.Days.From):
		wrong("fin", "Le dernier jour est avant le premier.")
	case x.Days.To.Sub(x.Days.From) >= mostDays:
		wrong("fin", "C’est plus de 60\u00a0jours\u00a0: vérifiez les dates, ou faites-le en plusieurs fois.")
	}
	switch {
	case x.Reason == "":
		wrong("motif", "Indiquez le motif, les familles le lisent\u00a0: «\u00a0Grève du personnel\u00a0», «\u00a0Sortie scolaire\u00a0»…")
	case utf8.RuneCountInString(x.Reason) > mostReason:
		wrong("motif", "Ce motif dépasse 80\u00a0caractères. Mettez le reste dans le message.")
	}
	if utf8.RuneCountInString(x.Message) > mostMessage {
		wrong("message", "Ce message dépasse 400\u00a0caractères. Raccourcissez-le.")
	}
	return service, fault.InvalidFields(append(fields, x.checkParts(cat)...)...)
}

// clean tidies what was typed.
func (x Asked) clean() Asked {
	x.Reason, x.Message = strings.TrimRight(person.Clean(x.Reason), ". "), strings.TrimSpace(x.Message)
	return x
}

// acting is the agent with the rights that a suspension lends for its own act: those of places and bookings, in one
// service.
func acting(account, person string, service town.ServiceID) actor.Actor {
	of := []string{string(service)}
	return actor.Actor{Kind: actor.Agent, Second: true, Account: account, Person: person,
		Rights: map[actor.Right][]string{activity.Write: of, booking.Write: of}}
}

// Suspend closes the places at once, so that nobody books them any more, and leaves the families to a job. Nothing open
// on those days is a Refused fault; days that another suspension closes are an
// Invalid one.
func Suspend(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, x Asked) (ID, error) {
	x = x.clean()
	service, err := x.Check(a, cat, civil.DateOf(now))
	if err != nil {
		return "", err
	}
	s := Suspension{ID: ID(db.NewID()), Service: service, Scopes: x.scopes(cat), Days: x.Days, Reason: x.Reason, Message: x.Message}
	if len(s.Scopes) == 0 {
		return "", fault.InvalidFields(fault.Field{Name: "lieu", Sentence: noSuchPlace})
	}
	if err := insert(tx, now, a, s); err != nil {
		return "", fmt.Errorf("insert suspension: %w", err)
	}
	closed := 0
	var nothing error
	for _, scope := range s.Scopes {
		slots, err := activity.Shut(tx, now, acting(a.Account, a.Person, service), scope.Activity, activity.Scope{Days: s.Days, Site: scope.Site, Unit: scope.Unit, Group: scope.Group}, s.Reason)
		if fault.KindOf(err) == fault.Refused {
			nothing = err
			continue
		}
		if err != nil {
			return "", err
		}
		closed += len(slots)
		if err := insertSlots(tx, s.ID, scope.Activity, slots); err != nil {
			return "", fmt.Errorf("note closed slots: %w", err)
		}
	}
	twice, err := s.across().clashes(tx, s.ID) // the activities are locked
	if err != nil {
		return "", fmt.Errorf("look for other suspensions: %w", err)
	}
	if err := refuseTwice(cat, twice); err != nil {
		return "", err
	}
	if closed == 0 { // closed already, by hand: what is still booked there goes all the same
		all, err := s.across().heldBy(tx, cat, "")
		if err != nil {
			return "", fmt.Errorf("list what is held: %w", err)
		}
		if !slices.ContainsFunc(all, func(h held) bool { return h.changes(cat) }) {
			return "", nothing
		}
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "suspension.made", Object: "suspension", ID: string(s.ID),
		Detail: s.Days.From.String() + " " + s.Days.To.String() + " " + s.Reason}); err != nil {
		return "", err
	}
	return s.ID, enqueue(tx, now, s.ID)
}

// Reopen opens again the places that a suspension closed, and leaves to the job to give each family back what it lost
// and did not take again since. Only days to come are given back.
func Reopen(tx *db.Tx, now time.Time, a actor.Actor, id ID) error {
	s, err := lock(tx, id)
	if err != nil {
		return err
	}
	switch {
	case !a.CanFor(Write, string(s.Service)):
		return fault.Missing("suspension")
	case s.State == Closing:
		return fault.New(fault.Conflict, "Les familles sont en train d’être prévenues. Attendez que ce soit fini, puis recommencez.")
	case s.State != Closed:
		return fault.New(fault.Conflict, "Ces jours sont déjà rouverts.")
	case s.Days.To.Before(civil.DateOf(now)):
		return fault.New(fault.Refused, "Ces jours sont passés\u00a0: il n’y a plus rien à rouvrir.")
	}
	slots, err := slotsOf(tx, id, civil.DateOf(now))
	if err != nil {
		return fmt.Errorf("list closed slots: %w", err)
	}
	for _, act := range s.activities() {
		if _, err := activity.OpenAgain(tx, now, acting(a.Account, a.Person, s.Service), act, slots[act]); err != nil {
			return err
		}
	}
	if err := setReopening(tx, now, a, id); err != nil {
		return fmt.Errorf("note reopening: %w", err)
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "suspension.reopened", Object: "suspension", ID: string(id),
		Detail: s.Days.From.String() + " " + s.Days.To.String()}); err != nil {
		return err
	}
	return enqueue(tx, now, id)
}

// enqueue asks for the families to be gone through.
func enqueue(tx *db.Tx, now time.Time, id ID) error {
	return jobs.Enqueue(tx, now, jobs.Job{Kind: JobFamilies, Args: map[string]string{"suspension": string(id)}})
}

// activities are those it closes, each once.
func (s Suspension) activities() []activity.ID {
	var all []activity.ID
	for _, x := range s.Scopes {
		if !slices.Contains(all, x.Activity) {
			all = append(all, x.Activity)
		}
	}
	return all
}

// words is what a family reads: the reason, then the message.
func (s Suspension) words() string {
	if s.Message == "" {
		return s.Reason
	}
	return s.Reason + ". " + strings.TrimRight(s.Message, ". ")
}
