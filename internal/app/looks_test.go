package app_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/reminder"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// Who looks at a page, beside the demonstration's roles.
const (
	nobody      = ""
	newcomer    = "nouveau titulaire" // has a provisional password
	halfCitizen = "à moitié connecté" // gave the password, owes the code
	halfAgent   = "agent à moitié connecté"
)

// visit is one page seen by somebody.
type visit struct {
	who, path string
	status    int
}

// looker knows how to get into every page of the portal.
type looker struct {
	*house
	outside *providers
	cookies map[string]string // of each who
	objects map[web.Object]string
	merges  []visit
	shared  string // the child of two homes

	markedDay string // the query of a child's day that was marked
}

// special says who opens a page that the access alone does not tell.
var special = map[string]string{
	"/connexion/code":                       halfCitizen,
	"/agents/double-authentification":       halfAgent,
	"/espace/identifiants/codes-de-secours": "co-représentant",
}

// files are the addresses that are not pages.
var files = []string{"/agents/journal/export", "/agents/listes/export", "/agents/repas/export", "/logo.svg", "/logo.png", "/espace/photos/{id}", "/agents/photos/{id}", "/connexion/franceconnect/bouton", "/calendrier/{jeton}", "/tablette/jour", "/tablette/worker.js"}

// walked are the pages that only a walk leads to: the wizard's steps, which signup's own stories look at in the same
// way, and what is a piece of a page.
var walked = []string{"/controle/son", "/creer-mon-espace/adresse", "/creer-mon-espace/moyens-de-contact", "/creer-mon-espace/authentification",
	"/creer-mon-espace/annuler", "/creer-mon-espace/demande-recue", "/creer-mon-espace/photo", "/creer-mon-espace/communes",
	"/espace/agenda/mois", "/espace/agenda/verifier", "/espace/agenda/confirmer", "/agents/familles/{id}/agenda/verifier", "/agents/familles/{id}/agenda/confirmer", // a check page loaded again leads to the agenda
	"/tablette/hors-ligne", // leaves for /tablette when the browser is no paired tablet; TestTabletWithoutNetwork looks at it
	"/creer-mon-espace/confirmer/{jeton}", "/espace/demande-de-compte", "/agents/import/{id}/rapport.csv",
	// The ways to FranceConnect and ProConnect and back: see lookAtProviders.
	"/connexion/franceconnect", account.FranceConnectReturn, account.FranceConnectEnd,
	"/agents/connexion/proconnect", account.ProConnectReturn, account.ProConnectEnd}

// asked is what a page needs besides its path.
func (l *looker) asked(path string) string {
	switch path {
	case "/agents/activation/{id}/rattachement":
		return "?personne=" + l.objects["known"]
	case "/agents/pointage/corriger":
		return l.markedDay
	case "/agents/activation/{id}/deja":
		return "?personne=" + l.objects["known-with-space"]
	case "/agents/familles/{id}/inscriptions/fin":
		return "?inscription=" + l.text(`select e.id from enrolment e join family_member m on m.person = e.child and m.role = 'member'
			where m.family = $1 and e.state = 'active' and e.to_day > $2 order by e.id limit 1`, l.objects["family"], civil.DateOf(l.Now()))
	}
	return ""
}

func newLooker(t *testing.T) *looker {
	outside := newProviders(t)
	h := openHouse(t, "", nil, outside.set(t))
	l := &looker{house: h, outside: outside, cookies: map[string]string{}, objects: map[web.Object]string{}}
	for _, role := range []string{"titulaire", "co-représentant", "second foyer", "en attente", "agent accueil", "agent instruction", "agent régie",
		"agent animation", "agent communication", "administrateur"} {
		l.cookies[role] = h.token(h.way(role).Username)
	}
	l.addNewcomer()
	l.addHalves()
	l.addObjects()
	l.addLinks()
	return l
}

func (l *looker) client(who string) *testkit.Client {
	c := testkit.NewClient(l.t, l.Handler())
	c.Base = l.URL
	if who != nobody {
		c.SetCookie(cookieOf(who), l.cookies[who])
	}
	return c
}

