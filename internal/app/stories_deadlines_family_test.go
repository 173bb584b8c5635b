package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
	"parvis/internal/testkit"
)

// The parent's look at a row's day in the agenda, at moments that the table gives.

// agendaCell is a day of an activity as the agenda shows it.
type agendaCell struct {
	Found, Box, Ticked bool
	Name, Text         string
	Week               string // the words at the head of its week and of its day
}

func (c agendaCell) says(words string) bool {
	return strings.Contains(c.Text, words) || strings.Contains(c.Week, words) || strings.Contains(c.Week, french.Lower(words)) // « Sauf mention contraire, trop tard… »
}

// looks opens the agenda of the month at a moment and finds the day.
func (d *ruled) looks(x row, at time.Time) agendaCell {
	d.t.Helper()
	d.now.set(at)
	d.as(d.Browser, "titulaire")
	d.open("/espace/agenda?mois=" + x.day.String()[:7])
	c := d.agendaLine(x.day, x.name)
	if !c.Found {
		d.t.Fatalf("at %s the agenda has no line of %s on %s: %s", at.In(app.Zone()), x.name, x.day, c.Text)
	}
	return c
}

// agendaLine finds the line of a day and an activity on the agenda that is shown.
func (s story) agendaLine(day civil.Date, name string) agendaCell {
	s.t.Helper()
	raw := testkit.Eval[string](s.Browser, fmt.Sprintf(`(() => {
		const plain = x => (x?.textContent ?? '').replace(/[\s\u00a0\u202f]+/g, ' ').trim()
		const day = [...document.querySelectorAll('.agenda-day')].find(d => plain(d.querySelector('legend .sr')).startsWith(%q))
		const line = [...(day?.querySelectorAll('.agenda-line') ?? [])].find(l => plain(l).includes(%q))
		if (!line) return JSON.stringify({Found: false, Text: plain(day)})
		const box = line.querySelector('input[type=checkbox]')
		return JSON.stringify({Found: true, Box: !!box && !box.disabled, Ticked: !!box?.checked, Name: box?.name ?? '', Text: plain(line),
			Week: plain(line.closest('.agenda-week').querySelector('.agenda-deadline')) + ' ' + [...line.closest('.agenda-day').querySelectorAll('p.agenda-reason')].filter(p => !p.closest('.agenda-line')).map(plain).join(' ')}) })()`, day.DayMonth(), name))
	var c agendaCell
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// expect checks whether a day may be changed and what it says.
func (d *ruled) expect(x row, at time.Time, editable bool, words string) agendaCell {
	d.t.Helper()
	c := d.looks(x, at)
	if c.Box != editable || !c.says(words) {
		d.t.Errorf("%s at %s: may be changed %v, want %v; « %s » (week: « %s ») must say « %s »", x.day, d.Now().Format("2006-01-02 15:04"), c.Box, editable, c.Text, c.Week, words)
	}
	return c
}

// family goes through the moments of a row and tells them in short.
func (d *ruled) family(x row) string {
	d.t.Helper()
	day := x.day.String()
	book, _ := d.limit(x.Key, day, "", activity.Book)
	var told []string
	if open, has := d.limit(x.Key, day, "", activity.OpenFrom); has {
		d.opens(x, open)
		told = append(told, "opens "+open.civil)
	}
	for q := range qualityWords {
		if words := d.forOnly(x, q); words != "" {
			told = append(told, words)
		}
	}
	d.closes(x, book)
	told = append(told, "books until "+book.civil)
	if late, has := d.limit(x.Key, day, "", activity.LateUntil); has {
		d.expect(x, late.utc, true, "Hors délai")
		d.expect(x, late.utc.Add(time.Minute), false, "Trop tard")
		told = append(told, "late until "+late.civil)
	}
	if cancel, has := d.limit(x.Key, day, "", activity.Cancel); has {
		d.cancels(x, book, cancel)
		told = append(told, "cancels until "+cancel.civil)
	}
	return strings.Join(told, ", ")
}

// opens looks three days and a minute before an opening, and at its minute.
func (d *ruled) opens(x row, open edge) {
	d.t.Helper()
	d.expect(x, open.utc.AddDate(0, 0, -3), false, "à partir du "+inWords(open))
	d.expect(x, open.utc.Add(-time.Minute), false, clockWords(open.civil[11:]))
	d.expect(x, open.utc, true, "Non réservé")
}

// closes looks three days and a minute before a last moment, in its last second, and a minute after.
func (d *ruled) closes(x row, book edge) {
	d.t.Helper()
	d.expect(x, book.utc.AddDate(0, 0, -3), true, "jusqu’au "+inWords(book))
	d.expect(x, book.utc.Add(-time.Minute), true, "jusqu’à aujourd’hui à "+clockWords(book.civil[11:]))
	d.expect(x, book.utc.Add(time.Minute-time.Second), true, "jusqu’à aujourd’hui à "+clockWords(book.civil[11:]))
	switch after := x.Policy.After; after.Kind {
	case activity.AfterRequest:
		d.expect(x, book.utc.Add(time.Minute), true, "Hors délai : votre demande ira au service")
	case activity.AfterSurcharge:
		c := d.expect(x, book.utc.Add(time.Minute), true, "Hors délai : ")
		for _, words := range surchargeWords(after) {
			if !c.says(words) {
				d.t.Errorf("past the deadline, « %s » does not say « %s »", c.Text, words)
			}
		}
	default:
		d.expect(x, book.utc.Add(time.Minute), false, "Trop tard pour réserver "+atWords(book, book.utc.Add(time.Minute), "depuis le ", "depuis "))
	}
}

// surchargeWords are what a family must read of a surcharge.
func surchargeWords(a activity.After) []string {
	var all []string
	switch {
	case a.Percent == 100:
		all = append(all, "au double du prix")
	case a.Percent > 0:
		all = append(all, fmt.Sprintf("majoration de %d %%", a.Percent))
	}
	if a.Flat > 0 {
		all = append(all, fmt.Sprintf("supplément de %d,%02d € par jour", a.Flat/100, a.Flat%100))
	}
	if a.FullPrice {
		all = append(all, "sans tenir compte du quotient familial")
	}
	if a.Label != "" {
		all = append(all, "« "+a.Label+" »")
	}
	return all
}

// forOnly gives the family a quality and looks at what it changes; then takes it back.
func (d *ruled) forOnly(x row, q activity.Quality) string {
	d.t.Helper()
	day := x.day.String()
	open, opens := d.limit(x.Key, day, q, activity.OpenFrom)
	book, books := d.limit(x.Key, day, q, activity.Book)
	if !opens && !books {
		return ""
	}
	d.do(func(tx *db.Tx, a actor.Actor) error {
		return activity.SetFamilyQuality(tx, written, a, activity.FamilyQuality{Family: d.home, Quality: q, Days: civil.Range{From: civil.DateOf(written)}, Proof: "Vu au guichet"})
	})
	defer d.do(func(tx *db.Tx, _ actor.Actor) error {
		_, err := tx.Exec(`delete from family_quality where family = $1`, d.home)
		return err
	})
	if opens {
		d.opens(x, open)
		return string(q) + " opens " + open.civil
	}
	plain := x
	plain.Policy.After.Kind = activity.AfterRefuse
	d.closes(plain, book)
	return string(q) + " books until " + book.civil
}

// cancels books the day in time and looks at until when it may be given up.
func (d *ruled) cancels(x row, book, cancel edge) {
	d.t.Helper()
	at := book.utc
	if !cancel.utc.IsZero() && cancel.utc.Before(at) {
		at = cancel.utc
	}
	c := d.looks(x, at.AddDate(0, 0, -4))
	d.unfold()
	d.Click(`input[name="` + c.Name + `"]`)
	d.turns(func() { d.ClickText("Vérifier les changements") })
	d.sees("1 changement à enregistrer")
	d.turns(func() { d.ClickText("Confirmer") })
	d.sees("Enregistré : 1 changement")
	if cancel.civil == "never" {
		d.expect(x, book.utc.Add(-time.Minute), false, "Réservé")
		d.expect(x, book.utc.Add(time.Minute), false, "Réservé")
		return
	}
	d.expect(x, cancel.utc.AddDate(0, 0, -3), true, "jusqu’au "+inWords(cancel))
	d.expect(x, cancel.utc.Add(-time.Minute), true, "jusqu’à aujourd’hui à "+clockWords(cancel.civil[11:]))
	d.expect(x, cancel.utc.Add(time.Minute-time.Second), true, "Réservé")
	d.expect(x, cancel.utc.Add(time.Minute), false, "Trop tard")
}
