package mail_test

import (
	"strings"
	"testing"

	"parvis/internal/base/mail"
)

func TestBody(t *testing.T) {
	look := mail.Look{Town: "Mairie de Rivebelle", Colour: "#1f4e8c", Footer: []string{"1, place de la Mairie"}}
	body := mail.Body{Subject: "Votre espace", Greeting: "Bonjour,", Paragraphs: []string{"Premier.", "{{.}} <b>gras</b>"},
		Facts:  []mail.Fact{{"Identifiant", "camille.martin"}},
		Button: mail.Button{Label: "Ouvrir mon espace", URL: "https://ville.example/activation/abc?x=1&y=2"}, Closing: []string{"Fin."}}
	subject, text, html, err := mail.Render(look, body)
	if err != nil {
		t.Fatal(err)
	}
	if subject != "Votre espace" {
		t.Errorf("subject %q", subject)
	}
	wantText := "Bonjour,\n\nPremier.\n\n{{.}} <b>gras</b>\n\nIdentifiant : camille.martin\n\nOuvrir mon espace :\n" +
		"https://ville.example/activation/abc?x=1&y=2\n\nFin.\n\nMairie de Rivebelle\n\n-- \n1, place de la Mairie\n"
	if strings.TrimRight(text, "\n") != strings.TrimRight(wantText, "\n") {
		t.Errorf("text:\n%s\nwant:\n%s", text, wantText)
	}
	for _, want := range []string{`lang="fr"`, "{{.}} &lt;b&gt;gras&lt;/b&gt;", "#1f4e8c", "camille.martin",
		`href="https://ville.example/activation/abc?x=1&amp;y=2"`} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in\n%s", want, html)
		}
	}
	for _, bad := range []string{"<img", "<script", "url(", "ZgotmplZ"} {
		if strings.Contains(html, bad) {
			t.Errorf("%s in\n%s", bad, html)
		}
	}
	if _, _, html, _ = mail.Render(look, mail.Body{Subject: "x", Button: mail.Button{Label: "x", URL: "javascript:alert(1)"}}); strings.Contains(html, "javascript:") && strings.Contains(html, `href="javascript`) {
		t.Error("a script as a link")
	}
}
