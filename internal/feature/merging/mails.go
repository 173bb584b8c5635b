package merging

import (
	"context"
	"errors"
	"slices"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// The mails of this package. They name nobody: should the agent be wrong, neither side learns who the other is.
const (
	MailDone   = "merging.done"
	MailClosed = "merging.closed" // to the owner of the account that does not stay
	MailUndone = "merging.undone"
)

// MailDeps is what rendering needs: URL makes an address of a path of the portal.
type MailDeps struct {
	URL func(path string) string
}

// Mails are the mails of this package.
func Mails(d MailDeps) []mail.Template {
	return []mail.Template{
		{Name: MailDone, Render: d.render(doneWords, false), Label: "Deux dossiers réunis", Specimen: mail.Example(d.specimen(doneWords))},
		{Name: MailClosed, Render: d.render(closedWords, false), Label: "Deux dossiers réunis, second espace fermé", Specimen: mail.Example(d.specimen(closedWords))},
		{Name: MailUndone, Render: d.render(undoneWords, true), Label: "Deux dossiers séparés de nouveau", Specimen: mail.Example(d.specimen(undoneWords))},
	}
}

func doneWords(d MailDeps, b mail.Body, _ string) mail.Body {
	b.Subject = "La mairie a réuni deux dossiers"
	b.Paragraphs = []string{"Un agent de la mairie a constaté que deux dossiers vous concernaient, vous ou votre famille. Ils n’en font plus qu’un : ce qui était dans l’un et dans l’autre est maintenant au même endroit."}
	b.Button = mail.Button{Label: "Vérifier mon dossier", URL: d.URL("/espace/famille")}
	b.Closing = append([]string{"Un nom, un enfant ou une réservation que vous ne connaissez pas s’affiche ? Prévenez-nous aussitôt : cela peut être défait."}, b.Closing...)
	return b
}

func closedWords(d MailDeps, b mail.Body, username string) mail.Body {
	b.Subject = "Un de vos deux espaces est fermé"
	b.Paragraphs = []string{"Un agent de la mairie a constaté que vous aviez deux espaces personnels, et les a réunis. Celui dont l’identifiant est « " + username + " » est fermé. Connectez-vous désormais avec l’autre : tout y est."}
	b.Button = mail.Button{Label: "Retrouver mon identifiant", URL: d.URL("/identifiant-oublie")}
	b.Closing = append([]string{"Vous n’aviez qu’un seul espace ? Prévenez-nous aussitôt : cela peut être défait."}, b.Closing...)
	return b
}

func undoneWords(d MailDeps, b mail.Body, _ string) mail.Body {
	b.Subject = "Deux dossiers sont de nouveau séparés"
	b.Paragraphs = []string{"Un agent de la mairie avait réuni votre dossier à un autre. C’est défait : votre espace et votre dossier sont de nouveau comme avant, et l’autre dossier ne se lit plus avec le vôtre."}
	b.Button = mail.Button{Label: "Vérifier mon dossier", URL: d.URL("/espace/famille")}
	b.Closing = append([]string{"Quelque chose manque, ou vous paraît changé ? Appelez-nous."}, b.Closing...)
	return b
}

type words func(d MailDeps, b mail.Body, username string) mail.Body

func (d MailDeps) specimen(say words) mail.Body {
	b := say(d, mail.Body{Greeting: "Bonjour,", Signature: "Enfance"}, "{identifiant}")
	b.Values = map[string]string{"identifiant": "camille.martin"}
	return b
}

func (d MailDeps) render(say words, undone bool) func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
	return func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
		m, err := ByID(r, ID(args["merge"]))
		if err != nil {
			return mail.Body{}, drop(err)
		}
		if undone != (m.UndoneAt != 0) {
			return mail.Body{}, mail.ErrDrop
		}
		acc, err := account.ByID(r, account.ID(args["account"]))
		if err != nil {
			return mail.Body{}, drop(err)
		}
		s, err := town.ReadSettings(r)
		help := s.Help()
		b := mail.Body{Greeting: "Bonjour,", Signature: help.Name, Values: map[string]string{"identifiant": acc.Username}}
		if help.Phone != "" {
			b.Closing = []string{"Une question ? " + help.Name + " : " + help.Phone + "."}
		}
		return say(d, b, acc.Username), err
	}
}

func drop(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return errors.Join(mail.ErrDrop, err)
	}
	return err
}

// recipients are the accounts in use of both sides: of the two people, or of those who head the families of two
// children or the two families.
func recipients(r db.Reader, now time.Time, u person.Union) ([]account.Account, error) {
	people := []person.ID{person.ID(u.Keep), person.ID(u.Gone)}
	child := false
	var err error
	if u.Of == person.OneHuman {
		if child, err = eitherChild(r, u); err != nil {
			return nil, err
		}
	}
	if child || u.Of == person.OneHome {
		people = nil
		homes, err := homesOf(r, u)
		if err != nil {
			return nil, err
		}
		for _, id := range homes {
			heads, err := family.HeadsOf(r, id, civil.DateOf(now))
			if err != nil {
				return nil, err
			}
			for _, who := range heads {
				if !slices.Contains(people, who) {
					people = append(people, who)
				}
			}
		}
	}
	accounts, err := account.OfPeople(r, people...)
	var all []account.Account
	for _, who := range people {
		if acc := accounts[who]; acc.State == account.Active && acc.Email != "" {
			all = append(all, acc)
		}
	}
	return all, err
}

func eitherChild(r db.Reader, u person.Union) (bool, error) {
	for _, id := range []string{u.Keep, u.Gone} {
		if is, err := family.IsChild(r, person.ID(id)); err != nil || is {
			return is, err
		}
	}
	return false, nil
}

// tellMerged writes to both sides; an account that was closed gets its own words.
func tellMerged(tx *db.Tx, now time.Time, id ID, to []account.Account) error {
	for _, acc := range to {
		after, err := account.ByID(tx, acc.ID)
		if err != nil {
			return err
		}
		template := MailDone
		if after.State == account.Closed {
			template = MailClosed
		}
		if err := send(tx, now, template, id, acc); err != nil {
			return err
		}
	}
	return nil
}

func tellApart(tx *db.Tx, now time.Time, id ID, to []account.Account) error {
	for _, acc := range to {
		if err := send(tx, now, MailUndone, id, acc); err != nil {
			return err
		}
	}
	return nil
}

func send(tx *db.Tx, now time.Time, template string, id ID, acc account.Account) error {
	_, err := mail.Enqueue(tx, now, mail.Message{Template: template, To: acc.Email, Account: string(acc.ID),
		Args: map[string]string{"merge": string(id), "account": string(acc.ID)}})
	return err
}
