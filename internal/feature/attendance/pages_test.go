package attendance_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

func (p *place) list() string { return "/tablette/groupes/" + string(p.unit) }

// tap sends a form as a page's buttons do, with the key that the page holds.
func tap(c *testkit.Client, from, path string, fields map[string]string) *testkit.Page {
	key, _ := c.Get(from).Doc.Find("input[name=cle]").First().Attr("value")
	form := url.Values{"cle": {key}}
	for name, value := range fields {
		form.Set(name, value)
	}
	return c.Post(path, form)
}

func TestATabletWorksWithoutScript(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		desk := p.portal(p.now).As(p.leader())
		page := desk.Get("/agents/tablettes").Submit(`form[action="/agents/tablettes"]`, map[string]string{"nom": "Tablette 2", "lieu": string(p.School), "code_equipe": "12"})
		if page.Status != 422 || !strings.Contains(page.Body, "quatre à six chiffres") {
			t.Fatalf("a short code: %d", page.Status)
		}
		page = page.Submit(`form[action="/agents/tablettes"]`, map[string]string{"nom": "Tablette 2", "lieu": string(p.School), "code_equipe": pin})
		c := p.screen(p.now, "")
		if wrong := c.Get("/tablette").Submit(`form[action="/tablette/relier"]`, map[string]string{"code": "AAAABBBB"}); wrong.Status != 422 {
			t.Fatalf("a wrong code: %d", wrong.Status)
		}
		home := c.Get("/tablette").Submit(`form[action="/tablette/relier"]`, map[string]string{"code": page.Text("[data-code]")}).Follow()
		if home.Status != 200 || !strings.Contains(home.Text("main"), "2 à pointer") {
			t.Fatalf("paired: %d %s", home.Status, home.Text("main"))
		}
		list := c.Get(p.list())
		if list.Doc.Find(".t-row").Length() != 2 || !strings.Contains(list.Text("main"), "PAI, voir la fiche") || strings.Contains(list.Body, "rachide") {
			t.Fatalf("the list: %s", list.Text("main"))
		}
		say := func(child family.ChildID, fields map[string]string) *testkit.Page {
			fields["enfant"] = string(child)
			return tap(c, "/tablette", p.list(), fields)
		}
		if done := say(p.Ines, map[string]string{"acte": "present"}).Follow(); !strings.Contains(done.Text("main"), "Inès : présent") || p.told(p.Ines) != booking.Present {
			t.Errorf("one tap: %s", done.Text("main"))
		}
		if done := say(p.Ines, map[string]string{"acte": "left", "heure": "12:04"}).Follow(); done.Status != 200 {
			t.Errorf("gone: %d", done.Status)
		}
		if gone := c.Get(p.list() + "?vue=partis"); !strings.Contains(gone.Text(".t-said"), "Parti à 12") {
			t.Errorf("gone at 12:04: %s", gone.Text("main"))
		}
		if early := say(p.Jeremy, map[string]string{"acte": "present", "heure": "18:00"}); early.Status != 422 {
			t.Errorf("an hour to come: %d", early.Status)
		}
		say(p.Ines, map[string]string{"acte": "undo"})
		say(p.Ines, map[string]string{"acte": "undo"})
		if p.told(p.Ines) != "" {
			t.Error("two taps taken back leave something")
		}
		tap(c, p.list(), p.list(), map[string]string{"acte": "tous"})
		if p.told(p.Ines) != booking.Present || p.told(p.Jeremy) != booking.Present {
			t.Error("« Tous présents » is not all")
		}
		found := c.Get(p.list() + "/imprevu?q=nour")
		if found.Doc.Find(".t-row").Length() != 1 || strings.Contains(c.Get(p.list()+"/imprevu?q=zoe").Text("main"), "Haddad") {
			t.Errorf("the search: %s", found.Text("main"))
		}
		if added := say(p.nour, map[string]string{"acte": "unexpected"}); added.Status != 303 || !strings.Contains(c.Get(p.list()+"?vue=presents").Text("main"), "Non réservé") {
			t.Errorf("unexpected: %d", added.Status)
		}
		if stranger := say(p.zoe, map[string]string{"acte": "unexpected"}); stranger.Status != 404 || p.told(p.zoe) != "" {
			t.Errorf("a child of another place: %d", stranger.Status)
		}
	})
}

