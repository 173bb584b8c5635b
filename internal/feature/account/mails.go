package account

import (
	"context"
	"errors"
	"strconv"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// The mails of this package.
const (
	MailForgotten       = "account.forgotten"
	MailIdentifiers     = "account.identifiers"
	MailClaimed         = "account.claimed"
	MailPasswordChanged = "account.password.changed"
	MailUsernameChanged = "account.username.changed"
	MailSecondAdded     = "account.second.added"
	MailSecondRemoved   = "account.second.removed"
	MailInvitation      = "account.invitation"
)

// MailDeps is what rendering this package's mails needs. URL makes an address of a path of the portal.
type MailDeps struct {
	Key *crypt.Key
	Now func() time.Time
	URL func(path string) string
}

// Mails are the mails of this package.
func Mails(d MailDeps) []mail.Template {
	return []mail.Template{
		{Name: MailForgotten, Render: d.forgotten},
		{Name: MailIdentifiers, Render: d.identifiers},
		{Name: MailInvitation, Render: d.invitation},
		{Name: MailClaimed, Render: d.notice("Votre espace personnel est ouvert",
			"Vous avez choisi votre mot de passe : votre espace personnel est ouvert. Le mot de passe provisoire ne sert plus.")},
		{Name: MailPasswordChanged, Render: d.notice("Votre mot de passe a changé",
			"Le mot de passe de votre espace a été changé. Vos autres appareils ont été déconnectés.")},
		{Name: MailUsernameChanged, Render: d.notice("Votre nom d’utilisateur a changé",
			"Le nom d’utilisateur de votre espace a été changé. Vos autres appareils ont été déconnectés.")},
		{Name: MailSecondAdded, Render: d.notice("La double authentification est active",
			"Un code sera demandé après votre mot de passe à chaque connexion.")},
		{Name: MailSecondRemoved, Render: d.notice("La double authentification est retirée",
			"Le mot de passe suffit de nouveau pour ouvrir votre espace.")},
	}
}

// owner reads what every mail needs: the account and its person. An account that is gone drops the mail.
func owner(r db.Reader, id string) (Account, person.Person, error) {
	acc, err := ByID(r, ID(id))
	if err != nil {
		return Account{}, person.Person{}, drop(err)
	}
	if acc.State == Closed {
		return Account{}, person.Person{}, mail.ErrDrop
	}
	p, err := person.ByID(r, acc.Person)
	return acc, p, drop(err)
}

// drop gives up a mail whose object is gone; a fault of the database is tried again.
func drop(err error) error {
	if err == nil || fault.KindOf(err) == fault.Unknown {
		return err
	}
	return errors.Join(mail.ErrDrop, err)
}

func (d MailDeps) forgotten(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	acc, p, err := owner(r, args["account"])
	if err != nil {
		return mail.Body{}, err
	}
	if err := d.living(r, args["token"]); err != nil {
		return mail.Body{}, err
	}
	return mail.Body{
		ToName: p.Full(), Subject: "Choisissez un nouveau mot de passe", Greeting: "Bonjour " + p.Formal() + ",",
		Paragraphs: []string{"Un nouveau mot de passe a été demandé pour votre espace personnel. Le lien ci-dessous fonctionne 30 minutes, une seule fois."},
		Facts:      []mail.Fact{{Label: "Identifiant", Value: acc.Username}},
		Button:     mail.Button{Label: "Choisir un mot de passe", URL: d.URL("/mot-de-passe-oublie/" + tokenSecret(d.Key, args["token"]))},
		Closing:    []string{"Vous n’avez rien demandé ? Ne faites rien : votre mot de passe reste le même."},
	}, nil
}

// living drops a mail whose link is used, replaced or late.
func (d MailDeps) living(r db.Reader, token string) error {
	t, err := tokenByID(r, token)
	if err != nil {
		return drop(err)
	}
	if t.used != 0 || t.expires <= civil.InstantOf(d.Now()) {
		return mail.ErrDrop
	}
	return nil
}

func (d MailDeps) identifiers(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	acc, _, err := owner(r, args["account"])
	if err != nil {
		return mail.Body{}, err
	}
	accounts, err := WithEmail(r, acc.Email)
	if err != nil {
		return mail.Body{}, err
	}
	var facts []mail.Fact
	for _, one := range accounts {
		p, err := person.ByID(r, one.Person)
		if err != nil {
			return mail.Body{}, drop(err)
		}
		facts = append(facts, mail.Fact{Label: p.Full(), Value: one.Username})
	}
	return mail.Body{
		Subject: "Votre identifiant", Greeting: "Bonjour,",
		Paragraphs: []string{"Voici l’identifiant de chaque espace personnel qui utilise cette adresse."},
		Facts:      facts,
		Button:     mail.Button{Label: "Aller à la connexion", URL: d.URL("/connexion")},
		Closing:    []string{"Vous n’avez rien demandé ? Ne faites rien."},
	}, nil
}

func (d MailDeps) invitation(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	acc, p, err := owner(r, args["account"])
	if err != nil {
		return mail.Body{}, err
	}
	if err := d.living(r, args["token"]); err != nil {
		return mail.Body{}, err
	}
	return mail.Body{
		ToName: p.Full(), Subject: "Ouvrez votre accès à l’espace agents", Greeting: "Bonjour " + p.Full() + ",",
		Paragraphs: []string{"Un accès à l’espace agents vous est donné. Choisissez votre mot de passe et enregistrez une application de codes sur votre téléphone.",
			"Le lien fonctionne 24 heures, une seule fois."},
		Facts:  []mail.Fact{{Label: "Identifiant", Value: acc.Username}},
		Button: mail.Button{Label: "Ouvrir mon accès", URL: d.URL(invitationPath(d.Key, args["token"]))},
	}, nil
}

// notice is a mail that tells a change and what to do when it is not one's own.
func (d MailDeps) notice(subject, fact string) func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
	return func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
		acc, p, err := owner(r, args["account"])
		if err != nil {
			return mail.Body{}, err
		}
		settings, err := town.ReadSettings(r)
		if err != nil {
			return mail.Body{}, err
		}
		at, err := strconv.ParseInt(args["at"], 10, 64)
		if err != nil {
			return mail.Body{}, errors.Join(mail.ErrDrop, err)
		}
		alarm := "Sinon, choisissez aussitôt un nouveau mot de passe avec « J’ai oublié mon mot de passe », et prévenez la mairie"
		if phone := settings.Help().Phone; phone != "" {
			alarm += " au " + phone
		}
		return mail.Body{
			ToName: p.Full(), Subject: subject, Greeting: "Bonjour " + p.Formal() + ",",
			Paragraphs: []string{fact},
			Facts: []mail.Fact{{Label: "Identifiant", Value: acc.Username},
				{Label: "Le", Value: civil.Stamp(civil.Instant(at).In(d.Now().Location()))}},
			Closing: []string{"Si cela vient de vous, vous n’avez rien à faire. " + alarm + "."},
		}, nil
	}
}
