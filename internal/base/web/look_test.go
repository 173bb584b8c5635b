package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"parvis/internal/base/actor"
)

// draw renders a page as the router would.
func draw(t *testing.T, s Shell, body templ.Component) *goquery.Document {
	t.Helper()
	s.AssetURL = func(name string) string { return "/static/" + name }
	var buf bytes.Buffer
	if err := Layout(s, body).Render(context.Background(), &buf); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func lookShells() map[string]Shell {
	site := Site{Name: "Rivebelle-sur-Seine", Phone: "01 00 00 00 00", Hours: "8 h 30 – 12 h", CounterAddress: "2, place de la Mairie"}
	nav := []NavItem{{Label: "Mon accueil", Href: "/espace", Icon: "home", Current: true}, {Label: "Actualités", Href: "/actualites"}}
	page := Page{Title: "Planche de style", Wide: true, Crumbs: []Crumb{{"Mon accueil", "/espace"}, {"Planche", ""}}}
	return map[string]Shell{
		"visitor": {Site: site, Nav: nav, Page: page, Path: "/styleguide"},
		"citizen": {Site: site, Nav: nav, Page: page, Path: "/espace/agenda", Demo: true,
			Actor:  actor.Actor{Kind: actor.Citizen, State: actor.Active, Name: "Camille Martin"},
			Notice: &Flash{"Vos coordonnées sont enregistrées.", "Enregistré le 06/01/2027 à 10:12"}},
		"agent": {Site: site, Nav: nav, Page: page, Path: "/agents",
			Actor: actor.Actor{Kind: actor.Agent, Second: true, Name: "Nadia Rahmani"}},
	}
}

// TestPagesKeepTheStrictPolicy: nothing inline that the content policy would refuse.
func TestPagesKeepTheStrictPolicy(t *testing.T) {
	for name, shell := range lookShells() {
		doc := draw(t, shell, StyleGuide())
		doc.Find("*").Each(func(_ int, e *goquery.Selection) {
			for _, a := range e.Nodes[0].Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: <%s %s=%q>", name, e.Nodes[0].Data, a.Key, a.Val)
				}
			}
		})
		if n := doc.Find("style, script:not([src])").Length(); n > 0 {
			t.Errorf("%s: %d inline styles or scripts", name, n)
		}
	}
}

func TestPagesHaveTheirLandmarks(t *testing.T) {
	for name, shell := range lookShells() {
		doc := draw(t, shell, StyleGuide())
		for _, one := range []string{"h1", "main#contenu", "body > header", "body > footer", `a.skip[href="#contenu"]`, `html[lang="fr"]`} {
			if n := doc.Find(one).Length(); n != 1 {
				t.Errorf("%s: %d × %s, want 1", name, n, one)
			}
		}
		labels := map[string]bool{}
		doc.Find("nav").Each(func(_ int, e *goquery.Selection) {
			label := e.AttrOr("aria-label", "")
			if label == "" || labels[label] {
				t.Errorf("%s: nav labelled %q twice or not at all", name, label)
			}
			labels[label] = true
		})
	}
}

// TestIdsAreUniqueAndReferencesLead: labels, descriptions and links inside the page lead somewhere.
func TestIdsAreUniqueAndReferencesLead(t *testing.T) {
	for name, shell := range lookShells() {
		doc := draw(t, shell, StyleGuide())
		ids := map[string]int{}
		doc.Find("[id]").Each(func(_ int, e *goquery.Selection) { ids[e.AttrOr("id", "")]++ })
		for id, n := range ids {
			if n > 1 {
				t.Errorf("%s: id %q is used %d times", name, id, n)
			}
		}
		for _, attr := range []string{"for", "aria-describedby", "aria-labelledby", "aria-controls"} {
			doc.Find("[" + attr + "]").Each(func(_ int, e *goquery.Selection) {
				for _, id := range strings.Fields(e.AttrOr(attr, "")) {
					if ids[id] == 0 {
						t.Errorf("%s: %s=%q leads nowhere", name, attr, id)
					}
				}
			})
		}
		doc.Find(`a[href^="#"]`).Each(func(_ int, e *goquery.Selection) {
			if id := strings.TrimPrefix(e.AttrOr("href", ""), "#"); id != "" && ids[id] == 0 {
				t.Errorf("%s: link to #%s leads nowhere", name, id)
			}
		})
	}
}

func TestEveryControlHasItsLabel(t *testing.T) {
	doc := draw(t, lookShells()["agent"], StyleGuide())
	doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, e *goquery.Selection) {
		id := e.AttrOr("id", "")
		if _, named := e.Attr("aria-labelledby"); !named && doc.Find(`label[for="`+id+`"]`).Length() != 1 {
			t.Errorf("field %q has no label", e.AttrOr("name", ""))
		}
	})
}

