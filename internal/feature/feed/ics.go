package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/civil"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// calendar writes what some children have booked as iCalendar (RFC 5545). The same bookings give the same bytes.
func calendar(name string, children []family.Child, all []booking.Entry, names Names, zone *time.Location) []byte {
	called := map[family.ChildID]string{}
	for _, c := range children {
		called[c.ID] = names.of(c)
	}
	var w writer
	w.line("BEGIN", "VCALENDAR")
	w.line("VERSION", "2.0")
	w.line("PRODID", "-//Parvis//Calendrier des familles//FR")
	w.line("CALSCALE", "GREGORIAN")
	w.line("X-WR-CALNAME", text(name))
	w.line("REFRESH-INTERVAL;VALUE=DURATION", "PT4H")
	w.line("X-PUBLISHED-TTL", "PT4H")
	for _, e := range all {
		w.event(e, called[e.Child], zone)
	}
	w.line("END", "VCALENDAR")
	return []byte(w.String())
}

// of is how a child is called: "Zoë", or "J.-P." for Jean-Paul.
func (n Names) of(c family.Child) string {
	if n == First {
		return c.First()
	}
	parts := strings.Split(c.First(), "-")
	for i, part := range parts {
		if r, size := utf8.DecodeRuneInString(part); size > 0 {
			parts[i] = string(r) + "."
		}
	}
	return strings.Join(parts, "-")
}

type writer struct{ strings.Builder }

func (w *writer) event(e booking.Entry, child string, zone *time.Location) {
	changed := e.Changed.In(time.UTC)
	w.line("BEGIN", "VEVENT")
	w.line("UID", uid(e.Cell))
	w.line("DTSTAMP", stamp(changed))
	w.line("LAST-MODIFIED", stamp(changed))
	w.line("SEQUENCE", strconv.FormatInt(max(0, changed.Unix()-sequenceFrom), 10))
	if e.To > e.From {
		w.line("DTSTART", stamp(minute(e.Day, e.From, zone)))
		w.line("DTEND", stamp(minute(e.Day, e.To, zone)))
	} else {
		w.line("DTSTART;VALUE=DATE", day(e.Day))
		w.line("DTEND;VALUE=DATE", day(e.Day.AddDays(1)))
	}
	w.line("SUMMARY", text(child+"\u00a0: "+e.Label))
	if e.Site != "" {
		w.line("LOCATION", text(e.Site))
	}
	w.line("STATUS", status(e.State))
	w.line("TRANSP", "TRANSPARENT") // the adult is free
	w.line("CLASS", "PRIVATE")
	w.line("END", "VEVENT")
}

// sequenceFrom keeps the counter of changes, which is the second of the last one, within 32 bits for a long time.
var sequenceFrom = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// uid names a cell in every calendar and at every reading, without saying the keys of children outside.
func uid(c booking.Cell) string {
	sum := sha256.Sum256([]byte(string(c.Child) + "." + string(c.Activity) + "." + c.Day.String()))
	return "reservation-" + hex.EncodeToString(sum[:12]) + "@parvis"
}

// status is what a calendar makes of a state: certain, not yet, or gone.
func status(s booking.State) string {
	switch s {
	case booking.Booked:
		return "CONFIRMED"
	case booking.Cancelled, booking.Refused:
		return "CANCELLED"
	}
	return "TENTATIVE"
}

func minute(d civil.Date, m int, zone *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, m, 0, 0, zone).UTC()
}

func stamp(t time.Time) string { return t.Format("20060102T150405Z") }

func day(d civil.Date) string { return strings.ReplaceAll(d.String(), "-", "") }

var escapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

// text is a value of words.
func text(s string) string { return escapes.Replace(s) }

// octets is the most that a line holds; what is longer goes on after a line break and a space.
const octets = 75

// line writes a property, folded between letters.
func (w *writer) line(name, value string) {
	n := 0
	for _, r := range name + ":" + value {
		if size := utf8.RuneLen(r); n+size > octets {
			w.WriteString("\r\n ")
			n = 1 + size
		} else {
			n += size
		}
		w.WriteRune(r)
	}
	w.WriteString("\r\n")
}
