package admission_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/person"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	farida := person.Person{LastName: "Benali", FirstNames: "Farida", BirthDay: civil.NewDate(1988, 5, 14), Email: "f.benali@exemple.fr",
		Mobile: "+33600000003", Address: person.Address{Number: "4", Street: "rue du Lavoir", PostCode: "78999", City: "Rivebelle"}}
	with := func(change func(*person.Person)) person.Person {
		p := farida
		change(&p)
		return p
	}
	for _, c := range []struct {
		name    string
		known   person.Person
		grade   admission.Grade
		reasons string
	}{
		{"the same in everything", farida, admission.Sure, "même nom, même prénom, même date de naissance, même e-mail, même téléphone, même adresse"},
		{"another e-mail", with(func(p *person.Person) { p.Email = "farida@exemple.fr" }), admission.Sure, "même nom, même prénom, même date de naissance, même téléphone, même adresse, e-mail différent"},
		{"only name and birth", person.Person{LastName: "BENALI", FirstNames: "Farida", BirthDay: farida.BirthDay}, admission.Sure, "même nom, même prénom, même date de naissance"},
		{"a letter off the first name", with(func(p *person.Person) { p.FirstNames = "Fariba"; p.Email, p.Mobile = "", "" }), admission.Likely,
			"même nom, prénom à une lettre près, même date de naissance, même adresse"},
		{"married since", with(func(p *person.Person) {
			p.LastName, p.BirthName, p.Email, p.Mobile = "Durand", "Benali", "", ""
		}), admission.Sure, "nom de naissance identique au nom usuel, même prénom, même date de naissance, même adresse"},
		{"a homonym", person.Person{LastName: "Benali", FirstNames: "Farida", BirthDay: civil.NewDate(1961, 2, 3), Email: "x@exemple.fr"}, admission.Homonym,
			"même nom, même prénom, date de naissance différente, e-mail différent"},
		{"day and month changed places", with(func(p *person.Person) {
			p.BirthDay, p.Email, p.Mobile, p.Address = civil.NewDate(1988, 5, 15), "", "", person.Address{}
		}), admission.Possible, "même nom, même prénom, date de naissance à un chiffre près"},
		{"a twin", with(func(p *person.Person) { p.FirstNames, p.Email, p.Mobile = "Samira", "", "" }), admission.Relative, "même nom, même date de naissance, même adresse"},
		{"the spouse, same box", with(func(p *person.Person) {
			p.LastName, p.FirstNames, p.BirthDay, p.Mobile = "Durand", "Karim", civil.NewDate(1985, 1, 1), ""
		}), admission.Relative, "même e-mail, même adresse, date de naissance différente"},
		{"nothing but a name", person.Person{LastName: "Benali", FirstNames: "Farida"}, admission.Possible, "même nom, même prénom"},
		{"a double name, nothing else", person.Person{LastName: "Benali-Roux", FirstNames: "Farida", BirthDay: civil.NewDate(1991, 3, 2)}, admission.Homonym,
			"une partie du nom identique, même prénom, date de naissance différente"},
		{"somebody else", person.Person{LastName: "Koné", FirstNames: "Adama", BirthDay: farida.BirthDay}, admission.Nobody, "même date de naissance"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := admission.Compare(farida, c.known)
			if m.Grade != c.grade {
				t.Errorf("grade %q, want %q", m.Grade.Label(), c.grade.Label())
			}
			if diff := cmp.Diff(c.reasons, strings.Join(m.Reasons, ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestANameAloneProvesNothing(t *testing.T) {
	a := person.Person{LastName: "Benali", FirstNames: "Farida", BirthDay: civil.NewDate(1988, 5, 14), Mobile: "+33600000003"}
	for _, c := range []struct {
		name  string
		known person.Person
		want  bool
	}{
		{"name", person.Person{LastName: "Benali", FirstNames: "Farida"}, false},
		{"name and birth", person.Person{LastName: "Benali", FirstNames: "Farida", BirthDay: a.BirthDay}, true},
		{"name and phone", person.Person{LastName: "Benali", FirstNames: "Farida", Mobile: a.Mobile}, true},
		{"a phone, another birth", person.Person{LastName: "Benali", FirstNames: "Farida", BirthDay: civil.NewDate(1961, 2, 3), Mobile: a.Mobile}, false},
		{"name, another birth", person.Person{LastName: "Benali", FirstNames: "Farida", BirthDay: civil.NewDate(1961, 2, 3)}, false},
	} {
		if got := admission.Compare(a, c.known).Proven(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// madeTown is a population with the names of a French town, frequent ones more often, and its newcomers.
type madeTown struct {
	*rand.Rand
	n int
}

var (
	lastNames = strings.Fields(`Martin Martin Martin Bernard Bernard Dubois Thomas Robert Petit Petit Durand Leroy Moreau Simon Laurent
		Lefebvre Michel Garcia Garcia David Bertrand Roux Vincent Fournier Morel Girard André Lefèvre Mercier Dupont Lambert Bonnet François
		Martinez Legrand Garnier Faure Rousseau Blanc Guérin Müller Henry Roussel Nicolas Perrin Morin Mathieu Clément Gauthier Dumont Lopez
		Fontaine Chevalier Robin Masson Sanchez Gérard Nguyễn Nguyễn Boyer Denis Lemaire Duval Joly Gautier Roger Roche Roy Noël Meyer
		Benali Traoré Diallo Diallo Koné Yıldız Kowalski Øster Haddad Benkacem Da-Silva Ferreira Le-Goff D’Estaing El-Amrani N’Guessan Ly Saïdi
		Bouzid Chérif Cissé Camara Bâ Sow Öztürk Demir Popescu Ionescu Ivanova Horvat Tran Phạm Wang Chen Singh Rossi Esposito`)
	firstNames = strings.Fields(`Marie Camille Léa Emma Chloé Manon Sarah Julie Laura Pauline Céline Aurélie Élodie Émilie Sophie Nathalie Isabelle
		Farida Samira Nadia Aminata Fatou Awa Ipek Zeynep Linh Mai Anna Olga Thomas Nicolas Julien Alexandre Maxime Antoine Pierre Paul
		Jean Jean-Paul Jean-Pierre François Frédéric Stéphane Sébastien Karim Mehdi Mohamed Adama Ibrahim Moussa Kevin Steeve Loïc Gaël Maël Noé
		Bruno Olivier Hervé Claire Odile Lucie Inès Zoé Anne-Laure Marie-Christine Hugo Lucas Louis Raphaël Gabriel`)
	streets = strings.Fields(`Lavoir Écoles Marché Moulin Gare Église Château Fontaine Tilleuls Peupliers Acacias Vignes Prés Seine Pont Quai
		Verger Source Stade Lilas Roses Cerisiers Noyers Jardins Poste Victoire République Liberté Jaurès Hugo`)
)

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

func (m *madeTown) address() person.Address {
	return person.Address{Number: fmt.Sprint(1 + m.IntN(60)), Street: "rue du " + pick(m.Rand, streets), PostCode: "78999", City: "Rivebelle-sur-Seine"}
}

func (m *madeTown) birth() civil.Date {
	return civil.NewDate(1955+m.IntN(50), time.Month(1+m.IntN(12)), 1+m.IntN(28))
}

func (m *madeTown) phone() string { return fmt.Sprintf("+336%08d", m.IntN(100000000)) }

func (m *madeTown) email() string {
	m.n++
	return fmt.Sprintf("boite%d@exemple.fr", m.n)
}

// somebody is as an import leaves people: one detail in five is missing.
func (m *madeTown) somebody() person.Person {
	p := person.Person{LastName: strings.ReplaceAll(pick(m.Rand, lastNames), "Le-", "Le "), FirstNames: pick(m.Rand, firstNames), BirthDay: m.birth(),
		Email: m.email(), Mobile: m.phone(), Address: m.address()}
	if m.IntN(4) == 0 {
		p.FirstNames += " " + pick(m.Rand, firstNames)
	}
	switch m.IntN(5) {
	case 0:
		p.Email = ""
	case 1:
		p.Mobile = ""
	case 2:
		p.Address = person.Address{}
	}
	return p
}

// misspell changes, drops, doubles or swaps one letter of a name.
func (m *madeTown) misspell(name string) string {
	r := []rune(name)
	if len(r) < 4 {
		return name
	}
	i := 1 + m.IntN(len(r)-2)
	switch m.IntN(4) {
	case 0:
		r[i] = []rune("aeinrst")[m.IntN(7)]
	case 1:
		r = append(r[:i], r[i+1:]...)
	case 2:
		r = append(r[:i+1], r[i:]...)
	default:
		r[i], r[i+1] = r[i+1], r[i]
	}
	return string(r)
}

var plain = strings.NewReplacer("é", "e", "è", "e", "ê", "e", "ë", "e", "É", "E", "ï", "i", "î", "i", "ô", "o", "ö", "o", "Ö", "O", "ü", "u", "ç", "c", "â", "a",
	"ễ", "e", "ạ", "a", "ı", "i", "Ø", "O", "’", " ", "-", " ")

// newcomerOf makes a newcomer of a kind from a known person; same tells that they are one person.
func (m *madeTown) newcomerOf(kind string, known person.Person) (p person.Person, same bool) {
	p = known
	p.ID, same = "", true
	moved := func() { p.Email, p.Mobile, p.Address = m.email(), m.phone(), m.address() }
	switch kind {
	case "same person":
		p.LastName = strings.ToUpper(p.LastName)
	case "homonym":
		moved()
		p.BirthDay, same = p.BirthDay.AddDays(400+m.IntN(9000)), false
	case "twin":
		p.FirstNames, same = m.otherFirst(p), false
		p.Email, p.Mobile = m.email(), m.phone()
	case "sibling":
		p.FirstNames, p.BirthDay, same = m.otherFirst(p), p.BirthDay.AddDays(400+m.IntN(2000)), false
		p.Email, p.Mobile = m.email(), m.phone()
	case "new address":
		moved()
	case "married name":
		p.BirthName, p.LastName = p.LastName, pick(m.Rand, lastNames)
		if m.IntN(2) == 0 {
			p.LastName = p.BirthName + "-" + p.LastName
		}
		moved()
	case "typo":
		if m.IntN(2) == 0 {
			p.LastName = m.misspell(p.LastName)
		} else {
			p.FirstNames = m.misspell(p.FirstName())
		}
		moved()
	case "typo in the date":
		p.BirthDay = civil.NewDate(p.BirthDay.Year, p.BirthDay.Month, 1+(p.BirthDay.Day+8)%28)
		p.Email, p.Address = m.email(), m.address()
	case "accent":
		p.LastName, p.FirstNames = strings.ToUpper(plain.Replace(p.LastName)), plain.Replace(p.FirstName())
		moved()
	}
	return p, same
}

func (m *madeTown) otherFirst(p person.Person) string {
	for {
		if first := pick(m.Rand, firstNames); person.Fold(first)[:1] != person.Fold(p.FirstNames)[:1] {
			return first
		}
	}
}

// TestMatchingFigures makes 500 newcomers of known kinds in a town of 2,000 adults and prints what an agent is
// proposed. No true match is missing from the first three; nobody else is said to be the same with certainty.
func TestMatchingFigures(t *testing.T) {
	kinds := []string{"same person", "homonym", "twin", "sibling", "new address", "married name", "typo", "typo in the date", "accent"}
	testkit.EachEngine(t, admission.Sources(), func(t *testing.T, d *db.DB) {
		m := &madeTown{Rand: rand.New(rand.NewPCG(48, 2027))}
		known := m.populate(t, d, 2000)
		type figure struct{ all, first, three, sure, proposals int }
		figures := map[string]*figure{}
		for i := range 500 {
			kind := kinds[i%len(kinds)]
			original := known[m.IntN(len(known))]
			newcomer, same := m.newcomerOf(kind, original)
			ranked, err := db.Read(context.Background(), d, func(r db.Reader) ([]admission.Ranked, error) { return admission.Proposed(r, person.Tidy(newcomer)) })
			if err != nil {
				t.Fatal(err)
			}
			f := figures[kind]
			if f == nil {
				f = &figure{}
				figures[kind] = f
			}
			f.all++
			f.proposals += len(ranked)
			at := -1
			for j, one := range ranked {
				if one.Person.ID == original.ID {
					at = j
				}
			}
			switch {
			case same && at < 0 || same && at > 2:
				t.Errorf("%s: %+v is not in the first three for %+v", kind, original, newcomer)
			case same && at == 0:
				f.first++
			}
			if at >= 0 && at < 3 {
				f.three++
			}
			if at >= 0 && ranked[at].Match.Grade >= admission.Likely {
				f.sure++
				if !same {
					t.Errorf("%s: said to be %q: %+v, known %+v", kind, ranked[at].Match.Grade.Label(), newcomer, original)
				}
			}
		}
		for _, kind := range kinds {
			f := figures[kind]
			t.Logf("%-17s %3d newcomers: the known one first %3d, in the first three %3d, called likely or surer %3d; %.1f proposals each",
				kind, f.all, f.first, f.three, f.sure, float64(f.proposals)/float64(f.all))
		}
	})
}

func (m *madeTown) populate(t *testing.T, d *db.DB, n int) []person.Person {
	t.Helper()
	known := make([]person.Person, n)
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		for i := range known {
			known[i] = m.somebody()
			id, err := person.Insert(tx, start, actor.Job("test"), known[i])
			if err != nil {
				return err
			}
			known[i].ID = id
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}
