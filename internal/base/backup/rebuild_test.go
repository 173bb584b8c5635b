package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"parvis/internal/base/backup"
	"parvis/internal/base/blob"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

// nextVersion has one table more than sources.
var nextVersion = db.Join(sources, []db.Source{{Name: "backup-next", FS: fstest.MapFS{"9001_backup_next.sql": {Data: []byte(
	"-- +goose Up\ncreate table later (id text primary key);\nalter table note add column colour text not null default 'bleu';\n")}}}})

func count(t *testing.T, d *db.DB, query string) int64 {
	t.Helper()
	n, err := db.Read(t.Context(), d, func(r db.Reader) (int64, error) { return db.One(r, "count", db.Column[int64], query) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func reopen(t *testing.T, to backup.Destination) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), to.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func listing(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestRebuildUnderLoad takes a backup while photos come and rows point at them, and makes a portal of it on either
// engine: every row that came back finds its file.
func TestRebuildUnderLoad(t *testing.T) {
	testkit.EachEngine(t, sources, func(t *testing.T, d *db.DB) {
		key := crypt.NewKey()
		files := store(t, key)
		add := func() {
			id, err := files.Put(context.Background(), []byte("photo de quelqu’un"))
			if err != nil {
				t.Error(err)
			}
			note(t, d, "une famille", id)
		}
		for range 20 {
			add()
		}
		path := filepath.Join(t.TempDir(), "s.pvb")
		var stop atomic.Bool
		var writing sync.WaitGroup
		for range 3 {
			writing.Go(func() {
				for !stop.Load() {
					add()
				}
			})
		}
		sum, err := backup.ToFile(t.Context(), d, files, key, path)
		stop.Store(true)
		writing.Wait()
		if err != nil {
			t.Fatal(err)
		}
		again, err := backup.Verify(t.Context(), path, key)
		if err != nil || again != sum || sum.Files < 20 || sum.Rows == 0 {
			t.Errorf("verify says %+v, %v; the backup said %+v", again, err, sum)
		}
		for _, database := range []string{filepath.Join(t.TempDir(), "parvis.db"), testkit.PostgresURL(t, nil)} {
			to := backup.Destination{Database: database, Files: filepath.Join(t.TempDir(), "fichiers"), Sources: sources}
			if _, err := backup.Rebuild(t.Context(), path, key, to); err != nil {
				t.Fatal(err)
			}
			rebuilt := reopen(t, to)
			photos, err := db.Read(t.Context(), rebuilt, func(r db.Reader) ([]string, error) {
				return db.List(r, db.Column[string], `select photo from note`)
			})
			if err != nil || len(photos) < 20 {
				t.Fatalf("%d rows, %v", len(photos), err)
			}
			elsewhere, err := blob.Open(to.Files, key)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range photos {
				if got, err := elsewhere.Get(t.Context(), id); err != nil || string(got) != "photo de quelqu’un" {
					t.Fatalf("a row came back without its file: %q, %v", got, err)
				}
			}
		}
	})
}

func TestABackupOfAnEarlierVersion(t *testing.T) {
	testkit.EachEngine(t, sources, func(t *testing.T, d *db.DB) {
		key := crypt.NewKey()
		note(t, d, "avant", "")
		path := filepath.Join(t.TempDir(), "s.pvb")
		if _, err := backup.ToFile(t.Context(), d, store(t, key), key, path); err != nil {
			t.Fatal(err)
		}
		to := backup.Destination{Database: filepath.Join(t.TempDir(), "parvis.db"), Files: filepath.Join(t.TempDir(), "f"), Sources: nextVersion}
		if _, err := backup.Rebuild(t.Context(), path, key, to); err != nil {
			t.Fatal(err)
		}
		rebuilt := reopen(t, to)
		if n := count(t, rebuilt, `select count(*) from note where words = 'avant' and colour = 'bleu'`); n != 1 {
			t.Errorf("%d notes, want 1 brought up to date", n)
		}
		if n := count(t, rebuilt, `select count(*) from later`); n != 0 {
			t.Errorf("%d later rows", n)
		}
		newer := filepath.Join(t.TempDir(), "newer.pvb")
		if _, err := backup.ToFile(t.Context(), rebuilt, store(t, key), key, newer); err != nil {
			t.Fatal(err)
		}
		to = backup.Destination{Database: filepath.Join(t.TempDir(), "parvis.db"), Files: filepath.Join(t.TempDir(), "f"), Sources: sources}
		if _, err := backup.Rebuild(t.Context(), newer, key, to); !errors.Is(err, backup.ErrNewer) {
			t.Errorf("a backup of a later version: %v", err)
		}
	})
}

func TestRebuildRefuses(t *testing.T) {
	key := crypt.NewKey()
	d := testkit.SQLite(t, sources)
	note(t, d, "un mot", "")
	files := store(t, key)
	if _, err := files.Put(t.Context(), bytes.Repeat([]byte("x"), 100_000)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s.pvb")
	if _, err := backup.ToFile(t.Context(), d, files, key, path); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.ToFile(t.Context(), d, files, key, path); err == nil {
		t.Error("a backup was overwritten")
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	cases := []struct {
		name    string
		content []byte
		key     *crypt.Key
		want    error
	}{
		{"another key", whole, crypt.NewKey(), backup.ErrKey},
		{"another file", []byte("PK\x03\x04"), key, backup.ErrKey},
		{"an empty file", nil, key, backup.ErrKey},
		{"a bit flipped", flipped, key, backup.ErrDamaged},
		{"cut by one byte", whole[:len(whole)-1], key, backup.ErrDamaged},
		{"cut in the middle", whole[:len(whole)/2], key, backup.ErrDamaged},
	}
	for _, c := range cases {
		dir := t.TempDir()
		bad := filepath.Join(t.TempDir(), "bad.pvb")
		if err := os.WriteFile(bad, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		to := backup.Destination{Database: filepath.Join(dir, "parvis.db"), Files: filepath.Join(dir, "fichiers"), Sources: sources}
		if _, err := backup.Rebuild(t.Context(), bad, c.key, to); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if left := listing(t, dir); len(left) > 0 {
			t.Errorf("%s: left %v", c.name, left)
		}
	}

	dir := t.TempDir()
	to := backup.Destination{Database: filepath.Join(dir, "parvis.db"), Files: filepath.Join(dir, "fichiers"), Sources: sources}
	for range 2 {
		_, err = backup.Rebuild(t.Context(), path, key, to)
	}
	if !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("a second time at the same place: %v", err)
	}
	if got := listing(t, dir); len(got) != 2 {
		t.Errorf("after a refusal: %v", got)
	}
	to.Database, to.Files = testkit.PostgresURL(t, sources), filepath.Join(t.TempDir(), "f")
	if _, err := backup.Rebuild(t.Context(), path, key, to); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("into a database with tables: %v", err)
	}
}

func TestAFolderWithOtherFilesIsRefused(t *testing.T) {
	key := crypt.NewKey()
	d, files := testkit.SQLite(t, sources), store(t, key)
	path := filepath.Join(t.TempDir(), "s.pvb")
	if _, err := backup.ToFile(t.Context(), d, files, key, path); err != nil {
		t.Fatal(err)
	}
	other := store(t, key)
	if _, err := other.Put(t.Context(), []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), path, key, testkit.SQLite(t, sources), other); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("got %v", err)
	}
}

// trigger calls fn once, when enough was written through it.
type trigger struct {
	io.Writer
	left int
	fn   func()
}

func (w *trigger) Write(p []byte) (int, error) {
	if w.left > 0 && w.left <= len(p) {
		w.fn()
	}
	w.left -= len(p)
	return w.Writer.Write(p)
}

// TestFilesThatComeMeanwhile adds photos when most of the folder was copied and the rows were not yet.
func TestFilesThatComeMeanwhile(t *testing.T) {
	testkit.EachEngine(t, sources, func(t *testing.T, d *db.DB) {
		key := crypt.NewKey()
		files := store(t, key)
		put := func(size int) {
			id, err := files.Put(context.Background(), bytes.Repeat([]byte("x"), size))
			if err != nil {
				t.Error(err)
			}
			note(t, d, "une famille", id)
		}
		for range 40 {
			put(100_000)
		}
		path := filepath.Join(t.TempDir(), "s.pvb")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = backup.Backup(t.Context(), d, files, key, &trigger{Writer: f, left: 3_000_000, fn: func() {
			for range 50 {
				put(10)
			}
		}})
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		to := backup.Destination{Database: filepath.Join(t.TempDir(), "parvis.db"), Files: filepath.Join(t.TempDir(), "f"), Sources: sources}
		sum, err := backup.Rebuild(t.Context(), path, key, to)
		if err != nil {
			t.Fatal(err)
		}
		if rows := count(t, reopen(t, to), `select count(*) from note`); rows != 90 || sum.Files != 90 {
			t.Errorf("%d rows and %d files, want 90 of each", rows, sum.Files)
		}
	})
}

// TestTheLastWord lets Finish write into what was restored, and refuse it: nothing then stays.
func TestTheLastWord(t *testing.T) {
	d := testkit.SQLite(t, sources)
	key := crypt.NewKey()
	note(t, d, "une famille", "")
	path := filepath.Join(t.TempDir(), "s.pvb")
	if _, err := backup.ToFile(t.Context(), d, store(t, key), key, path); err != nil {
		t.Fatal(err)
	}
	place := t.TempDir()
	to := backup.Destination{Database: filepath.Join(place, "parvis.db"), Files: filepath.Join(place, "fichiers"), Sources: sources}
	no := errors.New("no")
	to.Finish = func(context.Context, *db.DB) error { return no }
	if _, err := backup.Rebuild(t.Context(), path, key, to); !errors.Is(err, no) {
		t.Errorf("a refused restore passes: %v", err)
	}
	if left := listing(t, place); len(left) > 0 {
		t.Errorf("a refused restore leaves %q", left)
	}
	to.Finish = func(_ context.Context, d *db.DB) error {
		note(t, d, "une ligne de plus", "")
		return nil
	}
	if _, err := backup.Rebuild(t.Context(), path, key, to); err != nil {
		t.Fatal(err)
	}
	if n := count(t, reopen(t, to), `select count(*) from note`); n != 2 {
		t.Errorf("%d notes, want 2", n)
	}
}
