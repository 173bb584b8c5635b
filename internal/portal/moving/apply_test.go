package moving

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/portal/moving/movingtest"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

func clock() time.Time { return time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC) }

func importFolder(t testing.TB, d *db.DB, from string) Result {
	t.Helper()
	r, err := Run(context.Background(), Deps{DB: d, Now: clock}, Options{From: from})
	if err != nil {
		t.Fatalf("import: %v (%+v)", err, r)
	}
	return r
}

func digestOf(t testing.TB, d *db.DB) string {
	t.Helper()
	s, err := db.Digest(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func count(t testing.TB, d *db.DB, query string) int {
	t.Helper()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) { return db.One(r, "count", db.Column[int64], query) })
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// rows counts what stands in the tables, in the words of fautes.json.
func rows(t testing.TB, d *db.DB) map[string]int {
	return map[string]int{
		"familles":             count(t, d, `select count(*) from family`),
		"adultes":              count(t, d, `select count(*) from family_member where role in ('holder', 'coholder')`),
		"enfants":              count(t, d, `select count(*) from child`),
		"liens_enfant_famille": count(t, d, `select count(*) from family_member m join child c on c.person = m.person`),
		"contacts":             count(t, d, `select count(*) from family_member where role = 'contact'`),
		"inscriptions":         count(t, d, `select count(*) from enrolment`),
		"reservations":         count(t, d, `select count(*) from booking`),
		"factures":             count(t, d, `select count(*) from invoice`),
	}
}

func TestSampleStandsToTheRowAndASecondRunChangesNothing(t *testing.T) {
	want := readFautes(t).Expected
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		first := importFolder(t, d, sample)
		if first.Status != SomeRefused || first.Faults != 27 {
			t.Errorf("got %+v, want status 3 and 27 faults", first)
		}
		if diff := cmp.Diff(want, rows(t, d)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(first.Accepted, first.Written); diff != "" {
			t.Errorf("written is not what was accepted:\n%s", diff)
		}
		for what, n := range map[string]int{
			`select count(*) from account where state = 'unclaimed'`:                         want["adultes"],
			`select count(*) from attendance where state = 'excused'`:                        count(t, d, `select count(*) from booking b join attendance a on a.child = b.child and a.day = b.day and a.unit = b.unit where a.state = 'excused' and b.state = 'booked'`),
			`select count(*) from child where shared_custody = true`:                         9,
			`select count(*) from activity where state = 'open'`:                             0,
			`select count(*) from activity`:                                                  7,
			`select count(*) from account where username_folded = 'mercier3'`:                1,
			`select count(*) from account where username_folded = 'angel.mercier'`:           1,
			`select count(*) from account where email = 'claire.garcia16@exemple.fr'`:        2,
			`select count(*) from import_lock`:                                               0,
			`select count(*) from import_batch where finished_at is not null`:                1,
			`select count(*) from family_service`:                                            want["familles"],
			`select count(*) from health where allergies <> ''`:                              count(t, d, `select count(*) from health where allergies in ('œufs; lait', 'arachide')`),
			`select count(*) from invoice where amount = 14360 and number = '2026-000001'`:   1,
			`select count(*) from enrolment where from_day <> '2026-09-01'`:                  0,
			`select count(*) from quotient where from_day = '2026-01-01' and value = 551`:    1,
			`select count(*) from person where first_names = 'Anaïs' and last_name = 'Roux'`: 1,
		} {
			if got := count(t, d, what); got != n {
				t.Errorf("%s: got %d, want %d", what, got, n)
			}
		}
		before := digestOf(t, d)
		second := importFolder(t, d, sample)
		if second.Status != SomeRefused || second.Written != (Counts{}) || second.Batch != "" || second.Doubts != first.Doubts {
			t.Errorf("second run: %+v, first %+v", second, first)
		}
		if after := digestOf(t, d); after != before {
			t.Error("the second run changed rows")
		}
	})
}

func TestDryRunWritesNothingAndReportsLikeTheImport(t *testing.T) {
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		before := digestOf(t, d)
		dir := t.TempDir()
		var progress bytes.Buffer
		dry, err := Run(context.Background(), Deps{DB: d, Now: clock}, Options{From: sample, DryRun: true, Report: filepath.Join(dir, "dry.csv"), Progress: &progress})
		if err != nil || dry.Status != SomeRefused {
			t.Fatal(dry, err)
		}
		if digestOf(t, d) != before {
			t.Error("a dry run changed rows")
		}
		real, err := Run(context.Background(), Deps{DB: d, Now: clock}, Options{From: sample, Report: filepath.Join(dir, "real.csv"), Progress: &progress})
		if err != nil {
			t.Fatal(err)
		}
		if real.Status != dry.Status {
			t.Errorf("status: dry %d, real %d", dry.Status, real.Status)
		}
		a, b := readReport(t, filepath.Join(dir, "dry.csv")), readReport(t, filepath.Join(dir, "real.csv"))
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("reports differ:\n%s", diff)
		}
		own, followed := 0, 0
		for _, line := range a[1:] {
			if line[3] == "erreur" && line[5] == "" {
				own++
			}
			if line[5] == "enfants.csv:88" {
				followed++
			}
		}
		if own != 27 || followed == 0 {
			t.Errorf("report: %d own faults, %d under enfants.csv:88", own, followed)
		}
		if !strings.Contains(progress.String(), "Familles traitées : 57 sur 57") || strings.Contains(progress.String(), "\r") {
			t.Errorf("progress: %q", progress.String())
		}
	})
}

func readReport(t *testing.T, path string) [][]string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, ok := strings.CutPrefix(string(b), "\ufeff")
	if !ok {
		t.Error("the report has no BOM")
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = ';'
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(all[0], ";"); got != "fichier;ligne;champ;gravite;probleme;suite_de" {
		t.Errorf("columns: %s", got)
	}
	return all
}

func TestGeneratedExportStandsToTheRow(t *testing.T) {
	e := movingtest.Make(7, movingtest.Size{Families: 40, Days: 12, FaultsPer1000: 30})
	dir := t.TempDir()
	if err := e.Write(dir, movingtest.Form{Encoding: "utf-8", Sep: ",", EOL: "\n", Shuffle: true}); err != nil {
		t.Fatal(err)
	}
	w := e.Expected()
	want := map[string]int{"familles": w.Families, "adultes": w.Adults, "enfants": w.Children, "liens_enfant_famille": w.Homes,
		"contacts": w.Contacts, "inscriptions": w.Enrolments, "reservations": w.Bookings, "factures": w.Invoices}
	testkit.EachEngine(t, Sources(), func(t *testing.T, d *db.DB) {
		importFolder(t, d, dir)
		if diff := cmp.Diff(want, rows(t, d)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func sortBoth(a, b []string) {
	slices.Sort(a)
	slices.Sort(b)
}
