package attendance

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

func (p Pages) read(ctx context.Context, fn func(db.Reader) error) error {
	_, err := db.Read(ctx, p.DB, func(r db.Reader) (struct{}, error) { return struct{}{}, fn(r) })
	return err
}

// words are what was said of a child: « Présent, arrivé à 11 h 58, parti à 13 h 10 ».
func (x Row) words(now time.Time) string {
	said := map[booking.Attendance]string{booking.Present: "Présent", booking.Absent: "Absent", booking.Excused: "Absence justifiée", "": "À pointer"}[x.state()]
	if x.Shut && x.state() == "" {
		said = "Fermé"
	}
	if !x.Now.Arrived.IsZero() {
		said += ", arrivé à " + civil.Clock(x.Now.Arrived.In(now.Location()))
	}
	if !x.Now.Left.IsZero() {
		said += ", parti à " + civil.Clock(x.Now.Left.In(now.Location()))
	}
	return said
}

// mendView is the correction of one child's day.
type mendView struct {
	form  *web.Form
	key   Key
	child string
	title string
	marks []saidLine
	back  string
	now   time.Time
}

// saidLine is a line of the log as an agent reads it.
type saidLine struct{ what, who string }

func keyOf(f *web.Form) (Key, error) {
	day, err := civil.ParseDate(f.Line("jour"))
	if err != nil {
		return Key{}, fault.Missing("day")
	}
	return Key{family.ChildID(f.Line("enfant")), activity.UnitID(f.Line("unite")), day}, nil
}

func (p Pages) correctForm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showCorrect(w, r, a, web.ReadForm(r), 0)
}

func (p Pages) showCorrect(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	now := p.Now()
	k, err := keyOf(f)
	if err != nil {
		return err
	}
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	v := mendView{form: f, key: k, now: now, back: deskPath + "?" + url.Values{"jour": {k.Day.String()}, "unite": {string(k.Unit)}}.Encode()}
	if !mayUnit(a, cat, Write, k.Unit) {
		return fault.Missing("unit")
	}
	act, _ := cat.OfUnit(k.Unit)
	unit, _ := act.UnitByID(k.Unit)
	v.title = act.Label(unit.Name) + ", " + k.Day.Long()
	if err := p.read(r.Context(), func(rd db.Reader) error { return v.read(rd) }); err != nil {
		return err
	}
	if err := db.Do(r.Context(), p.DB, func(tx *db.Tx) error {
		return audit.ReadOnce(tx, now, a, readingLasts, audit.Entry{Action: "attendance.day.read", Object: "child", ID: string(k.Child), Subject: string(k.Child), Detail: k.Day.String()})
	}); err != nil {
		return err
	}
	page := deskPage("Corriger un pointage", deskPath, web.Crumb{Label: "Pointage", Href: v.back}, web.Crumb{Label: "Corriger"})
	page.Status = status
	return web.Render(w, r, page, mendPage(v))
}

func (v *mendView) read(r db.Reader) error {
	tied, err := tiedTo(r, v.key)
	if err != nil || !tied {
		return cmp.Or(err, error(fault.Missing("child")))
	}
	if v.child, err = childName(r, v.key.Child); err != nil {
		return err
	}
	marks, err := marksOf(r, v.key)
	if err != nil {
		return err
	}
	names, err := deviceNames(r)
	if err != nil {
		return err
	}
	for _, m := range marks {
		v.marks = append(v.marks, saidLine{m.words(v.now, marks), m.byWords(names, v.now)})
	}
	return nil
}

// words are a mark in the log: « Présent, à 11 h 58 (annulé ensuite) ».
func (m Mark) words(now time.Time, all []Mark) string {
	said := map[Kind]string{Present: "Présent", Absent: "Absent", Left: "Parti", Undo: "Annulation", Unexpected: "Présent, imprévu"}[m.Kind]
	if m.Kind != Undo && m.Agent == "" {
		said += ", à " + civil.Clock(m.At.In(now.Location()))
	}
	if m.Reason != "" {
		said += " : " + m.Reason
	}
	if slices.ContainsFunc(all, func(x Mark) bool { return x.Kind == Undo && x.Target == m.ID }) {
		said += " (annulé ensuite)"
	}
	return said
}

