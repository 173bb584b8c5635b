// Package moving brings in what an old portal exports: families, adults, children, contacts, enrolments, bookings
// and invoices, in six CSV files. It reads and checks them all, tells every faulty line and why, refuses those with
// what hangs on them and writes the rest, one transaction a family. Run again, it makes nothing twice; an import
// can be undone for the families that nobody touched since.
//
// It owns the tables import_batch, import_source and import_lock. Every other row is written by its owner's verbs,
// which know nothing of imports; bookings are known again by child, unit and day. It sends no mail (admission does)
// and never changes what is already there.
package moving

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/tariff"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(account.Sources(), booking.Sources(), tariff.Sources(), billing.Sources(), []db.Source{{Name: "moving", FS: own}})
}

// Deps is what an import needs. Now is in the town's time zone. DB may be nil for a dry run.
type Deps struct {
	DB  *db.DB
	Now func() time.Time
}

// Options is one import.
type Options struct {
	From     string    // folder of the six files
	Source   string    // name of the old portal; "ancien-portail" when empty
	DryRun   bool      // read, check and report, write nothing
	Report   string    // path of the CSV report, "" for none
	Progress io.Writer // nil for none; one line rewritten when it is a terminal
}

// Status is the exit code of an import.
type Status int

// The statuses. A dry run has the one that the import would have.
const (
	AllTaken    Status = 0
	SomeRefused Status = 3
	NothingDone Status = 1 // a file cannot be read, another import runs, or it stopped on the way (see Written)
	Usage       Status = 2 // the folder or the report's path cannot be used
)

// Result is what an import found and did.
type Result struct {
	Status    Status
	Accepted  Counts // in the files, refused lines left out
	Written   Counts // new in this run
	Faults    int    // refused lines' own faults
	Followers int    // lines refused only because of another
	Doubts    int
	Batch     string // "" when nothing was written
}

// Sentence sums the result up for the person who started the import.
func (r Result) Sentence() string {
	switch {
	case r.Status == NothingDone && r.Written.Families > 0:
		return fmt.Sprintf("L’import s’est arrêté en chemin, après %d familles. Relancez-le : rien ne sera fait deux fois.", r.Written.Families)
	case r.Status == Usage || r.Status == NothingDone:
		return "Rien n’a été repris."
	case r.Faults+r.Followers == 0 && r.Doubts == 0:
		return "Tout a été repris, sans erreur."
	}
	return fmt.Sprintf("%d erreurs, %d lignes refusées à leur suite, %d points à vérifier.", r.Faults, r.Followers, r.Doubts)
}

// errNothing carries a sentence for why nothing was done.
var errNothing = errors.New("rien n’a été repris")

// by is who writes during an import.
var by = actor.Job("import")

const defaultSource = "ancien-portail"

// Run imports a folder, or only says what it would do. The Result's Status is right whatever the error; the error
// says in French why nothing was done, or wraps a failure of the machine.
func Run(ctx context.Context, deps Deps, o Options) (Result, error) {
	if o.Source == "" {
		o.Source = defaultSource
	}
	if info, err := os.Stat(o.From); err != nil || !info.IsDir() {
		return Result{Status: Usage}, fmt.Errorf("le dossier « %s » n’existe pas ou n’est pas lisible", o.From)
	}
	out := io.Discard
	if o.Report != "" {
		f, err := os.Create(o.Report)
		if err != nil {
			return Result{Status: Usage}, fmt.Errorf("le rapport « %s » ne peut pas être écrit : %w", o.Report, err)
		}
		defer f.Close()
		out = f
	}
	rep := newReport(out)
	result, err := run(ctx, deps, o, rep)
	if reportErr := rep.finish(); err == nil {
		err = reportErr
	}
	return result, err
}

func run(ctx context.Context, deps Deps, o Options, rep *report) (Result, error) {
	now := deps.Now()
	bar := newProgress(o.Progress)
	defer bar.end()
	bar.say("Lecture et contrôle des fichiers…")
	var first []string // what stands in the way, when a file cannot be read
	exp, found, err := check(o.From, civil.DateOf(now), func(p Problem) {
		rep.add(p)
		if p.Gravity == Refused && p.Line <= 1 && len(first) < 10 {
			first = append(first, strings.TrimSpace(p.File+" "+p.Field)+" : "+p.Sentence)
		}
	})
	result := Result{Status: NothingDone, Accepted: exp.counts, Faults: found.faults, Followers: found.followers, Doubts: found.doubts}
	if err != nil {
		return result, err
	}
	if found.fatal {
		return result, fmt.Errorf("%w.\n%s", errNothing, strings.Join(first, "\n"))
	}
	im := &importer{db: deps.DB, clock: deps.Now, now: now, source: o.Source, batch: db.NewID(), exp: exp, report: rep, bar: bar, dry: o.DryRun}
	if deps.DB != nil {
		err = im.run(ctx)
	}
	result.Doubts += im.doubts
	result.Faults += im.refused
	result.Written = im.written
	if im.wrote {
		result.Batch = im.batch
	}
	if err != nil {
		return result, err
	}
	switch {
	case exp.counts.Families == 0:
		result.Status = NothingDone
	case result.Faults+result.Followers > 0:
		result.Status = SomeRefused
	default:
		result.Status = AllTaken
	}
	return result, nil
}
