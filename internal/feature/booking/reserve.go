package booking

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Rhythm tells which weeks a typical week is booked in.
type Rhythm string

// The rhythms. Even and odd go by the number of the week (ISO): week 53 and week 1 are both odd and follow each other.
const (
	EveryWeek Rhythm = "toutes"
	EvenWeeks Rhythm = "paires"
	OddWeeks  Rhythm = "impaires"
)

func (r Rhythm) on(d civil.Date) bool {
	even := d.ISOWeek()%2 == 0
	return r == EveryWeek || r == EvenWeeks && even || r == OddWeeks && !even
}

// words is "chaque semaine", "les semaines paires".
func (r Rhythm) words() string {
	switch r {
	case EvenWeeks:
		return "les semaines paires"
	case OddWeeks:
		return "les semaines impaires"
	}
	return "chaque semaine"
}

// Typical is what a child has of an activity each day of a week, Monday first; "" is nothing.
type Typical [7]activity.ChoiceID

func (t Typical) empty() bool { return t == Typical{} }

// Part is a typical week of a child and an activity over a run of days. Picked tells days chosen one by one, that no
// rhythm sums up.
type Part struct {
	Child    family.ChildID
	Activity activity.ID
	Week     Typical
	Rhythm   Rhythm
	Days     civil.Range
	Picked   bool
}

// Recipe is many days asked at once, in few words. It names the same cells in the same order whenever it is read: nothing
// of the calendar or of the moment counts in it.
type Recipe struct{ Parts []Part }

// mostCells bounds the cells of a recipe: mostWishes, and as many that holidays and other days exclude.
const mostCells = 2 * mostWishes

// mostDays bounds the days of a part.
const mostDays = 800

// mostLooked bounds the weeks and days that are looked at to find the cells of a recipe, those named twice too.
const mostLooked = 4 * mostCells

// Wishes are the cells that a recipe names, each once.
func (r Recipe) Wishes(ctx context.Context) ([]Wish, error) {
	all, _, err := r.look(ctx)
	return all, err
}

// look names the cells, and tells how many weeks and days it looked at for them. Weeks start on Monday, as rhythms do.
func (r Recipe) look(ctx context.Context) ([]Wish, int, error) {
	var all []Wish
	looked := 0
	seen := map[Cell]bool{}
	for _, p := range r.Parts {
		if err := ctx.Err(); err != nil {
			return nil, looked, err
		}
		if p.Days.From.IsZero() || p.Days.To.Sub(p.Days.From) > mostDays {
			return nil, looked, tooMany()
		}
		for monday := p.Days.From.Monday(); !monday.After(p.Days.To); monday = monday.AddDays(7) {
			if looked++; looked > mostLooked {
				return nil, looked, tooMany()
			}
			if !p.Rhythm.on(monday) {
				continue
			}
			for i, want := range p.Week {
				c := Cell{p.Child, p.Activity, monday.AddDays(i)}
				if want == "" || !p.Days.Contains(c.Day) {
					continue
				}
				if looked++; seen[c] {
					continue
				}
				if len(all) == mostCells {
					return nil, looked, tooMany()
				}
				seen[c] = true
				all = append(all, Wish{Cell: c, Want: want})
			}
		}
	}
	return all, looked, nil
}

// named tells of a cell whether it is of a day that the family wrote or ticked by itself, not of a week or a rhythm.
func (r Recipe) named() func(Cell) bool {
	days := map[Cell]bool{}
	for _, p := range r.Parts {
		if p.Picked && p.Days.From == p.Days.To {
			days[Cell{p.Child, p.Activity, p.Days.From}] = true
		}
	}
	return func(c Cell) bool { return days[c] }
}

// check refuses a recipe that no page makes: a child that is not the actor's, an activity that there is not. Nothing is
// looked at before.
func (r Recipe) check(children []family.Child, cat *activity.Catalogue) error {
	for _, p := range r.Parts {
		if _, err := oneOf(children, p.Child); err != nil {
			return err
		}
		if _, known := cat.Activity(p.Activity); !known {
			return fault.Missing("activity")
		}
	}
	return nil
}

func tooMany() error {
	return fault.New(fault.Invalid, "Cela fait trop de jours à la fois. Choisissez une période plus courte, ou moins d’enfants.")
}

// proposal is what a recipe comes to for the family, before anything is written.
type proposal struct {
	scene *Scene
	lines []Decision
	// shown has a sign for each wish of the recipe: what the page says of it. A confirmation does no more than that.
	shown string
}

// The signs of a proposal, the dearest last.
const (
	signNone  = '-' // nothing will be done
	signBook  = 'b'
	signOther = 'o' // such as a place in a waiting list
	signLate  = 'l'
	signAsk   = 'd'
)

const signs = "-bold"

func signOf(d Decision) byte {
	switch {
	case !d.does():
		return signNone
	case d.Did == DidAsk || d.Did == DidAskCancel:
		return signAsk
	case d.Late:
		return signLate
	case d.Did == DidBook || d.Did == DidChange || d.Did == DidCancel:
		return signBook
	}
	return signOther
}

// What is said of cells that a typical week leaves as they are.
const (
	hasAlready   = "Déjà réservé"
	hasOther     = "Déjà réservé autrement\u00a0: ce jour reste comme il est"
	askedAlready = "Déjà demandé"
	heldByOther  = "Réservé par l’autre foyer"
	noPeriod     = "Aucune période de réservation ce jour-là"
)

