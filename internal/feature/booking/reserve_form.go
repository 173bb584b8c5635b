package booking

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// The forms that make a recipe.
const (
	formOne   = "activite" // one activity: children, weekdays, rhythm, period
	formWeek  = "semaine"  // the typical week of all children and activities
	formWeeks = "vacances" // an activity of the holidays, week by week
)

const (
	otherDates   = "dates" // of a rhythm or a period: days that the family writes
	mostOwnDates = 60
)

// readRecipe reads what a form asks; its problems are told at their fields.
func readRecipe(f *web.Form, form url.Values, today civil.Date) (Recipe, error) {
	n, err := readNames(form)
	if err != nil {
		return Recipe{}, err
	}
	switch form.Get("forme") {
	case formOne:
		return n.one(f, form, today)
	case formWeek:
		return n.weekly(f, form, today)
	case formWeeks:
		return n.weekByWeek(form, today)
	}
	return Recipe{}, errForm()
}

// one reads the form of one activity.
func (n names) one(f *web.Form, form url.Values, today civil.Date) (Recipe, error) {
	i := slices.IndexFunc(n.activities, func(a nameOf) bool { return a.id != "" })
	if i < 0 {
		return Recipe{}, errForm()
	}
	of := n.activities[i].id
	choice, err := n.choiceAt(of, form.Get("formule"))
	if err != nil || choice == "" {
		return Recipe{}, errForm()
	}
	var fields []fault.Field
	children, err := n.ticked(form["enfant"])
	if err != nil {
		return Recipe{}, err
	}
	if len(children) == 0 {
		fields = append(fields, fault.Field{Name: "enfant", Sentence: "Choisissez au moins un enfant."})
	}
	rhythm := Rhythm(form.Get("rythme"))
	if rhythm == otherDates {
		dates, problem := ownDates(f.Text("dates"), today)
		if problem != "" {
			fields = append(fields, fault.Field{Name: "dates", Sentence: problem})
		}
		return n.dates(children, of, choice, dates), fault.InvalidFields(fields...)
	}
	var week Typical
	for _, v := range form["jour"] {
		d, err := strconv.Atoi(v)
		if err != nil || d < 1 || d > 7 {
			return Recipe{}, errForm()
		}
		week[d-1] = choice
	}
	if week.empty() {
		fields = append(fields, fault.Field{Name: "jour", Sentence: "Choisissez au moins un jour."})
	}
	days, problems := periodAsked(f, form, rhythm, today)
	var r Recipe
	for _, c := range children {
		r.Parts = append(r.Parts, Part{Child: c, Activity: of, Week: week, Rhythm: rhythm, Days: days})
	}
	return r, fault.InvalidFields(append(fields, problems...)...)
}

// ticked are the children of "k0", "k2", in the order of the form.
func (n names) ticked(values []string) ([]family.ChildID, error) {
	if len(values) > len(n.children) {
		return nil, errForm()
	}
	var all []family.ChildID
	for i, id := range n.children {
		if slices.Contains(values, "k"+strconv.Itoa(i)) {
			all = append(all, id)
		}
	}
	if len(values) > len(all) {
		return nil, errForm()
	}
	return all, nil
}

// dates is a recipe of single days.
func (n names) dates(children []family.ChildID, of activity.ID, choice activity.ChoiceID, dates []civil.Date) Recipe {
	var r Recipe
	for _, c := range children {
		for _, d := range dates {
			r.Parts = append(r.Parts, picked(c, of, choice, civil.Range{From: d, To: d}))
		}
	}
	return r
}

// picked is a choice on each day of a range.
func picked(c family.ChildID, of activity.ID, choice activity.ChoiceID, days civil.Range) Part {
	p := Part{Child: c, Activity: of, Rhythm: EveryWeek, Days: days, Picked: true}
	for i := range p.Week {
		p.Week[i] = choice
	}
	return p
}

// ownDates reads days written one after the other, and says what is wrong.
func ownDates(text string, today civil.Date) ([]civil.Date, string) {
	var all []civil.Date
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		d, err := civil.ParseFrench(word)
		if err != nil {
			return nil, "Écrivez les dates ainsi\u00a0: 11/01/2027, 25/01/2027."
		}
		if problem := outside(d, today); problem != "" {
			return nil, problem
		}
		if len(all) == mostOwnDates {
			return nil, "Écrivez " + strconv.Itoa(mostOwnDates) + " dates au plus. Pour davantage, choisissez des jours de la semaine."
		}
		all = append(all, d)
	}
	if len(all) == 0 {
		return nil, "Écrivez au moins une date, par exemple 11/01/2027."
	}
	slices.SortFunc(all, civil.Date.Compare)
	return slices.Compact(all), ""
}

