package activity_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
)

var errUndo = errors.New("undone")

// try runs a verb and undoes it: what it would answer.
func (s *setting) try(verb func(tx *db.Tx, now time.Time) error) error {
	err := s.do(func(tx *db.Tx, now time.Time) error {
		if err := verb(tx, now); err != nil {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}

func wednesdays() activitytest.Plan {
	wednesday := activity.On(time.Wednesday)
	return activitytest.Plan{Name: "Mercredi", Capacity: number(2), Units: []activity.Unit{
		{Name: "Matin", Weekdays: wednesday, From: 480, To: 720, Alone: true, Position: 1},
		{Name: "Repas", Weekdays: wednesday, From: 720, To: 810, Meal: true, Position: 2},
		{Name: "Après-midi", Weekdays: wednesday, From: 810, To: 1110, Alone: true, Position: 3},
	}, Choices: []activity.Choice{{Name: "Journée", Units: []activity.UnitID{"0", "1", "2"}}}}
}

// take takes the places of the first slot, n times.
func (s *setting) take(t *testing.T, n int) activity.Slot {
	t.Helper()
	slot := s.slots(t, s.Days)[0]
	for range n {
		if err := s.do(func(tx *db.Tx, _ time.Time) error {
			got, err := activity.Take(tx, []activity.SlotID{slot.ID})
			if err == nil && got[slot.ID] != 1 {
				t.Error("no place taken")
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return slot
}

func TestWhatAgentsMayNotWrite(t *testing.T) {
	eachSetting(t, wednesdays(), func(t *testing.T, s *setting) {
		x := s.whole(t)
		morning, _ := x.UnitByID(s.Units["Matin"])
		meal, _ := x.UnitByID(s.Units["Repas"])
		day := x.Choices[len(x.Choices)-1]
		today := civil.DateOf(persontest.Now())
		a := designer
		type verb = func(tx *db.Tx, now time.Time) error
		details := func(change func(x *activity.Activity)) verb {
			return func(tx *db.Tx, now time.Time) error {
				y := x
				change(&y)
				return activity.SetDetails(tx, now, a, y, x.Stamp())
			}
		}
		unit := func(change func(u *activity.Unit)) verb {
			return func(tx *db.Tx, now time.Time) error {
				u := morning
				change(&u)
				return activity.SetUnit(tx, now, a, s.ID, u, morning.Stamp())
			}
		}
		period := func(from, to int) verb {
			return func(tx *db.Tx, now time.Time) error {
				_, err := activity.AddPeriod(tx, now, a, s.ID, activity.Period{Name: "Autre", Days: civil.Range{From: today.AddDays(from), To: today.AddDays(to)}})
				return err
			}
		}
		scope := func(from, to int) activity.Scope {
			return activity.Scope{Days: civil.Range{From: today.AddDays(from), To: today.AddDays(to)}}
		}
		for name, one := range map[string]struct {
			verb  verb
			field string
		}{
			"an activity without a name":       {details(func(x *activity.Activity) { x.Name = " " }), "nom"},
			"more days at least than at most":  {details(func(x *activity.Activity) { x.MinDays, x.MaxDays = 4, 2 }), "maximum"},
			"an age upside down":               {details(func(x *activity.Activity) { x.AgeFrom, x.AgeTo = 11, 6 }), "age_max"},
			"a term that is not":               {details(func(x *activity.Activity) { x.Term = "toujours" }), "periode"},
			"a service that is not":            {details(func(x *activity.Activity) { x.Service = "nulle part" }), "service"},
			"a unit named as another":          {unit(func(u *activity.Unit) { u.Name = "repas" }), "nom"},
			"a unit that ends before it began": {unit(func(u *activity.Unit) { u.From, u.To = 600, 500 }), "fin"},
			"a unit that needs itself":         {unit(func(u *activity.Unit) { u.Needs = u.ID }), "avec"},
			"a unit that needs what it excludes": {unit(func(u *activity.Unit) {
				u.Needs, u.Excludes = meal.ID, []activity.UnitID{meal.ID}
			}), "sans"},
			"a bundle of one unit": {func(tx *db.Tx, now time.Time) error {
				_, err := activity.AddChoice(tx, now, a, s.ID, activity.Choice{Name: "Seul", Units: []activity.UnitID{morning.ID}})
				return err
			}, "unites"},
			"two bundles of one name": {func(tx *db.Tx, now time.Time) error {
				_, err := activity.AddChoice(tx, now, a, s.ID, activity.Choice{Name: "JOURNEE", Units: day.Units})
				return err
			}, "nom"},
			"a place that is not": {func(tx *db.Tx, now time.Time) error {
				return activity.SetPlaces(tx, now, a, s.ID, []activity.Place{{Site: "nulle part"}}, x.PlacesStamp())
			}, "lieux"},
			"fewer places than none": {func(tx *db.Tx, now time.Time) error {
				return activity.SetPlaces(tx, now, a, s.ID, []activity.Place{{Site: s.School, Capacity: number(-1)}}, x.PlacesStamp())
			}, "places-" + string(s.School)},
			"a group where the activity is not": {func(tx *db.Tx, now time.Time) error {
				_, err := activity.AddGroup(tx, now, a, s.ID, activity.Group{Site: "ailleurs", Name: "Petits"})
				return err
			}, "lieu"},
			"a period that touches another": {period(30, 60), "debut"},
			"a period upside down":          {period(60, 50), "fin"},
			"a period of two years":         {period(50, 800), "fin"},
			"places of the past": {func(tx *db.Tx, now time.Time) error {
				_, err := activity.SetCapacity(tx, now, a, s.ID, scope(-3, 3), number(5))
				return err
			}, "debut"},
			"days closed without a reason": {func(tx *db.Tx, now time.Time) error {
				_, _, err := activity.CloseSlots(tx, now, a, s.ID, scope(1, 9), " ")
				return err
			}, "motif"},
			"deadlines from a day that is past": {func(tx *db.Tx, now time.Time) error {
				p := activitytest.Model(t, "veille-9h")
				p.From = today.AddDays(-1)
				_, err := activity.AddPolicy(tx, now, a, s.ID, p)
				return err
			}, "depuis"},
			"deadlines that contradict each other": {func(tx *db.Tx, now time.Time) error {
				p := activitytest.Model(t, "veille-9h")
				p.From = today
				p.Rules = append(p.Rules, p.Rules[0])
				_, err := activity.AddPolicy(tx, now, a, s.ID, p)
				return err
			}, "reserver_regle"},
		} {
			err := s.try(one.verb)
			fields := fault.FieldsOf(err)
			if fault.KindOf(err) != fault.Invalid || !slices.ContainsFunc(fields, func(f fault.Field) bool { return f.Name == one.field }) {
				t.Errorf("%s: %v, want a fault of %s", name, err, one.field)
			}
		}
	})
}

func TestWhoMaySetUp(t *testing.T) {
	eachSetting(t, wednesdays(), func(t *testing.T, s *setting) {
		x := s.whole(t)
		today := civil.DateOf(persontest.Now())
		days := activity.Scope{Days: civil.Range{From: today, To: today.AddDays(9)}}
		policy := activitytest.Model(t, "veille-9h")
		policy.From = today
		for name, verb := range map[string]func(tx *db.Tx, now time.Time, a actor.Actor) error{
			"Add": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				_, err := activity.Add(tx, now, a, activity.Activity{Name: "Poterie", Service: s.Service})
				return err
			},
			"SetDetails": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				return activity.SetDetails(tx, now, a, x, x.Stamp())
			},
			"AddUnit": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				_, err := activity.AddUnit(tx, now, a, s.ID, activity.Unit{Name: "Goûter"})
				return err
			},
			"SetUnit": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				return activity.SetUnit(tx, now, a, s.ID, x.Units[0], x.Units[0].Stamp())
			},
			"DropUnit": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				return activity.DropUnit(tx, now, a, s.ID, x.Units[0].ID)
			},
			"AddChoice": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				_, err := activity.AddChoice(tx, now, a, s.ID, activity.Choice{Name: "Demi", Units: []activity.UnitID{x.Units[0].ID, x.Units[1].ID}})
				return err
			},
			"DropChoice": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				return activity.DropChoice(tx, now, a, s.ID, x.Choices[2].ID)
			},
			"SetPlaces": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				return activity.SetPlaces(tx, now, a, s.ID, x.Places, x.PlacesStamp())
			},
			"AddGroup": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				_, err := activity.AddGroup(tx, now, a, s.ID, activity.Group{Site: s.School, Name: "Petits"})
				return err
			},
			"AddPolicy": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				_, err := activity.AddPolicy(tx, now, a, s.ID, policy)
				return err
			},
			"AddPeriod": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				_, err := activity.AddPeriod(tx, now, a, s.ID, activity.Period{Name: "Été", Days: civil.Range{From: today.AddDays(200), To: today.AddDays(230)}})
				return err
			},
			"SetPeriod": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				return activity.SetPeriod(tx, now, a, s.ID, x.Periods[0], x.Periods[0].Stamp())
			},
			"DropPeriod": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				return activity.DropPeriod(tx, now, a, s.ID, s.Period)
			},
			"OpenPeriod": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				return activity.OpenPeriod(tx, now, a, s.ID, s.Period)
			},
			"OpenActivity": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				return activity.OpenActivity(tx, now, a, s.ID, false)
			},
			"SetCapacity": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				_, err := activity.SetCapacity(tx, now, a, s.ID, days, nil)
				return err
			},
			"CloseSlots": func(tx *db.Tx, now time.Time, a actor.Actor) error {
				_, _, err := activity.CloseSlots(tx, now, a, s.ID, days, "Grève")
				return err
			},
		} {
			for who, a := range map[string]actor.Actor{"a reader": familytest.Agent(activity.Read), "an agent of another service": familytest.AgentOf(s.Youth, activity.Write),
				"a parent": persontest.Citizen(s.Camille)} {
				if err := s.try(func(tx *db.Tx, now time.Time) error { return verb(tx, now, a) }); fault.KindOf(err) != fault.Forbidden {
					t.Errorf("%s by %s: %v, want forbidden", name, who, err)
				}
			}
			if err := s.try(func(tx *db.Tx, now time.Time) error { return verb(tx, now, designer) }); fault.KindOf(err) == fault.Forbidden {
				t.Errorf("%s by an agent of the service: %v", name, err)
			}
		}
	})
}

