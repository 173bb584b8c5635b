package moving

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/blob"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// office is a desk with its agent, and the runner of its jobs.
type office struct {
	t      *testing.T
	db     *db.DB
	desk   Desk
	portal *testkit.Portal
	agent  actor.Actor
	now    time.Time
}

func newOffice(t *testing.T, d *db.DB, files *blob.Store) *office {
	o := &office{t: t, db: d, now: clock(), agent: actor.Actor{Kind: actor.Agent, Second: true, Account: "nadia", Name: "Nadia Rahmani",
		Rights: map[actor.Right][]string{Import: {actor.AllServices}}}}
	if files == nil {
		var err error
		if files, err = blob.Open(t.TempDir(), crypt.NewKey()); err != nil {
			t.Fatal(err)
		}
	}
	o.desk = Desk{DB: d, Files: files, Now: func() time.Time { return o.now }, RealNow: time.Now}
	o.portal = testkit.NewPortal(t, d, o.now)
	o.desk.Agent(o.portal.Router)
	return o
}

func (o *office) work() {
	o.t.Helper()
	r := &jobs.Runner{DB: o.db, Handlers: o.desk.Handlers(), Now: func() time.Time { return o.now }}
	if _, err := r.Once(context.Background()); err != nil {
		o.t.Fatal(err)
	}
	failed, err := db.Read(context.Background(), o.db, func(r db.Reader) ([]string, error) {
		return db.List(r, db.Column[string], `select last_error from job where state <> 'done' and last_error <> ''`)
	})
	if err != nil || len(failed) > 0 {
		o.t.Fatalf("jobs: %v, %v", failed, err)
	}
}

// send uploads files and gives the answer.
func (o *office) send(files ...testkit.File) *testkit.Page {
	o.t.Helper()
	page := o.portal.As(o.agent).Get(deskPath)
	return page.SubmitAll(`form[enctype]`, nil, files...)
}

// take uploads, checks and confirms, and gives the page of the end.
func (o *office) take(files ...testkit.File) *testkit.Page {
	o.t.Helper()
	checked := o.tried(files...)
	imported := checked.Submit(`form[action$="/confirmer"]`, nil)
	if imported.Status != http.StatusSeeOther {
		o.t.Fatalf("confirm: %d %s", imported.Status, imported.Text("main"))
	}
	running := imported.Follow()
	if running.Header.Get("Refresh") != "5" || !strings.Contains(running.Text("main"), "L’import est en cours") {
		o.t.Errorf("while it runs: %s", running.Text("main"))
	}
	o.work()
	return o.portal.As(o.agent).Get(running.Path)
}

// tried uploads and checks.
func (o *office) tried(files ...testkit.File) *testkit.Page {
	o.t.Helper()
	sent := o.send(files...)
	if sent.Status != http.StatusSeeOther {
		o.t.Fatalf("upload: %d %s", sent.Status, sent.Text("main"))
	}
	read := sent.Follow()
	asked := read.Submit(`form[action$="/colonnes"]`, map[string]string{"action": "essai"})
	if asked.Status != http.StatusSeeOther {
		o.t.Fatalf("dry run: %d %s", asked.Status, asked.Text("main"))
	}
	before := rows(o.t, o.db)
	o.work()
	if diff := cmp.Diff(before, rows(o.t, o.db)); diff != "" {
		o.t.Errorf("the dry run wrote:\n%s", diff)
	}
	return asked.Follow()
}

func sampleFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(sample, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func csvFiles(t testing.TB) []testkit.File {
	var all []testkit.File
	for _, l := range layouts {
		all = append(all, testkit.File{Field: filesField, Name: l.file, Type: "text/csv", Body: sampleFile(t, l.file)})
	}
	return all
}

func zipOf(t testing.TB, add func(w *zip.Writer)) testkit.File {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return testkit.File{Field: filesField, Name: "export.zip", Type: "application/zip", Body: out.Bytes()}
}

func addTo(t testing.TB, w *zip.Writer, name string, content []byte) {
	t.Helper()
	f, err := w.Create(name)
	if err == nil {
		_, err = f.Write(content)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func zipFiles(t testing.TB) testkit.File {
	return zipOf(t, func(w *zip.Writer) {
		addTo(t, w, "__MACOSX/._familles.csv", []byte("x"))
		for _, l := range layouts {
			addTo(t, w, "export 2026/"+l.file, sampleFile(t, l.file))
		}
	})
}

// cellsOf reads a sample file as the import does.
func cellsOf(t testing.TB, l layout) [][]string {
	t.Helper()
	s, _, err := openSheet(folderOf(sample), l)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var names []string
	for _, c := range l.columns {
		names = append(names, c.name)
	}
	all := [][]string{names}
	for {
		r, more, err := s.next()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return all
		}
		for len(all) < r.line-1 { // rows stand at the line they have in the file
			all = append(all, nil)
		}
		all = append(all, slices.Clone(r.cells))
	}
}

// workbookFile is the sample as a workbook made by another program's library: days are Excel's, in two looks.
func workbookFile(t testing.TB) testkit.File {
	t.Helper()
	f := excelize.NewFile()
	look := "dd/mm/yyyy"
	days := []int{}
	for _, style := range []*excelize.Style{{NumFmt: 14}, {CustomNumFmt: &look}} {
		id, err := f.NewStyle(style)
		if err != nil {
			t.Fatal(err)
		}
		days = append(days, id)
	}
	for i, l := range layouts {
		sheet := strings.TrimSuffix(l.file, ".csv")
		if _, err := f.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for n, cells := range cellsOf(t, l) {
			for c, text := range cells {
				at, _ := excelize.CoordinatesToCellName(c+1, n+1)
				var value any = text
				if n > 0 && dates[l.columns[c].name] {
					if day, err := parseDay(text); err == nil {
						value = time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, time.UTC)
					}
				}
				if text == "" {
					continue
				}
				if err := f.SetCellValue(sheet, at, value); err != nil {
					t.Fatal(err)
				}
				if _, isDay := value.(time.Time); isDay {
					if err := f.SetCellStyle(sheet, at, at, days[(i+n)%2]); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return testkit.File{Field: filesField, Name: "Export.xlsx", Type: "application/vnd.ms-excel", Body: out.Bytes()}
}

func TestZipWorkbookAndFilesGiveWhatTheCommandGives(t *testing.T) {
	clean := testkit.SQLite(t, Sources())
	byCommand := importFolder(t, clean, sample)
	want := worldOf(t, clean)
	var commandReport bytes.Buffer
	rep := newReport(&commandReport)
	if _, err := run(t.Context(), Deps{Now: clock}, Options{From: sample, Source: defaultSource, DryRun: true}, inputs{folderOf(sample), layouts}, rep); err != nil || rep.flush() != nil {
		t.Fatal(err)
	}
	for name, files := range map[string][]testkit.File{"zip": {zipFiles(t)}, "csv": csvFiles(t), "xlsx": {workbookFile(t)}} {
		t.Run(name, func(t *testing.T) {
			testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
				o := newOffice(t, d, nil)
				done := o.take(files...)
				if !strings.Contains(done.Text("main"), "L’import est fait") {
					t.Fatalf("end: %s", done.Text("main"))
				}
				if diff := cmp.Diff(want, worldOf(t, d), cmp.AllowUnexported(world{})); diff != "" {
					t.Errorf("(-command +desk)\n%s", diff)
				}
				for _, words := range []string{"27 lignes refusées", fmt.Sprint(byCommand.Accepted.Bookings), fmt.Sprint(byCommand.Accepted.Families)} {
					if !strings.Contains(done.Text("main"), words) {
						t.Errorf("the report does not say %q", words)
					}
				}
				csv := done.Click(`a[href$="/rapport.csv"]`)
				if csv.Status != http.StatusOK || !strings.HasPrefix(csv.Header.Get("Content-Type"), "text/csv") {
					t.Fatalf("report: %d", csv.Status)
				}
				if name != "xlsx" && csv.Body != commandReport.String() { // in a workbook no line is unreadable for its quotes
					t.Errorf("the report is not the command's:\n%s", cmp.Diff(commandReport.String(), csv.Body))
				}
				if n := count(t, d, `select count(*) from audit_event where action = 'moving.report.read' and account = 'nadia'`); n != 1 {
					t.Errorf("%d readings of the report in the audit, want 1", n)
				}
				if n := count(t, d, `select count(*) from import_file where kept <> '' or head <> ''`); n != 0 {
					t.Errorf("%d files kept after the import", n)
				}
				left := 0
				if err := o.desk.Files.Each(func(string, int64, time.Time) error { left++; return nil }); err != nil || left != 1 {
					t.Errorf("%d sealed files left, want the report alone (%v)", left, err)
				}
				again := o.take(files...)
				if diff := cmp.Diff(want, worldOf(t, d), cmp.AllowUnexported(world{})); diff != "" {
					t.Errorf("a second import changed\n%s", diff)
				}
				if again.Has(`a[href^="` + batchesPath + `"]`) {
					t.Error("a second import that wrote nothing offers to be undone")
				}
			})
		})
	}
}

func TestColumnsRenamedAndReorderedAreRecognised(t *testing.T) {
	d := testkit.SQLite(t, Sources())
	clean := testkit.SQLite(t, Sources())
	importFolder(t, clean, sample)
	names := map[string]string{"CODE_FAMILLE": "N° famille", "DATE_NAISSANCE_1": "Date de naissance", "PORTABLE_1": "Tél. portable", "NOM_1": "Nom d’usage",
		"PRENOM_1": "Prénom", "COURRIEL_1": "E-mail", "CODE_ENFANT": "Matricule", "DATE_NAISSANCE": "Né(e) le", "ETAT": "Statut", "QUOTIENT": "QF",
		"AUTORISE_A_RECUPERER": "Autorisé", "TELEPHONE": "Tél.", "ACTIVITE": "Prestation", "MONTANT": "Total", "REGLE": "Déjà réglé"}
	var files []testkit.File
	for i, l := range layouts {
		text := rewritten(t, l, names)
		files = append(files, testkit.File{Field: filesField, Name: fmt.Sprintf("EXP_%02d.csv", i), Type: "text/csv", Body: text})
	}
	o := newOffice(t, d, nil)
	o.take(files...)
	if diff := cmp.Diff(worldOf(t, clean).totals, worldOf(t, d).totals); diff != "" {
		t.Errorf("(-command +desk)\n%s", diff)
	}
}

// rewritten is a sample file with its columns last first, under other names.
func rewritten(t testing.TB, l layout, names map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	for n, cells := range cellsOf(t, l) {
		for i := len(l.columns) - 1; i >= 0 && cells != nil; i-- {
			text := cells[i]
			if n == 0 && names[text] != "" {
				text = names[text]
			}
			writeCell(&out, text)
			if i > 0 {
				out.WriteByte(';')
			}
		}
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func TestAColumnSaidOnceIsKnownTheNextTime(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, nil)
		files := csvFiles(t)
		files[1].Body = bytes.Replace(files[1].Body, []byte("DATE_NAISSANCE"), []byte("COLONNE_7"), 1)
		read := o.send(files...).Follow()
		field := ""
		for i, c := range layouts[1].columns {
			if c.name == "DATE_NAISSANCE" {
				field = columnField(1, i)
			}
		}
		refused := read.Submit(`form[action$="/colonnes"]`, map[string]string{"action": "essai"})
		if refused.Status != http.StatusUnprocessableEntity || !strings.Contains(refused.Text(".error-summary"), "dites quelle colonne donne « Date de naissance »") {
			t.Fatalf("without the birth day: %d %s", refused.Status, refused.Text("main"))
		}
		said := refused.Submit(`form[action$="/colonnes"]`, map[string]string{"action": "garder", field: "DATE_NAISSANCE"})
		if said.Status != http.StatusSeeOther {
			t.Fatal(said.Status, said.Text("main"))
		}
		page := o.send(files...).Follow()
		if got := page.Doc.Find(`select[name="`+field+`"] option[selected]`).AttrOr("value", ""); got != "DATE_NAISSANCE" {
			t.Errorf("the next time the column is taken for %q", got)
		}
		text := page.Text("main")
		if strings.Contains(text, "arachide") || !strings.Contains(text, "renseigné") {
			t.Error("the preview shows health")
		}
		if !strings.Contains(text, "20 premières lignes, lues en") {
			t.Errorf("preview: %s", text)
		}
		if n := count(t, d, `select count(*) from audit_event where action = 'moving.upload.read'`); n < 2 {
			t.Errorf("%d readings of previews in the audit", n)
		}
	})
}

func TestOnlyTheRightOpensTheDesk(t *testing.T) {
	d := testkit.SQLite(t, Sources())
	o := newOffice(t, d, nil)
	checked := o.tried(csvFiles(t)...)
	stranger := o.agent
	stranger.Rights = map[actor.Right][]string{"family.file.read": {"*"}}
	for _, path := range []string{deskPath, checked.Path, strings.Split(checked.Path, "?")[0] + "/rapport.csv"} {
		if got := o.portal.As(stranger).Get(path); got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
			t.Errorf("%s without the right: %d", path, got.Status)
		}
	}
	for name, verb := range map[string]func(tx *db.Tx) error{
		"keep":    func(tx *db.Tx) error { _, err := Receive(tx, o.now, stranger, nil); return err },
		"columns": func(tx *db.Tx) error { return setColumns(tx, o.now, stranger, o.only(), nil) },
		"ask":     func(tx *db.Tx) error { return ask(tx, o.now, stranger, o.only()) },
		"confirm": func(tx *db.Tx) error { return confirm(tx, o.now, stranger, o.only()) },
		"drop":    func(tx *db.Tx) error { return drop(tx, o.now, stranger, o.only()) },
		"undo":    func(tx *db.Tx) error { return askUndo(tx, o.now, stranger, "x", false) },
	} {
		if err := db.Do(t.Context(), d, verb); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s without the right: %v", name, err)
		}
	}
	if got := o.portal.As(o.agent).Get(deskPath + "/nothing"); got.Status != http.StatusNotFound {
		t.Errorf("unknown upload: %d", got.Status)
	}
}

