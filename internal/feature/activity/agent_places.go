package activity

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

func (p Pages) placeRoutes(rt *web.Router) {
	write, of := web.AgentWith(Write), web.Object("activity")
	p.placesSheet().declare(rt, listPath+"/{id}/lieux", of)
	group := p.groupSheet()
	group.declare(rt, groupsPath+"/{id}", "activity-group")
	rt.Post(groupsPath+"/{id}/suppression", write, "activity-group", p.drop(p.groupAt, "Le groupe est retiré.", "lieux",
		func(tx *db.Tx, now time.Time, a actor.Actor, d desk, id string) error {
			return DropGroup(tx, now, a, d.ID, GroupID(id))
		}))
	group.find = func(r *http.Request, a actor.Actor) (desk, Group, error) {
		d, err := p.deskAt(r, a)
		return d, Group{}, err
	}
	group.declare(rt, listPath+"/{id}/groupes/nouveau", of)
	rt.Get(listPath+"/{id}/places", web.AgentWith(Read), of, p.month)
	rt.Post(listPath+"/{id}/places", write, of, p.changeMonth)
}

func (p Pages) groupAt(r *http.Request, a actor.Actor) (desk, error) {
	return p.deskBy(r, a, ofGroupRow)
}

// places are the sites of an activity as one form writes them.
type places []Place

func (p Pages) placesSheet() sheet[places] {
	return sheet[places]{p: p,
		find: func(r *http.Request, a actor.Actor) (desk, places, error) {
			d, err := p.deskAt(r, a)
			if err != nil {
				return d, nil, err
			}
			return d, d.Places, nil
		},
		title: func(desk, places) string { return "Lieux, groupes et places" },
		frame: func(d desk, _ places) frame {
			return frame{action: d.path("lieux"), back: d.path("lieux"), submit: "Enregistrer"}
		},
		read: func(d desk, f *web.Form, _ places) (places, []fault.Field) { return readPlacesForm(d, f) },
		save: func(tx *db.Tx, now time.Time, a actor.Actor, d desk, x places, stamp string) error {
			return SetPlaces(tx, now, a, d.ID, x, stamp)
		},
		stamp: func(x places) string { return Activity{Places: x}.PlacesStamp() },
		facts: func(d desk, x places) []fact {
			var all []fact
			for _, s := range d.sites {
				value := "non"
				if i := slices.IndexFunc(x, func(p Place) bool { return p.Site == s.ID }); i >= 0 {
					value = capacityWords(x[i].Capacity)
				}
				all = append(all, fact{s.Name, value})
			}
			return all
		},
		fields: func(f *web.Form, d desk, _ places) templ.Component { return placesFields(f, d) },
		done: func(desk, places) string {
			return "Les lieux sont enregistrés. Les places des jours à venir suivent."
		},
	}
}

func readPlacesForm(d desk, f *web.Form) (places, []fault.Field) {
	var all places
	var wrong []fault.Field
	for _, id := range f.All("lieux") {
		p := Place{Site: town.SiteID(id), Name: d.siteName(town.SiteID(id))}
		p.Capacity, wrong = readCapacity(f, "places-"+id, wrong)
		all = append(all, p)
	}
	if len(all) == 0 {
		wrong = append(wrong, fault.Field{Name: "lieux", Sentence: "Choisissez au moins un lieu."})
	}
	return all, wrong
}

// offered are the sites that an activity may have: those open, and its own.
func (d desk) offered() []town.Site {
	var all []town.Site
	for _, s := range d.sites {
		if s.Active || d.place(s.ID) != nil {
			all = append(all, s)
		}
	}
	return all
}

func (d desk) place(id town.SiteID) *Place {
	for i := range d.Places {
		if d.Places[i].Site == id {
			return &d.Places[i]
		}
	}
	return nil
}

func typedCapacity(n *int) string { return number(n) }

func capacityWords(n *int) string {
	switch {
	case n == nil:
		return "sans limite"
	case *n == 1:
		return "1 place"
	}
	return strconv.Itoa(*n) + " places"
}

