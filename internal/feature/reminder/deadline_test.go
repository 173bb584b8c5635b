package reminder_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person"
	"parvis/internal/feature/reminder"
)

// TestWhoIsReminded: Inès has the canteen each week since November; of the week of 18 January, whose last moment is
// Thursday 14 at 23:59, nothing is said.
func TestWhoIsReminded(t *testing.T) {
	monday := civil.NewDate(2027, 1, 18)
	cases := map[string]struct {
		before func(h *house)
		at     string
		want   int // mails: one to Camille, one to Thomas
	}{
		"the evening before":              {at: "2027-01-13 18:00", want: 2},
		"an hour too early":               {at: "2027-01-13 17:59"},
		"late, the last evening":          {at: "2027-01-14 23:59", want: 2},
		"past the moment":                 {at: "2027-01-15 00:00"},
		"two days before for one of them": {at: "2027-01-12 18:00", want: 1, before: func(h *house) { h.choose(reminder.Two) }},
		"never for one of them":           {at: "2027-01-13 18:00", want: 1, before: func(h *house) { h.choose(reminder.None) }},
		"booked":                          {at: "2027-01-13 18:00", before: func(h *house) { h.book(h.Ines, h.First, booking.Booked, monday) }},
		"asked of the service":            {at: "2027-01-13 18:00", before: func(h *house) { h.book(h.Ines, h.First, booking.Asked, monday) }},
		"in a waiting list":               {at: "2027-01-13 18:00", before: func(h *house) { h.book(h.Ines, h.First, booking.Waiting, monday) }},
		"given up: they know":             {at: "2027-01-13 18:00", before: func(h *house) { h.book(h.Ines, h.First, booking.Cancelled, monday.AddDays(3)) }},
		"no habit any more":               {at: "2027-01-13 18:00", before: func(h *house) { h.exec(`delete from booking where day >= '2026-12-21'`) }},
		"a habit of every other week": {at: "2027-01-13 18:00", before: func(h *house) {
			h.exec(`delete from booking where day in ('2027-01-04', '2027-01-07', '2026-12-28', '2026-12-31')`)
		}},
		"of such a habit, the other weeks": {at: "2027-01-13 18:00", want: 2, before: func(h *house) {
			h.exec(`delete from booking where day in ('2027-01-11', '2027-01-14', '2026-12-21', '2026-12-24')`)
		}},
		"an account closed":    {at: "2027-01-13 18:00", want: 1, before: func(h *house) { h.exec(`update account set state = 'closed' where person = $1`, string(h.Camille)) }},
		"an account suspended": {at: "2027-01-13 18:00", want: 1, before: func(h *house) { h.exec(`update account set state = 'suspended' where person = $1`, string(h.Camille)) }},
		"an address not confirmed": {at: "2027-01-13 18:00", want: 1, before: func(h *house) {
			h.exec(`update account set email_confirmed_at = null where person = $1`, string(h.Camille))
		}},
		"no address":                       {at: "2027-01-13 18:00", want: 1, before: func(h *house) { h.exec(`update account set email = '' where person = $1`, string(h.Camille)) }},
		"an address that came back":        {at: "2027-01-13 18:00", want: 1, before: func(h *house) { h.left("bounced") }},
		"one that came back, then took":    {at: "2027-01-13 18:00", want: 2, before: func(h *house) { h.left("bounced"); h.left("sent") }},
		"a parent whom a court keeps away": {at: "2027-01-13 18:00", want: 1, before: func(h *house) { h.restrict() }},
		"a parent who left the home": {at: "2027-01-13 18:00", want: 1, before: func(h *house) {
			h.exec(`update family_member set to_day = '2027-01-10' where person = $1`, string(h.Camille))
		}},
		"the child left": {at: "2027-01-13 18:00", before: func(h *house) { h.exec(`update enrolment set to_day = '2027-01-15' where child = $1`, string(h.Ines)) }},
		"all places closed by a strike": {at: "2027-01-13 18:00", before: func(h *house) {
			h.exec(`update slot set state = 'closed' where day between '2027-01-18' and '2027-01-24'`)
		}},
	}
	each(t, canteen(), func(t *testing.T, h *house) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				h.t = t
				h.reset()
				h.habit(monday, 6)
				if c.before != nil {
					c.before(h)
				}
				h.at(c.at).sweep()
				all := h.letters()
				if len(all) != c.want {
					t.Fatalf("%d mails, want %d: %+v", len(all), c.want, all)
				}
				for _, l := range all {
					text := strings.Join(l.Paragraphs, " ")
					if l.Dropped || l.Subject != "Date limite\u00a0: jeudi 14 janvier 2027 à 23\u202fh\u202f59" || !strings.Contains(text, "Inès, Restauration scolaire, semaine du 18 janvier") ||
						strings.Contains(text, "Jérémy") || strings.Contains(text, "Martin-") || !strings.HasPrefix(l.Stop, "https://portail.test/rappels/") {
						t.Errorf("%+v", l)
					}
				}
			})
		}
	})
}

func (h *house) choose(ahead reminder.Ahead) {
	h.do(func(tx *db.Tx) error { return reminder.SetAhead(tx, h.now, h.accounts[h.Camille], ahead) })
}

// left is a mail that left for Camille some time ago.
func (h *house) left(state string) {
	h.exec(`insert into mail_outbox (id, template, args, to_address, account, state, next_at, created_at) values ($1, 'essai', '{}', $2, $3, $4, 0, 0)`,
		db.NewID(), "de."+string(h.Camille)+"@exemple.fr", h.accounts[h.Camille].Account, state)
}

