package signup

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
	"parvis/internal/base/geo"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// step is one screen of the wizard.
type step struct {
	name  string // as town.Field's Step
	path  string
	title string
}

// allSteps are the guide's screens.
var allSteps = []step{
	{"identite", root + "/identite", "Identité"},
	{"adresse", root + "/adresse", "Adresse"},
	{"contact", root + "/moyens-de-contact", "Moyens de contact"},
	{"authentification", root + "/authentification", "Authentification"},
}

const root = "/creer-mon-espace"

// ruler tells the town's rule of a field.
type ruler func(name string) town.FieldRule

// stepsOf are the screens that have something to ask in this town.
func stepsOf(rule ruler) []step {
	var steps []step
	for _, s := range allSteps {
		if len(fieldsOf(s.name, rule)) > 0 {
			steps = append(steps, s)
		}
	}
	return steps
}

// fieldsOf are the fields that a screen shows in this town.
func fieldsOf(step string, rule ruler) []town.Field {
	var fields []town.Field
	for _, f := range town.Fields() {
		if f.Step == step && rule(f.Name) != town.Hidden {
			fields = append(fields, f)
		}
	}
	return fields
}

// firstMissing is the first screen that a draft has not passed, or would not pass under today's rules; len(steps)-1,
// the last one, when all before it are passed.
func firstMissing(d Draft, steps []step, rule ruler, now time.Time) int {
	for i, s := range steps[:len(steps)-1] {
		if !slices.Contains(d.Passed, s.name) || len(check(s.name, d, rule, now)) > 0 {
			return i
		}
	}
	return len(steps) - 1
}

// asks are the sentences for a required field left empty.
var asks = map[string]string{
	"civilite": "Choisissez une civilité.", "nom": "Indiquez votre nom usuel.", "nom_naissance": "Indiquez votre nom de naissance.",
	"prenoms":   "Indiquez votre prénom, ou vos prénoms. Si vous n’avez qu’un nom, écrivez un tiret.",
	"naissance": "Indiquez votre date de naissance, par exemple 3 mars 1988.", "pays_naissance": "Choisissez votre pays de naissance.",
	"departement_naissance": "Indiquez votre département de naissance, par exemple 78 ou Yvelines.",
	"commune_naissance":     "Indiquez la commune où vous êtes né ou née.", "photo": "Ajoutez une photo.",
	"numero": "Indiquez le numéro dans la voie.", "voie": "Indiquez le nom de la voie.", "batiment": "Indiquez le bâtiment.",
	"appartement": "Indiquez l’appartement.", "complement": "Indiquez le complément d’adresse.",
	"code_postal": "Indiquez le code postal, par exemple 78670.", "ville": "Indiquez la ville.", "pays": "Choisissez le pays.",
	"telephone": "Indiquez un numéro de téléphone.", "mobile": "Indiquez un numéro de mobile.", "fax": "Indiquez un numéro de fax.",
	"courriel":        "Indiquez votre adresse e-mail : un lien y arrive pour la confirmer.",
	"contact_prefere": "Choisissez votre moyen de contact préféré.", "identifiant": "Choisissez un nom d’utilisateur.",
}

// check tells what is wrong with a screen's answers, in the order of its fields.
func check(step string, d Draft, rule ruler, now time.Time) []fault.Field {
	found := map[string]string{}
	for name, sentence := range said(step, d, now) {
		found[name] = sentence
	}
	var problems []fault.Field
	for _, f := range fieldsOf(step, rule) {
		sentence := found[f.Name]
		if rule(f.Name) == town.Required && empty(d, f.Name) && asked(d, f.Name) {
			sentence = asks[f.Name]
		}
		if sentence != "" && asks[f.Name] != "" { // the password's fields are checked when they are sent
			problems = append(problems, fault.Field{Name: f.Name, Sentence: sentence})
		}
	}
	return problems
}

func empty(d Draft, name string) bool {
	if name == "photo" {
		return !d.Photo
	}
	return d.Fields[name] == ""
}

// asked is false for what a foreign birth or address does not have.
func asked(d Draft, name string) bool {
	switch name {
	case "departement_naissance":
		return inFrance(d.Fields["pays_naissance"])
	case "code_postal":
		return inFrance(d.Fields["pays"])
	}
	return true
}

func inFrance(country string) bool { return country == "" || person.Fold(country) == "france" }

// said are the problems of what was typed, by field.
func said(step string, d Draft, now time.Time) map[string]string {
	found := map[string]string{}
	switch step {
	case "identite":
		for _, name := range []string{"nom", "nom_naissance"} {
			found[name] = person.CheckTypedName(d.Fields[name])
		}
		if !noName(d.Fields["prenoms"]) {
			found["prenoms"] = person.CheckTypedName(d.Fields["prenoms"])
		}
		found["naissance"] = checkBirth(d.Fields["naissance"], now)
		if s := d.Fields["departement_naissance"]; s != "" && inFrance(d.Fields["pays_naissance"]) && departmentCode(s) == "" {
			found["departement_naissance"] = "Ce département n’est pas connu. Écrivez son nom ou son numéro, par exemple 78 ou Yvelines, ou laissez vide."
		}
		for _, name := range []string{"departement_naissance", "commune_naissance", "pays_naissance"} {
			if s := checkLength(d.Fields[name]); s != "" {
				found[name] = s
			}
		}
		if _, known := person.ParseCivility(d.Fields["civilite"]); !known {
			found["civilite"] = "Choisissez une civilité de la liste."
		}
	case "adresse":
		_, fields := person.Contact{Address: d.address()}.Check()
		for _, f := range fields {
			found[f.Name] = f.Sentence
		}
	case "contact":
		c := d.contact()
		c.Address = person.Address{}
		_, fields := c.Check()
		for _, f := range fields {
			found[strings.Replace(f.Name, "prefere", "contact_prefere", 1)] = f.Sentence
		}
		if n, err := person.CheckPhone(d.Fields["mobile"]); err == nil && strings.HasPrefix(n, "+33") && !strings.HasPrefix(n, "+336") && !strings.HasPrefix(n, "+337") {
			found["mobile"] = "Ce numéro est-il celui d’un mobile ? Ils commencent par 06 ou 07. Écrivez les autres numéros dans « Téléphone »."
		}
		if _, err := person.CheckEmail(d.Fields["courriel"]); err != nil {
			found["courriel"] = fault.SentenceOf(err)
		}
	case "authentification":
		if name := d.Fields["identifiant"]; name != "" {
			found["identifiant"] = account.CheckUsername(name, d.Fields["courriel"])
		}
	}
	return found
}

