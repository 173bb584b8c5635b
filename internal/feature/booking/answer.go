package booking

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/revert"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// childPeriod is a child and a period of holidays.
type childPeriod struct {
	child  family.ChildID
	period activity.PeriodID
}

// answers is what families said of periods of holidays, each child's own home for its own days.
type answers struct {
	noNeed  map[childPeriod]civil.Instant // when « Pas besoin » was said
	booked  map[childPeriod]bool          // a day is booked, asked or waited for
	others  map[childPeriod]bool          // a day is, by the other home
	allowed map[childPeriod]bool          // the child is enrolled on a day of it
}

// saidOf tells that nothing more is asked of a child's home about a period: it answered, or the other home booked and
// nothing says whose days these are.
func (s *Scene) saidOf(got answers, c family.Child, p activity.Period) bool {
	of := childPeriod{c.ID, p.ID}
	_, said := got.noNeed[of]
	return said || got.booked[of] || got.others[of] && !s.knownHomes(c, p.Days)
}

// hasDay tells that a day of a period is not of the child's other home.
func (s *Scene) hasDay(c family.Child, p activity.Period) bool {
	return slices.ContainsFunc(p.Days.Days(), func(d civil.Date) bool { return !s.custody[c.ID].Elsewhere(c.Family, d) })
}

// readAnswers reads, in one query, what was answered for some children about the periods that end on a day or later.
func readAnswers(r db.Reader, children []family.Child, today civil.Date) (answers, error) {
	got := answers{map[childPeriod]civil.Instant{}, map[childPeriod]bool{}, map[childPeriod]bool{}, map[childPeriod]bool{}}
	if len(children) == 0 {
		return got, nil
	}
	args, homes := []any{today}, map[family.ChildID]family.ID{}
	for _, c := range children {
		args, homes[c.ID] = append(args, string(c.ID)), c.Family
	}
	in := db.Marks(2, len(children))
	type row struct {
		kind string
		of   childPeriod
		at   civil.Instant
		home family.ID
	}
	rows, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.kind, &x.of.child, &x.of.period, &x.at, &x.home)
		return x, err
	}, `select 'n', child, period, answered_at, '' from period_answer where child in (`+in+`)
		union all
		select 'n', child, period, answered_at, family from home_answer where child in (`+in+`)
		union all
		select distinct 'b', b.child, p.id, 0, b.family from booking b join unit u on u.id = b.unit
			join period p on p.activity = u.activity and b.day between p.from_day and p.to_day
			where b.child in (`+in+`) and b.day >= $1 and b.state in ('booked', 'asked', 'waiting', 'offered')
		union all
		select distinct 'e', e.child, p.id, 0, '' from enrolment e join period p on p.activity = e.activity and p.from_day <= e.to_day and p.to_day >= e.from_day
			where e.child in (`+in+`) and e.state = 'active' and e.to_day >= $1`, args...)
	if err != nil {
		return got, fmt.Errorf("read answers about periods: %w", err)
	}
	for _, x := range rows {
		switch mine := x.home == homes[x.of.child]; {
		case x.kind == "n" && (mine || x.home == ""):
			got.noNeed[x.of] = x.at
		case x.kind == "b" && mine:
			got.booked[x.of] = true
		case x.kind == "b":
			got.others[x.of] = true
		case x.kind == "e":
			got.allowed[x.of] = true
		}
	}
	return got, nil
}

// AnswerNoNeed notes that a child's home needs nothing of a period of holidays: an answer like another, that forbids nothing,
// and that the other home, if there is one, gives for itself.
// A citizen answers for its own children, who are enrolled in the activity: any other child is a NotFound fault.
func AnswerNoNeed(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, child family.ChildID, of activity.ID, period activity.PeriodID) error {
	today := civil.DateOf(now)
	children, err := family.Children(tx, a, today)
	if err != nil {
		return err
	}
	c, err := oneOf(children, child)
	if err != nil {
		return err
	}
	act, known := cat.Activity(of)
	if !known || !slices.ContainsFunc(openPeriods(act, today), func(p activity.Period) bool { return p.ID == period }) {
		return fault.Missing("period")
	}
	got, err := readAnswers(tx, []family.Child{c}, today)
	if err != nil {
		return err
	}
	if !got.allowed[childPeriod{child, period}] {
		return fault.Missing("enrolment")
	}
	n, err := tx.Exec(`insert into home_answer (child, period, family, activity, answered_at, by_person) values ($1, $2, $3, $4, $5, $6)
		on conflict (child, period, family) do nothing`, string(child), string(period), string(c.Family), string(of), civil.InstantOf(now), a.Person)
	if err != nil {
		return fmt.Errorf("note an answer about a period: %w", err)
	}
	if n == 0 {
		return nil
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "booking.period.declined", Object: "child", ID: string(child), Subject: string(child), Detail: act.Name})
}