func TestSheetsNeedTheCodeAndEachIsWritten(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, token := p.tablet("Tablette 1", p.School)
		p.record(p.now, a, p.said(1, p.Jeremy, attendance.Present, ""))
		c := p.screen(p.now, token)
		sheet := "/tablette/enfants/" + string(p.Jeremy)
		closed := c.Get(sheet)
		secrets := []string{"rachide", "sans porc", "Duval", "Camille", "06 12", "Bruno"}
		for _, path := range []string{sheet, p.list(), "/tablette", "/tablette/jour", "/tablette/hors-ligne", p.list() + "/imprevu?q=jeremy"} {
			for _, s := range secrets {
				if strings.Contains(strings.ReplaceAll(c.Get(path).Body, "\u00a0", " "), s) {
					t.Errorf("%s tells %q without the code", path, s)
				}
			}
		}
		if n := readings(t, d, "attendance.sheet.read"); n != 0 {
			t.Errorf("%d readings of a closed sheet", n)
		}
		opened := closed.Submit(`form[action="/tablette/deverrouiller"]`, map[string]string{"code_equipe": pin}).Follow()
		for _, want := range []string{"arachide", "sans porc", "Duval", "Camille"} {
			if !strings.Contains(opened.Body, want) {
				t.Errorf("the sheet lacks %q: %s", want, opened.Text("main"))
			}
		}
		if n := readings(t, d, "attendance.sheet.read"); n != 1 {
			t.Errorf("%d readings of an open sheet", n)
		}
		stranger := tap(c, sheet, sheet+"/depart", map[string]string{"avec": string(p.nour), "groupe": string(p.unit)})
		if stranger.Status != 409 {
			t.Errorf("gone with anybody: %d", stranger.Status)
		}
		gone := opened.Submit(`form[action$="/depart"]`, nil)
		if gone.Status != 303 {
			t.Fatalf("gone with somebody: %d %s", gone.Status, gone.Text("main"))
		}
		if n := count(t, d, `select count(*) from attendance_stay where collector is not null and left_at is not null`); n != 1 {
			t.Error("who collected is not kept")
		}
		tap(c, "/tablette", "/tablette/verrouiller", nil)
		if strings.Contains(c.Get(sheet).Body, "rachide") {
			t.Error("closed, the sheet still tells")
		}
		later := p.screen(p.now.Add(4*time.Minute), token)
		c.Get(sheet).Submit(`form[action="/tablette/deverrouiller"]`, map[string]string{"code_equipe": pin})
		if strings.Contains(later.Get(sheet).Body, "rachide") {
			t.Error("four minutes later the sheet is still open")
		}
	})
}

func TestFiveWrongCodesShutATablet(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		_, token := p.tablet("Tablette 1", p.School)
		c := p.screen(p.now, token)
		sheet := "/tablette/enfants/" + string(p.Jeremy)
		for i := range 5 {
			answer := c.Get(sheet).Submit(`form[action="/tablette/deverrouiller"]`, map[string]string{"code_equipe": "0000"})
			if want := map[bool]int{true: 403, false: 422}[i == 4]; answer.Status != want {
				t.Fatalf("try %d: %d, want %d", i+1, answer.Status, want)
			}
			if wiped := answer.Header.Get("Clear-Site-Data") != ""; wiped != (i == 4) {
				t.Errorf("try %d: wipes the tablet: %v", i+1, wiped)
			}
		}
		c = p.screen(p.now, token)
		for _, path := range []string{sheet, p.list(), "/tablette/jour"} {
			if got := c.Get(path); got.Status != 401 || got.Header.Get("Clear-Site-Data") != `"storage"` || strings.Contains(got.Body, "Jérémy") {
				t.Errorf("%s after five wrong codes: %d", path, got.Status)
			}
		}
		if !strings.Contains(p.portal(p.now).As(p.leader()).Get("/agents/tablettes").Text("main"), "cinq codes faux") {
			t.Error("the desk does not say why")
		}
	})
}

