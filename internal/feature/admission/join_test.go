package admission_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"

	"github.com/google/go-cmp/cmp"
)

// entering is Aminata, who becomes the co-holder of Bruno's family.
func entering(h *hall, change ...func(*admission.Entry)) admission.Entry {
	e := admission.Entry{Family: h.homes.Second, Relation: "belle-mère", Proof: true}
	for _, c := range change {
		c(&e)
	}
	return e
}

func (h *hall) join(a actor.Actor, id account.ID, e admission.Entry) (d admission.DecisionID, err error) {
	return db.Write(context.Background(), h.d, func(tx *db.Tx) (admission.DecisionID, error) { return admission.Join(tx, h.now, a, id, e) })
}

func (h *hall) restrict(who person.ID) {
	h.write(func(tx *db.Tx) error {
		_, err := family.Restrict(tx, h.now, accounttest.Job, family.Restriction{Person: who, Child: h.homes.Jeremy, DecidedOn: civil.DateOf(h.now), Reference: "27/001"})
		return err
	})
}

func TestANewcomerJoinsAKnownFamilyAsCoholder(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		clerk := h.portal.As(h.agent)
		choice := clerk.Get("/agents/activation/" + string(newcomer.ID)).Click(`a[href$="/co-representant"]`)
		found := choice.Submit("#chercher", map[string]string{"q": "petit"})
		if text := found.Text("main"); !strings.Contains(text, "Famille de Bruno Petit") || !strings.Contains(text, "Jérémy") {
			t.Fatalf("the search finds: %s", text)
		}
		check := found.Click(`main a[href*="famille=` + string(h.homes.Second) + `"]`)
		text := check.Text("main")
		for _, want := range []string{"la famille Petit", "voit Jérémy Martin-Nguyễn, son agenda", "prévenus par e-mail", "L’accord du titulaire n’est pas demandé"} {
			if !strings.Contains(text, want) {
				t.Errorf("the preview lacks %q: %s", want, text)
			}
		}
		if strings.Contains(text, "Restriction") || strings.Contains(text, "déjà un co-représentant") {
			t.Errorf("warned of nothing: %s", text)
		}
		wrong := check.Submit("#decision", map[string]string{"lien": "belle-mère"})
		if wrong.Status != http.StatusUnprocessableEntity || !strings.Contains(wrong.Body, `value="belle-mère"`) {
			t.Fatalf("without proof: %d", wrong.Status)
		}
		done := wrong.Submit("#decision", map[string]string{"preuve": "1"})
		if done.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", done.Status, done.Text("main"))
		}
		if text := done.Follow().Text("main"); !strings.Contains(text, "co-représentant d’une famille connue") {
			t.Errorf("the case then says: %s", text)
		}
		if got := accounttest.Reload(t, h.d, newcomer.ID); got.State != account.Active || got.Person != newcomer.Person {
			t.Errorf("account is %s of %s", got.State, got.Person)
		}
		if diff := cmp.Diff([]string{"admission.activated aminata@exemple.fr", "family.member.by-agent bruno.petit@exemple.fr"}, h.mails()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"Jérémy"}, h.seen(accounttest.SignIn(t, h.d, h.now, newcomer.ID))); diff != "" {
			t.Error(diff)
		}
		if n := h.lines("newcomer", string(newcomer.ID)); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}

func TestAnEntryIsUndone(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		d, err := h.join(h.agent, newcomer.ID, entering(h))
		if err != nil {
			t.Fatal(err)
		}
		cookie := accounttest.SignIn(t, h.d, h.now, newcomer.ID)
		h.write(func(tx *db.Tx) error { _, err := tx.Exec(`delete from mail_outbox`); return err })
		narrow := h.staff(string(h.homes.Youth))
		if err := h.try(func(tx *db.Tx) error { return admission.Undo(tx, h.now, narrow, d, "erreur") }); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an agent of another service: %v", err)
		}
		page := h.portal.As(h.agent).Get("/agents/activation/" + string(newcomer.ID)).Click(`a[href^="/agents/rattachements/"]`)
		if text := page.Text("main"); !strings.Contains(text, "la famille") || !strings.Contains(text, "Jérémy, cantine") {
			t.Errorf("the page: %s", text)
		}
		if got := page.Submit("#annulation", map[string]string{"motif": "mauvaise famille"}); got.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", got.Status, got.Text("main"))
		}
		if diff := cmp.Diff([]string{"admission.unlinked aminata@exemple.fr", "admission.unlinked.family bruno.petit@exemple.fr"}, h.mails()); diff != "" {
			t.Error(diff)
		}
		if got := accounttest.Reload(t, h.d, newcomer.ID); got.State != account.Waiting {
			t.Errorf("account is %s", got.State)
		}
		if names := h.seen(cookie); len(names) != 0 {
			t.Errorf("the devices still see %v", names)
		}
		if err := h.try(func(tx *db.Tx) error { return admission.Undo(tx, h.now, h.agent, d, "encore") }); fault.KindOf(err) != fault.Conflict {
			t.Errorf("undone twice: %v", err)
		}
		// and the right family afterwards
		h.now = h.now.Add(time.Hour)
		if _, err := h.join(h.agent, newcomer.ID, entering(h)); err != nil {
			t.Errorf("joined again: %v", err)
		}
	})
}

