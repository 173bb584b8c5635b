package booking_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person/persontest"

	"golang.org/x/sys/unix"
)

// counting counts the statements of an order, by what each does.
func (w *world) counting(t testing.TB, now time.Time, c client, o booking.Order) (booking.Outcome, []string) {
	t.Helper()
	var all []string
	ctx := db.TraceQueries(context.Background(), func(query string, _ []any) {
		words := strings.Fields(query)
		all = append(all, strings.Join(words[:min(5, len(words))], " "))
	})
	out, err := db.Write(ctx, w.d, func(tx *db.Tx) (booking.Outcome, error) { return booking.Apply(tx, now, c.Actor, w.cat, o) })
	if err != nil {
		t.Fatal(err)
	}
	return out, all
}

// forty is forty lines of one child: four activities over ten days.
func (w *world) forty(child family.ChildID, names []string) (all []booking.Wish) {
	for _, name := range names {
		for i := range 10 {
			all = append(all, w.wish(child, name, w.days.From.AddDays(i+i/5*2), w.only(name)))
		}
	}
	return all
}

// openFor adds activities without limit that all children are enrolled in.
func (w *world) openFor(t testing.TB, n int) (names []string) {
	t.Helper()
	for i := range n {
		names = append(names, fmt.Sprint("Atelier ", i))
		w.add(t, activitytest.Plan{Name: names[i], Units: []activity.Unit{{Weekdays: workdays(), From: 690, To: 800, Alone: true}}})
	}
	cat, err := db.Read(context.Background(), w.d, w.read)
	if err != nil {
		t.Fatal(err)
	}
	w.cat = cat
	return names
}

func TestStatementsOfAnOrderDoNotGrow(t *testing.T) {
	w := newWorld(t, quickly(t, "sqlite"))
	names := w.openFor(t, 4)
	now, camille := persontest.Now(), client{Actor: as(w.Camille, "Camille"), Child: w.Ines}
	lines := w.forty(w.Ines, names)
	out, one := w.counting(t, now, camille, booking.Order{Wishes: lines[:1]})
	if out.Done() != 1 || len(one) > 10 {
		t.Errorf("one day: %d done in %d statements, want at most 10: %v", out.Done(), len(one), one)
	}
	out, forty := w.counting(t, now, camille, booking.Order{Wishes: lines[1:]})
	if out.Done() != 39 || len(forty) != len(one) {
		t.Errorf("39 lines: %d done in %d statements, want as many as for one, %d: %v", out.Done(), len(forty), len(one), forty)
	}
	lines[0].Want, lines[0].Seen = "", booking.Token("booked."+string(lines[0].Want))
	out, cancel := w.counting(t, now, camille, booking.Order{Wishes: lines[:1]})
	if out.Done() != 1 || len(cancel) > len(one) {
		t.Errorf("cancelling a day: %d done in %d statements: %v", out.Done(), len(cancel), cancel)
	}
	t.Logf("statements: one day %d, 39 lines %d, cancelling %d: %s", len(one), len(forty), len(cancel), strings.Join(one, " · "))
}

// orders sends one-day orders of the crowd from as many goroutines as it has, and returns how many a second and how long
// each took.
func (w *world) orders(b *testing.B, crowd []client, name string, n, at int) (float64, []time.Duration) {
	b.Helper()
	w.exec(b, `update slot set taken = 0`)
	w.exec(b, `delete from booking`)
	var days []civil.Date
	for i := range 10 {
		days = append(days, w.days.From.AddDays(i+i/5*2))
	}
	now, took := persontest.Now(), make([]time.Duration, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range at {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				c := crowd[i%len(crowd)]
				began := time.Now()
				out, err := w.apply(now, c.Actor, booking.Order{Wishes: []booking.Wish{w.wish(c.Child, name, days[i/len(crowd)], w.only(name))}})
				if took[i] = time.Since(began); err != nil || out.Done() != 1 {
					b.Errorf("order %d: %+v, %v", i, out, err)
					return
				}
			}
		})
	}
	wg.Wait()
	rate := float64(n) / time.Since(start).Seconds()
	slices.Sort(took)
	return rate, took
}

// syncs appends a page and syncs it, and returns how many a second.
func syncs(b *testing.B, n int) float64 {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	start := time.Now()
	for range n {
		if _, err := f.Write(page); err != nil {
			b.Fatal(err)
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
	}
	return float64(n) / time.Since(start).Seconds()
}

// BenchmarkBookings prints, of one run: one-day orders a second of 64 families at once, their ratio to one commit each
// (one family after another) and to the disk's own syncs a second, how long an order takes, and forty lines at once.
func BenchmarkBookings(b *testing.B) {
	w := newWorld(b, quickly(b, "sqlite"))
	names := w.openFor(b, 4)
	crowd := w.crowd(b, 256, names[0])
	w.orders(b, crowd, names[0], 200, 64) // prepares the statements
	for b.Loop() {
		before := w.d.Stats()
		grouped, took := w.orders(b, crowd, names[0], 2000, 64)
		after := w.d.Stats()
		single, alone := w.orders(b, crowd, names[0], 600, 1)
		b.ReportMetric(grouped, "bookings/s")
		b.ReportMetric(grouped/single, "÷one-commit-each")
		b.ReportMetric(grouped/syncs(b, 2000), "÷fdatasync")
		b.ReportMetric(float64(after.Writes-before.Writes)/float64(after.Batches-before.Batches), "orders/commit")
		b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
		b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
		b.ReportMetric(ms(alone[len(alone)/2]), "alone-p50-ms")
		w.exec(b, `delete from booking`)
		start := time.Now()
		if out, err := w.apply(persontest.Now(), as(w.Camille, "Camille"), booking.Order{Wishes: w.forty(w.Ines, names)}); err != nil || out.Done() != 40 {
			b.Fatalf("forty lines: %d done, %v", out.Done(), err)
		}
		b.ReportMetric(ms(time.Since(start)), "40-lines-ms")
	}
	b.ReportMetric(0, "ns/op")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