func TestFieldSaysWhatIsWrong(t *testing.T) {
	f := NewForm()
	f.Set("naissance", "31 févr. 2018")
	f.Fail("naissance", "Indiquez la date de naissance")
	doc := draw(t, Shell{Page: Page{Title: "Identité", Status: 422}}, templ.Join(ErrorSummary(f),
		DateField(f, Input{Name: "naissance", Label: "Date de naissance", Required: true})))
	if got := doc.Find("title").Text(); !strings.HasPrefix(got, "Erreur\u00a0: ") {
		t.Errorf("title = %q", got)
	}
	summary := doc.Find(`main .error-summary[role=alert][tabindex="-1"][autofocus]`)
	if got := summary.Find("h2").Text(); got != "Il y a 1 erreur" {
		t.Errorf("summary says %q", got)
	}
	field := doc.Find(summary.Find("a").AttrOr("href", ""))
	if field.AttrOr("aria-invalid", "") != "true" || field.AttrOr("value", "") != "31 févr. 2018" {
		t.Errorf("the summary leads to a field that is not the wrong one, or lost what was typed")
	}
	if got := field.AttrOr("aria-describedby", ""); got != "champ-naissance-aide champ-naissance-erreur" {
		t.Errorf("aria-describedby = %q", got)
	}
	if got := doc.Find("label[for=champ-naissance] .star").Text(); got != "*" {
		t.Errorf("a required field's label has %q before it", got)
	}
}

// TestPasswordIsNeverSentBack: what was typed in a password field does not return in the page.
func TestPasswordIsNeverSentBack(t *testing.T) {
	f := NewForm()
	f.Set("mot_de_passe", "Secret123")
	doc := draw(t, Shell{Page: Page{Title: "Connexion"}}, PasswordField(f, Input{Name: "mot_de_passe", Label: "Mot de passe", Value: "Secret123"}))
	if html, _ := doc.Html(); strings.Contains(html, "Secret123") {
		t.Error("the page holds the password")
	}
}

// TestIconsNamedInTemplatesExist: a misspelt name would silently draw nothing.
func TestIconsNamedInTemplatesExist(t *testing.T) {
	files, err := filepath.Glob("*.templ")
	if err != nil || len(files) == 0 {
		t.Fatal("no templates", err)
	}
	icon := regexp.MustCompile(`@(?:Icon|IconLink|IconButtonLink|TileLink|TileLinkUrgent|QueueRow)\("([a-z0-9-]+)"`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range icon.FindAllStringSubmatch(string(text), -1) {
			if !HasIcon(m[1]) {
				t.Errorf("%s: no icon %q", file, m[1])
			}
		}
	}
	for alias, name := range iconAliases {
		if iconPaths[name] == "" {
			t.Errorf("alias %q leads to no drawing %q", alias, name)
		}
	}
	for _, m := range sampleMarks() {
		if !HasIcon(m.Icon) {
			t.Errorf("no icon %q for %s", m.Icon, m.Word)
		}
	}
}

func TestWeights(t *testing.T) {
	for file, limit := range map[string]int{"static/app.css": 14 << 10, "static/app.js": 8 << 10} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		zw := gzip.NewWriter(&out)
		_, _ = zw.Write(text)
		_ = zw.Close()
		if out.Len() > limit {
			t.Errorf("%s weighs %d bytes compressed, at most %d", file, out.Len(), limit)
		}
	}
	if n := len(frieze()); n > 6<<10 {
		t.Errorf("the frieze weighs %d bytes, at most %d", n, 6<<10)
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"Camille Martin": "CM", "Ly": "L", "Élise d’Estaing": "ÉD", "  Jean  Paul  N’Guessan ": "JN", "": ""} {
		if got := Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestRowsTieTheirTagToTheLink: the state is heard with the link although it stands outside.
func TestRowsTieTheirTagToTheLink(t *testing.T) {
	doc := draw(t, Shell{Page: Page{Title: "Factures"}},
		RowLink("/espace/factures/1", "Facture de décembre", "", Mark{Warning, "receipt", "À payer"}, "83,20 €"))
	id := doc.Find("a.row-link").AttrOr("aria-describedby", "")
	if got := strings.TrimSpace(doc.Find("#" + id).Text()); got != "À payer" {
		t.Errorf("the row's link is described by %q (%q)", got, id)
	}
}

// TestSignedInPagesCanBeLeft: a form that posts to the sign-out page, with its key, in the header.
func TestSignedInPagesCanBeLeft(t *testing.T) {
	for name, want := range map[string]string{"citizen": "/deconnexion", "agent": "/agents/deconnexion"} {
		doc := draw(t, lookShells()[name], StyleGuide())
		form := doc.Find(`header form[method=post][action="` + want + `"]`).First()
		if form.Find("input[name=cle]").Length() != 1 || form.Find("button[type=submit]").Length() != 1 {
			t.Errorf("%s: no way to sign out at %s", name, want)
		}
	}
	if n := draw(t, lookShells()["visitor"], StyleGuide()).Find("form.sign-out").Length(); n != 0 {
		t.Error("a visitor is offered to sign out")
	}
}

func TestAgentsAreToldThatMailsWait(t *testing.T) {
	const words = "Aucun serveur de courriels n’est réglé"
	for name, shell := range lookShells() {
		shell.NoMail = true
		if got := strings.Contains(draw(t, shell, StyleGuide()).Find("main").Text(), words); got != (name == "agent") {
			t.Errorf("%s: %v", name, got)
		}
		shell.NoMail = false
		if strings.Contains(draw(t, shell, StyleGuide()).Find("main").Text(), words) {
			t.Errorf("%s, with a server, is told that mails wait", name)
		}
	}
}

func TestAStepLeadsBackToItsTask(t *testing.T) {
	shell := lookShells()["agent"]
	shell.Page.Resume = Link{Href: "/agents/mise-en-route", Label: "Continuer la mise en route"}
	if got := draw(t, shell, StyleGuide()).Find(`main a[href="/agents/mise-en-route"]`).Text(); got != "Continuer la mise en route" {
		t.Errorf("link: %q", got)
	}
}
