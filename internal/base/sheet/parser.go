package sheet

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// parser reads one part of a workbook, element by element: no text, tag or depth of it is kept before it is bounded.
type parser struct {
	w       *workbook
	d       *xml.Decoder
	in      *bounded
	depth   int
	content []byte // of the text being read
	length  int    // of it, in characters: counting them anew at each piece would take the square of the time
}

// part gives the elements of one XML file of the archive. What element reads itself is not given again.
func (w *workbook) part(name string, element func(p *parser, start xml.StartElement) error) error {
	f := w.files[name]
	if f == nil {
		return fmt.Errorf("%w: no %s", ErrFormat, name)
	}
	in, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	defer in.Close()
	own := w.limits.Bytes // beyond it the ratio bounds nothing, and must not overflow
	if w.limits.Ratio > 0 && f.CompressedSize64 < uint64(w.limits.Bytes/w.limits.Ratio) {
		own = w.limits.Free + w.limits.Ratio*int64(f.CompressedSize64)
	}
	b := &bounded{in: bufio.NewReaderSize(&counted{ctx: w.ctx, in: in, left: &w.left, own: own}, 32<<10)}
	p := &parser{w: w, d: xml.NewDecoder(b), in: b}
	for {
		t, err := p.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if start, ok := t.(xml.StartElement); ok {
			if err := element(p, start); err != nil {
				return err
			}
		}
	}
}

// next gives a token, io.EOF after the last.
func (p *parser) next() (xml.Token, error) {
	p.in.token = 0
	t, err := p.d.Token()
	if err == io.EOF {
		return nil, err
	}
	if err != nil {
		for _, known := range []error{ErrTooBig, ErrRatio, context.Canceled, context.DeadlineExceeded} {
			if errors.Is(err, known) {
				return nil, err
			}
		}
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	switch t.(type) {
	case xml.StartElement:
		p.w.elements++
		if p.depth++; p.depth > maxDepth || p.w.elements > p.w.limits.Elements {
			return nil, ErrTooBig
		}
	case xml.EndElement:
		p.depth--
	}
	return t, nil
}

// children gives the elements right below the one just begun, and reads it to its end.
func (p *parser) children(child func(start xml.StartElement) error) error {
	for own := p.depth; p.depth >= own; {
		t, err := p.next()
		if err != nil {
			return err
		}
		if start, ok := t.(xml.StartElement); ok && p.depth == own+1 {
			if err := child(start); err != nil {
				return err
			}
		}
	}
	return nil
}

// text reads the text of the element just begun to its end.
func (p *parser) text() (string, error) {
	p.content, p.length = p.content[:0], 0
	err := p.more()
	return string(p.content), err
}

// more reads a text as text does, after what has been read.
func (p *parser) more() error {
	for own := p.depth; p.depth >= own; {
		t, err := p.next()
		if errors.Is(err, errToken) {
			return ErrLongCell
		}
		if err != nil {
			return err
		}
		if piece, ok := t.(xml.CharData); ok && p.depth == own {
			if p.length += utf8.RuneCount(piece); p.length > MaxCell {
				return ErrLongCell
			}
			p.content = append(p.content, piece...)
		}
	}
	return nil
}

// rich reads a text in one piece or in several with their own looks; how it is pronounced is left out.
func (p *parser) rich() (string, error) {
	p.content, p.length = p.content[:0], 0
	runs := 0
	err := p.children(func(start xml.StartElement) error {
		switch start.Name.Local {
		case "t":
			return p.more()
		case "r":
			if runs++; runs > maxRuns {
				return ErrTooBig
			}
			return p.children(func(start xml.StartElement) error {
				if start.Name.Local == "t" {
					return p.more()
				}
				return nil
			})
		}
		return nil
	})
	return string(p.content), err
}

var errToken = fmt.Errorf("%w: a tag or a text", ErrTooBig)

// bounded stops at a token that is too long.
type bounded struct {
	in    *bufio.Reader
	token int // bytes of the one being read
}

// ReadByte is what the decoder reads by.
func (b *bounded) ReadByte() (byte, error) {
	if b.token++; b.token > maxToken {
		return 0, errToken
	}
	return b.in.ReadByte()
}

// Read is never called by the decoder, which reads by bytes.
func (b *bounded) Read(into []byte) (int, error) {
	b.token += len(into)
	if b.token > maxToken {
		return 0, errToken
	}
	return b.in.Read(into)
}

// counted stops a part that unfolds beyond what is left, or beyond its own share, or whose reader has gone.
type counted struct {
	ctx  context.Context
	in   io.Reader
	left *int64
	own  int64
}

func (c *counted) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.in.Read(b)
	if *c.left -= int64(n); *c.left < 0 {
		return 0, ErrTooBig
	}
	if c.own -= int64(n); c.own < 0 {
		return 0, ErrRatio
	}
	return n, err
}
