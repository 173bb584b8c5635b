package person

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
)

//go:embed migrations/*.sql
var migrations embed.FS

const columns = `p.id, p.civility, p.last_name, p.birth_name, p.first_names, p.birth_day, p.birth_country, p.birth_department,
	p.birth_place, p.email, p.phone, p.mobile, p.fax, p.preferred, p.address_number, p.address_street, p.address_building,
	p.address_flat, p.address_complement, p.address_post_code, p.address_city, p.address_country, coalesce(p.photo, ''),
	p.photo_at, p.updated_at`

func scan(s db.Scanner) (Person, error) {
	var p Person
	a := &p.Address
	err := s.Scan(&p.ID, &p.Civility, &p.LastName, &p.BirthName, &p.FirstNames, &p.BirthDay, &p.BirthCountry,
		&p.BirthDepartment, &p.BirthPlace, &p.Email, &p.Phone, &p.Mobile, &p.Fax, &p.Preferred, &a.Number, &a.Street,
		&a.Building, &a.Flat, &a.Complement, &a.PostCode, &a.City, &a.Country, &p.Photo, &p.PhotoAt, &p.UpdatedAt)
	return p, err
}

func folded(p Person) string { return Fold(p.LastName + " " + p.BirthName + " " + p.FirstNames) }

func insert(tx *db.Tx, now time.Time, p Person) error {
	_, err := tx.Exec(`insert into person (id, civility, last_name, birth_name, first_names, folded, birth_day, birth_country,
			birth_department, birth_place, email, phone, mobile, fax, preferred, address_number, address_street,
			address_building, address_flat, address_complement, address_post_code, address_city, address_country,
			created_at, updated_at, keyed)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $24, true)`,
		string(p.ID), string(p.Civility), p.LastName, p.BirthName, p.FirstNames, folded(p), p.BirthDay, p.BirthCountry,
		p.BirthDepartment, p.BirthPlace, p.Email, p.Phone, p.Mobile, p.Fax, string(p.Preferred), p.Address.Number,
		p.Address.Street, p.Address.Building, p.Address.Flat, p.Address.Complement, p.Address.PostCode, p.Address.City,
		p.Address.Country, civil.InstantOf(now))
	if err != nil {
		return err
	}
	return insertKeys(tx, p)
}

// ByID reads one person; an unknown id is a NotFound fault.
func ByID(r db.Reader, id ID) (Person, error) {
	return db.One(r, "person", scan, `select `+columns+` from person p where p.id = $1`, string(id))
}

// Names gives the full name ("Camille Martin") of each known id.
func Names(r db.Reader, ids ...ID) (map[ID]string, error) {
	people, err := Several(r, ids...)
	names := make(map[ID]string, len(people))
	for id, p := range people {
		names[id] = p.Full()
	}
	return names, err
}

// Several reads the people of these ids, in one query per 500; unknown ids are absent from the answer.
func Several(r db.Reader, ids ...ID) (map[ID]Person, error) {
	found := make(map[ID]Person, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), 500)
		marks, args := make([]string, n), make([]any, n)
		for i, id := range ids[:n] {
			marks[i], args[i] = "$"+strconv.Itoa(i+1), string(id)
		}
		people, err := db.List(r, scan, `select `+columns+` from person p where p.id in (`+strings.Join(marks, ", ")+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("read people: %w", err)
		}
		for _, p := range people {
			found[p.ID] = p
		}
		ids = ids[n:]
	}
	return found, nil
}

// Find searches by e-mail (a query with @), by phone (digits only, at least four, any usual writing) or by
// name: every word of the query must begin a word of the person's names. Answers in order of names, at most
// limit of them.
func Find(r db.Reader, query string, limit int) ([]Person, error) {
	query = Clean(query)
	if strings.Contains(query, "@") {
		return find(r, limit, `p.email like $2 escape '\'`, likePrefix(strings.ToLower(query)))
	}
	if digits, ok := phoneDigits(query); ok {
		return find(r, limit, `(p.phone like $2 escape '\' or p.mobile like $2 escape '\')`, "%"+digits+"%")
	}
	words := strings.Fields(Fold(query))
	if len(words) == 0 {
		return nil, nil
	}
	where, args := "", []any{}
	for i, w := range words[:min(len(words), 6)] {
		if i > 0 {
			where += " and "
		}
		args = append(args, "% "+w+"%")
		where += `(' ' || p.folded) like $` + strconv.Itoa(len(args)+1)
	}
	return find(r, limit, where, args...)
}

func find(r db.Reader, limit int, where string, args ...any) ([]Person, error) {
	people, err := db.List(r, scan, `select `+columns+` from person p where `+where+` order by p.folded, p.id limit $1`,
		append([]any{limit}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("find people: %w", err)
	}
	return people, nil
}

func likePrefix(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s) + "%"
}

// phoneDigits turns a typed number, whole or begun, into digits found in international forms: the leading 0 or
// +33 goes, so that "06 12" finds +33612….
func phoneDigits(s string) (string, bool) {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if len(digits) < 4 || strings.Trim(s, "0123456789 +.-/()") != "" {
		return "", false
	}
	if strings.HasPrefix(s, "+") || strings.HasPrefix(s, "00") {
		return strings.TrimPrefix(digits, "00"), true
	}
	return strings.TrimPrefix(digits, "0"), true
}

