package booking

import "parvis/internal/base/mail"

// The mails of the waiting list.
const (
	MailOffered  = "booking.offered"  // a place is held for the family's answer
	MailPromoted = "booking.promoted" // a freed place is booked
	MailLapsed   = "booking.lapsed"   // no place was freed in time, or the offer had no answer
	MailFollowed = "booking.followed" // the wish waits elsewhere, where the child is received by now
)

// mailOf is the mail that tells what the list did.
func mailOf(lines []Decision) string {
	for _, d := range lines {
		switch d.Did {
		case DidOffer:
			return MailOffered
		case DidPromote:
			return MailPromoted
		case DidWait:
			return MailFollowed
		}
	}
	return MailLapsed
}

// byListKinds tells that nobody confirmed it: the list did it.
func (d Did) ofList() bool {
	return d == DidPromote || d == DidOffer || d == DidExpire || d == DidLapse
}

// followed tells that the list moved a wish by itself: nobody asked to wait there.
func (p Proof) followed() bool { return p.Did == DidWait && !p.ByAgent && p.ByPerson == "" }

func (d MailDeps) listMails() []mail.Template {
	return []mail.Template{
		{Name: MailOffered, Render: d.confirmed, Label: "Place proposée", Specimen: mail.Example(d.specimen(offeredBody))},
		{Name: MailPromoted, Render: d.confirmed, Label: "Place libérée et réservée", Specimen: mail.Example(d.specimen(promotedBody))},
		{Name: MailLapsed, Render: d.confirmed, Label: "Fin de la liste d’attente", Specimen: mail.Example(d.specimen(lapsedBody))},
		{Name: MailFollowed, Render: d.confirmed, Label: "Liste d’attente\u00a0: nouveau lieu d’accueil", Specimen: mail.Example(d.specimen(followedBody))},
	}
}

func offeredBody(d MailDeps, m sameMail) mail.Body {
	body := d.frame(m)
	body.Subject = "Une place vous est proposée (" + m.reference + ")"
	body.Paragraphs = append([]string{"Une place s’est libérée. Elle est gardée pour vous le temps de votre réponse\u00a0:"}, m.told()...)
	body.Button = mail.Button{Label: "Accepter ou refuser", URL: d.URL(placesPath)}
	body.Closing = []string{"Sans réponse de votre part, la place ira à la famille suivante."}
	return body
}

func promotedBody(d MailDeps, m sameMail) mail.Body {
	body := d.frame(m)
	body.Subject = "Une place s’est libérée\u00a0: c’est réservé (" + m.reference + ")"
	body.Paragraphs = append([]string{"Une place attendue s’est libérée. Elle est réservée\u00a0:"}, m.told()...)
	body.Closing = []string{"Vous n’en avez plus besoin ? Annulez dans l’agenda, ou appelez le service."}
	return body
}

// givenBody tells of a place that an agent gave, whoever had asked for it.
func givenBody(d MailDeps, m sameMail) mail.Body {
	body := promotedBody(d, m)
	body.Subject = "Le service vous donne une place\u00a0: c’est réservé (" + m.reference + ")"
	body.Paragraphs[0] = "Le service a réservé cette place pour vous\u00a0:"
	return body
}

func lapsedBody(d MailDeps, m sameMail) mail.Body {
	body := d.frame(m)
	body.Subject = "Fin de la liste d’attente (" + m.reference + ")"
	body.Paragraphs = append([]string{"Ces demandes n’attendent plus\u00a0:"}, m.told()...)
	body.Closing = []string{"Le service peut vous dire quels jours ont encore de la place."}
	return body
}

func followedBody(d MailDeps, m sameMail) mail.Body {
	body := d.frame(m)
	body.Subject = "Votre demande en attente a suivi (" + m.reference + ")"
	body.Paragraphs = append([]string{"L’enfant est accueilli ailleurs. Ce qu’il attendait l’attend là-bas, à la date de votre demande\u00a0:"}, m.told()...)
	body.Button = mail.Button{Label: "Voir mon rang", URL: d.URL(placesPath)}
	body.Closing = []string{"Vous n’en avez plus besoin ? Quittez la liste dans l’agenda, ou appelez le service."}
	return body
}
