package attendance

import (
	"cmp"
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
	"parvis/internal/feature/daylist"
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
		Detail: "pointages contradictoires, présents sans inscription ou annulés, réponses des familles à un pointage",
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
	cat, err := p.Catalogue.Get(r.Context(), v.now)
	if err != nil {
		return err
	}
	err = p.read(r.Context(), func(rd db.Reader) (err error) {
		sites, err := town.Sites(rd)
		if err != nil {
			return err
		}
		v.sites = placesOf(a, cat, sites)
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

// placesOf keeps the places where a service of an agent holds an activity: a tablet shows nothing elsewhere.
func placesOf(a actor.Actor, cat *activity.Catalogue, sites []town.Site) []town.Site {
	return slices.DeleteFunc(sites, func(s town.Site) bool {
		return !slices.ContainsFunc(cat.Activities, func(act activity.Activity) bool {
			return a.CanFor(Write, string(act.Service)) && slices.ContainsFunc(act.Places, func(p activity.Place) bool { return p.Site == s.ID })
		})
	})
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
}

// deskList is a unit at a place with its counts.
type deskList struct {
	section daylist.Section
	rows    []Row
}

func (l deskList) counts() (planned, present, absent, came, left int) {
	for _, x := range l.rows {
		if x.planned() {
			planned++
		}
		switch x.tab() {
		case tabPresent, tabLeft:
			if present++; x.Came {
				came++
			}
		case tabAbsent:
			if x.state() != "" { // not one whose place is closed
				absent++
			}
		case tabExpected:
			left++
		}
	}
	return planned, present, absent, came, left
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
		planned, present, absent, came, left := l.counts()
		rows[i] = []templ.Component{web.TextLink(v.href(v.day, l.section.Unit.ID, l.section.Site), l.section.Title()), web.Text(strconv.Itoa(planned)),
			web.Text(strconv.Itoa(present)), web.Text(strconv.Itoa(absent)), web.Text(strconv.Itoa(came)), web.Text(strconv.Itoa(left))}
	}
	return rows
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

func (x Anomaly) mark() web.Mark {
	return web.Mark{Tone: web.Warning, Icon: map[AnomalyKind]string{Differ: "arrow-up-down", FamilySays: "message"}[x.Kind], Word: x.Kind.Label()}
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
