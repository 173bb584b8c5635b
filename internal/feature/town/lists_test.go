package town_test

import (
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/town"

	"github.com/PuerkitoBio/goquery"
)

const plain = `main form[novalidate]`

func names(t *testing.T, o *office) string {
	var all []string
	for _, s := range read(t, o.d, town.Services) {
		all = append(all, s.Name)
	}
	return strings.Join(all, " ")
}

func TestServicesOnScreen(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		add := o.Get("/agents/parametres/services").Click(`main a[href$="/nouveau"]`)
		wrong := add.Submit(plain, map[string]string{"nom": "", "telephone": "le matin", "courriel": "x", "horaires": "le lundi"})
		if wrong.Status != 422 || wrong.Doc.Find(".field-wrong").Length() != 3 || typed(wrong, "horaires") != "le lundi" {
			t.Fatalf("%d %s", wrong.Status, wrong.Text(".error-summary"))
		}
		wrong.Submit(plain, map[string]string{"nom": "Enfance", "telephone": "", "courriel": ""}).Follow()
		for _, name := range []string{"Jeunesse", "État civil"} {
			o.Get("/agents/parametres/services/nouveau").Submit(plain, map[string]string{"nom": name}).Follow()
		}
		if again := o.Get("/agents/parametres/services/nouveau").Submit(plain, map[string]string{"nom": "enfance"}); again.Status != 422 || !again.Has("#champ-nom-erreur") {
			t.Errorf("twice the same name: %d", again.Status)
		}
		id := string(read(t, o.d, town.Services)[2].ID)
		o.Get("/agents/parametres/services").Submit(`main form[action$="`+id+`/rang"]:has(input[value=haut])`, nil).Follow()
		if got := names(t, o); got != "Enfance État civil Jeunesse" {
			t.Errorf("order: %s", got)
		}
		o.Get("/agents/parametres/services").Submit(`main form[action$="`+id+`/etat"]`, nil).Follow()
		if got := names(t, o); got != "Enfance Jeunesse" {
			t.Errorf("after closing: %s", got)
		}
		o.Get("/agents/parametres/services").Submit(`main form[action$="`+id+`/etat"]`, nil).Follow()
		page := o.Get("/agents/parametres/services/" + id)
		o.portal.As(administrator).Get("/agents/parametres/services/"+id).Submit(plain, map[string]string{"telephone": "01 00 00 00 05"}).Follow()
		both := page.Submit(plain, map[string]string{"nom": "Affaires civiles"})
		if both.Status != 409 || !strings.Contains(both.Text("main table"), "01 00 00 00 05") || typed(both, "nom") != "Affaires civiles" {
			t.Fatalf("two administrators: %d %s", both.Status, both.Text("main table"))
		}
		both.Submit(plain, nil).Follow()
		if e := o.lastAudit(t, "service", id); names(t, o) != "Enfance Affaires civiles Jeunesse" || e.Action != "town.service.changed" || e.Detail != "name phone" {
			t.Errorf("%s %+v", names(t, o), e)
		}
		if o.Get("/agents/parametres/services/inconnu").Status != 404 {
			t.Error("an unknown service has a page")
		}
	})
}

func TestSitesOnScreen(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.Get("/agents/parametres/lieux/nouveau").Submit(plain, map[string]string{"nom": "École du Centre", "genre": "ecole", "adresse": "3, rue du Lac"}).Follow()
		site := read(t, o.d, town.Sites)[0]
		path := "/agents/parametres/lieux/" + string(site.ID)
		old := o.Get(path)
		wrong := old.Submit(plain, map[string]string{"nom": "", "telephone": "x"})
		if wrong.Status != 422 || typed(wrong, "telephone") != "x" {
			t.Errorf("%d", wrong.Status)
		}
		wrong.Submit(plain, map[string]string{"nom": "École Centre", "telephone": "01 00 00 00 07"}).Follow()
		if both := old.Submit(plain, map[string]string{"nom": "Autre"}); both.Status != 409 || !strings.Contains(both.Text("main table"), "École Centre") {
			t.Errorf("two administrators: %d", both.Status)
		}
		o.Get("/agents/parametres/lieux").Submit(`main form[action$="/etat"]`, nil).Follow()
		if all := read(t, o.d, town.AllSites); len(read(t, o.d, town.Sites)) != 0 || len(all) != 1 || all[0].Phone != "01 00 00 00 07" {
			t.Errorf("after closing: %+v", all)
		}
	})
}

