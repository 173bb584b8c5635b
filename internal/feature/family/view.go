package family

import (
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
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

// contactLine is "Contact, grand-mère"; the phone follows as a link.
func (k known) contactLine() string { return commas(k.Role.Label(), french.Lower(k.Relation)) }

func commas(parts ...string) string {
	var kept []string
	for _, s := range parts {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, ", ")
}

func (m asked) rows(zone *time.Location) []web.Row {
	rows := []web.Row{{Label: "Rôle demandé", Value: m.Role.Label()}, {Label: "Lien", Value: m.Relation}}
	if !m.Born.IsZero() {
		rows = append(rows, web.Row{Label: "Date de naissance", Value: m.Born.French()})
	}
	rows = append(rows, web.Row{Label: "Téléphone", Body: web.Phone(person.ShowPhone(m.Phone))})
	if m.Phone == "" {
		rows[len(rows)-1].Body = nil
	}
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
	rows = append(rows, web.Row{Label: "Naissance", Value: m.Person.BirthDay.French()}, mailRow(m.Person.Email))
	rows = append(rows, phoneRows(m.Person)...)
	if m.Person.Preferred != person.NoMeans {
		rows = append(rows, web.Row{Label: "À joindre par", Value: m.Person.Preferred.Label()})
	}
	return append(rows, web.Row{Label: "Adresse", Value: m.Person.Address.Line()})
}

// rowsWithAccount are rows, then how the adult's own account stands.
func (v fileView) rowsWithAccount(m fileMember) []web.Row {
	return append(m.rows(), web.Row{Label: "Compte", Body: accountBlock(m.Account, m.Person.Full())})
}

func mailRow(address string) web.Row {
	if address == "" {
		return web.Row{Label: "E-mail"}
	}
	return web.Row{Label: "E-mail", Body: web.Email(address)}
}

// phoneRows are the numbers that are known, or that none is.
func phoneRows(p person.Person) []web.Row {
	var rows []web.Row
	if p.Mobile != "" {
		rows = append(rows, web.Row{Label: "Mobile", Body: web.Phone(person.ShowPhone(p.Mobile))})
	}
	if p.Phone != "" || p.Mobile == "" {
		row := web.Row{Label: "Téléphone"}
		if p.Phone != "" {
			row.Body = web.Phone(person.ShowPhone(p.Phone))
		}
		rows = append(rows, row)
	}
	return rows
}

// accountFact is how an adult's account stands, for agents.
type accountFact struct {
	Mark   web.Mark
	SignIn string // "Dernière connexion le 20/02/2026 à 11:12"
	Href   string // of its activation, "" when the agent may not read it
}

// factOf says an account in words; the zero Account is none.
func factOf(acc account.Account, zone *time.Location) accountFact {
	f := accountFact{Mark: web.Mark{Tone: web.Neutral, Icon: "user-x", Word: "Aucun compte"}}
	if acc.ID == "" {
		return f
	}
	f.Mark = web.Mark{Tone: web.Warning, Icon: "clock", Word: acc.State.Label()}
	switch acc.State {
	case account.Active:
		f.Mark.Tone, f.Mark.Icon = web.OK, "check"
	case account.Refused, account.Suspended:
		f.Mark.Tone, f.Mark.Icon = web.Error, "ban"
	}
	f.SignIn = "Jamais connecté"
	if acc.SignedInAt != 0 {
		f.SignIn = "Dernière connexion le " + civil.Stamp(acc.SignedInAt.In(zone))
	}
	return f
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

func (m fileMember) childLine() string {
	return french.Upper(bornLabel(m.Person.Civility, m.Person.BirthDay))
}

// headline is "Séparé(e). Connue par : Enfance, Jeunesse."
func (v fileView) headline() string {
	var names []string
	for _, s := range v.Services {
		names = append(names, s.Name)
	}
	line := ""
	if v.Situation != "" {
		line = "Situation notée par l’ancien portail\u00a0: " + french.Lower(v.Situation) + ". "
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
