package absence

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/money"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

func cents(n int) money.Cents { return money.Cents(n) }

// Bounds of what agents type.
const (
	mostReasons = 20
	mostCount   = 366
	mostLabel   = 80
	mostCents   = 100000
	mostYears   = 5
)

// Field is where the builder shows a reason's fields, from 0, and an incident's.
func reasonField(i int) string { return fmt.Sprintf("motif%d", i+1) }

func (k Kind) field() string {
	return map[Kind]string{Unbooked: "sans", LatePickup: "retard", Missing: "absent"}[k]
}

// Publish adds a version of an activity's rules, for what is booked or happens from its first day on. Versions are never
// edited. seen is the number of the newest one that the agent has read: a newer one is a conflict.
func Publish(tx *db.Tx, now time.Time, a actor.Actor, of *activity.Activity, r Rules, seen int) (int, error) {
	if !a.CanFor(activity.Write, string(of.Service)) {
		return 0, fault.New(fault.Forbidden, "")
	}
	if _, err := tx.Exec(`update activity set state = state where id = $1`, string(of.ID)); err != nil { // one version after the other
		return 0, fmt.Errorf("lock activity: %w", err)
	}
	book, err := ReadRules(tx)
	if err != nil {
		return 0, err
	}
	last := latest(book[of.ID])
	if seen != last {
		return 0, fault.New(fault.Conflict, "Un autre agent a publié d’autres règles depuis que vous avez ouvert la page. Rien n’a été enregistré.")
	}
	if err := fault.InvalidFields(append(checkFrom(r.From, civil.DateOf(now), last > 0), r.Check()...)...); err != nil {
		return 0, err
	}
	r.ID, r.Number = db.NewID(), last+1
	if err := insertRules(tx, now, a, of.ID, r); err != nil {
		return 0, fmt.Errorf("publish absence rules: %w", err)
	}
	return r.Number, audit.Write(tx, now, a, audit.Entry{Action: "absence.rules.published", Object: "activity", ID: string(of.ID), Detail: fmt.Sprintf("%d %s", r.Number, r.From)})
}

func latest(all []Rules) int {
	n := 0
	for _, r := range all {
		n = max(n, r.Number)
	}
	return n
}

func checkFrom(from, today civil.Date, some bool) []fault.Field {
	sentence := ""
	switch {
	case from.IsZero():
		sentence = "Indiquez à partir de quel jour ces règles valent."
	case !some && from.Before(activity.EarliestRules(today)):
		sentence = activity.TooOld(activity.EarliestRules(today))
	case some && from.Before(today):
		sentence = "Ce jour est passé. Les nouvelles règles valent à partir d’aujourd’hui ou d’un jour à venir."
	case from.After(civil.NewDate(today.Year+mostYears, today.Month, today.Day)):
		sentence = "Ce jour est dans plus de cinq ans : vérifiez l’année."
	default:
		return nil
	}
	return []fault.Field{{Name: "depuis", Sentence: sentence}}
}

// Check is what is wrong with rules, by fields of the builder.
func (r Rules) Check() []fault.Field {
	var wrong []fault.Field
	fail := func(field, sentence string) { wrong = append(wrong, fault.Field{Name: field, Sentence: sentence}) }
	if len(r.Reasons) > mostReasons {
		fail("motif1_libelle", fmt.Sprintf("Gardez %d motifs au plus.", mostReasons))
	}
	keys := map[string]bool{}
	for i, x := range r.Reasons {
		at := reasonField(i) + "_"
		if strings.TrimSpace(x.Label) == "" {
			fail(at+"libelle", "Écrivez le motif, par exemple Enfant malade.")
		} else if utf8.RuneCountInString(x.Label) > mostLabel {
			fail(at+"libelle", "Écrivez 80 caractères au plus.")
		} else if keys[x.Key] {
			fail(at+"libelle", "Ce motif est déjà dans la liste.")
		}
		keys[x.Key] = true
		x.check(at, fail)
	}
	for _, x := range r.Incidents {
		x.check(x.Kind.field()+"_", fail)
	}
	if r.Debt.On && (r.Debt.Over < 0 || r.Debt.Over > 100*mostCents) {
		fail("impaye_montant", "Indiquez un montant, par exemple 100.")
	}
	return wrong
}

func (x Reason) check(at string, fail func(field, sentence string)) {
	moment := func(field string, m Moment, after bool) {
		switch m.Kind {
		case Anytime, ThatDay, MonthEnd:
		case HoursBefore, DaysBefore, HoursAfter, DaysAfter:
			if m.Count < 0 || m.Count > mostCount || m.Count == 0 && m.Kind != DaysAfter && m.Kind != DaysBefore {
				fail(at+field+"_nombre", fmt.Sprintf("Indiquez un nombre entre 1 et %d.", mostCount))
			}
		default:
			fail(at+field, "Choisissez un moment de la liste.")
		}
		if after && (m.Kind == HoursBefore || m.Kind == DaysBefore) {
			fail(at+field, "Un justificatif se remet le jour même ou après.")
		}
	}
	moment("dire", x.Tell, false)
	if x.Tell.Kind == ThatDay && x.Tell.Opens > x.Tell.Minute {
		fail(at+"dire_ouvre", "La première heure est après la dernière.")
	}
	if x.Proof {
		moment("preuve", x.Bring, true)
	}
	if x.By != ByFamily && x.By != ByTown {
		fail(at+"qui", "Choisissez qui peut déclarer ce motif.")
	}
	switch x.Effect.Kind {
	case Free, Billed:
	case FirstBilled, FirstFree:
		if x.Effect.Days < 1 || x.Effect.Days > 31 {
			fail(at+"effet_jours", "Indiquez un nombre de jours entre 1 et 31.")
		}
	case Share:
		if x.Effect.Percent < 1 || x.Effect.Percent > 99 {
			fail(at+"effet_part", "Indiquez une part entre 1 et 99.")
		}
	default:
		fail(at+"effet", "Choisissez ce que devient le prix.")
	}
}

