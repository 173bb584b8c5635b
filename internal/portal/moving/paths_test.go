package moving

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/testkit"
)

// TestAReportNeverTakesTheExportsPlace: what cannot be read or written is told before anything is done.
func TestAReportNeverTakesTheExportsPlace(t *testing.T) {
	d := testkit.SQLite(t, Sources())
	from := folder(t)
	before := digestOf(t, d)
	upper := filepath.Join(from, "..", filepath.Base(from), familiesFile)
	kept, err := os.ReadFile(upper)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"no folder":             {From: filepath.Join(from, "absent")},
		"a file":                {From: filepath.Join(from, familiesFile)},
		"report is source":      {From: from, Report: upper},
		"report is folder":      {From: from, Report: from},
		"report is nowhere":     {From: from, Report: filepath.Join(from, "absent", "r.csv")},
		"report on a full disk": {From: from, Report: "/dev/full"},
	} {
		result, err := Run(t.Context(), Deps{DB: d, Now: clock}, o)
		if err == nil || result.Status != Usage {
			t.Errorf("%s: status %d, %v", name, result.Status, err)
		}
		if o.Report != "/dev/full" && fault.SentenceOf(err) == "" {
			t.Errorf("%s is told without a sentence: %v", name, err)
		}
	}
	if after, err := os.ReadFile(upper); err != nil || string(after) != string(kept) {
		t.Errorf("a report took the place of the export: %v", err)
	}
	if digestOf(t, d) != before {
		t.Error("a refused import wrote")
	}
}

// failing takes some bytes, then is full.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

// TestAReportThatFailsStopsBeforeAnythingIsWritten: the faults cannot be read, so nothing is taken.
func TestAReportThatFailsStopsBeforeAnythingIsWritten(t *testing.T) {
	d := testkit.SQLite(t, Sources())
	before := digestOf(t, d)
	rep := newReport(&failing{left: 100})
	if err := rep.flush(); err != nil {
		t.Fatal(err)
	}
	result, err := run(t.Context(), Deps{DB: d, Now: clock}, Options{From: "testdata/ancien-portail", Source: defaultSource}, inputs{folderOf("testdata/ancien-portail"), layouts}, rep)
	if err == nil || result.Status != NothingDone || digestOf(t, d) != before {
		t.Errorf("status %d, %v, written %v", result.Status, err, result.Written)
	}
}

// TestAnUndoReadsByIndex: no family taken back reads a whole table of bookings or of the audit trail.
func TestAnUndoReadsByIndex(t *testing.T) {
	d := testkit.SQLite(t, Sources())
	for _, query := range []string{
		`select count(*) from booking where family = 'x' and made_at <> 1`,
		`delete from booking where family = 'x' and made_at = 1`,
		`delete from attendance where noted_at = 2 and child in (select child from booking where family = 'x' and made_at = 2)`,
		changeKinds + `select count(*)` + changesOf + `object in (select object from kinds where object is not null) and object_id in ('x', 'y')`,
	} {
		query = strings.ReplaceAll(query, "$1", "1")
		plan, err := db.Read(t.Context(), d, func(r db.Reader) ([]string, error) {
			return db.List(r, func(s db.Scanner) (step string, err error) {
				var a, b, c int
				return step, s.Scan(&a, &b, &c, &step)
			}, `explain query plan `+query)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range plan {
			if strings.HasPrefix(step, "SCAN") && step != "SCAN kinds" && step != "SCAN CONSTANT ROW" {
				t.Errorf("%s\n%s", query, strings.Join(plan, "\n"))
			}
		}
	}
}
