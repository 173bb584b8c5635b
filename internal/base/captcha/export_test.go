package captcha

import (
	"math/rand/v2"
	"strconv"

	"parvis/internal/base/crypt"
)

// Prove is what the script computes.
func Prove(work string) string {
	for n := 0; ; n++ {
		if nonce := strconv.Itoa(n); leadingZeros(work+":"+nonce) >= workBits {
			return nonce
		}
	}
}

// Sound is the sound of some digits.
func Sound(seed uint64, digits string) []byte { return sound(rand.New(rand.NewPCG(seed, 7)), digits) }

var testKey = crypt.NewKey()
