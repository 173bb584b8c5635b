package db

import (
	"strings"
)

// table is one table as both engines describe it.
type table struct {
	Name    string
	Columns []column
}

type column struct {
	Name string
	Kind kind
}

// kind is what a column holds, among the few types that the portable SQL allows.
type kind int

const (
	textKind kind = iota
	integerKind
	booleanKind
	bytesKind
)

func kindOf(declared string) kind {
	switch declared = strings.ToLower(declared); {
	case strings.HasPrefix(declared, "bool"):
		return booleanKind
	case strings.Contains(declared, "int"):
		return integerKind
	case declared == "bytea" || declared == "blob":
		return bytesKind
	}
	return textKind
}

// migrationTable is goose's own; its dates differ between two copies of the same data.
const migrationTable = "goose_db_version"

// The catalogue is one of the few places where the two engines need two texts.
const (
	sqliteColumns = `select m.name, c.name, c.type from sqlite_master m join pragma_table_info(m.name) c
		where m.type = 'table' and m.name not like 'sqlite_%' order by m.name, c.cid`
	postgresColumns = `select c.table_name::text, c.column_name::text, c.data_type::text
		from information_schema.columns c
		join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
		where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
		order by c.table_name collate "C", c.ordinal_position`
)

// tables lists every table but those of the migrations themselves, by name, with its columns by name.
func tables(r Reader, engine Engine) ([]table, error) {
	query := sqliteColumns
	if engine == Postgres {
		query = postgresColumns
	}
	type line struct{ table, column, declared string }
	lines, err := List(r, func(s Scanner) (line, error) {
		var l line
		return l, s.Scan(&l.table, &l.column, &l.declared)
	}, query)
	if err != nil {
		return nil, err
	}
	var all []table
	for _, l := range lines {
		if l.table == migrationTable || l.table == migrationLock {
			continue
		}
		if len(all) == 0 || all[len(all)-1].Name != l.table {
			all = append(all, table{Name: l.table})
		}
		t := &all[len(all)-1]
		t.Columns = append(t.Columns, column{l.column, kindOf(l.declared)})
	}
	for _, t := range all {
		sortColumns(t.Columns)
	}
	return all, nil
}

// versions lists the migrations that the database has, lowest first; none when it was never migrated.
func versions(r Reader, engine Engine) ([]int64, error) {
	exists := `select count(*) from sqlite_master where type = 'table' and name = $1`
	if engine == Postgres {
		exists = `select count(*) from information_schema.tables where table_schema = current_schema() and table_name = $1`
	}
	n, err := One(r, "table", Column[int64], exists, migrationTable)
	if err != nil || n == 0 {
		return nil, err
	}
	return List(r, Column[int64],
		`select distinct version_id from goose_db_version where is_applied = true and version_id > 0 order by version_id`)
}

// quote makes a name from the catalogue safe to write into SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func columnList(columns []column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quote(c.Name)
	}
	return strings.Join(names, ", ")
}
