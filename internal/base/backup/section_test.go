package backup

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// The sums find what neither the encryption nor the compression around them would: a fault of ours in between.
func TestSections(t *testing.T) {
	var whole bytes.Buffer
	out := newWriter(&whole)
	big := bytes.Repeat([]byte("0123456789"), 20_000)
	for _, s := range []struct {
		name    string
		content []byte
	}{{"a", []byte("alpha")}, {"empty", nil}, {"big", big}} {
		err := out.section(s.name, func(w io.Writer) error {
			_, err := w.Write(s.content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := out.end(); err != nil {
		t.Fatal(err)
	}
	read := func(b []byte, leave bool) (int, error) {
		total := 0
		err := eachSection(bytes.NewReader(b), func(_ string, r io.Reader) error {
			if leave {
				return nil
			}
			n, err := io.Copy(io.Discard, r)
			total += int(n)
			return err
		})
		return total, err
	}
	if n, err := read(whole.Bytes(), false); err != nil || n != 5+len(big) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if _, err := read(whole.Bytes(), true); err != nil {
		t.Errorf("content left unread: %v", err)
	}
	for i := 0; i < whole.Len(); i += 1 + i/50 {
		bad := bytes.Clone(whole.Bytes())
		bad[i] ^= 1
		if _, err := read(bad, false); !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
		if _, err := read(whole.Bytes()[:i], false); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := read(append(bytes.Clone(whole.Bytes()), 0), false); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte too many: %v", err)
	}
}