func TestSchoolYearsAndHolidays(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		page := o.Get("/agents/parametres/annees")
		page = page.Click(`main a[href$="/2027-2028"]`)
		if !strings.Contains(page.Text("main"), "calendrier à vérifier") {
			t.Errorf("a guessed year does not say so: %s", page.Text("main"))
		}
		page = o.Get("/agents/parametres/annees/2026-2027")
		if !strings.Contains(page.Text("main"), "calendrier national") || typed(page, "debut") != "01/09/2026" {
			t.Errorf("%s", page.Text("main"))
		}
		for _, wrong := range []map[string]string{{"debut": "la rentrée"}, {"fin": "01/08/2026"}, {"debut": "01/09/2025"}} {
			if p := page.Submit(plain, wrong); p.Status != 422 || !p.Has(".field-wrong") {
				t.Errorf("%v: %d", wrong, p.Status)
			}
		}
		if page.Has("#champ-verifie[checked]") {
			t.Error("a proposed year is ticked in advance")
		}
		page.Submit(plain, map[string]string{"fin": "3 juillet 2027"}).Follow()
		if read(t, o.d, func(r db.Reader) (town.Year, error) { return town.YearOf(r, 2026) }).Checked {
			t.Error("nobody ticked the year")
		}
		o.Get("/agents/parametres/annees/2026-2027").Submit(plain, map[string]string{"verifie": "1"}).Follow()
		if !o.Get("/agents/parametres/annees/2026-2027").Has("#champ-verifie[checked]") {
			t.Error("the tick of a person is lost")
		}
		if y := read(t, o.d, func(r db.Reader) (town.Year, error) { return town.YearOf(r, 2026) }); y.Days.To.String() != "2027-07-03" || !y.Checked {
			t.Errorf("year: %+v", y)
		}
		if both := page.Submit(plain, map[string]string{"fin": "05/07/2027"}); both.Status != 409 || !strings.Contains(both.Text("main table"), "3 juillet 2027") {
			t.Errorf("two administrators: %d", both.Status)
		}
		if o.Get("/agents/parametres/annees/2026-2029").Status != 404 {
			t.Error("a year that is none has a page")
		}
		holidays := o.Get("/agents/parametres/vacances").Submit(`main form[action$="/officielles"]`, map[string]string{"annee": "2026-2027", "zone": "B"}).Follow()
		if !strings.Contains(holidays.Text("main"), "Du samedi 20 février 2027") && !strings.Contains(holidays.Text("main"), "20 février 2027 au") {
			t.Errorf("zone B: %s", holidays.Text("main"))
		}
		if !strings.Contains(holidays.Text("body"), "Attention : la commune est réglée en zone C") {
			t.Errorf("the calendar of another zone is taken without a word: %s", holidays.Text("body"))
		}
		again := holidays.Submit(`main form[action$="/officielles"]`, map[string]string{"annee": "2026-2027", "zone": "B"}).Follow()
		if !strings.Contains(again.Text("body"), "Rien à ajouter") {
			t.Error("the same calendar is added twice")
		}
		winter := again.Doc.Find(`main a:contains("hiver")`).AttrOr("href", "")
		page = o.Get(winter)
		if wrong := page.Submit(plain, map[string]string{"nom": "", "fin": "01/01/2027"}); wrong.Status != 422 || typed(wrong, "fin") != "01/01/2027" {
			t.Errorf("%d", wrong.Status)
		}
		page.Submit(plain, map[string]string{"nom": "Vacances de février"}).Follow()
		if both := page.Submit(plain, map[string]string{"nom": "Autre"}); both.Status != 409 {
			t.Errorf("two administrators: %d", both.Status)
		}
		after := o.Get(winter).Submit(`main form[action$="/suppression"]`, nil).Follow()
		if strings.Contains(after.Text("main"), "février 2027") || o.Get(winter).Status != 404 {
			t.Error("the holiday stays")
		}
	})
}

