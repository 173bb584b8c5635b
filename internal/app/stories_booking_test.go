package app_test

import (
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
)

func init() {
	stories = append(stories,
		told{"a meal is cancelled from the first page", true, cancelsAMeal},
		told{"several days at once", true, booksSeveralDays},
		told{"nothing to change", false, changesNothing},
		told{"two parents at the same time", true, twoParents},
		told{"the canteen of a new school year, by keyboard", false, newCanteenYear})
}

// cancelsAMeal gives up a booked day of « Cette semaine »: task 2 of the ten.
func cancelsAMeal(s story) {
	way := s.way("titulaire")
	s.enter(way.Username, way.Password)
	s.sees("Cette semaine")
	c := &counted{Browser: s.Browser}
	link := `a[href*="/annuler?"]:not([href*="jour=` + civil.DateOf(s.Now()).String() + `"])`
	if s.Has(link) {
		c.click(link)
	} else { // from Friday on, the week has no day left that may be given up
		c.clicks++
		s.open(s.text(`select '/espace/enfants/' || b.child || '/annuler?jour=' || b.day || '&activite=' || u.activity
			from booking b join unit u on u.id = b.unit join family_member m on m.family = b.family
			join account a on a.person = m.person and a.username_folded = $1 where b.state = 'booked' and b.day > $2 order by b.day desc limit 1`,
			way.Username, civil.DateOf(s.Now()).AddDays(10).String()))
	}
	s.sees("Annuler", "Modifiable jusqu’")
	c.clickText("Annuler cette réservation")
	s.sees("Enregistré", "Annulé", "Référence")
	s.upTo(c, 3, 0, "cancelling a meal")
}

// booksSeveralDays changes three days of next month, comes back once, confirms, and undoes it.
func booksSeveralDays(s story) {
	r := s.someone()
	s.home(r)
	s.sees("Mes enfants")
	s.open("/espace/agenda?mois=" + s.Now().AddDate(0, 1, 0).Format("2006-01"))
	free := `.agenda-day input[type=checkbox]:not([checked])`
	if !s.Has(free) {
		s.t.Fatalf("nothing to book: %s", s.page())
	}
	name := testkit.Eval[string](s.Browser, `document.querySelector('`+free+`').name`)
	box := `input[name="` + name + `"]`
	s.unfold()
	s.Click(box)
	s.ClickText("Vérifier les changements")
	s.sees("1 changement à enregistrer", "À réserver")
	s.ClickText("Modifier")
	if !testkit.Eval[bool](s.Browser, `document.querySelector('`+box+`').checked`) {
		s.t.Fatal("« Modifier » forgot the day")
	}
	s.ClickText("Vérifier les changements")
	s.ClickText("Confirmer")
	s.sees("Enregistré : 1 changement", "Référence")
	s.open("/espace/agenda?mois=" + s.Now().AddDate(0, 1, 0).Format("2006-01"))
	s.unfold()
	if !testkit.Eval[bool](s.Browser, `document.querySelector('`+box+`').checked`) {
		s.t.Fatal("the booked day is not ticked")
	}
	s.Click(box)
	s.ClickText("Vérifier les changements")
	s.sees("À annuler")
	s.ClickText("Confirmer")
	s.sees("Annulé")
}

// unfold opens the weeks, as a reader does one by one.
func (s story) unfold() {
	s.t.Helper()
	testkit.Eval[bool](s.Browser, `(document.querySelectorAll('.agenda-week').forEach((w) => { w.open = true }), true)`)
}

func changesNothing(s story) {
	r := s.someone()
	s.home(r)
	s.sees("Mes enfants")
	s.open("/espace/agenda?mois=" + s.Now().AddDate(0, 1, 0).Format("2006-01"))
	s.ClickText("Vérifier les changements")
	s.sees("Aucun changement")
	s.ClickText("Revenir à l’agenda")
	s.sees("Agenda de la famille")
}

