package admission_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// hearth is a town where Camille holds a family that Thomas heads too, without an account.
type hearth struct {
	t              *testing.T
	d              *db.DB
	now            time.Time
	key            *crypt.Key
	homes          familytest.Homes
	camille, bruno actor.Actor
	agent          actor.Actor
	portal         *testkit.Portal
	pages          admission.Invites
}

func eachHearth(t *testing.T, fn func(t *testing.T, h *hearth)) {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	testkit.EachEngine(t, admission.Sources(), func(t *testing.T, d *db.DB) {
		h := &hearth{t: t, d: d, now: time.Date(2027, 1, 11, 10, 12, 0, 0, paris), key: crypt.NewKey(), homes: familytest.New(t, d)}
		clock := func() time.Time { return h.now }
		h.camille, h.bruno = h.opened(h.homes.Camille, "camille"), h.opened(h.homes.Bruno, "bruno")
		staff := accounttest.Agent(t, d, h.now, "")
		h.agent = familytest.Agent(family.FileRead, family.FileWrite, family.MemberApprove)
		h.agent.Account = string(staff.ID)
		cache := &town.Cache{DB: d}
		h.pages = admission.Invites{DB: d, Key: h.key, Now: clock, Settings: cache}.Quick()
		logins := account.Pages{Gate: account.Gate{DB: d, Key: h.key, Now: clock, RealNow: clock}, Settings: cache}
		h.portal = testkit.NewPortal(t, d, h.now, func(c *web.Config) {
			c.Now = clock
			inner := c.Identify
			c.Identify = func(w http.ResponseWriter, r *http.Request) (actor.Actor, error) {
				if a, err := logins.Identify(w, r); err != nil || a.SignedIn() {
					return a, err
				}
				return inner(w, r)
			}
		})
		h.pages.Citizen(h.portal.Router)
		h.pages.Agent(h.portal.Router)
		files := family.Pages{DB: d, Now: clock, Settings: cache, Invitations: h.pages.Card, Namesakes: h.pages.Namesakes, Panels: []web.Panel{h.pages.Panel()}}
		files.Citizen(h.portal.Router)
		files.Agent(h.portal.Router)
		fn(t, h)
	})
}

// opened gives somebody an active account.
func (h *hearth) opened(who person.ID, username string) actor.Actor {
	h.t.Helper()
	a := actor.Actor{Kind: actor.Citizen, State: actor.Active, Person: string(who)}
	h.write(func(tx *db.Tx) error {
		p, err := person.ByID(tx, who)
		if err != nil {
			return err
		}
		id, err := account.Insert(tx, h.now, accounttest.Job, account.Account{Person: who, Audience: account.Citizen, Username: username,
			Email: p.Email, EmailConfirmedAt: civil.InstantOf(h.now), State: account.Active}, "")
		a.Account, a.Name = string(id), p.Full()
		return err
	})
	return a
}

func (h *hearth) write(verb func(tx *db.Tx) error) {
	h.t.Helper()
	if err := h.try(verb); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hearth) try(verb func(tx *db.Tx) error) error { return db.Do(context.Background(), h.d, verb) }

func (h *hearth) atOnce() {
	h.write(func(tx *db.Tx) error {
		s, err := town.ReadSettings(tx)
		s.CoholderAtOnce = true
		if err != nil {
			return err
		}
		return town.SaveSettings(tx, h.now, accounttest.Job, s)
	})
}

// someone is a wish for a person whom the family does not know.
func (h *hearth) someone() admission.Wish {
	return admission.Wish{Family: h.homes.First, LastName: "Durand", FirstNames: "Paul", Email: "paul@exemple.fr", Relation: "beau-père"}
}

func (h *hearth) thomas() admission.Wish {
	return admission.Wish{Family: h.homes.First, Person: h.homes.Thomas}
}

// ask invites, and gives the invitation back.
func (h *hearth) ask(a actor.Actor, w admission.Wish) admission.Invite {
	h.t.Helper()
	h.write(func(tx *db.Tx) error {
		_, err := admission.InviteCoholder(tx, h.now, a, h.key, w)
		return err
	})
	return h.invites()[0]
}

func (h *hearth) invites() []admission.Invite {
	h.t.Helper()
	all, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]admission.Invite, error) { return admission.InvitesOf(r, h.homes.First) })
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *hearth) secret(v admission.Invite) string {
	return admission.InviteSecret(h.key, v.ID, v.Number)
}

