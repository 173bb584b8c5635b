package family

import (
	"fmt"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"
)

// Find answers the agents' search: people by name, e-mail or phone, with the family each belongs to.
func Find(r db.Reader, a actor.Actor, query string) ([]web.Hit, error) {
	if !a.Can(FileRead) {
		return nil, nil
	}
	people, err := person.Find(r, query, 40)
	if err != nil || len(people) == 0 {
		return nil, err
	}
	byID, args, marks := map[person.ID]person.Person{}, []any{}, []string{}
	for i, p := range people {
		byID[p.ID] = p
		args = append(args, string(p.ID))
		marks = append(marks, fmt.Sprintf("$%d", i+1))
	}
	type place struct {
		person  person.ID
		family  ID
		role    Role
		isChild bool
		service string
	}
	places, err := db.List(r, func(s db.Scanner) (place, error) {
		var p place
		err := s.Scan(&p.person, &p.family, &p.role, &p.isChild, &p.service)
		return p, err
	}, `select m.person, m.family, m.role, (c.person is not null), coalesce(fs.service, '')
		from family_member m
		join person p on p.id = m.person
		left join child c on c.person = m.person
		left join family_service fs on fs.family = m.family
		where m.state = 'approved' and m.to_day is null and m.person in (`+strings.Join(marks, ", ")+`)
		order by p.folded, m.person, m.family`, args...)
	if err != nil {
		return nil, fmt.Errorf("find families: %w", err)
	}
	var hits []web.Hit
	seen := map[string]bool{}
	for _, m := range places {
		key := string(m.person) + string(m.family)
		if seen[key] || !a.CanFor(FileRead, actor.AllServices) && !a.CanFor(FileRead, m.service) {
			continue
		}
		seen[key] = true
		p := byID[m.person]
		kind := m.role.Label()
		if m.isChild {
			kind = "Enfant"
		}
		hits = append(hits, web.Hit{Kind: kind, Title: p.Complete(), Href: "/agents/familles/" + string(m.family),
			Detail: commas(bornLabel(p.Civility, p.BirthDay), p.Email, person.ShowPhone(p.BestPhone()), p.Address.City)})
	}
	return hits, nil
}
