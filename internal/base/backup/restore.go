package backup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/blob"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"

	"github.com/klauspost/compress/zstd"
)

// Errors of Restore and Rebuild, beside ErrDamaged, ErrKey and db's ErrNotEmpty and ErrSchema.
var (
	ErrNotEmpty = errors.New("the place to restore to is not empty")
	ErrNewer    = errors.New("this backup was made by a later version of Parvis")
)

// Verify reads a whole backup and checks every byte of it.
func Verify(ctx context.Context, path string, key *crypt.Key) (Summary, error) {
	return read(ctx, path, key, nil)
}

// read goes through a backup: its header must come first and be one we know; every other section goes to take.
func read(ctx context.Context, path string, key *crypt.Key, take func(name string, content io.Reader) error) (Summary, error) {
	f, err := os.Open(path)
	if err != nil {
		return Summary{}, err
	}
	defer f.Close()
	opened, err := key.OpenFile(purpose, bufio.NewReaderSize(f, chunkSize))
	if err != nil {
		return Summary{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	unpacked, err := zstd.NewReader(opened, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return Summary{}, damaged(err)
	}
	defer unpacked.Close()
	var sum Summary
	rows := 0
	first := true
	err = eachSection(unpacked, func(name string, content io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		counted := &counter{r: content}
		switch {
		case first:
			first = false
			if name != headerSection {
				return ErrDamaged
			}
			return sum.readHeader(counted)
		case name == rowsSection:
			rows++
		case strings.HasPrefix(name, filePrefix):
			sum.Files++
		default:
			return ErrDamaged
		}
		if take != nil {
			if err := take(name, counted); err != nil {
				return err
			}
		}
		_, err := io.Copy(io.Discard, counted)
		sum.Bytes += counted.n
		if name == rowsSection {
			sum.Rows = counted.n
		}
		return err
	})
	if err != nil {
		return Summary{}, err
	}
	if rows != 1 {
		return Summary{}, ErrDamaged
	}
	return sum, nil
}

func (s *Summary) readHeader(r *counter) error {
	var h header
	if err := json.NewDecoder(r).Decode(&h); err != nil {
		return damaged(err)
	}
	if h.Format != format {
		return ErrNewer
	}
	s.Engine = h.Engine
	_, err := io.Copy(io.Discard, r)
	s.Bytes += r.n
	return err
}

type counter struct {
	r io.Reader
	n int64
}

// Read reads and counts.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Restore fills a migrated database without a row, of either engine, and a folder of files. The backup is checked
// to its last byte, and the database seen to be empty, before anything is written. Files come first and rows last,
// all at once: after a failure the database is still empty, and Restore can be run again.
func Restore(ctx context.Context, path string, key *crypt.Key, d *db.DB, files *blob.Store) (Summary, error) {
	sum, err := restore(ctx, path, key, d, files)
	if err != nil {
		return Summary{}, fmt.Errorf("restore: %w", err)
	}
	return sum, nil
}

func restore(ctx context.Context, path string, key *crypt.Key, d *db.DB, files *blob.Store) (Summary, error) {
	var first []byte
	kept := map[string]bool{}
	sum, err := read(ctx, path, key, func(name string, content io.Reader) (err error) {
		if name != rowsSection {
			kept[strings.TrimPrefix(name, filePrefix)] = true
			return nil
		}
		first, err = firstLine(content)
		return err
	})
	if err != nil {
		return Summary{}, err
	}
	// The dump's header alone: Load looks at the database, then finds the rest missing and leaves.
	if err := db.Load(ctx, d, bytes.NewReader(first)); err != nil && !errors.Is(err, db.ErrDamaged) {
		return Summary{}, err
	}
	err = files.Each(func(id string, _ int64, _ time.Time) error {
		if !kept[id] {
			return fmt.Errorf("%w: the folder of files has %s", ErrNotEmpty, id)
		}
		return nil // of an earlier try
	})
	if err != nil {
		return Summary{}, err
	}
	_, err = read(ctx, path, key, func(name string, content io.Reader) error {
		if name == rowsSection {
			return nil
		}
		sealed, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		return files.PutSealed(strings.TrimPrefix(name, filePrefix), sealed)
	})
	if err != nil {
		return Summary{}, err
	}
	_, err = read(ctx, path, key, func(name string, content io.Reader) error {
		if name != rowsSection {
			return nil
		}
		return db.Load(ctx, d, content)
	})
	if err != nil {
		return Summary{}, err
	}
	return sum, db.Check(ctx, d)
}

func firstLine(r io.Reader) ([]byte, error) {
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if err != nil {
		return nil, damaged(err)
	}
	return line, nil
}

// Destination is where Rebuild puts a portal. Nothing may be there yet.
type Destination struct {
	Database string      // "postgres://…" of an empty database, or the path of an SQLite file to be made
	Files    string      // folder of files to be made
	Sources  []db.Source // all migrations of this version
	// Finish, when not nil, has the last word on what was restored: it may write, or refuse it all.
	Finish func(ctx context.Context, d *db.DB) error
}

// Rebuild makes a portal from a backup of this version or an earlier one, which is brought up to date. An altered
// backup leaves no trace. If the machine fails meanwhile, the SQLite file and the folder are absent under their
// names: run it again, on PostgreSQL with a fresh database.
func Rebuild(ctx context.Context, path string, key *crypt.Key, to Destination) (Summary, error) {
	if err := to.mustBeEmpty(ctx); err != nil {
		return Summary{}, fmt.Errorf("rebuild: %w", err)
	}
	var first []byte
	_, err := read(ctx, path, key, func(name string, content io.Reader) (err error) {
		if name == rowsSection {
			first, err = firstLine(content)
		}
		return err
	})
	if err != nil {
		return Summary{}, fmt.Errorf("rebuild: %w", err)
	}
	sum, err := to.rebuild(ctx, path, key, first)
	if err != nil {
		return Summary{}, fmt.Errorf("rebuild: %w", err)
	}
	return sum, nil
}

func (to Destination) onServer() bool {
	return strings.HasPrefix(to.Database, "postgres://") || strings.HasPrefix(to.Database, "postgresql://")
}

func (to Destination) mustBeEmpty(ctx context.Context) error {
	entries, err := os.ReadDir(to.Files)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%w: %s", ErrNotEmpty, to.Files)
	}
	if !to.onServer() {
		if _, err := os.Lstat(to.Database); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%w: %s", ErrNotEmpty, to.Database), err)
		}
		return nil
	}
	d, err := db.Open(ctx, to.Database)
	if err != nil {
		return err
	}
	tables, err := db.Read(ctx, d, func(r db.Reader) (int64, error) {
		return db.One(r, "count", db.Column[int64],
			`select count(*) from information_schema.tables where table_schema = current_schema()`)
	})
	if err = errors.Join(err, d.Close()); err == nil && tables > 0 {
		err = fmt.Errorf("%w: the database has %d tables", ErrNotEmpty, tables)
	}
	return err
}

