package demo

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/messaging"
)

// Families whose adults have asked something of the town hall; no other part of the demonstration uses them.
const (
	firstAsking = 11
	lastAsking  = 15
)

// waiting fills the other queues of the agents: members to approve, messages to the town hall, invitations of
// co-holders, one of them held since a court's restriction stands.
func (p place) waiting(tx *db.Tx, d Deps, a actor.Actor, homes []settled, hash string) error {
	askers := make([]actor.Actor, 0, lastAsking-firstAsking+1)
	for _, h := range homes[firstAsking : lastAsking+1] {
		if err := claim(tx, d.Now, a, h.accounts[0], h.adults[0], hash); err != nil {
			return err
		}
		askers = append(askers, actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(h.accounts[0]), Person: string(h.adults[0])})
	}
	asking := homes[firstAsking:]
	for i, m := range []struct {
		ago time.Duration
		family.Addition
	}{
		{30 * time.Hour, family.Addition{Role: family.Contact, LastName: "Garnier", FirstNames: "Monique", Relation: "grand-mère", Phone: "01 99 00 41 17", MayCollect: true}},
		{5 * time.Hour, family.Addition{Role: family.Member, LastName: "Da-Silva", FirstNames: "Lucas", Relation: "demi-frère", BirthDay: "14/09/2021"}},
		{40 * time.Minute, family.Addition{Role: family.Contact, LastName: "N’Guessan", FirstNames: "Awa", Relation: "voisine", Phone: "01 99 00 42 20"}},
	} {
		m.Family, m.Service = asking[i].family, p.enfance
		if _, err := family.Ask(tx, d.Now.Add(-m.ago), askers[i], m.Addition); err != nil {
			return fmt.Errorf("ask for the demo's member %d: %w", i, err)
		}
	}
	if err := p.written(tx, d.Now); err != nil {
		return err
	}
	return invitations(tx, d, a, homes, asking[3], askers[3])
}

// written are messages that visitors left.
func (p place) written(tx *db.Tx, now time.Time) error {
	for i, m := range []struct {
		ago time.Duration
		messaging.ContactMessage
	}{
		{50 * time.Hour, messaging.ContactMessage{Service: p.enfance, Name: "Hélène Vidal", Email: "helene.vidal@exemple.fr", Proof: messaging.ByCheck,
			Body: "Bonjour,\n\nNous arrivons à Rivebelle en janvier. Comment inscrire notre fille à l’école et à la cantine ?\n\nMerci d’avance."}},
		{4 * time.Hour, messaging.ContactMessage{Name: "Yusuf Demir", Phone: "06 39 98 05 11", Proof: messaging.Unproven,
			Body: "Je n’arrive pas à passer le contrôle de sécurité sur mon téléphone. Pouvez-vous me rappeler ?"}},
		{time.Hour, messaging.ContactMessage{Service: p.jeunesse, Name: "Chloé Roche", Email: "chloe.roche@exemple.fr", Proof: messaging.ByCheck,
			Body: "Le Local ouvre-t-il pendant les vacances de Noël ?"}},
	} {
		key := fmt.Sprint("demo-", i)
		_, err := messaging.Contact(tx, now.Add(-m.ago), actor.Actor{}, m.ContactMessage, messaging.Sender{Network: key, Area: key, Mailbox: key})
		if err != nil {
			return fmt.Errorf("write the demo's message %d: %w", i, err)
		}
	}
	return nil
}

// invitations sends one to somebody new, and holds one to a co-holder whom a court keeps from a child.
func invitations(tx *db.Tx, d Deps, a actor.Actor, homes []settled, home settled, holder actor.Actor) error {
	if _, err := admission.InviteCoholder(tx, d.Now.Add(-20*time.Hour), holder, d.Key, admission.Wish{Family: home.family, LastName: "Besson",
		FirstNames: "Julien", Email: "julien.besson@exemple.fr", Relation: "beau-père"}); err != nil {
		return fmt.Errorf("send the demo's invitation: %w", err)
	}
	for _, h := range homes[lastAsking+1:] {
		if len(h.adults) < 2 || len(h.children) == 0 {
			continue
		}
		if _, err := family.Restrict(tx, d.Now.AddDate(0, 0, -1), a, family.Restriction{Person: h.adults[1], Child: h.children[0],
			DecidedOn: civil.DateOf(d.Now).AddDays(-60), Reference: "RG 26/00417"}); err != nil {
			return err
		}
		inviter := actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(h.accounts[0]), Person: string(h.adults[0])}
		held, err := admission.InviteCoholder(tx, d.Now.Add(-6*time.Hour), inviter, d.Key, admission.Wish{Family: h.family, Person: h.adults[1]})
		if err == nil && !held {
			err = fmt.Errorf("it is not held")
		}
		if err != nil {
			return fmt.Errorf("hold the demo's invitation: %w", err)
		}
		return nil
	}
	return nil
}
