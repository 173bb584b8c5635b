package activity

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"

	"github.com/a-h/templ"
)

func (p Pages) qualityRoutes(rt *web.Router) {
	write := web.AgentWith(Write)
	rt.Get(qualitiesPath, write, web.NoObject, p.qualities)
	rt.Post(qualitiesPath, write, web.NoObject, p.addQuality)
	rt.Get(familiesPath+"/{id}/qualites", web.AgentWith(family.FileWrite), web.Object("family"), p.familyQualities)
	rt.Post(familiesPath+"/{id}/qualites", web.AgentWith(family.FileWrite), web.Object("family"), p.giveQuality)
	rt.Post(familiesPath+"/{id}/qualites/fin", web.AgentWith(family.FileWrite), web.Object("family"), p.endQuality)
}

func qualitiesHead(status int) web.Page {
	return web.Page{Status: status, Title: "Priorités et dispenses", Nav: listPath, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Activités", Href: listPath}, {Label: "Priorités et dispenses"}}}
}

func (p Pages) qualities(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	all, err := db.Read(r.Context(), p.DB, AllQualities)
	if err != nil {
		return err
	}
	return web.Render(w, r, qualitiesHead(http.StatusOK), qualitiesPage(nil, all))
}

func (p Pages) addQuality(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
		_, err := AddQuality(tx, p.Now(), a, f.Line("nom"))
		return "", web.Done{Location: qualitiesPath, Sentence: "« " + f.Line("nom") + " » peut maintenant avoir ses propres délais."}, err
	})
	if err == nil || !f.Take(err) {
		return err
	}
	all, err := db.Read(r.Context(), p.DB, AllQualities)
	if err != nil {
		return err
	}
	return web.Render(w, r, qualitiesHead(http.StatusUnprocessableEntity), qualitiesPage(f, all))
}

// familyView is the qualities of a family.
type familyView struct {
	id    family.ID
	held  []FamilyQuality
	all   []NamedQuality
	today civil.Date
}

func (v familyView) path() string { return familiesPath + "/" + string(v.id) }

func (p Pages) familyOf(r *http.Request, a actor.Actor) (familyView, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (v familyView, err error) {
		v.id, v.today = family.ID(r.PathValue("id")), civil.DateOf(p.Now())
		if err := family.Readable(rd, a, v.id, family.FileWrite); err != nil {
			return v, err
		}
		if v.held, err = QualitiesOf(rd, v.id); err != nil {
			return v, err
		}
		v.all, err = AllQualities(rd)
		return v, err
	})
}

func familyHead(v familyView, status int) web.Page {
	return web.Page{Status: status, Title: "Priorités de la famille", Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Dossier de la famille", Href: v.path()}, {Label: "Priorités de la famille"}}}
}

func (p Pages) familyQualities(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.familyOf(r, a)
	if err != nil {
		return err
	}
	if err := family.Looked(r.Context(), p.DB, p.Now(), a, v.id); err != nil {
		return err
	}
	return web.Render(w, r, familyHead(v, http.StatusOK), familyPage(nil, v))
}

func (p Pages) giveQuality(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.familyOf(r, a)
	if err != nil {
		return err
	}
	f := web.ReadForm(r)
	x := FamilyQuality{Family: v.id, Quality: Quality(f.Text("qualite")), Proof: f.Line("preuve")}
	var wrong []fault.Field
	x.Days, wrong = readDays(f, "debut", "fin")
	if err = fault.InvalidFields(wrong...); err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			return web.Done{Location: v.path() + "/qualites", Sentence: "Enregistré : les délais de cette famille en tiennent compte."}, SetFamilyQuality(tx, p.Now(), a, x)
		})
	}
	if err == nil || !f.Take(err) {
		return err
	}
	return web.Render(w, r, familyHead(v, http.StatusUnprocessableEntity), familyPage(f, v))
}

func (p Pages) endQuality(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	id := family.ID(r.PathValue("id"))
	from, err := civil.ParseDate(f.Text("depuis"))
	if err != nil {
		return fault.Missing("family quality")
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: familiesPath + "/" + string(id) + "/qualites", Sentence: "C’est terminé : la famille suit les délais de tous dès aujourd’hui."},
			EndFamilyQuality(tx, p.Now(), a, id, Quality(f.Text("qualite")), from, civil.DateOf(p.Now()).AddDays(-1))
	})
}

// Panels is the priorities of a family in its file.
func (p Pages) Panels() []web.Panel {
	return []web.Panel{{Order: 35, Title: "Priorités et dispenses", Right: family.FileRead,
		Render: func(r db.Reader, now time.Time, a actor.Actor, id string) (templ.Component, error) {
			all, err := QualitiesOf(r, family.ID(id))
			if err != nil {
				return nil, err
			}
			return qualityPanel(id, current(all, civil.DateOf(now)), a.Can(family.FileWrite)), nil
		}}}
}

// current keeps the qualities that are not over.
func current(all []FamilyQuality, today civil.Date) []FamilyQuality {
	var held []FamilyQuality
	for _, q := range all {
		if q.Days.To.IsZero() || !q.Days.To.Before(today) {
			held = append(held, q)
		}
	}
	return held
}

// qualityDays is "du 1er septembre 2026 au 31 août 2027", "depuis le …".
func qualityDays(days civil.Range) string {
	if days.To.IsZero() {
		return "depuis le " + days.From.Long()
	}
	return "du " + days.From.Long() + " au " + days.To.Long()
}
