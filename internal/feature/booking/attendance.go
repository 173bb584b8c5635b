package booking

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Told is what attendance says of a child, a unit and a day, "" for nothing.
func Told(r db.Reader, child family.ChildID, unit activity.UnitID, day civil.Date) (Attendance, error) {
	all, err := db.List(r, db.Column[Attendance], `select state from attendance where child = $1 and day = $2 and unit = $3`, string(child), day, string(unit))
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// Tell writes what happened on a day, "" that nothing is told any more. The caller has decided who may say it, and
// writes the line of the journal.
func Tell(tx *db.Tx, now time.Time, child family.ChildID, unit activity.UnitID, day civil.Date, what Attendance) error {
	var err error
	if what == "" {
		_, err = tx.Exec(`delete from attendance where child = $1 and day = $2 and unit = $3`, string(child), day, string(unit))
	} else {
		_, err = tx.Exec(`insert into attendance (child, unit, day, state, noted_at) values ($1, $2, $3, $4, $5)
			on conflict (child, day, unit) do update set state = excluded.state, noted_at = excluded.noted_at`,
			string(child), string(unit), day, string(what), civil.InstantOf(now))
	}
	if err != nil {
		return fmt.Errorf("tell attendance: %w", err)
	}
	return nil
}
