// Package merging makes one of two: two people who are the same human, two families that are the same household. An
// agent compares them, reads what will move and who will see what, confirms, and may take it back: each row that
// changed is kept as it was.
//
// It owns the tables merge and merge_row. It knows people, accounts and families; what other features have of them they
// move themselves, as person.Part values that app lists. It never decides that two are one: an agent does.
package merging

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/revert"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// Right is the right of agents to make one of two, and to take it back.
const Right actor.Right = "merging.merge"

// ID names a merging.
type ID string

// Merging is two that became one.
type Merging struct {
	ID                    ID
	Kind                  person.Subject
	Keep, Gone            string
	KeepName, GoneName    string
	Told                  []string
	MadeBy                account.ID
	MadeAt                civil.Instant
	UndoneAt              civil.Instant
	UndoReason            string
	UndoTold              []string
	ForgottenAt           civil.Instant
	MakerName, UndoerName string
}

// Undoable tells whether it can be taken back still.
func (m Merging) Undoable() bool { return m.UndoneAt == 0 && m.ForgottenAt == 0 }

func (m Merging) union() person.Union { return person.Union{Of: m.Kind, Keep: m.Keep, Gone: m.Gone} }

// Outcome is what a merging does, in words. Nothing of it is written for a preview.
type Outcome struct {
	Refusals []string // why it cannot be; the rest is empty then
	Counts   []string // what moves
	Settled  []string // the conflicts, and how each is decided
	Gains    []string // who will see or do what they could not
	Losses   []string // and the reverse
	Doubts   []string // why the two may well not be one
}

// Grave tells whether the agent must say that this was read.
func (o Outcome) Grave() bool { return len(o.Gains) > 0 || len(o.Doubts) > 0 }

// Seen stands for all that the agent read: a merging that would now do something else is not the one confirmed.
func (o Outcome) Seen() string {
	sum := sha256.Sum256([]byte(strings.Join(o.all(), "\n")))
	return hex.EncodeToString(sum[:12])
}

func (o Outcome) all() []string {
	return slices.Concat(o.Counts, o.Settled, o.Gains, o.Losses, o.Doubts)
}

// Desk merges what the features listed in Parts have.
type Desk struct {
	Parts []person.Part
	// Alike compares two people: how likely it is in words, why, and whether more than the name says so.
	Alike func(a, b person.Person) Likeness
}

// Likeness is how two people compare. Rank orders likenesses.
type Likeness struct {
	Rank    int
	Label   string
	Reasons []string
	Proven  bool
	Same    bool // likely enough to be proposed
}

// errSeen ends the transaction of a preview.
var errSeen = errors.New("merging only looked at")

// Look does all that Merge would and lets the transaction go: what it says is what would happen, and nothing of it has.
func (d Desk) Look(ctx context.Context, handle *db.DB, now time.Time, a actor.Actor, u person.Union) (Outcome, error) {
	if !a.Can(Right) {
		return Outcome{}, fault.New(fault.Forbidden, "")
	}
	var out Outcome
	err := db.Do(ctx, handle, func(tx *db.Tx) error {
		mine := u
		var err error
		if out, _, err = d.join(tx, now, a, &mine); err != nil {
			return err
		}
		return errSeen
	})
	if errors.Is(err, errSeen) {
		err = nil
	}
	return out, err
}

// Confirmation is what the agent answered to the check page: Seen is the Outcome's, Read the box « J’ai vérifié ».
type Confirmation struct {
	Seen string
	Read bool
}

const changedSince = "Quelque chose a changé depuis cette page : relisez ce que la fusion fera, puis confirmez."

