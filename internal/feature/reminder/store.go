package reminder

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(booking.Sources(), []db.Source{{Name: "reminder", FS: own}})
}

// mailed is that an account a is open and its address confirmed, and that the last mail which left for it did not come
// back.
const mailed = `a.audience = 'citizen' and a.state = 'active' and a.email <> '' and a.email_confirmed_at is not null
	and coalesce((select o.state from mail_outbox o where o.account = a.id and o.to_address = a.email and o.state in ('sent', 'bounced')
		order by o.id desc limit 1), 'sent') = 'sent'`

const whoColumns = `a.id, a.person, a.email, coalesce(s.ahead, 'eve')`

func scanWho(s db.Scanner) (Who, error) {
	var w Who
	err := s.Scan(&w.Account, &w.Person, &w.Email, &w.Ahead)
	return w, err
}

// anybody reads an account, whatever its state.
func anybody(r db.Reader, id account.ID) (Who, error) {
	return db.One(r, "account", scanWho, `select `+whoColumns+` from account a left join reminder_setting s on s.account = a.id where a.id = $1`, string(id))
}

// silent lists, as a first sieve, the accounts that a week or a period of an activity may concern: those who head a home
// with a child enrolled then, of which that home has no booking there, and who were not told. Who may act for whom, and
// on which days, is decided afterwards.
func silent(r db.Reader, x booking.Soon, today civil.Date) ([]Who, error) {
	all, err := db.List(r, scanWho, `select distinct `+whoColumns+` from enrolment e
		join family_member kid on kid.person = e.child and kid.role = 'member' and kid.state = 'approved'
		join family_member adult on adult.family = kid.family and adult.role in ('holder', 'coholder') and adult.state = 'approved'
			and adult.from_day <= $5 and (adult.to_day is null or adult.to_day >= $5)
		join account a on a.person = adult.person
		left join reminder_setting s on s.account = a.id
		where e.activity = $1 and e.state = 'active' and e.from_day <= $3 and e.to_day >= $2 and coalesce(s.ahead, 'eve') <> 'none' and `+mailed+`
			and not exists (select 1 from reminder t where t.account = a.id and t.about = $4)
			and not exists (select 1 from booking b join unit u on u.id = b.unit
				where b.child = e.child and b.family = kid.family and u.activity = e.activity and b.day between $2 and $3)
		order by a.id`, string(x.Activity), x.Days.From, x.Days.To, x.Key, today)
	if err != nil {
		return nil, fmt.Errorf("look for whom to remind: %w", err)
	}
	return all, nil
}

// toldOf lists what an account was reminded of.
func toldOf(r db.Reader, id account.ID) ([]string, error) {
	all, err := db.List(r, db.Column[string], `select about from reminder where account = $1 order by about`, string(id))
	if err != nil {
		return nil, fmt.Errorf("list reminders: %w", err)
	}
	return all, nil
}

// claim notes that an account is told of something, in one notice; false when it was already.
func claim(tx *db.Tx, now time.Time, id account.ID, about, notice string) (bool, error) {
	n, err := tx.Exec(`insert into reminder (account, about, notice, made_at) values ($1, $2, $3, $4) on conflict (account, about) do nothing`,
		string(id), about, notice, civil.InstantOf(now))
	if err != nil {
		return false, fmt.Errorf("note a reminder: %w", err)
	}
	return n == 1, nil
}

// noticed is what a notice is about, and to whom; nobody when the account cannot be written to any more, or wants none.
func noticed(r db.Reader, notice string) (Who, []string, error) {
	type row struct {
		Who
		about string
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.Account, &x.Person, &x.Email, &x.Ahead, &x.about)
		return x, err
	}, `select `+whoColumns+`, t.about from reminder t join account a on a.id = t.account left join reminder_setting s on s.account = a.id
		where t.notice = $1 and `+mailed+` order by t.about`, notice)
	if err != nil {
		return Who{}, nil, fmt.Errorf("read a notice: %w", err)
	}
	var who Who
	var about []string
	for _, x := range all {
		if x.Ahead != None {
			who, about = x.Who, append(about, x.about)
		}
	}
	return who, about, nil
}

// forget deletes what was told before a moment, and what is over since.
func forget(tx *db.Tx, before time.Time) error {
	if _, err := tx.Exec(`delete from reminder where made_at < $1`, civil.InstantOf(before)); err != nil {
		return fmt.Errorf("forget reminders: %w", err)
	}
	if _, err := tx.Exec(`delete from opening_watch where over_at < $1`, civil.InstantOf(before)); err != nil {
		return fmt.Errorf("forget openings: %w", err)
	}
	return nil
}

