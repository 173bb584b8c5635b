package booking_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// late is a canteen of one place a day on which both children asked Thursday the 7th and Friday the 8th after the limit:
// four requests, Jérémy's first. It is Thursday the 7th, 8:00.
type late struct {
	bookingtest.Open
	t        *testing.T
	d        *db.DB
	now      time.Time
	thursday civil.Date
	desk     *testkit.Portal
}

func askedLate(t *testing.T, d *db.DB) late {
	t.Helper()
	p := activitytest.Model(t, "veille-9h")
	p.After = activity.After{Kind: activity.AfterRequest}
	l := late{Open: bookingtest.NewOpen(t, d, activitytest.Plan{Capacity: places(1), Policy: p}), t: t, d: d, thursday: friday.AddDays(-1)}
	l.now = l.thursday.At(10, 0, persontest.Now().Location())
	for i, child := range []family.ChildID{l.Jeremy, l.Ines} {
		out, err := l.Apply(t, l.now.Add(time.Duration(i-2)*time.Minute), as(l.Camille, "Camille Martin"), booking.Order{Note: "Réunion imprévue", Wishes: []booking.Wish{l.Wish(child, l.thursday, l.Only()), l.Wish(child, friday, l.Only())}})
		if err != nil || out.Done() != 2 {
			t.Fatalf("asking late: %+v, %v", out, err)
		}
	}
	l.desk = lists(t, d, l.now)
	return l
}

func (l late) agent() actor.Actor { return familytest.AgentOf(l.Service, booking.Read, booking.Write) }

func (l late) path(child family.ChildID, day civil.Date) string {
	return "/agents/demandes-tardives/" + l.id(child, day)
}

func (l late) id(child family.ChildID, day civil.Date) string {
	return string(child) + "." + string(l.ID) + "." + day.String()
}

// state is what a child has that day, and how many places are taken.
func (l late) state(child family.ChildID, day civil.Date) (string, int) {
	l.t.Helper()
	state, err := db.Read(context.Background(), l.d, func(r db.Reader) (string, error) {
		return db.One(r, "booking", db.Column[string], `select state from booking where child = $1 and day = $2`, string(child), day)
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return state, taken(l.t, l.d, day)
}

func TestLateQueueSaysWhatIsAskedTheNearestDayFirst(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		l := askedLate(t, d)
		page := l.desk.As(l.agent()).Get("/agents/demandes-tardives")
		var days []string
		for _, s := range page.Doc.Find("main section h2").EachIter() {
			days = append(days, strings.Join(strings.Fields(s.Text()), " "))
		}
		if got := strings.Join(days, " | "); got != "Jeudi 7 janvier 2027 : 2 | Vendredi 8 janvier 2027 : 2" {
			t.Fatalf("days %q: %s", got, page.Text("main"))
		}
		row := page.Text("main .row")
		for _, want := range []string{"Jérémy", "CM1", "Élémentaire Jean-Moulin", "Restauration scolaire", "1 place libre ce jour-là", "il y a 2 minutes", "« Réunion imprévue »", "Réserver : place libre"} {
			if !strings.Contains(row, want) {
				t.Errorf("the row lacks %q: %s", want, row)
			}
		}
		if other := l.desk.As(familytest.AgentOf(l.Youth, booking.Read, booking.Write)).Get("/agents/demandes-tardives"); !strings.Contains(other.Text("main"), "Aucune demande n’attend") || strings.Contains(other.Body, "Jérémy") {
			t.Errorf("another service reads: %s", other.Text("main"))
		}
		queue := booking.Pages{DB: d}.Queues()[0]
		for name, x := range map[string]struct {
			a    actor.Actor
			want int
		}{"own service": {l.agent(), 4}, "another": {familytest.AgentOf(l.Youth, booking.Read), 0}} {
			n, err := db.Read(context.Background(), d, func(r db.Reader) (int, error) {
				n, oldest, err := queue.Count(r, l.now, x.a)
				if n > 0 && oldest != civil.InstantOf(l.now.Add(-2*time.Minute)) {
					t.Errorf("%s: oldest %v", name, oldest.In(time.UTC))
				}
				return n, err
			})
			if n != x.want || err != nil {
				t.Errorf("%s: %d, %v; want %d", name, n, err, x.want)
			}
		}
	})
}