func checkLength(s string) string {
	if utf8.RuneCountInString(s) > person.MaxText {
		return "Ce texte dépasse 200 caractères. Écrivez-le plus court."
	}
	return ""
}

// noName is how somebody with one name only fills the other field.
func noName(s string) bool { return s != "" && strings.Trim(s, "-–—_./ ") == "" }

// adultFrom is the age under which a birth date is taken for a child’s.
const adultFrom = 15

func checkBirth(s string, now time.Time) string {
	if s == "" {
		return ""
	}
	day, ok := parseDay(s)
	today := civil.DateOf(now)
	switch {
	case !ok:
		return "Écrivez la date de naissance avec le jour, le mois et l’année, par exemple 3 mars 1988 ou 03/03/1988."
	case day.After(today):
		return "Cette date est à venir. Vérifiez l’année de naissance."
	case civil.NewDate(day.Year+adultFrom, day.Month, day.Day).After(today):
		return "Cet espace est celui d’un adulte : indiquez votre propre date de naissance. Vos enfants s’ajoutent ensuite, dans votre famille."
	case today.Year-day.Year > 125:
		return "Cette date est trop ancienne. Vérifiez l’année de naissance."
	}
	return ""
}

// parseDay reads a day as people write it; 03031988 too.
func parseDay(s string) (civil.Date, bool) {
	s = person.Clean(s)
	if len(s) == 8 && strings.Trim(s, "0123456789") == "" {
		s = s[:2] + "/" + s[2:4] + "/" + s[4:]
	}
	if d, err := civil.ParseDate(s); err == nil { // what a browser fills in by itself
		return d, true
	}
	d, err := civil.ParseFrench(s)
	return d, err == nil && !d.IsZero()
}

// echo writes what was understood in place of what was typed, so that a mistake of reading shows.
func echo(step string, d *Draft) {
	switch step {
	case "identite":
		if day, ok := parseDay(d.Fields["naissance"]); ok {
			d.Fields["naissance"] = day.Long()
		}
		if !inFrance(d.Fields["pays_naissance"]) {
			return
		}
		code := departmentCode(d.Fields["departement_naissance"])
		if place, ok := geo.Recognise(code, d.Fields["commune_naissance"]); ok && d.Fields["commune_naissance"] != "" {
			d.Fields["commune_naissance"] = place.Name
			if d.Fields["departement_naissance"] == "" {
				code = place.Department
			}
		}
		if code != "" {
			d.Fields["departement_naissance"] = geo.DepartmentName(code)
		}
	case "contact":
		for _, name := range []string{"telephone", "mobile", "fax"} {
			if n, err := person.CheckPhone(d.Fields[name]); err == nil {
				d.Fields[name] = person.ShowPhone(n)
			}
		}
		if e, err := person.CheckEmail(d.Fields["courriel"]); err == nil {
			d.Fields["courriel"] = e
		}
	}
}

// departmentCode is the code of a département typed as "78", "Yvelines" or "Yvelines (78)"; "" for what is none.
func departmentCode(s string) string {
	wanted := person.Fold(s)
	if wanted == "" {
		return ""
	}
	for _, d := range geo.Departments() {
		code, name := person.Fold(d.Code), person.Fold(d.Name)
		if wanted == code || wanted == "0"+code || "0"+wanted == code || wanted == name || wanted == name+" "+code || wanted == code+" "+name {
			return d.Code
		}
	}
	return ""
}

// proposedUsername is what the last screen proposes: the part of the address before the @, else first and last
// name. It is not looked up: the screen would tell which identifiers exist.
func proposedUsername(d Draft) string {
	local, _, _ := strings.Cut(d.Fields["courriel"], "@")
	local, _, _ = strings.Cut(local, "+")
	kept := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(".-_", r) {
			return unicode.ToLower(r)
		}
		return -1
	}, local)
	p := person.Person{LastName: d.Fields["nom"], FirstNames: d.Fields["prenoms"]}
	names := strings.ReplaceAll(person.Fold(p.FirstName()), " ", "-") + "." + strings.ReplaceAll(person.Fold(p.LastName), " ", "-")
	for _, name := range []string{kept, strings.Trim(names, ".")} {
		if account.CheckUsername(name, d.Fields["courriel"]) == "" {
			return name
		}
	}
	return ""
}

// sortOf is the sort of a browser without its version, which may change while somebody types.
func sortOf(agent, languages string) string {
	letters := func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}
	return strings.Map(letters, agent) + "|" + strings.Map(letters, languages)
}

// limit keeps what is typed to what can be kept; longer than any field allows, it is refused anyway.
func limit(s string) string {
	const most = 400
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most])
}
