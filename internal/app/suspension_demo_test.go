package app_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/suspension"
)

// The demonstration books its Wednesdays part by part, as the old portal did: a strike takes them all, tells each family
// once, and its end gives them all back.
func TestAStrikeOnTheWednesdaysOfTheDemonstration(t *testing.T) {
	h := openHouse(t, "", nil)
	wednesdays := h.text(`select id from activity where name = 'Mercredi'`)
	day, err := db.Read(t.Context(), h.DB, func(r db.Reader) (civil.Date, error) {
		return db.One(r, "day", db.Column[civil.Date], `select b.day from booking b join unit u on u.id = b.unit where u.activity = $1 and b.state = 'booked' and b.day > $2 group by b.day order by count(*) desc, b.day limit 1`,
			wednesdays, civil.DateOf(h.Now()).AddDays(14))
	})
	if err != nil {
		t.Fatal(err)
	}
	of := `select count(*) from booking b join unit u on u.id = b.unit where u.activity = $1 and b.day = $2 and b.state = 'booked'`
	parts := h.count(of, wednesdays, day)
	if n := h.count(of+` and b.choice is null`, wednesdays, day); n < 20 {
		t.Fatalf("only %d of %d rows are booked part by part", n, parts)
	}
	by := actor.Actor{Kind: actor.Agent, Second: true, Rights: map[actor.Right][]string{suspension.Write: {h.text(`select service from activity where id = $1`, wednesdays)}}}
	var id suspension.ID
	h.do(func(tx *db.Tx, _ actor.Actor) error {
		cat, err := h.Activities.In(tx, h.Now())
		if err != nil {
			return err
		}
		id, err = suspension.Suspend(tx, h.Now(), by, cat, suspension.Asked{Activities: []activity.ID{activity.ID(wednesdays)}, Days: civil.Range{From: day, To: day}, Reason: "Grève du personnel"})
		return err
	})
	until := func(state string) {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); h.text(`select state from suspension where id = $1`, string(id)) != state; <-time.After(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("not %s after two minutes", state)
			}
		}
	}
	until("closed")
	if n := h.count(of, wednesdays, day); n != 0 {
		t.Errorf("%d of %d rows are still booked", n, parts)
	}
	families := h.count(`select count(distinct l.family) from suspension_order o join booking_line l on l.reference = o.reference where o.suspension = $1`, string(id))
	if families < 10 || h.count(`select left_days from suspension where id = $1`, string(id)) != 0 {
		t.Errorf("%d families, %d days left", families, h.count(`select left_days from suspension where id = $1`, string(id)))
	}
	page := h.page("agent instruction", suspension.Path+"/"+string(id))
	children := h.count(`select count(distinct l.child) from suspension_order o join booking_line l on l.reference = o.reference where o.suspension = $1`, string(id))
	if !strings.Contains(page, "Voir les enfants ("+strconv.FormatInt(children, 10)+")") || strings.Contains(page, "Aucune famille") {
		t.Errorf("%d children: the page: %s", children, page)
	}
	h.do(func(tx *db.Tx, _ actor.Actor) error { return suspension.Reopen(tx, h.Now(), by, id) })
	until("reopened")
	if n := h.count(of, wednesdays, day); n != parts {
		t.Errorf("%d rows came back of %d", n, parts)
	}
}

// page is what a role reads at an address.
func (h *house) page(role, path string) string {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, h.URL+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: h.token(h.way(role).Username)})
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		h.t.Fatalf("%s: %d, %v", path, answer.StatusCode, err)
	}
	return string(body)
}
