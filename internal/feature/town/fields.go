package town

import (
	"fmt"
	"sort"
	"strings"
)

// FieldRule is what a town decides of one field of the wizard « Création d'un espace personnel ».
type FieldRule string

// The rules.
const (
	Required FieldRule = "required"
	Optional FieldRule = "optional"
	Hidden   FieldRule = "hidden"
)

// Label is the word of the settings page.
func (r FieldRule) Label() string {
	switch r {
	case Required:
		return "Obligatoire"
	case Hidden:
		return "Masqué"
	}
	return "Facultatif"
}

// Field is one field of the wizard. Always marks what no account can do without: its rule cannot be changed.
type Field struct {
	Name   string
	Label  string
	Step   string // identite, adresse, contact or authentification
	Always bool
	Hint   string // for the agent who chooses the rule
}

// Fields lists the wizard's fields in the guide's order.
func Fields() []Field {
	return []Field{
		{Name: "civilite", Label: "Civilité", Step: "identite", Hint: "Déconseillé en « Obligatoire » : la Cour de justice de l’Union européenne juge " +
			"que la civilité n’est pas nécessaire à un service (affaire C-394/23, 9 janvier 2025)."},
		{Name: "nom", Label: "Nom usuel", Step: "identite", Always: true},
		{Name: "nom_naissance", Label: "Nom de naissance", Step: "identite", Hint: "Il aide à reconnaître une personne qui a changé de nom."},
		{Name: "prenoms", Label: "Prénom(s)", Step: "identite", Always: true},
		{Name: "naissance", Label: "Date de naissance", Step: "identite", Hint: "Elle rapproche la demande de la bonne famille. Sans elle, " +
			"l’agent compare le nom, le téléphone, le courriel et l’adresse, et les homonymes demandent un appel."},
		{Name: "pays_naissance", Label: "Pays de naissance", Step: "identite"},
		{Name: "departement_naissance", Label: "Département de naissance", Step: "identite"},
		{Name: "commune_naissance", Label: "Commune de naissance", Step: "identite"},
		{Name: "photo", Label: "Photo", Step: "identite"},
		{Name: "numero", Label: "Numéro", Step: "adresse"},
		{Name: "voie", Label: "Nom de la voie", Step: "adresse"},
		{Name: "batiment", Label: "Bâtiment", Step: "adresse"},
		{Name: "appartement", Label: "Appartement", Step: "adresse"},
		{Name: "complement", Label: "Complément", Step: "adresse"},
		{Name: "code_postal", Label: "Code postal", Step: "adresse"},
		{Name: "ville", Label: "Ville", Step: "adresse"},
		{Name: "pays", Label: "Pays", Step: "adresse"},
		{Name: "telephone", Label: "Téléphone", Step: "contact"},
		{Name: "mobile", Label: "Mobile", Step: "contact"},
		{Name: "fax", Label: "Fax", Step: "contact"},
		{Name: "courriel", Label: "Courriel", Step: "contact", Always: true},
		{Name: "contact_prefere", Label: "Moyen de contact préféré", Step: "contact"},
		{Name: "identifiant", Label: "Nom d’utilisateur", Step: "authentification", Always: true},
		{Name: "mot_de_passe", Label: "Mot de passe", Step: "authentification", Always: true},
		{Name: "confirmation", Label: "Confirmation du mot de passe", Step: "authentification", Always: true},
	}
}

// Field is the town's rule for a field of the wizard; a field that nothing is known of is Optional.
func (s Settings) Field(name string) FieldRule {
	for _, f := range Fields() {
		if f.Name == name && f.Always {
			return Required
		}
	}
	if rule, set := s.WizardFields[name]; set {
		return rule
	}
	return Optional
}

// formatRules writes the rules that are not the default, as town_setting holds them: "civilite=hidden".
func formatRules(rules map[string]FieldRule) string {
	var words []string
	for name, rule := range rules {
		if rule != Optional {
			words = append(words, name+"="+string(rule))
		}
	}
	sort.Strings(words)
	return strings.Join(words, " ")
}

// parseRules reads what formatRules writes; a rule for a field that must be there, or of a field unknown, is refused.
func parseRules(text string) (map[string]FieldRule, error) {
	free := map[string]bool{}
	for _, f := range Fields() {
		free[f.Name] = !f.Always
	}
	var rules map[string]FieldRule
	for _, word := range strings.Fields(text) {
		name, rule, _ := strings.Cut(word, "=")
		if !free[name] || (FieldRule(rule) != Required && FieldRule(rule) != Optional && FieldRule(rule) != Hidden) {
			return nil, fmt.Errorf("wizard field %q", word)
		}
		if FieldRule(rule) == Optional {
			continue
		}
		if rules == nil {
			rules = map[string]FieldRule{}
		}
		rules[name] = FieldRule(rule)
	}
	return rules, nil
}
