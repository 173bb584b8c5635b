package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/web"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"
)

// TestSummaryFollowsThePage lists what is wrong in the order of the fields, whatever the order it was found in.
func TestSummaryFollowsThePage(t *testing.T) {
	p := testkit.NewPortal(t, testkit.SQLite(t, web.Sources()), time.Date(2027, 1, 6, 10, 0, 0, 0, time.UTC))
	failing := func(names ...string) *web.Form {
		f := web.NewForm()
		for _, name := range names {
			f.Fail(name, "Indiquez : "+name)
		}
		return f
	}
	fields := func(f *web.Form) templ.Component {
		return templ.Join(web.ErrorSummary(f),
			web.TextField(f, web.Input{Name: "nom", Label: "Nom"}), web.DateField(f, web.Input{Name: "naissance", Label: "Naissance"}),
			web.Radios(f, web.Choice{Name: "moyen", Label: "Moyen", Options: []web.Option{{Value: "a", Label: "A"}}}),
			web.Select(f, web.Choice{Name: "pays", Label: "Pays", Options: []web.Option{{Value: "a", Label: "A"}}}),
			web.Checkbox(f, web.Input{Name: "accord", Label: "Accord"}), web.TextArea(f, web.Input{Name: "message", Label: "Message", Rows: 3}))
	}
	var f *web.Form
	p.Router.Get("/fiche", web.Public, web.NoObject, func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		return web.Render(w, r, web.Page{Title: "Fiche", Status: 422}, fields(f))
	})
	for name, c := range map[string]struct{ found, want string }{
		"backwards":        {"message accord pays moyen naissance nom", "nom naissance moyen pays accord message"},
		"in order already": {"nom moyen message", "nom moyen message"},
		"one not shown":    {"cache message nom", "nom message cache"},
		"two of one field": {"message nom message", "nom message message"},
		"with a sentence":  {"message  nom", "(la page) nom message"},
	} {
		f = failing(strings.Split(c.found, " ")...)
		page := p.As(actor.Actor{}).Get("/fiche")
		var got []string
		page.Doc.Find(".error-summary li").Each(func(_ int, li *goquery.Selection) {
			if strings.TrimSpace(li.Text()) == "Indiquez :" {
				got = append(got, "(la page)")
				return
			}
			got = append(got, strings.TrimPrefix(strings.TrimSpace(li.Text()), "Indiquez : "))
		})
		if diff := cmp.Diff(strings.Fields(strings.ReplaceAll(c.want, "(la page)", "(la_page)")), strings.Fields(strings.ReplaceAll(strings.Join(got, " "), "(la page)", "(la_page)"))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if c.found == "message nom message" {
			continue
		}
		for _, field := range strings.Fields(c.want) {
			if field != "cache" && !strings.HasPrefix(field, "(") && field != "page)" && !page.Has("#champ-"+field+"-erreur") {
				t.Errorf("%s: nothing beside %s", name, field)
			}
		}
	}
}
