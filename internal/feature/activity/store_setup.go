package activity

import (
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// lockActivity keeps the activity's row for the transaction: set-up verbs come one after the other.
func lockActivity(tx *db.Tx, id ID) error {
	_, err := tx.Exec(`update activity set state = state where id = $1`, string(id))
	return wrap("lock activity", err)
}

func activityNamed(r db.Reader, folded string) (ID, error) {
	return db.One(r, "activity", db.Column[ID], `select id from activity where folded = $1`, folded)
}

func updateDetails(tx *db.Tx, a *Activity) error {
	if _, err := tx.Exec(`update activity set name = $2, folded = $3, service = $4, description = $5, term = $6, residents_only = $7, whole_weeks = $8,
			min_days = $9, max_days = $10, age_from = $11, age_to = $12, levels = $13, pay_at_once = $14,
			promotion = $15, offer_hours = $16, late_free = $17, late_hours = $18 where id = $1`,
		string(a.ID), a.Name, person.Fold(a.Name), db.Null(string(a.Service)), a.Description, string(a.Term), a.ResidentsOnly, a.WholeWeeks,
		a.MinDays, a.MaxDays, a.AgeFrom, a.AgeTo, strings.Join(a.Levels, " "), a.PayAtOnce,
		a.Waiting.promotion(), a.Waiting.OfferHours, a.Waiting.LateFree, a.Waiting.LateHours); err != nil {
		return err
	}
	if err := writePriorities(tx, a.ID, a.Waiting.First); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from activity_paper where activity = $1`, string(a.ID)); err != nil {
		return err
	}
	for i, name := range a.Papers {
		if _, err := tx.Exec(`insert into activity_paper (activity, name, position) values ($1, $2, $3)`, string(a.ID), name, i); err != nil {
			return err
		}
	}
	return nil
}

func setState(tx *db.Tx, id ID, s State) error {
	_, err := tx.Exec(`update activity set state = $2 where id = $1`, string(id), string(s))
	return err
}

// unitNeeds is every unit of the town with the one that it needs, "" for none.
func unitNeeds(r db.Reader) (map[UnitID]UnitID, error) {
	type row struct{ id, needs UnitID }
	all, err := db.List(r, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.id, &x.needs)
		return x, err
	}, `select id, coalesce(needs, '') from unit`)
	needs := make(map[UnitID]UnitID, len(all))
	for _, x := range all {
		needs[x.id] = x.needs
	}
	return needs, err
}

func insertUnit(tx *db.Tx, id ID, u Unit) error {
	_, err := tx.Exec(`insert into unit (id, activity, name, folded, weekdays, from_minute, to_minute, meal, alone, position, needs)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, string(u.ID), string(id), u.Name, person.Fold(u.Name), int(u.Weekdays),
		u.From, u.To, u.Meal, u.Alone, u.Position, db.Null(string(u.Needs)))
	return err
}

func updateUnit(tx *db.Tx, u Unit) error {
	_, err := tx.Exec(`update unit set name = $2, folded = $3, weekdays = $4, from_minute = $5, to_minute = $6, meal = $7, alone = $8, position = $9,
		needs = $10 where id = $1`, string(u.ID), u.Name, person.Fold(u.Name), int(u.Weekdays), u.From, u.To, u.Meal, u.Alone, u.Position, db.Null(string(u.Needs)))
	return err
}

func setExclusions(tx *db.Tx, u Unit) error {
	if _, err := tx.Exec(`delete from unit_exclusion where unit = $1 or other = $1`, string(u.ID)); err != nil {
		return err
	}
	for _, other := range u.Excludes {
		if _, err := tx.Exec(`insert into unit_exclusion (unit, other) values ($1, $2)`, string(min(u.ID, other)), string(max(u.ID, other))); err != nil {
			return err
		}
	}
	return nil
}

func deleteUnit(tx *db.Tx, id UnitID) error {
	for _, sql := range []string{`delete from unit_exclusion where unit = $1 or other = $1`, `delete from slot where unit = $1 and taken = 0`, `delete from unit where id = $1`} {
		if _, err := tx.Exec(sql, string(id)); err != nil {
			return err
		}
	}
	return nil
}

func insertChoice(tx *db.Tx, id ID, c Choice, position int) error {
	if _, err := tx.Exec(`insert into choice (id, activity, name, folded, position) values ($1, $2, $3, $4, $5)`,
		string(c.ID), string(id), c.Name, person.Fold(c.Name), position); err != nil {
		return err
	}
	return insertChoiceUnits(tx, c)
}

func insertChoiceUnits(tx *db.Tx, c Choice) error {
	for _, u := range c.Units {
		if _, err := tx.Exec(`insert into choice_unit (choice, unit) values ($1, $2)`, string(c.ID), string(u)); err != nil {
			return err
		}
	}
	return nil
}

func updateChoice(tx *db.Tx, c Choice) error {
	if _, err := tx.Exec(`update choice set name = $2, folded = $3 where id = $1`, string(c.ID), c.Name, person.Fold(c.Name)); err != nil {
		return err
	}
	if _, err := tx.Exec(`delete from choice_unit where choice = $1`, string(c.ID)); err != nil {
		return err
	}
	return insertChoiceUnits(tx, c)
}

func deleteChoice(tx *db.Tx, id ChoiceID) error {
	_, err := tx.Exec(`delete from choice where id = $1`, string(id))
	return err
}

