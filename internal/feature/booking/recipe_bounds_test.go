package booking_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// TestARecipeLooksAtSoManyDaysAndNoMore gives recipes that name few cells, or none, in many parts.
func TestARecipeLooksAtSoManyDaysAndNoMore(t *testing.T) {
	ctx := context.Background()
	year := civil.Range{From: civil.NewDate(2026, 9, 1), To: civil.NewDate(2028, 8, 31)}
	all := booking.Typical{"c", "c", "c", "c", "c", "c", "c"}
	many := func(n int, p booking.Part) booking.Recipe {
		var r booking.Recipe
		for range n {
			r.Parts = append(r.Parts, p)
		}
		return r
	}
	for name, r := range map[string]booking.Recipe{
		"the same child 60,000 times": many(60_000, booking.Part{Child: "k", Activity: "a", Week: all, Rhythm: booking.EvenWeeks, Days: year}),
		"a rhythm that is none":       many(60_000, booking.Part{Child: "k", Activity: "a", Week: all, Rhythm: "dates", Days: year}),
		"weeks without a day":         many(60_000, booking.Part{Child: "k", Activity: "a", Rhythm: booking.EveryWeek, Days: year}),
		"single days":                 many(60_000, booking.Part{Child: "k", Activity: "a", Week: all, Rhythm: booking.EveryWeek, Days: civil.Range{From: year.From, To: year.From}, Picked: true}),
	} {
		if n, err := r.Looked(ctx); err == nil || n > booking.MostLooked+8 {
			t.Errorf("%s: %d weeks and days looked at, %v", name, n, err)
		}
	}
	large := booking.Recipe{} // six children, ten activities, a Monday each of the whole of two years
	for i := range 6 {
		for j := range 10 {
			large.Parts = append(large.Parts, booking.Part{Child: family.ChildID(rune('a' + i)), Activity: activity.ID(rune('a' + j)), Week: booking.Typical{"c"}, Rhythm: booking.EveryWeek, Days: year})
		}
	}
	if n, err := large.Looked(ctx); err != nil || n > booking.MostLooked {
		t.Errorf("a large family: %d looked at, %v", n, err)
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	if n, err := large.Looked(gone); !errors.Is(err, context.Canceled) || n != 0 {
		t.Errorf("nobody waits for the answer any more: %d looked at, %v", n, err)
	}
}

func TestDaysThatTheFamilyWroteAreKnownOneByOne(t *testing.T) {
	day := civil.NewDate(2026, 9, 1)
	r := booking.Recipe{Parts: []booking.Part{
		{Child: "k", Activity: "a", Days: civil.Range{From: day, To: day}, Picked: true},
		{Child: "k", Activity: "a", Days: civil.Range{From: day.AddDays(1), To: day.AddDays(7)}, Picked: true},
		{Child: "k", Activity: "a", Days: civil.Range{From: day.AddDays(9), To: day.AddDays(9)}},
	}}
	named := r.Named()
	for c, want := range map[booking.Cell]bool{
		{Child: "k", Activity: "a", Day: day}:            true,
		{Child: "l", Activity: "a", Day: day}:            false,
		{Child: "k", Activity: "b", Day: day}:            false,
		{Child: "k", Activity: "a", Day: day.AddDays(1)}: false,
		{Child: "k", Activity: "a", Day: day.AddDays(9)}: false,
	} {
		if got := named(c); got != want {
			t.Errorf("%+v: %v, want %v", c, got, want)
		}
	}
}

// TestAFormNamesAChildAndAnActivityOnce sends forms that no page makes: names twice, names of nothing by the thousand,
// days of other years.
func TestAFormNamesAChildAndAnActivityOnce(t *testing.T) {
	d := testkit.SQLite(t, booking.Sources())
	o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
	c := portal(t, d).As(as(o.Camille, "Camille Martin"))
	canteen := string(o.ID) + " " + string(o.Only())
	week := url.Values{"forme": {"semaine"}, "rythme": {"paires"}, "periode": {"2027-01-11_2027-07-02"}, "k0": {string(o.Jeremy)}, "a0": {canteen}, "t.k0.a0.1": {"1"}}
	holidays := url.Values{"forme": {"vacances"}, "k0": {string(o.Jeremy)}, "a0": {canteen}}
	with := func(base url.Values, more ...string) url.Values {
		v := maps.Clone(base)
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
		}
		return v
	}
	strangers, nothing, unknown := with(week), with(week), with(week)
	for i := range 999 {
		strangers.Set(fmt.Sprintf("k%d", i+1), fmt.Sprintf("child%d", i))
		nothing.Set(fmt.Sprintf("a%d", i+1), fmt.Sprintf("activity%d choice", i))
	}
	for i := range 600 {
		name := fmt.Sprintf("a%d", i+1)
		unknown.Set(name, fmt.Sprintf("activity%d choice", i))
		unknown.Set("t.k0."+name+".1", "1")
	}
	delete(unknown, "a0")
	delete(unknown, "t.k0.a0.1")
	for _, x := range []struct {
		name   string
		values url.Values
		want   int
		says   string
	}{
		{"as a page makes it", week, 200, "Restauration"},
		{"a child twice", with(week, "k1", string(o.Jeremy)), 422, "Ce formulaire est incomplet"},
		{"an activity twice", with(week, "a1", canteen), 422, "Ce formulaire est incomplet"},
		{"an activity twice in other words", with(week, "a7", string(o.ID)), 422, "Ce formulaire est incomplet"},
		{"a thousand children", strangers, 422, "Ce formulaire est incomplet"},
		{"a thousand activities that nothing is asked of", nothing, 200, "Restauration"},
		{"six hundred activities that there are not", unknown, 404, ""},
		{"from the school year gone by", with(week, "periode", "2026-07-01_2027-07-02"), 422, "Choisissez une période."},
		{"too far", with(week, "periode", "2027-01-11_2028-09-01"), 422, "Choisissez une période."},
		{"a week of the holidays", with(holidays, "s.k0.a0.2027-02-08", "1"), 200, "Restauration"},
		{"a week of the year gone by", with(holidays, "s.k0.a0.2026-07-06", "1"), 422, "Ce formulaire est incomplet"},
		{"a day of another century", with(holidays, "j.k0.a0.9999-07-06", "1"), 422, "Ce formulaire est incomplet"},
	} {
		x.values.Set("cle", db.NewID())
		page := c.Post("/espace/reserver/verifier", x.values)
		if page.Status != x.want || !strings.Contains(page.Text("main"), x.says) {
			t.Errorf("%s: %d, want %d: %s", x.name, page.Status, x.want, page.Text("main"))
		}
		if x.want == 200 {
			continue
		}
		if page := c.Post("/espace/reserver/confirmer", x.values); page.Status != x.want {
			t.Errorf("%s, confirmed: %d, want %d", x.name, page.Status, x.want)
		}
	}
	agenda := url.Values{"cle": {db.NewID()}, "k0": {string(o.Jeremy)}, "k1": {string(o.Jeremy)}, "a0": {canteen}, "vu": {"k0.a0.2027-01-11", "k1.a0.2027-01-11"}, "c.k0.a0.2027-01-11": {"1"}}
	if page := c.Post("/espace/agenda/verifier", agenda); page.Status != 422 {
		t.Errorf("a child twice in the agenda: %d %s", page.Status, page.Text("main"))
	}
	if n := count(t, d, `select count(*) from booking`); n != 0 {
		t.Errorf("%d bookings", n)
	}
}

