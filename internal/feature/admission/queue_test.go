package admission_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
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

// hall is a town hall with two homes of which Camille's account was never opened, and two agents.
type hall struct {
	t        *testing.T
	d        *db.DB
	now      time.Time
	homes    familytest.Homes
	camille  account.Account // unclaimed
	agent    actor.Actor     // all services
	second   actor.Actor
	portal   *testkit.Portal
	accounts account.Pages
}

func eachHall(t *testing.T, fn func(t *testing.T, h *hall)) {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	testkit.EachEngine(t, admission.Sources(), func(t *testing.T, d *db.DB) {
		h := &hall{t: t, d: d, now: time.Date(2027, 1, 11, 10, 12, 0, 0, paris)}
		h.homes = familytest.New(t, d)
		h.write(func(tx *db.Tx) error {
			_, _, err := account.InsertUnclaimed(tx, h.now, accounttest.Job, h.homes.Camille, "camille.martin", "camille.martin@exemple.fr")
			return err
		})
		h.camille = h.account(h.homes.Camille)
		h.agent, h.second = h.staff(actor.AllServices), h.staff(actor.AllServices)
		clock := func() time.Time { return h.now }
		h.portal = testkit.NewPortal(t, d, h.now, func(c *web.Config) { c.Now = clock })
		admission.Queue{DB: d, Now: clock, Kept: func(db.Reader, family.ID, civil.Instant, civil.Instant) ([]string, error) {
			return []string{"Jérémy, cantine, mardi 24 novembre"}, nil
		}}.Agent(h.portal.Router)
		h.accounts = account.Pages{Gate: account.Gate{DB: d, Key: crypt.NewKey(), Now: clock, RealNow: clock}}
		fn(t, h)
	})
}

var queueRights = []actor.Right{admission.Read, admission.DecideRight, family.FileRead, family.FileWrite, person.Read}

// staff is an agent with a real account, for one service or all.
func (h *hall) staff(service string) actor.Actor {
	acc := accounttest.Agent(h.t, h.d, h.now, "")
	a := actor.Actor{Kind: actor.Agent, Second: true, Account: string(acc.ID), Person: string(acc.Person), Name: "Nadia Rahmani", Rights: map[actor.Right][]string{}}
	for _, r := range queueRights {
		a.Rights[r] = []string{service}
	}
	return a
}

func (h *hall) write(verb func(tx *db.Tx) error) {
	h.t.Helper()
	if err := h.try(verb); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) try(verb func(tx *db.Tx) error) error { return db.Do(context.Background(), h.d, verb) }

func (h *hall) account(who person.ID) account.Account {
	h.t.Helper()
	acc, err := db.Read(context.Background(), h.d, func(r db.Reader) (account.Account, error) { return account.ForPerson(r, who, account.Citizen) })
	if err != nil {
		h.t.Fatal(err)
	}
	return acc
}

func (h *hall) person(id person.ID) person.Person {
	h.t.Helper()
	p, err := db.Read(context.Background(), h.d, func(r db.Reader) (person.Person, error) { return person.ByID(r, id) })
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// signUp makes a newcomer who waits; change adjusts.
func (h *hall) signUp(change ...func(*person.Person, *account.Account)) account.Account {
	h.t.Helper()
	adjust := []func(*person.Person, *account.Account){func(p *person.Person, acc *account.Account) {
		*p = person.Person{Civility: person.Madame, LastName: "Nouvelle", FirstNames: "Aminata", BirthDay: civil.NewDate(1991, 6, 2)}
		acc.State, acc.EmailConfirmedAt, acc.Email = account.Waiting, civil.InstantOf(h.now), "aminata@exemple.fr"
	}}
	acc := accounttest.Citizen(h.t, h.d, h.now, "", append(adjust, change...)...)
	return acc
}

// camilleAgain is Camille, who signs up without knowing that she is known.
func (h *hall) camilleAgain() account.Account {
	return h.signUp(func(p *person.Person, acc *account.Account) {
		p.LastName, p.FirstNames, p.BirthDay, p.Email = "Martin", "Camille", civil.NewDate(1988, time.March, 3), "camille.neuve@exemple.fr"
		p.Mobile = "+33612345678"
		acc.Email = p.Email
	})
}

func (h *hall) link(a actor.Actor, id account.ID, known person.ID, services ...town.ServiceID) (d admission.DecisionID, err error) {
	return db.Write(context.Background(), h.d, func(tx *db.Tx) (admission.DecisionID, error) {
		return admission.Link(tx, h.now, a, id, known, services)
	})
}

func (h *hall) mails() []string {
	h.t.Helper()
	all, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]string, error) {
		return db.List(r, func(s db.Scanner) (string, error) {
			var template, to string
			err := s.Scan(&template, &to)
			return template + " " + to, err
		}, `select template, to_address from mail_outbox order by template, to_address`)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *hall) lines(object, id string) int64 {
	return accounttest.Count(h.t, h.d, `select count(*) from audit_event where object = $1 and object_id = $2`, object, id)
}

