package account_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
)

func do(t *testing.T, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), d, fn); err != nil {
		t.Fatal(err)
	}
}

// TestAnAgentWithoutMailGetsTheLinkOnce, from an administrator's screen; who has an address never does.
func TestAnAgentWithoutMailGetsTheLinkOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin := accounttest.Agent(t, h.d, h.now, right, everywhere)
		accounttest.WithSecond(t, h.d, h.now, h.key, admin.ID)
		boss := h.with(accounttest.SignIn(t, h.d, h.now, admin.ID))
		lost := accounttest.Agent(t, h.d, h.now, right, account.Held{Role: account.Accueil, Service: everywhere.Service})
		accounttest.WithSecond(t, h.d, h.now, h.key, lost.ID)
		do(t, h.d, func(tx *db.Tx) error {
			_, err := tx.Exec(`update account set email = '' where id = $1`, string(lost.ID))
			return err
		})
		session := h.with(accounttest.SignIn(t, h.d, h.now, lost.ID))
		check := boss.Get("/agents/comptes/" + string(lost.ID)).Click(`a[href$="/lien"]`)
		if text := check.Text("main"); !strings.Contains(text, "une seule fois") {
			t.Errorf("the check page: %s", text)
		}
		shown := check.Submit("#lien", nil)
		link := shown.Text("main strong#lien")
		if shown.Status != http.StatusOK || !strings.Contains(link, "/agents/invitation/") {
			t.Fatalf("%d: %s", shown.Status, shown.Text("main"))
		}
		if got := session.Get("/agents/identifiants").Status; got == http.StatusOK {
			t.Error("the agent's sessions live on")
		}
		if back := boss.Get("/agents/comptes/" + string(lost.ID)); strings.Contains(back.Body, "/agents/invitation/") {
			t.Error("the account's page shows the link")
		}
		path := link[strings.Index(link, "/agents/invitation/"):]
		if got := h.client().Get(path).Status; got != http.StatusOK {
			t.Errorf("the link answers %d", got)
		}
		boss.Get("/agents/comptes/"+string(lost.ID)+"/lien").Submit("#lien", nil)
		if got := h.client().Get(path).Status; got != http.StatusConflict {
			t.Errorf("a link replaced answers %d", got)
		}
		if n := accounttest.Count(t, h.d, `select count(*) from audit_event where action = 'account.agent.link_shown' and object_id = $1 and account = $2`, string(lost.ID), string(admin.ID)); n != 2 {
			t.Errorf("%d lines in the journal", n)
		}
		if n := accounttest.Count(t, h.d, `select count(*) from audit_event where detail like '%/agents/invitation/%'`); n != 0 {
			t.Error("the journal keeps a link")
		}
	})
}

func TestALinkOnScreenIsGuarded(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin := accounttest.Agent(t, h.d, h.now, right, everywhere)
		accounttest.WithSecond(t, h.d, h.now, h.key, admin.ID)
		show := func(id account.ID) error {
			return db.Do(context.Background(), h.d, func(tx *db.Tx) error {
				_, err := account.InviteOnScreen(tx, h.now, accounttest.Job, h.key, id)
				return err
			})
		}
		with := accounttest.Agent(t, h.d, h.now, right, everywhere)
		do(t, h.d, func(tx *db.Tx) error {
			_, err := tx.Exec(`update account set email = 'agent@mairie.exemple' where id = $1`, string(with.ID))
			return err
		})
		if err := show(with.ID); fault.KindOf(err) != fault.Refused {
			t.Errorf("an agent with an address: %v", err)
		}
		do(t, h.d, func(tx *db.Tx) error { _, err := tx.Exec(`update account set email = ''`); return err })
		if err := show(admin.ID); fault.KindOf(err) != fault.Refused {
			t.Errorf("the last administrator: %v", err)
		}
		family := accounttest.Citizen(t, h.d, h.now, "")
		if err := show(family.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a family's account: %v", err)
		}
	})
}
