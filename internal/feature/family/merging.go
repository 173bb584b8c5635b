package family

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// mostHeads is how many adults may head a family that two families became.
const mostHeads = 2

// FieldSchool and FieldSituation are the details of this package that a merging chooses.
const (
	FieldSchool    = "scolarite"
	FieldSituation = "situation"
)

// MergePart is what this package has of two people, or two families, that are one. Restrictions and health are never
// lost: all restrictions stay, what is noted on health is put together.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"family_member": "une place dans une famille", "child": "la scolarité", "health": "la santé", "restriction": "une restriction",
			"family": "la situation de la famille", "family_service": "un service qui connaît la famille",
			"counter_act": "un acte fait au guichet"},
		Refuse: func(r db.Reader, now time.Time, u person.Union) ([]string, error) {
			if u.Of == person.OneHome {
				return refuseHomes(r, civil.DateOf(now), u)
			}
			return refusePeople(r, u)
		},
		Move: func(l *revert.Log, now time.Time, u person.Union) (person.Moved, error) {
			if u.Of == person.OneHome {
				return mergeHomes(l, now, u)
			}
			return mergePeople(l, u)
		},
		Finish: func(l *revert.Log, _ time.Time, u person.Union) error {
			if u.Of == person.OneHuman {
				return l.Drop("child", revert.Row{"person": u.Gone})
			}
			if err := l.Drop("family_service", revert.Row{"family": u.Gone}); err != nil {
				return err
			}
			return l.Drop("family", revert.Row{"id": u.Gone})
		},
		Since: func(r db.Reader, u person.Union, s person.Since) ([]string, error) {
			return mergedSince(r, u, s)
		},
	}
}

// seat is one place in a family that still stands.
type seat struct {
	id                       string
	family                   ID
	person                   person.ID
	role                     Role
	relation, service, since string
	collects                 bool
	state                    State
}

// seats are the places of two people, or in two families, that stand or wait.
func seats(r db.Reader, column, a, b string) ([]seat, error) {
	all, err := db.List(r, func(s db.Scanner) (seat, error) {
		var x seat
		err := s.Scan(&x.id, &x.family, &x.person, &x.role, &x.relation, &x.service, &x.since, &x.collects, &x.state)
		return x, err
	}, `select id, family, person, role, relation, coalesce(service, ''), from_day, may_collect, state from family_member
		where `+column+` in ($1, $2) and to_day is null and state in ('pending', 'approved') order by id`, a, b)
	return all, wrap("list places of both", err)
}

// pairs are the seats that would be one, Keep's first.
func pairs(all []seat, u person.Union) [][2]seat {
	var found [][2]seat
	for _, k := range all {
		for _, g := range all {
			human := string(k.person) == u.Keep && string(g.person) == u.Gone && k.family == g.family
			home := string(k.family) == u.Keep && string(g.family) == u.Gone && k.person == g.person
			if u.Of == person.OneHuman && human || u.Of == person.OneHome && home {
				found = append(found, [2]seat{k, g})
			}
		}
	}
	return found
}

const pendingFirst = "Une demande d’ajout à la famille attend une réponse pour cette personne, qui en fait déjà partie : répondez-y d’abord."

func refusePairs(all []seat, u person.Union) []string {
	for _, p := range pairs(all, u) {
		if p[0].state != p[1].state {
			return []string{pendingFirst}
		}
	}
	return nil
}

