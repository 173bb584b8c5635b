package family

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// fileView is the agents' family file.
type fileView struct {
	ID           ID
	Situation    string
	Services     []town.Service
	People       []fileMember
	MayHealth    bool
	MayRestrict  bool
	MayWrite     bool               // act in the family's name
	MayContact   bool               // correct how its adults are reached
	Acts         []web.Event        // what was done at the counter
	Health       map[ChildID]Health // nil: closed
	Restrictions []Restriction
	Panels       []panelView
	TwoHomes     func(ChildID) string // nil: no link
}

type panelView struct {
	Title string
	Body  templ.Component
}

// fileMember is somebody of the family as agents see them.
type fileMember struct {
	ID         MemberID
	Role       Role
	Relation   string
	MayCollect bool
	State      State
	IsChild    bool
	Shared     bool
	TwoHomes   bool // an approved member of another family too
	Level      string
	Class      string
	School     string
	Person     person.Person
	Account    accountFact // of those who act
}

func (m fileMember) where() string { return Child{Level: m.Level, School: m.School}.Where() }

func (v fileView) of(keep func(fileMember) bool) []fileMember {
	var all []fileMember
	for _, m := range v.People {
		if keep(m) {
			all = append(all, m)
		}
	}
	return all
}

func (v fileView) adults() []fileMember {
	return v.of(func(m fileMember) bool { return m.Role.Acts() })
}

func (v fileView) children() []fileMember {
	return v.of(func(m fileMember) bool { return m.IsChild })
}

func (v fileView) others() []fileMember {
	return v.of(func(m fileMember) bool { return !m.Role.Acts() && !m.IsChild })
}

func (v fileView) name(id person.ID) string {
	for _, m := range v.People {
		if m.Person.ID == id {
			return m.Person.Full()
		}
	}
	return "un adulte d’un autre foyer"
}

// title is "Famille Martin – Nguyễn".
func (v fileView) title() string {
	var names []string
	for _, m := range v.adults() {
		if n := m.Person.LastName; n != "" && !contains(names, n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return "Famille"
	}
	return "Famille " + strings.Join(names, " – ")
}

// TitleOf is "la famille Martin – Nguyễn".
func TitleOf(r db.Reader, id ID) (string, error) {
	people, err := filePeople(r, id)
	return "la " + french.Lower(fileView{People: people}.title()), err
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if person.Fold(n) == person.Fold(name) {
			return true
		}
	}
	return false
}

// mayRead tells whether an agent holds a right for one of the services that know the family.
func mayRead(a actor.Actor, right actor.Right, services []town.Service) bool {
	if a.CanFor(right, actor.AllServices) {
		return true
	}
	for _, s := range services {
		if a.CanFor(right, string(s.ID)) {
			return true
		}
	}
	return false
}

// Readable tells whether an agent may open that family's file; no is a NotFound fault. Panels that open by
// themselves ask it too.
func Readable(r db.Reader, a actor.Actor, id ID, right actor.Right) error {
	_, services, err := fileHead(r, id)
	if err != nil {
		return err
	}
	if !mayRead(a, right, services) {
		return fault.Missing("family")
	}
	return nil
}

// inFile refuses a restriction that is not between people of a file the agent may open.
func inFile(r db.Reader, a actor.Actor, id ID, x Restriction) error {
	if err := Readable(r, a, id, RestrictSet); err != nil {
		return err
	}
	people, err := filePeople(r, id)
	if err != nil {
		return err
	}
	adult, child := x.Person == "", x.Child == ""
	for _, m := range people {
		adult = adult || m.Person.ID == x.Person
		child = child || m.IsChild && m.Person.ID == x.Child.PersonID()
	}
	if !adult || !child {
		return fault.Missing("family member")
	}
	return nil
}

func (p Pages) file(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showFile(w, r, a, web.NewForm(), nil)
}