// TestAFamilyHasSoManyLinesInADay: only large orders are stopped; small ones have the bound of an account's forms.
func TestAFamilyHasSoManyLinesInADay(t *testing.T) {
	testkit.EachEngine(t, booking.Sources(), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{Days: schoolYear()})
		now, camille := persontest.Now(), as(o.Camille, "Camille Martin")
		alter(t, d, `insert into booking_line (reference, position, family, child, activity, day, did, at)
			with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000)
			select 'R-fill', i, cast($1 as text), cast($2 as text), cast($3 as text), '2027-01-11', 'booked', cast($4 as bigint) from n`,
			string(o.First), string(o.Ines), string(o.ID), int64(civil.InstantOf(now.Add(-time.Hour))))
		var large booking.Order
		first := civil.DateOf(now).Monday().AddDays(7)
		for day := first.AddDays(1); len(large.Wishes) < 102; day = day.AddDays(1) {
			if activitytest.SchoolWeek.Has(day.Weekday()) {
				large.Wishes = append(large.Wishes, o.Wish(o.Jeremy, day, o.Only()), o.Wish(o.Ines, day, o.Only()))
			}
		}
		small := booking.Order{Wishes: []booking.Wish{o.Wish(o.Ines, first, o.Only())}}
		if _, err := o.Apply(t, now, camille, large); fault.KindOf(err) != fault.Throttled || count(t, d, `select count(*) from booking`) != 0 {
			t.Errorf("one large order too many: %v", err)
		}
		if _, err := o.Apply(t, now, camille, small); err != nil {
			t.Errorf("a small one: %v", err)
		}
		if _, err := o.Apply(t, now.Add(25*time.Hour), camille, large); err != nil {
			t.Errorf("the next day: %v", err)
		}
	})
}