func (h *hearth) path(v admission.Invite) string { return "/invitation/" + h.secret(v) }

// accept opens an account by a link.
func (h *hearth) accept(v admission.Invite, username string) (outcome admission.Outcome, who actor.Actor, err error) {
	err = h.try(func(tx *db.Tx) error {
		id, got, err := admission.AcceptNew(tx, h.now, h.secret(v), admission.Answer{LastName: v.LastName, FirstNames: v.FirstNames,
			Birth: civil.NewDate(1984, 5, 6), Username: username, Hash: "hash", Terms: "parvis-1", Privacy: "parvis-1"})
		if err != nil {
			return err
		}
		acc, err := account.ByID(tx, id)
		outcome, who = got, actor.Actor{Kind: actor.Citizen, Account: string(id), Person: string(acc.Person), State: actor.Waiting}
		if acc.State == account.Active {
			who.State = actor.Active
		}
		return err
	})
	return outcome, who, err
}

// children are those whom somebody may act for, by first name.
func (h *hearth) children(a actor.Actor) []string {
	h.t.Helper()
	names, err := db.Read(context.Background(), h.d, func(r db.Reader) (names []string, err error) {
		all, err := family.Children(r, a, civil.DateOf(h.now))
		for _, c := range all {
			names = append(names, c.First())
		}
		return names, err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return names
}

func (h *hearth) count(query string, args ...any) int64 {
	h.t.Helper()
	return accounttest.Count(h.t, h.d, query, args...)
}

func (h *hearth) restrict(who person.ID, child family.ChildID) {
	h.write(func(tx *db.Tx) error {
		_, err := family.Restrict(tx, h.now, accounttest.Job, family.Restriction{Person: who, Child: child, DecidedOn: civil.NewDate(2026, 10, 1), Reference: "26/00012"})
		return err
	})
}

func kind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if got := fault.KindOf(err); got != want || err == nil {
		t.Errorf("%s: kind %v (%v), want %v", what, got, err, want)
	}
}

func (h *hearth) rendered(template string) []mail.Body {
	h.t.Helper()
	deps := admission.MailDeps{Key: h.key, Now: func() time.Time { return h.now }, URL: func(p string) string { return "https://portail.test" + p }}
	bodies, err := db.Read(context.Background(), h.d, func(r db.Reader) (all []mail.Body, err error) {
		for _, v := range h.invites() {
			for _, x := range admission.InviteMails(deps) {
				if x.Name != template {
					continue
				}
				b, err := x.Render(context.Background(), r, map[string]string{"invite": string(v.ID), "number": "1"})
				if err != nil {
					return nil, err
				}
				all = append(all, b)
			}
		}
		return all, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return bodies
}

func TestKnownCoholderClaimsTheImportedAccount(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.write(func(tx *db.Tx) error {
			_, _, err := account.InsertUnclaimed(tx, h.now, accounttest.Job, h.homes.Thomas, "thomas0", "thomas@exemple.fr")
			return err
		})
		w := h.thomas()
		w.Email = "another@exemple.fr" // ignored: the town writes to the address that it knows
		v := h.ask(h.camille, w)
		if v.Email != "thomas@exemple.fr" || v.Typed {
			t.Fatalf("sent to %s, typed %v", v.Email, v.Typed)
		}
		outcome, thomas, err := h.accept(v, "thomas.n")
		if err != nil || outcome != admission.Joined {
			t.Fatalf("%v %v", outcome, err)
		}
		if diff := cmp.Diff([]string{"Jérémy", "Inès"}, h.children(thomas)); diff != "" {
			t.Error(diff)
		}
		if thomas.Person != string(h.homes.Thomas) || h.count(`select count(*) from account where person = $1`, string(h.homes.Thomas)) != 1 {
			t.Error("not the imported account of the known person")
		}
		if n := h.count(`select count(*) from mail_outbox where template in ('admission.invite.accepted', 'admission.invite.agents')`); n != 1 {
			t.Errorf("%d mails tell of it; the town has no address of the service here, the holder is told", n)
		}
		_, _, err = h.accept(v, "encore")
		kind(t, "used link", err, fault.Conflict)
	})
}

func TestNewPersonWaitsForAnAgentUnlessTheTownSaysNot(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		outcome, paul, err := h.accept(h.ask(h.camille, h.someone()), "paul.durand")
		if err != nil || outcome != admission.ToVerify {
			t.Fatalf("%v %v", outcome, err)
		}
		if got := h.children(paul); len(got) != 0 {
			t.Errorf("before an agent's answer Paul sees %v", got)
		}
		page := h.portal.As(paul).Get("/espace/famille")
		for _, s := range append(familytest.CamilleSecrets, "Jérémy", "Inès", "Thomas") {
			if strings.Contains(page.Body, s) {
				t.Errorf("Paul reads %q", s)
			}
		}
		queue := h.portal.As(h.agent).Get("/agents/membres")
		member := queue.Click(".row-link")
		if !strings.Contains(member.Text("main"), "Co-représentant") || !strings.Contains(member.Text("main"), "beau-père") {
			t.Fatalf("the queue says %s", member.Text("main"))
		}
		if done := member.Submit("#accepter", nil); done.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", done.Status, done.Text("main"))
		}
		if diff := cmp.Diff([]string{"Jérémy", "Inès"}, h.children(paul)); diff != "" {
			t.Error(diff)
		}
		h.atOnce()
		w := h.someone()
		w.FirstNames, w.Email = "Rose", "rose@exemple.fr"
		outcome, rose, err := h.accept(h.ask(h.camille, w), "rose.durand")
		if err != nil || outcome != admission.Joined || len(h.children(rose)) != 2 {
			t.Errorf("at once: %v %v %v", outcome, err, h.children(rose))
		}
	})
}

