package booking

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Unanswered is a week of an activity that a child usually has, or a period of holidays, about which the child's home
// said nothing and still may: nothing booked, asked, cancelled or declined, and no last moment of it gone by.
type Unanswered struct {
	Child    family.Child
	Activity *activity.Activity
	Period   activity.Period // of holidays; zero for a week
	Monday   civil.Date      // of a week; zero for a period
	Until    activity.Limit  // the first last moment of its days
}

// Key names the week or the period: what an account is reminded of once, whatever the children and activities.
func (u Unanswered) Key() string {
	if u.Monday.IsZero() {
		return string(u.Period.ID)
	}
	return u.Monday.String()
}

// What is « semaine du 18 janvier », or the name of a period.
func (u Unanswered) What() string {
	if u.Monday.IsZero() {
		return u.Period.Name
	}
	return "semaine du " + u.Monday.Short()
}

// Href is where it is answered.
func (u Unanswered) Href() string {
	if u.Monday.IsZero() {
		return reserveHref(u.Activity.ID)
	}
	return "/espace/agenda?semaine=" + u.Monday.String()
}

const (
	usualBack  = 126 // days back in which a child's last weeks of an activity are looked for: over the summer too
	usualWeeks = 4   // how many of them tell what is usual
	weeksAhead = 42  // days ahead in which weeks are looked at: next month's too, where a month has one deadline
)

// UnansweredOf lists what the homes of a citizen said nothing about, the first moment first: in as many statements
// whatever they have. Who is asked is decided here as for a booking: the children it may act for, the days of its home.
func UnansweredOf(r db.Reader, now time.Time, a actor.Actor, cat *activity.Catalogue, barred Barred) ([]Unanswered, error) {
	today := civil.DateOf(now)
	children, err := family.Children(r, a, today)
	if err != nil || len(children) == 0 {
		return nil, err
	}
	s := &Scene{Catalogue: cat, Now: now}
	days := civil.Range{From: today.AddDays(-usualBack).Monday(), To: lastHoliday(cat, today)}
	if err := readScene(r, s, children, days); err != nil {
		return nil, err
	}
	slots, err := activity.SlotsOn(r, s.unitsToShow(), civil.Range{From: today, To: days.To})
	if err != nil {
		return nil, err
	}
	s.readPlaces(slots)
	if err := s.readBars(r, a, Order{Wishes: s.anything(), Barred: barred}); err != nil {
		return nil, err
	}
	got, err := readAnswers(r, children, today)
	if err != nil {
		return nil, err
	}
	return inOrder(append(s.silentWeeks(children), s.silentPeriods(children, got)...)), nil
}

// lastHoliday is the last day of what may have to be answered.
func lastHoliday(cat *activity.Catalogue, today civil.Date) civil.Date {
	last := today.AddDays(weeksAhead)
	for i := range cat.Activities {
		a := &cat.Activities[i]
		if a.Term != activity.InHolidays {
			continue
		}
		for _, p := range openPeriods(a, today) {
			if p.Days.To.After(last) {
				last = p.Days.To
			}
		}
	}
	return last
}

// anything is a wish for each activity of each child, to ask what bars a family.
func (s *Scene) anything() []Wish {
	var all []Wish
	for of := range s.enrolled {
		all = append(all, Wish{Cell: Cell{Child: of.child, Activity: of.activity}, Want: "x"})
	}
	slices.SortFunc(all, func(x, y Wish) int {
		return strings.Compare(string(x.Child)+string(x.Activity), string(y.Child)+string(y.Activity))
	})
	return all
}

func inOrder(all []Unanswered) []Unanswered {
	slices.SortStableFunc(all, func(x, y Unanswered) int {
		if n := x.Until.Instant() - y.Until.Instant(); n != 0 {
			return int(min(max(n, -1), 1))
		}
		return strings.Compare(x.Key(), y.Key())
	})
	return all
}

// silentWeeks are the weeks to come of what children usually have.
func (s *Scene) silentWeeks(children []family.Child) []Unanswered {
	today := civil.DateOf(s.Now)
	var all []Unanswered
	for _, c := range children {
		for i := range s.Catalogue.Activities {
			a := &s.Catalogue.Activities[i]
			if a.State != activity.Open || a.Term == activity.InHolidays || len(s.enrolled[childActivity{c.ID, a.ID}]) == 0 {
				continue
			}
			usual, rhythm := s.usual(c, a)
			if usual.empty() {
				continue
			}
			for m := today.Monday(); !m.After(today.AddDays(weeksAhead)); m = m.AddDays(7) {
				if !rhythm.on(m) || s.said(c, a, civil.Range{From: m, To: m.AddDays(6)}) {
					continue
				}
				var days []civil.Date
				for j, choice := range usual {
					if choice != "" { // days gone by too: they are late
						days = append(days, m.AddDays(j))
					}
				}
				if until, may := s.firstLimit(c, a, days, func(d civil.Date) activity.ChoiceID { return usual[(int(d.Weekday())+6)%7] }); may {
					all = append(all, Unanswered{Child: c, Activity: a, Monday: m, Until: until})
				}
			}
		}
	}
	return all
}

