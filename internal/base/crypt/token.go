package crypt

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// NewToken makes the secret of a link or a cookie (192 bits) and the hash under which it is stored: a stolen
// database opens no link.
func NewToken() (clear, hash string) {
	raw := make([]byte, 24)
	rand.Read(raw)
	clear = base64.RawURLEncoding.EncodeToString(raw)
	return clear, HashToken(clear)
}

// HashToken is the stored form of a token. Look a token up by its hash: no secret is compared byte by byte.
func HashToken(clear string) string {
	sum := sha256.Sum256([]byte(clear))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// readable has no 0, 1, I or O: a code is read aloud, copied from paper and typed on a phone.
const readable = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// ProvisionalPassword is the first password of an activation: 10 characters, 50 bits, the same each time it is
// asked for, so that nothing clear is stored and a mail sent again says the same.
func ProvisionalPassword(key *Key, activationID string) string {
	mac := key.HMAC("provisional-password", activationID)
	var b strings.Builder
	for _, c := range mac[:10] {
		b.WriteByte(readable[c&31])
	}
	return b.String()
}

// NormalProvisional undoes what people do when they type a provisional password: spaces, dashes, small letters,
// and the four characters it never has, typed for the ones they look like.
func NormalProvisional(typed string) string {
	drop := func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '\u00a0' || r == '\u202f' || r == '\t':
			return -1
		case r == '1' || r == 'I':
			return 'L'
		case r == '0' || r == 'O':
			return 'Q'
		}
		return r
	}
	return strings.Map(drop, strings.ToUpper(strings.TrimSpace(typed)))
}
