package app_test

import (
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/testkit"
)

// month opens the agenda of a month and finds a day of an activity.
func (h timed) month(day civil.Date, name string) agendaCell {
	h.t.Helper()
	h.open("/espace/agenda?mois=" + day.String()[:7])
	h.unfold()
	return h.agendaLine(day, name)
}

// ticks clicks the box of a day, from under the bar that sticks to the foot of a phone.
func (h timed) ticks(c agendaCell) {
	h.t.Helper()
	box := `input[name="` + c.Name + `"]`
	testkit.Eval[bool](h.Browser, `(document.querySelector('`+box+`').scrollIntoView({block: 'center'}), true)`)
	h.Click(box)
}

// changes ticks or unticks a day of the agenda and confirms.
func (h timed) changes(day civil.Date, name string) {
	h.t.Helper()
	c := h.month(day, name)
	if !c.Box {
		h.t.Fatalf("%s, %s cannot be changed: %+v", name, day, c)
	}
	h.ticks(c)
	h.ClickText("Vérifier les changements")
	h.sees("1 changement à enregistrer")
	h.ClickText("Confirmer")
	h.sees("Référence")
}

// tells fails unless a day of the agenda says some words, and may be changed or not.
func (h timed) tells(day civil.Date, name string, editable bool, words ...string) {
	h.t.Helper()
	c := h.month(day, name)
	for _, w := range words {
		if c.Box != editable || !c.says(w) {
			h.t.Errorf("%s, %s: may be changed %v, want %v; « %s » (« %s ») must say « %s »", name, day, c.Box, editable, c.Text, c.Week, w)
		}
	}
}

// hides fails on what belongs to the other home in the page that is shown.
func (h timed) hides(of hearth, what string) {
	h.t.Helper()
	h.holdsNone(of, what, testkit.Eval[string](h.Browser, `document.documentElement.outerHTML`))
}

func (h timed) holdsNone(of hearth, what, text string) {
	h.t.Helper()
	for _, secret := range of.secrets {
		if strings.Contains(spaceless(text), secret) {
			h.t.Errorf("%s tells %q of the other home", what, secret)
		}
	}
}

func spaceless(text string) string { return strings.Join(strings.Fields(text), "") }

// sharesAChild is a parent who proposes the weeks of a child, an agent who validates them, the other parent who books
// own days, a day that is handed over, and a restriction.
func sharesAChild(h timed) {
	a := h.newHearth("Bérénice", "Lou")
	b := h.joined("Clotilde", a.kids)
	const name = "Cantine des deux foyers"
	h.newActivity(name, 0, activity.Policy{}, a.kids[0])
	even, odd := civil.NewDate(2027, time.January, 11), civil.NewDate(2027, time.January, 18) // weeks 2 and 3
	start := at(time.January, 7, 10, 0)
	page := "/espace/famille/partage/" + string(a.kids[0])

	h.homeOf(a, start)
	h.ClickText("Famille")
	h.Click(`main a[href="` + page + `"]`)
	h.sees("Aucun partage n’est enregistré")
	h.ClickText("Proposer un partage des jours")
	h.ClickText("Semaines paires et impaires")
	h.ClickText("Vérifier")
	h.sees("Il y a 1 erreur")
	h.looksWell("the proposal with its error")
	h.Fill("[name=debut]", "11/01/2027")
	h.ClickText("Vérifier")
	h.sees("Rien ne change avant la réponse du service")
	h.looksWell("the check of two homes")
	h.Click("main form .button-primary")
	h.sees("Votre proposition est en cours de vérification")
	h.hides(b, "the proposal")

	h.homeOf(b, start.Add(time.Minute))
	h.tells(even, name, true, "Non réservé")
	h.open(page)
	h.sees("L’autre foyer propose un partage des jours")
	h.hides(a, "the page of two homes")

	h.agent("agent instruction", start.Add(time.Hour))
	h.open("/agents/partages")
	h.ClickText("Lou Histoire")
	h.sees("Semaines paires")
	h.looksWell("the agent's page")
	h.ClickText("Enregistrer ce partage")
	for of, other := range map[*hearth]hearth{&a: b, &b: a} {
		m := h.mailTo(of.email, "Jours partagés de Lou")
		h.holdsNone(other, "the mail to "+of.email, m.Text+m.HTML)
	}

	h.homeOf(b, start.Add(2*time.Hour))
	h.hides(a, "the first page")
	h.tells(even, name, false, "Jour de l’autre foyer", "Pour réserver, l’autre foyer doit vous confier ce jour")
	h.changes(odd, name)
	h.hides(a, "the confirmation")
	for _, path := range []string{"/espace/famille", "/espace/profil", "/espace/agenda?semaine=" + even.String(), "/espace/enfants/" + string(a.kids[0]) + "/agenda", "/espace/factures", page} {
		h.holdsNone(a, path, h.asked(b, path).Body)
	}
	for _, secret := range a.secrets { // they are looked for as they are written
		if own := h.asked(a, "/espace/coordonnees").Body + h.asked(a, "/espace/profil").Body; !strings.Contains(spaceless(own), secret) {
			h.t.Errorf("the family itself does not read %q: %s", secret, own)
		}
	}

	h.homeOf(a, start.Add(3*time.Hour))
	h.tells(odd, name, false, "Réservé par l’autre foyer")
	h.open(page)
	h.ClickText("Confier un jour à l’autre foyer")
	h.picks("jour", "Lundi 11 janvier 2027")
	h.ClickText("Confier ce jour à l’autre foyer")
	h.sees("n’a pas encore répondu")
	m := h.gathered(b.email, "Lou peut être chez vous")

	h.homeOf(b, start.Add(4*time.Hour))
	h.open(h.linkIn(m, page))
	h.sees("L’autre foyer vous confie le lundi 11 janvier")
	h.looksWell("the day offered")
	h.ClickText("Accepter ce jour")
	h.changes(even, name)
	h.homeOf(a, start.Add(5*time.Hour))
	h.tells(even, name, false, "Réservé par l’autre foyer")

	kid := string(a.kids[0])
	if status := h.asked(b, "/espace/enfants/"+kid+"/agenda").Status; status != 200 {
		h.t.Fatalf("before the restriction the other parent's page is %d", status)
	}
	h.agent("agent instruction", start.Add(6*time.Hour))
	h.open("/agents/familles/" + string(b.id))
	h.ClickText("Poser une restriction")
	h.Click(`#restriction [name=adulte]`)
	h.Click(`#restriction [name=enfant]`)
	h.Fill(`#restriction [name=decision]`, "04/01/2027")
	h.Fill(`#restriction [name=reference]`, "RG 27/00012")
	h.ClickText("Poser la restriction")
	h.sees("La restriction est en vigueur.", "ne peut plus agir pour Lou Histoire")
	if status := h.asked(b, "/espace/enfants/"+kid+"/agenda").Status; status != 404 {
		h.t.Errorf("at the next request the other parent's page is %d", status)
	}
	h.homeOf(b, start.Add(6*time.Hour))
	h.seesNot("Lou")
	h.homeOf(a, start.Add(6*time.Hour))
	h.sees("Lou")
}

