package person

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
)

// Subject is what a merging makes one of two.
type Subject string

// The subjects.
const (
	OneHuman Subject = "person" // a child is one too
	OneHome  Subject = "family"
)

// Union is two that become one: what names Gone names Keep from then on. Features move what is theirs.
type Union struct {
	Of         Subject
	Keep, Gone string
	Account    string          // of two citizens' accounts, the one that stays; "" as the account feature proposes
	Holder     string          // of two holders, the person who stays it; "" Keep's
	Taken      map[string]bool // the fields whose value is Gone's
}

// Moved is what one feature did: how many rows moved, in words, and each conflict that it settled, in sentences.
type Moved struct {
	Counts  []string
	Settled []string
}

// Part is what one feature has of two that become one. Each feature exports its own; app lists them.
type Part struct {
	// Words name the rows of the feature's tables, for who reads what an undo left: "une réservation".
	Words map[string]string
	// Refuse says in sentences why the two cannot be one, or not yet.
	Refuse func(r db.Reader, now time.Time, u Union) ([]string, error)
	// Move gives Keep what is Gone's.
	Move func(l *revert.Log, now time.Time, u Union) (Moved, error)
	// Finish drops what is left of Gone once every feature has moved its own, in the reverse order.
	Finish func(l *revert.Log, now time.Time, u Union) error
	// Since says in words what Keep was given after a merging.
	Since func(r db.Reader, u Union, s Since) ([]string, error)
	// Ready fits the rows that an undo is about to bring back to what is there by then.
	Ready func(tx *db.Tx, changes []revert.Change) error
	// Restored follows the rows that came back, all but those left, and says in sentences what that took.
	Restored func(tx *db.Tx, now time.Time, changes []revert.Change, left []revert.Left) ([]string, error)
	// Apart follows an undo, of which left is what stays as it was found.
	Apart func(tx *db.Tx, now time.Time, u Union, left []revert.Left) error
}

// Since is a merging as what follows it is told from what was there: identifiers grow with time, moments are the town's.
type Since struct {
	ID string
	At civil.Instant
}

// Counted is "1 réservation" or "3 réservations", "" for none.
func Counted(n int, one, many string) []string {
	switch n {
	case 0:
		return nil
	case 1:
		return []string{"1 " + one}
	}
	return []string{fmt.Sprintf("%d %s", n, many)}
}

// MergeField is one detail of a person that a merging chooses.
type MergeField struct {
	Key, Label string
	Show       func(p Person, town *time.Location) string
}

// MergeFields are the details in the order of a file.
func MergeFields() []MergeField {
	return []MergeField{
		{"civilite", "Civilité", func(p Person, _ *time.Location) string { return p.Civility.Label() }},
		{"nom", "Nom", func(p Person, _ *time.Location) string { return p.LastName }},
		{"nom_naissance", "Nom de naissance", func(p Person, _ *time.Location) string { return p.BirthName }},
		{"prenoms", "Prénoms", func(p Person, _ *time.Location) string { return p.FirstNames }},
		{"naissance", "Date de naissance", func(p Person, _ *time.Location) string { return p.BirthDay.French() }},
		{"lieu", "Lieu de naissance", func(p Person, _ *time.Location) string {
			return joined(", ", p.BirthPlace, p.BirthDepartment, p.BirthCountry)
		}},
		{"courriel", "E-mail", func(p Person, _ *time.Location) string { return p.Email }},
		{"telephone", "Téléphone fixe", func(p Person, _ *time.Location) string { return ShowPhone(p.Phone) }},
		{"mobile", "Téléphone mobile", func(p Person, _ *time.Location) string { return ShowPhone(p.Mobile) }},
		{"fax", "Fax", func(p Person, _ *time.Location) string { return ShowPhone(p.Fax) }},
		{"preference", "Préfère être joint par", func(p Person, _ *time.Location) string {
			if p.Preferred == NoMeans {
				return ""
			}
			return p.Preferred.Label()
		}},
		{"adresse", "Adresse", func(p Person, _ *time.Location) string { return p.Address.Line() }},
		{"photo", "Photo", func(p Person, town *time.Location) string {
			if p.Photo == "" {
				return ""
			}
			return "Photo du " + civil.DateOf(p.PhotoAt.In(town)).French()
		}},
	}
}

// Differs tells whether two people differ by it, and whether b's value is the better one: the only one there is, or
// that of the file changed last.
func (f MergeField) Differs(a, b Person, town *time.Location) (differs, second bool) {
	va, vb := f.Show(a, town), f.Show(b, town)
	if f.Key == "photo" && a.Photo == b.Photo || f.Key != "photo" && va == vb {
		return false, false
	}
	switch {
	case va == "":
		return true, true
	case vb == "":
		return true, false
	}
	return true, b.UpdatedAt > a.UpdatedAt
}

