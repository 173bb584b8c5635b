package moving

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/crash"
	"parvis/internal/base/db"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// A test binary started with these is the process that imports, and may be killed.
const (
	childDatabase = "MOVING_TEST_DATABASE"
	childFolder   = "MOVING_TEST_FOLDER"
	childCrash    = "MOVING_TEST_CRASH"
)

func TestMain(m *testing.M) {
	if os.Getenv(childFiles) != "" {
		os.Exit(jobsInChild())
	}
	if os.Getenv(childDatabase) != "" {
		os.Exit(importInChild())
	}
	os.Exit(m.Run())
}

func importInChild() int {
	if at := os.Getenv(childCrash); at != "" {
		crash.Arm(at)
	}
	ctx := context.Background()
	d, err := db.Open(ctx, os.Getenv(childDatabase))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	start := time.Now()
	r, err := Run(ctx, Deps{DB: d, Now: clock}, Options{From: os.Getenv(childFolder)})
	took := time.Since(start)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err := d.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	fmt.Printf("took %d\npeak %d\n", took.Microseconds(), peakMemory())
	return int(r.Status)
}

// peakMemory is the most that the process ever held, in kB.
func peakMemory() int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(b)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			return kb
		}
	}
	return -1
}

func childImport(database, from, crashAt string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childDatabase+"="+database, childFolder+"="+from, childCrash+"="+crashAt)
	return c
}

// databaseMaker gives a fresh migrated database that another process can open.
type databaseMaker struct {
	name string
	make func(t *testing.T) string
}

var databases = []databaseMaker{
	{"sqlite", func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "parvis.db")
		d := openPath(t, path)
		defer d.Close()
		if err := db.Migrate(context.Background(), d, Sources()...); err != nil {
			t.Fatal(err)
		}
		return path
	}},
	{"postgres", func(t *testing.T) string { return testkit.PostgresURL(t, Sources()) }},
}

func openPath(t testing.TB, database string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestKilledAtEachPointFamiliesAreWholeOrAbsent(t *testing.T) {
	nths := []string{":20"}
	if os.Getenv("PARVIS_DEEP") != "" {
		nths = []string{"", ":2", ":7", ":20", ":41", ":57"}
	}
	var points []string
	for _, p := range []string{"moving.in_family", "moving.after_family"} {
		for _, n := range nths {
			points = append(points, p+n)
		}
	}
	points = append(points, "moving.after_ground", "moving.before_finish")
	for _, maker := range databases {
		t.Run(maker.name, func(t *testing.T) {
			clean := cleanImport(t, maker.make(t))
			for _, point := range points {
				t.Run(point, func(t *testing.T) {
					database := maker.make(t)
					err := childImport(database, sample, point).Run()
					var exit *exec.ExitError
					if !errors.As(err, &exit) || exit.ExitCode() != -1 {
						t.Fatalf("the import was not killed: %v", err)
					}
					checkAfterKill(t, database, clean)
				})
			}
		})
	}
}

func TestKilledAtRandomMomentsFamiliesAreWholeOrAbsent(t *testing.T) {
	rounds := 4
	if os.Getenv("PARVIS_DEEP") != "" {
		rounds = 100
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, maker := range databases {
		t.Run(maker.name, func(t *testing.T) {
			start := time.Now()
			clean := cleanImport(t, maker.make(t))
			longest := time.Since(start)
			killed, runs := 0, 0
			for ; killed < rounds; runs++ {
				database := maker.make(t)
				c := childImport(database, sample, "")
				began := time.Now()
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(rng.Int64N(int64(longest))))
				_ = c.Process.Kill()
				if err := c.Wait(); err != nil && c.ProcessState.ExitCode() == -1 {
					killed++
				} else {
					longest = max(time.Since(began)*3/4, 50*time.Millisecond) // it was over before: aim earlier
				}
				checkAfterKill(t, database, clean)
			}
			t.Logf("%d killed in %d runs", killed, runs)
		})
	}
}

// world is what stands, by family code, and in all.
type world struct {
	families map[string]string
	totals   map[string]int
}

func cleanImport(t *testing.T, database string) world {
	t.Helper()
	var out bytes.Buffer
	c := childImport(database, sample, "")
	c.Stderr = &out
	if err := c.Run(); c.ProcessState.ExitCode() != int(SomeRefused) {
		t.Fatalf("clean import: %v\n%s", err, out.String())
	}
	d := openPath(t, database)
	defer d.Close()
	return worldOf(t, d)
}

func worldOf(t *testing.T, d *db.DB) world {
	t.Helper()
	w := world{families: map[string]string{}, totals: rows(t, d)}
	for _, table := range []string{"person", "account", "attendance", "quotient", "health", "import_source"} {
		w.totals[table] = count(t, d, `select count(*) from `+table)
	}
	_, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
		lines, err := db.List(r, func(s db.Scanner) ([2]string, error) {
			var code string
			var n [6]int64
			err := s.Scan(&code, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5])
			return [2]string{code, fmt.Sprint(n)}, err
		}, `select s.code,
			(select count(*) from family_member m where m.family = s.object_id),
			(select count(*) from family_member m join account c on c.person = m.person where m.family = s.object_id),
			(select count(*) from booking b where b.family = s.object_id),
			(select count(*) from booking b join attendance a on a.child = b.child and a.day = b.day and a.unit = b.unit where b.family = s.object_id),
			(select count(*) from invoice i where i.family = s.object_id),
			(select count(*) from family_member m join enrolment e on e.child = m.person where m.family = s.object_id)
			from import_source s where s.object = 'family'`)
		for _, l := range lines {
			w.families[l[0]] = l[1]
		}
		return 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// checkAfterKill looks at what a killed import left, runs it again, and wants what an undisturbed one gives.
func checkAfterKill(t *testing.T, database string, clean world) {
	t.Helper()
	d := openPath(t, database)
	defer d.Close()
	left := worldOf(t, d)
	for code, what := range left.families {
		if what != clean.families[code] {
			t.Errorf("family %s after the kill: got %s, want %s", code, what, clean.families[code])
		}
	}
	if n := left.totals["familles"]; n != len(left.families) {
		t.Errorf("%d families without a key", n-len(left.families))
	}
	if len(left.families) == 0 && left.totals["person"]+left.totals["reservations"]+left.totals["factures"] > 0 {
		t.Errorf("rows without a family: %v", left.totals)
	}
	if r := importFolder(t, d, sample); r.Status != SomeRefused {
		t.Errorf("second run: %+v", r)
	}
	if diff := cmp.Diff(clean, worldOf(t, d), cmp.AllowUnexported(world{})); diff != "" {
		t.Errorf("after the second run (-want +got):\n%s", diff)
	}
}
