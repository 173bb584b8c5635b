package booking

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(enrolment.Sources(), custody.Sources(), []db.Source{{Name: "booking", FS: own}})
}

const batch = 100 // rows a statement; few enough for both engines' limits on parameters

func insertBookings(tx *db.Tx, now time.Time, rows []Row) (int, error) {
	at, added := civil.InstantOf(now), 0
	for len(rows) > 0 {
		n := min(len(rows), batch)
		args := make([]any, 0, n*7)
		for _, b := range rows[:n] {
			args = append(args, db.NewID(), string(b.Child), string(b.Unit), b.Day, string(b.Family), string(b.State), at)
		}
		k, err := tx.Exec(`insert into booking (id, child, unit, day, family, state, made_at) values `+db.Values(n, 7)+
			` on conflict (child, day, unit) do nothing`, args...)
		if err != nil {
			return 0, err
		}
		added += int(k)
		rows = rows[n:]
	}
	return added, nil
}

func insertAttendances(tx *db.Tx, now time.Time, rows []Row) error {
	at := civil.InstantOf(now)
	var args []any
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := tx.Exec(`insert into attendance (child, unit, day, state, noted_at) values `+db.Values(len(args)/5, 5)+
			` on conflict (child, day, unit) do nothing`, args...)
		args = args[:0]
		return err
	}
	for _, b := range rows {
		if b.Attendance == "" {
			continue
		}
		args = append(args, string(b.Child), string(b.Unit), b.Day, string(b.Attendance), at)
		if len(args) == 5*batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// BookedBetween counts the days of a range on which a child has an activity, or asked for it.
func BookedBetween(r db.Reader, child family.ChildID, of activity.ID, days civil.Range) (int, error) {
	n, err := db.One(r, "bookings", db.Column[int64], `select count(distinct b.day) from booking b join unit u on u.id = b.unit
		where b.child = $1 and u.activity = $2 and b.day between $3 and $4 and b.state in ('booked', 'asked')`, string(child), string(of), days.From, days.To)
	if err != nil {
		return 0, fmt.Errorf("count booked days: %w", err)
	}
	return int(n), nil
}
