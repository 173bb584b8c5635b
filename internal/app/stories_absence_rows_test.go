package app_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/money"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestAbsenceRowsOnScreen tells each row about absences, penalties, quotients and balances from end to end in a real
// browser: an administrator writes it control by control from an empty rule, reads its worked examples and publishes it;
// then a family, or an agent for it, reads what a day of absence would cost at the moments of the table, and tells it; or
// its child comes without booking, late, or not at all, until it costs. What is right comes from absences.csv and
// penalties.csv, which other programs wrote from the sentences. PARVIS_DEEP tells all rows, some with JavaScript too.
func TestAbsenceRowsOnScreen(t *testing.T) {
	few, some := []string{"malade-48h", "greve", "retard-15", "quotient-mois"}, []string{"malade-appel", "malade-carence", "prevenu", "sortie", "sans-haut", "absent-5"}
	for _, mode := range []struct {
		name     string
		noScript bool
	}{{"no script", true}, {"script", false}} {
		if !mode.noScript && !deep() {
			continue
		}
		t.Run(mode.name, func(t *testing.T) {
			w := openAbsences(t, testkit.BrowserOptions{NoScript: mode.noScript})
			told := 0
			for _, m := range absence.Models() {
				if deep() && (mode.noScript || slices.Contains(some, m.Key)) || slices.Contains(few, m.Key) && mode.noScript {
					told++
					t.Run(m.Key, func(t *testing.T) { w.on(t).tell(m) })
				}
			}
			if deep() && mode.noScript && told != 26 {
				t.Errorf("%d rows were told, of 26", told)
			}
			for _, p := range w.Problems() {
				t.Errorf("the console complains: %s", p)
			}
		})
	}
}

// firstDay is the first day of absence of the story: a Monday that the tables know.
var firstDay = civil.NewDate(2027, time.January, 11)

// absent is the town of these rows: one child, one activity, the tables.
type absent struct {
	timed
	home hearth
	id   activity.ID
	unit string
	rows map[string][][]string // of absences.csv, by model
	more map[string][][]string // of penalties.csv, by model
}

func openAbsences(t *testing.T, options testkit.BrowserOptions) *absent {
	t.Helper()
	clock := &setClock{}
	clock.set(written)
	h := openHouse(t, "", clock.Now)
	w := &absent{timed: timed{story: story{house: h, Browser: testkit.NewBrowser(t, options), t: t}, now: clock, place: h.newSchool(), scripts: !options.NoScript},
		rows: map[string][][]string{}, more: map[string][][]string{}}
	for _, row := range readRows(t, "../feature/absence/testdata/absences.csv") {
		w.rows[row[0]] = append(w.rows[row[0]], row)
	}
	for _, row := range readRows(t, "../feature/absence/testdata/penalties.csv") {
		w.more[row[0]] = append(w.more[row[0]], row)
	}
	w.home = w.newHearth("Jacinthe", "Noé")
	w.id = w.newActivity("Cantine des absences", 0, never(activitytest.Model(t, "veille-9h")), w.home.kids...)
	w.unit = w.text(`select id from unit where activity = $1`, string(w.id))
	w.do(func(tx *db.Tx, _ actor.Actor) error {
		_, err := tx.Exec(`update unit set weekdays = 31 where id = $1`, w.unit)
		return err
	})
	w.Activities.Invalidate()
	return w
}

func (w *absent) on(t *testing.T) *absent {
	mine, here := *w, *w.house
	here.t = t
	mine.story = story{house: &here, Browser: w.Browser.For(t), t: t}
	return &mine
}

