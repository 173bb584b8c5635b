package merging

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"

	"github.com/a-h/templ"
)

// Paths of the package.
const (
	Path         = "/agents/fusions"
	peoplePath   = Path + "/personnes/"
	homesPath    = Path + "/familles/"
	donePath     = Path + "/faites/"
	checkSegment = "/verification"
)

// PersonPath is where an agent compares a person with another; other is "" to search for one first.
func PersonPath(id, other person.ID) string {
	return pairPath(person.OneHuman, string(id), string(other))
}

func pairPath(kind person.Subject, id, other string) string {
	path := peoplePath
	if kind == person.OneHome {
		path = homesPath
	}
	path += id
	if other != "" {
		path += "?" + url.Values{"autre": {other}}.Encode()
	}
	return path
}

// Pages are the agents' pages.
type Pages struct {
	DB   *db.DB
	Now  func() time.Time
	Desk Desk
}

// Agent declares them.
func (p Pages) Agent(rt *web.Router) {
	may := web.AgentWith(Right)
	rt.Get(Path, may, web.NoObject, p.list)
	rt.Get(donePath+"{id}", may, web.Object("merge"), p.done)
	rt.Post(donePath+"{id}", may, web.Object("merge"), p.undo)
	for _, x := range []struct {
		path string
		kind person.Subject
	}{{peoplePath, person.OneHuman}, {homesPath, person.OneHome}} {
		object := web.Object(string(x.kind))
		rt.Get(x.path+"{id}", may, object, p.compare(x.kind))
		rt.Post(x.path+"{id}"+checkSegment, may, object, p.check(x.kind))
		rt.Post(x.path+"{id}", may, object, p.confirm(x.kind))
	}
}

// Panel is the section « Doublon ? » of a family's file.
func Panel() web.Panel {
	return web.Panel{Order: 95, Title: "Doublon ?", Right: Right, Render: func(r db.Reader, _ time.Time, _ actor.Actor, id string) (templ.Component, error) {
		people, err := family.PeopleOf(r, family.ID(id))
		return panelPart(id, people), err
	}}
}

var home = web.Crumb{Label: "Accueil", Href: "/agents"}

func (p Pages) render(w http.ResponseWriter, r *http.Request, status int, title, caption string, body templ.Component) error {
	return web.Render(w, r, web.Page{Status: status, Title: title, Caption: caption, Wide: true, Nav: Path,
		Crumbs: []web.Crumb{home, {Label: "Fusions", Href: Path}, {Label: title}}}, body)
}

// logShown writes down who was shown, once an hour.
func (p Pages) logShown(ctx context.Context, a actor.Actor, u person.Union) error {
	return db.Do(ctx, p.DB, func(tx *db.Tx) error {
		homes, err := homesOf(tx, u)
		if err != nil {
			return err
		}
		var entries []audit.Entry
		for _, id := range homes {
			entries = append(entries, family.FileReading(id))
		}
		if u.Of == person.OneHuman {
			for _, id := range []string{u.Keep, u.Gone} {
				entries = append(entries, audit.Entry{Action: "merging.person.read", Object: "person", ID: id, Subject: id})
			}
		}
		return audit.ReadOnce(tx, p.Now(), a, family.ReadingLasts, entries...)
	})
}

func (p Pages) compare(kind person.Subject) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		f := web.ReadForm(r)
		if f.Line("autre") == "" {
			return p.search(w, r, a, kind, f)
		}
		return p.show(w, r, a, kind, f, http.StatusOK, false)
	}
}

func (p Pages) search(w http.ResponseWriter, r *http.Request, a actor.Actor, kind person.Subject, f *web.Form) error {
	id := r.PathValue("id")
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (searchView, error) { return p.readSearch(rd, a, kind, id, f.Line("q")) })
	if err != nil {
		return err
	}
	if err := p.logShown(r.Context(), a, person.Union{Of: kind, Keep: id, Gone: id}); err != nil {
		return err
	}
	title := "Chercher un doublon"
	return p.render(w, r, http.StatusOK, title, v.name, searchPage(f, v))
}

func (p Pages) check(kind person.Subject) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		f := web.ReadForm(r)
		if f.Line("autre") == "" {
			return p.search(w, r, a, kind, f)
		}
		return p.show(w, r, a, kind, f, http.StatusOK, true)
	}
}

