package account_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/person"

	"github.com/google/go-cmp/cmp"
)

// lastMail is the newest mail of a template.
func (h *house) lastMail(template string) mail.Status {
	h.t.Helper()
	all, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]mail.Status, error) { return mail.InState(r, mail.Queued, 100) })
	if err != nil {
		h.t.Fatal(err)
	}
	var last mail.Status
	for _, m := range all {
		if m.Template == template && m.ID > last.ID {
			last = m
		}
	}
	if last.ID == "" {
		h.t.Fatalf("no mail %s", template)
	}
	return last
}

func (h *house) resetPath() string {
	h.t.Helper()
	return "/mot-de-passe-oublie/" + account.TokenSecret(h.key, h.lastMail(account.MailForgotten).Args["token"])
}

// write runs a verb in a transaction.
func (h *house) write(verb func(*db.Tx) error) error {
	return db.Do(context.Background(), h.d, verb)
}

func in(page interface{ Location() string }, status int) bool {
	return status == 200 && page.Location() == ""
}

func TestSessionEndsWithTime(t *testing.T) {
	day := 24 * time.Hour
	each(t, func(t *testing.T, h *house) {
		citizen := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		agent := accounttest.Agent(t, h.d, h.now, "")
		steps := func(token, path string, waits ...time.Duration) (alive []bool) {
			start := h.now
			defer func() { h.now = start }()
			c := h.with(token)
			for _, wait := range waits {
				h.now = h.now.Add(wait)
				alive = append(alive, in(c.Get(path), c.Get(path).Status))
			}
			return alive
		}
		open := func(id account.ID) string { return accounttest.SignIn(t, h.d, h.now, id) }
		shared := func() string {
			c := h.client()
			c.Post("/connexion", url.Values{"identifiant": {"aubert0"}, "mot_de_passe": {"Vqhzrt7m"}, "partage": {"1"}})
			return cookieOf(c)
		}
		monthly := []time.Duration{29 * day, 29 * day, 29 * day, 4 * day}
		hourly := make([]time.Duration, 13)
		for i := range hourly {
			hourly[i] = 55 * time.Minute
		}
		cases := []struct {
			name string
			got  []bool
			want []bool
		}{
			{"unused for 29 days", steps(open(citizen.ID), "/espace", 29*day), []bool{true}},
			{"unused for 30 days", steps(open(citizen.ID), "/espace", 30*day), []bool{false}},
			{"used each month, past 90 days", steps(open(citizen.ID), "/espace", monthly...), []bool{true, true, true, false}},
			{"shared computer, 29 minutes", steps(shared(), "/espace", 29*time.Minute, 29*time.Minute), []bool{true, true}},
			{"shared computer, 30 minutes", steps(shared(), "/espace", 30*time.Minute), []bool{false}},
			{"agent unused for an hour", steps(open(agent.ID), "/agents", time.Hour), []bool{false}},
			{"agent in use, past 12 hours", steps(open(agent.ID), "/agents", append(hourly, 20*time.Minute)...)[12:], []bool{true, false}},
		}
		for _, c := range cases {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("%s: -want +got\n%s", c.name, diff)
			}
		}
	})
}

func TestSignInMakesANewTokenAndKillsTheOld(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		c := h.client()
		planted := strings.Repeat("A", 32)
		c.SetCookie(account.SessionCookie, planted)
		try(c, "aubert0", "Vqhzrt7m")
		first := cookieOf(c)
		if first == planted || len(first) != 32 {
			t.Fatalf("cookie after sign-in: %q", first)
		}
		if h.with(planted).Get("/espace").Status != 303 {
			t.Error("the planted cookie opens the space")
		}
		if n := h.count(`select count(*) from session where token_hash = $1`, first); n != 0 {
			t.Error("the token is stored in clear")
		}
		try(c, "aubert0", "Vqhzrt7m")
		if h.with(first).Get("/espace").Status != 303 || h.with(cookieOf(c)).Get("/espace").Status != 200 {
			t.Error("a second sign-in of the same browser left the first session alive")
		}
	})
}

func TestSignOut(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, "", named("aubert0", ""))
		token := accounttest.SignIn(t, h.d, h.now, acc.ID)
		page := h.with(token).Post("/deconnexion", url.Values{})
		if page.Status != 303 || page.Header.Get("Clear-Site-Data") != `"cache", "storage"` {
			t.Errorf("sign-out: %d, Clear-Site-Data %q", page.Status, page.Header.Get("Clear-Site-Data"))
		}
		if h.with(token).Get("/espace").Status != 303 {
			t.Error("the cookie still opens the space")
		}
	})
}

