// Package blob keeps files in a local folder, sealed under random names: photos today, private documents next. It
// owns no table: the row that refers to a file is written after it, by the feature it belongs to, so that a crash
// leaves at worst a file nobody refers to, which Sweep removes.
package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"parvis/internal/base/crash"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// Store is a folder of sealed files. It is safe for concurrent use.
type Store struct {
	dir string
	key *crypt.Key
}

// Open opens the folder, made when absent.
func Open(dir string, key *crypt.Key) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &Store{dir: dir, key: key}, nil
}

// Dir is the folder, for backups.
func (s *Store) Dir() string { return s.dir }

// path refuses what is not one of our names: an id comes from a row, but a row may come from a restored file.
func (s *Store) path(id string) (string, error) {
	if len(id) != 36 {
		return "", fault.Missing("file")
	}
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') && r != '-' {
			return "", fault.Missing("file")
		}
	}
	return filepath.Join(s.dir, id[len(id)-2:], id), nil
}

func purpose(id string) string { return "blob:" + id }

// Put seals a file and returns its id once it is whole on the disk.
func (s *Store) Put(_ context.Context, content []byte) (string, error) {
	id := db.NewID()
	path, err := s.path(id)
	if err != nil {
		return "", err
	}
	var sealed bytes.Buffer
	w, err := s.key.SealFile(purpose(id), &sealed)
	if err != nil {
		return "", fmt.Errorf("seal file: %w", err)
	}
	if _, err := w.Write(content); err != nil {
		return "", fmt.Errorf("seal file: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("seal file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("store file: %w", err)
	}
	if err := writeDurably(path, sealed.Bytes()); err != nil {
		return "", fmt.Errorf("store file: %w", err)
	}
	return id, nil
}

// writeDurably writes beside, syncs, renames, then syncs the folder: after a power cut the file is whole or absent.
func writeDurably(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".partiel-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err = f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err = f.Close(); err != nil {
		return err
	}
	crash.Point("blob.before_rename")
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get opens a file; an absent one is fault.Missing, an altered one an error of ours.
func (s *Store) Get(_ context.Context, id string) ([]byte, error) {
	path, err := s.path(id)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Missing("file")
	}
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	defer f.Close()
	r, err := s.key.OpenFile(purpose(id), f)
	if err != nil {
		return nil, fmt.Errorf("unseal file %s: %w", id, err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unseal file %s: %w", id, err)
	}
	return content, nil
}

// Raw is a file as it lies on disk, sealed: for backups.
func (s *Store) Raw(id string) ([]byte, error) {
	path, err := s.path(id)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// PutRaw puts back what Raw gave, under the same id.
func (s *Store) PutRaw(id string, sealed []byte) error {
	path, err := s.path(id)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store file: %w", err)
	}
	return writeDurably(path, sealed)
}

// Delete removes a file; one already gone is no fault.
func (s *Store) Delete(id string) error {
	path, err := s.path(id)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

// Each calls fn with every file's id, size on disk and time of writing; files being written are passed over.
func (s *Store) Each(fn func(id string, size int64, at time.Time) error) error {
	return filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		id := entry.Name()
		if want, bad := s.path(id); bad != nil || want != path {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(id, info.Size(), info.ModTime())
	})
}

// OpenSealed opens a file as it lies on the disk, for backups; an absent one is fault.Missing.
func (s *Store) OpenSealed(id string) (io.ReadCloser, error) {
	path, err := s.path(id)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Missing("file")
	}
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	return f, nil
}

// PutSealed puts back a file as OpenSealed gave it, under its id.
func (s *Store) PutSealed(id string, content []byte) error {
	path, err := s.path(id)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store file: %w", err)
	}
	if err := writeDurably(path, content); err != nil {
		return fmt.Errorf("store file: %w", err)
	}
	return nil
}

// grace is how long a file may wait for the row that refers to it.
const grace = 24 * time.Hour

// Sweep deletes files older than a day that used does not hold, and what a crash left half written; it returns how
// many. now is the machine's time, as file times are.
func (s *Store) Sweep(now time.Time, used map[string]bool) (int, error) {
	deleted := 0
	err := s.Each(func(id string, _ int64, at time.Time) error {
		if used[id] || now.Sub(at) < grace {
			return nil
		}
		deleted++
		return s.Delete(id)
	})
	if err != nil {
		return deleted, err
	}
	partial, err := filepath.Glob(filepath.Join(s.dir, "*", ".partiel-*"))
	if err != nil {
		return deleted, err
	}
	for _, path := range partial {
		info, err := os.Stat(path)
		if err == nil && now.Sub(info.ModTime()) >= grace {
			deleted++
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return deleted, err
		}
	}
	return deleted, nil
}
