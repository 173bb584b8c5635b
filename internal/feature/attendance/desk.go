package attendance

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Agent declares the agents' pages.
func (p Pages) Agent(rt *web.Router) {
	read, write := web.AgentWith(Read), web.AgentWith(Write)
	device, anomaly := web.Object("device"), web.Object("attendance-anomaly")
	rt.Get(devicesPath, write, web.NoObject, p.devices)
	rt.Post(devicesPath, write, web.NoObject, p.prepare)
	rt.Post(devicesPath+"/{id}/retirer", write, device, p.revoke)
	rt.Get(deskPath, read, web.NoObject, p.desk)
	rt.Get(deskPath+"/corriger", write, web.NoObject, p.correctForm)
	rt.Post(deskPath+"/corriger", write, web.NoObject, p.correct)
	rt.Get(anomalyPath, read, web.NoObject, p.anomalies)
	rt.Get(anomalyPath+"/{id}", read, anomaly, p.anomaly)
	rt.Post(anomalyPath+"/{id}", write, anomaly, p.closeAnomaly)
}

// Queues are what agents have to look at.
func (p Pages) Queues() []web.Queue {
	return []web.Queue{{Label: "Anomalies de pointage", Href: anomalyPath, Right: Read, Icon: "alert",
		Detail: "pointages contradictoires, enfants imprévus, réponses des familles",
		Count:  func(r db.Reader, _ time.Time, a actor.Actor) (int, civil.Instant, error) { return CountAnomalies(r, a) }}}
}

func deskPage(title, nav string, crumbs ...web.Crumb) web.Page {
	return web.Page{Title: title, Wide: true, Nav: nav, Crumbs: append([]web.Crumb{{Label: "Accueil", Href: "/agents"}}, crumbs...)}
}

// devicesView is the tablets of an agent's services; Code is that of the tablet just prepared.
type devicesView struct {
	form    *web.Form
	sites   []town.Site
	devices []Device
	code    string
	now     time.Time
}

func (p Pages) devices(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showDevices(w, r, a, web.NewForm(), "")
}

func (p Pages) showDevices(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, code string) error {
	v := devicesView{form: f, code: code, now: p.Now()}
	err := p.read(r.Context(), func(rd db.Reader) (err error) {
		if v.sites, err = town.Sites(rd); err != nil {
			return err
		}
		v.devices, err = devices(rd, a)
		return err
	})
	if err != nil {
		return err
	}
	page := deskPage("Tablettes", devicesPath, web.Crumb{Label: "Tablettes"})
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, devicesPage(v))
}

func (p Pages) read(ctx context.Context, fn func(db.Reader) error) error {
	_, err := db.Read(ctx, p.DB, func(r db.Reader) (struct{}, error) { return struct{}{}, fn(r) })
	return err
}

// prepare makes a tablet and shows its code. The page is the answer itself: the code is nowhere else, and a form sent
// again makes another tablet whose code alone is shown.
func (p Pages) prepare(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, now := web.ReadForm(r), p.Now()
	pin := f.Raw("code_equipe")
	if len(pin) < 4 || len(pin) > 6 || strings.Trim(pin, "0123456789") != "" {
		f.Fail("code_equipe", "Choisissez quatre à six chiffres.")
		return p.showDevices(w, r, a, f, "")
	}
	hash, err := crypt.HashPassword(r.Context(), pin)
	if err != nil {
		return err
	}
	code, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (string, error) {
		_, code, err := Prepare(tx, now, a, Wanted{Site: town.SiteID(f.Line("lieu")), Name: f.Line("nom"), PinHash: hash})
		return code, err
	})
	if fault.KindOf(err) == fault.Invalid {
		f.Take(err)
		return p.showDevices(w, r, a, f, "")
	}
	if err != nil {
		return err
	}
	return p.showDevices(w, r, a, web.NewForm(), shownCode(code))
}

func (p Pages) revoke(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: devicesPath, Sentence: "Tablette retirée : elle efface ce qu’elle garde dès qu’elle retrouve le réseau."},
			Revoke(tx, p.Now(), a, DeviceID(r.PathValue("id")))
	})
}

