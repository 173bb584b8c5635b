// Package testkit is what tests of every package share: databases of both engines, clients of pages, fakes of
// outside systems. It owns no table, imports base packages only, and is never part of the binary.
package testkit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"testing"

	"parvis/internal/base/db"
)

// EachEngine runs fn twice as subtests "sqlite" and "postgres", each on a fresh database migrated with sources.
// Each db.Write runs its closure twice and keeps the second run. A missing PostgreSQL is a failure.
func EachEngine(t *testing.T, sources []db.Source, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t, sources)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t, sources)) })
}

// SQLite opens a fresh migrated SQLite database, closed at the end of the test.
func SQLite(t testing.TB, sources []db.Source) *db.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parvis.db")
	if err := os.WriteFile(path, sqliteTemplate(t, sources), 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// Postgres opens a fresh migrated PostgreSQL database, closed and dropped at the end of the test.
func Postgres(t testing.TB, sources []db.Source) *db.DB {
	t.Helper()
	return open(t, PostgresURL(t, sources))
}

// PostgresURL makes a fresh migrated PostgreSQL database for a process that opens it by itself; it is dropped at
// the end of the test.
func PostgresURL(t testing.TB, sources []db.Source) string {
	t.Helper()
	s := startPostgres(t)
	template := s.template(t, sources)
	name := s.nextName()
	s.admin(t, `create database `+name+` template `+template)
	t.Cleanup(func() { s.admin(t, `drop database if exists `+name+` with (force)`) })
	return s.url(name)
}

func open(t testing.TB, database string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), database, db.WithDoubleRun())
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close test database: %v", err)
		}
	})
	return d
}

var sqliteTemplates struct {
	sync.Mutex
	files map[string][]byte
}

// sqliteTemplate is the content of an empty migrated database, made once a process for each set of sources.
func sqliteTemplate(t testing.TB, sources []db.Source) []byte {
	t.Helper()
	sqliteTemplates.Lock()
	defer sqliteTemplates.Unlock()
	key := digest(t, sources)
	if file, ok := sqliteTemplates.files[key]; ok {
		return file
	}
	path := filepath.Join(t.TempDir(), "template.db")
	migrate(t, path, sources)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if sqliteTemplates.files == nil {
		sqliteTemplates.files = map[string][]byte{}
	}
	sqliteTemplates.files[key] = file
	return file
}

func migrate(t testing.TB, database string, sources []db.Source) {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, database)
	if err != nil {
		t.Fatalf("open template database: %v", err)
	}
	err = db.Migrate(ctx, d, sources...)
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		t.Fatalf("migrate template database: %v", err)
	}
}

// digest names a set of sources by the content of its files.
func digest(t testing.TB, sources []db.Source) string {
	t.Helper()
	var lines []string
	for _, s := range sources {
		names, err := fs.Glob(s.FS, "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(s.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s %x", name, sha256.Sum256(text)))
		}
	}
	sort.Strings(lines)
	sum := sha256.Sum256([]byte(fmt.Sprint(lines)))
	return hex.EncodeToString(sum[:8])
}
