package billing

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Pages are the family's invoices and « Édition de documents ».
type Pages struct {
	DB       *db.DB
	Now      func() time.Time
	Settings *town.Cache
}

// Citizen declares the family's pages.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get("/espace/factures", web.Activated, web.NoObject, p.list)
	rt.Get("/espace/factures/{id}", web.Activated, web.Object("invoice"), p.invoice)
	rt.Get("/espace/attestations", web.Activated, web.NoObject, p.certificates)
}

// Tiles are the invoices and the documents on the first page.
func (p Pages) Tiles() []web.Tile {
	return []web.Tile{
		{Order: 40, Label: "Mes factures", Href: "/espace/factures", Icon: "receipt",
			Fact: func(r db.Reader, now time.Time, a actor.Actor) (string, error) {
				s, err := mine(r, now, a)
				return s.fact(civil.DateOf(now)), err
			}},
		{Order: 80, Label: "Édition de documents", Href: "/espace/attestations", Icon: "printer",
			Fact: func(db.Reader, time.Time, actor.Actor) (string, error) { return "Paiements et inscriptions", nil }},
	}
}

// Todo lists the invoices to pay, by their last day.
func Todo(r db.Reader, now time.Time, a actor.Actor) ([]web.Todo, error) {
	s, err := mine(r, now, a)
	if err != nil {
		return nil, err
	}
	var todos []web.Todo
	for _, i := range s.Due {
		mark := i.Word(civil.DateOf(now))
		todos = append(todos, web.Todo{When: i.DueOn, Title: "Facture à payer\u00a0: " + i.Left().String(), Detail: i.Title(),
			Href: "/espace/factures/" + string(i.ID), Tag: mark.Word, Tone: mark.Tone})
	}
	return todos, nil
}

// mine is where the families that the actor acts in stand, read once a page.
func mine(r db.Reader, now time.Time, a actor.Actor) (account, error) {
	return db.Once(r, "billing.mine."+a.Person, func() (account, error) {
		today := civil.DateOf(now)
		homes, err := family.Households(r, a, today)
		if err != nil {
			return account{}, err
		}
		ids := make([]family.ID, len(homes))
		for i, h := range homes {
			ids[i] = h.ID
		}
		all, err := ofFamilies(r, ids)
		return sumUp(all, today), err
	})
}

// listView is the page of all invoices.
type listView struct {
	account
	Today    civil.Date
	Services []town.Service
}

func (p Pages) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	settings := p.Settings.Get(r.Context(), now)
	v, err := db.Read(db.Remember(r.Context()), p.DB, func(rd db.Reader) (listView, error) {
		s, err := mine(rd, now, a)
		if err != nil {
			return listView{}, err
		}
		services, err := desks(rd, a, now, settings)
		return listView{account: s, Today: civil.DateOf(now), Services: services}, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Mes factures", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Mes factures"}}}
	return web.Render(w, r, page, listPage(v))
}

func desks(r db.Reader, a actor.Actor, now time.Time, s town.Settings) ([]town.Service, error) {
	services, err := family.Services(r, a, civil.DateOf(now))
	if err != nil || len(services) > 0 {
		return services, err
	}
	return []town.Service{s.Help()}, nil
}

// invoiceView is one invoice.
type invoiceView struct {
	Invoice
	Today    civil.Date
	Services []town.Service
}

func (p Pages) invoice(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	settings := p.Settings.Get(r.Context(), now)
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (invoiceView, error) {
		i, err := byID(rd, ID(r.PathValue("id")))
		if err != nil {
			return invoiceView{}, err
		}
		if err := family.Owns(rd, a, i.Family, civil.DateOf(now)); err != nil {
			return invoiceView{}, fault.Missing("invoice")
		}
		services, err := desks(rd, a, now, settings)
		return invoiceView{Invoice: i, Today: civil.DateOf(now), Services: services}, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: v.Title(), Caption: v.line(), Wide: true, Nav: "/espace/factures",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Mes factures", Href: "/espace/factures"}, {Label: v.Title()}}}
	return web.Render(w, r, page, invoicePage(v))
}

// certificatesView is « Édition de documents »: what certificates can be made of.
type certificatesView struct {
	Years      []paidYear
	SchoolYear civil.SchoolYear
	Children   []family.Child
	Enrolments map[family.ChildID][]enrolment.Named
	Services   []town.Service
}

func (p Pages) certificates(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	settings := p.Settings.Get(r.Context(), now)
	today := civil.DateOf(now)
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v certificatesView, err error) {
		s, err := mine(rd, now, a)
		if err != nil {
			return v, err
		}
		v.Years, v.SchoolYear = paidByYear(s.Invoices), civil.SchoolYearOf(today)
		if v.Children, err = family.Children(rd, a, today); err != nil {
			return v, err
		}
		if v.Enrolments, err = enrolment.OfYear(rd, v.Children, v.SchoolYear); err != nil {
			return v, err
		}
		v.Services, err = desks(rd, a, now, settings)
		return v, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Édition de documents", Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Édition de documents"}}}
	return web.Render(w, r, page, certificatesPage(v))
}

// Panels is the invoices in the agents' family file.
func (p Pages) Panels() []web.Panel {
	return []web.Panel{{Order: 50, Title: "Factures", Right: Read,
		Render: func(r db.Reader, now time.Time, _ actor.Actor, id string) (templ.Component, error) {
			all, err := ofFamilies(r, []family.ID{family.ID(id)})
			if err != nil || len(all) == 0 {
				return web.Text("Aucune facture."), err
			}
			return panel(sumUp(all, civil.DateOf(now)), civil.DateOf(now)), nil
		}}}
}
