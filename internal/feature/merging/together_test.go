package merging_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/family"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/person"
)

// TestTwoAgentsMergeTheSamePair, one from each side: one does it, the other is told who did.
func TestTwoAgentsMergeTheSamePair(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		for round := range 4 {
			keep, gone := h.jeremyAgain(h.homes.First), h.jeremyAgain(h.homes.First)
			seen := [2]string{h.preview(children(keep, gone)).Seen(), h.preview(children(gone, keep)).Seen()}
			var wait sync.WaitGroup
			errs := make([]error, 4)
			for i := range errs {
				wait.Go(func() {
					u := children(keep, gone)
					if i%2 == 1 {
						u = children(gone, keep)
					}
					_, errs[i] = h.try(h.agent, u, merging.Confirmation{Seen: seen[i%2], Read: true})
				})
			}
			wait.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				} else {
					refused(t, err, fault.Conflict, "Nadia Rahmani a déjà réuni Jeremy Martin Nguyen")
				}
			}
			if n := h.count(`select count(*) from merge`); won != 1 || n != int64(round+1) {
				t.Errorf("%d won, %d merges", won, n)
			}
		}
	})
}

// TestBookingsMadeDuringTheMerging are all kept: moved with the others, or told to try again.
func TestBookingsMadeDuringTheMerging(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone := h.homes.Jeremy, h.jeremyAgain(h.homes.First)
		seen := h.preview(children(keep, gone)).Seen()
		booked := make([]bool, 40)
		var wait sync.WaitGroup
		for i := range booked {
			wait.Go(func() {
				booked[i] = db.Do(context.Background(), h.d, func(tx *db.Tx) error {
					_, err := tx.Exec(`insert into booking (id, child, unit, day, family, state, made_at) values ($1, $2, 'repas', $3, $4, 'booked', 1)`,
						db.NewID(), string(gone), fmt.Sprintf("2027-03-%02d", i%28+1+i/28), string(h.homes.First))
					return err
				}) == nil
			})
		}
		var merged error
		wait.Go(func() {
			for range 60 {
				_, merged = h.try(h.agent, children(keep, gone), merging.Confirmation{Seen: seen, Read: true})
				if fault.KindOf(merged) == fault.Conflict { // something was booked since it was read: the agent reads again
					out, err := h.tryPreview(h.agent, children(keep, gone))
					if err == nil {
						seen = out.Seen()
					}
					continue
				}
				return
			}
		})
		wait.Wait()
		if merged != nil {
			t.Fatal(merged)
		}
		n := 0
		for _, ok := range booked {
			if ok {
				n++
			}
		}
		if got := h.count(`select count(*) from booking where child = $1`, string(keep)); got != int64(n) {
			t.Errorf("%d bookings acknowledged, %d kept", n, got)
		}
	})
}

// TestTwoUndoAtOnce: one undoes, the other is told so.
func TestTwoUndoAtOnce(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone := h.full()
		id := h.merge(children(keep, gone))
		errs := make([]error, 3)
		var wait sync.WaitGroup
		for i := range errs {
			wait.Go(func() { _, errs[i] = h.tryUndo(h.agent, id) })
		}
		wait.Wait()
		done := slices.DeleteFunc(errs, func(err error) bool { return err != nil && strings.Contains(fault.SentenceOf(err), "déjà défaite") })
		if len(done) != 1 || done[0] != nil {
			t.Errorf("undone %d times: %v", len(done), done)
		}
	})
}

func TestPurgeForgetsAfterAYear(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		h.exec(`update person set photo = 'image', photo_at = 1 where id = $1`, string(h.homes.Jeremy))
		keep, gone := h.jeremyAgain(h.homes.First), h.homes.Jeremy
		u := children(keep, gone)
		u.Taken = map[string]bool{"photo": false}
		id := h.merge(u)
		used, err := db.Read(context.Background(), h.d, merging.PhotosInUse)
		if err != nil || !used["image"] {
			t.Errorf("the photo of who went would be swept: %v %v", used, err)
		}
		purge := func() (n int64) {
			h.write(func(tx *db.Tx) (err error) { n, err = merging.Purge(tx, h.now); return err })
			return n
		}
		if n := purge(); n != 0 {
			t.Errorf("forgot %d at once", n)
		}
		h.now = h.now.AddDate(1, 0, 1)
		if n := purge(); n != 1 || h.count(`select count(*) from merge_row`) != 0 {
			t.Errorf("forgot %d", n)
		}
		_, err = h.tryUndo(h.agent, id)
		refused(t, err, fault.Refused, "plus d’un an")
	})
}

// TestMergedFamilyIsFoundNoMore: the one that went is no more, and nobody merges it again.
func TestMergedFamilyIsFoundNoMore(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		keep, gone, _ := h.double()
		h.merge(homes(keep, gone))
		_, err := db.Read(context.Background(), h.d, func(r db.Reader) (string, error) { return family.Situation(r, gone) })
		refused(t, err, fault.NotFound, "")
		if _, err := h.tryPreview(h.agent, homes(keep, gone)); fault.KindOf(err) != fault.Conflict {
			t.Errorf("merged again: %v", err)
		}
		if _, err := h.tryPreview(h.agent, person.Union{Of: person.OneHome, Keep: string(keep), Gone: "inconnue"}); err == nil {
			t.Errorf("an unknown family: %v", err)
		}
	})
}
