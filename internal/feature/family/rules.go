package family

import (
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// LevelLabel says a school level as families do: "GS" is "Grande section", "6E" is "6e".
func LevelLabel(level string) string {
	switch strings.ToUpper(strings.TrimSpace(level)) {
	case "TPS":
		return "Toute petite section"
	case "PS":
		return "Petite section"
	case "MS":
		return "Moyenne section"
	case "GS":
		return "Grande section"
	case "6E", "5E", "4E", "3E":
		return strings.ToLower(level)
	}
	return level
}

// Addition is what « Ajouter à ma famille » asks: a person with a role, for one service.
type Addition struct {
	Family     ID
	Service    town.ServiceID
	Role       Role // Member or Contact
	LastName   string
	FirstNames string
	BirthDay   string // as typed; only for a Member
	Relation   string
	Phone      string // as typed
	MayCollect bool   // only for a Contact
	agent      bool   // typed at the counter: names are checked against papers, and a co-holder can be added
}

// Check gives the person to make and the day of birth, or what to correct. today bounds the birth.
func (d Addition) Check(today civil.Date) (person.Person, error) {
	var fields []fault.Field
	wrong := func(name, sentence string) {
		if sentence != "" {
			fields = append(fields, fault.Field{Name: name, Sentence: sentence})
		}
	}
	if d.Role != Member && d.Role != Contact && !(d.agent && d.Role == CoHolder) {
		wrong("role", "Choisissez si cette personne est un membre de la famille ou un contact.")
	}
	name := named
	if d.agent {
		name = namedAtCounter
	}
	wrong("nom", name(d.LastName, "Indiquez le nom."))
	wrong("prenoms", name(d.FirstNames, "Indiquez le prénom."))
	if strings.TrimSpace(d.Relation) == "" {
		wrong("lien", "Indiquez le lien avec vos enfants, par exemple grand-mère ou voisin.")
	} else if len([]rune(d.Relation)) > 60 {
		wrong("lien", "Écrivez le lien en 60 caractères au plus.")
	}
	p := person.Person{LastName: d.LastName, FirstNames: d.FirstNames}
	phone, err := person.CheckPhone(d.Phone)
	switch {
	case err != nil:
		wrong("telephone", fault.SentenceOf(err))
	case phone == "" && d.Role == Contact:
		wrong("telephone", "Indiquez le téléphone où joindre cette personne.")
	case person.IsMobile(phone):
		p.Mobile = phone
	default:
		p.Phone = phone
	}
	if d.Role == Member || d.agent && strings.TrimSpace(d.BirthDay) != "" {
		born, sentence := birthDay(d.BirthDay, today)
		wrong("naissance", sentence)
		p.BirthDay = born
	}
	return p, fault.InvalidFields(fields...)
}

func named(name, missing string) string {
	if strings.TrimSpace(name) == "" {
		return missing
	}
	return person.CheckTypedName(name)
}

func birthDay(typed string, today civil.Date) (civil.Date, string) {
	const example = "Indiquez la date de naissance, par exemple 03/03/2018."
	if strings.TrimSpace(typed) == "" {
		return civil.Date{}, example
	}
	born, err := civil.ParseFrench(typed)
	if err != nil {
		return civil.Date{}, example
	}
	if born.After(today) || born.Year < 1900 {
		return civil.Date{}, "Vérifiez la date de naissance\u00a0: elle doit être passée."
	}
	return born, ""
}

// minor tells whether somebody born that day is under 18: such a member becomes a child that can be enrolled.
func minor(born, today civil.Date) bool {
	return !born.IsZero() && today.Before(civil.NewDate(born.Year+18, born.Month, born.Day))
}

// bornLabel is "né le 3 mars 2017" by the civility, or "date de naissance : 3 mars 2017" when it is not known.
func bornLabel(c person.Civility, born civil.Date) string {
	if born.IsZero() {
		return ""
	}
	day := born.Full()
	switch c {
	case person.Madame:
		return "née le " + day
	case person.Monsieur:
		return "né le " + day
	}
	return "date de naissance\u00a0: " + day
}

// List joins names as in a sentence: "Jérémy, Inès et Zoé".
func List(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " et " + names[len(names)-1]
}