// Merge makes one of two. What is refused is told in sentences; what would do other than what the agent read is a
// Conflict, as is a pair that another agent has merged.
func (d Desk) Merge(tx *db.Tx, now time.Time, a actor.Actor, u person.Union, c Confirmation) (ID, error) {
	if !a.Can(Right) {
		return "", fault.New(fault.Forbidden, "")
	}
	names, err := namesOf(tx, u)
	if fault.KindOf(err) == fault.NotFound {
		return "", already(tx, now, a, u)
	}
	if err != nil {
		return "", err
	}
	told, err := recipients(tx, now, u)
	if err != nil {
		return "", err
	}
	out, l, err := d.join(tx, now, a, &u)
	if err != nil {
		return "", err
	}
	switch {
	case len(out.Refusals) > 0:
		return "", fault.New(fault.Refused, strings.Join(out.Refusals, " "))
	case c.Seen != out.Seen():
		return "", fault.New(fault.Conflict, changedSince)
	case out.Grave() && !c.Read:
		return "", fault.InvalidFields(fault.Field{Name: "verifie", Sentence: "Cochez que vous avez vérifié ces points."})
	}
	m := Merging{ID: ID(db.NewID()), Kind: u.Of, Keep: u.Keep, Gone: u.Gone, KeepName: names[u.Keep], GoneName: names[u.Gone],
		Told: out.all(), MadeBy: account.ID(a.Account), MadeAt: civil.InstantOf(now)}
	if err := insert(tx, m); db.IsUnique(err) {
		return "", already(tx, now, a, u)
	} else if err != nil {
		return "", err
	}
	if err := insertRows(tx, m.ID, l.Changes()); err != nil {
		return "", err
	}
	if err := tellMerged(tx, now, m.ID, told); err != nil {
		return "", err
	}
	return m.ID, note(tx, now, a, "merged", m)
}

// note writes one line for each side.
func note(tx *db.Tx, now time.Time, a actor.Actor, what string, m Merging) error {
	for _, side := range []struct{ id, other string }{{m.Keep, m.Gone}, {m.Gone, m.Keep}} {
		e := audit.Entry{Action: "merging." + string(m.Kind) + "." + what, Object: string(m.Kind), ID: side.id, Detail: "merge=" + string(m.ID) + " other=" + side.other}
		if m.Kind == person.OneHuman {
			e.Subject = side.id
		}
		if err := audit.Write(tx, now, a, e); err != nil {
			return err
		}
	}
	return nil
}

// already tells who comes second what the first did; a pair that never was is a NotFound fault.
func already(tx *db.Tx, now time.Time, a actor.Actor, u person.Union) error {
	done, err := standingFor(tx, u.Of, u.Keep, u.Gone)
	if err != nil {
		return err
	}
	if len(done) == 0 {
		return fault.Missing(string(u.Of))
	}
	m := done[0]
	if err := sideReached(tx, a, m); err != nil {
		return err
	}
	return fault.New(fault.Conflict, fmt.Sprintf("%s a déjà réuni %s et %s, le %s.", m.MakerName, m.KeepName, m.GoneName, civil.Stamp(m.MadeAt.In(now.Location()))))
}

// join is the merging itself, without what keeps it.
func (d Desk) join(tx *db.Tx, now time.Time, a actor.Actor, u *person.Union) (Outcome, *revert.Log, error) {
	var out Outcome
	if u.Keep == u.Gone {
		return out, nil, fault.New(fault.Refused, "C’est la même fiche : choisissez-en une autre.")
	}
	if err := lock(tx, *u); fault.KindOf(err) == fault.NotFound {
		return out, nil, already(tx, now, a, *u)
	} else if err != nil {
		return out, nil, err
	}
	if err := orient(tx, u); err != nil {
		return out, nil, err
	}
	if err := reached(tx, now, a, *u); err != nil {
		return out, nil, err
	}
	var err error
	if out.Refusals, err = d.refusals(tx, now, a, *u); err != nil || len(out.Refusals) > 0 {
		return out, nil, err
	}
	if out.Doubts, err = d.doubts(tx, *u); err != nil {
		return out, nil, err
	}
	before, err := look(tx, now, *u)
	if err != nil {
		return out, nil, err
	}
	l := revert.New(tx)
	if err := d.move(l, now, *u, &out); err != nil {
		if db.IsForeignKey(err) || db.IsUnique(err) {
			return out, nil, fault.New(fault.Conflict, "Quelqu’un vient d’écrire dans l’un de ces dossiers : recommencez.")
		}
		return out, nil, err
	}
	after, err := before.again(tx, now, *u)
	if err != nil {
		return out, nil, err
	}
	out.Gains, out.Losses = before.compare(after, *u)
	return out, l, nil
}

