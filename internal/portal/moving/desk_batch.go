package moving

import (
	"bytes"
	"context"
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

// batchView is a batch on screen.
type batchView struct {
	Batch
	Upload UploadID // "" when the command imported it
	Undo   undoRow
	Mails  mailed     // activation mails of the families of the batch
	Kept   [][]string // families that an undo keeps, one page: code, reason
	Page   web.Pages
}

func (d Desk) batch(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := db.Read(r.Context(), d.DB, func(rd db.Reader) (v batchView, err error) {
		if v.Batch, err = BatchByID(rd, r.PathValue("id")); err != nil {
			return v, err
		}
		if v.Upload, err = uploadOfBatch(rd, v.ID); err != nil {
			return v, err
		}
		if v.Undo, err = undoOf(rd, v.ID); err != nil {
			return v, err
		}
		v.Mails, err = activationMails(rd, v.ID)
		return v, err
	})
	if err != nil {
		return err
	}
	if v.Undo.Reasons != "" && !v.Undo.busy() {
		if v.Kept, v.Page, err = d.pageOf(r, list{id: v.Undo.Reasons, comma: ',', here: batchPath(v.ID)}); err != nil {
			return err
		}
		if err := d.looked(r, a, "moving.batch.read", "import_batch", v.ID); err != nil {
			return err
		}
	}
	refresh(w, v.Undo.busy())
	zone := d.Now().Location()
	return web.Render(w, r, deskPage("Import du "+civil.Stamp(v.StartedAt.In(zone)), http.StatusOK), batchPage(v, zone))
}

func (d Desk) undoPage(tried bool) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		id := r.PathValue("id")
		sentence := "L’annulation est lancée. Vous pouvez quitter cette page : elle continue."
		if tried {
			sentence = "Le portail regarde ce qui serait retiré. Rien n’est encore effacé."
		}
		return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			return web.Done{Location: batchPath(id), Sentence: sentence}, askUndo(tx, d.Now(), a, id, tried)
		})
	}
}

// preview is the first rows of a file as the import reads them.
type preview struct {
	Encoding string
	Columns  []web.Column
	Rows     [][]string
	Gone     bool // the files are deleted
}

const previewRows = 20

// previews read the first rows of each file that is taken.
func (d Desk) previews(ctx context.Context, u Upload) ([]preview, error) {
	all := make([]preview, len(u.Files))
	for i, f := range u.Files {
		l, ok := layoutNamed(f.TakenAs)
		if !ok {
			continue
		}
		if f.Head == "" {
			all[i].Gone = true
			continue
		}
		head, err := d.Files.Get(ctx, f.Head)
		if fault.KindOf(err) == fault.NotFound {
			all[i].Gone = true
			continue
		}
		if err != nil {
			return nil, err
		}
		if all[i], err = previewOf(placedAs(l, f.taken(), f.Sep), f, head); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func previewOf(l layout, f File, head []byte) (preview, error) {
	var p preview
	s := &sheet{layout: l, file: memoryFile{bytes.NewReader(head)}}
	if _, err := s.start(); err != nil || s.in == nil {
		return p, err
	}
	p.Encoding = "Windows-1252"
	if s.enc.utf8 {
		p.Encoding = "UTF-8"
	}
	var at []int
	for _, c := range f.Columns {
		for j, known := range l.columns {
			if known.name == c.TakenAs {
				at = append(at, j)
				p.Columns = append(p.Columns, web.Column{Label: columnLabel(known.name)})
			}
		}
	}
	for len(p.Rows) < previewRows && len(at) > 0 {
		r, more, err := s.next()
		if err != nil || !more {
			return p, err
		}
		row := make([]string, len(at))
		for i, j := range at {
			if r.cells != nil {
				row[i] = shown(l.columns[j].name, r.cells[j])
			}
		}
		if r.cells == nil {
			row[0] = r.fault
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}

// dates are the columns whose values are days.
var dates = map[string]bool{"DATE_NAISSANCE_1": true, "DATE_NAISSANCE_2": true, "DATE_NAISSANCE": true, "DATE_DEBUT": true,
	"DATE_FIN": true, "DATE": true, "DATE_EMISSION": true, "ECHEANCE": true}

// shown is a value as it was understood; health and income are only said to be there.
func shown(column, value string) string {
	switch {
	case value == "":
		return "—"
	case hidden[column]:
		return "renseigné"
	case !dates[column]:
		return clip(value)
	}
	day, err := parseDay(value)
	if err != nil {
		return clip(value) + " (date non reconnue)"
	}
	return day.Long()
}
