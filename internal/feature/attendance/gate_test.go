package attendance_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
	"parvis/internal/testkit"
)

// on is a mark of Inès on another day.
func (p *place) on(day civil.Date, kind attendance.Kind, target string) attendance.Mark {
	m := p.said(0, p.Ines, kind, target)
	m.Day, m.At, m.SaidAt = day, civil.InstantOf(day.At(12, 0, p.now.Location())), civil.InstantOf(day.At(12, 0, p.now.Location()))
	return m
}

func TestADayThatIsNotHeldIsNotMarked(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, token := p.tablet("Tablette 1", p.School)
		exec := func(query string, args ...any) {
			p.write(func(tx *db.Tx) error { _, err := tx.Exec(query, args...); return err })
		}
		for day, want := range map[civil.Date]string{civil.NewDate(2027, 1, 3): "Pas d’accueil ce jour de la semaine.", civil.NewDate(2027, 1, 1): "Jour férié"} {
			for _, kind := range []attendance.Kind{attendance.Present, attendance.Absent, attendance.Unexpected, attendance.Left} {
				_, refused := p.record(p.now, a, p.on(day, kind, ""))
				if len(refused) != 1 || !strings.Contains(refused[0].Why, "Cette activité n’a pas lieu ce jour-là. ") || !strings.Contains(refused[0].Why, want) {
					t.Errorf("%s, %s: %v", day, kind, refused)
				}
			}
		}
		before := p.said(0, p.Ines, attendance.Present, "")
		p.record(p.now, a, before)
		exec(`update slot set state = 'closed', reason = 'grève' where unit = $1 and day = $2`, string(p.unit), p.day)
		if _, refused := p.record(p.now, a, p.said(1, p.Jeremy, attendance.Present, "")); len(refused) != 1 || !strings.Contains(refused[0].Why, "grève.") {
			t.Errorf("a place that is closed: %v", refused)
		}
		if _, refused := p.record(p.now, a, p.said(2, p.Ines, attendance.Left, "")); len(refused) != 0 {
			t.Errorf("who came before it closed cannot leave: %v", refused)
		}
		if _, refused := p.record(p.now, a, p.said(3, p.Ines, attendance.Undo, before.ID)); len(refused) != 0 {
			t.Errorf("what was said before it closed cannot be taken back: %v", refused)
		}
		if page := tap(p.screen(p.now, token), p.list()+"?vue=absents", p.list(), map[string]string{"acte": "present", "enfant": string(p.Jeremy)}); page.Status != 409 || !strings.Contains(page.Text("main"), "grève") {
			t.Errorf("the page says %d %s", page.Status, page.Text("main"))
		}
		if text := p.screen(p.now, token).Get(p.list() + "?vue=absents").Text(".t-rows"); !strings.Contains(text, "Jérémy") || !strings.Contains(text, "Fermé") || strings.Contains(text, "Marquer présent") {
			t.Errorf("a closed list is to be marked: %s", text)
		}
		if text := p.portal(p.now).As(p.leader()).Get("/agents/pointage?jour=" + p.day.String()).Text("tbody"); strings.Contains(text, "2") {
			t.Errorf("the pointage of a closed place counts %s", text)
		}
		exec(`update slot set state = 'open', reason = ''`)
		exec(`insert into activity_group (id, activity, site, name, folded) values ('g', $1, $2, 'Petits', 'petits')`, string(p.ID), string(p.School))
		exec(`insert into slot (id, unit, site, grp, day, state, reason) values ('g', $1, $2, 'g', $3, 'closed', 'sortie')`, string(p.unit), string(p.School), p.day)
		exec(`update booking set slot = 'g' where child = $1`, string(p.Jeremy))
		if _, refused := p.record(p.now, a, p.said(4, p.Jeremy, attendance.Present, "")); len(refused) != 1 || !strings.Contains(refused[0].Why, "sortie.") {
			t.Errorf("a group that is closed: %v", refused)
		}
		off := civil.NewDate(2027, 1, 6) // a Wednesday, for which somebody is booked all the same
		exec(`insert into booking (id, child, unit, day, family, state, made_at) values ('w', $1, $2, $3, $4, 'booked', 1)`, string(p.Ines), string(p.unit), off, string(p.First))
		if _, refused := p.record(p.now, a, p.on(off, attendance.Present, "")); len(refused) != 0 {
			t.Errorf("a list that stands: %v", refused)
		}
	})
}

