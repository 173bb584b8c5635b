package merging

import (
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// homesOf are the families that the two belong to, or that they are.
func homesOf(r db.Reader, u person.Union) ([]family.ID, error) {
	if u.Of == person.OneHome {
		return []family.ID{family.ID(u.Keep), family.ID(u.Gone)}, nil
	}
	var all []family.ID
	for _, who := range []string{u.Keep, u.Gone} {
		theirs, err := family.FamiliesOf(r, person.ID(who))
		if err != nil {
			return nil, err
		}
		for _, id := range theirs {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all, nil
}

const elsewhere = "L’une de ces fiches est connue d’un autre service : demandez à l’un de ses agents, ou à un agent de tous les services."

// reached refuses an agent whose right does not reach each family that the merging touches: the first side as if it
// did not exist, the rest in words.
func reached(r db.Reader, now time.Time, a actor.Actor, u person.Union) error {
	if err := ReachedSide(r, a, u.Of, u.Keep); err != nil {
		return err
	}
	homes, err := homesOf(r, u)
	if err != nil {
		return err
	}
	for _, id := range homes {
		err := family.Readable(r, a, id, Right)
		if fault.KindOf(err) == fault.NotFound {
			return fault.New(fault.Refused, elsewhere)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ReachedSide tells whether an agent's right reaches a family, or one family of a person; who is in no family is
// reached by all who hold the right. No is a NotFound fault.
func ReachedSide(r db.Reader, a actor.Actor, kind person.Subject, id string) error {
	if !a.Can(Right) {
		return fault.New(fault.Forbidden, "")
	}
	if kind == person.OneHome {
		return family.Readable(r, a, family.ID(id), Right)
	}
	if _, err := person.ByID(r, person.ID(id)); err != nil {
		return err
	}
	homes, err := family.FamiliesOf(r, person.ID(id))
	if err != nil || len(homes) == 0 {
		return err
	}
	for _, home := range homes {
		err := family.Readable(r, a, home, Right)
		if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return fault.Missing("person")
}

// sight is who may do what: the adults of all families concerned, and the words for each.
type sight struct {
	adults   []person.ID
	reach    map[person.ID]family.Reach
	people   map[person.ID]string
	homes    map[family.ID]string
	families []family.ID
	owner    person.ID // of the account that stays: who will sign in as the one who stays
	child    bool      // the two are children
}

// look reads who may do what before anything moves.
func look(r db.Reader, now time.Time, u person.Union) (sight, error) {
	day := civil.DateOf(now)
	s := sight{people: map[person.ID]string{}, homes: map[family.ID]string{}, reach: map[person.ID]family.Reach{}}
	var err error
	if s.families, err = homesOf(r, u); err != nil {
		return s, err
	}
	if u.Of == person.OneHuman {
		if s.child, err = family.IsChild(r, person.ID(u.Keep)); err != nil {
			return s, err
		}
		if s.owner, err = ownerOf(r, u); err != nil {
			return s, err
		}
		s.adults = []person.ID{person.ID(u.Keep), person.ID(u.Gone)}
	}
	for _, id := range s.families {
		if s.homes[id], err = family.Title(r, id); err != nil {
			return s, err
		}
		heads, err := family.HeadsOf(r, id, day)
		if err != nil {
			return s, err
		}
		for _, who := range heads {
			if !slices.Contains(s.adults, who) {
				s.adults = append(s.adults, who)
			}
		}
		people, err := family.PeopleOf(r, id)
		if err != nil {
			return s, err
		}
		for _, p := range people {
			s.people[p.ID] = p.Full()
		}
	}
	for _, who := range s.adults {
		if s.people[who] == "" {
			p, err := person.ByID(r, who)
			if err != nil {
				return s, err
			}
			s.people[who] = p.Full()
		}
		if s.reach[who], err = family.ReachOf(r, who, day); err != nil {
			return s, err
		}
	}
	return s, nil
}

// ownerOf is the person whose account stays.
func ownerOf(r db.Reader, u person.Union) (person.ID, error) {
	a, b, err := account.PairOf(r, person.ID(u.Keep), person.ID(u.Gone))
	if err != nil {
		return "", err
	}
	stays := account.ID(u.Account)
	if stays == "" {
		stays = account.Proposed(a, b)
	}
	if b.ID != "" && stays == b.ID {
		return person.ID(u.Gone), nil
	}
	return person.ID(u.Keep), nil
}

// again reads the same once all has moved.
func (s sight) again(r db.Reader, now time.Time, u person.Union) (sight, error) {
	after := sight{people: s.people, homes: s.homes, reach: map[person.ID]family.Reach{}}
	for _, who := range s.adults {
		if u.Of == person.OneHuman && string(who) == u.Gone {
			continue
		}
		var err error
		if after.reach[who], err = family.ReachOf(r, who, civil.DateOf(now)); err != nil {
			return after, err
		}
	}
	return after, nil
}

// compare says who gains and who loses what. Who signs in as the one who stays is compared with who owned the account.
func (s sight) compare(after sight, u person.Union) (gains, losses []string) {
	for _, who := range s.adults {
		now, ok := after.reach[who]
		if !ok {
			continue
		}
		was := s.reach[who]
		if u.Of == person.OneHuman && string(who) == u.Keep && s.owner != "" {
			was = s.reach[s.owner]
		}
		name := s.people[who]
		if u.Of == person.OneHuman && s.child {
			g, l := s.ofChild(was, now, name, u)
			gains, losses = append(gains, g...), append(losses, l...)
			continue
		}
		if more := s.names(missing(now.Children, was.Children)); len(more) > 0 {
			gains = append(gains, name+" pourra agir pour "+family.List(more)+" : agenda, réservations, dossier.")
		}
		if u.Of == person.OneHome {
			if len(now.Homes) > 0 && !(slices.Contains(was.Homes, family.ID(u.Keep)) && slices.Contains(was.Homes, family.ID(u.Gone))) {
				gains = append(gains, name+" verra les réservations, les factures et les contacts des deux dossiers.")
			}
		} else if more := s.titles(missing(now.Homes, was.Homes)); len(more) > 0 {
			gains = append(gains, name+" pourra agir dans le dossier « "+family.List(more)+" » : réservations, factures, contacts.")
		}
		lost := missing(was.Children, now.Children)
		if u.Of == person.OneHuman && string(who) == u.Keep { // what either file could do and the one human cannot
			for _, x := range missing(s.reach[person.ID(u.Gone)].Children, now.Children) {
				if !slices.Contains(lost, x) {
					lost = append(lost, x)
				}
			}
			for _, x := range missing(s.reach[person.ID(u.Keep)].Children, now.Children) {
				if !slices.Contains(lost, x) {
					lost = append(lost, x)
				}
			}
		}
		if less := s.names(lost); len(less) > 0 {
			losses = append(losses, name+" ne pourra plus agir pour "+family.List(less)+" : une restriction reste en vigueur, ou le rôle a changé.")
		}
	}
	return gains, losses
}

// ofChild compares what one adult may do for two children who become one.
func (s sight) ofChild(was, now family.Reach, name string, u person.Union) (gains, losses []string) {
	acted := slices.Contains(was.Children, family.ChildID(u.Keep))
	other := slices.Contains(was.Children, family.ChildID(u.Gone))
	acts := slices.Contains(now.Children, family.ChildID(u.Keep))
	child := s.people[person.ID(u.Keep)]
	switch {
	case acts && !(acted && other):
		gains = append(gains, name+" ne voyait que l’une des deux fiches de "+child+" : il ou elle verra aussi ce que l’autre contient.")
	case !acts && (acted || other):
		losses = append(losses, name+" ne pourra plus agir pour "+child+" : une restriction reste en vigueur.")
	}
	return gains, losses
}

func missing[T comparable](all, from []T) []T {
	var found []T
	for _, x := range all {
		if !slices.Contains(from, x) {
			found = append(found, x)
		}
	}
	return found
}

func (s sight) names(children []family.ChildID) []string {
	var all []string
	for _, c := range children {
		if name := s.people[c.PersonID()]; name != "" {
			all = append(all, name)
		} else {
			all = append(all, "un autre enfant")
		}
	}
	return all
}

func (s sight) titles(homes []family.ID) []string {
	var all []string
	for _, id := range homes {
		all = append(all, s.homes[id])
	}
	return all
}
