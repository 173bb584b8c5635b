package messaging

import (
	"context"
	"errors"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/town"
)

// The mails of the contact form.
const (
	MailContactReceived = "messaging.contact.received" // to the writer: the reference
	MailContactAnswered = "messaging.contact.answered" // to the writer: the answer
)

// MailDeps is what rendering needs: URL makes an address of a path of the portal.
type MailDeps struct {
	Now func() time.Time
	URL func(path string) string
}

// Mails are the mails of this package.
func Mails(deps MailDeps) []mail.Template {
	return []mail.Template{
		{Name: MailContactReceived, Render: deps.received, Label: "Message reçu par la mairie", Specimen: mail.Example(deps.receivedBody(contactSpecimen()))},
		{Name: MailContactAnswered, Render: deps.answered, Label: "Réponse à un message", Specimen: mail.Example(deps.answeredBody(contactSpecimen(), []string{"{réponse}"}))},
	}
}

// contactWords are what the mails name; a town's own words may name them too.
type contactWords struct {
	greeting, reference, service, day string
	own                               bool // from a family's space
}

func (w contactWords) values(answer string) map[string]string {
	return map[string]string{"référence": w.reference, "service": w.service, "jour": w.day, "réponse": answer}
}

func contactSpecimen() contactWords {
	return contactWords{greeting: "Bonjour Camille Martin,", reference: "{référence}", service: "{service}", day: "{jour}", own: true}
}

func (d MailDeps) words(m ContactMessage) contactWords {
	w := contactWords{greeting: "Bonjour,", reference: m.Reference, service: m.To(), day: civil.DateOf(m.CreatedAt.In(d.Now().Location())).Long(), own: m.Proof == BySession}
	if w.own {
		w.greeting = "Bonjour " + m.Name + ","
	}
	return w
}

func (d MailDeps) receivedBody(w contactWords) mail.Body {
	body := mail.Body{Subject: "Votre message à la mairie, référence " + w.reference, Greeting: w.greeting,
		Paragraphs: []string{"Nous avons bien reçu votre message du " + w.day + " (" + w.service + "). Un agent va vous répondre.",
			"Référence à rappeler\u00a0: " + w.reference + "."},
		Values: w.values("")}
	if w.own {
		body.Button = mail.Button{Label: "Voir mes messages", URL: d.URL("/espace/messages")}
	} else {
		body.Closing = []string{"Vous n’avez pas écrit à la mairie\u00a0? Quelqu’un a sans doute indiqué votre adresse par erreur\u00a0: vous n’avez rien à faire."}
	}
	return body
}

func (d MailDeps) answeredBody(w contactWords, answer []string) mail.Body {
	body := mail.Body{Subject: "Réponse de la mairie à votre message " + w.reference, Greeting: w.greeting,
		Paragraphs: append([]string{"Vous avez écrit à la mairie le " + w.day + ". Voici notre réponse."}, answer...), Values: w.values("")}
	if w.own {
		body.Button = mail.Button{Label: "Voir mes messages", URL: d.URL("/espace/messages")}
	} else {
		body.Closing = []string{"Pour écrire de nouveau, passez par la page Contacts du portail et rappelez la référence " + w.reference + "."}
	}
	return body
}

func (d MailDeps) received(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	m, err := contactOfMail(r, args)
	return d.receivedBody(d.words(m)), err
}

func (d MailDeps) answered(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	m, err := contactOfMail(r, args)
	if err == nil && m.State != Answered {
		err = errors.Join(mail.ErrDrop, errors.New("contact message without an answer"))
	}
	body := d.answeredBody(d.words(m), town.Paragraphs(m.Answer))
	body.Values["réponse"] = m.Answer
	body.Signature = m.SentTo
	return body, err
}

// contactOfMail reads the message of a mail; one that is purged drops the mail.
func contactOfMail(r db.Reader, args map[string]string) (ContactMessage, error) {
	m, err := contactByID(r, ContactID(args["contact"]))
	if fault.KindOf(err) == fault.NotFound {
		err = errors.Join(mail.ErrDrop, err)
	}
	return m, err
}
