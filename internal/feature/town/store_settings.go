package town

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
)

func insertVersion(tx *db.Tx, now time.Time, page TextPage, v Version) error {
	_, err := tx.Exec(`insert into town_text_version (page, number, body, at) values ($1, $2, $3, $4)`,
		string(page), v.Number, v.Text, civil.InstantOf(now))
	return err
}

func scanVersion(s db.Scanner) (Version, error) {
	var v Version
	err := s.Scan(&v.Number, &v.Text, &v.At)
	v.ID = number(v.Number)
	return v, err
}

func lastVersion(r db.Reader, page TextPage) (Version, error) {
	return db.One(r, "text version", scanVersion, `select v.number, v.body, v.at from town_text_version v
		where v.page = $1 order by v.number desc limit 1`, string(page))
}

func versionByNumber(r db.Reader, page TextPage, n int64) (Version, error) {
	return db.One(r, "text version", scanVersion, `select v.number, v.body, v.at from town_text_version v
		where v.page = $1 and v.number = $2`, string(page), n)
}

func updateService(tx *db.Tx, s Service) error {
	_, err := tx.Exec(`update service set name = $2, phone = $3, email = $4, hours = $5, counter = $6 where id = $1`,
		string(s.ID), s.Name, s.Phone, s.Email, s.Hours, s.Counter)
	return err
}

func setServiceActive(tx *db.Tx, id ServiceID, active bool) error {
	_, err := tx.Exec(`update service set active = $2 where id = $1`, string(id), active)
	return err
}

func setServiceOrder(tx *db.Tx, id ServiceID, position int) error {
	_, err := tx.Exec(`update service set position = $2 where id = $1`, string(id), position)
	return err
}

// AllServices lists the services, closed ones last.
func AllServices(r db.Reader) ([]Service, error) {
	return db.List(r, scanService, `select `+serviceColumns+` from service s
		order by case when s.active = true then 0 else 1 end, s.position, s.name, s.id`)
}

func updateSite(tx *db.Tx, s Site) error {
	_, err := tx.Exec(`update site set name = $2, kind = $3, address = $4, phone = $5 where id = $1`,
		string(s.ID), s.Name, string(s.Kind), s.Address, s.Phone)
	return err
}

func setSiteActive(tx *db.Tx, id SiteID, active bool) error {
	_, err := tx.Exec(`update site set active = $2 where id = $1`, string(id), active)
	return err
}

// AllSites lists the sites by name, closed ones last.
func AllSites(r db.Reader) ([]Site, error) {
	return db.List(r, scanSite, `select `+siteColumns+` from site s
		order by case when s.active = true then 0 else 1 end, s.name, s.id`)
}

// Years lists the school years that the town has entered, latest first.
func Years(r db.Reader) ([]Year, error) {
	return db.List(r, scanYear, `select year, from_day, to_day, checked from school_year order by year desc`)
}

func scanHoliday(s db.Scanner) (SchoolHoliday, error) {
	var h SchoolHoliday
	err := s.Scan(&h.ID, &h.Name, &h.Zone, &h.Days.From, &h.Days.To)
	return h, err
}

const holidayColumns = `h.id, h.name, h.zone, h.from_day, h.to_day`

// AllSchoolHolidays lists the holidays of all zones that end on a day or later, in order.
func AllSchoolHolidays(r db.Reader, from civil.Date) ([]SchoolHoliday, error) {
	return db.List(r, scanHoliday, `select `+holidayColumns+` from school_holiday h where h.to_day >= $1
		order by h.from_day, h.zone, h.id`, from)
}

func holidayByID(r db.Reader, id string) (SchoolHoliday, error) {
	return db.One(r, "school holiday", scanHoliday, `select `+holidayColumns+` from school_holiday h where h.id = $1`, id)
}

func updateHoliday(tx *db.Tx, h SchoolHoliday) error {
	_, err := tx.Exec(`update school_holiday set name = $2, zone = $3, from_day = $4, to_day = $5 where id = $1`,
		h.ID, h.Name, h.Zone, h.Days.From, h.Days.To)
	return err
}

func deleteHoliday(tx *db.Tx, id string) error {
	_, err := tx.Exec(`delete from school_holiday where id = $1`, id)
	return err
}

func scanClosing(s db.Scanner) (Closing, error) {
	var c Closing
	err := s.Scan(&c.ID, &c.Days.From, &c.Days.To, &c.Reason, &c.Service)
	return c, err
}

const closingColumns = `c.id, c.from_day, c.to_day, c.reason, coalesce(c.service, '')`

// AllClosings lists the closings of the town and of each service that end on a day or later, in order.
func AllClosings(r db.Reader, from civil.Date) ([]Closing, error) {
	return db.List(r, scanClosing, `select `+closingColumns+` from closing c where c.to_day >= $1 order by c.from_day, c.id`, from)
}

func closingByID(r db.Reader, id string) (Closing, error) {
	return db.One(r, "closing", scanClosing, `select `+closingColumns+` from closing c where c.id = $1`, id)
}

func updateClosing(tx *db.Tx, c Closing) error {
	_, err := tx.Exec(`update closing set from_day = $2, to_day = $3, reason = $4, service = $5 where id = $1`,
		c.ID, c.Days.From, c.Days.To, c.Reason, db.Null(string(c.Service)))
	return err
}

func deleteClosing(tx *db.Tx, id string) error {
	_, err := tx.Exec(`delete from closing where id = $1`, id)
	return err
}

// mailText is a town's own words for a mail, and when they were written.
type mailText struct {
	template string
	words    mail.Words
	at       civil.Instant
}

func scanMailText(s db.Scanner) (mailText, error) {
	var t mailText
	err := s.Scan(&t.template, &t.words.Subject, &t.words.Text, &t.words.Closing, &t.at)
	return t, err
}

const mailTextColumns = `m.template, m.subject, m.body, m.closing, m.updated_at`

func mailTexts(r db.Reader) ([]mailText, error) {
	return db.List(r, scanMailText, `select `+mailTextColumns+` from mail_text m order by m.template`)
}

func mailTextOf(r db.Reader, template string) (mailText, error) {
	return db.One(r, "mail text", scanMailText, `select `+mailTextColumns+` from mail_text m where m.template = $1`, template)
}

func upsertMailText(tx *db.Tx, now time.Time, template string, w mail.Words) error {
	_, err := tx.Exec(`insert into mail_text (template, subject, body, closing, updated_at) values ($1, $2, $3, $4, $5)
		on conflict (template) do update set subject = excluded.subject, body = excluded.body, closing = excluded.closing, updated_at = excluded.updated_at`,
		template, w.Subject, w.Text, w.Closing, civil.InstantOf(now))
	return err
}

func deleteMailText(tx *db.Tx, template string) error {
	_, err := tx.Exec(`delete from mail_text where template = $1`, template)
	return err
}

type setupRow struct{ openedAt, finishedAt civil.Instant }

func setupOf(r db.Reader) (setupRow, error) {
	return db.One(r, "set-up", func(s db.Scanner) (setupRow, error) {
		var row setupRow
		err := s.Scan(&row.openedAt, &row.finishedAt)
		return row, err
	}, `select opened_at, finished_at from town_setup where id = 'town'`)
}

func upsertSetup(tx *db.Tx, row setupRow) error {
	_, err := tx.Exec(`insert into town_setup (id, opened_at, finished_at) values ('town', $1, $2)
		on conflict (id) do update set finished_at = excluded.finished_at`, int64(row.openedAt), int64(row.finishedAt)) // a zero Instant would be null
	return err
}
