package admission

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

// MailDeps is what rendering this package's mails needs. URL makes an address of a path of the portal.
type MailDeps struct {
	Key *crypt.Key
	Now func() time.Time
	URL func(path string) string
}

// Mails are the mails of this package.
func Mails(d MailDeps) []mail.Template {
	return []mail.Template{{Name: MailLink, Render: d.activation, Label: "Activation d’un espace repris", Specimen: d.specimen}}
}

// specimen is the mail with {names} in the place of what is proper to somebody. No real password is in it.
func (d MailDeps) specimen(r db.Reader) (mail.Body, error) {
	s, err := town.ReadSettings(r)
	b := body(s, person.Person{FirstNames: "Camille", LastName: "Martin"}, "camille.martin", "EXEMPLE123", d.URL("/exemple"), civil.DateOf(d.Now()).AddDays(14))
	b.Closing[0] = lastsUntil("{date limite}")
	return b, err
}

func lastsUntil(day string) string {
	return "Le mot de passe provisoire ne sert qu’une fois, jusqu’au " + day + ". Vous en choisirez un personnel à la première connexion."
}

func drop(err error) error {
	if err == nil || fault.KindOf(err) == fault.Unknown {
		return err
	}
	return errors.Join(mail.ErrDrop, err)
}

func (d MailDeps) activation(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	v, err := ByID(r, ID(args["activation"]))
	if err != nil {
		return mail.Body{}, drop(err)
	}
	acc, err := account.ByID(r, v.Account)
	if err != nil {
		return mail.Body{}, drop(err)
	}
	if acc.State != account.Unclaimed || !v.Alive(civil.InstantOf(d.Now())) {
		return mail.Body{}, mail.ErrDrop
	}
	p, err := person.ByID(r, acc.Person)
	if err != nil {
		return mail.Body{}, drop(err)
	}
	s, err := town.ReadSettings(r)
	if err != nil {
		return mail.Body{}, err
	}
	until := civil.DateOf(v.ExpiresAt.In(d.Now().Location()))
	return body(s, p, acc.Username, crypt.ProvisionalPassword(d.Key, string(v.ID)), d.URL("/activation/"+linkSecret(d.Key, v.ID)), until), nil
}

// body is the activation mail; a preview gives it a specimen for password.
func body(s town.Settings, p person.Person, username, password, link string, until civil.Date) mail.Body {
	help := s.Help()
	closing := []string{lastsUntil(until.Long())}
	if help.Phone != "" {
		closing = append(closing, "Une question ? "+help.Name+" : "+help.Phone+".")
	}
	old := "l’ancien portail famille"
	if s.OldPortal != "" {
		old = s.OldPortal
	}
	return mail.Body{
		ToName: p.Full(), Subject: "Votre espace personnel est prêt : activez-le", Greeting: "Bonjour " + p.Formal() + ",",
		Paragraphs: []string{"Un espace personnel vous attend sur " + s.SpaceName() + ". Il remplace " + old + " ; chaque parent a maintenant le sien. " +
			"Vos inscriptions et vos réservations y sont déjà."},
		Facts:   []mail.Fact{{Label: "Identifiant", Value: username}, {Label: "Mot de passe provisoire", Value: password}},
		Button:  mail.Button{Label: "Activer mon espace", URL: link},
		Closing: closing, Signature: help.Name, Values: map[string]string{"date limite": until.Long()},
	}
}