func setAhead(tx *db.Tx, now time.Time, id account.ID, ahead Ahead) error {
	if _, err := tx.Exec(`insert into reminder_setting (account, ahead, set_at) values ($1, $2, $3)
		on conflict (account) do update set ahead = excluded.ahead, set_at = excluded.set_at`, string(id), string(ahead), civil.InstantOf(now)); err != nil {
		return fmt.Errorf("choose reminders: %w", err)
	}
	return nil
}

func reachable(r db.Reader, id account.ID) (bool, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from account a where a.id = $1 and `+mailed, string(id))
	if err != nil {
		return false, fmt.Errorf("look whether an account can be written to: %w", err)
	}
	return n == 1, nil
}

func insertWatch(tx *db.Tx, now time.Time, id account.ID, period activity.PeriodID) (bool, error) {
	n, err := tx.Exec(`insert into opening_watch (account, period, asked_at) values ($1, $2, $3)
		on conflict (account, period) do update set over_at = null, told_for = null, asked_at = excluded.asked_at where opening_watch.over_at is not null`,
		string(id), string(period), civil.InstantOf(now))
	if err != nil {
		return false, fmt.Errorf("wait for an opening: %w", err)
	}
	return n == 1, nil
}

func deleteWatch(tx *db.Tx, id account.ID, period activity.PeriodID) (bool, error) {
	n, err := tx.Exec(`delete from opening_watch where account = $1 and period = $2 and over_at is null`, string(id), string(period))
	if err != nil {
		return false, fmt.Errorf("wait no more for an opening: %w", err)
	}
	return n == 1, nil
}

// asked is what an account chose, waits for, and whether it can be written to, in one statement.
type asked struct {
	Ahead Ahead
	Mail  bool
	Email string
	Told  map[activity.PeriodID]civil.Instant
}

func askedOf(r db.Reader, id string) (asked, error) {
	got := asked{Ahead: Eve, Told: map[activity.PeriodID]civil.Instant{}}
	type row struct {
		period activity.PeriodID
		told   civil.Instant
	}
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&got.Ahead, &got.Email, &got.Mail, &x.period, &x.told)
		return x, err
	}, `select coalesce(s.ahead, 'eve'), a.email, (`+mailed+`), coalesce(w.period, ''), coalesce(w.told_for, 0)
		from account a left join reminder_setting s on s.account = a.id left join opening_watch w on w.account = a.id and w.over_at is null
		where a.id = $1 order by 4`, id)
	if err != nil {
		return got, fmt.Errorf("read what an account wants to be told: %w", err)
	}
	for _, x := range all {
		if x.period != "" {
			got.Told[x.period] = x.told
		}
	}
	return got, nil
}

func scanWatch(s db.Scanner) (watch, error) {
	var w watch
	err := s.Scan(&w.Account, &w.Person, &w.Email, &w.Ahead, &w.Period, &w.ToldFor)
	return w, err
}

// watches lists who waits, for whom a mail may leave, account by account.
func watches(r db.Reader) ([]watch, error) {
	all, err := db.List(r, scanWatch, `select `+whoColumns+`, w.period, coalesce(w.told_for, 0)
		from opening_watch w join account a on a.id = w.account left join reminder_setting s on s.account = a.id
		where w.over_at is null and `+mailed+` order by a.id, w.period`)
	if err != nil {
		return nil, fmt.Errorf("list who waits for an opening: %w", err)
	}
	return all, nil
}

// watchOf reads one that may be told, over or not; taken back, it is a NotFound fault.
func watchOf(r db.Reader, id, period string) (watch, error) {
	return db.One(r, "watch", scanWatch, `select `+whoColumns+`, w.period, coalesce(w.told_for, 0)
		from opening_watch w join account a on a.id = w.account left join reminder_setting s on s.account = a.id
		where w.account = $1 and w.period = $2 and `+mailed, id, period)
}

// advance writes what becomes of a watch; false when another did, or it was taken back.
func (w watch) advance(tx *db.Tx, now time.Time, to step) (bool, error) {
	var over civil.Instant
	if to.over {
		over = civil.InstantOf(now)
	}
	n, err := tx.Exec(`update opening_watch set told_for = $4, over_at = $5 where account = $1 and period = $2 and coalesce(told_for, 0) = $3 and over_at is null`,
		string(w.Account), string(w.Period), int64(w.ToldFor), to.moment, over)
	if err != nil {
		return false, fmt.Errorf("note an opening told: %w", err)
	}
	return n == 1, nil
}
