package custody_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// sent lists who was mailed what about two homes.
func sent(t *testing.T, d *db.DB) string {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]string, error) {
		return db.List(r, db.Column[string], `select template || ' ' || to_address from mail_outbox where template like '%custody%' order by id`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

// noneOf fails when a page of one home shows anything of the other.
func noneOf(t *testing.T, page *testkit.Page, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(page.Body, s) {
			t.Errorf("%s shows %q of the other home", page.Path, s)
		}
	}
}

// TestTwoHomesFromProposalToHandOver leads a sharing from a parent’s proposal to an agent’s answer, then a day from one home
// to the other, without JavaScript.
func TestTwoHomesFromProposalToHandOver(t *testing.T) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		camille, bruno := p.As(persontest.Citizen(h.Camille)), p.As(actorOf(h, "Bruno Petit"))
		path := "/espace/famille/partage/" + string(h.Jeremy)
		bad := camille.Get("/espace/famille").Click(`main a[href="` + path + `"]`).Click(`main a[href$="/proposer"]`).Click(`main a[href$="rythme=paires"]`)
		wrong := bad.Submit("main form", map[string]string{"debut": "1/1/2020", "du1": "20/12/2027", "au1": "19/12/2027", "reference": "RG 1"})
		for _, want := range []string{"Indiquez aujourd’hui ou un jour à venir", "Indiquez un premier et un dernier jour", "Indiquez aussi la date de la décision"} {
			if wrong.Status != 422 || !strings.Contains(wrong.Text("main"), want) {
				t.Errorf("a wrong form answers %d and does not say %q: %s", wrong.Status, want, wrong.Text("#erreurs"))
			}
		}
		check := bad.Submit("main form", map[string]string{"paires": "autre", "changement": "5", "debut": "08/01/2027", "du1": "15/02/2027", "au1": "21/02/2027"})
		text := check.Text("main")
		if check.Status != 200 || !strings.Contains(text, "Semaines paires : dans l’autre foyer. Semaines impaires : chez vous") || !strings.Contains(text, "Le changement se fait le vendredi") ||
			!strings.Contains(text, "Du 15 février 2027 au 21 février 2027 : chez vous") || strings.Count(text, "Semaine ") < 8 {
			t.Fatalf("check %d: %s", check.Status, text)
		}
		if back := check.Submit(`form[action$="/verifier"]`, nil); back.Doc.Find(`input[name=du1]`).AttrOr("value", "") != "15/02/2027" {
			t.Errorf("« Modifier » forgot what was typed: %s", back.Text("main"))
		}
		if done := check.Submit(`form[action$="/proposer"]`, nil).Follow(); !strings.Contains(done.Text("main"), "Votre proposition est en cours de vérification") {
			t.Fatalf("sent: %s", done.Text("main"))
		}
		if again := check.Submit(`form[action$="/proposer"]`, map[string]string{"cle": db.NewID()}); again.Status != 409 {
			t.Errorf("a second proposal of the same home: %d", again.Status)
		}
		theirs := bruno.Get(path)
		if !strings.Contains(theirs.Text("main"), "L’autre foyer propose un partage des jours") || theirs.Has(`form[action$="/retrait"]`) || !theirs.Has(`form[action$="/avis"]`) {
			t.Errorf("the other home: %s", theirs.Text("main"))
		}
		noneOf(t, theirs, append(familytest.CamilleSecrets, "Camille", "Thomas", "Inès")...)
		if got := p.As(familytest.AgentOf(h.Youth, family.MemberApprove)).Get("/agents/partages").Text("main"); strings.Contains(got, "Jérémy") {
			t.Errorf("an agent of a service that knows neither home: %s", got)
		}
		agent := p.As(familytest.AgentOf(h.Service, family.MemberApprove, family.FileWrite))
		asked := agent.Get("/agents/partages").Click("main a.row-link")
		if text := asked.Text("main"); !strings.Contains(text, "Semaines paires : chez la famille Petit") || !strings.Contains(text, "Semaine ") {
			t.Fatalf("the agent reads: %s", text)
		}
		if mute := asked.Submit("form#refuser", nil); mute.Status != 422 || !strings.Contains(mute.Text("#erreurs"), "motif") {
			t.Errorf("refusing without a reason: %d", mute.Status)
		}
		asked.Submit("form#accepter", nil).Follow()
		if got := sent(t, d); strings.Count(got, custody.MailStanding+" ") != 3 {
			t.Errorf("told: %s", got)
		}
		if late := asked.Submit("form#refuser", map[string]string{"motif": "Trop tard"}); late.Status != 409 {
			t.Errorf("answering twice: %d", late.Status)
		}
		give := bruno.Get(path).Click(`main a[href$="/confier"]`)
		if give.Doc.Find(`option[value="2027-01-23"]`).Length() != 0 || give.Doc.Find(`option[value="2027-01-16"]`).Length() != 1 {
			t.Fatalf("Bruno may give: %s", give.Text("main"))
		}
		if stolen := bruno.Post(path+"/confier", url.Values{"cle": {db.NewID()}, "jour": {"2027-01-23"}}); stolen.Status != 422 || !strings.Contains(stolen.Text("#erreurs"), "déjà dans l’autre foyer") {
			t.Errorf("giving what is the other home’s: %d %s", stolen.Status, stolen.Text("main"))
		}
		if got := give.Submit("main form", map[string]string{"jour": "2027-01-16"}).Follow(); !strings.Contains(got.Text("main"), "Samedi 16 janvier 2027") {
			t.Fatalf("given: %s", got.Text("main"))
		}
		offer := camille.Get(path)
		noneOf(t, offer, append(familytest.BrunoSecrets, "Bruno", "Petit")...)
		action := offer.Doc.Find(`form[action$="/reponse"]`).AttrOr("action", "")
		for _, who := range []*testkit.Client{bruno, p.As(persontest.Citizen(h.Contact))} {
			if got := who.Post(action, url.Values{"cle": {db.NewID()}, "reponse": {"accepter"}}); got.Status != 404 {
				t.Errorf("who is not of the home that takes answers: %d", got.Status)
			}
		}
		taken := camille.Post(action, url.Values{"cle": {db.NewID()}, "reponse": {"accepter"}}).Follow()
		if !strings.Contains(taken.Text("main"), "L’autre foyer vous l’a confié") {
			t.Errorf("taken: %s", taken.Text("main"))
		}
		if got := sent(t, d); strings.Count(got, "family.custody.day.answered") != 3 {
			t.Errorf("told of a day taken: %s", got)
		}
	})
}