// WithEmail lists the people who have this address.
func WithEmail(r db.Reader, email string) ([]Person, error) {
	clean, err := CheckEmail(email)
	if err != nil || clean == "" {
		return nil, err
	}
	return find(r, 50, `p.email = $2`, clean)
}

// lock reads a person and keeps others from changing it until the end of the transaction.
func lock(tx *db.Tx, id ID) (Person, error) {
	if _, err := tx.Exec(`update person set updated_at = updated_at where id = $1`, string(id)); err != nil {
		return Person{}, fmt.Errorf("lock person: %w", err)
	}
	return ByID(tx, id)
}

// updateContact and the others below move updated_at strictly forward: it is the version that forms carry.
func updateContact(tx *db.Tx, now time.Time, id ID, c Contact) error {
	_, err := tx.Exec(`update person set phone = $2, mobile = $3, fax = $4, preferred = $5, address_number = $6,
			address_street = $7, address_building = $8, address_flat = $9, address_complement = $10,
			address_post_code = $11, address_city = $12, address_country = $13,
			updated_at = case when updated_at >= $14 then updated_at + 1 else $14 end
		where id = $1`,
		string(id), c.Phone, c.Mobile, c.Fax, string(c.Preferred), c.Address.Number, c.Address.Street, c.Address.Building,
		c.Address.Flat, c.Address.Complement, c.Address.PostCode, c.Address.City, c.Address.Country, civil.InstantOf(now))
	if err != nil {
		return err
	}
	return Rekey(tx, id)
}

func updateEmail(tx *db.Tx, now time.Time, id ID, email string) error {
	_, err := tx.Exec(`update person set email = $2,
		updated_at = case when updated_at >= $3 then updated_at + 1 else $3 end where id = $1`, string(id), email, civil.InstantOf(now))
	return err
}

func updatePhoto(tx *db.Tx, now time.Time, id ID, photo string) error {
	var kept any
	var at civil.Instant
	if photo != "" {
		kept, at = photo, civil.InstantOf(now)
	}
	_, err := tx.Exec(`update person set photo = $2, photo_at = $3,
		updated_at = case when updated_at >= $4 then updated_at + 1 else $4 end where id = $1`,
		string(id), kept, at, civil.InstantOf(now))
	return err
}

func emailChangesSince(r db.Reader, id ID, since civil.Instant) (int64, error) {
	return db.One(r, "count of e-mail changes", db.Column[int64],
		`select count(*) from person_email_change where person = $1 and created_at > $2`, string(id), since)
}

func replaceEmailChange(tx *db.Tx, c EmailChange, tokenHash string) error {
	if _, err := tx.Exec(`update person_email_change set ended_at = $2 where person = $1 and ended_at is null`,
		string(c.Person), c.CreatedAt); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into person_email_change (id, person, email, token_hash, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6)`, c.ID, string(c.Person), c.Email, tokenHash, c.CreatedAt, c.ExpiresAt)
	return err
}

func endEmailChange(tx *db.Tx, now time.Time, id string) (won bool, err error) {
	n, err := tx.Exec(`update person_email_change set confirmed_at = $2, ended_at = $2 where id = $1 and ended_at is null`,
		id, civil.InstantOf(now))
	return n == 1, err
}

type foundChange struct {
	EmailChange
	ended civil.Instant
}

const changeColumns = `c.id, c.person, c.email, c.created_at, c.expires_at, c.ended_at`

func scanChange(s db.Scanner) (foundChange, error) {
	var f foundChange
	err := s.Scan(&f.ID, &f.Person, &f.Email, &f.CreatedAt, &f.ExpiresAt, &f.ended)
	return f, err
}

func emailChangeByHash(r db.Reader, hash string) (EmailChange, bool, error) {
	f, err := db.One(r, "e-mail change", scanChange, `select `+changeColumns+` from person_email_change c where c.token_hash = $1`, hash)
	return f.EmailChange, f.ended != 0, err
}

func emailChangeByID(r db.Reader, id string) (EmailChange, error) {
	f, err := db.One(r, "e-mail change", scanChange, `select `+changeColumns+` from person_email_change c where c.id = $1`, id)
	return f.EmailChange, err
}

// PendingEmail is the address that a person asked for and has not confirmed yet, "" without any.
func PendingEmail(r db.Reader, now time.Time, id ID) (string, error) {
	all, err := db.List(r, db.Column[string], `select c.email from person_email_change c
		where c.person = $1 and c.ended_at is null and c.expires_at > $2`, string(id), civil.InstantOf(now))
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// sub is the migrations at the root of their own file system.
func sub() fs.FS {
	f, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return migrations
	}
	return f
}

// Sources are the migrations of this package and of those below that its verbs write to.
func Sources() []db.Source {
	return db.Join(town.Sources(), mail.Sources(), web.Sources(), []db.Source{{Name: "person", FS: sub()}})
}

// PhotosInUse are the ids of the stored photos that people have, so that the others can be swept.
func PhotosInUse(r db.Reader) (map[string]bool, error) {
	ids, err := db.List(r, db.Column[string], `select photo from person where photo is not null and photo <> ''`)
	used := make(map[string]bool, len(ids))
	for _, id := range ids {
		used[id] = true
	}
	return used, err
}
