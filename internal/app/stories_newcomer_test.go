package app_test

import (
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/testkit"
)

func init() {
	stories = append(stories, []told{
		{"a newcomer is let in", true, newcomerIsLetIn},
		{"errors and ways back of the wizard", false, wizardWaysBack},
		{"the address was wrong", false, wizardWrongAddress},
		{"the wizard by keyboard, check by sound", false, wizardBySound},
		{"the wizard by keyboard, check by question", false, wizardByQuestion},
		{"FranceConnect knows somebody without a space", false, newcomerByFranceConnect},
	}...)
}

// arrival is somebody new as the wizard is told.
type arrival struct{ last, first, birth, email, password string }

func arriving(email string) arrival {
	return arrival{last: "Larrivée", first: "Noé", email: email, password: "Canard-Violet-27"}
}

// toLast goes through the wizard's first screens as they are, to the last one.
func (s story) toLast(c *counted, who arrival) {
	s.t.Helper()
	s.open("/creer-mon-espace")
	c.clickText("Je crée mon espace")
	c.fill("#champ-nom", who.last)
	c.fill("#champ-prenoms", who.first)
	if who.birth != "" {
		c.fill("#champ-naissance", who.birth)
	}
	c.click(next)
	s.sees("Étape 2 sur 4")
	c.click(next)
	s.sees("Étape 3 sur 4")
	c.fill("#champ-courriel", who.email)
	c.click(next)
	s.sees("Étape 4 sur 4", "Cliquez sur")
}

// confirmed opens the link of the confirmation mail and confirms.
func (s story) confirmed(email string) {
	s.t.Helper()
	m := s.mailTo(email, "onfirm")
	s.open(s.linkIn(m, "/creer-mon-espace/confirmer/"))
	s.Click("main form .button-primary")
}