func TestAddressTypedForAKnownCoholderOpensNothingOfTheirs(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.atOnce()
		h.write(func(tx *db.Tx) error {
			return person.SetEmail(tx, h.now, accounttest.Job, h.homes.Thomas, "camille.martin@exemple.fr") // one address for both
		})
		w := h.thomas()
		w.Email = "camille.martin@exemple.fr"
		kind(t, "the holder's own", h.try(func(tx *db.Tx) error {
			_, err := admission.InviteCoholder(tx, h.now, h.camille, h.key, w)
			return err
		}), fault.Invalid)
		w.Email = "camille.bis@exemple.fr"
		v := h.ask(h.camille, w)
		outcome, guest, err := h.accept(v, "thomas.n")
		if err != nil || outcome != admission.ToLink || guest.Person == string(h.homes.Thomas) || guest.State != actor.Waiting {
			t.Fatalf("%v %v: %+v", outcome, err, guest)
		}
		if got := h.children(guest); len(got) != 0 {
			t.Errorf("sees %v", got)
		}
		if n := h.count(`select count(*) from account where state = 'waiting' and id = $1`, guest.Account); n != 1 {
			t.Error("not in the queue of accounts")
		}
	})
}

func TestRestrictionHoldsAndHides(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.atOnce()
		h.restrict(h.homes.Thomas, h.homes.Ines)
		form := h.portal.As(h.camille).Get("/espace/famille").Click(`a[href^="/espace/famille/inviter"]`)
		done := form.Submit("#inviter", map[string]string{"qui": string(h.homes.Thomas)})
		if done.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", done.Status, done.Text("main"))
		}
		home := done.Follow()
		if !strings.Contains(home.Text("main"), "En cours de vérification") || strings.Contains(home.Body, "estriction") {
			t.Errorf("the holder reads %s", home.Text("main"))
		}
		v := h.invites()[0]
		if !v.Held || h.count(`select count(*) from mail_outbox where template = 'admission.invite'`) != 0 {
			t.Fatal("a mail left before an agent looked")
		}
		_, _, err := h.accept(v, "thomas.n")
		kind(t, "held link", err, fault.Conflict)
		list := h.portal.As(h.agent).Get("/agents/invitations")
		file := list.Click(".row-link")
		if !strings.Contains(file.Text("main"), "Une restriction existe") {
			t.Errorf("the agent reads %s", file.Text("main"))
		}
		if sent := file.Submit(`form[action$="/renvoi"]`, nil); sent.Status != http.StatusSeeOther {
			t.Fatalf("%d", sent.Status)
		}
		_, thomas, err := h.accept(h.invites()[0], "thomas.n")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Jérémy"}, h.children(thomas)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRestrictionAsksAnAgentWhateverTheTownSays(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		h.atOnce()
		// Bruno, restricted for Jérémy, is invited into Camille's family by an address that nobody tells to be his.
		h.restrict(h.homes.Bruno, h.homes.Jeremy)
		w := h.someone()
		w.Email = "bruno.petit@exemple.fr"
		v := h.ask(h.camille, w)
		var outcome admission.Outcome
		h.write(func(tx *db.Tx) (err error) {
			outcome, err = admission.AcceptAs(tx, h.now, h.bruno, h.secret(v))
			return err
		})
		if outcome != admission.ToVerify || len(h.children(h.bruno)) != 0 {
			t.Errorf("%v, sees %v", outcome, h.children(h.bruno))
		}
		// A holder under restriction brings nobody in alone either.
		h.restrict(h.homes.Camille, h.homes.Ines)
		w = h.someone()
		w.FirstNames, w.Email = "Rose", "rose@exemple.fr"
		if outcome, _, err := h.accept(h.ask(h.camille, w), "rose"); err != nil || outcome != admission.ToVerify {
			t.Errorf("%v %v", outcome, err)
		}
	})
}

