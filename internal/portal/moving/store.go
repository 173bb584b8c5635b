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

// source is what one line of an export became.
type source struct {
	file, code string
	object     string // family, person, child, member, enrolment, invoice
	id         string
	content    uint64
}

// known is the object of a key that was imported before.
type known struct {
	id      string
	content uint64
	batch   string
}

// knownSources reads all that an old portal's imports made so far, by file and code.
func knownSources(r db.Reader, name string) (map[string]known, error) {
	rows, err := r.Query(`select file, code, object_id, content, batch from import_source where source = $1`, name)
	if err != nil {
		return nil, fmt.Errorf("read imported keys: %w", err)
	}
	defer rows.Close()
	all := map[string]known{}
	batches := map[string]string{}
	for rows.Next() {
		var file, code string
		var k known
		var content int64
		if err := rows.Scan(&file, &code, &k.id, &content, &k.batch); err != nil {
			return nil, err
		}
		if same, ok := batches[k.batch]; ok {
			k.batch = same
		} else {
			batches[k.batch] = k.batch
		}
		k.content = uint64(content)
		all[sourceKey(file, code)] = k
	}
	return all, rows.Err()
}

func sourceKey(file, code string) string { return file + "\x1f" + code }

const sourcesAStatement = 50

func insertSources(tx *db.Tx, name, batch string, all []source) error {
	for len(all) > 0 {
		n := min(len(all), sourcesAStatement)
		args := make([]any, 0, n*7)
		for _, s := range all[:n] {
			args = append(args, name, s.file, s.code, batch, s.object, s.id, int64(s.content))
		}
		if _, err := tx.Exec(`insert into import_source (source, file, code, batch, object, object_id, content) values `+
			marks(n, 7), args...); err != nil {
			return fmt.Errorf("insert imported keys: %w", err)
		}
		all = all[n:]
	}
	return nil
}

// marks is "($1, $2), ($3, $4)" for n rows of width columns.
func marks(n, width int) string {
	var b strings.Builder
	for i := range n * width {
		switch {
		case i == 0:
			b.WriteString("($")
		case i%width == 0:
			b.WriteString("), ($")
		default:
			b.WriteString(", $")
		}
		b.WriteString(strconv.Itoa(i + 1))
	}
	return b.String() + ")"
}

func insertBatch(tx *db.Tx, now time.Time, id, name string) error {
	_, err := tx.Exec(`insert into import_batch (id, source, started_at) values ($1, $2, $3) on conflict (id) do nothing`,
		id, name, civil.InstantOf(now))
	return err
}

func finishBatch(tx *db.Tx, now time.Time, id string) error {
	_, err := tx.Exec(`update import_batch set finished_at = $2 where id = $1`, id, civil.InstantOf(now))
	return err
}

// stored is a booking as it stands.
type stored struct {
	child, unit, family string
	day                 civil.Date
	state, attendance   string
}

// storedBookings reads the bookings of some children, whoever asked for them.
func storedBookings(r db.Reader, children []string) ([]stored, error) {
	var all []stored
	for _, child := range children {
		some, err := db.List(r, func(s db.Scanner) (stored, error) {
			var b stored
			err := s.Scan(&b.child, &b.unit, &b.day, &b.family, &b.state, &b.attendance)
			return b, err
		}, `select b.child, b.unit, b.day, b.family, b.state, coalesce(a.state, '')
			from booking b left join attendance a on a.child = b.child and a.day = b.day and a.unit = b.unit
			where b.child = $1`, child)
		if err != nil {
			return nil, fmt.Errorf("read bookings: %w", err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// people reads the names and birth days that the town knows, for likely doubles: folded name and day → true.
func people(r db.Reader) (map[string]bool, error) {
	rows, err := r.Query(`select last_name, first_names, birth_day from person where birth_day is not null`)
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var last, first string
		var day civil.Date
		if err := rows.Scan(&last, &first, &day); err != nil {
			return nil, err
		}
		all[personKey(last, first, day)] = true
	}
	return all, rows.Err()
}

func personKey(last, first string, day civil.Date) string {
	return person.Fold(last) + "|" + person.Fold(first) + "|" + day.String()
}

// unitKey is an activity and one of its units, by their folded names.
type unitKey struct{ activity, unit string }

type unitIDs struct{ activity, unit string }

func storedUnits(r db.Reader) (map[unitKey]unitIDs, error) {
	rows, err := r.Query(`select a.folded, u.folded, a.id, u.id from activity a join unit u on u.activity = a.id`)
	if err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	defer rows.Close()
	all := map[unitKey]unitIDs{}
	for rows.Next() {
		var k unitKey
		var ids unitIDs
		if err := rows.Scan(&k.activity, &k.unit, &ids.activity, &ids.unit); err != nil {
			return nil, err
		}
		all[k] = ids
	}
	return all, rows.Err()
}
