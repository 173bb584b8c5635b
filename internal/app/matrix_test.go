package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/tariff"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// The access matrix is made from the declared routes: each one × every kind of person × own and somebody else's
// object. What a route declares is checked against the table below, written apart from web's rules.

// kind is what a person is to the accesses, in words of this test.
type kind int

const (
	anonymous kind = iota
	provisional
	waiting
	citizen
	agentHalf
	agent
	tablet
)

// enters is the independent table: which declared accesses open to which kind.
var enters = map[kind]map[web.Access]bool{
	anonymous:   {web.Public: true, web.Visitor: true},
	provisional: {web.Public: true, web.MustPass: true},
	waiting:     {web.Public: true, web.Visitor: true, web.Citizen: true},
	citizen:     {web.Public: true, web.Visitor: true, web.Citizen: true, web.Activated: true},
	agentHalf:   {web.Public: true, web.Visitor: true, web.AgentHalf: true},
	agent:       {web.Public: true, web.Visitor: true, web.AgentHalf: true, web.Agent: true},
	tablet:      {web.Public: true, web.Visitor: true, web.Device: true},
}

// someone is one row of the matrix.
type someone struct {
	name    string
	kind    kind
	account account.ID
	person  person.ID
	role    account.Role // agents
	narrow  bool         // an agent of the service that does not know the families of the test
	token   string       // tablets
	home    string       // "" none, "first", "second": which family's objects are their own
}

type matrixTown struct {
	t       *testing.T
	app     *app.App
	now     time.Time
	people  []someone
	targets map[string]map[web.Object]string // home → object → id
	secrets map[string][]string              // home → canaries that nobody outside may read
}

const firstCanary, secondCanary = "Canaripremier", "Canarisecond"

func TestAccessMatrix(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			m := newMatrixTown(t, engine)
			cells, byAnswer := 0, map[string]int{}
			for _, route := range m.app.Routes() {
				for _, who := range m.people {
					for _, target := range m.targetsOf(route, who) {
						cells++
						byAnswer[m.cell(route, who, target)]++
					}
				}
			}
			t.Logf("%d routes, %d people, %d cells: %v", len(m.app.Routes()), len(m.people), cells, byAnswer)
			if cells < 1000 {
				t.Errorf("only %d cells", cells)
			}
		})
	}
}

// target is which object a cell asks for.
type target struct {
	id      string
	foreign bool
	home    string // whose it is
}

func (m *matrixTown) targetsOf(route web.Route, who someone) []target {
	if route.Object == web.NoObject {
		return []target{{}}
	}
	var all []target
	for _, home := range []string{"first", "second"} {
		id, ok := m.targets[home][route.Object]
		if !ok {
			m.t.Errorf("route %s %s: no builder for object %q", route.Method, route.Path, route.Object)
			return nil
		}
		foreign := who.home != home
		if who.kind == agent {
			foreign = who.narrow
		}
		all = append(all, target{id: id, foreign: foreign, home: home})
	}
	return append(all, target{id: "00000000-0000-7000-8000-000000000000", foreign: true})
}

// unowned objects belong to nobody in particular: whoever may use the route may use them.
var unowned = map[web.Object]bool{"news": true, "email-change": true, "password-link": true, "invite-link": true, "agent-link": true, "activation": true, "agent": true, "person": true, "newcomer": true,
	"service": true, "site": true, "school-year": true, "school-holiday": true, "closing": true, "mail-template": true, "signup-link": true,
	"feed": true, "reminder-link": true, "activity": true, "activity-unit": true, "activity-choice": true, "activity-group": true, "activity-period": true}

