package civil

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Instant is a moment in microseconds since 1970 UTC; 0 means "never" and is null in SQL.
type Instant int64

// InstantOf rounds t down to the microsecond; the zero time gives 0.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMicro())
}

// IsZero tells the absence of a moment.
func (i Instant) IsZero() bool { return i == 0 }

// In is the moment in a zone.
func (i Instant) In(loc *time.Location) time.Time { return time.UnixMicro(int64(i)).In(loc) }

// Add moves the moment.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d/time.Microsecond) }

// Value stores microseconds, null when zero.
func (i Instant) Value() (driver.Value, error) {
	if i == 0 {
		return nil, nil
	}
	return int64(i), nil
}

// Scan reads microseconds, or null.
func (i *Instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i = 0
	case int64:
		*i = Instant(v)
	default:
		return fmt.Errorf("instant from %T", src)
	}
	return nil
}
