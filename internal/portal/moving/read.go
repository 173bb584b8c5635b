package moving

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read as one value. Beyond them a line is refused, never kept in memory.
const (
	maxPhysical = 256 << 10 // bytes of a physical line
	maxRecord   = 256 << 10 // bytes of a record over several lines
	maxSpan     = 60        // physical lines of a record: beyond, a quote was never closed
	maxCell     = 4000      // characters of a cell
)

// row is one record of a file. Fault says why it cannot be read; its cells are then empty.
type row struct {
	line  int
	cells []string // in the layout's order
	fault string
	short bool     // fewer cells than the header
	parts []string // of a line that cannot be read, what stands between its separators: its code is among them
}

// sheet reads the records of one file in order, keeping one record in memory.
type sheet struct {
	layout  layout
	file    io.ReadSeekCloser
	in      *bufio.Reader
	enc     encoding
	sep     byte
	at      []int // position in a record → column of the layout, or -1
	line    int   // number of the last physical line read
	waiting []physical
	head    []byte // the header's line
	spare   []string
}

// physical is a line of the file as it stands, without its end.
type physical struct {
	number int
	bytes  []byte
	long   bool
}

// opener gives a file of an export; fs.ErrNotExist when it is absent.
type opener func(name string) (io.ReadSeekCloser, error)

// openSheet opens a file of the export and reads its header. Problems tell why
// it cannot be read, or which known columns are absent; the sheet is nil when it cannot be read.
func openSheet(open opener, l layout) (*sheet, []Problem, error) {
	f, err := open(l.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, []Problem{{File: l.file, Gravity: Refused, Sentence: "Ce fichier manque dans le dossier de l’export."}}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", l.file, err)
	}
	s := &sheet{layout: l, file: f}
	problems, err := s.start()
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("read %s: %w", l.file, err)
	}
	for _, p := range problems {
		if p.Gravity == Refused {
			f.Close()
			return nil, problems, nil
		}
	}
	return s, problems, nil
}

// folderOf opens the files of a folder, whatever the case of their names.
func folderOf(dir string) opener {
	return func(name string) (io.ReadSeekCloser, error) {
		path, err := findFile(dir, name)
		if err != nil {
			return nil, err
		}
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return nil, cmp.Or(err, error(fs.ErrNotExist))
		}
		return os.Open(path)
	}
}

func findFile(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	_, err := os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	entries, readErr := os.ReadDir(dir)
	if readErr != nil {
		return "", readErr
	}
	for _, e := range entries {
		if strings.EqualFold(e.Name(), name) {
			return filepath.Join(dir, e.Name()), nil
		}
	}
	return "", err
}

// close ends the reading.
func (s *sheet) close() { s.file.Close() }

