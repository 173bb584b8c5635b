package admission_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

func TestQueueMails(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		templates := map[string]mail.Template{}
		for _, one := range admission.QueueMails(admission.MailDeps{URL: func(path string) string { return "https://portail.test" + path }}) {
			templates[one.Name] = one
		}
		render := func(name string, d admission.DecisionID) (mail.Body, error) {
			return db.Read(context.Background(), h.d, func(r db.Reader) (mail.Body, error) {
				return templates[name].Render(context.Background(), r, map[string]string{"decision": string(d)})
			})
		}
		newcomer := h.camilleAgain()
		d, err := h.link(h.agent, newcomer.ID, h.homes.Camille)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{admission.MailActivated, admission.MailLinked} {
			if b, err := render(name, d); err != nil || b.Subject == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if b, _ := render(admission.MailLinked, d); strings.Contains(strings.Join(b.Paragraphs, " "), "neuve") {
			t.Error("the former address is told the new one")
		}
		h.write(func(tx *db.Tx) error { return admission.Undo(tx, h.now, h.agent, d, "Une homonyme") })
		for name, want := range map[string]bool{admission.MailActivated: false, admission.MailLinked: false, admission.MailUnlinked: true, admission.MailUnlinkedFamily: true} {
			b, err := render(name, d)
			if (err == nil) != want {
				t.Errorf("%s after the undo: %v", name, err)
			}
			if text := strings.Join(b.Paragraphs, " "); name == admission.MailUnlinked && (strings.Contains(text, "Martin") || strings.Contains(text, "Jérémy")) {
				t.Errorf("the newcomer is told of the family: %s", text)
			}
		}
	})
}

// TestMailsPromiseOnlyWhatExists reads what is told of a new family: nothing is booked online.
func TestMailsPromiseOnlyWhatExists(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		var d admission.DecisionID
		h.write(func(tx *db.Tx) (err error) {
			d, err = admission.OpenFamily(tx, h.now, h.agent, newcomer.ID, []town.ServiceID{h.homes.Service})
			return err
		})
		for _, one := range admission.QueueMails(admission.MailDeps{URL: func(path string) string { return path }}) {
			if one.Name != admission.MailActivated {
				continue
			}
			b, err := db.Read(context.Background(), h.d, func(r db.Reader) (mail.Body, error) {
				return one.Render(context.Background(), r, map[string]string{"decision": string(d)})
			})
			if text := strings.Join(b.Paragraphs, " "); err != nil || strings.Contains(text, "réserver") || !strings.Contains(text, "vos coordonnées") {
				t.Errorf("%v %s", err, text)
			}
		}
	})
}

// TestAnOldLinkIsNotUndoneTwice links again after an undo: the first link can no longer take the account away.
func TestAnOldLinkIsNotUndoneTwice(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.camilleAgain()
		first, err := h.link(h.agent, newcomer.ID, h.homes.Camille)
		if err != nil {
			t.Fatal(err)
		}
		h.write(func(tx *db.Tx) error { return admission.Undo(tx, h.now, h.agent, first, "Par erreur") })
		if _, err := h.link(h.agent, newcomer.ID, h.homes.Camille); err != nil {
			t.Fatal(err)
		}
		err = h.try(func(tx *db.Tx) error { return admission.Undo(tx, h.now, h.agent, first, "Encore") })
		if got := accounttest.Reload(t, h.d, newcomer.ID); fault.KindOf(err) != fault.Conflict || got.Person != h.homes.Camille {
			t.Errorf("%v, account of %s", err, got.Person)
		}
	})
}

// TestOnlyAgentsDecide: no job decides anything, and the right to decide is held service by service.
func TestOnlyAgentsDecide(t *testing.T) {
	eachHall(t, func(t *testing.T, h *hall) {
		newcomer := h.signUp()
		if err := h.try(func(tx *db.Tx) error { return admission.Take(tx, h.now, actor.Job("night"), newcomer.ID, "") }); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a job takes: %v", err)
		}
		youth := h.staff(string(h.homes.Youth))
		youth.Rights[family.FileWrite] = []string{actor.AllServices}
		err := h.try(func(tx *db.Tx) error {
			_, err := admission.OpenFamily(tx, h.now, youth, newcomer.ID, []town.ServiceID{h.homes.Service})
			return err
		})
		if fault.KindOf(err) != fault.Forbidden {
			t.Errorf("for another service: %v", err)
		}
	})
}
