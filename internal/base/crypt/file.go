package crypt

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

const stanzaType = "parvis-key-1"

// SealFile returns a writer that encrypts to dst in the age format; closing it ends the file and does not close
// dst. A file cut short or altered is detected when read.
func (k *Key) SealFile(purpose string, dst io.Writer) (io.WriteCloser, error) {
	return age.Encrypt(dst, wrapper{k, purpose})
}

// OpenFile returns a reader of what SealFile wrote. It gives ErrSealed at once for another key or purpose, and an
// error on the way for a file altered or cut further down: use nothing of it before the end was reached.
func (k *Key) OpenFile(purpose string, src io.Reader) (io.Reader, error) {
	r, err := age.Decrypt(src, wrapper{k, purpose})
	var other *age.NoIdentityMatchError
	if errors.As(err, &other) {
		return nil, ErrSealed
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return r, nil
}

// wrapper seals the file's own key, which age makes afresh for each file, with the key of a purpose.
type wrapper struct {
	key     *Key
	purpose string
}

// Wrap makes age's header stanza.
func (w wrapper) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	body, err := w.key.Seal("file/"+w.purpose, fileKey)
	if err != nil {
		return nil, err
	}
	return []*age.Stanza{{Type: stanzaType, Body: body}}, nil
}

// Unwrap finds and opens the stanza.
func (w wrapper) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type != stanzaType {
			continue
		}
		if fileKey, err := w.key.Open("file/"+w.purpose, s.Body); err == nil {
			return fileKey, nil
		}
	}
	return nil, age.ErrIncorrectIdentity
}

// OwnerKey encrypts the files of one owner (a family, a person). It is stored wrapped by the town's key; once the
// wrapped form is deleted, the owner's files are unreadable wherever a copy of them remains.
type OwnerKey struct {
	key   *Key
	owner string
}

// NewOwnerKey makes the key of an owner, and its wrapped form to be stored.
func (k *Key) NewOwnerKey(owner string) (key *OwnerKey, wrapped []byte, err error) {
	secret := make([]byte, keySize)
	rand.Read(secret)
	wrapped, err = k.Seal("owner/"+owner, secret)
	if err != nil {
		return nil, nil, err
	}
	o := &OwnerKey{key: &Key{}, owner: owner}
	copy(o.key.master[:], secret)
	return o, wrapped, nil
}

// OpenOwnerKey unwraps an owner's key; another owner's does not open.
func (k *Key) OpenOwnerKey(owner string, wrapped []byte) (*OwnerKey, error) {
	secret, err := k.Open("owner/"+owner, wrapped)
	if err != nil {
		return nil, fmt.Errorf("key of owner %s: %w", owner, err)
	}
	o := &OwnerKey{key: &Key{}, owner: owner}
	copy(o.key.master[:], secret)
	return o, nil
}

// SealFile is Key.SealFile with the owner's key.
func (o *OwnerKey) SealFile(dst io.Writer) (io.WriteCloser, error) {
	return o.key.SealFile("owner", dst)
}

// OpenFile is Key.OpenFile with the owner's key.
func (o *OwnerKey) OpenFile(src io.Reader) (io.Reader, error) { return o.key.OpenFile("owner", src) }

// SealBytes seals a short file held in memory.
func (o *OwnerKey) SealBytes(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := o.SealFile(&out)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
