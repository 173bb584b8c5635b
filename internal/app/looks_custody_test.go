package app_test

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// addHomes makes a family of the demonstration propose another sharing for the child that lives in two homes.
func (l *looker) addHomes() {
	l.t.Helper()
	child := family.ChildID(l.text(`select child from custody where state = 'standing'`))
	home, other := family.ID(l.text(`select home from custody where state = 'standing'`)), family.ID(l.text(`select other from custody where state = 'standing'`))
	holder := person.ID(l.text(`select person from family_member where family = $1 and role = 'holder'`, string(home)))
	today := civil.DateOf(l.Now())
	l.do(func(tx *db.Tx, _ actor.Actor) error {
		id, err := custody.Propose(tx, l.Now(), actor.Actor{Kind: actor.Citizen, State: actor.Active, Person: string(holder)}, child, custody.Sharing{
			DecidedOn: today.AddDays(-40), Reference: "RG 26/01234", Arrangement: custody.Arrangement{Home: home, Other: other, Kind: custody.EvenOddWeeks,
				Change: time.Friday, Days: civil.Range{From: today.AddDays(14)},
				Spans: []custody.Span{{Range: civil.Range{From: today.AddDays(30), To: today.AddDays(36)}, Home: other}}}})
		l.objects["custody"], l.shared = string(id), string(child)
		return err
	})
}

// homesVisits are the states of the pages of two homes that their addresses alone do not show.
func (l *looker) homesVisits() []visit {
	space, desk := "/espace/famille/partage/"+l.shared, "/agents/enfants/"+l.shared+"/partage"
	all := []visit{{"titulaire", space, http.StatusOK}, {"second foyer", space, http.StatusOK}, {"titulaire", space + "/confier", http.StatusOK},
		{"second foyer", space + "/proposer", http.StatusOK}, {"second foyer", "/espace", http.StatusOK}, {"second foyer", "/espace/agenda?mois=" + l.Now().AddDate(0, 1, 0).Format("2006-01"), http.StatusOK},
		{"agent instruction", desk, http.StatusOK}}
	for _, rhythm := range []string{"paires", "blocs", "quinzaine", "dates"} {
		all = append(all, visit{"titulaire", space + "/proposer?rythme=" + rhythm, http.StatusOK}, visit{"agent instruction", desk + "?rythme=" + rhythm, http.StatusOK})
	}
	return all
}
