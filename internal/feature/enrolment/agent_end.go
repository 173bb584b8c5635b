package enrolment

import (
	"net/http"
	"strconv"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
)

// endView is the check before an enrolment ends. Last is zero as long as the day typed is none.
type endView struct {
	Family family.ID
	Child  family.Child
	Standing
	Last   civil.Date
	Booked int // the days that stay booked after Last
}

// lastDay reads the last day of an enrolment.
func lastDay(f *web.Form, today civil.Date) (civil.Date, error) {
	day, err := civil.ParseFrench(f.Text("dernier"))
	if err != nil {
		return day, fault.InvalidFields(fault.Field{Name: "dernier", Sentence: "Écrivez la date ainsi\u00a0: " + today.French() + "."})
	}
	return day, nil
}

// after are the days of an enrolment past a last day.
func (e Standing) after(last civil.Date) civil.Range {
	return civil.Range{From: last.AddDays(1), To: e.Days.To}
}

func (p Pages) checkEnd(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	if f.Text("inscription") == "" {
		id := family.ID(r.PathValue("id"))
		if _, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]family.Child, error) { return mine(rd, a, id) }); err != nil {
			return err
		}
		return web.SeeOther(w, pathOf(id))
	}
	if !r.URL.Query().Has("dernier") {
		f.Set("dernier", civil.DateOf(p.Now()).French())
	}
	return p.showEnd(w, r, a, f)
}

func (p Pages) showEnd(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form) error {
	id, today := family.ID(r.PathValue("id")), civil.DateOf(p.Now())
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (endView, error) {
		v := endView{Family: id}
		children, err := mine(rd, a, id)
		if err != nil {
			return v, err
		}
		if v.Standing, err = standingOne(rd, children, ID(f.Text("inscription")), today); err != nil {
			return v, err
		}
		for _, c := range children {
			if c.ID == v.Standing.Child {
				v.Child = c
			}
		}
		last, err := lastDay(f, today)
		if err == nil {
			err = v.mayEnd(last, today)
		}
		if f.Take(err) {
			return v, nil
		}
		v.Last = last
		v.Booked, err = p.Booked(rd, v.Standing.Child, v.Of, v.after(last))
		return v, err
	})
	if err != nil {
		return err
	}
	if err := family.Looked(r.Context(), p.DB, p.Now(), a, id); err != nil {
		return err
	}
	page := web.Page{Title: "Terminer l’inscription " + civil.Of(v.Child.First()), Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Dossier de la famille", Href: "/agents/familles/" + string(id)}, {Label: "Inscriptions", Href: pathOf(id)}, {Label: "Terminer"}}}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, endPage(v, f, today))
}

// mine are the children of a family that the agent may open.
func mine(r db.Reader, a actor.Actor, id family.ID) ([]family.Child, error) {
	if err := family.Readable(r, a, id, Write); err != nil {
		return nil, err
	}
	return family.ChildrenOf(r, id)
}

func (p Pages) end(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, id, now := web.ReadForm(r), family.ID(r.PathValue("id")), p.Now()
	last, err := lastDay(f, civil.DateOf(now))
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			children, err := mine(tx, a, id)
			if err != nil {
				return web.Done{}, err
			}
			e, err := End(tx, now, a, children, ID(f.Text("inscription")), last)
			if err != nil {
				return web.Done{}, err
			}
			left, err := p.Booked(tx, e.Child, e.Of, e.after(last))
			return web.Done{Location: pathOf(id), Sentence: e.ended(last, left)}, err
		})
	}
	if fault.KindOf(err) == fault.Invalid {
		return p.showEnd(w, r, a, f)
	}
	return err
}

// ended is what the agent reads once it is done.
func (e Standing) ended(last civil.Date, left int) string {
	words := "L’inscription se termine le " + last.French() + ". "
	if e.never(last) {
		words = "L’inscription est retirée avant son début. "
	}
	return words + leftWords(left)
}

// leftWords tells the days that stay booked: ending cancels nothing.
func leftWords(n int) string {
	switch n {
	case 0:
		return "Aucun jour n’est réservé après."
	case 1:
		return "1\u00a0jour reste réservé ou demandé après\u00a0: annulez-le dans l’agenda s’il le faut."
	}
	return strconv.Itoa(n) + "\u00a0jours restent réservés ou demandés après\u00a0: annulez-les dans l’agenda s’il le faut."
}

// endLabel is the words of the button that ends.
func (v endView) endLabel() string {
	if v.never(v.Last) {
		return "Retirer l’inscription"
	}
	return "Terminer le " + v.Last.French()
}
