package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"time"
)

// addWaiting makes a family of the demonstration wait for a place one day and have one offered another.
func (l *looker) addWaiting() {
	l.do(func(tx *db.Tx, _ actor.Actor) (err error) {
		slot := `(select s.id from slot s where s.unit = booking.unit and s.day = booking.day order by s.id limit 1)`
		name := ` returning child || '.' || (select activity from unit where unit.id = booking.unit) || '.' || day`
		later := `(select id from booking where state = 'booked' and slot is not null and cancel_asked_at is null and day > $1 and family = $2 order by day desc, id limit 1)`
		if l.objects["waiting-wish"], err = db.One(tx, "booking", db.Column[string], `update booking set state = 'waiting', wants = `+slot+`, slot = null where id = `+later+name,
			civil.DateOf(l.Now()), l.objects["family"]); err != nil {
			return err
		}
		_, err = db.One(tx, "booking", db.Column[string], `update booking set state = 'offered', offer_until_at = $3 where id = `+later+name,
			civil.DateOf(l.Now()), l.objects["family"], civil.InstantOf(l.Now().Add(48*time.Hour)))
		return err
	})
}

// waitingVisits are the list of a day.
func (l *looker) waitingVisits() []visit {
	day := l.text(`select min(day) from booking where state = 'waiting'`)
	return []visit{{"agent instruction", "/agents/attente?jour=" + day, 200}}
}
