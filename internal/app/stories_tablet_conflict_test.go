package app_test

import (
	"context"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/attendance"
	"parvis/internal/testkit"
)

// TestTabletShowsWhatWasNotTaken: marks tapped without a network meet an agent's correction and a place closed meanwhile.
// The correction stays and the tablet says so; what was refused is listed, with why, until somebody has read it.
func TestTabletShowsWhatWasNotTaken(t *testing.T) {
	h := openHouse(t, "", nil)
	r, g := h.newRoom(3), newGate(h)
	_, token := h.pairTablet(string(r.site), "4827")
	b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 800})
	b.SetCookie(g.URL, aTablet, token)
	b.Go(g.URL + "/tablette")
	b.Click(".t-groups a")
	b.WaitFor(`document.getElementById("tablette").dataset.kept === "true" && document.querySelectorAll("[data-child]").length === 3`)
	cut := func(on bool) {
		g.cut.Store(on)
		g.CloseClientConnections()
	}
	tap := func(i int, act string) { t.Helper(); b.Click(`[data-key="` + string(r.children[i]) + act + `"]`) }
	today := civil.DateOf(h.Now())

	cut(true)
	tap(0, "present")
	tap(1, "absent")
	b.WaitFor(`document.querySelector("[data-waiting='2']")`)
	cat, err := h.Activities.Get(context.Background(), h.Now())
	if err != nil {
		t.Fatal(err)
	}
	leader := actor.Actor{Kind: actor.Agent, Second: true, Account: "agent", Rights: map[actor.Right][]string{attendance.Write: {actor.AllServices}}}
	h.do(func(tx *db.Tx, _ actor.Actor) error {
		return attendance.Correct(tx, h.Now(), leader, cat, attendance.Mend{Key: attendance.Key{Child: r.children[1], Unit: activity.UnitID(r.unit), Day: today}, Kind: attendance.Present, Reason: "Vu à table"})
	})
	cut(false)
	b.ClickText("Envoyer maintenant")
	b.WaitFor(`document.querySelector("[data-waiting='0'][data-offline=false]")`)
	b.Click(`[data-key="tab-presents"]`)
	if text := b.Text(`[data-child="` + string(r.children[1]) + `"]`); !contains(text, "Corrigé par un agent") {
		t.Errorf("the corrected child: %s", text)
	}
	if state := h.text(`select state from attendance where child = $1 and unit = $2 and day = $3`, string(r.children[1]), string(r.unit), today); state != "present" {
		t.Errorf("the agent corrected, and the server says %s", state)
	}

	cut(true)
	b.Click(`[data-key="tab-attendus"]`)
	tap(2, "present")
	b.WaitFor(`document.querySelector("[data-waiting='1']")`)
	h.do(func(tx *db.Tx, _ actor.Actor) error {
		_, err := tx.Exec(`insert into slot (id, unit, site, day, state, reason) values ('clos', $1, $2, $3, 'closed', 'grève')`, string(r.unit), string(r.site), today)
		return err
	})
	cut(false)
	b.ClickText("Envoyer maintenant")
	b.WaitFor(`document.querySelector("[data-refused='1']") && document.querySelector("[data-waiting='0']")`)
	for range 2 { // also once the page is opened again
		if text := b.Text(".t-no"); !contains(text, "Conflits") || !contains(text, "Enfant02 Dupré, présent") || !contains(text, "grève") {
			t.Errorf("the conflict: %s", text)
		}
		if state := h.count(`select count(*) from attendance_mark where child = $1`, string(r.children[2])); state != 0 {
			t.Errorf("a place that is closed was marked %d times", state)
		}
		b.Go(b.URL())
		b.WaitFor(`document.querySelector("[data-refused='1']")`)
	}
	for _, v := range b.Axe() {
		t.Errorf("axe: %+v", v)
	}
	b.Click(`[data-key="lu"]`)
	b.WaitFor(`!document.querySelector("[data-refused]")`)
	b.Go(b.URL())
	b.WaitFor(`document.querySelector("[data-offline=false]")`)
	if b.Has("[data-refused]") || contains(testkit.Eval[string](b, stored), `"no":`) {
		t.Error("what was read is listed again")
	}
}
