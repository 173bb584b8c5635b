package app_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"

	"github.com/PuerkitoBio/goquery"
)

// maxStops is the most that somebody without a mouse passes on the month of one child, the week of today open.
const maxStops = 45

// TestTheKeyboardWalkOfAMonthIsShort counts what the tabulation key stops at on the month of a child with four activities,
// on a desk: what only phones show left out. It finds the link past each week.
func TestTheKeyboardWalkOfAMonthIsShort(t *testing.T) {
	l := openLoadTown(t, "")
	home := l.add(1, func(int) int { return 3 })[0]
	acts := l.offer()
	l.do(func(tx *db.Tx, _ actor.Actor) error {
		if _, err := tx.Exec(`delete from enrolment where activity in ($1, $2, $3)`, string(acts[0]), string(l.acts[0]), string(l.acts[1])); err != nil {
			return err
		}
		_, err := tx.Exec(`delete from booking where slot is null`) // of the old portal
		return err
	})
	for _, query := range []string{"", "?mois=2026-12", "?semaine=2026-12-07"} {
		page, _ := l.page("/espace/enfants/"+string(home.kids[0])+"/agenda"+query, l.session(home))
		zr, err := gzip.NewReader(bytes.NewReader(page.Body.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := goquery.NewDocumentFromReader(zr)
		if err != nil {
			t.Fatal(err)
		}
		weeks := doc.Find("details.agenda-week")
		for _, week := range weeks.EachIter() {
			first := week.Children().Eq(1)
			if to := first.AttrOr("href", ""); !first.Is("a.skip-week") || to == "" || doc.Find(to).Length() != 1 {
				t.Errorf("%s: no link past %s", query, week.AttrOr("id", ""))
			}
		}
		boxes := doc.Find(".agenda-week[open] input[type=checkbox], .agenda-week[open] select").Length()
		doc.Find("details:not([open])").Children().Not("summary").Remove()
		doc.Find(".menu, .bottom, .wide-only").Remove()
		stops := doc.Find("a[href], button:not([hidden]), input:not([type=hidden]), select, textarea, summary").Length()
		t.Logf("%q: %d stops, %d of them boxes of the open week, %d weeks", query, stops, boxes, weeks.Length())
		if stops > maxStops || query != "" && boxes < 13 {
			t.Errorf("%q: %d stops, want at most %d; %d boxes", query, stops, maxStops, boxes)
		}
	}
}
