package town

import (
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"parvis/internal/base/fault"
)

// Bounds of what is typed, in characters.
const (
	maxLine = 300
	maxText = 20000
)

// longTexts are the settings of several paragraphs; all others are one line.
var longTexts = map[string]bool{"welcome": true, "legal_text": true, "terms_text": true, "privacy_text": true, "help_text": true,
	"access_text": true, "contact_text": true, "sign_up_text": true}

// drawings are bounded by their own rules.
var drawings = map[string]bool{"logo_svg": true, "logo_png": true}

// problems are what is wrong with the settings, in the order of codecs.
func (s Settings) problems() []fault.Field {
	var fields []fault.Field
	wrong := func(name, sentence string) { fields = append(fields, fault.Field{Name: name, Sentence: sentence}) }
	if strings.TrimSpace(s.Name) == "" {
		wrong("name", "Indiquez le nom de la commune.")
	}
	if !isColour(s.Colour) {
		wrong("colour", "Écrivez la couleur en hexadécimal, par exemple #0b5c8a.")
	}
	if len(s.Zone) != 1 || !strings.Contains("ABC", s.Zone) {
		wrong("zone", "Choisissez la zone A, B ou C.")
	}
	if s.PostCode != "" && !postCode.MatchString(s.PostCode) {
		wrong("post_code", "Écrivez les cinq chiffres du code postal, par exemple 78670.")
	}
	for _, one := range []struct{ name, value string }{{"phone", s.Phone}, {"help_phone", s.HelpPhone}} {
		if !goodPhone(one.value) {
			wrong(one.name, phoneSentence)
		}
	}
	for _, one := range []struct{ name, value string }{{"email", s.Email}, {"help_email", s.HelpEmail}} {
		if !goodEmail(one.value) {
			wrong(one.name, emailSentence)
		}
	}
	for _, one := range []struct{ name, value string }{{"website", s.Website}, {"plan_url", s.PlanURL}} {
		if !goodURL(one.value) {
			wrong(one.name, "Écrivez l’adresse en entier, en commençant par https://.")
		}
	}
	if sentence := s.logoProblem(); sentence != "" {
		wrong("logo_svg", sentence)
	}
	if s.Conformity != "" && s.Conformity != NotConform && s.Conformity != PartlyConform && s.Conformity != FullyConform {
		wrong("conformity", "Choisissez l’un des trois résultats.")
	}
	if s.Conformity != "" && s.Conformity != NotConform && s.AuditDay.IsZero() {
		wrong("audit_day", "Indiquez la date de l’audit : sans audit, la déclaration dit « non conforme ».")
	}
	return append(fields, s.tooLong()...)
}

func (s Settings) tooLong() []fault.Field {
	var fields []fault.Field
	for _, c := range codecs() {
		n := utf8.RuneCountInString(c.get(&s))
		switch {
		case drawings[c.key]:
		case longTexts[c.key] && n > maxText:
			fields = append(fields, fault.Field{Name: c.key, Sentence: "Ce texte dépasse 20 000 caractères. Raccourcissez-le."})
		case !longTexts[c.key] && c.key != "hours" && c.key != "wizard_fields" && n > maxLine:
			fields = append(fields, fault.Field{Name: c.key, Sentence: "Ce texte dépasse 300 caractères. Raccourcissez-le."})
		}
	}
	return fields
}

func (s Settings) check() error { return fault.InvalidFields(s.problems()...) }

const (
	phoneSentence = "Écrivez un numéro de téléphone complet, par exemple 01 39 75 36 00."
	emailSentence = "Écrivez une adresse complète, par exemple mairie@commune.fr."
)

var (
	postCode   = regexp.MustCompile(`^\d{5}$`)
	phoneChars = regexp.MustCompile(`^\+?[\d\s.()/-]+$`)
)

// goodPhone takes a French number of ten digits, a short one of four (3939), or a foreign one behind a +.
func goodPhone(s string) bool {
	if s == "" {
		return true
	}
	if !phoneChars.MatchString(strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s)) {
		return false
	}
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	if strings.HasPrefix(s, "+") {
		return n >= 8 && n <= 15
	}
	return n == 4 && s[0] == '3' || n == 10 && s[0] == '0'
}

func goodEmail(s string) bool {
	if s == "" {
		return true
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > 254 {
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	return strings.Contains(domain, ".") && !strings.ContainsAny(s, " \"<>")
}

func goodURL(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && strings.Contains(u.Hostname(), ".")
}
