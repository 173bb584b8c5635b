package family

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// OpenFamily makes a family of one adult, its holder, known to the chosen services; the agent must be allowed to
// write for each. It is a building block of admission, which writes the audit line of its decision.
func OpenFamily(tx *db.Tx, now time.Time, a actor.Actor, holder person.ID, services []town.ServiceID) (ID, error) {
	if len(services) == 0 {
		return "", fault.InvalidFields(fault.Field{Name: "service", Sentence: "Choisissez au moins un service."})
	}
	for _, s := range services {
		if !a.CanFor(FileWrite, string(s)) {
			return "", fault.New(fault.Forbidden, "")
		}
	}
	id := ID(db.NewID())
	if err := insertFamily(tx, now, id, ""); err != nil {
		return "", fmt.Errorf("insert family: %w", err)
	}
	for _, s := range services {
		if err := insertService(tx, id, s); err != nil {
			return "", fmt.Errorf("insert family service: %w", err)
		}
	}
	added, err := insertMember(tx, now, MemberID(db.NewID()), NewMember{Family: id, Person: holder, Role: Holder, State: Approved, From: civil.DateOf(now)})
	if err != nil || !added {
		return "", fmt.Errorf("insert holder: %w", err)
	}
	return id, nil
}

// Home is a family that somebody belongs to, as an agent needs it to tell who somebody is.
type Home struct {
	Family   ID
	Role     Role
	Adults   []string // first and last names, the person apart
	Children []string // first names
	Services []town.Service
}

// Reached tells whether an agent holds a right for one of the services that know the family.
func (h Home) Reached(a actor.Actor, right actor.Right) bool { return mayRead(a, right, h.Services) }

// Acts tells whether the person is holder or co-holder.
func (h Home) Acts() bool { return h.Role.Acts() }

// HomesOf lists the families that people belong to on a day, in two statements whatever their number.
func HomesOf(r db.Reader, day civil.Date, ids ...person.ID) (map[person.ID][]Home, error) {
	homes := map[person.ID][]Home{}
	if len(ids) == 0 {
		return homes, nil
	}
	marks, args := make([]string, len(ids)), []any{day}
	for i, id := range ids {
		args = append(args, string(id))
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	among := strings.Join(marks, ", ")
	rows, err := homeRows(r, among, args)
	if err != nil {
		return nil, fmt.Errorf("list homes: %w", err)
	}
	services, err := homeServices(r, among, args)
	if err != nil {
		return nil, fmt.Errorf("list services of homes: %w", err)
	}
	for _, x := range rows {
		all := homes[x.who]
		if n := len(all); n == 0 || all[n-1].Family != x.family {
			all = append(all, Home{Family: x.family, Role: x.role, Services: services[x.family]})
		}
		last := &all[len(all)-1]
		switch {
		case x.other == "" || x.other == x.who:
		case x.child:
			last.Children = append(last.Children, x.name.FirstName())
		case x.otherRole.Acts():
			last.Adults = append(last.Adults, x.name.Full())
		}
		homes[x.who] = all
	}
	return homes, nil
}

type homeRow struct {
	who, other      person.ID
	family          ID
	role, otherRole Role
	child           bool
	name            person.Person
}

// standing is a member who is in the family on day $1.
const standing = `.state = 'approved' and (%[1]s.to_day is null or %[1]s.to_day >= $1)`

func homeRows(r db.Reader, among string, args []any) ([]homeRow, error) {
	return db.List(r, func(s db.Scanner) (homeRow, error) {
		var x homeRow
		err := s.Scan(&x.who, &x.family, &x.role, &x.other, &x.otherRole, &x.child, &x.name.LastName, &x.name.FirstNames)
		return x, err
	}, `select m.person, m.family, m.role, o.person, o.role, (c.person is not null), p.last_name, p.first_names
		from family_member m
		join family_member o on o.family = m.family and o`+fmt.Sprintf(standing, "o")+`
		join person p on p.id = o.person
		left join child c on c.person = o.person
		where m.person in (`+among+`) and m`+fmt.Sprintf(standing, "m")+`
		order by m.person, case m.role when 'holder' then 0 when 'coholder' then 1 else 2 end, m.family, coalesce(p.birth_day, '9'), p.folded, o.id`, args...)
}

func homeServices(r db.Reader, among string, args []any) (map[ID][]town.Service, error) {
	type row struct {
		family  ID
		service town.Service
	}
	rows, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.family, &x.service.ID, &x.service.Name, &x.service.Order)
		return x, err
	}, `select distinct fs.family, s.id, s.name, s.position from family_member m
		join family_service fs on fs.family = m.family
		join service s on s.id = fs.service
		where m.person in (`+among+`) and m`+fmt.Sprintf(standing, "m")+`
		order by fs.family, s.position, s.name, s.id`, args...)
	services := map[ID][]town.Service{}
	for _, x := range rows {
		services[x.family] = append(services[x.family], x.service)
	}
	return services, err
}

// HeadEmails lists the e-mail addresses of those who head families on a day, each once.
func HeadEmails(r db.Reader, day civil.Date, families ...ID) ([]string, error) {
	if len(families) == 0 {
		return nil, nil
	}
	marks, args := make([]string, len(families)), []any{day}
	for i, id := range families {
		args = append(args, string(id))
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	all, err := db.List(r, db.Column[string], `select distinct p.email from family_member m join person p on p.id = m.person
		where m.family in (`+strings.Join(marks, ", ")+`) and m.role in ('holder', 'coholder') and m`+fmt.Sprintf(standing, "m")+`
			and p.email <> '' order by p.email`, args...)
	return all, wrap("list addresses of families", err)
}