func (d Device) mark(now time.Time) web.Mark {
	switch {
	case !d.RevokedAt.IsZero() && d.Why == "code":
		return web.Mark{Tone: web.Error, Icon: "lock", Word: "Fermée : cinq codes faux"}
	case !d.RevokedAt.IsZero():
		return web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Retirée"}
	case d.Waiting && d.CodeUntil <= civil.InstantOf(now):
		return web.Mark{Tone: web.Neutral, Icon: "clock", Word: "Code passé"}
	case d.Waiting:
		return web.Mark{Tone: web.Info, Icon: "clock", Word: "Code à taper"}
	}
	return web.Mark{Tone: web.OK, Icon: "check", Word: "Reliée"}
}

func (d Device) seenWords(now time.Time) string {
	if d.SeenAt.IsZero() {
		return "jamais"
	}
	return civil.Stamp(d.SeenAt.In(now.Location()))
}

// deskView is a day of the places.
type deskView struct {
	day, today civil.Date
	now        time.Time
	form       *web.Form
	sites      []web.Option
	site       town.SiteID
	unit       activity.UnitID
	lists      []deskList
	may        func(activity.UnitID) bool
	devices    map[DeviceID]string
}

// deskList is a unit at a place with its counts.
type deskList struct {
	section booking.ListSection
	rows    []Row
}

func (l deskList) counts() (planned, present, absent, came int) {
	for _, x := range l.rows {
		if !x.Came {
			planned++
		}
		switch x.tab() {
		case tabPresent, tabLeft:
			if present++; x.Came {
				came++
			}
		case tabAbsent:
			absent++
		}
	}
	return planned, present, absent, came
}

func (v deskView) href(day civil.Date, unit activity.UnitID, site town.SiteID) string {
	q := url.Values{"jour": {day.String()}}
	if site != "" {
		q.Set("lieu", string(site))
	}
	if unit != "" {
		q.Set("unite", string(unit))
	}
	return deskPath + "?" + q.Encode()
}

func (v deskView) mendHref(l deskList, x Row) string {
	return deskPath + "/corriger?" + url.Values{"enfant": {string(x.ID)}, "unite": {string(l.section.Unit.ID)}, "jour": {v.day.String()}}.Encode()
}

// open tells whether the children of a list are shown: the lists of a unit chosen.
func (v deskView) open() bool { return v.unit != "" }

func (v deskView) countColumns() []web.Column {
	return []web.Column{{Label: "Liste"}, {Label: "Prévus", Numeric: true}, {Label: "Présents", Numeric: true}, {Label: "Absents", Numeric: true},
		{Label: "Imprévus", Numeric: true}, {Label: "À pointer", Numeric: true}}
}

func (v deskView) countRows() [][]templ.Component {
	rows := make([][]templ.Component, len(v.lists))
	for i, l := range v.lists {
		planned, present, absent, came := l.counts()
		left := len(l.rows) - present - absent
		rows[i] = []templ.Component{web.TextLink(v.href(v.day, l.section.Unit.ID, l.section.Site), l.section.Title()), web.Text(strconv.Itoa(planned)),
			web.Text(strconv.Itoa(present)), web.Text(strconv.Itoa(absent)), web.Text(strconv.Itoa(came)), web.Text(strconv.Itoa(left))}
	}
	return rows
}

// words are what was said of a child: « Présent, arrivé à 11 h 58, parti à 13 h 10 ».
func (x Row) words(now time.Time) string {
	said := map[booking.Attendance]string{booking.Present: "Présent", booking.Absent: "Absent", booking.Excused: "Absence justifiée", "": "À pointer"}[x.state()]
	if !x.Now.Arrived.IsZero() {
		said += ", arrivé à " + civil.Clock(x.Now.Arrived.In(now.Location()))
	}
	if !x.Now.Left.IsZero() {
		said += ", parti à " + civil.Clock(x.Now.Left.In(now.Location()))
	}
	return said
}

func (v deskView) childColumns() []web.Column {
	return []web.Column{{Label: "Enfant"}, {Label: "Pointage"}, {Label: "Remarque"}, {Label: "Corriger"}}
}

