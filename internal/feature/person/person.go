// Package person keeps the people the town knows: names, birth, contact details, address, photo. A person is
// one human, whatever accounts or families refer to it.
//
// It owns the tables person and person_email_change. It does not know who may sign in (account), who is whose
// parent (family), nor anything about health: verbs above decide who may read or change whom.
package person

import (
	"fmt"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// ID names a person.
type ID string

// Civility is what goes before a name; none is a full answer.
type Civility string

// The civilities of the guide's form.
const (
	NoCivility Civility = ""
	Madame     Civility = "madame"
	Monsieur   Civility = "monsieur"
)

// Label is the word on screen, "" without civility.
func (c Civility) Label() string {
	switch c {
	case Madame:
		return "Madame"
	case Monsieur:
		return "Monsieur"
	}
	return ""
}

// ParseCivility reads "Mme", "MADAME", "M.", "Monsieur"…; anything else is NoCivility with false, the empty
// text is NoCivility with true.
func ParseCivility(s string) (Civility, bool) {
	switch Fold(s) {
	case "":
		return NoCivility, true
	case "madame", "mme", "mlle", "mademoiselle", "f":
		return Madame, true
	case "monsieur", "m", "mr", "h":
		return Monsieur, true
	}
	return NoCivility, false
}

// Means is how somebody prefers to be reached.
type Means string

// The means of contact. NoMeans leaves the choice to the service.
const (
	NoMeans  Means = ""
	ByEmail  Means = "courriel"
	ByMobile Means = "mobile"
	ByPhone  Means = "telephone"
	ByPost   Means = "courrier"
)

// allMeans lists the choices in the order of the form.
var allMeans = [...]Means{ByEmail, ByMobile, ByPhone, ByPost}

// Label is the word on screen.
func (m Means) Label() string {
	switch m {
	case ByEmail:
		return "Courriel"
	case ByMobile:
		return "Téléphone mobile"
	case ByPhone:
		return "Téléphone fixe"
	case ByPost:
		return "Courrier postal"
	}
	return "Sans préférence"
}

// Address is a postal address in the fields of the guide's form. Number holds "12 bis" too.
type Address struct {
	Number, Street, Building, Flat, Complement string
	PostCode, City, Country                    string
}

// IsZero tells the absence of an address.
func (a Address) IsZero() bool { return a == Address{} }

// Lines is the address as on an envelope, without the name; France is not written.
func (a Address) Lines() []string {
	var lines []string
	add := func(parts ...string) {
		if line := joined(" ", parts...); line != "" {
			lines = append(lines, line)
		}
	}
	add(a.Complement)
	add(prefixed("Bâtiment ", a.Building), prefixed("Appartement ", a.Flat))
	add(a.Number, a.Street)
	add(a.PostCode, a.City)
	if c := Fold(a.Country); c != "" && c != "france" {
		add(a.Country)
	}
	return lines
}

// Line is the address on one line.
func (a Address) Line() string { return strings.Join(a.Lines(), ", ") }

// Person is one human. Only LastName or FirstNames is required. Phone, Mobile and Fax are in international
// form (+33612345678) when they could be read as a number, Email is in lower case.
type Person struct {
	ID              ID
	Civility        Civility
	LastName        string // nom usuel
	BirthName       string // nom de naissance, "" when the same or unknown
	FirstNames      string
	BirthDay        civil.Date
	BirthCountry    string
	BirthDepartment string
	BirthPlace      string // commune
	Email           string
	Phone           string
	Mobile          string
	Fax             string
	Preferred       Means
	Address         Address
	Photo           string // id of the stored photo, "" without
	PhotoAt         civil.Instant
	UpdatedAt       civil.Instant
}

// Full is "Camille Martin": the first of the first names and the usual name.
func (p Person) Full() string { return joined(" ", p.FirstName(), p.LastName) }

// Complete is "Camille Marie Martin, née Durand" without the gender: "Camille Marie Martin (Durand)".
func (p Person) Complete() string {
	name := joined(" ", p.FirstNames, p.LastName)
	if p.BirthName != "" && Fold(p.BirthName) != Fold(p.LastName) {
		name += " (" + p.BirthName + ")"
	}
	return name
}

// Formal is "Madame Martin", or first and last name when no civility was given.
func (p Person) Formal() string {
	if p.Civility != NoCivility && p.LastName != "" {
		return p.Civility.Label() + " " + p.LastName
	}
	return p.Full()
}

// FirstName is the first of the first names. A hyphen holds a name together; a comma or a space separates.
func (p Person) FirstName() string {
	first, _, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(p.FirstNames, ",", " ")), " ")
	return first
}

// Initials are one or two capital letters for the disc that stands in for a photo.
func (p Person) Initials() string {
	var b strings.Builder
	for _, name := range []string{p.FirstName(), p.LastName} {
		for _, r := range name {
			b.WriteString(strings.ToUpper(string(r)))
			break
		}
	}
	return b.String()
}

// BestPhone is the mobile, or else the fixed line.
func (p Person) BestPhone() string {
	if p.Mobile != "" {
		return p.Mobile
	}
	return p.Phone
}

// Insert adds somebody and returns the id (p.ID is kept when set). It is a building block of the verbs that
// bring people in (import, wizard, family members): they say who may, and write the audit line. Names and
// contact details are tidied, not refused: callers check a form with Check first.
func Insert(tx *db.Tx, now time.Time, a actor.Actor, p Person) (ID, error) {
	if a.Kind == actor.Anonymous {
		return "", fault.New(fault.Forbidden, "")
	}
	p = Tidy(p)
	if p.LastName == "" && p.FirstNames == "" {
		return "", fault.InvalidFields(fault.Field{Name: "nom", Sentence: "Indiquez le nom."})
	}
	if p.ID == "" {
		p.ID = ID(db.NewID())
	}
	if err := insert(tx, now, p); err != nil {
		return "", fmt.Errorf("insert person: %w", err)
	}
	return p.ID, nil
}

func joined(sep string, parts ...string) string {
	var kept []string
	for _, s := range parts {
		if s = strings.TrimSpace(s); s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, sep)
}

// prefixed writes "Bâtiment B", unless the value says the word itself ("Bât. B").
func prefixed(word, value string) string {
	first, _, _ := strings.Cut(Fold(value), " ")
	switch first {
	case "", "bat", "batiment", "apt", "app", "appt", "appart", "appartement":
		return value
	}
	return word + value
}
