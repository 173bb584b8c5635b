package account_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/person"
	"parvis/internal/testkit"
)

var everywhere = account.Held{Role: account.Administrateur, Service: actor.AllServices}

func (h *house) code(secret string, shift time.Duration) string {
	h.t.Helper()
	code, err := account.TOTPCode(secret, h.now.Add(shift))
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// password gives the first half of an agent's sign-in.
func (h *house) password(username string) (*testkit.Client, *testkit.Page) {
	h.t.Helper()
	c := h.client()
	return c, c.Post("/agents/connexion", url.Values{"identifiant": {username}, "mot_de_passe": {"Vqhzrt7m"}})
}

func TestAgentSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Agent(t, h.d, h.now, right, everywhere)
		secret := accounttest.WithSecond(t, h.d, h.now, h.key, acc.ID)
		c, page := h.password(acc.Username)
		if page.Status != 200 || !page.Has(`input[autocomplete="one-time-code"]`) {
			t.Fatalf("after the password: %d %s", page.Status, page.Text("main"))
		}
		if text := page.Text("main"); strings.Contains(text, "guichet") || !strings.Contains(text, "un administrateur du portail vous envoie") {
			t.Errorf("what an agent without a phone is told: %s", text)
		}
		half := cookieOf(c)
		for _, path := range []string{"/agents", "/agents/comptes", "/agents/lire"} {
			if got := c.Get(path); got.Location() != "/agents/double-authentification" {
				t.Errorf("%s without the second factor: %d to %q", path, got.Status, got.Location())
			}
		}
		if got := page.Submit("form", map[string]string{"code": "000000"}); got.Status != 422 {
			t.Errorf("wrong code: %d", got.Status)
		}
		if got := page.Submit("form", map[string]string{"code": h.code(secret, -2*time.Minute)}); got.Status != 422 {
			t.Errorf("code of two minutes ago: %d", got.Status)
		}
		code := h.code(secret, -30*time.Second)
		done := page.Submit("form", map[string]string{"code": code[:3] + " " + code[3:]})
		if done.Location() != "/agents" || done.Follow().Status != 200 {
			t.Fatalf("code of the step before: %d %s", done.Status, done.Text("main"))
		}
		if cookieOf(c) == half || h.with(half).Get("/agents").Location() == "" {
			t.Error("the half session's token still counts")
		}
		_, page = h.password(acc.Username)
		if got := page.Submit("form", map[string]string{"code": code}); got.Status != 422 {
			t.Errorf("a used step: %d", got.Status)
		}
		if got := page.Submit("form", map[string]string{"code": h.code(secret, 0)}); got.Status != 303 {
			t.Errorf("the next step: %d", got.Status)
		}
		if got := try(h.client(), acc.Username, "Vqhzrt7m").Status; got != 422 {
			t.Errorf("an agent's name on the families' page: %d", got)
		}
	})
}

func TestWrongCodesAreThrottled(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Agent(t, h.d, h.now, right, everywhere)
		secret := accounttest.WithSecond(t, h.d, h.now, h.key, acc.ID)
		_, page := h.password(acc.Username)
		for range 5 {
			page.Submit("form", map[string]string{"code": "000000"})
		}
		if got := page.Submit("form", map[string]string{"code": h.code(secret, 0)}); got.Status != 429 {
			t.Errorf("sixth code: %d, want 429", got.Status)
		}
	})
}

