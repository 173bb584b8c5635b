package web

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/internal/base/civil"
)

// markIcon is the icon asked for, else the tone's own: a state never goes without one.
func markIcon(tone Tone, icon string) string {
	if HasIcon(icon) {
		return icon
	}
	switch tone {
	case OK:
		return "check"
	case Warning:
		return "clock"
	case Error:
		return "alert"
	case Outline:
		return "free"
	case Change:
		return "pencil"
	}
	return "info"
}

func noticeIcon(tone Tone) string {
	switch tone {
	case OK:
		return "check"
	case Warning:
		return "clock"
	case Error:
		return "alert"
	}
	return "info"
}

func leafClass(urgent bool) string {
	if urgent {
		return "leaf-urgent"
	}
	return ""
}

// monthShort is the month as calendars abridge it: « janv. », « mai ».
func monthShort(d civil.Date) string {
	name := civil.MonthName(d.Month)
	if utf8.RuneCountInString(name) <= 4 {
		return name
	}
	cut := 4
	if strings.HasPrefix(name, "déc") || strings.HasPrefix(name, "nov") {
		cut = 3
	}
	return string([]rune(name)[:cut]) + "."
}

// avatarClass gives children six discs in turn, adults an outline, contacts a dashed one.
func avatarClass(index int) string {
	switch {
	case index == -1:
		return "avatar-adult"
	case index < -1:
		return "avatar-contact"
	}
	return "avatar-" + strconv.Itoa(index%6+1)
}

// avatarLetters is one letter for a child, known by the first name, two for an adult.
func avatarLetters(name string, index int) string {
	letters := Initials(name)
	if index >= 0 {
		_, size := utf8.DecodeRuneInString(letters)
		return letters[:size]
	}
	return letters
}

func percent(n, of int) string {
	if of <= 0 || n <= 0 {
		return "0%"
	}
	return strconv.Itoa(min(100, n*100/of)) + "%"
}

// TelHref is the address that calls a number as people write it, "" when there is none in it. What follows the
// first number is left out: an extension, a second number.
func TelHref(shown string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(shown, "(0)", "") {
		switch {
		case r >= '0' && r <= '9', r == '+' && b.Len() == 0:
			b.WriteRune(r)
		case unicode.IsSpace(r) || strings.ContainsRune(".-()\u2010\u2011", r):
		case b.Len() > 1:
			return telOf(b.String())
		}
	}
	return telOf(b.String())
}

// telOf refuses what no telephone calls; emergency numbers have two digits.
func telOf(number string) string {
	if n := len(strings.TrimPrefix(number, "+")); n < 2 || n > 15 {
		return ""
	}
	return "tel:" + number
}

// MailHref is the address that writes to somebody, "" when the text is no e-mail address.
func MailHref(address string) string {
	if strings.Count(address, "@") != 1 || strings.ContainsAny(address, " ?&\"<>") {
		return ""
	}
	return "mailto:" + address
}

// PhoneText is a French number of ten digits in pairs, « 04 76 00 00 00 », that no line end cuts; any other text is
// left as it was typed.
func PhoneText(typed string) string {
	var digits strings.Builder
	for _, r := range typed {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case !unicode.IsSpace(r) && !strings.ContainsRune(".-\u2010\u2011", r):
			return typed
		}
	}
	n := digits.String()
	if len(n) != 10 || n[0] != '0' {
		return typed
	}
	return n[:2] + "\u00a0" + n[2:4] + "\u00a0" + n[4:6] + "\u00a0" + n[6:8] + "\u00a0" + n[8:]
}