func (h *house) restrict() {
	h.do(func(tx *db.Tx) error {
		_, err := family.Restrict(tx, h.now, familytest.Agent(family.RestrictSet), family.Restriction{Person: h.Camille, Child: h.Ines, DecidedOn: civil.NewDate(2027, 1, 4), Reference: "27/0001"})
		return err
	})
}

// TestAMailIsTrueWhenItLeaves: what is answered, refused or over between the writing and the leaving is said no more.
func TestAMailIsTrueWhenItLeaves(t *testing.T) {
	monday := civil.NewDate(2027, 1, 18)
	cases := map[string]func(h *house){
		"answered":         func(h *house) { h.book(h.Ines, h.First, booking.Booked, monday) },
		"over":             func(h *house) { h.at("2027-01-15 00:00") },
		"wanted no more":   func(h *house) { h.choose(reminder.None) },
		"the account gone": func(h *house) { h.exec(`update account set state = 'closed'`) },
		"kept away since":  func(h *house) { h.restrict() },
	}
	each(t, canteen(), func(t *testing.T, h *house) {
		for name, then := range cases {
			t.Run(name, func(t *testing.T) {
				h.t = t
				h.reset()
				h.habit(monday, 6)
				h.exec(`update account set state = 'suspended' where person = $1`, string(h.Thomas))
				h.at("2027-01-13 18:00").sweep()
				if all := h.letters(); len(all) != 1 || all[0].Dropped {
					t.Fatalf("before: %+v", all)
				}
				then(h)
				if all := h.letters(); len(all) != 1 || !all[0].Dropped {
					t.Errorf("after: %+v", all)
				}
			})
		}
	})
}

// TestOneMailForAllThatIsSilent: children and activities of a week, in one mail, and no other for that week.
func TestOneMailForAllThatIsSilent(t *testing.T) {
	monday := civil.NewDate(2027, 1, 18) // an odd week: Jérémy is at Bruno's
	each(t, canteen(), func(t *testing.T, h *house) {
		h.habit(monday.AddDays(7), 6)
		for _, m := range []civil.Date{monday.AddDays(-21), monday.AddDays(-7)} { // even weeks
			h.book(h.Jeremy, h.First, booking.Booked, m)
		}
		h.exec(`update account set state = 'suspended' where person = $1`, string(h.Thomas))
		h.at("2027-01-20 18:00").sweep() // of the week of 25, even
		all := h.letters()
		if len(all) != 1 || !strings.Contains(strings.Join(all[0].Paragraphs, " "), "Jérémy et Inès, Restauration scolaire, semaine du 25 janvier") {
			t.Fatalf("%+v", all)
		}
		h.at("2027-01-20 19:00").sweep()
		h.book(h.Jeremy, h.First, booking.Booked, monday.AddDays(7))
		h.at("2027-01-21 20:00").sweep()
		if all := h.letters(); len(all) != 1 || strings.Contains(strings.Join(all[0].Paragraphs, " "), "Jérémy") {
			t.Errorf("once one of both is booked: %+v", all)
		}
	})
}

// TestDayByDayDeadlinesAreToldOnce: « la veille à 9 h » has five last moments a week; the first alone is told, and what is
// late of a week silences the rest of it.
func TestDayByDayDeadlinesAreToldOnce(t *testing.T) {
	plan := canteen()
	plan.Policy.Rules = []activity.Rule{{Action: activity.Book, Anchor: activity.AnchorDay, Offset: 1, Measure: activity.Days, Minute: 540}}
	monday := civil.NewDate(2027, 1, 18)
	each(t, plan, func(t *testing.T, h *house) {
		for name, c := range map[string]struct {
			at   []string
			want int
		}{
			"the evening before the first": {at: []string{"2027-01-16 18:00", "2027-01-17 08:00", "2027-01-19 18:00", "2027-01-20 18:00"}, want: 2},
			"once the first is past":       {at: []string{"2027-01-17 10:00", "2027-01-19 18:00", "2027-01-20 08:00"}},
		} {
			t.Run(name, func(t *testing.T) {
				h.t = t
				h.reset()
				h.habit(monday, 6)
				for _, at := range c.at {
					h.at(at).sweep()
				}
				if n := len(h.letters()); n != c.want {
					t.Errorf("%d mails, want %d", n, c.want)
				}
			})
		}
	})
}

// TestTheFirstPageSaysTheSame: « À faire » has the week that a mail would speak of, for each home its own.
func TestTheFirstPageSaysTheSame(t *testing.T) {
	monday := civil.NewDate(2027, 1, 18)
	each(t, canteen(), func(t *testing.T, h *house) {
		h.habit(monday, 6)
		h.at("2027-01-13 18:00")
		todos := func(who person.ID) []web.Todo {
			got, err := db.Read(db.Remember(context.Background()), h.d, func(r db.Reader) ([]web.Todo, error) {
				return booking.Pages{DB: h.d, Catalogue: h.Catalogue}.DeadlineTodos(r, h.now, h.accounts[who])
			})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		got := todos(h.Camille)
		if len(got) != 1 || got[0].Title != "Semaine du 18 janvier\u00a0: rien n’est réservé" || got[0].When != monday.AddDays(-4) || !strings.Contains(got[0].Detail, "Inès, Restauration scolaire\u00a0: jusqu’à demain jeudi 14") {
			t.Errorf("%+v", got)
		}
		if got := todos(h.Bruno); len(got) != 0 {
			t.Errorf("in the other home: %+v", got)
		}
		h.book(h.Ines, h.First, booking.Cancelled, monday)
		if got := todos(h.Camille); len(got) != 0 {
			t.Errorf("once answered: %+v", got)
		}
	})
}
