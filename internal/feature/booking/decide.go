package booking

import (
	"slices"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/feature/activity"
)

// Moved is said of a line that changed between the page and its sending.
const Moved = "Ce jour a changé pendant que vous regardiez la page"

// What is said of a line that moved to what it asks.
const (
	AlreadyBooked    = "C’est déjà réservé, depuis que vous regardez la page"
	AlreadyCancelled = "C’est déjà annulé, depuis que vous regardez la page"
)

// Decide answers wishes one by one, then looks at what they make together: units that need or exclude each other,
// whole weeks, days a week. Places are not looked at: they are taken when it is written. Each wish has its decision, in
// the same order.
func (s *Scene) Decide(wishes []Wish) []Decision {
	all := make([]Decision, len(wishes))
	for i, w := range wishes {
		all[i] = s.decide(w)
	}
	for s.settle(all) { // a refusal may take away what another wish needs
	}
	return all
}

// decide answers a wish by itself.
func (s *Scene) decide(w Wish) Decision {
	d := Decision{Wish: w, Did: DidNone, Held: s.held[w.Cell], childName: s.kids[w.Child].name}
	_, enrolled := s.enrolment(w.Cell)
	d.foreign = !enrolled && d.Held.State == ""
	a, known := s.Catalogue.Activity(w.Activity)
	if !known || s.kids[w.Child].family == "" {
		return d.refuse("Cette activité n’existe plus")
	}
	mine := d.Held.Family == s.kids[w.Child].family
	switch {
	case d.Held.Token() != w.Seen && d.Held.State == Booked && mine && d.Held.Choice == w.Want:
		return d.refuse(AlreadyBooked)
	case d.Held.Token() != w.Seen && !d.Held.Live() && w.Want == "":
		return d.refuse(AlreadyCancelled)
	case d.Held.Token() != w.Seen:
		return d.refuse(Moved)
	case d.Held.Live() && d.Held.Choice == w.Want || !d.Held.Live() && w.Want == "":
		return d.refuse("")
	case d.Held.Live() && !mine:
		return d.refuse("Réservé par l’autre foyer, qui peut seul le changer")
	case d.Held.Attendance != "":
		return d.refuse("La présence de ce jour est déjà notée")
	case w.Want == "":
		return s.cancel(d, a)
	case d.Held.State == Waiting || d.Held.State == Offered:
		return d.refuse("Quittez d’abord la liste d’attente de ce jour")
	}
	return s.book(d, a)
}

// cancel gives up what a cell holds.
func (s *Scene) cancel(d Decision, a *activity.Activity) Decision {
	d.drop = d.Held.Units
	d.Did = DidCancel
	if d.Held.State != Booked { // nothing was promised yet
		return d
	}
	if s.Overrule {
		return d
	}
	v := s.verdict(a, d.Held, d.Cell, activity.Cancel)
	if v.Is == activity.Free {
		d.Until = v.Limit
		return d
	}
	if s.lateWelcome(d.Held, d.Cell, a) {
		return d
	}
	if v.After.Kind == activity.AfterRequest && !d.Held.CancelAsked && !v.Until.Passed(s.Now) {
		d.Did, d.Late, d.drop = DidAskCancel, true, nil
		return d
	}
	return d.refuse(tooLate("annuler", v.Limit, s.Now))
}

// verdict says where the moment lies for what a cell holds, what was promised included.
func (s *Scene) verdict(a *activity.Activity, h Holding, c Cell, action activity.Action) activity.Verdict {
	units := unitsOf(a, h.Choice)
	if len(units) == 0 {
		for _, u := range h.Units {
			if unit, known := a.UnitByID(u.unit); known {
				units = append(units, unit)
			}
		}
	}
	if len(units) == 0 {
		return activity.Verdict{Is: activity.TooLate, Action: action}
	}
	w, known := s.window(a, firstUnit(units), s.kids[c.Child].family, c.Day)
	if !known {
		return activity.Verdict{Is: activity.TooLate, Action: action}
	}
	if h.Until != nil {
		w = w.Keep(activity.Cancel, *h.Until).Keep(activity.Change, *h.Until)
	}
	v := activity.Decide(w, s.Now, action)
	v.After, v.Until = w.After, w.Late
	return v
}