// propose looks at what wishes for cells that should hold nothing would do. Days already booked are kept: a typical week
// never cancels. Days gone by, and those on which the activity never takes place, are not told, but for the days that the
// family named.
func (p Pages) propose(r db.Reader, a actor.Actor, wishes []Wish, named func(Cell) bool) (proposal, error) {
	now := p.Now()
	today := civil.DateOf(now)
	cat, err := p.Catalogue.In(r, now)
	if err != nil {
		return proposal{}, err
	}
	children, err := family.Children(r, a, today)
	if err != nil {
		return proposal{}, err
	}
	days := civil.Range{From: today, To: today}
	for _, w := range wishes {
		if _, err := oneOf(children, w.Child); err != nil {
			return proposal{}, err
		}
		if w.Day.After(days.To) {
			days.To = w.Day
		}
	}
	s := &Scene{Catalogue: cat, Now: now}
	if err := readScene(r, s, children, days); err != nil {
		return proposal{}, err
	}
	out := proposal{scene: s}
	told := make([]*Decision, len(wishes))
	var ask []Wish
	var at []int
	for i, w := range wishes {
		d, asked, err := s.first(w, today, named(w.Cell))
		if err != nil {
			return proposal{}, err
		}
		if asked {
			ask, at = append(ask, w), append(at, i)
		}
		told[i] = d
	}
	decided, _, err := p.preview(r, a, Order{Wishes: ask, Barred: p.Barred})
	if err != nil {
		return proposal{}, err
	}
	for i, d := range decided {
		told[at[i]] = &d
	}
	shown := make([]byte, len(wishes))
	for i, d := range told {
		shown[i] = signNone
		if d != nil {
			shown[i] = signOf(*d)
			out.lines = append(out.lines, *d)
		}
	}
	out.shown = string(shown)
	return out, nil
}

// first sorts out a cell: whether it is to be asked, else what is said of it, nil for nothing; named that the family
// wrote the day itself.
func (s *Scene) first(w Wish, today civil.Date, named bool) (*Decision, bool, error) {
	a, known := s.Catalogue.Activity(w.Activity)
	if !known {
		return nil, false, fault.Missing("activity")
	}
	if w.Day.Before(today) {
		return nil, false, nil
	}
	say := func(why string) (*Decision, bool, error) {
		d := Decision{Wish: w, Held: s.held[w.Cell], childName: s.kids[w.Child].name}.refuse(why)
		return &d, false, nil
	}
	switch h := s.held[w.Cell]; {
	case !h.Live():
	case h.Family != s.kids[w.Child].family:
		return say(heldByOther)
	case h.State != Booked:
		return say(askedAlready)
	case h.Choice != w.Want:
		return say(hasOther)
	default:
		return say(hasAlready)
	}
	for _, u := range unitsOf(a, w.Want) {
		if why, quiet := s.Catalogue.Why(a, u, w.Day); why != "" && quiet {
			if named {
				return say(why)
			}
			return nil, false, nil
		}
	}
	if _, within := a.PeriodOf(w.Day); !within {
		return say(noPeriod)
	}
	return nil, true, nil
}

// errDearer is said when what was shown would now cost more: past a deadline since, a day would be charged more or only
// asked of the service. The family reads the page again before it says yes.
var errDearer = fault.New(fault.Conflict, "Un délai est passé pendant que vous regardiez la page. Rien n’est enregistré\u00a0: vérifiez de nouveau.")

// confirm does what a page showed of some wishes, as an order asks it, and never more: a line that cannot be done any more is left out, and the
// confirmation says why; a line that became dearer stops all of it.
func confirm(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, wishes []Wish, shown string, o Order) (Outcome, error) {
	if len(shown) != len(wishes) {
		return Outcome{}, errForm()
	}
	var as []byte
	for i, w := range wishes {
		if !strings.ContainsRune(signs, rune(shown[i])) {
			return Outcome{}, errForm()
		}
		if shown[i] != signNone {
			o.Wishes, as = append(o.Wishes, w), append(as, shown[i])
		}
	}
	if err := o.check(a, cat); err != nil {
		return Outcome{}, err
	}
	s, err := sceneFor(tx, now, a, cat, o)
	if err != nil {
		return Outcome{}, err
	}
	for i, d := range s.Decide(o.Wishes) {
		if is := signOf(d); d.does() && is != as[i] && is != signBook {
			return Outcome{}, errDearer
		}
	}
	return Apply(tx, now, a, cat, o)
}

// weekdayNames is "lundi, mardi, jeudi et vendredi".
func (t Typical) weekdayNames() string {
	var all []string
	for i, c := range t {
		if c != "" {
			all = append(all, civil.WeekdayName(time.Weekday((i+1)%7)))
		}
	}
	return family.List(all)
}

// choices are the different choices of a week, in the order of its days.
func (t Typical) choices() []activity.ChoiceID {
	var all []activity.ChoiceID
	for _, c := range t {
		if c != "" && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// ranges puts days in words, runs of days together: "du lundi 21 au vendredi 25 décembre 2026 (5 jours)". A run goes from
// one of the weekdays to the next of them; none means those of the days themselves.
func ranges(days []civil.Date, on activity.Weekdays) []string {
	days = slices.Clone(days)
	slices.SortFunc(days, civil.Date.Compare)
	days = slices.Compact(days)
	for _, d := range days {
		on |= activity.On(d.Weekday())
	}
	next := func(d civil.Date) civil.Date {
		for d = d.AddDays(1); !on.Has(d.Weekday()); {
			d = d.AddDays(1)
		}
		return d
	}
	var all []string
	for i := 0; i < len(days); {
		j := i
		for j+1 < len(days) && days[j+1] == next(days[j]) {
			j++
		}
		switch {
		case j-i < 2:
			j = i
			all = append(all, days[i].Long())
		default:
			all = append(all, "du "+days[i].DayMonth()+" au "+days[j].Long()+" ("+strconv.Itoa(j-i+1)+"\u00a0jours)")
		}
		i = j + 1
	}
	return all
}
