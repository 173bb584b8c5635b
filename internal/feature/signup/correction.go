package signup

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

const correctionPath = "/espace/demande-de-compte"

// Standing is what an agent asks to correct.
type Standing struct {
	Correction bool // the account waits for its owner's correction
	Asked      []Asked
	Message    string
}

// Asked is one thing to correct. Keys: identite, naissance, adresse, telephone, courriel, autre.
type Asked struct{ Key, Label string }

func (s Standing) asks(key string) bool {
	for _, a := range s.Asked {
		if a.Key == key {
			return true
		}
	}
	return false
}

// subjectOf tells what of a correction a field belongs to.
func subjectOf(field string) string {
	switch field {
	case "civilite", "nom", "nom_naissance", "prenoms":
		return "identite"
	case "naissance", "pays_naissance", "departement_naissance", "commune_naissance":
		return "naissance"
	case "numero", "voie", "batiment", "appartement", "complement", "code_postal", "ville", "pays":
		return "adresse"
	case "telephone", "mobile":
		return "telephone"
	}
	return "" // photo, fax, e-mail and password are changed elsewhere
}

// corrected is the town's rule for what the agent asks, and hides the rest; « autre » opens all of it.
func corrected(rule ruler, s Standing) ruler {
	return func(name string) town.FieldRule {
		subject := subjectOf(name)
		if subject == "" || !s.asks(subject) && !s.asks("autre") && len(s.Asked) > 0 {
			return town.Hidden
		}
		return rule(name)
	}
}

// draftOf is a known person as the wizard's fields.
func draftOf(p person.Person) Draft {
	day := ""
	if !p.BirthDay.IsZero() {
		day = p.BirthDay.Long()
	}
	return Draft{Fields: map[string]string{"civilite": string(p.Civility), "nom": p.LastName, "nom_naissance": p.BirthName, "prenoms": p.FirstNames,
		"naissance": day, "pays_naissance": p.BirthCountry, "departement_naissance": p.BirthDepartment, "commune_naissance": p.BirthPlace,
		"numero": p.Address.Number, "voie": p.Address.Street, "batiment": p.Address.Building, "appartement": p.Address.Flat,
		"complement": p.Address.Complement, "code_postal": p.Address.PostCode, "ville": p.Address.City, "pays": p.Address.Country,
		"telephone": person.ShowPhone(p.Phone), "mobile": person.ShowPhone(p.Mobile), "fax": person.ShowPhone(p.Fax),
		"courriel": p.Email, "contact_prefere": string(p.Preferred)}}
}

type correctionView struct {
	standing Standing
	draft    Draft
	person   person.Person
}

func (p Pages) readCorrection(r *http.Request, a actor.Actor) (correctionView, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (correctionView, error) {
		var v correctionView
		var err error
		if p.Standing == nil {
			return v, nil
		}
		if v.standing, err = p.Standing(rd, p.Now(), account.ID(a.Account)); err != nil {
			return v, err
		}
		v.person, err = person.ByID(rd, person.ID(a.Person))
		v.draft = draftOf(v.person)
		return v, err
	})
}

// correction shows what an agent asks, and the fields to correct it; with nothing asked it is the first page.
func (p Pages) correction(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readCorrection(r, a)
	if err != nil {
		return err
	}
	if !v.standing.Correction {
		return web.SeeOther(w, "/espace")
	}
	return p.showCorrection(w, r, http.StatusOK, v, filled(v.draft))
}

func (p Pages) showCorrection(w http.ResponseWriter, r *http.Request, status int, v correctionView, f *web.Form) error {
	view := stepView{f: f, draft: v.draft, rule: corrected(p.rule(r.Context()), v.standing), steps: allSteps,
		help: p.Settings.Get(r.Context(), p.Now()).Help(), correcting: true}
	page := web.Page{Status: status, Title: "Corriger ma demande", Nav: "/espace",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Corriger ma demande"}}}
	return web.Render(w, r, page, correctionPage(view, v.standing))
}

// correct saves the corrected fields and puts the request back in the agents' queue, in one transaction.
func (p Pages) correct(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	v, err := p.readCorrection(r, a)
	if err != nil {
		return err
	}
	rule := corrected(p.rule(r.Context()), v.standing)
	for _, s := range allSteps[:3] {
		capture(&v.draft, s.name, f, rule)
		for _, problem := range check(s.name, v.draft, rule, p.Now()) {
			f.Fail(problem.Name, problem.Sentence)
		}
		echo(s.name, &v.draft)
	}
	if v.standing.Correction && f.Failed() {
		return p.showCorrection(w, r, http.StatusUnprocessableEntity, v, f)
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		done := web.Done{Location: "/espace", Sentence: "Votre demande corrigée est chez l’agent."}
		if p.Resubmit == nil {
			return done, fault.Missing("correction")
		}
		if err := p.Resubmit(tx, p.Now(), a); err != nil {
			return done, err
		}
		next := v.draft.person()
		next.ID, next.Email = v.person.ID, v.person.Email
		return done, person.Correct(tx, p.Now(), a, next)
	})
	if f.Take(err) {
		return p.showCorrection(w, r, http.StatusUnprocessableEntity, v, f)
	}
	return err
}
