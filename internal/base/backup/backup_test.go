package backup_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"parvis/internal/base/backup"
	"parvis/internal/base/blob"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

var sources = []db.Source{{Name: "backup-test", FS: fstest.MapFS{"9000_backup_test.sql": {Data: []byte(
	"-- +goose Up\ncreate table note (id text primary key, words text not null, photo text);\n")}}}}

func note(t *testing.T, d *db.DB, words, photo string) {
	t.Helper()
	err := db.Do(t.Context(), d, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into note (id, words, photo) values ($1, $2, $3)`, db.NewID(), words, photo)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func store(t *testing.T, key *crypt.Key) *blob.Store {
	t.Helper()
	s, err := blob.Open(t.TempDir(), key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func digest(t *testing.T, d *db.DB) string {
	t.Helper()
	sum, err := db.Digest(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// TestRestoreElsewhere backs up under load and restores into both engines: same rows, same files.
func TestRestoreElsewhere(t *testing.T) {
	testkit.EachEngine(t, sources, func(t *testing.T, d *db.DB) {
		key := crypt.NewKey()
		files := store(t, key)
		id, err := files.Put(t.Context(), []byte("photo secrète"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 200 {
			note(t, d, fmt.Sprintf("mot confidentiel %d", i), id)
		}
		path := filepath.Join(t.TempDir(), "s.pvb")
		stop := make(chan struct{})
		var writing sync.WaitGroup
		writing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					note(t, d, "pendant", "")
				}
			}
		})
		_, err = backup.ToFile(t.Context(), d, files, key, path)
		close(stop)
		writing.Wait()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil || bytes.Contains(raw, []byte("confidentiel")) || bytes.Contains(raw, []byte("secrète")) {
			t.Errorf("the backup is readable (%v)", err)
		}
		restored := testkit.SQLite(t, sources)
		elsewhere := store(t, key)
		if _, err := backup.Restore(t.Context(), path, key, restored, elsewhere); err != nil {
			t.Fatal(err)
		}
		if got, err := elsewhere.Get(t.Context(), id); err != nil || string(got) != "photo secrète" {
			t.Errorf("restored file %q, %v", got, err)
		}
		n, err := db.Read(t.Context(), restored, func(r db.Reader) (int64, error) {
			return db.One(r, "count", db.Column[int64], `select count(*) from note where words like 'mot confidentiel %'`)
		})
		if err != nil || n != 200 {
			t.Errorf("%d notes restored, %v; want 200", n, err)
		}
		if _, err := backup.Restore(t.Context(), path, key, restored, store(t, key)); !errors.Is(err, db.ErrNotEmpty) {
			t.Errorf("restore over data: %v, want refused", err)
		}
	})
}

// TestSameDigest compares all rows, without a writer meanwhile.
func TestSameDigest(t *testing.T) {
	testkit.EachEngine(t, sources, func(t *testing.T, d *db.DB) {
		key := crypt.NewKey()
		note(t, d, "été", "")
		path := filepath.Join(t.TempDir(), "s.pvb")
		if _, err := backup.ToFile(t.Context(), d, store(t, key), key, path); err != nil {
			t.Fatal(err)
		}
		restored := testkit.SQLite(t, sources)
		if _, err := backup.Restore(t.Context(), path, key, restored, store(t, key)); err != nil {
			t.Fatal(err)
		}
		if digest(t, d) != digest(t, restored) {
			t.Error("the restored rows differ")
		}
	})
}

// TestDamageIsKnownBeforehand flips bits, cuts, and takes another key: nothing is ever written.
func TestDamageIsKnownBeforehand(t *testing.T) {
	key := crypt.NewKey()
	d := testkit.SQLite(t, sources)
	files := store(t, key)
	if _, err := files.Put(t.Context(), bytes.Repeat([]byte("x"), 2000)); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		note(t, d, "un mot", "")
	}
	path := filepath.Join(t.TempDir(), "s.pvb")
	if _, err := backup.ToFile(t.Context(), d, files, key, path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	empty := testkit.SQLite(t, sources)
	before := digest(t, empty)
	refuse := func(what string, content []byte, key *crypt.Key) {
		bad := filepath.Join(t.TempDir(), "bad.pvb")
		if err := os.WriteFile(bad, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Restore(t.Context(), bad, key, empty, store(t, key)); err == nil {
			t.Fatalf("%s: restored", what)
		}
	}
	refuse("another key", whole, crypt.NewKey())
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	rounds := 60
	if os.Getenv("PARVIS_DEEP") != "" {
		rounds = 1000
	}
	for range rounds {
		flipped := bytes.Clone(whole)
		at := rng.IntN(len(flipped))
		flipped[at] ^= 1 << rng.IntN(8)
		refuse(fmt.Sprintf("bit flipped at %d", at), flipped, key)
		cut := rng.IntN(len(whole))
		refuse(fmt.Sprintf("cut at %d", cut), whole[:cut], key)
	}
	refuse("bytes added", append(bytes.Clone(whole), 'x'), key)
	if digest(t, empty) != before {
		t.Error("a refused backup wrote something")
	}
}
