package app_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

func parent(account account.ID, who person.ID) actor.Actor {
	return actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(account), Person: string(who)}
}

// sharedChild makes, between two homes, a child with all that two homes can have: a sharing that stands, a proposal of
// each, days offered both ways, taken and not taken.
func sharedChild(tx *db.Tx, now time.Time, child family.ChildID, homes [2]family.ID, heads [2]actor.Actor) error {
	job, today := actor.Job("test"), civil.DateOf(now)
	sharing := custody.Sharing{Reference: "RG 26/01234", DecidedOn: today.AddDays(-30), Arrangement: custody.Arrangement{Home: homes[0], Other: homes[1], Kind: custody.EvenOddWeeks,
		Change: time.Monday, Days: civil.Range{From: today}, Spans: []custody.Span{{Range: civil.Range{From: today.AddDays(30), To: today.AddDays(36)}, Home: homes[1]}}}}
	if _, err := custody.Enter(tx, now, job, child, sharing); err != nil {
		return err
	}
	for i, head := range heads {
		x := sharing
		x.Home, x.Other = homes[i], homes[1-i]
		if _, err := custody.Propose(tx, now, head, child, x); err != nil {
			return err
		}
	}
	offered := [2]int{}
	for i := range 20 {
		day := today.AddDays(i)
		giver := 0 // even weeks are the first home’s
		if day.ISOWeek()%2 == 1 {
			giver = 1
		}
		if offered[giver]++; offered[giver] > 3 {
			continue
		}
		id, err := custody.OfferDay(tx, now, heads[giver], child, day)
		if err != nil {
			return fmt.Errorf("offer %s: %w", day, err)
		}
		if offered[giver] == 3 {
			continue
		}
		if _, err := custody.AnswerDay(tx, now, heads[1-giver], id, offered[giver] == 1); err != nil {
			return err
		}
	}
	return nil
}

// TestTwoHomesLeakNothing renders every page of a home’s space, as far as its links lead, and every mail to it, and looks
// for what is the other home’s: name, address, phone, e-mail, income, invoices.
func TestTwoHomesLeakNothing(t *testing.T) {
	m := newMatrixTown(t, "sqlite")
	homes := [2]family.ID{family.ID(m.targets["first"]["family"]), family.ID(m.targets["second"]["family"])}
	people := [2]someone{m.people[1], m.people[2]}
	heads := [2]actor.Actor{parent(people[0].account, people[0].person), parent(people[1].account, people[1].person)}
	var child family.ChildID
	m.do(func(tx *db.Tx) error {
		job := actor.Job("test")
		if _, err := tx.Exec(`delete from restriction`); err != nil {
			return err
		}
		who := must(person.Insert(tx, m.now, job, person.Person{LastName: "Commun", FirstNames: "Lou", BirthDay: civil.NewDate(2018, 5, 4)}))
		for _, id := range homes {
			child = must(family.AddChild(tx, m.now, job, family.NewChild{Family: id, Person: who, Level: "CE2"}))
		}
		at := must(db.One(tx, "activity", db.Column[string], `select min(activity) from enrolment`))
		unit := must(db.One(tx, "unit", db.Column[string], `select unit from booking limit 1`))
		if _, err := enrolment.Insert(tx, m.now, job, enrolment.Enrolment{Child: child, Activity: activity.ID(at),
			Days: civil.Range{From: civil.NewDate(2026, 9, 1), To: civil.NewDate(2027, 7, 2)}}); err != nil {
			return err
		}
		for i, id := range homes {
			if _, err := booking.InsertMany(tx, m.now, job, []booking.Row{{Child: child, Unit: activity.UnitID(unit), Day: civil.DateOf(m.now).AddDays(1 + i), Family: id, State: booking.Booked}}); err != nil {
				return err
			}
			if _, err := tx.Exec(`insert into incident (id, kind, family, child, activity, day, rules, found_at, told_at, told_day)
				select $1, 'unbooked', $2, $3, x.activity, $4, x.id, $5, $5, $4 from (select id, activity from absence_rules limit 1) x`,
				"ecart-"+string(id), string(id), string(child), civil.DateOf(m.now).AddDays(-1-i), civil.InstantOf(m.now)); err != nil {
				return err
			}
		}
		return sharedChild(tx, m.now, child, homes, heads)
	})
	for i, name := range []string{"first", "second"} {
		other := []string{"second", "first"}[i]
		secrets := append(slices.Clone(m.secrets[other]), string(homes[1-i]))
		pages := m.walk(people[i], name, child)
		for path, text := range pages {
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%s reads %q of the other home on %s", people[i].name, s, path)
				}
			}
		}
		shared := pages["/espace/famille/partage/"+string(child)]
		if !strings.Contains(pages["/espace/absences"], "ecart-"+string(homes[i])) || !strings.Contains(pages["/espace"], "ecart-"+string(homes[i])) {
			t.Errorf("%s home does not read its own incident", name)
		}
		for _, want := range []string{"chez vous", "l’autre foyer", "L’autre foyer vous confie le", "RG 26/01234"} {
			if !strings.Contains(shared, want) {
				t.Errorf("the page of two homes lacks %q", want)
			}
		}
		mails := m.mailsTo(strings.ToLower([]string{firstCanary, secondCanary}[i]) + "@exemple.fr")
		for _, text := range mails {
			for _, s := range secrets {
				if strings.Contains(text, s) {
					t.Errorf("%s is mailed %q of the other home: %s", people[i].name, s, text)
				}
			}
		}
		t.Logf("%s home: %d pages, %d mails, %d secrets of the other sought", name, len(pages), len(mails), len(secrets))
		if len(pages) < 30 || len(mails) < 4 {
			t.Errorf("only %d pages and %d mails", len(pages), len(mails))
		}
	}
}