func TestClosingsOnScreen(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.Get("/agents/parametres/services/nouveau").Submit(plain, map[string]string{"nom": "Jeunesse"}).Follow()
		page := o.Get("/agents/parametres/fermetures/nouvelle")
		both := page.Submit(plain, map[string]string{"debut": "demain", "fin": "", "motif": ""})
		if both.Status != 422 || both.Has("#champ-fin-erreur") || both.Doc.Find(".field-wrong").Length() != 2 || typed(both, "fin") != "" {
			t.Errorf("a wrong first day and no reason: %d %s", both.Status, both.Text(".error-summary"))
		}
		wrong := page.Submit(plain, map[string]string{"debut": "demain", "motif": "Pont"})
		if wrong.Status != 422 || !wrong.Has("#champ-debut-erreur") || typed(wrong, "motif") != "Pont" {
			t.Fatalf("%d", wrong.Status)
		}
		saved := wrong.Submit(plain, map[string]string{"debut": "17/11/2026", "fin": ""}).Follow()
		if !strings.Contains(saved.Text("body"), "3 activations promises") {
			t.Errorf("the weight of the closing is not told: %s", saved.Text("body"))
		}
		w := read(t, o.d, town.Working)
		if w.Open(civil.NewDate(2026, 11, 17)) || !w.Open(civil.NewDate(2026, 11, 18)) {
			t.Error("the day is not closed")
		}
		old := saved
		saved.Submit(plain, map[string]string{"service": string(read(t, o.d, town.Services)[0].ID), "motif": "Sortie"}).Follow()
		if !read(t, o.d, town.Working).Open(civil.NewDate(2026, 11, 17)) {
			t.Error("a closing of one service closes the town")
		}
		if both := old.Submit(plain, map[string]string{"motif": "Autre"}); both.Status != 409 || !strings.Contains(both.Text("main table"), "Jeunesse") {
			t.Errorf("two administrators: %d %s", both.Status, both.Text("main table"))
		}
		list := o.Get("/agents/parametres/fermetures")
		if !strings.Contains(list.Text("main"), "Sortie, Jeunesse") {
			t.Errorf("list: %s", list.Text("main"))
		}
		list.Click(`main .row-link`).Submit(`main form[action$="/suppression"]`, nil).Follow()
		if strings.Contains(o.Get("/agents/parametres/fermetures").Text("main"), "Sortie") {
			t.Error("the closing stays")
		}
		if forged := o.Get("/agents/parametres/fermetures/nouvelle"); o.Post("/agents/parametres/fermetures/nouvelle", url.Values{"cle": {forged.Doc.Find("[name=cle]").AttrOr("value", "")},
			"debut": {"18/11/2026"}, "motif": {"x"}, "service": {"inconnu"}}).Status != 422 {
			t.Error("a closing of a service that is not")
		}
	})
}

func TestSetUpOfANewTown(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		state := func() town.SetupState { return read(t, o.d, town.Setup) }
		if state() != town.SetupFresh {
			t.Fatalf("an empty folder: %d", state())
		}
		page := o.Get(town.SetupPath)
		done := func(p *goquery.Document) int { return p.Find(`main .row:contains("Fait")`).Length() }
		if page.Doc.Find("main .row").Length() != 10 || done(page.Doc) != 1 || !strings.Contains(page.Text("main"), "1 étape faite sur 9") {
			t.Errorf("%d tasks, %d done: %s", page.Doc.Find("main .row").Length(), done(page.Doc), page.Text("main"))
		}
		page.Click(`main a[href="/agents/parametres/identite"]`).Submit(form, map[string]string{"name": "Poissy"}).Follow()
		if state() != town.SetupRunning {
			t.Errorf("after the first page: %d", state())
		}
		if hub := o.Get("/agents/parametres"); !strings.Contains(hub.Text("main"), "2 étapes faites sur 9") || !hub.Has(`a[href="`+town.SetupPath+`"]`) {
			t.Errorf("the settings do not say where the set-up stands: %s", hub.Text("main"))
		}
		for path, values := range map[string]map[string]string{"contacts": {"phone": "01 00 00 00 01"}, "horaires": {}, "textes/mentions": {"publisher": "La maire", "host": "La commune"}, "textes/donnees-personnelles": {"data_officer": "Aucun"}} {
			o.Get("/agents/parametres/"+path).Submit(form, values).Follow()
		}
		if services := o.Get("/agents/parametres/services"); !services.Has(`main a[href="` + town.SetupPath + `"]`) {
			t.Error("a list of the settings does not lead back to the set-up")
		}
		o.Get("/agents/parametres/services/nouveau").Submit(plain, map[string]string{"nom": "Enfance"}).Follow()
		o.Get("/agents/parametres/lieux/nouveau").Submit(plain, map[string]string{"nom": "École"}).Follow()
		o.Get("/agents/parametres/annees/2026-2027").Submit(plain, nil).Follow()
		o.Get("/agents/parametres/vacances").Submit(`main form[action$="/officielles"]`, nil).Follow()
		test := o.Get("/agents/parametres/courriel-essai").Submit(plain, map[string]string{"adresse": "moi"})
		if test.Status != 422 || typed(test, "adresse") != "moi" {
			t.Errorf("a test mail to nobody: %d", test.Status)
		}
		test.Submit(plain, map[string]string{"adresse": "moi@exemple.fr"}).Follow()
		if n := read(t, o.d, mail.Count)[mail.Queued]; n != 1 {
			t.Errorf("%d test mails wait", n)
		}
		if page = o.Get(town.SetupPath); done(page.Doc) != 8 || !strings.Contains(page.Text("main"), "Il reste à faire : « Courriel d’essai »") {
			t.Errorf("a test mail that only waits: %s", page.Text("main"))
		}
		do(t, o.d, func(tx *db.Tx) error {
			_, err := tx.Exec(`update mail_outbox set state = 'sent', sent_at = 1`)
			return err
		})
		page = o.Get(town.SetupPath)
		if done(page.Doc) != 9 {
			t.Errorf("at the end: %s", page.Text("main"))
		}
		if page = page.Submit(`main form[action$="/fin"]`, nil); page.Location() == "" || state() != town.SetupOver {
			t.Errorf("ended: %d", state())
		}
		if strings.Contains(o.Get("/agents/parametres").Text("main"), "Mise en route") {
			t.Error("the settings still speak of the set-up")
		}
	})
}

