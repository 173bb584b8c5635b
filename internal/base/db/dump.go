package db

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
)

// A dump is lines of JSON: a header, then for each table its name and columns followed by its rows as arrays,
// then an end that carries the digest of all lines before it. It does not hold the schema: Load wants a database
// migrated exactly as far.
type dumpLine struct {
	Parvis     int      `json:"parvis,omitempty"` // format, in the header
	Migrations []int64  `json:"migrations,omitempty"`
	Table      string   `json:"table,omitempty"`
	Columns    []string `json:"columns,omitempty"`
	End        string   `json:"end,omitempty"`
}

const dumpFormat = 1

// Errors of Load about the stream or the database it is loaded into.
var (
	ErrDamaged  = errors.New("the dump is damaged or cut short")
	ErrNotEmpty = errors.New("the database to load into holds rows already")
	ErrSchema   = errors.New("the dump and the database are not migrated alike")
)

// Dump writes every row of every table to w, on one snapshot, while writing goes on.
func Dump(ctx context.Context, d *DB, w io.Writer) error {
	_, err := Read(ctx, d, func(r Reader) (struct{}, error) { return struct{}{}, dump(r, d.engine, w) })
	return err
}

func dump(r Reader, engine Engine, w io.Writer) error {
	out := &lineWriter{w: bufio.NewWriterSize(w, 1<<16), sum: sha256.New()}
	applied, err := versions(r, engine)
	if err != nil {
		return fmt.Errorf("read applied migrations: %w", err)
	}
	all, err := tables(r, engine)
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	out.json(dumpLine{Parvis: dumpFormat, Migrations: applied})
	for _, t := range all {
		names := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			names[i] = c.Name
		}
		out.json(dumpLine{Table: t.Name, Columns: names})
		if err := eachRow(r, t, out.line); err != nil {
			return err
		}
	}
	out.json(dumpLine{End: hex.EncodeToString(out.sum.Sum(nil))})
	if out.err != nil {
		return fmt.Errorf("write dump: %w", out.err)
	}
	if err := out.w.Flush(); err != nil {
		return fmt.Errorf("write dump: %w", err)
	}
	return nil
}

// lineWriter writes lines and keeps their digest and the first error.
type lineWriter struct {
	w   *bufio.Writer
	sum hash.Hash
	err error
}

func (o *lineWriter) line(line []byte) error {
	if o.err == nil {
		o.sum.Write(line)
		o.sum.Write([]byte{'\n'})
		_, _ = o.w.Write(line)
		o.err = o.w.WriteByte('\n')
	}
	return o.err
}

func (o *lineWriter) json(l dumpLine) {
	text, err := json.Marshal(l)
	if err != nil {
		o.err = err
		return
	}
	_ = o.line(text)
}

// Load fills a migrated, empty database from a dump of either engine, all or nothing. Nobody else may use the
// database meanwhile.
func Load(ctx context.Context, d *DB, r io.Reader) error {
	pool, err := d.openAside()
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	defer pool.Close()
	t, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("load: %w", friendly(err))
	}
	defer t.Rollback()
	l := &loader{tx: newTx(ctx, t), engine: d.engine, in: bufio.NewReaderSize(r, 1<<16), sum: sha256.New()}
	defer l.tx.end()
	if err := l.load(); err != nil {
		return fmt.Errorf("load: %w", friendly(err))
	}
	l.tx.end()
	if err := t.Commit(); err != nil {
		return fmt.Errorf("load: commit: %w", friendly(err))
	}
	return nil
}

// Copy loads what from holds into to, which must be migrated alike and empty; the engines may differ.
func Copy(ctx context.Context, from, to *DB) error {
	r, w := io.Pipe()
	dumped := make(chan error, 1)
	go func() {
		err := Dump(ctx, from, w)
		w.CloseWithError(err)
		dumped <- err
	}()
	err := Load(ctx, to, r)
	r.CloseWithError(errors.New("loading ended"))
	if dumpErr := <-dumped; err == nil {
		err = dumpErr
	}
	return err
}

type loader struct {
	tx     *Tx
	engine Engine
	in     *bufio.Reader
	sum    hash.Hash
	tables map[string]table
	target table // being filled
	values []any
	rows   int
}

func (l *loader) load() error {
	if err := l.header(); err != nil {
		return err
	}
	restore, err := l.liftForeignKeys()
	if err != nil {
		return err
	}
	for {
		before := hex.EncodeToString(l.sum.Sum(nil))
		line, err := l.next()
		if err != nil {
			return err
		}
		if line[0] == '[' {
			if err := l.row(line); err != nil {
				return err
			}
			continue
		}
		if err := l.flush(); err != nil {
			return err
		}
		var head dumpLine
		if err := json.Unmarshal(line, &head); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if head.End != "" {
			if head.End != before {
				return ErrDamaged
			}
			return restore()
		}
		if err := l.begin(head); err != nil {
			return err
		}
	}
}

