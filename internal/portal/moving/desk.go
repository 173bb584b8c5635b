package moving

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/blob"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/feature/person"
)

// Import is the right to import the old portal and to undo it.
const Import actor.Right = "moving.import"

// Desk is the import on the agents' desk. Files holds what agents send, apart from the town's own files: no backup
// takes it. Forget is what Undo is given.
type Desk struct {
	DB      *db.DB
	Files   *blob.Store
	Now     func() time.Time // in the town's zone
	RealNow func() time.Time // the machine's, for the age of files
	Forget  func(tx *db.Tx, people []person.ID) error
}

// UploadID names what an agent sent.
type UploadID string

// State is how far an upload is.
type State string

// The states: read → checking → checked → importing → done; failed when its files cannot be imported.
const (
	Read      State = "read"
	Checking  State = "checking"
	Checked   State = "checked"
	Importing State = "importing"
	Ended     State = "done"
	Failed    State = "failed"
)

// Upload is what an agent sent to be imported.
type Upload struct {
	ID        UploadID
	State     State
	MadeAt    civil.Instant
	StartedAt civil.Instant
	EndedAt   civil.Instant
	Batch     string // chosen at the confirmation: all the runs of an import write the same
	Done      int64
	Total     int64
	Faults    int64
	Followers int64
	Doubts    int64
	Report    string // id of the sealed report, "" for none
	Message   string
	Files     []File
}

// File is one CSV file of an upload.
type File struct {
	Place   int
	Name    string
	Kept    string // id of the sealed file, "" once deleted
	Head    string // id of its sealed beginning
	Size    int64
	Sep     byte
	TakenAs string // file of the export, "" for none
	Columns []Column
}

// Column is a header and what it is taken for.
type Column struct {
	Heading string
	TakenAs string
}

func (f File) taken() []string {
	all := make([]string, len(f.Columns))
	for i, c := range f.Columns {
		all[i] = c.TakenAs
	}
	return all
}

func (f File) headings() []string {
	all := make([]string, len(f.Columns))
	for i, c := range f.Columns {
		all[i] = c.Heading
	}
	return all
}

const (
	jobCheck = "moving.check"
	jobRun   = "moving.import"
	jobUndo  = "moving.undo"
	jobPurge = "moving.purge"
)

// How long what was sent and what was found stay.
const (
	keepFiles   = 7 * 24 * time.Hour
	keepReports = 30 * 24 * time.Hour
)

func may(a actor.Actor) error {
	if !a.Can(Import) {
		return fault.New(fault.Forbidden, "")
	}
	return nil
}

// Receive stores what was sent, its files sealed already.
func Receive(tx *db.Tx, now time.Time, a actor.Actor, files []File) (UploadID, error) {
	if err := may(a); err != nil {
		return "", err
	}
	id := UploadID(db.NewID())
	if err := insertUpload(tx, now, a, id, files); err != nil {
		return "", err
	}
	return id, audit.Write(tx, now, a, audit.Entry{Action: "moving.upload.received", Object: "import_upload", ID: string(id)})
}

// setColumns stores what files and headers are taken for, and remembers it for the next upload. A dry run made
// before no longer counts.
func setColumns(tx *db.Tx, now time.Time, a actor.Actor, id UploadID, files []File) error {
	if err := may(a); err != nil {
		return err
	}
	if err := move(tx, id, Read, Read, Checked, Failed); err != nil {
		return err
	}
	if err := storeColumns(tx, id, files); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "moving.upload.columns", Object: "import_upload", ID: string(id)})
}

// ask starts the dry run.
func ask(tx *db.Tx, now time.Time, a actor.Actor, id UploadID) error {
	if err := may(a); err != nil {
		return err
	}
	if err := move(tx, id, Checking, Read, Checked, Failed); err != nil {
		return err
	}
	if err := jobs.Enqueue(tx, now, jobs.Job{Kind: jobCheck, Args: map[string]string{"upload": string(id)}}); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "moving.upload.check_asked", Object: "import_upload", ID: string(id)})
}

