package family

import (
	"context"
	"errors"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
)

// says tells what was done: the fact, without the values.
func (x counterAct) says() string {
	who := x.Who.Full()
	switch x.Did {
	case didContact:
		return "les coordonnées de " + who + " ont été modifiées."
	case didEmail:
		return "les coordonnées et l’adresse e-mail de " + who + " ont été modifiées."
	case didMember, didChild:
		return "le dossier compte maintenant " + who + x.now() + "."
	case didHome:
		return who + " est connu aussi dans un autre foyer."
	case didPlace:
		return "la place de " + who + " dans votre famille a été modifiée" + x.now() + "."
	case didEnd:
		return who + " ne fait plus partie du dossier."
	}
	return "l’école, le niveau ou la classe de " + who + " ont été modifiés."
}

// event is an act as agents read it in the file.
func (x counterAct) event(zone *time.Location) web.Event {
	e := web.Event{Title: french.Upper(x.says()), When: civil.Stamp(x.At.In(zone))}
	if name := x.Agent.Full(); name != "" {
		e.Detail = "par " + name
	}
	if x.Note != "" {
		e.Detail = commas(e.Detail, "« "+x.Note+" »")
	}
	return e
}

// now is ": co-représentant, père", of a place that stands.
func (x counterAct) now() string {
	if x.Role == "" {
		return ""
	}
	line := "\u00a0: " + commas(french.Lower(x.Role.Label()), french.Lower(x.Relation))
	if x.Role == Contact {
		line += map[bool]string{true: ", peut venir chercher les enfants", false: ", ne peut pas venir chercher les enfants"}[x.Collects]
	}
	return line
}

func (d MailDeps) counterBody(x counterAct) mail.Body {
	body := d.frame("", "")
	body.Greeting, body.Subject = "Bonjour,", "Votre dossier a été modifié par un agent"
	body.Paragraphs = []string{"Un agent de la mairie a agi pour votre famille, au guichet ou au téléphone\u00a0: " + x.says()}
	body.Closing = []string{"Vous ne l’avez pas demandé ? Prévenez la mairie sans attendre."}
	return body
}

func (d MailDeps) counter(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	x, err := actByID(r, args["act"])
	if fault.KindOf(err) == fault.NotFound {
		err = errors.Join(mail.ErrDrop, err)
	}
	return d.counterBody(x), err
}

func (d MailDeps) joinedBody(to, service string) mail.Body {
	body := d.frame(to, service)
	body.Subject = "Vous représentez maintenant la famille"
	body.Paragraphs = []string{"La mairie a vérifié votre place dans la famille. Votre espace montre maintenant ses enfants, leur agenda et les factures."}
	return body
}

func (d MailDeps) turnedBody(to, service string) mail.Body {
	body := d.frame(to, service)
	body.Subject = "Votre place dans la famille n’est pas acceptée"
	body.Paragraphs = []string{"La mairie a vérifié votre demande. Elle ne vous ouvre pas le dossier de cette famille."}
	body.Closing = []string{"Vous ne comprenez pas cette réponse ? Appelez la mairie."}
	body.Button = mail.Button{}
	return body
}

func (d MailDeps) joined(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	m, _, err := d.answer(r, args["member"], Approved)
	return d.joinedBody(m.full(), m.ServiceIn), err
}

func (d MailDeps) turned(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	m, _, err := d.answer(r, args["member"], Refused)
	return d.turnedBody(m.full(), m.ServiceIn), err
}