// outside says what is wrong with a day to book.
func outside(d, today civil.Date) string {
	switch h := horizon(today); {
	case d.Before(today):
		return "Le " + d.Long() + " est passé. Écrivez une date à venir."
	case d.After(h.To):
		return "Le " + d.Long() + " est trop loin. " + beyond(h)
	}
	return ""
}

// bookable tells that a page may offer a day, or did when it was opened: none of a school year gone by, but for the week
// in which this one began, none too far.
func bookable(d, today civil.Date) bool {
	return civil.SchoolYearOf(d.AddDays(7)) >= civil.SchoolYearOf(today) && !d.After(horizon(today).To)
}

// periodAsked reads the rhythm and the period that both weekly forms have.
func periodAsked(f *web.Form, form url.Values, rhythm Rhythm, today civil.Date) (civil.Range, []fault.Field) {
	if rhythm != EveryWeek && rhythm != EvenWeeks && rhythm != OddWeeks {
		return civil.Range{}, []fault.Field{{Name: "rythme", Sentence: "Choisissez un rythme."}}
	}
	period := form.Get("periode")
	if period != otherDates {
		from, to, _ := strings.Cut(period, "_")
		first, err1 := civil.ParseDate(from)
		last, err2 := civil.ParseDate(to)
		if err1 != nil || err2 != nil || last.Before(first) || !bookable(first, today) || !bookable(last, today) {
			return civil.Range{}, []fault.Field{{Name: "periode", Sentence: "Choisissez une période."}}
		}
		return civil.Range{From: first, To: last}, nil
	}
	var fields []fault.Field
	read := func(name, what string) civil.Date {
		d, err := civil.ParseFrench(f.Text(name))
		problem := "Écrivez le " + what + " jour ainsi\u00a0: " + today.AddDays(7).French() + "."
		if err == nil {
			problem = outside(d, today)
		}
		if problem != "" {
			fields = append(fields, fault.Field{Name: name, Sentence: problem})
		}
		return d
	}
	days := civil.Range{From: read("du", "premier"), To: read("au", "dernier")}
	if len(fields) == 0 && days.To.Before(days.From) {
		fields = append(fields, fault.Field{Name: "au", Sentence: "Indiquez un dernier jour après le premier."})
	}
	return days, fields
}

// weekly reads the form of the typical week.
func (n names) weekly(f *web.Form, form url.Values, today civil.Date) (Recipe, error) {
	weeks, err := n.weeks(form)
	if err != nil {
		return Recipe{}, err
	}
	var fields []fault.Field
	if len(weeks) == 0 {
		fields = append(fields, fault.Field{Sentence: "Choisissez au moins un jour."})
	}
	rhythm := Rhythm(form.Get("rythme"))
	days, problems := periodAsked(f, form, rhythm, today)
	var r Recipe
	for _, id := range n.children {
		for _, a := range n.activities {
			if week, asked := weeks[childActivity{id, a.id}]; asked {
				r.Parts = append(r.Parts, Part{Child: id, Activity: a.id, Week: week, Rhythm: rhythm, Days: days})
			}
		}
	}
	return r, fault.InvalidFields(append(fields, problems...)...)
}

// weeks are the typical weeks of a form, those that are not empty: "t.k0.a1.3" is the Wednesday of the second activity.
func (n names) weeks(form url.Values) (map[childActivity]Typical, error) {
	weeks := map[childActivity]Typical{}
	for name := range form {
		if !strings.HasPrefix(name, "t.") || form.Get(name) == "" {
			continue
		}
		of, day, err := n.place(strings.TrimPrefix(name, "t."))
		d, bad := strconv.Atoi(day)
		if err != nil || bad != nil || d < 1 || d > 7 {
			return nil, errForm()
		}
		choice, err := n.choiceAt(of.activity, form.Get(name))
		if err != nil {
			return nil, err
		}
		week := weeks[of]
		week[d-1] = choice
		weeks[of] = week
	}
	return weeks, nil
}