func TestPlacesFollowWithoutTakingAnyAway(t *testing.T) {
	eachSetting(t, activitytest.Plan{Capacity: number(3)}, func(t *testing.T, s *setting) {
		full := s.take(t, 3)
		x := s.whole(t)
		own := s.slots(t, civil.Range{From: full.Day.AddDays(1), To: s.Days.To})[0]
		week := civil.Range{From: own.Day, To: own.Day}
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			held, err := activity.SetCapacity(tx, now, designer, s.ID, activity.Scope{Days: civil.Range{From: full.Day, To: full.Day}}, number(1))
			if err == nil && (len(held) != 1 || held[0].Day != full.Day || held[0].Taken != 3 || held[0].Wanted != 1) {
				t.Errorf("days that keep their number: %v", held)
			}
			if err != nil {
				return err
			}
			_, err = activity.SetCapacity(tx, now, designer, s.ID, activity.Scope{Days: week}, number(9))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			return activity.SetPlaces(tx, now, designer, s.ID, []activity.Place{{Site: s.School, Capacity: number(2)}}, x.PlacesStamp())
		}); err != nil {
			t.Fatal(err)
		}
		for _, slot := range s.slots(t, s.Days) {
			want := 2
			switch slot.Day {
			case full.Day:
				want = 3 // all taken
			case own.Day:
				want = 9
			}
			if *slot.Capacity != want {
				t.Errorf("%s: %d places, want %d", slot.Day, *slot.Capacity, want)
			}
		}
		for name, verb := range map[string]func(tx *db.Tx, now time.Time) error{
			"the period": func(tx *db.Tx, now time.Time) error { return activity.DropPeriod(tx, now, designer, s.ID, s.Period) },
			"the first group": func(tx *db.Tx, now time.Time) error {
				_, err := activity.AddGroup(tx, now, designer, s.ID, activity.Group{Site: s.School, Name: "Petits"})
				return err
			},
			"the site": func(tx *db.Tx, now time.Time) error {
				return activity.SetPlaces(tx, now, designer, s.ID, nil, s.whole(t).PlacesStamp())
			},
			"the day": func(tx *db.Tx, now time.Time) error {
				p := s.whole(t).Periods[0]
				stamp := p.Stamp()
				p.Days.From = full.Day.AddDays(1)
				return activity.SetPeriod(tx, now, designer, s.ID, p, stamp)
			},
		} {
			if err := s.try(verb); err == nil || !strings.Contains(err.Error(), "attendus") {
				t.Errorf("%s went although children are expected: %v", name, err)
			}
		}
	})
}

