// Package sheet reads spreadsheets that people send: the workbooks of a tableur (XLSX), row by row, within bounds. It
// gives each cell as text, days as AAAA-MM-JJ whatever their look, and computes no formula: what was last shown is
// what is read. It owns no table and writes no workbook.
package sheet

import (
	"archive/zip"
	"context"
	"encoding/xml"
	"errors"
	"path"
	"strconv"
	"strings"
)

// Limits bound what a workbook may unfold to.
type Limits struct {
	Bytes    int64 // of XML, all parts together
	Free     int64 // that a part may unfold to whatever its size in the archive
	Ratio    int64 // times its size in the archive that a part may unfold to beyond Free; 0 for any
	Elements int   // of XML, all parts together
	Shared   int   // bytes in memory of the texts that cells share
	Rows     int   // number of the last row of a sheet where something is said
	Columns  int
}

// What no honest workbook goes beyond, whatever the limits.
const (
	MaxCell = 32_767  // characters of a cell, the format's own bound
	MaxRow  = 1 << 20 // bytes of the cells of a row

	maxParts  = 1000
	maxSheets = 255
	lastRow   = 1 << 20   // the format's own bound
	maxRuns   = 4096      // pieces of a text
	maxLooks  = 1 << 16   // formats, or styles
	maxDepth  = 32        // of elements within elements
	maxToken  = 512 << 10 // bytes of a tag, or of a text between two
)

// The reasons why a workbook is not read.
var (
	ErrFormat   = errors.New("sheet: not a workbook")
	ErrTooBig   = errors.New("sheet: beyond the limits")
	ErrLongCell = errors.New("sheet: a cell of more characters than a workbook can hold")
	ErrRatio    = errors.New("sheet: packed beyond what is honest")
)

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
	ctx      context.Context
	files    map[string]*zip.File
	limits   Limits
	left     int64
	elements int
	shared   []string
	looks    []look // by style number
	from04   bool
}

// Read gives the rows of all sheets in order, cells as text, to row; number is the row's in the sheet, from 1, and
// rows where nothing is said are left out. The cells are valid until the next call. It stops with the context's error
// once that is done. It gives how many bytes of XML it has unfolded, also when it fails.
func Read(ctx context.Context, archive *zip.Reader, limits Limits, row func(sheet string, number int, cells []string) error) (int64, error) {
	if len(archive.File) > maxParts {
		return 0, ErrTooBig
	}
	w := &workbook{ctx: ctx, files: map[string]*zip.File{}, limits: limits, left: limits.Bytes}
	for _, f := range archive.File {
		w.files[f.Name] = f
	}
	err := w.read(row)
	return limits.Bytes - max(w.left, 0), err
}

func (w *workbook) read(row func(sheet string, number int, cells []string) error) error {
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

type sheetPart struct{ name, path string }

// open reads what all sheets share, and where they are.
func (w *workbook) open() ([]sheetPart, error) {
	targets := map[string]string{}
	err := w.part("xl/_rels/workbook.xml.rels", func(_ *parser, start xml.StartElement) error {
		if start.Name.Local == "Relationship" {
			if len(targets) == maxParts {
				return ErrTooBig
			}
			targets[attr(start, "Id")] = attr(start, "Target")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var sheets []sheetPart
	err = w.part("xl/workbook.xml", func(_ *parser, start xml.StartElement) error {
		switch start.Name.Local {
		case "workbookPr":
			v := attr(start, "date1904")
			w.from04 = v == "1" || v == "true"
		case "sheet":
			if len(sheets) == maxSheets {
				return ErrTooBig
			}
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
		err = w.strings()
	}
	return sheets, err
}

// perText is what a text takes in memory beside its bytes.
const perText = 16

// strings reads the texts that cells share.
func (w *workbook) strings() error {
	total := 0
	return w.part("xl/sharedStrings.xml", func(p *parser, start xml.StartElement) error {
		if start.Name.Local != "si" {
			return nil
		}
		s, err := p.rich()
		if err != nil {
			return err
		}
		if total += len(s) + perText; total > w.limits.Shared {
			return ErrTooBig
		}
		w.shared = append(w.shared, s)
		return nil
	})
}

// cell is one as the workbook keeps it.
type cell struct {
	ref, kind     string
	style         int
	value, inline string
}

// cell reads one; its formula and what else it holds is left out.
func (p *parser) cell(start xml.StartElement) (cell, error) {
	c := cell{ref: attr(start, "r"), kind: attr(start, "t")}
	c.style, _ = strconv.Atoi(attr(start, "s")) // the first when absent
	err := p.children(func(child xml.StartElement) (err error) {
		switch child.Name.Local {
		case "v":
			c.value, err = p.text()
		case "is":
			c.inline, err = p.rich()
		}
		return err
	})
	return c, err
}

func (w *workbook) sheet(s sheetPart, row func(sheet string, number int, cells []string) error) error {
	var cells []string
	number, size, some := 0, 0, false
	flush := func() error {
		if !some {
			return nil
		}
		some = false
		return row(s.name, number, cells)
	}
	err := w.part(s.path, func(p *parser, start xml.StartElement) error {
		switch start.Name.Local {
		case "row":
			if err := flush(); err != nil {
				return err
			}
			number++
			if n, err := strconv.Atoi(attr(start, "r")); err == nil && n >= number {
				number = n
			}
			if number > lastRow {
				return ErrTooBig
			}
			cells, size = cells[:0], 0
		case "c":
			c, err := p.cell(start)
			if err != nil {
				return err
			}
			at := column(c.ref)
			if at < 0 {
				at = len(cells)
			}
			if at >= w.limits.Columns || number > w.limits.Rows {
				if c.value == "" && c.inline == "" {
					return nil // only coloured
				}
				return ErrTooBig
			}
			text := w.text(c)
			if size += len(text); size > MaxRow {
				return ErrTooBig
			}
			for len(cells) <= at {
				cells = append(cells, "")
			}
			cells[at] = text
			some = some || text != ""
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
	switch c.kind {
	case "s":
		if i, err := strconv.Atoi(c.value); err == nil && i >= 0 && i < len(w.shared) {
			return w.shared[i]
		}
		return ""
	case "inlineStr":
		return c.inline
	case "str", "b", "d":
		return c.value
	case "e":
		return "" // #N/A and the like say nothing
	}
	if c.value == "" {
		return ""
	}
	l := look{}
	if c.style >= 0 && c.style < len(w.looks) {
		l = w.looks[c.style]
	}
	return l.number(c.value, w.from04)
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
