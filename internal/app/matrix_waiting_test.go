package app_test

import (
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// waits lets the home's child wait for a place one day and have one offered another: the names of both.
func (m *matrixTown) waits(tx *db.Tx, h home) (wish, offer string, err error) {
	unit, err := db.One(tx, "booking", db.Column[string], `select unit from booking where child = $1 limit 1`, string(h.child))
	if err != nil {
		return "", "", err
	}
	site, err := db.One(tx, "site", db.Column[string], `select id from site order by id limit 1`)
	if err != nil {
		return "", "", err
	}
	names := map[string]string{}
	for i, state := range []string{"waiting", "offered"} {
		day := civil.DateOf(m.now).AddDays(20 + i)
		if _, err := tx.Exec(`insert into slot (id, unit, site, day, taken, capacity, waited) values ($1, $2, $3, $4, 1, 1, true) on conflict do nothing`,
			db.NewID(), unit, site, day); err != nil {
			return "", "", err
		}
		if _, err := tx.Exec(`insert into booking (id, child, unit, day, family, state, made_at, wants, slot, offer_until_at)
			select $1, $2, $3, $4, $5, $6, 1, case when $6 = 'waiting' then s.id end, case when $6 = 'offered' then s.id end, case when $6 = 'offered' then cast($7 as bigint) end
			from slot s where s.unit = $3 and s.day = $4 and s.site = $8 limit 1`, db.NewID(), string(h.child), unit, day, string(h.id), state,
			int64(civil.InstantOf(m.now.AddDate(0, 0, 2))), site); err != nil {
			return "", "", err
		}
		if names[state], err = db.One(tx, "cell", db.Column[string], `select $1 || '.' || activity || '.' || $2 from unit where id = $3`,
			string(h.child), day.String(), unit); err != nil {
			return "", "", err
		}
	}
	return names["waiting"], names["offered"], nil
}
