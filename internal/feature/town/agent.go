package town

import (
	"net/http"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
)

const settingsPath = "/agents/parametres"

// Agent declares the pages where a town sets what is its own.
func (p Pages) Agent(rt *web.Router) {
	may := web.AgentWith(SettingsWrite)
	rt.Get(settingsPath, may, web.NoObject, p.hub)
	for _, s := range subjects() {
		rt.Get(s.path(), may, web.NoObject, p.subjectPage(s))
		rt.PostFile(s.path(), may, web.NoObject, 256<<10, p.saveSubject(s))
	}
	rt.Get("/agents/parametres/services", may, web.NoObject, p.services)
	rt.Get("/agents/parametres/services/nouveau", may, web.NoObject, p.newService)
	rt.Post("/agents/parametres/services/nouveau", may, web.NoObject, p.addService)
	rt.Get("/agents/parametres/services/{id}", may, web.Object("service"), p.service)
	rt.Post("/agents/parametres/services/{id}", may, web.Object("service"), p.changeService)
	rt.Post("/agents/parametres/services/{id}/etat", may, web.Object("service"), p.openService)
	rt.Post("/agents/parametres/services/{id}/rang", may, web.Object("service"), p.moveService)
	rt.Get("/agents/parametres/lieux", may, web.NoObject, p.sites)
	rt.Get("/agents/parametres/lieux/nouveau", may, web.NoObject, p.newSite)
	rt.Post("/agents/parametres/lieux/nouveau", may, web.NoObject, p.addSite)
	rt.Get("/agents/parametres/lieux/{id}", may, web.Object("site"), p.site)
	rt.Post("/agents/parametres/lieux/{id}", may, web.Object("site"), p.changeSite)
	rt.Post("/agents/parametres/lieux/{id}/etat", may, web.Object("site"), p.openSite)
	p.calendarRoutes(rt)
	rt.Get("/agents/parametres/courriels", may, web.NoObject, p.mails)
	rt.Get(mailTestPath, may, web.NoObject, p.mailTest)
	rt.Post(mailTestPath, may, web.NoObject, p.sendTest)
	rt.Get("/agents/parametres/courriels/{id}", may, web.Object("mail-template"), p.mailWords)
	rt.Post("/agents/parametres/courriels/{id}", may, web.Object("mail-template"), p.saveMailWords)
	rt.Post("/agents/parametres/courriels/{id}/origine", may, web.Object("mail-template"), p.resetMailWords)
	rt.Get(SetupPath, may, web.NoObject, p.setup)
	rt.Post(SetupPath+"/plus-tard", may, web.NoObject, p.setupLater)
	rt.Post(SetupPath+"/fin", may, web.NoObject, p.setupEnd)
}

func (p Pages) calendarRoutes(rt *web.Router) {
	may := web.AgentWith(SettingsWrite)
	rt.Get("/agents/parametres/annees", may, web.NoObject, p.years)
	rt.Get("/agents/parametres/annees/{id}", may, web.Object("school-year"), p.year)
	rt.Post("/agents/parametres/annees/{id}", may, web.Object("school-year"), p.saveYear)
	rt.Get("/agents/parametres/vacances", may, web.NoObject, p.holidays)
	rt.Post("/agents/parametres/vacances/officielles", may, web.NoObject, p.addOfficial)
	rt.Get("/agents/parametres/vacances/nouvelles", may, web.NoObject, p.newHoliday)
	rt.Post("/agents/parametres/vacances/nouvelles", may, web.NoObject, p.addHoliday)
	rt.Get("/agents/parametres/vacances/{id}", may, web.Object("school-holiday"), p.holiday)
	rt.Post("/agents/parametres/vacances/{id}", may, web.Object("school-holiday"), p.changeHoliday)
	rt.Post("/agents/parametres/vacances/{id}/suppression", may, web.Object("school-holiday"), p.dropHoliday)
	rt.Get("/agents/parametres/fermetures", may, web.NoObject, p.closings)
	rt.Get("/agents/parametres/fermetures/nouvelle", may, web.NoObject, p.newClosing)
	rt.Post("/agents/parametres/fermetures/nouvelle", may, web.NoObject, p.addClosing)
	rt.Get("/agents/parametres/fermetures/{id}", may, web.Object("closing"), p.closing)
	rt.Post("/agents/parametres/fermetures/{id}", may, web.Object("closing"), p.changeClosing)
	rt.Post("/agents/parametres/fermetures/{id}/suppression", may, web.Object("closing"), p.dropClosing)
}

// agentPage is the head of a page below the hub.
func agentPage(title string, above ...web.Crumb) web.Page {
	crumbs := append([]web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Réglages", Href: settingsPath}}, above...)
	return web.Page{Title: title, Nav: settingsPath, Crumbs: append(crumbs, web.Crumb{Label: title})}
}

// hubView is the list of subjects, with when each was last changed and where the set-up stands.
type hubView struct {
	groups   []hubGroup
	state    SetupState
	progress string
}

type hubGroup struct {
	title string
	lines []hubLine
}

type hubLine struct{ href, title, detail, changed string }

func (p Pages) hub(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v hubView, err error) {
		if v.state, err = Setup(rd); err != nil {
			return v, err
		}
		if v.state != SetupOver {
			lines, err := p.setupLines(rd)
			if err != nil {
				return v, err
			}
			v.progress = progressWords(lines)
		}
		rows, err := readSettings(rd)
		v.groups = hubGroups(rows, p.Now().Location())
		return v, err
	})
	if err != nil {
		return err
	}
	page := agentPage("Réglages de la commune")
	page.Crumbs = []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Réglages"}}
	return web.Render(w, r, page, hubPage(v)) // which says itself where the set-up stands
}

func hubGroups(rows map[string]setting, zone *time.Location) []hubGroup {
	var groups []hubGroup
	add := func(group string, line hubLine) {
		at := slices.IndexFunc(groups, func(g hubGroup) bool { return g.title == group })
		if at < 0 {
			at, groups = len(groups), append(groups, hubGroup{title: group})
		}
		last := &groups[at]
		last.lines = append(last.lines, line)
	}
	texts := false
	for _, s := range subjects() {
		if s.group == textsGroup && !texts {
			texts = true
			add("La commune", hubLine{href: "/agents/parametres/services", title: "Services", detail: "Ajouter, renommer, ordonner, fermer"})
			add("La commune", hubLine{href: "/agents/parametres/lieux", title: "Lieux", detail: "Écoles, centres et autres lieux d’accueil"})
			add("Le calendrier", hubLine{href: "/agents/parametres/annees", title: "Années scolaires", detail: "Premier et dernier jour de classe"})
			add("Le calendrier", hubLine{href: "/agents/parametres/vacances", title: "Vacances scolaires", detail: "Dates officielles des trois zones, modifiables"})
			add("Le calendrier", hubLine{href: "/agents/parametres/fermetures", title: "Fermetures", detail: "Ponts, travaux, grèves : de la mairie ou d’un service"})
		}
		add(s.group, hubLine{href: s.path(), title: s.title, detail: s.detail, changed: lastChange(rows, s.keys(), zone)})
	}
	add(textsGroup, hubLine{href: "/agents/parametres/courriels", title: "Textes des courriels", detail: "L’objet et le texte de chaque courriel envoyé"})
	return groups
}

func lastChange(rows map[string]setting, keys []string, zone *time.Location) string {
	var last civil.Instant
	for _, key := range keys {
		last = max(last, rows[key].at)
	}
	if last.IsZero() {
		return ""
	}
	return "Modifié le " + civil.DateOf(last.In(zone)).French()
}
