package web_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/testkit"

	"github.com/a-h/templ"
)

func noteSources() []db.Source {
	files, _ := fs.Sub(testMigrations, "testdata/migrations")
	return db.Join(web.Sources(), []db.Source{{Name: "note", FS: files}})
}

func noteForm(f *web.Form) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if _, err := io.WriteString(w, `<form id="note" method="post" action="/notes"><input name="mot" value="`+
			templ.EscapeString(f.Value("mot", ""))+`"><p class="faute">`+f.Problem("mot")+f.Sentence()+`</p>`); err != nil {
			return err
		}
		if err := web.Key().Render(ctx, w); err != nil {
			return err
		}
		_, err := io.WriteString(w, `<button>Enregistrer</button></form>`)
		return err
	})
}

// noting is a portal where one can note a word: "refuse" is refused, "vide" is not a word, "seul" is noted once.
func noting(t *testing.T, d *db.DB) *testkit.Portal {
	p := testkit.NewPortal(t, d, now)
	rt := p.Router
	show := func(w http.ResponseWriter, r *http.Request, status int, f *web.Form) error {
		return web.Render(w, r, web.Page{Status: status, Title: "Noter"}, noteForm(f))
	}
	rt.Get("/notes", web.Citizen, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		return show(w, r, 200, nil)
	})
	rt.Post("/notes", web.Citizen, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		f := web.ReadForm(r)
		err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			word := f.Text("mot")
			id := db.NewID()
			if word == "seul" {
				id = word
			}
			_, err := tx.Exec(`insert into note (id, word) values ($1, $2)`, id, word)
			if db.IsUnique(err) {
				return web.Done{}, fault.New(fault.Refused, "Ce mot est déjà noté.")
			}
			if err != nil {
				return web.Done{}, err
			}
			switch word {
			case "vide":
				return web.Done{}, fault.InvalidFields(fault.Field{Name: "mot", Sentence: "Indiquez un mot."})
			case "refuse":
				return web.Done{}, fault.New(fault.Refused, "La date limite est passée.")
			case "panne":
				return web.Done{}, errors.New("disk on fire")
			case "dehors":
				return web.Done{Location: "//evil.example"}, nil
			}
			return web.Done{Location: "/notes?vue=1", Sentence: "Le mot est noté.", After: func(w http.ResponseWriter) {
				w.Header().Set("X-After", "1")
			}}, nil
		})
		if f.Take(err) {
			return show(w, r, 422, f)
		}
		return err
	})
	return p
}