func TestWhoJoinsNoFamilyByThisDoor(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		first := func(e *admission.Entry) { e.Family = h.homes.First }
		var orphan, youth family.ID
		h.write(func(tx *db.Tx) (err error) {
			if orphan, err = family.Insert(tx, h.now, accounttest.Job, "", h.homes.Service); err == nil {
				youth, err = family.Insert(tx, h.now, accounttest.Job, "", h.homes.Youth)
			}
			return err
		})
		only := h.staff(string(h.homes.Service))
		noWrite := h.staff(actor.AllServices)
		delete(noWrite.Rights, family.FileWrite)
		elsewhere := h.staff(actor.AllServices)
		elsewhere.Rights[admission.DecideRight] = []string{string(h.homes.Youth)}
		for name, x := range map[string]struct {
			who  account.Account
			a    actor.Actor
			e    admission.Entry
			want fault.Kind
		}{
			"an adult of the family, who is to be linked": {h.camilleAgain(), h.agent, entering(h, first), fault.Refused},
			"a family without holder":                     {h.signUp(), h.agent, entering(h, func(e *admission.Entry) { e.Family = orphan }), fault.Refused},
			"another service's family":                    {h.signUp(), only, entering(h, func(e *admission.Entry) { e.Family = youth }), fault.NotFound},
			"an agent who writes no files":                {h.signUp(), noWrite, entering(h), fault.NotFound},
			"an agent who decides for another service":    {h.signUp(), elsewhere, entering(h), fault.NotFound},
			"no family":        {h.signUp(), h.agent, entering(h, func(e *admission.Entry) { e.Family = "" }), fault.NotFound},
			"without proof":    {h.signUp(), h.agent, entering(h, func(e *admission.Entry) { e.Proof = false }), fault.Invalid},
			"without relation": {h.signUp(), h.agent, entering(h, func(e *admission.Entry) { e.Relation = " " }), fault.Invalid},
			"decided already":  {h.signUp(func(_ *person.Person, acc *account.Account) { acc.State = account.Refused }), h.agent, entering(h), fault.Conflict},
			"by a job":         {h.signUp(), actor.Job("import"), entering(h), fault.Forbidden},
		} {
			if _, err := h.join(x.a, x.who.ID, x.e); fault.KindOf(err) != x.want {
				t.Errorf("%s: %v", name, err)
			}
			if got := accounttest.Reload(t, h.d, x.who.ID); got.State == account.Active {
				t.Errorf("%s: activated", name)
			}
		}
	})
}

// TestARestrictionStandsAtTheDoor: it is told, must be read, and whom it keeps away does not enter.
func TestARestrictionStandsAtTheDoor(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		h.restrict(h.homes.Camille)
		newcomer := h.signUp()
		page := h.portal.As(h.agent).Get("/agents/activation/" + string(newcomer.ID) + "/co-representant?famille=" + string(h.homes.Second))
		if text := page.Text("main"); !strings.Contains(text, "Une restriction est en vigueur") {
			t.Errorf("the page: %s", text)
		}
		if _, err := h.join(h.agent, newcomer.ID, entering(h)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("unread: %v", err)
		}
		if _, err := h.join(h.agent, newcomer.ID, entering(h, func(e *admission.Entry) { e.Despite = true })); err != nil {
			t.Errorf("read: %v", err)
		}
		again := h.camilleAgain()
		if _, err := h.join(h.agent, again.ID, entering(h, func(e *admission.Entry) { e.Despite = true })); fault.KindOf(err) != fault.Refused {
			t.Errorf("whom a court keeps away: %v", err)
		}
		barred := h.portal.As(h.agent).Get("/agents/activation/" + string(again.ID) + "/co-representant?famille=" + string(h.homes.Second))
		if text := barred.Text("main"); !strings.Contains(text, "décision de justice écarte") || barred.Has("#decision") {
			t.Errorf("the page: %s", text)
		}
	})
}

// TestTheDoorWarnsOfASecondCoholder, and shows no family of other services.
func TestTheDoorWarnsOfASecondCoholder(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		path := "/agents/activation/" + string(newcomer.ID) + "/co-representant"
		page := h.portal.As(h.agent).Get(path + "?famille=" + string(h.homes.First))
		if text := page.Text("main"); !strings.Contains(text, "a déjà un co-représentant") || !strings.Contains(text, "Thomas Nguyễn") {
			t.Errorf("the page: %s", text)
		}
		narrow := h.portal.As(h.staff(string(h.homes.Youth)))
		if got := narrow.Get(path + "?famille=" + string(h.homes.First)).Status; got != http.StatusNotFound {
			t.Errorf("another service's family answers %d", got)
		}
		if text := narrow.Get(path + "?q=petit").Text("main"); strings.Contains(text, "Bruno") {
			t.Errorf("the search shows: %s", text)
		}
	})
}

func TestWhoJoinedReadsWhatItIs(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		d, err := h.join(h.agent, h.signUp().ID, entering(h))
		if err != nil {
			t.Fatal(err)
		}
		all := admission.QueueMails(admission.MailDeps{URL: func(path string) string { return "https://portail.test" + path }})
		i := slices.IndexFunc(all, func(m mail.Template) bool { return m.Name == admission.MailActivated })
		b, err := db.Read(context.Background(), h.d, func(r db.Reader) (mail.Body, error) {
			return all[i].Render(context.Background(), r, map[string]string{"decision": string(d)})
		})
		if err != nil || !strings.Contains(strings.Join(b.Paragraphs, " "), "vous la représentez") {
			t.Errorf("%v: %v", b.Paragraphs, err)
		}
	})
}
