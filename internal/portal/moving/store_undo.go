package moving

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/person"
)

const batchColumns = `b.id, b.source, b.started_at, b.finished_at, b.undone_at,
	(select count(*) from import_source s where s.batch = b.id and s.object = 'family')`

func scanBatch(s db.Scanner) (Batch, error) {
	var b Batch
	err := s.Scan(&b.ID, &b.Source, &b.StartedAt, &b.FinishedAt, &b.UndoneAt, &b.Families)
	return b, err
}

// Batches lists the imports that wrote something, newest first.
func Batches(r db.Reader) ([]Batch, error) {
	return db.List(r, scanBatch, `select `+batchColumns+` from import_batch b order by b.started_at desc, b.id desc`)
}

// BatchByID reads one import; an unknown id is a NotFound fault.
func BatchByID(r db.Reader, id string) (Batch, error) {
	return db.One(r, "import", scanBatch, `select `+batchColumns+` from import_batch b where b.id = $1`, id)
}

// imported is an imported key and its object.
type imported struct{ file, code, id string }

func scanImported(s db.Scanner) (imported, error) {
	var i imported
	err := s.Scan(&i.file, &i.code, &i.id)
	return i, err
}

func batchFamilies(r db.Reader, b Batch) ([]imported, error) {
	return db.List(r, scanImported, `select file, code, object_id from import_source
		where batch = $1 and object = 'family' order by code`, b.ID)
}

// objects is all that an undo of one family takes back. Children shared with another family are not in it.
type objects struct {
	family                                   imported
	adults, links                            []imported
	contacts, children, enrolments, invoices []imported
}

func (o objects) people() []person.ID {
	var ids []person.ID
	for _, list := range [][]imported{o.adults, o.contacts, o.children} {
		for _, i := range list {
			ids = append(ids, person.ID(i.id))
		}
	}
	return ids
}

func (o objects) all() []imported {
	all := append([]imported{o.family}, o.adults...)
	for _, list := range [][]imported{o.links, o.contacts, o.children, o.enrolments, o.invoices} {
		all = append(all, list...)
	}
	return all
}

// familyObjects gathers what the imports of a source made for one family. Keys say whose they are: "F1/1" is an
// adult or a contact of F1, "E1/F1" the link of a child, "E1/…" an enrolment.
func familyObjects(r db.Reader, b Batch, f imported) (objects, error) {
	o := objects{family: f}
	var err error
	list := func(query string, args ...any) []imported {
		if err != nil {
			return nil
		}
		var all []imported
		all, err = db.List(r, scanImported, query, args...)
		return all
	}
	under := func(file, code, object string) []imported {
		return list(`select file, code, object_id from import_source
			where source = $1 and file = $2 and code >= $3 and code < $4 and object = $5`, b.Source, file, code+"/", code+"0", object)
	}
	o.adults = under(familiesFile, f.code, "person")
	o.contacts = under(contactsFile, f.code, "person")
	o.invoices = list(`select s.file, s.code, s.object_id from import_source s join invoice i on i.id = s.object_id
		where s.source = $1 and s.file = $2 and i.family = $3`, b.Source, invoicesFile, f.id)
	o.links = list(`select s.file, s.code, s.object_id from family_member m join import_source s on s.object_id = m.person
		where m.family = $1 and s.source = $2 and s.file = $3 and s.object = 'member'`, f.id, b.Source, childrenFile)
	own := o.links[:0:0]
	for _, l := range o.links {
		code, familyCode, _ := strings.Cut(l.code, "/")
		if familyCode != f.code {
			continue
		}
		own = append(own, l)
		others := list(`select $2, $2, m.id from family_member m where m.person = $1 and m.family <> $3`, l.id, code, f.id)
		if len(others) > 0 {
			continue
		}
		o.children = append(o.children, imported{childrenFile, code, l.id})
		o.enrolments = append(o.enrolments, under(enrolmentsFile, code, "enrolment")...)
	}
	o.links = own
	if err != nil {
		return o, fmt.Errorf("read imported objects: %w", err)
	}
	return o, nil
}

func deleteSources(tx *db.Tx, name string, all []imported) error {
	for _, i := range all {
		if _, err := tx.Exec(`delete from import_source where source = $1 and file = $2 and code = $3`, name, i.file, i.code); err != nil {
			return fmt.Errorf("delete imported keys: %w", err)
		}
	}
	return nil
}

