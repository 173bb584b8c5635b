package app_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// maxDeskLoad is the most that an agent's first page may weigh, everything it calls for included, compressed.
const maxDeskLoad = 80 << 10

// newcomers makes n people who wait to be let in, and one who looks like an adult whom the town knows; it returns that
// one's account and the known person.
func (l *loadTown) newcomers(n int) (waiting account.ID, known person.ID) {
	l.t.Helper()
	l.do(func(tx *db.Tx, job actor.Actor) (err error) {
		known, err = person.Insert(tx, loadClock(), job, person.Person{LastName: fmt.Sprintf("Semblable %d", l.made), FirstNames: "Ada", BirthDay: civil.NewDate(1979, 8, 9)})
		for i := range n + 1 {
			if err != nil {
				return err
			}
			p := person.Person{LastName: fmt.Sprintf("Nouvelle %d", i), FirstNames: "Io", BirthDay: civil.NewDate(1960+i%40, 2, 1+i%28)}
			if i == n {
				p.LastName, p.FirstNames, p.BirthDay = fmt.Sprintf("Semblable %d", l.made), "Ada", civil.NewDate(1979, 8, 9)
			}
			var who person.ID
			if who, err = person.Insert(tx, loadClock(), job, p); err != nil {
				return err
			}
			name := fmt.Sprintf("arrivee%d.%d", l.made, i)
			waiting, err = account.Insert(tx, loadClock(), job, account.Account{Person: who, Audience: account.Citizen, Username: name, Email: name + "@exemple.fr",
				EmailConfirmedAt: civil.InstantOf(loadClock()), State: account.Waiting}, "")
		}
		return err
	})
	return waiting, known
}

// agent is the cookie of an agent who may do everything here.
func (l *loadTown) agent() *http.Cookie {
	l.t.Helper()
	var id account.ID
	l.do(func(tx *db.Tx, job actor.Actor) (err error) {
		if _, err := tx.Exec(`insert into town_setting (key, value, updated_at) values ('name', 'Rivebelle', $1)`, civil.InstantOf(loadClock())); err != nil {
			return err // without any setting the first page leads to « Mise en route »
		}
		who, err := person.Insert(tx, loadClock(), job, person.Person{LastName: "Rahmani", FirstNames: "Nadia"})
		if err != nil {
			return err
		}
		if id, err = account.Insert(tx, loadClock(), job, account.Account{Person: who, Audience: account.Agent, Username: "nadia", State: account.Active}, ""); err != nil {
			return err
		}
		return account.SetRolesAs(tx, job, id, account.Held{Role: account.Administrateur, Service: town.ServiceID(actor.AllServices)},
			account.Held{Role: account.Instruction, Service: town.ServiceID(actor.AllServices)})
	})
	return &http.Cookie{Name: account.SessionCookie, Value: accounttest.SignIn(l.t, l.DB, l.Now(), id)}
}

// desk is the address of every page of the agents' queues, by its route.
func (l *loadTown) desk(waiting account.ID, known person.ID) map[string]string {
	one := "/agents/activation/" + string(waiting)
	return map[string]string{"/agents": "/agents", "/agents/activation": "/agents/activation", "/agents/activation?etat": "/agents/activation?etat=tous",
		"/agents/activation/plusieurs": "/agents/activation/plusieurs", "/agents/activation/{id}": one,
		"/agents/activation/{id}/rattachement": one + "/rattachement?personne=" + string(known), "/agents/activation/{id}/famille": one + "/famille",
		"/agents/activation/{id}/correction": one + "/correction", "/agents/activation/{id}/refus": one + "/refus",
		"/agents/membres": "/agents/membres", "/agents/contacts": "/agents/contacts", "/agents/activations": "/agents/activations"}
}

// TestQueuesCostTheSameInABigTown counts the statements of the agents' queues: the same for ten times as many families
// and newcomers. A statement a row turns it red.
func TestQueuesCostTheSameInABigTown(t *testing.T) {
	eachLoadTown(t, func(t *testing.T, l *loadTown) {
		cookie := l.agent()
		counts := func() map[string]int64 {
			waiting, known := l.newcomers(max(6, l.made))
			counts := map[string]int64{}
			for name, path := range l.desk(waiting, known) {
				l.page(path, cookie)
				_, counts[name] = l.page(path, cookie)
			}
			return counts
		}
		l.add(6, func(int) int { return 1 })
		few := counts()
		l.add(max(60, families()), func(int) int { return 1 })
		many := counts()
		for _, name := range slices.Sorted(maps.Keys(few)) {
			t.Logf("%-40s %d", name, few[name])
			if few[name] != many[name] {
				t.Errorf("%s: %d statements in a small town, %d in a big one", name, few[name], many[name])
			}
		}
	})
}

