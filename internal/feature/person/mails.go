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
	return []mail.Template{
		{Name: MailConfirm, Render: deps.confirm},
		{Name: MailAsked, Render: deps.asked},
		{Name: MailChanged, Render: deps.changed},
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
	return mail.Body{
		ToName: p.Full(), Subject: "Confirmez votre nouvelle adresse e-mail", Greeting: "Bonjour " + p.Formal() + ",",
		Paragraphs: []string{"Vous voulez recevoir les messages de la mairie à cette adresse. Elle comptera dès que vous l’aurez confirmée.",
			"Le lien fonctionne 48 heures. Jusque-là, votre adresse actuelle reste en service."},
		Button:  mail.Button{Label: "Confirmer mon adresse", URL: d.URL("/confirmer-adresse/" + token)},
		Closing: []string{"Vous n’avez rien demandé ? Ne faites rien : rien ne changera."},
	}, nil
}

func (d MailDeps) asked(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	return warning(r, args["person"], "Un changement d’adresse e-mail a été demandé",
		"Une nouvelle adresse e-mail a été demandée pour votre espace. Elle remplacera celle-ci une fois confirmée.",
		"Si cette demande vient de vous, vous n’avez rien à faire ici : ouvrez l’e-mail envoyé à la nouvelle adresse.")
}

func (d MailDeps) changed(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	return warning(r, args["person"], "Votre adresse e-mail a changé",
		"L’adresse e-mail de votre espace vient de changer. Les prochains messages n’arriveront plus ici.",
		"Si ce changement vient de vous, tout est en ordre.")
}

func warning(r db.Reader, id, subject string, paragraphs ...string) (mail.Body, error) {
	p, err := ByID(r, ID(id))
	if err != nil {
		return mail.Body{}, drop(err)
	}
	settings, err := town.ReadSettings(r)
	if err != nil {
		return mail.Body{}, err
	}
	closing := "Sinon, prévenez la mairie sans attendre"
	if phone := settings.Help().Phone; phone != "" {
		closing += " au " + phone
	}
	return mail.Body{ToName: p.Full(), Subject: subject, Greeting: "Bonjour " + p.Formal() + ",", Paragraphs: paragraphs,
		Closing: []string{closing + ", et changez votre mot de passe."}}, nil
}

// drop gives up a mail whose link is used, late or gone; a fault of the database is tried again.
func drop(err error) error {
	if fault.KindOf(err) == fault.Unknown {
		return err
	}
	return errors.Join(mail.ErrDrop, err)
}
