package absence_test

import (
	"fmt"
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/feature/absence"

	"pgregory.net/rapid"
)

// TestCountersAgainstASimpleTown plays days one after the other in a town that knows nothing of facts and spans: each
// evening it tells what was marked and not told yet, and each incident looks at the number of the notices received by then. The order in which facts are
// given to Stand never matters, nor what happens later.
func TestCountersAgainstASimpleTown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule := absence.Incident{Kind: absence.Unbooked, Price: absence.Flat, Amount: 1000, Forgiven: rapid.IntRange(0, 4).Draw(t, "forgiven"),
			Times: rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "times"), Span: rapid.SampledFrom([]absence.Span{absence.PerMonth, absence.PerYear}).Draw(t, "span")}
		if rule.Times > 0 {
			rule.TimesFrom = max(rule.Forgiven, 1) + 2
		}
		span := func(d civil.Date) string {
			if rule.Span == absence.PerMonth {
				return d.String()[:7]
			}
			return map[bool]string{true: "after", false: "before"}[d.Month >= 9]
		}
		first := date("2027-07-20") // the school year ends within
		type event struct {
			marked, told int // evenings after first, -1 never
			withdrawn    bool
		}
		events := map[int]event{} // by day
		for _, day := range rapid.SliceOfNDistinct(rapid.IntRange(0, 70), 0, 14, rapid.ID[int]).Draw(t, "days") {
			e := event{marked: day + rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "late mark"), told: -1, withdrawn: rapid.IntRange(0, 5).Draw(t, "withdrawn") == 0}
			if rapid.IntRange(0, 6).Draw(t, "reached") > 0 {
				e.told = e.marked
			}
			events[day] = e
		}
		var facts []absence.Fact
		for day, e := range events {
			f := absence.Fact{ID: fmt.Sprint(day), Day: first.AddDays(day), Withdrawn: e.withdrawn}
			if e.told >= 0 {
				f.Told = first.AddDays(e.told)
			}
			facts = append(facts, f)
		}
		facts = rapid.Permutation(facts).Draw(t, "order")
		want := map[int]absence.Standing{}
		for day := 0; day <= 70; day++ { // each morning, the notices received on the evenings before
			if _, happened := events[day]; !happened {
				continue
			}
			s := absence.Standing{Nth: 1, Times: 1}
			for evening := 0; evening < day; evening++ {
				for of, e := range events {
					if e.told != evening || e.withdrawn || of == day {
						continue
					}
					if rule.Span == absence.PerYear && (first.AddDays(of).Month >= 9) == (first.AddDays(day).Month >= 9) || rule.Span == absence.PerMonth && first.AddDays(of).Month == first.AddDays(day).Month {
						s.Nth++
					}
					s.Warned = s.Warned || (first.AddDays(of).Month >= 9) == (first.AddDays(day).Month >= 9)
				}
			}
			e := events[day]
			s.Charged = s.Warned && e.told >= 0 && !e.withdrawn && s.Nth > rule.Forgiven
			if s.Charged && rule.Times > 1 && s.Nth >= rule.TimesFrom {
				s.Times = rule.Times
			}
			want[day] = s
		}
		for _, f := range facts {
			var day int
			_, _ = fmt.Sscan(f.ID, &day)
			if got := rule.Stand(f, facts, span); got != want[day] {
				t.Fatalf("day %d: got %+v, want %+v\n%+v", day, got, want[day], rule)
			}
			if got := rule.Stand(f, facts, span); got.Charged && got.Nth < 2 && rule.Span == absence.PerYear {
				t.Fatalf("day %d is charged without a notice before", day)
			}
		}
	})
}
