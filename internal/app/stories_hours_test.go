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
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// timed is a story that depends on the day and the hour, in a house whose clock it sets.
type timed struct {
	story
	now     *setClock
	place   familytest.Homes // the school and the service of what it makes
	scripts bool
}

// timedStories are told with and without JavaScript when PARVIS_DEEP is set, else as each says.
var timedStories = []struct {
	name          string
	without, with bool
	tell          func(h timed)
}{
	{"a year reserved and given up", true, true, reservesAYear},
	{"two homes share a child", true, false, sharesAChild},
	{"a place waited for", true, false, waitsForAPlace},
	{"a strike", false, true, suspendsADay},
	{"an absence, then an error", true, false, errsOnce},
	{"an unpaid balance", false, false, owesTooMuch},
}

// TestStoriesAtTheirHour tells what happens at an hour of a day: deadlines, weeks of one home and the other, waiting.
func TestStoriesAtTheirHour(t *testing.T) {
	for _, mode := range []struct {
		name     string
		noScript bool
	}{{"no script", true}, {"script", false}} {
		t.Run(mode.name, func(t *testing.T) {
			clock := &setClock{}
			clock.set(written)
			h := openHouse(t, "", clock.Now)
			place := h.newSchool()
			for _, one := range timedStories {
				if !deep() && (mode.noScript && !one.without || !mode.noScript && !one.with) {
					continue
				}
				t.Run(one.name, func(t *testing.T) {
					start := time.Now()
					clock.set(written)
					b := testkit.NewBrowser(t, testkit.BrowserOptions{NoScript: mode.noScript, Width: 360, Height: 740})
					here := *h
					here.t = t
					one.tell(timed{story: story{house: &here, Browser: b, t: t}, now: clock, place: place, scripts: !mode.noScript})
					for _, p := range b.Problems() {
						t.Errorf("the console complains: %s", p)
					}
					t.Logf("%.1f s", time.Since(start).Seconds())
				})
			}
		})
	}
}

// newSchool makes the school and the service of the stories.
func (h *house) newSchool() familytest.Homes {
	h.t.Helper()
	var place familytest.Homes
	h.do(func(tx *db.Tx, a actor.Actor) (err error) {
		if place.School, err = town.AddSite(tx, h.Now(), a, town.Site{Name: "École des Histoires", Kind: town.School, Active: true}); err != nil {
			return err
		}
		place.Service = town.ServiceID(h.text(`select service from activity order by id limit 1`))
		return nil
	})
	return place
}

// hearth is a family of a story: a head with an account, what only it may read, and its children.
type hearth struct {
	id       family.ID
	username string
	email    string
	secrets  []string // without spaces
	kids     []family.ChildID
}

// storyMembers is since when people are of their families.
var storyMembers = civil.NewDate(2026, time.September, 1)

// newHearth makes a family; children are first names, or children already known who live there too.
func (h timed) newHearth(name string, children ...string) hearth {
	h.t.Helper()
	return h.joined(name, nil, children...)
}

