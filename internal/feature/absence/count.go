package absence

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/money"
)

// Fact is an incident as counting sees it: the day it happened, and the day on which the family was told, none when it
// was not.
type Fact struct {
	ID        string
	Day       civil.Date
	Told      civil.Date
	Withdrawn bool
}

// Standing is where a fact stands among those of its kind. Nth counts from 1 the incidents of the span of which the
// family knew when it happened, and this one.
type Standing struct {
	Nth     int
	Warned  bool // the family had been told of an earlier one of the school year
	Charged bool
	Times   int // how many times the price counts when Charged
}

// yearOf is the year that counters begin anew in: from September to August, the summer with the year that ends.
func yearOf(d civil.Date) int {
	if d.Month >= time.September {
		return d.Year
	}
	return d.Year - 1
}

// Stand places a fact among all facts of one kind, child and activity. It depends on what the family had been told by
// that day and on nothing else: in which order facts were noted does not matter, and what is told later changes nothing.
// span names the month, period or school year of a day.
func (x Incident) Stand(f Fact, all []Fact, span func(civil.Date) string) Standing {
	s := Standing{Nth: 1, Times: 1}
	for _, o := range all {
		if o.ID == f.ID || o.Withdrawn || o.Told.IsZero() || !o.Told.Before(f.Day) {
			continue
		}
		if yearOf(o.Day) == yearOf(f.Day) {
			s.Warned = true
		}
		if span(o.Day) == span(f.Day) {
			s.Nth++
		}
	}
	s.Charged = s.Warned && !f.Told.IsZero() && !f.Withdrawn && x.Price != NoPrice && s.Nth > x.Forgiven
	if s.Charged && x.Times > 1 && s.Nth >= x.TimesFrom {
		s.Times = x.Times
	}
	return s
}

// Known counts the facts of a day's span that the family has been told of.
func Known(all []Fact, day civil.Date, span func(civil.Date) string) int {
	n := 0
	for _, f := range all {
		if !f.Withdrawn && !f.Told.IsZero() && span(f.Day) == span(day) {
			n++
		}
	}
	return n
}

// Sample is the price of a day in an example.
type Sample struct{ Tariff, Cost, Top money.Cents }

// Bill is what the day costs in all with the incident, for so many units, when Charged or not.
func (x Incident) Bill(s Standing, units int, p Sample) money.Cents {
	usual := p.Tariff * money.Cents(units)
	if x.Kind == LatePickup {
		usual = 0
	}
	if !s.Charged {
		return usual
	}
	times := money.Cents(max(s.Times, 1))
	price := money.Cents(0)
	switch x.Price {
	case Flat, Surcharge:
		price = x.Amount
	case PerUnit:
		price = x.Amount * money.Cents(units)
	case Percent:
		price = (p.Tariff*money.Cents(units*x.Percent) + 50) / 100
	case CostPrice:
		price = p.Cost * money.Cents(units)
	case TopTariff:
		price = p.Top * money.Cents(units)
	}
	if x.instead() {
		return price * times
	}
	return usual + price*times
}

// instead tells that the price stands in place of the tariff.
func (x Incident) instead() bool {
	return x.Kind == Unbooked && (x.Price == Flat || x.Price == PerUnit) || x.Price == CostPrice || x.Price == TopTariff
}