// health opens the health block: a POST, since the reading is written down.
func (p Pages) health(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	id := ID(r.PathValue("id"))
	opened, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (map[ChildID]Health, error) {
		for _, right := range []actor.Right{FileRead, HealthRead} { // who has the second for the lists of the day opens no file
			if err := Readable(tx, a, id, right); err != nil {
				return nil, err
			}
		}
		people, err := filePeople(tx, id)
		if err != nil {
			return nil, err
		}
		all := map[ChildID]Health{}
		for _, m := range people {
			if !m.IsChild {
				continue
			}
			child := ChildID(m.Person.ID)
			if all[child], err = ReadHealth(tx, p.Now(), a, child); err != nil {
				return nil, err
			}
		}
		return all, nil
	})
	if err != nil {
		return err
	}
	return p.showFile(w, r, a, web.NewForm(), opened)
}

func (p Pages) showFile(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, health map[ChildID]Health) error {
	now := p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (fileView, error) {
		return p.readFile(rd, now, a, ID(r.PathValue("id")))
	})
	if err != nil {
		return err
	}
	if err := Looked(r.Context(), p.DB, now, a, v.ID); err != nil {
		return err
	}
	if err := p.logPanels(r.Context(), now, a, v); err != nil {
		return err
	}
	v.Health = health
	page := web.Page{Title: v.title(), Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: v.title()}}}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, filePage(f, v))
}

// ReadingLasts is how long one line of the journal stands for an agent who opens the same file again.
const ReadingLasts = time.Hour

// Looked writes in the journal that an agent was shown a family, once in ReadingLasts: whatever page shows one calls it.
func Looked(ctx context.Context, d *db.DB, now time.Time, a actor.Actor, id ID) error {
	return db.Do(ctx, d, func(tx *db.Tx) error { return audit.ReadOnce(tx, now, a, ReadingLasts, FileReading(id)) })
}

// FileReading is the line of an agent who is shown who a family is.
func FileReading(id ID) audit.Entry {
	return audit.Entry{Action: "family.file.read", Object: "family", ID: string(id)}
}

// logPanels writes down which panels are about to be shown, for those that want it.
func (p Pages) logPanels(ctx context.Context, now time.Time, a actor.Actor, v fileView) error {
	for _, panel := range p.Panels {
		if panel.Log == nil || !mayRead(a, panel.Right, v.Services) {
			continue
		}
		if err := db.Do(ctx, p.DB, func(tx *db.Tx) error { return panel.Log(tx, now, a, string(v.ID)) }); err != nil {
			return fmt.Errorf("log panel %s: %w", panel.Title, err)
		}
	}
	return nil
}

func (p Pages) readFile(r db.Reader, now time.Time, a actor.Actor, id ID) (fileView, error) {
	v := fileView{ID: id, TwoHomes: p.CounterTwoHomes}
	var err error
	if v.Situation, v.Services, err = fileHead(r, id); err != nil {
		return v, err
	}
	if !mayRead(a, FileRead, v.Services) {
		return v, fault.Missing("family")
	}
	v.MayHealth, v.MayRestrict = mayRead(a, HealthRead, v.Services), mayRead(a, RestrictSet, v.Services)
	v.MayWrite, v.MayContact = mayRead(a, FileWrite, v.Services), mayRead(a, person.ContactWrite, v.Services)
	if v.People, err = filePeople(r, id); err != nil {
		return v, err
	}
	acts, err := actsOf(r, id)
	if err != nil {
		return v, err
	}
	for _, x := range acts {
		v.Acts = append(v.Acts, x.event(now.Location()))
	}
	if err := p.readAccounts(r, now, a, v.People); err != nil {
		return v, err
	}
	if len(v.Services) > 0 {
		if v.Restrictions, err = restrictions(r, id); err != nil {
			return v, err
		}
	}
	for _, panel := range p.Panels {
		if !mayRead(a, panel.Right, v.Services) {
			continue
		}
		body, err := panel.Render(r, now, a, string(id))
		if err != nil {
			return v, fmt.Errorf("panel %s: %w", panel.Title, err)
		}
		v.Panels = append(v.Panels, panelView{Title: panel.Title, Body: body})
	}
	return v, nil
}