func sessionOf(c *testkit.Client) string {
	for _, cookie := range c.Cookies() {
		if cookie.Name == account.SessionCookie {
			return cookie.Value
		}
	}
	return ""
}

func (l *looker) addNewcomer() {
	id := account.ID(l.text(`select id from account where state = 'unclaimed' order by id limit 1`))
	l.do(func(tx *db.Tx, a actor.Actor) error {
		return account.SetProvisional(tx, l.Now(), a, id, account.Provisional{Hash: "x", Until: civil.InstantOf(l.Now()).Add(time.Hour)})
	})
	l.cookies[newcomer] = l.token(l.text(`select username from account where id = $1`, string(id)))
}

func (l *looker) addHalves() {
	second := account.ID(l.text(`select id from account where username_folded = $1`, l.way("co-représentant").Username))
	l.do(func(tx *db.Tx, a actor.Actor) error {
		return account.SetSecondAs(tx, l.Now(), a, l.Key, second, []byte("12345678901234567890"))
	})
	for who, half := range map[string]struct{ page, role string }{
		halfCitizen: {"/connexion", "co-représentant"}, halfAgent: {"/agents/connexion", "agent accueil"},
	} {
		c, way := l.client(nobody), l.way(half.role)
		c.Get(half.page).Submit(`main form[action="`+half.page+`"]`, map[string]string{"identifiant": way.Username, "mot_de_passe": way.Password})
		l.cookies[who] = sessionOf(c)
	}
}

func (l *looker) addObjects() {
	c := l.client("titulaire")
	c.Get("/espace/famille/ajouter").Submit(`form[action="/espace/famille/ajouter"]`, map[string]string{"role": "contact",
		"nom": "Prévost", "prenoms": "Jeanne", "lien": "Grand-mère", "telephone": "06 39 98 00 01"}).Follow()
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 400, 300)), nil); err != nil {
		l.t.Fatal(err)
	}
	c.Get("/espace/profil").SubmitAll(`form[action="/espace/profil/photo"]`, url.Values{},
		testkit.File{Field: "photo", Name: "moi.jpg", Type: "image/jpeg", Body: picture.Bytes()}).Follow()
	l.findObjects()
	l.objects["family_member"] = l.text(`select id from family_member where state = 'pending' limit 1`)
	l.objects["news"] = l.text(`select id from news where state = 'published' order by id limit 1`)
	l.objects["service"] = l.text(`select id from service order by id limit 1`)
	l.objects["site"] = l.text(`select id from site order by id limit 1`)
	l.objects["school-holiday"] = l.text(`select id from school_holiday order by id limit 1`)
	l.do(func(tx *db.Tx, a actor.Actor) (err error) {
		l.objects["closing"], err = town.AddClosing(tx, l.Now(), a, town.Closing{Reason: "Pont",
			Days: civil.Range{From: civil.NewDate(2027, 5, 7), To: civil.NewDate(2027, 5, 7)}})
		return err
	})
	l.objects["school-year"], l.objects["mail-template"] = l.text(`select min(year) || '-' || (min(year) + 1) from school_year`), "account.forgotten"
	c.Get("/contacts/ecrire").Submit(`main form`, map[string]string{"message": "Bonjour, la cantine ferme-t-elle le 8 mai ?"}).Follow()
	l.objects["contact"] = l.text(`select id from contact_message order by id limit 1`)
	c.Get("/espace/calendrier").Submit("form#creer", nil).Follow() // its page shows an address now
	l.objects["reminder-link"] = strings.TrimPrefix(reminder.StopLink(l.Key, account.ID(l.text(`select id from account where username_folded = 'camille.martin'`))), reminder.StopPath)
	l.addLate()
	l.addWaiting()
	l.addAbsence()
	l.addOffers()
	l.addSuspension()
	l.addImport()
	l.addConfirmation()
	l.addHomes()
	l.addTablet()
	l.objects["newcomer"] = l.text(`select id from account where username_folded = 'arrivee.faute'`)
	l.objects["known"] = l.text(`select k.id from account a join person p on p.id = a.person join person k on k.first_names = p.first_names and k.birth_day = p.birth_day
		where a.id = $1 and k.id <> p.id`, l.objects["newcomer"])
	l.do(func(tx *db.Tx, a actor.Actor) error {
		p, err := person.ByID(tx, person.ID(l.objects["known"]))
		if err != nil {
			return err
		}
		p.ID = ""
		again, err := person.Insert(tx, l.Now(), a, p)
		if err != nil {
			return err
		}
		_, err = account.Insert(tx, l.Now(), a, account.Account{Person: again, Audience: account.Citizen, Username: "deja.la", State: account.Active}, "")
		l.objects["known-with-space"] = string(again)
		return err
	})
	l.objects["decision"] = l.linkNewcomer()
	l.merges = l.addMerge()
	l.objects["agent"] = l.text(`select id from account where username_folded = 'agent.accueil'`)
	for object, who := range map[web.Object]string{"passkey": "titulaire", "agent-passkey": "administrateur"} {
		l.do(func(tx *db.Tx, a actor.Actor) error {
			owner := account.ID(l.text(`select id from account where username_folded = $1`, account.FoldUsername(l.way(who).Username)))
			id, err := account.SetPasskeyAs(tx, l.Now(), a, owner, "Téléphone")
			l.objects[object] = string(id)
			return err
		})
	}
}

