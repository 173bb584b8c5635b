package booking

import (
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"
)

// Pages are the agendas.
type Pages struct {
	DB        *db.DB
	Now       func() time.Time
	Settings  *town.Cache
	Catalogue *activity.Cache
	Presences func(family.ChildID) string // where a family reads what happened to a child; nil: nowhere
	Barred    Barred                      // nil: nobody is
	Openings  Openings                    // « Me prévenir », on Réserver
}

// Citizen declares the families' pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get(agendaPath, web.Activated, web.NoObject, p.family)
	rt.Get("/espace/agenda/mois", web.Activated, web.NoObject, oldMonth)
	rt.Post("/espace/agenda/verifier", web.Activated, web.NoObject, p.check)
	rt.Post("/espace/agenda/confirmer", web.Activated, web.NoObject, p.confirm)
	rt.Get("/espace/agenda/verifier", web.Activated, web.NoObject, toAgenda)
	rt.Get("/espace/agenda/confirmer", web.Activated, web.NoObject, toAgenda)
	rt.Get("/espace/enfants/{id}/agenda", web.Activated, web.Object("child"), p.child)
	rt.Get("/espace/enfants/{id}/annuler", web.Activated, web.Object("child"), p.cancelDay)
	rt.Post("/espace/enfants/{id}/garder", web.Activated, web.Object("child"), p.keepDay)
	rt.Get("/espace/enfants/{id}/historique", web.Activated, web.Object("child"), p.history)
	p.placeRoutes(rt)
	rt.Get("/espace/reservations/{id}", web.Activated, web.Object("confirmation"), p.confirmation)
	p.reserving(rt)
}