func actorOf(h familytest.Homes, name string) actor.Actor {
	a := persontest.Citizen(h.Bruno)
	a.Name = name
	return a
}

// TestACourtStopsTwoHomesAtOnce: whom a court keeps from the child reads and does nothing more at the next request, on
// any page of two homes, and is mailed nothing.
func TestACourtStopsTwoHomesAtOnce(t *testing.T) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now, job := persontest.Now(), actor.Job("test")
		camille, thomas := persontest.Citizen(h.Camille), persontest.Citizen(h.Thomas)
		sharing := custody.Sharing{Arrangement: custody.Arrangement{Home: h.First, Other: h.Second, Kind: custody.ByDates, Cells: "B", Days: civil.Range{From: civil.DateOf(now)},
			Spans: []custody.Span{{Range: civil.Range{From: civil.DateOf(now), To: civil.DateOf(now).AddDays(5)}, Home: h.First}}}}
		var offered, given custody.DayID
		var asked, proposal custody.ID
		if err := db.Do(context.Background(), d, func(tx *db.Tx) (err error) {
			if _, err = custody.Enter(tx, now, job, h.Jeremy, sharing); err != nil {
				return err
			}
			if asked, err = custody.Propose(tx, now, thomas, h.Jeremy, sharing); err != nil {
				return err
			}
			if proposal, err = custody.Propose(tx, now, persontest.Citizen(h.Bruno), h.Jeremy, sharing); err != nil {
				return err
			}
			if offered, err = custody.OfferDay(tx, now, persontest.Citizen(h.Bruno), h.Jeremy, civil.DateOf(now).AddDays(9)); err != nil {
				return err
			}
			if given, err = custody.OfferDay(tx, now, thomas, h.Jeremy, civil.DateOf(now).AddDays(2)); err != nil {
				return err
			}
			_, err = tx.Exec(`delete from mail_outbox`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		p := portal(t, d)
		client := p.As(thomas)
		path := "/espace/famille/partage/" + string(h.Jeremy)
		pages := []string{path, path + "/proposer", path + "/proposer?rythme=dates", path + "/confier"}
		posts := map[string]url.Values{path + "/verifier": {"rythme": {"paires"}, "debut": {"04/01/2027"}}, path + "/proposer": {"rythme": {"paires"}}, path + "/confier": {"jour": {"2027-01-04"}},
			"/espace/famille/partages/" + string(asked) + "/retrait": {}, "/espace/famille/jours/" + string(offered) + "/reponse": {"reponse": {"accepter"}},
			"/espace/famille/jours/" + string(given) + "/retrait": {}, "/espace/famille/partages/" + string(proposal) + "/avis": {"avis": {"agrees"}}}
		for _, x := range pages {
			if got := client.Get(x); got.Status != 200 {
				t.Errorf("before: %s %d", x, got.Status)
			}
		}
		if got := todo(t, d, thomas); len(got) != 2 {
			t.Errorf("before: %v to do", got)
		}
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := family.Restrict(tx, now, job, family.Restriction{Person: h.Thomas, Child: h.Jeremy, DecidedOn: civil.NewDate(2026, 12, 12), Reference: "RG 26/01234"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, x := range pages {
			if got := client.Get(x); got.Status != 404 {
				t.Errorf("%s: %d, must be 404 at once", x, got.Status)
			}
		}
		for x, form := range posts {
			form.Set("cle", db.NewID())
			if got := client.Post(x, form); got.Status != 404 {
				t.Errorf("POST %s: %d, must be 404 at once", x, got.Status)
			}
		}
		if got := todo(t, d, thomas); len(got) != 0 {
			t.Errorf("still to do: %v", got)
		}
		if got := p.As(camille).Post("/espace/famille/jours/"+string(offered)+"/reponse", url.Values{"cle": {db.NewID()}, "reponse": {"accepter"}}); got.Status != 303 {
			t.Errorf("the other parent of the home: %d %s", got.Status, got.Text("main"))
		}
		if got := sent(t, d); strings.Contains(got, "thomas@") || !strings.Contains(got, "camille.martin@") {
			t.Errorf("mailed: %s", got)
		}
	})
}

func todo(t *testing.T, d *db.DB, a actor.Actor) []string {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) (titles []string, err error) {
		todos, err := custody.Todo(r, persontest.Now(), a)
		for _, x := range todos {
			titles = append(titles, x.Title)
		}
		return titles, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestTheCounterEntersAndEndsASharing: without a proposal, and for agents of both homes only.
func TestTheCounterEntersAndEndsASharing(t *testing.T) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		p := portal(t, d)
		path := "/agents/enfants/" + string(h.Jeremy) + "/partage"
		if got := p.As(familytest.AgentOf(h.Youth, family.FileWrite)).Get(path); got.Status != 404 {
			t.Errorf("an agent of another service: %d", got.Status)
		}
		agent := p.As(familytest.AgentOf(h.Service, family.FileRead, family.FileWrite))
		form := agent.Get("/agents/familles/" + string(h.Second)).Click(`main a[href="` + path + `"]`).Click(`main a[href$="rythme=blocs"]`)
		check := form.Submit("main form", map[string]string{"semaines": "2", "premier": "autre", "debut": "04/01/2027"})
		if check.Status != 200 || !strings.Contains(check.Text("main"), "2 semaines chez") {
			t.Fatalf("check %d: %s", check.Status, check.Text("main"))
		}
		done := check.Submit(`form[action$="/partage"]`, nil).Follow()
		if !strings.Contains(done.Text("main"), "Le partage des jours est enregistré") || !strings.Contains(done.Text("main"), "Semaine 1, du lundi 4 janvier") {
			t.Fatalf("entered: %s", done.Text("main"))
		}
		if past := done.Submit(`form[action$="/fin"]`, map[string]string{"fin": "01/01/2020"}); past.Status != 422 || !strings.Contains(past.Text("#erreurs"), "dernier jour") {
			t.Errorf("ending in the past: %d %s", past.Status, past.Text("main"))
		}
		ended := done.Submit(`form[action$="/fin"]`, map[string]string{"fin": "31/01/2027"}).Follow()
		if !strings.Contains(ended.Text("main"), "jusqu’au 31 janvier 2027") {
			t.Errorf("ended: %s", ended.Text("main"))
		}
		if got := sent(t, d); strings.Count(got, custody.MailStanding+" ") != 3 || strings.Count(got, custody.MailEnded) != 3 {
			t.Errorf("told: %s", got)
		}
	})
}

