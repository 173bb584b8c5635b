package daylist

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

const (
	listsPath = "/agents/listes"
	mealsPath = "/agents/repas"
)

// Pages are the agents' lists.
type Pages struct {
	DB        *db.DB
	Now       func() time.Time
	Catalogue *activity.Cache
}

// Agent declares the agents' lists: who is expected, and meals.
func (p Pages) Agent(rt *web.Router) {
	read := web.AgentWith(booking.Read)
	rt.Get(listsPath, read, web.NoObject, p.dayList)
	rt.Get(listsPath+"/export", read, web.NoObject, p.dayListFile)
	rt.Get(mealsPath, read, web.NoObject, p.meals)
	rt.Get(mealsPath+"/export", read, web.NoObject, p.mealsFile)
}

// listView is the page of a day list.
type listView struct {
	form       *web.Form
	filter     Filter
	today      civil.Date
	activities []*activity.Activity // those that the agent may read
	sections   []Section
	shut       []string // what is closed that day and expects nobody
	paper      bool
	folded     bool   // the filter: once it was used
	printed    string // who printed it and when
}

// mostOpen is how many children a list shows at once; one of more has its sections folded, each to open where it is wanted.
const mostOpen = 50

func (v listView) long() bool {
	n := 0
	for _, s := range v.sections {
		n += len(s.Children)
	}
	return n > mostOpen && len(v.sections) > 1
}

// filterOf reads the filter of a list. What does not fit the activity chosen is left out.
func filterOf(q url.Values, today civil.Date) (*web.Form, Filter) {
	form := web.NewForm()
	for _, name := range []string{"activite", "lieu", "groupe", "unite"} {
		form.Set(name, q.Get(name))
	}
	f := Filter{Day: today, Activity: activity.ID(form.Line("activite")), Unit: activity.UnitID(form.Line("unite")),
		Site: town.SiteID(form.Line("lieu")), Group: activity.GroupID(form.Line("groupe"))}
	form.Set("jour", q.Get("jour"))
	if typed := form.Line("jour"); typed != "" {
		day, err := civil.ParseDate(typed)
		if err != nil {
			day, err = civil.ParseFrench(typed)
		}
		if err != nil {
			form.Fail("jour", "Écrivez le jour ainsi\u00a0: "+today.French()+".")
			return form, f
		}
		f.Day = day
	}
	form.Set("jour", f.Day.French())
	return form, f
}

// fitting leaves out the unit and the group of another activity than the one chosen.
func (f Filter) fitting(all []*activity.Activity) Filter {
	for _, a := range all {
		if a.ID != f.Activity {
			continue
		}
		if _, known := a.UnitByID(f.Unit); !known {
			f.Unit = ""
		}
		if !slices.ContainsFunc(a.Groups, func(g activity.Group) bool { return g.ID == f.Group }) {
			f.Group = ""
		}
	}
	return f
}

func readable(a actor.Actor, cat *activity.Catalogue) []*activity.Activity {
	var all []*activity.Activity
	for i := range cat.Activities {
		if a.CanFor(booking.Read, string(cat.Activities[i].Service)) {
			all = append(all, &cat.Activities[i])
		}
	}
	return all
}

// readList reads a list and writes down that it was read, before anything of it is shown.
func (p Pages) readList(ctx context.Context, q url.Values, a actor.Actor, action string) (listView, error) {
	now := p.Now()
	v := listView{today: civil.DateOf(now)}
	v.form, v.filter = filterOf(q, v.today)
	cat, err := p.Catalogue.Get(ctx, now)
	if err != nil {
		return v, err
	}
	v.activities = readable(a, cat)
	v.filter = v.filter.fitting(v.activities)
	v.form.Set("unite", string(v.filter.Unit))
	v.form.Set("groupe", string(v.filter.Group))
	if v.form.Failed() {
		return v, nil
	}
	v, err = db.Read(ctx, p.DB, func(r db.Reader) (listView, error) {
		v := v
		var err error
		if v.sections, err = Of(r, a, cat, v.filter); err != nil {
			return v, err
		}
		v.shut, err = closedLines(r, a, cat, v.filter, v.sections)
		return v, err
	})
	if err != nil {
		return v, err
	}
	if len(v.sections) == 0 {
		return v, nil
	}
	return v, db.Do(ctx, p.DB, func(tx *db.Tx) error {
		return audit.ReadOnce(tx, now, a, family.ReadingLasts, v.readings(action)...)
	})
}

