package admission

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// DecideRight is the right to activate newcomers, to ask them for a correction, to refuse them and to undo a link.
const DecideRight actor.Right = "admission.decide"

// Newcomer is somebody who signed up and whose e-mail address is confirmed, with where the request stands.
type Newcomer struct {
	Account     account.ID
	Person      person.ID
	Username    string
	Email       string
	LastName    string
	FirstNames  string
	State       account.State
	ConfirmedAt civil.Instant
	Since       civil.Instant // when the promise began to run
	Unchecked   bool          // signed up without the security check
	TakenBy     account.ID
	TakenName   string
	TakenAt     civil.Instant
	Decision    DecisionID // the last one
	Kind        Kind
	DecidedAt   civil.Instant
	DecidedBy   string
	Reason      string // what the owner was told by the last decision
}

// Name is "Camille Martin".
func (n Newcomer) Name() string { return strings.TrimSpace(n.FirstNames + " " + n.LastName) }

// Pile is a filter of the queue.
type Pile string

// The piles, in the order of the filters.
const (
	Undecided  Pile = "a_traiter"
	Mine       Pile = "a_moi"
	Correcting Pile = "en_correction"
	TurnedDown Pile = "refuses"
	Activated  Pile = "actives"
)

// Piles lists them.
func Piles() []Pile { return []Pile{Undecided, Mine, Correcting, TurnedDown, Activated} }

// Label is the filter in words.
func (p Pile) Label() string {
	switch p {
	case Undecided:
		return "À traiter"
	case Mine:
		return "À moi"
	case Correcting:
		return "En correction"
	case TurnedDown:
		return "Refusés"
	case Activated:
		return "Activés"
	}
	return ""
}

// Promise computes what is promised: two open days of the town from the confirmation of the address.
type Promise struct {
	working civil.Working
	zone    *time.Location
}

// PromiseOf reads the town's hours, holidays and closings, once for any number of newcomers.
func PromiseOf(r db.Reader, zone *time.Location) (Promise, error) {
	w, err := town.Working(r)
	return Promise{working: w, zone: zone}, err
}

// Due is the moment promised to a request that began to wait at a moment.
func (p Promise) Due(since civil.Instant) time.Time {
	return p.working.Deadline(since.In(p.zone), town.PromiseDays)
}

// PromisedTo is when a waiting account is activated at the latest; a request sent again after a correction runs anew.
func PromisedTo(r db.Reader, now time.Time, id account.ID) (time.Time, error) {
	n, err := newcomerByAccount(r, id)
	if err != nil {
		return time.Time{}, err
	}
	p, err := PromiseOf(r, now.Location())
	if err != nil {
		return time.Time{}, err
	}
	return p.Due(n.Since), nil
}

// mayDecide is the one question before any verb of the queue. It is an agent's act: no job, no import, no command
// activates or links anybody.
func mayDecide(a actor.Actor) error {
	if a.Kind != actor.Agent || !a.Can(DecideRight) {
		return fault.New(fault.Forbidden, "")
	}
	return nil
}

// Take is « Je m’en occupe ». from is who had the request when the page was shown, "" for nobody: when it has changed
// since, it is a Conflict that names who has it.
func Take(tx *db.Tx, now time.Time, a actor.Actor, id account.ID, from account.ID) error {
	if err := mayDecide(a); err != nil {
		return err
	}
	n, err := lockNewcomer(tx, id)
	if err != nil {
		return err
	}
	if n.State != account.Waiting {
		return tooLate(now, n)
	}
	if n.TakenBy != from && n.TakenBy != account.ID(a.Account) {
		return fault.New(fault.Conflict, n.TakenName+" s’en occupe depuis le "+civil.Stamp(n.TakenAt.In(now.Location()))+".")
	}
	if err := setTaken(tx, id, account.ID(a.Account), civil.InstantOf(now)); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "admission.taken", Object: "newcomer", ID: string(id), Subject: string(n.Person)})
}

// TakeMany takes the requests that nobody has; it returns how many.
func TakeMany(tx *db.Tx, now time.Time, a actor.Actor, ids []account.ID) (int, error) {
	if err := mayDecide(a); err != nil {
		return 0, err
	}
	taken := 0
	for _, id := range ids {
		switch err := Take(tx, now, a, id, ""); fault.KindOf(err) {
		case fault.Conflict: // somebody else's, or decided
		default:
			if err != nil {
				return 0, err
			}
			taken++
		}
	}
	return taken, nil
}