// TestQueuesReadNoWholeTable asks SQLite how it finds the rows of each statement of the agents' queues.
func TestQueuesReadNoWholeTable(t *testing.T) {
	l := openLoadTown(t, "")
	cookie := l.agent()
	l.add(2, func(int) int { return 1 })
	waiting, known := l.newcomers(5)
	for name, path := range l.desk(waiting, known) {
		if name == "/agents/contacts" {
			continue // its tabs count the messages answered, which are purged
		}
		l.noWholeTable(name, path, cookie, map[string]bool{})
	}
}

// wizardSteps walks through the wizard and calls see at each page, before it is filled in.
func (l *loadTown) wizardSteps(see func(path string, cookies []*http.Cookie)) {
	l.t.Helper()
	c := testkit.NewClient(l.t, l.Handler())
	const form = "main form[action^='/creer-mon-espace/']"
	page := c.Get("/creer-mon-espace")
	see(page.Path, nil)
	page = page.Click("main a.button-primary")
	for _, answers := range []map[string]string{{"nom": "Larrivée", "prenoms": "Noé"}, {"ville": "Rivebelle"}, {"courriel": "noe@exemple.fr"}} {
		see(page.Path, c.Cookies())
		page = page.Submit(form, answers).Follow()
	}
	if !page.Has("[name=controle]") {
		l.t.Fatalf("the last screen is %s: %s", page.Path, page.Text("main"))
	}
	see(page.Path, c.Cookies())
	see("/contacts/ecrire", nil)
}

// TestNewPagesFirstLoad weighs the wizard's pages and the agents' queues with all the files that they call for,
// compressed.
func TestNewPagesFirstLoad(t *testing.T) {
	l := openLoadTown(t, "")
	l.wizardSteps(func(path string, cookies []*http.Cookie) { l.weigh(path, maxFirstLoad, cookies...) })
	cookie := l.agent()
	l.add(6, func(int) int { return 2 })
	waiting, known := l.newcomers(40)
	for _, path := range l.desk(waiting, known) {
		l.weigh(path, maxDeskLoad, cookie)
	}
}

// TestWizardCostsTheSameInABigTown counts the statements of the wizard's pages.
func TestWizardCostsTheSameInABigTown(t *testing.T) {
	eachLoadTown(t, func(t *testing.T, l *loadTown) {
		counts := func() map[string]int64 {
			counts := map[string]int64{}
			l.wizardSteps(func(path string, cookies []*http.Cookie) {
				_, counts[path] = l.fetch(context.Background(), path, cookies...)
			})
			return counts
		}
		counts() // the settings are cached now
		few := counts()
		l.add(60, func(int) int { return 1 })
		l.newcomers(60)
		many := counts()
		for _, path := range slices.Sorted(maps.Keys(few)) {
			t.Logf("%-40s %d", path, few[path])
			if few[path] != many[path] || few[path] > maxStatements {
				t.Errorf("%s: %d statements in an empty town, %d in a big one, want %d at most", path, few[path], many[path], maxStatements)
			}
		}
	})
}

// fetch asks for a page, compressed, and counts its statements.
func (l *loadTown) fetch(ctx context.Context, path string, cookies ...*http.Cookie) (*httptest.ResponseRecorder, int64) {
	l.t.Helper()
	ctx, statements := db.CountQueries(ctx)
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://portail.test"+path, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	l.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		l.t.Fatalf("GET %s: %d %s", path, w.Code, strings.TrimSpace(w.Body.String()))
	}
	return w, *statements
}

// weigh checks a page with all that it calls for.
func (l *loadTown) weigh(path string, limit int, cookies ...*http.Cookie) {
	l.t.Helper()
	page, _ := l.fetch(context.Background(), path, cookies...)
	total := page.Body.Len()
	t, ok := l.t.(*testing.T)
	if !ok {
		return
	}
	for _, ref := range calledFor(t, bytes.Clone(page.Body.Bytes()), page.Header().Get("Content-Encoding")) {
		file, _ := l.fetch(context.Background(), ref, cookies...)
		total += file.Body.Len()
	}
	l.t.Logf("%-60s %.1f KB", path, float64(total)/1024)
	if total > limit {
		l.t.Errorf("%s weighs %d bytes compressed, want %d at most", path, total, limit)
	}
}
