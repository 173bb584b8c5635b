package family

import (
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"
)

func (v homeView) title() string {
	if v.Chosen.Service.Name == "" {
		return "Ma famille connue par la mairie"
	}
	return "Ma famille connue par le service\u00a0: " + v.Chosen.Service.Name
}

func (v homeView) membersTitle() string {
	for _, k := range v.members() {
		if !k.IsChild {
			return "Membres"
		}
	}
	return "Enfants"
}

func (v homeView) mayFetch() string {
	if names := v.kidNames(); len(names) > 0 {
		return "Peut venir chercher " + List(names)
	}
	return "Peut venir chercher vos enfants"
}

// memberLine is "Membre, né le 3 mars 2017".
func (k known) memberLine() string { return commas(k.Role.Label(), bornLabel(k.Civility, k.Born)) }

// contactLine is "Contact, grand-mère, 06 00 00 00 01".
func (k known) contactLine() string {
	return commas(k.Role.Label(), lowerFirst(k.Relation), person.ShowPhone(k.Phone))
}

func commas(parts ...string) string {
	var kept []string
	for _, s := range parts {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, ", ")
}

func lowerFirst(s string) string {
	if s == "" {
		return ""
	}
	runes := []rune(s)
	return strings.ToLower(string(runes[:1])) + string(runes[1:])
}

func (m asked) rows(zone *time.Location) []web.Row {
	rows := []web.Row{{Label: "Rôle demandé", Value: m.Role.Label()}, {Label: "Lien", Value: m.Relation}}
	if !m.Born.IsZero() {
		rows = append(rows, web.Row{Label: "Date de naissance", Value: m.Born.French()})
	}
	rows = append(rows, web.Row{Label: "Téléphone", Value: person.ShowPhone(m.Phone)})
	if m.Role == Contact {
		rows = append(rows, web.Row{Label: "Venir chercher les enfants", Value: map[bool]string{true: "Oui", false: "Non"}[m.MayCollect]})
	}
	return append(rows, web.Row{Label: "Service", Value: m.ServiceIn}, web.Row{Label: "Demandé par", Value: m.asker()},
		web.Row{Label: "Demandé le", Value: civil.Stamp(m.AskedAt.In(zone))})
}

func (m fileMember) rows() []web.Row {
	var rows []web.Row
	if m.Person.BirthName != "" {
		rows = append(rows, web.Row{Label: "Nom de naissance", Value: m.Person.BirthName})
	}
	return append(rows, web.Row{Label: "Naissance", Value: m.Person.BirthDay.French()}, web.Row{Label: "E-mail", Value: m.Person.Email},
		web.Row{Label: "Téléphone", Value: person.ShowPhone(m.Person.BestPhone())}, web.Row{Label: "Adresse", Value: m.Person.Address.Line()})
}

func (m fileMember) collectLine() string {
	if m.State == Pending && m.MayCollect {
		return "Demandé : venir chercher les enfants. Pas encore autorisé"
	}
	if m.State == Pending {
		return "Pas encore vérifié : ne peut pas venir chercher les enfants"
	}
	if m.MayCollect {
		return "Peut venir chercher les enfants"
	}
	return "Ne peut pas venir chercher les enfants"
}

// standing are the restrictions that are not lifted.
func (v fileView) standing() []Restriction {
	var all []Restriction
	for _, x := range v.Restrictions {
		if x.Lifted.IsZero() {
			all = append(all, x)
		}
	}
	return all
}

func (m fileMember) childLine() string { return bornLabel(m.Person.Civility, m.Person.BirthDay) }

// headline is "Séparé(e). Connue par : Enfance, Jeunesse."
func (v fileView) headline() string {
	var names []string
	for _, s := range v.Services {
		names = append(names, s.Name)
	}
	line := ""
	if v.Situation != "" {
		line = "Situation notée par l’ancien portail\u00a0: " + lowerFirst(v.Situation) + ". "
	}
	if len(names) > 0 {
		line += "Connue par\u00a0: " + strings.Join(names, ", ") + "."
	}
	return strings.TrimSpace(line)
}

func (v fileView) adultOptions() []web.Option { return options(v.adults()) }

func (v fileView) childOptions() []web.Option { return options(v.children()) }

func options(people []fileMember) []web.Option {
	var all []web.Option
	for _, m := range people {
		all = append(all, web.Option{Value: string(m.Person.ID), Label: m.Person.Full()})
	}
	return all
}

func healthRows(h Health) []web.Row {
	none := func(s string) string {
		if s == "" {
			return "Rien de noté"
		}
		return s
	}
	return []web.Row{{Label: "Régime", Value: none(h.Diet)}, {Label: "Allergies", Value: none(h.Allergies)},
		{Label: "PAI", Value: map[bool]string{true: "Oui", false: "Non"}[h.PAI]}}
}
