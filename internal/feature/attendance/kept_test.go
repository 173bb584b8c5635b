package attendance_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// keptDay is what a tablet keeps of a day, as its script reads it.
type keptDay struct {
	Now, End int64
	Groups   []struct {
		Kids []struct{ F, L string }
	}
	Pool []struct{ F, L, K string }
}

// TestWhatATabletKeepsOfADay: the whole names of who is expected, for others of the place the initial alone unless it does
// not tell two apart, and until when.
func TestWhatATabletKeepsOfADay(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		p.write(func(tx *db.Tx) error { // two of one class whom the initial does not tell apart
			for _, last := range []string{"Bernardeau", "Bouvier"} {
				id, err := person.Insert(tx, persontest.Now(), actor.Job("test"), person.Person{FirstNames: "Lina", LastName: last})
				if err != nil {
					return err
				}
				if _, err := family.AddChild(tx, persontest.Now(), actor.Job("test"), family.NewChild{Family: p.Second, Person: id, School: p.School, Level: "CE1"}); err != nil {
					return err
				}
			}
			return nil
		})
		_, token := p.tablet("Tablette 1", p.School)
		body := p.screen(p.now, token).Get("/tablette/jour").Body
		var kept keptDay
		if err := json.Unmarshal([]byte(body), &kept); err != nil {
			t.Fatal(err)
		}
		if len(kept.Groups) != 1 || len(kept.Groups[0].Kids) != 2 || kept.Groups[0].Kids[0].L != "Martin-Nguyễn" {
			t.Errorf("the list: %+v", kept.Groups)
		}
		names := map[string]bool{}
		for _, x := range kept.Pool {
			names[x.F+" "+x.L] = true
		}
		for _, want := range []string{"Lina Bernardeau", "Lina Bouvier", "Jérémy M.", "Inès M."} {
			if !names[want] {
				t.Errorf("who may be added: %v, want %s", names, want)
			}
		}
		end := time.UnixMilli(kept.End).In(p.now.Location())
		if unit, _ := p.catalogue().Activities[0].UnitByID(p.unit); civil.DateOf(end) != p.day || end.Hour()*60+end.Minute() != unit.To+120 {
			t.Errorf("kept until %s, want two hours after %d minutes of %s", end, unit.To, p.day)
		}
	})
}

// TestKeptIsOfATabletThatIsPaired: who signs out of a browser that is a tablet leaves its marks; a forged or revoked token
// keeps nothing.
func TestKeptIsOfATabletThatIsPaired(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, token := p.tablet("Tablette 1", p.School)
		kept := func(token string) bool {
			r := httptest.NewRequest(http.MethodPost, "http://portail.test/deconnexion", nil)
			r.AddCookie(&http.Cookie{Name: "tablette", Value: token})
			return attendance.Kept(d)(r)
		}
		if !kept(token) || kept("forged") || kept("") || kept(strings.Repeat("x", 300)) {
			t.Errorf("paired %v, forged %v, none %v", kept(token), kept("forged"), kept(""))
		}
		p.write(func(tx *db.Tx) error { return attendance.Revoke(tx, p.now, p.leader(), attendance.DeviceID(a.Account)) })
		if kept(token) {
			t.Error("a revoked tablet keeps what it had")
		}
	})
}

// TestWhatTwoTabletsSayDifferentlyIsListed to the agents of the service, with the child and the day, until it is settled.
func TestWhatTwoTabletsSayDifferentlyIsListed(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		one, _ := p.tablet("Tablette 1", p.School)
		two, _ := p.tablet("Tablette 2", p.School)
		here := p.said(1, p.Ines, attendance.Present, "")
		p.record(p.now, one, here)
		p.record(p.now, two, p.said(2, p.Ines, attendance.Absent, ""))
		desk := p.portal(p.now).As(p.leader())
		queue := desk.Get("/agents/pointage/anomalies").Text("main")
		if !strings.Contains(queue, "Pointages contradictoires") || !strings.Contains(queue, "Inès") || !strings.Contains(queue, "8 janvier") {
			t.Errorf("the queue: %s", queue)
		}
		var n int
		for _, q := range (attendance.Pages{DB: d, Now: func() time.Time { return p.now }, Catalogue: p.Catalogue}).Queues() {
			k, err := db.Read(t.Context(), d, func(r db.Reader) (int, error) {
				k, _, err := q.Count(r, p.now, p.leader())
				return k, err
			})
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
		if n != 1 {
			t.Errorf("the agents’ first page counts %d", n)
		}
		p.record(p.now.Add(time.Minute), one, p.said(3, p.Ines, attendance.Undo, here.ID))
		if queue := desk.Get("/agents/pointage/anomalies").Text("main"); strings.Contains(queue, "Inès") {
			t.Errorf("once taken back it is still listed: %s", queue)
		}
	})
}