func (p Pages) groupSheet() sheet[Group] {
	return sheet[Group]{p: p,
		find: func(r *http.Request, a actor.Actor) (desk, Group, error) {
			d, err := p.groupAt(r, a)
			if err != nil {
				return d, Group{}, err
			}
			g, err := d.group(GroupID(r.PathValue("id")))
			return d, g, err
		},
		title: func(_ desk, g Group) string {
			if g.ID == "" {
				return "Nouveau groupe"
			}
			return g.Name
		},
		frame: func(d desk, g Group) frame {
			f := frame{action: d.path("groupes/nouveau"), back: d.path("lieux"), submit: "Enregistrer"}
			if g.ID != "" {
				f.action = groupsPath + "/" + string(g.ID)
				f.drop, f.dropLabel = f.action+"/suppression", "Retirer ce groupe"
			}
			return f
		},
		read: func(_ desk, f *web.Form, g Group) (Group, []fault.Field) {
			var wrong []fault.Field
			g.Name, g.Levels = f.Line("nom"), knownLevels(f.All("classes"), g.Levels)
			if g.ID == "" {
				g.Site = town.SiteID(f.Text("lieu"))
			}
			g.Capacity, wrong = readCapacity(f, "places", wrong)
			return g, wrong
		},
		save: func(tx *db.Tx, now time.Time, a actor.Actor, d desk, g Group, stamp string) error {
			if g.ID == "" {
				_, err := AddGroup(tx, now, a, d.ID, g)
				return err
			}
			return SetGroup(tx, now, a, d.ID, g, stamp)
		},
		stamp: Group.Stamp,
		facts: func(_ desk, g Group) []fact {
			return []fact{{"Nom", g.Name}, {"Classes", strings.Join(g.Levels, ", ")}, {"Places", capacityWords(g.Capacity)}}
		},
		fields: func(f *web.Form, d desk, g Group) templ.Component { return groupFields(f, d, g) },
		done:   func(_ desk, g Group) string { return "Le groupe « " + g.Name + " » est enregistré." },
	}
}

func (d desk) placeOptions() []web.Option {
	var all []web.Option
	for _, p := range d.Places {
		all = append(all, web.Option{Value: string(p.Site), Label: p.Name})
	}
	return all
}

// column is a site, or a group of it, in the table of places.
type column struct {
	site  town.SiteID
	group GroupID
	label string
}

func (c column) value() string { return string(c.site) + "/" + string(c.group) }

func (d desk) columns() []column {
	var all []column
	for _, p := range d.Places {
		grouped := false
		for _, g := range d.Groups {
			if g.Site == p.Site {
				grouped = true
				all = append(all, column{p.Site, g.ID, p.Name + ", " + g.Name})
			}
		}
		if !grouped {
			all = append(all, column{p.Site, "", p.Name})
		}
	}
	return all
}

// monthView is the places of a unit, day by day.
type monthView struct {
	desk
	unit     Unit
	month    civil.Date // its first day
	slots    map[string]Slot
	refusal  string
	problems *web.Form
}

func slotKey(day civil.Date, c column) string { return day.String() + c.value() }

func (p Pages) monthOf(r *http.Request, a actor.Actor, f *web.Form) (monthView, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (monthView, error) {
		d, err := p.deskOf(rd, a, ID(r.PathValue("id")))
		if err != nil {
			return monthView{}, err
		}
		v := monthView{desk: d, month: civil.NewDate(d.today.Year, d.today.Month, 1), slots: map[string]Slot{}}
		if day, err := civil.ParseDate(f.Text("mois") + "-01"); err == nil {
			v.month = day
		}
		if len(d.Units) > 0 {
			v.unit = d.Units[0]
		}
		if u, known := d.UnitByID(UnitID(f.Text("unite"))); known {
			v.unit = u
		}
		all, err := SlotsOn(rd, []UnitID{v.unit.ID}, v.days())
		for _, s := range all {
			v.slots[slotKey(s.Day, column{site: s.Site, group: s.Group})] = s
		}
		return v, err
	})
}

func (v monthView) days() civil.Range {
	return civil.Range{From: v.month, To: civil.NewDate(v.month.Year, v.month.Month+1, 1).AddDays(-1)}
}

func (v monthView) at(months int) string {
	m := civil.NewDate(v.month.Year, v.month.Month+time.Month(months), 1)
	path := v.path("places") + "?mois=" + m.String()[:7]
	if len(v.Units) > 1 {
		path += "&unite=" + string(v.unit.ID)
	}
	return path
}

func (p Pages) month(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.monthOf(r, a, web.ReadForm(r))
	if err != nil {
		return err
	}
	return p.showMonth(w, r, http.StatusOK, nil, v)
}

func (p Pages) showMonth(w http.ResponseWriter, r *http.Request, status int, f *web.Form, v monthView) error {
	page := v.page("Places par jour")
	page.Wide, page.Status = true, status
	return web.Render(w, r, page, monthPage(f, v))
}

// rows are the days of the month on which the unit takes place or has places.
func (v monthView) rows() [][]templ.Component {
	var rows [][]templ.Component
	for _, day := range v.days().Days() {
		why, quiet := v.cat.Why(v.Activity, v.unit, day)
		cells := []templ.Component{web.Text(day.DayMonth())}
		some := false
		for _, c := range v.columns() {
			s, known := v.slots[slotKey(day, c)]
			some = some || known
			cells = append(cells, slotCell(s, known, why))
		}
		if some || why == "" || !quiet {
			rows = append(rows, cells)
		}
	}
	return rows
}

