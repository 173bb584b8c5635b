package app

import (
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/portal/desk"
)

// journal is the audit trail on the desk, with the names that features know.
func (a *App) journal() desk.Journal {
	return desk.Journal{DB: a.DB, Now: a.Now,
		Names: func(r db.Reader, people ...string) (map[string]string, error) {
			ids := make([]person.ID, len(people))
			for i, id := range people {
				ids[i] = person.ID(id)
			}
			known, err := person.Names(r, ids...)
			names := make(map[string]string, len(known))
			for id, name := range known {
				names[string(id)] = name
			}
			return names, err
		},
		Find: func(r db.Reader, query string, limit int) ([]string, error) {
			found, err := person.Find(r, query, limit)
			ids := make([]string, len(found))
			for i, p := range found {
				ids[i] = string(p.ID)
			}
			return ids, err
		},
		Agents: func(r db.Reader) ([]web.Option, error) {
			agents, err := account.Agents(r, "")
			options := []web.Option{{Label: "Tous"}}
			for _, one := range agents {
				options = append(options, web.Option{Value: string(one.ID), Label: one.Name()})
			}
			return options, err
		}}
}

// familyHistory is the panel of a family's file, accountHistory that of an agent's account.
func (a *App) familyHistory() web.Panel {
	return a.journal().Panel("family", func(r db.Reader, id string) ([]string, error) {
		members, err := family.EverMembers(r, family.ID(id))
		ids := make([]string, len(members))
		for i, m := range members {
			ids[i] = string(m)
		}
		return ids, err
	})
}

func (a *App) accountHistory() web.Panel {
	return a.journal().Panel("account", func(r db.Reader, id string) ([]string, error) {
		acc, err := account.ByID(r, account.ID(id))
		if err != nil || acc.Person == "" {
			return nil, err
		}
		return []string{string(acc.Person)}, nil
	})
}
