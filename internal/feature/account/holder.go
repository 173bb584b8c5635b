package account

import (
	"fmt"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
)

// Holder is what an agent's account may do at this moment, for what acts in its name once it has gone: the rights of
// the roles that it holds now. An account that is not an agent's or not active is nobody.
func Holder(r db.Reader, grants Grants, id ID) (actor.Actor, error) {
	rows, err := db.List(r, func(s db.Scanner) (storedSession, error) {
		var x storedSession
		err := s.Scan(&x.Account, &x.role, &x.service)
		return x, err
	}, `select c.id, coalesce(g.role, ''), coalesce(g.service, '') from account c left join account_role g on g.account = c.id
		where c.id = $1 and c.audience = $2 and c.state = $3`, string(id), string(Agent), string(Active))
	if err != nil {
		return actor.Actor{}, fmt.Errorf("read the roles of an agent: %w", err)
	}
	if len(rows) == 0 {
		return actor.Actor{}, nil
	}
	return actor.Actor{Kind: actor.Agent, State: actor.Active, Second: true, Account: string(id), Rights: grants.rights(rows)}, nil
}
