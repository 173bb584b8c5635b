package attendance

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(booking.Sources(), captcha.Sources(), []db.Source{{Name: "attendance", FS: own}})
}

func orNull(i civil.Instant) any {
	if i.IsZero() {
		return nil
	}
	return i
}

func insertMark(tx *db.Tx, now time.Time, m Mark) (bool, error) {
	n, err := tx.Exec(`insert into attendance_mark (id, device, agent, site, child, unit, day, kind, target, at, said_at, received_at, collector, reason)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (id) do nothing`,
		m.ID, db.Null(string(m.Device)), m.Agent, db.Null(string(m.Site)), string(m.Child), string(m.Unit), m.Day, string(m.Kind), m.Target,
		m.At, m.SaidAt, civil.InstantOf(now), db.Null(string(m.Collector)), m.Reason)
	if err != nil {
		return false, fmt.Errorf("insert mark: %w", err)
	}
	return n == 1, nil
}

const markColumns = `id, coalesce(device, ''), agent, coalesce(site, ''), child, unit, day, kind, target, at, said_at, received_at, coalesce(collector, ''), reason`

func scanMark(s db.Scanner) (Mark, error) {
	var m Mark
	err := s.Scan(&m.ID, &m.Device, &m.Agent, &m.Site, &m.Child, &m.Unit, &m.Day, &m.Kind, &m.Target, &m.At, &m.SaidAt, &m.Received, &m.Collector, &m.Reason)
	return m, err
}

func marksOf(r db.Reader, k Key) ([]Mark, error) {
	all, err := db.List(r, scanMark, `select `+markColumns+` from attendance_mark where child = $1 and day = $2 and unit = $3 order by said_at, id`,
		string(k.Child), k.Day, string(k.Unit))
	if err != nil {
		return nil, fmt.Errorf("list marks: %w", err)
	}
	return all, nil
}

