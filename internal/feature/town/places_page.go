package town

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// again shows a form after a refusal: 422 with its sentences, or 409 when somebody else was faster, with the row as
// it is now beside what was typed. Any other error is returned.
func (p Pages) again(w http.ResponseWriter, r *http.Request, f *web.Form, err error, page web.Page, form func(f *web.Form, conflict bool) templ.Component) error {
	switch {
	case fault.KindOf(err) == fault.Conflict:
		f.Fail("", fault.SentenceOf(err))
		page.Status = http.StatusConflict
	case f.Take(err):
		page.Status = http.StatusUnprocessableEntity
	default:
		return err
	}
	return p.render(w, r, page, form(f, page.Status == http.StatusConflict))
}

const (
	servicesPath = settingsPath + "/services"
	sitesPath    = settingsPath + "/lieux"
)

var (
	servicesCrumb = web.Crumb{Label: "Services", Href: servicesPath}
	sitesCrumb    = web.Crumb{Label: "Lieux", Href: sitesPath}
)

func (p Pages) services(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	all, err := db.Read(r.Context(), p.DB, AllServices)
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage("Services"), servicesPage(all))
}

func (p Pages) newService(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.render(w, r, agentPage("Nouveau service", servicesCrumb), serviceForm(nil, Service{}, nil))
}

func readService(f *web.Form) Service {
	return Service{Name: f.Line("nom"), Phone: f.Line("telephone"), Email: f.Line("courriel"), Hours: f.Line("horaires"), Counter: f.Line("guichet")}
}

func (p Pages) addService(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		s := readService(f)
		all, err := AllServices(tx)
		if err != nil {
			return web.Done{}, err
		}
		for _, one := range all {
			s.Order = max(s.Order, one.Order+1)
		}
		_, err = AddService(tx, p.Now(), a, s)
		return web.Done{Location: servicesPath, Sentence: "Le service « " + s.Name + " » est ajouté."}, err
	})
	return p.again(w, r, f, err, agentPage("Nouveau service", servicesCrumb), func(f *web.Form, _ bool) templ.Component { return serviceForm(f, Service{}, nil) })
}

func (p Pages) serviceOf(r *http.Request) (Service, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (Service, error) { return ServiceByID(rd, ServiceID(r.PathValue("id"))) })
}

func (p Pages) service(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	s, err := p.serviceOf(r)
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage(s.Name, servicesCrumb), serviceForm(nil, s, nil))
}

func (p Pages) changeService(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	s := readService(f)
	s.ID = ServiceID(r.PathValue("id"))
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: servicesPath, Sentence: "Le service « " + s.Name + " » est enregistré."}, ChangeService(tx, p.Now(), a, s, f.Raw("version"))
	})
	if err == nil {
		return nil
	}
	now, readErr := p.serviceOf(r)
	if readErr != nil {
		return readErr
	}
	return p.again(w, r, f, err, agentPage(now.Name, servicesCrumb), func(f *web.Form, conflict bool) templ.Component {
		if !conflict {
			return serviceForm(f, now, nil)
		}
		return serviceForm(f, now, differ("Nom", now.Name, s.Name, "Téléphone", now.Phone, s.Phone, "Courriel", now.Email, s.Email,
			"Horaires", now.Hours, s.Hours, "Guichet", now.Counter, s.Counter))
	})
}

// differ lists what differs, from label, theirs, ours in threes.
func differ(threes ...string) []difference {
	var all []difference
	for i := 0; i+2 < len(threes); i += 3 {
		if threes[i+1] != threes[i+2] {
			all = append(all, difference{threes[i], threes[i+1], threes[i+2]})
		}
	}
	if len(all) == 0 {
		all = []difference{{"Rien", "les mêmes valeurs", "les mêmes valeurs"}}
	}
	return all
}

// versionOf is the stamp that a form sends: that of the row as its reader has seen it.
func versionOf(f *web.Form, stamp string, conflict []difference) string {
	if f.Posted() && conflict == nil {
		return f.Raw("version")
	}
	return stamp
}

func (p Pages) openService(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	open := web.ReadForm(r).Text("etat") == "ouvert"
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		sentence := "Le service est fermé : il n’est plus proposé nulle part."
		if open {
			sentence = "Le service est rouvert."
		}
		return web.Done{Location: servicesPath, Sentence: sentence}, OpenService(tx, p.Now(), a, ServiceID(r.PathValue("id")), open)
	})
}

func (p Pages) moveService(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	up := web.ReadForm(r).Text("sens") == "haut"
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: servicesPath, Sentence: "L’ordre des services est enregistré."}, MoveService(tx, p.Now(), a, ServiceID(r.PathValue("id")), up)
	})
}

func (p Pages) sites(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	all, err := db.Read(r.Context(), p.DB, AllSites)
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage("Lieux"), sitesPage(all))
}

func (p Pages) newSite(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.render(w, r, agentPage("Nouveau lieu", sitesCrumb), siteForm(nil, Site{Kind: School}, nil))
}

func readSite(f *web.Form) Site {
	return Site{Name: f.Line("nom"), Kind: SiteKind(f.Text("genre")), Address: f.Line("adresse"), Phone: f.Line("telephone")}
}

func (p Pages) addSite(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		s := readSite(f)
		_, err := AddSite(tx, p.Now(), a, s)
		return web.Done{Location: sitesPath, Sentence: "Le lieu « " + s.Name + " » est ajouté."}, err
	})
	return p.again(w, r, f, err, agentPage("Nouveau lieu", sitesCrumb), func(f *web.Form, _ bool) templ.Component { return siteForm(f, Site{Kind: School}, nil) })
}

func (p Pages) siteOf(r *http.Request) (Site, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (Site, error) { return SiteByID(rd, SiteID(r.PathValue("id"))) })
}

func (p Pages) site(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	s, err := p.siteOf(r)
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage(s.Name, sitesCrumb), siteForm(nil, s, nil))
}

func (p Pages) changeSite(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	s := readSite(f)
	s.ID = SiteID(r.PathValue("id"))
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: sitesPath, Sentence: "Le lieu « " + s.Name + " » est enregistré."}, ChangeSite(tx, p.Now(), a, s, f.Raw("version"))
	})
	if err == nil {
		return nil
	}
	now, readErr := p.siteOf(r)
	if readErr != nil {
		return readErr
	}
	return p.again(w, r, f, err, agentPage(now.Name, sitesCrumb), func(f *web.Form, conflict bool) templ.Component {
		if !conflict {
			return siteForm(f, now, nil)
		}
		return siteForm(f, now, differ("Nom", now.Name, s.Name, "Genre", now.Kind.Label(), s.Kind.Label(), "Adresse", now.Address, s.Address, "Téléphone", now.Phone, s.Phone))
	})
}

func (p Pages) openSite(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	open := web.ReadForm(r).Text("etat") == "ouvert"
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		sentence := "Le lieu est fermé : il n’est plus proposé nulle part."
		if open {
			sentence = "Le lieu est rouvert."
		}
		return web.Done{Location: sitesPath, Sentence: sentence}, OpenSite(tx, p.Now(), a, SiteID(r.PathValue("id")), open)
	})
}
