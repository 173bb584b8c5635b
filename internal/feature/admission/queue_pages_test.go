package admission_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"

	"github.com/google/go-cmp/cmp"
)

// TestActivateInTwoClicks compares, then clicks twice.
func TestActivateInTwoClicks(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		list := h.portal.As(h.agent).Get("/agents/activation")
		page := list.Click(".row-link")
		for _, words := range []string{"Très probablement la même personne : Camille Martin", "même date de naissance", "même téléphone",
			"e-mail différent", "Identique", "Différent", "Jérémy et Inès", "Thomas Nguyễn", "Enfance", "Jamais ouvert"} {
			if !strings.Contains(strings.ToLower(page.Text("main")), strings.ToLower(words)) {
				t.Errorf("page does not say %q: %s", words, page.Text("main"))
			}
		}
		confirm := page.Click(".button-primary")  // click 1: « Activer et rattacher à la famille Martin »
		done := confirm.Submit("#decision", nil)  // click 2
		again := confirm.Submit("#decision", nil) // the same form sent twice
		if done.Status != 303 || again.Status != 303 || done.Location() != again.Location() {
			t.Fatalf("%d %q, then %d %q: %s", done.Status, done.Location(), again.Status, again.Location(), done.Text("main"))
		}
		if n := h.lines("newcomer", string(newcomer.ID)); n != 1 {
			t.Errorf("%d audit lines, want 1", n)
		}
		after := h.portal.As(h.second).Get("/agents/activation/" + string(newcomer.ID))
		if !strings.Contains(after.Text("main"), "Activé et rattaché à Camille Martin") || !after.Has(`a[href^="/agents/rattachements/"]`) {
			t.Errorf("the second agent reads %s", after.Text("main"))
		}
		undo := after.Click(`a[href^="/agents/rattachements/"]`)
		if got := undo.Submit("#annulation", nil); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("undone without a reason: %d", got.Status)
		}
		if got := undo.Submit("#annulation", map[string]string{"motif": "Une homonyme"}); got.Status != 303 {
			t.Errorf("undo: %d %s", got.Status, got.Text("main"))
		}
	})
}

// TestSecondAgentSeesWhoDecided sends the form of a page that was open while somebody else decided.
func TestSecondAgentSeesWhoDecided(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		form := h.portal.As(h.second).Get("/agents/activation/" + string(newcomer.ID) + "/refus")
		h.write(func(tx *db.Tx) error {
			_, err := admission.OpenFamily(tx, h.now, h.agent, newcomer.ID, []town.ServiceID{h.homes.Service})
			return err
		})
		got := form.Submit("#decision", map[string]string{"motif": "Non"})
		if got.Status != http.StatusConflict || !strings.Contains(got.Text("main"), "Nadia Rahmani a activé ce compte et ouvert une famille") {
			t.Errorf("%d %s", got.Status, got.Text("main"))
		}
	})
}

func TestWhoMayReadAndDecide(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		path := "/agents/activation/" + string(newcomer.ID)
		reader := h.agent
		reader.Rights = map[actor.Right][]string{admission.Read: {"*"}}
		page := h.portal.As(reader).Get(path)
		if page.Status != 200 || page.Has("main form") || page.Has(`main a[href*="/rattachement"]`) {
			t.Errorf("a reader sees %d with forms", page.Status)
		}
		if strings.Contains(page.Text("main"), "Jérémy") || !strings.Contains(page.Text("main"), "Réservé aux agents du service") {
			t.Error("a reader without the right on families reads the children")
		}
		if got := h.portal.As(reader).Get(path + "/refus"); got.Status != http.StatusForbidden {
			t.Errorf("refusal page: %d", got.Status)
		}
		youth := h.portal.As(h.staff(string(h.homes.Youth))).Get(path)
		if youth.Has(`a[href*="/rattachement"]`) || !strings.Contains(youth.Text("main"), "Connue d’un autre service (Enfance)") {
			t.Errorf("an agent of another service reads %s", youth.Text("main"))
		}
	})
}

func TestQueueOrderAndLateness(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		at := func(first string, ago time.Duration) {
			h.signUp(func(p *person.Person, acc *account.Account) {
				p.FirstNames, acc.EmailConfirmedAt = first, civil.InstantOf(h.now.Add(-ago))
			})
		}
		at("Neuve", 20*time.Minute)
		at("Tardive", 6*24*time.Hour)
		at("Dujour", 4*24*time.Hour) // Thursday for Monday
		unchecked := h.signUp(func(p *person.Person, acc *account.Account) { p.FirstNames = "Libre" })
		h.write(func(tx *db.Tx) error { return admission.NoteUnchecked(tx, unchecked.ID) })
		page := h.portal.As(h.agent).Get("/agents/activation")
		var rows []string
		for i := range page.Doc.Find("main .rows").First().Find(".row").Length() {
			row := page.Doc.Find("main .rows").First().Find(".row").Eq(i)
			rows = append(rows, row.Find(".row-link").Text()+": "+row.Find(".tag").Text())
		}
		want := []string{"Tardive Nouvelle: En retard", "Dujour Nouvelle: Promis aujourd’hui", "Neuve Nouvelle: Dans les temps", "Libre Nouvelle: Dans les tempsSans contrôle"}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Error(diff)
		}
		for _, words := range []string{"mercredi 13 janvier, 9 h 52", "depuis 20 min", "depuis 6 jours", "4 demandes"} {
			if !strings.Contains(strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(page.Text("main")), words) {
				t.Errorf("page does not say %q: %s", words, page.Text("main"))
			}
		}
	})
}

