package demo

import (
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/town"
)

// place is what families are tied to: services, sites, units by name.
type place struct {
	enfance, jeunesse town.ServiceID
	sites             map[string]town.SiteID
	activities        map[string]activity.ID
	units             map[string][]activity.UnitID // that a child who attends all day has
	calendar          calendar
}

// calendar tells on which days an activity of the school term is held.
type calendar struct {
	year     civil.Range
	holidays []town.SchoolHoliday
}

// known is since when the town knows its families: the summer before a school year too, they are known.
func (c calendar) known() civil.Date { return c.year.From.AddDays(-365) }

func (c calendar) held(d civil.Date) bool {
	if !c.year.Contains(d) || civil.PublicHoliday(d, civil.Metropole) != "" {
		return false
	}
	for _, h := range c.holidays {
		if h.Days.Contains(d) {
			return false
		}
	}
	return true
}

// Settings is the imaginary commune of the demonstration.
func Settings() town.Settings {
	s := town.Default()
	s.Name, s.Gentile, s.PostCode = "Rivebelle-sur-Seine", "Rivebellois", "78999"
	s.Address = "2, place de la Mairie, 78999 Rivebelle-sur-Seine"
	s.Phone, s.Email = "01 99 00 00 00", "mairie@rivebelle.exemple"
	s.Slogan = "Restauration scolaire, accueils, mercredis, vacances, factures\u202f: les démarches de la famille, de jour comme de nuit, " +
		"sur téléphone, tablette ou PC."
	s.Website = "https://rivebelle.exemple/"
	s.HelpService, s.HelpCounter = "Pôle scolaire", "2, place de la Mairie"
	s.Publisher = "Le maire de Rivebelle-sur-Seine"
	s.Host = "Commune de Rivebelle-sur-Seine, 2 place de la Mairie"
	s.DataOfficer = "dpo@rivebelle.exemple"
	s.OldPortal = "l’ancien portail famille"
	return s
}

// build makes the commune: settings, services, sites, calendar, activities.
func build(tx *db.Tx, now time.Time, a actor.Actor) (place, error) {
	p := place{sites: map[string]town.SiteID{}, activities: map[string]activity.ID{}, units: map[string][]activity.UnitID{}}
	if err := town.SaveSettings(tx, now, a, Settings()); err != nil {
		return p, err
	}
	var err error
	phone := "01 99 00 00 01"
	if p.enfance, err = town.AddService(tx, now, a, town.Service{Code: "enfance", Name: "Enfance", Phone: phone,
		Hours: "du lundi au vendredi, 8 h 30 – 12 h et 13 h 30 – 17 h 30", Counter: "2, place de la Mairie", Order: 1, Active: true}); err != nil {
		return p, err
	}
	if p.jeunesse, err = town.AddService(tx, now, a, town.Service{Code: "jeunesse", Name: "Jeunesse", Phone: "01 99 00 00 02",
		Hours: "du mardi au samedi, 14 h – 18 h 30", Counter: "Le Local, 5 quai de la Seine", Order: 2, Active: true}); err != nil {
		return p, err
	}
	for _, s := range []town.Site{
		{Name: nursery, Kind: town.School, Active: true}, {Name: primary, Kind: town.School, Active: true},
		{Name: primary2, Kind: town.School, Active: true}, {Name: secondary, Kind: town.School, Active: true},
		{Name: tilleuls, Kind: town.Centre, Active: true}, {Name: youth, Kind: town.Centre, Active: true},
	} {
		if p.sites[s.Name], err = town.AddSite(tx, now, a, s); err != nil {
			return p, err
		}
	}
	if p.calendar, err = writeCalendar(tx, now, a, civil.DateOf(now)); err != nil {
		return p, err
	}
	return p, p.addActivities(tx, now, a)
}

// writeCalendar writes the school year of today and the next, known or labelled « calendrier à vérifier ».
func writeCalendar(tx *db.Tx, now time.Time, a actor.Actor, today civil.Date) (calendar, error) {
	var mine calendar
	current := civil.SchoolYearOf(today)
	for _, y := range []civil.SchoolYear{current, current + 1} {
		year, holidays := town.GuessYear(y, "C")
		if known, its := town.ZoneC20262027(); known.Year == y {
			year, holidays = known, its
			year.Checked = true // its agents are said to have compared it
		}
		if err := town.SetYear(tx, now, a, year); err != nil {
			return mine, err
		}
		for _, h := range holidays {
			if _, err := town.AddSchoolHoliday(tx, now, a, h); err != nil {
				return mine, err
			}
		}
		if y == current {
			mine = calendar{year: year.Days, holidays: holidays}
		}
	}
	return mine, nil
}

func (p *place) addActivities(tx *db.Tx, now time.Time, a actor.Actor) error {
	schools := []string{nursery, primary, primary2}
	for _, one := range []struct {
		name    string
		service town.ServiceID
		sites   []string
	}{
		{morning, p.enfance, schools}, {canteen, p.enfance, schools}, {study, p.enfance, schools[1:]}, {lateStudy, p.enfance, schools[1:]},
		{evening, p.enfance, schools}, {wednesday, p.enfance, []string{tilleuls}},
		{holidays, p.enfance, []string{tilleuls}}, {youth, p.jeunesse, []string{youth}},
	} {
		for _, site := range one.sites {
			id, _, err := activity.EnsureDraft(tx, now, a, one.service, one.name, "", p.sites[site])
			if err != nil {
				return err
			}
			p.activities[one.name] = id
		}
	}
	if err := p.setUp(tx, now, a); err != nil {
		return err
	}
	for name, id := range p.activities {
		x, err := activity.ByID(tx, id)
		if err != nil {
			return err
		}
		for _, u := range x.Units {
			p.units[name] = append(p.units[name], u.ID)
		}
	}
	return nil
}

// siteOf is where a child of a school attends an activity.
func (p place) siteOf(name, school string) town.SiteID {
	switch name {
	case wednesday, holidays:
		return p.sites[tilleuls]
	case youth:
		return p.sites[youth]
	}
	return p.sites[school]
}

// publishNews writes what the front page shows.
func publishNews(tx *db.Tx, now time.Time, a actor.Actor) error {
	today := civil.DateOf(now)
	for _, n := range []struct {
		age         int
		title, body string
	}{
		{1, "Chaque parent a maintenant son compte", "Le compte commun de l’ancien portail devient un compte par adulte. " +
			"Chacun reçoit un e-mail avec son identifiant et un mot de passe provisoire.\n\nLes inscriptions et les réservations " +
			"faites depuis septembre ont été reprises : vous les retrouvez dans l’agenda de chaque enfant."},
		{4, "Menus du mois et repas sans viande", "Le restaurant scolaire propose deux menus chaque jour. Le régime noté dans le dossier de " +
			"votre enfant s’applique d’office.\n\nPour le changer, appelez le pôle scolaire."},
		{9, "Votre première connexion", "Vous utilisiez l’ancien portail : ouvrez l’e-mail du pôle scolaire, il contient tout ce " +
			"qu’il faut.\n\nVous êtes nouveau dans la commune : créez votre espace en ligne, un agent l’active ensuite."},
		{16, "Le Local reprend ses ateliers du mercredi", "Cuisine, vidéo et sport pour les 11-17 ans, chaque mercredi après-midi, " +
			"au 5 quai de la Seine."},
	} {
		id, err := messaging.Write(tx, now, a, messaging.NewsItem{Title: n.title, Body: n.body})
		if err != nil {
			return err
		}
		if err := messaging.Publish(tx, now, a, id, today.AddDays(-n.age)); err != nil {
			return err
		}
	}
	return nil
}