func (m Mark) byWords(names map[DeviceID]string, now time.Time) string {
	who := "Un agent"
	if m.Device != "" {
		who = names[m.Device]
	}
	said := who + ", " + civil.Stamp(m.SaidAt.In(now.Location()))
	if late := m.Received - m.SaidAt; late > civil.Instant(5*time.Minute/time.Microsecond) {
		said += fmt.Sprintf(", reçu à %s", civil.Clock(m.Received.In(now.Location())))
	}
	return said
}

func (p Pages) correct(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	k, err := keyOf(f)
	if err != nil {
		return err
	}
	cat, err := p.Catalogue.Get(r.Context(), p.Now())
	if err != nil {
		return err
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: deskPath + "?" + url.Values{"jour": {k.Day.String()}, "unite": {string(k.Unit)}}.Encode(), Sentence: "Pointage corrigé"},
			Correct(tx, p.Now(), a, cat, Mend{Key: k, Kind: Kind(f.Line("pointage")), Reason: f.Line("motif")})
	})
	if fault.KindOf(err) == fault.Invalid {
		f.Take(err)
		return p.showCorrect(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}

// anomaliesView is the queue.
type anomaliesView struct {
	rows []Anomaly
	cat  *activity.Catalogue
	now  time.Time
}

func (v anomaliesView) detail(x Anomaly) string {
	act, _ := v.cat.OfUnit(x.Unit)
	unit, _ := act.UnitByID(x.Unit)
	said := act.Label(unit.Name) + ", " + x.Day.Long()
	if x.Note != "" {
		said += ". «\u00a0" + x.Note + "\u00a0»"
	}
	return said
}

func (p Pages) anomalies(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v := anomaliesView{now: p.Now()}
	var err error
	if v.cat, err = p.Catalogue.Get(r.Context(), v.now); err != nil {
		return err
	}
	if err := p.read(r.Context(), func(rd db.Reader) (err error) { v.rows, err = Anomalies(rd, a, v.cat); return err }); err != nil {
		return err
	}
	return web.Render(w, r, deskPage("Anomalies de pointage", anomalyPath, web.Crumb{Label: "Pointage", Href: deskPath}, web.Crumb{Label: "Anomalies"}), anomaliesPage(v))
}

// anomalyView is one of them.
type anomalyView struct {
	anomaliesView
	Anomaly
	form *web.Form
	log  mendView
	may  bool
}

func (p Pages) anomaly(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showAnomaly(w, r, a, web.NewForm(), 0)
}

func (p Pages) showAnomaly(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	v := anomalyView{anomaliesView: anomaliesView{cat: cat, now: now}, form: f}
	if err := p.read(r.Context(), func(rd db.Reader) (err error) {
		if v.Anomaly, err = anomalyFor(rd, a, cat, Read, AnomalyID(r.PathValue("id"))); err != nil {
			return err
		}
		v.log = mendView{key: v.Key, now: now}
		return v.log.read(rd)
	}); err != nil {
		return err
	}
	v.may = mayUnit(a, cat, Write, v.Unit)
	if err := db.Do(r.Context(), p.DB, func(tx *db.Tx) error {
		return audit.ReadOnce(tx, now, a, readingLasts, audit.Entry{Action: "attendance.day.read", Object: "child", ID: string(v.Child), Subject: string(v.Child), Detail: v.Day.String()})
	}); err != nil {
		return err
	}
	page := deskPage(v.ChildName, anomalyPath, web.Crumb{Label: "Anomalies de pointage", Href: anomalyPath}, web.Crumb{Label: v.ChildName})
	page.Status = status
	return web.Render(w, r, page, anomalyPage(v))
}

func (p Pages) closeAnomaly(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	cat, err := p.Catalogue.Get(r.Context(), p.Now())
	if err != nil {
		return err
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: anomalyPath, Sentence: "Anomalie traitée"}, Close(tx, p.Now(), a, cat, AnomalyID(r.PathValue("id")), f.Text("reponse"))
	})
	if fault.KindOf(err) == fault.Invalid {
		f.Take(err)
		return p.showAnomaly(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}
