package family

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/town"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(account.Sources(), town.Sources(), []db.Source{{Name: "family", FS: own}})
}

func orNull[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

func insertFamily(tx *db.Tx, now time.Time, id ID, situation string) error {
	_, err := tx.Exec(`insert into family (id, situation, made_at) values ($1, $2, $3)`, string(id), situation, civil.InstantOf(now))
	return err
}

func insertService(tx *db.Tx, id ID, service town.ServiceID) error {
	_, err := tx.Exec(`insert into family_service (family, service) values ($1, $2) on conflict do nothing`, string(id), string(service))
	return err
}

func insertMember(tx *db.Tx, now time.Time, id MemberID, m NewMember) (bool, error) {
	asked := civil.Instant(0)
	if m.State == Pending {
		asked = civil.InstantOf(now)
	}
	n, err := tx.Exec(`insert into family_member (id, family, person, role, relation, may_collect, service, state, from_day, asked_by, asked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (family, person) where to_day is null and state in ('pending', 'approved') do nothing`,
		string(id), string(m.Family), string(m.Person), string(m.Role), m.Relation, m.MayCollect, orNull(m.Service),
		string(m.State), m.From, orNull(m.AskedBy), asked)
	return n == 1, err
}

func upsertChild(tx *db.Tx, c NewChild) error {
	_, err := tx.Exec(`insert into child (person, school, level, class, shared_custody) values ($1, $2, $3, $4, $5)
		on conflict (person) do update set
			school = coalesce(excluded.school, child.school),
			level = case when excluded.level <> '' then excluded.level else child.level end,
			class = case when excluded.level <> '' then excluded.class else child.class end,
			shared_custody = (child.shared_custody or excluded.shared_custody)`,
		string(c.Person), orNull(c.School), c.Level, c.Class, c.SharedCustody)
	return err
}

func upsertHealth(tx *db.Tx, now time.Time, child ChildID, h Health) error {
	_, err := tx.Exec(`insert into health (child, diet, allergies, pai, noted_at) values ($1, $2, $3, $4, $5)
		on conflict (child) do update set diet = excluded.diet, allergies = excluded.allergies, pai = excluded.pai,
			noted_at = excluded.noted_at`, string(child), h.Diet, h.Allergies, h.PAI, civil.InstantOf(now))
	return err
}

func healthOf(r db.Reader, child ChildID) (Health, error) {
	all, err := db.List(r, func(s db.Scanner) (Health, error) {
		var h Health
		err := s.Scan(&h.Diet, &h.Allergies, &h.PAI, &h.NotedAt)
		return h, err
	}, `select diet, allergies, pai, noted_at from health where child = $1`, string(child))
	if err != nil || len(all) == 0 {
		return Health{}, wrap("read health", err)
	}
	return all[0], nil
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