// show is the comparison, or the check page: the same readings, with what was chosen.
func (p Pages) show(w http.ResponseWriter, r *http.Request, a actor.Actor, kind person.Subject, f *web.Form, status int, check bool) error {
	now, id, other := p.Now(), r.PathValue("id"), f.Line("autre")
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (pairView, error) { return p.readPair(rd, now, a, kind, id, other, f) })
	if fault.KindOf(err) == fault.NotFound { // another agent may have merged them
		if _, lookErr := p.Desk.Look(r.Context(), p.DB, now, a, person.Union{Of: kind, Keep: id, Gone: other}); fault.KindOf(lookErr) == fault.Conflict {
			return lookErr
		}
	}
	if err != nil {
		return err
	}
	if v.out, err = p.Desk.Look(r.Context(), p.DB, now, a, v.u); err != nil {
		if !f.Take(err) {
			return err
		}
		status, check = http.StatusUnprocessableEntity, false
	}
	if err := p.logShown(r.Context(), a, v.u); err != nil {
		return err
	}
	if check && len(v.out.Refusals) == 0 {
		return p.render(w, r, status, "Vérifier la fusion", v.left.name, checkPage(f, v))
	}
	return p.render(w, r, status, "Comparer deux "+kindWords(kind), v.left.name, comparePage(f, v))
}

func kindWords(kind person.Subject) string {
	if kind == person.OneHome {
		return "familles"
	}
	return "fiches"
}

func (p Pages) confirm(kind person.Subject) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		f, id := web.ReadForm(r), r.PathValue("id")
		if f.Line("autre") == "" {
			return p.search(w, r, a, kind, f)
		}
		err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			u, _, err := unionOf(tx, p.Now(), kind, id, f.Line("autre"), f)
			if fault.KindOf(err) == fault.NotFound {
				err = already(tx, p.Now(), a, person.Union{Of: kind, Keep: id, Gone: f.Line("autre")})
			}
			if err != nil {
				return web.Done{}, err
			}
			m, err := p.Desk.Merge(tx, p.Now(), a, u, Confirmation{Seen: f.Raw("vu"), Read: f.Bool("verifie")})
			return web.Done{Location: donePath + string(m), Sentence: "C’est réuni. Les titulaires d’un espace sont prévenus par e-mail."}, err
		})
		status := http.StatusConflict
		switch k := fault.KindOf(err); {
		case k == fault.Refused || k == fault.Conflict:
			f.Fail("", fault.SentenceOf(err))
		case f.Take(err):
			status = http.StatusUnprocessableEntity
		default:
			return err
		}
		if again := p.show(w, r, a, kind, f, status, true); fault.KindOf(again) != fault.NotFound {
			return again
		}
		return err
	}
}

func (p Pages) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	all, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]Merging, error) { return list(rd, a, ID(f.Line("avant")), listed+1) })
	if err != nil {
		return err
	}
	v := listView{rows: all, zone: p.Now().Location()}
	if len(all) > listed {
		v.rows = all[:listed]
		v.more = Path + "?" + url.Values{"avant": {string(v.rows[listed-1].ID)}}.Encode()
	}
	return web.Render(w, r, web.Page{Title: "Fusions", Wide: true, Nav: Path, Crumbs: []web.Crumb{home, {Label: "Fusions"}}}, listPage(v))
}

const listed = 50

func (p Pages) done(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showDone(w, r, a, web.NewForm(), http.StatusOK)
}

func (p Pages) showDone(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v doneView, err error) {
		v.zone = p.Now().Location()
		if v.Merging, err = ByID(rd, ID(r.PathValue("id"))); err != nil {
			return v, err
		}
		if err := undoReached(rd, a, v.Merging); err != nil {
			return v, err
		}
		v.links, err = linksOf(rd, a, v.Merging)
		return v, err
	})
	if err != nil {
		return err
	}
	title := v.KeepName + " et " + v.GoneName
	if v.KeepName == v.GoneName {
		title = v.KeepName
	}
	return p.render(w, r, status, title, v.caption(), donePage(f, v))
}

func (p Pages) undo(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, id := web.ReadForm(r), ID(r.PathValue("id"))
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		told, err := p.Desk.Undo(tx, p.Now(), a, id, f.Text("motif"))
		sentence := "La fusion est défaite. Les deux côtés sont prévenus par e-mail."
		if len(told) > 0 {
			sentence += " Lisez ce qui reste comme il est."
		}
		return web.Done{Location: donePath + string(id), Sentence: sentence}, err
	})
	if k := fault.KindOf(err); k == fault.Conflict || k == fault.Refused {
		f.Fail("", fault.SentenceOf(err))
		return p.showDone(w, r, a, f, http.StatusConflict)
	}
	if f.Take(err) {
		return p.showDone(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}
