package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// gate is a way to the house that can be cut: then each connection dies without an answer, also those of the worker.
type gate struct {
	*httptest.Server
	cut  atomic.Bool
	open atomic.Value // the one path that answers while it is cut
}

func newGate(h *house) *gate {
	g := &gate{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.cut.Load() || r.URL.Path == g.open.Load() {
			h.Handler().ServeHTTP(w, r)
			return
		}
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = c.Close()
		}
	}))
	h.t.Cleanup(g.Close)
	return g
}

// room is a place with children expected today, and one of the school whom nobody expects.
type room struct {
	site       town.SiteID
	unit       activity.UnitID
	children   []family.ChildID
	unexpected family.ChildID
}

func (h *house) newRoom(n int) (r room) {
	h.t.Helper()
	today := civil.DateOf(h.Now())
	h.do(func(tx *db.Tx, a actor.Actor) (err error) {
		r = room{}
		if r.site, err = town.AddSite(tx, h.Now(), a, town.Site{Name: "École du Bord-de-l’Eau", Kind: town.School}); err != nil {
			return err
		}
		service := town.ServiceID(h.text(`select service from activity order by id limit 1`))
		if _, r.unit, err = activity.EnsureDraft(tx, h.Now(), a, service, "Goûter du soir", "", r.site); err != nil {
			return err
		}
		home, err := family.Insert(tx, h.Now(), a, "", service)
		if err != nil {
			return err
		}
		for i := range n + 1 {
			id, err := person.Insert(tx, h.Now(), a, person.Person{FirstNames: fmt.Sprintf("Enfant%02d", i), LastName: "Dupré", BirthDay: civil.NewDate(2018, 3, 1)})
			if err != nil {
				return err
			}
			child, err := family.AddChild(tx, h.Now(), a, family.NewChild{Family: home, Person: id, School: r.site, Level: "CP"})
			if err != nil {
				return err
			}
			if i == n {
				r.unexpected = child
				break
			}
			r.children = append(r.children, child)
			if _, err := booking.InsertMany(tx, h.Now(), a, []booking.Row{{Child: child, Unit: r.unit, Day: today, Family: home, State: booking.Booked}}); err != nil {
				return err
			}
		}
		return family.SetHealth(tx, h.Now(), a, r.children[0], family.Health{Allergies: "Canarachide"})
	})
	h.Activities.Invalidate()
	return r
}

// seenBy is what the leader reads on the tablet: child → tab.
const seenBy = `(() => {
	const seen = {};
	for (const tab of ["attendus", "presents", "partis", "absents"]) {
		document.querySelector('[data-key="tab-' + tab + '"]').click();
		for (const row of document.querySelectorAll("[data-child]")) seen[row.dataset.child] = tab;
	}
	document.querySelector('[data-key="tab-attendus"]').click();
	return seen;
})()`