// asked is what a family's page answers, without the browser.
func (h timed) asked(x hearth, path string) *testkit.Page {
	h.t.Helper()
	c := testkit.NewClient(h.t, h.Handler())
	c.Base = h.house.URL
	c.SetCookie(account.SessionCookie, h.token(x.username))
	return c.Get(path)
}

// picks takes an option of a list by its words.
func (h timed) picks(name, words string) {
	h.t.Helper()
	if !testkit.Eval[bool](h.Browser, `(() => { const o = [...document.querySelector('select[name=`+name+`]').options].find(o => o.text.replace(/[\s\u00a0\u202f]+/g, ' ').trim() === `+quoted(words)+`)
		if (o) o.selected = true; return !!o })()`) {
		h.t.Fatalf("%s cannot be « %s »: %s", name, words, h.Text(`select[name=`+name+`]`))
	}
}

// waitsForAPlace is a family that finds a day full, joins its list, and gets the place when another gives it up: at once,
// or offered and accepted, or offered and left without an answer.
func waitsForAPlace(h timed) {
	has, waits := h.newHearth("Delphine", "Ada"), h.newHearth("Églantine", "Ulysse")
	const name = "Cantine d’une place"
	id := h.newActivity(name, 1, activity.Policy{}, has.kids[0], waits.kids[0])
	start := at(time.January, 7, 10, 0)
	promoted, offered, left := civil.NewDate(2027, time.January, 18), civil.NewDate(2027, time.January, 19), civil.NewDate(2027, time.January, 21)

	h.homeOf(has, start)
	for _, d := range []civil.Date{promoted, offered, left} {
		h.changes(d, name)
	}
	h.homeOf(waits, start.Add(time.Hour))
	for i, d := range []civil.Date{promoted, offered, left} {
		c := h.month(d, name)
		if !c.says("Cochez pour rejoindre la liste d’attente") || !c.says("Complet") {
			h.t.Fatalf("a full day says %+v", c)
		}
		h.ticks(c)
		h.ClickText("Vérifier les changements")
		h.sees("Complet : la demande attend une place")
		if i == 0 {
			h.looksWell("the check of a place waited for")
		}
		h.ClickText("Confirmer")
		h.sees("Référence")
	}
	h.tells(promoted, name, true, "Liste d’attente, rang 1")
	h.open("/espace/places")
	h.sees("En attente d’une place", "Lundi 18 janvier", "rang 1")
	h.looksWell("the lists of a family")

	h.homeOf(has, start.Add(2*time.Hour))
	h.changes(promoted, name)
	m := h.mailTo(waits.email, "Une place s’est libérée")
	if !strings.Contains(m.Text, "18 janvier") {
		h.t.Errorf("the mail does not tell of the day:\n%s", m.Text)
	}
	h.homeOf(waits, start.Add(3*time.Hour))
	h.tells(promoted, name, true, "Réservé")

	h.agent("administrateur", start.Add(4*time.Hour)) // from now on places are offered
	h.open("/agents/activites/" + string(id) + "/attente")
	h.Click(`[name=promotion][value=offer]`)
	h.Fill("[name=heures]", "24")
	h.ClickText("Enregistrer")
	h.homeOf(has, start.Add(5*time.Hour))
	h.changes(offered, name)
	m = h.mailTo(waits.email, "Une place vous est proposée")
	h.homeOf(waits, start.Add(6*time.Hour))
	h.sees("Place proposée : répondre")
	h.tells(offered, name, true, "Une place est gardée pour vous")
	h.open(h.linkIn(m, "/espace/places"))
	h.sees("Réponse attendue jusqu’à demain vendredi 8 à 14 h 59")
	h.looksWell("a place offered")
	h.ClickText("Accepter la place")
	h.sees("La place est réservée.", "Référence")
	h.tells(offered, name, true, "Réservé")

	h.homeOf(has, start.Add(24*time.Hour))
	h.changes(left, name)
	h.waitsUntil(`select count(*) from booking where state = 'offered' and day = '` + left.String() + `' and family = '` + string(waits.id) + `'`)
	h.homeOf(waits, start.Add(49*time.Hour)) // an hour too late
	m = h.mailTo(waits.email, "Fin de la liste d’attente")
	if !strings.Contains(m.Text, "21 janvier") {
		h.t.Errorf("the mail does not tell of the day:\n%s", m.Text)
	}
	h.open("/espace/places")
	h.sees("Vous n’attendez aucune place")
	h.tells(left, name, true, "Non réservé")
}