// seen are the first names of the children that a cookie's holder may act for, read as a request does.
func (h *hall) seen(cookie string) []string {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/espace", nil)
	r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: cookie})
	who, err := h.accounts.Identify(httptest.NewRecorder(), r)
	if err != nil {
		h.t.Fatal(err)
	}
	children, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]family.Child, error) { return family.Children(r, who, civil.DateOf(h.now)) })
	if err != nil {
		h.t.Fatal(err)
	}
	var names []string
	for _, c := range children {
		names = append(names, c.First())
	}
	return names
}

func TestLinkTakesTheKnownPerson(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		if _, err := h.link(h.agent, newcomer.ID, h.homes.Camille); err != nil {
			t.Fatal(err)
		}
		got := accounttest.Reload(t, h.d, newcomer.ID)
		if got.State != account.Active || got.Person != h.homes.Camille {
			t.Errorf("account is %s of %s", got.State, got.Person)
		}
		if old := accounttest.Reload(t, h.d, h.camille.ID); old.State != account.Closed {
			t.Errorf("the unclaimed account is %s", old.State)
		}
		p := h.person(h.homes.Camille)
		if p.Email != "camille.neuve@exemple.fr" || p.BirthName != "Durand" || p.Phone != "+33139750000" {
			t.Errorf("known person is now %+v", p)
		}
		if diff := cmp.Diff([]string{"admission.activated camille.neuve@exemple.fr", "admission.linked camille.martin@exemple.fr"}, h.mails()); diff != "" {
			t.Error(diff)
		}
		if n := h.lines("newcomer", string(newcomer.ID)); n != 1 {
			t.Errorf("%d audit lines, want 1", n)
		}
		if diff := cmp.Diff([]string{"Jérémy", "Inès"}, h.seen(accounttest.SignIn(t, h.d, h.now, newcomer.ID))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestUndoGivesEverythingBack(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		d, err := h.link(h.agent, newcomer.ID, h.homes.Camille)
		if err != nil {
			t.Fatal(err)
		}
		cookie := accounttest.SignIn(t, h.d, h.now, newcomer.ID)
		linked := len(h.mails())
		h.now = h.now.Add(26 * time.Hour)
		undo := func(a actor.Actor, reason string) error {
			return h.try(func(tx *db.Tx) error { return admission.Undo(tx, h.now, a, d, reason) })
		}
		if err := undo(h.agent, " "); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		if err := undo(h.agent, "Une homonyme"); err != nil {
			t.Fatal(err)
		}
		if got := h.seen(cookie); len(got) != 0 {
			t.Errorf("the unlinked account still reads %v", got)
		}
		if got := h.seen(accounttest.SignIn(t, h.d, h.now, newcomer.ID)); len(got) != 0 {
			t.Errorf("signed in again it reads %v", got)
		}
		got := accounttest.Reload(t, h.d, newcomer.ID)
		if got.State != account.Waiting || got.Person != newcomer.Person {
			t.Errorf("account is %s of %s", got.State, got.Person)
		}
		if old := accounttest.Reload(t, h.d, h.camille.ID); old.State != account.Unclaimed {
			t.Errorf("the known account is %s", old.State)
		}
		if p := h.person(h.homes.Camille); p.Email != "camille.martin@exemple.fr" {
			t.Errorf("known address is %s", p.Email)
		}
		want := []string{"admission.unlinked camille.neuve@exemple.fr", "admission.unlinked.family camille.martin@exemple.fr", "admission.unlinked.family thomas@exemple.fr"}
		if diff := cmp.Diff(want, h.mails()[linked:]); diff != "" {
			t.Error(diff)
		}
		if err := undo(h.second, "Encore"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("undone twice: %v", err)
		}
		if n := h.lines("newcomer", string(newcomer.ID)); n != 2 {
			t.Errorf("%d audit lines, want 2", n)
		}
		page := h.portal.As(h.agent).Get("/agents/activation/" + string(newcomer.ID))
		for _, words := range []string{"Rattachement annulé", "Une homonyme", "Jérémy, cantine, mardi 24 novembre", "jeudi 14 janvier"} {
			if !strings.Contains(page.Text("main"), words) {
				t.Errorf("page does not say %q: %s", words, page.Text("main"))
			}
		}
	})
}

