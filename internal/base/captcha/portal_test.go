package captcha_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/testkit"

	"github.com/a-h/templ"
)

func sources() []db.Source { return db.Join(web.Sources(), captcha.Sources()) }

func deep() bool { return os.Getenv("PARVIS_DEEP") != "" }

// size is how much of a costly test runs.
func size(ci, all int) int {
	if deep() {
		return all
	}
	return ci
}

// desk is a portal with one public form behind the check: somebody leaves a name. The costly part is counted.
type desk struct {
	*testkit.Portal
	db    *db.DB
	check *captcha.Check
	clock atomic.Int64 // microseconds
	costs atomic.Int64 // times that the form went on to what the check protects
}

func (k *desk) now() time.Time           { return time.UnixMicro(k.clock.Load()).UTC() }
func (k *desk) wait(d time.Duration)     { k.clock.Add(d.Microseconds()) }
func (k *desk) visitor() *testkit.Client { return k.As(actor.Actor{}) }

func newDesk(t *testing.T, d *db.DB, limits captcha.Limits) *desk {
	t.Helper()
	start := time.Date(2027, 1, 6, 10, 0, 0, 0, time.UTC)
	k := &desk{db: d}
	k.clock.Store(start.UnixMicro())
	k.Portal = testkit.NewPortal(t, d, start)
	k.check = &captcha.Check{DB: d, Key: crypt.NewKey(), Now: k.now, RealNow: k.now, Limits: limits}
	captcha.Pages{Check: *k.check}.Citizen(k.Router)
	k.Router.Get("/mot", web.Visitor, web.NoObject, func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		c, err := k.check.New(r.Context(), k.form(w, r))
		if err != nil {
			return err
		}
		return k.show(w, r, 200, web.NewForm(), c)
	})
	k.Router.Post("/mot", web.Visitor, web.NoObject, k.post)
	k.Router.Get("/merci", web.Visitor, web.NoObject, func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		return web.Render(w, r, web.Page{Title: "Merci"}, web.Text("Merci"))
	})
	k.Router.Get("/specimen", web.Visitor, web.NoObject, func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		return web.Render(w, r, web.Page{Title: "Spécimen"}, captcha.Specimen())
	})
	return k
}

func (k *desk) form(w http.ResponseWriter, r *http.Request) captcha.Form {
	return captcha.Form{Purpose: "mot", Scope: captcha.Visitor(w, r)}
}

func (k *desk) post(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, form := web.ReadForm(r), k.form(w, r)
	again := func(status int) error {
		c, err := k.check.Again(r.Context(), form, f)
		if err != nil {
			return err
		}
		return k.show(w, r, status, f, c)
	}
	if k.check.Asked(f) {
		return again(200)
	}
	pass, err := k.check.Verify(r.Context(), form, f, captcha.From(r, f.Text("courriel")))
	if err != nil && !f.Take(err) {
		return err
	}
	if f.Text("nom") == "" {
		f.Fail("nom", "Indiquez votre nom")
	}
	if f.Failed() {
		return again(422)
	}
	k.costs.Add(1)
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: "/merci", Sentence: "Merci"}, k.check.Spend(tx, pass)
	})
	if f.Take(err) {
		return again(422)
	}
	return err
}

func (k *desk) show(w http.ResponseWriter, r *http.Request, status int, f *web.Form, c captcha.Challenge) error {
	return web.Render(w, r, web.Page{Status: status, Title: "Laisser un mot"}, templ.ComponentFunc(func(ctx context.Context, out io.Writer) error {
		parts := []templ.Component{
			web.ErrorSummary(f), templ.Raw(`<form id="mot" method="post" action="/mot" novalidate class="sheet">`),
			web.TextField(f, web.Input{Name: "nom", Label: "Votre nom", Autocomplete: "name"}),
			web.TextField(f, web.Input{Name: "courriel", Label: "Votre adresse e-mail", Type: "email", Autocomplete: "email"}),
			captcha.Field(f, c, captcha.Agent{Phone: "01 99 00 12 34", Hours: "du lundi au vendredi", Counter: "1, place de la Mairie",
				Href: "/merci", Label: "Laisser un message à un agent"}),
			web.Key(), web.Button("Valider"), templ.Raw(`</form>`),
		}
		for _, p := range parts {
			if err := p.Render(ctx, out); err != nil {
				return err
			}
		}
		return nil
	}))
}

// spent is how many forms were accepted.
func (k *desk) spent(t *testing.T) int64 {
	t.Helper()
	n, err := db.Read(context.Background(), k.db, func(r db.Reader) (int64, error) {
		return db.One(r, "count", db.Column[int64], `select count(*) from captcha_challenge where state = 'spent'`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func token(p *testkit.Page) string { return p.Doc.Find("input[name=controle]").AttrOr("value", "") }

// filled is a person's form with an answer to the check.
func filled(answer map[string]string) map[string]string {
	all := map[string]string{"nom": "Camille Martin", "courriel": "camille@exemple.fr"}
	for name, value := range answer {
		all[name] = value
	}
	return all
}

// prove is the work that a browser does.
func prove(t *testing.T, p *testkit.Page) string {
	t.Helper()
	return captcha.Prove(p.Doc.Find("[data-work]").AttrOr("data-work", ""))
}

func problem(p *testkit.Page) string { return p.Text("#champ-controle_image-erreur") }

func wrongPicture(right string) string { return fmt.Sprint(int(right[0]-'0')%6 + 1) }
