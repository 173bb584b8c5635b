package custody

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
)

// The rhythms that the form offers, in its address and its field « rythme ».
const (
	rhythmWeeks  = "paires"
	rhythmBlocks = "blocs"
	rhythmDays   = "quinzaine"
	rhythmDates  = "dates"
)

// The answers about a home: own is the reader's, or the first one at the counter.
const (
	ownHome   = "nous"
	otherHome = "autre"
)

// rhythm is one way of sharing as a parent chooses it.
type rhythm struct{ value, label, detail string }

func rhythms() []rhythm {
	return []rhythm{
		{rhythmWeeks, "Semaines paires et impaires", "Une semaine sur deux, d’après le numéro de la semaine"},
		{rhythmBlocks, "Plusieurs semaines de suite", "Une, deux semaines ou plus dans chaque foyer, à tour de rôle"},
		{rhythmDays, "Certains jours de la semaine", "Par exemple un week-end sur deux, ou les mercredis"},
		{rhythmDates, "Des dates précises", "Chaque période, du premier au dernier jour"},
	}
}

func rhythmOf(value string) (rhythm, bool) {
	for _, x := range rhythms() {
		if x.value == value {
			return x, true
		}
	}
	return rhythm{}, false
}

// spanRows is how many lines of dates a form shows: what is filled in, and some more.
func spanRows(f *web.Form) int {
	n := 0
	for i := 1; i <= mostSpans; i++ {
		if f.Line(fmt.Sprintf("du%d", i)) != "" {
			n = i
		}
	}
	return min(mostSpans, max(6, n+2))
}

// sharingOf reads the form, between a first home, which the form calls one’s own, and a second.
func sharingOf(f *web.Form, own, other family.ID) Sharing {
	home := func(answer string) family.ID {
		if answer == otherHome {
			return other
		}
		return own
	}
	s := Sharing{Arrangement: Arrangement{Home: own, Other: other}, Reference: f.Line("reference")}
	s.Days.From, _ = civil.ParseFrench(f.Line("debut")) // a zero first day is told by the verb
	s.Days.To, _ = civil.ParseFrench(f.Line("fin"))
	s.DecidedOn, _ = civil.ParseFrench(f.Line("decision"))
	switch f.Line("rythme") {
	case rhythmWeeks:
		s.Kind = EvenOddWeeks
		if s.Home = home(f.Line("paires")); s.Home == other {
			s.Other = own
		}
		n, _ := strconv.Atoi(f.Line("changement"))
		s.Change = time.Weekday(max(0, n) % 7)
	case rhythmBlocks:
		n, _ := strconv.Atoi(f.Line("semaines"))
		s.Kind, s.Cells, s.Step, s.Anchor = Cycle, "AB", 7*max(0, min(n, 5)), s.Days.From
		if f.Line("premier") == otherHome {
			s.Cells = "BA"
		}
	case rhythmDays:
		s.Kind, s.Step = Cycle, 1
		if !s.Days.From.IsZero() {
			s.Anchor = s.Days.From.Monday()
		}
		for i := range 14 {
			if slices.Contains(f.All(fmt.Sprintf("jours%d", i/7+1)), strconv.Itoa(i+1)) {
				s.Cells += "A"
			} else {
				s.Cells += "B"
			}
		}
	case rhythmDates:
		s.Kind = ByDates
		switch f.Line("reste") {
		case ownHome:
			s.Cells = "A"
		case otherHome:
			s.Cells = "B"
		}
	}
	for i := 1; i <= mostSpans; i++ {
		from, to := f.Line(fmt.Sprintf("du%d", i)), f.Line(fmt.Sprintf("au%d", i))
		if from == "" && to == "" {
			continue
		}
		x := Span{Home: home(f.Line(fmt.Sprintf("chez%d", i)))}
		x.From, _ = civil.ParseFrench(from)
		x.To, _ = civil.ParseFrench(to)
		s.Spans = append(s.Spans, x)
	}
	return s
}

// unread are the days typed that are none.
func unread(f *web.Form) {
	for _, name := range []string{"debut", "fin", "decision"} {
		if v := f.Line(name); v != "" {
			if _, err := civil.ParseFrench(v); err != nil {
				f.Fail(name, "Écrivez le jour comme ceci\u00a0: 04/01/2027.")
			}
		}
	}
}

// sentField is a field of a form that another one carries along.
type sentField struct{ name, value string }

// sentFields are the fields of the form, but its key and what the page adds.
func sentFields(f *web.Form) []sentField {
	var all []sentField
	names := f.Names()
	slices.Sort(names)
	for _, name := range names {
		if name == "cle" || name == "action" {
			continue
		}
		for _, v := range f.All(name) {
			if strings.TrimSpace(v) != "" {
				all = append(all, sentField{name, v})
			}
		}
	}
	return all
}

func weekdayOptions() []web.Option {
	var all []web.Option
	for i := 1; i <= 7; i++ {
		all = append(all, web.Option{Value: strconv.Itoa(i), Label: french.Upper(civil.WeekdayName(time.Weekday(i % 7)))})
	}
	return all
}

func fortnightOptions(week int) []web.Option {
	var all []web.Option
	for i := 1; i <= 7; i++ {
		all = append(all, web.Option{Value: strconv.Itoa(7*week + i), Label: french.Upper(civil.WeekdayName(time.Weekday(i % 7)))})
	}
	return all
}
