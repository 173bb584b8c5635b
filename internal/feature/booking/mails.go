package booking

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// The mails of this package, to those who head the family.
const (
	MailConfirmed = "booking.confirmed" // what was booked, changed, cancelled or answered, at once
)

// mostTold is how many lines a mail tells; the page has them all.
const mostTold = 12

// MailDeps is what rendering needs: URL makes an address of a path of the portal.
type MailDeps struct {
	URL       func(path string) string
	Now       func() time.Time
	Catalogue *activity.Cache
}

// Mails are the mails of this package.
func Mails(deps MailDeps) []mail.Template {
	return append([]mail.Template{
		{Name: MailConfirmed, Render: deps.confirmed, Label: "Réservations enregistrées", Specimen: mail.Example(deps.specimen(confirmedBody))},
	}, deps.listMails()...)
}

// sameMail is what both mails are made of.
type sameMail struct {
	to, by, reference string
	subject           string // "Jérémy et Inès : 3 jours réservés, 1 annulé"
	own               bool   // the addressee did it
	lines             []string
	more              int
	gathered          int  // how many confirmations it tells, when they are several
	summed            bool // the lines say sums of days
}

func (d MailDeps) specimen(of func(MailDeps, sameMail) mail.Body) mail.Body {
	return of(d, sameMail{to: "Camille Martin", by: "{auteur}", reference: "{référence}", subject: "{objet}", lines: []string{"{changements}"}})
}

func confirmedBody(d MailDeps, m sameMail) mail.Body {
	body := d.frame(m)
	body.Subject = m.subject + " (" + m.reference + ")"
	body.Paragraphs = append([]string{m.by + " a enregistré\u00a0:"}, m.told()...)
	if m.own {
		body.Paragraphs[0] = "Vous avez enregistré\u00a0:"
	}
	if m.gathered > 0 {
		body.Subject = m.subject + " (" + strconv.Itoa(m.gathered) + "\u00a0enregistrements)"
		body.Facts = []mail.Fact{{Label: "Enregistrements", Value: strconv.Itoa(m.gathered) + ", depuis " + m.reference}}
		body.Button = mail.Button{Label: "Voir l’agenda", URL: d.URL("/espace/agenda")}
		body.Paragraphs = append(body.Paragraphs, "Un jour changé plusieurs fois est dit une fois, tel que vous l’avez laissé.")
		if !m.own {
			body.Paragraphs[len(body.Paragraphs)-1] = "Un jour changé plusieurs fois est dit une fois, tel que ces enregistrements l’ont laissé."
		}
	}
	return body
}

func answeredBody(d MailDeps, m sameMail) mail.Body {
	body := d.frame(m)
	body.Subject = "Réponse à votre demande hors délai (" + m.reference + ")"
	body.Paragraphs = append([]string{m.by + " a répondu\u00a0:"}, m.told()...)
	return body
}

func (m sameMail) told() []string {
	const where = " dans l’historique des réservations de chaque enfant, depuis son agenda."
	switch {
	case m.more > 0 && m.gathered > 0: // no page has them all
		return append(m.lines, "et "+french.Count(m.more, "autre changement")+", à lire"+where)
	case m.more > 0:
		return append(m.lines, "et "+french.Count(m.more, "autre changement")+", à lire sur la page.")
	case m.summed && m.gathered > 0:
		return append(m.lines, "Jour par jour\u00a0: à lire"+where)
	}
	return m.lines
}

func (d MailDeps) frame(m sameMail) mail.Body {
	return mail.Body{ToName: m.to, Greeting: "Bonjour " + m.to + ",", Facts: []mail.Fact{{Label: "Référence", Value: m.reference}},
		Button:  mail.Button{Label: "Voir le détail", URL: d.URL("/espace/reservations/" + m.reference)},
		Closing: []string{"Vous n’êtes pas à l’origine de ce changement ? Appelez le service."}}
}

