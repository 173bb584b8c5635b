package account

import (
	"fmt"
	"sort"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// lockKeys makes the parent rows of a try, or locks them: counting then inserting is safe after it. They are
// taken in one order, so that two tries never wait for each other.
func lockKeys(tx *db.Tx, at civil.Instant, k keys) error {
	all := []string{k.name, k.account, k.address}
	sort.Strings(all)
	_, err := tx.Exec(`insert into sign_in_key (key, seen_at) values ($1, $4), ($2, $4), ($3, $4)
		on conflict (key) do update set seen_at = excluded.seen_at`, all[0], all[1], all[2], at)
	if err != nil {
		return fmt.Errorf("lock tries: %w", err)
	}
	return nil
}

func triesSince(r db.Reader, from civil.Instant, k keys) (map[string][]try, error) {
	type row struct {
		key string
		try
	}
	rows, err := db.List(r, func(s db.Scanner) (row, error) {
		var t row
		err := s.Scan(&t.key, &t.at, &t.failed)
		return t, err
	}, `select key, at, failed from sign_in_try where key in ($1, $2, $3) and at > $4 order by at, id`,
		k.name, k.account, k.address, from)
	if err != nil {
		return nil, fmt.Errorf("read tries: %w", err)
	}
	tries := map[string][]try{}
	for _, t := range rows {
		tries[t.key] = append(tries[t.key], t.try)
	}
	return tries, nil
}

func insertTries(tx *db.Tx, id string, at civil.Instant, k keys) error {
	_, err := tx.Exec(`insert into sign_in_try (id, key, at) values ($1, $2, $5), ($1, $3, $5), ($1, $4, $5)`,
		id, k.name, k.account, k.address, at)
	if err != nil {
		return fmt.Errorf("insert tries: %w", err)
	}
	return nil
}

// failTry settles a try whose password was wrong.
func failTry(tx *db.Tx, id string) error {
	_, err := tx.Exec(`update sign_in_try set failed = true where id = $1`, id)
	if err != nil {
		return fmt.Errorf("settle try: %w", err)
	}
	return nil
}

// forgetTries settles a try whose password was right: the name and the account start afresh, the address keeps
// its other failures.
func forgetTries(tx *db.Tx, id string, k keys) error {
	_, err := tx.Exec(`delete from sign_in_try where id = $1 or key in ($2, $3)`, id, k.name, k.account)
	if err != nil {
		return fmt.Errorf("forget tries: %w", err)
	}
	return nil
}

// purgeTries drops the tries that no count looks at any more.
func purgeTries(tx *db.Tx, before civil.Instant) error {
	if _, err := tx.Exec(`delete from sign_in_try where at < $1`, before); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from sign_in_key where seen_at < $1
		and not exists (select 1 from sign_in_try t where t.key = sign_in_key.key)`, before)
	return err
}