// book takes a choice, in place of another when the cell holds one.
func (s *Scene) book(d Decision, a *activity.Activity) Decision {
	units := unitsOf(a, d.Want)
	if s.restore { // the parts that were, whether a choice makes them or not
		units = partsOf(a, d.Want)
	}
	if len(units) == 0 {
		return d.refuse("Cette formule n’existe plus")
	}
	if why := s.bars(d.Cell, a, units); why != "" {
		return d.refuse(why)
	}
	e, _ := s.enrolment(d.Cell)
	var placed bool
	if d.site, placed = s.site(d.Cell, a, e); !placed {
		return d.refuse("Le lieu d’accueil de l’enfant n’est pas encore choisi")
	}
	if d.group, placed = a.GroupOf(d.site, e.group, s.kids[d.Child].level); !placed {
		return d.refuse("Aucun groupe de ce lieu ne reçoit la classe de l’enfant")
	}
	d.Did, d.take = DidBook, nil
	for _, u := range units {
		if !slices.ContainsFunc(d.Held.Units, func(h heldUnit) bool { return h.unit == u.ID }) || d.Held.State != Booked {
			d.take = append(d.take, u.ID)
		}
	}
	action := activity.Book
	if d.Held.Live() {
		d.Did, action = DidChange, activity.Change
		for _, h := range d.Held.Units {
			if !slices.ContainsFunc(units, func(u activity.Unit) bool { return u.ID == h.unit }) {
				d.drop = append(d.drop, h)
			}
		}
	}
	w, known := s.window(a, firstUnit(units), s.kids[d.Child].family, d.Day)
	if !known {
		return d.refuse("Les délais de cette activité ne sont pas encore fixés")
	}
	if d.Held.Until != nil && d.Did == DidChange {
		w = w.Keep(activity.Change, *d.Held.Until)
	}
	d.Until = w.Cancel
	v := activity.Decide(w, s.Now, action)
	if d.Did == DidChange && len(d.drop) > 0 && d.Held.State == Booked {
		v = s.givenUp(d, a, v)
	}
	return s.restored(s.inTime(d, v))
}

// givenUp is the verdict on a change that gives parts up: they have an hour of their own, and where the town set none for
// changing, that of cancelling too. Otherwise a whole day would be given up in two gestures after its hour.
func (s *Scene) givenUp(d Decision, a *activity.Activity, v activity.Verdict) activity.Verdict {
	if before := s.verdict(a, d.Held, d.Cell, activity.Change); before.Is != activity.Free {
		return before
	}
	w, known := s.window(a, firstUnit(partsOf(a, d.Held.Choice)), s.kids[d.Child].family, d.Day)
	if before := s.verdict(a, d.Held, d.Cell, activity.Cancel); known && !w.Apart && before.Is != activity.Free {
		return before
	}
	return v
}

// comesBack tells that a cell gets back what its own family had there.
func (s *Scene) comesBack(c Cell, h Holding) bool {
	return s.restore && h.State == Cancelled && h.Family == s.kids[c.Child].family
}

// restored gives what an act of the service took away its first promise back.
func (s *Scene) restored(d Decision) Decision {
	if !s.comesBack(d.Cell, d.Held) {
		return d
	}
	d.Late, d.Until = d.Held.Late, activity.Limit{}
	if d.Held.Until != nil {
		d.Until = *d.Held.Until
	}
	return d
}

// inTime answers by the moment.
func (s *Scene) inTime(d Decision, v activity.Verdict) Decision {
	switch {
	case v.Is == activity.Free:
		return d
	case s.Overrule:
		d.Late = v.Is != activity.TooEarly
		return d
	case v.Is == activity.Late && v.After.Kind == activity.AfterRequest:
		if d.Held.Live() {
			return d.refuse(tooLate("changer", v.Limit, s.Now))
		}
		d.Did, d.Late = DidAsk, true
		return d
	case v.Is == activity.Late:
		d.Late = true
		return d
	case v.Is == activity.TooEarly:
		return d.refuse(tooEarly(v.Limit, s.Now))
	}
	verb := "réserver"
	switch v.Action {
	case activity.Change:
		verb = "changer"
	case activity.Cancel:
		verb = "annuler"
	}
	return d.refuse(tooLate(verb, v.Limit, s.Now))
}