// next reads one line, however long, without its end.
func (l *loader) next() ([]byte, error) {
	line, err := l.in.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err != nil || len(line) < 2 {
		return nil, ErrDamaged
	}
	l.sum.Write(line)
	return bytes.TrimSuffix(line, []byte{'\n'}), nil
}

// header checks that the dump fits the database.
func (l *loader) header() error {
	line, err := l.next()
	if err != nil {
		return err
	}
	var head dumpLine
	if err := json.Unmarshal(line, &head); err != nil || head.Parvis == 0 {
		return ErrDamaged
	}
	applied, err := versions(l.tx, l.engine)
	if err != nil {
		return err
	}
	if head.Parvis != dumpFormat || !slices.Equal(applied, head.Migrations) {
		return fmt.Errorf("%w: dump has %v, database has %v", ErrSchema, head.Migrations, applied)
	}
	all, err := tables(l.tx, l.engine)
	if err != nil {
		return err
	}
	l.tables = map[string]table{}
	for _, t := range all {
		n, err := One(l.tx, "count", Column[int64], "select count(*) from "+quote(t.Name))
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%w: table %s", ErrNotEmpty, t.Name)
		}
		l.tables[t.Name] = t
	}
	return nil
}

// begin turns to the next table of the dump.
func (l *loader) begin(head dumpLine) error {
	t, ok := l.tables[head.Table]
	if !ok {
		return fmt.Errorf("%w: no table %q", ErrSchema, head.Table)
	}
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	if !slices.Equal(names, head.Columns) {
		return fmt.Errorf("%w: columns of %s", ErrSchema, t.Name)
	}
	l.target = t
	return nil
}

const loadRows = 100 // rows an insert

func (l *loader) row(line []byte) error {
	var cells []json.RawMessage
	if err := json.Unmarshal(line, &cells); err != nil || len(cells) != len(l.target.Columns) {
		return fmt.Errorf("%w: a row of %s", ErrDamaged, l.target.Name)
	}
	for i, c := range l.target.Columns {
		v, err := parseCell(c.Kind, cells[i])
		if err != nil {
			return fmt.Errorf("%w: %s.%s: %w", ErrDamaged, l.target.Name, c.Name, err)
		}
		l.values = append(l.values, v)
	}
	if l.rows++; l.rows == loadRows {
		return l.flush()
	}
	return nil
}

// flush inserts the rows read so far.
func (l *loader) flush() error {
	if l.rows == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "insert into %s (%s) values ", quote(l.target.Name), columnList(l.target.Columns))
	for i := range l.values {
		switch {
		case i%len(l.target.Columns) != 0:
			b.WriteString(", ")
		case i == 0:
			b.WriteString("(")
		default:
			b.WriteString("), (")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteString(")")
	if _, err := l.tx.Exec(b.String(), l.values...); err != nil {
		return fmt.Errorf("fill %s: %w", l.target.Name, err)
	}
	l.values, l.rows = l.values[:0], 0
	return nil
}

// liftForeignKeys lets tables be filled in any order; the function it returns puts the keys back, checked.
func (l *loader) liftForeignKeys() (func() error, error) {
	if l.engine == SQLite {
		// The commit checks them.
		_, err := l.tx.Exec(`pragma defer_foreign_keys = on`)
		return func() error { return nil }, err
	}
	type key struct{ name, table, definition string }
	keys, err := List(l.tx, func(s Scanner) (key, error) {
		var k key
		return k, s.Scan(&k.name, &k.table, &k.definition)
	}, `select k.conname::text, c.relname::text, pg_get_constraintdef(k.oid)
		from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
		where k.contype = 'f' and n.nspname = current_schema() order by c.relname, k.conname`)
	if err != nil {
		return nil, fmt.Errorf("list foreign keys: %w", err)
	}
	for _, k := range keys {
		if _, err := l.tx.Exec("alter table " + quote(k.table) + " drop constraint " + quote(k.name)); err != nil {
			return nil, fmt.Errorf("lift foreign key %s: %w", k.name, err)
		}
	}
	return func() error {
		for _, k := range keys {
			_, err := l.tx.Exec("alter table " + quote(k.table) + " add constraint " + quote(k.name) + " " + k.definition)
			if err != nil {
				return fmt.Errorf("put back foreign key %s: %w", k.name, err)
			}
		}
		return nil
	}, nil
}