func TestIdentifyIsOneQuery(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		agent := accounttest.Agent(t, h.d, h.now, "", account.Held{Role: account.Accueil, Service: "s1"},
			account.Held{Role: account.Regie, Service: "s2"}, account.Held{Role: account.Accueil, Service: "s3"})
		token := accounttest.SignIn(t, h.d, h.now, agent.ID)
		ctx, n := db.CountQueries(context.Background())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://portail.test/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: token})
		a, err := h.pages.Identify(nil, r)
		if err != nil || *n != 1 {
			t.Errorf("%d statements (%v), want 1", *n, err)
		}
		want := actor.Actor{Kind: actor.Agent, State: actor.Active, Account: string(agent.ID), Person: string(agent.Person),
			Name: "Nadia Rahmani", Session: a.Session, Second: true, Rights: map[actor.Right][]string{readRight: {"s1", "s3"}}}
		sortRights(a.Rights)
		if diff := cmp.Diff(want, a); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
}

func sortRights(rights map[actor.Right][]string) {
	for _, services := range rights {
		if len(services) == 2 && services[0] > services[1] {
			services[0], services[1] = services[1], services[0]
		}
	}
}

func TestRemovedRoleIsGoneAtTheNextRequest(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin := accounttest.Agent(t, h.d, h.now, "", account.Held{Role: account.Administrateur, Service: actor.AllServices})
		accounttest.WithSecond(t, h.d, h.now, h.key, admin.ID)
		agent := accounttest.Agent(t, h.d, h.now, "", account.Held{Role: account.Accueil, Service: "s1"})
		c := h.with(accounttest.SignIn(t, h.d, h.now, agent.ID))
		if got := c.Get("/agents/lire").Status; got != 200 {
			t.Fatalf("with the role: %d", got)
		}
		a := h.actor(admin.ID)
		regie := []account.Held{{Role: account.Regie, Service: "s1"}}
		if err := h.write(func(tx *db.Tx) error { return account.SetRoles(tx, h.now, a, agent.ID, regie) }); err != nil {
			t.Fatal(err)
		}
		if got := c.Get("/agents/lire").Status; got != 403 {
			t.Errorf("without the role: %d, want 403", got)
		}
		if err := h.write(func(tx *db.Tx) error { return account.Suspend(tx, h.now, a, agent.ID) }); err != nil {
			t.Fatal(err)
		}
		if got := c.Get("/agents").Status; got != 303 {
			t.Errorf("disabled: %d, want 303 to the sign-in", got)
		}
	})
}

