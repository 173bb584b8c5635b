package absence

import (
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/money"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Barred makes the question that booking asks, with who knows what families owe on a day: each activity by the rules that
// are in force today, unless the family is exempted.
func Barred(owed func(r db.Reader, families []family.ID, day civil.Date) (map[family.ID]money.Cents, error)) func(db.Reader, time.Time, []family.ID, []activity.ID) (map[family.ID]map[activity.ID]string, error) {
	return func(r db.Reader, now time.Time, families []family.ID, activities []activity.ID) (map[family.ID]map[activity.ID]string, error) {
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
		sums, err := owed(r, families, today)
		if err != nil {
			return nil, err
		}
		why := map[family.ID]map[activity.ID]string{}
		for _, of := range families {
			for id, d := range limits {
				if d.Bars(sums[of], false) {
					if why[of] == nil {
						why[of] = map[activity.ID]string{}
					}
					why[of][id] = "Réservation fermée\u00a0: " + sums[of].String() + " de factures en retard. Appelez le service, qui peut vous en dispenser"
				}
			}
		}
		if len(why) == 0 {
			return nil, nil
		}
		exempt, err := exempted(r, families, today)
		if err != nil {
			return nil, err
		}
		for of := range exempt {
			if exempt[of] {
				delete(why, of)
			}
		}
		return why, nil
	}
}