func TestUndoKeepsWhatTheFamilyChangedSince(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		d, err := h.link(h.agent, newcomer.ID, h.homes.Camille)
		if err != nil {
			t.Fatal(err)
		}
		h.write(func(tx *db.Tx) error {
			return person.SetEmail(tx, h.now, accounttest.Job, h.homes.Camille, "camille3@exemple.fr")
		})
		h.write(func(tx *db.Tx) error { return admission.Undo(tx, h.now, h.agent, d, "Une homonyme") })
		if p := h.person(h.homes.Camille); p.Email != "camille3@exemple.fr" {
			t.Errorf("address is %s", p.Email)
		}
	})
}

func TestLinkIsRefused(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		other := h.staff(string(h.homes.Youth))
		half := h.agent
		half.Second = false
		reader := h.agent
		reader.Rights = map[actor.Right][]string{admission.Read: {actor.AllServices}}
		namesake := func(p *person.Person, _ *account.Account) {
			p.LastName, p.FirstNames, p.BirthDay = "Martin", "Camille", civil.Date{}
		}
		open := h.signUp(func(p *person.Person, acc *account.Account) {
			p.LastName, p.FirstNames, p.Mobile = "Ouverte", "Olga", "+33600000077"
			acc.State = account.Active
		})
		for _, c := range []struct {
			name  string
			who   actor.Actor
			from  account.Account
			known person.ID
			want  fault.Kind
		}{
			{"a job", actor.Job("import"), h.camilleAgain(), h.homes.Camille, fault.Forbidden},
			{"without the right", reader, h.camilleAgain(), h.homes.Camille, fault.Forbidden},
			{"before the second factor", half, h.camilleAgain(), h.homes.Camille, fault.Forbidden},
			{"an agent of another service", other, h.camilleAgain(), h.homes.Camille, fault.Refused},
			{"by name alone", h.agent, h.signUp(namesake), h.homes.Camille, fault.Refused},
			{"to a child", h.agent, h.camilleAgain(), h.homes.Jeremy.PersonID(), fault.NotFound},
			{"to somebody unknown", h.agent, h.camilleAgain(), "nobody", fault.NotFound},
			{"to an account in use", h.agent, h.signUp(func(p *person.Person, _ *account.Account) {
				p.LastName, p.FirstNames, p.Mobile = "Ouverte", "Olga", "+33600000077"
			}), open.Person, fault.Refused},
			{"an address not confirmed", h.agent, h.signUp(func(p *person.Person, acc *account.Account) {
				*p, acc.State, acc.EmailConfirmedAt = person.Person{LastName: "Martin", FirstNames: "Camille", BirthDay: civil.NewDate(1988, 3, 3)}, account.Unconfirmed, 0
			}), h.homes.Camille, fault.NotFound},
		} {
			t.Run(c.name, func(t *testing.T) {
				_, err := h.link(c.who, c.from.ID, c.known)
				if fault.KindOf(err) != c.want {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if got := accounttest.Reload(t, h.d, c.from.ID); got.State != c.from.State || got.Person != c.from.Person {
					t.Errorf("account is %s of %s", got.State, got.Person)
				}
			})
		}
		if mails := h.mails(); len(mails) != 0 {
			t.Errorf("mails left: %v", mails)
		}
	})
}

func TestAlreadyAnAccount(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		olga := func(p *person.Person, _ *account.Account) {
			p.LastName, p.FirstNames, p.Mobile = "Ouverte", "Olga", "+33600000077"
		}
		open := h.signUp(olga, func(_ *person.Person, acc *account.Account) { acc.State = account.Active })
		again := h.signUp(olga)
		page := h.portal.As(h.agent).Get("/agents/activation/" + string(again.ID))
		if page.Has(`a[href*="/rattachement"]`) {
			t.Error("a link is proposed to an account in use")
		}
		done := page.Click(`a[href*="/deja"]`).Submit("#decision", nil)
		if done.Status != http.StatusSeeOther {
			t.Fatalf("answer: %d %s", done.Status, done.Text("main"))
		}
		if diff := cmp.Diff([]string{"admission.already aminata@exemple.fr"}, h.mails()); diff != "" {
			t.Error(diff)
		}
		if got := accounttest.Reload(t, h.d, again.ID); got.State != account.Refused {
			t.Errorf("state %s", got.State)
		}
		if got := accounttest.Reload(t, h.d, open.ID); got.State != account.Active {
			t.Errorf("the account in use is %s", got.State)
		}
	})
}

