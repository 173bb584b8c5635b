package attendance

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// Citizen declares what families read: what was planned and what happened, and their answer.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/espace/enfants/{id}/pointages", web.Activated, web.Object("child"), p.presences)
	rt.Post("/espace/enfants/{id}/pointages", web.Activated, web.Object("child"), p.dispute)
}

// Href is where a family reads what happened to a child.
func Href(child family.ChildID) string { return "/espace/enfants/" + string(child) + "/pointages" }

// Presence is a day of a child as its family reads it.
type Presence struct {
	Unit    activity.UnitID
	Day     civil.Date
	Planned bool
	Said    booking.Attendance
	stay
	Word   string // this person's own
	Answer string // the service's
	Label  string
	spoken *Spoken
}

// Spoken is a day that a family and the service speak of elsewhere, with what was said: it is not asked about twice.
type Spoken struct {
	Activity activity.ID
	Day      civil.Date
	Present  bool // about a child who came, not one who did not
	Words    string
	Href     string
}

func (x Presence) id() string { return x.Day.String() + "." + string(x.Unit) }

// presencesOf lists in one query what was said of a child since a day, latest first, with the words of one person.
func presencesOf(r db.Reader, child family.ChildID, who string, since civil.Date) ([]Presence, error) {
	all, err := db.List(r, func(s db.Scanner) (Presence, error) {
		var x Presence
		err := s.Scan(&x.Unit, &x.Day, &x.Said, &x.Planned, &x.Arrived, &x.Left, &x.Word, &x.Answer)
		return x, err
	}, `select t.unit, t.day, t.state, exists (select 1 from booking b where b.child = t.child and b.day = t.day and b.unit = t.unit and b.state = 'booked'),
			y.arrived_at, y.left_at, coalesce(x.note, ''), coalesce(x.answer, '')
		from attendance t left join attendance_stay y on y.child = t.child and y.day = t.day and y.unit = t.unit
		left join attendance_anomaly x on x.child = t.child and x.day = t.day and x.unit = t.unit and x.kind = 'family' and x.person = $2
		where t.child = $1 and t.day >= $3 order by t.day desc, t.unit`, string(child), who, since)
	if err != nil {
		return nil, fmt.Errorf("list presences: %w", err)
	}
	return all, nil
}

func (x Presence) mark() web.Mark {
	switch {
	case x.Said == booking.Present && !x.Planned:
		return web.Mark{Tone: web.Warning, Icon: "user-plus", Word: "Présent sans réservation"}
	case x.Said == booking.Present:
		return web.Mark{Tone: web.OK, Icon: "double-check", Word: "Présent"}
	case x.Said == booking.Excused:
		return web.Mark{Tone: web.Neutral, Icon: "file-check", Word: "Absence justifiée"}
	}
	return web.Mark{Tone: web.Neutral, Icon: "circle-x", Word: "Absent"}
}

// hours are « Arrivé à 16 h 32, parti à 17 h 42 ».
func (x Presence) hours(now time.Time) string {
	switch came, left := civil.Clock(x.Arrived.In(now.Location())), civil.Clock(x.Left.In(now.Location())); {
	case !x.Arrived.IsZero() && !x.Left.IsZero():
		return "Arrivé à " + came + ", parti à " + left
	case !x.Arrived.IsZero():
		return "Arrivé à " + came
	case !x.Left.IsZero():
		return "Parti à " + left
	}
	return ""
}

// presencesView is a child's last weeks; about is the line that a form sent back is about.
type presencesView struct {
	child family.Child
	rows  []Presence
	form  *web.Form
	about string
	now   time.Time
}

func (p Pages) presences(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showPresences(w, r, a, web.NewForm(), r.URL.Query().Get("reponse"), 0)
}

func (p Pages) showPresences(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, about string, status int) error {
	now := p.Now()
	v := presencesView{form: f, about: about, now: now}
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	var elsewhere []Spoken
	err = p.read(r.Context(), func(rd db.Reader) error {
		today := civil.DateOf(now)
		children, err := family.Children(rd, a, today)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(children, func(c family.Child) bool { return string(c.ID) == r.PathValue("id") })
		if i < 0 {
			return fault.Missing("child")
		}
		v.child = children[i]
		if v.rows, err = presencesOf(rd, v.child.ID, a.Person, today.AddDays(-disputeDays)); err != nil || p.Elsewhere == nil {
			return err
		}
		elsewhere, err = p.Elsewhere(rd, v.child.ID, v.child.Family, today.AddDays(-disputeDays))
		return err
	})
	if err != nil {
		return err
	}
	for i := range v.rows {
		if act, known := cat.OfUnit(v.rows[i].Unit); known {
			unit, _ := act.UnitByID(v.rows[i].Unit)
			v.rows[i].Label = act.Label(unit.Name)
			for _, x := range elsewhere {
				if x.Activity == act.ID && x.Day == v.rows[i].Day && x.Present == (v.rows[i].Said == booking.Present) {
					v.rows[i].spoken = &x
				}
			}
		}
	}
	agenda := "/espace/enfants/" + string(v.child.ID) + "/agenda"
	return web.Render(w, r, web.Page{Status: status, Title: "Présences " + civil.Of(v.child.First()), Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda " + civil.Of(v.child.First()), Href: agenda}, {Label: "Présences"}}}, presencesPage(v))
}

func (p Pages) dispute(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, now := web.ReadForm(r), p.Now()
	f.Set("enfant", r.PathValue("id"))
	k, err := keyOf(f)
	if err != nil {
		return err
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: Href(k.Child), Sentence: "Votre réponse est envoyée au service."}, Dispute(tx, now, a, k, f.Text("mot"))
	})
	if fault.KindOf(err) == fault.Invalid {
		f.Take(err)
		return p.showPresences(w, r, a, f, k.Day.String()+"."+string(k.Unit), http.StatusUnprocessableEntity)
	}
	return err
}