func TestWhoMayInvite(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		thomas := h.opened(h.homes.Thomas, "thomas.n")
		contact := h.opened(h.homes.Contact, "marie")
		waiting := h.camille
		waiting.State = actor.Waiting
		for name, a := range map[string]actor.Actor{"co-holder": thomas, "other home": h.bruno, "contact": contact, "waiting": waiting, "nobody": {},
			"agent elsewhere": familytest.AgentOf(h.homes.Youth, family.FileWrite)} {
			kind(t, name, h.try(func(tx *db.Tx) error {
				_, err := admission.InviteCoholder(tx, h.now, a, h.key, h.someone())
				return err
			}), fault.NotFound)
		}
		v := h.ask(h.agent, h.someone())
		for name, a := range map[string]actor.Actor{"co-holder": thomas, "other home": h.bruno, "agent elsewhere": familytest.AgentOf(h.homes.Youth, family.FileWrite)} {
			kind(t, name, h.try(func(tx *db.Tx) error { return admission.ResendInvite(tx, h.now, a, h.key, v.ID) }), fault.NotFound)
			kind(t, name, h.try(func(tx *db.Tx) error { return admission.RevokeInvite(tx, h.now, a, v.ID) }), fault.NotFound)
		}
		if outcome, _, err := h.accept(v, "paul"); err != nil || outcome != admission.Joined {
			t.Errorf("invited by an agent: %v %v", outcome, err)
		}
	})
}

func TestLinksThatDoNotCount(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		v := h.ask(h.camille, h.someone())
		visitor := h.portal.As(actor.Actor{})
		if page := visitor.Get("/invitation/" + strings.Repeat("A", 32)); page.Status != http.StatusNotFound {
			t.Errorf("unknown: %d", page.Status)
		}
		kind(t, "sent again at once", h.try(func(tx *db.Tx) error { return admission.ResendInvite(tx, h.now, h.camille, h.key, v.ID) }), fault.Throttled)
		h.now = h.now.Add(11 * time.Minute)
		h.write(func(tx *db.Tx) error { return admission.ResendInvite(tx, h.now, h.camille, h.key, v.ID) })
		if page := visitor.Get(h.path(v)); page.Status != http.StatusNotFound {
			t.Errorf("replaced: %d", page.Status)
		}
		_, _, err := h.accept(v, "paul")
		kind(t, "replaced", err, fault.NotFound)
		v = h.invites()[0]
		h.now = h.now.Add(14 * 24 * time.Hour)
		if page := visitor.Get(h.path(v)); page.Status != http.StatusConflict || !strings.Contains(page.Text("main"), "plus de 14 jours") {
			t.Errorf("late: %d %s", page.Status, page.Text("main"))
		}
		_, _, err = h.accept(v, "paul")
		kind(t, "late", err, fault.Conflict)
		h.write(func(tx *db.Tx) error { return admission.ResendInvite(tx, h.now, h.camille, h.key, v.ID) })
		v = h.invites()[0]
		h.write(func(tx *db.Tx) error { return admission.RevokeInvite(tx, h.now, h.camille, v.ID) })
		if page := visitor.Get(h.path(v)); page.Status != http.StatusConflict || !strings.Contains(page.Text("main"), "retirée") {
			t.Errorf("revoked: %d %s", page.Status, page.Text("main"))
		}
		_, _, err = h.accept(v, "paul")
		kind(t, "revoked", err, fault.Conflict)
		if h.count(`select count(*) from account where username = 'paul'`) != 0 {
			t.Error("an account was opened")
		}
	})
}

