package person_test

import (
	"testing"

	"parvis/internal/feature/person"
)

func TestNamesOfPeopleWhomNobodyVerified(t *testing.T) {
	for _, name := range []string{"de La Tour du Pin", "Marie-Christine Anne", "N’Guessan", "N'Guessan", "St. John", "Nguyễn", "O’Brien", "J. P.",
		"Ly", "Øster", "van der Berg", "Yıldız", "Maria da Conceição", "ʻOkina", ""} {
		if s := person.CheckTypedName(name); s != "" {
			t.Errorf("%s: %s", name, s)
		}
	}
	for _, name := range []string{"sur parvis-remboursement.com", "Vous avez 312 € à percevoir", "http://x", "a@b", "www.exemple.fr", "Martin2",
		"Appelez le ٠١", "Martin:", "Cliquez pour toucher votre aide avant demain soir", "Martin $",
		"Abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"} {
		if person.CheckTypedName(name) == "" {
			t.Errorf("%s is taken for a name", name)
		}
	}
}
