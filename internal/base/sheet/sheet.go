// Package sheet reads spreadsheets that people send: the workbooks of a tableur (XLSX), row by row, within bounds. It
// gives each cell as text, days as AAAA-MM-JJ whatever their look, and computes no formula: what was last shown is
// what is read. It owns no table and writes no workbook.
package sheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Limits bound what a workbook may unfold to.
type Limits struct {
	Bytes   int64 // of XML, all parts together
	Rows    int   // number of the last row of a sheet
	Columns int
}

// The reasons why a workbook is not read.
var (
	ErrFormat = errors.New("sheet: not a workbook")
	ErrTooBig = errors.New("sheet: beyond the limits")
)

const maxParts = 1000

// Is tells whether a zip archive is a workbook.
func Is(archive *zip.Reader) bool {
	for _, f := range archive.File {
		if f.Name == "xl/workbook.xml" {
			return true
		}
	}
	return false
}

// workbook is one being read.
type workbook struct {
	files  map[string]*zip.File
	limits Limits
	left   int64
	shared []string
	looks  []look // by style number
	from04 bool
}

// Read gives the rows of all sheets in order, cells as text, to row; number is the row's in the sheet, from 1, and
// rows where nothing is said are left out. The cells are valid until the next call.
func Read(archive *zip.Reader, limits Limits, row func(sheet string, number int, cells []string) error) error {
	if len(archive.File) > maxParts {
		return ErrTooBig
	}
	w := &workbook{files: map[string]*zip.File{}, limits: limits, left: limits.Bytes}
	for _, f := range archive.File {
		w.files[f.Name] = f
	}
	sheets, err := w.open()
	if err != nil {
		return err
	}
	for _, s := range sheets {
		if err := w.sheet(s, row); err != nil {
			return err
		}
	}
	return nil
}

// part is one XML file of the archive, counted against the limit.
func (w *workbook) part(name string, token func(d *xml.Decoder, start xml.StartElement) error) error {
	f := w.files[name]
	if f == nil {
		return fmt.Errorf("%w: no %s", ErrFormat, name)
	}
	in, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	defer in.Close()
	d := xml.NewDecoder(&counted{in: in, left: &w.left})
	for {
		t, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if errors.Is(err, ErrTooBig) {
			return ErrTooBig
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrFormat, name, err)
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		if err := token(d, start); err != nil {
			return err
		}
	}
}

// counted stops a part that unfolds beyond what is left.
type counted struct {
	in   io.Reader
	left *int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	if *c.left -= int64(n); *c.left < 0 {
		return 0, ErrTooBig
	}
	return n, err
}

// decode reads an element whole.
func decode(d *xml.Decoder, start xml.StartElement, into any) error {
	err := d.DecodeElement(into, &start)
	if errors.Is(err, ErrTooBig) {
		return ErrTooBig
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return nil
}

type sheetPart struct{ name, path string }

// open reads what all sheets share, and where they are.
func (w *workbook) open() ([]sheetPart, error) {
	targets := map[string]string{}
	err := w.part("xl/_rels/workbook.xml.rels", func(_ *xml.Decoder, start xml.StartElement) error {
		if start.Name.Local == "Relationship" {
			targets[attr(start, "Id")] = attr(start, "Target")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var sheets []sheetPart
	err = w.part("xl/workbook.xml", func(_ *xml.Decoder, start xml.StartElement) error {
		switch start.Name.Local {
		case "workbookPr":
			v := attr(start, "date1904")
			w.from04 = v == "1" || v == "true"
		case "sheet":
			target := targets[attr(start, "id")]
			if !strings.HasPrefix(target, "/") {
				target = "xl/" + target
			}
			sheets = append(sheets, sheetPart{attr(start, "name"), strings.TrimPrefix(path.Clean(target), "/")})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if w.files["xl/styles.xml"] != nil {
		if err := w.styles(); err != nil {
			return nil, err
		}
	}
	if w.files["xl/sharedStrings.xml"] != nil {
		err = w.part("xl/sharedStrings.xml", func(d *xml.Decoder, start xml.StartElement) error {
			if start.Name.Local != "si" {
				return nil
			}
			var s richText
			err := decode(d, start, &s)
			w.shared = append(w.shared, s.String())
			return err
		})
	}
	return sheets, err
}

// richText is a text in one piece or in several with their own looks; how it is pronounced is left out.
type richText struct {
	Text string `xml:"t"`
	Runs []struct {
		Text string `xml:"t"`
	} `xml:"r"`
}

func (r richText) String() string {
	s := r.Text
	for _, run := range r.Runs {
		s += run.Text
	}
	return s
}

// cell is one as the workbook keeps it.
type cell struct {
	Ref    string   `xml:"r,attr"`
	Type   string   `xml:"t,attr"`
	Style  int      `xml:"s,attr"`
	Value  string   `xml:"v"`
	Inline richText `xml:"is"`
}

func (w *workbook) sheet(s sheetPart, row func(sheet string, number int, cells []string) error) error {
	var cells []string
	number, some := 0, false
	flush := func() error {
		if !some {
			return nil
		}
		some = false
		return row(s.name, number, cells)
	}
	err := w.part(s.path, func(d *xml.Decoder, start xml.StartElement) error {
		switch start.Name.Local {
		case "row":
			if err := flush(); err != nil {
				return err
			}
			number++
			if n, err := strconv.Atoi(attr(start, "r")); err == nil && n >= number {
				number = n
			}
			if number > w.limits.Rows {
				return ErrTooBig
			}
			cells = cells[:0]
		case "c":
			var c cell
			if err := decode(d, start, &c); err != nil {
				return err
			}
			at := column(c.Ref)
			if at < 0 {
				at = len(cells)
			}
			if at >= w.limits.Columns {
				if c.Value == "" && c.Inline.String() == "" {
					return nil // only coloured
				}
				return ErrTooBig
			}
			for len(cells) <= at {
				cells = append(cells, "")
			}
			cells[at] = w.text(c)
			some = some || cells[at] != ""
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// text is what a cell says.
func (w *workbook) text(c cell) string {
	switch c.Type {
	case "s":
		if i, err := strconv.Atoi(c.Value); err == nil && i >= 0 && i < len(w.shared) {
			return w.shared[i]
		}
		return ""
	case "inlineStr":
		return c.Inline.String()
	case "str", "b", "d":
		return c.Value
	case "e":
		return "" // #N/A and the like say nothing
	}
	if c.Value == "" {
		return ""
	}
	l := look{}
	if c.Style >= 0 && c.Style < len(w.looks) {
		l = w.looks[c.Style]
	}
	return l.number(c.Value, w.from04)
}

// column is the place of "AB12", -1 when it cannot be read.
func column(ref string) int {
	n := 0
	for i, c := range ref {
		if c < 'A' || c > 'Z' {
			if i == 0 {
				return -1
			}
			break
		}
		if n = n*26 + int(c-'A') + 1; n > 1<<20 {
			return n
		}
	}
	return n - 1
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
