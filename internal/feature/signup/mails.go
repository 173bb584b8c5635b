package signup

import (
	"context"
	"errors"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// The mails of this package.
const (
	MailConfirm = "signup.confirm" // the confirmation link
	MailKnown   = "signup.known"   // to the owner of an address that has an account already
	MailWaiting = "signup.waiting" // the address is confirmed: by when an agent activates
)

// MailDeps is what rendering this package's mails needs. URL makes an address of a path of the portal.
type MailDeps struct {
	Key     *crypt.Key
	Now     func() time.Time
	URL     func(path string) string
	Promise func(r db.Reader, from time.Time) (time.Time, error)
}

// Mails are the mails of this package.
func Mails(d MailDeps) []mail.Template {
	return []mail.Template{{Name: MailConfirm, Render: d.confirm}, {Name: MailKnown, Render: d.known}, {Name: MailWaiting, Render: d.waiting}}
}

// asker reads the demand of a mail, with the account and the person made for it. One that is gone drops the mail.
func asker(r db.Reader, id string) (Demand, account.Account, person.Person, error) {
	d, err := demandByID(r, ID(id))
	if err != nil {
		return d, account.Account{}, person.Person{}, dropped(err)
	}
	acc, err := account.ByID(r, d.Account)
	if err != nil {
		return d, acc, person.Person{}, dropped(err)
	}
	who, err := person.ByID(r, acc.Person)
	return d, acc, who, dropped(err)
}

func dropped(err error) error {
	if err == nil || fault.KindOf(err) == fault.Unknown {
		return err
	}
	return errors.Join(mail.ErrDrop, err)
}

func (m MailDeps) confirm(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	d, _, _, err := asker(r, args["signup"])
	if err != nil {
		return mail.Body{}, err
	}
	if err := answerable(d, m.Now()); err != nil {
		return mail.Body{}, dropped(err)
	}
	return mail.Body{
		Subject: "Confirmez votre adresse e-mail", Greeting: "Bonjour,", // nothing typed: nobody proved whose address it is
		Paragraphs: []string{"Vous avez demandé un espace personnel. Confirmez votre adresse : un agent de la mairie active ensuite votre espace."},
		Facts: []mail.Fact{{Label: "Référence", Value: d.Reference},
			{Label: "À confirmer avant le", Value: civil.DateOf(d.ExpiresAt.In(m.Now().Location())).Long()}},
		Button:  mail.Button{Label: "Confirmer mon adresse", URL: m.URL(root + "/confirmer/" + linkSecret(m.Key, d.ID))},
		Closing: []string{"Vous n’avez rien demandé ? Ne faites rien : tout sera effacé au bout de 7 jours."},
	}, nil
}

func (m MailDeps) known(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	acc, err := account.ByID(r, account.ID(args["account"]))
	if err != nil {
		return mail.Body{}, dropped(err)
	}
	settings, err := town.ReadSettings(r)
	if err != nil {
		return mail.Body{}, err
	}
	alarm := "Ce n’est pas vous ? Personne n’est entré dans votre espace et vous n’avez rien à faire. Vous partagez cette adresse avec " +
		"quelqu’un qui veut son propre espace ? Qu’il demande avec une autre adresse, ou appelez la mairie"
	if phone := settings.Help().Phone; phone != "" {
		alarm += " au " + phone
	}
	return mail.Body{
		Subject: "Vous avez déjà un espace personnel", Greeting: "Bonjour,",
		Paragraphs: []string{"Un espace personnel vient d’être demandé avec cette adresse. Vous en avez déjà un : il est inutile d’en créer un autre."},
		Facts:      []mail.Fact{{Label: "Identifiant", Value: acc.Username}},
		Button:     mail.Button{Label: "Me connecter", URL: m.URL("/connexion")},
		Closing:    []string{"Mot de passe oublié, ou jamais choisi ? Recevez un lien : " + m.URL("/mot-de-passe-oublie"), alarm + "."},
	}, nil
}

func (m MailDeps) waiting(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	d, acc, who, err := asker(r, args["signup"])
	if err != nil {
		return mail.Body{}, err
	}
	if acc.State != account.Waiting {
		return mail.Body{}, mail.ErrDrop // an agent was faster: the decision has its own mail
	}
	facts := []mail.Fact{{Label: "Référence", Value: d.Reference}, {Label: "Identifiant", Value: acc.Username}}
	if m.Promise != nil {
		at, err := m.Promise(r, d.ConfirmedAt.In(m.Now().Location()))
		if err != nil {
			return mail.Body{}, err
		}
		facts = append(facts, mail.Fact{Label: "Activation au plus tard", Value: inWords(at)})
	}
	return mail.Body{
		ToName: who.Full(), Subject: "Votre demande d’espace est chez un agent", Greeting: "Bonjour " + who.Formal() + ",",
		Paragraphs: []string{"Votre adresse e-mail est confirmée. Un agent vérifie votre demande et active votre espace.",
			"En attendant, vous pouvez vous connecter, compléter votre profil et vos coordonnées. Les documents se donnent au guichet ou par courriel."},
		Facts:  facts,
		Button: mail.Button{Label: "Me connecter", URL: m.URL("/connexion")},
	}, nil
}
