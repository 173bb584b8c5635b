// Package french holds the small grammar that every screen needs: numbers with their noun, capitals, lists. Dates and
// clocks are civil's, amounts are money's.
package french

import (
	"strconv"
	"strings"
)

// Count is a number with its noun, which takes an s from two on: "0 jour", "1 jour", "3 jours".
func Count(n int, one string) string {
	if n < 2 {
		return strconv.Itoa(n) + "\u00a0" + one
	}
	return strconv.Itoa(n) + "\u00a0" + one + "s"
}

// Upper begins a sentence: its first letter is a capital.
func Upper(s string) string { return first(s, strings.ToUpper) }

// Lower goes on a sentence: its first letter is none.
func Lower(s string) string { return first(s, strings.ToLower) }

func first(s string, change func(string) string) string {
	if s == "" {
		return ""
	}
	runes := []rune(s)
	return change(string(runes[:1])) + string(runes[1:])
}

// And is "a", "a et b", "a, b et c".
func And(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " et " + words[n-1]
}
