package moving

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
)

// Handlers run the imports of the desk.
func (d Desk) Handlers() []jobs.Handler {
	return []jobs.Handler{{Kind: jobCheck, Run: d.checkRun}, {Kind: jobRun, Run: d.importRun}, {Kind: jobUndo, Run: d.undoRun},
		{Kind: jobPurge, Run: d.purgeRun}}
}

// Schedule is what the desk does each day.
func (d Desk) Schedule() []jobs.Daily { return []jobs.Daily{{Kind: jobPurge, Hour: 3}} }

// waiting is said while another import holds the lock; it is tried again a little later.
const (
	waiting   = "Un autre import est en cours : celui-ci attend son tour."
	waitAgain = 20 * time.Second
)

// pace is after how many families of that many the progress is told.
func pace(total int) int { return max(1, total/100) }

// later puts a job back in the queue because another import runs.
func (d Desk) later(ctx context.Context, j jobs.Job, say func(*db.Tx) error) error {
	return db.Do(ctx, d.DB, func(tx *db.Tx) error {
		if err := say(tx); err != nil {
			return err
		}
		now := d.Now()
		j.RunAt = now.Add(waitAgain)
		return jobs.Enqueue(tx, now, j)
	})
}

func (d Desk) upload(ctx context.Context, args map[string]string, state State) (Upload, bool, error) {
	u, err := db.Read(ctx, d.DB, func(r db.Reader) (Upload, error) { return uploadByID(r, UploadID(args["upload"])) })
	if fault.KindOf(err) == fault.NotFound {
		return u, false, nil // given up meanwhile
	}
	return u, err == nil && u.State == state, err
}

// runUpload does an upload's import or its dry run; the report is as the command writes it.
func (d Desk) runUpload(ctx context.Context, u Upload, dry bool) (Result, []byte, error) {
	var out bytes.Buffer
	o := Options{Source: defaultSource, DryRun: dry, step: func(done, total int) {
		if done%pace(total) == 0 {
			_ = db.Do(ctx, d.DB, func(tx *db.Tx) error { return setProgress(tx, u.ID, done, total) }) // only said
		}
	}}
	if !dry {
		o.batch, o.at = u.Batch, u.StartedAt.In(d.Now().Location())
	}
	rep := newReport(&out)
	result, err := run(ctx, Deps{DB: d.DB, Now: d.Now}, o, d.inputs(ctx, u), rep)
	if flushErr := rep.flush(); err == nil {
		err = flushErr
	}
	return result, out.Bytes(), err
}

func (d Desk) checkRun(ctx context.Context, args map[string]string) error {
	u, wanted, err := d.upload(ctx, args, Checking)
	if err != nil || !wanted {
		return err
	}
	result, report, err := d.runUpload(ctx, u, true)
	state, message := Checked, ""
	if errors.Is(err, errNothing) { // the files cannot be imported as they are
		state, message = Failed, fault.SentenceOf(err)
	} else if err != nil {
		return err
	}
	return d.settle(ctx, u, Checking, state, result, report, message)
}

func (d Desk) importRun(ctx context.Context, args map[string]string) error {
	u, wanted, err := d.upload(ctx, args, Importing)
	if err != nil || !wanted {
		return err
	}
	result, report, err := d.runUpload(ctx, u, false)
	switch {
	case errors.Is(err, errBusy):
		return d.later(ctx, jobs.Job{Kind: jobRun, Args: args}, func(tx *db.Tx) error { return setMessage(tx, u.ID, waiting) })
	case errors.Is(err, errNothing):
		return d.settle(ctx, u, Importing, Failed, result, report, fault.SentenceOf(err))
	case err != nil:
		said := fmt.Sprintf("L’import s’est arrêté en chemin, après %d familles. Il va reprendre tout seul : rien ne sera fait deux fois.", result.Written.Families)
		sayErr := db.Do(context.WithoutCancel(ctx), d.DB, func(tx *db.Tx) error { return setMessage(tx, u.ID, said) })
		return errors.Join(err, sayErr)
	}
	return d.settle(ctx, u, Importing, Ended, result, report, "")
}

// settle stores what a run came to. After an import the files sent are deleted.
func (d Desk) settle(ctx context.Context, u Upload, from, to State, result Result, report []byte, message string) error {
	kept, err := d.Files.Put(ctx, report)
	if err != nil {
		return err
	}
	free := []string{u.Report}
	err = db.Do(ctx, d.DB, func(tx *db.Tx) error {
		free = []string{u.Report}
		still, err := settleUpload(tx, d.Now(), u.ID, from, to, result, kept, message)
		if err != nil || !still {
			free = []string{kept}
			return err
		}
		made := result.Planned
		if to == Ended {
			if made, err = batchCounts(tx, u.Batch); err != nil {
				return err
			}
			ids, err := forgetFiles(tx, u.ID)
			if err != nil {
				return err
			}
			free = append(free, ids...)
		}
		if err := insertCounts(tx, u.ID, result.Accepted, made); err != nil {
			return err
		}
		return audit.Write(tx, d.Now(), by, audit.Entry{Action: "moving.upload." + string(to), Object: "import_upload", ID: string(u.ID)})
	})
	if err == nil {
		d.deleteFiles(free)
	}
	return err
}

// deleteFiles deletes sealed files that no row refers to any more; what fails is for the purge.
func (d Desk) deleteFiles(ids []string) {
	for _, id := range ids {
		if id != "" {
			_ = d.Files.Delete(id)
		}
	}
}

// purgeRun deletes what nobody went on with for seven days, old reports, and files without a row.
func (d Desk) purgeRun(ctx context.Context, _ map[string]string) error {
	now := d.Now()
	err := db.Do(ctx, d.DB, func(tx *db.Tx) error {
		old, err := oldUploads(tx, civil.InstantOf(now.Add(-keepFiles)))
		if err != nil {
			return err
		}
		for _, id := range old {
			if err := deleteUpload(tx, id); err != nil {
				return err
			}
			if err := audit.Write(tx, now, actor.Job("purge"), audit.Entry{Action: "moving.upload.purged", Object: "import_upload", ID: string(id)}); err != nil {
				return err
			}
		}
		return forgetReports(tx, civil.InstantOf(now.Add(-keepReports)))
	})
	if err != nil {
		return err
	}
	used, err := db.Read(ctx, d.DB, filesInUse)
	if err != nil {
		return err
	}
	_, err = d.Files.Sweep(d.RealNow(), used)
	return err
}
