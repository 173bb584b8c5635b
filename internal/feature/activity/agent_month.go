package activity

import (
	"fmt"
	"net/http"
	"net/url"
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

// The places of an activity day by day, with two forms below them: their number, and closing them.

// column is a site, or a group of it, in the table of places.
type column struct {
	site  town.SiteID
	group GroupID
	label string
}

func (c column) value() string { return string(c.site) + "/" + string(c.group) }

func (a Activity) columns() []column {
	var all []column
	for _, p := range a.Places {
		grouped := false
		for _, g := range a.Groups {
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
	unit  Unit
	month civil.Date // its first day
	slots map[string]Slot
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
			cells = append(cells, v.cell(day, s, known, why, quiet))
		}
		if some || why == "" || !quiet {
			rows = append(rows, cells)
		}
	}
	return rows
}

// cell is a day of a column; quiet is a day on which the activity has nothing to say.
func (v monthView) cell(day civil.Date, s Slot, known bool, why string, quiet bool) templ.Component {
	closed := "Fermé : " + why
	if quiet {
		closed = "Pas d’accueil"
	}
	switch {
	case why != "" && s.Taken == 0:
		return web.Text(closed)
	case why != "":
		return web.Tag(web.Warning, "alert", closed+", "+takenWords(s.Taken))
	case !known:
		return web.Text(v.noSlot(day))
	case day.Before(v.today):
		return web.Text("Passé, " + takenWords(s.Taken))
	case s.Closed:
		return web.Tag(web.Neutral, "ban", closedWords(s))
	case s.Full():
		return web.Tag(web.Warning, "clock", fmt.Sprintf("Complet, %d sur %d", s.Taken, *s.Capacity))
	case s.Capacity == nil:
		return web.Text(takenWords(s.Taken))
	}
	return web.Text(fmt.Sprintf("%d sur %d", s.Taken, *s.Capacity))
}

// noSlot says why a day of the activity has no places: places are made for the days to come of open periods.
func (v monthView) noSlot(day civil.Date) string {
	p, known := v.PeriodOf(day)
	switch {
	case day.Before(v.today):
		return "Passé"
	case !known:
		return "Hors période"
	case p.Open:
		return "Places en préparation"
	}
	return "Pas encore ouvert"
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

// The two forms below the month. Fields of the second have names of their own: an error leads to one field.
const closing = "ferme_"

// closingFields are the fields of the closing form, by the names that verbs know.
var closingFields = map[string]string{"debut": closing + "debut", "fin": closing + "fin", "lieu": closing + "lieu", "unite": closing + "pour", "motif": "motif"}

// scopeOf reads the days, the place and the unit of one of the two forms.
func scopeOf(f *web.Form, prefix string) (Scope, []fault.Field) {
	s := Scope{Unit: UnitID(f.Text(prefix + "pour"))}
	site, group, _ := strings.Cut(f.Text(prefix+"lieu"), "/")
	s.Site, s.Group = town.SiteID(site), GroupID(group)
	var wrong []fault.Field
	s.Days.From, wrong = readDay(f, prefix+"debut", wrong)
	if f.Text(prefix+"debut") == "" {
		wrong = append(wrong, fault.Field{Name: prefix + "debut", Sentence: "Indiquez le premier jour, par exemple 3 mars 2027."})
	}
	s.Days.To = s.Days.From
	if f.Text(prefix+"fin") != "" {
		s.Days.To, wrong = readDay(f, prefix+"fin", wrong)
	}
	return s, wrong
}

// newCapacity is the number of places typed, or none where « Sans limite » is ticked: an empty box is an oversight.
func newCapacity(f *web.Form, wrong []fault.Field) (*int, []fault.Field) {
	typed, unlimited := f.Text("places") != "", f.Bool("sans_limite")
	switch {
	case typed && unlimited:
		return nil, append(wrong, fault.Field{Name: "places", Sentence: "Indiquez un nombre de places, ou cochez « Sans limite » : pas les deux."})
	case !typed && !unlimited:
		return nil, append(wrong, fault.Field{Name: "places", Sentence: "Indiquez le nombre de places, ou cochez « Sans limite »."})
	case unlimited:
		return nil, wrong
	}
	return readCapacity(f, "places", wrong)
}

// changeMonth gives days other places, closes them or opens them again.
func (p Pages) changeMonth(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	id := ID(r.PathValue("id"))
	action, prefix := f.Text("action"), closing
	if action != "fermer" && action != "rouvrir" {
		action, prefix = "places", ""
	}
	s, wrong := scopeOf(f, prefix)
	var capacity *int
	if action == "places" {
		capacity, wrong = newCapacity(f, wrong)
	}
	err := fault.InvalidFields(wrong...)
	if err == nil {
		err = p.submit(w, r, a, func(tx *db.Tx) (ID, web.Done, error) {
			sentence, err := changeSlots(tx, p.Now(), a, id, s, action, capacity, f.Line("motif"))
			return id, web.Done{Location: monthPath(id, s, f), Sentence: sentence}, err
		})
	}
	if err == nil {
		return nil
	}
	if prefix == closing {
		err = renamed(err, closingFields)
	} else {
		err = renamed(err, map[string]string{"unite": "pour"})
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

// monthPath leads back to the month of what was changed, of the unit that was looked at.
func monthPath(id ID, s Scope, f *web.Form) string {
	path := listPath + "/" + string(id) + "/places?mois=" + s.Days.From.String()[:7]
	unit := string(s.Unit)
	if unit == "" {
		unit = f.Text("unite")
	}
	if unit != "" {
		path += "&unite=" + url.QueryEscape(unit)
	}
	return path
}

// renamed gives the faults of a verb the names of a form's fields.
func renamed(err error, names map[string]string) error {
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	fields := slices.Clone(fault.FieldsOf(err))
	for i, x := range fields {
		if name, known := names[x.Name]; known {
			fields[i].Name = name
		}
	}
	return fault.InvalidFields(fields...)
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
	if err != nil || len(held) == 0 {
		return "Les places sont enregistrées.", err
	}
	x, err := ByID(tx, id)
	return "Les places sont enregistrées. " + x.heldWords(held), err
}

// mostHeld is how many days a sentence lists.
const mostHeld = 12

// heldWords lists the days that keep more places than asked, because more children are expected: « Le 12 janvier :
// 11 enfants pour 5 places ».
func (a Activity) heldWords(held []Held) string {
	if len(held) == 0 {
		return ""
	}
	var all []string
	for _, h := range held[:min(len(held), mostHeld)] {
		words := "le " + h.Day.Short()
		if u, known := a.UnitByID(h.Unit); known && len(a.Units) > 1 {
			words += ", " + unitName(&a, u)
		}
		if c, known := a.columnOf(h); known && len(a.columns()) > 1 {
			words += ", " + c.label
		}
		all = append(all, words+" : "+takenWords(h.Taken)+" pour "+capacityWords(&h.Wanted)+", le jour en garde "+strconv.Itoa(h.Taken))
	}
	if more := len(held) - mostHeld; more > 0 {
		all = append(all, "et "+count(more, "un autre", "%d autres"))
	}
	return "Plus d’enfants sont attendus certains jours, qui gardent leurs places. " + capital(strings.Join(all, " ; ")) + "."
}

func (a Activity) columnOf(h Held) (column, bool) {
	for _, c := range a.columns() {
		if c.site == h.Site && c.group == h.Group {
			return c, true
		}
	}
	return column{}, false
}