func TestSetUpPutOffAndATownFilledByACommand(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.Get(town.SetupPath).Submit(`main form[action$="/plus-tard"]`, nil)
		if got := read(t, o.d, town.Setup); got != town.SetupRunning {
			t.Errorf("put off: %d", got)
		}
	})
	eachOffice(t, func(t *testing.T, o *office) {
		do(t, o.d, func(tx *db.Tx) error { return town.SaveSettings(tx, now, job, town.Default()) })
		if got := read(t, o.d, town.Setup); got != town.SetupOver {
			t.Errorf("a demonstration: %d", got)
		}
	})
}

func TestOnlyAdministratorsSetTheTown(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		clerk := o.portal.As(actor.Actor{Kind: actor.Agent, Second: true, Account: "b"})
		for _, r := range o.portal.Router.Routes() {
			if !strings.HasPrefix(r.Path, "/agents") {
				continue
			}
			path := strings.Replace(r.Path, "{id}", "x", 1)
			if r.Method == "GET" && clerk.Get(path).Status != 403 || r.Method == "POST" && clerk.Post(path, url.Values{}).Status != 403 {
				t.Errorf("%s %s is open to an agent without the right", r.Method, r.Path)
			}
		}
		agent := actor.Actor{Kind: actor.Agent, Second: true}
		do(t, o.d, func(tx *db.Tx) error {
			for name, err := range map[string]error{
				"settings": town.ChangeSettings(tx, now, agent, []string{"name"}, town.Default().Stamp([]string{"name"}), map[string]string{"name": "x"}),
				"service":  town.ChangeService(tx, now, agent, town.Service{}, ""), "order": town.MoveService(tx, now, agent, "", true),
				"close": town.OpenService(tx, now, agent, "", false), "site": town.ChangeSite(tx, now, agent, town.Site{}, ""), "close site": town.OpenSite(tx, now, agent, "", false),
				"year": town.ChangeYear(tx, now, agent, town.Year{}, ""), "holiday": town.ChangeSchoolHoliday(tx, now, agent, town.SchoolHoliday{}, ""),
				"drop holiday": town.DropSchoolHoliday(tx, now, agent, ""), "closing": town.ChangeClosing(tx, now, agent, town.Closing{}, ""),
				"drop closing": town.DropClosing(tx, now, agent, ""), "mail": town.SetMailWords(tx, now, agent, invitation, invitationWords, ""),
				"reset mail": town.ResetMailWords(tx, now, agent, ""), "test mail": town.SendTest(tx, now, agent, "a@b.fr"), "end": town.FinishSetup(tx, now, agent), "later": town.PostponeSetup(tx, now, agent),
			} {
				if fault.KindOf(err) != fault.Forbidden {
					t.Errorf("%s without the right: %v", name, err)
				}
			}
			return nil
		})
	})
}