// newcomerIsLetIn is the whole way of a parent new in town and of the agent who lets them in: the wizard, the mail, the
// queue, the comparison with the person the import knew, the activation, the dashboard.
func newcomerIsLetIn(s story) {
	s.Resize(360)
	who := arriving("noe.larrivee@exemple.fr")
	known := s.text(`select a.person from account a join family_member m on m.person = a.person join person p on p.id = a.person
		where a.state = 'unclaimed' and m.role = 'holder' and p.birth_day <> '' and p.mobile <> '' order by a.id desc limit 1`)
	who.last, who.first = s.text(`select last_name from person where id = $1`, known), s.text(`select first_names from person where id = $1`, known)
	day, err := civil.ParseDate(s.text(`select birth_day from person where id = $1`, known))
	if err != nil {
		s.t.Fatal(err)
	}
	who.birth = day.French()
	c := &counted{Browser: s.Browser}
	s.toLast(c, who)
	s.narrow()
	c.fill("#champ-mot_de_passe", who.password)
	c.fill("#champ-confirmation", who.password)
	s.personTime()
	c.click(s.picture(true))
	c.click(next)
	s.sees("Demande reçue", "Votre référence", who.email)
	s.upTo(c, 6, 9, "an account is asked for")
	s.narrow()
	s.confirmed(who.email)
	s.sees("confirmée", "au plus tard")
	s.narrow()
	s.mailTo(who.email, "")

	agent := s.way("administrateur")
	s.Resize(1280)
	s.open("/agents")
	s.Fill("[name=identifiant]", agent.Username)
	s.Fill("[name=mot_de_passe]", agent.Password)
	s.ClickText("Continuer")
	code, err := account.TOTPCode(agent.Secret, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	s.Fill("[name=code]", code)
	s.ClickText("Continuer")
	s.sees("Ce qui vous attend", "Comptes à activer")
	s.ClickText("Comptes à activer")
	s.sees("Promis pour", who.first+" "+who.last)
	s.Click("main .row-link[href$='" + s.text(`select id from account where email = $1`, who.email) + "']")
	s.sees("La demande", "Naissance", "E-mail confirmé")
	c = &counted{Browser: s.Browser}
	c.click("main a.button-primary[href*='/rattachement?personne=" + known + "']")
	s.sees("Activer et rattacher")
	c.click("#decision .button-primary")
	s.sees("Le compte est activé et rattaché.")
	s.upTo(c, 2, 0, "an account is activated once compared")

	s.as(s.Browser, "")
	s.Resize(360)
	m := s.mailTo(who.email, "activé")
	s.open(s.linkIn(m, "/"))
	s.open("/connexion")
	s.Fill("[name=identifiant]", who.email)
	s.Fill("[name=mot_de_passe]", who.password)
	s.ClickText("Connexion")
	s.sees("Bonjour", "Mes enfants", "Cette semaine")
	s.narrow()
}

// wizardWaysBack does everything wrong once, and goes back from everywhere.
func wizardWaysBack(s story) {
	s.Resize(360)
	s.open("/creer-mon-espace/authentification") // not before its time
	s.sees("Étape 1 sur 4")
	s.Click(next)
	s.sees("Indiquez votre nom usuel.", "Indiquez votre prénom")
	s.narrow()
	s.Fill("#champ-nom", "N0m")
	s.Fill("#champ-naissance", "31/02/1990")
	s.Click(next)
	s.sees("Écrivez la date de naissance avec le jour")
	s.Fill("#champ-naissance", "03/03/2019")
	s.Fill("#champ-nom", "Zoé-Retour")
	s.Fill("#champ-prenoms", "Maud")
	s.Click(next)
	s.sees("Cet espace est celui d’un adulte")
	s.Fill("#champ-naissance", "3 mars 1988")
	s.Click(next)
	s.sees("Étape 2 sur 4")
	s.Fill("#champ-code_postal", "78")
	s.Click(next)
	s.sees("Il y a 1 erreur")
	s.Fill("#champ-code_postal", "78999")
	s.ClickText("Précédent") // keeps this screen's answers, and those before
	s.sees("Étape 1 sur 4")
	s.holds("#champ-nom", "Zoé-Retour")
	s.Click(next)
	s.holds("#champ-code_postal", "78999")
	s.Click(next)
	s.Fill("#champ-mobile", "01 99 00 12 34")
	s.Fill("#champ-courriel", "maud sans arobase")
	s.Click(next)
	s.sees("Il y a 2 erreurs")
	s.holds("#champ-courriel", "maud sans arobase")

	s.open("/") // leaves, comes back
	s.open("/creer-mon-espace")
	s.sees("Vous avez commencé")
	s.ClickText("Reprendre ma demande")
	s.sees("Étape 3 sur 4")
	s.Fill("#champ-mobile", "")
	s.Fill("#champ-courriel", "maud.retour@exemple.fr")
	s.Click(next)
	s.sees("Étape 4 sur 4")
	s.lastScreenErrors()
	s.confirmed("maud.retour@exemple.fr")
	s.sees("Il y a 1 erreur")
	s.Fill("#champ-identifiant", "maud.retour")
	s.Click("main form .button-primary")
	s.sees("confirmée")
	s.cancels()
	s.lateDraft()
}

// lastScreenErrors gets the last screen wrong in every way, asks for a user name that is taken, and sends.
func (s story) lastScreenErrors() {
	s.t.Helper()
	s.Fill("#champ-identifiant", "camille.martin")
	s.Fill("#champ-mot_de_passe", "court")
	s.Fill("#champ-confirmation", "autre")
	s.Click(s.picture(false))
	s.Click(next)
	s.sees("Il en faut au moins", "Les deux mots de passe diffèrent")
	s.Fill("#champ-mot_de_passe", "Canard-Violet-27")
	s.Fill("#champ-confirmation", "Canard-Violet-27")
	s.personTime()
	s.Click(s.picture(false))
	s.Click(next)
	s.sees("Ce n’est pas la bonne réponse. Voici un nouveau test", "Votre mot de passe est gardé")
	s.holds("#champ-identifiant", "camille.martin")
	before := testkit.Eval[string](s.Browser, `document.querySelector('[name=controle]').value`)
	s.ClickText("Changer les images")
	s.WaitFor(`document.querySelector('[name=controle]').value !== "` + before + `"`)
	s.ClickText("Précédent")
	s.holds("#champ-courriel", "maud.retour@exemple.fr")
	s.Click(next)
	s.sees("Étape 4 sur 4", "Votre mot de passe est gardé")
	s.personTime()
	s.Click(s.picture(true))
	s.Click(next)
	s.sees("Demande reçue")
}

// cancels begins another demand and drops it: it is asked first, and nothing of it is left.
func (s story) cancels() {
	s.t.Helper()
	s.open("/creer-mon-espace/identite")
	s.Fill("#champ-nom", "Envolé")
	s.Fill("#champ-prenoms", "Io")
	s.ClickText("Annuler")
	s.sees("Tout ce que vous avez saisi sera effacé.")
	s.ClickText("Reprendre ma demande")
	s.sees("Étape 2 sur 4")
	s.ClickText("Précédent")
	s.holds("#champ-nom", "Envolé")
	s.ClickText("Annuler")
	s.ClickText("Effacer ce que j’ai saisi")
	s.sees("Ce que vous aviez saisi est effacé.")
	s.open("/creer-mon-espace/identite")
	s.holds("#champ-nom", "")
}

// lateDraft lets a draft's day pass between two screens.
func (s story) lateDraft() {
	s.t.Helper()
	s.Fill("#champ-nom", "Tardif")
	s.Fill("#champ-prenoms", "Ugo")
	s.Click(next)
	s.sees("Étape 2 sur 4")
	s.expireDrafts()
	s.Fill("#champ-ville", "Rivebelle")
	s.Click(next)
	s.sees("Étape 1 sur 4", "Votre saisie d’avant a plus de 24 heures")
	s.narrow()
	s.Fill("#champ-nom", "Tardif")
	s.Fill("#champ-prenoms", "Ugo")
	s.Click(next)
	s.holds("#champ-ville", "Rivebelle")
	s.Click(next)
	s.Fill("#champ-courriel", "ugo.tardif@exemple.fr")
	s.Click(next)
	s.sees("Étape 4 sur 4")
	s.expireDrafts()
	s.Fill("#champ-mot_de_passe", "Canard-Violet-27")
	s.Fill("#champ-confirmation", "Canard-Violet-27")
	s.Click(next)
	s.sees("Ce que vous aviez saisi n’est plus là")
	s.narrow()
}

// wizardWrongAddress is a demand whose mail goes nowhere: corrected from « Demande reçue », with everything kept.
func wizardWrongAddress(s story) {
	c := &counted{Browser: s.Browser}
	s.toLast(c, arriving("noe.larivee@exempel.fr"))
	s.Fill("#champ-mot_de_passe", "Canard-Violet-27")
	s.Fill("#champ-confirmation", "Canard-Violet-27")
	s.personTime()
	s.Click(s.picture(true))
	s.Click(next)
	s.sees("Demande reçue", "noe.larivee@exempel.fr")
	s.ClickText("Renvoyer l’e-mail")
	s.sees("Attendez 2 minutes")
	s.ClickText("Corriger mon adresse")
	s.Fill("#champ-courriel", "noe.juste@exemple.fr")
	s.Click(next)
	s.sees("Votre mot de passe est gardé")
	s.personTime()
	s.Click(s.picture(true))
	s.Click(next)
	s.sees("Demande reçue", "noe.juste@exemple.fr")
	s.confirmed("noe.juste@exemple.fr")
	s.sees("confirmée")
	if n := s.count(`select count(*) from account where email = 'noe.larivee@exempel.fr'`); n != 0 {
		s.t.Errorf("%d accounts with the wrong address", n)
	}
}

func wizardBySound(s story) { s.wizardByKeyboard("oreille@exemple.fr", bySound, "#champ-controle_son") }
func wizardByQuestion(s story) {
	s.wizardByKeyboard("question@exemple.fr", byQuestion, "#champ-controle_question")
}

// wizardByKeyboard goes through the wizard without a mouse: tabulation, letters, Enter.
func (s story) wizardByKeyboard(email string, by way, field string) {
	s.t.Helper()
	s.open("/creer-mon-espace")
	s.tabTo("main a.button-primary")
	s.Press("\r")
	s.keys("#champ-nom", "Clavier")
	s.keys("#champ-prenoms", "Ada")
	s.Press("\r")
	s.sees("Étape 2 sur 4")
	s.tabTo(next)
	s.Press("\r")
	s.sees("Étape 3 sur 4")
	s.keys("#champ-courriel", email)
	s.Press("\r")
	s.sees("Étape 4 sur 4")
	s.keys("#champ-mot_de_passe", "Canard-Violet-27")
	s.keys("#champ-confirmation", "Canard-Violet-27")
	s.tabTo("[data-check-test] details summary")
	s.Press("\r")
	if by == bySound {
		s.hears()
	}
	s.personTime()
	s.keys(field, s.answer(by))
	s.tabTo(next)
	s.Press("\r")
	s.sees("Demande reçue")
	s.confirmed(email)
	s.sees("confirmée")
}

// hears plays the sound as the page offers it.
func (s story) hears() {
	s.t.Helper()
	s.tabTo("audio, #champ-controle_son")
	seconds := testkit.Eval[float64](s.Browser, `(async () => { const a = document.querySelector('.check-sound')
		const answer = await fetch(a.src), bytes = await answer.arrayBuffer()
		return answer.ok && (answer.headers.get('content-type') || '').startsWith('audio/') ? bytes.byteLength : 0 })()`)
	if seconds < 8000 {
		s.t.Errorf("the sound has %v bytes", seconds)
	}
}

// tabTo presses the tabulation until something has the focus, as whoever has no mouse does.
func (s story) tabTo(selector string) {
	s.t.Helper()
	at := `document.activeElement?.matches(` + quoted(selector) + `)`
	for range 80 {
		if testkit.Eval[bool](s.Browser, at) {
			return
		}
		s.Press("\t")
	}
	s.t.Fatalf("%s: the tabulation never comes to %s", s.at(), selector)
}

// keys types into a field found by tabulation.
func (s story) keys(selector, text string) {
	s.t.Helper()
	s.tabTo(selector)
	s.Press(text)
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// holds checks what a field shows.
func (s story) holds(selector, want string) {
	s.t.Helper()
	got := strings.ReplaceAll(testkit.Eval[string](s.Browser, `document.querySelector(`+quoted(selector)+`).value`), "\u00a0", " ")
	if got != want {
		s.t.Fatalf("%s: %s holds %q, want %q", s.at(), selector, got, want)
	}
}

// newcomerByFranceConnect is somebody whom FranceConnect knows and who has no space: the demand is filled in, read,
// corrected; the address is confirmed as any; the link is made by its owner.
func newcomerByFranceConnect(s story) {
	s.open("/connexion")
	s.Click(`a[href^="/connexion/franceconnect"]`)
	s.sees("FranceConnect vous a reconnu", "Inès Rose")
	s.ClickText("Créer mon espace avec ces informations")
	s.sees("Étape 1 sur 4", "FranceConnect a rempli une partie de ces champs")
	s.holds("#champ-nom", "CHARPENTIER")
	s.holds("#champ-prenoms", "Inès Rose")
	s.holds("#champ-naissance", "dimanche 14 juillet 1991")
	s.holds("#champ-departement_naissance", "Yvelines (78)")
	s.Fill("#champ-nom", "Charpentier")
	s.Click(next)
	s.Click(next)
	s.holds("#champ-courriel", "ines.ailleurs@exemple.fr")
	const email = "ines.ici@exemple.fr"
	s.Fill("#champ-courriel", email)
	s.Click(next)
	s.Fill("#champ-mot_de_passe", "Canard-Violet-27")
	s.Fill("#champ-confirmation", "Canard-Violet-27")
	s.personTime()
	s.Click(s.picture(true))
	s.Click(next)
	s.sees("Demande reçue", email)
	s.confirmed(email)
	s.open("/connexion?suite=/espace/identifiants/franceconnect")
	s.Fill("[name=identifiant]", email)
	s.Fill("[name=mot_de_passe]", "Canard-Violet-27")
	s.ClickText("Connexion")
	s.sees("Relier à mon espace")
	s.ClickText("Relier à mon espace")
	s.sees("FranceConnect ouvre maintenant votre espace.")
	s.as(s.Browser, "")
	s.open("/connexion/franceconnect")
	s.sees("Bonjour")
}

// expireDrafts lets the day of every draft pass.
func (s story) expireDrafts() {
	s.t.Helper()
	s.do(func(tx *db.Tx, _ actor.Actor) error {
		_, err := tx.Exec(`update signup_draft set expires_at = $1`, civil.InstantOf(s.Now().Add(-time.Minute)))
		return err
	})
}
