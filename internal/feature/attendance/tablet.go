package attendance

import (
	"context"
	_ "embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/captcha"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// Pages are the tablets' pages, the agents' about them, and what families read of it.
type Pages struct {
	DB        *db.DB
	Now       func() time.Time
	Catalogue *activity.Cache
	// Holder is what the agent's account that prepared a tablet may do now; nil: no sheet opens.
	Holder func(r db.Reader, account string) (actor.Actor, error)
	// Check counts the codes that are tried on tablets.
	Check captcha.Check
	// Elsewhere lists the days of a child that one of its homes and the service speak of elsewhere; nil: none.
	Elsewhere func(r db.Reader, child family.ChildID, home family.ID, since civil.Date) ([]Spoken, error)
}

// The addresses.
const (
	Path         = "/tablette"
	groupsPath   = Path + "/groupes"
	childPath    = Path + "/enfants"
	devicesPath  = "/agents/tablettes"
	deskPath     = "/agents/pointage"
	anomalyPath  = deskPath + "/anomalies"
	readingLasts = time.Hour
	pairing      = "tablette"
	mostCodes    = 500 // wrong codes from one network address in an hour
)

//go:embed worker.js
var worker []byte

// Tablet declares the pages of tablets.
func (p Pages) Tablet(rt *web.Router) {
	group, child := web.Object("tablet-group"), web.Object("tablet-child")
	rt.Get(Path, web.Visitor, web.NoObject, p.start)
	rt.Post(Path+"/relier", web.Visitor, web.NoObject, p.pair)
	rt.Get(Path+"/hors-ligne", web.Visitor, web.NoObject, p.shell)
	rt.Get(Path+"/worker.js", web.Visitor, web.NoObject, p.worker)
	rt.Get(Path+"/jour", web.Device, web.NoObject, p.day)
	rt.Post(Path+"/pointages", web.Device, web.NoObject, p.take)
	rt.Post(Path+"/deverrouiller", web.Device, web.NoObject, p.unlock)
	rt.Post(Path+"/verrouiller", web.Device, web.NoObject, p.lock)
	rt.Get(groupsPath+"/{id}", web.Device, group, p.group)
	rt.Post(groupsPath+"/{id}", web.Device, group, p.mark)
	rt.Get(groupsPath+"/{id}/imprevu", web.Device, group, p.unexpected)
	rt.Get(childPath+"/{id}", web.Device, child, p.sheet)
	rt.Post(childPath+"/{id}/depart", web.Device, child, p.leave)
}

func tabletPage(title string) web.Page {
	return web.Page{Title: title, Plain: true, Wide: true, NoIndex: true}
}

// start is the form for the code, or the lists of the day.
func (p Pages) start(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if a.Kind != actor.Device {
		return web.Render(w, r, tabletPage("Relier cette tablette"), pairPage(web.NewForm()))
	}
	v, err := p.readDay(r.Context(), a)
	if err != nil {
		return err
	}
	return web.Render(w, r, tabletPage("Pointage, "+v.Device.SiteName), startPage(v))
}

func (p Pages) pair(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, from := web.ReadForm(r), web.ClientIP(r)
	wait, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (time.Duration, error) { return p.Check.Try(tx, pairing, from, mostCodes) })
	if err != nil {
		return err
	}
	if wait > 0 {
		minutes := int((wait + time.Minute - 1) / time.Minute)
		return web.RetryAfter(fault.New(fault.Throttled, "Trop de codes faux depuis ce réseau. Réessayez dans "+french.Count(minutes, "minute")+"."), wait)
	}
	token, hash := crypt.NewToken()
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		d, err := Pair(tx, p.Now(), f.Line("code"), hash)
		if err == nil {
			err = p.Check.Guessed(tx, pairing, from)
		}
		return web.Done{Location: Path, Sentence: "Tablette reliée : " + d.Name, After: func(w http.ResponseWriter) {
			web.SetCookie(w, r, cookieName, token, cookieAge)
		}}, err
	})
	if fault.KindOf(err) == fault.Invalid {
		f.Take(err)
		page := tabletPage("Relier cette tablette")
		page.Status = http.StatusUnprocessableEntity
		return web.Render(w, r, page, pairPage(f))
	}
	return err
}

// shell is the page that a tablet keeps: no name of anybody is on it.
func (p Pages) shell(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return web.Render(w, r, tabletPage("Pointage"), shellPage())
}

