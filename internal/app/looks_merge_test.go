package app_test

import (
	"net/url"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// addMerge makes somebody's double in the family, merges two doubles of another through the pages, and returns what to
// look at besides the routes.
func (l *looker) addMerge() []visit {
	home := family.ID(l.objects["family"])
	twins := func(first string, role family.Role) (one, other string) {
		l.do(func(tx *db.Tx, a actor.Actor) error {
			for _, id := range []*string{&one, &other} {
				who, err := person.Insert(tx, l.Now(), a, person.Person{LastName: "Quentin", FirstNames: first, BirthDay: civil.NewDate(1958, 4, 1), Mobile: "+33639980042"})
				if err != nil {
					return err
				}
				if _, err := family.AddMember(tx, l.Now(), a, family.NewMember{Family: home, Person: who, Role: role}); err != nil {
					return err
				}
				*id, role = string(who), family.Contact
			}
			return nil
		})
		return one, other
	}
	one, other := twins("Odile", family.Contact)
	path := "/agents/fusions/personnes/" + one
	l.client("agent instruction").Get(path+"?autre="+other).Submit("#choix", nil).Submit("#fusion", nil).Follow()
	l.objects["merge"] = l.text(`select id from merge`)
	one, other = twins("Guy", family.Member)
	return []visit{{"agent instruction", "/agents/fusions/personnes/" + one + "?" + url.Values{"autre": {other}}.Encode(), 200},
		{"agent instruction", "/agents/fusions/familles/" + string(home) + "?q=mar", 200}}
}