// bars says why a cell cannot be booked whatever the moment, "" when it can.
func (s *Scene) bars(c Cell, a *activity.Activity, units []activity.Unit) string {
	if _, enrolled := s.enrolment(c); !enrolled {
		return "L’enfant n’est pas inscrit à cette activité ce jour-là"
	}
	for _, u := range units {
		if why, _ := s.Catalogue.Why(a, u, c.Day); why != "" {
			return why
		}
	}
	p, known := a.PeriodOf(c.Day)
	k := s.kids[c.Child]
	switch {
	case s.elsewhere(c) && !s.anyHome:
		return otherHomesDay
	case a.State != activity.Open || !known || !p.Open:
		return notOpen
	case s.barred[barredKey{k.family, c.Activity}] != "":
		return s.barred[barredKey{k.family, c.Activity}]
	case a.ResidentsOnly && !s.Overrule && !slices.Contains(s.qualitiesOf(k.family, c.Day), activity.Resident):
		return "Cette activité est réservée aux habitants de la commune"
	}
	return a.Takes(k.level, k.born, c.Day)
}

// BlockedByService is whether the cell is closed for everybody, and why; quiet when there is nothing to say.
func (s *Scene) closed(c Cell, a *activity.Activity) (reason string, quiet bool) {
	quiet = true
	for _, u := range a.Units {
		why, q := s.Catalogue.Why(a, u, c.Day)
		if why == "" {
			return "", false
		}
		if reason == "" || !q {
			reason = why
		}
		quiet = quiet && q
	}
	return reason, quiet
}

const notOpen = "Réservations pas encore ouvertes"

// tooLate says since when it is too late to do something.
func tooLate(doing string, l activity.Limit, now time.Time) string {
	if l.Kind != activity.LimitAt {
		return "Pour " + doing + " ce jour, appelez le service"
	}
	return "Trop tard pour " + doing + " " + l.SinceWords(civil.DateOf(now))
}

// tooEarly says from when it will be possible.
func tooEarly(l activity.Limit, now time.Time) string {
	if l.Kind != activity.LimitAt {
		return "Les réservations ne sont pas encore ouvertes"
	}
	return "Réservable " + l.FromWords(civil.DateOf(now))
}

// settle refuses the wishes that cannot stand together, and tells whether it refused one.
func (s *Scene) settle(all []Decision) bool {
	after := s.after(all)
	refused := false
	for i := range all {
		if !all[i].does() || s.Overrule {
			continue
		}
		if why := s.clashIn(all, all[i], after); why != "" {
			all[i] = all[i].refuse(why)
			refused = true
		}
	}
	return refused || s.weeks(all, after)
}

// after is what each child has on each day once all is done, by unit.
func (s *Scene) after(all []Decision) map[childDay]map[activity.UnitID]activity.ID {
	days := map[childDay]map[activity.UnitID]activity.ID{}
	at := func(c Cell) map[activity.UnitID]activity.ID {
		key := childDay{c.Child, c.Day}
		if days[key] == nil {
			days[key] = map[activity.UnitID]activity.ID{}
		}
		return days[key]
	}
	for c, h := range s.held {
		if h.Live() && h.State != Waiting {
			for _, u := range h.Units {
				at(c)[u.unit] = c.Activity
			}
		}
	}
	for _, d := range all {
		if !d.does() || d.Did == DidWait {
			continue
		}
		for _, u := range d.drop {
			delete(at(d.Cell), u.unit)
		}
		for _, u := range d.take {
			at(d.Cell)[u] = d.Activity
		}
	}
	return days
}

