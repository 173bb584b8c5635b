package custody

import (
	"testing"
	"time"

	"parvis/internal/base/civil"

	"github.com/google/go-cmp/cmp"
	"parvis/internal/feature/family"
)

func weeks(change time.Weekday) Arrangement {
	return Arrangement{Home: "A", Other: "B", Kind: EvenOddWeeks, Change: change, Days: civil.Range{From: civil.NewDate(2026, 12, 1)}}
}

func letters(t Timeline, from civil.Date, n int) string {
	all := ""
	for i := range n {
		home, known := t.HomeOn(from.AddDays(i))
		if !known {
			home = "-"
		}
		all += string(home)
	}
	return all
}

func TestHomesOfDays(t *testing.T) {
	monday := civil.NewDate(2026, 12, 21) // of week 52; 2026 has 53 weeks
	span := func(from, to civil.Date, home family.ID) Span { return Span{civil.Range{From: from, To: to}, home} }
	fridays := weeks(time.Friday)
	christmas := weeks(time.Monday)
	christmas.Spans = []Span{span(monday.AddDays(2), monday.AddDays(4), "B")}
	year := weeks(time.Monday)
	year.Days.To = monday.AddDays(1)
	cycle := Arrangement{Home: "A", Other: "B", Kind: Cycle, Anchor: monday, Step: 1, Cells: "AABBAAA" + "BBAABBB", Days: civil.Range{From: monday.AddDays(-7)}}
	blocks := Arrangement{Home: "A", Other: "B", Kind: Cycle, Anchor: monday, Step: 14, Cells: "BA", Days: civil.Range{From: monday}}
	dates := Arrangement{Home: "A", Other: "B", Kind: ByDates, Days: civil.Range{From: monday}, Spans: []Span{span(monday, monday.AddDays(2), "B")}}
	rest := dates
	rest.Cells = "A"
	later := Arrangement{ID: "2", Home: "B", Other: "A", Kind: EvenOddWeeks, Change: time.Monday, Days: civil.Range{From: monday.AddDays(3)}}
	for _, c := range []struct {
		name string
		line Timeline
		from civil.Date
		want string
	}{
		{"nothing is said", Timeline{}, monday, "-------"},
		{"even weeks, then 53 and 1 both odd, then 2 even", newTimeline([]Arrangement{weeks(time.Monday)}, nil), monday, "AAAAAAABBBBBBBBBBBBBBAAAAAAA"},
		{"the change on Friday belongs to who receives", newTimeline([]Arrangement{fridays}, nil), monday, "BBBBAAAAAAABBBBBBBBBBBBBBAAA"},
		{"before the first day", newTimeline([]Arrangement{weeks(time.Monday)}, nil), civil.NewDate(2026, 11, 29), "--BBBBBB"},
		{"after the last day", newTimeline([]Arrangement{year}, nil), monday, "AA-----"},
		{"holidays win over the rhythm", newTimeline([]Arrangement{christmas}, nil), monday, "AABBBAA"},
		{"a fortnight comes back", newTimeline([]Arrangement{cycle}, nil), monday.AddDays(-7), "BBAABBB" + "AABBAAA" + "BBAABBB" + "AABBAAA"},
		{"two weeks in turn", newTimeline([]Arrangement{blocks}, nil), monday, "BBBBBBBBBBBBBBAAAAAAAAAAAAAAB"},
		{"dates only", newTimeline([]Arrangement{dates}, nil), monday, "BBB----"},
		{"dates, and all else in one home", newTimeline([]Arrangement{rest}, nil), monday, "BBBAAAA"},
		{"the one that starts last wins", newTimeline([]Arrangement{weeks(time.Monday), later}, nil), monday, "AAABBBB"},
		{"a day handed over", newTimeline([]Arrangement{weeks(time.Monday)}, map[civil.Date]family.ID{monday.AddDays(1): "B"}), monday, "ABAAAAA"},
		{"handed over to a home that is none of the two", newTimeline([]Arrangement{weeks(time.Monday)}, map[civil.Date]family.ID{monday: "C"}), monday, "AAAAAAA"},
		{"handed over outside of what stands", newTimeline([]Arrangement{year}, map[civil.Date]family.ID{monday.AddDays(3): "B"}), monday, "AA-----"},
		{"as if another stood", newTimeline([]Arrangement{weeks(time.Monday)}, nil).asIf(later), monday, "AAABBBB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := letters(c.line, c.from, len(c.want)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestASharingInWords(t *testing.T) {
	at := yours("A")
	fortnight := Arrangement{Home: "A", Other: "B", Kind: Cycle, Anchor: civil.NewDate(2027, 1, 4), Step: 1, Cells: "AABBBBB" + "BBBBAAA", Days: civil.Range{From: civil.NewDate(2027, 1, 4)}}
	for _, c := range []struct {
		name string
		of   Arrangement
		want []string
	}{
		{"weeks around a year of 53", weeks(time.Friday), []string{"Semaines paires\u00a0: chez vous. Semaines impaires\u00a0: dans l’autre foyer.",
			"Le changement se fait le vendredi\u00a0: ce jour-là est déjà du foyer qui reçoit.",
			"À noter\u00a0: les semaines 53 et 1 sont toutes deux impaires. Du 1er janvier 2027 au 14 janvier 2027, deux semaines de suite sont dans l’autre foyer.",
			"À partir du 1er décembre 2026."}},
		{"a fortnight", fortnight, []string{"Semaine du 4 janvier 2027\u00a0: lundi et mardi chez vous.", "Semaine du 11 janvier 2027\u00a0: du vendredi au dimanche chez vous.",
			"Les autres jours\u00a0: dans l’autre foyer. Ce rythme revient toutes les 2 semaines.", "À partir du 4 janvier 2027."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.of.words(at)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
