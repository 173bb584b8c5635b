// Package crypt keeps secrets: the key file, sealed fields and files, tokens and passwords. It owns no table and
// does no SQL. Everything sealed hangs on one 32-byte key that lives outside the data folder and the database, so
// that neither a stolen disk nor a stolen backup tells anything. It does not rotate keys and does not encrypt
// names and addresses: those stay readable to SQL.
package crypt

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	keySize   = 32
	keyHeader = "parvis-key-1"
	sealedV1  = 1
)

// ErrSealed is returned when sealed data cannot be opened: another key, another purpose, or altered bytes.
var ErrSealed = errors.New("sealed data does not open with this key and purpose")

// Key is the town's master key. It prints as "key" so that it never reaches a log.
type Key struct{ master [keySize]byte }

// NewKey makes a random key that is stored nowhere.
func NewKey() *Key {
	k := &Key{}
	rand.Read(k.master[:]) // never fails: the runtime ends the process first
	return k
}

// String hides the key.
func (k *Key) String() string { return "key" }

// GoString hides the key from %#v.
func (k *Key) GoString() string { return "key" }

// CreateKey makes a key and writes it to a new file that only its owner may read. An existing file is refused:
// overwriting a key loses all that it sealed.
func CreateKey(path string) (*Key, error) {
	k := NewKey()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s\n%s\n", keyHeader, base64.StdEncoding.EncodeToString(k.master[:]))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		os.Remove(path)
		return nil, fmt.Errorf("write key file %s: %w", path, err)
	}
	return k, nil
}

// LoadKey reads a key file. A file that others than its owner may read is refused.
func LoadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s has mode %o: others than its owner may read it, run chmod 600 on it",
			path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	header, rest, _ := strings.Cut(string(text), "\n")
	if strings.TrimSpace(header) != keyHeader {
		return nil, fmt.Errorf("%s is not a key file: its first line is not %q", path, keyHeader)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	if err != nil || len(raw) != keySize {
		return nil, fmt.Errorf("key file %s is damaged: want %d bytes in base64 on its second line", path, keySize)
	}
	k := &Key{}
	copy(k.master[:], raw)
	return k, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// derive makes the 32-byte key of one use. Uses never share a key, so what one reveals tells nothing of another.
func (k *Key) derive(use, purpose string) []byte {
	out, err := hkdf.Key(sha256.New, k.master[:], nil, "parvis/1/"+use+"/"+purpose, keySize)
	if err != nil { // only for lengths beyond 8160 bytes; going on would seal with a known key
		panic(err)
	}
	return out
}

// HMAC is 32 bytes that only the holder of the key can compute for this purpose and these parts. The parts are
// framed: ("ab","c") and ("a","bc") differ.
func (k *Key) HMAC(purpose string, parts ...string) []byte {
	mac := hmac.New(sha256.New, k.derive("hmac", purpose))
	for _, p := range parts {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}

// Seal encrypts a field (a TOTP secret, a draft). The purpose must be given again to open it; put the row's id in
// it ("totp:"+id) where a sealed field must not be moved to another row.
func (k *Key) Seal(purpose string, data []byte) ([]byte, error) {
	aead, err := k.aead(purpose)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 1+aead.NonceSize(), 1+aead.NonceSize()+len(data)+aead.Overhead())
	out[0] = sealedV1
	rand.Read(out[1:])
	return aead.Seal(out, out[1:], data, []byte(purpose)), nil
}

// Open decrypts what Seal made, or returns ErrSealed.
func (k *Key) Open(purpose string, sealed []byte) ([]byte, error) {
	aead, err := k.aead(purpose)
	if err != nil {
		return nil, err
	}
	if len(sealed) < 1+aead.NonceSize()+aead.Overhead() || sealed[0] != sealedV1 {
		return nil, ErrSealed
	}
	nonce, box := sealed[1:1+aead.NonceSize()], sealed[1+aead.NonceSize():]
	data, err := aead.Open(nil, nonce, box, []byte(purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return data, nil
}

func (k *Key) aead(purpose string) (cipher.AEAD, error) {
	aead, err := chacha20poly1305.NewX(k.derive("seal", purpose))
	if err != nil {
		return nil, fmt.Errorf("cipher for %s: %w", purpose, err)
	}
	return aead, nil
}
