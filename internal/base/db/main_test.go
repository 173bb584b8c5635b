package db_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"testing"
	"testing/fstest"

	"parvis/internal/base/db"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("PARVIS_DB_CHILD"); path != "" {
		killedChild(path)
		return
	}
	if database := os.Getenv("PARVIS_DB_MIGRATE"); database != "" {
		migratingChild(database)
		return
	}
	os.Exit(m.Run())
}

// notes is the schema of these tests: a place that holds bookings, and a pair of tables always written together.
func notes() []db.Source {
	return []db.Source{{Name: "note", FS: fstest.MapFS{"0001_note_tables.sql": {Data: []byte(`-- +goose Up
create table place (id text primary key, capacity bigint not null check (capacity >= 0));
create table booking (id text primary key, place text not null references place (id), child text not null,
  parent text references booking (id), paid boolean not null default false, photo bytea, cents bigint,
  unique (place, child));
create table one (id text primary key, cycle bigint not null);
create table two (id text primary key references one (id), cycle bigint not null);
`)}}}}
}

func quiet() db.Option { return db.WithLog(slog.New(slog.NewTextHandler(io.Discard, nil))) }

func openFile(t testing.TB, path string, options ...db.Option) *db.DB {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, path, append([]db.Option{quiet()}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := db.Migrate(ctx, d, notes()...); err != nil {
		t.Fatal(err)
	}
	return d
}

func addPlace(id string, capacity int64) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into place (id, capacity) values ($1, $2)`, id, capacity)
		return err
	}
}

func addBooking(place, child string) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into booking (id, place, child) values ($1, $2, $3)`, db.NewID(), place, child)
		return err
	}
}

func count(t testing.TB, d *db.DB, table string) int64 {
	t.Helper()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
		return db.One(r, "count", db.Column[int64], `select count(*) from `+table)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func mustDo(t testing.TB, d *db.DB, fn func(*db.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), d, fn); err != nil {
		t.Fatal(err)
	}
}
