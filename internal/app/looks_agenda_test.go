package app_test

import (
	"net/http"

	"parvis/internal/base/civil"
)

// agendaVisits are the forms of the families' agenda: by month, as a table, to print, with one child left out, and far away.
func (l *looker) agendaVisits() []visit {
	monday := civil.DateOf(l.Now()).Monday().AddDays(14).String()
	var all []visit
	for _, q := range []string{"?mois=" + monday[:7], "?semaine=" + monday, "?semaine=" + monday + "&vue=tableau", "?semaine=" + monday + "&vue=impression",
		"?semaine=" + monday + "&enfant=" + l.objects["child"], "?mois=2035-08"} {
		all = append(all, visit{"titulaire", "/espace/agenda" + q, http.StatusOK})
	}
	child := "/espace/enfants/" + l.objects["child"] + "/agenda"
	return append(all, visit{"titulaire", child + "?semaine=" + monday, http.StatusOK}, visit{"titulaire", child + "?semaine=" + monday + "&vue=tableau", http.StatusOK},
		visit{"agent instruction", "/agents/familles/" + l.objects["family"] + "/agenda?semaine=" + monday + "&vue=tableau", http.StatusOK})
}