// noNeed answers « Pas besoin » for the children of a form.
func (p Pages) noNeed(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if err := r.ParseForm(); err != nil {
		return errForm()
	}
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	of, period, children := activity.ID(r.PostForm.Get("activite")), activity.PeriodID(r.PostForm.Get("periode")), r.PostForm["enfant"]
	slices.Sort(children)
	children = slices.Compact(children)
	if of == "" || period == "" || len(children) == 0 || len(children) > mostFormChildren {
		return errForm()
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		for _, c := range children {
			if err := AnswerNoNeed(tx, now, a, cat, family.ChildID(c), of, period); err != nil {
				return web.Done{}, err
			}
		}
		return web.Done{Location: reserveHref(of), Sentence: "Votre réponse est enregistrée\u00a0: pas besoin. Vous pouvez encore réserver jusqu’à la date limite."}, nil
	})
}

// holidayTodos is how long before the last moment to answer the first page asks for an answer.
const holidayTodos = 60

// AnswerTodos lists the periods of holidays that a family has not answered about, by child and period, while it still can.
func (p Pages) AnswerTodos(r db.Reader, now time.Time, a actor.Actor) ([]web.Todo, error) {
	g, err := p.overview(r, now, a)
	if err != nil || len(g.children) == 0 {
		return nil, err
	}
	got, err := readAnswers(r, g.children, g.today)
	if err != nil {
		return nil, err
	}
	var todos []web.Todo
	for i := range g.scene.Catalogue.Activities {
		act := &g.scene.Catalogue.Activities[i]
		if act.Term != activity.InHolidays {
			continue
		}
		for _, period := range openPeriods(act, g.today) {
			var names []string
			var until activity.Limit
			for _, c := range g.children {
				of := childPeriod{c.ID, period.ID}
				if !got.allowed[of] || g.scene.saidOf(got, c, period) || act.Takes(c.Level, c.Born, period.Days.From) != "" {
					continue
				}
				l, can := g.scene.answerBy(act, period, c)
				if !can {
					continue
				}
				names, until = append(names, c.First()), l
			}
			if len(names) == 0 || until.Kind == activity.LimitAt && until.Day.Sub(g.today) > holidayTodos {
				continue
			}
			todo := web.Todo{Title: "Vacances\u00a0: répondre pour " + period.Name, Detail: family.List(names) + ", " + act.Name,
				Href: reserveHref(act.ID), Tag: "Réponse attendue", Tone: web.Info}
			if until.Kind == activity.LimitAt {
				todo.When = until.Day
				todo.Detail += "\u00a0: " + until.UntilWords(g.today)
			}
			todos = append(todos, todo)
		}
	}
	return todos, nil
}

// answerBy is the last moment to book the first day of a period that may still be booked; false when none may.
func (s *Scene) answerBy(a *activity.Activity, period activity.Period, c family.Child) (activity.Limit, bool) {
	today := civil.DateOf(s.Now)
	if len(a.Choices) == 0 {
		return activity.Limit{}, false
	}
	units := unitsOf(a, a.Choices[0].ID)
	for _, day := range period.Days.Days() {
		if day.Before(today) || s.elsewhere(Cell{c.ID, a.ID, day}) {
			continue
		}
		held := false
		for _, u := range units {
			why, _ := s.Catalogue.Why(a, u, day)
			held = held || why != ""
		}
		if held {
			continue
		}
		v := s.verdict(a, Holding{Choice: a.Choices[0].ID}, Cell{c.ID, a.ID, day}, activity.Book)
		if v.Is == activity.Free {
			return v.Limit, true
		}
	}
	return activity.Limit{}, false
}

// Answered is how many children enrolled on a period of holidays have a booking there, said « Pas besoin », or said
// nothing: for agents.
type Answered struct{ Booked, NoNeed, Silent int }

