package crypt

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// The cost of one hash. Raising it makes VerifyPassword report rehash for the older ones.
const (
	argonTime    = 2
	argonMemory  = 19456 // KiB
	argonThreads = 1
	argonSalt    = 16
	argonSum     = 32
	maxMemory    = 1 << 20 // KiB; a stored hash asking for more is damaged
)

// slots bounds the hashes under way to one per core: more would only swap memory, and each takes 19 MiB.
var slots = make(chan struct{}, runtime.GOMAXPROCS(0))

func hashing(ctx context.Context, work func()) error {
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
	defer func() { <-slots }()
	if err := ctx.Err(); err != nil { // both were ready and the slot won: do not work for nobody
		return fmt.Errorf("wait to hash a password: %w", err)
	}
	work()
	return nil
}

// HashPassword makes the stored form of a password ("$argon2id$…"). It takes about 40 ms and may wait for its
// turn until ctx ends: call it before the write, never inside.
func HashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	p := phc{time: argonTime, memory: argonMemory, threads: argonThreads, salt: salt}
	if err := hashing(ctx, func() { p.sum = p.compute(password, argonSum) }); err != nil {
		return "", err
	}
	return p.String(), nil
}

// VerifyPassword tells whether the password is the one of the hash, and whether the hash should be made again
// because its cost is not today's. A hash that cannot be read is an error, not a wrong password.
func VerifyPassword(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	p, err := parsePHC(hash)
	if err != nil {
		return false, false, err
	}
	var sum []byte
	if err := hashing(ctx, func() { sum = p.compute(password, len(p.sum)) }); err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(sum, p.sum) == 1
	return ok, ok && p.outdated(), nil
}

// DummyVerify does the work of VerifyPassword for a name that does not exist, so that the delay tells nothing.
func DummyVerify(ctx context.Context) error {
	p := phc{time: argonTime, memory: argonMemory, threads: argonThreads, salt: make([]byte, argonSalt)}
	return hashing(ctx, func() { p.compute("unknown", argonSum) })
}

type phc struct {
	time, memory uint32
	threads      uint8
	salt, sum    []byte
}

// compute hashes the composed form of the text: a phone and a computer may send an é in two ways.
func (p phc) compute(password string, size int) []byte {
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), p.salt, p.time, p.memory, p.threads, uint32(size))
}

func (p phc) outdated() bool {
	return p.time != argonTime || p.memory != argonMemory || p.threads != argonThreads ||
		len(p.salt) != argonSalt || len(p.sum) != argonSum
}

// String is the PHC string.
func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		b64.EncodeToString(p.salt), b64.EncodeToString(p.sum))
}

var errHash = errors.New("stored password hash is damaged")

func parsePHC(s string) (p phc, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, errHash
	}
	if p.time < 1 || p.time > 64 || p.memory < 8 || p.memory > maxMemory || p.threads < 1 {
		return p, errHash
	}
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(p.salt) < 8 {
		return p, errHash
	}
	if p.sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(p.sum) < 16 || len(p.sum) > 128 {
		return p, errHash
	}
	return p, nil
}
