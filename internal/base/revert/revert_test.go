package revert_test

import (
	"context"
	"testing"
	"testing/fstest"

	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/testkit"
)

func things() []db.Source {
	return []db.Source{{Name: "things", FS: fstest.MapFS{"0001_things.sql": {Data: []byte(`-- +goose Up
create table thing (id text not null primary key, owner text not null, yes boolean not null default false, n bigint, raw bytea);
`)}}}}
}

// TestBackIsExact changes rows in every way, keeps the changes as text, and takes them back.
func TestBackIsExact(t *testing.T) {
	testkit.EachEngine(t, things(), func(t *testing.T, d *db.DB) {
		dump := func() string {
			sum, err := db.Digest(context.Background(), d)
			if err != nil {
				t.Fatal(err)
			}
			return sum
		}
		do := func(fn func(tx *db.Tx) error) {
			t.Helper()
			if err := db.Do(context.Background(), d, fn); err != nil {
				t.Fatal(err)
			}
		}
		do(func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into thing (id, owner, yes, n, raw) values ('a', 'x', true, 9007199254740993, $1), ('b', 'y', false, null, null)`, []byte{0, 255})
			return err
		})
		before := dump()
		var kept []revert.Change
		do(func(tx *db.Tx) error {
			kept = nil
			l := revert.New(tx)
			if err := l.Set("thing", revert.Row{"id": "b"}, revert.Row{"yes": true, "n": 3, "owner": "y"}); err != nil {
				return err
			}
			if n, err := l.Move("thing", []string{"id", "owner"}, "owner", "y", "z"); err != nil || n != 1 {
				t.Errorf("moved %d: %v", n, err)
			}
			if err := l.Drop("thing", revert.Row{"id": "a"}); err != nil {
				return err
			}
			if err := l.Put("thing", revert.Row{"id": "c"}, revert.Row{"id": "c", "owner": "x"}); err != nil {
				return err
			}
			for _, c := range l.Changes() {
				for _, row := range []*revert.Row{&c.Key, &c.Before, &c.After} {
					text, err := row.Text()
					if err != nil {
						return err
					}
					if *row, err = revert.ParseRow(text); err != nil {
						return err
					}
				}
				kept = append(kept, c)
			}
			return nil
		})
		if len(kept) != 4 || len(kept[0].After) != 2 {
			t.Errorf("changes: %+v", kept)
		}
		do(func(tx *db.Tx) error {
			left, err := revert.Back(tx, kept)
			if len(left) != 0 {
				t.Errorf("left: %+v", left)
			}
			return err
		})
		if dump() != before {
			t.Error("the rows are not what they were")
		}
	})
}