// Release gives a request back to the queue, by who has it.
func Release(tx *db.Tx, now time.Time, a actor.Actor, id account.ID) error {
	if err := mayDecide(a); err != nil {
		return err
	}
	n, err := lockNewcomer(tx, id)
	if err != nil {
		return err
	}
	if n.TakenBy != account.ID(a.Account) {
		return fault.New(fault.Conflict, "Vous ne vous occupez pas, ou plus, de cette demande.")
	}
	if err := setTaken(tx, id, "", 0); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "admission.released", Object: "newcomer", ID: string(id), Subject: string(n.Person)})
}

// tooLate says who decided and what, to who comes second.
func tooLate(now time.Time, n Newcomer) error {
	if n.Decision == "" {
		return fault.New(fault.Conflict, "Cette demande n’est plus dans la file.")
	}
	return fault.New(fault.Conflict, n.decided(now.Location())+" Rien d’autre n’a été enregistré.")
}

// decided is "Nadia Rahmani a activé ce compte le 04/01/2027 à 10:12."
func (n Newcomer) decided(zone *time.Location) string {
	who := n.DecidedBy
	if who == "" {
		who = "Le demandeur"
	}
	return who + " " + n.Kind.did() + " le " + civil.Stamp(n.DecidedAt.In(zone)) + "."
}

// Waiting is the queue on the agents' first page: how many, since when, and by when the first is promised.
func Waiting(now func() time.Time) web.Queue {
	return web.Queue{Label: "Comptes à activer", Href: queuePath, Icon: "user-check", Right: Read,
		Count: func(r db.Reader, _ time.Time, _ actor.Actor) (int, civil.Instant, error) { return waitingSince(r) }}
}

// Find answers the agents' search among those who signed up and are not activated.
func Find(r db.Reader, a actor.Actor, query string) ([]web.Hit, error) {
	if !a.Can(Read) {
		return nil, nil
	}
	people, err := person.Find(r, query, 40)
	if err != nil || len(people) == 0 {
		return nil, err
	}
	ids := make([]person.ID, len(people))
	for i, p := range people {
		ids[i] = p.ID
	}
	found, err := newcomersAmong(r, ids)
	var hits []web.Hit
	for _, n := range found {
		hits = append(hits, web.Hit{Kind: "Demande d’espace", Title: n.Name(), Detail: n.State.Label() + ", " + n.Email, Href: casePath(n.Account)})
	}
	return hits, err
}

// Pace is how long activation really took.
type Pace struct {
	Decided      int // activated in the last 30 days
	Within       int // of them, by the promised moment
	Median, Nine time.Duration
	Corrections  int
	Refusals     int
}

const paceDays = 30

// PaceOf measures the decisions of the last 30 days; a link undone is not counted.
func PaceOf(r db.Reader, now time.Time) (Pace, error) {
	all, err := decisionsSince(r, civil.InstantOf(now.AddDate(0, 0, -paceDays)))
	if err != nil {
		return Pace{}, err
	}
	var p Pace
	var took []time.Duration
	for _, d := range all {
		switch d.Kind {
		case Linked, Opened, Entered:
			took = append(took, time.Duration(d.MadeAt-d.StartedAt)*time.Microsecond)
			if d.MadeAt <= d.DueAt {
				p.Within++
			}
		case Corrected:
			p.Corrections++
		case Turned, Already:
			p.Refusals++
		}
	}
	slices.Sort(took)
	p.Decided = len(took)
	if p.Decided > 0 {
		p.Median, p.Nine = took[(len(took)-1)/2], took[(len(took)*9+9)/10-1]
	}
	return p, nil
}

// InWords is a length of time as one says it: "20 min", "3 h", "2 jours".
func InWords(d time.Duration) string {
	switch minutes := int(d / time.Minute); {
	case minutes < 1:
		return "moins d’une minute"
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("%d h", minutes/60)
	default:
		return fmt.Sprintf("%d jours", minutes/60/24)
	}
}

// onTime is "mardi 24 novembre, 10 h 12".
func onTime(t time.Time) string { return civil.DateOf(t).DayMonth() + ", " + civil.Clock(t) }

// sentence says it; a half and nine in ten mean nothing of a few.
func (p Pace) sentence() string {
	if p.Decided < enoughToSplit {
		return fmt.Sprintf("%s ces 30 derniers jours, dont %d dans le délai promis.", count(p.Decided, "compte")+" activé"+plural(p.Decided), p.Within)
	}
	return fmt.Sprintf("Ces 30 derniers jours, la moitié des comptes ont été activés en %s ou moins, 9 sur 10 en %s ou moins ; %d sur %d dans le délai promis.",
		InWords(p.Median), InWords(p.Nine), p.Within, p.Decided)
}

const enoughToSplit = 10

// share is "38 sur 40, 95 %".
func (p Pace) share() string {
	if p.Decided == 0 {
		return "–"
	}
	return fmt.Sprintf("%d, soit %d\u00a0%%", p.Within, p.Within*100/p.Decided)
}
