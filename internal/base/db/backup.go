package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNoFile is returned by Backup for PostgreSQL, whose portable backup is Dump.
var ErrNoFile = errors.New("this database is not one file: use Dump")

// Backup writes a compact copy of an SQLite database to path, on one snapshot, while writing goes on. The file is
// whole and on the disk when Backup returns nil, and absent otherwise.
func Backup(ctx context.Context, d *DB, path string) error {
	if d.engine != SQLite {
		return ErrNoFile
	}
	partial := path + ".partiel"
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("backup: %w", err)
	}
	defer os.Remove(partial)
	pool, err := d.openAside()
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(ctx, "vacuum into $1", partial); err != nil {
		return fmt.Errorf("backup: %w", friendly(err))
	}
	if err := os.Chmod(partial, 0o600); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := syncPath(partial); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := syncPath(filepath.Dir(path)); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// syncPath brings a file, or the names of a folder, to the disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Check looks for damage: SQLite's own checks of pages, indexes and foreign keys; on PostgreSQL, whose server
// checks its pages as it reads them, every row is read once. Nil means none found.
func Check(ctx context.Context, d *DB) error {
	if d.engine == Postgres {
		_, err := Digest(ctx, d)
		return err
	}
	_, err := Read(ctx, d, func(r Reader) (struct{}, error) {
		var none struct{}
		problems, err := List(r, Column[string], `pragma integrity_check(20)`)
		if err != nil {
			return none, fmt.Errorf("check database: %w", err)
		}
		if len(problems) != 1 || problems[0] != "ok" {
			return none, fmt.Errorf("database damaged: %q", problems)
		}
		orphans, err := List(r, Column[string], `select "table" from pragma_foreign_key_check`)
		if err != nil {
			return none, fmt.Errorf("check foreign keys: %w", err)
		}
		if len(orphans) > 0 {
			return none, fmt.Errorf("database damaged: %d rows point at absent ones, the first in %s", len(orphans), orphans[0])
		}
		return none, nil
	})
	return err
}
