package merging_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/merging"
	"parvis/internal/testkit"
)

func (h *hall) portal() *testkit.Portal {
	clock := func() time.Time { return h.now }
	p := testkit.NewPortal(h.t, h.d, h.now, func(c *web.Config) { c.Now = clock })
	merging.Pages{DB: h.d, Now: clock, Desk: h.desk}.Agent(p.Router)
	return p
}

// TestAnAgentMergesAndUndoes through the pages: search, compare, choose, check, confirm, read, undo.
func TestAnAgentMergesAndUndoes(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		h.account(h.homes.Bruno, account.Active)
		twin := bruno
		twin.Mobile = "+33611111111"
		again, _ := h.adult(twin, h.homes.First, family.CoHolder, account.Active)
		agent := h.portal().As(h.agent)
		search := agent.Get("/agents/fusions/personnes/" + string(h.homes.Bruno))
		if search.Status != 200 || !search.Has(`a[href*="autre=`+string(again)+`"]`) {
			t.Fatalf("%d, the double is not proposed: %s", search.Status, search.Text("main"))
		}
		if found := agent.Get("/agents/fusions/personnes/" + string(h.homes.Bruno) + "?q=cami"); !strings.Contains(found.Text("main"), "Camille") {
			t.Errorf("the search finds: %s", found.Text("main"))
		}
		compare := search.Click(`a[href*="autre=` + string(again) + `"]`)
		for _, words := range []string{"Téléphone mobile", "Espace personnel qui reste ouvert", "Bruno Petit pourra agir pour", "Personne ne verra"} {
			if strings.Contains(compare.Text("main"), words) == (words == "Personne ne verra") {
				t.Errorf("« %s » : %s", words, compare.Text("main"))
			}
		}
		check := compare.Submit("#choix", map[string]string{"mobile": "autre-fiche"})
		if check.Status != 200 || h.count(`select count(*) from merge`) != 0 || !strings.Contains(check.Text("main"), "Rien n’est encore fait") {
			t.Fatalf("%d %s", check.Status, check.Text("main"))
		}
		unread := check.Submit("#fusion", nil)
		if unread.Status != 422 || !strings.Contains(unread.Text("main"), "Cochez que vous avez vérifié") {
			t.Errorf("%d without the box: %s", unread.Status, unread.Text("main"))
		}
		done := unread.Submit("#fusion", map[string]string{"verifie": "1"}).Follow()
		if done.Status != 200 || !strings.Contains(done.Text("main"), "Défaire la fusion") {
			t.Fatalf("%d %s", done.Status, done.Text("main"))
		}
		if got := h.column(`select mobile from person where id = $1`, string(h.homes.Bruno)); got[0] != "+33611111111" {
			t.Errorf("mobile: %q", got)
		}
		if list := agent.Get("/agents/fusions").Text("main"); !strings.Contains(list, "Bruno Petit") || !strings.Contains(list, "En vigueur") {
			t.Errorf("list: %s", list)
		}
		if empty := done.Submit("#annulation", nil); empty.Status != 422 {
			t.Errorf("%d without a reason", empty.Status)
		}
		undone := done.Submit("#annulation", map[string]string{"motif": "Père et fils"}).Follow()
		if !strings.Contains(undone.Text("main"), "Cette fusion est défaite") || undone.Has("#annulation") {
			t.Errorf("after the undo: %s", undone.Text("main"))
		}
		second := done.Submit("#annulation", map[string]string{"motif": "Encore"})
		if second.Status != 409 || !strings.Contains(second.Text("main"), "déjà défaite") {
			t.Errorf("a second undo: %d %s", second.Status, second.Text("main"))
		}
	})
}

func TestPagesOfOthers(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		h.double()
		again, _ := h.adult(bruno, h.homes.Second, family.Contact, "")
		id := h.merge(people(h.homes.Bruno, again))
		portal := h.portal()
		none := h.agent
		none.Rights = map[actor.Right][]string{family.FileRead: {actor.AllServices}}
		elsewhere := h.staff("un-autre-service")
		for _, path := range []string{"/agents/fusions/personnes/" + string(h.homes.Bruno), "/agents/fusions/familles/" + string(h.homes.First), "/agents/fusions/faites/" + string(id)} {
			if p := portal.As(none).Get(path); p.Status != 403 {
				t.Errorf("%s without the right: %d", path, p.Status)
			}
			if p := portal.As(elsewhere).Get(path); p.Status != 404 {
				t.Errorf("%s of another service: %d", path, p.Status)
			}
			if p := portal.As(h.agent).Get(strings.TrimSuffix(path, path[len(path)-4:]) + "zzzz"); p.Status != 404 {
				t.Errorf("%s unknown: %d", path, p.Status)
			}
			post := url.Values{"cle": {db.NewID()}, "autre": {string(h.homes.Thomas)}, "motif": {"x"}}
			if p := portal.As(elsewhere).Post(path, post); p.Status != 404 {
				t.Errorf("POST %s of another service: %d", path, p.Status)
			}
		}
		if list := portal.As(elsewhere).Get("/agents/fusions").Text("main"); strings.Contains(list, "Petit") {
			t.Errorf("another service reads: %s", list)
		}
		gone := portal.As(h.agent).Get("/agents/fusions/personnes/" + string(h.homes.Bruno) + "?autre=" + string(again))
		if gone.Status != 409 || !strings.Contains(gone.Text("main"), "a déjà réuni") {
			t.Errorf("compared again: %d %s", gone.Status, gone.Text("main"))
		}
		page := portal.As(h.agent).Get("/agents/fusions/familles/" + string(h.homes.First) + "?autre=" + string(h.homes.Second))
		if page.Status != 200 || !strings.Contains(page.Text("main"), "3 responsables") || page.Has("#choix") {
			t.Errorf("%d %s", page.Status, page.Text("main"))
		}
	})
}

// TestMailsNameNobody renders each mail and looks for the names of either side.
func TestMailsNameNobody(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		h.account(h.homes.Bruno, account.Active)
		again, _ := h.adult(bruno, h.homes.First, family.Contact, account.Active)
		id := h.merge(people(h.homes.Bruno, again))
		render := func(want int) {
			t.Helper()
			n := 0
			for _, x := range merging.Mails(merging.MailDeps{URL: func(path string) string { return "https://parvis.test" + path }}) {
				for _, acc := range h.column(`select account from mail_outbox where template = $1`, x.Name) {
					body, err := db.Read(context.Background(), h.d, func(r db.Reader) (mail.Body, error) {
						return x.Render(context.Background(), r, map[string]string{"merge": string(id), "account": acc})
					})
					if err != nil {
						continue
					}
					n++
					text := strings.Join(append(append([]string{body.Subject}, body.Paragraphs...), body.Closing...), " ")
					for _, secret := range []string{"Petit ", "Martin", "Jérémy", "Camille"} {
						if strings.Contains(text, secret) {
							t.Errorf("%s says %s: %s", x.Name, secret, text)
						}
					}
				}
				if _, err := db.Read(context.Background(), h.d, x.Specimen); err != nil || x.Label == "" {
					t.Errorf("%s: no specimen: %v", x.Name, err)
				}
			}
			if n != want {
				t.Errorf("%d mails leave, want %d", n, want)
			}
		}
		render(2)
		h.undo(id)
		render(2) // those of the merging leave no more
	})
}