// TestTabletWithoutNetwork pairs a tablet, loads the list of 40 children once, cuts the network, and goes on: all present, a
// departure, a wrong tap taken back, an absent child, one whom nobody expected, the browser started again without the
// network. Once it is back, the server says what the leader saw.
func TestTabletWithoutNetwork(t *testing.T) {
	h := openHouse(t, "", nil)
	r, g := h.newRoom(40), newGate(h)
	desk := testkit.NewClient(t, h.Handler())
	desk.Base = h.URL
	desk.SetCookie(account.SessionCookie, h.token(h.way("agent animation").Username))
	page := desk.Get("/agents/tablettes").Submit(`form[action="/agents/tablettes"]`, map[string]string{"nom": "Tablette 2", "lieu": string(r.site), "code_equipe": "4827"})
	code := page.Text("[data-code]")
	if code == "" {
		t.Fatalf("no code: %d %s", page.Status, page.Text("main"))
	}

	b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 1024, Height: 768})
	b.Go(g.URL + "/tablette")
	b.Fill("input[name=code]", code)
	b.ClickText("Relier cette tablette")
	b.WaitFor(`document.getElementById("tablette").dataset.kept === "true"`)
	b.Click(".t-groups a")
	b.WaitFor(`document.getElementById("tablette").dataset.kept === "true" && document.querySelectorAll("[data-child]").length === 40`)
	list := b.URL()
	if b.SidewaysScroll() > 0 {
		t.Error("the list is wider than the tablet")
	}
	for _, v := range b.Axe() {
		t.Errorf("axe: %+v", v)
	}
	kept := testkit.Eval[string](b, `fetch("/tablette/jour").then((r) => r.text())`)
	if len(kept) < 1000 || contains(kept, "Canarachide") || !contains(kept, "Allergie") {
		t.Errorf("what the tablet keeps tells an allergy, or does not warn of one: %d bytes", len(kept))
	}

	weight := 0
	for _, f := range testkit.Eval[[]loaded](b, received) {
		if weight += f.Bytes; strings.HasSuffix(f.Name, ".js") && f.Bytes > 20<<10 {
			t.Errorf("%s weighs %d bytes", f.Name, f.Bytes)
		}
	}
	if t.Logf("the list and all that it loads: %.1f KB", float64(weight)/1024); weight > 60<<10 {
		t.Errorf("the list weighs %d bytes", weight)
	}

	if refs := testkit.Eval[string](b, `fetch("/tablette/jour").then((r) => r.json()).then((d) => d.pool.map((p) => p.l).join())`); contains(refs, "Dupré") {
		t.Errorf("the tablet keeps whole names of children whom nobody expects: %s", refs)
	}

	sheet := g.URL + "/tablette/enfants/" + string(r.children[0])
	b.Go(sheet) // closed: the code was not typed
	g.cut.Store(true)
	g.CloseClientConnections()
	b.Fill("input[name=code_equipe]", "4827")
	b.ClickText("Ouvrir la fiche")
	b.WaitFor(`document.getElementById("fiche-fermee") && !document.getElementById("fiche-fermee").hidden`)
	b.Go(list)
	b.WaitFor(`document.getElementById("tablette").dataset.ready === "true"`)
	tap := func(child family.ChildID, act string) {
		t.Helper()
		b.Click(`[data-key="` + string(child) + act + `"]`)
	}
	show := func(tab string) { t.Helper(); b.Click(`[data-key="tab-` + tab + `"]`) }
	b.Click(`[data-key="tous"]`)
	show("presents")
	tap(r.children[3], "left")
	tap(r.children[5], "undo") // wrong tap
	show("attendus")
	tap(r.children[5], "absent")
	b.Click(`[data-key="imprevu"]`)
	b.Fill(`[data-key="cherche"]`, "enfant40")
	tap(r.unexpected, "add")
	b.WaitFor(`document.querySelector("[data-offline=true]")`)
	before := testkit.Eval[map[string]string](b, seenBy)

	b.Go(list) // a start without the network
	b.WaitFor(`document.getElementById("tablette").dataset.ready === "true" && document.querySelector("[data-offline=true]")`)
	leader := testkit.Eval[map[string]string](b, seenBy)
	if len(leader) != 41 || fmt.Sprint(leader) != fmt.Sprint(before) {
		t.Errorf("after a start without network the tablet shows %d children, otherwise than before", len(leader))
	}
	if words := b.Text(".t-banner"); !contains(words, "44 pointages en attente d’envoi") || !contains(words, "Liste de") {
		t.Errorf("the banner says %q", words)
	}
	if n := h.count(`select count(*) from attendance_mark`); n != 0 {
		t.Fatalf("%d marks came through a network that was cut", n)
	}

	h.agentLeaves(b, g)
	g.cut.Store(false)
	b.ClickText("Envoyer maintenant")
	b.WaitFor(`document.querySelector("[data-waiting='0'][data-offline=false]")`)
	for child, tab := range leader {
		state := h.text(`select coalesce((select state from attendance where child = $1 and unit = $2 and day = $3), 'attendus')`, child, string(r.unit), civil.DateOf(h.Now()))
		left := h.count(`select count(*) from attendance_stay where child = $1 and left_at is not null`, child)
		want := map[string]string{"presents": "present", "partis": "present", "absents": "absent", "attendus": "attendus"}[tab]
		if state != want || (left == 1) != (tab == "partis") {
			t.Errorf("%s: the leader saw %s, the server says %s, left %d", child, tab, state, left)
		}
	}
	if after := testkit.Eval[map[string]string](b, seenBy); fmt.Sprint(after) != fmt.Sprint(leader) {
		t.Error("once sent, the tablet shows something else")
	}
	if leader[string(r.children[5])] != "absents" || leader[string(r.children[3])] != "partis" || leader[string(r.unexpected)] != "presents" {
		t.Errorf("the leader saw %v", leader)
	}

	h.dayEnds(b, g, list)
	b.Go(sheet)
	b.Fill("input[name=code_equipe]", "4827")
	b.ClickText("Ouvrir la fiche")
	b.WaitFor(`document.body.textContent.includes("Canarachide")`)
	desk.Get("/agents/tablettes").Submit(`form[action$="/retirer"]`, nil)
	b.Go(list)
	b.WaitFor(`document.body.textContent.includes("Tablette non reliée") || document.querySelector("input[name=code]") !== null`)
	b.WaitFor(`caches.keys().then((k) => k.length === 0)`)
	if testkit.Eval[bool](b, `indexedDB.databases().then((all) => all.some((d) => d.name === "tablette"))`) {
		t.Error("a revoked tablet keeps what it had")
	}
}

func contains(text, part string) bool { return strings.Contains(text, part) }