// readings are the lines of the journal for a list shown: its names and phones, and health where it is in it. They name
// the day and the filter; one line stands for an hour.
func (v listView) readings(action string) []audit.Entry {
	id := v.filter.Day.String()
	for _, part := range []string{string(v.filter.Activity), string(v.filter.Unit), string(v.filter.Site), string(v.filter.Group)} {
		if part != "" {
			id += " " + part
		}
	}
	one := audit.Entry{Action: action, Object: "day_list", ID: id, Detail: v.filter.Day.String() + " " + strconv.Itoa(len(v.children(false)))}
	all := []audit.Entry{one}
	if sick := len(v.children(true)); sick > 0 {
		one.Action, one.Detail = "booking.list.health.read", v.filter.Day.String()+" "+strconv.Itoa(sick)
		all = append(all, one)
	}
	return all
}

// children are those of the list, each once; health keeps those whose health is shown.
func (v listView) children(health bool) map[family.ChildID]bool {
	all := map[family.ChildID]bool{}
	for _, s := range v.sections {
		for _, c := range s.Children {
			if !health || c.Health != nil {
				all[c.Child] = true
			}
		}
	}
	return all
}

func (p Pages) dayList(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readList(r.Context(), r.URL.Query(), a, "booking.list.read")
	if err != nil {
		return err
	}
	v.folded = r.URL.RawQuery != "" && !v.form.Failed()
	v.paper = r.URL.Query().Get("vue") == "impression"
	v.printed = "Liste de " + a.Name + ", " + civil.Stamp(p.Now())
	page := web.Page{Title: "Liste du " + v.filter.Day.Long(), Wide: true, Nav: listsPath,
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Listes du jour"}}}
	if v.form.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	if v.paper {
		return web.Render(w, r, page, listPaper(v))
	}
	return web.Render(w, r, page, listPage(v))
}

func (p Pages) dayListFile(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.readList(r.Context(), r.URL.Query(), a, "booking.list.exported")
	if err != nil {
		return err
	}
	if v.form.Failed() {
		return web.SeeOther(w, listsPath)
	}
	return web.CSV(w, "liste-"+v.filter.Day.String(), v.file())
}

// file is the list for a spreadsheet. Without the right for any service, the columns of health are not there.
func (v listView) file() [][]string {
	health := slices.ContainsFunc(v.sections, func(s Section) bool { return s.Health })
	head := []string{"Date", "Lieu", "Activité", "Unité", "Groupe", "Nom", "Prénom", "Niveau", "Classe", "Téléphones", "Peuvent venir chercher"}
	if health {
		head = append(head, "Allergies", "PAI", "Régime")
	}
	rows := [][]string{append(head, "État")}
	for _, s := range v.sections {
		for _, c := range s.Children {
			row := []string{v.filter.Day.French(), s.SiteName, s.Activity.Name, s.Unit.Name, s.GroupName, c.LastName, c.FirstName,
				family.LevelLabel(c.Level), c.Class, joined(c.Reach, " ; "), joined(c.Collect, " ; ")}
			switch {
			case c.Health != nil:
				row = append(row, c.Health.Allergies, yesNo(c.Health.PAI), c.Health.Diet)
			case health: // no reader may take it for « nothing is known »
				row = append(row, "non affiché", "non affiché", "non affiché")
			}
			rows = append(rows, append(row, c.mark().Word))
		}
	}
	return rows
}

func yesNo(b bool) string {
	if b {
		return "oui"
	}
	return "non"
}

func joined(all []Adult, between string) string {
	words := make([]string, len(all))
	for i, a := range all {
		words[i] = a.said()
	}
	return strings.Join(words, between)
}

// href is the page of the same filter on a day.
func (v listView) href(day civil.Date) string { return v.address(listsPath, day, "") }

func (v listView) address(path string, day civil.Date, view string) string {
	q := url.Values{"jour": {day.String()}}
	for name, value := range map[string]string{"activite": string(v.filter.Activity), "unite": string(v.filter.Unit), "lieu": string(v.filter.Site),
		"groupe": string(v.filter.Group), "vue": view} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return path + "?" + q.Encode()
}

func (v listView) neighbour(days int) web.Link {
	day := v.filter.Day.AddDays(days)
	return web.Link{Href: v.href(day), Label: french.Upper(day.DayMonth())}
}

// total is "42 enfants attendus, 2 demandes sans réponse".
func (v listView) total() string {
	kept, asked := map[family.ChildID]bool{}, 0
	for _, s := range v.sections {
		asked += s.Asked()
		for _, c := range s.Children {
			if c.Counts() {
				kept[c.Child] = true
			}
		}
	}
	return totalWords(len(kept), asked)
}

func totalWords(kept, asked int) string {
	words := "Aucun enfant attendu"
	if kept > 0 {
		words = french.Count(kept, "enfant") + " attendu" + strings.Repeat("s", min(1, kept-1))
	}
	if asked > 0 {
		words += ", " + french.Count(asked, "demande") + " sans réponse"
	}
	return words
}

func (s Section) totalWords() string {
	words := totalWords(s.Expected(), s.Asked())
	if n := s.Dropped(); n > 0 {
		words += ", " + droppedWords(n)
	}
	if why := s.Closed(); why != "" {
		return why + ". " + words
	}
	return words
}

// columns are the heads of a section: those of health only for who may read it.
func (s Section) columns(paper bool) []web.Column {
	all := []web.Column{{Label: "Enfant"}, {Label: "Classe"}, {Label: "Famille à joindre"}, {Label: "Peut venir chercher"}}
	if s.Health {
		all = append(all, web.Column{Label: "Allergies, PAI"}, web.Column{Label: "Régime"})
	}
	all = append(all, web.Column{Label: "État"})
	if paper {
		all = append(all, web.Column{Label: "Départ, signature"})
	}
	return all
}

func (s Section) rows(paper bool) [][]templ.Component {
	rows := make([][]templ.Component, len(s.Children))
	for i, c := range s.Children {
		row := []templ.Component{web.Text(c.name()), web.Text(c.Where()), adults(c.Reach, "Aucun téléphone connu"), adults(c.Collect, "Personne de connu")}
		if s.Health {
			row = append(row, alert(alertWords(c.Health)), web.Text(dietWords(c.Health)))
		}
		m := c.mark()
		row = append(row, web.Tag(m.Tone, m.Icon, m.Word))
		if paper {
			row = append(row, web.Text(""))
		}
		rows[i] = row
	}
	return rows
}

func dietWords(h *family.Health) string {
	if h == nil {
		return ""
	}
	_, label := dietKey(h.Diet, true)
	if label == noDiet {
		return "Aucun"
	}
	return label
}

// activityOptions and those that follow are what the filter offers.
func (v listView) activityOptions() []web.Option {
	all := []web.Option{{Label: "Toutes les activités"}}
	for _, a := range v.activities {
		all = append(all, web.Option{Value: string(a.ID), Label: a.Name})
	}
	return all
}

// chosen are the activities that the filter leaves.
func (v listView) chosen() []*activity.Activity {
	return slices.DeleteFunc(slices.Clone(v.activities), func(a *activity.Activity) bool { return v.filter.Activity != "" && a.ID != v.filter.Activity })
}

func (v listView) unitOptions() []web.Option {
	all := []web.Option{{Label: "Toutes les unités"}}
	for _, a := range v.chosen() {
		for _, u := range a.Units {
			if len(a.Units) > 1 {
				all = append(all, web.Option{Value: string(u.ID), Label: a.Label(u.Name)})
			}
		}
	}
	return all
}

func (v listView) siteOptions() []web.Option {
	all, seen := []web.Option{{Label: "Tous les lieux"}}, map[town.SiteID]bool{}
	for _, a := range v.chosen() {
		for _, p := range a.Places {
			if !seen[p.Site] {
				seen[p.Site] = true
				all = append(all, web.Option{Value: string(p.Site), Label: p.Name})
			}
		}
	}
	slices.SortStableFunc(all[1:], func(x, y web.Option) int { return strings.Compare(x.Label, y.Label) })
	return all
}

func (v listView) groupOptions() []web.Option {
	all := []web.Option{{Label: "Tous les groupes"}}
	for _, a := range v.chosen() {
		for _, g := range a.Groups {
			label := g.Name
			for _, p := range a.Places {
				if p.Site == g.Site {
					label = a.Name + ", " + p.Name + ", " + g.Name
				}
			}
			all = append(all, web.Option{Value: string(g.ID), Label: label})
		}
	}
	return all
}
