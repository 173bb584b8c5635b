package town

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
)

//go:embed migrations/*.sql
var migrations embed.FS

func sub() fs.FS {
	f, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations
	}
	return f
}

type setting struct {
	key, value string
	at         civil.Instant
}

func readSettings(r db.Reader) (map[string]setting, error) {
	rows, err := db.List(r, func(s db.Scanner) (setting, error) {
		var one setting
		err := s.Scan(&one.key, &one.value, &one.at)
		return one, err
	}, `select key, value, updated_at from town_setting`)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	all := make(map[string]setting, len(rows))
	for _, one := range rows {
		all[one.key] = one
	}
	return all, nil
}

func upsertSetting(tx *db.Tx, now time.Time, key, value string) error {
	_, err := tx.Exec(`insert into town_setting (key, value, updated_at) values ($1, $2, $3)
		on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at`,
		key, value, civil.InstantOf(now))
	return err
}

const serviceColumns = `s.id, s.code, s.name, s.phone, s.email, s.hours, s.counter, s.position, s.active`

func scanService(s db.Scanner) (Service, error) {
	var v Service
	err := s.Scan(&v.ID, &v.Code, &v.Name, &v.Phone, &v.Email, &v.Hours, &v.Counter, &v.Order, &v.Active)
	return v, err
}

func insertService(tx *db.Tx, s Service) error {
	_, err := tx.Exec(`insert into service (id, code, name, phone, email, hours, counter, position, active)
		values ($1, $2, $3, $4, $5, $6, $7, $8, true)`,
		string(s.ID), s.Code, s.Name, s.Phone, s.Email, s.Hours, s.Counter, s.Order)
	return err
}

// Services lists the active services in the order the town gives them.
func Services(r db.Reader) ([]Service, error) {
	return db.List(r, scanService, `select `+serviceColumns+` from service s where s.active = true order by s.position, s.name, s.id`)
}

// ServiceByID reads one service; an unknown id is a NotFound fault.
func ServiceByID(r db.Reader, id ServiceID) (Service, error) {
	return db.One(r, "service", scanService, `select `+serviceColumns+` from service s where s.id = $1`, string(id))
}

// ServiceByCode reads one service by its code; an unknown code is a NotFound fault.
func ServiceByCode(r db.Reader, code string) (Service, error) {
	return db.One(r, "service", scanService, `select `+serviceColumns+` from service s where s.code = $1`, code)
}

const siteColumns = `s.id, s.code, s.name, s.kind, s.address, s.phone, s.active`

func scanSite(s db.Scanner) (Site, error) {
	var v Site
	err := s.Scan(&v.ID, &v.Code, &v.Name, &v.Kind, &v.Address, &v.Phone, &v.Active)
	return v, err
}

func insertSite(tx *db.Tx, s Site) error {
	_, err := tx.Exec(`insert into site (id, code, name, kind, address, phone, active) values ($1, $2, $3, $4, $5, $6, true)`,
		string(s.ID), s.Code, s.Name, string(s.Kind), s.Address, s.Phone)
	return err
}

// Sites lists the active sites by name.
func Sites(r db.Reader) ([]Site, error) {
	return db.List(r, scanSite, `select `+siteColumns+` from site s where s.active = true order by s.name, s.id`)
}

// SiteByID reads one site; an unknown id is a NotFound fault.
func SiteByID(r db.Reader, id SiteID) (Site, error) {
	return db.One(r, "site", scanSite, `select `+siteColumns+` from site s where s.id = $1`, string(id))
}

// SiteByCode reads one site by its code; an unknown code is a NotFound fault.
func SiteByCode(r db.Reader, code string) (Site, error) {
	return db.One(r, "site", scanSite, `select `+siteColumns+` from site s where s.code = $1`, code)
}

func upsertYear(tx *db.Tx, y Year) error {
	_, err := tx.Exec(`insert into school_year (year, from_day, to_day, checked) values ($1, $2, $3, $4)
		on conflict (year) do update set from_day = excluded.from_day, to_day = excluded.to_day, checked = excluded.checked`,
		int64(y.Year), y.Days.From, y.Days.To, y.Checked)
	return err
}

func scanYear(s db.Scanner) (Year, error) {
	var y Year
	err := s.Scan(&y.Year, &y.Days.From, &y.Days.To, &y.Checked)
	return y, err
}

// YearOf reads a school year; one that the town has not entered is a NotFound fault.
func YearOf(r db.Reader, y civil.SchoolYear) (Year, error) {
	return db.One(r, "school year", scanYear, `select year, from_day, to_day, checked from school_year where year = $1`, int64(y))
}

func insertHoliday(tx *db.Tx, h SchoolHoliday) error {
	_, err := tx.Exec(`insert into school_holiday (id, name, zone, from_day, to_day) values ($1, $2, $3, $4, $5)`,
		h.ID, h.Name, h.Zone, h.Days.From, h.Days.To)
	return err
}

// SchoolHolidays lists the holidays of a zone that touch the range, in order.
func SchoolHolidays(r db.Reader, zone string, days civil.Range) ([]SchoolHoliday, error) {
	return db.List(r, func(s db.Scanner) (SchoolHoliday, error) {
		var h SchoolHoliday
		err := s.Scan(&h.ID, &h.Name, &h.Zone, &h.Days.From, &h.Days.To)
		return h, err
	}, `select h.id, h.name, h.zone, h.from_day, h.to_day from school_holiday h
		where h.zone in ('', $1) and h.from_day <= $3 and h.to_day >= $2 order by h.from_day, h.id`, zone, days.From, days.To)
}

func insertClosing(tx *db.Tx, c Closing) error {
	_, err := tx.Exec(`insert into closing (id, from_day, to_day, reason, service) values ($1, $2, $3, $4, $5)`,
		c.ID, c.Days.From, c.Days.To, c.Reason, db.Null(string(c.Service)))
	return err
}

// Closings lists the closings of all services and, when service is not "", of that one too.
func Closings(r db.Reader, service ServiceID) ([]Closing, error) {
	return db.List(r, func(s db.Scanner) (Closing, error) {
		var c Closing
		err := s.Scan(&c.ID, &c.Days.From, &c.Days.To, &c.Reason, &c.Service)
		return c, err
	}, `select c.id, c.from_day, c.to_day, c.reason, coalesce(c.service, '') from closing c
		where c.service is null or c.service = $1 order by c.from_day, c.id`, string(service))
}

// Sources are the migrations of this package and of those below that its verbs write to.
func Sources() []db.Source {
	return db.Join(audit.Sources(), mail.Sources(), []db.Source{{Name: "town", FS: sub()}})
}