// twoParents books a day while the other parent's page still shows it free: the line says that it moved, and nothing is
// lost.
func twoParents(s story) {
	one, other := s.way("titulaire"), s.way("co-représentant")
	month := "/espace/agenda?mois=" + s.Now().AddDate(0, 2, 0).Format("2006-01")
	late := testkit.NewClient(s.t, s.Handler())
	late.Base = s.house.URL
	late.SetCookie(account.SessionCookie, s.token(other.Username))
	page := late.Get(month)
	box := page.Doc.Find(".agenda-day input[type=checkbox]").FilterFunction(func(_ int, q *goquery.Selection) bool { _, on := q.Attr("checked"); return !on }).Last()
	name, value := box.AttrOr("name", ""), box.AttrOr("value", "")
	if name == "" {
		s.t.Fatalf("nothing to book in %s: %d", month, page.Status)
	}
	s.enter(one.Username, one.Password)
	s.sees("Mes enfants")
	s.open(month)
	s.unfold()
	s.Click(`input[name="` + name + `"]`)
	s.ClickText("Vérifier les changements")
	s.ClickText("Confirmer")
	s.sees("Enregistré : 1 changement")
	check := page.Submit("form[action$=verifier]", map[string]string{name: value})
	if !strings.Contains(check.Text("main"), "C’est déjà réservé") {
		s.t.Errorf("the other parent is not told: %s", check.Text("main"))
	}
	day := name[strings.LastIndex(name, ".")+1:]
	if n := s.text(`select count(*) from booking where day = $1 and state = 'booked' and changed_at is not null`, day); n != "1" {
		s.t.Errorf("%s bookings made on %s, want 1", n, day)
	}
	if _, err := civil.ParseDate(day); err != nil {
		s.t.Errorf("the field %q names no day", name)
	}
}

// newCanteenYear publishes the canteen's deadlines for a new school year, prepares its period and opens it, without a
// mouse.
func newCanteenYear(s story) {
	s.as(s.Browser, "administrateur")
	s.open("/agents/activites")
	start := time.Now()
	keys := 0
	press := func(selector string) {
		s.t.Helper()
		s.tabTo(selector)
		s.Press("\r")
		keys++
	}
	canteen := s.text(`select id from activity where folded = 'restauration scolaire'`)
	year := civil.SchoolYearOf(civil.DateOf(s.Now())) + 1
	if s.text(`select count(*) from school_year where year = $1`, int(year)) == "0" {
		s.do(func(tx *db.Tx, a actor.Actor) error {
			proposed, holidays := town.Propose(year, "C")
			if err := town.SetYear(tx, s.Now(), a, proposed); err != nil {
				return err
			}
			for _, h := range holidays {
				if _, err := town.AddSchoolHoliday(tx, s.Now(), a, h); err != nil {
					return err
				}
			}
			return nil
		})
	}
	press(`a[href="/agents/activites/` + canteen + `"]`)
	s.sees("Restauration scolaire")
	press(`main a[href$="/delais"]`)
	s.sees("Écrivez la règle comme une phrase")
	s.keys(`[name=depuis]`, civil.NewDate(int(year), 9, 1).French())
	keys += 10
	press(`button[value=verifier]`)
	s.sees("septembre")
	press(`main form .button-primary`)
	s.sees("Délais")
	s.open("/agents/activites/" + canteen)
	press(`main a[href$="/periodes"]`)
	s.sees("Préparer l’année " + year.String())
	press(`form[action$="/annee"] button`)
	s.sees(year.String())
	press(`form[action$="/ouverture"] button`)
	s.sees("Ouverte")
	first := civil.NewDate(int(year), 9, 1).String()
	if n := s.text(`select count(*) from slot s join unit u on u.id = s.unit where u.activity = $1 and s.day >= $2`, canteen, first); n == "0" {
		s.t.Error("the new year has no places")
	}
	s.t.Logf("the canteen of a new school year: %d keys but tabulations, %v", keys, time.Since(start).Round(time.Second))
}
