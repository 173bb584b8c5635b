package db_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/testkit"

	"golang.org/x/sys/unix"
)

// lean is a verb of six statements, about what a booking is.
func lean(tx *db.Tx, place string) error {
	if _, err := tx.Exec(`update place set capacity = capacity where id = $1`, place); err != nil {
		return err
	}
	for range 2 {
		if _, err := db.One(tx, "place", db.Column[int64], `select capacity from place where id = $1`, place); err != nil {
			return err
		}
	}
	id := db.NewID()
	if err := addBooking(place, id)(tx); err != nil {
		return err
	}
	return pair(id, 1)(tx)
}

// writes runs b.N lean verbs from 64 goroutines and returns how many a second.
func writes(b *testing.B, d *db.DB) float64 {
	b.Helper()
	for i := range 64 {
		mustDo(b, d, addPlace(fmt.Sprint(i), 1))
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for i := range 64 {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) {
				err := db.Do(context.Background(), d, func(tx *db.Tx) error { return lean(tx, fmt.Sprint(i)) })
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return float64(b.N) / time.Since(start).Seconds()
}

// syncs appends a page and syncs it, b.N times, and returns how many a second.
func syncs(b *testing.B) float64 {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	start := time.Now()
	for range b.N {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
	}
	return float64(b.N) / time.Since(start).Seconds()
}

// BenchmarkWrites prints, of one run: lean verbs a second grouped, their ratio to one commit each, and to the
// disk's own syncs a second.
func BenchmarkWrites(b *testing.B) {
	grouped := openFile(b, filepath.Join(b.TempDir(), "grouped.db"))
	single := openFile(b, filepath.Join(b.TempDir(), "single.db"), db.WithHooks(db.Hooks{Batch: 1}))
	b.ResetTimer()
	g, s, f := writes(b, grouped), writes(b, single), syncs(b)
	b.ReportMetric(g, "grouped/s")
	b.ReportMetric(g/s, "÷one-commit-each")
	b.ReportMetric(g/f, "÷fdatasync")
	stats := grouped.Stats()
	b.ReportMetric(float64(stats.Writes)/float64(stats.Batches), "writes/commit")
}

// BenchmarkAlone is one writer without neighbours: it must not wait for a batch to fill.
func BenchmarkAlone(b *testing.B) {
	d := openFile(b, filepath.Join(b.TempDir(), "p.db"))
	mustDo(b, d, addPlace("hall", 1))
	b.ResetTimer()
	for range b.N {
		mustDo(b, d, func(tx *db.Tx) error { return lean(tx, "hall") })
	}
}

// BenchmarkRead is one small query in its own snapshot.
func BenchmarkRead(b *testing.B) {
	for _, engine := range []struct {
		name string
		open func(testing.TB, []db.Source) *db.DB
	}{{"sqlite", testkit.SQLite}, {"postgres", testkit.Postgres}} {
		b.Run(engine.name, func(b *testing.B) {
			d := engine.open(b, notes())
			mustDo(b, d, addPlace("hall", 1))
			for b.Loop() {
				count(b, d, "place")
			}
		})
	}
}
