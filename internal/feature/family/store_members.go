package family

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// asked is a member as decisions and mails need it.
type asked struct {
	ID         MemberID
	Family     ID
	Person     person.ID
	FirstNames string
	LastName   string
	Born       civil.Date
	Phone      string
	Role       Role
	Relation   string
	MayCollect bool
	Service    town.ServiceID
	ServiceIn  string
	State      State
	AskedAt    civil.Instant
	Reason     string
	Asker      person.ID
	AskerFirst string
	AskerLast  string
	AskerEmail string
}

func (m asked) full() string {
	return person.Person{FirstNames: m.FirstNames, LastName: m.LastName}.Full()
}

func (m asked) asker() string {
	return person.Person{FirstNames: m.AskerFirst, LastName: m.AskerLast}.Full()
}

const askedFrom = `select m.id, m.family, m.person, p.first_names, p.last_name, p.birth_day,
		case when p.mobile <> '' then p.mobile else p.phone end, m.role, m.relation, m.may_collect,
		coalesce(m.service, ''), coalesce(s.name, ''), m.state, m.asked_at, m.reason, coalesce(m.asked_by, ''),
		coalesce(b.first_names, ''), coalesce(b.last_name, ''), coalesce(b.email, '')
	from family_member m
	join person p on p.id = m.person
	left join person b on b.id = m.asked_by
	left join service s on s.id = m.service`

func scanAsked(s db.Scanner) (asked, error) {
	var m asked
	err := s.Scan(&m.ID, &m.Family, &m.Person, &m.FirstNames, &m.LastName, &m.Born, &m.Phone, &m.Role, &m.Relation,
		&m.MayCollect, &m.Service, &m.ServiceIn, &m.State, &m.AskedAt, &m.Reason, &m.Asker, &m.AskerFirst, &m.AskerLast, &m.AskerEmail)
	return m, err
}

func memberByID(r db.Reader, id MemberID) (asked, error) {
	return db.One(r, "family member", scanAsked, askedFrom+` where m.id = $1`, string(id))
}

// pending lists what waits for an agent, oldest first, at most limit.
func pending(r db.Reader, limit int) ([]asked, error) {
	all, err := db.List(r, scanAsked, askedFrom+` where m.state = 'pending' order by m.asked_at, m.id limit $1`, limit)
	return all, wrap("list pending members", err)
}

// askedBy lists what a family has asked and what became of it, latest first.
func askedBy(r db.Reader, family ID, limit int) ([]asked, error) {
	all, err := db.List(r, scanAsked, askedFrom+` where m.family = $1 and m.asked_by is not null
		order by m.asked_at desc, m.id desc limit $2`, string(family), limit)
	return all, wrap("list family requests", err)
}

func setState(tx *db.Tx, now time.Time, id MemberID, to State, reason string) (bool, error) {
	n, err := tx.Exec(`update family_member set state = $2, decided_at = $3, reason = $4 where id = $1 and state = 'pending'`,
		string(id), string(to), civil.InstantOf(now), reason)
	return n == 1, err
}

// knows tells that a service knows the family; no is a NotFound fault.
func knows(r db.Reader, family ID, service town.ServiceID) error {
	_, err := db.One(r, "family service", db.Column[string], `select service from family_service where family = $1 and service = $2`,
		string(family), string(service))
	return err
}

// namesake tells whether somebody of the same names and birth is in the family or waits to be.
func namesake(r db.Reader, family ID, p person.Person) (bool, error) {
	folded := person.Fold(p.LastName + " " + p.FirstNames)
	names, err := db.List(r, func(s db.Scanner) (string, error) {
		var last, first string
		err := s.Scan(&last, &first)
		return person.Fold(last + " " + first), err
	}, `select p.last_name, p.first_names from family_member m join person p on p.id = m.person
		where m.family = $1 and m.to_day is null and m.state in ('pending', 'approved')`, string(family))
	if err != nil {
		return false, fmt.Errorf("look for namesake: %w", err)
	}
	for _, n := range names {
		if n == folded {
			return true, nil
		}
	}
	return false, nil
}

func insertRestriction(tx *db.Tx, now time.Time, x Restriction) error {
	_, err := tx.Exec(`insert into restriction (id, person, child, from_day, decided_on, reference, set_at)
		values ($1, $2, $3, $4, $5, $6, $7)`, x.ID, string(x.Person), string(x.Child), x.From, x.DecidedOn, x.Reference, civil.InstantOf(now))
	return err
}

func liftRestriction(tx *db.Tx, id string, day civil.Date) (bool, error) {
	n, err := tx.Exec(`update restriction set lifted_day = $2 where id = $1 and lifted_day is null`, id, day)
	if err != nil || n == 1 {
		return n == 1, err
	}
	if _, err := db.One(tx, "restriction", db.Column[string], `select id from restriction where id = $1`, id); fault.KindOf(err) == fault.NotFound {
		return false, err
	}
	return false, nil
}

