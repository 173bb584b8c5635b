// Package schoolfile is the yearly file of a child. As long as it is filled in on paper, its page shows what each
// child is enrolled in for the school year and how the file is handed in.
//
// It owns no table yet. It does not enrol (enrolment).
package schoolfile

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// Pages is the families' page of files.
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Settings *town.Cache
}

// Citizen declares the families' page.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/espace/dossiers", web.Activated, web.NoObject, p.list)
}

// view is the page: each child and what it is enrolled in this year.
type view struct {
	Year       civil.SchoolYear
	Children   []family.Child
	Enrolments map[family.ChildID][]enrolment.Named
	Services   []town.Service
}

func (p Pages) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	today := civil.DateOf(now)
	settings := p.Settings.Get(r.Context(), now)
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v view, err error) {
		v.Year = civil.SchoolYearOf(today)
		if v.Children, err = family.Children(rd, a, today); err != nil {
			return v, err
		}
		if v.Enrolments, err = enrolment.OfYear(rd, v.Children, v.Year); err != nil {
			return v, err
		}
		if v.Services, err = family.Services(rd, a, today); err == nil && len(v.Services) == 0 {
			v.Services = []town.Service{settings.Help()}
		}
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Dossiers d’inscription", Caption: "Année scolaire " + v.Year.String(),
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Dossiers d’inscription"}}}
	return web.Render(w, r, page, listPage(v))
}
