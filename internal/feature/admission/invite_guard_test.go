package admission_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/testkit"
)

// back is a wish for Bruno as somebody new, under another address.
func (h *hearth) back() admission.Wish {
	var b person.Person
	h.write(func(tx *db.Tx) (err error) { b, err = person.ByID(tx, h.homes.Bruno); return })
	w := h.someone()
	w.LastName, w.FirstNames, w.Email = b.LastName, b.FirstNames, "bruno.bis@exemple.fr"
	return w
}

func TestWhoIsKeptFromAChildDoesNotComeBackAsSomebodyNew(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.atOnce()
		h.restrict(h.homes.Bruno, h.homes.Ines)
		outcome, who, err := h.accept(h.ask(h.camille, h.back()), "bruno.bis")
		if outcome != admission.ToVerify || err != nil || len(h.children(who)) != 0 {
			t.Errorf("under the own name: %v %v, sees %v", outcome, err, h.children(who))
		}
		page := h.portal.As(h.agent).Get("/agents/membres").Click(".row-link")
		if text := page.Text("main"); !strings.Contains(text, "Sous restriction dans cette famille") || !strings.Contains(text, "Vérifiez son identité") {
			t.Errorf("the agent is not warned: %s", text)
		}
		w := h.someone() // and under another name
		outcome, who, err = h.accept(h.ask(h.camille, w), "paul.d")
		if outcome != admission.ToVerify || err != nil || len(h.children(who)) != 0 {
			t.Errorf("under another name: %v %v, sees %v", outcome, err, h.children(who))
		}
		if text := h.portal.As(h.agent).Get("/agents/membres").Click(".row-link:nth-of-type(1)").Text("main"); !strings.Contains(text, "estriction") {
			t.Errorf("no word of the restriction: %s", text)
		}
	})
}

func TestANamesakeOfSomebodyKnownWaitsForAnAgent(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.atOnce()
		outcome, who, err := h.accept(h.ask(h.camille, h.back()), "bruno.bis")
		if outcome != admission.ToVerify || err != nil || len(h.children(who)) != 0 {
			t.Errorf("%v %v, sees %v", outcome, err, h.children(who))
		}
		text := h.portal.As(h.agent).Get("/agents/membres").Click(".row-link").Text("main")
		if !strings.Contains(text, "Déjà connue, peut-être") || strings.Contains(text, "estriction") {
			t.Error(text)
		}
	})
}

func TestAnswersOfALinkAreCountedBeforeTheyAreJudged(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.write(func(tx *db.Tx) error {
			_, _, err := account.InsertUnclaimed(tx, h.now, accounttest.Job, h.homes.Thomas, "thomas0", "thomas@exemple.fr")
			if err == nil {
				_, err = tx.Exec("update person set birth_day = '1984-05-06' where id = $1", string(h.homes.Thomas))
			}
			return err
		})
		v := h.ask(h.camille, h.thomas())
		answer := func(page *testkit.Page, i int, name string) *testkit.Page {
			return page.Submit("main form[action^='/invitation/']", map[string]string{"identifiant": name,
				"naissance": fmt.Sprintf("%02d/01/1984", i%28+1), "mot_de_passe": "Canard-Violet-27", "confirmation": "Canard-Violet-27"})
		}
		visitor := h.portal.As(actor.Actor{})
		for range 5 { // one mistake again and again is one
			answer(visitor.Get(h.path(v)), 0, "thomas.n")
		}
		if n := h.invites()[0].Tries; n != 1 {
			t.Fatalf("the same answer counts %d times", n)
		}
		var pages []*testkit.Page
		for range 40 {
			pages = append(pages, h.portal.As(actor.Actor{}).Get(h.path(v)))
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		judged := 0
		for i, page := range pages {
			wg.Go(func() {
				got := answer(page, i, fmt.Sprintf("t.n%d", i))
				mu.Lock()
				defer mu.Unlock()
				if strings.Contains(got.Body, "ne correspond pas") {
					judged++
				}
			})
		}
		wg.Wait()
		if judged != 9 {
			t.Errorf("%d more answers judged on one link, want 9", judged)
		}
		if got := visitor.Get(h.path(v)); got.Status != http.StatusConflict {
			t.Errorf("the link lives on: %d", got.Status)
		}
		kind(t, "sending it again", h.try(func(tx *db.Tx) error {
			return admission.ResendInvite(tx, h.now.AddDate(0, 0, 1), h.camille, h.key, v.ID)
		}), fault.Conflict)
	})
}

