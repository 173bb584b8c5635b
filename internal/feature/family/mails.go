package family

import (
	"context"
	"errors"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
)

// The mails of this package, to whoever asked for a member.
const (
	MailApproved = "family.member.approved"
	MailRefused  = "family.member.refused"
)

// MailDeps is what rendering needs: URL makes an address of a path of the portal.
type MailDeps struct {
	URL func(path string) string
}

// Mails are the mails of this package.
func Mails(deps MailDeps) []mail.Template {
	return []mail.Template{
		{Name: MailApproved, Render: deps.approved},
		{Name: MailRefused, Render: deps.refused},
	}
}

func (d MailDeps) approved(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	m, body, err := d.answer(r, args["member"], Approved)
	body.Subject = m.full() + " fait partie de votre famille"
	body.Paragraphs = []string{m.by() + " a vérifié votre demande\u00a0: " + "votre famille compte maintenant " + m.full() + ", comme " + lowerFirst(m.Role.Label()) + "."}
	if m.Role == Contact {
		body.Paragraphs = append(body.Paragraphs, collects(m.MayCollect))
	}
	return body, err
}

func (d MailDeps) refused(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	m, body, err := d.answer(r, args["member"], Refused)
	body.Subject = "Votre demande pour " + m.full() + " n’est pas acceptée"
	body.Paragraphs = []string{m.by() + " n’a pas ajouté " + m.full() + " à votre famille. Motif\u00a0: " + m.Reason,
		"Vous pouvez corriger et faire une nouvelle demande depuis la page Ma famille."}
	return body, err
}

func (d MailDeps) answer(r db.Reader, id string, want State) (asked, mail.Body, error) {
	m, err := memberByID(r, MemberID(id))
	if fault.KindOf(err) == fault.NotFound || err == nil && m.State != want {
		err = errors.Join(mail.ErrDrop, err)
	}
	return m, mail.Body{ToName: m.asker(), Greeting: "Bonjour " + m.asker() + ",",
		Button: mail.Button{Label: "Voir ma famille", URL: d.URL("/espace/famille")}, Signature: m.ServiceIn}, err
}

func (m asked) by() string {
	if m.ServiceIn == "" {
		return "La mairie"
	}
	return "Le service " + m.ServiceIn
}

func collects(may bool) string {
	if may {
		return "Cette personne peut venir chercher vos enfants."
	}
	return "Cette personne ne peut pas venir chercher vos enfants."
}
