package app_test

import (
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/billing"
)

// rules publishes rules about absences made of the builder's models, by their names.
func (h timed) rules(of activity.ID, models ...string) {
	h.t.Helper()
	h.agent("administrateur", written)
	h.open("/agents/activites/" + string(of) + "/absences")
	for _, m := range models {
		h.picks("modele", m)
		h.ClickText("Ajouter ce modèle")
	}
	h.ClickText("Vérifier et publier")
	h.sees("Vérifiez avant de publier")
	h.ClickText("Publier")
	h.sees("Règles publiées")
}

// cameUnbooked notes, at the agents' desk, that a child came on a day without a booking, and lets the evening come.
func (h timed) cameUnbooked(x hearth, unit string, day int) string {
	h.t.Helper()
	h.agent("agent animation", at(time.January, day, 17, 0))
	h.open("/agents/pointage/corriger?enfant=" + string(x.kids[0]) + "&unite=" + unit + "&jour=" + civil.NewDate(2027, time.January, day).String())
	h.Click("[name=pointage][value=present]")
	h.Fill("[name=motif]", "Venu sans réservation")
	h.ClickText("Enregistrer")
	h.sees("Pointage corrigé")
	h.now.set(at(time.January, day, 20, 5))
	h.waitsUntil(`select count(*) from incident where child = '` + string(x.kids[0]) + `' and told_at is not null and day = '` + civil.NewDate(2027, time.January, day).String() + `'`)
	return "/espace/incidents/" + h.text(`select id from incident where child = $1 and day = $2`, string(x.kids[0]), civil.NewDate(2027, time.January, day))
}

// errsOnce is a child who is ill, told in time and proved; then one who comes without a booking: the family knows the same
// evening, says that it is not exact, is heard, and pays only once it has been told of a first time.
func errsOnce(h timed) {
	x := h.newHearth("Hortense", "Gaspard")
	const name = "Cantine du droit à l’erreur"
	id := h.newActivity(name, 0, activity.Policy{}, x.kids...)
	unit := h.text(`select id from unit where activity = $1`, string(id))
	h.booked(x.kids[0], x.id, unit, civil.NewDate(2027, time.January, 11))
	h.rules(id, "Enfant malade, certificat sous 48 heures", "Présence sans réservation : 10 €")

	h.homeOf(x, at(time.January, 11, 8, 15))
	h.ClickText("Signaler une absence")
	h.ClickText("Continuer")
	h.sees("Enfant malade", "Non facturé si le justificatif arrive avant le mercredi 13 janvier à 11 h 30, sinon facturé")
	h.looksWell("the check of an absence")
	h.ClickText("Signaler l’absence")
	h.sees("Absence signalée : 1 jour", "Justificatif à remettre")
	h.gathered(x.email, "")
	h.agent("agent instruction", at(time.January, 12, 9, 0))
	h.open("/agents/absences")
	h.ClickText("Gaspard, " + name + ", lundi 11 janvier")
	h.Click("[name=decision][value=accepte]")
	h.ClickText("Enregistrer")
	h.sees("Justificatif accepté. La famille est prévenue.")
	h.homeOf(x, at(time.January, 12, 10, 0))
	h.open("/espace/absences")
	h.sees("Non facturé, justificatif accepté")

	incident := h.cameUnbooked(x, unit, 12)
	m := h.mailTo(x.email, "12 janvier")
	h.homeOf(x, at(time.January, 12, 20, 30))
	h.open(h.linkIn(m, "/espace/"))
	h.open(incident)
	h.sees("Présence sans réservation", "rien de plus n’est facturé : c’est la première", "1 présence sans réservation depuis septembre", "à partir de la 2e : 10,00 €")
	h.looksWell("an incident")
	h.ClickText("Ce n’est pas exact")
	h.sees("Il y a 1 erreur")
	h.Fill("[name=mot]", "Nous avions réservé au guichet.")
	h.ClickText("Ce n’est pas exact")
	h.sees("Votre réponse est envoyée", "Le service la regarde")

	h.agent("agent instruction", at(time.January, 13, 9, 0))
	h.open("/agents/absences")
	h.sees("Familles qui disent « Ce n’est pas exact »")
	h.ClickText("Gaspard, " + name + ", mardi 12 janvier")
	h.Click("[name=decision][value=retirer]")
	h.Fill("[name=motif]", "C’est exact, pardon.")
	h.ClickText("Répondre")
	h.sees("Réponse enregistrée")
	h.homeOf(x, at(time.January, 13, 10, 0))
	h.open(incident)
	h.sees("Retiré : cela ne compte pas, rien de plus n’est facturé", "C’est exact, pardon.")
	h.seesNot("1 présence sans réservation")

	first := h.cameUnbooked(x, unit, 14)
	second := h.cameUnbooked(x, unit, 15)
	h.homeOf(x, at(time.January, 15, 20, 30))
	h.open(first)
	h.sees("rien de plus n’est facturé : c’est la première")
	h.open(second)
	h.sees("Ce que cela coûte 10,00 €", "2 présences sans réservation depuis septembre")
	h.open("/espace/absences")
	h.sees("Droit à l’erreur : où vous en êtes", "Pénalité")
	h.looksWell("absences and the right to error")
}

// owesTooMuch is a family whom an unpaid balance keeps from booking, and an agent who exempts it.
func owesTooMuch(h timed) {
	x := h.newHearth("Ismérie", "Côme")
	const name = "Cantine des impayés"
	id := h.newActivity(name, 0, activity.Policy{}, x.kids...)
	h.rules(id, "Impayé : réservation fermée au-delà de 100 €", "Sans quotient : tarif le plus élevé jusqu’au justificatif")
	h.open("/agents/activites/" + string(id) + "/absences")
	h.sees("Réservation fermée aux familles qui ont plus de 100,00 € en retard de paiement, sauf dispense.", "Sans quotient connu : tarif le plus élevé, jusqu’au jour du justificatif.")
	h.do(func(tx *db.Tx, a actor.Actor) error {
		_, err := billing.InsertImported(tx, written, a, billing.Invoice{Number: "H-2026-11", Family: x.id, Period: "2026-11", IssuedOn: civil.NewDate(2026, time.December, 5), DueOn: civil.NewDate(2026, time.December, 31), Amount: 10001})
		return err
	})
	page := "/espace/reserver/" + string(id)
	h.homeOf(x, at(time.January, 7, 11, 0))
	h.open(page)
	h.sees("Réservation fermée : 100,01 € de factures en retard. Appelez le service, qui peut vous en dispenser")
	h.looksWell("booking closed by a balance")
	day := civil.NewDate(2027, time.January, 18)
	refused := func(day civil.Date) {
		h.t.Helper()
		h.ticks(h.month(day, name))
		h.ClickText("Vérifier les changements")
		h.sees("Réservation fermée : 100,01 €")
		if h.Has("#confirmer .button-primary") {
			h.t.Error("what is refused can be confirmed")
		}
	}
	refused(day)

	h.agent("agent instruction", at(time.January, 7, 12, 0))
	h.open("/agents/familles/" + string(x.id))
	h.ClickText("Dispense pour impayé")
	h.ClickText("Enregistrer la dispense")
	h.sees("Il y a 1 erreur")
	h.Fill("[name=motif]", "Échéancier accordé")
	h.Fill("[name=jusqu_au]", "31/01/2027")
	h.ClickText("Enregistrer la dispense")
	h.homeOf(x, at(time.January, 7, 13, 0))
	h.changes(day, name)
	h.homeOf(x, at(time.February, 1, 8, 0)) // the exemption is over
	refused(civil.NewDate(2027, time.March, 1))
}