func TestPaceIsMeasured(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		start := h.now
		for i := range 10 { // one an hour longer than the other, the last beyond the promise
			newcomer := h.signUp(func(_ *person.Person, acc *account.Account) { acc.EmailConfirmedAt = civil.InstantOf(start) })
			took := time.Duration(i+1) * time.Hour
			if i == 9 {
				took = 72 * time.Hour
			}
			h.now = start.Add(took)
			h.write(func(tx *db.Tx) error {
				_, err := admission.OpenFamily(tx, h.now, h.agent, newcomer.ID, []town.ServiceID{h.homes.Service})
				return err
			})
		}
		pace, err := db.Read(context.Background(), h.d, func(r db.Reader) (admission.Pace, error) { return admission.PaceOf(r, h.now) })
		if err != nil {
			t.Fatal(err)
		}
		want := admission.Pace{Decided: 10, Within: 9, Median: 5 * time.Hour, Nine: 9 * time.Hour}
		if diff := cmp.Diff(want, pace); diff != "" {
			t.Error(diff)
		}
		page := h.portal.As(h.agent).Get("/agents/activation?etat=actives")
		if !strings.Contains(page.Text("main"), "9, soit 90") || page.Doc.Find("main .rows .row").Length() != 10 {
			t.Errorf("page: %s", page.Text("main"))
		}
		later, err := db.Read(context.Background(), h.d, func(r db.Reader) (admission.Pace, error) { return admission.PaceOf(r, h.now.AddDate(0, 0, 40)) })
		if err != nil || later.Decided != 0 {
			t.Errorf("40 days later: %+v, %v", later, err)
		}
	})
}

// TestQueueReadsByIndex asks SQLite how each statement of the list and of a case finds its rows, and counts them: the
// same number for one newcomer and for many.
func TestQueueReadsByIndex(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		paths := []string{"/agents/activation", "/agents/activation?etat=actives", "/agents/activation?etat=a_moi", "/agents/activation/" + string(newcomer.ID)}
		before := map[string]int{}
		for _, path := range paths {
			before[path] = len(h.statements(path))
		}
		for i := range 60 {
			h.signUp(func(p *person.Person, _ *account.Account) { p.FirstNames = fmt.Sprint("Aminata ", i) })
		}
		whole := []string{"person", "person_key", "account", "family_member", "family_service", "decision", "newcomer", "child"}
		for _, path := range paths {
			statements := h.statements(path)
			if len(statements) != before[path] {
				t.Errorf("%s: %d statements for one newcomer, %d for 61", path, before[path], len(statements))
			}
			t.Log(path, len(statements))
			for _, query := range statements {
				for _, step := range h.plan(query) {
					words := strings.Fields(step)
					if len(words) > 1 && words[0] == "SCAN" && slices.Contains(whole, tableOf(query, words[1])) && !strings.Contains(step, "INDEX") {
						t.Errorf("%s reads a whole table: %s\n%s", path, step, query)
					}
				}
			}
		}
	})
}

// statements are those of one page, the sessions' own apart.
func (h *hall) statements(path string) []string {
	h.t.Helper()
	var all []string
	c := h.portal.As(h.agent)
	c.Get(path)
	r, err := http.NewRequest(http.MethodGet, c.Base+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	c.Do(r.WithContext(db.TraceQueries(context.Background(), func(query string, _ []any) { all = append(all, query) })))
	return all
}

func (h *hall) plan(query string) []string {
	if h.d.Engine() != db.SQLite {
		return nil
	}
	n := 0
	for strings.Contains(query, fmt.Sprintf("$%d", n+1)) {
		n++
	}
	steps, err := db.Read(context.Background(), h.d, func(r db.Reader) ([]string, error) {
		return db.List(r, func(s db.Scanner) (string, error) {
			var id, parent, unused int64
			var step string
			err := s.Scan(&id, &parent, &unused, &step)
			return step, err
		}, "explain query plan "+query, make([]any, n)...)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return steps
}

// tableOf is the table that a statement calls by an alias.
func tableOf(query, alias string) string {
	words := strings.Fields(strings.NewReplacer("(", " ", ")", " ", ",", " ").Replace(query))
	for i := 1; i < len(words); i++ {
		if words[i] == alias {
			return words[i-1]
		}
	}
	return alias
}

func TestFindNewcomers(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		hits, err := db.Read(context.Background(), h.d, func(r db.Reader) (n []string, err error) {
			found, err := admission.Find(r, h.agent, "nouvelle")
			for _, one := range found {
				n = append(n, one.Title+" "+one.Href)
			}
			return n, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Aminata Nouvelle /agents/activation/" + string(newcomer.ID)}, hits); diff != "" {
			t.Error(diff)
		}
	})
}
