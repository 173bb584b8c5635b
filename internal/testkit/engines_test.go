package testkit

import (
	"context"
	"testing"
	"testing/fstest"

	"parvis/internal/base/db"
)

func notes() []db.Source {
	return []db.Source{
		{Name: "note", FS: fstest.MapFS{
			"0900_note_table.sql": {Data: []byte("-- +goose Up\ncreate table note (id text primary key, body text not null);\n")},
		}},
		{Name: "tag", FS: fstest.MapFS{
			"0100_tag_table.sql": {Data: []byte("-- +goose Up\ncreate table tag (id text primary key);\n")},
		}},
	}
}

func TestEachEngineGivesAFreshMigratedDatabase(t *testing.T) {
	for _, round := range []string{"first", "second"} {
		t.Run(round, func(t *testing.T) {
			EachEngine(t, notes(), func(t *testing.T, d *db.DB) {
				ctx := context.Background()
				runs := 0
				if err := db.Do(ctx, d, func(tx *db.Tx) error {
					runs++
					_, err := tx.Exec(`insert into note (id, body) values ($1, $2)`, db.NewID(), "hello")
					return err
				}); err != nil {
					t.Fatal(err)
				}
				if runs != 2 {
					t.Errorf("closure ran %d times, want 2: once to prove it repeatable, once for good", runs)
				}
				n, err := db.Read(ctx, d, func(r db.Reader) (int64, error) {
					return db.One(r, "count", db.Column[int64], `select count(*) from note`)
				})
				if err != nil || n != 1 {
					t.Errorf("got %d rows, %v; want 1: the first run is not kept", n, err)
				}
			})
		})
	}
}
