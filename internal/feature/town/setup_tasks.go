package town

import (
	"net/http"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// named tells whether the town has its own name, and a colour that somebody saved.
func named(r db.Reader) (bool, error) {
	rows, err := savedSettings(r)
	name := rows["name"].value
	return err == nil && name != "" && name != Default().Name && rows["colour"].value != "", err
}

func nameMissing(r db.Reader) (string, error) {
	rows, err := savedSettings(r)
	if rows["name"].value != Default().Name {
		return "", err
	}
	return "Il manque le nom de la commune : « " + Default().Name + " » est un nom d’attente.", err
}

func legalMissing(r db.Reader) (string, error) {
	rows, err := savedSettings(r)
	var lacks []string
	for _, one := range [][2]string{{"publisher", "la direction de la publication"}, {"host", "l’hébergeur"},
		{"data_officer", "le délégué à la protection des données (écrivez « Aucun » s’il n’y en a pas)"}} {
		if rows[one[0]].value == "" {
			lacks = append(lacks, one[1])
		}
	}
	return "Il manque : " + strings.Join(lacks, ", ") + ".", err
}

// calendarState is what the calendar of the current school year holds.
type calendarState struct {
	year           civil.SchoolYear
	dated, holiday bool
	zone           string
	chosen         bool // somebody saved the zone; else it is the default
}

func calendarNow(r db.Reader, now time.Time) (calendarState, error) {
	return db.Once(r, "town.setup.calendar", func() (calendarState, error) { return readCalendar(r, now) })
}

func readCalendar(r db.Reader, now time.Time) (calendarState, error) {
	c := calendarState{year: civil.SchoolYearOf(civil.DateOf(now))}
	s, err := ReadSettings(r)
	if err != nil {
		return c, err
	}
	rows, err := savedSettings(r)
	if err != nil {
		return c, err
	}
	c.zone, c.chosen = s.Zone, rows["zone"].value != ""
	days := civil.Range{From: civil.NewDate(int(c.year), time.September, 1), To: civil.NewDate(int(c.year)+1, time.August, 31)}
	known, err := YearOf(r, c.year)
	switch {
	case err == nil:
		c.dated, days = true, known.Days
	case fault.KindOf(err) != fault.NotFound:
		return c, err
	}
	holidays, err := SchoolHolidays(r, c.zone, days)
	c.holiday = len(holidays) > 0
	return c, err
}

func yearReady(now func() time.Time) func(r db.Reader) (bool, error) {
	return func(r db.Reader) (bool, error) {
		c, err := calendarNow(r, now())
		return c.dated && c.holiday, err
	}
}

func yearMissing(now func() time.Time) func(r db.Reader) (string, error) {
	return func(r db.Reader) (string, error) {
		c, err := calendarNow(r, now())
		if err != nil {
			return "", err
		}
		var lacks []string
		if !c.dated {
			lacks = append(lacks, "les dates de l’année "+c.year.String())
		}
		if !c.holiday {
			lacks = append(lacks, "les vacances de la zone "+c.zone)
		}
		sentence := "Il manque " + strings.Join(lacks, " et ") + "."
		if !c.chosen {
			sentence += " La zone " + c.zone + " est proposée d’office : vérifiez que c’est la vôtre."
		}
		return sentence, nil
	}
}

// render shows a page of the settings; while the set-up is under way, it leads back there.
func (p Pages) render(w http.ResponseWriter, r *http.Request, page web.Page, body templ.Component) error {
	running, err := db.Read(r.Context(), p.DB, setupRuns)
	if err != nil {
		return err
	}
	if running {
		page.Resume = web.Link{Href: SetupPath, Label: "Continuer la mise en route"}
	}
	return web.Render(w, r, page, body)
}

// setupRuns tells whether an agent began the set-up and nobody ended it.
func setupRuns(r db.Reader) (bool, error) {
	row, err := setupOf(r)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil && row.finishedAt == 0, err
}