func words(t *testing.T, d *db.DB) []string {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]string, error) {
		return db.List(r, db.Column[string], `select word from note order by word, id`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func count(t *testing.T, d *db.DB) int64 {
	t.Helper()
	n, err := db.Read(context.Background(), d, func(r db.Reader) (int64, error) {
		return db.One(r, "count", db.Column[int64], `select count(*) from idempotency`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAFormSentTwiceCountsOnce(t *testing.T) {
	testkit.EachEngine(t, noteSources(), func(t *testing.T, d *db.DB) {
		portal := noting(t, d)
		c := portal.As(active)
		form := c.Get("/notes")
		first := form.Submit("#note", map[string]string{"mot": "merci"})
		second := form.Submit("#note", map[string]string{"mot": "merci"})
		if first.Status != 303 || second.Status != 303 || first.Location() != second.Location() {
			t.Fatalf("%d %s then %d %s", first.Status, first.Location(), second.Status, second.Location())
		}
		if got := words(t, d); len(got) != 1 {
			t.Fatalf("%d effects of one form: %v", len(got), got)
		}
		page := second.Follow()
		if text := page.Text("main"); !strings.Contains(text, "Le mot est noté.") ||
			!strings.Contains(text, "Enregistré le 23/11/2026 à 10:12") {
			t.Errorf("the next page does not say what was saved: %s", text)
		}
		if text := portal.As(neighbor).Get(first.Location()).Text("main"); strings.Contains(text, "Le mot est noté.") {
			t.Errorf("somebody else reads the receipt: %s", text)
		}
		if p := c.Get("/notes?recu=nothing"); p.Status != 200 {
			t.Errorf("an unknown receipt answered %d", p.Status)
		}
		if p := form.Submit("#note", map[string]string{"mot": "bonsoir"}); p.Status != 303 || p.Location() == first.Location() {
			t.Errorf("a form changed after going back: %d %s", p.Status, p.Location())
		}
		if got := words(t, d); len(got) != 2 {
			t.Errorf("a changed form is another form: %v", got)
		}
	})
}

// The loser of the race is stopped by the key, or before it by a rule of the verb ("seul"): both get the winner's
// answer.
func TestTheSameFormTenTimesAtOnce(t *testing.T) {
	testkit.EachEngine(t, noteSources(), func(t *testing.T, d *db.DB) {
		portal := noting(t, d)
		for i, word := range []string{"merci", "seul"} {
			locations, afters := tenAtOnce(t, portal, word)
			for _, l := range locations {
				if l == "" || l != locations[0] {
					t.Fatalf("%s: not the same answer: %q", word, locations)
				}
			}
			if got := words(t, d); len(got) != i+1 || afters != 1 {
				t.Errorf("%s: %d effects and %d cookies of one form", word, len(got)-i, afters)
			}
		}
	})
}

// tenAtOnce sends one form ten times at the same moment: where each leads, and how many set a cookie.
func tenAtOnce(t *testing.T, portal *testkit.Portal, word string) ([]string, int32) {
	c := portal.As(active)
	form := url.Values{"cle": {c.Get("/notes").Doc.Find("input[name=cle]").AttrOr("value", "")}, "mot": {word}}
	locations := make([]string, 10)
	var afters atomic.Int32
	var wg sync.WaitGroup
	for i := range locations {
		clone := testkit.NewClient(t, portal.Router.Handler())
		for _, cookie := range c.Cookies() {
			clone.SetCookie(cookie.Name, cookie.Value)
		}
		wg.Go(func() {
			p := clone.Post("/notes", form)
			locations[i] = p.Location()
			if p.Header.Get("X-After") != "" {
				afters.Add(1)
			}
		})
	}
	wg.Wait()
	return locations, afters.Load()
}

func TestWhatIsRefusedIsNotKept(t *testing.T) {
	testkit.EachEngine(t, noteSources(), func(t *testing.T, d *db.DB) {
		form := noting(t, d).As(active).Get("/notes")
		for word, status := range map[string]int{"vide": 422, "refuse": 409, "panne": 500, "dehors": 500} {
			if p := form.Submit("#note", map[string]string{"mot": word}); p.Status != status {
				t.Errorf("%s answered %d, want %d", word, p.Status, status)
			}
		}
		if got := words(t, d); len(got) != 0 || count(t, d) != 0 {
			t.Errorf("left behind: %v and %d keys", got, count(t, d))
		}
		again := form.Submit("#note", map[string]string{"mot": "vide"})
		if again.Text(".faute") != "Indiquez un mot." || again.Doc.Find("input[name=mot]").AttrOr("value", "") != "vide" ||
			!strings.HasPrefix(again.Text("title"), "Erreur") {
			t.Errorf("the form does not come back as typed: %s", again.Body)
		}
		if p := again.Submit("#note", map[string]string{"mot": "mieux"}); p.Status != 303 {
			t.Errorf("the corrected form answered %d", p.Status)
		}
	})
}

func TestAFormWithoutKeyAsksToReload(t *testing.T) {
	testkit.EachEngine(t, noteSources(), func(t *testing.T, d *db.DB) {
		c := noting(t, d).As(active)
		for _, key := range []string{"", "abc", strings.Repeat("x", 65)} {
			p := c.Post("/notes", url.Values{"mot": {"merci"}, "cle": {key}})
			if p.Status != 422 || !strings.Contains(p.Text("main"), "Rechargez la page") {
				t.Errorf("key %q answered %d: %s", key, p.Status, p.Text("main"))
			}
		}
		if got := words(t, d); len(got) != 0 {
			t.Errorf("effects without a key: %v", got)
		}
	})
}

func TestGetChangesNothing(t *testing.T) {
	testkit.EachEngine(t, noteSources(), func(t *testing.T, d *db.DB) {
		c := noting(t, d).As(active)
		for _, path := range []string{"/notes", "/notes?mot=merci&cle=" + strings.Repeat("k", 22), "/notes?recu=x"} {
			c.Get(path)
		}
		if len(words(t, d)) != 0 || count(t, d) != 0 {
			t.Error("a GET changed something")
		}
	})
}

func TestKeysAreForgottenAfterThirtyDays(t *testing.T) {
	testkit.EachEngine(t, noteSources(), func(t *testing.T, d *db.DB) {
		noting(t, d).As(active).Get("/notes").Submit("#note", map[string]string{"mot": "merci"})
		for _, c := range []struct {
			days int
			left int64
		}{{30, 1}, {31, 0}} {
			err := db.Do(context.Background(), d, func(tx *db.Tx) error {
				_, err := web.PurgeKeys(tx, now.AddDate(0, 0, c.days))
				return err
			})
			if err != nil || count(t, d) != c.left {
				t.Errorf("after %d days: %d keys left (%v), want %d", c.days, count(t, d), err, c.left)
			}
		}
	})
}

// signingIn adds the sign-in page of the account feature, in short.
func signingIn(t *testing.T, d *db.DB) (*testkit.Portal, *actor.Actor) {
	var who actor.Actor
	p := testkit.NewPortal(t, d, now, func(cfg *web.Config) {
		cfg.Identify = func(http.ResponseWriter, *http.Request) (actor.Actor, error) { return who, nil }
		cfg.SignIn = func(w http.ResponseWriter, r *http.Request, a actor.Actor) error { return signInPage(w, r) }
	})
	p.Router.Get("/connexion", web.Visitor, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		return signInPage(w, r)
	})
	p.Router.Post("/connexion", web.Visitor, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		if r.PostForm.Get("mot_de_passe") != "juste" {
			return signInPage(w, r)
		}
		who = active
		return web.AfterSignIn(w, r, "/espace")
	})
	var got string
	p.Router.Post("/message", web.Citizen, web.NoObject, func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		got = r.PostForm.Get("texte")
		return say("Reçu : "+got)(w, r, a)
	})
	p.Router.Get("/message", web.Citizen, web.NoObject, say("Écrire"))
	return p, &who
}

func signInPage(w http.ResponseWriter, r *http.Request) error {
	body := templ.ComponentFunc(func(ctx context.Context, out io.Writer) error {
		if _, err := io.WriteString(out, `<form id="c" method="post" action="/connexion"><input name="mot_de_passe" type="password">`); err != nil {
			return err
		}
		if err := web.Kept(r).Render(ctx, out); err != nil {
			return err
		}
		_, err := io.WriteString(out, `</form>`)
		return err
	})
	return web.Render(w, r, web.Page{Title: "Connexion"}, body)
}

func TestWhatWasTypedSurvivesTheSession(t *testing.T) {
	d := testkit.SQLite(t, web.Sources())
	portal, _ := signingIn(t, d)
	c := testkit.NewClient(t, portal.Router.Handler())
	p := c.Post("/message", url.Values{"texte": {"Bonjour,\nInès est malade."}, "jour": {"1", "2"}})
	if p.Status != 401 || !p.Has("#c") {
		t.Fatalf("a POST without session answered %d: %s", p.Status, p.Body)
	}
	p = p.Submit("#c", map[string]string{"mot_de_passe": "faux"})
	p = p.Submit("#c", map[string]string{"mot_de_passe": "juste"})
	if p.Status != 200 || p.Doc.Find(`input[name=jour]`).Length() != 2 {
		t.Fatalf("after signing in: %d %s", p.Status, p.Body)
	}
	if p = p.Submit("main form", nil); p.Text(".said") != "Reçu : Bonjour, Inès est malade." {
		t.Errorf("what was typed is lost: %d %s", p.Status, p.Text("main"))
	}
}

func TestSecretsAreNotPrintedBack(t *testing.T) {
	d := testkit.SQLite(t, web.Sources())
	portal, _ := signingIn(t, d)
	c := testkit.NewClient(t, portal.Router.Handler())
	p := c.Post("/message", url.Values{"texte": {"x"}, "nouveau_mot_de_passe": {"sésame"}})
	if p.Status != 401 || p.Has("input[name=garde]") {
		t.Errorf("%d, kept: %s", p.Status, p.Doc.Find("input[name=garde]").AttrOr("value", ""))
	}
}

func TestSignInLeadsOnlyInside(t *testing.T) {
	d := testkit.SQLite(t, web.Sources())
	for suite, want := range map[string]string{"/message": "/message", "//evil.example": "/espace", `\\evil.example`: "/espace",
		"/%0d%0aSet-Cookie: a=b": "/espace", "https://evil.example/": "/espace", "": "/espace", `/\evil.example`: "/espace"} {
		portal, who := signingIn(t, d)
		c := testkit.NewClient(t, portal.Router.Handler())
		p := c.Get("/connexion?suite="+url.QueryEscape(suite)).Submit("#c", map[string]string{"mot_de_passe": "juste"})
		if p.Location() != want {
			t.Errorf("suite %q leads to %q, want %q", suite, p.Location(), want)
		}
		*who = visitor
		p = c.Post("/connexion", url.Values{"suite": {suite}, "mot_de_passe": {"juste"}})
		if p.Location() != want {
			t.Errorf("posted suite %q leads to %q, want %q", suite, p.Location(), want)
		}
	}
}

// TestAnAccountSendsSoManyFormsInADay: none of what verbs write grows without end; agents and jobs are not counted, a form
// sent twice keeps its answer, and the next day is free.
func TestAnAccountSendsSoManyFormsInADay(t *testing.T) {
	testkit.EachEngine(t, noteSources(), func(t *testing.T, d *db.DB) {
		portal := noting(t, d)
		c := portal.As(active)
		form := c.Get("/notes")
		kept := form.Submit("#note", map[string]string{"mot": "premier"})
		fill := func(n int, at int64) {
			t.Helper()
			err := db.Do(context.Background(), d, func(tx *db.Tx) error {
				_, err := tx.Exec(`insert into idempotency (id, key_hash, scope, location, sentence, created_at)
					with recursive n (i) as (select 1 union all select i + 1 from n where i < $1)
					select cast($4 as text) || cast(i as text), cast($4 as text) || cast(i as text), cast($3 as text), '/notes', '', cast($2 as bigint) from n`,
					n, at, active.Account, db.NewID())
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		fill(1998, now.UnixMicro())
		fill(500, now.Add(-25*time.Hour).UnixMicro())
		if page := c.Get("/notes").Submit("#note", map[string]string{"mot": "dernier"}); page.Status != 303 {
			t.Fatalf("the last of the day: %d %s", page.Status, page.Text("main"))
		}
		for range 2 {
			if page := c.Get("/notes").Submit("#note", map[string]string{"mot": "trop"}); page.Status != 429 || !strings.Contains(page.Text("main"), "Réessayez demain") {
				t.Errorf("one too many: %d %s", page.Status, page.Text("main"))
			}
		}
		if again := form.Submit("#note", map[string]string{"mot": "premier"}); again.Status != 303 || again.Location() != kept.Location() {
			t.Errorf("sent again: %d %s", again.Status, again.Location())
		}
		if page := portal.As(neighbor).Get("/notes").Submit("#note", map[string]string{"mot": "voisin"}); page.Status != 303 {
			t.Errorf("of another account: %d", page.Status)
		}
		if got := strings.Join(words(t, d), " "); got != "dernier premier voisin" {
			t.Errorf("noted: %s", got)
		}
	})
}
