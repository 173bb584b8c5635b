package mail_test

import (
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

func TestFill(t *testing.T) {
	values := map[string]string{"prénom": "Zoé", "piège": "{prénom}", "saut": "a\r\nBcc: x@y.fr"}
	for text, want := range map[string]string{
		"Bonjour {prénom}": "Bonjour Zoé", "{ Prénom }, {prénom}": "Zoé, Zoé", "{piège}": "{prénom}", "sans rien": "sans rien",
		"{}": "{}", "{{prénom}}": "{Zoé}", "{saut}": "a Bcc: x@y.fr",
	} {
		if got, err := mail.Fill(text, values); err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	if got, err := mail.Fill("{prenom}", values); err == nil {
		t.Errorf("an unknown name gives %q", got)
	}
	if got := mail.Placeholders("{a} {B b} {a}\n{c"); !slices.Equal(got, []string{"a", "b b"}) {
		t.Errorf("placeholders: %q", got)
	}
}

func TestATownsOwnWords(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c, office := newClock(), &postOffice{}
		body := plain
		body.Values = map[string]string{"enfant": "Inès <b>"}
		body.Facts = []mail.Fact{{Label: "Identifiant", Value: "camille.martin"}}
		w := worker(d, c, smtpTo(t, office.open(t)), hello(body))
		words := mail.Words{Subject: "Des nouvelles de {enfant}", Text: "Pour {nom}.\n\nDe {mairie}.", Closing: "Fin."}
		w.Words = func(db.Reader, string) (mail.Words, bool, error) { return words, true, nil }
		send := func() (subject, text string) {
			enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
			once(t, w)
			last := office.taken[len(office.taken)-1]
			return last.message.Header.Get("Subject"), string(last.raw)
		}
		reworded, err := mail.Reword(body, words, "Mairie de Rivebelle")
		if err != nil {
			t.Fatal(err)
		}
		want := body
		want.Subject, want.Paragraphs, want.Closing = "Des nouvelles de Inès <b>", []string{"Pour Camille Martin.", "De Mairie de Rivebelle."}, []string{"Fin."}
		if diff := cmp.Diff(want, reworded); diff != "" {
			t.Errorf("greeting, facts and button must stay (-want +got):\n%s", diff)
		}
		if _, raw := send(); !strings.Contains(raw, "camille.martin") || strings.Contains(raw, "Voici l") {
			t.Errorf("sent:\n%s", raw)
		}
		words.Text = "Un {nom qui n'existe plus}."
		if subject, raw := send(); len(office.taken) != 2 || !strings.Contains(raw, "Voici l") {
			t.Errorf("words that no longer fit stop the mail or go out: %s", subject)
		}
	})
}
