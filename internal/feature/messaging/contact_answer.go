package messaging

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// mayAnswer tells whether an agent reads the messages of a service. What is written to the town hall as a whole is
// read by all who answer anything: a town without an agent for all services must not leave it unread.
func mayAnswer(a actor.Actor, service town.ServiceID) bool {
	if service == "" {
		return a.Can(ContactAnswer)
	}
	return a.CanFor(ContactAnswer, string(service))
}

// ContactFor reads a message that the agent may answer; another service's is missing.
func ContactFor(r db.Reader, a actor.Actor, id ContactID) (ContactMessage, error) {
	m, err := contactByID(r, id)
	if err == nil && !mayAnswer(a, m.Service) {
		return ContactMessage{}, fault.Missing("contact message")
	}
	return m, err
}

var errClosed = fault.New(fault.Conflict, "Un agent a déjà répondu à ce message, ou l’a classé. Rechargez la page pour le lire.")

// Take says that an agent deals with a message; one already taken is a Conflict that names who.
func Take(tx *db.Tx, now time.Time, a actor.Actor, id ContactID) error {
	m, err := ContactFor(tx, a, id)
	if err != nil {
		return err
	}
	taken, err := takeContact(tx, now, id, account.ID(a.Account))
	if err != nil {
		return fmt.Errorf("take contact message: %w", err)
	}
	if !taken && !m.State.Open() {
		return errClosed
	}
	if !taken {
		return fault.New(fault.Conflict, m.HandledBy+" s’occupe déjà de ce message.")
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "messaging.contact.taken", Object: "contact", ID: string(id), Subject: string(m.Person)})
}

// Answer keeps an agent's answer, and mails it when the writer left an address; without one it is the note of what
// was said on the phone.
func Answer(tx *db.Tx, now time.Time, a actor.Actor, id ContactID, text string) (ContactMessage, error) {
	m, err := ContactFor(tx, a, id)
	if err != nil {
		return m, err
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return m, fault.InvalidFields(fault.Field{Name: "reponse", Sentence: "Écrivez la réponse."})
	}
	if utf8.RuneCountInString(text) > maxAnswer {
		return m, fault.InvalidFields(fault.Field{Name: "reponse", Sentence: "La réponse dépasse 6 000 caractères. Écrivez-la plus court."})
	}
	if err := finish(tx, now, a, id, Answered, text, ""); err != nil {
		return m, err
	}
	if m.Email != "" {
		if _, err := mail.Enqueue(tx, now, mail.Message{Template: MailContactAnswered, To: m.Email, Account: string(m.Account),
			Args: map[string]string{"contact": string(id)}}); err != nil {
			return m, err
		}
	}
	return m, audit.Write(tx, now, a, audit.Entry{Action: "messaging.contact.answered", Object: "contact", ID: string(id), Subject: string(m.Person)})
}

// File closes a message without an answer, with the reason that other agents read.
func File(tx *db.Tx, now time.Time, a actor.Actor, id ContactID, reason string) error {
	m, err := ContactFor(tx, a, id)
	if err != nil {
		return err
	}
	reason = strings.Join(strings.Fields(reason), " ")
	if reason == "" || utf8.RuneCountInString(reason) > maxReason {
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Indiquez le motif en moins de 300 caractères : message publicitaire, doublon…"})
	}
	if err := finish(tx, now, a, id, Filed, "", reason); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "messaging.contact.filed", Object: "contact", ID: string(id), Subject: string(m.Person)})
}

// Forward gives an open message to another service, where it waits again.
func Forward(tx *db.Tx, now time.Time, a actor.Actor, id ContactID, to town.ServiceID) error {
	m, err := ContactFor(tx, a, id)
	if err != nil {
		return err
	}
	if _, err := town.ServiceByID(tx, to); err != nil || to == m.Service {
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		return fault.InvalidFields(fault.Field{Name: "service", Sentence: "Choisissez un autre service."})
	}
	moved, err := forwardContact(tx, id, to)
	if err != nil {
		return fmt.Errorf("forward contact message: %w", err)
	}
	if !moved {
		return errClosed
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "messaging.contact.forwarded", Object: "contact", ID: string(id), Subject: string(m.Person)})
}

func finish(tx *db.Tx, now time.Time, a actor.Actor, id ContactID, to ContactState, answer, reason string) error {
	closed, err := closeContact(tx, now, id, to, account.ID(a.Account), answer, reason)
	if err != nil {
		return fmt.Errorf("close contact message: %w", err)
	}
	if !closed {
		return errClosed
	}
	return nil
}

// keepContacts is how long a closed message stays; an open one stays until somebody closes it.
const keepContacts = 365 * 24 * time.Hour

// PurgeContacts deletes messages closed more than a year ago, with their answers, and the counts of days gone by.
func PurgeContacts(tx *db.Tx, now time.Time) (int64, error) {
	n, err := purgeContacts(tx, civil.InstantOf(now.Add(-keepContacts)), civil.DateOf(now))
	if err != nil || n == 0 {
		return n, err
	}
	return n, audit.Write(tx, now, actor.Job("purge"), audit.Entry{Action: "messaging.contact.purged", Object: "contact", Detail: fmt.Sprint(n)})
}

// ContactQueue is what waits on the agents' first page.
func ContactQueue() web.Queue {
	return web.Queue{Label: "Messages à la mairie", Href: "/agents/contacts", Right: ContactAnswer, Icon: "message",
		Detail: "écrits depuis la page Contacts",
		Count: func(r db.Reader, _ time.Time, a actor.Actor) (int, civil.Instant, error) {
			return countOpenContacts(r, servicesOf(a))
		}}
}

// servicesOf are the services whose messages an agent reads; nil for all.
func servicesOf(a actor.Actor) []string {
	var mine []string
	for _, s := range a.Rights[ContactAnswer] {
		if s == actor.AllServices {
			return nil
		}
		mine = append(mine, s)
	}
	return append(mine, "") // what is written to the town hall as a whole
}

// FindContact answers the agents' search by reference, name, e-mail or phone.
func FindContact(r db.Reader, a actor.Actor, query string) ([]web.Hit, error) {
	if !a.Can(ContactAnswer) {
		return nil, nil
	}
	phone, err := person.CheckPhone(query)
	if err != nil {
		phone = ""
	}
	found, err := findContacts(r, servicesOf(a), strings.ToUpper(strings.TrimSpace(query)), person.Fold(query), strings.ToLower(strings.TrimSpace(query)), phone)
	var hits []web.Hit
	for _, m := range found {
		hits = append(hits, web.Hit{Kind: "Message", Title: m.Name, Detail: m.Reference + ", " + strings.ToLower(m.State.Label()), Href: contactPath(m.ID)})
	}
	return hits, err
}

func contactPath(id ContactID) string { return "/agents/contacts/" + string(id) }
