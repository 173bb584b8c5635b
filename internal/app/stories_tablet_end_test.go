package app_test

import (
	"fmt"
	"time"

	"parvis/internal/feature/account"
	"parvis/internal/testkit"
)

// stored is all that the tablet's database holds, as text.
const stored = `new Promise((done, fail) => {
	const open = indexedDB.open("tablette");
	open.onerror = () => fail(open.error);
	open.onsuccess = () => {
		const all = [];
		const read = open.result.transaction(["kept", "marks"]);
		for (const table of ["kept", "marks"]) read.objectStore(table).getAll().onsuccess = (e) => all.push(table + JSON.stringify(e.target.result));
		read.oncomplete = () => { open.result.close(); done(all.join(" ")); };
	};
})`

// agentLeaves lets an agent who signed in on the tablet's own browser sign out while its marks wait: they stay.
func (h *house) agentLeaves(b *testkit.Browser, g *gate) {
	h.t.Helper()
	before, list := testkit.Eval[string](b, stored), b.URL()
	b.SetCookie(g.URL, account.SessionCookie, h.token(h.way("agent animation").Username))
	g.open.Store("/deconnexion")
	if got := testkit.Eval[string](b, `fetch("/deconnexion", {method: "POST", redirect: "manual"}).then((r) => r.type)`); got != "opaqueredirect" {
		h.t.Errorf("signed out: %s", got)
	}
	g.open.Store("")
	b.Go(list) // without the network again
	b.WaitFor(`document.getElementById("tablette").dataset.ready === "true" && document.querySelector("[data-offline=true]")`)
	if after := testkit.Eval[string](b, stored); after != before {
		h.t.Errorf("an agent who signs out takes what the tablet keeps: %d bytes before, %d after", len(before), len(after))
	}
}

// dayEnds leaves the tablet open and without a network until its day is over: no name stays in it or on its screen, what was
// tapped and not sent does, and is sent once the network is back.
func (h *house) dayEnds(b *testkit.Browser, g *gate, list string) {
	h.t.Helper()
	g.cut.Store(true)
	g.CloseClientConnections()
	b.Click(`[data-key="tab-presents"]`)
	b.Click(".t-acts .t-main") // one more has left
	b.WaitFor(`document.querySelector("[data-waiting='1'][data-offline=true]")`)
	sent := h.count(`select count(*) from attendance_mark`)
	testkit.Eval[bool](b, fmt.Sprintf(`((real) => { Date.now = () => real() + %d; return true; })(Date.now)`, (26*time.Hour).Milliseconds()))
	testkit.Eval[bool](b, `document.dispatchEvent(new Event("visibilitychange"))`)
	b.WaitFor(`!document.querySelector("[data-child]") && document.querySelector('[data-key="send"]')`)
	kept := testkit.Eval[string](b, stored)
	if contains(kept, "Enfant") || contains(kept, "Dupr") || contains(kept, "Allergie") {
		h.t.Errorf("the day is over, and the tablet keeps names: %s", kept)
	}
	if !contains(kept, `"k":"left"`) {
		h.t.Errorf("what was tapped and not sent is gone: %s", kept)
	}
	if body := b.Text("body"); contains(body, "Enfant0") {
		h.t.Errorf("names are still on the screen: %s", body)
	}
	b.Go(list) // still without a network: nothing comes back
	b.WaitFor(`document.body.textContent.includes("1 pointage en attente")`)
	if body := b.Text("body"); contains(body, "Enfant0") {
		h.t.Errorf("after a start without network names are back: %s", body)
	}
	g.cut.Store(false)
	b.Click(`[data-key="send"]`)
	b.WaitFor(`document.querySelector("[data-waiting='0'][data-offline=false]")`)
	if n := h.count(`select count(*) from attendance_mark`); n != sent+1 {
		h.t.Errorf("%d marks came, want %d", n, sent+1)
	}
	h.listEnds(b, g)
}

// listEnds lets the list be over on the same day, the tablet left open: the names go too, also with a network, and come back
// when somebody asks for them.
func (h *house) listEnds(b *testkit.Browser, g *gate) {
	h.t.Helper()
	b.WaitFor(`document.querySelector('[data-key="tab-presents"]')`)
	until := `new Promise((done) => { const open = indexedDB.open("tablette"); open.onsuccess = () => {
		const table = open.result.transaction("kept", "readwrite").objectStore("kept");
		table.get("day").onsuccess = (e) => { const day = e.target.result; day.until = day.now - 1000; table.put(day, "day"); };
		table.transaction.oncomplete = () => { open.result.close(); done(true); };
	}; })`
	testkit.Eval[bool](b, until)
	g.cut.Store(true)
	g.CloseClientConnections()
	b.Go(b.URL()) // without a network, a list that is over is not shown again
	b.WaitFor(`document.querySelector('[data-key="send"], [data-key="reopen"]')`)
	if kept, body := testkit.Eval[string](b, stored), b.Text("body"); contains(kept, "Enfant") || contains(body, "Enfant0") {
		h.t.Errorf("two hours after the last list: kept %s, shown %s", kept, body)
	}
	g.cut.Store(false)
	b.Click(`[data-key="send"], [data-key="reopen"]`)
	b.WaitFor(`document.querySelector('[data-key="tab-presents"]')`)
}