func TestAnsweringALateRequestOnItsPage(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		l := askedLate(t, d)
		c := l.desk.As(l.agent())
		first, second := c.Get(l.path(l.Jeremy, l.thursday)), c.Get(l.path(l.Ines, l.thursday))
		colleague := l.desk.As(l.agent()).Get(l.path(l.Jeremy, l.thursday))
		if none := first.Submit("#reponse", nil); none.Status != 422 || !strings.Contains(none.Text("#erreurs"), "Choisissez une réponse.") {
			t.Errorf("no answer chosen: %d", none.Status)
		}
		if mute := first.Submit("#reponse", map[string]string{"decision": "refuser"}); mute.Status != 422 || !strings.Contains(mute.Text("#erreurs"), "motif") {
			t.Errorf("refused without a reason: %d %s", mute.Status, mute.Text("main"))
		}
		done := first.Submit("#reponse", map[string]string{"decision": "accepter", "motif": "Avec plaisir"})
		if done.Status != 303 || done.Location() == "" {
			t.Fatalf("accepting: %d %s", done.Status, done.Text("main"))
		}
		if after := done.Follow(); !strings.Contains(after.Text("main"), "Demande acceptée : Jérémy Martin-Nguyễn. Référence R-") || strings.Contains(after.Doc.Find("main section").First().Text(), "Jérémy") {
			t.Errorf("after accepting: %s", after.Text("main"))
		}
		if state, n := l.state(l.Jeremy, l.thursday); state != "booked" || n != 1 {
			t.Errorf("accepted: %s, %d taken", state, n)
		}
		lost := colleague.Submit("#reponse", map[string]string{"decision": "refuser", "motif": "Plus de personnel"})
		text := lost.Text("main")
		if lost.Status != 409 || !strings.Contains(text, "a déjà reçu une réponse") || !strings.Contains(text, "Plus de personnel") || !strings.Contains(text, "Demande acceptée") {
			t.Errorf("a colleague answered first: %d %s", lost.Status, text)
		}
		full := second.Submit("#reponse", map[string]string{"decision": "accepter"})
		if full.Status != 409 || !full.Has(`#reponse input[value="ajouter"]`) || full.Has(`#reponse input[value="accepter"]`) {
			t.Errorf("the last place went meanwhile: %d %s", full.Status, full.Text("main"))
		}
		if state, n := l.state(l.Ines, l.thursday); state != "asked" || n != 1 {
			t.Errorf("nothing was to be done: %s, %d taken", state, n)
		}
		if added := full.Submit("#reponse", map[string]string{"decision": "ajouter"}); added.Status != 303 {
			t.Errorf("adding a place: %d %s", added.Status, added.Text("main"))
		}
		if state, n := l.state(l.Ines, l.thursday); state != "booked" || n != 2 {
			t.Errorf("with one more place: %s, %d taken", state, n)
		}
		refused := c.Get(l.path(l.Ines, friday)).Submit("#reponse", map[string]string{"decision": "refuser", "motif": "Sortie ce jour-là"})
		if state, _ := l.state(l.Ines, friday); refused.Status != 303 || state != "refused" {
			t.Errorf("refused: %d, %s", refused.Status, state)
		}
		settled := c.Get(l.path(l.Ines, friday))
		if text := settled.Text("main"); settled.Status != 200 || settled.Has("#reponse") || !strings.Contains(text, "Demande refusée") || !strings.Contains(text, "Sortie ce jour-là") {
			t.Errorf("an answered request: %d %s", settled.Status, text)
		}
	})
}

func TestAnsweringAsksToCancel(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		l := askedLate(t, d)
		c := l.desk.As(l.agent())
		c.Get(l.path(l.Jeremy, friday)).Submit("#reponse", map[string]string{"decision": "accepter"}).Follow()
		ask := booking.Wish{Cell: booking.Cell{Child: l.Jeremy, Activity: l.ID, Day: friday}, Seen: booking.Token("booked." + string(l.Only()))}
		if out, err := l.Apply(t, l.now, as(l.Camille, "Camille Martin"), booking.Order{Note: "Malade", Wishes: []booking.Wish{ask}}); err != nil || out.Lines[0].Did != booking.DidAskCancel {
			t.Fatalf("asking to cancel: %+v, %v", out.Lines, err)
		}
		page := c.Get(l.path(l.Jeremy, friday))
		if !strings.Contains(page.Text("main"), "La place sera rendue") {
			t.Errorf("the page: %s", page.Text("main"))
		}
		if done := page.Submit("#reponse", map[string]string{"decision": "accepter"}); done.Status != 303 {
			t.Fatalf("accepting: %d %s", done.Status, done.Text("main"))
		}
		if state, n := l.state(l.Jeremy, friday); state != "cancelled" || n != 0 {
			t.Errorf("accepted: %s, %d taken", state, n)
		}
	})
}

