package moving

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"parvis/internal/feature/person"
)

// encoding is how a file's bytes are read.
type encoding struct {
	utf8   bool // else Windows-1252
	bom    bool
	crOnly bool // lines end with CR alone, as on very old machines
}

// errUnreadable is the cause of a file that is no CSV at all.
var errUnreadable = errors.New("not a text file")

// detect reads a whole file, by pieces, to learn its encoding. Bytes beyond ASCII that are mostly sound UTF-8
// make it UTF-8 even where a few are spoilt; otherwise it is Windows-1252, which gives a meaning to any byte.
func detect(r io.Reader) (encoding, error) {
	br := bufio.NewReaderSize(r, 16<<10)
	start, _ := br.Peek(4)
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return encoding{}, fmt.Errorf("%w: c’est un classeur de tableur. Enregistrez-le au format CSV", errUnreadable)
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return encoding{}, fmt.Errorf("%w: il est codé en UTF-16. Enregistrez-le en CSV UTF-8", errUnreadable)
	}
	e := encoding{bom: bytes.HasPrefix(start, []byte("\xef\xbb\xbf"))}
	var sound, spoilt, cr, lf int
	for {
		r, size, err := br.ReadRune()
		if err == io.EOF {
			break
		}
		if err != nil {
			return e, err
		}
		switch {
		case r == utf8.RuneError && size == 1:
			spoilt++
		case size > 1:
			sound++
		case r == '\r':
			cr++
		case r == '\n':
			lf++
		}
	}
	e.utf8 = e.bom || sound > spoilt || spoilt == 0
	e.crOnly = lf == 0 && cr > 0
	return e, nil
}

// text decodes a cell and gives it its kept form: composed accents, single spaces, none at the ends. A control
// character or an unreadable byte becomes U+FFFD, which the checks find.
func (e encoding) text(b []byte) string {
	if plain(b) {
		return string(bytes.TrimSpace(b))
	}
	var s strings.Builder
	for len(b) > 0 {
		r, size := rune(b[0]), 1
		if e.utf8 {
			r, size = utf8.DecodeRune(b)
		} else if r >= utf8.RuneSelf {
			r = charmap.Windows1252.DecodeByte(b[0])
		}
		b = b[size:]
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			s.WriteByte(' ')
		case r == utf8.RuneError || r < ' ' || r == 0x7f:
			s.WriteString(spoiltMark)
		default:
			s.WriteRune(r)
		}
	}
	return strings.ReplaceAll(person.Clean(s.String()), spoiltMark, "\ufffd")
}

// spoiltMark stands for U+FFFD while person.Clean, which drops it, runs; it is a private-use character.
const spoiltMark = "\ue000"

// plain tells a cell that needs no care: printable ASCII, no two spaces in a row.
func plain(b []byte) bool {
	space := false
	for _, c := range b {
		if c < ' ' || c >= 0x7f || (c == ' ' && space) {
			return false
		}
		space = c == ' '
	}
	return true
}