func (p Pages) worker(w http.ResponseWriter, _ *http.Request, _ actor.Actor) error {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Service-Worker-Allowed", Path)
	_, _ = w.Write(worker) // a client that left is nobody's fault
	return nil
}

// readDay reads the day of a tablet and writes down, once an hour, that it was read.
func (p Pages) readDay(ctx context.Context, a actor.Actor) (Day, error) {
	now := p.Now()
	cat, err := p.Catalogue.Get(ctx, now)
	if err != nil {
		return Day{}, err
	}
	v, err := db.Read(ctx, p.DB, func(r db.Reader) (Day, error) { return readDay(r, now, a, cat) })
	if err != nil {
		return v, err
	}
	return v, db.Do(ctx, p.DB, func(tx *db.Tx) error {
		return audit.ReadOnce(tx, now, a, readingLasts, audit.Entry{Action: "attendance.list.read", Object: "day_list", ID: v.Day.String() + " " + string(v.Device.ID), Detail: v.Day.String()})
	})
}

func (p Pages) day(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readDay(r.Context(), a)
	if err != nil {
		return err
	}
	return web.JSON(w, r, v.json(p.Now()))
}

// take takes the marks of a tablet that was offline or not. It needs no key: a mark names itself.
func (p Pages) take(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	var sent []markJSON
	if err := json.Unmarshal([]byte(r.PostForm.Get("pointages")), &sent); err != nil {
		return fault.New(fault.Invalid, "Ces pointages sont illisibles.")
	}
	marks := make([]Mark, len(sent))
	for i, x := range sent {
		day, err := civil.ParseDate(x.Day)
		if err != nil {
			x.Kind = "" // refused alone
		}
		marks[i] = Mark{ID: x.ID, Key: Key{family.ChildID(x.Child), activity.UnitID(x.Unit), day}, Kind: x.Kind, Target: x.Target,
			At: civil.InstantOf(time.UnixMilli(x.At)), SaidAt: civil.InstantOf(time.UnixMilli(x.Said))}
	}
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	type answer struct {
		Taken   []string          `json:"taken"`
		Refused map[string]string `json:"refused"`
	}
	done, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (answer, error) {
		taken, refused, err := Record(tx, now, a, cat, marks)
		x := answer{Taken: append([]string{}, taken...), Refused: map[string]string{}}
		for _, no := range refused {
			x.Refused[no.ID] = no.Why
		}
		return x, err
	})
	if err != nil {
		return err
	}
	return web.JSON(w, r, done)
}

// groupView is a list with one of its tabs open.
type groupView struct {
	Day
	Group
	Tab tab
}

func (v groupView) path() string      { return groupsPath + "/" + string(v.Group.ID) }
func (v groupView) href(t tab) string { return v.path() + "?vue=" + string(t) }
func (v groupView) shown() []Row {
	return slices.DeleteFunc(slices.Clone(v.Children), func(x Row) bool { return x.tab() != v.Tab })
}

func (p Pages) group(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readGroup(r, a)
	if err != nil {
		return err
	}
	if v.Tab = tab(r.URL.Query().Get("vue")); !slices.Contains(tabs, v.Tab) {
		v.Tab = tabExpected
	}
	return web.Render(w, r, tabletPage(v.Title), groupPage(v, p.Now()))
}

func (p Pages) readGroup(r *http.Request, a actor.Actor) (groupView, error) {
	d, err := p.readDay(r.Context(), a)
	if err != nil {
		return groupView{}, err
	}
	g, known := d.group(GroupID(r.PathValue("id")))
	if !known {
		return groupView{}, fault.Missing("group")
	}
	return groupView{Day: d, Group: g}, nil
}

// mark is a tap without JavaScript: one child, or all that are left.
func (p Pages) mark(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now, f := p.Now(), web.ReadForm(r)
	v, err := p.readGroup(r, a)
	if err != nil {
		return err
	}
	back := tab(f.Line("vue"))
	if !slices.Contains(tabs, back) {
		back = tabExpected
	}
	at, err := momentOf(f.Line("heure"), now)
	if err != nil {
		return err
	}
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		marks, said, err := v.marks(f.Line("acte"), family.ChildID(f.Line("enfant")), at, now)
		if err != nil {
			return web.Done{}, err
		}
		_, refused, err := Record(tx, now, a, cat, marks)
		if err == nil && len(refused) > 0 {
			err = fault.New(fault.Conflict, refused[0].Why)
		}
		if err == nil && len(marks) == 1 {
			said, err = heard(tx, marks[0], said)
		}
		return web.Done{Location: v.href(back), Sentence: said}, err
	})
}