// silentPeriods are the open periods of holidays to come that children are enrolled in.
func (s *Scene) silentPeriods(children []family.Child, got answers) []Unanswered {
	today := civil.DateOf(s.Now)
	var all []Unanswered
	for _, c := range children {
		for i := range s.Catalogue.Activities {
			a := &s.Catalogue.Activities[i]
			if a.Term != activity.InHolidays || len(a.Choices) == 0 {
				continue
			}
			for _, p := range openPeriods(a, today) {
				if !got.allowed[childPeriod{c.ID, p.ID}] || p.Days.From.Before(today) || s.said(c, a, p.Days) || s.saidOf(got, c, p) {
					continue
				}
				if until, may := s.firstLimit(c, a, p.Days.Days(), func(civil.Date) activity.ChoiceID { return a.Choices[0].ID }); may {
					all = append(all, Unanswered{Child: c, Activity: a, Period: p, Until: until})
				}
			}
		}
	}
	return all
}

// knownHomes tells that it is known in which home each day of a range is.
func (s *Scene) knownHomes(c family.Child, days civil.Range) bool {
	for _, d := range days.Days() {
		if _, known := s.custody[c.ID].HomeOn(d); !known {
			return false
		}
	}
	return true
}

// said tells that a child's home did something about an activity over some days, were it to give it up.
func (s *Scene) said(c family.Child, a *activity.Activity, days civil.Range) bool {
	for _, d := range days.Days() {
		if h := s.held[Cell{c.ID, a.ID, d}]; h.State != "" && h.Family == c.Family {
			return true
		}
	}
	return false
}

// firstLimit is the first last moment to book some days, those left out on which nobody or another home may; false when
// there is none, or when one of these moments is past: what is late needs no reminder.
func (s *Scene) firstLimit(c family.Child, a *activity.Activity, days []civil.Date, want func(civil.Date) activity.ChoiceID) (activity.Limit, bool) {
	var first activity.Limit
	for _, d := range days {
		cell := Cell{c.ID, a.ID, d}
		units := unitsOf(a, want(d))
		if len(units) == 0 || s.bars(cell, a, units) != "" || s.held[cell].Live() {
			continue
		}
		if _, shut := s.shut(cell, a); shut {
			continue
		}
		switch v := s.verdict(a, Holding{Choice: want(d)}, cell, activity.Book); {
		case v.Is == activity.Late || v.Is == activity.TooLate:
			return activity.Limit{}, false
		case v.Is == activity.Free && v.Limit.Kind == activity.LimitAt && (first.Kind == activity.LimitUnset || v.Limit.Instant() < first.Instant()):
			first = v.Limit
		}
	}
	return first, first.Kind == activity.LimitAt
}

// usual is the week that a child's home usually books of an activity, and in which weeks: in two at least, and half, of
// the last weeks in which the activity took place on days of that home; nothing otherwise.
func (s *Scene) usual(c family.Child, a *activity.Activity) (Typical, Rhythm) {
	today := civil.DateOf(s.Now)
	var counts [7]int
	var last Typical
	weeks, booked, even := 0, 0, 0
	for m := today.Monday(); weeks < usualWeeks && !m.Before(today.AddDays(-usualBack).Monday()); m = m.AddDays(-7) {
		place, has := false, false
		for i := range 7 {
			cell := Cell{c.ID, a.ID, m.AddDays(i)}
			if why, _ := s.closed(cell, a); why != "" || s.elsewhere(cell) {
				continue
			}
			place = true
			h := s.held[cell]
			if _, known := a.ChoiceByID(h.Choice); h.State != Booked || h.Family != c.Family || !known {
				continue
			}
			has = true
			if counts[i]++; last[i] == "" {
				last[i] = h.Choice
			}
		}
		if place {
			weeks++
		}
		if has {
			if booked++; EvenWeeks.on(m) {
				even++
			}
		}
	}
	if booked < 2 || 2*booked < weeks {
		return Typical{}, EveryWeek
	}
	for i, n := range counts {
		if 2*n < booked {
			last[i] = ""
		}
	}
	switch {
	case even == booked && weeks > booked:
		return last, EvenWeeks
	case even == 0 && weeks > booked:
		return last, OddWeeks
	}
	return last, EveryWeek
}