func (v deskView) childRows(l deskList) [][]templ.Component {
	rows := make([][]templ.Component, len(l.rows))
	for i, x := range l.rows {
		mend := web.Text("")
		if v.may(l.section.Unit.ID) && !v.day.After(v.today) {
			mend = web.TextLink(v.mendHref(l, x), "Corriger")
		}
		rows[i] = []templ.Component{web.Text(x.Last + " " + x.First), web.Text(x.words(v.now)), web.Text(x.Note), mend}
	}
	return rows
}

func (p Pages) desk(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readDesk(r, a)
	if err != nil {
		return err
	}
	page := deskPage("Pointage du "+v.day.Long(), deskPath, web.Crumb{Label: "Pointage"})
	if v.form.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, deskBody(v))
}

// readDesk reads a day of the places; children who are shown by name are a reading.
func (p Pages) readDesk(r *http.Request, a actor.Actor) (deskView, error) {
	now, q := p.Now(), r.URL.Query()
	v := deskView{today: civil.DateOf(now), now: now, form: web.NewForm(), site: town.SiteID(q.Get("lieu")), unit: activity.UnitID(q.Get("unite"))}
	v.day = v.today
	v.form.Set("lieu", string(v.site))
	if typed := q.Get("jour"); typed != "" {
		day, err := civil.ParseDate(typed)
		if err != nil {
			day, err = civil.ParseFrench(typed)
		}
		if err != nil {
			v.form.Fail("jour", "Écrivez le jour ainsi\u00a0: "+v.today.French()+".")
		} else {
			v.day = day
		}
	}
	v.form.Set("jour", v.day.French())
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return v, err
	}
	v.may = func(u activity.UnitID) bool { return mayUnit(a, cat, Write, u) }
	units := v.units(a, cat)
	if len(units) == 0 || v.form.Failed() {
		return v, nil
	}
	t, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (told, error) { return rowsOn(rd, cat, v.day, units) })
	if err != nil {
		return v, err
	}
	v.lay(t)
	if !v.open() || len(v.lists) == 0 {
		return v, nil
	}
	return v, db.Do(r.Context(), p.DB, func(tx *db.Tx) error {
		return audit.ReadOnce(tx, now, a, readingLasts, audit.Entry{Action: "attendance.list.read", Object: "day_list", ID: v.day.String() + " " + string(v.unit) + " " + string(v.site), Detail: v.day.String()})
	})
}

// units are those that an agent may read, of the unit chosen when one is.
func (v *deskView) units(a actor.Actor, cat *activity.Catalogue) []activity.UnitID {
	var units []activity.UnitID
	for i := range cat.Activities {
		act := &cat.Activities[i]
		if !a.CanFor(Read, string(act.Service)) {
			continue
		}
		for _, place := range act.Places {
			option := web.Option{Value: string(place.Site), Label: place.Name}
			if !slices.Contains(v.sites, option) {
				v.sites = append(v.sites, option)
			}
		}
		for _, u := range act.Units {
			if v.unit == "" || u.ID == v.unit {
				units = append(units, u.ID)
			}
		}
	}
	slices.SortFunc(v.sites, func(x, y web.Option) int { return cmp.Compare(x.Label, y.Label) })
	return units
}

func (v *deskView) lay(t told) {
	for _, s := range t.sections {
		if v.site != "" && s.Site != v.site {
			continue
		}
		l := deskList{section: s}
		for _, e := range s.Children {
			l.rows = append(l.rows, t.row(s, e))
		}
		slices.SortFunc(l.rows, func(x, y Row) int { return cmp.Or(cmp.Compare(x.Last, y.Last), byFirstName(x, y)) })
		v.lists = append(v.lists, l)
	}
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

func (x Anomaly) mark() web.Mark {
	return web.Mark{Tone: web.Warning, Icon: map[AnomalyKind]string{Differ: "arrow-up-down", FamilySays: "message"}[x.Kind], Word: x.Kind.Label()}
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

func (v devicesView) rows() [][]templ.Component {
	var rows [][]templ.Component
	for _, d := range v.devices {
		m := d.mark(v.now)
		end := web.Text("")
		if d.RevokedAt.IsZero() {
			end = revokeForm(d)
		}
		rows = append(rows, []templ.Component{web.Text(d.Name), web.Text(d.SiteName), web.Tag(m.Tone, m.Icon, m.Word), web.Text(d.seenWords(v.now)), end})
	}
	return rows
}
