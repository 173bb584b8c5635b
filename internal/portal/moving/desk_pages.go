package moving

import (
	"bytes"
	"net/http"
	"strconv"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

const (
	deskPath    = "/agents/import"
	batchesPath = "/agents/import-lots"
)

const (
	uploadObject = web.Object("import-upload")
	batchObject  = web.Object("import-batch")
)

// Agent declares the pages.
func (d Desk) Agent(rt *web.Router) {
	access := web.AgentWith(Import)
	rt.Get(deskPath, access, web.NoObject, d.index)
	rt.PostFile(deskPath, access, web.NoObject, maxSent, d.receive)
	rt.Get(deskPath+"/{id}", access, uploadObject, d.show)
	rt.Post(deskPath+"/{id}/colonnes", access, uploadObject, d.columns)
	rt.Post(deskPath+"/{id}/confirmer", access, uploadObject, d.confirmPage)
	rt.Post(deskPath+"/{id}/abandonner", access, uploadObject, d.dropPage)
	rt.Get(deskPath+"/{id}/rapport.csv", access, uploadObject, d.download)
	rt.Get(batchesPath+"/{id}", access, batchObject, d.batch)
	rt.Post(batchesPath+"/{id}/apercu", access, batchObject, d.undoPage(true))
	rt.Post(batchesPath+"/{id}/annuler", access, batchObject, d.undoPage(false))
}

func uploadPath(id UploadID) string { return deskPath + "/" + string(id) }
func batchPath(id string) string    { return batchesPath + "/" + id }
func fileField(place int) string    { return "fichier_" + strconv.Itoa(place) }
func columnField(file, place int) string {
	return "colonne_" + strconv.Itoa(file) + "_" + strconv.Itoa(place)
}

func deskPage(title string, status int) web.Page {
	crumbs := []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Import", Href: deskPath}, {Label: title}}
	if title == indexTitle {
		crumbs = []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: title}}
	}
	return web.Page{Title: title, Status: status, Wide: true, Nav: deskPath, Crumbs: crumbs}
}

const indexTitle = "Importer l’ancien portail"

// refresh asks the browser for the page again while work goes on, without a script.
func refresh(w http.ResponseWriter, busy bool) {
	if busy {
		w.Header().Set("Refresh", "5")
	}
}

// lists is the first page.
type lists struct {
	Uploads []Upload
	Batches []Batch
}

func (d Desk) index(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return d.showIndex(w, r, http.StatusOK, web.NewForm())
}

func (d Desk) showIndex(w http.ResponseWriter, r *http.Request, status int, f *web.Form) error {
	v, err := db.Read(r.Context(), d.DB, func(rd db.Reader) (v lists, err error) {
		if v.Uploads, err = uploads(rd); err != nil {
			return v, err
		}
		v.Batches, err = Batches(rd)
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, deskPage(indexTitle, status), indexPage(f, v, d.Now().Location()))
}

const headSize = 64 << 10

// headOf is the beginning of a file, whole lines, for its preview.
func headOf(content []byte) []byte {
	if len(content) <= headSize {
		return content
	}
	head := content[:headSize]
	if end := bytes.LastIndexAny(head, "\r\n"); end > 0 {
		head = head[:end+1]
	}
	return head
}

func (d Desk) receive(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	before, err := db.Read(r.Context(), d.DB, headingsSaid)
	if err != nil {
		return err
	}
	var stored []string
	var files []File
	if r.MultipartForm == nil { // a form sent without its encoding
		err = unfold(r.Context(), nil, nil)
	} else {
		given := map[string]bool{}
		err = unfold(r.Context(), r.MultipartForm.File[filesField], func(p piece) error {
			file := File{Place: len(files), Name: short(p.name), Size: int64(len(p.content)), Sep: p.sep}
			taken := make([]string, len(p.headings))
			if as, columns := guessFile(p.name, p.headings, before); as != "" && !given[as] {
				file.TakenAs, taken, given[as] = as, columns, true
			}
			for i, h := range p.headings {
				file.Columns = append(file.Columns, Column{h, taken[i]})
			}
			var err error
			if file.Kept, err = d.Files.Put(r.Context(), p.content); err != nil {
				return err
			}
			stored = append(stored, file.Kept)
			if file.Head, err = d.Files.Put(r.Context(), headOf(p.content)); err != nil {
				return err
			}
			stored = append(stored, file.Head)
			files = append(files, file)
			return nil
		})
	}
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			id, err := Receive(tx, d.Now(), a, files)
			return web.Done{Location: uploadPath(id), Sentence: "Les fichiers sont reçus. Vérifiez ce que le portail y a reconnu."}, err
		})
		if err == nil {
			return nil // the same form sent twice leaves files without a row: the purge takes them
		}
	}
	d.deleteFiles(stored)
	if f.Take(err) {
		return d.showIndex(w, r, http.StatusUnprocessableEntity, f)
	}
	return err
}

// uploadView is an upload on screen.
type uploadView struct {
	Upload
	Wrong    []fault.Field // what keeps it from its dry run
	Previews []preview     // by file
	Counts   map[string]tallied
	Problems [][]string // of the report, one page
	Only     class      // the only lines shown, "" for all
	Page     web.Pages
}

func (d Desk) show(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	u, err := db.Read(r.Context(), d.DB, func(rd db.Reader) (Upload, error) { return uploadByID(rd, UploadID(r.PathValue("id"))) })
	if err != nil {
		return err
	}
	return d.showUpload(w, r, a, http.StatusOK, web.NewForm(), u)
}

