package app_test

import (
	"net/http"
	"strings"
	"testing"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// TestFileLeadsToTheActivationOfOneAccount follows the link of each sort of account, and counts who is listed there.
func TestFileLeadsToTheActivationOfOneAccount(t *testing.T) {
	m := newMatrixTown(t, "sqlite")
	job := actor.Job("test")
	type adult struct {
		person  person.Person
		account account.Account
	}
	add := func(p person.Person, acc account.Account) adult {
		t.Helper()
		var made adult
		m.do(func(tx *db.Tx) error {
			id, err := person.Insert(tx, m.now, job, p)
			if err != nil {
				return err
			}
			acc.Person, acc.Audience = id, account.Citizen
			if acc.ID, err = account.Insert(tx, m.now, job, acc, ""); err != nil {
				return err
			}
			p.ID, made = id, adult{p, acc}
			return nil
		})
		return made
	}
	shared := person.Person{LastName: "Lefèvre", FirstNames: "Aude"}
	imported := add(shared, account.Account{Username: "aude.l", Email: "aude.lefevre@exemple.fr", State: account.Unclaimed})
	add(person.Person{LastName: "Lefèvre", FirstNames: "Audrey"}, account.Account{Username: "audrey.l", Email: "audrey@exemple.fr", State: account.Unclaimed})
	bare := add(person.Person{LastName: "Le Goff", BirthName: "Kervella", FirstNames: "Nolwenn"}, account.Account{Username: "nolwenn", State: account.Unclaimed})
	waiting := adult{account: account.Account{ID: account.ID(m.targets["first"]["newcomer"])}}

	agent := actor.Actor{Kind: actor.Agent, Second: true, Rights: map[actor.Right][]string{admission.Read: {actor.AllServices}}}
	of := map[person.ID]account.Account{imported.person.ID: imported.account, bare.person.ID: bare.account, "waiting": waiting.account}
	lead := func(who actor.Actor, a adult) string {
		t.Helper()
		href, err := db.Read(t.Context(), m.app.DB, func(r db.Reader) (string, error) {
			to, err := app.ActivationHref(r, who, of)
			if err != nil {
				return "", err
			}
			return to(a.account, a.person), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return href
	}
	if got := lead(actor.Actor{Kind: actor.Agent, Second: true}, imported); got != "" {
		t.Errorf("an agent without the right is led to %q", got)
	}
	if got, want := lead(agent, waiting), "/agents/activation/"+string(waiting.account.ID); got != want {
		t.Errorf("an account of the queue leads to %q, want %q", got, want)
	}
	for name, c := range map[string]struct {
		adult adult
		says  string
	}{"an imported account with an address": {imported, "Aude Lefèvre"}, "without any": {bare, "Nolwenn Le Goff"}} {
		href := lead(agent, c.adult)
		rows := m.opened(t, "agent administrateur", href).Doc.Find("main table tbody tr, main .row-link, main ul.rows > li")
		if rows.Length() != 1 || !strings.Contains(strings.ReplaceAll(rows.Text(), "\u00a0", " "), strings.Fields(c.says)[0]) {
			t.Errorf("%s: %s lists %d: %s", name, href, rows.Length(), strings.Join(strings.Fields(rows.Text()), " "))
		}
	}
}

// opened is a page as one of the matrix's people sees it.
func (m *matrixTown) opened(t *testing.T, role, path string) *testkit.Page {
	t.Helper()
	for _, who := range m.people {
		if who.name == role {
			c := testkit.NewClient(t, m.app.Handler())
			c.SetCookie(account.SessionCookie, m.session(who))
			page := c.Get(path)
			if page.Status != http.StatusOK {
				t.Fatalf("%s opens %s: %d", role, path, page.Status)
			}
			return page
		}
	}
	t.Fatalf("nobody is %q", role)
	return nil
}

// TestSetUpLeadsThoseWhoMay tells a new town's first settings apart from those of a town that has some.
func TestSetUpLeadsThoseWhoMay(t *testing.T) {
	testkit.EachEngine(t, app.Sources(), func(t *testing.T, d *db.DB) {
		lead := func(who actor.Actor) (string, bool) {
			t.Helper()
			type led struct {
				href   string
				atOnce bool
			}
			l, err := db.Read(t.Context(), d, func(r db.Reader) (l led, err error) {
				l.href, l.atOnce, err = app.SetUp(r, who)
				return l, err
			})
			if err != nil {
				t.Fatal(err)
			}
			return l.href, l.atOnce
		}
		admin := actor.Actor{Kind: actor.Agent, Second: true, Rights: map[actor.Right][]string{town.SettingsWrite: {actor.AllServices}}}
		other := actor.Actor{Kind: actor.Agent, Second: true, Rights: map[actor.Right][]string{family.MemberApprove: {actor.AllServices}}}
		if href, atOnce := lead(admin); href != town.SetupPath || !atOnce {
			t.Errorf("a fresh town leads its administrator to %q, at once %v", href, atOnce)
		}
		if href, atOnce := lead(other); href != "" || atOnce {
			t.Errorf("an agent who may not is led to %q", href)
		}
	})
}

// TestQuietCheckFollowsTheTownsSetting opens both forms with the setting off, on, and off again.
func TestQuietCheckFollowsTheTownsSetting(t *testing.T) {
	m := newMatrixTown(t, "sqlite")
	for _, on := range []bool{false, true, false} {
		m.do(func(tx *db.Tx) error {
			s, err := town.ReadSettings(tx)
			if err != nil {
				return err
			}
			s.QuietCheck = on
			return town.SaveSettings(tx, m.now, actor.Job("test"), s)
		})
		m.app.Settings.Invalidate()
		c := testkit.NewClient(t, m.app.Handler())
		page := c.Get("/contacts/ecrire")
		if page.Status != http.StatusOK || page.Has("[data-check-quiet]") != on || !page.Has("input[name=controle_image]") {
			t.Errorf("setting %v: %d, quiet %v, pictures %v", on, page.Status, page.Has("[data-check-quiet]"), page.Has("input[name=controle_image]"))
		}
	}
}
