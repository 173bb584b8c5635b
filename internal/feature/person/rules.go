package person

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/internal/base/fault"
	"parvis/internal/base/spelling"

	"github.com/nyaruka/phonenumbers"
)

// Fold is the search form of a name, see spelling.Fold.
func Fold(s string) string { return spelling.Fold(s) }

// Clean is a text as it is kept, see spelling.Clean.
func Clean(s string) string { return spelling.Clean(s) }

// Tidy gives every text of a person its kept form. What cannot be read as an e-mail or a phone number stays as
// it was typed.
func Tidy(p Person) Person {
	for _, s := range []*string{&p.LastName, &p.BirthName, &p.FirstNames, &p.BirthCountry, &p.BirthDepartment,
		&p.BirthPlace, &p.Email, &p.Phone, &p.Mobile, &p.Fax, &p.Address.Number, &p.Address.Street,
		&p.Address.Building, &p.Address.Flat, &p.Address.Complement, &p.Address.PostCode, &p.Address.City,
		&p.Address.Country} {
		*s = Clean(*s)
	}
	if e, err := CheckEmail(p.Email); err == nil {
		p.Email = e
	}
	for _, s := range []*string{&p.Phone, &p.Mobile, &p.Fax} {
		if n, err := CheckPhone(*s); err == nil {
			*s = n
		}
	}
	return p
}

// CheckEmail returns the kept form of an e-mail address (lower case, no spaces around); "" is "". An address
// that no mail can reach is an Invalid fault whose sentence says how to write one.
func CheckEmail(s string) (string, error) {
	s = strings.ToLower(Clean(s))
	if s == "" {
		return "", nil
	}
	wrong := fault.New(fault.Invalid, "Écrivez l’adresse e-mail en entier, par exemple camille.martin@exemple.fr.")
	local, domain, cut := strings.Cut(s, "@")
	if !cut || local == "" || len(s) > 254 || len(local) > 64 || strings.ContainsAny(s, " ,;:<>()[]\\\"") {
		return "", wrong
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || !hostname(domain) {
		return "", wrong
	}
	return s, nil
}

// hostname accepts letters (any script), digits and inner hyphens in labels, at least two of them, the last
// without digits.
func hostname(domain string) bool {
	labels := strings.Split(domain, ".")
	for i, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			last := i == len(labels)-1
			if r != '-' && !unicode.IsLetter(r) && (last && !strings.HasPrefix(label, "xn--") || !unicode.IsDigit(r)) {
				return false
			}
		}
	}
	return len(labels) >= 2 && utf8.RuneCountInString(labels[len(labels)-1]) >= 2
}

// CheckPhone returns a number in international form (+33612345678); "" is "". A number without country code
// is French. The number of digits is checked, not the operators’ ranges, which change: what cannot be dialled is an
// Invalid fault with a sentence.
func CheckPhone(s string) (string, error) {
	s = Clean(s)
	if s == "" {
		return "", nil
	}
	wrong := fault.New(fault.Invalid, "Écrivez le numéro avec 10 chiffres, par exemple 06 12 34 56 78. "+
		"Pour un numéro étranger, commencez par + et l’indicatif du pays.")
	if strings.IndexFunc(s, unicode.IsLetter) >= 0 {
		return "", wrong
	}
	n, err := phonenumbers.Parse(s, "FR")
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", wrong
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}

// IsMobile tells whether a number in international form is a mobile one, as far as the country tells.
func IsMobile(e164 string) bool {
	n, err := phonenumbers.Parse(e164, "FR")
	if err != nil {
		return false
	}
	t := phonenumbers.GetNumberType(n)
	return t == phonenumbers.MOBILE || t == phonenumbers.FIXED_LINE_OR_MOBILE
}

// ShowPhone is a number as people write it: 06 12 34 56 78, or +32 2 123 45 67 (no-break spaces). A text that
// is no number comes back as it is.
func ShowPhone(e164 string) string {
	n, err := phonenumbers.Parse(e164, "FR")
	if err != nil || e164 == "" {
		return e164
	}
	form := phonenumbers.INTERNATIONAL
	if n.GetCountryCode() == 33 {
		form = phonenumbers.NATIONAL
	}
	return strings.ReplaceAll(phonenumbers.Format(n, form), " ", "\u00a0")
}

// MaxText is the longest name or address line kept, in characters.
const MaxText = 200

// CheckName tells what is wrong with a name, "" when nothing: it must hold a letter and no more than MaxText
// characters. Everything else is somebody's name somewhere.
func CheckName(s string) string {
	s = Clean(s)
	switch {
	case utf8.RuneCountInString(s) > MaxText:
		return "Ce nom dépasse 200 caractères. Écrivez-le plus court."
	case s != "" && strings.IndexFunc(s, unicode.IsLetter) < 0:
		return "Écrivez un nom avec des lettres."
	}
	return ""
}

