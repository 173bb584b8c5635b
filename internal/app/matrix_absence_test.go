package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
)

// absences are a day that a home told, whose proof is due, and something that was not as booked.
func (m *matrixTown) absences(tx *db.Tx, job actor.Actor, name string, h home) error {
	id, _, err := activity.EnsureDraft(tx, m.now, job, "", "Cantine", "", "")
	if err != nil {
		return err
	}
	rules, reference := "rules-"+string(id), "R-ABS-"+name
	today, at := civil.DateOf(m.now), civil.InstantOf(m.now)
	for _, step := range []struct {
		statement string
		args      []any
	}{
		{`insert into absence_rules (id, activity, number, from_day, made_at) values ($1, $2, 1, '2026-09-01', 1) on conflict do nothing`, []any{rules, string(id)}},
		{`insert into absence_report (reference, family, note, at) values ($1, $2, $3, $4) on conflict do nothing`, []any{reference, string(h.id), "mot-" + m.secrets[name][0], at}},
		{`insert into absence (id, reference, position, family, child, activity, day, did, rules, first_day, proof) values ($1, $2, 0, $3, $4, $5, $6, 'absent', $7, $6, 'due')
			on conflict do nothing`, []any{"absence-" + name, reference, string(h.id), string(h.child), string(id), today.AddDays(2), rules}},
		{`insert into incident (id, kind, family, child, activity, day, rules, found_at) values ($1, 'unbooked', $2, $3, $4, $5, $6, $7) on conflict do nothing`,
			[]any{"incident-" + name, string(h.id), string(h.child), string(id), today, rules, at}},
	} {
		if _, err := tx.Exec(step.statement, step.args...); err != nil {
			return err
		}
	}
	for object, target := range map[web.Object]string{"absence-report": reference, "absence": "absence-" + name, "incident": "incident-" + name} {
		m.targets[name][object] = target
	}
	return nil
}
