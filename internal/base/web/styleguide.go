package web

import (
	"time"

	"github.com/a-h/templ"

	"parvis/internal/base/civil"
)

// The samples of the style guide: an invented January 2027, seen on Wednesday the 6th.

// samplePicture is a grey square in place of the security check's drawings.
const samplePicture = "data:image/gif;base64,R0lGODlhAQABAIAAAJmZmQAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="

func sampleDay(day int) civil.Date { return civil.NewDate(2027, time.January, day) }

// sampleForm is a form sent back with two problems.
func sampleForm() *Form {
	f := NewForm()
	f.Set("naissance", "31 févr. 2018")
	f.Fail("naissance", "Indiquez la date de naissance, par exemple 3 mars 2018")
	f.Fail("jours", "Choisissez au moins un jour")
	return f
}

func sampleMarks() []Mark {
	return []Mark{
		{OK, "check", "Réservé"}, {Outline, "free", "Libre"}, {Outline, "free", "Non réservé"},
		{Warning, "hourglass", "Liste d’attente"}, {Neutral, "full", "Complet"}, {Neutral, "ban", "Fermé"},
		{Neutral, "lock", "Trop tard"}, {Info, "double-check", "Présent"}, {Error, "x", "Absent"},
		{Info, "file", "Absence justifiée"}, {Change, "plus", "À réserver"}, {Change, "undo", "À annuler"},
		{Warning, "receipt", "À payer"}, {Info, "contrast", "Partiellement payée"}, {Error, "alert", "En retard"},
		{Neutral, "townhall", "Transmise au Trésor"}, {Neutral, "pencil", "Brouillon"},
	}
}

func sampleColumns() []Column {
	return []Column{{Label: "Mois", Href: "#", Sorted: "ascending"}, {Label: "Jours", Numeric: true},
		{Label: "Prix", Numeric: true}, {Label: "État"}}
}

func sampleRows() [][]templ.Component {
	return [][]templ.Component{
		{Text("Novembre"), Text("14"), Text("86,80\u202f€"), Tag(OK, "check", "Payée")},
		{Text("Décembre"), Text("21"), Text("83,20\u202f€"), Tag(Warning, "receipt", "À payer")},
		{Text("Janvier"), Text("11"), Text("68,20\u202f€"), Tag(Neutral, "clock", "Pas encore facturé")},
	}
}

func sampleTotal() []templ.Component {
	return []templ.Component{Text("Total"), Text("46"), Text("238,20\u202f€"), Text("")}
}

func sampleWeek() []WeekDay {
	present, booked := Mark{Info, "double-check", "Présent"}, Mark{OK, "check", "Réservé"}
	return []WeekDay{
		{Date: sampleDay(4), Lines: []WeekLine{{0, "Jérémy", "cantine", present, ""},
			{2, "Zoé", "accueil du soir", Mark{Info, "double-check", "Présente"}, ""}}},
		{Date: sampleDay(5), Lines: []WeekLine{{1, "Inès", "cantine", Mark{Info, "file", "Absence justifiée"}, ""}}},
		{Date: sampleDay(6), Today: true, Lines: []WeekLine{{2, "Zoé", "mercredi", booked, "#"}, {0, "Jérémy", "mercredi", booked, "#"}}},
		{Date: sampleDay(7), Lines: []WeekLine{{0, "Jérémy", "cantine", booked, "#"}, {1, "Inès", "cantine", Mark{Outline, "free", "Non réservé"}, "#"}}},
		{Date: sampleDay(8), Note: "Fermé, journée pédagogique"},
	}
}

func sampleAgenda() []AgendaWeek {
	booked, free := Mark{OK, "check", "Réservé"}, Mark{Outline, "free", "Libre"}
	line := func(name, value string, mark Mark, checked bool) AgendaLine {
		return AgendaLine{Activity: name, Mark: mark, Box: &Box{Name: "reserve", Value: value, Checked: checked}}
	}
	return []AgendaWeek{
		{Monday: sampleDay(4), Locked: true, Lead: "Trop tard depuis", Deadline: "jeudi 31 décembre, 23\u202fh\u202f59",
			Summary: "1 absent, 1 présent, 3 réservés", Days: []AgendaDay{{Date: sampleDay(4), Lines: []AgendaLine{
				{Activity: "Étude", Mark: Mark{Error, "x", "Absent"}, Reason: "Non annulée, facturée 1,50\u202f€. ",
					Link: Link{"#", "Expliquer"}}}}}},
		{Monday: sampleDay(11), Open: true, Lead: "Modifiable jusqu’à", Deadline: "demain jeudi 7, 23\u202fh\u202f59", Days: []AgendaDay{
			{Date: sampleDay(11), Lines: []AgendaLine{line("Cantine", "c11", booked, true), line("Étude", "e11", free, false)}},
			{Date: sampleDay(12), Today: true, Lines: []AgendaLine{line("Cantine", "c12", Mark{Change, "undo", "À annuler"}, false)}},
			{Date: sampleDay(13), Lines: []AgendaLine{{Activity: "Mercredi", Mark: Mark{Warning, "hourglass", "Liste d’attente"},
				Reason: "Rang 3, 24 places prises. ", Link: Link{"#", "Quitter la liste"}}}},
			{Date: sampleDay(14), Lines: []AgendaLine{{Child: 1, Name: "Inès", Activity: "cantine", Mark: booked,
				Box: &Box{Name: "reserve", Value: "i14", Checked: true}}}},
			{Date: sampleDay(15), Closed: true, Lines: []AgendaLine{{Activity: "Toutes les activités",
				Mark: Mark{Neutral, "ban", "Fermé"}, Reason: "Journée pédagogique"}}},
		}},
	}
}

func sampleDays() []civil.Date { return civil.Range{From: sampleDay(11), To: sampleDay(15)}.Days() }

func sampleBoard() []BoardChild {
	box := func(v string, m Mark, on bool) []AgendaLine {
		return []AgendaLine{{Mark: m, Box: &Box{Name: "semaine", Value: v, Checked: on}}}
	}
	booked, free := Mark{OK, "check", "Réservé"}, Mark{Outline, "free", "Libre"}
	return []BoardChild{{ID: "jeremy", Name: "Jérémy", Detail: "CM1, Jean-Moulin", Link: Link{"#", "Son mois"}, Rows: []BoardRow{
		{Icon: "utensils", Activity: "Cantine", Deadline: "jusqu’à jeudi 7, 23\u202fh\u202f59", Total: "9,30\u202f€", Cells: [][]AgendaLine{
			box("1", booked, true), box("2", Mark{Change, "undo", "À annuler"}, false), {}, box("4", booked, true), box("5", free, false)}},
		{Icon: "tree", Activity: "Mercredi", Deadline: "jusqu’à jeudi 7, 23\u202fh\u202f59", Total: "–", Cells: [][]AgendaLine{
			{}, {}, {{Mark: Mark{Warning, "hourglass", "Attente, rang 3"}}}, {}, {}}},
	}}}
}