// Names typed by somebody whom nobody has verified stand on pages and in mails: they are kept to what names look like.
const (
	mostNameRunes = 60
	mostNameWords = 6
)

// CheckTypedName is CheckName for somebody whom nobody has verified: no digits, nothing of an address or of a sum, no
// sentence. An initial with its dot is a name (St. John, J.-P.), a domain is not.
func CheckTypedName(s string) string {
	if sentence := CheckName(s); sentence != "" {
		return sentence
	}
	s = Clean(s)
	if utf8.RuneCountInString(s) > mostNameRunes || len(strings.Fields(s)) > mostNameWords {
		return "Écrivez seulement le nom, en 60 caractères et 6 mots au plus."
	}
	var before rune
	for _, r := range s {
		switch {
		case unicode.IsNumber(r) || unicode.Is(unicode.Sc, r) || strings.ContainsRune("/\\@:<>[]{}|;!?#%&=_*+\"", r):
			return "Écrivez seulement le nom, avec des lettres."
		case before == '.' && unicode.IsLetter(r):
			return "Écrivez seulement le nom : après un point, laissez une espace."
		}
		before = r
	}
	return ""
}

// CheckPostCode tells what is wrong with a post code, "" when nothing; the five digits are demanded in France
// only.
func CheckPostCode(code, country string) string {
	code = strings.ReplaceAll(Clean(code), " ", "")
	if c := Fold(country); code == "" || (c != "" && c != "france") {
		return ""
	}
	if len(code) != 5 || strings.Trim(code, "0123456789") != "" {
		return "Écrivez les 5 chiffres du code postal, par exemple 78670."
	}
	return ""
}

// Contact is what a person may change about being reached.
type Contact struct {
	Phone, Mobile, Fax string
	Preferred          Means
	Address            Address
}

// Check returns the kept form of contact details, and a field for each problem, named as in the form.
func (c Contact) Check() (Contact, []fault.Field) {
	p := Tidy(Person{Phone: c.Phone, Mobile: c.Mobile, Fax: c.Fax, Address: c.Address})
	kept := Contact{Phone: p.Phone, Mobile: p.Mobile, Fax: p.Fax, Preferred: c.Preferred, Address: p.Address}
	kept.Address.PostCode = strings.ReplaceAll(kept.Address.PostCode, " ", "")
	var fields []fault.Field
	for _, n := range []struct{ name, value string }{{"telephone", c.Phone}, {"mobile", c.Mobile}, {"fax", c.Fax}} {
		if _, err := CheckPhone(n.value); err != nil {
			fields = append(fields, fault.Field{Name: n.name, Sentence: fault.SentenceOf(err)})
		}
	}
	if !knownMeans(c.Preferred) {
		fields = append(fields, fault.Field{Name: "prefere", Sentence: "Choisissez un moyen de contact de la liste."})
	}
	if c.Preferred == ByMobile && kept.Mobile == "" {
		fields = append(fields, fault.Field{Name: "mobile", Sentence: "Indiquez le mobile sur lequel vous joindre, ou choisissez un autre moyen de contact."})
	}
	if c.Preferred == ByPhone && kept.Phone == "" {
		fields = append(fields, fault.Field{Name: "telephone", Sentence: "Indiquez le téléphone sur lequel vous joindre, ou choisissez un autre moyen de contact."})
	}
	return kept, append(fields, kept.Address.check()...)
}

func (a Address) check() []fault.Field {
	var fields []fault.Field
	for _, t := range []struct{ name, value string }{{"numero", a.Number}, {"voie", a.Street}, {"batiment", a.Building},
		{"appartement", a.Flat}, {"complement", a.Complement}, {"ville", a.City}, {"pays", a.Country}} {
		if utf8.RuneCountInString(t.value) > MaxText {
			fields = append(fields, fault.Field{Name: t.name, Sentence: "Ce texte dépasse 200 caractères. Écrivez-le plus court."})
		}
	}
	if s := CheckPostCode(a.PostCode, a.Country); s != "" {
		fields = append(fields, fault.Field{Name: "code_postal", Sentence: s})
	}
	if a.Street != "" && a.City == "" {
		fields = append(fields, fault.Field{Name: "ville", Sentence: "Indiquez la ville."})
	}
	return fields
}

func knownMeans(m Means) bool {
	if m == NoMeans {
		return true
	}
	for _, k := range allMeans {
		if k == m {
			return true
		}
	}
	return false
}
