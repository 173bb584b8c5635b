package family

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// The verbs below are building blocks of admission, which invites co-holders, says who may and writes the audit lines.

// Heads tells whether a citizen is the holder of a family on a day; no is a NotFound fault. A co-holder invites nobody.
func Heads(r db.Reader, a actor.Actor, id ID, day civil.Date) error {
	if a.Kind != actor.Citizen || a.State != actor.Active || a.Person == "" {
		return fault.Missing("family")
	}
	return heads(r, person.ID(a.Person), id, day)
}

// HeadsStill is Heads for somebody who is not there: the holder who sent an invitation.
func HeadsStill(r db.Reader, who person.ID, id ID, day civil.Date) (bool, error) {
	err := heads(r, who, id, day)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

func heads(r db.Reader, who person.ID, id ID, day civil.Date) error {
	_, err := db.One(r, "family", db.Column[string], `select adult.id from family_member adult
		where `+adultActs+` and adult.role = 'holder' and adult.family = $3`, string(who), day, string(id))
	return err
}

// Lock keeps others from deciding on a family until the end of the transaction; an unknown one is a NotFound fault.
func Lock(tx *db.Tx, id ID) error {
	n, err := tx.Exec(`update family set situation = situation where id = $1`, string(id))
	if err != nil {
		return fmt.Errorf("lock family: %w", err)
	}
	if n == 0 {
		return fault.Missing("family")
	}
	return nil
}

// ServicesOf lists the services that know a family, in the town's order.
func ServicesOf(r db.Reader, id ID) ([]town.Service, error) {
	_, services, err := fileHead(r, id)
	return services, err
}

// Absent lists the approved co-holders of a family on a day who never opened an account.
func Absent(r db.Reader, id ID, day civil.Date) ([]person.ID, error) {
	all, err := db.List(r, db.Column[person.ID], `select m.person from family_member m join person p on p.id = m.person
		where m.family = $1 and m.role = 'coholder' and m.state = 'approved' and m.from_day <= $2 and (m.to_day is null or m.to_day >= $2)
			and not exists (select 1 from account c where c.person = m.person and c.audience = 'citizen' and c.state not in ('closed', 'unclaimed'))
		order by p.folded, p.id`, string(id), day)
	return all, wrap("list absent co-holders", err)
}

// HeadedByTwo tells whether two adults or more head a family with a space of their own.
func HeadedByTwo(r db.Reader, id ID, day civil.Date) (bool, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from family_member m
		join account c on c.person = m.person and c.audience = 'citizen' and c.state = 'active'
		where m.family = $1 and m.role in ('holder', 'coholder') and m.state = 'approved'
			and m.from_day <= $2 and (m.to_day is null or m.to_day >= $2)`, string(id), day)
	return n > 1, wrap("count who head a family", err)
}

// Place is what somebody is in a family; the zero Place is nothing.
type Place struct {
	Role  Role
	State State
}

// PlaceOf reads somebody's standing place in a family.
func PlaceOf(r db.Reader, id ID, who person.ID) (Place, error) {
	all, err := db.List(r, func(s db.Scanner) (Place, error) {
		var p Place
		err := s.Scan(&p.Role, &p.State)
		return p, err
	}, `select role, state from family_member where family = $1 and person = $2 and to_day is null and state in ('pending', 'approved')`,
		string(id), string(who))
	if err != nil || len(all) == 0 {
		return Place{}, wrap("read place in family", err)
	}
	return all[0], nil
}

// Kept tells whether a court's restriction stands on a day between an adult and a child of a family.
func Kept(r db.Reader, id ID, who person.ID, day civil.Date) (bool, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from restriction x
		join family_member kid on kid.person = x.child and kid.family = $3 and kid.role = 'member' and kid.state in ('pending', 'approved')
			and (kid.to_day is null or kid.to_day >= $2)
		where x.person = $1 and x.from_day <= $2 and (x.lifted_day is null or x.lifted_day > $2)`, string(who), day, string(id))
	return n > 0, wrap("look for restrictions", err)
}

// Restricted lists the adults under a court's restriction that stands on a day for a child of a family, whether the
// family has them or not.
func Restricted(r db.Reader, id ID, day civil.Date) ([]person.ID, error) {
	all, err := db.List(r, db.Column[person.ID], `select distinct x.person from restriction x
		join family_member kid on kid.person = x.child and kid.family = $2 and kid.role = 'member' and kid.state in ('pending', 'approved')
			and (kid.to_day is null or kid.to_day >= $1)
		where x.from_day <= $1 and (x.lifted_day is null or x.lifted_day > $1) order by x.person`, day, string(id))
	return all, wrap("list restricted adults", err)
}

// HeadsOf lists the approved holder and co-holders of a family on a day.
func HeadsOf(r db.Reader, id ID, day civil.Date) ([]person.ID, error) {
	all, err := db.List(r, db.Column[person.ID], `select person from family_member where family = $1 and role in ('holder', 'coholder')
		and state = 'approved' and from_day <= $2 and (to_day is null or to_day >= $2) order by person`, string(id), day)
	return all, wrap("list heads of family", err)
}

// Namesake tells whether somebody of the same names is in the family, or waits to be.
func Namesake(r db.Reader, id ID, lastName, firstNames string) (bool, error) {
	return namesake(r, id, person.Person{LastName: lastName, FirstNames: firstNames})
}

// Join makes somebody a co-holder of a family, approved or waiting for an agent of the service.
func Join(tx *db.Tx, now time.Time, a actor.Actor, m NewMember) (MemberID, error) {
	if a.Kind != actor.System {
		return "", fault.New(fault.Forbidden, "")
	}
	m.Role, m.MayCollect = CoHolder, false
	action := "family.member.added"
	if m.State == Pending {
		action = "family.member.asked"
	}
	return addMember(tx, now, a, m, action)
}

// Adult is somebody standing in a family who is not a child of it.
type Adult struct {
	Person person.ID
	Role   Role
}

// AdultsOf lists the standing adults of a family on a day, asked-for ones too, who head it first.
func AdultsOf(r db.Reader, id ID, day civil.Date) ([]Adult, error) {
	all, err := db.List(r, func(s db.Scanner) (Adult, error) {
		var x Adult
		err := s.Scan(&x.Person, &x.Role)
		return x, err
	}, `select m.person, m.role from family_member m left join child c on c.person = m.person
		where m.family = $1 and m.state in ('pending', 'approved') and (m.to_day is null or m.to_day >= $2) and c.person is null
		order by case m.role when 'holder' then 0 when 'coholder' then 1 else 2 end, m.id`, string(id), day)
	return all, wrap("list adults of a family", err)
}

// Leave ends the place of somebody who entered a family by a decision now undone; who left already stays out.
func Leave(tx *db.Tx, now time.Time, a actor.Actor, id ID, who person.ID) error {
	if a.Kind != actor.Agent || !a.Can(FileWrite) {
		return fault.New(fault.Forbidden, "")
	}
	last := civil.DateOf(now).AddDays(-1)
	if _, err := tx.Exec(`update family_member set to_day = $3 where family = $1 and person = $2 and role <> 'holder' and to_day is null`,
		string(id), string(who), last); err != nil {
		return fmt.Errorf("leave family: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "family.place.ended", Object: "family", ID: string(id), Subject: string(who)})
}