// AnsweredPeriods counts the answers about the periods of an activity, in one query.
func AnsweredPeriods(r db.Reader, of activity.ID) (map[activity.PeriodID]Answered, error) {
	type counted struct {
		Answered
		period activity.PeriodID
	}
	got := map[activity.PeriodID]Answered{}
	all, err := db.List(r, func(s db.Scanner) (counted, error) {
		var x counted
		all := 0
		err := s.Scan(&x.period, &all, &x.Booked, &x.NoNeed)
		x.Silent = all - x.Booked - x.NoNeed
		return x, err
	}, `select id, count(*), coalesce(sum(case when booked then 1 else 0 end), 0), coalesce(sum(case when no_need and not booked then 1 else 0 end), 0) from (
			select p.id, e.child, exists (select 1 from booking b join unit u on u.id = b.unit
						where b.child = e.child and u.activity = p.activity and b.day between p.from_day and p.to_day
							and b.state in ('booked', 'asked', 'waiting', 'offered')) as booked,
					exists (select 1 from period_answer n where n.child = e.child and n.period = p.id)
						or exists (select 1 from home_answer n where n.child = e.child and n.period = p.id) as no_need
				from period p join enrolment e on e.activity = p.activity and e.state = 'active' and e.from_day <= p.to_day and e.to_day >= p.from_day
				where p.activity = $1 group by e.child, p.activity, p.from_day, p.to_day, p.id) x group by id`, string(of))
	if err != nil {
		return got, fmt.Errorf("count answers about periods: %w", err)
	}
	for _, x := range all {
		got[x.period] = x.Answered
	}
	return got, nil
}

// AnsweredWords says the answers about the periods of an activity of the holidays, for the agents' page of its periods.
func AnsweredWords(r db.Reader, of activity.ID) (map[activity.PeriodID]string, error) {
	all, err := AnsweredPeriods(r, of)
	words := map[activity.PeriodID]string{}
	for id, x := range all {
		words[id] = x.Words()
	}
	return words, err
}

// Words is "Enfants inscrits : 12 avec réservation, 3 sans besoin, 5 sans réponse".
func (x Answered) Words() string {
	return fmt.Sprintf("Enfants inscrits\u00a0: %d avec réservation, %d sans besoin, %d sans réponse", x.Booked, x.NoNeed, x.Silent)
}

// mergeAnswers gives a child that is another the other's answers about holidays; of two about one period, its own stays.
func mergeAnswers(l *revert.Log, u person.Union) error {
	both, err := db.List(l.Tx(), db.Column[string], `select g.period from period_answer g
		join period_answer k on k.period = g.period and k.child = $1 where g.child = $2 order by g.period`, u.Keep, u.Gone)
	if err != nil {
		return fmt.Errorf("list answers of both: %w", err)
	}
	for _, period := range both {
		if err := l.Drop("period_answer", revert.Row{"child": u.Gone, "period": period}); err != nil {
			return err
		}
	}
	if _, err = l.Move("period_answer", []string{"child", "period"}, "child", u.Gone, u.Keep); err != nil {
		return err
	}
	return mergeHomeAnswers(l, u)
}

// mergeHomeAnswers gives a child, or a home, that is another what its homes answered; of two of one home about one child
// and period, the first stays.
func mergeHomeAnswers(l *revert.Log, u person.Union) error {
	other := "family"
	if u.Of == person.OneHome {
		other = "child"
	}
	column := columnOf(u)
	type key struct{ period, other string }
	both, err := db.List(l.Tx(), func(s db.Scanner) (key, error) {
		var k key
		err := s.Scan(&k.period, &k.other)
		return k, err
	}, `select g.period, g.`+other+` from home_answer g join home_answer k on k.period = g.period and k.`+other+` = g.`+other+` and k.`+column+` = $1
		where g.`+column+` = $2 order by g.period, g.`+other, u.Keep, u.Gone)
	if err != nil {
		return fmt.Errorf("list answers of both homes: %w", err)
	}
	for _, k := range both {
		if err := l.Drop("home_answer", revert.Row{column: u.Gone, other: k.other, "period": k.period}); err != nil {
			return err
		}
	}
	_, err = l.Move("home_answer", []string{"child", "period", "family"}, column, u.Gone, u.Keep)
	return err
}
