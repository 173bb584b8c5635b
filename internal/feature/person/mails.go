package person

import (
	"context"
	"errors"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/town"
)

// The mails of this package.
const (
	MailConfirm = "person.email.confirm" // to the new address: the link
	MailAsked   = "person.email.asked"   // to the one in use: a change was asked for
	MailChanged = "person.email.changed" // to the former one: it was changed

	MailByAgent      = "person.contact.by-agent" // an agent changed contact details
	MailEmailByAgent = "person.email.by-agent"   // to the former address: an agent changed it
)

func send(tx *db.Tx, now time.Time, a actor.Actor, template, to, arg, value string) error {
	_, err := mail.Enqueue(tx, now, mail.Message{Template: template, To: to, Account: a.Account, Args: map[string]string{arg: value}})
	return err
}

// MailDeps is what rendering this package's mails needs. URL makes an address of a path of the portal.
type MailDeps struct {
	Key *crypt.Key
	Now func() time.Time
	URL func(path string) string
}

// Mails are the mails of this package.
func Mails(deps MailDeps) []mail.Template {
	who := Person{FirstNames: "Camille", LastName: "Martin"}
	return []mail.Template{
		{Name: MailConfirm, Render: deps.confirm, Label: "Nouvelle adresse à confirmer", Specimen: mail.Example(confirmBody(who, deps.URL("/exemple")))},
		{Name: MailAsked, Render: deps.asked, Label: "Changement d’adresse e-mail demandé", Specimen: warningSpecimen(who, askedSubject, askedParagraphs())},
		{Name: MailChanged, Render: deps.changed, Label: "Adresse e-mail changée", Specimen: warningSpecimen(who, changedSubject, changedParagraphs())},
		{Name: MailByAgent, Render: deps.byAgent, Label: "Coordonnées modifiées par un agent", Specimen: warningSpecimen(who, byAgentSubject, byAgentParagraphs())},
		{Name: MailEmailByAgent, Render: deps.emailByAgent, Label: "Adresse e-mail changée par un agent", Specimen: warningSpecimen(who, byAgentSubject, emailByAgentParagraphs())},
	}
}

func warningSpecimen(p Person, subject string, paragraphs []string) func(db.Reader) (mail.Body, error) {
	return func(r db.Reader) (mail.Body, error) {
		settings, err := town.ReadSettings(r)
		return warningBody(settings, p, subject, paragraphs), err
	}
}

func (d MailDeps) confirm(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	c, err := emailChangeByID(r, args["change"])
	if err != nil {
		return mail.Body{}, drop(err)
	}
	token := emailToken(d.Key, c.ID)
	if _, err := ChangeOf(r, d.Now(), token); err != nil {
		return mail.Body{}, drop(err)
	}
	p, err := ByID(r, c.Person)
	if err != nil {
		return mail.Body{}, drop(err)
	}
	return confirmBody(p, d.URL("/confirmer-adresse/"+token)), nil
}

func confirmBody(p Person, link string) mail.Body {
	return mail.Body{
		ToName: p.Full(), Subject: "Confirmez votre nouvelle adresse e-mail", Greeting: "Bonjour " + p.Formal() + ",",
		Paragraphs: []string{"Vous voulez recevoir les messages de la mairie à cette adresse. Elle comptera dès que vous l’aurez confirmée.",
			"Le lien fonctionne 48 heures. Jusque-là, votre adresse actuelle reste en service."},
		Button:  mail.Button{Label: "Confirmer mon adresse", URL: link},
		Closing: []string{"Vous n’avez rien demandé ? Ne faites rien : rien ne changera."},
	}
}

const (
	askedSubject   = "Un changement d’adresse e-mail a été demandé"
	changedSubject = "Votre adresse e-mail a changé"
	byAgentSubject = "Votre dossier a été modifié par un agent"
)

func askedParagraphs() []string {
	return []string{"Une nouvelle adresse e-mail a été demandée pour votre espace. Elle remplacera celle-ci une fois confirmée.",
		"Si cette demande vient de vous, vous n’avez rien à faire ici : ouvrez l’e-mail envoyé à la nouvelle adresse."}
}

func changedParagraphs() []string {
	return []string{"L’adresse e-mail de votre espace vient de changer. Les prochains messages n’arriveront plus ici.",
		"Si ce changement vient de vous, tout est en ordre."}
}

func byAgentParagraphs() []string {
	return []string{"Un agent de la mairie a modifié vos coordonnées (téléphone, adresse postale ou moyen de contact préféré).",
		"Vous l’avez demandé au guichet ou au téléphone : tout est en ordre. Relisez-les dans votre espace, page Coordonnées."}
}

func emailByAgentParagraphs() []string {
	return []string{"Un agent de la mairie a changé l’adresse e-mail de votre dossier. Les prochains messages n’arriveront plus ici.",
		"Vous l’avez demandé au guichet ou au téléphone : tout est en ordre."}
}

func (d MailDeps) byAgent(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	return warning(r, args["person"], byAgentSubject, byAgentParagraphs())
}

func (d MailDeps) emailByAgent(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	return warning(r, args["person"], byAgentSubject, emailByAgentParagraphs())
}

func (d MailDeps) asked(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	return warning(r, args["person"], askedSubject, askedParagraphs())
}

func (d MailDeps) changed(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	return warning(r, args["person"], changedSubject, changedParagraphs())
}

func warning(r db.Reader, id, subject string, paragraphs []string) (mail.Body, error) {
	p, err := ByID(r, ID(id))
	if err != nil {
		return mail.Body{}, drop(err)
	}
	settings, err := town.ReadSettings(r)
	if err != nil {
		return mail.Body{}, err
	}
	return warningBody(settings, p, subject, paragraphs), nil
}

func warningBody(settings town.Settings, p Person, subject string, paragraphs []string) mail.Body {
	closing := "Sinon, prévenez la mairie sans attendre"
	if phone := settings.Help().Phone; phone != "" {
		closing += " au " + phone
	}
	return mail.Body{ToName: p.Full(), Subject: subject, Greeting: "Bonjour " + p.Formal() + ",", Paragraphs: paragraphs,
		Closing: []string{closing + ", et changez votre mot de passe."}}
}

// drop gives up a mail whose link is used, late or gone; a fault of the database is tried again.
func drop(err error) error {
	if fault.KindOf(err) == fault.Unknown {
		return err
	}
	return errors.Join(mail.ErrDrop, err)
}