// linkNewcomer links a newcomer of the demonstration to the person known by the birth name.
func (l *looker) linkNewcomer() string {
	newcomer := l.text(`select id from account where username_folded = 'arrivee.mariage'`)
	known := l.text(`select k.id from account a join person p on p.id = a.person join person k on k.last_name = p.birth_name and k.birth_day = p.birth_day
		where a.id = $1`, newcomer)
	path := "/agents/activation/" + newcomer + "/rattachement"
	l.client("agent instruction").Get(path+"?personne="+known).Submit(`main form[action^="`+path+`"]`, nil).Follow()
	return l.text(`select id from decision where account = $1`, newcomer)
}

// findObjects finds what every demonstration has.
func (l *looker) findObjects() {
	if l.objects == nil {
		l.objects = map[web.Object]string{}
	}
	me := `(select person from account where username_folded = 'camille.martin')`
	family := l.text(`select family from family_member where person = ` + me + ` and role = 'holder'`)
	l.objects["person"] = l.text(`select person from account where username_folded = 'camille.martin'`)
	l.objects["family"] = family
	l.objects["child"] = l.text(`select c.person from child c join family_member m on m.person = c.person where m.family = $1 order by c.person limit 1`, family)
	l.objects["place"] = l.text(`select id from family_member where family = $1 and role = 'coholder' and state = 'approved'`, family)
	l.objects["pupil"] = l.text(`select m.id from family_member m join child c on c.person = m.person where m.family = $1 order by m.id limit 1`, family)
	l.objects["invoice"] = l.text(`select id from invoice where family = $1 order by period limit 1`, family)
	l.objects["account"] = l.text(`select id from account where state = 'unclaimed' and email <> '' order by id desc limit 1`)
}

