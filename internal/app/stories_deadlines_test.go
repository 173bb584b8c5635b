package app_test

import (
	"context"
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestDeadlineRowsOnScreen tells each row of the table of deadlines from end to end in a real browser: an administrator
// writes it control by control from an empty rule, reads its worked examples and publishes it; then a parent reads the
// moment in the agenda, a minute before it, during its minute and a minute after. What is right comes from
// deadlines_shown.csv, which deadlines.py wrote apart from the code. PARVIS_DEEP tells all rows with JavaScript too.
func TestDeadlineRowsOnScreen(t *testing.T) {
	some := []string{"tableau", "heures-48", "ouvres-2-veille", "mercredis", "parents-actifs", "apres-case"}
	for _, mode := range []struct {
		name     string
		noScript bool
	}{{"no script", true}, {"script", false}} {
		t.Run(mode.name, func(t *testing.T) {
			d := openDesk(t, testkit.BrowserOptions{NoScript: mode.noScript})
			told := 0
			for _, m := range activity.Models(civil.SchoolYearOf(civil.DateOf(written))) {
				if mode.noScript || deep() || slices.Contains(some, m.Key) {
					told++
					t.Run(m.Key, func(t *testing.T) { d.on(t).tell(m) })
				}
			}
			if mode.noScript && told != 29 {
				t.Errorf("%d rows were told, of 29", told)
			}
			for _, p := range d.Problems() {
				t.Errorf("the console complains: %s", p)
			}
		})
	}
}

// written is when rows are written: before every opening of the days that are looked at.
var written = time.Date(2027, time.January, 7, 10, 0, 0, 0, app.Zone())

// ruled is the town of the story: its clock, what is set up in it, the table.
type ruled struct {
	story
	now       *setClock
	script    bool
	term      activity.ID // Monday to Friday out of holidays
	holidays  activity.ID // in the holidays, a period each
	home      family.ID
	table     map[shown]edge
	publicDay map[string]bool
}

// setClock is a clock that the story sets.
type setClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *setClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *setClock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at.In(app.Zone())
}

// shown names a limit in the table: a model, a day, a quality, an action.
type shown struct{ model, day, quality, action string }

// edge is a limit as the table writes it, on the town's clock and in UTC.
type edge struct {
	civil string
	utc   time.Time
}

const (
	termName    = "Essai des délais"
	holidayName = "Essai des vacances"
)

func openDesk(t *testing.T, options testkit.BrowserOptions) *ruled {
	t.Helper()
	clock := &setClock{}
	clock.set(written)
	h := openHouse(t, "", clock.Now)
	d := &ruled{now: clock, script: !options.NoScript, story: story{house: h, Browser: testkit.NewBrowser(t, options), t: t}}
	d.readTable()
	d.calendar()
	d.setUp()
	return d
}

// on is the same desk for a row's own test.
func (d *ruled) on(t *testing.T) *ruled {
	mine, here := *d, *d.house
	here.t = t
	mine.story = story{house: &here, Browser: d.Browser.For(t), t: t}
	return &mine
}

