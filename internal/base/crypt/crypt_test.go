package crypt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	made, err := CreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o, want 600", info.Mode().Perm())
	}
	loaded, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.master != made.master {
		t.Error("another key came back")
	}
	if _, err := CreateKey(path); err == nil {
		t.Error("an existing key file was overwritten")
	}
	if s := fmt.Sprintf("%v %s %#v", made, made, made); strings.Contains(s, fmt.Sprint(made.master[0])+" ") {
		t.Errorf("key printed as %s", s)
	}
}

func TestKeyFileRefused(t *testing.T) {
	good := keyHeader + "\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
	tests := []struct {
		name, text string
		mode       os.FileMode
		ok         bool
	}{
		{"as made", good, 0o600, true},
		{"read only", good, 0o400, true},
		{"the group may read it", good, 0o640, false},
		{"everybody may read it", good, 0o604, false},
		{"another file", "-----BEGIN PRIVATE KEY-----\n", 0o600, false},
		{"cut short", keyHeader + "\nAAECAw==\n", 0o600, false},
		{"empty", "", 0o600, false},
	}
	for _, c := range tests {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKey(path); (err == nil) != c.ok {
			t.Errorf("%s: got error %v, want ok %v", c.name, err, c.ok)
		}
	}
}

func TestSealOpens(t *testing.T) {
	key, other := NewKey(), NewKey()
	secret := []byte("JBSWY3DPEHPK3PXP")
	sealed, err := key.Seal("totp:1", secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, secret) {
		t.Fatal("the secret is readable")
	}
	if got, err := key.Open("totp:1", sealed); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := key.Open("totp:2", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("moved to another row: %v", err)
	}
	if _, err := other.Open("totp:1", sealed); !errors.Is(err, ErrSealed) {
		t.Errorf("another key: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := key.Open("totp:1", bad); !errors.Is(err, ErrSealed) {
			t.Fatalf("bit of byte %d flipped: %v", i, err)
		}
		if _, err := key.Open("totp:1", sealed[:i]); !errors.Is(err, ErrSealed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	again, _ := key.Seal("totp:1", secret)
	if bytes.Equal(again, sealed) {
		t.Error("sealing twice gave the same bytes")
	}
}

func TestHMACFramesItsParts(t *testing.T) {
	key := NewKey()
	if bytes.Equal(key.HMAC("p", "ab", "c"), key.HMAC("p", "a", "bc")) {
		t.Error("parts run into each other")
	}
	if bytes.Equal(key.HMAC("p", "a"), key.HMAC("q", "a")) {
		t.Error("purposes share a key")
	}
	if !bytes.Equal(key.HMAC("p", "a"), key.HMAC("p", "a")) {
		t.Error("not stable")
	}
}

func TestFiles(t *testing.T) {
	key := NewKey()
	owner, wrapped, err := key.NewOwnerKey("family-1")
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte("livret de famille "), 20_000)
	sealed, err := owner.SealBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("livret")) {
		t.Fatal("the file is readable")
	}
	read := func(sealed []byte) ([]byte, error) {
		again, err := key.OpenOwnerKey("family-1", wrapped)
		if err != nil {
			return nil, err
		}
		r, err := again.OpenFile(bytes.NewReader(sealed))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	if got, err := read(sealed); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for _, cut := range []int{0, 10, 200, 70_000, len(sealed) - 1} {
		if _, err := read(sealed[:cut]); err == nil {
			t.Errorf("cut at %d not seen", cut)
		}
	}
	for _, at := range []int{0, 60, 150, 400, 70_000, len(sealed) - 1} {
		bad := bytes.Clone(sealed)
		bad[at] ^= 4
		if _, err := read(bad); err == nil {
			t.Errorf("bit of byte %d flipped not seen", at)
		}
	}
	if _, err := key.OpenOwnerKey("family-2", wrapped); !errors.Is(err, ErrSealed) {
		t.Errorf("another owner's key opened: %v", err)
	}
	second, _, _ := key.NewOwnerKey("family-1")
	if _, err := second.OpenFile(bytes.NewReader(sealed)); !errors.Is(err, ErrSealed) {
		t.Errorf("another owner read the file: %v", err)
	}
}

func TestTokens(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		clear, hash := NewToken()
		if len(clear) < 22 || hash == clear || HashToken(clear) != hash || seen[clear] {
			t.Fatalf("token %q, hash %q", clear, hash)
		}
		seen[clear] = true
	}
}