// addLinks asks for the mails whose links open pages.
func (l *looker) addLinks() {
	email := l.text(`select email from account where username_folded = 'camille.martin'`)
	l.client(nobody).Get("/mot-de-passe-oublie").Submit(`main form`, map[string]string{"identifiant": "camille.martin"}).Follow()
	l.client("titulaire").Get("/espace/coordonnees/courriel").Submit(`form[action="/espace/coordonnees/courriel"]`,
		map[string]string{"courriel": "camille.neuve@exemple.fr", "mot_de_passe": l.way("titulaire").Password}).Follow()
	l.client("administrateur").Get("/agents/comptes/nouveau").Submit(`main form[action="/agents/comptes/nouveau"]`, map[string]string{
		"nom": "Sorel", "prenom": "Agnès", "courriel": "agnes.sorel@rivebelle.exemple", "identifiant": "agnes.sorel", "role_accueil": actor.AllServices}).Follow()
	l.client("agent accueil").Get("/agents/activations/"+l.objects["account"]).Submit("#envoi", nil).Follow()
	l.client("titulaire").Get("/espace/famille/inviter").Submit("#inviter", map[string]string{"nom": "Durand", "prenoms": "Paul",
		"courriel": "paul.durand@exemple.fr", "lien": "beau-père"}).Follow()
	for object, m := range map[web.Object]struct{ to, subject, path string }{
		"activation":    {l.text(`select email from account where id = $1`, l.objects["account"]), "", "/activation/"},
		"password-link": {email, "mot de passe", "/mot-de-passe-oublie/"},
		"email-change":  {"camille.neuve@exemple.fr", "", "/confirmer-adresse/"},
		"invite-link":   {"paul.durand@exemple.fr", "", "/invitation/"},
		"agent-link":    {"agnes.sorel@rivebelle.exemple", "", "/agents/invitation/"},
	} {
		l.objects[object] = strings.TrimPrefix(l.linkIn(l.mailTo(m.to, m.subject), m.path), m.path)
	}
}

// pathOf fills the object of a route in; an object that nobody knows how to find fails the test, so that the pages
// of new features are looked at too.
func (l *looker) pathOf(r web.Route) string {
	l.t.Helper()
	start, rest, found := strings.Cut(r.Path, "{")
	if !found {
		return r.Path
	}
	_, end, _ := strings.Cut(rest, "}")
	id := l.objects[r.Object]
	if id == "" {
		l.t.Errorf("%s: nobody knows an object « %s »: add one in looker.addObjects", r.Path, r.Object)
		return ""
	}
	return start + id + end
}

// whoOf is somebody whom a route lets in.
func (l *looker) whoOf(r web.Route) string {
	l.t.Helper()
	if who, ok := special[r.Path]; ok {
		return who
	}
	switch r.Access {
	case web.Public, web.Visitor:
		return nobody
	case web.Citizen, web.Activated:
		return "titulaire"
	case web.MustPass:
		return newcomer
	case web.Agent:
		return "administrateur"
	case web.Device:
		return aTablet
	}
	for _, g := range app.Grants() {
		if g.Right == r.Access.Right() {
			if g.Roles[0] == account.Administrateur {
				return "administrateur"
			}
			return "agent " + map[account.Role]string{account.Accueil: "accueil", account.Instruction: "instruction", account.Regie: "régie",
				account.Animation: "animation", account.Communication: "communication"}[g.Roles[0]]
		}
	}
	l.t.Fatalf("%s: nobody knows a way in for access « %s »", r.Path, r.Access)
	return ""
}

// visits are all pages, by the table of routes, then the states that the table does not tell.
func (l *looker) visits() []visit {
	var all []visit
	for _, r := range l.Routes() {
		if r.Method == http.MethodGet && !slices.Contains(files, r.Path) && !slices.Contains(walked, r.Path) {
			if path := l.pathOf(r); path != "" {
				all = append(all, visit{l.whoOf(r), path + l.asked(r.Path), http.StatusOK})
			}
		}
	}
	child := l.objects["child"]
	all = slices.Concat(all, l.listVisits(), l.suspensionVisits(), l.homesVisits(), l.reserveVisits(), l.waitingVisits(), l.absenceVisits(), l.agendaVisits())
	return append(append(all, l.merges...),
		visit{"en attente", "/espace", 200}, visit{"en attente", "/espace/agenda", 403}, visit{"co-représentant", "/espace", 200},
		visit{"titulaire", "/espace/enfants/" + child + "/agenda?vue=semaine", 200},
		visit{"titulaire", "/espace/enfants/" + child + "/agenda?mois=2035-08", 200},
		visit{"agent instruction", "/agents/familles/" + l.objects["family"], 200},
		visit{"agent régie", "/agents/familles/" + l.objects["family"], 200},
		visit{"agent instruction", "/agents/activation/" + l.objects["newcomer"] + "/co-representant?q=martin", 200},
		visit{"agent instruction", "/agents/activation/" + l.objects["newcomer"] + "/co-representant?famille=" + l.objects["family"], 200},
		visit{"agent communication", "/agents", 200}, visit{"agent accueil", "/agents/activations?q=personne", 200},
		visit{"agent accueil", "/agents/recherche?q=mar", 200}, visit{"agent accueil", "/agents/recherche?q=xyzw", 200},
		visit{nobody, "/inconnue", 404}, visit{"titulaire", "/espace/factures/inconnue", 404},
		visit{"agent accueil", "/agents/inconnue", 404}, visit{"titulaire", "/agents", 403}, visit{"agent accueil", "/agents/parametres", 403},
		visit{nobody, "/mot-de-passe-oublie/lien-mort", 409})
}

