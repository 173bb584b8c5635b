package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/testkit"
)

// story is somebody before a browser.
type story struct {
	*house
	*testkit.Browser
	t testing.TB
}

// resident is an adult of the demonstration who has opened their space.
type resident struct {
	username, email, password, person string
}

// told is a story with its name; everywhere ones are told on PostgreSQL too.
type told struct {
	name       string
	everywhere bool
	tell       func(s story)
}

var stories = []told{
	{"first sign-in from the mail", true, firstSignIn},
	{"sign-in and sign-out", false, signInAndOut},
	{"forgotten password", false, forgottenPassword},
	{"change of password", false, changeOfPassword},
	{"agenda", false, readAgenda},
	{"a contact joins the family", true, addContact},
	{"a co-holder is invited", true, inviteCoholder},
	{"contact details", false, contactDetails},
	{"new e-mail", false, newEmail},
	{"photo", false, photo},
	{"invoices", false, invoices},
	{"agent looks a family up", false, agentLooksUp},
	{"news", false, writeNews},
	{"the town's colour", false, changeColour},
}

// TestStories tells every flow in a real browser, with JavaScript and without.
func TestStories(t *testing.T) {
	for _, mode := range []struct {
		name     string
		noScript bool
		postgres bool
	}{{"script", false, false}, {"no script", true, false}, {"postgres", false, true}} {
		t.Run(mode.name, func(t *testing.T) {
			database := ""
			if mode.postgres {
				database = testkit.PostgresURL(t, app.Sources())
			}
			h := openHouse(t, database, nil, newProviders(t).set(t))
			for _, one := range stories {
				if mode.postgres && !one.everywhere {
					continue
				}
				t.Run(one.name, func(t *testing.T) {
					b := testkit.NewBrowser(t, testkit.BrowserOptions{NoScript: mode.noScript})
					here := *h
					here.t = t
					one.tell(story{house: &here, Browser: b, t: t})
					for _, p := range b.Problems() {
						t.Errorf("the console complains: %s", p)
					}
				})
			}
		})
	}
}

// open opens a page of the portal.
func (s story) open(path string) { s.t.Helper(); s.Go(s.house.URL + path) }

// at is the path shown.
func (s story) at() string { s.t.Helper(); return strings.TrimPrefix(s.Browser.URL(), s.house.URL) }

// page is what the page says, spaces of every kind made one.
func (s story) page() string {
	s.t.Helper()
	return testkit.Eval[string](s.Browser, `(document.body?.innerText ?? '').replace(/[\s\u00a0\u202f]+/g, ' ')`)
}

