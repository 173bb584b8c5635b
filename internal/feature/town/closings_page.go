package town

import (
	"net/http"
	"slices"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// closingsView lists the closings to come, the town's and each service's.
type closingsView struct {
	closings []Closing
	services map[ServiceID]string
}

func (p Pages) closings(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v closingsView, err error) {
		if v.closings, err = AllClosings(rd, civil.DateOf(p.Now())); err != nil {
			return v, err
		}
		v.services, err = serviceNames(rd)
		return v, err
	})
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage("Fermetures"), closingsPage(v))
}

func serviceNames(r db.Reader) (map[ServiceID]string, error) {
	all, err := AllServices(r)
	names := map[ServiceID]string{}
	for _, s := range all {
		names[s.ID] = s.Name
	}
	return names, err
}

// closingView is the form of a closing. Weight says what falls due on its days.
type closingView struct {
	Closing
	services []Service
	weight   string
	conflict []difference
}

func (p Pages) closingOf(r *http.Request, id string) (closingView, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (v closingView, err error) {
		if v.services, err = Services(rd); err != nil {
			return v, err
		}
		if id == "" {
			return v, nil
		}
		if v.Closing, err = closingByID(rd, id); err != nil {
			return v, err
		}
		if p.Promised != nil && v.Service == "" {
			v.weight, err = p.Promised(rd, p.Now(), v.Days)
		}
		return v, err
	})
}

func (p Pages) newClosing(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	v, err := p.closingOf(r, "")
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage("Nouvelle fermeture", closingsCrumb), closingForm(nil, v))
}

// readClosing reads the form; a last day left empty is the first: most closings last one day.
func readClosing(f *web.Form) (Closing, error) {
	alone := f.Text("fin") == ""
	if alone {
		f.Set("fin", f.Raw("debut"))
	}
	days, err := readDays(f)
	c := Closing{Days: days, Reason: f.Line("motif"), Service: ServiceID(f.Text("service"))}
	fields := fault.FieldsOf(err)
	if len(fields) == 0 {
		return c, err
	}
	if alone { // nothing was typed there
		f.Set("fin", "")
		fields = slices.DeleteFunc(slices.Clone(fields), func(one fault.Field) bool { return one.Name == "fin" })
	}
	c.Days = civil.Range{}
	return c, fault.InvalidFields(append(fields, fault.FieldsOf(c.check())...)...)
}

func (p Pages) addClosing(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	c, err := readClosing(f)
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			id, err := AddClosing(tx, p.Now(), a, c)
			if err != nil {
				return web.Done{}, err
			}
			sentence, err := p.closedSentence(tx, c)
			return web.Done{Location: closingsPath + "/" + id, Sentence: sentence}, err
		})
	}
	if err == nil {
		return nil
	}
	v, readErr := p.closingOf(r, "")
	if readErr != nil {
		return readErr
	}
	return p.again(w, r, f, err, agentPage("Nouvelle fermeture", closingsCrumb), func(f *web.Form, _ bool) templ.Component { return closingForm(f, v) })
}

func (p Pages) closedSentence(r db.Reader, c Closing) (string, error) {
	sentence := "Fermeture enregistrée, " + rangeWords(c.Days) + "."
	if c.Service != "" || p.Promised == nil {
		return sentence, nil
	}
	weight, err := p.Promised(r, p.Now(), c.Days)
	if weight != "" {
		sentence += " " + weight
	}
	return sentence, err
}

func (p Pages) closing(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	v, err := p.closingOf(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage("Fermeture", closingsCrumb), closingForm(nil, v))
}

func (p Pages) changeClosing(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.closingOf(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	f := web.ReadForm(r)
	c, err := readClosing(f)
	c.ID = v.ID
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			if err := ChangeClosing(tx, p.Now(), a, c, f.Raw("version")); err != nil {
				return web.Done{}, err
			}
			sentence, err := p.closedSentence(tx, c)
			return web.Done{Location: closingsPath, Sentence: sentence}, err
		})
	}
	return p.again(w, r, f, err, agentPage("Fermeture", closingsCrumb), func(f *web.Form, conflict bool) templ.Component {
		if conflict {
			names := map[ServiceID]string{"": "toute la mairie"}
			for _, s := range v.services {
				names[s.ID] = s.Name
			}
			v.conflict = differ("Dates", rangeWords(v.Days), rangeWords(c.Days), "Motif", v.Reason, c.Reason, "Service", names[v.Service], names[c.Service])
		}
		return closingForm(f, v)
	})
}

func (p Pages) dropClosing(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: closingsPath, Sentence: "La fermeture est retirée : ces jours sont de nouveau ouverts."},
			DropClosing(tx, p.Now(), a, r.PathValue("id"))
	})
}

// mailTemplate is a template whose words can be written, by its name.
func (p Pages) mailTemplate(name string) (int, error) {
	for i, t := range p.Mails {
		if t.Name == name && t.Specimen != nil {
			return i, nil
		}
	}
	return 0, fault.Missing("mail template")
}
