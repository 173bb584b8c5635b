package app_test

import (
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
)

// reserveVisits are the forms that book many days: one of each activity that families may book, the holidays with a child
// enrolled.
func (l *looker) reserveVisits() []visit {
	holidays := l.text(`select id from activity where state = 'open' and term = 'holidays' order by id limit 1`)
	l.do(func(tx *db.Tx, a actor.Actor) error {
		_, err := enrolment.Insert(tx, l.Now(), a, enrolment.Enrolment{Child: family.ChildID(l.objects["child"]), Activity: activity.ID(holidays),
			Days: civil.Range{From: civil.DateOf(l.Now()), To: civil.DateOf(l.Now()).AddDays(240)}})
		return err
	})
	var all []visit
	for _, id := range strings.Fields(l.text(`select coalesce(string_agg(id, ' '), '') from activity where state = 'open'`)) {
		all = append(all, visit{"titulaire", "/espace/reserver/" + id, 200})
	}
	return all
}
