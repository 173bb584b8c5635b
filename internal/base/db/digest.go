package db

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// Digest sums up every row of every table but goose's, on one snapshot. The same data gives the same value on
// both engines and in whatever order the rows lie. It detects accidents, not forgery.
func Digest(ctx context.Context, d *DB) (string, error) {
	return Read(ctx, d, func(r Reader) (string, error) {
		all, err := tables(r, d.engine)
		if err != nil {
			return "", err
		}
		whole := sha256.New()
		for _, t := range all {
			var sum rowSum
			if err := eachRow(r, t, func(line []byte) error { sum.add(line); return nil }); err != nil {
				return "", err
			}
			fmt.Fprintf(whole, "%s (%s) %d %x\n", t.Name, columnList(t.Columns), sum.rows, sum.words)
		}
		return hex.EncodeToString(whole.Sum(nil)), nil
	})
}

// rowSum adds the rows' hashes as 256-bit numbers, so that their order does not matter.
type rowSum struct {
	rows  int64
	words [4]uint64
}

func (s *rowSum) add(line []byte) {
	s.rows++
	h := sha256.Sum256(line)
	var carry uint64
	for i := range s.words {
		s.words[i], carry = bits.Add64(s.words[i], binary.LittleEndian.Uint64(h[8*i:]), carry)
	}
}