// restrictions lists those that touch the children of a family, lifted ones too.
func restrictions(r db.Reader, family ID) ([]Restriction, error) {
	all, err := db.List(r, func(s db.Scanner) (Restriction, error) {
		var x Restriction
		err := s.Scan(&x.ID, &x.Person, &x.Child, &x.From, &x.DecidedOn, &x.Reference, &x.Lifted)
		return x, err
	}, `select x.id, x.person, x.child, x.from_day, x.decided_on, x.reference, x.lifted_day from restriction x
		where x.child in (select m.person from family_member m where m.family = $1 and m.role = 'member')
		order by x.from_day, x.id`, string(family))
	return all, wrap("list restrictions", err)
}

// known is somebody of a family as its own adults see it: no address, no e-mail, and a phone for contacts only,
// unless the contact heads another home.
type known struct {
	ID         MemberID
	Family     ID
	Person     person.ID
	Civility   person.Civility
	FirstNames string
	LastName   string
	Born       civil.Date
	Role       Role
	Relation   string
	MayCollect bool
	Service    town.ServiceID
	State      State
	AskedAt    civil.Instant
	Phone      string
	IsChild    bool
	Level      string
	School     string
	TwoHomes   bool
	Photo      string // "" when the reader may not see it
	Account    string // state of the citizen's account, "" without
}

func (k known) full() string {
	return person.Person{FirstNames: k.FirstNames, LastName: k.LastName}.Full()
}

func (k known) first() string {
	return person.Person{FirstNames: k.FirstNames, LastName: k.LastName}.FirstName()
}

func (k known) photoURL() string {
	return person.PhotoURL(person.Person{ID: k.Person, Photo: k.Photo})
}

func (k known) where() string { return Child{Level: k.Level, School: k.School}.Where() }

// members lists the people of the families that person $1 acts in on day $2: those approved or pending, without
// the children that a restriction keeps from that person.
func members(r db.Reader, adult string, day civil.Date) ([]known, error) {
	all, err := db.List(r, func(s db.Scanner) (known, error) {
		var k known
		err := s.Scan(&k.ID, &k.Family, &k.Person, &k.Civility, &k.FirstNames, &k.LastName, &k.Born, &k.Role, &k.Relation,
			&k.MayCollect, &k.Service, &k.State, &k.AskedAt, &k.Phone, &k.IsChild, &k.Level, &k.School, &k.TwoHomes, &k.Photo, &k.Account)
		return k, err
	}, `select m.id, m.family, m.person, p.civility, p.first_names, p.last_name, p.birth_day, m.role, m.relation,
			m.may_collect, coalesce(m.service, ''), m.state, m.asked_at,
			case when m.role <> 'contact' or exists (select 1 from family_member h where h.person = m.person
					and h.family <> m.family and h.role in ('holder', 'coholder')) then ''
				when p.mobile <> '' then p.mobile else p.phone end,
			(c.person is not null), coalesce(c.level, ''), coalesce(s.name, ''),
			`+twoHomes+`, case when `+seen+` then coalesce(p.photo, '') else '' end,
			coalesce((select a.state from account a where a.person = m.person and a.audience = 'citizen' and a.state <> 'closed'), '')
		from family_member adult
		join family_member m on m.family = adult.family and m.state in ('approved', 'pending')
			and (m.to_day is null or m.to_day >= $2)
		join person p on p.id = m.person
		left join child c on c.person = m.person
		left join site s on s.id = c.school
		where `+adultActs+` and not `+restricted("m.person")+`
		order by case m.role when 'holder' then 0 when 'coholder' then 1 when 'member' then 2 else 3 end,
			coalesce(p.birth_day, '9'), p.folded, m.id`, adult, day)
	return all, wrap("list family members", err)
}

// department is a service that knows one of the actor's families.
type department struct {
	Family  ID
	Service town.Service
}

func departments(r db.Reader, a actor.Actor, day civil.Date) ([]department, error) {
	return db.Once(r, "family.departments."+a.Person+day.String(), func() ([]department, error) {
		all, err := db.List(r, func(s db.Scanner) (department, error) {
			var d department
			err := s.Scan(&d.Family, &d.Service.ID, &d.Service.Code, &d.Service.Name, &d.Service.Phone, &d.Service.Email,
				&d.Service.Hours, &d.Service.Counter)
			return d, err
		}, `select fs.family, s.id, s.code, s.name, s.phone, s.email, s.hours, s.counter
			from family_member adult
			join family_service fs on fs.family = adult.family
			join service s on s.id = fs.service
			where `+adultActs+` order by s.position, s.name, s.id, fs.family`, a.Person, day)
		return all, wrap("list family services", err)
	})
}

// Services lists the services that know the actor's families, in the town's order: whom pages tell to call.
func Services(r db.Reader, a actor.Actor, day civil.Date) ([]town.Service, error) {
	all, err := departments(r, a, day)
	var services []town.Service
	seen := map[town.ServiceID]bool{}
	for _, d := range all {
		if !seen[d.Service.ID] {
			seen[d.Service.ID] = true
			services = append(services, d.Service)
		}
	}
	return services, err
}