func TestPasswords(t *testing.T) {
	ctx := context.Background()
	hash, err := HashPassword(ctx, "Été à la piscine 2027")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", hash)
	}
	weak := phc{time: 1, memory: 8, threads: 1, salt: []byte("12345678")}
	weak.sum = weak.compute("secret", 16)
	tests := []struct {
		name, hash, password string
		ok, rehash           bool
	}{
		{"the right one", hash, "Été à la piscine 2027", true, false},
		{"typed with decomposed accents", hash, "E\u0301te\u0301 a\u0300 la piscine 2027", true, false},
		{"another", hash, "Été à la piscine 2028", false, false},
		{"empty", hash, "", false, false},
		{"right, of an older cost", weak.String(), "secret", true, true},
		{"wrong, of an older cost", weak.String(), "Secret", false, false},
	}
	for _, c := range tests {
		ok, rehash, err := VerifyPassword(ctx, c.hash, c.password)
		if err != nil || ok != c.ok || rehash != c.rehash {
			t.Errorf("%s: got %v %v %v, want %v %v", c.name, ok, rehash, err, c.ok, c.rehash)
		}
	}
	for _, bad := range []string{"", "x", "$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAA$AAAA",
		"$argon2id$v=19$m=999999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=19456,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		if _, _, err := VerifyPassword(ctx, bad, "x"); err == nil {
			t.Errorf("damaged hash %q taken", bad)
		}
	}
}

func TestHashingWaitsItsTurnAndLeavesWhenToldTo(t *testing.T) {
	for range cap(slots) {
		slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	errs := make([]error, 3)
	all.Go(func() { _, errs[0] = HashPassword(ctx, "x") })
	all.Go(func() { errs[1] = DummyVerify(ctx) })
	all.Go(func() {
		p := phc{time: 2, memory: 8, threads: 1, salt: []byte("12345678"), sum: make([]byte, 16)}
		_, _, errs[2] = VerifyPassword(ctx, p.String(), "x")
	})
	time.Sleep(20 * time.Millisecond)
	cancel()
	all.Wait()
	for i, err := range errs {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d hashed without a slot: %v", i, err)
		}
	}
	for range cap(slots) {
		<-slots
	}
	if err := DummyVerify(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestProvisionalPassword(t *testing.T) {
	key := NewKey()
	first := ProvisionalPassword(key, "a1")
	if len(first) != 10 || first != ProvisionalPassword(key, "a1") {
		t.Errorf("%q: want 10 characters, always the same", first)
	}
	if first == ProvisionalPassword(key, "a2") || first == ProvisionalPassword(NewKey(), "a1") {
		t.Error("two activations share a password")
	}
	for i := range 2000 {
		p := ProvisionalPassword(key, fmt.Sprint(i))
		if strings.ContainsAny(p, "01IO") || NormalProvisional(p) != p {
			t.Fatalf("%q is not readable", p)
		}
	}
	typed := " " + strings.ToLower(first[:5]) + "-" + first[5:] + "\u00a0"
	if got := NormalProvisional(typed); got != first {
		t.Errorf("%q gives %q, want %q", typed, got, first)
	}
}

func BenchmarkHashPassword(b *testing.B) {
	for b.Loop() {
		if _, err := HashPassword(context.Background(), "mot de passe"); err != nil {
			b.Fatal(err)
		}
	}
}
