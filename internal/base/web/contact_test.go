package web

import "testing"

func TestTelHref(t *testing.T) {
	for shown, want := range map[string]string{
		"01 99 00 12 34":             "tel:0199001234",
		"01\u00a099 00 12 34":        "tel:0199001234",
		"+33 (0)1 99 00 12 34":       "tel:+33199001234",
		"01.99.00.12.34 (poste 12)":  "tel:0199001234",
		"01 99 00 12 34 / 06 39 98":  "tel:0199001234",
		"Tél. 01 99 00 12 34":        "tel:0199001234",
		"+32 2 123 45 67":            "tel:+3221234567",
		"3919":                       "tel:3919",
		"à l’accueil":                "",
		"":                           "",
		"1":                          "",
		"0199001234 0199001235 0000": "",
	} {
		if got := TelHref(shown); got != want {
			t.Errorf("TelHref(%q) = %q, want %q", shown, got, want)
		}
	}
}

func TestMailHref(t *testing.T) {
	for address, want := range map[string]string{
		"mairie@rivebelle.exemple": "mailto:mairie@rivebelle.exemple", "": "", "au guichet": "", "a@b?cc=c@d": "",
	} {
		if got := MailHref(address); got != want {
			t.Errorf("MailHref(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestRevealWordsKeepAccents(t *testing.T) {
	for label, want := range map[string]string{"Écrivez-le encore": ": écrivez-le encore", "Mot de passe": ": mot de passe", "": ""} {
		if got := revealWords(label); got != want {
			t.Errorf("revealWords(%q) = %q, want %q", label, got, want)
		}
	}
}

func TestPhoneText(t *testing.T) {
	const paired = "04\u00a076\u00a000\u00a000\u00a000"
	for typed, want := range map[string]string{
		"0476000000": paired, "04.76.00.00.00": paired, "04 76 00 00 00": paired, "+33 4 76 00 00 00": "+33 4 76 00 00 00", "3919": "3919",
		"04 76 00 00 00 (poste 12)": "04 76 00 00 00 (poste 12)", "1476000000": "1476000000", "": "",
	} {
		if got := PhoneText(typed); got != want {
			t.Errorf("PhoneText(%q) = %q, want %q", typed, got, want)
		}
	}
}
