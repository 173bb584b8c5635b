package absence

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/money"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Barred makes the question that booking asks, with who knows what a family owes on a day: each activity by the rules that
// are in force today, unless the family is exempted.
func Barred(owed func(r db.Reader, of family.ID, day civil.Date) (money.Cents, error)) func(db.Reader, time.Time, family.ID, []activity.ID) (map[activity.ID]string, error) {
	return func(r db.Reader, now time.Time, of family.ID, activities []activity.ID) (map[activity.ID]string, error) {
		today := civil.DateOf(now)
		book, err := ReadRules(r)
		if err != nil {
			return nil, err
		}
		limits := map[activity.ID]Debt{}
		for _, id := range activities {
			if rules, known := InForce(book[id], today); known && rules.Debt.On {
				limits[id] = rules.Debt
			}
		}
		if len(limits) == 0 {
			return nil, nil
		}
		sum, err := owed(r, of, today)
		if err != nil {
			return nil, err
		}
		why := map[activity.ID]string{}
		for id, d := range limits {
			if d.Bars(sum, false) {
				why[id] = "Réservation fermée\u00a0: " + sum.String() + " de factures en retard. Appelez le service, qui peut vous en dispenser"
			}
		}
		if len(why) == 0 {
			return nil, nil
		}
		if _, exempt, err := ExemptionOf(r, of, today); err != nil || exempt {
			return nil, err
		}
		return why, nil
	}
}
