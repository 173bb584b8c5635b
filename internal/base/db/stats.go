package db

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// Stats tells what a DB did since it was opened.
type Stats struct {
	Writes  int64 // closures run
	Batches int64 // commits; Writes / Batches is what group commit gains
	Slow    int64 // closures over 100 ms, each of which made others wait
	Retries int64 // closures run again after a conflict (PostgreSQL)
}

type counters struct{ writes, batches, slow, retries atomic.Int64 }

// Stats returns the counts so far.
func (d *DB) Stats() Stats {
	c := &d.stats
	return Stats{Writes: c.writes.Load(), Batches: c.batches.Load(), Slow: c.slow.Load(), Retries: c.retries.Load()}
}

func (c *counters) closure(log *slog.Logger, took time.Duration) {
	c.writes.Add(1)
	if took > slowClosure {
		c.slow.Add(1)
		log.Warn("slow write closure", "took", took)
	}
}