// actor is who an account's session stands for.
func (h *house) actor(id account.ID) actor.Actor {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://portail.test/", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: accounttest.SignIn(h.t, h.d, h.now, id)})
	a, err := h.pages.Identify(nil, r)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

const firstForm = `form[action="/premiere-connexion"]`

func TestProvisionalPassword(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		provisional := crypt.ProvisionalPassword(h.key, "activation-1")
		start := h.now
		fresh := func(username string, byPost bool) account.Account {
			h.now = start
			acc := accounttest.Citizen(t, h.d, h.now, "", named(username, username+"@exemple.fr"), func(_ *person.Person, acc *account.Account) {
				acc.State, acc.EmailConfirmedAt = account.Unclaimed, 0
			})
			err := h.write(func(tx *db.Tx) error {
				return account.SetProvisional(tx, h.now, accounttest.Job, acc.ID, account.Provisional{Hash: "cheap:" + provisional,
					Until: civil.InstantOf(h.now).Add(14 * 24 * time.Hour), ByPost: byPost})
			})
			if err != nil {
				t.Fatal(err)
			}
			return acc
		}
		acc := fresh("aubert0", false)
		c := h.client()
		typed := strings.ToLower(provisional[:5]) + " " + provisional[5:] // as people type it
		page := try(c, "aubert0", typed)
		if page.Location() != "/premiere-connexion" {
			t.Fatalf("provisional password: %d to %q %s", page.Status, page.Location(), page.Text("main"))
		}
		if got := c.Get("/espace").Location(); got != "/premiere-connexion" {
			t.Errorf("the space before a personal password: %q", got)
		}
		page = c.Get("/premiere-connexion")
		if !strings.Contains(page.Text(firstForm), "Le mot de passe doit contenir au minimum 8 caractères") {
			t.Error("the rule does not stand before the field")
		}
		bad := page.Submit(firstForm, map[string]string{"mot_de_passe": "aubert", "confirmation": "auberts"})
		for _, want := range []string{"Ce mot de passe compte 6 caractères", "1 majuscule et 1 chiffre", "Les deux mots de passe diffèrent"} {
			if bad.Status != 422 || !strings.Contains(bad.Text(firstForm), want) {
				t.Errorf("all that is wrong at once: %d, %q is missing", bad.Status, want)
			}
		}
		done := page.Submit(firstForm, map[string]string{"mot_de_passe": "Bnwqkz8r", "confirmation": "Bnwqkz8r"})
		if done.Status != 303 || done.Follow().Status != 200 {
			t.Fatalf("claim: %d %s", done.Status, done.Text("main"))
		}
		after := accounttest.Reload(t, h.d, acc.ID)
		if after.State != account.Active || after.Provisional() || after.EmailConfirmedAt == 0 {
			t.Errorf("after the claim: %+v", after)
		}
		if page := try(h.client(), "aubert0", provisional); page.Status != 422 {
			t.Errorf("the provisional password after the personal one: %d", page.Status)
		}
		if page := try(h.client(), "aubert0", "Bnwqkz8r"); page.Status != 303 {
			t.Errorf("the personal password: %d", page.Status)
		}
		err := h.write(func(tx *db.Tx) error {
			return account.SetProvisional(tx, h.now, accounttest.Job, acc.ID, account.Provisional{Hash: "x"})
		})
		if fault.KindOf(err) != fault.Refused {
			t.Errorf("a provisional password for a claimed account: %v", err)
		}

		fresh("aubert1", false)
		h.now = h.now.Add(14 * 24 * time.Hour)
		if page := try(h.client(), "aubert1", provisional); page.Status != 422 || !strings.Contains(page.Text("main"), "n’est plus valable") {
			t.Errorf("after 14 days: %d %s", page.Status, page.Text("main"))
		}

		post := fresh("aubert2", true)
		c = h.client()
		try(c, "aubert2", provisional)
		page = c.Get("/premiere-connexion")
		err = h.write(func(tx *db.Tx) error {
			who := actor.Actor{Kind: actor.Citizen, State: actor.MustPass, Account: string(post.ID), Person: string(post.Person)}
			return account.Claim(tx, h.now, who, "cheap:x", civil.NewDate(1985, 3, 4))
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("the verb with a wrong birth date: %v", err)
		}
		answer := map[string]string{"naissance": "04/03/1985", "mot_de_passe": "Bnwqkz8r", "confirmation": "Bnwqkz8r"}
		if bad := page.Submit(firstForm, answer); bad.Status != 422 {
			t.Errorf("wrong birth date: %d", bad.Status)
		}
		answer["naissance"] = "3/3/1985"
		if done := page.Submit(firstForm, answer); done.Status != 303 {
			t.Errorf("right birth date: %d %s", done.Status, done.Text("main"))
		}
		if got := accounttest.Reload(t, h.d, post.ID); got.State != account.Active || got.EmailConfirmedAt != 0 {
			t.Errorf("a letter confirms no e-mail: %+v", got)
		}
	})
}

func TestForgottenPassword(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		old := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID))
		ask := func(typed string) (status int, body, location string, statements int64) {
			ctx, n := db.CountQueries(context.Background())
			c := h.client()
			form := url.Values{"identifiant": {typed}}
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+"/mot-de-passe-oublie", strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.RequestURI = "/mot-de-passe-oublie"
			page := c.Do(r)
			return page.Status, page.Body, page.Location(), *n
		}
		s1, b1, l1, n1 := ask("anais@exemple.fr")
		s2, b2, l2, n2 := ask("personne@exemple.fr")
		if s1 != s2 || b1 != b2 || l1 != l2 || n1 != n2 || n1 == 0 || h.hashes != (account.Hashes{}) {
			t.Errorf("known: %d %q %d statements; unknown: %d %q %d statements", s1, l1, n1, s2, l2, n2)
		}
		if n := h.count(`select count(*) from job where args like '%exemple%'`); n != 0 {
			t.Error("the address typed is stored in clear")
		}
		h.runJobs()
		if n := h.count(`select count(*) from mail_outbox`); n != 1 {
			t.Fatalf("%d mails, want 1", n)
		}
		path := h.resetPath()
		c := h.client()
		for range 2 {
			if page := c.Get(path); page.Status != 200 {
				t.Fatalf("a look at the link: %d", page.Status)
			}
		}
		h.now = h.now.Add(time.Minute)
		page := c.Get(path).Submit("form", map[string]string{"mot_de_passe": "Bnwqkz8r", "confirmation": "Bnwqkz8r"})
		if page.Status != 303 || page.Follow().Status != 200 {
			t.Fatalf("reset: %d", page.Status)
		}
		if old.Get("/espace").Status != 303 {
			t.Error("a session opened before is alive")
		}
		again := h.client().Get(path)
		if again.Status != 409 || again.Text("h1") != "Ce lien ne fonctionne plus" {
			t.Errorf("the link again: %d %s", again.Status, again.Text("h1"))
		}
		if text := again.Text("main"); strings.Contains(text, "n’a pas changé") || !strings.Contains(text, "déjà servi à choisir un mot de passe") || !again.Has(`main a[href="/connexion"]`) {
			t.Errorf("a used link: %s", text)
		}
		h.lastMail(account.MailPasswordChanged)

		ask("aubert0")
		h.runJobs()
		late := h.resetPath()
		ask("aubert0")
		h.runJobs()
		if page := h.client().Get(late); page.Status != 409 || !strings.Contains(page.Text("main"), "plus récent") {
			t.Errorf("a later link leaves the earlier one alive: %s", page.Text("main"))
		}
		late = h.resetPath()
		h.now = h.now.Add(30 * time.Minute)
		if page := h.client().Get(late); page.Status != 409 || !strings.Contains(page.Text("main"), "le délai pour l’ouvrir est passé") {
			t.Errorf("the link lives past 30 minutes: %s", page.Text("main"))
		}
		ask("aubert0")
		h.runJobs()
		if n := h.count(`select count(*) from mail_outbox where template = $1`, account.MailForgotten); n != 3 {
			t.Errorf("%d links in an hour, want 3", n)
		}
		if h.client().Get("/mot-de-passe-oublie/inconnu").Status != 409 {
			t.Error("an unknown link tells something else")
		}
	})
}