// TestTheRightOfBothHomes: what binds two homes is for agents who reach both, and a proposal is taken back by who made it.
func TestTheRightOfBothHomes(t *testing.T) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		sharing := custody.Sharing{Arrangement: custody.Arrangement{Home: h.First, Other: h.Second, Kind: custody.EvenOddWeeks, Days: civil.Range{From: civil.DateOf(now)}}}
		var id custody.ID
		if err := db.Do(context.Background(), d, func(tx *db.Tx) (err error) {
			if id, err = custody.Propose(tx, now, persontest.Citizen(h.Camille), h.Jeremy, sharing); err != nil {
				return err
			}
			_, err = tx.Exec(`update family_service set service = $1 where family = $2`, string(h.Youth), string(h.Second))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		one, both := familytest.AgentOf(h.Service, family.MemberApprove, family.FileWrite), familytest.Agent(family.MemberApprove, family.FileWrite)
		for _, c := range []struct {
			name string
			run  func(tx *db.Tx) error
			want fault.Kind
		}{
			{"an agent of one home answers", func(tx *db.Tx) error { return custody.Decide(tx, now, one, id, family.Decision{Approve: true}) }, fault.NotFound},
			{"an agent of one home enters", func(tx *db.Tx) error { _, err := custody.Enter(tx, now, one, h.Jeremy, sharing); return err }, fault.NotFound},
			{"an agent without the right answers", func(tx *db.Tx) error {
				return custody.Decide(tx, now, familytest.Agent(family.FileRead), id, family.Decision{Approve: true})
			}, fault.NotFound},
			{"the other home takes it back", func(tx *db.Tx) error {
				_, err := custody.Withdraw(tx, now, persontest.Citizen(h.Bruno), id)
				return err
			}, fault.NotFound},
			{"an agent of both enters for a child of one home", func(tx *db.Tx) error { _, err := custody.Enter(tx, now, both, h.Ines, sharing); return err }, fault.Refused},
			{"who made it takes it back", func(tx *db.Tx) error {
				_, err := custody.Withdraw(tx, now, persontest.Citizen(h.Camille), id)
				return err
			}, 0},
			{"an agent of both answers too late", func(tx *db.Tx) error { return custody.Decide(tx, now, both, id, family.Decision{Approve: true}) }, fault.Conflict},
		} {
			if err := db.Do(context.Background(), d, c.run); c.want == 0 && err != nil || c.want != 0 && fault.KindOf(err) != c.want {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
	})
}

// TestADayNotTakenInTimeIsNotTaken: an offer lapses at the end of its day, and when the day moves meanwhile.
func TestADayNotTakenInTimeIsNotTaken(t *testing.T) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		today := civil.DateOf(now)
		sharing := custody.Sharing{Arrangement: custody.Arrangement{Home: h.First, Other: h.Second, Kind: custody.Cycle, Step: 10, Cells: "AB", Days: civil.Range{From: today}}}
		var lapses, moves custody.DayID
		if err := db.Do(context.Background(), d, func(tx *db.Tx) (err error) {
			if _, err = custody.Enter(tx, now, actor.Job("test"), h.Jeremy, sharing); err != nil {
				return err
			}
			if lapses, err = custody.OfferDay(tx, now, persontest.Citizen(h.Camille), h.Jeremy, today); err != nil {
				return err
			}
			if moves, err = custody.OfferDay(tx, now, persontest.Citizen(h.Camille), h.Jeremy, today.AddDays(5)); err != nil {
				return err
			}
			later := sharing
			later.Home, later.Other, later.Days.From = h.Second, h.First, today.AddDays(2)
			_, err = custody.Enter(tx, now, actor.Job("test"), h.Jeremy, later)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string]struct {
			id   custody.DayID
			days int
		}{"the day after": {lapses, 1}, "a day that moved": {moves, 0}} {
			err := db.Do(context.Background(), d, func(tx *db.Tx) error {
				_, err := custody.AnswerDay(tx, now.AddDate(0, 0, x.days), persontest.Citizen(h.Bruno), x.id, true)
				return err
			})
			if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