// confirmed renders a confirmation for one head of the family: the lines about the children it may act for.
func (d MailDeps) confirmed(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	now := d.Now()
	cat, err := d.Catalogue.In(r, now)
	if err != nil {
		return mail.Body{}, err
	}
	kept, err := family.KeptFrom(r, person.ID(args["person"]), civil.DateOf(now))
	if err != nil {
		return mail.Body{}, err
	}
	answer := false
	references := strings.Fields(args[mail.Parts])
	if len(references) == 0 {
		references = []string{args["reference"]}
	}
	c, err := readConfirmations(r, cat, references, func(p Proof) bool {
		answer = answer || p.Did == DidAccept || p.Did == DidRefuse || p.Did == DidKeepBooking && p.ByAgent || p.cancelGranted()
		return !kept[p.Child] && string(p.Family) == args["family"] && p.Did != DidNone
	})
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return mail.Body{}, errors.Join(mail.ErrDrop, err)
	case err != nil: // tried again
		return mail.Body{}, err
	}
	to, err := person.ByID(r, person.ID(args["person"]))
	if err != nil {
		return mail.Body{}, errors.Join(mail.ErrDrop, err)
	}
	m := sameMail{to: to.Full(), by: c.author(), reference: c.Reference, subject: c.subject(), own: !c.ByAgent && c.Lines[0].ByPerson == args["person"]}
	long := shortened(cat, c.Lines)
	for i, p := range c.Lines {
		if long != nil {
			m.lines, m.summed = long, true
			break
		}
		if i == mostTold {
			m.more = len(c.Lines) - mostTold
			break
		}
		m.lines = append(m.lines, p.Sentence(cat, civil.DateOf(now)))
	}
	if n := len(references); n > 1 {
		m.gathered = n
	}
	body := confirmedBody(d, m)
	if answer {
		body = answeredBody(d, m)
	}
	switch c.Lines[0].Did {
	case DidOffer:
		body = offeredBody(d, m)
	case DidPromote:
		body = promotedBody(d, m)
	case DidGive:
		body = givenBody(d, m)
	case DidLapse, DidExpire:
		body = lapsedBody(d, m)
	}
	if c.Lines[0].followed() {
		body = followedBody(d, m)
	}
	body.Values = map[string]string{"auteur": m.by, "objet": m.subject, "référence": m.reference, "changements": strings.Join(m.told(), " ")}
	return body, nil
}

// subject says whose days changed and how: "Jérémy et Inès : 3 jours réservés, 1 jour annulé".
func (c Confirmation) subject() string {
	var names []string
	counts := map[string]int{}
	for _, p := range c.Lines {
		if !slices.Contains(names, p.ChildName) {
			names = append(names, p.ChildName)
		}
		counts[p.kind()]++
	}
	var facts []string
	for _, kind := range []string{"réservé", "changé", "annulé", "demandé", waitingKind, "refusé"} {
		if n := counts[kind]; n > 0 && kind == waitingKind {
			facts = append(facts, french.Count(n, "jour")+" "+kind)
		} else if n == 1 {
			facts = append(facts, "1\u00a0jour "+kind)
		} else if n > 1 {
			facts = append(facts, french.Count(n, "jour")+" "+kind+"s")
		}
	}
	return family.List(names) + "\u00a0: " + strings.Join(facts, ", ")
}

// kind is what was done, in one word.
func (p Proof) kind() string {
	switch p.Did {
	case DidBook, DidAccept, DidKeepBooking, DidPromote, DidTake, DidGive:
		return "réservé"
	case DidWait, DidOffer:
		return waitingKind
	case DidDecline, DidExpire:
		return "annulé"
	case DidChange:
		return "changé"
	case DidCancel:
		return "annulé"
	case DidAsk, DidAskCancel:
		return "demandé"
	}
	return "refusé"
}

const waitingKind = "en liste d’attente"

