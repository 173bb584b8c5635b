package admission_test

import (
	"strings"
	"testing"

	"parvis/internal/feature/admission"
)

const agentFirst = "un agent vérifie"

// TestInvitationSaysThatAnAgentChecks, before anything is accepted, where the town's rule is so; and who waits reads it
// on the family's page, where the invitation does not stand twice.
func TestInvitationSaysThatAnAgentChecks(t *testing.T) {
	for _, checked := range []bool{true, false} {
		eachHearth(t, func(t *testing.T, h *hearth) {
			if !checked {
				h.atOnce()
			}
			form := h.portal.As(h.camille).Get("/espace/famille/inviter").Text("main")
			if strings.Contains(strings.ToLower(form), agentFirst) != checked {
				t.Errorf("checked %v, the form: %s", checked, form)
			}
		})
	}
	eachHearth(t, func(t *testing.T, h *hearth) {
		v := h.ask(h.camille, h.someone())
		page := h.portal.As(h.bruno).Get(h.path(v))
		if !strings.Contains(strings.ToLower(page.Text("main")), agentFirst) {
			t.Errorf("the page: %s", page.Text("main"))
		}
		if mails := h.rendered(admission.MailInvite); len(mails) != 1 || !strings.Contains(strings.ToLower(strings.Join(mails[0].Paragraphs, " ")), agentFirst) {
			t.Errorf("the mail: %+v", mails)
		}
		if text := h.portal.As(h.camille).Get("/espace/famille").Text("main"); !strings.Contains(text, "Invitation, co-représentant") {
			t.Errorf("the inviter reads: %s", text)
		}
		_, paul, err := h.accept(v, "paul.durand")
		if err != nil {
			t.Fatal(err)
		}
		waiting := h.portal.As(paul).Get("/espace/famille").Text("main")
		if !strings.Contains(waiting, "vérifie votre place dans la famille") || !strings.Contains(waiting, "Réponse au plus tard") || strings.Contains(waiting, "Jérémy") {
			t.Errorf("who waits reads: %s", waiting)
		}
		text := h.portal.As(h.camille).Get("/espace/famille").Text("main")
		if strings.Count(text, "Paul Durand") != 1 || strings.Contains(text, "Invitation, co-représentant") {
			t.Errorf("the inviter reads: %s", text)
		}
		if n := strings.Count(h.portal.As(h.bruno).Get("/espace/famille").Text("main"), "vérifie votre place"); n != 0 {
			t.Error("another family's page tells of it")
		}
	})
}
