// Package backup puts a whole portal, rows and files, into one encrypted file and back. It owns no table. The file
// opens with the town's key only: who keeps backups keeps the key file too, elsewhere. It does not schedule, copy
// elsewhere or forget old backups: that is the system's timer and the operator's storage.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"parvis/internal/base/blob"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"

	"github.com/klauspost/compress/zstd"
)

const (
	purpose = "backup"
	format  = 1
)

// Names of the sections. A file's section is filePrefix and its id.
const (
	headerSection = "parvis"
	rowsSection   = "base"
	filePrefix    = "fichier/"
)

// header is the first section.
type header struct {
	Format int       `json:"format"`
	Engine db.Engine `json:"engine"`
}

// Summary tells what a backup holds.
type Summary struct {
	Engine db.Engine // of the database it was taken from
	Files  int
	Rows   int64 // bytes of the rows' section
	Bytes  int64 // bytes of all sections
}

// Backup writes the whole portal to w while it is being used: all rows as of one moment, and every file that these
// rows refer to. Files are copied before the rows and again after them, for those that came in between.
func Backup(ctx context.Context, d *db.DB, files *blob.Store, key *crypt.Key, w io.Writer) (Summary, error) {
	sealed, err := key.SealFile(purpose, w)
	if err != nil {
		return Summary{}, fmt.Errorf("backup: %w", err)
	}
	packed, err := zstd.NewWriter(sealed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return Summary{}, fmt.Errorf("backup: %w", err)
	}
	h := header{Format: format, Engine: d.Engine()}
	b := &writing{ctx: ctx, out: newWriter(packed), files: files, done: map[string]bool{},
		sum: Summary{Engine: h.Engine}}
	if err := errors.Join(b.all(d, h), packed.Close()); err != nil {
		return Summary{}, fmt.Errorf("backup: %w", err)
	}
	if err := sealed.Close(); err != nil {
		return Summary{}, fmt.Errorf("backup: %w", err)
	}
	return b.sum, nil
}

type writing struct {
	ctx   context.Context
	out   *writer
	files *blob.Store
	done  map[string]bool // ids of files copied
	sum   Summary
}

func (b *writing) all(d *db.DB, h header) error {
	if err := b.out.json(headerSection, h); err != nil {
		return err
	}
	if err := b.copyFiles(); err != nil {
		return err
	}
	before := b.out.total
	err := b.out.section(rowsSection, func(w io.Writer) error { return db.Dump(b.ctx, d, w) })
	if err != nil {
		return err
	}
	b.sum.Rows = b.out.total - before
	if err := b.copyFiles(); err != nil {
		return err
	}
	b.sum.Bytes = b.out.total
	return b.out.end()
}

func (b *writing) copyFiles() error {
	return b.files.Each(func(id string, _ int64, _ time.Time) error {
		if b.done[id] {
			return nil
		}
		if err := b.ctx.Err(); err != nil {
			return err
		}
		f, err := b.files.OpenSealed(id)
		if fault.KindOf(err) == fault.NotFound { // deleted since it was listed
			return nil
		}
		if err != nil {
			return err
		}
		defer f.Close()
		b.done[id] = true
		b.sum.Files++
		return b.out.section(filePrefix+id, func(w io.Writer) error {
			_, err := io.Copy(w, f)
			return err
		})
	})
}

// ToFile makes a backup at path, which must not exist. It reads the file again before giving it its name: when
// ToFile returns nil, the backup is whole, on the disk, and opens.
func ToFile(ctx context.Context, d *db.DB, files *blob.Store, key *crypt.Key, path string) (Summary, error) {
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return Summary{}, fmt.Errorf("backup: %w", &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist})
	}
	partial := path + ".partiel"
	f, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Summary{}, fmt.Errorf("backup: %w", err)
	}
	defer os.Remove(partial)
	sum, err := Backup(ctx, d, files, key, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return Summary{}, err
	}
	if _, err := Verify(ctx, partial, key); err != nil {
		return Summary{}, err
	}
	if err := os.Rename(partial, path); err != nil {
		return Summary{}, fmt.Errorf("backup: %w", err)
	}
	return sum, syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
