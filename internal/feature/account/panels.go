package account

import (
	"context"
	"fmt"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"

	"github.com/a-h/templ"
)

// panelView is one panel of an agent's page.
type panelView struct {
	title string
	body  templ.Component
}

// readPanels reads the panels that the actor may see of an account, and writes down those that want it.
func (p Pages) readPanels(ctx context.Context, a actor.Actor, id ID) ([]panelView, error) {
	now := p.Now()
	var all []panelView
	for _, panel := range p.Panels {
		if !a.Can(panel.Right) {
			continue
		}
		body, err := db.Read(ctx, p.DB, func(r db.Reader) (templ.Component, error) { return panel.Render(r, now, a, string(id)) })
		if err == nil && panel.Log != nil {
			err = db.Do(ctx, p.DB, func(tx *db.Tx) error { return panel.Log(tx, now, a, string(id)) })
		}
		if err != nil {
			return nil, fmt.Errorf("panel %s: %w", panel.Title, err)
		}
		all = append(all, panelView{title: panel.Title, body: body})
	}
	return all, nil
}
