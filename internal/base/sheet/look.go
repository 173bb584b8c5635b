package sheet

import (
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"time"
)

// look is how a number is shown, as far as it changes what is meant.
type look struct {
	kind   kind
	digits int // at least that many, with zeros before
}

const (
	maxFormat = 1024 // bytes of a format that is looked at
	maxDigits = 40   // a format of a thousand zeros would make of each number a thousand
)

type kind uint8

const (
	plain kind = iota
	day
	month // a day of which only month and year are shown
	moment
	clock
)

// builtin are the formats that workbooks name by number only.
func builtin(id int) look {
	switch {
	case id == 14 || id == 15 || id == 16 || (id >= 27 && id <= 31) || (id >= 50 && id <= 58) || id == 36:
		return look{kind: day}
	case id == 17:
		return look{kind: month}
	case id == 22:
		return look{kind: moment}
	case (id >= 18 && id <= 21) || (id >= 45 && id <= 47) || (id >= 32 && id <= 35):
		return look{kind: clock}
	}
	return look{}
}

// lookOf reads a format: what stands in quotes, after a backslash or in brackets shows nothing of the number.
func lookOf(format string) look {
	if len(format) > maxFormat {
		return look{}
	}
	var bare strings.Builder
	for i := 0; i < len(format); i++ {
		switch c := format[i]; c {
		case '"', '[':
			end := strings.IndexByte(format[i+1:], map[byte]byte{'"': '"', '[': ']'}[c])
			if end < 0 {
				end = len(format) - i - 1
			}
			i += end + 1
		case '\\', '_', '*':
			i++
		case ';':
			i = len(format) // the other sections are for negative numbers and texts
		default:
			bare.WriteByte(c)
		}
	}
	f := strings.ToLower(bare.String())
	f = strings.ReplaceAll(strings.ReplaceAll(f, "am/pm", ""), "general", "")
	days, years, hours := strings.Contains(f, "d"), strings.Contains(f, "y"), strings.ContainsAny(f, "hs")
	switch {
	case (days || years) && hours:
		return look{kind: moment}
	case days:
		return look{kind: day}
	case years && strings.Contains(f, "m"):
		return look{kind: month}
	case hours:
		return look{kind: clock}
	}
	f = strings.NewReplacer(" ", "", "\u00a0", "", ".", "", "-", "").Replace(f)
	if first := strings.IndexByte(f, '0'); first >= 0 && strings.Trim(f, "0#") == "" && !strings.Contains(bare.String(), ".") {
		return look{digits: min(len(f)-first, maxDigits)}
	}
	return look{}
}

// styles reads the looks by style number.
func (w *workbook) styles() error {
	custom := map[int]look{}
	inside := false
	return w.part("xl/styles.xml", func(_ *parser, start xml.StartElement) error {
		switch start.Name.Local {
		case "numFmt":
			if len(custom) == maxLooks {
				return ErrTooBig
			}
			if id, err := strconv.Atoi(attr(start, "numFmtId")); err == nil {
				custom[id] = lookOf(attr(start, "formatCode"))
			}
		case "cellXfs":
			inside = true
		case "cellStyleXfs", "cellStyles", "dxfs":
			inside = false
		case "xf":
			if !inside {
				return nil
			}
			id, _ := strconv.Atoi(attr(start, "numFmtId")) // 0, the general look, when absent
			l, own := custom[id]
			if !own {
				l = builtin(id)
			}
			if len(w.looks) == maxLooks {
				return ErrTooBig
			}
			w.looks = append(w.looks, l)
		}
		return nil
	})
}

// number gives the text of a number under its look; what is none stays as it is.
func (l look) number(raw string, from04 bool) string {
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return raw
	}
	if l.kind != plain && v >= 0 && v < 2_958_466 { // the day after 31 December 9999
		return l.date(v, from04)
	}
	if short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 15, 64), 64); err == nil {
		v = short // 12.300000000000001 was typed as 12.3
	}
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if l.digits > len(text) && strings.Trim(text, "0123456789") == "" {
		text = strings.Repeat("0", l.digits-len(text)) + text
	}
	return text
}

// date turns days since the workbook's origin into a text. The first origin counts a 29 February 1900 that never was.
func (l look) date(v float64, from04 bool) string {
	origin := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case from04:
		origin = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case v < 60:
		origin = origin.AddDate(0, 0, 1)
	}
	whole := math.Floor(v)
	seconds := int(math.Round((v - whole) * 86400))
	at := origin.AddDate(0, 0, int(whole)).Add(time.Duration(seconds) * time.Second)
	switch {
	case l.kind == month:
		return at.Format("2006-01")
	case l.kind == clock && whole == 0:
		return at.Format("15:04")
	case seconds != 0 && l.kind != day:
		return at.Format("2006-01-02 15:04")
	}
	return at.Format("2006-01-02")
}
