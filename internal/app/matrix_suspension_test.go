package app_test

import (
	"net/http"
	"net/url"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/suspension"
)

// suspended makes a suspension of the home's service, done.
func (m *matrixTown) suspended(tx *db.Tx, name string, h home) (string, error) {
	id := "01a20000-0000-7000-8000-" + (name + "000000000000")[:12]
	_, err := tx.Exec(`insert into suspension (id, service, from_day, to_day, reason, state, by_account, by_person, made_at)
		select $1, min(service), $2, $2, 'Grève', 'closed', '', '', $3 from family_service where family = $4`, id, civil.DateOf(m.now).AddDays(1), civil.InstantOf(m.now), string(h.id))
	return id, err
}

// addSuspension gives up a Wednesday of the demonstration, as its job leaves it.
func (l *looker) addSuspension() {
	l.do(func(tx *db.Tx, a actor.Actor) error {
		cat, err := l.Activities.In(tx, l.Now())
		if err != nil {
			return err
		}
		day, err := civil.ParseDate(l.text(`select max(s.day) from slot s join unit u on u.id = s.unit where u.activity = $1 and s.state = 'open'`, l.objects["activity"]))
		if err != nil {
			return err
		}
		id, err := suspension.Suspend(tx, l.Now(), a, cat, suspension.Asked{Activities: []activity.ID{activity.ID(l.objects["activity"])},
			Days: civil.Range{From: day, To: day}, Reason: "Grève du personnel", Message: "Prévoyez un pique-nique."})
		if err != nil {
			return err
		}
		l.objects["suspension"] = string(id)
		_, err = tx.Exec(`update suspension set state = 'closed' where id = $1`, string(id))
		return err
	})
}

// suspensionVisits are the check of a suspension, and its form sent half filled in.
func (l *looker) suspensionVisits() []visit {
	day, _ := civil.ParseDate(l.text(`select min(b.day) from booking b join unit u on u.id = b.unit where b.state = 'booked' and u.activity = $1 and b.day > $2`,
		l.objects["activity"], civil.DateOf(l.Now())))
	full := url.Values{"verifier": {"1"}, "activite": {l.objects["activity"]}, "debut": {day.French()}, "motif": {"Travaux"}}
	return []visit{{"agent instruction", suspension.Path + "/nouvelle?" + full.Encode(), http.StatusOK},
		{"agent instruction", suspension.Path + "/nouvelle?verifier=1&debut=hier", http.StatusUnprocessableEntity}}
}