func TestOpenFamily(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		open := func(a actor.Actor, services ...town.ServiceID) error {
			return h.try(func(tx *db.Tx) error {
				_, err := admission.OpenFamily(tx, h.now, a, newcomer.ID, services)
				return err
			})
		}
		youth := h.staff(string(h.homes.Youth))
		if err := open(youth, h.homes.Service); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("for another service: %v", err)
		}
		if err := open(h.agent); fault.KindOf(err) != fault.Invalid {
			t.Errorf("for no service: %v", err)
		}
		if err := open(youth, h.homes.Youth); err != nil {
			t.Fatal(err)
		}
		who := actor.Actor{Kind: actor.Citizen, State: actor.Active, Person: string(newcomer.Person), Account: string(newcomer.ID)}
		homes, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]family.Household, error) { return family.Households(r, who, civil.DateOf(h.now)) })
		if err != nil || len(homes) != 1 {
			t.Fatalf("households %v, %v", homes, err)
		}
		err = open(h.agent, h.homes.Service)
		if fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.SentenceOf(err), "Nadia Rahmani a activé ce compte et ouvert une famille, le 11/01/2027 à 10:12.") {
			t.Errorf("second decision: %q", fault.SentenceOf(err))
		}
		if n := h.lines("newcomer", string(newcomer.ID)); n != 1 {
			t.Errorf("%d audit lines, want 1", n)
		}
	})
}

func TestCorrectionAndBack(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		owner := actor.Actor{Kind: actor.Citizen, State: actor.Waiting, Person: string(newcomer.Person), Account: string(newcomer.ID)}
		stand := func() admission.Standing {
			s, err := db.Read(context.Background(), h.d, func(r db.Reader) (admission.Standing, error) { return admission.StandingOf(r, h.now, newcomer.ID) })
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if got := stand().Promised.Format("2006-01-02 15:04"); got != "2027-01-13 10:12" {
			t.Errorf("promised for %s", got)
		}
		back := func(a actor.Actor) error {
			return h.try(func(tx *db.Tx) error { return admission.Resubmit(tx, h.now, a) })
		}
		if err := back(owner); fault.KindOf(err) != fault.Conflict {
			t.Errorf("nothing was asked: %v", err)
		}
		c := h.portal.As(h.agent)
		form := c.Get("/agents/activation/" + string(newcomer.ID)).Click(`a[href$="/correction"]`)
		if got := form.Submit("#decision", nil); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("nothing ticked: %d", got.Status)
		}
		got := form.Submit("#decision", map[string]string{"champ": "naissance", "message": "L’année semble fausse."})
		if got.Status != http.StatusSeeOther {
			t.Fatalf("ask: %d %s", got.Status, got.Text("main"))
		}
		if s := stand(); s.State != account.Correction || s.Message != "L’année semble fausse." || len(s.Asked) != 1 || s.Asked[0].Key != "naissance" {
			t.Errorf("standing %+v", s)
		}
		other := owner
		other.Account = string(h.camille.ID)
		if err := back(other); err == nil {
			t.Error("somebody else's account went back")
		}
		h.now = h.now.Add(24 * time.Hour)
		if err := back(owner); err != nil {
			t.Fatal(err)
		}
		if got := stand(); got.State != account.Waiting || got.Promised.Format("2006-01-02 15:04") != "2027-01-14 10:12" {
			t.Errorf("standing %+v", got)
		}
		if err := h.try(func(tx *db.Tx) error { _, err := admission.Refuse(tx, h.now, h.agent, newcomer.ID, ""); return err }); fault.KindOf(err) != fault.Invalid {
			t.Errorf("refused without a reason: %v", err)
		}
		h.write(func(tx *db.Tx) error {
			_, err := admission.Refuse(tx, h.now, h.agent, newcomer.ID, "Vous n’habitez pas la commune.")
			return err
		})
		if s := stand(); s.State != account.Refused || s.Message != "Vous n’habitez pas la commune." {
			t.Errorf("standing %+v", s)
		}
		h.write(func(tx *db.Tx) error { return admission.Requeue(tx, h.now, h.agent, newcomer.ID) })
		if s := stand(); s.State != account.Waiting {
			t.Errorf("standing %+v", s)
		}
		if diff := cmp.Diff([]string{"admission.correction aminata@exemple.fr", "admission.refused aminata@exemple.fr"}, h.mails()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTwoAgentsAtOnce lets agents decide differently at the same moment: one decision stands, with its mail.
func TestAServiceThatIsNotThereIsSaidAtItsField(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		err := h.try(func(tx *db.Tx) error {
			_, err := admission.OpenFamily(tx, h.now, h.agent, newcomer.ID, []town.ServiceID{"nimporte"})
			return err
		})
		if fields := fault.FieldsOf(err); len(fields) != 1 || fields[0].Name != "service" {
			t.Errorf("a forged service: %v", err)
		}
	})
}