func slotCell(s Slot, known bool, why string) templ.Component {
	switch {
	case why != "" && s.Taken == 0:
		return web.Text("Fermé : " + why)
	case why != "":
		return web.Tag(web.Warning, "alert", fmt.Sprintf("Fermé : %s, %s", why, takenWords(s.Taken)))
	case !known:
		return web.Text("Pas encore ouvert")
	case s.Closed:
		return web.Tag(web.Neutral, "ban", closedWords(s))
	case s.Full():
		return web.Tag(web.Warning, "clock", fmt.Sprintf("Complet, %d sur %d", s.Taken, *s.Capacity))
	case s.Capacity == nil:
		return web.Text(takenWords(s.Taken))
	}
	return web.Text(fmt.Sprintf("%d sur %d", s.Taken, *s.Capacity))
}

func closedWords(s Slot) string {
	words := "Fermé : " + s.Reason
	if s.Taken > 0 {
		words += ", " + takenWords(s.Taken)
	}
	return words
}

func takenWords(n int) string {
	switch n {
	case 0:
		return "aucun enfant"
	case 1:
		return "1 enfant"
	}
	return fmt.Sprintf("%d enfants", n)
}

func (v monthView) columnOptions() []web.Option {
	all := []web.Option{{Value: "", Label: "Tous les lieux"}}
	for _, c := range v.columns() {
		all = append(all, web.Option{Value: c.value(), Label: c.label})
	}
	return all
}

func (v monthView) unitOptions() []web.Option {
	all := []web.Option{{Value: "", Label: "Toutes les unités"}}
	for _, u := range v.Units {
		all = append(all, web.Option{Value: string(u.ID), Label: unitName(v.Activity, u)})
	}
	return all
}

// changeMonth gives days other places, closes them or opens them again.
func (p Pages) changeMonth(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	id := ID(r.PathValue("id"))
	s := Scope{Unit: UnitID(f.Text("pour"))}
	site, group, _ := strings.Cut(f.Text("lieu"), "/")
	s.Site, s.Group = town.SiteID(site), GroupID(group)
	if f.Text("fin") == "" {
		f.Set("fin", f.Raw("debut"))
	}
	days, wrong := readDays(f, "debut", "fin")
	s.Days = days
	capacity, wrong := readCapacity(f, "places", wrong)
	err := fault.InvalidFields(wrong...)
	back := listPath + "/" + string(id) + "/places"
	if !s.Days.From.IsZero() {
		back += "?mois=" + s.Days.From.String()[:7]
	}
	if err == nil {
		err = p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
			sentence, err := changeSlots(tx, p.Now(), a, id, s, f.Text("action"), capacity, f.Line("motif"))
			return id, web.Done{Location: back, Sentence: sentence}, err
		})
	}
	if err == nil {
		return nil
	}
	status := http.StatusUnprocessableEntity
	switch {
	case f.Take(err):
	case fault.KindOf(err) == fault.Refused:
		f.Fail("", fault.SentenceOf(err))
		status = http.StatusConflict
	default:
		return err
	}
	v, err := p.monthOf(r, a, f)
	if err != nil {
		return err
	}
	return p.showMonth(w, r, status, f, v)
}

func changeSlots(tx *db.Tx, now time.Time, a actor.Actor, id ID, s Scope, action string, capacity *int, reason string) (string, error) {
	switch action {
	case "fermer":
		_, taken, err := CloseSlots(tx, now, a, id, s, reason)
		if taken > 0 {
			return "Ces jours sont fermés. Des réservations y restent (" + takenWords(taken) + ") : prévenez les familles.", err
		}
		return "Ces jours sont fermés. Les familles lisent le motif.", err
	case "rouvrir":
		_, err := ReopenSlots(tx, now, a, id, s)
		return "Ces jours sont rouverts.", err
	}
	held, err := SetCapacity(tx, now, a, id, s, capacity)
	if len(held) == 0 {
		return "Les places sont enregistrées.", err
	}
	var names []string
	for _, day := range held[:min(len(held), 5)] {
		names = append(names, day.DayMonth())
	}
	if len(held) > 5 {
		names = append(names, fmt.Sprintf("et %d autres jours", len(held)-5))
	}
	return "Les places sont enregistrées. Plus d’enfants sont attendus certains jours, qui gardent leur nombre : " + strings.Join(names, ", ") + ".", err
}
