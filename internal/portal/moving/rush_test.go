package moving

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/portal/moving/movingtest"
)

// filled lists the tables that an import fills, in the order of foreign keys.
var filled = []string{"service", "site", "activity", "unit", "activity_site", "person", "family", "family_service", "family_member", "child",
	"health", "account", "quotient", "enrolment", "booking", "attendance", "invoice", "import_batch", "import_source", "audit_event"}

// TestLargeTown prints the figures of docs/performance.md: peak memory of the importing process, and its rate as a
// share of bare one-row inserts of the very same rows, in as many transactions. Only memory is asserted.
func TestLargeTown(t *testing.T) {
	size := movingtest.Size{Families: 150, Days: 20, FaultsPer1000: 5}
	if os.Getenv("PARVIS_DEEP") != "" {
		size = movingtest.Size{Families: 3000, Days: 70, FaultsPer1000: 5}
	}
	dir := t.TempDir()
	e := movingtest.Make(3, size)
	if err := e.Write(dir, movingtest.Form{Encoding: "windows-1252", Sep: ";", EOL: "\r\n"}); err != nil {
		t.Fatal(err)
	}
	want := e.Expected()
	for _, maker := range databases {
		t.Run(maker.name, func(t *testing.T) {
			database, bare := maker.make(t), maker.make(t)
			var out, bad bytes.Buffer
			c := childImport(database, dir, "")
			c.Stdout, c.Stderr = &out, &bad
			if err := c.Run(); c.ProcessState.ExitCode() != int(SomeRefused) {
				t.Fatalf("import: %v\n%s", err, bad.String())
			}
			var us, kb int64
			if _, err := fmt.Sscanf(out.String(), "took %d\npeak %d", &us, &kb); err != nil {
				t.Fatal(err, out.String())
			}
			d := openPath(t, database)
			defer d.Close()
			if n := count(t, d, `select count(*) from booking`); n != want.Bookings {
				t.Errorf("got %d bookings, want %d", n, want.Bookings)
			}
			took := time.Duration(us) * time.Microsecond
			n, bareTook := insertBare(t, d, bare, want.Families)
			t.Logf("%d families, %d bookings, %d rows: import %v (%.0f rows/s), bare inserts %v (%.0f rows/s), ratio %.2f, peak memory %d MB",
				want.Families, want.Bookings, n, took.Round(time.Millisecond), float64(n)/took.Seconds(), bareTook.Round(time.Millisecond),
				float64(n)/bareTook.Seconds(), bareTook.Seconds()/took.Seconds(), kb/1024)
			if kb > 200*1024 {
				t.Errorf("peak memory %d MB, want 200 at most", kb/1024)
			}
		})
	}
}

// insertBare copies every row that the import made into an empty database, and times the inserts only.
func insertBare(t *testing.T, from *db.DB, database string, transactions int) (rows int, took time.Duration) {
	t.Helper()
	to := openPath(t, database)
	defer to.Close()
	total := 0
	for _, table := range filled {
		total += count(t, from, `select count(*) from `+table)
	}
	each := max(1, total/transactions)
	for _, table := range filled {
		_, err := db.Read(context.Background(), from, func(r db.Reader) (int, error) {
			return 0, copyTable(r, to, table, each, &took)
		})
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
	return total, took
}

func copyTable(r db.Reader, to *db.DB, table string, each int, took *time.Duration) error {
	rows, err := r.Query(`select * from ` + table)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	insert := `insert into ` + table + ` (` + strings.Join(names, ", ") + `) values ` + marks(1, len(names))
	var held [][]any
	flush := func() error {
		start := time.Now()
		err := db.Do(context.Background(), to, func(tx *db.Tx) error {
			for _, args := range held {
				if _, err := tx.Exec(insert, args...); err != nil {
					return err
				}
			}
			return nil
		})
		*took += time.Since(start)
		held = held[:0]
		return err
	}
	for rows.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		if held = append(held, values); len(held) == each {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return flush()
}
