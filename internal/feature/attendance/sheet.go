package attendance

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/daylist"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// sheetView is what a child's sheet says: health and who may collect it, once the staff's code is typed.
type sheetView struct {
	Pupil
	Form    *web.Form
	Open    bool
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
	return v, db.Do(ctx, p.DB, func(tx *db.Tx) error {
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
			err = errors.New(refused[0].Why)
		}
		return web.Done{Location: cmp.Or(v.Back, Path) + "?vue=" + string(tabLeft), Sentence: v.First + " : parti à " + civil.Clock(now)}, err
	})
}