// author is who confirmed: an agent has no name for families.
func (c Confirmation) author() string {
	switch {
	case c.ByAgent:
		return "Un agent de la mairie"
	case c.Lines[0].Did.ofList() || c.Lines[0].followed():
		return "La liste d’attente"
	case c.By == "":
		return "Un responsable de la famille"
	}
	return c.By
}

// Sentence says a line: "Jérémy, Restauration scolaire, mardi 24 novembre : réservé. Annulable jusqu’au …".
func (p Proof) Sentence(cat *activity.Catalogue, today civil.Date) string {
	s := p.ChildName + ", " + p.label(cat) + ", " + p.Day.DayMonth() + "\u00a0: " + p.word()
	if p.Did == DidChange {
		s += " (au lieu de " + p.choiceName(cat, activity.ChoiceID(p.wasChoice())) + ")"
	}
	s += "."
	if p.Until != nil && (p.Did == DidBook || p.Did == DidChange || p.Did == DidAccept || p.Did == DidPromote || p.Did == DidTake || p.Did == DidGive) {
		s += " " + untilWords(*p.Until, p.At.In(cat.Zone), today) + "."
	}
	if p.Did == DidOffer && p.Until != nil {
		s += " " + french.Upper(answerBefore(*p.Until, today)) + "."
	}
	switch {
	case p.Why == "":
	case p.ByAgent:
		s += " Motif du service\u00a0: " + noStop(p.Why) + "."
	default:
		s += " " + noStop(p.Why) + "."
	}
	return s
}

// cancelGranted tells that an agent accepted what the family asked too late: to give a day up.
func (p Proof) cancelGranted() bool { return p.Did == DidCancel && p.ByAgent && p.Late }

// word is what was done.
func (p Proof) word() string {
	late := ""
	if p.Late {
		late = ", hors délai"
	}
	switch p.Did {
	case DidBook:
		return "réservé" + late
	case DidChange:
		return "changé" + late
	case DidCancel:
		if strings.HasPrefix(string(p.Was), string(Waiting)) {
			return "liste d’attente quittée"
		}
		if p.cancelGranted() {
			return "demande d’annulation acceptée, jour annulé"
		}
		return "annulé" + late
	case DidWait:
		if p.followed() {
			return "toujours sur la liste d’attente" + late
		}
		return "sur la liste d’attente" + late
	case DidPromote:
		return "place libérée, réservé" + late
	case DidOffer:
		return "place proposée"
	case DidTake:
		return "place acceptée, réservé" + late
	case DidDecline:
		return "place refusée"
	case DidExpire:
		return "place proposée à une autre famille"
	case DidLapse:
		return "liste d’attente terminée"
	case DidGive:
		return "place donnée par le service, réservé" + late
	case DidAsk:
		return "demandé au service, hors délai"
	case DidAskCancel:
		return "annulation demandée au service, hors délai"
	case DidAccept:
		return "demande acceptée"
	case DidRefuse:
		return "demande refusée"
	case DidKeepBooking:
		if !p.ByAgent {
			return "demande d’annulation retirée, la réservation reste"
		}
		return "annulation refusée, la réservation reste"
	}
	return "non fait"
}

// label is the activity with the choice that the line is about.
func (p Proof) label(cat *activity.Catalogue) string {
	a, known := cat.Activity(p.Activity)
	if !known {
		return "activité"
	}
	id := p.Became
	if id == "" {
		id = activity.ChoiceID(p.wasChoice())
	}
	return a.Label(ChoiceName(a, id))
}

func (p Proof) choiceName(cat *activity.Catalogue, id activity.ChoiceID) string {
	if a, known := cat.Activity(p.Activity); known {
		if name := ChoiceName(a, id); name != "" {
			return french.Lower(name)
		}
	}
	return "ce qui était réservé"
}

// wasChoice is the choice of the token that the line found.
func (p Proof) wasChoice() string { return p.Was.choice() }

// changes is "3 changements".
func changes(n int) string {
	if n == 1 {
		return "1 changement"
	}
	return strconv.Itoa(n) + " changements"
}