// waitsUntil waits for a count that the workers make.
func (h timed) waitsUntil(query string) {
	h.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); h.count(query) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("never so: %s", query)
		}
	}
}

// booked writes a booking with its place, made when rows are written.
func (h timed) booked(kid family.ChildID, of family.ID, unit string, day civil.Date) {
	h.t.Helper()
	h.do(func(tx *db.Tx, _ actor.Actor) error {
		if _, err := tx.Exec(`insert into booking (id, child, unit, day, family, state, made_at, slot) values ($1, $2, $3, $4, $5, 'booked', $6, (select s.id from slot s where s.unit = $3 and s.day = $4))`,
			db.NewID(), string(kid), unit, day, string(of), civil.InstantOf(written)); err != nil {
			return err
		}
		_, err := tx.Exec(`update slot set taken = taken + 1 where unit = $1 and day = $2`, unit, day)
		return err
	})
}

// suspendsADay closes a day of an activity in at most five clicks, after having shown whom it concerns and what they will
// read; families are told, then given back what they had.
func suspendsADay(h timed) {
	one, two := h.newHearth("Faustine", "Tim", "Zita"), h.newHearth("Gersende", "Maud")
	const name = "Cantine un jour de grève"
	id := h.newActivity(name, 0, activity.Policy{}, append(one.kids, two.kids...)...)
	day := civil.NewDate(2027, time.January, 14)
	unit := h.text(`select id from unit where activity = $1`, string(id))
	for _, x := range []hearth{one, two} {
		for _, kid := range x.kids {
			h.booked(kid, x.id, unit, day)
		}
	}
	h.agent("agent instruction", at(time.January, 7, 10, 0))
	h.Resize(1280)
	c := &counted{Browser: h.Browser}
	c.clickText("Jours suspendus")
	c.clickText("Suspendre l’accueil")
	c.click(`[name=activite][value="` + string(id) + `"]`)
	c.fill("[name=debut]", "14/01/2027")
	c.fill("[name=motif]", "Grève du personnel")
	c.fill("[name=message]", "Prévoyez un pique-nique.")
	c.clickText("Voir qui est concerné")
	h.sees("Vérifiez avant de suspendre", "3 enfants", "2 familles", "Grève du personnel", "Prévoyez un pique-nique.")
	h.looksWell("the check of a strike")
	c.clickText("Suspendre et prévenir")
	h.upTo(c, 5, 3, "a day closed and families told")
	for _, x := range []hearth{one, two} {
		m := h.mailTo(x.email, "")
		for _, words := range []string{"14 janvier", "Grève du personnel", "pique-nique"} {
			if !strings.Contains(m.Text, words) {
				h.t.Errorf("the mail to %s does not say « %s »:\n%s", x.email, words, m.Text)
			}
		}
	}
	page := h.at()
	h.waitsUntil(`select count(*) from suspension where state = 'closed'`)
	h.homeOf(one, at(time.January, 7, 11, 0))
	h.tells(day, name, false, "Grève du personnel")
	h.agent("agent instruction", at(time.January, 7, 12, 0))
	h.open(page)
	h.sees("Suspendu", "2 familles prévenues, 3 jours annulés", "Rouvrir et prévenir")
	h.ClickText("Rouvrir et prévenir")
	h.waitsUntil(`select count(*) from suspension where state = 'reopened'`)
	if n := h.count(`select count(*) from booking where day = $1 and unit = $2 and state = 'booked' and slot is not null`, day.String(), unit); n != 3 {
		h.t.Errorf("%d of three days are given back", n)
	}
	h.homeOf(two, at(time.January, 7, 13, 0))
	h.tells(day, name, true, "Réservé")
}
