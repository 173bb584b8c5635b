package booking

import (
	"slices"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
)

// agendaNotice is what an agenda says before its days: why it holds nothing, or why nothing may be changed.
type agendaNotice struct {
	Tone  web.Tone
	Title string
	Texts []string
	Link  web.Link
}

// notices are what there is to say of a page as a whole.
func (g agenda) notices(days civil.Range, changeable bool) []agendaNotice {
	if len(g.children) == 0 {
		return nil
	}
	var all []agendaNotice
	if n, is := g.barredNotice(); is {
		all = append(all, n)
	}
	empty, without := g.without(days)
	switch {
	case empty && civil.SchoolYearOf(days.To) > civil.SchoolYearOf(g.today):
		return append(all, agendaNotice{Tone: web.Info, Title: notOpen, Texts: []string{"Année scolaire " + civil.SchoolYearOf(days.To).String() +
			"\u00a0: aucune inscription n’est encore connue. Les jours apparaîtront ici dès que le service aura inscrit l’enfant."}})
	case len(without) > 0:
		return append(all, agendaNotice{Tone: web.Info, Title: noneEnrolled(without), Texts: []string{g.whyNone(days),
			"L’inscription se fait auprès du service. Elle ne réserve aucun jour par elle-même."}, Link: web.Link{Href: reservePath, Label: "Voir les activités à réserver"}})
	case !changeable && g.form && !days.To.Before(g.today):
		all = append(all, agendaNotice{Tone: web.Info, Title: "Aucun jour ne peut être changé ici", Texts: []string{"Chaque jour ci-dessous dit pourquoi, et à partir de quand il pourra l’être."}})
	}
	return all
}

// without are the children of the page for whom its days hold nothing at all: no right to book, nothing booked.
func (g agenda) without(days civil.Range) (empty bool, children []family.Child) {
	has := map[family.ChildID]bool{}
	for key := range g.scene.enrolled {
		has[key.child] = true
	}
	for c := range g.scene.held {
		has[c.Child] = has[c.Child] || days.Contains(c.Day)
	}
	for _, c := range g.children {
		if !has[c.ID] {
			children = append(children, c)
		}
	}
	return len(children) == len(g.children), children
}

// noneEnrolled is "Aucune inscription pour Jérémy et Inès sur cette période".
func noneEnrolled(children []family.Child) string {
	names := make([]string, len(children))
	for i, c := range children {
		names[i] = c.First()
	}
	return "Aucune inscription pour " + french.And(names) + " sur cette période"
}

// whyNone tells why days hold nothing, as far as is known.
func (g agenda) whyNone(days civil.Range) string {
	year := civil.SchoolYearOf(days.To)
	switch now := civil.SchoolYearOf(g.today); {
	case year > now:
		return "Ces jours sont dans l’année scolaire " + year.String() + "\u00a0: aucune inscription n’est encore connue pour cette année."
	case year < now:
		return "Ces jours sont dans l’année scolaire " + year.String() + "\u00a0: le portail n’en connaît aucune inscription."
	case days.From.Month == time.July || days.From.Month == time.August:
		return "Ces jours sont hors de l’année scolaire\u00a0: aucune inscription ne les couvre."
	}
	return "Sans inscription, aucun jour ne peut être réservé ici."
}

// barredNotice tells once why families may not book, each reason with the activities it holds for.
func (g agenda) barredNotice() (agendaNotice, bool) {
	var reasons []string
	names := map[string][]string{}
	for _, a := range g.scene.Catalogue.Activities {
		for _, c := range g.children {
			why := g.scene.barred[barredKey{c.Family, a.ID}]
			if why == "" || slices.Contains(names[why], a.Name) || len(g.scene.enrolled[childActivity{c.ID, a.ID}]) == 0 {
				continue
			}
			if len(names[why]) == 0 {
				reasons = append(reasons, why)
			}
			names[why] = append(names[why], a.Name)
		}
	}
	n := agendaNotice{Tone: web.Warning, Title: "Des réservations sont fermées"}
	for _, why := range reasons {
		n.Texts = append(n.Texts, french.And(names[why])+". "+why+".")
	}
	return n, len(reasons) > 0
}
