package app_test

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// addLate makes a family of the demonstration ask, after the limit, to give up something that it has booked.
func (l *looker) addLate() {
	l.do(func(tx *db.Tx, _ actor.Actor) (err error) {
		l.objects["late-request"], err = db.One(tx, "booking", db.Column[string], `update booking set cancel_asked_at = $1, note = 'Enfant malade'
			where id = (select min(id) from booking where state = 'booked' and day > $2 and family = $3)
			returning child || '.' || (select activity from unit where unit.id = booking.unit) || '.' || day`,
			civil.InstantOf(l.Now()), civil.DateOf(l.Now()), l.objects["family"])
		return err
	})
}

// listVisits are the states of the lists that their addresses alone do not show: a day with children, on screen and on
// paper, and the check of several requests.
func (l *looker) listVisits() []visit {
	day := l.text(`select min(day) from booking where state = 'booked' and day >= $1`, civil.DateOf(l.Now()))
	var all []visit
	for _, path := range []string{"/agents/listes?jour=" + day, "/agents/listes?jour=" + day + "&vue=impression", "/agents/repas?jour=" + day,
		"/agents/repas?semaine=" + day + "&vue=impression", "/agents/demandes-tardives/plusieurs?demande=" + l.objects["late-request"]} {
		all = append(all, visit{"agent instruction", path, http.StatusOK})
	}
	return append(all, visit{"agent animation", "/agents/listes?jour=" + day, http.StatusOK})
}
