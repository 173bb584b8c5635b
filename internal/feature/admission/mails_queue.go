package admission

import (
	"context"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// The mails of the queue. Their one argument is the decision.
const (
	MailActivated      = "admission.activated"
	MailCorrection     = "admission.correction"
	MailRefused        = "admission.refused"
	MailAlready        = "admission.already"
	MailLinked         = "admission.linked"          // to the address that a linked person had before
	MailUnlinked       = "admission.unlinked"        // to the newcomer
	MailUnlinkedFamily = "admission.unlinked.family" // to the family
)

// QueueMails are the mails of the activation queue.
func QueueMails(d MailDeps) []mail.Template {
	return []mail.Template{
		{Name: MailActivated, Render: d.decided(func(l letter) mail.Body {
			text := "Un agent de la mairie a activé votre espace personnel. Vous y lisez votre dossier, votre agenda et vos factures, et vous y tenez à jour vos coordonnées et votre famille."
			if l.decision.Kind == Linked {
				text = "Un agent de la mairie a activé votre espace personnel et retrouvé le dossier que la mairie avait déjà à votre nom : vos enfants, vos inscriptions et vos réservations y sont."
			}
			if l.decision.Kind == Entered {
				text = "Un agent de la mairie a activé votre espace personnel et l’a relié à une famille que la mairie connaît : vous la représentez, et vous y voyez ses enfants, leur agenda et les factures."
			}
			return mail.Body{Subject: "Votre espace personnel est activé", Paragraphs: []string{text},
				Facts:   []mail.Fact{{Label: "Identifiant", Value: l.account.Username}},
				Button:  mail.Button{Label: "Ouvrir mon espace", URL: d.URL("/espace")},
				Closing: l.closing("Un enfant ou un nom que vous ne connaissez pas s’affiche ? Prévenez-nous aussitôt.")}
		}, account.Active)},
		{Name: MailCorrection, Render: d.decided(func(l letter) mail.Body {
			var facts []mail.Fact
			for _, f := range AskedFields() {
				for _, key := range l.decision.Fields {
					if key == f.Key {
						facts = append(facts, mail.Fact{Label: "À corriger", Value: f.Label})
					}
				}
			}
			b := mail.Body{Subject: "Votre demande est à compléter", Facts: facts,
				Paragraphs: []string{"Un agent de la mairie a lu votre demande d’espace personnel. Il a besoin d’une précision avant de l’activer."},
				Button:     mail.Button{Label: "Compléter ma demande", URL: d.URL("/espace")}, Closing: l.closing("")}
			return l.quoting(b)
		}, account.Correction)},
		{Name: MailRefused, Render: d.decided(func(l letter) mail.Body {
			b := mail.Body{Subject: "Votre demande d’espace personnel n’est pas acceptée",
				Paragraphs: []string{"Un agent de la mairie a lu votre demande. Elle n’est pas acceptée."}, Closing: l.closing("")}
			return l.quoting(b)
		}, account.Refused)},
		{Name: MailAlready, Render: d.decided(func(l letter) mail.Body {
			return mail.Body{Subject: "Vous avez déjà un espace personnel",
				Paragraphs: []string{"Votre demande d’un nouvel espace n’est pas retenue : vous en avez déjà un. Vos inscriptions et vos réservations y sont."},
				Button:     mail.Button{Label: "Retrouver mon accès", URL: d.URL("/mot-de-passe-oublie")},
				Closing:    l.closing("Votre adresse e-mail a changé ? Appelez-nous : un agent la corrige avec vous.")}
		}, account.Refused)},
		{Name: MailLinked, Render: d.aside("Votre adresse e-mail a été remplacée",
			"Un espace personnel vient d’être ouvert à votre nom avec une autre adresse e-mail. La mairie écrit désormais à cette nouvelle adresse.",
			"Si cela ne vient pas de vous, prévenez-nous aussitôt.", false)},
		{Name: MailUnlinked, Render: d.aside("Votre espace attend une nouvelle vérification",
			"Votre espace avait été rattaché par erreur au dossier d’une autre personne ou d’une autre famille. Ce rattachement est annulé : votre demande est de nouveau examinée par un agent.",
			"Ce que vous aviez pu lire de cette famille ne vous concernait pas.", true)},
		{Name: MailUnlinkedFamily, Render: d.aside("Un rattachement à votre dossier est annulé",
			"L’espace d’une autre personne avait été rattaché par erreur à votre dossier. La mairie l’a annulé : cette personne n’y lit plus rien.",
			"Quelque chose vous paraît changé dans votre dossier ou votre agenda ? Appelez-nous.", true)},
	}
}

// letter is what a mail about a decision needs.
type letter struct {
	decision Decision
	account  account.Account
	person   person.Person
	help     town.Service
}

func (l letter) closing(first string) []string {
	var all []string
	if first != "" {
		all = append(all, first)
	}
	if l.help.Phone != "" {
		all = append(all, "Une question ? "+l.help.Name+" : "+l.help.Phone+".")
	}
	return all
}

// quoting adds what the agent wrote.
func (l letter) quoting(b mail.Body) mail.Body {
	if l.decision.Message != "" {
		b.Paragraphs = append(b.Paragraphs, "« "+l.decision.Message+" »")
	}
	return b
}

func (d MailDeps) letter(r db.Reader, args map[string]string) (letter, error) {
	var l letter
	var err error
	if l.decision, err = decisionByID(r, DecisionID(args["decision"])); err != nil {
		return l, drop(err)
	}
	if l.account, err = account.ByID(r, l.decision.Account); err != nil {
		return l, drop(err)
	}
	if l.person, err = person.ByID(r, l.decision.Person); err != nil {
		return l, drop(err)
	}
	s, err := town.ReadSettings(r)
	l.help = s.Help()
	return l, err
}

// decided renders a mail to the owner, unless the account is no longer in the state that it tells.
func (d MailDeps) decided(body func(letter) mail.Body, state account.State) func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
	return func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
		l, err := d.letter(r, args)
		if err != nil {
			return mail.Body{}, err
		}
		if l.account.State != state || l.decision.UndoneAt != 0 {
			return mail.Body{}, mail.ErrDrop
		}
		b := body(l)
		b.ToName, b.Greeting, b.Signature = l.person.Full(), "Bonjour "+l.person.Formal()+",", l.help.Name
		return b, nil
	}
}

// aside renders a mail about a link, without the name of the other side.
func (d MailDeps) aside(subject, text, closing string, undone bool) func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
	return func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
		l, err := d.letter(r, args)
		if err != nil {
			return mail.Body{}, err
		}
		if undone != (l.decision.UndoneAt != 0) {
			return mail.Body{}, mail.ErrDrop
		}
		return mail.Body{Subject: subject, Greeting: "Bonjour,", Paragraphs: []string{text}, Closing: l.closing(closing), Signature: l.help.Name}, nil
	}
}
