package booking

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// mostMade is how many bookings MadeBetween tells.
const mostMade = 100

// MadeBetween says in words what was booked for a family between two moments, for an agent who checks what was done
// in its name: "Jérémy, Cantine, mardi 24 novembre".
func MadeBetween(r db.Reader, of family.ID, from, to civil.Instant) ([]string, error) {
	all, err := db.List(r, func(s db.Scanner) (string, error) {
		var p person.Person
		var what string
		var day civil.Date
		err := s.Scan(&p.LastName, &p.FirstNames, &what, &day)
		return p.FirstName() + ", " + what + ", " + day.DayMonth(), err
	}, `select p.last_name, p.first_names, u.name, b.day from booking b
		join person p on p.id = b.child
		join unit u on u.id = b.unit
		where b.family = $1 and b.made_at >= $2 and b.made_at <= $3 and b.state not in ('cancelled', 'refused')
		order by b.day, p.folded, u.name limit $4`, string(of), from, to, mostMade)
	if err != nil {
		return nil, fmt.Errorf("list bookings made: %w", err)
	}
	return all, nil
}