func (h timed) joined(name string, known []family.ChildID, children ...string) (x hearth) {
	h.t.Helper()
	h.do(func(tx *db.Tx, a actor.Actor) (err error) {
		folded := person.Fold(name)
		x = hearth{username: folded + ".histoire", email: folded + "@histoire.exemple"}
		n := 10 + int(folded[0]-'a') // the families of a story begin with different letters
		who := person.Person{Civility: person.Madame, LastName: "Histoire", FirstNames: name, BirthDay: civil.NewDate(1986, 4, 5), Email: x.email,
			Mobile: fmt.Sprintf("+336399840%02d", n), Address: person.Address{Number: "12", Street: "quai " + name, PostCode: "78999", City: "Rivebelle-sur-Seine"}}
		x.secrets = []string{"quai" + name, x.email, fmt.Sprintf("399840%02d", n)}
		if x.id, err = family.Insert(tx, written, a, "", h.place.Service); err != nil {
			return err
		}
		head, err := person.Insert(tx, written, a, who)
		if err != nil {
			return err
		}
		if _, err = family.AddMember(tx, written, a, family.NewMember{Family: x.id, Person: head, Role: family.Holder, From: storyMembers}); err != nil {
			return err
		}
		if _, err = account.Insert(tx, written, a, account.Account{Person: head, Audience: account.Citizen, State: account.Active, Username: x.username, Email: x.email}, ""); err != nil {
			return err
		}
		for i, first := range children {
			kid, err := person.Insert(tx, written, a, person.Person{LastName: "Histoire", FirstNames: first, BirthDay: civil.NewDate(2017+i, 3, 1)})
			if err != nil {
				return err
			}
			child, err := family.AddChild(tx, written, a, family.NewChild{Family: x.id, Person: kid, School: h.place.School, Level: "CP", From: storyMembers})
			if err != nil {
				return err
			}
			x.kids = append(x.kids, child)
		}
		for _, kid := range known {
			if _, err := family.AddChild(tx, written, a, family.NewChild{Family: x.id, Person: kid.PersonID(), From: storyMembers}); err != nil {
				return err
			}
			x.kids = append(x.kids, kid)
		}
		return nil
	})
	return x
}

// storyYear is the days that the activities of stories have.
var storyYear = civil.Range{From: civil.NewDate(2027, time.January, 8), To: civil.NewDate(2027, time.July, 2)}

// newActivity makes a canteen of school days, booked until the eve at 9:00, and enrols children in it.
func (h timed) newActivity(name string, capacity int, policy activity.Policy, children ...family.ChildID) activity.ID {
	h.t.Helper()
	p := activitytest.Plan{Name: name, Units: []activity.Unit{{Weekdays: activitytest.SchoolWeek, From: 690, To: 800, Meal: true, Alone: true}}, Days: storyYear, Policy: policy, Term: activity.InTerm}
	if len(p.Policy.Rules) == 0 {
		p.Policy = activitytest.Model(h.t, "veille-9h")
	}
	p.Policy.From = civil.NewDate(2027, time.January, 1)
	if capacity > 0 {
		p.Capacity = &capacity
	}
	made := activitytest.Make(h.t, h.DB, h.place, p)
	h.do(func(tx *db.Tx, a actor.Actor) error {
		for _, c := range children {
			if _, err := enrolment.Insert(tx, written, a, enrolment.Enrolment{Child: c, Activity: made.ID, Site: h.place.School, Days: storyYear}); err != nil {
				return err
			}
		}
		return nil
	})
	h.Activities.Invalidate()
	return made.ID
}

// homeOf opens a family's first page at a moment.
func (h timed) homeOf(x hearth, at time.Time) {
	h.t.Helper()
	h.now.set(at)
	h.SetCookie(h.house.URL, account.SessionCookie, h.token(x.username))
	h.open("/espace")
	h.sees("Mon tableau de bord")
}

// agent opens the agents' first page at a moment.
func (h timed) agent(role string, at time.Time) {
	h.t.Helper()
	h.now.set(at)
	h.desk(role)
}

// looksWell runs axe on the page as it stands and looks whether it is wider than the window.
func (h timed) looksWell(what string) {
	h.t.Helper()
	if px := h.SidewaysScroll(); px > 0 {
		h.t.Errorf("%s: %d px too wide", what, px)
	}
	if !h.scripts { // axe is a script
		return
	}
	for _, v := range h.Axe() {
		h.t.Errorf("%s: axe %s: %s\n\t%s", what, v.ID, v.Help, strings.Join(v.Nodes[:min(len(v.Nodes), 3)], "\n\t"))
	}
}

func at(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2027, month, day, hour, minute, 0, 0, app.Zone())
}