func (d Desk) showUpload(w http.ResponseWriter, r *http.Request, a actor.Actor, status int, f *web.Form, u Upload) error {
	v := uploadView{Upload: u, Wrong: ready(u.Files)}
	var err error
	if u.State == Read || u.State == Checked || u.State == Failed {
		if v.Previews, err = d.previews(r.Context(), u); err != nil {
			return err
		}
	}
	if u.State == Checked || u.State == Ended || u.State == Failed {
		if v.Counts, err = db.Read(r.Context(), d.DB, func(rd db.Reader) (map[string]tallied, error) { return countsOf(rd, u.ID) }); err != nil {
			return err
		}
		v.Only = classNamed(r.URL.Query().Get("voir"))
		if v.Problems, v.Page, err = d.problems(r, u, v.Only); err != nil {
			return err
		}
	}
	if len(v.Previews)+len(v.Problems) > 0 {
		if err := d.looked(r, a, "moving.upload.read", "import_upload", string(u.ID)); err != nil {
			return err
		}
	}
	refresh(w, u.State == Checking || u.State == Importing)
	return web.Render(w, r, deskPage(uploadTitle(u.State), status), uploadPage(f, v, d.Now().Location()))
}

func uploadTitle(s State) string {
	switch s {
	case Read, Failed:
		return "Vérifier les fichiers"
	case Checking:
		return "Essai en cours"
	case Checked:
		return "Résultat de l’essai"
	case Importing:
		return "Import en cours"
	}
	return "Rapport de l’import"
}

// looked writes that somebody read what was sent.
func (d Desk) looked(r *http.Request, a actor.Actor, action, object, id string) error {
	return db.Do(r.Context(), d.DB, func(tx *db.Tx) error {
		return audit.Read(tx, d.Now(), a, audit.Entry{Action: action, Object: object, ID: id})
	})
}

// columns stores what was said of files and headers, and starts the dry run when asked to.
func (d Desk) columns(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	id := UploadID(r.PathValue("id"))
	var before said
	u, err := db.Read(r.Context(), d.DB, func(rd db.Reader) (Upload, error) {
		u, err := uploadByID(rd, id)
		if err == nil {
			before, err = headingsSaid(rd)
		}
		return u, err
	})
	if err != nil {
		return err
	}
	guessed := false
	for i := range u.Files {
		guessed = u.Files[i].sayFrom(f, before) || guessed
	}
	wanted := f.Text("action") == "essai" && !guessed
	if wanted {
		for _, p := range ready(u.Files) {
			f.Fail(p.Name, p.Sentence)
		}
		if f.Failed() {
			return d.showUpload(w, r, a, http.StatusUnprocessableEntity, f, u)
		}
	}
	sentence := "Ce que vous avez dit des colonnes est gardé, aussi pour le prochain import."
	switch {
	case guessed:
		sentence = "Les colonnes ont été reconnues de nouveau. Vérifiez-les, puis lancez l’essai."
	case wanted:
		sentence = "L’essai est lancé : rien n’est écrit dans le portail."
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		err := setColumns(tx, d.Now(), a, id, u.Files)
		if err == nil && wanted {
			err = ask(tx, d.Now(), a, id)
		}
		return web.Done{Location: uploadPath(id), Sentence: sentence}, err
	})
}

// sayFrom takes what the form says of a file. A file taken for another than before has its columns guessed again.
func (f *File) sayFrom(form *web.Form, before said) (guessed bool) {
	as := form.Text(fileField(f.Place))
	l, ok := layoutNamed(as)
	if !ok {
		f.TakenAs = ""
		for i := range f.Columns {
			f.Columns[i].TakenAs = ""
		}
		return false
	}
	if as != f.TakenAs {
		f.TakenAs = as
		for i, name := range guessColumns(l, f.headings(), before) {
			f.Columns[i].TakenAs = name
		}
		return true
	}
	for i := range f.Columns {
		name := form.Text(columnField(f.Place, i))
		if name != "" && l.find(heading(name)) < 0 {
			name = ""
		}
		f.Columns[i].TakenAs = name
	}
	return false
}

func (d Desk) confirmPage(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id := UploadID(r.PathValue("id"))
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: uploadPath(id), Sentence: "L’import est lancé. Vous pouvez quitter cette page : il continue."}, confirm(tx, d.Now(), a, id)
	})
}

func (d Desk) dropPage(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id := UploadID(r.PathValue("id"))
	var free []string
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		u, err := uploadByID(tx, id)
		if err != nil {
			return web.Done{}, err
		}
		if free, err = fileIDs(tx, id); err != nil {
			return web.Done{}, err
		}
		free = append(free, u.Report)
		return web.Done{Location: deskPath, Sentence: "L’import est abandonné, ses fichiers sont effacés."}, drop(tx, d.Now(), a, id)
	})
	if err == nil {
		d.deleteFiles(free)
	}
	return err
}

// report reads a sealed report, nil once it is deleted.
func (d Desk) report(r *http.Request, id string) ([]byte, error) {
	if id == "" {
		return nil, nil
	}
	content, err := d.Files.Get(r.Context(), id)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return content, err
}

func (d Desk) download(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	u, err := db.Read(r.Context(), d.DB, func(rd db.Reader) (Upload, error) { return uploadByID(rd, UploadID(r.PathValue("id"))) })
	if err != nil {
		return err
	}
	content, err := d.report(r, u.Report)
	if err != nil {
		return err
	}
	if content == nil {
		return fault.Missing("report")
	}
	if err := d.looked(r, a, "moving.report.read", "import_upload", string(u.ID)); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="rapport-import-`+civil.DateOf(u.MadeAt.In(d.Now().Location())).String()+`.csv"`)
	_, err = w.Write(content)
	return err
}
