// Package town keeps what is proper to one commune: its name, look and texts, services, sites, opening hours,
// school years, holidays and closings. Everything local is a row here, nothing is in code.
//
// It owns the tables town_setting, town_text_version, mail_text, town_setup, service, site, school_year,
// school_holiday and closing. It renders no mail (mail.Worker asks it for the town's own words) and does not know
// people, nor which activity takes place on a site.
package town

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// ServiceID names a service.
type ServiceID string

// SiteID names a site.
type SiteID string

// SettingsWrite is the right to change the town's settings, services, sites and calendar.
const SettingsWrite actor.Right = "town.settings.write"

// Service is a department of the town hall: Enfance, Jeunesse, État civil… Hours and Counter are words for
// families: "du lundi au vendredi, 8 h 30 – 12 h", "Mairie, 2 place de la Mairie".
type Service struct {
	ID      ServiceID
	Code    string // short, unique, lower case: "enfance"
	Name    string
	Phone   string
	Email   string
	Hours   string
	Counter string
	Order   int
	Active  bool
}

// SiteKind is what a site is.
type SiteKind string

// The kinds of site.
const (
	School SiteKind = "ecole"
	Centre SiteKind = "centre"
	Other  SiteKind = "autre"
)

// Site is a place where children are looked after.
type Site struct {
	ID      SiteID
	Code    string
	Name    string
	Kind    SiteKind
	Address string
	Phone   string
	Active  bool
}

// Year is a school year of the town. Checked is false when its dates were guessed: screens then say
// « calendrier à vérifier ».
type Year struct {
	Year    civil.SchoolYear
	Days    civil.Range
	Checked bool
}

// SchoolHoliday is a run of days without school, first to last free day.
type SchoolHoliday struct {
	ID   string
	Name string
	Zone string // A, B, C, or "" for all
	Days civil.Range
}

// Closing is a run of days on which the town's services, or one of them, do not work.
type Closing struct {
	ID      string
	Days    civil.Range
	Reason  string
	Service ServiceID // "" for all
}

// AddService makes a service and returns its id.
func AddService(tx *db.Tx, now time.Time, a actor.Actor, s Service) (ServiceID, error) {
	if !a.Can(SettingsWrite) {
		return "", fault.New(fault.Forbidden, "")
	}
	s.Name = strings.TrimSpace(s.Name)
	if err := s.check(); err != nil {
		return "", err
	}
	if s.Code == "" {
		s.Code = codeOf(s.Name)
	}
	if s.Code == "" { // a name without a Latin letter
		s.Code = strings.ToLower(db.NewID())
	}
	if _, err := ServiceByCode(tx, s.Code); fault.KindOf(err) != fault.NotFound {
		return "", taken(err, "Un service porte déjà ce nom.")
	}
	s.ID = ServiceID(db.NewID())
	if err := insertService(tx, s); err != nil {
		return "", fmt.Errorf("insert service: %w", err)
	}
	return s.ID, audit.Write(tx, now, a, audit.Entry{Action: "town.service.added", Object: "service", ID: string(s.ID), Detail: s.Name})
}

// taken is the refusal of a name already in use; err is what looking for it gave.
func taken(err error, sentence string) error {
	if err != nil {
		return err
	}
	return fault.InvalidFields(fault.Field{Name: "nom", Sentence: sentence + " Donnez-en un autre, ou rouvrez celui qui existe."})
}

// AddSite makes a site and returns its id.
func AddSite(tx *db.Tx, now time.Time, a actor.Actor, s Site) (SiteID, error) {
	if !a.Can(SettingsWrite) {
		return "", fault.New(fault.Forbidden, "")
	}
	if s.Name = strings.TrimSpace(s.Name); s.Kind == "" {
		s.Kind = Other
	}
	if err := s.check(); err != nil {
		return "", err
	}
	if s.Code == "" {
		s.Code = codeOf(s.Name)
	}
	if s.Code == "" { // a name without a Latin letter
		s.Code = strings.ToLower(db.NewID())
	}
	if _, err := SiteByCode(tx, s.Code); fault.KindOf(err) != fault.NotFound {
		return "", taken(err, "Un lieu porte déjà ce nom.")
	}
	s.ID = SiteID(db.NewID())
	if err := insertSite(tx, s); err != nil {
		return "", fmt.Errorf("insert site: %w", err)
	}
	return s.ID, audit.Write(tx, now, a, audit.Entry{Action: "town.site.added", Object: "site", ID: string(s.ID), Detail: s.Name})
}