// reservesAYear books one child's year in odd weeks, without a mouse where there is no script: an error keeps what was
// chosen, the check tells the days left out and why, and all of it is given up at once.
func reservesAYear(h timed) {
	x := h.newHearth("Alma", "Nino", "Rosa")
	canteen := h.newActivity("Cantine des Histoires", 0, activity.Policy{}, x.kids...)
	h.homeOf(x, at(time.January, 7, 10, 0))
	h.looksWell("the first page")
	press := func(selector, key string) {
		h.t.Helper()
		if h.scripts {
			h.Click(selector)
			return
		}
		h.tabTo(selector)
		h.Press(key)
	}
	press(`main a[href="/espace/reserver/`+string(canteen)+`"]`, "\r")
	h.sees("Pour quels enfants ?", "Quels jours ?")
	second := `#reserver input[name=enfant]:not([value="` + testkit.Eval[string](h.Browser, `document.querySelector('#reserver input[name=enfant]').value`) + `"])`
	press(second, " ")
	if h.scripts {
		h.Click(`[name=rythme][value=impaires]`)
	} else {
		h.tabTo(`[name=rythme]:checked`)
		h.Press("\u0301\u0301") // down, down
	}
	const check = `#reserver .button-primary`
	press(check, "\r")
	h.sees("Il y a 1 erreur")
	h.looksWell("the form with its error")
	kept := testkit.Eval[string](h.Browser, `document.querySelector('[name=rythme]:checked').value + ' ' + document.querySelectorAll('#reserver input[name=enfant]:checked').length`)
	if kept != "impaires 1" {
		h.t.Errorf("after the error the form holds %q", kept)
	}
	press(`#reserver [name=jour][value="1"]`, " ")
	press(`#reserver [name=jour][value="4"]`, " ")
	press(check, "\r")
	h.sees("Vérifiez avant de confirmer", "les semaines impaires", "exceptés : voir pourquoi")
	press(`main details summary`, "\r")
	h.sees("Vacances")
	h.looksWell("the check of a year")
	shown := testkit.Eval[string](h.Browser, `document.querySelector('main .sheet').innerText.replace(/[\s\u00a0\u202f]+/g, ' ')`)
	h.t.Log(shown)
	press(`#confirmer .button-primary`, "\r")
	h.sees("Référence", "Enregistré")
	days := h.count(`select count(*) from booking where family = $1 and state = 'booked'`, string(x.id))
	if odd := h.oddWeeks(string(x.id)); days < 15 || odd != int(days) || !strings.Contains(shown, fmt.Sprintf("Jours %d ", days)) {
		h.t.Errorf("%d days are booked, %d of them in odd weeks; the check said %s", days, odd, shown)
	}
	m := h.gathered(x.email, "")
	if !strings.Contains(strings.ReplaceAll(m.Text, "\u00a0", " "), fmt.Sprintf("%d jours", days)) {
		h.t.Errorf("the mail does not tell of %d days:\n%s", days, m.Text)
	}
	press(`main a[href$="/annuler"]`, "\r")
	h.sees("À annuler")
	press(`#confirmer .button-primary`, "\r")
	h.sees("Annulé")
	if n := h.count(`select count(*) from booking where family = $1 and state = 'booked'`, string(x.id)); n != 0 {
		h.t.Errorf("%d days stay booked", n)
	}
}

// gathered is a mail that waits for what else somebody does in the same minutes: they pass.
func (h timed) gathered(to, words string) mail.Captured {
	h.t.Helper()
	h.now.set(h.now.Now().Add(3 * time.Minute))
	return h.mailTo(to, words)
}

// oddWeeks counts the bookings of a family in weeks with an odd number.
func (h timed) oddWeeks(of string) int {
	h.t.Helper()
	n := 0
	for _, day := range strings.Split(h.text(`select coalesce((select min(day) from booking where family = $1 and state = 'booked'), '') || ' ' || coalesce((select max(day) from booking where family = $1 and state = 'booked'), '')`, of), " ")[:1] {
		d, err := civil.ParseDate(day)
		if err != nil {
			h.t.Fatal(err)
		}
		for ; !d.After(storyYear.To); d = d.AddDays(1) {
			if d.ISOWeek()%2 == 1 {
				n += int(h.count(`select count(*) from booking where family = $1 and state = 'booked' and day = $2`, of, d.String()))
			}
		}
	}
	return n
}