// only is the id of the only upload.
func (o *office) only() UploadID {
	o.t.Helper()
	id, err := db.Read(context.Background(), o.db, func(r db.Reader) (UploadID, error) {
		return db.One(r, "upload", db.Column[UploadID], `select id from import_upload`)
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

func TestUndoOnTheDeskSaysFirstWhatItKeeps(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, nil)
		done := o.take(csvFiles(t)...)
		touch := func(tx *db.Tx) error {
			_, err := tx.Exec(`update account set state = 'active' where id = (select min(id) from account)`)
			return err
		}
		if err := db.Do(t.Context(), d, touch); err != nil {
			t.Fatal(err)
		}
		before := rows(t, d)
		batch := done.Click(`a[href^="` + batchesPath + `"]`)
		trying := batch.Submit(`form[action$="/apercu"]`, nil)
		o.work()
		if diff := cmp.Diff(before, rows(t, d)); diff != "" {
			t.Errorf("the preview removed:\n%s", diff)
		}
		tried := trying.Follow()
		if text := tried.Text("main"); !strings.Contains(text, "56 familles seraient retirées, 1 serait gardée") || !strings.Contains(text, "Un adulte a pris son espace en main.") {
			t.Fatalf("preview: %s", text)
		}
		if !strings.Contains(tried.Text("main"), "Aucun courriel d’activation n’est parti") {
			t.Errorf("the preview does not speak of mails: %s", tried.Text("main"))
		}
		mails := func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into mail_outbox (id, template, args, to_address, account, state, next_at, created_at)
				select 'm' || id, 'admission.activation', '{}', 'a@b.fr', id, case when id = (select min(id) from account) then 'sent' else 'queued' end, 1, 1
				from account where id in (select id from account order by id limit 3)`)
			return err
		}
		if err := db.Do(t.Context(), d, mails); err != nil {
			t.Fatal(err)
		}
		tried = o.portal.As(o.agent).Get(tried.Path)
		if text := tried.Text("main"); !strings.Contains(text, "1 est parti, 2 attendent.") {
			t.Errorf("mails: %s", text)
		}
		undone := tried.Submit(`form[action$="/annuler"]`, nil)
		o.work()
		text := undone.Follow().Text("main")
		if got := rows(t, d)["familles"]; got != 1 || !strings.Contains(text, "56 familles retirées, 1 gardée") {
			t.Errorf("%d families left: %s", got, text)
		}
		for _, said := range []string{"activités en brouillon que l’import avait créés sont retirés aussi", "Famille F10001", "Activité « Restauration scolaire »Une famille, une inscription ou un réglage s’en sert encore."} {
			if !strings.Contains(text, said) {
				t.Errorf("%q is not said: %s", said, text)
			}
		}
		if n := count(t, d, `select count(*) from import_lock`); n != 0 {
			t.Error("the lock is still held")
		}
	})
}

func TestAnImportWaitsForAnother(t *testing.T) {
	d := testkit.SQLite(t, Sources())
	o := newOffice(t, d, nil)
	checked := o.tried(csvFiles(t)...)
	if err := takeLock(t.Context(), d, o.now, "elsewhere 1 other"); err != nil {
		t.Fatal(err)
	}
	running := checked.Submit(`form[action$="/confirmer"]`, nil)
	o.work()
	if text := running.Follow().Text("main"); !strings.Contains(text, "attend son tour") || rows(t, d)["familles"] != 0 {
		t.Errorf("while another runs: %s", text)
	}
	o.now = o.now.Add(2 * time.Minute) // the other's lease is over
	o.work()
	if text := running.Follow().Text("main"); !strings.Contains(text, "L’import est fait") || rows(t, d)["familles"] != 57 {
		t.Errorf("afterwards: %s", text)
	}
}

func TestWhatNobodyGoesOnWithIsDeletedAfterSevenDays(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, nil)
		o.tried(csvFiles(t)...)
		o.desk.RealNow = func() time.Time { return time.Now().Add(8 * 24 * time.Hour) }
		purge := func(days int) (rows, files int) {
			t.Helper()
			o.now = clock().AddDate(0, 0, days)
			if err := o.desk.purgeRun(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			err := o.desk.Files.Each(func(string, int64, time.Time) error { files++; return nil })
			if err != nil {
				t.Fatal(err)
			}
			return count(t, d, `select count(*) from import_upload`) + count(t, d, `select count(*) from import_file`), files
		}
		if rows, files := purge(6); rows != 7 || files != 13 {
			t.Errorf("after six days: %d rows, %d files", rows, files)
		}
		if rows, files := purge(8); rows != 0 || files != 0 {
			t.Errorf("after eight days: %d rows, %d files", rows, files)
		}
	})
}

func TestTheReportBeginsWithWhatIsRefused(t *testing.T) {
	d := testkit.SQLite(t, Sources())
	o := newOffice(t, d, nil)
	page := o.tried(csvFiles(t)...)
	if text := page.Text("main"); strings.Contains(text, "Familles et les adultes") || !page.Has(`main a[href$="?voir=suites"]`) {
		t.Errorf("the dry run: %s", text)
	}
	ranks := func(path string) (all []class) {
		t.Helper()
		for n := 1; n < 100; n++ {
			p := o.portal.As(o.agent).Get(path + "page=" + fmt.Sprint(n))
			p.Doc.Find(`main table:contains("Anomalies") tbody tr`).Each(func(_ int, row *goquery.Selection) {
				cells := row.Find("td, th")
				c := doubtful
				if strings.TrimSpace(cells.Last().Text()) != "" {
					c = following
				} else if strings.Contains(cells.Eq(3).Text(), "Refusée") {
					c = ownFaults
				}
				all = append(all, c)
			})
			if !p.Has(`main a[href*="page=` + fmt.Sprint(n+1) + `"]`) {
				break
			}
		}
		return all
	}
	here := uploadPath(o.only())
	all := ranks(here + "?")
	counted := map[class]int{}
	for i, c := range all {
		counted[c]++
		if i > 0 && slices.Index(classes, c) < slices.Index(classes, all[i-1]) {
			t.Fatalf("line %d: %s after %s", i, c, all[i-1])
		}
	}
	if counted[ownFaults] != 27 || counted[doubtful] == 0 || counted[following] == 0 {
		t.Errorf("lines: %v", counted)
	}
	if only := ranks(here + "?voir=suites&"); len(only) != counted[following] {
		t.Errorf("%d followers alone, %d among all", len(only), counted[following])
	}
}