// cell asks once and judges the answer; it returns the class of the answer.
func (m *matrixTown) cell(route web.Route, who someone, to target) string {
	answer := m.ask(route, who, to)
	kind := who.kind
	if kind != tablet && (route.Path == "/tablette" || strings.HasPrefix(route.Path, "/tablette/")) {
		kind = anonymous // no session counts there
	}
	may := enters[kind][route.Access]
	if right := route.Access.Right(); right != "" {
		may = who.kind == agent && holds(who.role, right)
	}
	name := fmt.Sprintf("%s %s as %s (object of %s home)", route.Method, route.Path, who.name, to.home)
	if answer.Code >= 500 {
		m.t.Errorf("%s: %d", name, answer.Code)
	}
	if strings.HasPrefix(route.Path, "/demo") || route.Path == "/styleguide" {
		return "demo"
	}
	if !may && !turnedAway(answer) && !isSignOut(route) {
		m.t.Errorf("%s: %d, must be turned away", name, answer.Code)
	}
	if may && !to.foreign && !who.narrow && (answer.Code == http.StatusUnauthorized || answer.Code == http.StatusForbidden) {
		m.t.Errorf("%s: %d, must enter", name, answer.Code)
	}
	if may && to.foreign && !unowned[route.Object] && answer.Code != http.StatusNotFound {
		m.t.Errorf("%s: %d, somebody else's must be 404", name, answer.Code)
	}
	m.noLeak(name, who, answer)
	return fmt.Sprint(answer.Code)
}

func isSignOut(route web.Route) bool {
	return route.Method == http.MethodPost && strings.HasSuffix(route.Path, "deconnexion")
}

// turnedAway tells an answer that shows nothing of the page: a way to sign in, or a refusal.
func turnedAway(a *httptest.ResponseRecorder) bool {
	switch a.Code {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return true
	case http.StatusSeeOther:
		to, _, _ := strings.Cut(a.Header().Get("Location"), "?")
		switch to {
		case "/connexion", "/agents/connexion", "/premiere-connexion", "/agents/double-authentification", "/espace", "/agents", "/":
			return true
		}
	}
	return false
}

// noLeak looks for what only the two homes, each for itself, and agents may read.
func (m *matrixTown) noLeak(name string, who someone, answer *httptest.ResponseRecorder) {
	if who.kind == agent && !who.narrow {
		return
	}
	whole := answer.Body.String() + fmt.Sprint(answer.Header())
	for home, secrets := range m.secrets {
		if who.home == home {
			continue
		}
		for _, s := range secrets {
			if strings.Contains(whole, s) {
				m.t.Errorf("%s: reads %q of the %s home", name, s, home)
			}
		}
	}
}

func holds(role account.Role, right actor.Right) bool {
	for _, g := range app.Grants() {
		if g.Right == right {
			for _, r := range g.Roles {
				if r == role {
					return true
				}
			}
		}
	}
	return false
}

// ask sends the request in a session of its own, so that a sign-out or the end of a session harms no other cell.
func (m *matrixTown) ask(route web.Route, who someone, to target) *httptest.ResponseRecorder {
	path := route.Path
	if i := strings.Index(path, "{"); i >= 0 {
		path = path[:i] + to.id + path[strings.Index(path, "}")+1:]
	}
	var body io.Reader
	if route.Method == http.MethodPost {
		body = strings.NewReader(url.Values{"cle": {db.NewID()}, "decision": {"accepter"}, "personne": {db.NewID()}}.Encode())
	}
	r := httptest.NewRequest(route.Method, "http://portail.test"+path, body)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if who.kind == tablet {
		r.AddCookie(&http.Cookie{Name: "tablette", Value: who.token})
	} else if who.kind != anonymous {
		r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: m.session(who)})
	}
	w := httptest.NewRecorder()
	m.app.Handler().ServeHTTP(w, r)
	return w
}

func (m *matrixTown) session(who someone) string {
	token := accounttest.SignIn(m.t, m.app.DB, m.now, who.account)
	if who.kind == agentHalf {
		m.do(func(tx *db.Tx) error {
			_, err := tx.Exec(`update session set second_at = null, half = true where account = $1`, string(who.account))
			return err
		})
	}
	return token
}

func (m *matrixTown) do(fn func(*db.Tx) error) {
	m.t.Helper()
	if err := db.Do(context.Background(), m.app.DB, fn); err != nil {
		m.t.Fatal(err)
	}
}

