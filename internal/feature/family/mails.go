package family

import (
	"context"
	"errors"

	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/mail"
	"parvis/internal/feature/person"
)

// The mails of this package, to whoever asked for a member.
const (
	MailApproved = "family.member.approved"
	MailRefused  = "family.member.refused"
	MailByAgent  = "family.member.by-agent"   // to those who head the family: an agent added somebody
	MailCounter  = "family.counter"           // to those who head the family: an agent changed something in its name
	MailJoined   = "family.coholder.approved" // to a co-holder whom an agent approved
	MailTurned   = "family.coholder.refused"  // to one whom an agent refused
)

// MailDeps is what rendering needs: URL makes an address of a path of the portal.
type MailDeps struct {
	URL func(path string) string
}

// Mails are the mails of this package.
func Mails(deps MailDeps) []mail.Template {
	return []mail.Template{
		{Name: MailApproved, Render: deps.approved, Label: "Membre de famille accepté", Specimen: mail.Example(deps.specimen(approvedWords))},
		{Name: MailRefused, Render: deps.refused, Label: "Membre de famille refusé", Specimen: mail.Example(deps.specimen(refusedWords))},
		{Name: MailByAgent, Render: deps.byAgent, Label: "Dossier modifié par un agent", Specimen: mail.Example(deps.specimen(byAgentWords))},
		{Name: MailCounter, Render: deps.counter, Label: "Dossier modifié au guichet", Specimen: mail.Example(deps.counterBody(counterAct{Did: didSchool,
			Who: person.Person{FirstNames: "Adèle", LastName: "Martin"}}))},
		{Name: MailJoined, Render: deps.joined, Label: "Co-représentant accepté", Specimen: mail.Example(deps.joinedBody("Thomas Nguyễn", "Enfance"))},
		{Name: MailTurned, Render: deps.turned, Label: "Co-représentant refusé", Specimen: mail.Example(deps.turnedBody("Thomas Nguyễn", "Enfance"))},
	}
}

// memberWords are what the mails about a member say of it; a town's own words may name them too.
type memberWords struct{ member, by, role, collect, reason string }

func (m asked) words() memberWords {
	w := memberWords{member: m.full(), by: m.by(), role: french.Lower(m.Role.Label()), reason: m.Reason}
	if m.Role == Contact {
		w.collect = collects(m.MayCollect)
	}
	return w
}

func (w memberWords) values() map[string]string {
	return map[string]string{"membre": w.member, "service": w.by, "rôle": w.role, "motif": w.reason, "retrait": w.collect}
}

func approvedWords(body mail.Body, w memberWords) mail.Body {
	body.Subject = w.member + " fait partie de votre famille"
	body.Paragraphs = []string{w.by + " a vérifié votre demande\u00a0: votre famille compte maintenant " + w.member + ", comme " + w.role + "."}
	if w.collect != "" {
		body.Paragraphs = append(body.Paragraphs, w.collect)
	}
	return body
}

func refusedWords(body mail.Body, w memberWords) mail.Body {
	body.Subject = "Votre demande pour " + w.member + " n’est pas acceptée"
	body.Paragraphs = []string{w.by + " n’a pas ajouté " + w.member + " à votre famille. Motif\u00a0: " + w.reason,
		"Vous pouvez corriger et faire une nouvelle demande depuis la page Ma famille."}
	return body
}

// specimen is a mail with {names} in the place of what is proper to a family.
func (d MailDeps) specimen(words func(mail.Body, memberWords) mail.Body) mail.Body {
	body := d.frame("Camille Martin", "Enfance")
	body.Values = memberWords{member: "Jeanne Prévost", by: "Le service Enfance", role: "contact", collect: collects(true), reason: "le nom ne correspond pas à la pièce jointe"}.values()
	return words(body, memberWords{member: "{membre}", by: "{service}", role: "{rôle}", collect: "{retrait}", reason: "{motif}"})
}

func (d MailDeps) frame(to, service string) mail.Body {
	return mail.Body{ToName: to, Greeting: "Bonjour " + to + ",", Button: mail.Button{Label: "Voir ma famille", URL: d.URL("/espace/famille")}, Signature: service}
}

func (d MailDeps) approved(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	m, body, err := d.answer(r, args["member"], Approved)
	return approvedWords(body, m.words()), err
}

func (d MailDeps) refused(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	m, body, err := d.answer(r, args["member"], Refused)
	return refusedWords(body, m.words()), err
}

func byAgentWords(body mail.Body, w memberWords) mail.Body {
	body.Subject = "Votre dossier a été modifié par un agent"
	body.Greeting = "Bonjour,"
	body.ToName = ""
	body.Paragraphs = []string{"Un agent de la mairie a ajouté " + w.member + " à votre dossier, comme " + w.role + "."}
	if w.collect != "" {
		body.Paragraphs = append(body.Paragraphs, w.collect)
	}
	body.Closing = []string{"Vous ne l’avez pas demandé ? Prévenez la mairie sans attendre."}
	return body
}

func (d MailDeps) byAgent(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	m, body, err := d.answer(r, args["member"], Approved)
	return byAgentWords(body, m.words()), err
}

func (d MailDeps) answer(r db.Reader, id string, want State) (asked, mail.Body, error) {
	m, err := memberByID(r, MemberID(id))
	if fault.KindOf(err) == fault.NotFound || err == nil && m.State != want {
		err = errors.Join(mail.ErrDrop, err)
	}
	body := d.frame(m.asker(), m.ServiceIn)
	body.Values = m.words().values()
	return m, body, err
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