// confirm starts the import of what a dry run has checked.
func confirm(tx *db.Tx, now time.Time, a actor.Actor, id UploadID) error {
	if err := may(a); err != nil {
		return err
	}
	if err := move(tx, id, Importing, Checked); err != nil {
		return err
	}
	batch := db.NewID()
	if err := startImport(tx, now, id, batch); err != nil {
		return err
	}
	if err := jobs.Enqueue(tx, now, jobs.Job{Kind: jobRun, Args: map[string]string{"upload": string(id)}}); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "moving.upload.confirmed", Object: "import_upload", ID: string(id), Detail: "batch " + batch})
}

// drop gives an upload up before its import; its files are the caller's to delete once the transaction stands.
func drop(tx *db.Tx, now time.Time, a actor.Actor, id UploadID) error {
	if err := may(a); err != nil {
		return err
	}
	if err := move(tx, id, Failed, Read, Checking, Checked, Failed); err != nil {
		return err
	}
	if err := deleteUpload(tx, id); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "moving.upload.dropped", Object: "import_upload", ID: string(id)})
}

// askUndo starts the undoing of a batch; tried only tells what would be kept.
func askUndo(tx *db.Tx, now time.Time, a actor.Actor, batch string, tried bool) error {
	if err := may(a); err != nil {
		return err
	}
	b, err := BatchByID(tx, batch)
	if err != nil {
		return err
	}
	if b.UndoneAt != 0 {
		return fault.New(fault.Conflict, "Cet import est déjà annulé.")
	}
	if err := startUndo(tx, now, a, b, tried); err != nil {
		return err
	}
	if err := jobs.Enqueue(tx, now, jobs.Job{Kind: jobUndo, Args: map[string]string{"batch": batch}}); err != nil {
		return err
	}
	action := "moving.batch.undo_asked"
	if tried {
		action = "moving.batch.undo_tried"
	}
	return audit.Write(tx, now, a, audit.Entry{Action: action, Object: "import_batch", ID: batch})
}

// ready says what keeps an upload from its dry run, one sentence each.
func ready(files []File) []fault.Field {
	var wrong []fault.Field
	at := map[string]int{}
	for _, f := range files {
		if f.TakenAs == "" {
			continue
		}
		if other, twice := at[f.TakenAs]; twice {
			wrong = append(wrong, fault.Field{Name: fileField(f.Place), Sentence: "« " + clip(f.Name) + " » et « " + clip(files[other].Name) + " » sont pris tous deux pour " + fileLabels[f.TakenAs] + ". Gardez-en un, ou réunissez-les en un seul fichier."})
			continue
		}
		at[f.TakenAs] = f.Place
		given := map[string]bool{}
		for i, c := range f.Columns {
			if c.TakenAs != "" && given[c.TakenAs] {
				wrong = append(wrong, fault.Field{Name: columnField(f.Place, i), Sentence: "« " + clip(f.Name) + " » : deux colonnes sont prises pour « " + columnLabel(c.TakenAs) + " ». Gardez celle qui compte."})
			}
			given[c.TakenAs] = true
		}
		l, _ := layoutNamed(f.TakenAs)
		for _, name := range missing(l, f.taken()) {
			wrong = append(wrong, fault.Field{Name: fileField(f.Place), Sentence: "« " + clip(f.Name) + " » : dites quelle colonne donne « " + columnLabel(name) + " »."})
		}
	}
	for _, l := range layouts {
		if _, there := at[l.file]; !there {
			wrong = append(wrong, fault.Field{Sentence: "Aucun fichier n’est pris pour " + fileLabels[l.file] + ". Envoyez-le avec les autres, même vide sous sa ligne de titres."})
		}
	}
	return wrong
}

// inputs gives the importer the files of an upload under the names of the export.
func (d Desk) inputs(ctx context.Context, u Upload) inputs {
	kept := map[string]string{}
	as := make([]layout, len(layouts))
	for i, l := range layouts {
		as[i] = l
		for _, f := range u.Files {
			if f.TakenAs == l.file && f.Kept != "" {
				kept[l.file] = f.Kept
				as[i] = placedAs(l, f.taken(), f.Sep)
			}
		}
	}
	open := func(name string) (io.ReadSeekCloser, error) {
		if kept[name] == "" {
			return nil, fs.ErrNotExist
		}
		content, err := d.Files.Get(ctx, kept[name])
		if fault.KindOf(err) == fault.NotFound {
			return nil, fs.ErrNotExist
		}
		if err != nil {
			return nil, err
		}
		return memoryFile{bytes.NewReader(content)}, nil
	}
	return inputs{open, as}
}
