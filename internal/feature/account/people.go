package account

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
)

// OfPeople reads the citizens' accounts of some people, those that are not closed, in one query. Who has none is not
// in the map.
func OfPeople(r db.Reader, ids ...person.ID) (map[person.ID]Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	marks, args := make([]string, len(ids)), make([]any, len(ids))
	for i, id := range ids {
		marks[i], args[i] = "$"+strconv.Itoa(i+1), string(id)
	}
	all, err := db.List(r, scan, `select `+columns+` from account c
		where c.audience = 'citizen' and c.state <> 'closed' and c.person in (`+strings.Join(marks, ", ")+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("read accounts of people: %w", err)
	}
	found := make(map[person.ID]Account, len(all))
	for _, acc := range all {
		found[acc.Person] = acc
	}
	return found, nil
}

// SignedInAs notes a sign-in of an earlier moment on behalf of the system: the demo's people have been here before.
func SignedInAs(tx *db.Tx, at time.Time, a actor.Actor, id ID) error {
	if a.Kind != actor.System {
		return fault.New(fault.Forbidden, "")
	}
	return setSignedIn(tx, at, id)
}