// SetYear writes a school year, in place of what was known of it.
func SetYear(tx *db.Tx, now time.Time, a actor.Actor, y Year) error {
	if !a.Can(SettingsWrite) {
		return fault.New(fault.Forbidden, "")
	}
	if y.Days.From.IsZero() || y.Days.To.IsZero() || y.Days.To.Before(y.Days.From) {
		return fault.InvalidFields(fault.Field{Name: "fin", Sentence: "Indiquez un dernier jour après le premier."})
	}
	if err := upsertYear(tx, y); err != nil {
		return fmt.Errorf("write school year: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.year.set", Object: "school_year", ID: y.Year.String(),
		Detail: y.Days.From.String() + " " + y.Days.To.String()})
}

// AddSchoolHoliday adds a run of days without school and returns its id.
func AddSchoolHoliday(tx *db.Tx, now time.Time, a actor.Actor, h SchoolHoliday) (string, error) {
	if !a.Can(SettingsWrite) {
		return "", fault.New(fault.Forbidden, "")
	}
	if err := checkDays(h.Days); err != nil {
		return "", err
	}
	if err := h.check(); err != nil {
		return "", err
	}
	h.ID = db.NewID()
	if err := insertHoliday(tx, h); err != nil {
		return "", fmt.Errorf("insert school holiday: %w", err)
	}
	return h.ID, audit.Write(tx, now, a, audit.Entry{Action: "town.holiday.added", Object: "school_holiday", ID: h.ID, Detail: h.Name})
}

// AddClosing declares days on which services do not work and returns its id.
func AddClosing(tx *db.Tx, now time.Time, a actor.Actor, c Closing) (string, error) {
	if !a.Can(SettingsWrite) {
		return "", fault.New(fault.Forbidden, "")
	}
	if err := checkClosing(tx, c); err != nil {
		return "", err
	}
	c.ID = db.NewID()
	if err := insertClosing(tx, c); err != nil {
		return "", fmt.Errorf("insert closing: %w", err)
	}
	return c.ID, audit.Write(tx, now, a, audit.Entry{Action: "town.closing.added", Object: "closing", ID: c.ID, Detail: c.Reason})
}

func checkDays(r civil.Range) error {
	if r.From.IsZero() || r.To.IsZero() || r.To.Before(r.From) {
		return fault.InvalidFields(fault.Field{Name: "fin", Sentence: "Indiquez un dernier jour après le premier."})
	}
	return nil
}

// codeOf makes a short code of a name: "École Jean-Moulin" is "ecole-jean-moulin".
func codeOf(name string) string {
	accents := strings.NewReplacer("à", "a", "â", "a", "ä", "a", "é", "e", "è", "e", "ê", "e", "ë", "e", "î", "i", "ï", "i",
		"ô", "o", "ö", "o", "ù", "u", "û", "u", "ü", "u", "ç", "c", "œ", "oe", "æ", "ae", "’", "-", "'", "-")
	words := strings.FieldsFunc(accents.Replace(strings.ToLower(name)), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}

// Working is when the town's services work, for deadlines: « 48 heures ouvrées » from an instant is
// Working(r)… .Deadline(from, 2), from being in the town's time zone. Closings of one service are not in it.
func Working(r db.Reader) (civil.Working, error) {
	s, err := ReadSettings(r)
	if err != nil {
		return civil.Working{}, err
	}
	return working(r, s)
}

func working(r db.Reader, s Settings) (civil.Working, error) {
	closings, err := Closings(r, "")
	if err != nil {
		return civil.Working{}, err
	}
	w := civil.Working{Hours: s.Hours, Region: s.Region}
	for _, c := range closings {
		w.Closings = append(w.Closings, c.Days)
	}
	return w, nil
}

// PromiseDays is how many open days « 48 heures ouvrées » are.
const PromiseDays = 2

// Label is the word of the pages.
func (k SiteKind) Label() string {
	switch k {
	case School:
		return "École"
	case Centre:
		return "Centre"
	}
	return "Autre lieu"
}