func newMatrixTown(t *testing.T, engine string) *matrixTown {
	zone := app.Zone()
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, zone)
	cfg := app.Config{Data: t.TempDir(), Listen: "127.0.0.1:8080", BaseURL: "http://portail.test"}
	if engine == "postgres" {
		cfg.Database = testkit.PostgresURL(t, app.Sources())
	}
	newProviders(t).set(t)(&cfg)
	a, err := app.Open(t.Context(), cfg, app.Options{Clock: func() time.Time { return now }, Key: crypt.NewKey(), Demo: true,
		Log: slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	m := &matrixTown{t: t, app: a, now: now, targets: map[string]map[web.Object]string{}, secrets: map[string][]string{}}
	m.build()
	return m
}

// home is one family with its canaries.
type home struct {
	id      family.ID
	holder  person.ID
	child   family.ChildID
	invoice billing.ID
}

func (m *matrixTown) build() {
	job := actor.Job("test")
	var enfance, jeunesse town.ServiceID
	var news messaging.NewsID
	var homes [2]home
	m.do(func(tx *db.Tx) (err error) {
		if enfance, err = town.AddService(tx, m.now, job, town.Service{Name: "Enfance", Active: true}); err != nil {
			return err
		}
		if jeunesse, err = town.AddService(tx, m.now, job, town.Service{Name: "Jeunesse", Active: true}); err != nil {
			return err
		}
		if news, err = messaging.Write(tx, m.now, job, messaging.NewsItem{Title: "Brouillon secret", Body: "rien", Service: enfance}); err != nil {
			return err
		}
		for i, canary := range []string{firstCanary, secondCanary} {
			if homes[i], err = m.buildHome(tx, job, i, canary, enfance); err != nil {
				return err
			}
		}
		return nil
	})
	m.enrolPeople(job, homes, jeunesse)
	m.buildTargets(job, homes, news)
	m.mergings(job, homes)
	m.tablets(job, homes, enfance)
}

func (m *matrixTown) buildHome(tx *db.Tx, job actor.Actor, i int, canary string, service town.ServiceID) (h home, err error) {
	now := m.now
	if h.id, err = family.Insert(tx, now, job, "", service); err != nil {
		return h, err
	}
	phone := fmt.Sprintf("+3363998%04d", 1111*(i+1))
	if h.holder, err = person.Insert(tx, now, job, person.Person{LastName: "Nom" + canary, FirstNames: "Alix", BirthDay: civil.NewDate(1985, 2, 3+i),
		Email: strings.ToLower(canary) + "@exemple.fr", Mobile: phone,
		Address: person.Address{Number: "1", Street: "rue " + canary, PostCode: "78999", City: "Rivebelle"}}); err != nil {
		return h, err
	}
	if _, err = family.AddMember(tx, now, job, family.NewMember{Family: h.id, Person: h.holder, Role: family.Holder}); err != nil {
		return h, err
	}
	kid, err := person.Insert(tx, now, job, person.Person{LastName: "Nom" + canary, FirstNames: "Enfant" + canary, BirthDay: civil.NewDate(2018, 5, 4)})
	if err != nil {
		return h, err
	}
	if h.child, err = family.AddChild(tx, now, job, family.NewChild{Family: h.id, Person: kid, Level: "CE2"}); err != nil {
		return h, err
	}
	if err = family.SetHealth(tx, now, job, h.child, family.Health{Allergies: "allergie-" + canary}); err != nil {
		return h, err
	}
	if err = tariff.InsertQuotient(tx, now, job, h.id, tariff.Quotient{Value: 77123 + i, From: civil.NewDate(2026, 9, 1)}); err != nil {
		return h, err
	}
	_, unit, err := activity.EnsureDraft(tx, now, job, service, "Cantine", "", "")
	if err != nil {
		return h, err
	}
	act, _, err := activity.EnsureDraft(tx, now, job, service, "Cantine", "", "")
	if err != nil {
		return h, err
	}
	if _, err = enrolment.Insert(tx, now, job, enrolment.Enrolment{Child: h.child, Activity: act,
		Days: civil.Range{From: civil.NewDate(2026, 9, 1), To: civil.NewDate(2027, 7, 2)}}); err != nil {
		return h, err
	}
	if _, err = booking.InsertMany(tx, now, job, []booking.Row{{Child: h.child, Unit: unit, Day: civil.NewDate(2026, 11, 26), Family: h.id, State: booking.Booked}}); err != nil {
		return h, err
	}
	h.invoice, err = billing.InsertImported(tx, now, job, billing.Invoice{Number: "FAC-" + canary, Family: h.id, Period: "2026-10",
		IssuedOn: civil.NewDate(2026, 11, 5), DueOn: civil.NewDate(2026, 11, 30), Amount: 12345})
	m.secrets[[]string{"first", "second"}[i]] = []string{canary, strings.ToLower(canary) + "@", phone[3:], fmt.Sprint(77123 + i)}
	return h, err
}

// enrolPeople makes the rows of the matrix.
func (m *matrixTown) enrolPeople(job actor.Actor, homes [2]home, jeunesse town.ServiceID) {
	add := func(s someone, p person.ID, acc account.Account) {
		m.do(func(tx *db.Tx) (err error) {
			acc.Person, acc.Username = p, strings.ReplaceAll(strings.ToLower(s.name), " ", ".")
			s.person = p
			s.account, err = account.Insert(tx, m.now, job, acc, "")
			return err
		})
		m.people = append(m.people, s)
	}
	stranger := func(name string) (id person.ID) {
		m.do(func(tx *db.Tx) (err error) {
			id, err = person.Insert(tx, m.now, job, person.Person{LastName: name, FirstNames: "Sam"})
			return err
		})
		return id
	}
	member := func(name string, role family.Role) person.ID {
		id := stranger(name)
		m.do(func(tx *db.Tx) error {
			_, err := family.AddMember(tx, m.now, job, family.NewMember{Family: homes[0].id, Person: id, Role: role, From: civil.NewDate(2026, 9, 1)})
			return err
		})
		return id
	}
	active := account.Account{Audience: account.Citizen, State: account.Active}
	m.people = append(m.people, someone{name: "anonymous", kind: anonymous})
	add(someone{name: "holder", kind: citizen, home: "first"}, homes[0].holder, active)
	add(someone{name: "other holder", kind: citizen, home: "second"}, homes[1].holder, active)
	add(someone{name: "coholder", kind: citizen, home: "first"}, member("Coparent", family.CoHolder), active)
	add(someone{name: "plain contact", kind: citizen}, member("Lecontact", family.Contact), active)
	add(someone{name: "plain member", kind: citizen}, member("Lemembre", family.Member), active)
	former := member("Ancien", family.CoHolder)
	m.do(func(tx *db.Tx) error {
		_, err := tx.Exec(`update family_member set to_day = '2026-11-01' where person = $1`, string(former))
		return err
	})
	add(someone{name: "former coholder", kind: citizen}, former, active)
	add(someone{name: "childless citizen", kind: citizen}, stranger("Seul"), active)
	add(someone{name: "waiting", kind: waiting}, stranger("Attente"), account.Account{Audience: account.Citizen, State: account.Waiting, EmailConfirmedAt: civil.InstantOf(m.now)})
	add(someone{name: "provisional", kind: provisional}, stranger("Provisoire"), account.Account{Audience: account.Citizen, State: account.Unclaimed})
	m.do(func(tx *db.Tx) error {
		return account.SetProvisional(tx, m.now, job, m.people[len(m.people)-1].account,
			account.Provisional{Hash: "x", Until: civil.InstantOf(m.now.AddDate(0, 0, 3))})
	})
	for _, role := range account.Roles() {
		add(someone{name: "agent " + string(role), kind: agent, role: role}, stranger("Agent"), account.Account{Audience: account.Agent, State: account.Active})
		m.give(role, town.ServiceID(actor.AllServices))
	}
	add(someone{name: "half agent", kind: agentHalf}, stranger("Demi"), account.Account{Audience: account.Agent, State: account.Active})
	m.give(account.Instruction, town.ServiceID(actor.AllServices))
	add(someone{name: "instruction elsewhere", kind: agent, role: account.Instruction, narrow: true}, stranger("Ailleurs"), account.Account{Audience: account.Agent, State: account.Active})
	m.give(account.Instruction, jeunesse)
	add(someone{name: "regie elsewhere", kind: agent, role: account.Regie, narrow: true}, stranger("Caisse"), account.Account{Audience: account.Agent, State: account.Active})
	m.give(account.Regie, jeunesse)
}

// give gives the last person of the matrix a role.
func (m *matrixTown) give(role account.Role, service town.ServiceID) {
	last := m.people[len(m.people)-1]
	m.do(func(tx *db.Tx) error {
		return account.SetRolesAs(tx, actor.Job("test"), last.account, account.Held{Role: role, Service: service})
	})
}

// buildTargets makes, for each home, one object of each kind that a route names.
func (m *matrixTown) buildTargets(job actor.Actor, homes [2]home, news messaging.NewsID) {
	for i, name := range []string{"first", "second"} {
		h, owner := homes[i], m.people[1+i]
		m.targets[name] = map[web.Object]string{"family": string(h.id), "child": string(h.child), "invoice": string(h.invoice), "news": string(news),
			"job": "tache-inconnue", "email-change": "jeton-inconnu-000000000000", "password-link": "jeton-inconnu-000000000000", "agent-link": "jeton-inconnu-000000000000", "feed": "jeton-inconnu-000000000000.ics", "reminder-link": "jeton-inconnu-000000000000", "activation": "jeton-inconnu-000000000000"}
		m.do(func(tx *db.Tx) error {
			asker := actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(owner.account), Person: string(owner.person)}
			services, err := family.Services(tx, asker, civil.DateOf(m.now))
			if err != nil {
				return err
			}
			pending, err := family.Ask(tx, m.now, asker, family.Addition{Family: h.id, Service: services[0].ID, Role: family.Contact,
				LastName: "Demande", FirstNames: "Dominique", Relation: "voisin", Phone: "0139980199"})
			if err != nil {
				return err
			}
			order, err := family.Restrict(tx, m.now, job, family.Restriction{Person: m.people[3].person, Child: homes[1].child,
				DecidedOn: civil.NewDate(2026, 10, 1), Reference: "26/00" + fmt.Sprint(i)})
			if err != nil {
				return err
			}
			spare, err := account.Insert(tx, m.now, job, account.Account{Person: must(person.Insert(tx, m.now, job, person.Person{LastName: "Rechange"})),
				Audience: account.Agent, State: account.Active, Username: "rechange." + name}, "")
			if err != nil {
				return err
			}
			claimable, err := account.Insert(tx, m.now, job, account.Account{Person: must(person.Insert(tx, m.now, job, person.Person{LastName: "Repris"})),
				Audience: account.Citizen, State: account.Unclaimed, Username: "repris." + name}, "")
			if err != nil {
				return err
			}
			m.targets[name]["account"] = string(claimable)
			if _, err := account.OpenSessionAs(tx, m.now, job, owner.account); err != nil {
				return err
			}
			session, err := db.One(tx, "session", db.Column[string], `select id from session where account = $1`, string(owner.account))
			m.targets[name]["family_member"], m.targets[name]["restriction"], m.targets[name]["agent"] = string(pending), order, string(spare)
			m.targets[name]["person"], m.targets[name]["session"] = string(owner.person), session
			if err != nil {
				return err
			}
			passkey, err := account.SetPasskeyAs(tx, m.now, job, owner.account, "Téléphone")
			if err != nil {
				return err
			}
			m.targets[name]["passkey"], m.targets[name]["agent-passkey"] = string(passkey), string(passkey)
			if err := m.settings(tx, job, name); err != nil {
				return err
			}
			if err := m.imports(tx, job, name); err != nil {
				return err
			}
			if m.targets[name]["late-request"], err = m.lateRequest(tx, h); err != nil {
				return err
			}
			if m.targets[name]["suspension"], err = m.suspended(tx, name, h); err != nil {
				return err
			}
			if m.targets[name]["waiting-wish"], m.targets[name]["offer"], err = m.waits(tx, h); err != nil {
				return err
			}
			if m.targets[name]["contact"], err = m.contact(tx, h); err != nil {
				return err
			}
			m.targets[name]["invite-link"] = "jeton-inconnu-000000000000"
			if m.targets[name]["invite"], err = m.invitation(tx, asker, name, h); err != nil {
				return err
			}
			if m.targets[name]["confirmation"], err = m.confirmed(tx, job, name, h); err != nil {
				return err
			}
			if err = m.secondHome(tx, name, h, services); err != nil {
				return err
			}
			if err := m.absences(tx, job, name, h); err != nil {
				return err
			}
			if m.targets[name]["place"], m.targets[name]["pupil"], err = m.places(tx, job, h); err != nil {
				return err
			}
			m.targets[name]["newcomer"], m.targets[name]["decision"], err = m.newcomers(tx, job, name, h)
			return err
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
