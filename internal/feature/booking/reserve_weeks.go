package booking

import (
	"net/url"
	"slices"
	"strconv"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// weekPeriod is a period of holidays, week by week.
type weekPeriod struct {
	ID       activity.PeriodID
	Name     string
	Days     string
	Until    string // « jusqu’au dimanche 4 octobre à 23 h 59 »
	Weeks    []weekCard
	Answered []string // « Jérémy : pas besoin, répondu le … »
	Decline  []family.Child
}

// weekCard is a week of a period: each child's whole week, and its days one by one.
type weekCard struct {
	Title  string
	Days   string // "5 jours, du lundi 19 au vendredi 23 octobre"
	Places string
	Until  string // when it is not that of the period
	Lines  []weekLine
	Days1  []weekLine // days one by one; none where the activity goes by whole weeks
}

// weekLine is what may be ticked for a child, or why nothing may.
type weekLine struct {
	Name  string
	Child int
	Said  string // instead of a box
	Mark  web.Mark
	Box   *web.Box
	Pick  *web.Pick
	Label string
}

// weeksView is the form of an activity of the holidays: the weeks of its open periods.
func (p Pages) weeksView(rd db.Reader, _ actor.Actor, children []family.Child, a *activity.Activity, sent url.Values) (reserveView, error) {
	now := p.Now()
	today := civil.DateOf(now)
	open := openPeriods(a, today)
	days := civil.Range{From: today, To: today}
	for _, x := range a.Periods {
		if x.Days.To.After(days.To) {
			days.To = x.Days.To
		}
	}
	g, err := p.read(rd, now, children, days, true)
	if err != nil {
		return reserveView{}, err
	}
	got, err := readAnswers(rd, children, today)
	if err != nil {
		return reserveView{}, err
	}
	v := reserveView{Activity: a, openings: g.scene.openings(children, a.ID)}
	for _, c := range children {
		if why := g.scene.notFor(c, a, open, today); why != "" {
			v.Barred = append(v.Barred, barred{c.First(), why})
			continue
		}
		v.Children = append(v.Children, c)
	}
	switch {
	case len(open) == 0:
		v.Closed = notOpenWords(a, today)
		return v, nil
	case len(v.Children) == 0:
		v.Closed = "Aucun de vos enfants ne peut y être réservé pour l’instant."
		return v, nil
	}
	n := namesOf(g.scene.Catalogue, v.Children)
	v.Fields = formFields(formWeeks, n, func(id activity.ID) bool { return id == a.ID })
	for _, x := range open {
		if w := g.period(n, a, x, v.Children, got, sent); len(w.Weeks) > 0 {
			v.Weeks = append(v.Weeks, w)
		}
	}
	if len(v.Weeks) == 0 {
		v.Closed = "Aucun jour de ces vacances n’est encore connu."
	}
	return v, nil
}

// period lays out the weeks of a period.
func (g agenda) period(n names, a *activity.Activity, x activity.Period, children []family.Child, got answers, sent url.Values) weekPeriod {
	w := weekPeriod{ID: x.ID, Name: x.Name, Days: "Du " + x.Days.From.DayMonth() + " au " + x.Days.To.Long()}
	if until, can := g.scene.answerBy(a, x, children[0]); can && until.Kind == activity.LimitAt {
		w.Until = until.UntilWords(g.today)
	}
	for _, c := range children {
		of := childPeriod{c.ID, x.ID}
		at, said := got.noNeed[of]
		switch {
		case got.booked[of] || g.scene.saidOf(got, c, x) && !said:
			w.Answered = append(w.Answered, c.First()+"\u00a0: des jours sont réservés ou demandés.")
		case said:
			w.Answered = append(w.Answered, c.First()+"\u00a0: pas besoin, répondu le "+civil.Stamp(at.In(g.scene.Now.Location()))+".")
		case !g.scene.hasDay(c, x):
			w.Answered = append(w.Answered, c.First()+"\u00a0: tous ces jours sont dans l’autre foyer.")
		case got.allowed[of]:
			w.Decline = append(w.Decline, c)
		}
	}
	for m := x.Days.From.Monday(); !m.After(x.Days.To); m = m.AddDays(7) {
		if card, any := g.weekCard(n, a, x, m, children, sent); any {
			if card.Until == w.Until {
				card.Until = ""
			}
			w.Weeks = append(w.Weeks, card)
		}
	}
	return w
}

// weekCard lays out a week, false when the activity has no day left to come in it.
func (g agenda) weekCard(n names, a *activity.Activity, x activity.Period, monday civil.Date, children []family.Child, sent url.Values) (weekCard, bool) {
	card := weekCard{Title: "Semaine du " + monday.Full()}
	var shown []civil.Date
	for i, c := range children {
		line, ones, days := g.childWeek(n, a, x, monday, c, sent)
		if len(days) > len(shown) {
			shown = days
		}
		card.Lines = append(card.Lines, line)
		if !a.WholeWeeks && len(ones) > 1 {
			card.Days1 = append(card.Days1, ones...)
		}
		if i == 0 && len(days) > 0 {
			card.Until = g.untilOf(a, c, days[0])
			card.Places = g.scene.placesWords(a, c, days)
		}
	}
	if len(shown) == 0 {
		return card, false
	}
	card.Days = french.Count(len(shown), "jour") + ", " + runWords(shown)
	return card, true
}

func runWords(days []civil.Date) string {
	if len(days) == 1 {
		return "le " + days[0].DayMonth()
	}
	return "du " + days[0].DayMonth() + " au " + days[len(days)-1].DayMonth()
}

// untilOf is the last moment to book a day, in words.
func (g agenda) untilOf(a *activity.Activity, c family.Child, day civil.Date) string {
	v := g.scene.verdict(a, Holding{Choice: a.Choices[0].ID}, Cell{c.ID, a.ID, day}, activity.Book)
	if v.Is == activity.Free && v.Limit.Kind == activity.LimitAt {
		return v.Limit.UntilWords(g.today)
	}
	return ""
}

// childWeek is what may be ticked of a week for a child: the whole of it, and its days one by one; days are those on
// which the activity takes place.
func (g agenda) childWeek(n names, a *activity.Activity, x activity.Period, monday civil.Date, c family.Child, sent url.Values) (weekLine, []weekLine, []civil.Date) {
	line := weekLine{Name: c.First(), Child: c.Rank}
	var ones []weekLine
	var days []civil.Date
	free := 0
	var why Face
	var options []activity.ChoiceID
	for i := range 7 {
		d := monday.AddDays(i)
		if !x.Days.Contains(d) || d.Before(g.today) {
			continue
		}
		f, takesPlace := g.faceOf(a, c, d)
		if !takesPlace {
			continue
		}
		days = append(days, d)
		if !f.Editable || f.Queue || f.Held.Live() || len(f.Options) == 0 {
			why = f
			ones = append(ones, weekLine{Name: c.First(), Child: c.Rank, Label: d.DayMonth(), Mark: f.Mark, Said: f.Reason})
			continue
		}
		free++
		for _, o := range f.Options {
			if !slices.Contains(options, o.ID) {
				options = append(options, o.ID)
			}
		}
		one := weekLine{Name: c.First(), Child: c.Rank, Label: d.DayMonth()}
		n.control(&one, "j."+n.dayKey(c.ID, a.ID, d), a, f.ids(), sent)
		ones = append(ones, one)
	}
	switch {
	case free == 0:
		line.Mark, line.Said = why.Mark, why.Reason
	case a.WholeWeeks && free < len(days) && why.Mark != markClosed:
		line.Mark, line.Said = why.Mark, joinReason(why.Reason, "Cette activité se réserve par semaine entière")
	default:
		line.Label = "toute la semaine"
		if free < len(days) {
			line.Label = "les " + strconv.Itoa(free) + "\u00a0jours libres de la semaine"
		}
		n.control(&line, "s."+n.dayKey(c.ID, a.ID, monday), a, options, sent)
	}
	return line, ones, days
}

// faceOf is a cell of an activity; false when it does not take place that day.
func (g agenda) faceOf(a *activity.Activity, c family.Child, d civil.Date) (Face, bool) {
	for _, f := range g.scene.faces(c, d) {
		if f.Activity == a.ID {
			return f, f.Mark != markClosed || f.Held.Live()
		}
	}
	return Face{}, false
}

func (f Face) ids() []activity.ChoiceID {
	var all []activity.ChoiceID
	for _, o := range f.Options {
		if !o.Full {
			all = append(all, o.ID)
		}
	}
	return all
}

// dayKey is "k0.a1.2026-10-19".
func (n names) dayKey(c family.ChildID, of activity.ID, d civil.Date) string {
	return n.key(Cell{c, of, d})
}

// control is a box, or a list where there are several choices.
func (n names) control(l *weekLine, name string, a *activity.Activity, options []activity.ChoiceID, sent url.Values) {
	value := sent.Get(name)
	if len(a.Choices) == 1 {
		l.Box = &web.Box{Name: name, Value: "1", Checked: value != ""}
		return
	}
	l.Pick = &web.Pick{Name: name, Selected: value, Options: []web.Option{{Label: "Non"}}}
	for _, id := range options {
		c, _ := a.ChoiceByID(id)
		l.Pick.Options = append(l.Pick.Options, web.Option{Value: n.choice(a.ID, id), Label: french.Upper(c.Name)})
	}
}

// placesWords says how many places a child's days have left at its place: the least of them.
func (s *Scene) placesWords(a *activity.Activity, c family.Child, days []civil.Date) string {
	least, most, bounded, full := 0, 0, false, 0
	for _, d := range days {
		cell := Cell{c.ID, a.ID, d}
		e, _ := s.enrolment(cell)
		site, _ := s.site(cell, a, e)
		group, _ := a.GroupOf(site, e.group, s.kids[c.ID].level)
		for _, u := range unitsOf(a, a.Choices[0].ID) {
			slot, known := s.slotsByKey[slotKey{u.ID, string(site), group, d}]
			n, limited := slot.Left()
			if !known || !limited {
				continue
			}
			if n == 0 {
				full++
				break
			}
			if !bounded || n < least {
				least, bounded = n, true
			}
			most = max(most, n)
		}
	}
	switch {
	case full == len(days):
		return "Complet"
	case full > 0:
		return "Complet pour " + french.Count(full, "jour")
	case bounded && least == most:
		return french.Count(least, "place") + " chaque jour"
	case bounded:
		return french.Count(least, "place") + " ou plus chaque jour"
	}
	return ""
}