func markUndone(tx *db.Tx, now time.Time, b Batch, whole bool) error {
	if !whole {
		return nil
	}
	_, err := tx.Exec(`update import_batch set undone_at = $2 where id = $1`, b.ID, civil.InstantOf(now))
	return err
}

// countIn counts with a list of ids as the last parameters of a query that ends with "in".
func countIn(r db.Reader, query string, ids []string, args ...any) (int64, error) {
	var total int64
	for len(ids) > 0 {
		n := min(len(ids), 200)
		marks := make([]string, n)
		all := append([]any(nil), args...)
		for i, id := range ids[:n] {
			all = append(all, id)
			marks[i] = "$" + strconv.Itoa(len(all))
		}
		one, err := db.One(r, "count", db.Column[int64], query+` (`+strings.Join(marks, ", ")+`)`, all...)
		if err != nil {
			return 0, err
		}
		total += one
		ids = ids[n:]
	}
	return total, nil
}

func texts(people []person.ID) []string {
	ids := make([]string, len(people))
	for i, p := range people {
		ids[i] = string(p)
	}
	return ids
}

func claimedAccounts(r db.Reader, people []person.ID) (int64, error) {
	return countIn(r, `select count(*) from account where (state <> 'unclaimed' or signed_in_at is not null) and person in`, texts(people))
}

// foreignRows counts the rows of the family that this import did not make.
func foreignRows(r db.Reader, b Batch, o objects) (int64, error) {
	var total int64
	for _, query := range []string{
		`select count(*) from booking where family = $1 and made_at <> $2`,
		`select count(*) from invoice where family = $1 and made_at <> $2`,
		`select count(*) from quotient where family = $1 and made_at <> $2`,
		`select count(*) from custody where (home = $1 or other = $1) and asked_at <> $2`,
	} {
		n, err := db.One(r, "count", db.Column[int64], query, o.family.id, b.StartedAt)
		if err != nil {
			return 0, err
		}
		total += n
	}
	strangers, err := strangersIn(r, o)
	if err != nil {
		return 0, err
	}
	total += strangers
	var children []string
	for _, c := range o.children {
		children = append(children, c.id)
	}
	for _, query := range []string{`select count(*) from enrolment where made_at <> $1 and child in`,
		`select count(*) from booking where made_at <> $1 and child in`} {
		n, err := countIn(r, query, children, b.StartedAt)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// strangersIn counts the members of the family whom no import brought.
func strangersIn(r db.Reader, o objects) (int64, error) {
	ours := map[string]bool{}
	for _, list := range [][]imported{o.adults, o.contacts, o.links} {
		for _, i := range list {
			ours[i.id] = true
		}
	}
	members, err := db.List(r, db.Column[string], `select person from family_member where family = $1`, o.family.id)
	n := int64(0)
	for _, m := range members {
		if !ours[m] {
			n++
		}
	}
	return n, err
}

const changesOf = ` from audit_event where at >= $1 and kind = 'change'
	and not (actor = 'system' and via in ('import', 'import-undo')) and action not like 'admission.%' and `

// changeKinds reads the kinds of object one by one from the index: with them it finds the lines of an id.
const changeKinds = `with recursive kinds (object) as (select min(object) from audit_event union all
	select (select min(object) from audit_event where object > kinds.object) from kinds where kinds.object is not null) `

// changesSince counts the changes that the audit trail tells about the family, its people and their data. Sending
// an activation mail (admission.…) is not one.
func changesSince(r db.Reader, b Batch, o objects) (int64, error) {
	subjects := texts(o.people())
	ids := append([]string{o.family.id}, subjects...)
	for _, list := range [][]imported{o.enrolments, o.invoices} {
		for _, i := range list {
			ids = append(ids, i.id)
		}
	}
	n, err := countIn(r, changeKinds+`select count(*)`+changesOf+`object in (select object from kinds where object is not null) and object_id in`, ids, b.StartedAt)
	if err != nil {
		return 0, err
	}
	m, err := countIn(r, `select count(*)`+changesOf+`subject in`, subjects, b.StartedAt)
	return n + m, err
}
