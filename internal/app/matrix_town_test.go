package app_test

import (
	"maps"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
)

// settings makes what the settings pages name; name tells the two homes' apart.
func (m *matrixTown) settings(tx *db.Tx, job actor.Actor, name string) error {
	service, err := town.AddService(tx, m.now, job, town.Service{Name: "Service " + name, Code: "service-" + name})
	if err != nil {
		return err
	}
	site, err := town.AddSite(tx, m.now, job, town.Site{Name: "Lieu " + name, Code: "lieu-" + name})
	if err != nil {
		return err
	}
	days := civil.Range{From: civil.NewDate(2027, 6, 1), To: civil.NewDate(2027, 6, 2)}
	holiday, err := town.AddSchoolHoliday(tx, m.now, job, town.SchoolHoliday{Name: "Pont " + name, Zone: "C", Days: days})
	if err != nil {
		return err
	}
	closing, err := town.AddClosing(tx, m.now, job, town.Closing{Days: days, Reason: "Travaux"})
	if err != nil {
		return err
	}
	maps.Copy(m.targets[name], map[web.Object]string{"service": string(service), "site": string(site), "school-holiday": holiday, "closing": closing,
		"school-year": "2026-2027", "mail-template": "account.forgotten", "signup-link": "jeton-inconnu-000000000000"})
	return m.offers(tx, job, name, site)
}
