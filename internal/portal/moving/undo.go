package moving

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crash"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/tariff"
)

// Batch is one import that wrote something.
type Batch struct {
	ID         string
	Source     string
	StartedAt  civil.Instant
	FinishedAt civil.Instant // 0 while it runs, or when it was cut short
	UndoneAt   civil.Instant
	Families   int
}

// Kept is a family that an undo left in place, and why.
type Kept struct {
	Family family.ID
	Code   string // CODE_FAMILLE
	Reason string
}

// Undone is what an undo did.
type Undone struct {
	Families   int
	Kept       []Kept
	Places     int // taken back
	Activities int // taken back, with their units
	Drafts     []KeptDraft
}

var undoer = actor.Job("import-undo")

// Undo takes back the families that an import made, each in one transaction, as long as nobody claimed or touched
// them since; the others stay whole and are listed. Then it takes back the places and the drafts of activities that the
// import made, that nothing uses and that no agent touched. What the import added to families that were there before
// it stays. forget, when not nil, first removes what packages above
// hold on these people (activation mails); it may refuse with a fault, which keeps the family.
func Undo(ctx context.Context, deps Deps, batch string, forget func(tx *db.Tx, people []person.ID) error) (Undone, error) {
	return undo(ctx, deps, batch, forget, undoing{})
}

// undoing says how an undo is done: tried takes back each family to learn what would be kept, then lets the
// transaction go; step is told after each family.
type undoing struct {
	tried bool
	step  func(done, total int)
}

// errTried ends the transaction of a family that an undo would take back.
var errTried = errors.New("undo only tried")

// renewEvery is after how many families an undo that is only tried renews its lock, of which its transactions leave
// nothing.
const renewEvery = 20

func undo(ctx context.Context, deps Deps, batch string, forget func(tx *db.Tx, people []person.ID) error, how undoing) (Undone, error) {
	now := deps.Now()
	holder := holderName(db.NewID())
	var done Undone
	if err := takeLock(ctx, deps.DB, now, holder); err != nil {
		return done, err
	}
	defer func() { _ = releaseLock(ctx, deps.DB, holder) }()
	b, err := db.Read(ctx, deps.DB, func(r db.Reader) (Batch, error) { return BatchByID(r, batch) })
	if fault.KindOf(err) == fault.NotFound {
		return done, refuse("Aucun import ne porte le numéro « %s » : rien n’a été annulé.", batch)
	}
	if err != nil {
		return done, err
	}
	families, err := db.Read(ctx, deps.DB, func(r db.Reader) ([]imported, error) { return batchFamilies(r, b) })
	if err != nil {
		return done, err
	}
	for i, f := range families {
		if err := undoOne(ctx, deps, b, f, holder, forget, how.tried && i%renewEvery != 0, how.tried); err != nil {
			reason := keptBecause(err)
			if reason == "" {
				return done, fmt.Errorf("undo family %s: %w", f.code, err)
			}
			done.Kept = append(done.Kept, Kept{family.ID(f.id), f.code, reason})
		} else {
			done.Families++
		}
		if how.step != nil {
			how.step(i+1, len(families))
		}
	}
	if how.tried {
		return done, nil
	}
	if err := undoDrafts(ctx, deps, b, holder, &done); err != nil {
		return done, err
	}
	return done, db.Do(ctx, deps.DB, func(tx *db.Tx) error { return markUndone(tx, deps.Now(), b, len(done.Kept) == 0) })
}

// undoOne takes back one family in a transaction of its own; only tried, nothing of it stays but the lock's renewal.
func undoOne(ctx context.Context, deps Deps, b Batch, f imported, holder string, forget func(*db.Tx, []person.ID) error, renewed, tried bool) error {
	if tried && !renewed {
		if err := db.Do(ctx, deps.DB, func(tx *db.Tx) error { return renewLock(tx, deps.Now(), holder) }); err != nil {
			return err
		}
	}
	err := db.Do(ctx, deps.DB, func(tx *db.Tx) error {
		if err := renewLock(tx, deps.Now(), holder); err != nil {
			return err
		}
		if err := undoFamily(tx, deps.Now(), b, f, forget); err != nil {
			return err
		}
		if tried {
			return errTried
		}
		return nil
	})
	if errors.Is(err, errTried) {
		return nil
	}
	crash.Point("moving.after_undo")
	return err
}

func keptBecause(err error) string {
	if db.IsForeignKey(err) {
		return "D’autres données dépendent de cette famille."
	}
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Unavailable {
		return f.Sentence
	}
	return ""
}

// undoFamily takes back one family, from what hangs most to what hangs least.
func undoFamily(tx *db.Tx, now time.Time, b Batch, f imported, forget func(*db.Tx, []person.ID) error) error {
	what, err := familyObjects(tx, b, f)
	if err != nil {
		return err
	}
	if err := untouched(tx, b, what); err != nil {
		return err
	}
	if forget != nil {
		if err := forget(tx, what.people()); err != nil {
			return err
		}
	}
	id := family.ID(f.id)
	if _, err := booking.RemoveImported(tx, now, undoer, id, b.StartedAt); err != nil {
		return err
	}
	for _, v := range what.invoices {
		if err := billing.RemoveImported(tx, undoer, billing.ID(v.id)); err != nil {
			return err
		}
	}
	if err := tariff.RemoveImported(tx, undoer, id); err != nil {
		return err
	}
	for _, e := range what.enrolments {
		if err := enrolment.RemoveImported(tx, undoer, enrolment.ID(e.id)); err != nil {
			return err
		}
	}
	if err := family.RemoveImported(tx, undoer, id); err != nil {
		return err
	}
	for _, c := range what.children {
		if err := family.RemoveChildImported(tx, undoer, family.ChildID(c.id)); err != nil {
			return err
		}
	}
	for _, who := range what.people() {
		if err := account.RemoveUnclaimed(tx, undoer, who); err != nil {
			return err
		}
		if err := person.RemoveImported(tx, undoer, who); err != nil {
			return err
		}
	}
	if err := deleteSources(tx, b.Source, what.all()); err != nil {
		return err
	}
	return audit.Write(tx, now, undoer, audit.Entry{Action: "moving.family.undone", Object: "family", ID: f.id, Detail: "batch " + b.ID})
}

// untouched refuses a family that somebody claimed or changed since the import.
func untouched(tx db.Reader, b Batch, o objects) error {
	claimed, err := claimedAccounts(tx, o.people())
	if err != nil {
		return err
	}
	if claimed > 0 {
		return fault.New(fault.Conflict, "Un adulte a pris son espace en main.")
	}
	added, err := foreignRows(tx, b, o)
	if err != nil {
		return err
	}
	if added > 0 {
		return fault.New(fault.Conflict, "Des données ont été ajoutées depuis l’import.")
	}
	changes, err := changesSince(tx, b, o)
	if err != nil {
		return err
	}
	if changes > 0 {
		return fault.New(fault.Conflict, "La famille a été modifiée depuis l’import.")
	}
	return nil
}