var invitationWords = mail.Words{Subject: "x", Text: "y"}

func TestTheSetUpSaysWhatATaskLacks(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		says := func(all ...string) {
			t.Helper()
			text := o.Get(town.SetupPath).Text("main")
			for _, words := range all {
				if !strings.Contains(text, words) {
					t.Errorf("the set-up does not say %q: %s", words, text)
				}
			}
		}
		says("Il manque les dates de l’année 2026-2027 et les vacances de la zone C", "proposée d’office", "direction de la publication", "délégué à la protection")
		if p := o.Get(town.SetupPath); !p.Has(`main a[href$="/vacances"]`) || !p.Has(`main a[href$="/horaires"]`) || !p.Has(`main a[href$="/donnees-personnelles"]`) {
			t.Error("a task does not lead to all its pages")
		}
		o.Get("/agents/parametres/annees/2026-2027").Submit(plain, nil).Follow()
		o.Get("/agents/parametres/vacances").Submit(`main form[action$="/officielles"]`, map[string]string{"annee": "2026-2027", "zone": "B"}).Follow()
		says("Il manque les vacances de la zone C.")
		o.Get("/agents/parametres/identite").Submit(form, nil).Follow()
		says("Votre commune » est un nom d’attente")
		o.Get("/agents/parametres/textes/mentions").Submit(form, map[string]string{"publisher": "La maire", "host": "La commune"}).Follow()
		says("Il manque : le délégué à la protection des données")
	})
}

func TestATestMailWithoutAServer(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		with := o.Get("/agents/parametres/courriel-essai").Submit(plain, map[string]string{"adresse": "moi@exemple.fr"}).Follow()
		if !strings.Contains(with.Text("body"), "part dans la minute") {
			t.Errorf("with a server: %s", with.Text("body"))
		}
		o.noMail(t)
		without := o.Get("/agents/parametres/courriel-essai").Submit(plain, map[string]string{"adresse": "moi@exemple.fr"}).Follow()
		if text := without.Text("body"); strings.Contains(text, "dans la minute") || !strings.Contains(text, "un serveur de courriels sera réglé") {
			t.Errorf("without a server: %s", text)
		}
	})
}

func TestATownSaysWhenThePicturesOfTheCheckShow(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		const page = "/agents/parametres/controle"
		if o.settings(t).QuietCheck || o.Get(page).Has("[name=quiet_check] option[value=true][selected], input[name=quiet_check][value=true][checked]") {
			t.Error("a new town does not show the pictures to everybody")
		}
		if text := o.Get(page).Text("main"); !strings.Contains(text, "N’afficher le contrôle des images que si le contrôle silencieux échoue") {
			t.Errorf("the page says: %s", text)
		}
		for _, want := range []bool{true, false} {
			done := o.Get(page).Submit(form, map[string]string{"quiet_check": map[bool]string{true: "true", false: "false"}[want]})
			if done.Status != 303 || o.settings(t).QuietCheck != want {
				t.Errorf("%v asked: %d, saved %v", want, done.Status, o.settings(t).QuietCheck)
			}
			if got := o.Get(page).Has("[name=quiet_check] option[value=true][selected], input[name=quiet_check][value=true][checked]"); got != want {
				t.Errorf("%v saved, the page shows %v", want, got)
			}
		}
	})
}

func TestATownWithoutAnOldPortal(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		if text := o.Get("/aide").Text("main"); strings.Contains(text, "Votre espace existe déjà") || !strings.Contains(text, "Vous êtes nouveau") {
			t.Errorf("a new town's help: %s", text)
		}
		o.Get("/agents/parametres/textes/accueil").Submit(form, map[string]string{"old_portal": "Kiosque Familles"}).Follow()
		if text := o.Get("/aide").Text("main"); !strings.Contains(text, "Vous utilisiez Kiosque Familles") {
			t.Errorf("help: %s", text)
		}
		o.Get("/agents/parametres/textes/accueil").Submit(form, map[string]string{"old_portal": ""}).Follow()
		if text := o.Get("/aide").Text("main"); strings.Contains(text, "Vous utilisiez") {
			t.Errorf("cleared, help says: %s", text)
		}
	})
}
