package account_test

import (
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/testkit"
)

// TestHolderIsWhatAnAgentMayDoNow, not what it could do when it left something behind.
func TestHolderIsWhatAnAgentMayDoNow(t *testing.T) {
	testkit.EachEngine(t, account.Sources(), func(t *testing.T, d *db.DB) {
		grants := account.Grants{{Right: readRight, Roles: []account.Role{account.Animation}}}
		agent := accounttest.Agent(t, d, now, right, account.Held{Role: account.Animation, Service: "enfance"})
		citizen := accounttest.Citizen(t, d, now, right)
		may := func(id account.ID, service string) bool {
			a, err := db.Read(t.Context(), d, func(r db.Reader) (actor.Actor, error) { return account.Holder(r, grants, id) })
			if err != nil {
				t.Fatal(err)
			}
			return a.CanFor(readRight, service)
		}
		set := func(query string, args ...any) {
			if err := db.Do(t.Context(), d, func(tx *db.Tx) error { _, err := tx.Exec(query, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		if !may(agent.ID, "enfance") || may(agent.ID, "jeunesse") || may(citizen.ID, "enfance") || may("nobody", "enfance") {
			t.Error("an agent of one service, a citizen, nobody")
		}
		for _, state := range []account.State{account.Suspended, account.Closed, account.Waiting} {
			set(`update account set state = $2 where id = $1`, string(agent.ID), string(state))
			if may(agent.ID, "enfance") {
				t.Errorf("%s, the account still may", state)
			}
		}
		set(`update account set state = 'active' where id = $1`, string(agent.ID))
		set(`update account_role set role = 'communication'`)
		if may(agent.ID, "enfance") {
			t.Error("in another role it still may")
		}
		set(`update account_role set role = 'animation', service = '*'`)
		if !may(agent.ID, "jeunesse") {
			t.Error("of all services it may not")
		}
		set(`update account set audience = 'citizen' where id = $1`, string(agent.ID))
		if may(agent.ID, "enfance") {
			t.Error("a citizen's account holds roles")
		}
	})
}
