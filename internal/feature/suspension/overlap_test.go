package suspension_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/suspension"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// twice tells that a day is refused because another suspension has it.
func twice(err error) bool {
	return slices.ContainsFunc(fault.FieldsOf(err), func(f fault.Field) bool {
		return f.Name == "debut" && strings.Contains(f.Sentence, "Grève du personnel")
	})
}

func TestADayIsSuspendedOnce(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newParts(t, d)
		was := s.parts(wednesday)
		s.asked.Units = []activity.UnitID{s.Units["Repas"]}
		s.asked.Days.To = wednesday
		first := s.made()
		one, week := civil.Range{From: wednesday, To: wednesday}, civil.Range{From: wednesday.AddDays(-1), To: wednesday.AddDays(7)}
		for name, x := range map[string]struct {
			days  civil.Range
			units []activity.UnitID
			sites []town.SiteID
		}{"the same": {one, s.asked.Units, nil}, "all of the day": {one, nil, nil}, "another part": {one, []activity.UnitID{s.Units["Après-midi"]}, nil},
			"a range around it": {week, nil, nil}, "one of its sites": {one, nil, []town.SiteID{s.School}}} {
			ask := s.asked
			ask.Days, ask.Units, ask.Sites, ask.Reason = x.days, x.units, x.sites, "Travaux"
			if _, err := s.suspend(s.agent(), ask); !twice(err) {
				t.Errorf("%s, while families are told: %v", name, err)
			}
		}
		s.run(first)
		whole := s.asked
		whole.Units, whole.Reason = nil, "Travaux"
		if _, err := s.suspend(s.agent(), whole); !twice(err) {
			t.Errorf("once closed: %v", err)
		}
		if got := s.column(`select count(*) from suspension`); got != "1" {
			t.Errorf("%s suspensions", got)
		}
		if err := s.reopen(first); err != nil {
			t.Fatal(err)
		}
		if _, err := s.suspend(s.agent(), whole); !twice(err) || !strings.Contains(fault.FieldsOf(err)[0].Sentence, "En train d’être rouvert") {
			t.Errorf("while it reopens: %v", err)
		}
		s.run(first)
		if got := s.parts(wednesday); got != was {
			t.Errorf("given back: %s", got)
		}
		second, err := s.suspend(s.agent(), whole)
		if err != nil {
			t.Fatalf("once reopened: %v", err)
		}
		s.run(second)
		if err := s.reopen(second); err != nil {
			t.Fatal(err)
		}
		s.run(second)
		if got := s.parts(wednesday); got != was {
			t.Errorf("the second gives back: %s", got)
		}
		if got := s.column(`select distinct state || left_days from suspension`); got != "reopened0" {
			t.Errorf("noted: %s", got)
		}
	})
}

// Days, sites and groups apart are suspended by whom they concern, and come back in either order, each day once, each
// family told of its own.
func TestSuspensionsSideBySideComeBackInEitherOrder(t *testing.T) {
	for name, order := range map[string][]int{"the first first": {0, 1}, "the later first": {1, 0}} {
		t.Run(name, func(t *testing.T) {
			testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
				s := newStrike(t, d)
				var ids []suspension.ID
				for _, day := range []civil.Date{thursday, friday} {
					s.asked.Days = civil.Range{From: day, To: day}
					ids = append(ids, s.made())
				}
				for _, id := range ids {
					s.run(id)
				}
				if got := s.stands(); got != "cancelled cancelled cancelled cancelled | closed:0 closed:0" {
					t.Fatalf("after both: %s", got)
				}
				for _, i := range order {
					if err := s.reopen(ids[i]); err != nil {
						t.Fatal(err)
					}
					s.run(ids[i])
				}
				if got := s.stands(); got != full {
					t.Errorf("given back: %s", got)
				}
				if got := s.column(`select distinct state || left_days from suspension`); got != "reopened0" {
					t.Errorf("noted: %s", got)
				}
				back := map[string]int{}
				for _, b := range s.letters(suspension.MailReopened) {
					back[b.Greeting]++
					for _, day := range []string{"14 janvier", "15 janvier"} {
						if strings.Contains(text(b), day) {
							back[b.Greeting+day]++
						}
					}
				}
				for greeting, n := range back { // each day in one mail
					if strings.HasSuffix(greeting, "janvier") && n != 1 {
						t.Errorf("%s is told %d times", greeting, n)
					}
				}
				if n := len(s.letters(suspension.MailReopened)); n != 5 { // Camille and Thomas of each day, Bruno of Friday
					t.Errorf("%d mails: %v", n, back)
				}
			})
		})
	}
}

func TestAnotherSiteOrGroupIsSuspendedBesides(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.exec(`insert into suspension (id, service, from_day, to_day, reason, state, by_account, by_person, made_at) values ('s1', $1, $2, $3, 'Grève du personnel', 'closed', '', '', 1)`, string(s.Service), thursday, thursday)
		s.exec(`insert into site (id, code, name, kind) values ('elsewhere', 'AIL', 'Ailleurs', 'ecole')`)
		s.exec(`insert into suspension_scope (suspension, activity, site) values ('s1', $1, 'elsewhere')`, string(s.ID))
		s.asked.Days.To, s.asked.Sites = thursday, []town.SiteID{s.School}
		everywhere := s.asked
		everywhere.Sites = nil
		if _, err := s.suspend(s.agent(), everywhere); !twice(err) {
			t.Errorf("everywhere, that site too: %v", err)
		}
		if _, err := s.suspend(s.agent(), s.asked); err != nil {
			t.Errorf("another site: %v", err)
		}
	})
}

func TestTwoAgentsSuspendAtOnce(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		said := make(chan error)
		for range 2 {
			go func() { _, err := s.suspend(s.agent(), s.asked); said <- err }()
		}
		won := 0
		for range 2 {
			if err := <-said; err == nil {
				won++
			} else if !twice(err) {
				t.Errorf("the second reads %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d agents suspended", won)
		}
		id := suspension.ID(s.column(`select id from suspension`))
		s.run(id)
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.stands(); got != full {
			t.Errorf("given back: %s", got)
		}
	})
}

func TestTheFormLeadsToTheSuspensionThatHasTheDay(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		c := s.desk().As(s.agent())
		asked := url.Values{"activite": {string(s.ID)}, "debut": {"14/01/2027"}, "fin": {"18/01/2027"}, "motif": {"Travaux"}}
		ready := c.Get(suspension.Path+"/nouvelle").SubmitAll("#suspendre", asked)
		id := s.made()
		look := func(when string, page *testkit.Page) {
			t.Helper()
			if page.Status != 422 || page.Doc.Find(`main a[href="`+suspension.Path+`/`+string(id)+`"]`).Length() != 1 || !strings.Contains(page.Text("#erreurs"), "Déjà suspendu, en tout ou en partie") ||
				page.Doc.Find("#confirmer").Length() != 0 || !strings.Contains(page.Body, `value="18/01/2027"`) {
				t.Errorf("%s: %d %s", when, page.Status, page.Text("main"))
			}
		}
		look("at the check", c.Get(suspension.Path+"/nouvelle").SubmitAll("#suspendre", asked))
		look("somebody was quicker", ready.Submit("#confirmer", nil))
		if got := s.column(`select count(*) from suspension`); got != "1" {
			t.Errorf("%s suspensions", got)
		}
	})
}
