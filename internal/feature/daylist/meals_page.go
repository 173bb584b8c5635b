package daylist

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"

	"github.com/a-h/templ"
)

// mealsView is the page of the kitchens.
type mealsView struct {
	today    civil.Date
	days     civil.Range
	oneDay   bool
	counts   []MealCounts
	printed  string
	paper    bool
	readable bool // some activity of the agent has a meal
}

func (p Pages) readMeals(ctx context.Context, q url.Values, a actor.Actor) (mealsView, error) {
	now := p.Now()
	v := mealsView{today: civil.DateOf(now)}
	monday := v.today.Monday()
	if d, err := civil.ParseDate(q.Get("semaine")); err == nil {
		monday = d.Monday()
	}
	v.days = civil.Range{From: monday, To: monday.AddDays(6)}
	if d, err := civil.ParseDate(q.Get("jour")); err == nil {
		v.days, v.oneDay = civil.Range{From: d, To: d}, true
	}
	cat, err := p.Catalogue.Get(ctx, now)
	if err != nil {
		return v, err
	}
	v.readable = slices.ContainsFunc(readable(a, cat), func(a *activity.Activity) bool {
		return slices.ContainsFunc(a.Units, func(u activity.Unit) bool { return u.Meal })
	})
	v.counts, err = db.Read(ctx, p.DB, func(r db.Reader) ([]MealCounts, error) { return Meals(r, a, cat, v.days) })
	return v, err
}

func (p Pages) meals(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readMeals(r.Context(), r.URL.Query(), a)
	if err != nil {
		return err
	}
	v.printed = "Comptes du " + civil.Stamp(p.Now())
	v.paper = r.URL.Query().Get("vue") == "impression"
	page := web.Page{Title: "Repas", Wide: true, Nav: mealsPath, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Repas"}}}
	return web.Render(w, r, page, mealsPage(v))
}

func (p Pages) mealsFile(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readMeals(r.Context(), r.URL.Query(), a)
	if err != nil {
		return err
	}
	return web.CSV(w, "repas-"+v.days.From.String(), v.file())
}

// file is the counts for a spreadsheet, one row a day, place, unit and diet.
func (v mealsView) file() [][]string {
	rows := [][]string{{"Date", "Lieu", "Activité", "Unité", "Compte", "Repas"}}
	for i, day := range v.days.Days() {
		for _, m := range v.counts {
			add := func(what string, n int) {
				if n > 0 {
					rows = append(rows, []string{day.French(), m.SiteName, m.Activity.Name, m.Unit.Name, what, strconv.Itoa(n)})
				}
			}
			add("Total", m.Total[i])
			for _, d := range m.Diets {
				add("Régime\u00a0: "+d.Label, d.Meals[i])
			}
			add("Parmi eux, allergie ou PAI", m.Alert[i])
			add("Demandes sans réponse", m.Asked[i])
			add("Fermé, ne comptent pas", m.Dropped[i])
			if m.Total[i] == 0 && m.Closed[i] != "" {
				rows = append(rows, []string{day.French(), m.SiteName, m.Activity.Name, m.Unit.Name, m.Closed[i], "0"})
			}
		}
	}
	return rows
}

// title is "Semaine du 11 janvier 2027", or the day.
func (v mealsView) title() string {
	if v.oneDay {
		return french.Upper(v.days.From.Long())
	}
	return "Semaine du " + v.days.From.Full()
}

func (v mealsView) href(path string, day civil.Date, view string) string {
	q := url.Values{"semaine": {day.Monday().String()}}
	if v.oneDay {
		q = url.Values{"jour": {day.String()}}
	}
	if view != "" {
		q.Set("vue", view)
	}
	return path + "?" + q.Encode()
}

func (v mealsView) neighbour(way int) web.Link {
	if v.oneDay {
		day := v.days.From.AddDays(way)
		return web.Link{Href: v.href(mealsPath, day, ""), Label: french.Upper(day.DayMonth())}
	}
	monday := v.days.From.AddDays(7 * way)
	return web.Link{Href: v.href(mealsPath, monday, ""), Label: monday.Short()}
}

// shown are the places of the days in the counts that have a column: weekdays, and what has a meal on a weekend.
func (v mealsView) shown() []int {
	var all []int
	for i, d := range v.days.Days() {
		meal := slices.ContainsFunc(v.counts, func(m MealCounts) bool { return m.Total[i]+m.Asked[i]+m.Dropped[i] > 0 || m.Closed[i] != "" })
		if v.oneDay || meal || d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			all = append(all, i)
		}
	}
	return all
}

// dayHead is "Lundi 4".
func dayHead(d civil.Date) string {
	return french.Upper(civil.WeekdayName(d.Weekday())) + "\u00a0" + strconv.Itoa(d.Day)
}

// dayLinks lead from a week to each of its days.
func (v mealsView) dayLinks() []web.Link {
	if v.oneDay {
		return []web.Link{{Href: mealsPath + "?semaine=" + v.days.From.Monday().String(), Label: "Toute la semaine"}}
	}
	var all []web.Link
	for _, i := range v.shown() {
		d := v.days.From.AddDays(i)
		all = append(all, web.Link{Href: mealsPath + "?jour=" + d.String(), Label: dayHead(d)})
	}
	return all
}

func (v mealsView) columns() []web.Column {
	all := []web.Column{{Label: "Compte"}}
	days := v.days.Days()
	for _, i := range v.shown() {
		all = append(all, web.Column{Label: dayHead(days[i]), Numeric: true})
	}
	return all
}

func (v mealsView) rows(m MealCounts) [][]templ.Component {
	line := func(label string, n []int) []templ.Component {
		row := []templ.Component{web.Text(label)}
		for _, i := range v.shown() {
			row = append(row, web.Text(strconv.Itoa(n[i])))
		}
		return row
	}
	total := []templ.Component{web.Text("Total des repas")}
	for _, i := range v.shown() {
		if m.Total[i] == 0 && m.Closed[i] != "" {
			total = append(total, web.Text("Fermé"))
			continue
		}
		total = append(total, web.Text(strconv.Itoa(m.Total[i])))
	}
	rows := [][]templ.Component{total}
	for _, d := range m.Diets {
		rows = append(rows, line(d.Label, d.Meals))
	}
	rows = append(rows, line("Parmi eux, avec une allergie ou un PAI", m.Alert))
	some := func(n int) bool { return n > 0 }
	if slices.ContainsFunc(m.Asked, some) {
		rows = append(rows, line("En plus, demandes sans réponse", m.Asked))
	}
	if slices.ContainsFunc(m.Dropped, some) {
		rows = append(rows, line("Fermé\u00a0: réservés, ne comptent pas", m.Dropped))
	}
	return rows
}