// MergePart is what this package has of two people.
func MergePart() Part {
	return Part{
		Words: map[string]string{"person": "une coordonnée de la personne", "person_email_change": "un changement d’adresse e-mail"},
		Move: func(l *revert.Log, now time.Time, u Union) (Moved, error) {
			if u.Of != OneHuman {
				return Moved{}, nil
			}
			return Moved{}, absorb(l, now, u)
		},
		Finish: func(l *revert.Log, _ time.Time, u Union) error {
			if u.Of != OneHuman {
				return nil
			}
			if _, err := l.Tx().Exec(`delete from person_key where person = $1`, u.Gone); err != nil { // made again from the person
				return fmt.Errorf("drop keys: %w", err)
			}
			return l.Drop("person", revert.Row{"id": u.Gone})
		},
		Apart: func(tx *db.Tx, _ time.Time, u Union, left []revert.Left) error {
			if u.Of != OneHuman {
				return nil
			}
			for _, x := range left {
				if x.Table == "person" && x.Column == "updated_at" { // forms loaded before the undo must see that it changed
					if _, err := tx.Exec(`update person set updated_at = updated_at + 1 where id = $1`, u.Keep); err != nil {
						return err
					}
				}
			}
			if err := Rekey(tx, ID(u.Keep)); err != nil {
				return err
			}
			return Rekey(tx, ID(u.Gone))
		},
	}
}

// absorb gives the one who stays the chosen details of the other.
func absorb(l *revert.Log, now time.Time, u Union) error {
	tx := l.Tx()
	keep, err := lock(tx, ID(u.Keep))
	if err != nil {
		return err
	}
	gone, err := ByID(tx, ID(u.Gone))
	if err != nil {
		return err
	}
	for _, who := range []string{u.Keep, u.Gone} { // a link sent before means a person that is not quite the same
		waiting, err := db.List(tx, db.Column[string], `select id from person_email_change where person = $1 and ended_at is null`, who)
		if err != nil {
			return err
		}
		for _, id := range waiting {
			if err := l.Set("person_email_change", revert.Row{"id": id}, revert.Row{"ended_at": civil.InstantOf(now)}); err != nil {
				return err
			}
		}
	}
	if _, err := l.Move("person_email_change", []string{"id"}, "person", u.Gone, u.Keep); err != nil {
		return err
	}
	values := keep
	for _, f := range MergeFields() {
		if u.Taken[f.Key] {
			f.take(&values, gone)
		}
	}
	row := revert.Row{}
	for column, v := range mergeColumns(values) {
		row[column] = v
	}
	row["folded"], row["updated_at"] = folded(values), max(civil.InstantOf(now), keep.UpdatedAt+1)
	if err := l.Set("person", revert.Row{"id": u.Keep}, row); err != nil {
		return err
	}
	return Rekey(tx, keep.ID)
}

// take copies the field's columns.
func (f MergeField) take(to *Person, from Person) {
	switch f.Key {
	case "civilite":
		to.Civility = from.Civility
	case "nom":
		to.LastName = from.LastName
	case "nom_naissance":
		to.BirthName = from.BirthName
	case "prenoms":
		to.FirstNames = from.FirstNames
	case "naissance":
		to.BirthDay = from.BirthDay
	case "lieu":
		to.BirthPlace, to.BirthDepartment, to.BirthCountry = from.BirthPlace, from.BirthDepartment, from.BirthCountry
	case "courriel":
		to.Email = from.Email
	case "telephone":
		to.Phone = from.Phone
	case "mobile":
		to.Mobile = from.Mobile
	case "fax":
		to.Fax = from.Fax
	case "preference":
		to.Preferred = from.Preferred
	case "adresse":
		to.Address = from.Address
	case "photo":
		to.Photo, to.PhotoAt = from.Photo, from.PhotoAt
	}
}

// mergeColumns are the columns that a merging may change.
func mergeColumns(p Person) revert.Row {
	var photo any
	if p.Photo != "" {
		photo = p.Photo
	}
	return revert.Row{"civility": p.Civility, "last_name": p.LastName, "birth_name": p.BirthName, "first_names": p.FirstNames, "birth_day": p.BirthDay,
		"birth_place": p.BirthPlace, "birth_department": p.BirthDepartment, "birth_country": p.BirthCountry, "email": p.Email, "phone": p.Phone,
		"mobile": p.Mobile, "fax": p.Fax, "preferred": p.Preferred, "address_number": p.Address.Number, "address_street": p.Address.Street,
		"address_building": p.Address.Building, "address_flat": p.Address.Flat, "address_complement": p.Address.Complement,
		"address_post_code": p.Address.PostCode, "address_city": p.Address.City, "address_country": p.Address.Country,
		"photo": photo, "photo_at": p.PhotoAt}
}

// Lock keeps others from changing two people until the end of the transaction, always in the same order; who is not
// there is a NotFound fault.
func Lock(tx *db.Tx, a, b ID) error {
	for _, id := range []ID{min(a, b), max(a, b)} {
		if _, err := lock(tx, id); err != nil {
			return err
		}
	}
	return nil
}