func (x Incident) check(at string, fail func(field, sentence string)) {
	switch x.Price {
	case NoPrice, CostPrice, TopTariff:
		if x.Kind == LatePickup && x.Price != NoPrice {
			fail(at+"prix", "Un retard coûte un montant.")
		}
	case Flat, PerUnit, Surcharge:
		if x.Amount < 1 || x.Amount > mostCents {
			fail(at+"montant", "Indiquez un montant entre 0,01 et 1 000, par exemple 10.")
		}
	case Percent:
		if x.Kind == LatePickup {
			fail(at+"prix", "Un retard coûte un montant.")
		}
		if x.Percent < 1 || x.Percent > 500 {
			fail(at+"part", "Indiquez une part entre 1 et 500 : 100 est le double.")
		}
	default:
		fail(at+"prix", "Choisissez ce que cela coûte.")
	}
	if x.Forgiven < 0 || x.Forgiven > 99 {
		fail(at+"pardon", "Indiquez un nombre entre 0 et 99.")
	}
	if x.Times < 0 || x.Times == 1 || x.Times > 10 {
		fail(at+"fois", "Indiquez un nombre entre 2 et 10, ou laissez vide.")
	}
	if x.Times > 1 && (x.TimesFrom <= x.firstCharged() || x.TimesFrom > 99) {
		fail(at+"des", fmt.Sprintf("Indiquez à partir de la combientième fois : plus de %d, la première qui coûte.", x.firstCharged()))
	}
	switch x.Span {
	case PerMonth, PerPeriod, PerYear:
	default:
		fail(at+"compte", "Choisissez sur quelle durée compter.")
	}
	if x.Kind == LatePickup && x.After == 0 {
		fail(at+"heure", "Indiquez une heure, par exemple 18 h 30.")
	}
	if x.Tolerance < 0 || x.Tolerance > 120 {
		fail(at+"tolerance", "Indiquez un nombre de minutes entre 0 et 120.")
	}
}

// Exempt opens booking, from a day to another or without end, to a family whose unpaid balance closes it.
func Exempt(tx *db.Tx, now time.Time, a actor.Actor, of family.ID, to civil.Date, reason string) error {
	if !a.Can(Decide) {
		return fault.New(fault.Forbidden, "")
	}
	if err := family.Readable(tx, a, of, Decide); err != nil {
		return err
	}
	today := civil.DateOf(now)
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez pourquoi, par exemple un échéancier accordé."})
	case utf8.RuneCountInString(reason) > mostWords:
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez 500 caractères au plus."})
	case !to.IsZero() && to.Before(today):
		return fault.InvalidFields(fault.Field{Name: "jusqu_au", Sentence: "Ce jour est passé."})
	}
	if err := family.Lock(tx, of); err != nil {
		return err
	}
	if _, err := tx.Exec(`update debt_exemption set to_day = $2 where family = $1 and (to_day is null or to_day > $2)`, string(of), today); err != nil {
		return fmt.Errorf("end exemptions: %w", err)
	}
	if _, err := tx.Exec(`insert into debt_exemption (id, family, from_day, to_day, reason, set_at, set_by) values ($1, $2, $3, $4, $5, $6, $7)`,
		db.NewID(), string(of), today, to, reason, civil.InstantOf(now), a.Account); err != nil {
		return fmt.Errorf("insert exemption: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "absence.debt.exempted", Object: "family", ID: string(of), Detail: to.String()})
}

// EndExemption takes the exemption of a family away, from tomorrow on.
func EndExemption(tx *db.Tx, now time.Time, a actor.Actor, of family.ID) error {
	if !a.Can(Decide) {
		return fault.New(fault.Forbidden, "")
	}
	if err := family.Readable(tx, a, of, Decide); err != nil {
		return err
	}
	today := civil.DateOf(now)
	if _, err := tx.Exec(`update debt_exemption set to_day = $2 where family = $1 and (to_day is null or to_day > $2)`, string(of), today); err != nil {
		return fmt.Errorf("end exemption: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "absence.debt.exemption_ended", Object: "family", ID: string(of)})
}

// Exemption is that of a family on a day.
type Exemption struct {
	Reason string
	To     civil.Date // zero: without end
	SetAt  civil.Instant
}

// ExemptionOf reads the exemption of a family on a day; false without one.
func ExemptionOf(r db.Reader, of family.ID, day civil.Date) (Exemption, bool, error) {
	all, err := db.List(r, func(s db.Scanner) (Exemption, error) {
		var e Exemption
		err := s.Scan(&e.Reason, &e.To, &e.SetAt)
		return e, err
	}, `select reason, to_day, set_at from debt_exemption where family = $1 and from_day <= $2 and (to_day is null or to_day >= $2) order by set_at desc limit 1`, string(of), day)
	if err != nil || len(all) == 0 {
		return Exemption{}, false, err
	}
	return all[0], true, nil
}

// exempted tells which of some families are exempted on a day.
func exempted(r db.Reader, families []family.ID, day civil.Date) (map[family.ID]bool, error) {
	args := []any{day}
	for _, of := range families {
		args = append(args, string(of))
	}
	all, err := db.List(r, db.Column[family.ID], `select distinct family from debt_exemption
		where from_day <= $1 and (to_day is null or to_day >= $1) and family in (`+db.Marks(2, len(families))+`)`, args...)
	exempt := map[family.ID]bool{}
	for _, of := range all {
		exempt[of] = true
	}
	return exempt, err
}
