package activity

import (
	"net/http"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// Pages is the agents' list of activities.
type Pages struct {
	DB *db.DB
}

// Agent declares the agents' pages.
func (p Pages) Agent(rt *web.Router) {
	rt.Get("/agents/activites", web.AgentWith(Read), web.NoObject, p.list)
}

// listed is an activity with its units and sites, as agents read it.
type listed struct {
	ID      ID
	Name    string
	Service string
	State   State
	Units   []string
	Sites   []string
	Days    Weekdays
}

func (p Pages) list(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	all, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]listed, error) { return list(rd) })
	if err != nil {
		return err
	}
	page := web.Page{Title: "Activités", Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Activités"}}}
	return web.Render(w, r, page, listPage(all))
}

func listRows(all []listed) [][]templ.Component {
	var rows [][]templ.Component
	for _, a := range all {
		rows = append(rows, []templ.Component{web.Text(a.Name), web.Text(a.Service), web.Text(strings.Join(a.Units, ", ")),
			web.Text(strings.Join(a.Sites, ", ")), web.Text(a.Days.inWords()), stateTag(a.State)})
	}
	return rows
}

// inWords is "lundi, mardi, jeudi, vendredi", or that nothing is known.
func (w Weekdays) inWords() string {
	var names []string
	for i := range 7 {
		d := time.Weekday((i + 1) % 7)
		if w.Has(d) {
			names = append(names, civil.WeekdayName(d))
		}
	}
	if len(names) == 0 {
		return "Pas encore connus"
	}
	return strings.Join(names, ", ")
}
