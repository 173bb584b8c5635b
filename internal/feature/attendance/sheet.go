package attendance

import (
	"cmp"
	"net/http"
	"slices"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/daylist"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// sheetShut is said when the right that a tablet's sheets stand on has ended.
const sheetShut = "Qui a préparé cette tablette n’a plus le droit de lire la santé des enfants de cette activité. Un agent du service peut la préparer de nouveau ; si cela presse, appelez le service."

// sheetView is what a child's sheet says: health and who may collect it, once the staff's code is typed.
type sheetView struct {
	Pupil
	Form    *web.Form
	Open    bool // the staff's code was typed a moment ago
	May     bool // who prepared the tablet may still read the health of what the child attends here
	Health  family.Health
	Collect []daylist.Named
	Groups  []Group // where it is present
	Back    string
}

func (p Pages) sheet(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readSheet(r, a, family.ChildID(r.PathValue("id")))
	if err != nil {
		return err
	}
	return web.Render(w, r, tabletPage(v.First+" "+v.Last), sheetPage(v))
}

// readSheet reads a sheet; opened by the staff's code, it is a reading of the child's data, one line each time.
func (p Pages) readSheet(r *http.Request, a actor.Actor, child family.ChildID) (sheetView, error) {
	now, ctx := p.Now(), r.Context()
	v := sheetView{Form: web.NewForm(), Back: Path}
	d, err := p.readDay(ctx, a)
	if err != nil {
		return v, err
	}
	i := slices.IndexFunc(d.Pool, func(x Pupil) bool { return x.ID == child })
	if i < 0 {
		return v, fault.Missing("child")
	}
	v.Pupil, v.Open = d.Pool[i], d.Device.open(now)
	for _, g := range d.Groups {
		for _, x := range g.Children {
			if x.ID == child {
				v.Back = groupsPath + "/" + string(g.ID)
				if x.tab() == tabPresent {
					v.Groups = append(v.Groups, g)
				}
			}
		}
	}
	if !v.Open {
		return v, nil
	}
	cat, err := p.Catalogue.Get(ctx, now)
	if err != nil {
		return v, err
	}
	return v, db.Do(ctx, p.DB, func(tx *db.Tx) (err error) {
		if v.May, err = p.mayHealth(tx, cat, d, child); err != nil || !v.May {
			return err
		}
		if err := audit.Read(tx, now, a, audit.Entry{Action: "attendance.sheet.read", Object: "child", ID: string(child), Subject: string(child)}); err != nil {
			return err
		}
		health, err := family.HealthOnSheet(tx, child)
		if err != nil {
			return err
		}
		v.Health = health
		v.Collect, err = daylist.MayCollect(tx, child, d.Day)
		return err
	})
}

// mayHealth tells whether who prepared a tablet may, at this moment, read the health of children of a service that makes
// this one a child of the place: the account is active and the right still held. No holder, no health.
func (p Pages) mayHealth(r db.Reader, cat *activity.Catalogue, d Day, child family.ChildID) (bool, error) {
	if p.Holder == nil {
		return false, nil
	}
	who, err := p.Holder(r, d.Device.MadeBy)
	if err != nil {
		return false, err
	}
	x := d.Device.reach(cat, func(s town.ServiceID) bool { return who.CanFor(family.HealthRead, string(s)) })
	found, err := childrenOf(r, x, d.Device.Site, d.Day, child)
	return len(found) == 1, err
}

// unlock compares the staff's code; a try is counted before it is compared.
func (p Pages) unlock(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now, f, ctx := p.Now(), web.ReadForm(r), r.Context()
	child := family.ChildID(f.Line("enfant"))
	type try struct {
		hash string
		last bool
	}
	t, err := db.Write(ctx, p.DB, func(tx *db.Tx) (t try, err error) {
		t.hash, t.last, err = Try(tx, now, a)
		return t, err
	})
	if err != nil {
		return err
	}
	right, _, err := crypt.VerifyPassword(ctx, t.hash, f.Raw("code_equipe"))
	if err != nil {
		return err
	}
	shut, err := db.Write(ctx, p.DB, func(tx *db.Tx) (bool, error) { return Opened(tx, now, a, right, t.last) })
	if err != nil {
		return err
	}
	if shut {
		web.ClearCookie(w, r, cookieName)
		w.Header().Set("Clear-Site-Data", web.Forget)
		return fault.New(fault.Forbidden, "Trop de codes faux : cette tablette n’est plus reliée au portail. Un agent peut la relier de nouveau.")
	}
	if right {
		return web.SeeOther(w, childPath+"/"+string(child))
	}
	v, err := p.readSheet(r, a, child)
	if err != nil {
		return err
	}
	v.Form.Fail("code_equipe", "Ce n’est pas le code de l’équipe.")
	page := tabletPage(v.First + " " + v.Last)
	page.Status = http.StatusUnprocessableEntity
	return web.Render(w, r, page, sheetPage(v))
}

func (p Pages) lock(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: Path, Sentence: "Fiches fermées"}, Shut(tx, a)
	})
}

// leave is a departure with the name of who collected the child, from the sheet that the staff's code opened.
func (p Pages) leave(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now, f := p.Now(), web.ReadForm(r)
	child := family.ChildID(r.PathValue("id"))
	v, err := p.readSheet(r, a, child)
	if err != nil {
		return err
	}
	if !v.Open {
		return fault.New(fault.Conflict, "Les fiches se sont refermées : tapez de nouveau le code de l’équipe.")
	}
	if !v.May {
		return fault.New(fault.Forbidden, sheetShut)
	}
	with := person.ID(f.Line("avec"))
	who := slices.IndexFunc(v.Collect, func(x daylist.Named) bool { return x.ID == with })
	g := slices.IndexFunc(v.Groups, func(x Group) bool { return string(x.ID) == f.Line("groupe") })
	if who < 0 || g < 0 {
		return fault.New(fault.Conflict, "Cette personne ne peut pas venir chercher l’enfant, ou il n’est plus pointé présent.")
	}
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		at := civil.InstantOf(now)
		m := Mark{ID: db.NewID(), Key: Key{child, v.Groups[g].Unit, civil.DateOf(now)}, Kind: Left, At: at, SaidAt: at, Collector: with}
		_, refused, err := Record(tx, now, a, cat, []Mark{m})
		if err == nil && len(refused) > 0 {
			err = fault.New(fault.Conflict, refused[0].Why)
		}
		return web.Done{Location: cmp.Or(v.Back, Path) + "?vue=" + string(tabLeft), Sentence: v.First + " : parti à " + civil.Clock(now)}, err
	})
}