func TestWhoMayAnswerLateRequests(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		l := askedLate(t, d)
		path := l.path(l.Jeremy, l.thursday)
		reader := l.desk.As(familytest.AgentOf(l.Service, booking.Read))
		if page := reader.Get(path); page.Status != 200 || page.Has("#reponse") || page.Has(`a[href^="/agents/familles/"]`) {
			t.Errorf("who may only read: %d, form %v", page.Status, page.Has("#reponse"))
		}
		form := url.Values{"cle": {"0123456789012345678901"}, "decision": {"accepter"}, "vu": {"asked." + string(l.Only())}, "famille": {string(l.First)}}
		if page := reader.Post(path, form); page.Status != 403 {
			t.Errorf("who may only read answers: %d, want 403", page.Status)
		}
		mixed := familytest.AgentOf(l.Service, booking.Read)
		mixed.Rights[booking.Write] = []string{string(l.Youth)}
		if page := l.desk.As(mixed).Post(path, form); page.Status != 403 {
			t.Errorf("who may write for another service: %d, want 403", page.Status)
		}
		elsewhere := l.desk.As(familytest.AgentOf(l.Youth, booking.Read, booking.Write))
		if get, post := elsewhere.Get(path), elsewhere.Post(path, form); get.Status != 404 || post.Status != 404 {
			t.Errorf("another service: %d and %d, want 404", get.Status, post.Status)
		}
		for _, id := range []string{"x", "a.b.c", "a.b.2027-01-07", l.id(l.Jeremy, l.thursday.AddDays(40)), l.id("x", l.thursday)} {
			if page := l.desk.As(l.agent()).Get("/agents/demandes-tardives/" + id); page.Status != 404 {
				t.Errorf("%s: %d, want 404", id, page.Status)
			}
		}
		several := url.Values{"cle": {"0123456789012345678901"}, "demande": {l.id(l.Jeremy, l.thursday)}, "vu." + l.id(l.Jeremy, l.thursday): {"asked." + string(l.Only())}}
		for name, a := range map[string]actor.Actor{"another service": familytest.AgentOf(l.Youth, booking.Read, booking.Write), "write elsewhere": mixed} {
			if page := l.desk.As(a).Post("/agents/demandes-tardives/plusieurs", several); page.Status != 409 {
				t.Errorf("%s accepts several: %d, want 409", name, page.Status)
			}
		}
		if state, n := l.state(l.Jeremy, l.thursday); state != "asked" || n != 0 {
			t.Errorf("after all these: %s, %d taken", state, n)
		}
	})
}

func TestAcceptingSeveralWherePlacesAreLeft(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		l := askedLate(t, d)
		c := l.desk.As(l.agent())
		choose := c.Get("/agents/demandes-tardives").Click(`a[href$="/plusieurs"]`)
		if n := choose.Doc.Find(`#choisir input[name="demande"]`).Length(); n != 4 {
			t.Fatalf("%d to choose from: %s", n, choose.Text("main"))
		}
		all := url.Values{"demande": {l.id(l.Ines, l.thursday), l.id(l.Jeremy, l.thursday), l.id(l.Jeremy, friday)}}
		check := choose.SubmitAll("#choisir", all)
		if text := check.Text("main"); check.Status != 200 || !strings.Contains(text, "Ne peuvent pas être acceptées ainsi") || !strings.Contains(check.Text("main .row"), "Inès") ||
			check.Doc.Find(`#accepter input[name="demande"]`).Length() != 2 {
			t.Fatalf("one place for two, the first asked first: %s", text)
		}
		if state, n := l.state(l.Jeremy, l.thursday); state != "asked" || n != 0 {
			t.Errorf("the check wrote: %s, %d taken", state, n)
		}
		// Meanwhile a colleague refuses one of them.
		c.Get(l.path(l.Jeremy, friday)).Submit("#reponse", map[string]string{"decision": "refuser", "motif": "Sortie"}).Follow()
		done := check.Submit("#accepter", nil)
		if done.Status != 303 {
			t.Fatalf("accepting: %d %s", done.Status, done.Text("main"))
		}
		if text := done.Follow().Text("main"); !strings.Contains(text, "1 demande acceptée. Les familles sont prévenues. 1 demande n’a pas pu l’être.") {
			t.Errorf("what was done: %s", text)
		}
		if state, n := l.state(l.Jeremy, l.thursday); state != "booked" || n != 1 {
			t.Errorf("accepted: %s, %d taken", state, n)
		}
		if state, _ := l.state(l.Jeremy, friday); state != "refused" {
			t.Errorf("what a colleague refused is %s", state)
		}
		if again := check.Submit("#accepter", map[string]string{"motif": "encore"}); again.Status != 409 || !strings.Contains(again.Text("main"), "Rien n’a été enregistré") {
			t.Errorf("the same again: %d %s", again.Status, again.Text("main"))
		}
		if state, n := l.state(l.Jeremy, l.thursday); state != "booked" || n != 1 {
			t.Errorf("after sending it again: %s, %d taken", state, n)
		}
		over := url.Values{"cle": {"0123456789012345678901"}, "demande": {l.id(l.Ines, l.thursday)}, "vu." + l.id(l.Ines, l.thursday): {"asked." + string(l.Only())}}
		if page := c.Post("/agents/demandes-tardives/plusieurs", over); page.Status != 409 {
			t.Errorf("several where it is full: %d, want 409", page.Status)
		}
		if _, n := l.state(l.Ines, l.thursday); n != 1 {
			t.Errorf("%d taken of one place", n)
		}
	})
}

