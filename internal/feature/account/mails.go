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
	MailForgotten        = "account.forgotten"
	MailIdentifiers      = "account.identifiers"
	MailClaimed          = "account.claimed"
	MailPasswordChanged  = "account.password.changed"
	MailUsernameChanged  = "account.username.changed"
	MailSecondAdded      = "account.second.added"
	MailSecondRemoved    = "account.second.removed"
	MailPasskeyAdded     = "account.passkey.added"
	MailPasskeyRemoved   = "account.passkey.removed"
	MailPasskeyStopped   = "account.passkey.stopped"
	MailIdentityLinked   = "account.identity.linked"
	MailIdentityUnlinked = "account.identity.unlinked"
	MailInvitation       = "account.invitation"
)

// MailDeps is what rendering this package's mails needs. URL makes an address of a path of the portal.
type MailDeps struct {
	Key *crypt.Key
	Now func() time.Time
	URL func(path string) string
}

// Mails are the mails of this package.
func Mails(d MailDeps) []mail.Template {
	who, link := example(), d.URL("/exemple")
	return []mail.Template{
		{Name: MailForgotten, Render: d.forgotten, Label: "Mot de passe oublié", Specimen: mail.Example(forgottenBody(who, "camille.martin", link))},
		{Name: MailIdentifiers, Render: d.identifiers, Label: "Identifiant oublié",
			Specimen: mail.Example(identifiersBody([]mail.Fact{{Label: who.Full(), Value: "camille.martin"}}, link))},
		{Name: MailInvitation, Render: d.invitation, Label: "Invitation d’un agent", Specimen: mail.Example(invitationBody(who, "camille.martin", link))},
		d.notice(MailClaimed, "Espace ouvert par son titulaire", "Votre espace personnel est ouvert",
			"Vous avez choisi votre mot de passe : votre espace personnel est ouvert. Le mot de passe provisoire ne sert plus."),
		d.notice(MailPasswordChanged, "Mot de passe changé", "Votre mot de passe a changé",
			"Le mot de passe de votre espace a été changé. Vos autres appareils ont été déconnectés."),
		d.notice(MailUsernameChanged, "Nom d’utilisateur changé", "Votre nom d’utilisateur a changé",
			"Le nom d’utilisateur de votre espace a été changé. Vos autres appareils ont été déconnectés."),
		d.notice(MailSecondAdded, "Double authentification ajoutée", "La double authentification est active",
			"Un code sera demandé après votre mot de passe à chaque connexion."),
		d.notice(MailSecondRemoved, "Double authentification retirée", "La double authentification est retirée",
			"Le mot de passe suffit de nouveau pour ouvrir votre espace."),
		d.notice(MailIdentityLinked, "FranceConnect ou ProConnect relié", "Un compte extérieur ouvre votre espace",
			"FranceConnect ou ProConnect a été relié à votre espace et permet d’y entrer. Ce lien se retire dans « Identifiants »."),
		d.notice(MailIdentityUnlinked, "FranceConnect ou ProConnect retiré", "Le lien avec un compte extérieur est retiré",
			"FranceConnect ou ProConnect n’ouvre plus votre espace. Votre identifiant et votre mot de passe fonctionnent toujours."),
		d.notice(MailPasskeyAdded, "Clé d’accès ajoutée", "Une clé d’accès est ajoutée à votre espace",
			"Un appareil peut maintenant ouvrir votre espace sans mot de passe, avec une clé d’accès."),
		d.notice(MailPasskeyRemoved, "Clé d’accès retirée", "Une clé d’accès est retirée de votre espace",
			"Une clé d’accès n’ouvre plus votre espace. Le mot de passe reste possible."),
		d.notice(MailPasskeyStopped, "Clé d’accès arrêtée", "Une clé d’accès est arrêtée",
			"Une clé d’accès de votre espace a été présentée comme le ferait une copie. Elle a été refusée et n’ouvre plus rien. Retirez-la de vos identifiants, puis ajoutez-en une autre."),
	}
}