func insertPeriod(tx *db.Tx, now time.Time, id ID, p Period) error {
	_, err := tx.Exec(`insert into period (id, activity, name, from_day, to_day, state, made_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		string(p.ID), string(id), p.Name, p.Days.From, p.Days.To, string(Draft), civil.InstantOf(now))
	return err
}

func updatePeriod(tx *db.Tx, p Period) error {
	_, err := tx.Exec(`update period set name = $2, from_day = $3, to_day = $4 where id = $1`, string(p.ID), p.Name, p.Days.From, p.Days.To)
	return err
}

func setPeriodState(tx *db.Tx, id PeriodID, s State) error {
	_, err := tx.Exec(`update period set state = $2 where id = $1`, string(id), string(s))
	return err
}

func hasOpenPeriod(r db.Reader, id ID) (bool, error) {
	open, err := db.List(r, db.Column[string], `select id from period where activity = $1 and state = 'open' limit 1`, string(id))
	return len(open) > 0, err
}

func deletePeriod(tx *db.Tx, id PeriodID) error {
	_, err := tx.Exec(`delete from period where id = $1`, string(id))
	return err
}

func ownQualities(r db.Reader) ([]NamedQuality, error) {
	return db.List(r, func(s db.Scanner) (NamedQuality, error) {
		var q NamedQuality
		err := s.Scan(&q.Code, &q.Name)
		return q, err
	}, `select code, name from quality order by position, name, code`)
}

func ensureQuality(tx *db.Tx, q NamedQuality, position int) error {
	_, err := tx.Exec(`insert into quality (code, name, position) values ($1, $2, $3) on conflict (code) do nothing`, string(q.Code), q.Name, position)
	return err
}

func upsertFamilyQuality(tx *db.Tx, now time.Time, x FamilyQuality) error {
	_, err := tx.Exec(`insert into family_quality (family, quality, from_day, to_day, proof, set_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (family, quality, from_day) do update set to_day = excluded.to_day, proof = excluded.proof, set_at = excluded.set_at`,
		string(x.Family), string(x.Quality), x.Days.From, dayOrNull(x.Days.To), x.Proof, civil.InstantOf(now))
	return err
}

func dayOrNull(d civil.Date) any {
	if d.IsZero() {
		return nil
	}
	return d
}

func endFamilyQuality(tx *db.Tx, now time.Time, id family.ID, q Quality, from, last civil.Date) (int64, error) {
	if last.Before(from) {
		return tx.Exec(`delete from family_quality where family = $1 and quality = $2 and from_day = $3`, string(id), string(q), from)
	}
	return tx.Exec(`update family_quality set to_day = $4, set_at = $5 where family = $1 and quality = $2 and from_day = $3`,
		string(id), string(q), from, last, civil.InstantOf(now))
}

// QualitiesOf lists the qualities that agents gave some families, past ones too, in one query.
func QualitiesOf(r db.Reader, families ...family.ID) ([]FamilyQuality, error) {
	if len(families) == 0 {
		return nil, nil
	}
	args := make([]any, len(families))
	for i, id := range families {
		args[i] = string(id)
	}
	all, err := db.List(r, func(s db.Scanner) (FamilyQuality, error) {
		var x FamilyQuality
		err := s.Scan(&x.Family, &x.Quality, &x.Name, &x.Days.From, &x.Days.To, &x.Proof)
		return x, err
	}, `select f.family, f.quality, q.name, f.from_day, f.to_day, f.proof from family_quality f join quality q on q.code = f.quality
		where f.family in (`+db.Marks(1, len(families))+`) order by f.family, q.position, f.quality, f.from_day`, args...)
	return all, wrap("list qualities of families", err)
}

func insertPlace(tx *db.Tx, id ID, p Place) error {
	if _, err := tx.Exec(`insert into activity_site (activity, site, capacity) values ($1, $2, $3)`, string(id), string(p.Site), capacityArg(p.Capacity)); err != nil {
		return err
	}
	return reopenPlace(tx, id, p)
}

func updatePlace(tx *db.Tx, id ID, p Place) error {
	_, err := tx.Exec(`update activity_site set capacity = $3 where activity = $1 and site = $2`, string(id), string(p.Site), capacityArg(p.Capacity))
	return err
}

func deletePlace(tx *db.Tx, id ID, site town.SiteID, today civil.Date) error {
	if err := closeFree(tx, id, site, today); err != nil {
		return err
	}
	_, err := tx.Exec(`delete from activity_site where activity = $1 and site = $2`, string(id), string(site))
	return err
}

func insertGroup(tx *db.Tx, id ID, g Group) error {
	_, err := tx.Exec(`insert into activity_group (id, activity, site, name, folded, levels, capacity) values ($1, $2, $3, $4, $5, $6, $7)`,
		string(g.ID), string(id), string(g.Site), g.Name, person.Fold(g.Name), strings.Join(g.Levels, " "), capacityArg(g.Capacity))
	return err
}

func updateGroup(tx *db.Tx, g Group) error {
	_, err := tx.Exec(`update activity_group set name = $2, folded = $3, levels = $4, capacity = $5 where id = $1`,
		string(g.ID), g.Name, person.Fold(g.Name), strings.Join(g.Levels, " "), capacityArg(g.Capacity))
	return err
}

func deleteGroup(tx *db.Tx, id GroupID) error {
	_, err := tx.Exec(`delete from activity_group where id = $1`, string(id))
	return err
}

func ofUnitRow(r db.Reader, id string) (ID, error) {
	return db.One(r, "unit", db.Column[ID], `select activity from unit where id = $1`, id)
}

func ofChoiceRow(r db.Reader, id string) (ID, error) {
	return db.One(r, "choice", db.Column[ID], `select activity from choice where id = $1`, id)
}

func ofGroupRow(r db.Reader, id string) (ID, error) {
	return db.One(r, "group", db.Column[ID], `select activity from activity_group where id = $1`, id)
}

func ofPeriodRow(r db.Reader, id string) (ID, error) {
	return db.One(r, "period", db.Column[ID], `select activity from period where id = $1`, id)
}
