package merging

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// The answers of a choice between two values.
const (
	here  = "ici"
	there = "autre-fiche"
)

// side is one of the two as an agent compares them.
type side struct {
	id, name string
	rows     []web.Row
}

// choice is one detail that the two do not share.
type choice struct {
	name, label, value string
	options            []web.Option
}

// pairView is the comparison.
type pairView struct {
	kind        person.Subject
	left, right side
	u           person.Union
	choices     []choice
	like        Likeness
	out         Outcome
}

func (v pairView) action() string { return pairPath(v.kind, v.left.id, "") }

func (v pairView) back() string { return pairPath(v.kind, v.left.id, v.right.id) }

func (v pairView) button() string {
	if v.kind == person.OneHome {
		return "Réunir les deux familles"
	}
	return "Réunir les deux fiches"
}

// chosen says what a choice answers, in words.
func (c choice) chosen() string {
	for _, o := range c.options {
		if o.Value == c.value {
			return o.Label
		}
	}
	return ""
}

func (v pairView) kept() []web.Row {
	var rows []web.Row
	for _, c := range v.choices {
		rows = append(rows, web.Row{Label: c.label, Value: c.chosen()})
	}
	return rows
}

// tone is the colour of a likeness.
func (l Likeness) tone() web.Tone {
	if l.Proven {
		return web.OK
	}
	return web.Warning
}