func TestIdentifiers(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", "anais@exemple.fr"))
		accounttest.Citizen(t, h.d, h.now, right, named("prise", ""))
		other := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID))
		c := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID))
		form := func(username, old, password string) map[string]string {
			return map[string]string{"identifiant": username, "ancien_mot_de_passe": old, "mot_de_passe": password, "confirmation": password}
		}
		send := func(f map[string]string) int { return c.Get("/espace/identifiants").Submit("#identifiants", f).Status }
		if got := send(form("aubert0", "faux", "Bnwqkz8r")); got != 422 {
			t.Errorf("wrong old password: %d", got)
		}
		if got := send(form("prise", "Vqhzrt7m", "")); got != 422 {
			t.Errorf("taken name: %d", got)
		}
		if other.Get("/espace").Status != 200 {
			t.Error("a refused change ended a session")
		}
		for i := 2; i <= 6; i++ {
			want := 422
			if i == 6 {
				want = 429
			}
			if got := send(form("prise", "Vqhzrt7m", "")); got != want {
				t.Errorf("taken name, time %d: %d, want %d", i, got, want)
			}
		}
		h.now = h.now.Add(2 * time.Minute)
		if got := send(form("anais.aubert", "Vqhzrt7m", "Bnwqkz8r")); got != 303 {
			t.Fatalf("change: %d", got)
		}
		if other.Get("/espace").Status != 303 || c.Get("/espace").Status != 200 {
			t.Error("other sessions end, the one in hand goes on")
		}
		h.lastMail(account.MailPasswordChanged)
		h.lastMail(account.MailUsernameChanged)
		if page := try(h.client(), "anais.aubert", "Bnwqkz8r"); page.Status != 303 {
			t.Errorf("sign-in with both: %d", page.Status)
		}
	})
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, "", named("aubert0", ""))
		stranger := accounttest.Citizen(t, h.d, h.now, "", named("autre", ""))
		c := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID))
		second := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID))
		third := h.with(accounttest.SignIn(t, h.d, h.now, acc.ID))
		foreign := h.actor(stranger.ID)
		page := c.Get("/espace/identifiants")
		if got := page.Doc.Find("main ul.rows > li").Length(); got != 3 {
			t.Errorf("%d devices listed, want 3", got)
		}
		page = page.Submit(`form[action$="/fin"]`, nil)
		if page.Status != 303 || second.Get("/espace").Status+third.Get("/espace").Status != 503 {
			t.Errorf("one of two others ends: %d, %d and %d", page.Status, second.Get("/espace").Status, third.Get("/espace").Status)
		}
		if got := c.Get("/espace/identifiants").Submit("#autres-appareils", nil).Status; got != 303 {
			t.Errorf("all others: %d", got)
		}
		if second.Get("/espace").Status+third.Get("/espace").Status != 606 || c.Get("/espace").Status != 200 {
			t.Error("others are alive, or this one is dead")
		}
		own := h.actor(acc.ID)
		err := h.write(func(tx *db.Tx) error {
			return account.EndSession(tx, h.now, own, account.SessionID(foreign.Session))
		})
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("somebody else's session: %v", err)
		}
	})
}

func TestLastSignIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		acc := accounttest.Citizen(t, h.d, h.now, right, named("aubert0", ""))
		first := h.now
		try(h.client(), "aubert0", "Vqhzrt7m")
		h.now = h.now.Add(48 * time.Hour)
		try(h.client(), "aubert0", "Vqhzrt7m")
		got := accounttest.Reload(t, h.d, acc.ID)
		if got.PreviousSignInAt != civil.InstantOf(first) || got.SignedInAt != civil.InstantOf(h.now) {
			t.Errorf("previous %d, last %d", got.PreviousSignInAt, got.SignedInAt)
		}
	})
}
