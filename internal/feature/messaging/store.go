package messaging

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/captcha"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of this package and of those below that it needs.
func Sources() []db.Source {
	files, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(account.Sources(), mail.Sources(), web.Sources(), captcha.Sources(), []db.Source{{Name: "messaging", FS: files}})
}

const columns = `n.id, n.title, n.extract, n.body, coalesce(n.service, ''), coalesce(s.name, ''), n.state, n.published_day, n.updated_at`

const from = ` from news n left join service s on s.id = n.service`

func scan(s db.Scanner) (NewsItem, error) {
	var n NewsItem
	err := s.Scan(&n.ID, &n.Title, &n.Extract, &n.Body, &n.Service, &n.Signed, &n.State, &n.Day, &n.UpdatedAt)
	return n, err
}

func insert(tx *db.Tx, now time.Time, n NewsItem) error {
	_, err := tx.Exec(`insert into news (id, title, extract, body, service, state, created_at, updated_at)
		values ($1, $2, $3, $4, $5, 'draft', $6, $6)`,
		string(n.ID), n.Title, n.Extract, n.Body, db.Null(string(n.Service)), civil.InstantOf(now))
	return err
}

// update and setState move updated_at strictly forward: it is the version that forms carry.
func update(tx *db.Tx, now time.Time, n NewsItem) error {
	_, err := tx.Exec(`update news set title = $2, extract = $3, body = $4, service = $5,
		updated_at = case when updated_at >= $6 then updated_at + 1 else $6 end where id = $1`,
		string(n.ID), n.Title, n.Extract, n.Body, db.Null(string(n.Service)), civil.InstantOf(now))
	return err
}

func setState(tx *db.Tx, now time.Time, id NewsID, s State, day civil.Date) error {
	_, err := tx.Exec(`update news set state = $2, published_day = $3,
		updated_at = case when updated_at >= $4 then updated_at + 1 else $4 end where id = $1`,
		string(id), string(s), day, civil.InstantOf(now))
	return err
}

// ByID reads an item in any state; an unknown id is a NotFound fault.
func ByID(r db.Reader, id NewsID) (NewsItem, error) {
	return db.One(r, "news", scan, `select `+columns+from+` where n.id = $1`, string(id))
}

// PublishedByID reads an item that families may read today; any other is a NotFound fault.
func PublishedByID(r db.Reader, now time.Time, id NewsID) (NewsItem, error) {
	return db.One(r, "news", scan, `select `+columns+from+`
		where n.id = $1 and n.state = 'published' and n.published_day <= $2`, string(id), civil.DateOf(now))
}

// Latest lists at most n items that families may read today, newest first.
func Latest(r db.Reader, now time.Time, n int) ([]NewsItem, error) { return page(r, now, n, 0) }

func page(r db.Reader, now time.Time, n, skip int) ([]NewsItem, error) {
	items, err := db.List(r, scan, `select `+columns+from+`
		where n.state = 'published' and n.published_day <= $1
		order by n.published_day desc, n.id desc limit $2 offset $3`, civil.DateOf(now), n, skip)
	if err != nil {
		return nil, fmt.Errorf("list news: %w", err)
	}
	return items, nil
}

func countPublished(r db.Reader, now time.Time) (int, error) {
	return db.One(r, "count of news", db.Column[int],
		`select count(*) from news n where n.state = 'published' and n.published_day <= $1`, civil.DateOf(now))
}

// All lists the items in every state, last touched first, for agents.
func All(r db.Reader, limit int) ([]NewsItem, error) {
	items, err := db.List(r, scan, `select `+columns+from+` order by n.updated_at desc, n.id desc limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list news: %w", err)
	}
	return items, nil
}