// clears takes back what the row before left: its rules, what was told and what happened.
func (w *absent) clears() {
	w.t.Helper()
	w.do(func(tx *db.Tx, _ actor.Actor) error {
		for _, s := range []string{"delete from absence where activity = $1", "delete from incident where activity = $1", "delete from attendance where unit in (select id from unit where activity = $1)",
			"delete from attendance_mark where unit in (select id from unit where activity = $1)", "delete from booking where unit in (select id from unit where activity = $1)",
			"delete from absence_reason where rules in (select id from absence_rules where activity = $1)", "delete from absence_incident where rules in (select id from absence_rules where activity = $1)",
			"delete from absence_rules where activity = $1"} {
			if _, err := tx.Exec(s, string(w.id)); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
}

// tell is the whole of a row.
func (w *absent) tell(m absence.Model) {
	w.clears()
	w.agent("administrateur", written)
	w.open("/agents/activites/" + string(w.id) + "/absences")
	controls := w.writes(m.Part)
	w.ClickText("Vérifier et publier")
	w.sees("Vérifiez avant de publier")
	examples := w.examples(m)
	w.ClickText("Publier")
	w.sees("Règles publiées (version 1)")
	w.stored(m)
	told := "examples alone"
	switch {
	case len(m.Part.Reasons) > 0:
		told = fmt.Sprintf("%d moments", w.reason(m))
	case len(m.Part.Incidents) > 0:
		told = fmt.Sprintf("%d times", w.incident(m))
	}
	w.t.Logf("%-18s %2d controls, %d examples as the table, %s", m.Key, controls, examples, told)
}

// stored compares what is in force with the model.
func (w *absent) stored(m absence.Model) {
	w.t.Helper()
	book, err := db.Read(context.Background(), w.DB, absence.ReadRules)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(book[w.id]) != 1 {
		w.t.Fatalf("%d versions", len(book[w.id]))
	}
	if diff := cmp.Diff(m.Part, book[w.id][0], cmpopts.EquateEmpty(), cmpopts.IgnoreFields(absence.Rules{}, "ID", "Number", "From", "Made")); diff != "" {
		w.t.Errorf("what was written is kept as\n%s", diff)
	}
}

var (
	nthTime   = regexp.MustCompile(`, la (\d+)(?:e|re) fois`)
	threeDays = regexp.MustCompile(`, trois jours à partir du (.*)$`)
)

// examples compares the five examples on the page with the tables.
func (w *absent) examples(m absence.Model) int {
	w.t.Helper()
	all := testkit.Eval[[]string](w.Browser, `[...document.querySelectorAll('aside ol > li')].map(e => e.textContent.replace(/[\s\u00a0\u202f]+/g, ' ').trim())`)
	if len(all) != 5 {
		w.t.Errorf("%d examples: %q", len(all), all)
	}
	for _, e := range all {
		caption, line, _ := strings.Cut(e, " : ")
		want := ""
		switch {
		case len(m.Part.Reasons) > 0:
			want = w.sumOf(m, threeDays.FindStringSubmatch(caption)[1])
		case len(m.Part.Incidents) > 0:
			n := nthTime.FindStringSubmatch(caption)[1]
			row := w.row(m, "nth", n)
			usual := w.row(m, "nth", "1")[3]
			switch late := strings.HasPrefix(caption, "Retard le soir"); {
			case row[4] == "0" && late:
				want = "rien de plus que le prix du jour, 4,00 €."
			case row[4] == "0":
				want = "rien de plus que le prix du jour, " + euros(usual) + "."
			case late:
				want = euros(row[3]) + " en plus du prix du jour ; la première fois, rien de plus."
			default:
				want = euros(row[3]) + " au lieu de " + euros(usual) + " ; la première fois, rien de plus : " + euros(usual) + "."
			}
		case m.Part.Debt.On:
			owed := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(caption, "Solde en retard de "), " €"), ",", "")
			switch {
			case w.row(m, "owed", owed)[3] == "open":
				want = "réservation ouverte."
			case owed == "10001":
				want = "réservation fermée ; à 100,00 €, elle reste ouverte."
			default:
				want = "réservation fermée ; avec une dispense, elle reste ouverte."
			}
		default:
			proof, err := civil.ParseFrench(strings.TrimPrefix(caption, "Quotient apporté le "))
			if err != nil {
				w.t.Fatal(caption, err)
			}
			last, _ := civil.ParseDate(w.row(m, "proof", proof.String())[3])
			want = "tarif le plus élevé (7,00 €) jusqu’au " + last.DayMonth() + ", puis 4,00 €."
		}
		if plainWords(line) != plainWords(want) {
			w.t.Errorf("%s: « %s », the table says « %s »", caption, line, want)
		}
	}
	return len(all)
}

func euros(cents string) string {
	n, _ := strconv.Atoi(cents)
	return plainWords(money.Cents(n).String())
}

// row finds a line of penalties.csv.
func (w *absent) row(m absence.Model, what, given string) []string {
	w.t.Helper()
	for _, row := range w.more[m.Key] {
		if row[1] == what && row[2] == given {
			return row
		}
	}
	w.t.Fatalf("the table has no line %s, %s, %s: penalties.py writes it", m.Key, what, given)
	return nil
}

// sumOf is an example of three days of absence at 4 euros, told at 8:15 on the first, or at the last moment before it.
func (w *absent) sumOf(m absence.Model, day string) string {
	w.t.Helper()
	first, err := civil.ParseFrench(day)
	if err != nil {
		w.t.Fatal(day, err)
	}
	now, head := first.String()+" 08:15:00", "signalée le "+first.DayMonth()+" à 8 h 15 : "
	for key, days := range map[string]int{"prevenu": 2, "sortie-annuler": 8} {
		if m.Key == key {
			last := first.AddDays(-days)
			now = last.String() + " 23:59:00"
			head = "signalée jusqu’au " + last.DayMonth()
		}
	}
	without, with, due := 0, 0, ""
	for rank := 1; rank <= 3; rank++ {
		row := w.decided(m, first, rank, now)
		if row == nil {
			w.t.Fatalf("the table has no line %s, %s, %d, %s: absences.py writes it", m.Key, first, rank, now)
		}
		a, _ := strconv.Atoi(row[7])
		b, _ := strconv.Atoi(row[8])
		without, with = without+4*a, with+4*b
		if row[6] != "" && (due == "" || row[6] < due) {
			due = row[6]
		}
	}
	want := head
	if strings.HasPrefix(head, "signalée jusqu") {
		want += yearOf(first.AddDays(-8), m.Key, now) + " à 23 h 59 : "
	}
	want += euros(strconv.Itoa(without)) + " pour trois jours"
	if due != "" {
		d, _ := civil.ParseDate(due[:10])
		want += " ; " + euros(strconv.Itoa(with)) + " si le justificatif arrive avant le " + d.Long() + " à " + clockWords(due[11:])
	}
	return want + "."
}

// yearOf is the year that is written after a day, " 2027".
func yearOf(_ civil.Date, _, now string) string { return " " + now[:4] }

// decided is the table's line for a day of an absence told at a moment, nil when it has none.
func (w *absent) decided(m absence.Model, first civil.Date, rank int, now string) []string {
	for _, row := range w.rows[m.Key] {
		if row[1] == first.String() && row[3] == strconv.Itoa(rank) && row[4] == now {
			return row
		}
	}
	return nil
}

// reason opens the page that tells an absence at each moment of the table, then tells it at one.
func (w *absent) reason(m absence.Model) int {
	w.t.Helper()
	for i := range 3 {
		w.booked(w.home.kids[0], w.home.id, w.unit, firstDay.AddDays(i))
	}
	var moments []string
	for _, row := range w.rows[m.Key] {
		if row[1] == firstDay.String() && !slices.Contains(moments, row[4]) && (deep() || strings.HasPrefix(row[4], firstDay.String())) {
			moments = append(moments, row[4])
		}
	}
	slices.Sort(moments)
	at := moments[0]
	for _, now := range moments {
		got := w.asked(m, now)
		for rank := 1; rank <= 3; rank++ {
			row := w.decided(m, firstDay, rank, now)
			if row == nil {
				continue
			}
			if row[5] == "in" {
				at = now
			}
			if want := words(row, w.Now()); !strings.HasPrefix(got[rank-1], want) || row[5] == "in" && got[rank-1] != want {
				w.t.Errorf("day %d, told at %s: « %s », the table says « %s »", rank, now, got[rank-1], want)
			}
		}
	}
	if got := w.asked(m, at); got[0] == "" {
		w.t.Fatal("nothing can be told")
	}
	w.ClickText("Signaler l’absence")
	w.sees("Absence signalée : 3 jours")
	for rank := 1; rank <= 3; rank++ {
		row := w.decided(m, firstDay, rank, at)
		if row == nil {
			continue
		}
		kept := w.text(`select timing || ',' || unproved || ',' || proved from absence where child = $1 and day = $2`, string(w.home.kids[0]), firstDay.AddDays(rank-1))
		if want := row[5] + "," + row[7] + "," + row[8]; kept != want {
			w.t.Errorf("day %d, told at %s: kept %s, the table says %s", rank, at, kept, want)
		}
	}
	return len(moments)
}

// asked opens the page at a moment and gives what it says of each of the three days.
func (w *absent) asked(m absence.Model, now string) [3]string {
	w.t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04:05", now, app.Zone())
	if err != nil {
		w.t.Fatal(err)
	}
	query := "?quand=dates&enfant=" + string(w.home.kids[0]) + "&du=" + firstDay.String() + "&au=" + firstDay.AddDays(2).String()
	if m.Part.Reasons[0].By == absence.ByTown {
		w.now.set(moment)
		w.as(w.Browser, "agent instruction")
		w.open("/agents/familles/" + string(w.home.id) + "/absences" + query)
	} else {
		w.homeOf(w.home, moment)
		w.open("/espace/absence" + query)
	}
	said := testkit.Eval[string](w.Browser, `(() => { const p = [...document.querySelectorAll('#absence .notice p')].pop(); return p ? p.textContent.replace(/[\s\u00a0\u202f]+/g, ' ').trim() : '' })()`)
	if said == "" {
		w.t.Fatalf("at %s the page tells nothing of the price: %s", now, w.page())
	}
	return perDay(said)
}

var dayHead = regexp.MustCompile(`(?:^|\. )((?:[Ll]undi|[Mm]ardi|[Mm]ercredi)[^:.]*?) : `)

// perDay splits what a reason does by day: "Lundi 11 janvier : facturé. Mardi 12 et mercredi 13 janvier : non facturé."
func perDay(said string) (all [3]string) {
	lower := func(s string) string {
		s = strings.TrimSuffix(s, ".")
		for _, first := range []string{"F", "N"} {
			if strings.HasPrefix(s, first) {
				return strings.ToLower(first) + s[1:]
			}
		}
		return s
	}
	heads := dayHead.FindAllStringSubmatchIndex(said, -1)
	if len(heads) == 0 {
		return [3]string{lower(said), lower(said), lower(said)}
	}
	for i, h := range heads {
		end := len(said)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		days := strings.ToLower(said[h[2]:h[3]])
		for rank, day := range []string{"lundi 11", "mardi 12", "mercredi 13"} {
			if strings.Contains(days, day) {
				all[rank] = lower(said[h[1]:end])
			}
		}
	}
	return all
}

// words is what a family reads of a line of the table; the start of it when it is too late or too early.
func words(row []string, now time.Time) string {
	percent := func(p string) string {
		switch p {
		case "0":
			return "non facturé"
		case "100":
			return "facturé"
		}
		return "facturé à " + p + " %"
	}
	switch {
	case row[5] == "late":
		return "facturé : il fallait le signaler avant "
	case row[5] == "early":
		return "facturé si vous le signalez maintenant : ce motif se signale "
	case row[6] == "":
		return percent(row[7])
	}
	return percent(row[8]) + " si le justificatif arrive " + atWords(edge{civil: row[6], utc: now}, now, "avant le ", "avant ") + ", sinon " + percent(row[7])
}

// incident lets it happen on one day after the other, the family told each evening, until it costs or costs more; on each
// it reads what it costs.
func (w *absent) incident(m absence.Model) int {
	w.t.Helper()
	x, child := m.Part.Incidents[0], string(w.home.kids[0])
	times := max(x.Forgiven, 1) + 1
	if x.Times > 1 {
		times = x.TimesFrom
	}
	n := 0
	for day := firstDay; n < times; day = day.AddDays(1) {
		if wd := day.Weekday(); wd == time.Saturday || wd == time.Sunday {
			continue
		}
		n++
		w.happens(x, day)
		w.now.set(day.At(20, 5, app.Zone()))
		if _, err := db.Write(context.Background(), w.DB, func(tx *db.Tx) (int, error) {
			cat, err := w.Activities.In(tx, w.Now())
			if err != nil {
				return 0, err
			}
			return w.Evening().Evening(tx, w.Now(), cat)
		}); err != nil {
			w.t.Fatal(err)
		}
		w.homeOf(w.home, day.At(20, 30, app.Zone()))
		w.open("/espace/incidents/" + w.text(`select id from incident where child = $1 and day = $2`, child, day))
		row := w.row(m, "nth", strconv.Itoa(n))
		switch {
		case row[4] != "0":
			want := priceSaid[m.Key]
			if row[4] == "2" {
				want += ", deux fois"
			}
			w.sees("Ce que cela coûte " + want + ".")
		case x.Price == absence.NoPrice:
			w.sees("Rien de plus n’est facturé")
		default:
			w.sees("Pour cette fois, rien de plus n’est facturé : c’est la ")
		}
	}
	return n
}

// priceSaid is what a family reads of each price of the models.
var priceSaid = map[string]string{"sans-10": "10,00 €", "sans-13": "13,00 € par repas ou par séance", "sans-revient": "Le prix de revient à la place du tarif", "sans-3": "3,00 € en plus du prix",
	"sans-double-7": "Le double du tarif", "sans-haut": "Le tarif le plus élevé", "retard-15": "15,00 €", "absent-5": "5,00 € en plus du prix"}

// happens makes what did not go as booked, at the agents' desk.
func (w *absent) happens(x absence.Incident, day civil.Date) {
	w.t.Helper()
	child := string(w.home.kids[0])
	if x.Kind != absence.Unbooked {
		w.booked(w.home.kids[0], w.home.id, w.unit, day)
	}
	if x.Kind == absence.LatePickup {
		w.now.set(day.At(19, 0, app.Zone()))
		w.as(w.Browser, "agent animation")
		w.open("/agents/retards?activite=" + string(w.id))
		w.Fill("#retard [name=heure]", "18 h 40") // within the tolerance
		w.ClickText("Noter le retard")
		w.sees("C’est dans la tolérance")
		w.Fill("#retard [name=heure]", "18 h 41")
		w.ClickText("Noter le retard")
		w.sees("Retard noté. La famille sera prévenue ce soir.")
		return
	}
	w.now.set(day.At(17, 0, app.Zone()))
	w.as(w.Browser, "agent animation")
	w.open("/agents/pointage/corriger?enfant=" + child + "&unite=" + w.unit + "&jour=" + day.String())
	w.Click(map[bool]string{true: "[name=pointage][value=present]", false: "[name=pointage][value=absent]"}[x.Kind == absence.Unbooked])
	w.Fill("[name=motif]", "Vu au portail")
	w.ClickText("Enregistrer")
	w.sees("Pointage corrigé")
}