// TestLooks looks at every page of the portal with a real browser: axe on a phone and on a desk, no sideways scroll
// down to 320 px and with texts twice as big, one h1, a title, nothing that the console complains of, no dead link.
func TestLooks(t *testing.T) {
	l := newLooker(t)
	b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 1280})
	big := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 1280, BigText: true})
	deep := os.Getenv("PARVIS_DEEP") != ""
	dead := map[string]bool{}
	for i, v := range l.visits() {
		l.look(b, v, deep || i%12 == 0)
		l.lookBig(big, v)
		l.follow(b, v, dead)
	}
	l.lookAtErrors(t, b)
	l.lookAtProviders(b)
	l.lookAtBreakdown(t, b)
	for _, r := range l.Routes() {
		if r.Method != http.MethodGet || !slices.Contains(files, r.Path) || strings.HasPrefix(r.Path, "/logo.") || strings.Contains(r.Path, "{jeton}") {
			continue
		}
		if p := l.client(l.whoOf(r)).Get(strings.Replace(r.Path, "{id}", l.objects["person"], 1)); p.Status != 200 {
			t.Errorf("%s answers %d", r.Path, p.Status)
		}
	}
}

// look checks one page.
func (l *looker) look(b *testkit.Browser, v visit, dark bool) {
	l.t.Helper()
	before := len(b.Problems())
	l.beside(b, v.who)
	b.Go(l.URL + v.path)
	name := fmt.Sprintf("%s (%s)", v.path, v.who)
	if status := testkit.Eval[int](b, `performance.getEntriesByType('navigation')[0].responseStatus`); status != v.status {
		l.t.Errorf("%s answers %d, want %d: %s", name, status, v.status, b.Text("h1"))
	}
	if at := strings.TrimPrefix(b.URL(), l.URL); at != v.path {
		l.t.Errorf("%s leads to %s", name, at)
	}
	l.inspect(b, name, dark)
	for _, p := range b.Problems()[before:] {
		l.t.Errorf("%s: the console complains: %s", name, p)
	}
}

// lookBig checks one page with letters twice as big.
func (l *looker) lookBig(b *testkit.Browser, v visit) {
	l.t.Helper()
	l.beside(b, v.who)
	b.Go(l.URL + v.path)
	for _, width := range []int{1280, 360, 320} {
		b.Resize(width)
		if px := b.SidewaysScroll(); px > 0 {
			l.t.Errorf("%s (%s), %d px, letters twice as big: %d px too wide: %s", v.path, v.who, width, px, testkit.Eval[string](b, widest))
		}
	}
	b.Resize(1280)
}

