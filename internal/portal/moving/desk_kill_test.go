package moving

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/blob"
	"parvis/internal/base/crash"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// A test binary started with this too is the process that runs the desk's jobs, and may be killed.
const (
	childFiles  = "MOVING_TEST_FILES"
	childSecret = "MOVING_TEST_KEY"
)

func jobsInChild() int {
	crash.Arm(os.Getenv(childCrash))
	ctx := context.Background()
	d, err := db.Open(ctx, os.Getenv(childDatabase))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	key, err := crypt.LoadKey(os.Getenv(childSecret))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	files, err := blob.Open(os.Getenv(childFiles), key)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	desk := Desk{DB: d, Files: files, Now: clock, RealNow: time.Now}
	r := &jobs.Runner{DB: d, Handlers: desk.Handlers(), Now: clock}
	if _, err := r.Once(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return 0
}

func TestAnImportKilledMidWayGoesOn(t *testing.T) {
	points := []string{"moving.in_family:20", "moving.after_family:57"}
	if os.Getenv("PARVIS_DEEP") != "" {
		points = append(points, "moving.after_ground", "moving.after_family:20", "moving.before_finish")
	}
	clean := testkit.SQLite(t, Sources())
	importFolder(t, clean, sample)
	want := worldOf(t, clean)
	for _, maker := range databases {
		for _, point := range points {
			t.Run(maker.name+" "+point, func(t *testing.T) {
				database, folder := maker.make(t), t.TempDir()
				keyFile := filepath.Join(folder, "key")
				key, err := crypt.CreateKey(keyFile)
				if err != nil {
					t.Fatal(err)
				}
				files, err := blob.Open(filepath.Join(folder, "files"), key)
				if err != nil {
					t.Fatal(err)
				}
				d := openPath(t, database)
				defer d.Close()
				o := newOffice(t, d, files)
				running := o.tried(csvFiles(t)...).Submit(`form[action$="/confirmer"]`, nil)
				c := exec.Command(os.Args[0])
				c.Env = append(os.Environ(), childDatabase+"="+database, childFiles+"="+filepath.Join(folder, "files"), childSecret+"="+keyFile, childCrash+"="+point)
				var exit *exec.ExitError
				if err := c.Run(); !errors.As(err, &exit) || exit.ExitCode() != -1 {
					t.Fatalf("the jobs were not killed: %v", err)
				}
				if n := rows(t, d)["familles"]; n >= 57 && !strings.Contains(point, "finish") && !strings.Contains(point, ":57") {
					t.Errorf("%d families before it goes on", n)
				}
				o.now = o.now.Add(5 * time.Minute)
				o.work()
				if diff := cmp.Diff(want, worldOf(t, d), cmp.AllowUnexported(world{})); diff != "" {
					t.Errorf("(-in one go +killed)\n%s", diff)
				}
				done := running.Follow()
				if text := done.Text("main"); !strings.Contains(text, "L’import est fait") {
					t.Fatalf("end: %s", text)
				}
				if n := count(t, d, `select count(*) from import_batch where finished_at is not null`); n != 1 || count(t, d, `select count(*) from import_batch`) != 1 {
					t.Errorf("%d batches finished, want one alone", n)
				}
				if n := count(t, d, `select count(*) from import_count where taken <> made`); n != 0 {
					t.Errorf("%d counts forget what was made before the kill", n)
				}
				done.Click(`a[href^="`+batchesPath+`"]`).Submit(`form[action$="/apercu"]`, nil)
				o.work()
				if n := count(t, d, `select families from import_undo`); n != 57 {
					t.Errorf("an undo would take %d families of 57 back", n)
				}
			})
		}
	}
}
