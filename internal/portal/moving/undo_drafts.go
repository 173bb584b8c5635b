package moving

import (
	"context"
	"fmt"
	"time"

	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/town"
)

// KeptDraft is a place or an activity that an import made and that its undo left, and why.
type KeptDraft struct {
	Kind   string // « Lieu » or « Activité »
	Name   string
	Reason string
}

// draft is a place or an activity that an import made for several families.
type draft struct{ object, id, name string }

func (d draft) kind() string {
	if d.object == "site" {
		return "Lieu"
	}
	return "Activité"
}

// draftsOf lists what the import of a batch made besides families and is still there, activities before the places
// that they use. Its lines in the audit trail tell: they bear the batch's moment.
func draftsOf(r db.Reader, b Batch) ([]draft, error) {
	return db.List(r, func(s db.Scanner) (d draft, err error) { return d, s.Scan(&d.object, &d.id, &d.name) },
		`select e.object, e.object_id, coalesce(a.name, s.name) from audit_event e
			left join activity a on e.object = 'activity' and a.id = e.object_id left join site s on e.object = 'site' and s.id = e.object_id
		where e.object in ('activity', 'site') and e.action in ('activity.drafted', 'town.site.added') and e.actor = 'system' and e.via = 'import'
			and e.at = $1 and (a.id is not null or s.id is not null)
		order by e.object, e.id`, b.StartedAt)
}

// undoDrafts takes back what an import made for several families and nothing uses any more, each in one transaction.
func undoDrafts(ctx context.Context, deps Deps, b Batch, holder string, done *Undone) error {
	all, err := db.Read(ctx, deps.DB, func(r db.Reader) ([]draft, error) { return draftsOf(r, b) })
	if err != nil {
		return err
	}
	for _, d := range all {
		err := db.Do(ctx, deps.DB, func(tx *db.Tx) error {
			if err := renewLock(tx, deps.Now(), holder); err != nil {
				return err
			}
			return undoDraft(tx, deps.Now(), b, d)
		})
		reason := keptBecause(err)
		switch {
		case err == nil && d.object == "site":
			done.Places++
		case err == nil:
			done.Activities++
		case reason == "":
			return fmt.Errorf("undo draft %s: %w", d.id, err)
		case db.IsForeignKey(err):
			done.Drafts = append(done.Drafts, KeptDraft{d.kind(), d.name, "Une famille, une inscription ou un réglage s’en sert encore."})
		default:
			done.Drafts = append(done.Drafts, KeptDraft{d.kind(), d.name, reason})
		}
	}
	return nil
}

func undoDraft(tx *db.Tx, now time.Time, b Batch, d draft) error {
	ids := []string{d.id}
	if d.object == "activity" {
		units, err := db.List(tx, db.Column[string], `select id from unit where activity = $1`, d.id)
		if err != nil {
			return err
		}
		ids = append(ids, units...)
	}
	touched, err := countIn(tx, changeKinds+`select count(*)`+changesOf+`object in (select object from kinds where object is not null) and object_id in`, ids, b.StartedAt)
	if err != nil {
		return err
	}
	if touched > 0 {
		return fault.New(fault.Conflict, "Un agent s’en est occupé depuis l’import.")
	}
	if d.object == "site" {
		if err := town.RemoveImportedSite(tx, undoer, town.SiteID(d.id)); err != nil {
			return err
		}
		return audit.Write(tx, now, undoer, audit.Entry{Action: "moving.site.undone", Object: "site", ID: d.id, Detail: d.name})
	}
	if err := activity.RemoveImported(tx, undoer, activity.ID(d.id)); err != nil {
		return err
	}
	return audit.Write(tx, now, undoer, audit.Entry{Action: "moving.activity.undone", Object: "activity", ID: d.id, Detail: d.name})
}
