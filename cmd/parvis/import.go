package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/admission"
	"parvis/internal/portal/moving"
)

func importOld(c call) int {
	var o moving.Options
	cfg, status, ok := c.flags(func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&o.From, "from", "", "`DOSSIER` des six fichiers de l’ancien portail")
		fs.BoolVar(&o.DryRun, "dry-run", false, "tout vérifier sans rien écrire")
		fs.StringVar(&o.Report, "report", "", "`FICHIER` CSV des anomalies, remplacé s’il existe")
	})
	if !ok {
		return status
	}
	if o.From == "" {
		return c.misused("--from DOSSIER est attendu.")
	}
	if err := moving.CheckPaths(o); err != nil { // before a base is made
		c.fail(err)
		return usageStatus
	}
	o.Progress = c.out
	work := func(d *db.DB) (int, error) {
		if err := c.checkGivenKey(d, cfg, o.DryRun); err != nil {
			return 1, err
		}
		return c.importInto(d, o)
	}
	if o.DryRun && !hasBase(cfg) { // nothing is there to compare with, and nothing must be made
		status, err := work(nil)
		if err != nil {
			return max(status, c.fail(err))
		}
		return status
	}
	return c.withDatabase(cfg, work)
}

// checkGivenKey compares the key with the database's, and marks it when it is the first: an import needs none, but
// whoever names one must learn that it is not the right one. A file yet to be made is let go.
func (c call) checkGivenKey(d *db.DB, cfg app.Config, look bool) error {
	if _, err := os.Stat(cfg.KeyFile); d == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	key, err := readKey(cfg.KeyFile)
	if err != nil {
		return err
	}
	return app.CheckKey(c.ctx, cfg, d, key, townNow(), look)
}

func (c call) importInto(d *db.DB, o moving.Options) (int, error) {
	result, err := moving.Run(c.ctx, moving.Deps{DB: d, Now: townNow}, o)
	if errors.Is(err, moving.ErrReport) {
		err = say("Le rapport « %s » n’est pas entier : %s", o.Report, inWords(err))
	} else if err != nil {
		if result.Written.Families > 0 { // stopped midway: say what stands
			fmt.Fprintln(c.out, result.Sentence())
		}
		return int(result.Status), err
	}
	fmt.Fprintln(c.out, result.Sentence())
	printCounts(c.out, result, o.DryRun)
	if o.DryRun {
		fmt.Fprintln(c.out, "C’était un essai : rien n’a été écrit.")
	}
	if o.Report == "" && result.Faults+result.Doubts > 0 {
		fmt.Fprintln(c.out, "Pour la liste des anomalies, ligne par ligne : --report anomalies.csv")
	}
	if result.Batch != "" {
		fmt.Fprintln(c.out, "Lot", result.Batch)
	}
	return int(result.Status), err
}

// printCounts says what the files held that could be taken, and what is new in this run.
func printCounts(w io.Writer, r moving.Result, dry bool) {
	for _, line := range []struct {
		what           string
		taken, written int
	}{
		{"familles", r.Accepted.Families, r.Written.Families}, {"adultes", r.Accepted.Adults, r.Written.Adults},
		{"enfants", r.Accepted.Children, r.Written.Children}, {"contacts", r.Accepted.Contacts, r.Written.Contacts},
		{"inscriptions", r.Accepted.Enrolments, r.Written.Enrolments}, {"réservations", r.Accepted.Bookings, r.Written.Bookings},
		{"factures", r.Accepted.Invoices, r.Written.Invoices},
	} {
		if dry {
			fmt.Fprintf(w, "  %-13s %6d à reprendre\n", line.what, line.taken)
		} else {
			fmt.Fprintf(w, "  %-13s %6d reprises, dont %d nouvelles\n", line.what, line.taken, line.written)
		}
	}
}

// townNow is the machine's time in the town's zone.
func townNow() time.Time { return time.Now().In(app.Zone()) }

func undoImport(c call) int {
	var batch string
	cfg, status, ok := c.flags(func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&batch, "batch", "", "`LOT` à annuler ; sans lot, la liste")
	})
	if !ok {
		return status
	}
	if status, ok := c.mustHaveBase(cfg); !ok {
		return status
	}
	return c.with(cfg, batch == "", func(a *app.App) (int, error) {
		if batch == "" {
			return 0, c.listBatches(a)
		}
		undone, err := moving.Undo(c.ctx, moving.Deps{DB: a.DB, Now: a.Now}, batch, admission.Forget)
		if err != nil {
			if undone.Families > 0 { // stopped midway: say what is done
				fmt.Fprintf(c.out, "Arrêt en chemin, après %d familles retirées. Relancez la commande : elle continuera.\n", undone.Families)
			}
			return 1, err
		}
		fmt.Fprintf(c.out, "%d familles retirées, %d gardées parce que quelqu’un s’en est servi depuis.\n", undone.Families, len(undone.Kept))
		for _, k := range undone.Kept {
			fmt.Fprintf(c.out, "  %s : %s\n", k.Code, k.Reason)
		}
		fmt.Fprintf(c.out, "Créés par l’import et retirés aussi : lieux %d, activités %d. Gardés : %d.\n", undone.Places, undone.Activities, len(undone.Drafts))
		for _, k := range undone.Drafts {
			fmt.Fprintf(c.out, "  %s « %s » : %s\n", k.Kind, k.Name, k.Reason)
		}
		return 0, nil
	})
}

func (c call) listBatches(a *app.App) error {
	all, err := db.Read(c.ctx, a.DB, moving.Batches)
	if err == nil && len(all) == 0 {
		fmt.Fprintln(c.out, "Aucun import n’a été fait.")
	}
	for _, b := range all {
		undone := ""
		if b.UndoneAt != 0 {
			undone = ", annulé"
		}
		fmt.Fprintf(c.out, "%s  %s  %d familles%s\n", b.ID, civil.Stamp(b.StartedAt.In(app.Zone())), b.Families, undone)
	}
	return err
}
