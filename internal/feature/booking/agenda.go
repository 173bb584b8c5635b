package booking

import (
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// agenda is all that the pages of a range of days are made of.
type agenda struct {
	children []family.Child
	days     civil.Range
	today    civil.Date
	hour     int // of now, for what is past today
	scene    *Scene
	names    names                      // of the form's fields
	asked    map[Cell]activity.ChoiceID // what a form sent back shows instead of what is held
	form     bool                       // cells that may be changed are boxes
}

// read fills an agenda for some children: one query, two with places, however many children and days. Agents decide past
// deadlines.
func (p Pages) read(r db.Reader, now time.Time, children []family.Child, days civil.Range, places bool) (agenda, error) {
	cat, err := p.Catalogue.In(r, now)
	if err != nil {
		return agenda{}, err
	}
	g := agenda{children: children, days: days, today: civil.DateOf(now), hour: now.Hour(), scene: &Scene{Catalogue: cat, Now: now, ranked: true}}
	if err := readScene(r, g.scene, children, days); err != nil {
		return g, err
	}
	g.names = namesOf(cat, children)
	if places {
		slots, err := activity.SlotsOn(r, g.scene.unitsToShow(), days)
		if err != nil {
			return g, err
		}
		g.scene.readPlaces(slots)
	}
	return g, nil
}

// why says why a day is closed for everybody, "" when it is not.
func (g agenda) why(d civil.Date) string {
	days := g.scene.Catalogue.Days
	if name := days.Public(d); name != "" {
		return "Jour férié\u00a0: " + name
	}
	if why := days.Closed(d, ""); why != "" {
		return why
	}
	if name := days.Holiday(d); name != "" {
		return name
	}
	if int(d.Weekday())%6 == 0 {
		return "Week-end"
	}
	return ""
}

// weekDays lists the days of a week that a page shows: Monday to Friday, and the weekend when all is asked or
// when it holds something.
func (g agenda) weekDays(monday civil.Date, all bool) []civil.Date {
	days := make([]civil.Date, 0, 7)
	for i := range 7 {
		d := monday.AddDays(i)
		if i < 5 || all || g.holds(d) {
			days = append(days, d)
		}
	}
	return days
}

func (g agenda) holds(d civil.Date) bool {
	for c := range g.scene.held {
		if c.Day == d {
			return true
		}
	}
	return false
}

// week lays out one week of some children as the component wants it. With more than one, each line says whose it is.
func (g agenda) week(children []family.Child, monday civil.Date, open, all bool) web.AgendaWeek {
	w := web.AgendaWeek{Monday: monday, Open: open}
	var marks []web.Mark
	var faces []Face
	var ofDay [][]Face
	for _, d := range g.weekDays(monday, all) {
		day := web.AgendaDay{Date: d, Today: d == g.today}
		shut, before := true, len(faces)
		for _, c := range children {
			for _, f := range g.scene.faces(c, d) {
				marks, faces = append(marks, f.Mark), append(faces, f)
				shut = shut && f.Mark == markClosed
				day.Lines = append(day.Lines, g.line(c, f, len(g.children) > 1))
			}
		}
		if why := g.why(d); why != "" && shut {
			day.Closed = true
			day.Lines = []web.AgendaLine{{Activity: "Vos activités", Mark: markClosed, Reason: why}}
		}
		w.Days, ofDay = append(w.Days, day), append(ofDay, faces[before:])
	}
	if w.Summary = tally(marks); w.Summary == "" {
		w.Summary = "Rien de réservé"
	}
	if w.Lead, w.Deadline = g.shared(faces); w.Deadline != "" {
		for i := range w.Days {
			unsay(w.Days[i].Lines, w.Deadline)
		}
		return w
	}
	for i := range w.Days {
		d := &w.Days[i]
		if d.Lead, d.Deadline = g.shared(ofDay[i]); d.Deadline != "" {
			unsay(d.Lines, d.Deadline)
		}
	}
	return w
}

// shared is the moment that most of some cells have, to be said once at the head of their week, or else of their day, in
// place of on each; "" when there is none.
func (g agenda) shared(faces []Face) (lead, until string) {
	var order []activity.Limit
	counts := map[activity.Limit]int{}
	editable := 0
	for _, f := range faces {
		if !f.Editable {
			continue
		}
		editable++
		if f.Late || f.Limit.Kind != activity.LimitAt {
			continue
		}
		if counts[f.Limit] == 0 {
			order = append(order, f.Limit)
		}
		counts[f.Limit]++
	}
	if len(order) == 0 {
		return "", ""
	}
	most := slices.MaxFunc(order, func(x, y activity.Limit) int { return counts[x] - counts[y] })
	if counts[most] < 2 || 2*counts[most] < editable {
		return "", ""
	}
	if lead = "Modifiable"; counts[most] < editable {
		lead = "Sauf mention contraire, modifiable"
	}
	return lead, most.UntilWords(g.today)
}

// unsay takes a moment off the lines whose head says it.
func unsay(lines []web.AgendaLine, until string) {
	for i := range lines {
		if r := &lines[i].Reason; *r == "Modifiable "+until || *r == "Réservable "+until {
			*r = ""
		}
	}
}

// line shows a cell: a box or a list of choices where it may be changed in this page's form.
func (g agenda) line(c family.Child, f Face, named bool) web.AgendaLine {
	l := web.AgendaLine{Activity: f.Label, Mark: f.Mark, Reason: f.Reason}
	if named {
		l.Name, l.Child = c.First(), c.Rank
	}
	if g.form && f.Withdraw && !g.scene.Overrule {
		l.Link = web.Link{Href: cancelHref(f.Cell), Label: "Retirer ma demande"}
	}
	if !g.form || !f.Editable || len(f.Options) == 0 {
		return l
	}
	want := activity.ChoiceID("")
	if f.Held.Live() {
		want = f.Held.Choice
	}
	if asked, again := g.asked[f.Cell]; again {
		want = asked
	}
	l.Seen = g.names.seen(f.Cell, f.Held.Token())
	name := g.names.cell(f.Cell)
	a, _ := g.scene.Catalogue.Activity(f.Activity)
	if len(f.Options) == 1 && len(a.Choices) == 1 {
		l.Box = &web.Box{Name: name, Value: g.names.value(f, f.Options[0], !g.scene.Overrule), Checked: want != ""}
		return l
	}
	l.Activity = a.Name
	l.Pick = &web.Pick{Name: name, Options: []web.Option{{Value: "", Label: "Non réservé"}}}
	for _, o := range f.Options {
		label := upperFirst(o.Name)
		if o.Full && !f.Held.Live() && !g.scene.Overrule {
			label += queueLabel
		} else if o.Full && o.ID != f.Held.Choice {
			label += " (complet)"
		}
		value := g.names.value(f, o, !g.scene.Overrule)
		if o.ID == want {
			l.Pick.Selected = value
		}
		l.Pick.Options = append(l.Pick.Options, web.Option{Value: value, Label: label})
	}
	return l
}

// legend lists the marks that some weeks use, in the order they are met, "Non réservé" and "Réservé" always.
func legend(weeks []web.AgendaWeek) []web.Mark {
	marks := []web.Mark{markBooked, markFree}
	seen := map[string]bool{markBooked.Word: true, markFree.Word: true}
	for _, w := range weeks {
		for _, d := range w.Days {
			for _, l := range d.Lines {
				if m := rankless(l.Mark); !seen[m.Word] {
					seen[m.Word] = true
					marks = append(marks, m)
				}
			}
		}
	}
	return marks
}

const (
	ahead        = 42 // days after this week's Monday in which the next booking is looked for
	overviewBack = 21 // days before it, for what is usual
)

// overview is what the first page shows of all the actor's children: this week and what comes next, read once
// even when two parts of the page ask.
func (p Pages) overview(r db.Reader, now time.Time, a actor.Actor) (agenda, error) {
	return db.Once(r, "booking.overview."+a.Person, func() (agenda, error) {
		today := civil.DateOf(now)
		children, err := family.Children(r, a, today)
		if err != nil || len(children) == 0 {
			return agenda{today: today}, err
		}
		return p.read(r, now, children, civil.Range{From: today.Monday().AddDays(-overviewBack), To: today.Monday().AddDays(ahead)}, false) // places change no word of what is held
	})
}

// thisWeek lays out « Cette semaine »: what each child has, none of what it could have. What may still be given up leads
// to the page that does it.
func (g agenda) thisWeek() []web.WeekDay {
	var days []web.WeekDay
	for _, d := range g.weekDays(weekOf(g.today), false) {
		day := web.WeekDay{Date: d, Today: d == g.today}
		for _, c := range g.children {
			for _, f := range g.scene.faces(c, d) {
				if !f.Held.Live() && f.Held.Attendance == "" {
					continue
				}
				l := web.WeekLine{Child: c.Rank, Name: c.First(), Activity: lowerFirst(f.Label), Mark: f.Mark, Href: weekHref(c.ID, d)}
				if f.Editable || f.Withdraw {
					l.Href = cancelHref(f.Cell)
				}
				day.Lines = append(day.Lines, l)
			}
		}
		if len(day.Lines) == 0 {
			day.Note = "Rien de réservé"
			if why := g.why(d); why != "" {
				day.Note = "Fermé\u00a0: " + lowerFirst(why)
			}
		}
		days = append(days, day)
	}
	return days
}

// weekOf is the Monday of the week that concerns a family on a day: from Saturday on, the one that comes.
func weekOf(d civil.Date) civil.Date { return d.AddDays(2).Monday() }

func weekHref(c family.ChildID, d civil.Date) string {
	return "/espace/enfants/" + string(c) + "/agenda?semaine=" + d.Monday().String()
}

func monthHref(c family.ChildID, first civil.Date) string {
	return "/espace/enfants/" + string(c) + "/agenda?mois=" + first.String()[:7]
}

func cancelHref(c Cell) string {
	return "/espace/enfants/" + string(c.Child) + "/annuler?jour=" + c.Day.String() + "&activite=" + string(c.Activity)
}
