package moving

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
)

// undoRow is how far the undoing of a batch is.
type undoRow struct {
	State    string // trying, tried, undoing, done; "" when nobody asked
	AskedAt  civil.Instant
	EndedAt  civil.Instant
	Done     int64
	Total    int64
	Families int64 // taken back, or that would be
	Kept     int64
	Reasons  string // id of the sealed list of those kept
	Message  string
}

func (u undoRow) busy() bool { return u.State == "trying" || u.State == "undoing" }

// undoOf reads the undoing of a batch, the zero value when nobody asked for it.
func undoOf(r db.Reader, batch string) (undoRow, error) {
	all, err := db.List(r, func(s db.Scanner) (undoRow, error) {
		var u undoRow
		err := s.Scan(&u.State, &u.AskedAt, &u.EndedAt, &u.Done, &u.Total, &u.Families, &u.Kept, &u.Reasons, &u.Message)
		return u, err
	}, `select state, asked_at, coalesce(ended_at, 0), done, total, families, kept, reasons, message from import_undo where batch = $1`, batch)
	if err != nil || len(all) == 0 {
		return undoRow{}, err
	}
	return all[0], nil
}

// startUndo sets the undoing of a batch going. It is first tried; what is being done is left to end.
func startUndo(tx *db.Tx, now time.Time, a actor.Actor, b Batch, tried bool) error {
	at := civil.InstantOf(now)
	if tried {
		if _, err := tx.Exec(`insert into import_undo (batch, state, asked_by, asked_at) values ($1, 'tried', $2, $3)
			on conflict (batch) do nothing`, b.ID, a.Account, at); err != nil {
			return fmt.Errorf("insert undo: %w", err)
		}
	}
	state, from := "undoing", "tried"
	if tried {
		state = "trying"
		if _, err := tx.Exec(`update import_undo set state = 'tried' where batch = $1 and state = 'done'`, b.ID); err != nil {
			return fmt.Errorf("update undo: %w", err)
		}
	}
	n, err := tx.Exec(`update import_undo set state = $2, asked_by = $3, asked_at = $4, done = 0, total = $5, families = $5, message = '' where batch = $1 and state = $6`,
		b.ID, state, a.Account, at, b.Families, from)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "Cette annulation a avancé entre-temps. Rechargez la page pour voir où elle en est.")
	}
	return err
}

// undoRun tries or does the undoing of a batch. Taken up again after the process stopped, it goes on.
func (d Desk) undoRun(ctx context.Context, args map[string]string) error {
	batch := args["batch"]
	u, err := db.Read(ctx, d.DB, func(r db.Reader) (undoRow, error) { return undoOf(r, batch) })
	if err != nil || !u.busy() {
		return err
	}
	done, err := undo(ctx, Deps{DB: d.DB, Now: d.Now}, batch, d.Forget, undoing{tried: u.State == "trying", step: func(n, total int) {
		if n%pace(total) == 0 {
			_ = db.Do(ctx, d.DB, func(tx *db.Tx) error { // only said: the undo goes on without
				_, err := tx.Exec(`update import_undo set done = $2, total = $3 where batch = $1`, batch, n, total)
				return err
			})
		}
	}})
	if errors.Is(err, errBusy) {
		return d.later(ctx, jobs.Job{Kind: jobUndo, Args: args}, func(tx *db.Tx) error {
			_, err := tx.Exec(`update import_undo set message = $2 where batch = $1`, batch, waiting)
			return err
		})
	}
	if err != nil {
		return err
	}
	reasons, err := d.Files.Put(ctx, keptList(done))
	if err != nil {
		return err
	}
	state, families := "tried", int64(done.Families)
	if u.State == "undoing" {
		state, families = "done", u.Families-int64(len(done.Kept)) // with those of a run that was cut short
	}
	return db.Do(ctx, d.DB, func(tx *db.Tx) error {
		_, err := tx.Exec(`update import_undo set state = $2, ended_at = $3, families = $4, kept = $5, reasons = $6, message = '' where batch = $1 and state = $7`,
			batch, state, civil.InstantOf(d.Now()), families, len(done.Kept), reasons, u.State)
		return err
	})
}

// keptList is a list of what is kept, families first, as CSV.
func keptList(done Undone) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, k := range done.Kept {
		_ = w.Write([]string{"Famille " + k.Code, k.Reason}) // into memory
	}
	for _, k := range done.Drafts {
		_ = w.Write([]string{k.Kind + " « " + k.Name + " »", k.Reason})
	}
	w.Flush()
	return out.Bytes()
}