// heard is what a tap is answered: it does not say present of a child whom an agent's correction keeps absent.
func heard(tx *db.Tx, m Mark, said string) (string, error) {
	told, err := booking.Told(tx, m.Child, m.Unit, m.Day)
	if err != nil {
		return "", err
	}
	if m.Kind == Present && told != booking.Present || m.Kind == Absent && told == booking.Present {
		first, _, _ := strings.Cut(said, " : ")
		return first + "\u00a0: " + french.Lower(againstAgent), nil
	}
	return said, nil
}

// momentOf is a typed hour of today, now when none is typed.
func momentOf(typed string, now time.Time) (time.Time, error) {
	if typed == "" {
		return now, nil
	}
	at, err := time.Parse("15:04", typed)
	if err != nil {
		return now, fault.New(fault.Invalid, "Écrivez l’heure ainsi : 17:42.")
	}
	then := civil.DateOf(now).At(at.Hour(), at.Minute(), now.Location())
	if then.After(now) {
		return now, fault.New(fault.Invalid, "Cette heure n’est pas encore venue.")
	}
	return then, nil
}

// marks are what a form says, and what the next page confirms.
func (v groupView) marks(act string, child family.ChildID, at, now time.Time) ([]Mark, string, error) {
	one := func(kind Kind, c family.ChildID, target string) Mark {
		return Mark{ID: db.NewID(), Key: Key{c, v.Unit, v.Day.Day}, Kind: kind, Target: target, At: civil.InstantOf(at), SaidAt: civil.InstantOf(now)}
	}
	if act == "tous" {
		var all []Mark
		for _, x := range v.Children {
			if x.tab() == tabExpected {
				all = append(all, one(Present, x.ID, ""))
			}
		}
		return all, "Tous présents", nil
	}
	kind := Kind(act)
	if kind == Unexpected {
		i := slices.IndexFunc(v.Pool, func(x Pupil) bool { return x.ID == child })
		if i < 0 {
			return nil, "", fault.Missing("child")
		}
		return []Mark{one(Unexpected, child, "")}, v.Pool[i].First + " : présent", nil
	}
	i := slices.IndexFunc(v.Children, func(x Row) bool { return x.ID == child })
	if i < 0 {
		return nil, "", fault.Missing("child")
	}
	x := v.Children[i]
	switch kind {
	case Present, Absent, Left:
		return []Mark{one(kind, child, "")}, x.First + " : " + map[Kind]string{Present: "présent", Absent: "absent", Left: "parti"}[kind], nil
	case Undo:
		if x.Now.Last == "" {
			return nil, "", fault.New(fault.Conflict, "Il n’y a plus rien à annuler.")
		}
		return []Mark{one(Undo, child, x.Now.Last)}, x.First + " : pointage annulé", nil
	}
	return nil, "", fault.New(fault.Invalid, "Choisissez ce qui s’est passé.")
}

// unexpectedView is the search of a child whom nobody expected.
type unexpectedView struct {
	groupView
	query  string
	found  []Pupil
	listed []Row // of that name, on the list already
}

const mostFound = 30

func (p Pages) unexpected(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	g, err := p.readGroup(r, a)
	if err != nil {
		return err
	}
	v := unexpectedView{groupView: g, query: strings.TrimSpace(r.URL.Query().Get("q"))}
	words := strings.Fields(person.Fold(v.query))
	named := func(first, last string) bool {
		return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(person.Fold(first+" "+last), word) })
	}
	for _, x := range v.Children {
		if named(x.First, x.Last) && len(v.listed) < mostFound {
			v.listed = append(v.listed, x)
		}
	}
	for _, c := range v.Pool {
		if len(words) == 0 || len(v.found) >= mostFound {
			break
		}
		if slices.ContainsFunc(v.Children, func(x Row) bool { return x.ID == c.ID }) {
			continue
		}
		if named(c.First, c.Last) {
			v.found = append(v.found, c)
		}
	}
	return web.Render(w, r, tabletPage("Enfant imprévu"), unexpectedPage(v))
}
