package admission

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// Undo takes a wrong link back: the account is again its own person's, waits again and reads nothing of the family
// any more; the known person's account is again to be claimed; what the family booked meanwhile stays the family's.
// Both sides are told by mail. The decision stays in the history, undone, with the reason.
func Undo(tx *db.Tx, now time.Time, a actor.Actor, id DecisionID, reason string) error {
	if err := mayDecide(a); err != nil {
		return err
	}
	reason, sentence := checkMessage(reason)
	if reason == "" && sentence == "" {
		sentence = "Indiquez pourquoi ce rattachement est annulé : le journal le garde."
	}
	if sentence != "" {
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: sentence})
	}
	d, err := decisionByID(tx, id)
	if err != nil {
		return err
	}
	if !d.ties() {
		return fault.New(fault.Refused, "Seul un rattachement s’annule.")
	}
	homes, err := tiedHomes(tx, now, a, d)
	if err != nil {
		return err
	}
	n, err := lockNewcomer(tx, d.Account)
	if err != nil {
		return err
	}
	done, err := undoDecision(tx, now, id, a.Account, reason)
	if err != nil {
		return err
	}
	if !done {
		return fault.New(fault.Conflict, "Ce rattachement est déjà annulé.")
	}
	subject := d.Known
	if d.Kind == Entered {
		subject, err = d.Person, undoEntry(tx, now, a, d)
	} else {
		err = undoLink(tx, now, a, d, n)
	}
	if err != nil {
		return err
	}
	if err := settleNewcomer(tx, d.Account, d.ID, civil.InstantOf(now), 0); err != nil {
		return err
	}
	if err := tellUndone(tx, now, d, n, homes); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "admission.link.undone", Object: "newcomer", ID: string(d.Account), Subject: string(subject)})
}

// undoLink gives the account, and what it changed of the known person, back.
func undoLink(tx *db.Tx, now time.Time, a actor.Actor, d Decision, n Newcomer) error {
	if err := account.UndoActivation(tx, now, a, d.Account, d.Person, d.Closed); err != nil {
		return err
	}
	typed, err := person.ByID(tx, d.Person)
	if err != nil {
		return err
	}
	return person.Unfill(tx, now, d.Known, typed, n.Email, d.filled())
}

// tiedHomes are the families to which a decision tied a newcomer, of which the agent must reach one.
func tiedHomes(r db.Reader, now time.Time, a actor.Actor, d Decision) ([]family.Home, error) {
	if d.Kind == Entered {
		if err := joinable(r, a, d.Family); err != nil {
			return nil, fault.Missing("decision")
		}
		return []family.Home{{Family: d.Family, Role: family.CoHolder}}, nil
	}
	homes, err := reachedHomes(r, now, a, d.Known)
	if err != nil {
		return nil, outOfReach(err)
	}
	return homes, nil
}

// outOfReach says of a decision about another service's family what is said of one that does not exist.
func outOfReach(err error) error {
	if fault.KindOf(err) == fault.Refused {
		return fault.Missing("decision")
	}
	return err
}

// filled is what Link changed in the known person.
func (d Decision) filled() person.Filled {
	words := strings.Fields(d.Filled)
	return person.Filled{Phone: slices.Contains(words, "phone"), Mobile: slices.Contains(words, "mobile"),
		Address: slices.Contains(words, "address"), Email: d.KnownEmail}
}

// tellUndone writes to the newcomer, and to the family: the known person's own address and those of the other adults
// who head it.
func tellUndone(tx *db.Tx, now time.Time, d Decision, n Newcomer, homes []family.Home) error {
	if err := tell(tx, now, MailUnlinked, n.Email, d.ID, n.Account); err != nil {
		return err
	}
	var families []family.ID
	for _, h := range homes {
		if h.Acts() {
			families = append(families, h.Family)
		}
	}
	to, err := family.HeadEmails(tx, civil.DateOf(now), families...)
	if err != nil {
		return err
	}
	if d.KnownEmail != "" && !slices.Contains(to, d.KnownEmail) {
		to = append(to, d.KnownEmail)
	}
	for _, address := range to {
		if address == n.Email {
			continue
		}
		if err := tell(tx, now, MailUnlinkedFamily, address, d.ID, ""); err != nil {
			return err
		}
	}
	return nil
}

// sinceOf is when the promise made to an account began to run.
func sinceOf(r db.Reader, acc account.Account) (civil.Instant, error) {
	all, err := db.List(r, db.Column[civil.Instant], `select since from newcomer where account = $1 and since is not null`, string(acc.ID))
	if err != nil || len(all) == 0 {
		return acc.EmailConfirmedAt, err
	}
	return all[0], nil
}

// Aside is a newcomer that a bulk activation leaves in the queue, with why.
type Aside struct {
	Newcomer Newcomer
	Why      string
}

// maxBulk is how many requests one form decides.
const maxBulk = perPage

// OpenMany activates the newcomers among ids whom nothing likens to anybody known, each with a family. Those for
// whom there is a likely person, and those decided meanwhile, stay as they are and come back with why.
func OpenMany(tx *db.Tx, now time.Time, a actor.Actor, ids []account.ID, services []string) (done int, aside []Aside, err error) {
	if err := mayDecide(a); err != nil {
		return 0, nil, err
	}
	if len(ids) == 0 || len(ids) > maxBulk {
		return 0, nil, fault.New(fault.Refused, "Cochez de 1 à 50 demandes.")
	}
	for _, id := range ids {
		x, err := Apart(tx, now, id)
		if err != nil {
			return done, aside, err
		}
		if x.Why != "" {
			aside = append(aside, x)
			continue
		}
		if _, err := OpenFamily(tx, now, a, id, serviceIDs(services)); err != nil {
			return done, aside, err
		}
		done++
	}
	return done, aside, nil
}

// Apart tells why a newcomer cannot be activated among many, "" when it can.
func Apart(r db.Reader, now time.Time, id account.ID) (Aside, error) {
	n, err := newcomerByAccount(r, id)
	if err != nil {
		return Aside{}, err
	}
	x := Aside{Newcomer: n}
	if n.State != account.Waiting {
		x.Why = n.decided(now.Location())
		return x, nil
	}
	typed, err := person.ByID(r, n.Person)
	if err != nil {
		return x, err
	}
	_, ranked, _, err := candidates(r, typed)
	if err != nil {
		return x, err
	}
	if len(ranked) > 0 && ranked[0].Match.Grade > Near {
		x.Why = ranked[0].Match.Grade.Label() + " : " + ranked[0].Person.Full() + ". À comparer d’abord."
	}
	return x, nil
}

// mostCandidates bounds the people read to be compared.
const mostCandidates = 60

// candidates finds, reads and ranks those whom a newcomer may be, in three statements.
func candidates(r db.Reader, typed person.Person) ([]person.ID, []Ranked, map[person.ID]standing, error) {
	ids, err := person.Alike(r, typed, mostCandidates)
	if err != nil {
		return nil, nil, nil, err
	}
	people, err := person.Several(r, ids...)
	if err != nil {
		return nil, nil, nil, err
	}
	facts, err := standings(r, ids)
	if err != nil {
		return nil, nil, nil, err
	}
	var known []person.Person
	for _, id := range ids {
		x := facts[id]
		if x.child || x.aside || x.agent && x.account == "" || x.account == account.Unconfirmed {
			continue
		}
		known = append(known, people[id])
	}
	ranked := Rank(typed, known)
	best := make([]person.ID, len(ranked))
	for i, one := range ranked {
		best[i] = one.Person.ID
	}
	return best, ranked, facts, nil
}