func TestClosedDaysGiveNoPlaceAndOpenAgain(t *testing.T) {
	eachSetting(t, activitytest.Plan{Capacity: number(3)}, func(t *testing.T, s *setting) {
		slot := s.take(t, 1)
		days := activity.Scope{Days: civil.Range{From: slot.Day, To: slot.Day}, Site: s.School}
		take := func() int {
			got := 0
			if err := s.do(func(tx *db.Tx, _ time.Time) error {
				all, err := activity.Take(tx, []activity.SlotID{slot.ID})
				got = all[slot.ID]
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return got
		}
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			slots, taken, err := activity.CloseSlots(tx, now, designer, s.ID, days, "Grève")
			if slots != 1 || taken != 1 {
				t.Errorf("closed: %d slots, %d taken", slots, taken)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got := s.slots(t, days.Days)[0]; !got.Closed || got.Reason != "Grève" || got.Taken != 1 || take() != 0 {
			t.Errorf("closed: %+v", got)
		}
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			_, err := activity.ReopenSlots(tx, now, designer, s.ID, days)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if take() != 1 {
			t.Error("reopened, it gives no place")
		}
	})
}

func TestNewRulesMakeANewVersion(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		before := s.whole(t).Policies[0]
		next := activitytest.Model(t, "apres-demande")
		next.From = civil.DateOf(persontest.Now()).AddDays(7)
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			n, err := activity.AddPolicy(tx, now, designer, s.ID, next)
			if n != 2 {
				t.Errorf("version %d", n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		all := s.whole(t).Policies
		old, _ := activity.PolicyFor(all, next.From.AddDays(-1))
		fresh, _ := activity.PolicyFor(all, next.From)
		if old.Number != 1 || len(old.Rules) != len(before.Rules) || old.Rules[0].Minute != before.Rules[0].Minute || fresh.Number != 2 || fresh.After.Kind != activity.AfterRequest {
			t.Errorf("versions: %+v", all)
		}
	})
}

func TestAChangeReachesTheDaysOfOpenPeriods(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		u := s.whole(t).Units[0]
		had := len(s.slots(t, s.Days))
		stamp := u.Stamp()
		u.Weekdays |= activity.On(time.Wednesday)
		if err := s.do(func(tx *db.Tx, now time.Time) error { return activity.SetUnit(tx, now, designer, s.ID, u, stamp) }); err != nil {
			t.Fatal(err)
		}
		handlers, _ := activity.Jobs(s.d, persontest.Now, nil)
		if err := handlers[0].Run(context.Background(), map[string]string{"activity": string(s.ID)}); err != nil {
			t.Fatal(err)
		}
		if now := len(s.slots(t, s.Days)); now < had+4 {
			t.Errorf("%d slots after Wednesdays came, %d before", now, had)
		}
	})
}

func TestCoveredAtOnceByTwo(t *testing.T) {
	eachSetting(t, wednesdays(), func(t *testing.T, s *setting) {
		days := civil.Range{From: s.Days.To.AddDays(1), To: s.Days.To.AddDays(60)}
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			id, err := activity.AddPeriod(tx, now, designer, s.ID, activity.Period{Name: "Suite", Days: days})
			if err != nil {
				return err
			}
			return activity.OpenPeriod(tx, now, designer, s.ID, id)
		}); err != nil {
			t.Fatal(err)
		}
		made := make([]int, 4)
		var all sync.WaitGroup
		for i := range made {
			all.Go(func() {
				n, err := activity.CoverOpen(context.Background(), s.d, persontest.Now(), s.ID, civil.Date{}, nil)
				if err != nil {
					t.Error(err)
				}
				made[i] = n
			})
		}
		all.Wait()
		sum := 0
		for _, n := range made {
			sum += n
		}
		if n := len(s.slots(t, days)); n != sum || n == 0 || n%3 != 0 {
			t.Errorf("%d slots, made %v", n, made)
		}
	})
}

