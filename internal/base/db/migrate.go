package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strconv"

	"github.com/pressly/goose/v3"
)

// Source is the migrations of one package: files NNNN_feature_what.sql at its root, in one sequence over all.
type Source struct {
	Name string
	FS   fs.FS
}

// Join puts groups of sources end to end, each name once, in the order first seen: a package's Sources() is
// those of the packages it builds on, then its own.
func Join(groups ...[]Source) []Source {
	seen := map[string]bool{}
	var all []Source
	for _, group := range groups {
		for _, s := range group {
			if !seen[s.Name] {
				seen[s.Name] = true
				all = append(all, s)
			}
		}
	}
	return all
}

// ErrNewer is returned by Migrate for a database that a later version of Parvis has migrated.
var ErrNewer = errors.New("this database was migrated by a later version of Parvis")

// Migrate applies what is missing, lowest number first; a number below those already applied is applied too,
// because numbers are shared out by feature and not by date. There is no way down, and a database that holds a
// migration unknown here is refused with ErrNewer. Instances that start together migrate one after the other.
func Migrate(ctx context.Context, d *DB, sources ...Source) error {
	files, err := mergeSources(sources)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return nil
	}
	applied, err := d.applied(ctx)
	if err == nil && !files.within(applied) {
		if err := d.alone(ctx, func() error { return d.migrate(ctx, files) }); err != nil {
			return err
		}
		applied, err = d.applied(ctx)
	}
	if err != nil {
		return fmt.Errorf("read applied migrations: %w", err)
	}
	known := files.versions()
	for version := range applied {
		if !known[version] {
			return fmt.Errorf("%w: it holds migration %04d", ErrNewer, version)
		}
	}
	return nil
}

func (d *DB) migrate(ctx context.Context, files merged) error {
	pool, err := d.openAside()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer pool.Close()
	dialect := goose.DialectSQLite3
	if d.engine == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, pool, files,
		goose.WithAllowOutofOrder(true), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// applied are the numbers of the migrations that the database holds.
func (d *DB) applied(ctx context.Context) (map[int64]bool, error) {
	all, err := Read(ctx, d, func(r Reader) ([]int64, error) { return versions(r, d.engine) })
	held := map[int64]bool{}
	for _, version := range all {
		held[version] = true
	}
	return held, err
}

// merged is a flat file system: each migration by its name, in the file system that holds it.
type merged map[string]fs.FS

// versions are the numbers of the migrations.
func (m merged) versions() map[int64]bool {
	all := map[int64]bool{}
	for name := range m {
		if n, err := strconv.ParseInt(name[:4], 10, 64); err == nil {
			all[n] = true
		}
	}
	return all
}

// within tells whether all of them are among those applied.
func (m merged) within(applied map[int64]bool) bool {
	for version := range m.versions() {
		if !applied[version] {
			return false
		}
	}
	return true
}

func mergeSources(sources []Source) (merged, error) {
	m := merged{}
	numbers := map[string]string{}
	for _, s := range sources {
		names, err := fs.Glob(s.FS, "*.sql")
		if err != nil {
			return nil, fmt.Errorf("list migrations of %s: %w", s.Name, err)
		}
		for _, name := range names {
			if ok, _ := path.Match("[0-9][0-9][0-9][0-9]_?*.sql", name); !ok {
				return nil, fmt.Errorf("migration %s/%s: want NNNN_feature_what.sql", s.Name, name)
			}
			if other, taken := numbers[name[:4]]; taken {
				return nil, fmt.Errorf("migrations %s and %s/%s share a number", other, s.Name, name)
			}
			numbers[name[:4]] = s.Name + "/" + name
			m[name] = s.FS
		}
	}
	return m, nil
}

// Open opens one migration.
func (m merged) Open(name string) (fs.File, error) {
	if sub, ok := m[name]; ok {
		return sub.Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Glob lists the migrations whose name matches; goose asks for *.sql and *.go.
func (m merged) Glob(pattern string) ([]string, error) {
	var names []string
	for name := range m {
		ok, err := path.Match(pattern, name)
		if err != nil {
			return nil, err
		}
		if ok {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names, nil
}