func TestFreeIdentifiersCountToo(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		v := h.ask(h.camille, h.someone())
		page := h.portal.As(actor.Actor{}).Get(h.path(v))
		for i := range 11 { // the password is too short: nothing is opened
			page = page.Submit("main form[action^='/invitation/']", map[string]string{"nom": "Durand", "prenoms": "Paul", "naissance": "03/03/1984",
				"identifiant": fmt.Sprintf("libre%d", i), "mot_de_passe": "x", "confirmation": "x"})
			if dead := page.Status == http.StatusConflict; dead != (i >= 10) {
				t.Fatalf("identifier %d: %d", i+1, page.Status)
			}
			if page.Status == http.StatusConflict {
				break
			}
		}
	})
}

func TestAnAgentWhoMayNotGiveAddressesDoesNotVouch(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.write(func(tx *db.Tx) error { return person.SetEmail(tx, h.now, accounttest.Job, h.homes.Thomas, "") })
		w := h.thomas()
		w.Email = "agent.chez.lui@exemple.fr"
		outcome, who, err := h.accept(h.ask(h.agent, w), "thomas.n")
		if outcome != admission.ToLink || err != nil || len(h.children(who)) != 0 {
			t.Errorf("%v %v, sees %v", outcome, err, h.children(who))
		}
	})
}

func TestHeadsAreToldOfAnAddressThatAnAgentTyped(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.write(func(tx *db.Tx) error { return person.SetEmail(tx, h.now, accounttest.Job, h.homes.Thomas, "") })
		agent := h.clerk()
		w := h.thomas()
		w.Email = "thomas@exemple.fr"
		v := h.ask(agent, w)
		var p person.Person
		h.write(func(tx *db.Tx) (err error) { p, err = person.ByID(tx, h.homes.Camille); return })
		if n := h.count(`select count(*) from mail_outbox where template = 'admission.invite.heads' and to_address = $1`, p.Email); !v.Vouched() || n != 1 {
			t.Errorf("vouched %v, %d mails to the holder", v.Vouched(), n)
		}
		for _, b := range h.rendered(admission.MailInviteHeads) {
			if text := fmt.Sprint(b); !strings.Contains(text, "Thomas") || strings.Contains(text, "thomas@exemple.fr") {
				t.Errorf("the mail: %s", text)
			}
		}
	})
}

// clerk is an agent who may give people their address and send activation mails.
func (h *hearth) clerk() actor.Actor {
	a := h.agent
	a.Rights = map[actor.Right][]string{}
	for _, r := range []actor.Right{family.FileRead, family.FileWrite, family.MemberApprove, person.ContactWrite, admission.SendRight} {
		a.Rights[r] = []string{actor.AllServices}
	}
	return a
}

func TestInvitationsDoNotCarryTypedNames(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		w := h.someone()
		w.LastName, w.FirstNames = "sur parvis-remboursement.com", "Vous avez 312 € à percevoir"
		kind(t, "a name that is a sentence", h.try(func(tx *db.Tx) error {
			_, err := admission.InviteCoholder(tx, h.now, h.camille, h.key, w)
			return err
		}), fault.Invalid)
		h.ask(h.camille, h.someone())
		for _, b := range h.rendered(admission.MailInvite) {
			if b.ToName != "" || b.Greeting != "Bonjour," {
				t.Errorf("the mail greets %q", b.Greeting)
			}
		}
	})
}