// place reads "k0.a1.3": a child, an activity, and the rest.
func (n names) place(key string) (childActivity, string, error) {
	parts := strings.Split(key, ".")
	if len(parts) != 3 {
		return childActivity{}, "", errForm()
	}
	k, err1 := strconv.Atoi(strings.TrimPrefix(parts[0], "k"))
	a, err2 := strconv.Atoi(strings.TrimPrefix(parts[1], "a"))
	if err1 != nil || err2 != nil || k < 0 || k >= len(n.children) || a < 0 || a >= len(n.activities) || n.activities[a].id == "" {
		return childActivity{}, "", errForm()
	}
	return childActivity{n.children[k], n.activities[a].id}, parts[2], nil
}

// weekByWeek reads the form of the holidays: whole weeks "s.k0.a1.2026-10-19", and days "j.k0.a1.2026-10-21".
func (n names) weekByWeek(form url.Values, today civil.Date) (Recipe, error) {
	var keys []string
	for name := range form {
		if (strings.HasPrefix(name, "s.") || strings.HasPrefix(name, "j.")) && form.Get(name) != "" {
			keys = append(keys, name)
		}
	}
	slices.SortFunc(keys, func(x, y string) int { // by child, days first, since a day wins over its week
		child := func(key string) string { c, _, _ := strings.Cut(key[2:], "."); return c }
		return cmp.Or(strings.Compare(child(x), child(y)), strings.Compare(x, y))
	})
	var r Recipe
	for _, name := range keys {
		of, text, err := n.place(name[2:])
		day, bad := civil.ParseDate(text)
		if err != nil || bad != nil || !bookable(day, today) {
			return Recipe{}, errForm()
		}
		choice, err := n.choiceAt(of.activity, form.Get(name))
		if err != nil {
			return Recipe{}, err
		}
		days := civil.Range{From: day, To: day}
		if name[0] == 's' {
			if day.Weekday() != time.Monday {
				return Recipe{}, errForm()
			}
			days.To = day.AddDays(6)
		}
		r.Parts = append(r.Parts, picked(of.child, of.activity, choice, days))
	}
	if len(r.Parts) == 0 {
		return r, fault.InvalidFields(fault.Field{Sentence: "Choisissez au moins une semaine ou un jour."})
	}
	return r, nil
}

// recipeFields are the hidden fields that make the same form again: what was ticked or written, not the cells.
func recipeFields(form url.Values) []field {
	var all []field
	for name, values := range form {
		if !recipeField(name) {
			continue
		}
		for _, v := range values {
			if v != "" {
				all = append(all, field{name, v})
			}
		}
	}
	slices.SortStableFunc(all, func(x, y field) int { return strings.Compare(x.name, y.name) })
	return all
}

func recipeField(name string) bool {
	switch name {
	case "forme", "enfant", "jour", "formule", "rythme", "dates", "periode", "du", "au":
		return true
	}
	if strings.HasPrefix(name, "t.") || strings.HasPrefix(name, "s.") || strings.HasPrefix(name, "j.") {
		return true
	}
	if len(name) > 1 && (name[0] == 'k' || name[0] == 'a') {
		_, err := strconv.Atoi(name[1:])
		return err == nil
	}
	return false
}

// fillAll ticks all weekdays of the form of one activity.
func fillAll(form url.Values, a *activity.Activity) {
	form.Del("jour")
	for _, d := range weekdays(a) {
		form.Add("jour", strconv.Itoa(d+1))
	}
}

// copyWeek copies the typical week of a child to another: "k0.k1". Only the activities that both have in the form, which
// allowed tells, are copied; others of the other child stay.
func (n names) copyWeek(form url.Values, which string, allowed func(childActivity) bool) error {
	from, to, _ := strings.Cut(which, ".")
	k, err1 := strconv.Atoi(strings.TrimPrefix(from, "k"))
	l, err2 := strconv.Atoi(strings.TrimPrefix(to, "k"))
	if err1 != nil || err2 != nil || k < 0 || l < 0 || k >= len(n.children) || l >= len(n.children) {
		return errForm()
	}
	for i, a := range n.activities {
		if a.id == "" || !allowed(childActivity{n.children[k], a.id}) || !allowed(childActivity{n.children[l], a.id}) {
			continue
		}
		for d := 1; d <= 7; d++ {
			rest := ".a" + strconv.Itoa(i) + "." + strconv.Itoa(d)
			form.Del("t." + to + rest)
			if v := form.Get("t." + from + rest); v != "" {
				form.Set("t."+to+rest, v)
			}
		}
	}
	return nil
}