// inspect checks the page that the tab shows, at every size.
func (l *looker) inspect(b *testkit.Browser, name string, dark bool) {
	l.t.Helper()
	if bad := testkit.Eval[string](b, pageRules); bad != "" {
		l.t.Errorf("%s: %s", name, bad)
	}
	violations := func(how string) {
		l.t.Helper()
		for _, v := range b.Axe() {
			l.t.Errorf("%s, %s: axe %s: %s\n\t%s", name, how, v.ID, v.Help, strings.Join(v.Nodes[:min(len(v.Nodes), 4)], "\n\t"))
		}
	}
	for _, width := range []int{1280, 360} {
		b.Resize(width)
		violations(fmt.Sprint(width, " px"))
		if dark {
			b.Scheme("dark")
			violations(fmt.Sprint(width, " px dark"))
			b.Scheme("light")
		}
	}
	b.Resize(320)
	if px := b.SidewaysScroll(); px > 0 {
		l.t.Errorf("%s, 320 px: %d px too wide: %s", name, px, testkit.Eval[string](b, widest))
	}
	b.Resize(1280)
}

// pageRules tells what a page lacks that axe does not look for.
const pageRules = `(() => {
	const bad = []
	if (document.documentElement.lang !== 'fr') bad.push('lang is not fr')
	if (document.querySelectorAll('h1').length !== 1) bad.push(document.querySelectorAll('h1').length + ' h1')
	if (document.title.trim().length < 8) bad.push('title « ' + document.title + ' »')
	const ids = [...document.querySelectorAll('[id]')].map(e => e.id), twice = ids.filter((id, i) => ids.indexOf(id) !== i)
	if (twice.length) bad.push('ids used twice: ' + twice)
	if (document.querySelector('form[method=post]:not([novalidate]) :is([required],[pattern],[type=email],[type=url],[type=number])'))
		bad.push('a form that the browser checks before us (novalidate is missing)')
	const said = document.body.innerText
	for (const word of [/\binvalide/i, /\boups\b/i, /veuillez/i, /cliquez ici/i, /erreur \d/i, /bientôt disponible/i, /papa|maman/i, /%!/, /\bnil\b/])
		if (word.test(said)) bad.push('says ' + said.match(word)[0])
	for (const a of document.querySelectorAll('a[href^="#"]'))
		if (a.hash.length > 1 && !document.getElementById(decodeURIComponent(a.hash.slice(1)))) bad.push('no place for ' + a.hash)
	return bad.join('; ') })()`

// widest names the elements that stick out.
const widest = `[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
	.slice(0, 6).map(e => e.tagName.toLowerCase() + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right)).join(', ')`

// follow asks for each link of the page, once for each who.
func (l *looker) follow(b *testkit.Browser, v visit, seen map[string]bool) {
	l.t.Helper()
	for _, href := range testkit.Eval[[]string](b, `[...document.querySelectorAll('a[href]')].map(a => a.href)`) {
		path, local := strings.CutPrefix(href, l.URL)
		path, fragment, _ := strings.Cut(path, "#")
		if !local || path == v.path || v.path == "/styleguide" || v.path == "/demo/courriels" || seen[v.who+path+fragment] {
			continue
		}
		seen[v.who+path+fragment] = true
		if strings.Contains(path, "/mot-de-passe-oublie/") || strings.Contains(path, "/confirmer-adresse/") || strings.Contains(path, "/activation/") {
			continue
		}
		p := l.client(v.who).Get(path)
		if to := p.Location(); to != "" && (strings.HasPrefix(to, l.outside.fc.URL) || strings.HasPrefix(to, l.outside.pc.URL)) {
			continue // FranceConnect or ProConnect: lookAtProviders goes there
		}
		for hops := 0; p.Status >= 300 && p.Status < 400 && hops < 5; hops++ {
			p = p.Follow()
		}
		if p.Status != 200 {
			l.t.Errorf("%s (%s) links to %s, which answers %d", v.path, v.who, path, p.Status)
		} else if fragment != "" && !p.Has(`[id="`+fragment+`"]`) {
			l.t.Errorf("%s (%s) links to %s#%s, and that page has no such place", v.path, v.who, path, fragment)
		}
	}
}

