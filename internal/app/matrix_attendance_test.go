package app_test

import (
	"context"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/town"
)

// tablets makes a place for each home, where its child is expected today, with a tablet of its own; what a tablet sees
// is its home's. An anomaly and a tablet to end are each home's too.
func (m *matrixTown) tablets(job actor.Actor, homes [2]home, service town.ServiceID) {
	leader := actor.Actor{Kind: actor.Agent, Second: true, Account: "agent", Rights: map[actor.Right][]string{attendance.Write: {string(service)}}}
	today := civil.DateOf(m.now)
	pinHash, err := crypt.HashPassword(context.Background(), "4827")
	if err != nil {
		m.t.Fatal(err)
	}
	for i, name := range []string{"first", "second"} {
		token, hash := crypt.NewToken()
		var unit activity.UnitID
		var spare attendance.DeviceID
		var anomaly string
		m.do(func(tx *db.Tx) error {
			site, err := town.AddSite(tx, m.now, job, town.Site{Name: "Accueil " + name, Kind: town.School})
			if err != nil {
				return err
			}
			if _, unit, err = activity.EnsureDraft(tx, m.now, job, service, "Accueil "+name, "", site); err != nil {
				return err
			}
			if _, err = booking.InsertMany(tx, m.now, job, []booking.Row{{Child: homes[i].child, Unit: unit, Day: today, Family: homes[i].id, State: booking.Booked}}); err != nil {
				return err
			}
			_, code, err := attendance.Prepare(tx, m.now, leader, attendance.Wanted{Site: site, Name: "Tablette " + name, PinHash: pinHash})
			if err != nil {
				return err
			}
			if _, err = attendance.Pair(tx, m.now, code, hash); err != nil {
				return err
			}
			if spare, _, err = attendance.Prepare(tx, m.now, leader, attendance.Wanted{Site: site, Name: "Autre tablette", PinHash: "x"}); err != nil {
				return err
			}
			anomaly = db.NewID()
			_, err = tx.Exec(`insert into attendance_anomaly (id, kind, child, unit, day, made_at) values ($1, 'differ', $2, $3, $4, 1)`,
				anomaly, string(homes[i].child), string(unit), today)
			return err
		})
		for object, id := range map[web.Object]string{"tablet-group": string(unit), "tablet-child": string(homes[i].child), "device": string(spare), "attendance-anomaly": anomaly} {
			m.targets[name][object] = id
		}
		m.people = append(m.people, someone{name: "tablet of the " + name, kind: tablet, token: token, home: name})
	}
}
