package town

import (
	"net/http"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

const (
	yearsPath    = settingsPath + "/annees"
	holidaysPath = settingsPath + "/vacances"
	closingsPath = settingsPath + "/fermetures"
)

var (
	yearsCrumb    = web.Crumb{Label: "Années scolaires", Href: yearsPath}
	holidaysCrumb = web.Crumb{Label: "Vacances scolaires", Href: holidaysPath}
	closingsCrumb = web.Crumb{Label: "Fermetures", Href: closingsPath}
)

// readDays reads the two dates of a form; each that cannot be read has its sentence.
func readDays(f *web.Form) (civil.Range, error) {
	var fields []fault.Field
	day := func(name string) civil.Date {
		d, err := civil.ParseFrench(f.Text(name))
		if err != nil {
			fields = append(fields, fault.Field{Name: name, Sentence: "Écrivez la date ainsi : 15/01/2027."})
		}
		return d
	}
	days := civil.Range{From: day("debut"), To: day("fin")}
	if len(fields) == 0 && days.To.Before(days.From) {
		fields = append(fields, fault.Field{Name: "fin", Sentence: "Indiquez un dernier jour après le premier."})
	}
	return days, fault.InvalidFields(fields...)
}

func rangeWords(days civil.Range) string {
	if days.From == days.To {
		return "le " + days.From.Long()
	}
	return "du " + days.From.Long() + " au " + days.To.Long()
}

// yearsView lists the years entered, then the one or two that can be.
type yearsView struct {
	known    []Year
	proposed []civil.SchoolYear
}

func (p Pages) years(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	known, err := db.Read(r.Context(), p.DB, Years)
	if err != nil {
		return err
	}
	v := yearsView{known: known}
	has := map[civil.SchoolYear]bool{}
	for _, y := range known {
		has[y.Year] = true
	}
	for y, n := civil.SchoolYearOf(civil.DateOf(p.Now())), 0; n < 2; y, n = y+1, n+1 {
		if !has[y] {
			v.proposed = append(v.proposed, y)
		}
	}
	return p.render(w, r, agentPage("Années scolaires"), yearsPage(v))
}

// yearView is a year as entered, or as proposed when Stamp is "".
type yearView struct {
	Year
	stamp    string
	proposal string
	conflict []difference
}

func (p Pages) yearOf(r *http.Request) (yearView, error) {
	y, err := civil.ParseSchoolYear(r.PathValue("id"))
	if err != nil || y < 2000 || y > 2100 {
		return yearView{}, fault.Missing("school year")
	}
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (yearView, error) {
		known, err := YearOf(rd, y)
		if err == nil {
			return yearView{Year: known, stamp: known.Stamp()}, nil
		}
		if fault.KindOf(err) != fault.NotFound {
			return yearView{}, err
		}
		s, err := ReadSettings(rd)
		if err != nil {
			return yearView{}, err
		}
		v := yearView{proposal: "Ces dates sont une supposition, d’après les autres années : calendrier à vérifier."}
		v.Year, _ = Propose(y, s.Zone)
		if _, _, ok := Official(y, s.Zone); ok {
			v.proposal = "Ces dates sont celles du calendrier national : calendrier à vérifier. " + OfficialSource
		}
		return v, nil
	})
}

func (p Pages) year(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	v, err := p.yearOf(r)
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage("Année "+v.Year.Year.String(), yearsCrumb), yearForm(nil, v))
}

func (p Pages) saveYear(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now, err := p.yearOf(r)
	if err != nil {
		return err
	}
	f := web.ReadForm(r)
	days, err := readDays(f)
	y := Year{Year: now.Year.Year, Days: days, Checked: f.Bool("verifie")}
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			return web.Done{Location: yearsPath, Sentence: "L’année " + y.Year.String() + " est enregistrée."}, ChangeYear(tx, p.Now(), a, y, f.Raw("version"))
		})
	}
	return p.again(w, r, f, err, agentPage("Année "+y.Year.String(), yearsCrumb), func(f *web.Form, conflict bool) templ.Component {
		if conflict {
			now.conflict = differ("Dates", rangeWords(now.Days), rangeWords(y.Days), "Vérifiée", yesNo(now.Checked), yesNo(y.Checked))
		}
		return yearForm(f, now)
	})
}

func yesNo(b bool) string {
	if b {
		return "oui"
	}
	return "non"
}

// holidaysView lists holidays by school year, and the national calendars that can be added.
type holidaysView struct {
	zone     string
	years    []holidayYear
	official []civil.SchoolYear
}

type holidayYear struct {
	year     civil.SchoolYear
	holidays []SchoolHoliday
}

