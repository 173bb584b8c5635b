package feed

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/booking"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(booking.Sources(), []db.Source{{Name: "feed", FS: own}})
}

// lockAccount makes two presses of a button wait for each other.
func lockAccount(tx *db.Tx, account string) error {
	n, err := tx.Exec(`update account set updated_at = updated_at where id = $1`, account)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows", n)
	}
	if err != nil {
		return fmt.Errorf("lock account: %w", err)
	}
	return nil
}

func insert(tx *db.Tx, now time.Time, id ID, account, hash string, names Names) error {
	_, err := tx.Exec(`insert into feed (id, account, token_hash, names, made_at) values ($1, $2, $3, $4, $5)`,
		string(id), account, hash, string(names), civil.InstantOf(now))
	if err != nil {
		return fmt.Errorf("insert feed: %w", err)
	}
	return nil
}

// madeSince counts the addresses that an account made, those revoked too.
func madeSince(r db.Reader, account string, since civil.Instant) (int64, error) {
	n, err := db.One(r, "count", db.Column[int64], `select count(*) from feed where account = $1 and made_at > $2`, account, since)
	if err != nil {
		return 0, fmt.Errorf("count feeds: %w", err)
	}
	return n, nil
}

func revoke(tx *db.Tx, now time.Time, account string) (int64, error) {
	n, err := tx.Exec(`update feed set revoked_at = $1 where account = $2 and revoked_at is null`, civil.InstantOf(now), account)
	if err != nil {
		return 0, fmt.Errorf("revoke feed: %w", err)
	}
	return n, nil
}

func setNames(tx *db.Tx, id ID, names Names) error {
	if _, err := tx.Exec(`update feed set names = $1 where id = $2`, string(names), string(id)); err != nil {
		return fmt.Errorf("set names of feed: %w", err)
	}
	return nil
}

func noteRead(tx *db.Tx, now time.Time, id ID) error {
	if _, err := tx.Exec(`update feed set last_read_at = $1 where id = $2`, civil.InstantOf(now), string(id)); err != nil {
		return fmt.Errorf("note the reading of a feed: %w", err)
	}
	return nil
}

const columns = `f.id, f.account, a.person, f.names, f.made_at, coalesce(f.last_read_at, 0)`

func scan(s db.Scanner) (Feed, error) {
	var f Feed
	err := s.Scan(&f.ID, &f.Account, &f.Person, &f.Names, &f.Made, &f.LastRead)
	return f, err
}

// own is the address that an account has; none is a NotFound fault.
func own(r db.Reader, account string) (Feed, error) {
	return db.One(r, "feed", scan, `select `+columns+` from feed f join account a on a.id = f.account where f.account = $1 and f.revoked_at is null`, account)
}

// byToken is the feed of an address, of an account that is open. Unknown, revoked and closed are one NotFound fault.
func byToken(r db.Reader, hash string) (Feed, error) {
	return db.One(r, "feed", scan, `select `+columns+` from feed f join account a on a.id = f.account
		where f.token_hash = $1 and f.revoked_at is null and a.state = 'active' and a.audience = 'citizen'`, hash)
}