func readRows(t testing.TB, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func (d *ruled) readTable() {
	d.t.Helper()
	d.table = map[shown]edge{}
	for _, row := range readRows(d.t, "testdata/deadlines_shown.csv") {
		e := edge{civil: row[4]}
		if row[5] != "" {
			at, err := time.Parse("2006-01-02T15:04Z", row[5])
			if err != nil {
				d.t.Fatal(err)
			}
			e.utc = at
		}
		d.table[shown{row[0], row[1], row[2], row[3]}] = e
	}
}

const calendarFile = "../feature/activity/testdata/deadlines_calendar.csv"

// calendar gives the town the calendar of the table, in place of the demonstration's.
func (d *ruled) calendar() {
	d.t.Helper()
	rows := readRows(d.t, calendarFile)
	d.publicDay = map[string]bool{}
	d.do(func(tx *db.Tx, a actor.Actor) error {
		for _, table := range []string{"delete from school_holiday", "delete from closing", "delete from school_year"} {
			if _, err := tx.Exec(table); err != nil {
				return err
			}
		}
		for _, y := range []struct{ first, last civil.Date }{
			{civil.NewDate(2026, time.September, 1), civil.NewDate(2027, time.July, 2)},
			{civil.NewDate(2027, time.September, 1), civil.NewDate(2028, time.July, 4)},
		} {
			if err := town.SetYear(tx, written, a, town.Year{Year: civil.SchoolYearOf(y.first), Days: civil.Range{From: y.first, To: y.last}, Checked: true}); err != nil {
				return err
			}
		}
		for _, row := range rows {
			statement := map[string]string{"holiday": `insert into school_holiday (id, name, from_day, to_day) values ($1, $2, $3, $4)`,
				"closing": `insert into closing (id, reason, from_day, to_day) values ($1, $2, $3, $4)`}[row[0]]
			if statement == "" {
				continue
			}
			if _, err := tx.Exec(statement, db.NewID(), row[3], row[1], row[2]); err != nil {
				return err
			}
		}
		return nil
	})
	for _, row := range rows {
		if row[0] == "public" {
			d.publicDay[row[1]] = true
		}
	}
}

// setUp makes the two activities and enrols a child of the demonstration's first family in both.
func (d *ruled) setUp() {
	d.t.Helper()
	owner := account.FoldUsername(d.way("titulaire").Username)
	const mine = ` from family_member c join family_member m on m.family = c.family join account a on a.person = m.person
		where c.person in (select person from child) and a.username_folded = $1 and c.person not in (select child from custody) order by c.person limit 1`
	child := family.ChildID(d.text(`select c.person`+mine, owner))
	d.home = family.ID(d.text(`select c.family`+mine, owner))
	place := familytest.Homes{School: town.SiteID(d.text(`select id from site order by id limit 1`)),
		Service: town.ServiceID(d.text(`select service from family_service where family = $1 order by service limit 1`, d.home))}
	units := []activity.Unit{{Weekdays: 31, From: 690, To: 800, Alone: true}}
	old := activitytest.Model(d.t, "veille-9h")
	old.From = civil.NewDate(2027, time.January, 1)
	year := civil.Range{From: civil.NewDate(2027, time.January, 7), To: civil.NewDate(2027, time.July, 2)}
	d.term = activitytest.Make(d.t, d.DB, place, activitytest.Plan{Name: termName, Units: units, Policy: old, Days: year, Term: activity.InTerm}).ID
	var periods []activity.Period
	for _, row := range readRows(d.t, calendarFile) {
		from, _ := civil.ParseDate(row[1])
		to, _ := civil.ParseDate(row[2])
		if row[0] == "period" && from.Year == 2027 && from.Month < time.September {
			periods = append(periods, activity.Period{Name: row[3], Days: civil.Range{From: from, To: to}})
		}
	}
	d.holidays = activitytest.Make(d.t, d.DB, place, activitytest.Plan{Name: holidayName, Units: units, Policy: old, Days: periods[0].Days, Term: activity.InHolidays}).ID
	d.do(func(tx *db.Tx, a actor.Actor) error {
		for _, p := range periods[1:] {
			id, err := activity.AddPeriod(tx, written, a, d.holidays, p)
			if err == nil {
				err = activity.OpenPeriod(tx, written, a, d.holidays, id)
			}
			if err != nil {
				return err
			}
		}
		for _, id := range []activity.ID{d.term, d.holidays} {
			e := enrolment.Enrolment{Child: child, Activity: id, Site: place.School, Days: civil.Range{From: year.From, To: civil.NewDate(2027, time.August, 31)}}
			if _, err := enrolment.Insert(tx, written, a, e); err != nil {
				return err
			}
		}
		return nil
	})
	if _, err := activity.CoverOpen(context.Background(), d.DB, written, d.holidays, civil.Date{}, nil); err != nil {
		d.t.Fatal(err)
	}
}

// row is one model being told: where, and the day that the family looks at.
type row struct {
	activity.Model
	id   activity.ID
	name string
	day  civil.Date
}

// rowOf chooses the activity and the day of a model: the day after Easter Monday and the change to summer time, or the
// first of the spring holidays. Those whose row is booked on the way have a day each.
func (d *ruled) rowOf(m activity.Model) row {
	x := row{m, d.term, termName, civil.NewDate(2027, time.March, 30)}
	if slices.ContainsFunc(m.Policy.Rules, func(r activity.Rule) bool { return r.Anchor == activity.AnchorPeriod }) {
		x.id, x.name, x.day = d.holidays, holidayName, civil.NewDate(2027, time.April, 5)
	}
	switch m.Key {
	case "ouvres-15-16":
		x.day = civil.NewDate(2027, time.April, 1)
	case "ouvres-2-veille":
		x.day = civil.NewDate(2027, time.April, 2)
	case "mercredis":
		x.day = civil.NewDate(2027, time.March, 31)
	case "semaines-ete":
		x.day = civil.NewDate(2027, time.July, 5)
	}
	return x
}

// limit is what the table says of a row's day.
func (d *ruled) limit(m, day string, q activity.Quality, action activity.Action) (edge, bool) {
	e, known := d.table[shown{m, day, string(q), string(action)}]
	return e, known
}

// tell is the whole of a row.
func (d *ruled) tell(m activity.Model) {
	x := d.rowOf(m)
	d.now.set(written)
	d.as(d.Browser, "administrateur")
	d.open("/agents/activites/" + string(x.id) + "/delais")
	controls := d.writes(m.Policy)
	d.turns(func() { d.ClickText("Vérifier et publier") })
	d.sees("Vérifiez avant de publier")
	examples := d.readsExamples(m)
	d.turns(func() { d.ClickText("Publier") })
	d.sees("Délais publiés")
	d.stored(x)
	told := d.family(x)
	d.t.Logf("%-22s %2d controls, %d examples as the table, %s: %s", m.Key, controls, examples, x.day, told)
}

// stored compares the version in force with the model.
func (d *ruled) stored(x row) {
	d.t.Helper()
	got, err := db.Read(context.Background(), d.DB, func(r db.Reader) (activity.Policy, error) {
		set, err := town.ReadSettings(r)
		if err != nil {
			return activity.Policy{}, err
		}
		cat, err := activity.ReadCatalogue(r, set, app.Zone())
		if err != nil {
			return activity.Policy{}, err
		}
		a, _ := cat.Activity(x.id)
		p, _ := activity.PolicyFor(a.Policies, x.day)
		return p, nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	want := x.Policy
	want.Number, want.From = got.Number, fromDay
	byName := cmpopts.SortSlices(func(a, b activity.Rule) bool { return a.Field() < b.Field() })
	if diff := cmp.Diff(want, got, byName, cmpopts.EquateEmpty()); diff != "" {
		d.t.Errorf("what was written is kept as\n%s", diff)
	}
}

// fromDay is the first day of what the administrator publishes.
var fromDay = civil.NewDate(2027, time.January, 11)

// inWords is "jeudi 7 janvier à 23 h 59" for "2027-01-07 23:59"; with the year where it is another than that of the story.
func inWords(e edge) string {
	d, _ := civil.ParseDate(e.civil[:10])
	if d.Year != written.Year() {
		return d.Long() + " à " + clockWords(e.civil[11:])
	}
	return d.DayMonth() + " à " + clockWords(e.civil[11:])
}

// atWords is "au jeudi 7 janvier à 23 h 59", with the article or preposition that goes before a weekday, and
// "à demain jeudi 7 à 23 h 59", with the other, around today.
func atWords(e edge, now time.Time, before, near string) string {
	if e.utc.IsZero() {
		return "date pas encore fixée"
	}
	d, _ := civil.ParseDate(e.civil[:10])
	word, is := map[int]string{-1: "hier ", 0: "aujourd’hui", 1: "demain "}[d.Sub(civil.DateOf(now.In(app.Zone())))]
	if !is {
		return before + inWords(e)
	}
	if word != "aujourd’hui" {
		word += strings.Join(strings.Fields(d.DayMonth())[:2], " ")
	}
	return near + word + " à " + clockWords(e.civil[11:])
}

// untilWords is "jusqu’au jeudi 7 janvier à 23 h 59" on the day that rows are written.
func untilWords(e edge) string { return atWords(e, written, "jusqu’au ", "jusqu’à ") }

// clockWords is "9 h" for "09:00".
func clockWords(minute string) string {
	h, m, _ := strings.Cut(minute, ":")
	if h = strings.TrimPrefix(h, "0"); m == "00" {
		return h + " h"
	}
	return h + " h " + m
}