func TestMarksOfAChildAndOfAPlaceAreBounded(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, token := p.tablet("Tablette 1", p.School)
		var many []attendance.Mark
		for i := range 40 {
			m := p.said(0, p.Ines, attendance.Present, "")
			m.ID = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
			many = append(many, m)
		}
		taken, refused := p.record(p.now, a, many...)
		if len(taken) != 30 || len(refused) != 10 || !strings.Contains(refused[0].Why, "trop de pointages") {
			t.Fatalf("%d taken, %d refused", len(taken), len(refused))
		}
		if taken, refused = p.record(p.now, a, many...); len(taken) != 30 || len(refused) != 10 {
			t.Errorf("sent again: %d taken, %d refused", len(taken), len(refused))
		}
		if _, refused = p.record(p.now, a, p.said(1, p.Jeremy, attendance.Present, "")); len(refused) != 0 {
			t.Errorf("another child: %v", refused)
		}
		body := p.screen(p.now, token).Post("/tablette/pointages", url.Values{"pointages": {marksJSON(many[35])}}).Body
		if !strings.Contains(body, many[35].ID) || !strings.Contains(body, "Appelez le service") {
			t.Errorf("the tablet is told %s", body)
		}
		p.write(func(tx *db.Tx) error { // the place is full up
			_, err := tx.Exec(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 4969)
				insert into attendance_mark (id, device, site, child, unit, day, kind, at, said_at, received_at)
				select '00000000-0000-4000-9000-' || substr(cast(1000000000000 + i as text), 2), $1, $2, $3, $4, $5, 'present', 1, 1, 1 from n`,
				a.Account, string(p.School), string(p.nour), string(p.unit), p.day)
			return err
		})
		if _, refused = p.record(p.now, a, p.said(2, p.Jeremy, attendance.Absent, "")); len(refused) != 1 || !strings.Contains(refused[0].Why, "Ce lieu") {
			t.Errorf("more than the day of a place holds: %v", refused)
		}
		if size := len(p.screen(p.now, token).Get("/tablette/jour").Body); size > 1100<<10 {
			t.Errorf("the day weighs %d bytes", size)
		} else {
			t.Logf("a place full up: %d bytes", size)
		}
		key := attendance.Key{Child: p.Ines, Unit: p.unit, Day: p.day}
		cat := p.catalogue()
		p.write(func(tx *db.Tx) error {
			return attendance.Correct(tx, p.now, p.leader(), cat, attendance.Mend{Key: key, Kind: attendance.Absent, Reason: "Compté deux fois"})
		})
		if p.told(p.Ines) != booking.Absent {
			t.Error("an agent cannot correct what is full up")
		}
	})
}

func marksJSON(m attendance.Mark) string {
	said := m.SaidAt.In(time.UTC).UnixMilli()
	body, _ := json.Marshal([]map[string]any{{"id": m.ID, "c": m.Child, "u": m.Unit, "d": m.Day.String(), "k": m.Kind, "at": said, "s": said}})
	return string(body)
}

func TestACorrectionStays(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, token := p.tablet("Tablette 1", p.School)
		cat := p.catalogue()
		key := attendance.Key{Child: p.Ines, Unit: p.unit, Day: p.day}
		correct := func(now time.Time, kind attendance.Kind) {
			p.write(func(tx *db.Tx) error {
				return attendance.Correct(tx, now, p.leader(), cat, attendance.Mend{Key: key, Kind: kind, Reason: "Vue au portail"})
			})
		}
		after := func(minutes int) time.Time { return p.now.Add(time.Duration(minutes) * time.Minute) }
		say := func(now time.Time, m attendance.Mark) attendance.Mark {
			m.At, m.SaidAt = civil.InstantOf(now), civil.InstantOf(now)
			p.record(now, a, m)
			return m
		}
		say(p.now, p.said(0, p.Ines, attendance.Present, ""))
		correct(after(1), attendance.Absent)
		denied := say(after(2), p.said(0, p.Ines, attendance.Present, ""))
		if p.told(p.Ines) != booking.Absent || !slices.Equal(p.open(), []string{"differ Inès Martin-Nguyễn"}) {
			t.Errorf("denied: %q, %v", p.told(p.Ines), p.open())
		}
		say(after(2), p.said(0, p.Ines, attendance.Left, ""))
		if p.told(p.Ines) != booking.Absent || count(t, d, `select count(*) from attendance_stay where left_at is not null or arrived_at is not null`) != 0 {
			t.Error("a departure denies the correction")
		}
		if text := p.screen(after(2), token).Get(p.list() + "?vue=absents").Text("main"); !strings.Contains(text, "Corrigé par un agent, et c’est ce qui reste. Votre pointage est transmis au service") {
			t.Errorf("the tablet says nothing: %s", text)
		}
		tap := p.screen(after(3), token).Get(p.list()+"?vue=absents").Submit(`form:has(input[value="`+string(p.Ines)+`"])`, map[string]string{"acte": "present"})
		if text := p.screen(after(3), token).Get(tap.Header.Get("Location")).Text("body"); tap.Status != 303 || !strings.Contains(text, "corrigé par un agent, et c’est ce qui reste") {
			t.Errorf("a tap against the correction: %d %s", tap.Status, text)
		}
		if body := p.screen(after(2), token).Get("/tablette/jour").Body; !strings.Contains(body, `"a":true`) {
			t.Error("the script is not told which mark is an agent's")
		}
		var anomaly attendance.AnomalyID
		read := func() []attendance.Anomaly {
			all, err := db.Read(t.Context(), d, func(r db.Reader) ([]attendance.Anomaly, error) { return attendance.Anomalies(r, p.leader(), cat) })
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		anomaly = read()[0].ID
		p.write(func(tx *db.Tx) error {
			return attendance.Close(tx, after(3), p.leader(), cat, anomaly, "Elle était absente")
		})
		p.record(after(4), a, denied)                           // sent again: nothing new
		say(after(4), p.said(0, p.Ines, attendance.Absent, "")) // agrees
		if len(p.open()) != 0 {
			t.Errorf("a mark sent again, or one that agrees, asks again: %v", p.open())
		}
		last := say(after(5), p.said(0, p.Ines, attendance.Present, ""))
		if p.told(p.Ines) != booking.Absent || len(read()) != 1 {
			t.Errorf("denied anew after it was closed: %q, %v", p.told(p.Ines), p.open())
		}
		old := p.said(-30, p.Ines, attendance.Present, "") // said before, without a network
		correct(after(6), attendance.Absent)
		if len(p.open()) != 0 {
			t.Errorf("corrected again: %v", p.open())
		}
		p.record(after(7), a, old)
		if p.told(p.Ines) != booking.Absent || len(p.open()) != 1 {
			t.Errorf("what comes late and denies: %q, %v", p.told(p.Ines), p.open())
		}
		for _, m := range p.marks(key) {
			if m.Agent != "" {
				say(after(8), p.said(0, p.Ines, attendance.Undo, m.ID))
			}
		}
		if p.told(p.Ines) != booking.Absent {
			t.Error("a tablet takes an agent's correction away")
		}
		say(after(8), p.said(0, p.Ines, attendance.Undo, last.ID))
		correct(after(9), attendance.Undo)
		if p.told(p.Ines) != "" {
			t.Errorf("an agent takes all away: %q", p.told(p.Ines))
		}
		say(after(10), p.said(0, p.Ines, attendance.Present, ""))
		if p.told(p.Ines) != booking.Present {
			t.Error("with no correction left a tablet says nothing")
		}
	})
}

// marks are what was said of a key.
func (p *place) marks(k attendance.Key) []attendance.Mark {
	p.t.Helper()
	all, err := db.Read(p.t.Context(), p.d, func(r db.Reader) ([]attendance.Mark, error) {
		return db.List(r, func(s db.Scanner) (m attendance.Mark, err error) {
			err = s.Scan(&m.ID, &m.Agent)
			return m, err
		}, `select id, agent from attendance_mark where child = $1 and unit = $2 and day = $3 order by said_at, id`, string(k.Child), string(k.Unit), k.Day)
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}
