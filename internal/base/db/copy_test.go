package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

// fill writes rows of every type, some empty, some that point at rows of their own table inserted later in the
// order of their ids.
func fill(t *testing.T, d *db.DB) {
	t.Helper()
	mustDo(t, d, func(tx *db.Tx) error {
		for i := range 3 {
			if err := addPlace(fmt.Sprint("salle ", i), int64(i)*9_007_199_254_740_993)(tx); err != nil {
				return err
			}
		}
		for i := 250; i > 0; i-- {
			var parent, photo, cents any
			if i < 250 {
				parent = fmt.Sprintf("b%03d", i+1)
			}
			if i%3 == 0 {
				photo, cents = []byte{0, 255, '\n', byte(i)}, -int64(i)
			}
			_, err := tx.Exec(`insert into booking (id, place, child, parent, paid, photo, cents)
				values ($1, $2, $3, $4, $5, $6, $7)`, fmt.Sprintf("b%03d", i), "salle 1",
				fmt.Sprintf("Zoë « l’aînée »\n\t\\ \"<&> %d", i), parent, i%2 == 0, photo, cents)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func digestOf(t *testing.T, d *db.DB) string {
	t.Helper()
	s, err := db.Digest(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDumpGoesFromAnyEngineToAny(t *testing.T) {
	ctx := context.Background()
	var digests []string
	testkit.EachEngine(t, notes(), func(t *testing.T, from *db.DB) {
		fill(t, from)
		want := digestOf(t, from)
		digests = append(digests, want)
		testkit.EachEngine(t, notes(), func(t *testing.T, to *db.DB) {
			if err := db.Copy(ctx, from, to); err != nil {
				t.Fatal(err)
			}
			if got := digestOf(t, to); got != want {
				t.Errorf("digest %s after the copy, want %s", got, want)
			}
			if err := db.Check(ctx, to); err != nil {
				t.Error(err)
			}
			if err := db.Do(ctx, to, addBooking("nowhere", "lea")); !db.IsForeignKey(err) {
				t.Errorf("foreign keys are not back: %v", err)
			}
			if err := db.Copy(ctx, from, to); !errors.Is(err, db.ErrNotEmpty) {
				t.Errorf("loading twice: got %v, want ErrNotEmpty", err)
			}
		})
		mustDo(t, from, func(tx *db.Tx) error {
			_, err := tx.Exec(`update booking set paid = true where id = 'b001'`)
			return err
		})
		if digestOf(t, from) == want {
			t.Error("the digest does not see a changed boolean")
		}
	})
	if len(digests) != 2 || digests[0] != digests[1] {
		t.Errorf("digests %v, want the same on both engines", digests)
	}
}

func TestDamagedDumpLoadsNothing(t *testing.T) {
	ctx := context.Background()
	from := testkit.SQLite(t, notes())
	fill(t, from)
	var whole bytes.Buffer
	if err := db.Dump(ctx, from, &whole); err != nil {
		t.Fatal(err)
	}
	testkit.EachEngine(t, notes(), func(t *testing.T, to *db.DB) {
		random := seeded(t)
		damaged := map[string][]byte{
			"empty":         nil,
			"not a dump":    []byte("<html>\n"),
			"last line off": whole.Bytes()[:bytes.LastIndexByte(whole.Bytes()[:whole.Len()-1], '\n')+1],
		}
		for range 40 {
			at := random.IntN(whole.Len() - 1)
			flipped := bytes.Clone(whole.Bytes())
			flipped[at] ^= 1 << random.IntN(8)
			damaged[fmt.Sprintf("bit flipped at %d", at)] = flipped
			damaged[fmt.Sprintf("cut at %d", at)] = whole.Bytes()[:at]
		}
		for name, dump := range damaged {
			if err := db.Load(ctx, to, bytes.NewReader(dump)); err == nil {
				t.Errorf("%s: loaded", name)
			}
		}
		if n := count(t, to, "booking") + count(t, to, "place"); n != 0 {
			t.Errorf("%d rows of damaged dumps are there", n)
		}
		if err := db.Load(ctx, to, bytes.NewReader(whole.Bytes())); err != nil {
			t.Errorf("the sound one: %v", err)
		}
	})
}

func TestBackupUnderWritingLoadIsOneMoment(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	folder := t.TempDir()
	d := openFile(t, filepath.Join(folder, "p.db"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = db.Do(ctx, d, pair(db.NewID(), 0))
			}
		})
	}
	for i := range 5 {
		before := count(t, d, "two")
		path := filepath.Join(folder, fmt.Sprintf("copy %d?.db", i))
		if err := db.Backup(context.Background(), d, path); err != nil {
			t.Fatal(err)
		}
		if _, halved := oracle(t, path, 0, nil); halved != 0 {
			t.Errorf("%d pairs are halved in the copy", halved)
		}
		c := openFile(t, path)
		if n := count(t, c, "two"); n < before {
			t.Errorf("the copy has %d rows, want the %d there were before it", n, before)
		}
	}
	stop()
	wg.Wait()
	path := filepath.Join(folder, "still.db")
	if err := db.Backup(context.Background(), d, path); err != nil {
		t.Fatal(err)
	}
	if got, want := digestOf(t, openFile(t, path)), digestOf(t, d); got != want {
		t.Errorf("digest of the copy %s, want %s", got, want)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*.partiel")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCheckSeesADamagedFile(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "p.db")
	d, err := db.Open(ctx, path, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(ctx, d, notes()...); err != nil {
		t.Fatal(err)
	}
	fill(t, d)
	if err := db.Check(ctx, d); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(file[len(file)-4096:], bytes.Repeat([]byte{0xAA}, 4096))
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err = db.Open(ctx, path, quiet()); err != nil {
		return // seen even earlier
	}
	defer d.Close()
	if err := db.Check(ctx, d); err == nil {
		t.Error("a page of rubbish went unseen")
	}
}