func TestFirstAdministrator(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var path string
		err := h.write(func(tx *db.Tx) (err error) {
			_, path, err = account.AddAgent(tx, h.now, accounttest.Job, h.key, account.NewAgent{LastName: "Rahmani", FirstNames: "Nadia",
				Email: "nadia@mairie.fr", Roles: []account.Held{everywhere}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		c := h.client()
		page := c.Get(path)
		secret := strings.ReplaceAll(page.Text(".secret"), " ", "")
		if page.Status != 200 || len(secret) != 32 || !page.Has(`img[src^="data:image/png;base64,"]`) {
			t.Fatalf("the link: %d, secret %q", page.Status, secret)
		}
		answer := map[string]string{"mot_de_passe": "Vqhzrt7mkwxp", "confirmation": "Vqhzrt7mkwxp", "code": "000000"}
		if got := page.Submit("form", answer); got.Status != 422 || strings.ReplaceAll(got.Text(".secret"), " ", "") != secret {
			t.Errorf("wrong code: %d, another secret", got.Status)
		}
		answer["code"] = h.code(secret, 0)
		weak := map[string]string{"mot_de_passe": "Vqhzrt7m", "confirmation": "Vqhzrt7m", "code": answer["code"]}
		if got := page.Submit("form", weak); got.Status != 422 {
			t.Errorf("eight characters for an agent: %d", got.Status)
		}
		done := page.Submit("form", answer)
		codes := done.Follow()
		if got := codes.Doc.Find(".codes li").Length(); done.Status != 303 || got != 10 {
			t.Fatalf("enrolment: %d, %d recovery codes: %s", done.Status, got, done.Text("main"))
		}
		recovery := codes.Doc.Find(".codes li").First().Text()
		if got := h.client().Get(path); got.Status != 409 {
			t.Errorf("the link again: %d", got.Status)
		}
		if got := c.Get("/agents/comptes"); got.Status != 200 || !strings.Contains(got.Text("table"), "Nadia Rahmani") {
			t.Errorf("list of agents: %d", got.Status)
		}
		h.now = h.now.Add(11 * time.Minute)
		if got := c.Get("/agents/identifiants/codes-de-secours"); got.Status != 303 {
			t.Errorf("codes after 10 minutes: %d", got.Status)
		}
		signIn := func() *testkit.Page {
			return h.client().Post("/agents/connexion", url.Values{"identifiant": {"nadia.rahmani"}, "mot_de_passe": {"Vqhzrt7mkwxp"}})
		}
		if got := signIn().Submit("form", map[string]string{"code": strings.ToLower(recovery)}); got.Status != 303 {
			t.Errorf("a recovery code: %d", got.Status)
		}
		if got := signIn().Submit("form", map[string]string{"code": recovery}); got.Status != 422 {
			t.Errorf("the same again: %d", got.Status)
		}
	})
}

func TestInvitationExpires(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var path string
		err := h.write(func(tx *db.Tx) (err error) {
			_, path, err = account.AddAgent(tx, h.now, accounttest.Job, h.key, account.NewAgent{LastName: "R", FirstNames: "N", Roles: []account.Held{everywhere}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		h.now = h.now.Add(24 * time.Hour)
		if got := h.client().Get(path).Status; got != 409 {
			t.Errorf("after 24 hours: %d", got)
		}
	})
}

func TestAdministratorsPages(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin := accounttest.Agent(t, h.d, h.now, "", everywhere)
		accounttest.WithSecond(t, h.d, h.now, h.key, admin.ID)
		c := h.with(accounttest.SignIn(t, h.d, h.now, admin.ID))
		page := c.Get("/agents/comptes/nouveau").SubmitAll("#nouvel-agent", url.Values{"nom": {"Petit"}, "prenom": {"Luc"},
			"courriel": {"luc@mairie.fr"}, "role_accueil": {actor.AllServices}})
		if page.Status != 303 {
			t.Fatalf("add: %d %s", page.Status, page.Text("main"))
		}
		one := page.Follow()
		if one.Text("h1") != "Luc Petit" || strings.Contains(one.Body, "/agents/invitation/") {
			t.Errorf("page of the new agent: %s", one.Text("h1"))
		}
		if got := h.lastMail(account.MailInvitation).To; got != "luc@mairie.fr" {
			t.Errorf("link sent to %q", got)
		}
		invited := func() int64 {
			return accounttest.Count(t, h.d, `select count(*) from audit_event where action = 'account.agent.invited'`)
		}
		if n := invited(); n != 0 {
			t.Errorf("an account just added is told %d times to be invited again", n)
		}
		again := one.Click(`main a[href$="/invitation"]`)
		if !strings.Contains(again.Text("main"), "cessent aussitôt") || invited() != 0 {
			t.Errorf("the page before a new link: %s", again.Text("main"))
		}
		if got := again.Submit("#invitation", nil); got.Status != 303 || invited() != 1 {
			t.Errorf("new link: %d, %d lines", got.Status, invited())
		}
		check := one.Click(`main a[href$="/desactivation"]`)
		if check.Status != 200 || !strings.Contains(check.Text("main"), "ne peut plus se connecter") {
			t.Errorf("the page before disabling: %d %s", check.Status, check.Text("main"))
		}
		if one.Has("#desactivation") || one.Has("#invitation") {
			t.Error("the account's page acts at once")
		}
		if got := check.Submit("#desactivation", nil); got.Status != 303 {
			t.Errorf("disable: %d", got.Status)
		}
		if got := c.Get(one.Doc.Find(`main a[href$="/desactivation"]`).AttrOr("href", "")); got.Status != 303 {
			t.Errorf("asked again of a disabled account: %d", got.Status)
		}
		a := h.actor(admin.ID)
		for name, verb := range map[string]func(tx *db.Tx) error{
			"own roles": func(tx *db.Tx) error {
				return account.SetRoles(tx, h.now, a, admin.ID, []account.Held{{Role: account.Accueil, Service: "s"}})
			},
			"own account": func(tx *db.Tx) error { return account.Suspend(tx, h.now, a, admin.ID) },
			"last administrator": func(tx *db.Tx) error {
				return account.Suspend(tx, h.now, accounttest.Job, admin.ID)
			},
			"last administrator's role": func(tx *db.Tx) error {
				return account.SetRoles(tx, h.now, accounttest.Job, admin.ID, []account.Held{{Role: account.Accueil, Service: "s"}})
			},
			"last administrator's second factor": func(tx *db.Tx) error {
				return account.Invite(tx, h.now, accounttest.Job, h.key, admin.ID)
			},
		} {
			if err := h.write(verb); fault.KindOf(err) != fault.Refused {
				t.Errorf("%s: %v, want a refusal", name, err)
			}
		}
		accueil := accounttest.Agent(t, h.d, h.now, "", account.Held{Role: account.Accueil, Service: actor.AllServices})
		if got := h.with(accounttest.SignIn(t, h.d, h.now, accueil.ID)).Get("/agents/comptes").Status; got != 403 {
			t.Errorf("agents' accounts for the front desk: %d", got)
		}
	})
}

func TestCitizenSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		c := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID))
		const path = "/espace/identifiants/double-authentification"
		page := c.Get(path)
		secret := strings.ReplaceAll(page.Text(".secret"), " ", "")
		if got := page.Submit("form#ajout", map[string]string{"code": h.code(secret, 0), "mot_de_passe": "faux"}); got.Status != 422 {
			t.Errorf("without the password: %d", got.Status)
		}
		if got := page.Submit("form#ajout", map[string]string{"code": h.code(secret, 0), "mot_de_passe": "Vqhzrt7m"}); got.Status != 303 {
			t.Fatalf("add: %d %s", got.Status, got.Text("main"))
		}
		h.lastMail(account.MailSecondAdded)
		h.now = h.now.Add(time.Minute)
		d := h.client()
		half := try(d, "aubert0", "Vqhzrt7m")
		if got := d.Get("/espace").Location(); half.Status != 200 || !strings.HasPrefix(got, "/connexion") {
			t.Errorf("the password alone: %d, the space leads to %q", half.Status, got)
		}
		if got := half.Submit("form", map[string]string{"code": h.code(secret, 0)}); got.Location() != "/espace" || got.Follow().Status != 200 {
			t.Errorf("with the code: %d", got.Status)
		}
		if got := c.Get(path).Submit("form#retrait", map[string]string{"mot_de_passe": "Vqhzrt7m"}); got.Status != 303 {
			t.Errorf("remove: %d", got.Status)
		}
		h.lastMail(account.MailSecondRemoved)
		if got := try(h.client(), "aubert0", "Vqhzrt7m"); got.Location() != "/espace" {
			t.Errorf("after removal: %d", got.Status)
		}
	})
}