// example is the person of the specimens that agents see.
func example() person.Person { return person.Person{FirstNames: "Camille", LastName: "Martin"} }

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
	return forgottenBody(p, acc.Username, d.URL("/mot-de-passe-oublie/"+tokenSecret(d.Key, args["token"]))), nil
}

func forgottenBody(p person.Person, username, link string) mail.Body {
	return mail.Body{
		ToName: p.Full(), Subject: "Choisissez un nouveau mot de passe", Greeting: "Bonjour " + p.Formal() + ",",
		Paragraphs: []string{"Un nouveau mot de passe a été demandé pour votre espace personnel. Le lien ci-dessous fonctionne 30 minutes, une seule fois."},
		Facts:      []mail.Fact{{Label: "Identifiant", Value: username}},
		Button:     mail.Button{Label: "Choisir un mot de passe", URL: link},
		Closing:    []string{"Vous n’avez rien demandé ? Ne faites rien : votre mot de passe reste le même."},
	}
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
	return identifiersBody(facts, d.URL("/connexion")), nil
}

func identifiersBody(facts []mail.Fact, link string) mail.Body {
	return mail.Body{
		Subject: "Votre identifiant", Greeting: "Bonjour,",
		Paragraphs: []string{"Voici l’identifiant de chaque espace personnel qui utilise cette adresse."},
		Facts:      facts,
		Button:     mail.Button{Label: "Aller à la connexion", URL: link},
		Closing:    []string{"Vous n’avez rien demandé ? Ne faites rien."},
	}
}

func (d MailDeps) invitation(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	acc, p, err := owner(r, args["account"])
	if err != nil {
		return mail.Body{}, err
	}
	if err := d.living(r, args["token"]); err != nil {
		return mail.Body{}, err
	}
	return invitationBody(p, acc.Username, d.URL(invitationPath(d.Key, args["token"]))), nil
}

func invitationBody(p person.Person, username, link string) mail.Body {
	return mail.Body{
		ToName: p.Full(), Subject: "Ouvrez votre accès à l’espace agents", Greeting: "Bonjour " + p.Full() + ",",
		Paragraphs: []string{"Un accès à l’espace agents vous est donné. Choisissez votre mot de passe et enregistrez une application de codes sur votre téléphone.",
			"Le lien fonctionne 24 heures, une seule fois."},
		Facts:  []mail.Fact{{Label: "Identifiant", Value: username}},
		Button: mail.Button{Label: "Ouvrir mon accès", URL: link},
	}
}

// notice is a mail that tells a change and what to do when it is not one's own.
func (d MailDeps) notice(name, label, subject, fact string) mail.Template {
	render := func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
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
		return noticeBody(settings, p, acc.Username, civil.Stamp(civil.Instant(at).In(d.Now().Location())), subject, fact), nil
	}
	return mail.Template{Name: name, Label: label, Render: render, Specimen: func(r db.Reader) (mail.Body, error) {
		settings, err := town.ReadSettings(r)
		return noticeBody(settings, example(), "camille.martin", civil.Stamp(d.Now()), subject, fact), err
	}}
}

func noticeBody(settings town.Settings, p person.Person, username, at, subject, fact string) mail.Body {
	alarm := "Sinon, choisissez aussitôt un nouveau mot de passe avec « J’ai oublié mon mot de passe », et prévenez la mairie"
	if phone := settings.Help().Phone; phone != "" {
		alarm += " au " + phone
	}
	return mail.Body{
		ToName: p.Full(), Subject: subject, Greeting: "Bonjour " + p.Formal() + ",",
		Paragraphs: []string{fact},
		Facts:      []mail.Fact{{Label: "Identifiant", Value: username}, {Label: "Le", Value: at}},
		Closing:    []string{"Si cela vient de vous, vous n’avez rien à faire. " + alarm + "."},
	}
}
