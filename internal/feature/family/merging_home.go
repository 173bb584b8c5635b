package family

import (
	"fmt"
	"slices"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

func refuseHomes(r db.Reader, day civil.Date, u person.Union) ([]string, error) {
	all, err := seats(r, "family", u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	why := refusePairs(all, u)
	var heads []person.ID
	for _, id := range []string{u.Keep, u.Gone} {
		theirs, err := HeadsOf(r, ID(id), day)
		if err != nil {
			return nil, err
		}
		for _, who := range theirs {
			if !slices.Contains(heads, who) {
				heads = append(heads, who)
			}
		}
	}
	if len(heads) > mostHeads {
		names, err := person.Names(r, heads...)
		if err != nil {
			return nil, err
		}
		var all []string
		for _, who := range heads {
			all = append(all, names[who])
		}
		why = append(why, fmt.Sprintf("La famille aurait %d responsables, %s : deux au plus. Réunissez d’abord les fiches en double, ou retirez un responsable.", len(heads), List(all)))
	}
	return why, nil
}

func mergeHomes(l *revert.Log, now time.Time, u person.Union) (person.Moved, error) {
	var did person.Moved
	all, err := seats(l.Tx(), "family", u.Keep, u.Gone)
	if err != nil {
		return did, err
	}
	holder, err := holderOf(all, u)
	if err != nil {
		return did, err
	}
	if did.Settled, err = joinSeats(l, all, u); err != nil {
		return did, err
	}
	n, err := l.Move("family_member", []string{"id"}, "family", u.Gone, u.Keep)
	if err != nil {
		return did, err
	}
	did.Counts = person.Counted(n, "membre ou contact", "membres et contacts")
	if _, err := l.Move("counter_act", []string{"id"}, "family", u.Gone, u.Keep); err != nil {
		return did, err
	}
	said, err := oneHolder(l, u, holder)
	if err != nil {
		return did, err
	}
	did.Settled = append(did.Settled, said...)
	services, err := db.List(l.Tx(), db.Column[string], `select service from family_service where family = $2
		and service not in (select service from family_service where family = $1) order by service`, u.Keep, u.Gone)
	if err != nil {
		return did, wrap("list services of both", err)
	}
	for _, s := range services {
		row := revert.Row{"family": u.Keep, "service": s}
		if err := l.Put("family_service", row, row); err != nil {
			return did, err
		}
	}
	did.Counts = append(did.Counts, person.Counted(len(services), "service qui connaît la famille", "services qui connaissent la famille")...)
	if !u.Taken[FieldSituation] {
		return did, nil
	}
	situation, err := Situation(l.Tx(), ID(u.Gone))
	if err != nil {
		return did, err
	}
	return did, l.Set("family", revert.Row{"id": u.Keep}, revert.Row{"situation": situation})
}

// oneHolder leaves one holder to the family, the others are co-holders from then on.
func oneHolder(l *revert.Log, u person.Union, holder person.ID) ([]string, error) {
	if holder == "" {
		return nil, nil
	}
	all, err := seats(l.Tx(), "family", u.Keep, u.Keep)
	if err != nil {
		return nil, err
	}
	var said []string
	for _, x := range all {
		role := x.role
		switch {
		case x.state != Approved:
		case x.person == holder && x.role.Acts():
			role = Holder
		case x.role == Holder:
			role = CoHolder
		}
		if role == x.role {
			continue
		}
		if err := l.Set("family_member", revert.Row{"id": x.id}, revert.Row{"role": role}); err != nil {
			return nil, err
		}
		if role == CoHolder {
			p, err := person.ByID(l.Tx(), x.person)
			if err != nil {
				return nil, err
			}
			said = append(said, "Deux titulaires : "+p.Full()+" devient co-représentant de la famille.")
		}
	}
	return said, nil
}

// HoldersOf lists the approved holders of families on a day.
func HoldersOf(r db.Reader, day civil.Date, families ...ID) ([]person.ID, error) {
	var all []person.ID
	for _, id := range families {
		theirs, err := db.List(r, db.Column[person.ID], `select person from family_member where family = $1 and role = 'holder'
			and state = 'approved' and from_day <= $2 and (to_day is null or to_day >= $2) order by person`, string(id), day)
		if err != nil {
			return nil, wrap("list holders", err)
		}
		for _, who := range theirs {
			if !slices.Contains(all, who) {
				all = append(all, who)
			}
		}
	}
	return all, nil
}

// Reach is what an adult may do on a day: the families headed, and the children acted for.
type Reach struct {
	Homes    []ID
	Children []ChildID
}

// ReachOf reads it, by the rule of who may act for whom, whether or not the adult has an account.
func ReachOf(r db.Reader, who person.ID, day civil.Date) (Reach, error) {
	var reach Reach
	var err error
	if reach.Homes, err = db.List(r, db.Column[ID], `select distinct adult.family from family_member adult where `+adultActs+` order by adult.family`,
		string(who), day); err != nil {
		return reach, wrap("list families of an adult", err)
	}
	reach.Children, err = db.List(r, db.Column[ChildID], `select distinct child.person `+acting+` order by child.person`, string(who), day)
	return reach, wrap("list children of an adult", err)
}

// FamiliesOf lists the families in which somebody stands or waits.
func FamiliesOf(r db.Reader, who person.ID) ([]ID, error) {
	all, err := db.List(r, db.Column[ID], `select distinct family from family_member where person = $1 and to_day is null
		and state in ('pending', 'approved') order by family`, string(who))
	return all, wrap("list families of a person", err)
}

// Title is "Famille Martin – Nguyễn", by the names of those who head it.
func Title(r db.Reader, id ID) (string, error) {
	people, err := filePeople(r, id)
	return fileView{People: people}.title(), err
}

// PeopleOf lists those who stand or wait in a family, those who head it first.
func PeopleOf(r db.Reader, id ID) ([]person.Person, error) {
	members, err := filePeople(r, id)
	all := make([]person.Person, len(members))
	for i, m := range members {
		all[i] = m.Person
	}
	return all, err
}
