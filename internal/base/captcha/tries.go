package captcha

import (
	"fmt"
	"net/netip"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
)

// Try counts a guess at something typed on a public form, by the network address it comes from, before it is compared:
// wait above zero refuses it, when the hour has had most of them. Call it in a transaction of its own, so that a wrong
// guess does not undo its count.
func (c Check) Try(tx *db.Tx, purpose string, from netip.Addr, most int64) (wait time.Duration, err error) {
	if c.Limits.Lifted {
		return 0, nil
	}
	key, now := c.tryKey(purpose, from), civil.InstantOf(c.Now())
	if err := lockCounts(tx, key); err != nil {
		return 0, err
	}
	n, err := countOf(tx, key, now, window)
	if err != nil {
		return 0, err
	}
	if wait := n.wait(most, -1, now); wait > 0 {
		return wait, nil
	}
	return 0, addCount(tx, key, 1, 0, now, window)
}

// Guessed gives a try back: it was right. Who has many codes to type is not refused for it.
func (c Check) Guessed(tx *db.Tx, purpose string, from netip.Addr) error {
	if c.Limits.Lifted {
		return nil
	}
	return addCount(tx, c.tryKey(purpose, from), -1, 0, civil.InstantOf(c.Now()), window)
}

func (c Check) tryKey(purpose string, from netip.Addr) string {
	return fmt.Sprintf("%x", c.Key.HMAC("captcha-count", "try", purpose, web.Network(from))[:16])
}