func (s story) sees(words ...string) {
	s.t.Helper()
	deadline := time.Now().Add(5 * time.Second) // the page may still be on its way
	for _, w := range words {
		for text := s.page(); !strings.Contains(text, w); text = s.page() {
			if time.Now().After(deadline) {
				s.t.Fatalf("%s does not say « %s »:\n%s", s.at(), w, text)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

func (s story) seesNot(words ...string) {
	s.t.Helper()
	text := s.page()
	for _, w := range words {
		if strings.Contains(text, w) {
			s.t.Fatalf("%s says « %s »:\n%s", s.at(), w, text)
		}
	}
}

// enter signs in on the front page.
func (s story) enter(name, password string) {
	s.t.Helper()
	s.open("/")
	s.Fill("[name=identifiant]", name)
	s.Fill("[name=mot_de_passe]", password)
	s.ClickText("Connexion")
}

// someone opens the space of an adult whom no other story uses: the password is the demonstration's.
func (s story) someone() resident {
	s.t.Helper()
	way := s.way("titulaire")
	hash := s.text(`select password_hash from account where username_folded = $1`, account.FoldUsername(way.Username))
	id := s.text(`select a.id from account a join family_member m on m.person = a.person where a.state = 'unclaimed' and a.email <> ''
		and exists (select 1 from invoice i where i.family = m.family) order by a.id limit 1`)
	r := resident{password: way.Password, username: s.text(`select username from account where id = $1`, id),
		email: s.text(`select email from account where id = $1`, id), person: s.text(`select person from account where id = $1`, id)}
	s.do(func(tx *db.Tx, a actor.Actor) error {
		until := civil.InstantOf(s.Now()).Add(time.Hour)
		if err := account.SetProvisional(tx, s.Now(), a, account.ID(id), account.Provisional{Hash: hash, Until: until}); err != nil {
			return err
		}
		return account.Claim(tx, s.Now(), actor.Actor{Kind: actor.Citizen, State: actor.MustPass, Account: id, Person: r.person}, hash, civil.Date{})
	})
	return r
}

// home opens the space of somebody who is signed in already, without the sign-in page.
func (s story) home(r resident) {
	s.t.Helper()
	s.SetCookie(s.house.URL, account.SessionCookie, s.token(r.username))
	s.open("/espace")
}

// desk opens the agents' first page as a role.
func (s story) desk(role string) {
	s.t.Helper()
	s.as(s.Browser, role)
	s.open("/agents")
}

func firstSignIn(s story) {
	id := s.text(`select id from account where state = 'unclaimed' and email <> '' order by id desc limit 1`)
	email := s.text(`select email from account where id = $1`, id)
	s.desk("agent accueil")
	s.ClickText("Activations")
	s.Fill("main [name=q]", email)
	s.ClickText("Chercher")
	s.Click("main table a")
	s.ClickText("Envoyer")
	s.sees("L’e-mail part.")
	m := s.mailTo(email, "activez-le")

	s.as(s.Browser, "")
	s.open("/demo/courriels")
	s.Click(fmt.Sprintf(`main a[href=%q]`, s.house.URL+s.linkIn(m, "/activation/")))
	s.sees("Activez votre espace personnel", "Première connexion")
	s.Fill("[name=mot_de_passe]", after(s.t, m.Text, "Mot de passe provisoire"))
	s.ClickText("Connexion")
	s.sees("Choisissez le mot de passe")
	s.Fill("[name=mot_de_passe]", "Ecluses7Vertes")
	s.Fill("[name=confirmation]", "Ecluses8Vertes")
	s.ClickText("Enregistrer")
	s.sees("Il y a ")
	s.Fill("[name=mot_de_passe]", "Ecluses7Vertes")
	s.Fill("[name=confirmation]", "Ecluses7Vertes")
	s.ClickText("Enregistrer")
	s.sees("Votre espace est ouvert", "Bonjour", "Mes enfants", "Cette semaine")
	if state := s.text(`select state from account where id = $1`, id); state != "active" {
		s.t.Errorf("the account is %s", state)
	}

	s.as(s.Browser, "agent accueil")
	s.open("/agents/activations/" + id)
	s.sees("Activé")
}

// after is the word that follows a label in a mail.
func after(t testing.TB, text, label string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, label)
	words := strings.Fields(strings.TrimLeft(rest, " \u00a0\u202f:"))
	if !ok || len(words) == 0 {
		t.Fatalf("the mail has no « %s »:\n%s", label, text)
	}
	return words[0]
}

func signInAndOut(s story) {
	r := s.someone()
	s.enter(r.username, "Autre0Parole")
	s.sees("L’identifiant ou le mot de passe ne correspond pas.")
	s.Fill("[name=mot_de_passe]", r.password)
	s.ClickText("Connexion")
	s.sees("Bonjour", "Mon tableau de bord")
	s.ClickText("Se déconnecter")
	s.open("/espace")
	if !strings.HasPrefix(s.at(), "/connexion?suite=") {
		s.t.Fatalf("after signing out, /espace leads to %s", s.at())
	}
	s.enter(strings.ToUpper(r.email), r.password)
	s.sees("Bonjour", "Dernière connexion le")
}

func forgottenPassword(s story) {
	r := s.someone()
	s.open("/")
	s.ClickText("J’ai oublié mon mot de passe")
	s.Fill("[name=identifiant]", r.username)
	s.ClickText("Recevoir le lien")
	m := s.mailTo(r.email, "mot de passe")
	s.open("/demo/courriels")
	s.Click(fmt.Sprintf(`main a[href=%q]`, s.house.URL+s.linkIn(m, "/mot-de-passe-oublie/")))
	s.Fill("[name=mot_de_passe]", "Peupliers4Gris")
	s.Fill("[name=confirmation]", "Peupliers4Gris")
	s.ClickText("Enregistrer")
	s.sees("Votre nouveau mot de passe est enregistré.", "Bonjour")
	s.open(s.linkIn(m, "/mot-de-passe-oublie/"))
	s.sees("Ce lien ne fonctionne plus")
	s.as(s.Browser, "")
	s.enter(r.username, r.password)
	s.sees("ne correspond pas")
	s.enter(r.username, "Peupliers4Gris")
	s.sees("Bonjour")
}

func changeOfPassword(s story) {
	r := s.someone()
	s.home(r)
	s.ClickText("Identifiants")
	s.Fill("[name=ancien_mot_de_passe]", "Autre0Parole")
	s.Fill("[name=mot_de_passe]", "Moulin9Tournant")
	s.Fill("[name=confirmation]", "Moulin9Tournant")
	s.ClickText("Valider")
	s.sees("Il y a ")
	s.Fill("[name=ancien_mot_de_passe]", r.password)
	s.Fill("[name=mot_de_passe]", "Moulin9Tournant")
	s.Fill("[name=confirmation]", "Moulin9Tournant")
	s.ClickText("Valider")
	s.sees("Vos identifiants sont enregistrés.", "Enregistré le")
	s.mailTo(r.email, "Votre mot de passe a changé")
	s.as(s.Browser, "")
	s.enter(r.username, "Moulin9Tournant")
	s.sees("Bonjour")
}

func readAgenda(s story) {
	s.as(s.Browser, "titulaire")
	s.open("/espace")
	child := s.Text(".child .row-link")
	s.ClickText(child)
	today := civil.DateOf(s.Now())
	s.sees(child, strings.ToLower(today.MonthYear())[1:], "Inscriptions")
	s.ClickText("Semaine")
	s.sees("Semaine du")
	s.ClickText("Mois")
	before := civil.NewDate(today.Year, today.Month-1, 1)
	s.Click(".month-nav a")
	s.sees(before.MonthYear()[1:])
	s.open("/espace")
	s.ClickText("Toute la famille")
	s.sees("Semaine du", child)
}

func addContact(s story) {
	r := s.someone()
	s.home(r)
	s.ClickText("Famille")
	s.sees("Titulaire du compte", "Ma famille connue par le service")
	s.ClickText("Ajouter à ma famille Enfance")
	s.ClickText("Envoyer la demande")
	s.sees("Il y a ")
	s.Fill("[name=nom]", "O’Connor-Ibáñez")
	s.Fill("[name=prenoms]", "Zoë")
	s.Fill("[name=lien]", "Grand-mère")
	s.Fill("[name=telephone]", "06 39 98 12 34")
	s.Click("[name=chercher]")
	s.ClickText("Envoyer la demande")
	s.sees("Votre demande pour Zoë O’Connor-Ibáñez est envoyée", "En cours de vérification", "Ne peut pas encore venir chercher")

	s.desk("agent instruction")
	s.open("/agents/membres")
	s.ClickText("Zoë O’Connor-Ibáñez")
	s.ClickText("Ajouter à la famille")
	s.mailTo(r.email, "")

	s.home(r)
	s.ClickText("Famille")
	s.sees("Zoë O’Connor-Ibáñez", "Peut venir chercher")
	s.seesNot("En cours de vérification")
}

func contactDetails(s story) {
	r := s.someone()
	s.home(r)
	s.ClickText("Coordonnées")
	s.Fill("[name=telephone]", "12")
	s.ClickText("Enregistrer")
	s.sees("Il y a ")
	s.Fill("[name=telephone]", "01.39.98.00.77")
	s.ClickText("Enregistrer")
	s.sees("Vos coordonnées sont enregistrées.")
	s.ClickText("Mon accueil")
	s.ClickText("Profil")
	s.sees("01 39 98 00 77")
}

func newEmail(s story) {
	r := s.someone()
	fresh := "neuve." + r.email
	s.home(r)
	s.ClickText("Coordonnées")
	s.Click(`main a[href="/espace/coordonnees/courriel"]`)
	s.Fill("[name=courriel]", fresh)
	s.Fill("[name=mot_de_passe]", r.password)
	s.ClickText("Recevoir le lien")
	s.sees("Un e-mail est parti à votre nouvelle adresse", "Nouvelle adresse à confirmer")
	m := s.mailTo(fresh, "")
	s.mailTo(r.email, "")
	s.open("/demo/courriels")
	s.Click(fmt.Sprintf(`main a[href=%q]`, s.house.URL+s.linkIn(m, "/confirmer-adresse/")))
	s.ClickText("Confirmer cette adresse")
	s.sees("Votre nouvelle adresse e-mail est confirmée.")
	s.open("/espace/coordonnees")
	s.sees(fresh)
	s.seesNot("à confirmer")
	s.as(s.Browser, "")
	s.enter(fresh, r.password)
	s.sees("Bonjour")
}