// marksOn lists in one query the marks of some units on a day.
func marksOn(r db.Reader, day civil.Date, units []activity.UnitID) (map[Key][]Mark, error) {
	if len(units) == 0 {
		return nil, nil
	}
	args := []any{day}
	for _, u := range units {
		args = append(args, string(u))
	}
	all, err := db.List(r, scanMark, `select `+markColumns+` from attendance_mark where day = $1 and unit in (`+db.Marks(2, len(units))+`) order by said_at, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list marks of a day: %w", err)
	}
	of := map[Key][]Mark{}
	for _, m := range all {
		of[m.Key] = append(of[m.Key], m)
	}
	return of, nil
}

// stay is a row of attendance_stay.
type stay struct {
	Site          town.SiteID
	Before, Wrote booking.Attendance
	Arrived, Left civil.Instant
	Collector     person.ID
}

// lockStay makes the row of a key and holds it: what follows counts its marks.
func lockStay(tx *db.Tx, k Key) error {
	_, err := tx.Exec(`insert into attendance_stay (child, unit, day) values ($1, $2, $3)
		on conflict (child, day, unit) do update set before = attendance_stay.before`, string(k.Child), string(k.Unit), k.Day)
	if err != nil {
		return fmt.Errorf("lock stay: %w", err)
	}
	return nil
}

const stayColumns = `coalesce(site, ''), before, wrote, arrived_at, left_at, coalesce(collector, '')`

func (x *stay) fields() []any {
	return []any{&x.Site, &x.Before, &x.Wrote, &x.Arrived, &x.Left, &x.Collector}
}

func stayOf(r db.Reader, k Key) (stay, error) {
	return db.One(r, "stay", func(s db.Scanner) (stay, error) {
		var x stay
		err := s.Scan(x.fields()...)
		return x, err
	}, `select `+stayColumns+` from attendance_stay where child = $1 and day = $2 and unit = $3`, string(k.Child), k.Day, string(k.Unit))
}

func saveStay(tx *db.Tx, k Key, x stay) error {
	_, err := tx.Exec(`update attendance_stay set site = $4, before = $5, wrote = $6, arrived_at = $7, left_at = $8, collector = $9
		where child = $1 and day = $2 and unit = $3`, string(k.Child), k.Day, string(k.Unit),
		db.Null(string(x.Site)), string(x.Before), string(x.Wrote), orNull(x.Arrived), orNull(x.Left), db.Null(string(x.Collector)))
	if err != nil {
		return fmt.Errorf("save stay: %w", err)
	}
	return nil
}

// staysOn lists in one query the stays of some units on a day.
func staysOn(r db.Reader, day civil.Date, units []activity.UnitID) (map[Key]stay, error) {
	if len(units) == 0 {
		return nil, nil
	}
	type row struct {
		Key
		stay
	}
	args := []any{day}
	for _, u := range units {
		args = append(args, string(u))
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		x := row{Key: Key{Day: day}}
		err := s.Scan(append([]any{&x.Child, &x.Unit}, x.fields()...)...)
		return x, err
	}, `select child, unit, `+stayColumns+` from attendance_stay where day = $1 and unit in (`+db.Marks(2, len(units))+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("list stays of a day: %w", err)
	}
	of := make(map[Key]stay, len(all))
	for _, x := range all {
		of[x.Key] = x.stay
	}
	return of, nil
}

// tiedTo tells whether anything ties a child to an activity: a booking of the day, an enrolment, or a mark.
func tiedTo(r db.Reader, k Key) (bool, error) {
	return exists(r, `exists (select 1 from booking where child = $1 and day = $2 and unit = $3)
		or exists (select 1 from attendance where child = $1 and day = $2 and unit = $3)
		or exists (select 1 from attendance_mark where child = $1 and day = $2 and unit = $3)
		or exists (select 1 from enrolment e join unit u on u.activity = e.activity where e.child = $1 and u.id = $3 and e.from_day <= $2 and e.to_day >= $2)`,
		string(k.Child), k.Day, string(k.Unit))
}

func exists(r db.Reader, condition string, args ...any) (bool, error) {
	n, err := db.One(r, "answer", db.Column[int64], `select case when `+condition+` then 1 else 0 end`, args...)
	return n == 1, err
}

// holds tells whether one of some services holds an activity at a place.
func holds(r db.Reader, site town.SiteID, services []string) (bool, error) {
	args, all := []any{string(site)}, slices.Contains(services, actor.AllServices)
	if all {
		return exists(r, `exists (select 1 from activity_site x where x.site = $1)`, args...)
	}
	for _, s := range services {
		args = append(args, s)
	}
	return exists(r, `exists (select 1 from activity_site x join activity a on a.id = x.activity
		where x.site = $1 and a.service in (`+db.Marks(2, len(services))+`))`, args...)
}

func isCancelled(r db.Reader, k Key) (bool, error) {
	return exists(r, `exists (select 1 from booking where child = $1 and day = $2 and unit = $3 and state = 'cancelled')`, string(k.Child), k.Day, string(k.Unit))
}

func isEnrolled(r db.Reader, k Key) (bool, error) {
	return exists(r, `exists (select 1 from enrolment e join unit u on u.activity = e.activity
		where e.child = $1 and u.id = $3 and e.state = 'active' and e.from_day <= $2 and e.to_day >= $2)`, string(k.Child), k.Day, string(k.Unit))
}

const deviceColumns = `d.id, d.site, s.name, d.name, d.pin_hash, d.code_until, d.code_hash is not null, d.paired_at, d.seen_at, d.revoked_at, d.revoked_why, d.pin_failed, d.open_until, d.made_by,
	coalesce((select min(x.service) from device_service x where x.device = d.id), ''), (select count(*) from device_service x where x.device = d.id)`

func scanDevice(s db.Scanner) (Device, error) {
	var d Device
	var first string
	var n int
	err := s.Scan(&d.ID, &d.Site, &d.SiteName, &d.Name, &d.pinHash, &d.CodeUntil, &d.Waiting, &d.PairedAt, &d.SeenAt, &d.RevokedAt, &d.Why, &d.pinFailed, &d.openUntil, &d.MadeBy, &first, &n)
	if n == 1 {
		d.Services = []string{first}
	}
	return d, err
}

func oneDevice(r db.Reader, where string, arg any) (Device, error) {
	d, err := db.One(r, "device", scanDevice, `select `+deviceColumns+` from device d join site s on s.id = d.site where `+where, arg)
	if err != nil || d.Services != nil {
		return d, err
	}
	d.Services, err = db.List(r, db.Column[string], `select service from device_service where device = $1 order by service`, string(d.ID))
	return d, err
}

func deviceByID(r db.Reader, id DeviceID) (Device, error) {
	return oneDevice(r, `d.id = $1`, string(id))
}

func deviceByToken(r db.Reader, hash string) (Device, error) {
	return oneDevice(r, `d.token_hash = $1 and d.revoked_at is null`, hash)
}

// devices lists the tablets that an agent may end, those in use first.
func devices(r db.Reader, a actor.Actor) ([]Device, error) {
	type pair struct{ device, service string }
	services, err := db.List(r, func(s db.Scanner) (pair, error) {
		var x pair
		err := s.Scan(&x.device, &x.service)
		return x, err
	}, `select device, service from device_service order by device, service`)
	if err != nil {
		return nil, fmt.Errorf("list the services of tablets: %w", err)
	}
	of := map[DeviceID][]string{}
	for _, x := range services {
		of[DeviceID(x.device)] = append(of[DeviceID(x.device)], x.service)
	}
	all, err := db.List(r, scanDevice, `select `+deviceColumns+` from device d join site s on s.id = d.site
		order by case when d.revoked_at is null then 0 else 1 end, s.name, d.name, d.id`)
	if err != nil {
		return nil, fmt.Errorf("list tablets: %w", err)
	}
	var own []Device
	for _, d := range all {
		if d.Services = of[d.ID]; d.within(a) {
			own = append(own, d)
		}
	}
	return own, nil
}

func insertDevice(tx *db.Tx, now time.Time, by string, id DeviceID, w Wanted, codeHash string, until civil.Instant, services []string) error {
	if _, err := tx.Exec(`insert into device (id, site, name, pin_hash, code_hash, code_until, made_by, made_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(id), string(w.Site), w.Name, w.PinHash, codeHash, until, by, civil.InstantOf(now)); err != nil {
		return fmt.Errorf("insert tablet: %w", err)
	}
	for _, s := range services {
		if _, err := tx.Exec(`insert into device_service (device, service) values ($1, $2) on conflict do nothing`, string(id), s); err != nil {
			return fmt.Errorf("insert service of tablet: %w", err)
		}
	}
	return nil
}

// takeCode gives the tablet that waits for a code its token; "" when none does.
func takeCode(tx *db.Tx, now time.Time, codeHash, tokenHash string) (DeviceID, error) {
	all, err := db.List(tx, db.Column[DeviceID], `update device set code_hash = null, token_hash = $2, paired_at = $3, seen_at = $3
		where code_hash = $1 and code_until > $3 and revoked_at is null returning id`, codeHash, tokenHash, civil.InstantOf(now))
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

func revoke(tx *db.Tx, now time.Time, id DeviceID, why string) error {
	_, err := tx.Exec(`update device set revoked_at = $2, revoked_why = $3, token_hash = null, code_hash = null, open_until = null where id = $1 and revoked_at is null`,
		string(id), civil.InstantOf(now), why)
	if err != nil {
		return fmt.Errorf("revoke tablet: %w", err)
	}
	return nil
}

func countTry(tx *db.Tx, id DeviceID) (int, error) {
	n, err := db.One(tx, "device", db.Column[int64], `update device set pin_failed = pin_failed + 1 where id = $1 returning pin_failed`, string(id))
	return int(n), err
}

func setOpen(tx *db.Tx, id DeviceID, until civil.Instant, failed int) error {
	_, err := tx.Exec(`update device set open_until = $2, pin_failed = $3 where id = $1`, string(id), until, failed)
	if err != nil {
		return fmt.Errorf("open sheets: %w", err)
	}
	return nil
}

func seen(tx *db.Tx, now time.Time, id DeviceID) error {
	_, err := tx.Exec(`update device set seen_at = $2 where id = $1`, string(id), civil.InstantOf(now))
	if err != nil {
		return fmt.Errorf("note that a tablet was seen: %w", err)
	}
	return nil
}

func childName(r db.Reader, child family.ChildID) (string, error) {
	return db.One(r, "child", func(s db.Scanner) (string, error) {
		var p person.Person
		err := s.Scan(&p.FirstNames, &p.LastName)
		return p.Full(), err
	}, `select first_names, last_name from person where id = $1`, string(child))
}

func deviceNames(r db.Reader) (map[DeviceID]string, error) {
	type row struct {
		id   DeviceID
		name string
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.id, &x.name)
		return x, err
	}, `select id, name from device`)
	if err != nil {
		return nil, fmt.Errorf("list the names of tablets: %w", err)
	}
	names := map[DeviceID]string{}
	for _, x := range all {
		names[x.id] = x.name
	}
	return names, nil
}