var spaceLinks = regexp.MustCompile(`href="(/espace[^"#]*)"`)

// walk asks for every page of somebody’s space, then for all that they link to.
func (m *matrixTown) walk(who someone, home string, child family.ChildID) map[string]string {
	var queue []string
	for _, r := range m.app.Routes() {
		if r.Method != http.MethodGet || r.Access != web.Citizen && r.Access != web.Activated {
			continue
		}
		if r.Object == web.Object("child") {
			queue = append(queue, strings.Replace(r.Path, "{id}", string(child), 1))
			continue
		}
		queue = append(queue, strings.Replace(r.Path, "{id}", m.targets[home][r.Object], 1))
	}
	pages := map[string]string{}
	for len(queue) > 0 && len(pages) < 400 {
		path := strings.ReplaceAll(queue[0], "&amp;", "&")
		queue = queue[1:]
		if _, seen := pages[path]; seen {
			continue
		}
		r := httptest.NewRequest(http.MethodGet, "http://portail.test"+path, nil)
		r.AddCookie(&http.Cookie{Name: account.SessionCookie, Value: m.session(who)})
		w := httptest.NewRecorder()
		m.app.Handler().ServeHTTP(w, r)
		pages[path] = w.Body.String() + fmt.Sprint(w.Header())
		if w.Code >= 500 {
			m.t.Errorf("%s: %d", path, w.Code)
		}
		for _, link := range spaceLinks.FindAllStringSubmatch(w.Body.String(), -1) {
			queue = append(queue, link[1])
		}
	}
	return pages
}

// mailsTo renders all that waits to be sent to an address.
func (m *matrixTown) mailsTo(address string) []string {
	templates := map[string]mail.Template{}
	for _, x := range m.app.Templates() {
		templates[x.Name] = x
	}
	all, err := db.Read(context.Background(), m.app.DB, func(r db.Reader) (texts []string, err error) {
		waiting, err := mail.InState(r, mail.Queued, 1000)
		for _, x := range waiting {
			if x.To != address || !strings.HasPrefix(x.Template, "family.custody") && !strings.HasPrefix(x.Template, "custody.") {
				continue
			}
			parts, err := db.One(r, "parts of a mail", db.Column[string], `select parts from mail_outbox where id = $1`, string(x.ID))
			if err != nil {
				return nil, err
			}
			if parts != "" {
				x.Args[mail.Parts] = parts
			}
			body, err := templates[x.Template].Render(context.Background(), r, x.Args)
			if errors.Is(err, mail.ErrDrop) { // answered meanwhile
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("render %s: %w", x.Template, err)
			}
			subject, text, html, err := mail.Render(mail.Look{Town: "Rivebelle"}, body)
			if err != nil {
				return nil, err
			}
			texts = append(texts, subject+"\n"+text+"\n"+html)
		}
		return texts, err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return all
}

// TestTwoHomesPagesAreConstant counts the statements of every page for a child of two homes, before its days are shared
// and after, with all that two homes can have.
func TestTwoHomesPagesAreConstant(t *testing.T) {
	eachLoadTown(t, func(t *testing.T, l *loadTown) {
		homes := l.add(2, func(int) int { return 2 })
		first, second := homes[0], homes[1]
		child := first.kids[0]
		l.do(func(tx *db.Tx, job actor.Actor) error {
			_, err := family.AddChild(tx, l.Now(), job, family.NewChild{Family: second.id, Person: child.PersonID()})
			return err
		})
		before := l.counted(first)
		l.do(func(tx *db.Tx, job actor.Actor) error {
			heads := [2]actor.Actor{}
			for i, h := range homes {
				who, err := db.One(tx, "account", db.Column[person.ID], `select person from account where id = $1`, string(h.account))
				if err != nil {
					return err
				}
				heads[i] = parent(h.account, who)
			}
			return sharedChild(tx, l.Now(), child, [2]family.ID{first.id, second.id}, heads)
		})
		after := l.counted(first)
		for _, page := range slices.Sorted(maps.Keys(after)) {
			if after[page] != before[page] || after[page] > maxStatements {
				t.Errorf("%s: %d statements, %d before the days were shared, %d at most", page, after[page], before[page], maxStatements)
			}
			if strings.Contains(page, "partage") {
				t.Logf("%-45s %d", page, after[page])
			}
		}
	})
}
