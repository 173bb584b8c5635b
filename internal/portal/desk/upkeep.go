package desk

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
)

// upkeep is what the portal could not do by itself: tasks that failed for ever, and where mails stand. It names no
// addressee: the follow-up of activations does.
type upkeep struct {
	Failed []jobs.Status
	Mails  map[mail.State]int64
}

// mailStates are the states worth counting, in order.
var mailStates = [...]mail.State{mail.Queued, mail.Deferred, mail.Bounced, mail.Sent}

func (p Pages) upkeep(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	view, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (u upkeep, err error) {
		if u.Failed, err = jobs.Failed(rd); err != nil {
			return u, err
		}
		u.Mails, err = mail.Count(rd)
		return u, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Tâches et courriels", Wide: true,
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Tâches et courriels"}}}, upkeepPage(view, p.Now().Location()))
}

// retry puts a failed task back in the queue.
func (p Pages) retry(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		if !a.Can(p.Keeper) {
			return web.Done{}, fault.New(fault.Forbidden, "")
		}
		if err := jobs.Retry(tx, p.Now(), jobs.ID(r.PathValue("id"))); err != nil {
			return web.Done{}, fault.Missing("failed job")
		}
		return web.Done{Location: "/agents/taches", Sentence: "La tâche sera reprise dans une minute."}, nil
	})
}
