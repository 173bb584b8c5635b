package person

import (
	"strings"
	"testing"

	"parvis/internal/base/fault"

	"github.com/google/go-cmp/cmp"
)

func TestCheckEmail(t *testing.T) {
	good := map[string]string{
		"":                             "",
		" Camille.Martin@Exemple.FR ":  "camille.martin@exemple.fr",
		"o'brien+cantine@mail.co.uk":   "o'brien+cantine@mail.co.uk",
		"a@b.fr":                       "a@b.fr",
		"camille@mairie-de-poissy.fr ": "camille@mairie-de-poissy.fr",
	}
	for in, want := range good {
		if got, err := CheckEmail(in); err != nil || got != want {
			t.Errorf("CheckEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"camille", "camille@", "@exemple.fr", "camille@exemple", "camille @exemple.fr", "a@b@c.fr",
		"a,b@c.fr", "camille@exemple..fr", "camille@-exemple.fr", "camille@exemple.f", "Camille <c@exemple.fr>",
		"c@exemple.fr\r\nBcc: x@y.fr", "a@b.fr, c@d.fr", strings.Repeat("a", 65) + "@exemple.fr", "camille@192.168.0.1"} {
		if got, err := CheckEmail(in); err == nil || fault.SentenceOf(err) == "" {
			t.Errorf("CheckEmail(%q) = %q, want a refusal with a sentence", in, got)
		}
	}
}

func TestCheckPhone(t *testing.T) {
	for in, want := range map[string]string{"": "", "06 12 34 56 78": "+33612345678", "06.12.34.56.78": "+33612345678",
		"+33 6 12 34 56 78": "+33612345678", "0033612345678": "+33612345678", "01\u00a039\u202f75 00 00": "+33139750000",
		"+32 2 555 12 12": "+3225551212", "+33 (0)6 12 34 56 78": "+33612345678"} {
		if got, err := CheckPhone(in); err != nil || got != want {
			t.Errorf("CheckPhone(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"06 12 34 56", "0612345678 9", "12345", "abc", "06 12 34 56 78 maman", "+999 12 34"} {
		if got, err := CheckPhone(in); err == nil {
			t.Errorf("CheckPhone(%q) = %q, want a refusal", in, got)
		}
	}
	if got := ShowPhone("+33612345678"); got != "06\u00a012\u00a034\u00a056\u00a078" {
		t.Errorf("ShowPhone = %q", got)
	}
	if !IsMobile("+33612345678") || IsMobile("+33139750000") {
		t.Error("mobile and fixed lines are mixed up")
	}
}

func TestNamesOnScreen(t *testing.T) {
	p := Person{Civility: Madame, LastName: "Martin", BirthName: "Durand", FirstNames: "Marie-Christine Anne"}
	got := []string{p.Formal(), p.Full(), p.Complete(), p.Initials()}
	want := []string{"Madame Martin", "Marie-Christine Martin", "Marie-Christine Anne Martin (Durand)", "MM"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	p.Civility = NoCivility
	if p.Formal() != "Marie-Christine Martin" {
		t.Errorf("without civility: %q", p.Formal())
	}
	if one := (Person{FirstNames: "Madonna"}); one.Formal() != "Madonna" || one.Initials() != "M" {
		t.Errorf("one name only: %q, %q", one.Formal(), one.Initials())
	}
}

func TestParseCivility(t *testing.T) {
	for in, want := range map[string]Civility{"Mme": Madame, "MME.": Madame, "M.": Monsieur, "Monsieur": Monsieur, "": NoCivility} {
		if got, ok := ParseCivility(in); !ok || got != want {
			t.Errorf("ParseCivility(%q) = %q, %v", in, got, ok)
		}
	}
	if _, ok := ParseCivility("Docteur"); ok {
		t.Error("an unknown civility must be told")
	}
}

func TestAddressLines(t *testing.T) {
	a := Address{Number: "12 bis", Street: "rue des Écoles", Building: "B", Flat: "Apt 4", PostCode: "78999", City: "Rivebelle", Country: "France"}
	want := []string{"Bâtiment B Apt 4", "12 bis rue des Écoles", "78999 Rivebelle"}
	if d := cmp.Diff(want, a.Lines()); d != "" {
		t.Error(d)
	}
}

func TestCheckContact(t *testing.T) {
	cases := []struct {
		name    string
		contact Contact
		fields  []string
	}{
		{"nothing is fine", Contact{}, nil},
		{"wrong numbers and post code", Contact{Phone: "12", Mobile: "34", Address: Address{PostCode: "780"}}, []string{"telephone", "mobile", "code_postal"}},
		{"a Belgian post code", Contact{Address: Address{PostCode: "1000", City: "Bruxelles", Country: "Belgique"}}, nil},
		{"mobile preferred, none given", Contact{Preferred: ByMobile}, []string{"mobile"}},
		{"fixed line preferred, none given", Contact{Preferred: ByPhone}, []string{"telephone"}},
		{"a street without a town", Contact{Address: Address{Street: "rue des Écoles"}}, []string{"ville"}},
		{"a choice that is not offered", Contact{Preferred: "pigeon"}, []string{"prefere"}},
		{"a line too long", Contact{Address: Address{Street: strings.Repeat("a", 201), City: "Rivebelle"}}, []string{"voie"}},
	}
	for _, c := range cases {
		_, fields := c.contact.Check()
		var names []string
		for _, f := range fields {
			names = append(names, f.Name)
		}
		if d := cmp.Diff(c.fields, names); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
