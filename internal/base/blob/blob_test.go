package blob_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parvis/internal/base/blob"
	"parvis/internal/base/crypt"
	"parvis/internal/base/fault"
)

func open(t *testing.T, dir string, key *crypt.Key) *blob.Store {
	t.Helper()
	s, err := blob.Open(dir, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPutGetDelete(t *testing.T) {
	dir, key := t.TempDir(), crypt.NewKey()
	s := open(t, dir, key)
	secret := []byte("une photo très reconnaissable")
	id, err := s.Put(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), id); err != nil || !bytes.Equal(got, secret) {
		t.Fatalf("got %q, %v", got, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, id[len(id)-2:], id))
	if err != nil || bytes.Contains(raw, []byte("reconnaissable")) {
		t.Errorf("the file on disk is readable (%v)", err)
	}
	if _, err := open(t, dir, crypt.NewKey()).Get(t.Context(), id); err == nil {
		t.Error("another key opens the file")
	}
	if err := s.Delete(id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a deleted file answers %v", err)
	}
}

func TestAlteredFileDoesNotOpen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, crypt.NewKey())
	id, err := s.Put(t.Context(), bytes.Repeat([]byte("x"), 300))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, id[len(id)-2:], id)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), id); err == nil {
			t.Fatalf("opens with byte %d altered", i)
		}
	}
}

func TestNamesStayInTheFolder(t *testing.T) {
	s := open(t, t.TempDir(), crypt.NewKey())
	for _, id := range []string{"", "../../../../../../etc/passwd", "....................................", "/etc/passwd/etc/passwd/etc/passwd/xx"} {
		if _, err := s.Get(t.Context(), id); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q: %v, want not found", id, err)
		}
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, crypt.NewKey())
	kept, _ := s.Put(t.Context(), []byte("a"))
	orphan, _ := s.Put(t.Context(), []byte("b"))
	partial := filepath.Join(dir, kept[len(kept)-2:], ".partiel-1")
	if err := os.WriteFile(partial, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{kept: true}
	if n, err := s.Sweep(time.Now(), used); n != 0 || err != nil {
		t.Errorf("young files: swept %d, %v", n, err)
	}
	if n, err := s.Sweep(time.Now().Add(25*time.Hour), used); n != 2 || err != nil {
		t.Errorf("swept %d, %v; want the orphan and the half-written file", n, err)
	}
	if _, err := s.Get(t.Context(), kept); err != nil {
		t.Errorf("the file in use: %v", err)
	}
	if _, err := s.Get(t.Context(), orphan); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the orphan: %v", err)
	}
}
