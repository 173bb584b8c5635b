package booking_test

import (
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// TestCellsSayWhatTheirBoxWillDo: in a real browser, each word moves with its box, the foot counts, and a moment that
// passes while the page is open is told; on the way back from the check page, what differs from what is saved is said.
func TestCellsSayWhatTheirBoxWillDo(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		monday := civil.NewDate(2027, 1, 18)
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: civil.Range{From: monday, To: monday.AddDays(4)},
			Policy: policyOf(activity.AfterSurcharge, rule(activity.Book, 1, activity.Days, 540), rule(activity.Cancel, 2, activity.Days, 540))})
		zone := persontest.Now().Location()
		now := time.Date(2027, 1, 13, 10, 0, 0, 0, zone)
		var moment atomic.Pointer[time.Time] // the pages' clock
		moment.Store(&now)
		if _, err := o.Apply(t, now, as(o.Camille, ""), booking.Order{Wishes: []booking.Wish{o.Wish(o.Jeremy, monday, o.Only())}}); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(nil)
		base := url.URL{Scheme: "http", Host: server.Listener.Addr().String()}
		clock := func() time.Time { return *moment.Load() }
		p := testkit.NewPortal(t, d, now, func(c *web.Config) { c.BaseURL = &base })
		booking.Pages{DB: d, Now: clock, Settings: &town.Cache{DB: d}, Catalogue: &activity.Cache{DB: d}}.Citizen(p.Router)
		camille := p.As(as(o.Camille, "Camille Martin"))
		server.Config.Handler = p.Router.Handler()
		server.Start()
		t.Cleanup(server.Close)
		b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 390})
		for _, c := range camille.Cookies() {
			b.SetCookie(base.String(), c.Name, c.Value)
		}
		b.Go(base.String() + "/espace/enfants/" + string(o.Jeremy) + "/agenda?semaine=" + monday.String())
		word := func(day int) string {
			return testkit.Eval[string](b, `[...document.querySelectorAll("form .agenda-box .tag > span")].map((s) => s.textContent)[`+strconv.Itoa(day)+`]`)
		}
		tick := func(day int) {
			testkit.Eval[bool](b, `(document.querySelectorAll("form .agenda-box input")[`+strconv.Itoa(day)+`].click(), true)`)
		}
		foot := func(want string) {
			t.Helper()
			if got := b.Text("[data-changes]"); got != want {
				t.Errorf("foot: %q, want %q", got, want)
			}
		}
		say := func(want ...string) {
			t.Helper()
			for i, w := range want {
				if got := word(i); got != w {
					t.Errorf("day %d says %q, want %q", i, got, w)
				}
			}
		}
		say("Réservé", "Non réservé")
		tick(0)
		tick(1)
		say("Sera annulé", "Sera réservé", "Non réservé")
		foot("2 changements")
		if got := b.Axe(); len(got) > 0 {
			t.Errorf("axe: %v", got)
		}
		b.ClickText("Vérifier les changements")
		b.ClickText("Modifier")
		say("Sera annulé", "Sera réservé", "Non réservé")
		foot("2 changements")
		tick(0)
		tick(1)
		say("Réservé", "Non réservé")
		foot("Aucun changement")
		tick(1)

		later := time.Date(2027, 1, 18, 9, 0, 58, 0, zone)
		moment.Store(&later) // Tuesday may be booked for two seconds more
		b.Go(base.String() + "/espace/enfants/" + string(o.Jeremy) + "/agenda?semaine=" + monday.String())
		at := testkit.Eval[int](b, `[...document.querySelectorAll("form .agenda-box input")].findIndex((i) => i.dataset.left && +i.dataset.left < 10)`)
		if at < 0 {
			t.Fatalf("no moment near: %s", b.Text("main"))
		}
		b.WaitFor(`document.querySelector(".bar-words").textContent.includes("Un délai vient de passer")`)
		if got := word(at); got != "Hors délai" {
			t.Errorf("once the moment is past: %q", got)
		}
		if got := b.Problems(); len(got) > 0 {
			t.Errorf("console: %s", strings.Join(got, "; "))
		}
	})
}
