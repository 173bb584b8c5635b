package person

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
)

// particles are the words of a name that tell nobody apart.
var particles = []string{"de", "du", "des", "d", "la", "le", "les", "l", "el", "al", "ben", "da", "dos", "van", "von", "di", "n", "o", "m"}

// NameWords are the folded words of names, particles left out unless there is nothing else.
func NameWords(names ...string) []string {
	var all, kept []string
	for _, w := range strings.Fields(Fold(strings.Join(names, " "))) {
		if !slices.Contains(all, w) {
			all = append(all, w)
			if !slices.Contains(particles, w) {
				kept = append(kept, w)
			}
		}
	}
	if len(kept) == 0 {
		return all
	}
	return kept
}

// Skeleton is what remains of a folded word when it is misspelt: its consonants, doubled ones once, a few that sound
// alike made one. "yildiz" and "yldiz" have the same.
func Skeleton(word string) string {
	var b strings.Builder
	var last rune
	for _, r := range strings.NewReplacer("ph", "f", "ck", "k", "qu", "k", "q", "k", "c", "k", "z", "s", "h", "", "w", "v").Replace(word) {
		if strings.ContainsRune("aeiouy", r) || r == last {
			continue
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// AddressKey is an address in the form that is compared, "" when it does not name a door.
func (a Address) AddressKey() string {
	street := strings.Join(NameWords(a.Number, a.Street), " ")
	if a.Street == "" || street == "" {
		return ""
	}
	for _, short := range [][2]string{{" av ", " avenue "}, {" bd ", " boulevard "}, {" bld ", " boulevard "}, {" pl ", " place "}, {" all ", " allee "},
		{" imp ", " impasse "}, {" ch ", " chemin "}, {" r ", " rue "}, {" st ", " saint "}, {" ste ", " sainte "}} {
		street = strings.TrimSpace(strings.ReplaceAll(" "+street+" ", short[0], short[1]))
	}
	return street + " " + strings.ReplaceAll(Fold(a.PostCode), " ", "")
}

// maxNameWords bounds the keys of somebody with a very long name.
const maxNameWords = 6

// Keys are what may find somebody again.
func Keys(p Person) []string {
	var keys []string
	add := func(kind, value string) {
		if key := kind + ":" + value; value != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	first := firstWords(p)
	words := NameWords(p.LastName, p.BirthName)
	for _, w := range words[:min(len(words), maxNameWords)] {
		for _, f := range first[:min(len(first), 2)] {
			initial := string([]rune(f)[:1])
			add("n", w+" "+initial)
			if s := Skeleton(w); len(s) > 1 {
				add("s", s+" "+initial)
			}
		}
	}
	if !p.BirthDay.IsZero() {
		add("b", p.BirthDay.String())
	}
	add("a", p.Address.AddressKey())
	return keys
}

func firstWords(p Person) []string { return strings.Fields(Fold(p.FirstNames)) }

// Rekey writes somebody's keys again: for verbs that change a name, a birth or an address.
func Rekey(tx *db.Tx, id ID) error {
	p, err := ByID(tx, id)
	if err != nil {
		return err
	}
	return keep(tx, p)
}

// keep replaces the keys of a person by those of p.
func keep(tx *db.Tx, p Person) error {
	if _, err := tx.Exec(`delete from person_key where person = $1`, string(p.ID)); err != nil {
		return fmt.Errorf("drop keys: %w", err)
	}
	if err := insertKeys(tx, p); err != nil {
		return err
	}
	_, err := tx.Exec(`update person set keyed = true where id = $1 and keyed = false`, string(p.ID))
	return err
}

func insertKeys(tx *db.Tx, p Person) error {
	keys := Keys(p)
	if len(keys) == 0 {
		return nil
	}
	rows, args := make([]string, len(keys)), []any{string(p.ID)}
	for i, k := range keys {
		args = append(args, k)
		rows[i] = `($` + strconv.Itoa(len(args)) + `, $1)`
	}
	if _, err := tx.Exec(`insert into person_key (key, person) values `+strings.Join(rows, ", "), args...); err != nil {
		return fmt.Errorf("insert keys: %w", err)
	}
	return nil
}

// perKey bounds how many people one key brings: a tower block, a frequent name.
const perKey = 40

// Alike lists the people who share a key, an e-mail address or a phone with p, p itself not, those who share most
// first, at most limit. One statement, by indexes.
func Alike(r db.Reader, p Person, limit int) ([]ID, error) {
	var parts []string
	args := []any{}
	mark := func(v string) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	part := func(select_ string) {
		parts = append(parts, `select person from (`+select_+` limit `+strconv.Itoa(perKey)+`) k`+strconv.Itoa(len(parts)))
	}
	for _, k := range Keys(p) {
		part(`select person from person_key where key = ` + mark(k) + ` order by person`)
	}
	if p.Email != "" {
		part(`select id as person from person where email <> '' and email = ` + mark(p.Email) + ` order by id`)
	}
	for _, phone := range []string{p.Mobile, p.Phone} {
		if phone == "" {
			continue
		}
		at := mark(phone)
		part(`select id as person from person where mobile <> '' and mobile = ` + at + ` order by id`)
		part(`select id as person from person where phone <> '' and phone = ` + at + ` order by id`)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	self, most := mark(string(p.ID)), len(args)+1
	args = append(args, limit)
	ids, err := db.List(r, db.Column[ID], `select person from (`+strings.Join(parts, " union all ")+`) found where person <> `+self+`
		group by person order by count(*) desc, person limit $`+strconv.Itoa(most), args...)
	if err != nil {
		return nil, fmt.Errorf("find alike: %w", err)
	}
	return ids, nil
}

// JobKeys gives keys to the people who were known before keys existed.
const JobKeys = "person.keys"

// Keyer runs JobKeys.
type Keyer struct{ DB *db.DB }

// Handlers are the jobs of the package.
func (k Keyer) Handlers() []jobs.Handler { return []jobs.Handler{{Kind: JobKeys, Run: k.run}} }

// Schedule is when they run.
func Schedule() []jobs.Daily { return []jobs.Daily{{Kind: JobKeys, Hour: 4}} }

const keysAtOnce = 200

func (k Keyer) run(ctx context.Context, _ map[string]string) error {
	for {
		n, err := db.Write(ctx, k.DB, func(tx *db.Tx) (int, error) {
			people, err := db.List(tx, scan, `select `+columns+` from person p where p.keyed = false order by p.id limit $1`, keysAtOnce)
			if err != nil {
				return 0, err
			}
			for _, p := range people {
				if err := keep(tx, p); err != nil {
					return 0, err
				}
			}
			return len(people), nil
		})
		if err != nil {
			return fmt.Errorf("give keys: %w", err)
		}
		if n < keysAtOnce {
			return nil
		}
	}
}
