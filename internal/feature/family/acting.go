package family

import (
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// adultActs is who acts in a family on day $2: person $1 as holder or co-holder.
const adultActs = `adult.person = $1 and adult.role in ('holder', 'coholder') and adult.state = 'approved'
	and adult.from_day <= $2 and (adult.to_day is null or adult.to_day >= $2)`

// restricted is a court's restriction that stands on day $2 between an adult and the child named by the column.
func restricted(child string) string {
	return KeptAway("adult.person", child, "$2")
}

// acting is the rule of who may act for which child on day $2, and the only text of it.
var acting = `from family_member adult
	join family_member kid on kid.family = adult.family and kid.role = 'member' and kid.state = 'approved'
		and kid.from_day <= $2 and (kid.to_day is null or kid.to_day >= $2)
	join child on child.person = kid.person
	where ` + adultActs + ` and not ` + restricted("child.person")

// seen is whose photo adult may see among the members m of the same family, on day $2: oneself, the children one may
// act for, and the other adults who act, as long as no restriction stands between either of the two and a child there.
var seen = `(m.person = adult.person or m.state = 'approved' and m.from_day <= $2 and (m.to_day is null or m.to_day >= $2) and (
	m.role = 'member' and m.person in (select child.person ` + acting + `)
	or m.role in ('holder', 'coholder') and not exists (select 1 from restriction x
		join family_member k on k.person = x.child and k.family = m.family
		where x.person in (adult.person, m.person) and x.from_day <= $2 and (x.lifted_day is null or x.lifted_day > $2))))`

// twoHomes tells that m is an approved member of another family too.
const twoHomes = `exists (select 1 from family_member o where o.person = m.person and o.family <> m.family
	and o.role = 'member' and o.state = 'approved' and o.to_day is null)`

// MayAct tells whether the actor may read and book for a child on a day, and returns the family that does: a
// holder or co-holder of a family where the child is approved, unless a restriction between the two stands. It is
// the one answer to that question; no is a NotFound fault, as for a child that does not exist.
func MayAct(r db.Reader, a actor.Actor, child ChildID, day civil.Date) (ID, error) {
	if a.Kind != actor.Citizen || a.State != actor.Active || a.Person == "" {
		return "", fault.Missing("child")
	}
	return db.One(r, "child", db.Column[ID], `select kid.family `+acting+` and child.person = $3
		order by kid.family limit 1`, a.Person, day, string(child))
}

// MaySeePhoto tells whether a citizen may see somebody's photo: within a family, and only there.
func MaySeePhoto(r db.Reader, now time.Time, a actor.Actor, id person.ID) (bool, error) {
	if a.Kind != actor.Citizen || a.State != actor.Active || a.Person == "" {
		return false, nil
	}
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from family_member adult
		join family_member m on m.family = adult.family and m.person = $3
		where `+adultActs+` and `+seen, a.Person, civil.DateOf(now), string(id))
	return n > 0, wrap("look who may see a photo", err)
}

// FilePhoto tells whether an agent may see somebody's photo: who may open a file that the person is in.
func FilePhoto(r db.Reader, _ time.Time, a actor.Actor, id person.ID) (bool, error) {
	services, err := db.List(r, db.Column[string], `select coalesce(fs.service, '') from family_member m
		left join family_service fs on fs.family = m.family
		where m.person = $1 and m.to_day is null and m.state in ('approved', 'pending')`, string(id))
	if err != nil {
		return false, wrap("look for the files of a person", err)
	}
	for _, s := range services {
		if a.CanFor(FileRead, actor.AllServices) || s != "" && a.CanFor(FileRead, s) {
			return true, nil
		}
	}
	return false, nil
}

// Child is a child as the adults who act for it see it.
type Child struct {
	ID         ChildID
	Family     ID // the actor's family, not the other home
	LastName   string
	FirstNames string
	Civility   person.Civility
	Born       civil.Date
	School     string
	Level      string
	Class      string
	TwoHomes   bool // an approved member of another family too
	Photo      string
	Rank       int // among the actor's children, eldest first, from 0
}

// First is the first name that families call the child by.
func (c Child) First() string {
	return person.Person{FirstNames: c.FirstNames, LastName: c.LastName}.FirstName()
}

// Full is the first and last name.
func (c Child) Full() string {
	return person.Person{FirstNames: c.FirstNames, LastName: c.LastName}.Full()
}

// PhotoURL is where the child's photo is for those who act for it, "" without one.
func (c Child) PhotoURL() string {
	return person.PhotoURL(person.Person{ID: c.ID.PersonID(), Photo: c.Photo})
}

// Where is "CM1, Élémentaire Jean-Moulin", "" when nothing is known.
func (c Child) Where() string {
	level := LevelLabel(c.Level)
	switch {
	case level == "":
		return c.School
	case c.School == "":
		return level
	}
	return level + ", " + c.School
}

// ClassWords is a level and a class, as files name them: « CM1, CM1-A », or one of them alone.
func ClassWords(level, class string) string {
	level = LevelLabel(level)
	switch {
	case class == "" || class == level:
		return level
	case level == "":
		return class
	}
	return level + ", " + class
}

// relative is somebody of a family that the actor acts in; Acts tells that the actor may act for that child.
type relative struct {
	Child
	Role  Role
	State State
	Acts  bool
}

// circle reads everybody of the families that the actor acts in on a day, in one query: what Children and
// Households are made of. There is nobody for anybody but an active citizen.
func circle(r db.Reader, a actor.Actor, day civil.Date) ([]relative, error) {
	if a.Kind != actor.Citizen || a.State != actor.Active || a.Person == "" {
		return nil, nil
	}
	return db.Once(r, "family.circle."+a.Person+day.String(), func() ([]relative, error) {
		all, err := db.List(r, func(s db.Scanner) (relative, error) {
			var x relative
			err := s.Scan(&x.ID, &x.Family, &x.LastName, &x.FirstNames, &x.Civility, &x.Born, &x.School, &x.Level, &x.Class,
				&x.TwoHomes, &x.Photo, &x.Role, &x.State, &x.Acts)
			return x, err
		}, `select m.person, m.family, p.last_name, p.first_names, p.civility, p.birth_day, coalesce(s.name, ''),
				coalesce(c.level, ''), coalesce(c.class, ''), `+twoHomes+`, coalesce(p.photo, ''), m.role, m.state,
				(m.role = 'member' and m.state = 'approved' and m.person in (select child.person `+acting+`))
			from family_member adult
			join family_member m on m.family = adult.family and m.state in ('approved', 'pending')
				and (m.to_day is null or m.to_day >= $2)
			join person p on p.id = m.person
			left join child c on c.person = m.person
			left join site s on s.id = c.school
			where `+adultActs+`
			order by coalesce(p.birth_day, '9'), p.folded, p.id, m.family`, a.Person, day)
		return all, wrap("read the actor's families", err)
	})
}

// Children lists those whom the actor may act for on a day, eldest first, each once.
func Children(r db.Reader, a actor.Actor, day civil.Date) ([]Child, error) {
	all, err := circle(r, a, day)
	if err != nil {
		return nil, err
	}
	var children []Child
	for _, x := range all {
		if n := len(children); x.Acts && (n == 0 || children[n-1].ID != x.ID) {
			x.Rank = n
			children = append(children, x.Child)
		}
	}
	return children, nil
}

// Household is a family in which the actor is holder or co-holder, with how many people it has.
type Household struct {
	ID       ID
	Members  int // approved adults and children
	Contacts int
	Pending  int // waiting for a service's answer
}

// Households lists the families that the actor acts in on a day: usually one.
func Households(r db.Reader, a actor.Actor, day civil.Date) ([]Household, error) {
	all, err := circle(r, a, day)
	if err != nil {
		return nil, err
	}
	at := map[ID]int{}
	var homes []Household
	for _, x := range all {
		i, known := at[x.Family]
		if !known {
			i = len(homes)
			at[x.Family] = i
			homes = append(homes, Household{ID: x.Family})
		}
		switch {
		case x.State == Pending:
			homes[i].Pending++
		case x.Role == Contact:
			homes[i].Contacts++
		default:
			homes[i].Members++
		}
	}
	return homes, nil
}

// Owns tells whether the actor acts in that family; no is a NotFound fault.
func Owns(r db.Reader, a actor.Actor, id ID, day civil.Date) error {
	all, err := Households(r, a, day)
	if err != nil {
		return err
	}
	for _, h := range all {
		if h.ID == id {
			return nil
		}
	}
	return fault.Missing("family")
}

// ChildrenOf lists the children of a family for agents, eldest first, whoever may act for them.
func ChildrenOf(r db.Reader, id ID) ([]Child, error) {
	all, err := db.List(r, scanChild, `select m.person, m.family, p.last_name, p.first_names, p.civility, p.birth_day,
			coalesce(s.name, ''), c.level, c.class, `+twoHomes+`, coalesce(p.photo, '')
		from family_member m
		join child c on c.person = m.person
		join person p on p.id = m.person
		left join site s on s.id = c.school
		where m.family = $1 and m.role = 'member' and m.state = 'approved' and m.to_day is null
		order by coalesce(p.birth_day, '9'), p.folded, p.id`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list children of family: %w", err)
	}
	for i := range all {
		all[i].Rank = i
	}
	return all, nil
}

func scanChild(s db.Scanner) (Child, error) {
	var c Child
	err := s.Scan(&c.ID, &c.Family, &c.LastName, &c.FirstNames, &c.Civility, &c.Born, &c.School, &c.Level, &c.Class, &c.TwoHomes, &c.Photo)
	return c, err
}
