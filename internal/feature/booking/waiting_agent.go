package booking

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

const waitingPath = "/agents/attente"

func (p Pages) waitingRoutes(rt *web.Router) {
	read, write := web.AgentWith(Read), web.AgentWith(Write)
	rt.Get(waitingPath, read, web.NoObject, p.waitingList)
	rt.Get(waitingPath+"/{id}", read, web.Object("waiting-wish"), p.waitingOne)
	rt.Post(waitingPath+"/{id}", write, web.Object("waiting-wish"), p.giveWaiting)
}

func waitingQueue() web.Queue {
	return web.Queue{Label: "Listes d’attente", Href: waitingPath, Right: Read, Icon: "hourglass", Detail: "enfants qui attendent une place",
		Count: CountWaiting}
}

// CountWaiting counts the wishes that wait for a day to come and the oldest of them, of the services that the agent may
// read; one query.
func CountWaiting(r db.Reader, now time.Time, a actor.Actor) (int, civil.Instant, error) {
	type row struct {
		service string
		n       int
		oldest  civil.Instant
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.service, &x.n, &x.oldest)
		return x, err
	}, `select coalesce(act.service, ''), count(distinct b.child || b.day || act.id), min(b.made_at)
		from booking b join unit u on u.id = b.unit join activity act on act.id = u.activity
		where b.state = 'waiting' and b.wants is not null and b.day >= $1 group by coalesce(act.service, '')`, civil.DateOf(now))
	if err != nil {
		return 0, 0, fmt.Errorf("count who waits: %w", err)
	}
	total, oldest := 0, civil.Instant(0)
	for _, x := range all {
		if a.CanFor(Read, x.service) {
			total += x.n
			if oldest == 0 || x.oldest < oldest {
				oldest = x.oldest
			}
		}
	}
	return total, oldest, nil
}

// waitedDay is a day of an activity at a site that somebody waits for.
type waitedDay struct {
	Day      civil.Date
	Activity activity.ID
	Site     town.SiteID
	Children int
	Oldest   civil.Instant
}

// demand is what an activity could not give.
type demand struct {
	Activity        activity.ID
	Waiting, Lapsed int
}

// mostWaitedDays bounds the days that the page lists.
const mostWaitedDays = 200

func waitedDays(r db.Reader, from civil.Date) ([]waitedDay, error) {
	all, err := db.List(r, func(s db.Scanner) (waitedDay, error) {
		var x waitedDay
		err := s.Scan(&x.Day, &x.Activity, &x.Site, &x.Children, &x.Oldest)
		return x, err
	}, `select b.day, u.activity, s.site, count(distinct b.child), min(b.made_at) from booking b
		join slot s on s.id = b.wants join unit u on u.id = b.unit
		where b.state = 'waiting' and b.day >= $1 group by b.day, u.activity, s.site order by b.day, u.activity, s.site limit $2`, from, mostWaitedDays)
	if err != nil {
		return nil, fmt.Errorf("list days waited for: %w", err)
	}
	return all, nil
}

// unmet counts, by activity, who waits now and who got no place this school year.
func unmet(r db.Reader, today civil.Date) ([]demand, error) {
	all, err := db.List(r, func(s db.Scanner) (demand, error) {
		var x demand
		err := s.Scan(&x.Activity, &x.Waiting, &x.Lapsed)
		return x, err
	}, `select x.activity, count(distinct case when x.waits = 1 then x.cell end), count(distinct case when x.waits = 0 then x.cell end)
		from (select u.activity, b.child || b.day as cell, 1 as waits from booking b join unit u on u.id = b.unit
				where b.state = 'waiting' and b.wants is not null and b.day >= $1
			union all
			select l.activity, l.child || l.day, 0 from booking_line l where l.list = 'lapsed' and l.day >= $2) x
		group by x.activity order by x.activity`, today, civil.NewDate(int(civil.SchoolYearOf(today)), time.September, 1))
	if err != nil {
		return nil, fmt.Errorf("count unmet demand: %w", err)
	}
	return all, nil
}

// waitingFilter is which list is shown: of a day, of an activity and a site where they are named.
type waitingFilter struct {
	day  civil.Date
	act  activity.ID
	site town.SiteID
}

func waitingFilterOf(q url.Values) waitingFilter {
	f := waitingFilter{act: activity.ID(q.Get("activite")), site: town.SiteID(q.Get("lieu"))}
	f.day, _ = civil.ParseDate(q.Get("jour"))
	return f
}