func TestInsertUnclaimed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		add := func(first, last, wanted string) string {
			var username string
			err := h.write(func(tx *db.Tx) error {
				who, err := person.Insert(tx, h.now, accounttest.Job, person.Person{FirstNames: first, LastName: last})
				if err != nil {
					return err
				}
				_, username, err = account.InsertUnclaimed(tx, h.now, accounttest.Job, who, wanted, "a@exemple.fr")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return username
		}
		for _, c := range []struct{ first, last, wanted, want string }{
			{"Anaïs", "Aubert", "aubert0", "aubert0"},
			{"Nathan", "AUBERT", "", "nathan.aubert"},
			{"Nathan", "Aubert", "", "nathan.aubert2"},
			{"Nathan", "Aubert", "AUBERT0", "nathan.aubert3"},
			{"Zoë", "d’Estaing", "", "zoe.d-estaing"},
			{"", "Ly", "", "ly"},
			{"N%", "Aubert", "", "n.aubert"},
		} {
			if got := add(c.first, c.last, c.wanted); got != c.want {
				t.Errorf("%s %s, wanted %q: %q, want %q", c.first, c.last, c.wanted, got, c.want)
			}
		}
	})
}

// TestTwoAdministratorsEndEachOther has two administrators disable each other, or take each other's role, at the same
// moment: one of them stays.
func TestTwoAdministratorsEndEachOther(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		verbs := map[string]func(tx *db.Tx, a actor.Actor, id account.ID) error{
			"disabled": func(tx *db.Tx, a actor.Actor, id account.ID) error { return account.Suspend(tx, h.now, a, id) },
			"role taken": func(tx *db.Tx, a actor.Actor, id account.ID) error {
				return account.SetRoles(tx, h.now, a, id, []account.Held{{Role: account.Accueil, Service: actor.AllServices}})
			},
			"second factor taken": func(tx *db.Tx, a actor.Actor, id account.ID) error { return account.Invite(tx, h.now, a, h.key, id) },
		}
		for name, verb := range verbs {
			for range 5 {
				if err := h.write(func(tx *db.Tx) error {
					_, err := tx.Exec(`delete from account_role where role = 'administrateur'`)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				var ids [2]account.ID
				var who [2]actor.Actor
				for i := range ids {
					acc := accounttest.Agent(t, h.d, h.now, "", everywhere)
					accounttest.WithSecond(t, h.d, h.now, h.key, acc.ID)
					if err := h.write(func(tx *db.Tx) error {
						_, err := tx.Exec(`update account set email = 'a@mairie.fr' where id = $1`, string(acc.ID))
						return err
					}); err != nil {
						t.Fatal(err)
					}
					ids[i], who[i] = acc.ID, h.actor(acc.ID)
				}
				start, errs := make(chan struct{}), make(chan error, 2)
				for i := range ids {
					go func() {
						<-start
						errs <- h.write(func(tx *db.Tx) error { return verb(tx, who[i], ids[1-i]) })
					}()
				}
				close(start)
				kinds := map[fault.Kind]int{}
				for range ids {
					err := <-errs
					if err != nil && fault.KindOf(err) != fault.Refused {
						t.Fatalf("%s: %v", name, err)
					}
					kinds[fault.KindOf(err)]++
				}
				left := h.count(`select count(*) from account c join account_role g on g.account = c.id
					where g.role = 'administrateur' and c.state = 'active' and c.totp_confirmed_at is not null`)
				if kinds[fault.Refused] != 1 || left != 1 {
					t.Fatalf("%s: %d refused, %d administrators left", name, kinds[fault.Refused], left)
				}
			}
		}
	})
}