func TestTwoAcceptancesAtOnce(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		v := h.ask(h.camille, h.someone())
		var wg sync.WaitGroup
		results := make([]error, 2)
		for i, name := range []string{"paul.un", "paul.deux"} {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, _, results[i] = h.accept(v, name)
			}()
		}
		wg.Wait()
		if (results[0] == nil) == (results[1] == nil) {
			t.Errorf("%v and %v: one alone may win", results[0], results[1])
		}
		if n := h.count(`select count(*) from account where email = 'paul@exemple.fr'`); n != 1 {
			t.Errorf("%d accounts", n)
		}
	})
}

func TestNobodyIsEnumerated(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		for i, email := range []string{"bruno.petit@exemple.fr", "inconnu@exemple.fr"} {
			w := map[string]string{"courriel": email, "nom": []string{"Un", "Deux"}[i], "prenoms": "Ali", "lien": "oncle", "qui": "autre"}
			done := h.portal.As(h.camille).Get("/espace/famille/inviter").Submit("#inviter", w)
			if done.Status != http.StatusSeeOther || !strings.Contains(done.Follow().Body, "Invitation envoyée.") {
				t.Errorf("%s: %d %s", email, done.Status, done.Text("main"))
			}
		}
		pages := []string{}
		for _, v := range h.invites() {
			body := h.portal.As(actor.Actor{}).Get(h.path(v)).Text("main")
			pages = append(pages, body)
			for _, s := range append(append(familytest.CamilleSecrets, familytest.BrunoSecrets...), "Jérémy", "Inès") {
				if strings.Contains(body, s) {
					t.Errorf("the link's page tells %q", s)
				}
			}
			if !strings.Contains(body, "Camille Martin") || !strings.Contains(body, "Enfance") {
				t.Errorf("who invites is not told: %s", body)
			}
		}
		if pages[0] != pages[1] {
			t.Error("the link's page tells whether the address has an account")
		}
	})
}

func TestInviteMailsNameNobodyElse(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		v := h.ask(h.camille, h.someone())
		secrets := append(append([]string{"Camille", "Martin", "Jérémy", "Inès", "Nguyễn"}, familytest.CamilleSecrets...), familytest.BrunoSecrets...)
		look := func(template string, not []string, want string) {
			t.Helper()
			for _, b := range h.rendered(template) {
				text := b.Subject + b.Greeting + strings.Join(b.Paragraphs, " ") + strings.Join(b.Closing, " ") + b.Button.URL
				for _, s := range not {
					if strings.Contains(text, s) {
						t.Errorf("%s tells %q: %s", template, s, text)
					}
				}
				if !strings.Contains(text, want) {
					t.Errorf("%s lacks %q: %s", template, want, text)
				}
			}
		}
		look(admission.MailInvite, secrets, h.path(v))
		if _, _, err := h.accept(v, "paul"); err != nil {
			t.Fatal(err)
		}
		look(admission.MailInviteAccepted, []string{"Paul", "Durand", "paul@", "Jérémy", "Inès"}, "Camille Martin")
		look(admission.MailInviteAgents, append(secrets, "Paul", "Durand", "paul@"), "/agents/membres")
	})
}

func TestPurgeOfInvitations(t *testing.T) {
	eachHearth(t, func(t *testing.T, h *hearth) {
		v := h.ask(h.camille, h.someone())
		w := h.someone()
		w.FirstNames, w.Email = "Rose", "rose@exemple.fr"
		if _, _, err := h.accept(h.ask(h.camille, w), "rose"); err != nil {
			t.Fatal(err)
		}
		purge := func() {
			if err := h.pages.Handlers()[0].Run(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
		}
		h.now = h.now.Add((14 + 29) * 24 * time.Hour)
		purge()
		if n := len(h.invites()); n != 2 {
			t.Fatalf("%d left too early", n)
		}
		h.now = h.now.Add(2 * 24 * time.Hour)
		purge()
		left := h.invites()
		if len(left) != 1 || left[0].ID == v.ID || left[0].AcceptedAt == 0 {
			t.Errorf("%d left: %+v", len(left), left)
		}
	})
}
