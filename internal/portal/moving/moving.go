// Package moving brings in what an old portal exports: families, adults, children, contacts, enrolments, bookings
// and invoices, in six CSV files. It reads and checks them all, tells every faulty line and why, refuses those with
// what hangs on them and writes the rest, one transaction a family. Run again, it makes nothing twice; an import
// can be undone for the families that nobody touched since.
//
// The same is done by the command on a folder and by the agents' desk on what they send: a zip, CSV files or a
// workbook, whose columns are guessed and corrected on screen. What they send stays sealed until the import is done,
// seven days at most.
//
// It owns the tables import_batch, import_source, import_lock, import_upload, import_file, import_column,
// import_heading, import_count and import_undo. Every other row is written by its owner's verbs,
// which know nothing of imports; bookings are known again by child, unit and day. It sends no mail (admission does)
// and never changes what is already there.
package moving

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/tariff"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(web.Sources(), jobs.Sources(), account.Sources(), booking.Sources(), tariff.Sources(), billing.Sources(), admission.Sources(),
		[]db.Source{{Name: "moving", FS: own}})
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

	// Of an import that may be taken up again after the process stopped: what all its runs bear.
	batch string
	at    time.Time
	step  func(done, total int) // told after each family
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
	Planned   Counts // what the import would have written, of a dry run beside a database
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

// errNothing is in every refusal of a whole import or undo.
var errNothing = errors.New("rien n’a été repris")

// refuse says in words why nothing is done. The kind is not one that refuses a single family.
func refuse(sentence string, args ...any) error {
	return &fault.Error{Kind: fault.Unavailable, Sentence: fmt.Sprintf(sentence, args...), Err: errNothing}
}

// ErrReport is in the error of an import that did all it could, but whose report is not whole.
var ErrReport = errors.New("report cut short")

// by is who writes during an import.
var by = actor.Job("import")

const defaultSource = "ancien-portail"

// Run imports a folder, or only says what it would do. The Result's Status is right whatever the error; the error
// says in French why nothing was done (fault.SentenceOf), or wraps a failure of the machine.
func Run(ctx context.Context, deps Deps, o Options) (Result, error) {
	if o.Source == "" {
		o.Source = defaultSource
	}
	if err := CheckPaths(o); err != nil {
		return Result{Status: Usage}, err
	}
	out := io.Discard
	if o.Report != "" {
		f, err := os.Create(o.Report)
		if err != nil {
			return Result{Status: Usage}, fmt.Errorf("create the report: %w", err)
		}
		defer f.Close()
		out = f
	}
	rep := newReport(out)
	if err := rep.flush(); err != nil { // a full disk shows before anything is done
		return Result{Status: Usage}, err
	}
	result, err := run(ctx, deps, o, inputs{folderOf(o.From), layouts}, rep)
	if reportErr := rep.flush(); err == nil && reportErr != nil {
		err = errors.Join(ErrReport, reportErr)
		if result.Status == AllTaken {
			result.Status = SomeRefused // what is left to look at cannot be read
		}
	}
	return result, err
}

// CheckPaths refuses a folder that cannot be an export's, and a report that would take the place of something else.
// It touches nothing.
func CheckPaths(o Options) error {
	info, err := os.Stat(o.From)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse("Le dossier « %s » n’existe pas. Rien n’a été repris.", o.From)
	case err != nil:
		return fmt.Errorf("look at the export: %w", err)
	case !info.IsDir():
		return refuse("« %s » n’est pas un dossier : donnez celui des six fichiers de l’export. Rien n’a été repris.", o.From)
	}
	if _, err := os.ReadDir(o.From); err != nil {
		return fmt.Errorf("read the export: %w", err)
	}
	if o.Report == "" {
		return nil
	}
	there, err := os.Stat(o.Report)
	if err != nil {
		if folder, err := os.Stat(filepath.Dir(o.Report)); err != nil || !folder.IsDir() {
			return refuse("Le rapport ne peut pas être écrit dans « %s » : ce dossier n’existe pas. Rien n’a été repris.", filepath.Dir(o.Report))
		}
		return nil
	}
	if there.IsDir() {
		return refuse("Le rapport ne peut pas être écrit : « %s » est un dossier. Donnez le nom d’un fichier. Rien n’a été repris.", o.Report)
	}
	for _, l := range layouts {
		path, err := findFile(o.From, l.file)
		if err != nil {
			continue
		}
		if info, err := os.Stat(path); err == nil && os.SameFile(info, there) {
			return refuse("Le rapport effacerait « %s », un fichier de l’export : donnez-lui un autre nom. Rien n’a été repris.", o.Report)
		}
	}
	return nil
}

// inputs is the six files of one export, wherever they are, and how their columns are named.
type inputs struct {
	open    opener
	layouts []layout
}

func run(ctx context.Context, deps Deps, o Options, in inputs, rep *report) (Result, error) {
	now := deps.Now()
	if !o.at.IsZero() {
		now = o.at
	}
	bar := newProgress(o.Progress)
	bar.told = o.step
	defer bar.end()
	bar.say("Lecture et contrôle des fichiers…")
	var first []string // what stands in the way, when a file cannot be read
	exp, found, err := checkFiles(in.open, in.layouts, civil.DateOf(now), func(p Problem) {
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
		return result, refuse("Rien n’a été repris.\n%s", strings.Join(first, "\n"))
	}
	if err := rep.flush(); err != nil {
		return result, err
	}
	im := &importer{db: deps.DB, clock: deps.Now, now: now, source: o.Source, batch: cmp.Or(o.batch, db.NewID()), exp: exp, report: rep, bar: bar, dry: o.DryRun}
	if deps.DB != nil {
		err = im.run(ctx)
	}
	result.Doubts += im.doubts
	result.Faults += im.refused
	result.Written, result.Planned = im.written, im.planned
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
