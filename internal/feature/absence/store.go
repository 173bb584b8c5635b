package absence

import (
	"embed"
	"fmt"
	"io/fs"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sources are the migrations of the package and of those below it.
func Sources() []db.Source {
	own, _ := fs.Sub(migrations, "migrations") // fails only for a name that is not a path
	return db.Join(booking.Sources(), []db.Source{{Name: "absence", FS: own}})
}

// Book is the rules of every activity, all versions.
type Book map[activity.ID][]Rules

// ByID finds a version of an activity.
func (b Book) ByID(of activity.ID, id string) (Rules, bool) {
	for _, r := range b[of] {
		if r.ID == id {
			return r, true
		}
	}
	return Rules{}, false
}

// ruleRow is a version with one of its parts: a reason, an incident, or none.
type ruleRow struct {
	Rules
	activity activity.ID
	part     string
	reason   Reason
	incident Incident
}

// ReadRules reads the rules of every activity, in one query.
func ReadRules(r db.Reader) (Book, error) {
	const version = `select r.id, r.activity, r.number, r.from_day, r.debt, r.debt_over, r.quotient, r.made_at, `
	all, err := db.List(r, scanRule, version+`'r' as part, x.key as name, x.label, x.party, x.medical, x.proof, x.tell_kind, x.tell_count, x.tell_minute, x.tell_opens,
				x.bring_kind, x.bring_count, x.bring_minute, x.effect, x.effect_days, x.effect_percent, x.position as place
			from absence_rules r join absence_reason x on x.rules = r.id
		union all `+version+`'i', x.kind, x.price, x.span, false, false, '', x.amount, x.percent, x.forgiven, '', x.times, x.times_from, '', x.after_minute, x.tolerance, 0
			from absence_rules r join absence_incident x on x.rules = r.id
		union all `+version+`'', '', '', '', false, false, '', 0, 0, 0, '', 0, 0, '', 0, 0, 0 from absence_rules r
		order by 2, 3, 9 desc, 25, 10`)
	if err != nil {
		return nil, fmt.Errorf("read absence rules: %w", err)
	}
	b := Book{}
	for _, x := range all {
		versions := b[x.activity]
		if n := len(versions); n == 0 || versions[n-1].ID != x.ID {
			versions = append(versions, x.Rules)
		}
		last := &versions[len(versions)-1]
		switch x.part {
		case "r":
			last.Reasons = append(last.Reasons, x.reason)
		case "i":
			last.Incidents = sortedIncidents(append(last.Incidents, x.incident))
		}
		b[x.activity] = versions
	}
	return b, nil
}

func scanRule(s db.Scanner) (ruleRow, error) {
	var x ruleRow
	var name, label, party, tell, bring, effect string
	var medical, proof bool
	var n [9]int
	err := s.Scan(&x.ID, &x.activity, &x.Number, &x.From, &x.Debt.On, &x.Debt.Over, &x.Quotient, &x.Made, &x.part, &name, &label, &party, &medical, &proof,
		&tell, &n[1], &n[2], &n[3], &bring, &n[4], &n[5], &effect, &n[6], &n[7], &n[8])
	x.reason = Reason{Key: name, Label: label, By: Party(party), Medical: medical, Proof: proof, Tell: Moment{MomentKind(tell), n[1], n[2], n[3]},
		Bring: Moment{Kind: MomentKind(bring), Count: n[4], Minute: n[5]}, Effect: Effect{EffectKind(effect), n[6], n[7]}}
	x.incident = Incident{Kind: Kind(name), Price: PriceKind(label), Span: Span(party), Amount: cents(n[1]), Percent: n[2], Forgiven: n[3], Times: n[4], TimesFrom: n[5],
		After: n[6], Tolerance: n[7]}
	return x, err
}

func insertRules(tx *db.Tx, now time.Time, a actor.Actor, of activity.ID, r Rules) error {
	if _, err := tx.Exec(`insert into absence_rules (id, activity, number, from_day, debt, debt_over, quotient, made_at, made_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, r.ID, string(of), r.Number, r.From, r.Debt.On, int64(r.Debt.Over), string(r.Quotient), civil.InstantOf(now), a.Account); err != nil {
		return err
	}
	for i, x := range r.Reasons {
		if _, err := tx.Exec(`insert into absence_reason (rules, position, key, label, party, medical, proof, tell_kind, tell_count, tell_minute, tell_opens,
				bring_kind, bring_count, bring_minute, effect, effect_days, effect_percent)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`, r.ID, i, x.Key, x.Label, string(x.By), x.Medical, x.Proof,
			string(x.Tell.Kind), x.Tell.Count, x.Tell.Minute, x.Tell.Opens, string(x.Bring.Kind), x.Bring.Count, x.Bring.Minute,
			string(x.Effect.Kind), x.Effect.Days, x.Effect.Percent); err != nil {
			return err
		}
	}
	for _, x := range r.Incidents {
		if _, err := tx.Exec(`insert into absence_incident (rules, kind, price, amount, percent, forgiven, times, times_from, span, after_minute, tolerance)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, r.ID, string(x.Kind), string(x.Price), int64(x.Amount), x.Percent, x.Forgiven, x.Times, x.TimesFrom,
			string(x.Span), x.After, x.Tolerance); err != nil {
			return err
		}
	}
	return nil
}
