package absence

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
)

// words says what a day that was told costs, as things stand.
func (l Line) words(now time.Time) string {
	today := civil.DateOf(now)
	switch {
	case !l.WithdrawnAt.IsZero():
		return "absence retirée : la réservation reste"
	case l.Did == Cancelled:
		return "annulé à temps, non facturé"
	case l.lapsed() && l.Booking == "came":
		return "l’enfant est venu : jour facturé au tarif habituel, cette absence ne compte plus"
	case l.lapsed() && l.Booking != "":
		return "le jour a été réservé de nouveau depuis : cette absence ne compte plus"
	case l.lapsed() && l.Closed != "":
		return "pas d’accueil ce jour-là (" + l.Closed + ") : jour annulé, non facturé, aucun justificatif à remettre"
	case l.lapsed():
		return "le jour a été annulé depuis : non facturé, aucun justificatif à remettre"
	case l.Proof == Accepted:
		return percentWords(l.With) + ", justificatif accepté"
	case l.Proof == Refused:
		return percentWords(l.Without) + ", justificatif refusé"
	case l.Proof == Received:
		return percentWords(l.With) + " si le justificatif, que le service a reçu, est accepté"
	case l.Proof == Due && l.Due == nil:
		return percentWords(l.With) + " dès que le service a le justificatif, sinon " + percentWords(l.Without)
	case l.Proof == Due && l.Due.Passed(now):
		return percentWords(l.Without) + ", le justificatif n’est pas arrivé " + before(*l.Due, today)
	case l.Proof == Due:
		return percentWords(l.With) + " si le justificatif arrive " + before(*l.Due, today) + ", sinon " + percentWords(l.Without)
	case l.Rules == "":
		return "facturé, sauf décision du service"
	case l.Timing == TooLate:
		return "facturé, signalé trop tard pour ce motif"
	case l.Timing == TooSoon:
		return "facturé, signalé trop tôt pour ce motif"
	}
	return percentWords(l.Without)
}

// mark is the tag of a day that was told.
func (l Line) mark(now time.Time) web.Mark {
	switch {
	case !l.WithdrawnAt.IsZero():
		return web.Mark{Tone: web.Neutral, Icon: "undo", Word: "Retirée"}
	case l.Did == Cancelled:
		return web.Mark{Tone: web.Neutral, Icon: "undo", Word: "Annulé"}
	case l.lapsed() && l.Closed != "":
		return web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Pas d’accueil"}
	case l.lapsed() && l.Booking == "came":
		return web.Mark{Tone: web.OK, Icon: "double-check", Word: "Présent"}
	case l.lapsed():
		return web.Mark{Tone: web.Neutral, Icon: "undo", Word: "Sans objet"}
	case l.Proof == Accepted:
		return web.Mark{Tone: web.OK, Icon: "check", Word: "Justificatif accepté"}
	case l.Proof == Refused:
		return web.Mark{Tone: web.Error, Icon: "x", Word: "Justificatif refusé"}
	case l.Proof == Received:
		return web.Mark{Tone: web.Info, Icon: "file", Word: "Justificatif reçu"}
	case l.Proof == Due && l.Due != nil && l.Due.Passed(now):
		return web.Mark{Tone: web.Error, Icon: "clock", Word: "Justificatif non reçu"}
	case l.Proof == Due:
		return web.Mark{Tone: web.Warning, Icon: "clock", Word: "Justificatif à remettre"}
	}
	return web.Mark{Tone: web.Info, Icon: "file", Word: "Absence signalée"}
}

// reason is the label of a line's reason under the rules that were applied.
func (l Line) reason(book Book) (Reason, bool) {
	rules, _ := book.ByID(l.Activity, l.Rules)
	return rules.Reason(l.Reason)
}

func activityName(cat *activity.Catalogue, id activity.ID) string {
	if a, known := cat.Activity(id); known {
		return a.Name
	}
	return "activité"
}

// words says what an incident is: "présent sans réservation".
func (e Event) words() string {
	switch e.Kind {
	case Unbooked:
		return "présence sans réservation"
	case LatePickup:
		return "venu chercher à " + clock(e.Minute)
	}
	return "réservé, absent, et personne ne l’avait signalé"
}

// cost says what an incident costs, and why not when it does not.
func (w Weighed) cost() string {
	switch {
	case !w.WithdrawnAt.IsZero():
		return "retiré : cela ne compte pas, rien de plus n’est facturé"
	case w.ToldDay.IsZero():
		return "la famille n’est pas encore prévenue : rien de plus n’est facturé"
	case w.Standing.Charged:
		return w.Rule.price(w.Standing.Times)
	case w.Rule.Price == NoPrice:
		return "rien de plus n’est facturé"
	case !w.Standing.Warned:
		return "pour cette fois, rien de plus n’est facturé : c’est la première"
	}
	return "pour cette fois, rien de plus n’est facturé : c’est la " + nth(w.Standing.Nth) + " fois, et " + w.Rule.scale()
}

// usual says what stays due of the day with the incident.
func (e Event) usual() string {
	if !e.WithdrawnAt.IsZero() {
		if e.Kind == Unbooked {
			return "Le jour lui-même n’est facturé, au tarif habituel, que si le pointage dit l’enfant présent."
		}
		return ""
	}
	switch e.Kind {
	case Unbooked:
		return "Le jour lui-même est au tarif habituel."
	case Missing:
		return "Le jour réservé reste facturé."
	}
	return ""
}

func (w Weighed) mark() web.Mark {
	switch {
	case !w.WithdrawnAt.IsZero():
		return web.Mark{Tone: web.Neutral, Icon: "undo", Word: "Retiré"}
	case !w.ContestedAt.IsZero() && w.AnsweredAt.IsZero():
		return web.Mark{Tone: web.Warning, Icon: "clock", Word: "Le service regarde"}
	case w.Standing.Charged:
		return web.Mark{Tone: web.Warning, Icon: "euro", Word: "Pénalité"}
	}
	return web.Mark{Tone: web.Info, Icon: "info", Word: "Prévenu"}
}