// IsChild tells whether somebody is a child of the town.
func IsChild(r db.Reader, id person.ID) (bool, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from child where person = $1`, string(id))
	return n > 0, wrap("look for a child", err)
}

func refusePeople(r db.Reader, u person.Union) ([]string, error) {
	keep, err := IsChild(r, person.ID(u.Keep))
	if err != nil {
		return nil, err
	}
	gone, err := IsChild(r, person.ID(u.Gone))
	if err != nil {
		return nil, err
	}
	all, err := seats(r, "person", u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	why := refusePairs(all, u)
	if gone && !keep {
		why = append(why, "L’une des deux fiches est celle d’un enfant : c’est elle qui doit rester.")
	}
	if keep != gone {
		adult := u.Keep
		if keep {
			adult = u.Gone
		}
		accounts, err := db.One(r, "count", db.Column[int64], `select count(*) from account where person = $1`, adult)
		if err != nil {
			return nil, fmt.Errorf("look for accounts: %w", err)
		}
		acts := slices.ContainsFunc(all, func(x seat) bool { return string(x.person) == adult && x.role != Member })
		if accounts > 0 || acts {
			why = append(why, "L’une de ces personnes est un enfant, l’autre un adulte : elles ne peuvent pas être la même.")
		}
	}
	return why, nil
}

// joinSeats makes one of each pair of seats: the higher role stays, and who may fetch the children is who might by both.
func joinSeats(l *revert.Log, all []seat, u person.Union) ([]string, error) {
	var settled []string
	for _, p := range pairs(all, u) {
		keep, gone := p[0], p[1]
		values := revert.Row{"from_day": min(keep.since, gone.since)}
		switch {
		case rank(gone.role) < rank(keep.role):
			values["role"], values["relation"], values["may_collect"] = gone.role, gone.relation, gone.collects
			settled = append(settled, "Deux places dans la même famille : le rôle « "+gone.role.Label()+" » reste.")
		case gone.role == keep.role:
			values["may_collect"] = keep.collects && gone.collects
			if keep.relation == "" {
				values["relation"] = gone.relation
			}
			if keep.collects != gone.collects {
				settled = append(settled, "Une seule des deux places permet de venir chercher les enfants : l’autorisation ne reste pas, vérifiez avec la famille.")
			}
		default:
			settled = append(settled, "Deux places dans la même famille : le rôle « "+keep.role.Label()+" » reste.")
		}
		if err := l.Set("family_member", revert.Row{"id": keep.id}, values); err != nil {
			return nil, err
		}
		if err := l.Drop("family_member", revert.Row{"id": gone.id}); err != nil {
			return nil, err
		}
	}
	return settled, nil
}

// rank orders roles, the one with most powers first.
func rank(r Role) int { return slices.Index([]Role{Holder, CoHolder, Member, Contact}, r) }

func mergePeople(l *revert.Log, u person.Union) (person.Moved, error) {
	var did person.Moved
	all, err := seats(l.Tx(), "person", u.Keep, u.Gone)
	if err != nil {
		return did, err
	}
	if did.Settled, err = joinSeats(l, all, u); err != nil {
		return did, err
	}
	places, err := l.Move("family_member", []string{"id"}, "person", u.Gone, u.Keep)
	if err != nil {
		return did, err
	}
	if _, err := l.Move("family_member", []string{"id"}, "asked_by", u.Gone, u.Keep); err != nil {
		return did, err
	}
	if _, err := l.Move("counter_act", []string{"id"}, "person", u.Gone, u.Keep); err != nil {
		return did, err
	}
	orders := 0
	for _, column := range []string{"person", "child"} {
		n, err := l.Move("restriction", []string{"id"}, column, u.Gone, u.Keep)
		if err != nil {
			return did, err
		}
		orders += n
	}
	did.Counts = append(person.Counted(places, "place dans une famille", "places dans des familles"), person.Counted(orders, "restriction", "restrictions")...)
	if err := mergeChild(l, u); err != nil {
		return did, err
	}
	said, err := mergeHealth(l, u)
	if err != nil {
		return did, err
	}
	did.Settled = append(did.Settled, said...)
	return did, err
}

// mergeChild puts two children's schooling together: the chosen one's, and shared custody when either says so.
func mergeChild(l *revert.Log, u person.Union) error {
	type facts struct {
		id, school, level, class string
		shared                   bool
	}
	all, err := db.List(l.Tx(), func(s db.Scanner) (facts, error) {
		var f facts
		err := s.Scan(&f.id, &f.school, &f.level, &f.class, &f.shared)
		return f, err
	}, `select person, coalesce(school, ''), level, class, shared_custody from child where person in ($1, $2)`, u.Keep, u.Gone)
	if err != nil || len(all) < 2 {
		return wrap("read children", err)
	}
	keep, gone := all[0], all[1]
	if keep.id != u.Keep {
		keep, gone = gone, keep
	}
	values := revert.Row{"shared_custody": keep.shared || gone.shared}
	if u.Taken[FieldSchool] {
		values["school"], values["level"], values["class"] = orNull(gone.school), gone.level, gone.class
	}
	return l.Set("child", revert.Row{"person": u.Keep}, values)
}

// mergeHealth puts together what is noted on both: nothing is lost, and no sentence says what it is.
func mergeHealth(l *revert.Log, u person.Union) ([]string, error) {
	keep, err := healthOf(l.Tx(), ChildID(u.Keep))
	if err != nil {
		return nil, err
	}
	gone, err := healthOf(l.Tx(), ChildID(u.Gone))
	if err != nil || gone.NotedAt == 0 {
		return nil, err
	}
	if keep.NotedAt == 0 {
		_, err := l.Move("health", []string{"child"}, "child", u.Gone, u.Keep)
		return nil, err
	}
	both := revert.Row{"diet": bothNotes(keep.Diet, gone.Diet), "allergies": bothNotes(keep.Allergies, gone.Allergies), "pai": keep.PAI || gone.PAI,
		"noted_at": max(keep.NotedAt, gone.NotedAt)}
	if err := l.Set("health", revert.Row{"child": u.Keep}, both); err != nil {
		return nil, err
	}
	if err := l.Drop("health", revert.Row{"child": u.Gone}); err != nil {
		return nil, err
	}
	if both["diet"] == keep.Diet && both["allergies"] == keep.Allergies && keep.PAI == both["pai"] && gone.Diet == keep.Diet && gone.Allergies == keep.Allergies {
		return nil, nil
	}
	return []string{"Les deux fiches de santé diffèrent : tout ce qui est noté sur l’une et sur l’autre reste. À relire avec la famille."}, nil
}

// bothNotes is one note that says all that two say.
func bothNotes(a, b string) string {
	fa, fb := person.Fold(a), person.Fold(b)
	switch {
	case fb == "" || fa == fb:
		return a
	case fa == "":
		return b
	}
	return strings.TrimRight(a, " .;") + " ; " + b
}

// mergedSince says what was added to who stays after a merging.
func mergedSince(r db.Reader, u person.Union, s person.Since) ([]string, error) {
	column := "person"
	if u.Of == person.OneHome {
		column = "family"
	}
	places, err := db.One(r, "count", db.Column[int64], `select count(*) from family_member where `+column+` = $1 and id > $2
		and to_day is null and state in ('pending', 'approved')`, u.Keep, s.ID)
	if err != nil {
		return nil, wrap("look for places", err)
	}
	if u.Of == person.OneHome {
		return person.Counted(int(places), "membre ou contact ajouté depuis", "membres et contacts ajoutés depuis"), nil
	}
	said := person.Counted(int(places), "place dans une famille donnée depuis", "places dans des familles données depuis")
	orders, err := db.One(r, "count", db.Column[int64], `select count(*) from restriction where (person = $1 or child = $1) and id > $2`, u.Keep, s.ID)
	return append(said, person.Counted(int(orders), "restriction posée depuis", "restrictions posées depuis")...), wrap("look for restrictions", err)
}

// MergeSchooling is where a child goes to school, in words.
func MergeSchooling(r db.Reader, id person.ID) (string, error) {
	all, err := db.List(r, func(s db.Scanner) (string, error) {
		var c Child
		err := s.Scan(&c.School, &c.Level, &c.Class)
		return commas(c.Where(), c.Class), err
	}, `select coalesce(s.name, ''), c.level, c.class from child c left join site s on s.id = c.school where c.person = $1`, string(id))
	if err != nil || len(all) == 0 {
		return "", wrap("read schooling", err)
	}
	return all[0], nil
}

// Situation is the word of the old file on a family; an unknown family is a NotFound fault.
func Situation(r db.Reader, id ID) (string, error) {
	s, _, err := fileHead(r, id)
	return s, err
}

// holderOf picks who stays holder among the heads of two families.
func holderOf(all []seat, u person.Union) (person.ID, error) {
	var keep, gone person.ID
	for _, x := range all {
		if x.role != Holder || x.state != Approved {
			continue
		}
		if string(x.family) == u.Keep {
			keep = x.person
		} else {
			gone = x.person
		}
	}
	switch person.ID(u.Holder) {
	case "":
	case keep, gone:
		return person.ID(u.Holder), nil
	default:
		return "", fault.InvalidFields(fault.Field{Name: "titulaire", Sentence: "Choisissez le titulaire parmi ceux des deux familles."})
	}
	if keep == "" {
		return gone, nil
	}
	return keep, nil
}