func TestUnitsWithPlacesTakenStay(t *testing.T) {
	eachSetting(t, wednesdays(), func(t *testing.T, s *setting) {
		drop := func(name string) error {
			return s.try(func(tx *db.Tx, now time.Time) error { return activity.DropUnit(tx, now, designer, s.ID, s.Units[name]) })
		}
		if err := drop("Matin"); fault.KindOf(err) != fault.Refused {
			t.Errorf("a unit of a bundle went: %v", err)
		}
		x := s.whole(t)
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			return activity.DropChoice(tx, now, designer, s.ID, x.Choices[len(x.Choices)-1].ID)
		}); err != nil {
			t.Fatal(err)
		}
		if err := drop("Matin"); err != nil {
			t.Errorf("a unit that nobody booked: %v", err)
		}
		slot := s.take(t, 1)
		u, _ := x.UnitByID(slot.Unit)
		if err := drop(u.Name); fault.KindOf(err) != fault.Refused {
			t.Errorf("a unit with a place taken went: %v", err)
		}
	})
}

func TestAYearIsPreparedFromTheCalendar(t *testing.T) {
	eachSetting(t, activitytest.Plan{Term: activity.InHolidays, Days: civil.Range{From: civil.NewDate(2027, 7, 20), To: civil.NewDate(2027, 7, 30)}}, func(t *testing.T, s *setting) {
		prepare := func() (n int, err error) {
			err = s.do(func(tx *db.Tx, now time.Time) error {
				n, err = activity.PrepareYear(tx, now, designer, s.ID, 2026)
				return err
			})
			return n, err
		}
		if _, err := prepare(); fault.KindOf(err) != fault.Refused {
			t.Errorf("without a calendar: %v", err)
		}
		s.schoolYear(t)
		n, err := prepare()
		if err != nil || n < 4 {
			t.Errorf("%d periods of holidays, %v", n, err)
		}
		if _, err := prepare(); fault.KindOf(err) != fault.Refused {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestQualitiesOfFamilies(t *testing.T) {
	eachSetting(t, activitytest.Plan{}, func(t *testing.T, s *setting) {
		counter := familytest.AgentOf(s.Service, family.FileWrite)
		today := civil.DateOf(persontest.Now())
		give := func(a actor.Actor, f family.ID, q activity.Quality, from, to civil.Date, proof string) error {
			return s.do(func(tx *db.Tx, now time.Time) error {
				return activity.SetFamilyQuality(tx, now, a, activity.FamilyQuality{Family: f, Quality: q, Days: civil.Range{From: from, To: to}, Proof: proof})
			})
		}
		held := func(day civil.Date) []activity.Quality {
			all, err := db.Read(context.Background(), s.d, func(r db.Reader) ([]activity.FamilyQuality, error) { return activity.QualitiesOf(r, s.First, s.Second) })
			if err != nil {
				t.Fatal(err)
			}
			var on []activity.Quality
			for _, x := range all {
				if x.Days.Contains(day) {
					on = append(on, x.Quality)
				}
			}
			return on
		}
		if err := give(counter, s.First, activity.Resident, today, civil.Date{}, "Facture d’énergie"); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"without a proof":       give(counter, s.First, activity.WorkingParents, today, civil.Date{}, ""),
			"one that is not":       give(counter, s.First, "inconnue", today, civil.Date{}, "Attestation"),
			"twice at once":         give(counter, s.First, activity.Resident, today.AddDays(3), civil.Date{}, "Attestation"),
			"upside down":           give(counter, s.First, activity.WorkingParents, today, today.AddDays(-1), "Attestation"),
			"by another service":    give(familytest.AgentOf(s.Youth, family.FileWrite), s.First, activity.WorkingParents, today, civil.Date{}, "Attestation"),
			"by a parent":           give(persontest.Citizen(s.Camille), s.First, activity.WorkingParents, today, civil.Date{}, "Attestation"),
			"by who only reads":     give(familytest.Agent(family.FileRead), s.First, activity.WorkingParents, today, civil.Date{}, "Attestation"),
			"from no day":           give(counter, s.First, activity.WorkingParents, civil.Date{}, civil.Date{}, "Attestation"),
			"to a family not there": give(counter, "inconnue", activity.WorkingParents, today, civil.Date{}, "Attestation"),
		} {
			if err == nil {
				t.Errorf("given %s", name)
			}
		}
		if got := held(today.AddDays(400)); !slices.Equal(got, []activity.Quality{activity.Resident}) || len(held(today.AddDays(-1))) != 0 {
			t.Errorf("held: %v", got)
		}
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			return activity.EndFamilyQuality(tx, now, counter, s.First, activity.Resident, today, today.AddDays(10))
		}); err != nil || len(held(today.AddDays(11))) != 0 || len(held(today.AddDays(10))) != 1 {
			t.Errorf("ended: %v", err)
		}
		if err := s.do(func(tx *db.Tx, now time.Time) error {
			_, err := activity.AddQuality(tx, now, designer, "Agent communal")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.try(func(tx *db.Tx, now time.Time) error {
			_, err := activity.AddQuality(tx, now, designer, "agent COMMUNAL")
			return err
		}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("twice the same: %v", err)
		}
	})
}