// waitingRow is a wish as agents see it.
type waitingRow struct {
	inLine
	act   *activity.Activity
	name  string
	rank  int
	why   string // why it cannot be served now, places apart
	left  int    // places that are left for it; -1 no limit
	site  town.SiteID
	first string // its priority in words
	party int    // how many are served with it
}

func (x waitingRow) id() string { return lateID(x.Cell) }

func (x waitingRow) seen() Token { return Holding{State: Waiting, Choice: x.Choice}.Token() }

func (x waitingRow) what() string {
	c, _ := x.act.ChoiceByID(x.Choice)
	return x.act.Label(c.Name)
}

// waitingRows lists, in their order, the wishes that a condition on booking b names; five queries whatever their number.
func waitingRows(r db.Reader, now time.Time, cat *activity.Catalogue, days civil.Range, where string, args ...any) ([]waitingRow, error) {
	all, err := lining(r, cat, civil.DateOf(now), where, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	q := &queue{s: &Scene{Catalogue: cat, Now: now}, parties: parties(cat, all)}
	var wants []activity.SlotID
	for _, p := range q.parties {
		wants = append(wants, p.wants()...)
	}
	if q.slots, err = activity.SlotsByID(r, wants); err != nil {
		return nil, err
	}
	children, err := q.children(r)
	if err != nil {
		return nil, err
	}
	if err := readScene(r, q.s, children, days); err != nil {
		return nil, err
	}
	names := map[family.ChildID]string{}
	for _, c := range children {
		names[c.ID] = c.Full()
	}
	var rows []waitingRow
	for _, p := range q.parties {
		_, whys, _ := q.s.servable(p, q.slots)
		for i, x := range p {
			a, _ := cat.Activity(x.Activity)
			row := waitingRow{inLine: x, act: a, name: names[x.Child], why: whys[i], left: -1, party: len(p)}
			if x.Group < len(a.Waiting.FirstNames) {
				row.first = a.Waiting.FirstNames[x.Group]
			}
			for _, u := range x.Units {
				slot := q.slots[u.wants]
				row.site = slot.Site
				if n, limited := slot.Left(); limited && (row.left < 0 || n < row.left) {
					row.left = n
				}
			}
			rows = append(rows, row)
		}
	}
	rankRows(rows)
	slices.SortStableFunc(rows, func(x, y waitingRow) int {
		if n := x.Day.Compare(y.Day); n != 0 {
			return n
		}
		return x.before(y.inLine)
	})
	return rows, nil
}

// rankRows counts who is before each, on the slot where most are.
func rankRows(rows []waitingRow) {
	by := slices.Clone(rows)
	slices.SortStableFunc(by, func(x, y waitingRow) int { return x.before(y.inLine) })
	at, ranks := map[activity.SlotID]int{}, map[Cell]int{}
	for _, x := range by {
		for _, u := range x.Units {
			at[u.wants]++
			ranks[x.Cell] = max(ranks[x.Cell], at[u.wants])
		}
	}
	for i, x := range rows {
		rows[i].rank = ranks[x.Cell]
	}
}

type waitingView struct {
	filter waitingFilter
	days   []waitedDay
	unmet  []demand
	rows   []waitingRow
	// offered are the day's places that are held for an answer.
	offered []offeredRow
	cat     *activity.Catalogue
	now     time.Time
}

func (p Pages) waitingList(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	v := waitingView{filter: waitingFilterOf(r.URL.Query()), cat: cat, now: now}
	may := func(id activity.ID) bool {
		act, known := cat.Activity(id)
		return known && a.CanFor(Read, string(act.Service))
	}
	v, err = db.Read(r.Context(), p.DB, func(rd db.Reader) (waitingView, error) {
		v := v
		var err error
		if v.days, err = waitedDays(rd, civil.DateOf(now)); err != nil {
			return v, err
		}
		if v.unmet, err = unmet(rd, civil.DateOf(now)); err != nil {
			return v, err
		}
		v.days = slices.DeleteFunc(v.days, func(x waitedDay) bool { return !may(x.Activity) })
		v.unmet = slices.DeleteFunc(v.unmet, func(x demand) bool { return !may(x.Activity) })
		if v.filter.day.IsZero() {
			return v, nil
		}
		monday := v.filter.day.Monday()
		hidden := func(x waitingRow) bool {
			return !may(x.Activity) || v.filter.act != "" && x.Activity != v.filter.act || v.filter.site != "" && x.site != v.filter.site
		}
		if v.offered, err = offeredRows(rd, cat, civil.DateOf(now), v.filter.day); err != nil {
			return v, err
		}
		v.offered = slices.DeleteFunc(v.offered, func(x offeredRow) bool { return hidden(x.waitingRow) })
		v.rows, err = waitingRows(rd, now, cat, civil.Range{From: monday, To: monday.AddDays(6)}, `b.day = $1`, v.filter.day)
		v.rows = slices.DeleteFunc(v.rows, hidden)
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Listes d’attente", Wide: true, Nav: waitingPath, Crumbs: waitingCrumbs("")}, waitingPage(v))
}

func waitingCrumbs(last string) []web.Crumb {
	all := []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Listes d’attente", Href: waitingPath}}
	if last == "" {
		all[1].Href = ""
		return all
	}
	return append(all, web.Crumb{Label: last})
}

func (v waitingView) placeName(id activity.ID, site town.SiteID) string {
	act, _ := v.cat.Activity(id)
	for _, p := range act.Places {
		if p.Site == site {
			return p.Name
		}
	}
	return ""
}

func (x waitedDay) href() string {
	return waitingPath + "?jour=" + x.Day.String() + "&activite=" + string(x.Activity) + "&lieu=" + string(x.Site)
}

func (v waitingView) dayRows() [][]templ.Component {
	var rows [][]templ.Component
	for _, x := range v.days {
		if v.filter.act != "" && x.Activity != v.filter.act || v.filter.site != "" && x.Site != v.filter.site {
			continue
		}
		act, _ := v.cat.Activity(x.Activity)
		rows = append(rows, []templ.Component{web.TextLink(x.href(), french.Upper(x.Day.Long())), web.Text(act.Name), web.Text(v.placeName(x.Activity, x.Site)),
			web.Text(french.Count(x.Children, "enfant")), web.Text(sinceWords(v.now, x.Oldest))})
	}
	return rows
}

func (v waitingView) unmetRows() [][]templ.Component {
	var rows [][]templ.Component
	for _, x := range v.unmet {
		act, _ := v.cat.Activity(x.Activity)
		rows = append(rows, []templ.Component{web.Text(act.Name), web.Text(strconv.Itoa(x.Waiting)), web.Text(strconv.Itoa(x.Lapsed))})
	}
	return rows
}

func (x waitingRow) mark() web.Mark {
	if x.why != "" {
		return web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Rang " + strconv.Itoa(x.rank) + ", passe son tour"}
	}
	return web.Mark{Tone: web.Warning, Icon: "hourglass", Word: "Rang " + strconv.Itoa(x.rank)}
}

func (v waitingView) detail(x waitingRow) string {
	text := x.what() + " · demandé le " + civil.Stamp(x.At.In(v.now.Location()))
	if x.first != "" {
		text += " · priorité\u00a0: " + x.first
	}
	if x.party > 1 {
		text += " · avec " + french.Count(x.party-1, "autre")
	}
	if x.why != "" {
		text += " · " + x.why
	}
	return text
}

// waitingOneView is the page of one wish; row is nil once it waits no more.
type waitingOneView struct {
	id      string
	form    *web.Form
	row     *waitingRow
	cell    Cell
	act     *activity.Activity
	cat     *activity.Catalogue
	history []Proof
	now     time.Time
	may     bool
	file    string
	refusal string
}

func (p Pages) waitingOne(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showWaiting(w, r, a, web.NewForm(), "")
}

// oneWaiting reads one wish; that of a service where the agent does not hold Read is as one that does not exist.
func (p Pages) oneWaiting(ctx context.Context, a actor.Actor, id string) (waitingOneView, error) {
	v := waitingOneView{id: id, now: p.Now()}
	var err error
	if v.cell, err = cellOf(id); err != nil {
		return v, err
	}
	if v.cat, err = p.Catalogue.Get(ctx, v.now); err != nil {
		return v, err
	}
	act, known := v.cat.Activity(v.cell.Activity)
	if !known || !a.CanFor(Read, string(act.Service)) {
		return v, fault.Missing("waiting wish")
	}
	v.act, v.may = act, a.CanFor(Write, string(act.Service))
	return db.Read(ctx, p.DB, func(r db.Reader) (waitingOneView, error) {
		v := v
		monday := v.cell.Day.Monday()
		rows, err := waitingRows(r, v.now, v.cat, civil.Range{From: monday, To: monday.AddDays(6)}, `b.day = $1`, v.cell.Day)
		if err != nil {
			return v, err
		}
		for i, x := range rows {
			if x.Cell == v.cell {
				v.row = &rows[i]
				if a.Can(family.FileRead) {
					v.file = "/agents/familles/" + string(x.Family)
				}
			}
		}
		if v.history, err = ProofsOfCell(r, v.cat, v.cell); err != nil {
			return v, err
		}
		if v.row == nil && !slices.ContainsFunc(v.history, func(p Proof) bool { return p.Did == DidWait }) {
			return v, fault.Missing("waiting wish")
		}
		return v, nil
	})
}

func (v waitingOneView) name() string {
	if v.row != nil {
		return v.row.name
	}
	return v.history[0].ChildName
}

func (p Pages) showWaiting(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, refusal string) error {
	v, err := p.oneWaiting(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	v.form, v.refusal = f, refusal
	of := family.ID("")
	if v.row != nil {
		of = v.row.Family
	} else {
		of = v.history[0].Family
	}
	if err := family.Looked(r.Context(), p.DB, p.Now(), a, of); err != nil {
		return err
	}
	page := web.Page{Title: "Attente " + civil.Of(v.name()), Nav: waitingPath, Crumbs: waitingCrumbs(v.name())}
	switch {
	case refusal != "":
		page.Status = http.StatusConflict
	case f.Failed():
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, waitingOnePage(v))
}

func (v waitingOneView) summary() []web.Row {
	x := v.row
	left := "sans limite"
	if x.left >= 0 {
		left = french.Count(x.left, "place")
	}
	rows := []web.Row{{Label: "Enfant", Value: x.name}, {Label: "Jour", Value: x.Day.Long()}, {Label: "Activité", Value: x.what()}, {Label: "Rang", Value: strconv.Itoa(x.rank)},
		{Label: "Demandé le", Value: civil.Stamp(x.At.In(v.now.Location()))}, {Label: "Places libres", Value: left}}
	if x.first != "" {
		rows = append(rows, web.Row{Label: "Priorité", Value: x.first})
	}
	if x.why != "" {
		rows = append(rows, web.Row{Label: "Ne peut pas être servi", Value: x.why})
	}
	return rows
}

func (x waitingRow) answers() []web.Option {
	remove := web.Option{Value: "retirer", Label: "Retirer de la liste"}
	if x.left != 0 {
		return []web.Option{{Value: "donner", Label: "Donner la place", Hint: "Hors de son tour."}, remove}
	}
	return []web.Option{{Value: "ajouter", Label: "Ajouter une place et la donner", Hint: "La capacité du jour augmente d’une place."}, remove}
}

func (v waitingOneView) events() []web.Event {
	all := make([]web.Event, len(v.history))
	for i, p := range v.history {
		all[i] = web.Event{Title: french.Upper(p.word()) + " – " + p.label(v.cat), Detail: joinReason(p.Why, p.whoWords()), When: civil.Stamp(p.At.In(v.now.Location())), Current: i == 0}
	}
	return all
}

func (p Pages) giveWaiting(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	v, err := p.oneWaiting(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	decision := f.Line("decision")
	if !slices.Contains([]string{"donner", "ajouter", "retirer"}, decision) {
		f.Fail("decision", "Choisissez une réponse.")
		return p.showWaiting(w, r, a, f, "")
	}
	of := family.ID(f.Line("famille"))
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		ref, err := GivePlace(tx, p.Now(), a, v.cat, of, v.cell, Token(f.Line("vu")),
			Give{Remove: decision == "retirer", AddPlace: decision == "ajouter", Reason: f.Text("motif")})
		if err != nil {
			return web.Done{}, err
		}
		told, err := toldWords(tx, of, civil.DateOf(p.Now()), ref)
		sentence := "Place donnée\u00a0: " + v.name()
		if decision == "retirer" {
			sentence = "Retiré de la liste\u00a0: " + v.name()
		}
		return web.Done{Location: waitingPath + "?jour=" + v.cell.Day.String(), Sentence: sentence + ". Référence " + ref + ". " + told}, err
	})
	switch {
	case f.Take(err):
		return p.showWaiting(w, r, a, f, "")
	case isRefusal(err):
		return p.showWaiting(w, r, a, f, refusalWords(err))
	}
	return err
}