func TestTwoAgentsAtOnce(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		verbs := []func(tx *db.Tx) error{
			func(tx *db.Tx) error {
				_, err := admission.Link(tx, h.now, h.agent, newcomer.ID, h.homes.Camille, nil)
				return err
			},
			func(tx *db.Tx) error {
				_, err := admission.OpenFamily(tx, h.now, h.second, newcomer.ID, []town.ServiceID{h.homes.Service})
				return err
			},
			func(tx *db.Tx) error {
				_, err := admission.Refuse(tx, h.now, h.second, newcomer.ID, "Non")
				return err
			},
		}
		errs := make([]error, len(verbs))
		var wg sync.WaitGroup
		for i, verb := range verbs {
			wg.Go(func() { errs[i] = h.try(verb) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.SentenceOf(err), "Nadia Rahmani"):
				t.Errorf("the other is told: %v", err)
			}
		}
		if n := accounttest.Count(t, h.d, `select count(*) from decision`); won != 1 || n != 1 {
			t.Errorf("%d decided, %d decisions", won, n)
		}
	})
}

func TestTakeAndRelease(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		path := "/agents/activation/" + string(newcomer.ID)
		first, second := h.portal.As(h.agent), h.portal.As(h.second)
		before := second.Get(path)
		if got := first.Get(path).Submit("#prise", nil); got.Status != http.StatusSeeOther {
			t.Fatalf("take: %d", got.Status)
		}
		late := before.Submit("#prise", nil)
		if late.Status != http.StatusConflict || !strings.Contains(late.Text("main"), "Nadia Rahmani s’en occupe depuis le 11/01/2027 à 10:12") {
			t.Errorf("second: %d %s", late.Status, late.Text("main"))
		}
		if got := first.Get("/agents/activation?etat=a_moi"); !strings.Contains(got.Text("main .rows"), "Aminata Nouvelle") {
			t.Error("not among mine")
		}
		if got := second.Get(path).Submit("#prise", nil); got.Status != http.StatusSeeOther { // « Prendre la suite », knowingly
			t.Errorf("take over: %d", got.Status)
		}
		if err := h.try(func(tx *db.Tx) error { return admission.Release(tx, h.now, h.agent, newcomer.ID) }); fault.KindOf(err) != fault.Conflict {
			t.Errorf("released by who has it no more: %v", err)
		}
		if got := second.Get(path).Submit("#remise", nil); got.Status != http.StatusSeeOther {
			t.Errorf("release: %d", got.Status)
		}
	})
}

func TestManyAtOnceLeavesLikelyPeopleAside(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		likely, new1 := h.camilleAgain(), h.signUp()
		new2 := h.signUp(func(p *person.Person, _ *account.Account) {
			p.LastName, p.FirstNames, p.BirthDay = "Öztürk", "Zeynep", civil.NewDate(1979, 1, 30)
		})
		c := h.portal.As(h.agent)
		ids := []string{string(likely.ID), string(new1.ID), string(new2.ID)}
		check := c.Get("/agents/activation/plusieurs").SubmitAll("#plusieurs", map[string][]string{"compte": ids})
		if check.Status != 200 || check.Doc.Find(`#activation input[name="compte"]`).Length() != 2 {
			t.Fatalf("check: %d %s", check.Status, check.Text("main"))
		}
		done := check.Submit("#activation", map[string]string{"service": string(h.homes.Service)})
		if done.Status != http.StatusSeeOther {
			t.Fatalf("activate: %d %s", done.Status, done.Text("main"))
		}
		states := []account.State{}
		for _, acc := range []account.Account{likely, new1, new2} {
			states = append(states, accounttest.Reload(t, h.d, acc.ID).State)
		}
		if !slices.Equal(states, []account.State{account.Waiting, account.Active, account.Active}) {
			t.Errorf("states %v", states)
		}
		n, aside := 0, []admission.Aside(nil)
		h.write(func(tx *db.Tx) (err error) { // the form made by hand: the verb looks again
			n, aside, err = admission.OpenMany(tx, h.now, h.agent, []account.ID{likely.ID, new1.ID}, []string{string(h.homes.Service)})
			return err
		})
		if n != 0 || len(aside) != 2 || !strings.Contains(aside[0].Why, "Camille Martin") || !strings.Contains(aside[1].Why, "a activé ce compte") {
			t.Errorf("%d activated, aside %+v", n, aside)
		}
	})
}