func (s *sheet) start() ([]Problem, error) {
	enc, err := detect(s.file)
	if errors.Is(err, errUnreadable) {
		_, why, _ := strings.Cut(err.Error(), ": ")
		return []Problem{s.whole("Ce fichier ne peut pas être lu : " + why + ".")}, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	s.enc, s.in = enc, bufio.NewReaderSize(s.file, 16<<10)
	if enc.bom {
		if _, err := s.in.Discard(3); err != nil {
			return nil, err
		}
	}
	first, err := s.nextPhysical()
	for err == nil && (blank(first.bytes, ';') || bytes.HasPrefix(bytes.ToLower(first.bytes), []byte("sep="))) {
		first, err = s.nextPhysical() // blank lines, or what Excel writes to tell the separator
	}
	if err == io.EOF {
		return []Problem{s.whole("Ce fichier est vide : sa première ligne doit donner le nom des colonnes.")}, nil
	}
	if err != nil {
		return nil, err
	}
	s.head = bytes.Clone(first.bytes)
	return s.readHeader(first), nil
}

func (s *sheet) whole(sentence string) Problem {
	return Problem{File: s.layout.file, Gravity: Refused, Sentence: sentence}
}

// readHeader chooses the separator that finds most known columns, and places them.
func (s *sheet) readHeader(first physical) []Problem {
	best := -1
	var names []string
	seps := []byte{';', '\t', ','}
	if s.layout.placed != nil {
		seps = []byte{s.layout.sep}
	}
	for _, sep := range seps {
		cells, _, _ := split(first.bytes, sep, nil)
		known, texts := 0, make([]string, len(cells))
		for i, c := range cells {
			texts[i] = s.enc.text(c)
			if s.layout.find(heading(texts[i])) >= 0 {
				known++
			}
		}
		if known > best {
			best, s.sep, names = known, sep, texts
		}
	}
	var problems []Problem
	add := func(field string, g Gravity, sentence string) {
		problems = append(problems, Problem{File: s.layout.file, Line: first.number, Field: field, Gravity: g, Sentence: sentence})
	}
	seen := make([]bool, len(s.layout.columns))
	for place, name := range names {
		i := s.layout.find(heading(name))
		if s.layout.placed != nil && place < len(s.layout.placed) {
			i = s.layout.placed[place]
		}
		switch {
		case i < 0 && name != "":
			add(clip(name), Doubt, "Cette colonne est inconnue : elle n’est pas reprise.")
		case i >= 0 && seen[i]:
			add(s.layout.columns[i].name, Refused, "Cette colonne est donnée deux fois : gardez celle qui compte.")
			i = -1
		case i >= 0:
			seen[i] = true
		}
		s.at = append(s.at, i)
	}
	for i, c := range s.layout.columns {
		switch {
		case !seen[i] && c.required:
			add(c.name, Refused, "Cette colonne manque : le fichier ne peut pas être repris sans elle.")
		case !seen[i]:
			add(c.name, Doubt, "Cette colonne manque : elle est reprise comme vide.")
		}
	}
	return problems
}

// next reads the following record; false at the end of the file. The cells are valid until the next call.
func (s *sheet) next() (row, bool, error) {
	for {
		first, err := s.nextPhysical()
		if err == io.EOF {
			return row{}, false, nil
		}
		if err != nil {
			return row{}, false, fmt.Errorf("read %s: %w", s.layout.file, err)
		}
		if blank(first.bytes, s.sep) && !first.long {
			continue
		}
		r, err := s.assemble(first)
		return r, true, err
	}
}

// assemble completes a record whose quoted cell goes on over the following lines. When no end is found within
// the bounds, or what is found makes no record, only the first line is refused and reading goes on after it.
func (s *sheet) assemble(first physical) (row, error) {
	r := row{line: first.number}
	if first.long {
		r.parts = s.parts(first.bytes)
		r.fault = "Cette ligne est trop longue pour être lue."
		return r, nil
	}
	record, followers := first.bytes, []physical(nil)
	for {
		cells, open, wrong := split(record, s.sep, nil)
		if !open {
			several := len(followers) > 0
			if wrong || (several && len(cells) != len(s.at)) {
				s.unread(followers)
				r.parts = s.parts(first.bytes)
				r.fault = "Les guillemets de cette ligne sont mal placés : elle ne peut pas être lue."
				return r, nil
			}
			s.place(&r, cells)
			return r, nil
		}
		next, err := s.nextPhysical()
		if err != nil && err != io.EOF {
			return r, fmt.Errorf("read %s: %w", s.layout.file, err)
		}
		if err == nil {
			followers = append(followers, next)
		}
		if err == io.EOF || next.long || len(followers) >= maxSpan || len(record)+len(next.bytes) > maxRecord {
			s.unread(followers)
			r.parts = s.parts(first.bytes)
			r.fault = "Un guillemet ouvert sur cette ligne n’est jamais refermé : elle ne peut pas être lue."
			return r, nil
		}
		record = append(append(bytes.Clone(record), '\n'), next.bytes...)
	}
}

const maxParts = 2000 // bytes of an unreadable line that are searched for its code

func (s *sheet) parts(line []byte) []string {
	var all []string
	for _, p := range bytes.Split(line[:min(len(line), maxParts)], []byte{s.sep}) {
		if text := strings.Trim(s.enc.text(p), `" `); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// place puts a record's cells under the layout's columns.
func (s *sheet) place(r *row, cells [][]byte) {
	if cap(s.spare) < len(s.layout.columns) {
		s.spare = make([]string, len(s.layout.columns))
	}
	r.cells = s.spare[:len(s.layout.columns)]
	clear(r.cells)
	r.short = len(cells) < len(s.at)
	for i, c := range cells {
		if i >= len(s.at) {
			if len(bytes.TrimSpace(c)) > 0 {
				r.fault = fmt.Sprintf("Cette ligne compte %d valeurs, l’en-tête annonce %d colonnes.", len(cells), len(s.at))
			}
			continue
		}
		if s.at[i] < 0 {
			continue
		}
		text := s.enc.text(c)
		if utf8.RuneCountInString(text) > maxCell {
			r.fault = "La valeur de la colonne " + s.layout.columns[s.at[i]].name + " est trop longue pour être lue."
			continue
		}
		r.cells[s.at[i]] = text
	}
}

func (s *sheet) unread(lines []physical) { s.waiting = append(lines, s.waiting...) }

// nextPhysical reads a line up to its end; what exceeds maxPhysical is skipped and told by long.
func (s *sheet) nextPhysical() (physical, error) {
	if len(s.waiting) > 0 {
		p := s.waiting[0]
		s.waiting = s.waiting[1:]
		return p, nil
	}
	end := byte('\n')
	if s.enc.crOnly {
		end = '\r'
	}
	var p physical
	for {
		piece, err := s.in.ReadSlice(end)
		if len(p.bytes)+len(piece) > maxPhysical {
			p.long, p.bytes = true, p.bytes[:min(len(p.bytes), maxParts)]
		}
		if !p.long {
			p.bytes = append(p.bytes, piece...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF && (len(p.bytes) > 0 || p.long) {
			err = nil
		}
		if err != nil {
			return p, err
		}
		break
	}
	s.line++
	p.number = s.line
	p.bytes = bytes.TrimSuffix(bytes.TrimSuffix(p.bytes, []byte{end}), []byte{'\r'})
	return p, nil
}

// split cuts a record at its separators. A cell that begins with a quote ends with the next lone one, two in a
// row being one; open tells that none was found, wrong that something stands between it and the separator.
func split(record []byte, sep byte, cells [][]byte) (_ [][]byte, open, wrong bool) {
	for {
		body := bytes.TrimLeft(record, " ")
		if len(body) == 0 || body[0] != '"' {
			i := bytes.IndexByte(record, sep)
			if i < 0 {
				return append(cells, record), false, wrong
			}
			cells, record = append(cells, record[:i]), record[i+1:]
			continue
		}
		cell, rest, closed := unquote(body[1:])
		if !closed {
			return cells, true, wrong
		}
		cells = append(cells, cell)
		i := bytes.IndexByte(rest, sep)
		if i < 0 {
			return cells, false, wrong || len(bytes.TrimSpace(rest)) > 0
		}
		wrong = wrong || len(bytes.TrimSpace(rest[:i])) > 0
		record = rest[i+1:]
	}
}

func unquote(b []byte) (cell, rest []byte, closed bool) {
	first := bytes.IndexByte(b, '"')
	if first >= 0 && (first+1 == len(b) || b[first+1] != '"') {
		return b[:first], b[first+1:], true
	}
	for i := 0; i < len(b); i++ {
		if b[i] != '"' {
			cell = append(cell, b[i])
			continue
		}
		if i+1 < len(b) && b[i+1] == '"' {
			cell = append(cell, '"')
			i++
			continue
		}
		return cell, b[i+1:], true
	}
	return nil, nil, false
}

// blank tells a line without any value, such as a spreadsheet leaves at the end.
func blank(line []byte, sep byte) bool {
	return len(bytes.Trim(line, " \t\r\"\x00"+string(rune(sep)))) == 0
}

// clip shortens a value quoted in a sentence.
func clip(s string) string {
	r := []rune(s)
	if len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