// clash says which other unit of the day stands in the way of a wish, "" when none does.
func (s *Scene) clash(d Decision, after map[childDay]map[activity.UnitID]activity.ID) string {
	day := after[childDay{d.Child, d.Day}]
	for _, id := range d.take {
		a, _ := s.Catalogue.OfUnit(id)
		u, _ := a.UnitByID(id)
		if u.Needs != "" && day[u.Needs] == "" {
			return "Il faut aussi réserver «\u00a0" + s.label(u.Needs) + "\u00a0» ce jour-là"
		}
		for _, other := range u.Excludes {
			if day[other] != "" {
				return "Ne peut pas aller avec «\u00a0" + s.label(other) + "\u00a0» le même jour"
			}
		}
	}
	for _, gone := range d.drop {
		for id := range day {
			a, known := s.Catalogue.OfUnit(id)
			if !known {
				continue
			}
			if u, _ := a.UnitByID(id); u.Needs == gone.unit {
				return "«\u00a0" + s.label(id) + "\u00a0» en a besoin ce jour-là\u00a0: annulez les deux"
			}
		}
	}
	return ""
}

func (s *Scene) label(id activity.UnitID) string {
	a, known := s.Catalogue.OfUnit(id)
	if !known {
		return "une autre activité"
	}
	u, _ := a.UnitByID(id)
	return a.Label(u.Name)
}

type week struct {
	childActivity
	monday civil.Date
}

// weeks refuses what leaves a child with part of a week where the activity wants whole ones, or with too few or too many
// days a week. All wishes of such a week are refused together.
func (s *Scene) weeks(all []Decision, after map[childDay]map[activity.UnitID]activity.ID) bool {
	why := map[week]string{}
	for _, d := range all {
		w := week{childActivity{d.Child, d.Activity}, d.Day.Monday()}
		if _, known := why[w]; !known && d.does() && !s.Overrule {
			why[w] = s.badWeek(w, after)
		}
	}
	refused := false
	for i := range all {
		if reason := why[week{childActivity{all[i].Child, all[i].Activity}, all[i].Day.Monday()}]; reason != "" && all[i].does() {
			all[i] = all[i].refuse(reason)
			refused = true
		}
	}
	return refused
}

func (s *Scene) badWeek(w week, after map[childDay]map[activity.UnitID]activity.ID) string {
	a, _ := s.Catalogue.Activity(w.activity)
	open, has, all := 0, 0, 0 // has leaves out the days of the other home, which this one cannot fill
	for i := range 7 {
		day := w.monday.AddDays(i)
		c := Cell{w.child, w.activity, day}
		elsewhere := s.elsewhere(c) && !s.anyHome
		why, _ := s.closed(c, a)
		if _, shut := s.shut(c, a); why == "" && !shut && !elsewhere {
			if p, known := a.PeriodOf(day); known && p.Open {
				open++
			}
		}
		for _, of := range after[childDay{w.child, day}] {
			if of == w.activity {
				if all++; !elsewhere {
					has++
				}
				break
			}
		}
	}
	switch {
	case has == 0:
		return ""
	case a.WholeWeeks && has < open:
		return "Cette activité se réserve et s’annule par semaine entière"
	case a.MinDays > 0 && has < min(a.MinDays, open):
		return "Il faut réserver au moins " + french.Count(a.MinDays, "jour") + " dans la semaine"
	case a.MaxDays > 0 && all > a.MaxDays:
		return "On peut réserver au plus " + french.Count(a.MaxDays, "jour") + " dans la semaine"
	}
	return ""
}

// shut tells that the service closed all the places that an activity has for a child on a day, and why; false where no
// places were read.
func (s *Scene) shut(c Cell, a *activity.Activity) (reason string, shut bool) {
	e, _ := s.enrolment(c)
	site, _ := s.site(c, a, e)
	group, _ := a.GroupOf(site, e.group, s.kids[c.Child].level)
	for _, u := range a.Units {
		if why, _ := s.Catalogue.Why(a, u, c.Day); why != "" {
			continue
		}
		slot := s.slotsByKey[slotKey{u.ID, string(site), group, c.Day}]
		if !slot.Closed {
			return "", false
		}
		if reason = slot.Reason; reason == "" {
			reason = "Pas d’accueil ce jour-là"
		}
	}
	return reason, true
}

// together names the decisions that are done all or none: the days of a whole week, else each by itself.
func (s *Scene) together(d Decision) week {
	w := week{childActivity{d.Child, d.Activity}, d.Day}
	if a, known := s.Catalogue.Activity(d.Activity); known && (a.WholeWeeks || byWeeks(a) && d.Queue) && !s.Overrule {
		w.monday = d.Day.Monday()
	}
	if s.asOne {
		w.child = ""
	}
	return w
}
