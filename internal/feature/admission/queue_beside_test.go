package admission_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/google/go-cmp/cmp"
)

// TestEveryDecisionPageSaysWhoHasTheRequest shows it to the others, not to who took it.
func TestEveryDecisionPageSaysWhoHasTheRequest(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		h.write(func(tx *db.Tx) error { return admission.Take(tx, h.now, h.second, newcomer.ID, "") })
		for _, page := range []string{"/famille", "/rattachement?personne=" + string(h.homes.Camille), "/correction", "/refus"} {
			path := "/agents/activation/" + string(newcomer.ID) + page
			if text := h.portal.As(h.agent).Get(path).Text("main"); !strings.Contains(text, "s’en occupe") || !strings.Contains(text, "Depuis le 11/01/2027") {
				t.Errorf("%s does not say who has it: %s", page, text)
			}
			if text := h.portal.As(h.second).Get(path).Text("main"); strings.Contains(text, "s’en occupe") {
				t.Errorf("%s tells somebody of themselves", page)
			}
		}
	})
}

// TestAConflictGivesTheTextBack decides while a colleague writes.
func TestAConflictGivesTheTextBack(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		path := "/agents/activation/" + string(newcomer.ID)
		correction, refusal := h.portal.As(h.second).Get(path+"/correction"), h.portal.As(h.second).Get(path+"/refus")
		h.write(func(tx *db.Tx) error {
			_, err := admission.OpenFamily(tx, h.now, h.agent, newcomer.ID, []town.ServiceID{h.homes.Service})
			return err
		})
		asked := correction.Submit("#decision", map[string]string{"champ": admission.AskedFields()[0].Key, "message": "Un justificatif récent, merci."})
		refused := refusal.Submit("#decision", map[string]string{"motif": "Hors de la commune."})
		for _, c := range []struct {
			name   string
			status int
			text   string
			wants  []string
		}{
			{"correction", asked.Status, asked.Text("main"), []string{"Votre texte n’est pas parti", "Un justificatif récent, merci.", admission.AskedFields()[0].Label}},
			{"refusal", refused.Status, refused.Text("main"), []string{"Votre texte n’est pas parti", "Hors de la commune."}},
		} {
			for _, want := range c.wants {
				if c.status != http.StatusConflict || !strings.Contains(c.text, want) {
					t.Errorf("%s: %d without %q: %s", c.name, c.status, want, c.text)
				}
			}
		}
	})
}

// TestActivatedCaseLeadsToTheFile links the two pages, for who may read the file.
func TestActivatedCaseLeadsToTheFile(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		opened, linked := h.signUp(), h.camilleAgain()
		h.write(func(tx *db.Tx) error {
			_, err := admission.OpenFamily(tx, h.now, h.agent, opened.ID, []town.ServiceID{h.homes.Service})
			return err
		})
		if _, err := h.link(h.agent, linked.ID, h.homes.Camille); err != nil {
			t.Fatal(err)
		}
		reader := h.agent
		reader.Rights = map[actor.Right][]string{admission.Read: {actor.AllServices}}
		for _, one := range []account.ID{opened.ID, linked.ID} {
			path := "/agents/activation/" + string(one)
			if !h.portal.As(h.agent).Get(path).Has(`main a[href^="/agents/familles/"]`) {
				t.Errorf("no link to the file of %s", one)
			}
			if h.portal.As(reader).Get(path).Has(`main a[href^="/agents/familles/"]`) {
				t.Error("a link for who may not read files")
			}
		}
		if !h.portal.As(h.agent).Get("/agents/activation/" + string(linked.ID)).Has(`main a[href="/agents/familles/` + string(h.homes.First) + `"]`) {
			t.Error("the linked account leads to another family")
		}
		cases, err := db.Read(context.Background(), h.d, func(r db.Reader) (map[account.ID]string, error) {
			return admission.Cases(r, opened.ID, linked.ID, h.camille.ID)
		})
		want := map[account.ID]string{opened.ID: "/agents/activation/" + string(opened.ID), linked.ID: "/agents/activation/" + string(linked.ID)}
		if diff := cmp.Diff(want, cases); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// TestComparisonIsWrittenDown: being shown a known person's family is a reading of it, once an hour.
func TestComparisonIsWrittenDown(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		read := func(of family.ID) int64 {
			return accounttest.Count(t, h.d, `select count(*) from audit_event where action = 'family.file.read' and kind = 'read' and object_id = $1`, string(of))
		}
		path := "/agents/activation/" + string(newcomer.ID)
		for i, want := range []int64{1, 1, 2} {
			if i == 2 {
				h.now = h.now.Add(family.ReadingLasts + 1e9)
			}
			if h.portal.As(h.agent).Get(path); read(h.homes.First) != want {
				t.Errorf("look %d: %d lines, want %d", i, read(h.homes.First), want)
			}
		}
		if h.portal.As(h.second).Get(path + "/rattachement?personne=" + string(h.homes.Camille)); read(h.homes.First) != 3 {
			t.Errorf("the page before a link: %d lines", read(h.homes.First))
		}
	})
}

// TestQueueHeadAndPaceSayWhatIsTrue reads the head of each tab and the pace of a few accounts.
func TestQueueHeadAndPaceSayWhatIsTrue(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		first := h.signUp()
		h.signUp()
		h.signUp()
		h.write(func(tx *db.Tx) error {
			_, err := admission.OpenFamily(tx, h.now, h.agent, first.ID, []town.ServiceID{h.homes.Service})
			return err
		})
		if text := h.portal.As(h.agent).Get("/agents/activation").Text("main"); !strings.Contains(text, "2 demandes, de la plus urgente à la moins urgente") ||
			strings.Contains(text, "9 sur 10") || !strings.Contains(text, "1 compte activé ces 30 derniers jours") {
			t.Errorf("to do: %s", text)
		}
		if text := h.portal.As(h.agent).Get("/agents/activation?etat=actives").Text("main"); strings.Contains(text, "urgente") {
			t.Errorf("activated: %s", text)
		}
	})
}