func (l Likeness) reasons() string {
	s := strings.Join(l.Reasons, ", ")
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func (p Pages) readPair(r db.Reader, now time.Time, a actor.Actor, kind person.Subject, id, other string, f *web.Form) (pairView, error) {
	v := pairView{kind: kind}
	if err := ReachedSide(r, a, kind, id); err != nil {
		return v, err
	}
	var err error
	if v.u, v.choices, err = unionOf(r, now, kind, id, other, f); err != nil {
		return v, err
	}
	if err := reached(r, now, a, v.u); err != nil {
		return v, err
	}
	if kind == person.OneHome {
		if v.left, err = homeSide(r, id); err != nil {
			return v, err
		}
		v.right, err = homeSide(r, other)
		return v, err
	}
	people, err := person.Several(r, person.ID(id), person.ID(other))
	if err != nil {
		return v, err
	}
	if p.Desk.Alike != nil {
		v.like = p.Desk.Alike(people[person.ID(id)], people[person.ID(other)])
	}
	if v.left, err = personSide(r, people[person.ID(id)]); err != nil {
		return v, err
	}
	v.right, err = personSide(r, people[person.ID(other)])
	return v, err
}

// unionOf is what was chosen, or what is proposed: of each detail that differs the only value, or the last one.
func unionOf(r db.Reader, now time.Time, kind person.Subject, id, other string, f *web.Form) (person.Union, []choice, error) {
	u := person.Union{Of: kind, Keep: id, Gone: other, Taken: map[string]bool{}}
	var all []choice
	pick := func(key, label, a, b string, second bool) {
		c := choice{name: key, label: label, value: here, options: []web.Option{
			{Value: here, Label: orNothing(a), Hint: "Sur cette fiche"}, {Value: there, Label: orNothing(b), Hint: "Sur l’autre fiche"}}}
		if second {
			c.value = there
		}
		if typed := f.Raw(key); typed == here || typed == there {
			c.value = typed
		}
		u.Taken[key] = c.value == there
		all = append(all, c)
	}
	if kind == person.OneHome {
		return homeUnion(r, now, u, f, pick, &all)
	}
	a, err := person.ByID(r, person.ID(id))
	if err != nil {
		return u, nil, err
	}
	b, err := person.ByID(r, person.ID(other))
	if err != nil {
		return u, nil, err
	}
	for _, field := range person.MergeFields() {
		if differs, second := field.Differs(a, b, now.Location()); differs {
			pick(field.Key, field.Label, field.Show(a, now.Location()), field.Show(b, now.Location()), second)
		}
	}
	schoolA, err := family.MergeSchooling(r, a.ID)
	if err != nil {
		return u, nil, err
	}
	schoolB, err := family.MergeSchooling(r, b.ID)
	if err != nil {
		return u, nil, err
	}
	if schoolA != schoolB {
		pick(family.FieldSchool, "Scolarité", schoolA, schoolB, schoolA == "")
	}
	return accountChoice(r, u, a, b, f, all)
}

func accountChoice(r db.Reader, u person.Union, a, b person.Person, f *web.Form, all []choice) (person.Union, []choice, error) {
	first, second, err := account.PairOf(r, a.ID, b.ID)
	if err != nil || first.ID == "" || second.ID == "" {
		return u, all, err
	}
	u.Account = string(account.Proposed(first, second))
	c := choice{name: "espace", label: "Espace personnel qui reste ouvert"}
	for _, acc := range []account.Account{first, second} {
		hint := acc.State.Label()
		if acc.Email != "" {
			hint += ", " + acc.Email
		}
		c.options = append(c.options, web.Option{Value: string(acc.ID), Label: acc.Username, Hint: hint})
		if f.Raw("espace") == string(acc.ID) {
			u.Account = string(acc.ID)
		}
	}
	c.value = u.Account
	return u, append(all, c), nil
}

func homeUnion(r db.Reader, now time.Time, u person.Union, f *web.Form, pick func(key, label, a, b string, second bool), all *[]choice) (person.Union, []choice, error) {
	a, err := family.Situation(r, family.ID(u.Keep))
	if err != nil {
		return u, nil, err
	}
	b, err := family.Situation(r, family.ID(u.Gone))
	if err != nil {
		return u, nil, err
	}
	if a != b {
		pick(family.FieldSituation, "Situation", a, b, a == "")
	}
	holders, err := family.HoldersOf(r, civil.DateOf(now), family.ID(u.Keep), family.ID(u.Gone))
	if err != nil || len(holders) < 2 {
		return u, *all, err
	}
	names, err := person.Names(r, holders...)
	u.Holder = string(holders[0])
	c := choice{name: "titulaire", label: "Titulaire de la famille"}
	for _, who := range holders {
		c.options = append(c.options, web.Option{Value: string(who), Label: names[who], Hint: "L’autre devient co-représentant"})
		if f.Raw("titulaire") == string(who) {
			u.Holder = string(who)
		}
	}
	c.value = u.Holder
	return u, append(*all, c), err
}

func orNothing(s string) string {
	if s == "" {
		return "Rien"
	}
	return s
}

func personSide(r db.Reader, p person.Person) (side, error) {
	s := side{id: string(p.ID), name: p.Complete()}
	homes, err := family.FamiliesOf(r, p.ID)
	if err != nil {
		return s, err
	}
	var titles []string
	for _, id := range homes {
		title, err := family.Title(r, id)
		if err != nil {
			return s, err
		}
		place, err := family.PlaceOf(r, id, p.ID)
		if err != nil {
			return s, err
		}
		word := strings.ToLower(place.Role.Label())
		if place.State == family.Pending {
			word += ", en cours de vérification"
		}
		titles = append(titles, title+" ("+word+")")
	}
	school, err := family.MergeSchooling(r, p.ID)
	if err != nil {
		return s, err
	}
	accounts, err := account.OfPeople(r, p.ID)
	space := "Aucun"
	if acc := accounts[p.ID]; acc.ID != "" {
		space = acc.Username + ", " + strings.ToLower(acc.State.Label())
	}
	s.rows = []web.Row{{Label: "Nom", Value: p.Complete()}, {Label: "Naissance", Value: p.BirthDay.French()}, {Label: "E-mail", Value: p.Email},
		{Label: "Téléphone", Value: person.ShowPhone(p.BestPhone())}, {Label: "Adresse", Value: p.Address.Line()},
		{Label: "Familles", Value: orNothing(strings.Join(titles, " ; "))}, {Label: "Espace personnel", Value: space}}
	if school != "" {
		s.rows = append(s.rows, web.Row{Label: "Scolarité", Value: school})
	}
	return s, err
}

func homeSide(r db.Reader, id string) (side, error) {
	s := side{id: id}
	var err error
	if s.name, err = family.Title(r, family.ID(id)); err != nil {
		return s, err
	}
	situation, err := family.Situation(r, family.ID(id))
	if err != nil {
		return s, err
	}
	services, err := family.ServicesOf(r, family.ID(id))
	if err != nil {
		return s, err
	}
	people, err := family.PeopleOf(r, family.ID(id))
	if err != nil {
		return s, err
	}
	for _, p := range people {
		place, err := family.PlaceOf(r, family.ID(id), p.ID)
		if err != nil {
			return s, err
		}
		value := p.Complete()
		if !p.BirthDay.IsZero() {
			value += ", " + p.BirthDay.French()
		}
		if line := p.Address.Line(); line != "" && place.Role.Acts() {
			value += ", " + line
		}
		s.rows = append(s.rows, web.Row{Label: place.Role.Label(), Value: value})
	}
	var known []string
	for _, one := range services {
		known = append(known, one.Name)
	}
	s.rows = append(s.rows, web.Row{Label: "Connue par", Value: orNothing(family.List(known))})
	if situation != "" {
		s.rows = append(s.rows, web.Row{Label: "Situation", Value: situation})
	}
	return s, nil
}

// hit is somebody, or a family, to compare with.
type hit struct{ title, detail, href string }

// searchView is whom a side may be compared with.
type searchView struct {
	kind       person.Subject
	id, name   string
	likely     []hit
	query      string
	found      []hit
	tooManyFor bool
}

func (v searchView) lead() string {
	if v.kind == person.OneHome {
		return "Quelle autre famille est le même foyer ?"
	}
	return "Quelle autre fiche est la même personne ?"
}

const (
	mostAlike = 30
	mostFound = 20
)

func (p Pages) readSearch(r db.Reader, a actor.Actor, kind person.Subject, id, query string) (searchView, error) {
	v := searchView{kind: kind, id: id, query: query}
	if err := ReachedSide(r, a, kind, id); err != nil {
		return v, err
	}
	names, err := namesOf(r, person.Union{Of: kind, Keep: id, Gone: id})
	if err != nil {
		return v, err
	}
	v.name = names[id]
	like, err := p.likely(r, kind, id)
	if err != nil {
		return v, err
	}
	if v.likely, err = hits(r, a, kind, id, like); err != nil || query == "" {
		return v, err
	}
	people, err := person.Find(r, query, mostFound+1)
	if err != nil {
		return v, err
	}
	v.tooManyFor = len(people) > mostFound
	v.found, err = hits(r, a, kind, id, people[:min(len(people), mostFound)])
	return v, err
}

// likely are the people who look like the one, or like somebody of the family, the most alike first.
func (p Pages) likely(r db.Reader, kind person.Subject, id string) ([]person.Person, error) {
	var of []person.Person
	if kind == person.OneHome {
		people, err := family.PeopleOf(r, family.ID(id))
		if err != nil {
			return nil, err
		}
		of = people
	} else {
		one, err := person.ByID(r, person.ID(id))
		if err != nil {
			return nil, err
		}
		of = []person.Person{one}
	}
	type ranked struct {
		person.Person
		rank int
	}
	var all []ranked
	for _, one := range of[:min(len(of), 8)] {
		ids, err := person.Alike(r, one, mostAlike)
		if err != nil {
			return nil, err
		}
		found, err := person.Several(r, ids...)
		if err != nil {
			return nil, err
		}
		for _, x := range ids {
			like := Likeness{Same: true}
			if p.Desk.Alike != nil {
				like = p.Desk.Alike(one, found[x])
			}
			known := slices.ContainsFunc(all, func(y ranked) bool { return y.ID == x }) || slices.ContainsFunc(of, func(y person.Person) bool { return y.ID == x })
			if like.Same && !known {
				all = append(all, ranked{found[x], like.Rank})
			}
		}
	}
	slices.SortStableFunc(all, func(x, y ranked) int { return y.rank - x.rank })
	var best []person.Person
	for _, x := range all[:min(len(all), 8)] {
		best = append(best, x.Person)
	}
	return best, nil
}

// hits are the people, or their families, that the agent's right reaches.
func hits(r db.Reader, a actor.Actor, kind person.Subject, self string, people []person.Person) ([]hit, error) {
	var all []hit
	seen := map[string]bool{self: true}
	for _, p := range people {
		homes, err := family.FamiliesOf(r, p.ID)
		if err != nil {
			return nil, err
		}
		if kind == person.OneHuman {
			if seen[string(p.ID)] {
				continue
			}
			err := ReachedSide(r, a, kind, string(p.ID))
			if fault.KindOf(err) == fault.NotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			titles, err := titlesOf(r, homes)
			if err != nil {
				return nil, err
			}
			all = append(all, hit{title: p.Complete(), detail: join(p.BirthDay.French(), p.Email, person.ShowPhone(p.BestPhone()), titles),
				href: pairPath(kind, self, string(p.ID))})
			seen[string(p.ID)] = true
			continue
		}
		for _, id := range homes {
			err := family.Readable(r, a, id, Right)
			if seen[string(id)] || fault.KindOf(err) == fault.NotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			title, err := family.Title(r, id)
			if err != nil {
				return nil, err
			}
			all = append(all, hit{title: title, detail: "Par " + p.Complete(), href: pairPath(kind, self, string(id))})
			seen[string(id)] = true
		}
	}
	return all, nil
}

func titlesOf(r db.Reader, homes []family.ID) (string, error) {
	var all []string
	for _, id := range homes {
		title, err := family.Title(r, id)
		if err != nil {
			return "", err
		}
		all = append(all, title)
	}
	return strings.Join(all, ", "), nil
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// listView is the mergings done.
type listView struct {
	rows []Merging
	zone *time.Location
	more string
}

func (m Merging) title() string {
	if m.KeepName == m.GoneName {
		return m.KeepName
	}
	return m.KeepName + " et " + m.GoneName
}

func (m Merging) caption() string {
	if m.Kind == person.OneHome {
		return "Deux familles réunies"
	}
	return "Deux fiches réunies"
}

func (m Merging) mark() web.Mark {
	if m.UndoneAt != 0 {
		return web.Mark{Tone: web.Neutral, Icon: "history", Word: "Défaite"}
	}
	return web.Mark{Tone: web.OK, Icon: "check", Word: "En vigueur"}
}

// doneView is one merging, with its way back.
type doneView struct {
	Merging
	zone  *time.Location
	links []web.Link
}

func (v doneView) stamp(at civil.Instant) string { return civil.Stamp(at.In(v.zone)) }

// linksOf are the files to read: of the family, or of the families of the person, and after an undo of both.
func linksOf(r db.Reader, a actor.Actor, m Merging) ([]web.Link, error) {
	homes, err := homesOf(r, m.union())
	if err != nil {
		return nil, err
	}
	var all []web.Link
	for _, id := range homes {
		err := family.Readable(r, a, id, family.FileRead)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		title, err := family.Title(r, id)
		if err != nil {
			return nil, err
		}
		all = append(all, web.Link{Href: "/agents/familles/" + string(id), Label: title})
	}
	return all, nil
}