func (p Pages) holidays(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	today := civil.DateOf(p.Now())
	thisYear := civil.SchoolYearOf(today)
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v holidaysView, err error) {
		s, err := ReadSettings(rd)
		if err != nil {
			return v, err
		}
		all, err := AllSchoolHolidays(rd, civil.NewDate(int(thisYear), time.August, 1))
		v.zone, v.years = s.Zone, byYear(all)
		return v, err
	})
	if err != nil {
		return err
	}
	for _, y := range OfficialYears() {
		if y >= thisYear {
			v.official = append(v.official, y)
		}
	}
	return p.render(w, r, agentPage("Vacances scolaires"), holidaysPage(v))
}

func byYear(all []SchoolHoliday) []holidayYear {
	var years []holidayYear
	for _, h := range all {
		y := civil.SchoolYearOf(h.Days.From)
		if h.Days.From.Month == time.July || h.Days.From.Month == time.August {
			y = civil.SchoolYearOf(h.Days.From.AddDays(-62)) // the summer closes its year
		}
		if n := len(years); n == 0 || years[n-1].year != y {
			years = append(years, holidayYear{year: y})
		}
		last := &years[len(years)-1]
		last.holidays = append(last.holidays, h)
	}
	return years
}

func (p Pages) addOfficial(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	y, err := civil.ParseSchoolYear(f.Text("annee"))
	if err != nil {
		return fault.New(fault.Refused, "Choisissez une année dont le calendrier est proposé.")
	}
	zone := f.Text("zone")
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		n, err := AddOfficial(tx, p.Now(), a, y, zone)
		sentence := strconv.Itoa(n) + " périodes de vacances sont ajoutées."
		switch n {
		case 0:
			sentence = "Rien à ajouter : ces vacances sont déjà dans le calendrier."
		case 1:
			sentence = "Une période de vacances est ajoutée."
		}
		if err != nil {
			return web.Done{}, err
		}
		s, err := ReadSettings(tx)
		if s.Zone != zone {
			sentence += " Attention : la commune est réglée en zone " + s.Zone + ", ces vacances de la zone " + zone + " ne comptent pas pour elle."
		}
		return web.Done{Location: holidaysPath, Sentence: sentence}, err
	})
}

func (p Pages) newHoliday(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	zone := p.Settings.Get(r.Context(), p.Now()).Zone
	return p.render(w, r, agentPage("Nouvelles vacances", holidaysCrumb), holidayForm(nil, SchoolHoliday{Zone: zone}, nil))
}

func readHoliday(f *web.Form) (SchoolHoliday, error) {
	days, err := readDays(f)
	return SchoolHoliday{Name: f.Line("nom"), Zone: f.Text("zone"), Days: days}, err
}

func (p Pages) addHoliday(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	h, err := readHoliday(f)
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			_, err := AddSchoolHoliday(tx, p.Now(), a, h)
			return web.Done{Location: holidaysPath, Sentence: "« " + h.Name + " » : ajouté au calendrier."}, err
		})
	}
	return p.again(w, r, f, err, agentPage("Nouvelles vacances", holidaysCrumb), func(f *web.Form, _ bool) templ.Component { return holidayForm(f, SchoolHoliday{}, nil) })
}

func (p Pages) holidayOf(r *http.Request) (SchoolHoliday, error) {
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (SchoolHoliday, error) { return holidayByID(rd, r.PathValue("id")) })
}

func (p Pages) holiday(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	h, err := p.holidayOf(r)
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage(h.Name, holidaysCrumb), holidayForm(nil, h, nil))
}

func (p Pages) changeHoliday(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now, err := p.holidayOf(r)
	if err != nil {
		return err
	}
	f := web.ReadForm(r)
	h, err := readHoliday(f)
	h.ID = now.ID
	if err == nil {
		err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
			return web.Done{Location: holidaysPath, Sentence: "« " + h.Name + " » : enregistré."}, ChangeSchoolHoliday(tx, p.Now(), a, h, f.Raw("version"))
		})
	}
	return p.again(w, r, f, err, agentPage(now.Name, holidaysCrumb), func(f *web.Form, conflict bool) templ.Component {
		if !conflict {
			return holidayForm(f, now, nil)
		}
		return holidayForm(f, now, differ("Nom", now.Name, h.Name, "Zone", zoneWords(now.Zone), zoneWords(h.Zone), "Dates", rangeWords(now.Days), rangeWords(h.Days)))
	})
}

func (p Pages) dropHoliday(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: holidaysPath, Sentence: "La période est retirée du calendrier."}, DropSchoolHoliday(tx, p.Now(), a, r.PathValue("id"))
	})
}

func zoneWords(zone string) string {
	if zone == "" {
		return "toutes les zones"
	}
	return "zone " + zone
}