func TestRevokedAndForgedTokens(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, token := p.tablet("Tablette 1", p.School)
		mark, _ := json.Marshal([]map[string]any{{"id": db.NewID(), "c": p.Ines, "u": p.unit, "d": p.day.String(), "k": "present", "at": p.now.UnixMilli(), "s": p.now.UnixMilli()}})
		send := func(token string) int {
			return p.screen(p.now, token).Post("/tablette/pointages", url.Values{"pointages": {string(mark)}}).Status
		}
		if got := send("forge-" + token); got != 401 {
			t.Errorf("a forged token: %d", got)
		}
		if got := send(""); got != 401 {
			t.Errorf("no token: %d", got)
		}
		first, again := send(token), send(token)
		if first != 200 || again != 200 || p.told(p.Ines) != booking.Present || count(t, d, `select count(*) from attendance_mark`) != 1 {
			t.Error("a sending sent again is not the same sending")
		}
		if n := count(t, d, `select count(*) from device where token_hash = $1`, token); n != 0 {
			t.Error("the token is in clear in the database")
		}
		desk := p.portal(p.now).As(p.leader())
		if done := desk.Get("/agents/tablettes").Submit(`form[action="/agents/tablettes/`+a.Account+`/retirer"]`, nil); done.Status != 303 {
			t.Fatalf("revoked: %d", done.Status)
		}
		if got := send(token); got != 401 {
			t.Errorf("revoked: %d", got)
		}
		if home := p.screen(p.now, token).Get("/tablette"); !home.Has("input[name=code]") || !home.Has(`[data-free="true"]`) {
			t.Error("a revoked tablet is not told to wipe what it kept")
		}
	})
}

func TestTheDeskSeesAndMends(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, _ := p.tablet("Tablette 1", p.School)
		p.record(p.now, a, p.said(1, p.Ines, attendance.Present, ""), p.said(2, p.nour, attendance.Unexpected, ""))
		desk := p.portal(p.now).As(p.leader())
		day := "/agents/pointage?jour=" + p.day.String()
		cells := desk.Get(day).Doc.Find("main table tbody tr").First().Find("td")
		got := []string{}
		for i := range cells.Length() {
			got = append(got, strings.TrimSpace(cells.Eq(i).Text()))
		}
		if strings.Join(got, " ") != "2 2 0 1 1" {
			t.Errorf("planned, present, absent, unexpected, left: %v", got)
		}
		open := desk.Get(day + "&unite=" + string(p.unit))
		if !strings.Contains(open.Text("main"), "arrivé à") || !strings.Contains(open.Text("main"), "Non réservé") {
			t.Errorf("the children: %s", open.Text("main"))
		}
		if n := readings(t, d, "attendance.list.read"); n != 1 {
			t.Errorf("%d readings of a list with names", n)
		}
		mend := desk.Get("/agents/pointage/corriger?" + url.Values{"enfant": {string(p.Ines)}, "unite": {string(p.unit)}, "jour": {p.day.String()}}.Encode())
		if again := mend.Submit(`form[action="/agents/pointage/corriger"]`, map[string]string{"pointage": "absent"}); again.Status != 422 || !again.Has("#erreurs") {
			t.Errorf("without a reason: %d", again.Status)
		}
		done := mend.Submit(`form[action="/agents/pointage/corriger"]`, map[string]string{"pointage": "absent", "motif": "Partie le matin"})
		if done.Status != 303 || p.told(p.Ines) != booking.Absent {
			t.Fatalf("mended: %d", done.Status)
		}
		queue := desk.Get("/agents/pointage/anomalies")
		if strings.Contains(queue.Text("main"), "Pointages contradictoires") || !strings.Contains(queue.Text("main"), "pas inscrit") {
			t.Errorf("the queue: %s", queue.Text("main"))
		}
		one := queue.Click("main .rows a, main ul[role=list] a")
		if closed := one.Submit(`form[action^="/agents/pointage/anomalies/"]`, map[string]string{"reponse": ""}); closed.Status != 303 {
			t.Errorf("closed: %d", closed.Status)
		}
		other := familytest.AgentOf(p.Youth, attendance.Read, attendance.Write)
		for _, path := range []string{day, day + "&unite=" + string(p.unit), "/agents/pointage/anomalies"} {
			if page := p.portal(p.now).As(other).Get(path); strings.Contains(page.Body, "Inès") || strings.Contains(page.Body, "Nour") {
				t.Errorf("an agent of another service reads names in %s", path)
			}
		}
		if page := p.portal(p.now).As(other).Get(strings.TrimPrefix(mend.Path, "http://portail.test")); page.Status != 404 {
			t.Errorf("an agent of another service mends: %d", page.Status)
		}
	})
}