// Soon is a week or a period of an activity some day of which has its last moment between now and a horizon, for some
// families at least.
type Soon struct {
	Activity activity.ID
	Key      string // as Unanswered has it
	Days     civil.Range
}

// SoonOver lists them from the catalogue alone: whom it may concern is then looked for.
func SoonOver(cat *activity.Catalogue, now, horizon time.Time) []Soon {
	today := civil.DateOf(now)
	var all []Soon
	for i := range cat.Activities {
		a := &cat.Activities[i]
		if a.State != activity.Open {
			continue
		}
		if a.Term == activity.InHolidays {
			for _, p := range openPeriods(a, today) {
				if soonOver(cat, a, p.Days, now, horizon) {
					all = append(all, Soon{a.ID, string(p.ID), p.Days})
				}
			}
			continue
		}
		for m := today.Monday(); !m.After(today.AddDays(weeksAhead)); m = m.AddDays(7) {
			if week := (civil.Range{From: m, To: m.AddDays(6)}); soonOver(cat, a, week, now, horizon) {
				all = append(all, Soon{a.ID, m.String(), week})
			}
		}
	}
	return all
}

func soonOver(cat *activity.Catalogue, a *activity.Activity, days civil.Range, now, horizon time.Time) bool {
	for _, d := range days.Days() {
		p, known := a.PeriodOf(d)
		policy, ruled := activity.PolicyFor(a.Policies, d)
		if !known || !p.Open || !ruled || d.Before(civil.DateOf(now)) {
			continue
		}
		var every []activity.Quality
		for _, x := range policy.Rules {
			every = append(every, x.For)
		}
		for _, u := range a.Units {
			if why, _ := cat.Why(a, u, d); why != "" {
				continue
			}
			g := cat.Ground(a, u)
			first, last := policy.Window(g, d, nil).Book, policy.Window(g, d, every).Book
			if last.Kind == activity.LimitAt && !last.Passed(now) && (first.Kind != activity.LimitAt || first.Instant() <= civil.InstantOf(horizon)) {
				return true
			}
		}
	}
	return false
}

// todoDays is how long before a last moment the first page says it.
const todoDays = 7

// DeadlineTodos are the weeks to come of what children usually have and of which nothing is said, while it still may be:
// read with the first page's agenda. Holidays are AnswerTodos.
func (p Pages) DeadlineTodos(r db.Reader, now time.Time, a actor.Actor) ([]web.Todo, error) {
	g, err := p.overview(r, now, a)
	if err != nil || len(g.children) == 0 {
		return nil, err
	}
	var todos []web.Todo
	for _, part := range Together(inOrder(g.scene.silentWeeks(g.children))) {
		if u := part[0]; u.Until.Day.Sub(g.today) <= todoDays {
			todos = append(todos, web.Todo{When: u.Until.Day, Title: french.Upper(u.What()) + "\u00a0: rien n’est réservé", Href: u.Href(),
				Detail: SaidOf(part) + "\u00a0: " + u.Until.UntilWords(g.today), Tag: "Date limite", Tone: web.Warning})
		}
	}
	return todos, nil
}

// Together gathers what one line tells: a week or a period, and one last moment.
func Together(all []Unanswered) [][]Unanswered {
	var parts [][]Unanswered
	at := map[string]int{}
	for _, u := range all {
		key := fmt.Sprintf("%s %d", u.Key(), u.Until.Instant())
		i, known := at[key]
		if !known {
			i = len(parts)
			at[key] = i
			parts = append(parts, nil)
		}
		parts[i] = append(parts[i], u)
	}
	return parts
}

// SaidOf is « Jérémy et Inès, Restauration scolaire », or each child with its own where they differ.
func SaidOf(part []Unanswered) string {
	var names, words []string
	of := map[string][]string{}
	for _, u := range part {
		name := u.Child.First()
		if of[name] == nil {
			names = append(names, name)
		}
		of[name] = append(of[name], u.Activity.Name)
	}
	for len(names) > 0 {
		same := []string{names[0]}
		acts := of[names[0]]
		var rest []string
		for _, n := range names[1:] {
			if slices.Equal(of[n], acts) {
				same = append(same, n)
			} else {
				rest = append(rest, n)
			}
		}
		words = append(words, family.List(same)+", "+strings.Join(acts, ", "))
		names = rest
	}
	return strings.Join(words, "\u00a0; ")
}
