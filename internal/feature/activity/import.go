package activity

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// RemoveImported takes back a draft that an import made, with its units and places; the undoing verb writes the audit
// line. An open activity is a Conflict, and what else hangs on the draft (an enrolment, a booking, a period) refuses by
// its foreign key.
func RemoveImported(tx *db.Tx, a actor.Actor, id ID) error {
	if !a.Can(Write) {
		return fault.New(fault.Forbidden, "")
	}
	if _, err := tx.Exec(`delete from activity_site where activity = $1`, string(id)); err != nil {
		return wrap("remove places of draft", err)
	}
	if _, err := tx.Exec(`delete from unit where activity = $1`, string(id)); err != nil {
		return wrap("remove units of draft", err)
	}
	n, err := tx.Exec(`delete from activity where id = $1 and state = 'draft'`, string(id))
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "Cette activité est ouverte aux réservations.")
	}
	return wrap("remove draft", err)
}
