package messaging

import (
	"context"
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
)

// Agent declares the agents' pages.
func (p Pages) Agent(rt *web.Router) {
	may := web.AgentWith(NewsWrite)
	rt.Get("/agents/actualites", may, web.NoObject, p.agentList)
	rt.Get("/agents/actualites/nouvelle", may, web.NoObject, p.newForm)
	rt.Post("/agents/actualites", may, web.NoObject, p.save)
	rt.Get("/agents/actualites/{id}", may, "news", p.preview)
	rt.Get("/agents/actualites/{id}/modifier", may, "news", p.editForm)
	rt.Post("/agents/actualites/{id}/modifier", may, "news", p.save)
	rt.Post("/agents/actualites/{id}/publication", may, "news", p.publish)
	rt.Post("/agents/actualites/{id}/retrait", may, "news", p.withdraw)
	p.agentContact(rt)
}

const agentListLimit = 200

func agentCrumbs(more ...web.Crumb) []web.Crumb {
	return append([]web.Crumb{{Label: "Accueil", Href: "/agents"}}, more...)
}

func (p Pages) agentList(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	all, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]NewsItem, error) { return All(rd, agentListLimit) })
	if err != nil {
		return err
	}
	var mine []NewsItem
	for _, n := range all {
		if mayWrite(a, n.Service) {
			mine = append(mine, n)
		}
	}
	return web.Render(w, r, web.Page{Title: "Actualités", Wide: true, Crumbs: agentCrumbs(web.Crumb{Label: "Actualités"})},
		agentNewsList(mine, civil.DateOf(p.Now())))
}

// read returns an item that the agent may write; another is missing.
func (p Pages) read(ctx context.Context, a actor.Actor, id string) (NewsItem, error) {
	n, err := db.Read(ctx, p.DB, func(rd db.Reader) (NewsItem, error) { return ByID(rd, NewsID(id)) })
	if err == nil && !mayWrite(a, n.Service) {
		return NewsItem{}, fault.Missing("news")
	}
	return n, err
}

func (p Pages) preview(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	n, err := p.read(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.previewPage(w, r, http.StatusOK, nil, n)
}

func (p Pages) previewPage(w http.ResponseWriter, r *http.Request, status int, f *web.Form, n NewsItem) error {
	return web.Render(w, r, web.Page{Status: status, Title: n.Title, Caption: "Aperçu", Nav: "/agents/actualites",
		Crumbs: agentCrumbs(web.Crumb{Label: "Actualités", Href: "/agents/actualites"}, web.Crumb{Label: n.Title})},
		agentPreview(f, n, civil.DateOf(p.Now())))
}

func (p Pages) newForm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.form(w, r, a, http.StatusOK, nil, NewsItem{})
}

func (p Pages) editForm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	n, err := p.read(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.form(w, r, a, http.StatusOK, nil, n)
}

func (p Pages) form(w http.ResponseWriter, r *http.Request, a actor.Actor, status int, f *web.Form, n NewsItem) error {
	services, err := db.Read(r.Context(), p.DB, town.Services)
	if err != nil {
		return err
	}
	title := "Nouvelle actualité"
	if n.ID != "" {
		title = "Modifier l’actualité"
	}
	return web.Render(w, r, web.Page{Status: status, Title: title, Nav: "/agents/actualites",
		Crumbs: agentCrumbs(web.Crumb{Label: "Actualités", Href: "/agents/actualites"}, web.Crumb{Label: title})},
		newsForm(f, n, serviceOptions(a, services)))
}

// serviceOptions are the services that the agent may sign for; the whole town is for those who write for all.
func serviceOptions(a actor.Actor, services []town.Service) []web.Option {
	options := []web.Option{{Value: "", Label: "La mairie"}}
	for _, s := range services {
		if mayWrite(a, s.ID) {
			options = append(options, web.Option{Value: string(s.ID), Label: s.Name})
		}
	}
	return options
}

func (p Pages) save(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	n := NewsItem{ID: NewsID(r.PathValue("id")), Title: f.Line("titre"), Extract: f.Line("extrait"), Body: f.Text("texte"),
		Service: town.ServiceID(f.Text("service"))}
	if n.ID != "" {
		if err := n.UpdatedAt.Scan(number(f.Text("version"))); err != nil {
			return err
		}
	}
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		id, err := Write(tx, p.Now(), a, n)
		return web.Done{Location: "/agents/actualites/" + string(id), Sentence: "L’actualité est enregistrée."}, err
	})
	status := http.StatusUnprocessableEntity
	if fault.KindOf(err) == fault.Conflict {
		f.Fail("", fault.SentenceOf(err)+" Votre texte est ci-dessous : enregistrez de nouveau pour remplacer le sien.")
		status = http.StatusConflict
		current, err := p.read(r.Context(), a, string(n.ID))
		if err != nil {
			return err
		}
		n.UpdatedAt = current.UpdatedAt
	} else if !f.Take(err) {
		return err
	}
	return p.form(w, r, a, status, f, n)
}

// number reads the version of a form; anything else is zero, which matches any version.
func number(s string) int64 {
	var n int64
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<58 {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

func (p Pages) publish(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	id := NewsID(r.PathValue("id"))
	var day civil.Date
	if typed := f.Text("jour"); typed != "" {
		var err error
		if day, err = civil.ParseFrench(typed); err != nil {
			f.Fail("jour", "Écrivez le jour ainsi : 15/01/2027.")
			n, err := p.read(r.Context(), a, string(id))
			if err != nil {
				return err
			}
			return p.previewPage(w, r, http.StatusUnprocessableEntity, f, n)
		}
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		err := Publish(tx, p.Now(), a, id, day)
		return web.Done{Location: "/agents/actualites/" + string(id), Sentence: "L’actualité est publiée."}, err
	})
}

func (p Pages) withdraw(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id := NewsID(r.PathValue("id"))
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		err := Withdraw(tx, p.Now(), a, id)
		return web.Done{Location: "/agents/actualites/" + string(id), Sentence: "L’actualité est retirée : les familles ne la voient plus."}, err
	})
}
