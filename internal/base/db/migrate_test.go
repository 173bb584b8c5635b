package db_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"parvis/internal/base/db"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

func source(name string, files ...string) db.Source {
	m := fstest.MapFS{}
	for _, file := range files {
		table := strings.TrimSuffix(file[5:], ".sql")
		m[file] = &fstest.MapFile{Data: []byte("-- +goose Up\ncreate table " + table + " (id text primary key);\n")}
	}
	return db.Source{Name: name, FS: m}
}

func TestJoinKeepsEachSourceOnce(t *testing.T) {
	a, b, c := db.Source{Name: "a"}, db.Source{Name: "b"}, db.Source{Name: "c"}
	got := db.Join([]db.Source{a, b}, []db.Source{a, c}, nil, []db.Source{b})
	if diff := cmp.Diff([]db.Source{a, b, c}, got); diff != "" {
		t.Error(diff)
	}
}

func TestMigrate(t *testing.T) {
	testkit.EachEngine(t, nil, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		high, low := source("high", "0900_high.sql"), source("low", "0100_low.sql", "0101_lower.sql")
		for _, sources := range [][]db.Source{{high}, {high, low}, {low, high}} {
			if err := db.Migrate(ctx, d, sources...); err != nil {
				t.Fatalf("a lower number that comes later, or nothing new: %v", err)
			}
		}
		for _, table := range []string{"high", "low", "lower"} {
			if n := count(t, d, table); n != 0 {
				t.Errorf("table %s holds %d rows", table, n)
			}
		}
		if err := db.Migrate(ctx, d, high); !errors.Is(err, db.ErrNewer) {
			t.Errorf("a program that knows fewer migrations: got %v, want ErrNewer", err)
		}
		for name, s := range map[string]db.Source{
			"a number taken":   source("other", "0900_other.sql"),
			"a name unordered": {Name: "bad", FS: fstest.MapFS{"first.sql": {}}},
			"SQL that fails":   {Name: "bad", FS: fstest.MapFS{"0950_bad.sql": {Data: []byte("-- +goose Up\ncreate tabel x;\n")}}},
		} {
			if err := db.Migrate(ctx, d, high, low, s); err == nil {
				t.Errorf("%s was let through", name)
			}
		}
	})
}