func TestAFamilyReadsAndAnswers(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, _ := p.tablet("Tablette 1", p.School)
		p.record(p.now, a, p.said(1, p.Jeremy, attendance.Absent, ""), p.said(2, p.nour, attendance.Unexpected, ""))
		portal := p.portal(p.now)
		path := attendance.Href(p.Jeremy)
		c := portal.As(persontest.Citizen(p.Camille))
		page := c.Get(path)
		if !strings.Contains(page.Text("main"), "Absent") || !strings.Contains(page.Text("main"), "Réservé") {
			t.Fatalf("the page: %s", page.Text("main"))
		}
		page = c.Get(path + "?reponse=" + p.day.String() + "." + string(p.unit))
		if empty := page.Submit(`form[action="`+path+`"]`, map[string]string{"mot": ""}); empty.Status != 422 {
			t.Errorf("no word: %d", empty.Status)
		}
		sent := page.Submit(`form[action="`+path+`"]`, map[string]string{"mot": "Il a mangé avec sa sœur"}).Follow()
		if !strings.Contains(sent.Text("main"), "Votre mot") {
			t.Errorf("sent: %s", sent.Text("main"))
		}
		if other := portal.As(persontest.Citizen(p.Bruno)).Get(path); strings.Contains(other.Body, "avec sa sœur") {
			t.Error("the other home reads this one's word")
		}
		if other := portal.As(persontest.Citizen(p.Bruno)).Get(attendance.Href(p.nour)); !strings.Contains(other.Text("main"), "Présent sans réservation") || !strings.Contains(other.Text("main"), "Arrivé à 12") {
			t.Errorf("an unexpected presence: %s", other.Text("main"))
		}
		if foreign := c.Get(attendance.Href(p.nour)); foreign.Status != 404 {
			t.Errorf("another family's child: %d", foreign.Status)
		}
		desk := portal.As(p.leader())
		one := desk.Get("/agents/pointage/anomalies").Doc.Find(`a[href^="/agents/pointage/anomalies/"]`)
		for i := range one.Length() {
			href, _ := one.Eq(i).Attr("href")
			if x := desk.Get(href); strings.Contains(x.Body, "avec sa sœur") {
				if mute := x.Submit(`form[action^="/agents/pointage/anomalies/"]`, map[string]string{"reponse": ""}); mute.Status != 422 {
					t.Errorf("an answer without words: %d", mute.Status)
				}
				x.Submit(`form[action^="/agents/pointage/anomalies/"]`, map[string]string{"reponse": "C’est corrigé, merci"})
			}
		}
		if !strings.Contains(c.Get(path).Text("main"), "C’est corrigé, merci") {
			t.Error("the family does not read the answer")
		}
	})
}

func TestAListReadsInAFewStatements(t *testing.T) {
	p := newPlace(t, testkit.SQLite(t, attendance.Sources()))
	_, token := p.tablet("Tablette 1", p.School)
	c, n := p.screen(p.now, token), 0
	c.Get(p.list()) // the catalogue and the reading of the hour
	for _, path := range []string{p.list(), "/tablette", "/tablette/jour"} {
		n = 0
		ctx := db.TraceQueries(context.Background(), func(string, []any) { n++ })
		if page := c.Do(httptest.NewRequestWithContext(ctx, "GET", "http://portail.test"+path, nil)); page.Status != 200 {
			t.Fatalf("%s: %d", path, page.Status)
		}
		if n > 12 {
			t.Errorf("%s: %d statements", path, n)
		}
		t.Logf("%s: %d statements", path, n)
	}
}

func readings(t *testing.T, d *db.DB, action string) int {
	t.Helper()
	return count(t, d, `select count(*) from audit_event where kind = 'read' and action = $1`, action)
}

func count(t *testing.T, d *db.DB, query string, args ...any) int {
	t.Helper()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) { return db.One(r, "count", db.Column[int64], query, args...) })
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}
