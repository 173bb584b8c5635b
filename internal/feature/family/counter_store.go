package family

import (
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/person"
)

// placeByID reads a member whose place stands.
func placeByID(r db.Reader, id MemberID) (place, error) {
	p, err := db.One(r, "family member", func(s db.Scanner) (place, error) {
		var p place
		err := s.Scan(&p.ID, &p.Family, &p.Role, &p.Relation, &p.MayCollect, &p.IsChild, &p.School, &p.Level, &p.Class, &p.Shared,
			&p.Person.ID, &p.Account)
		return p, err
	}, `select m.id, m.family, m.role, m.relation, m.may_collect, (c.person is not null), coalesce(c.school, ''), coalesce(c.level, ''),
			coalesce(c.class, ''), coalesce(c.shared_custody, false), m.person,
			coalesce((select a.state from account a where a.person = m.person and a.audience = 'citizen' and a.state <> 'closed'), '')
		from family_member m
		left join child c on c.person = m.person
		where m.id = $1 and m.state = 'approved' and m.to_day is null`, string(id))
	if err != nil {
		return p, err
	}
	p.Person, err = person.ByID(r, p.Person.ID)
	return p, err
}

func updatePlace(tx *db.Tx, p place) error {
	_, err := tx.Exec(`update family_member set role = $2, relation = $3, may_collect = $4 where id = $1`,
		string(p.ID), string(p.Role), p.Relation, p.MayCollect)
	return err
}

func endPlace(tx *db.Tx, id MemberID, last civil.Date) error {
	_, err := tx.Exec(`update family_member set to_day = $2 where id = $1 and to_day is null`, string(id), last)
	return err
}

func updateSchooling(tx *db.Tx, child person.ID, s Schooling) error {
	_, err := tx.Exec(`update child set school = $2, level = $3, class = $4, shared_custody = $5 where person = $1`,
		string(child), orNull(s.School), s.Level, s.Class, s.Shared)
	return err
}

// HomesOfChild lists the families of which somebody is a standing member.
func HomesOfChild(r db.Reader, child person.ID) ([]ID, error) {
	all, err := db.List(r, db.Column[ID], `select family from family_member where person = $1 and role = 'member' and state = 'approved'
		and to_day is null order by family`, string(child))
	return all, wrap("list homes of a child", err)
}

// ToldOf lists the addresses of those who head a family on a day, but of one person, and whom an act about somebody may
// be told to: not who is kept by a court from about or, when about is "", from any child of the family.
func ToldOf(r db.Reader, day civil.Date, id ID, about, but person.ID) ([]string, error) {
	all, err := db.List(r, db.Column[string], `select distinct p.email from family_member m join person p on p.id = m.person
		where m.family = $2 and m.role in ('holder', 'coholder') and m.state = 'approved' and m.from_day <= $1
			and (m.to_day is null or m.to_day >= $1) and p.email <> '' and m.person <> $4
			and not exists (select 1 from restriction x
				join family_member k on k.person = x.child and k.family = m.family
				where x.person = m.person and x.from_day <= $1 and (x.lifted_day is null or x.lifted_day > $1)
					and (x.child = $3 or $3 = ''))
		order by p.email`, day, string(id), string(about), string(but))
	return all, wrap("list addresses of a family", err)
}

func insertAct(tx *db.Tx, now time.Time, a actor.Actor, id string, p place, what did, note string) error {
	_, err := tx.Exec(`insert into counter_act (id, family, person, did, note, account, made_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		id, string(p.Family), string(p.Person.ID), string(what), note, a.Account, civil.InstantOf(now))
	return err
}

// counterAct is one act at the counter, as told.
type counterAct struct {
	Did      did
	Note     string
	At       civil.Instant
	Who      person.Person
	Agent    person.Person
	Role     Role // of the latest place
	Relation string
	Collects bool
}

func scanAct(s db.Scanner) (counterAct, error) {
	var x counterAct
	err := s.Scan(&x.Did, &x.Note, &x.At, &x.Who.FirstNames, &x.Who.LastName, &x.Agent.FirstNames, &x.Agent.LastName, &x.Role, &x.Relation, &x.Collects)
	return x, err
}

const actFrom = `select x.did, x.note, x.made_at, p.first_names, p.last_name, coalesce(g.first_names, ''), coalesce(g.last_name, ''),
		coalesce(m.role, ''), coalesce(m.relation, ''), coalesce(m.may_collect, false)
	from counter_act x
	join person p on p.id = x.person
	left join account a on a.id = x.account
	left join person g on g.id = a.person
	left join family_member m on m.family = x.family and m.person = x.person and m.to_day is null and m.state = 'approved'`

func actByID(r db.Reader, id string) (counterAct, error) {
	return db.One(r, "counter act", scanAct, actFrom+` where x.id = $1`, id)
}

const actsShown = 10

// actsOf lists the latest acts at the counter about a family.
func actsOf(r db.Reader, id ID) ([]counterAct, error) {
	all, err := db.List(r, scanAct, actFrom+` where x.family = $1 order by x.made_at desc, x.id desc limit $2`, string(id), actsShown)
	return all, wrap("list counter acts", err)
}