// readAccounts completes the adults who act with how their accounts stand.
func (p Pages) readAccounts(r db.Reader, now time.Time, a actor.Actor, people []fileMember) error {
	var adults []person.ID
	for _, m := range people {
		if m.Role.Acts() {
			adults = append(adults, m.Person.ID)
		}
	}
	accounts, err := account.OfPeople(r, adults...)
	if err != nil {
		return err
	}
	href := func(account.Account, person.Person) string { return "" }
	if p.Activation != nil {
		if href, err = p.Activation(r, a, accounts); err != nil {
			return err
		}
	}
	for i, m := range people {
		acc := accounts[m.Person.ID]
		people[i].Account = factOf(acc, now.Location())
		if acc.ID != "" {
			people[i].Account.Href = href(acc, m.Person)
		}
	}
	return nil
}

// accountHref is where an agent follows one person's account, "" when the agent may not.
func (p Pages) accountHref(r db.Reader, a actor.Actor, who person.Person) (string, error) {
	accounts, err := account.OfPeople(r, who.ID)
	if err != nil {
		return "", err
	}
	href, err := p.Activation(r, a, accounts)
	if err != nil {
		return "", err
	}
	return href(accounts[who.ID], who), nil
}

// fileHead reads the family and its services; an unknown family is a NotFound fault.
func fileHead(r db.Reader, id ID) (string, []town.Service, error) {
	situation, err := db.One(r, "family", db.Column[string], `select situation from family where id = $1`, string(id))
	if err != nil {
		return "", nil, err
	}
	services, err := db.List(r, func(s db.Scanner) (town.Service, error) {
		var t town.Service
		err := s.Scan(&t.ID, &t.Name)
		return t, err
	}, `select s.id, s.name from family_service fs join service s on s.id = fs.service where fs.family = $1
		order by s.position, s.name, s.id`, string(id))
	return situation, services, wrap("list family services", err)
}

func filePeople(r db.Reader, id ID) ([]fileMember, error) {
	all, err := db.List(r, func(s db.Scanner) (fileMember, error) {
		var m fileMember
		err := s.Scan(&m.ID, &m.Person.ID, &m.Role, &m.Relation, &m.MayCollect, &m.State, &m.IsChild, &m.Shared, &m.TwoHomes, &m.Level, &m.Class, &m.School)
		return m, err
	}, `select m.id, m.person, m.role, m.relation, m.may_collect, m.state, (c.person is not null), coalesce(c.shared_custody, false),
			`+twoHomes+`, coalesce(c.level, ''), coalesce(c.class, ''), coalesce(s.name, '')
		from family_member m
		join person p on p.id = m.person
		left join child c on c.person = m.person
		left join site s on s.id = c.school
		where m.family = $1 and m.to_day is null and m.state in ('approved', 'pending')
		order by case m.role when 'holder' then 0 when 'coholder' then 1 when 'member' then 2 else 3 end,
			coalesce(p.birth_day, '9'), p.folded, p.id`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list family: %w", err)
	}
	ids := make([]person.ID, len(all))
	for i, m := range all {
		ids[i] = m.Person.ID
	}
	people, err := person.Several(r, ids...)
	for i := range all {
		all[i].Person = people[all[i].Person.ID]
	}
	return all, err
}

func familyOfRestriction(r db.Reader, id string) (ID, error) {
	return db.One(r, "restriction", db.Column[ID], `select m.family from restriction x
		join family_member m on m.person = x.person and m.role in ('holder', 'coholder')
		join family_member k on k.family = m.family and k.person = x.child
		where x.id = $1 order by m.family limit 1`, id)
}

func day(d civil.Date) string { return d.French() }