func (d Desk) move(l *revert.Log, now time.Time, u person.Union, out *Outcome) error {
	for _, p := range d.Parts {
		if p.Move == nil {
			continue
		}
		did, err := p.Move(l, now, u)
		if err != nil {
			return err
		}
		out.Counts, out.Settled = append(out.Counts, did.Counts...), append(out.Settled, did.Settled...)
	}
	for _, p := range slices.Backward(d.Parts) {
		if p.Finish == nil {
			continue
		}
		if err := p.Finish(l, now, u); err != nil {
			return err
		}
	}
	return nil
}

func (d Desk) refusals(r db.Reader, now time.Time, a actor.Actor, u person.Union) ([]string, error) {
	var why []string
	if u.Of == person.OneHuman && (a.Person == u.Keep || a.Person == u.Gone) {
		why = append(why, "C’est votre propre fiche : demandez à un collègue.")
	}
	for _, p := range d.Parts {
		if p.Refuse == nil {
			continue
		}
		more, err := p.Refuse(r, now, u)
		if err != nil {
			return nil, err
		}
		for _, s := range more {
			if !slices.Contains(why, s) {
				why = append(why, s)
			}
		}
	}
	return why, nil
}

// doubts are what speaks against one human.
func (d Desk) doubts(r db.Reader, u person.Union) ([]string, error) {
	if u.Of != person.OneHuman {
		return nil, nil
	}
	people, err := person.Several(r, person.ID(u.Keep), person.ID(u.Gone))
	if err != nil {
		return nil, err
	}
	keep, gone := people[person.ID(u.Keep)], people[person.ID(u.Gone)]
	var why []string
	if !keep.BirthDay.IsZero() && !gone.BirthDay.IsZero() && keep.BirthDay != gone.BirthDay {
		why = append(why, "Les dates de naissance diffèrent : "+keep.BirthDay.French()+" et "+gone.BirthDay.French()+".")
	}
	if d.Alike != nil && !d.Alike(keep, gone).Proven {
		why = append(why, "Rien d’autre que le nom ne rapproche ces deux fiches.")
	}
	return why, nil
}

// orient leaves the child when only one of two is: bookings and health name children.
func orient(r db.Reader, u *person.Union) error {
	if u.Of != person.OneHuman {
		return nil
	}
	keep, err := family.IsChild(r, person.ID(u.Keep))
	if err != nil || keep {
		return err
	}
	gone, err := family.IsChild(r, person.ID(u.Gone))
	if err != nil || !gone {
		return err
	}
	u.Keep, u.Gone = u.Gone, u.Keep
	taken := map[string]bool{}
	for _, f := range person.MergeFields() {
		taken[f.Key] = !u.Taken[f.Key]
	}
	u.Taken = taken
	return nil
}

func lock(tx *db.Tx, u person.Union) error {
	if u.Of == person.OneHuman {
		return person.Lock(tx, person.ID(u.Keep), person.ID(u.Gone))
	}
	for _, id := range []string{min(u.Keep, u.Gone), max(u.Keep, u.Gone)} {
		if err := family.Lock(tx, family.ID(id)); err != nil {
			return err
		}
	}
	return nil
}

// namesOf are the names of both sides; who is not there is a NotFound fault.
func namesOf(r db.Reader, u person.Union) (map[string]string, error) {
	names := map[string]string{}
	for _, id := range []string{u.Keep, u.Gone} {
		if u.Of == person.OneHuman {
			p, err := person.ByID(r, person.ID(id))
			if err != nil {
				return nil, err
			}
			names[id] = p.Full()
			continue
		}
		if _, err := family.Situation(r, family.ID(id)); err != nil {
			return nil, err
		}
		title, err := family.Title(r, family.ID(id))
		if err != nil {
			return nil, err
		}
		names[id] = title
	}
	return names, nil
}