// lookAtErrors sends each form of the families and of the agents empty or wrong, and looks at the 422 page.
func (l *looker) lookAtErrors(t *testing.T, b *testkit.Browser) {
	for _, f := range []struct{ who, path, form, field, value string }{
		{nobody, "/connexion", "/connexion", "identifiant", "personne"},
		{nobody, "/agents/connexion", "/agents/connexion", "identifiant", "personne"},
		{nobody, "/mot-de-passe-oublie", "/mot-de-passe-oublie", "identifiant", ""},
		{nobody, "/identifiant-oublie", "/identifiant-oublie", "courriel", ""},
		{newcomer, "/premiere-connexion", "/premiere-connexion", "mot_de_passe", "court"},
		{halfAgent, "/agents/double-authentification", "/agents/double-authentification", "code", "000000"},
		{"titulaire", "/espace/identifiants", "/espace/identifiants", "identifiant", ""},
		{"titulaire", "/espace/coordonnees", "/espace/coordonnees", "telephone", "12"},
		{"titulaire", "/espace/coordonnees/courriel", "/espace/coordonnees/courriel", "courriel", "sans arobase"},
		{"titulaire", "/espace/famille/ajouter", "/espace/famille/ajouter", "nom", ""},
		{"agent instruction", "/agents/familles/" + l.objects["family"] + "/enfants/nouveau", "/agents/familles/" + l.objects["family"] + "/enfants/nouveau", "nom", ""},
		{"agent accueil", "/agents/membres/" + l.objects["place"] + "/coordonnees", "/agents/membres/" + l.objects["place"] + "/coordonnees", "mobile", "12"},
		{"agent communication", "/agents/actualites/nouvelle", "/agents/actualites", "titre", ""},
		{"administrateur", "/agents/parametres/identite", "/agents/parametres/identite", "colour", "bleu"},
		{"administrateur", "/agents/comptes/nouveau", "/agents/comptes/nouveau", "nom", ""},
	} {
		before := len(b.Problems())
		b.SetCookie(l.URL, account.SessionCookie, l.cookies[f.who])
		b.Go(l.URL + f.path)
		form := fmt.Sprintf(`main form[action=%q]`, f.form)
		b.Fill(form+fmt.Sprintf(` [name=%q]`, f.field), f.value)
		b.Click(form + ` button[type=submit]:not([name]):not([data-show])`)
		name := f.path + " sent wrong"
		for end := time.Now().Add(10 * time.Second); !testkit.Eval[bool](b, `document.readyState === 'complete'`) && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		if status := testkit.Eval[int](b, `performance.getEntriesByType('navigation')[0].responseStatus`); status != 422 && status != 401 {
			t.Errorf("%s answers %d", name, status)
		}
		if !b.Has(`[role=alert]`) || !strings.HasPrefix(testkit.Eval[string](b, `document.title`), "Erreur") {
			t.Errorf("%s: no summary of what is wrong, or a title that does not tell", name)
		}
		l.inspect(b, name, false)
		for _, p := range b.Problems()[before:] {
			t.Errorf("%s: the console complains: %s", name, p)
		}
	}
}

// lookAtBreakdown looks at the page of a fault of ours.
func (l *looker) lookAtBreakdown(t *testing.T, b *testkit.Browser) {
	rename := func(from, to string) {
		l.do(func(tx *db.Tx, _ actor.Actor) error {
			_, err := tx.Exec(`alter table ` + from + ` rename to ` + to)
			return err
		})
	}
	rename("invoice", "invoice_away")
	b.SetCookie(l.URL, account.SessionCookie, l.cookies["titulaire"])
	b.Go(l.URL + "/espace/factures")
	if said := b.Text("main"); !strings.Contains(said, "problème") {
		t.Errorf("the 500 page says: %s", said)
	}
	l.inspect(b, "the 500 page", true)
	rename("invoice_away", "invoice")
	l.log.expect(t, "invoice")
}

// expect forgets a fault that the test caused.
func (s *syncBuffer) expect(t *testing.T, words string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.Contains(s.b.String(), words) {
		t.Errorf("the log does not tell of %s", words)
	}
	s.b.Reset()
}