// rebuild writes under names of its own and gives the final ones at the end.
func (to Destination) rebuild(ctx context.Context, path string, key *crypt.Key, first []byte) (Summary, error) {
	partialFiles, partialBase := to.Files+".partiel", to.Database
	if !to.onServer() {
		partialBase = to.Database + ".partiel"
	}
	clean := func() error {
		err := os.RemoveAll(partialFiles)
		if !to.onServer() {
			for _, end := range []string{"", "-wal", "-shm", ".migration"} {
				if gone := os.Remove(partialBase + end); !errors.Is(gone, fs.ErrNotExist) {
					err = errors.Join(err, gone)
				}
			}
		}
		return err
	}
	if err := clean(); err != nil {
		return Summary{}, err
	}
	files, err := blob.Open(partialFiles, key)
	if err != nil {
		return Summary{}, err
	}
	sum, err := to.fill(ctx, path, key, first, partialBase, files)
	if err == nil {
		err = to.settle(partialBase, partialFiles)
	}
	if err != nil {
		return Summary{}, errors.Join(err, clean())
	}
	return sum, nil
}

// fill makes the database as the dump's version had it, restores into it, then brings it up to date.
func (to Destination) fill(ctx context.Context, path string, key *crypt.Key, first []byte, database string, files *blob.Store) (sum Summary, err error) {
	var dump struct{ Migrations []int64 }
	if err := json.Unmarshal(first, &dump); err != nil {
		return Summary{}, damaged(err)
	}
	then, err := upTo(to.Sources, dump.Migrations)
	if err != nil {
		return Summary{}, err
	}
	d, err := db.Open(ctx, database)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := db.Migrate(ctx, d, then...); err != nil {
		return Summary{}, err
	}
	if sum, err = restore(ctx, path, key, d, files); err != nil {
		return Summary{}, err
	}
	if err := db.Migrate(ctx, d, to.Sources...); err != nil || to.Finish == nil {
		return sum, err
	}
	return sum, to.Finish(ctx, d)
}

// settle syncs what was restored and gives it its name.
func (to Destination) settle(partialBase, partialFiles string) error {
	if !to.onServer() {
		if info, err := os.Stat(partialBase + "-wal"); err == nil && info.Size() > 0 {
			return errors.New("the database restored was not closed whole")
		}
		f, err := os.OpenFile(partialBase, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	if err := os.Remove(to.Files); err != nil && !errors.Is(err, fs.ErrNotExist) { // an empty folder
		return err
	}
	if err := os.Rename(partialFiles, to.Files); err != nil {
		return err
	}
	if !to.onServer() {
		if err := os.Rename(partialBase, to.Database); err != nil {
			return err
		}
		if err := os.Remove(partialBase + ".migration"); err != nil && !errors.Is(err, fs.ErrNotExist) { // db's lock
			return err
		}
		if err := syncDir(filepath.Dir(to.Database)); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(to.Files))
}

// upTo keeps of the sources the migrations that a dump's database had.
func upTo(sources []db.Source, applied []int64) ([]db.Source, error) {
	var kept []db.Source
	found := 0
	for _, s := range sources {
		names, err := fs.Glob(s.FS, "*.sql")
		if err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(names, func(name string) bool {
			number, _, _ := strings.Cut(name, "_")
			n, err := strconv.ParseInt(number, 10, 64)
			return err != nil || !slices.Contains(applied, n)
		})
		found += len(names)
		kept = append(kept, db.Source{Name: s.Name, FS: subset{s.FS, names}})
	}
	if found < len(applied) {
		return nil, ErrNewer
	}
	return kept, nil
}

// subset shows some files of a folder.
type subset struct {
	fs.FS
	names []string
}

// Glob lists the files shown.
func (s subset) Glob(string) ([]string, error) { return s.names, nil }
