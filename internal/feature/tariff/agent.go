package tariff

import (
	"net/http"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"

	"github.com/a-h/templ"
)

// Pages is the quotient that agents open.
type Pages struct {
	DB  *db.DB
	Now func() time.Time
}

// Agent declares the agents' pages. Opening a quotient is a POST, since the reading is written down.
func (p Pages) Agent(rt *web.Router) {
	rt.Post("/agents/familles/{id}/quotient", web.AgentWith(QuotientRead), web.Object("family"), p.open)
}

// Panels is the quotient in the agents' family file, closed.
func (p Pages) Panels() []web.Panel {
	return []web.Panel{{Order: 60, Title: "Quotient familial", Right: QuotientRead,
		Render: func(_ db.Reader, _ time.Time, _ actor.Actor, id string) (templ.Component, error) {
			return closedPanel(id), nil
		}}}
}

func (p Pages) open(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id := family.ID(r.PathValue("id"))
	all, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) ([]Quotient, error) { return Opened(tx, p.Now(), a, id) })
	if err != nil {
		return err
	}
	page := web.Page{Title: "Quotient familial", Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Dossier de la famille", Href: "/agents/familles/" + string(id)}, {Label: "Quotient familial"}}}
	return web.Render(w, r, page, openedPage(all))
}

// Opened reads a family's quotients for an agent, latest first, and logs that they were read.
func Opened(tx *db.Tx, now time.Time, a actor.Actor, id family.ID) ([]Quotient, error) {
	if err := family.Readable(tx, a, id, QuotientRead); err != nil {
		return nil, err
	}
	if err := audit.Read(tx, now, a, audit.Entry{Action: "tariff.quotient.read", Object: "family", ID: string(id)}); err != nil {
		return nil, err
	}
	return ofFamily(tx, id)
}

// Own is the actor's own family's quotient, as lines for its page; none for somebody else's family.
func Own(r db.Reader, now time.Time, a actor.Actor, id family.ID) ([]web.Row, error) {
	day := civil.DateOf(now)
	if err := family.Owns(r, a, id, day); err != nil {
		return nil, err
	}
	q, known, err := onDay(r, id, day)
	if err != nil || !known {
		return nil, err
	}
	return []web.Row{{Label: "Quotient familial", Value: strconv.Itoa(q.Value)}, {Label: "En vigueur depuis le", Value: q.From.Long()}}, nil
}

// Held says what the town already holds of the actor's income, for the page of papers: no paper needs sending
// again for it.
func Held(r db.Reader, now time.Time, a actor.Actor) ([]web.Row, error) {
	homes, err := family.Households(r, a, civil.DateOf(now))
	if err != nil {
		return nil, err
	}
	var rows []web.Row
	for _, h := range homes {
		own, err := Own(r, now, a, h.ID)
		if err != nil {
			return nil, err
		}
		rows = append(rows, own...)
	}
	return rows, nil
}

func quotientRows(all []Quotient) []web.Row {
	var rows []web.Row
	for _, q := range all {
		rows = append(rows, web.Row{Label: "À partir du " + q.From.French(), Value: strconv.Itoa(q.Value)})
	}
	return rows
}