func TestLateRequestsOfADayThatIsOver(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		l := askedLate(t, d)
		read := func(now time.Time) (string, *testkit.Client) {
			c := lists(t, d, now).As(l.agent())
			return strings.Join(strings.Fields(c.Get("/agents/demandes-tardives").Doc.Find("main section").First().Text()), " "), c
		}
		zone := persontest.Now().Location()
		if text, _ := read(l.thursday.At(13, 19, zone)); strings.Contains(text, "jour passé") {
			t.Errorf("before the meal ends: %s", text)
		}
		if text, _ := read(l.thursday.At(13, 20, zone)); !strings.Contains(text, "Réserver : jour passé") {
			t.Errorf("after the meal: %s", text)
		}
		text, c := read(l.thursday.AddDays(3).At(9, 0, zone))
		if !strings.Contains(text, "Jeudi 7 janvier") || !strings.Contains(text, "jour passé") {
			t.Errorf("days after, nobody has answered: %s", text)
		}
		if c.Get("/agents/demandes-tardives/plusieurs").Has(`#choisir`) {
			t.Error("days that are over are accepted at once")
		}
		if answered := c.Get(l.path(l.Jeremy, l.thursday)).Submit("#reponse", map[string]string{"decision": "refuser", "motif": "Trop tard"}); answered.Status != 303 {
			t.Errorf("answering: %d %s", answered.Status, answered.Text("main"))
		}
		if old, _ := read(l.thursday.AddDays(40).At(9, 0, zone)); strings.Contains(old, "janvier") {
			t.Errorf("after a month: %s", old)
		}
	})
}

func TestLateRequestsOfAChildComeTogether(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	l := askedLate(t, d)
	writeRaw(t, d, `insert into activity (id, name, folded, service, state, made_at) select 'autre', 'Accueil', 'accueil', service, state, made_at from activity where id = $1`, string(l.ID))
	writeRaw(t, d, `insert into unit (id, activity, name, folded) values ('autre-u', 'autre', '', '')`)
	bookingtest.Agenda{}.Book(t, d, booking.Row{Child: l.Ines, Unit: "autre-u", Day: l.thursday, Family: l.First, State: booking.Asked},
		booking.Row{Child: l.Jeremy, Unit: "autre-u", Day: l.thursday, Family: l.First, State: booking.Asked})
	var names []string
	for _, a := range l.desk.As(l.agent()).Get("/agents/demandes-tardives").Doc.Find("main section").First().Find(".row a").EachIter() {
		names = append(names, strings.Fields(a.Text())[0])
	}
	if got := strings.Join(names, " "); got != "Inès Inès Jérémy Jérémy" {
		t.Errorf("in the order %q", got)
	}
}

func TestQueriesOfTheLateQueueDoNotGrow(t *testing.T) {
	l := askedLate(t, testkit.SQLite(t, booking.Sources()))
	c := l.desk.As(l.agent())
	paths := []string{"/agents/demandes-tardives", "/agents/demandes-tardives/plusieurs"}
	before := map[string]int64{}
	for _, path := range paths {
		c.Get(path) // fills the caches
		before[path] = c.Statements(path)
	}
	for i, child := range l.Many(t, l.d, friday, 40, 0) {
		if i%2 == 0 {
			writeRaw(t, l.d, `update booking set state = 'asked' where child = $1`, string(child))
		}
	}
	for _, path := range paths {
		if after := c.Statements(path); after != before[path] || after > 8 {
			t.Errorf("%s: %d statements, then %d with ten times the requests; want the same, at most 8", path, before[path], after)
		}
	}
}
