package web

import (
	"net/http"
	"strings"
	"unicode"
)

// kept tells whether a character may be in what was typed: no control character but line ends and the tab, and none
// of those that turn the direction of the text around them, which make a name or a file's ending read otherwise than
// it is written.
func kept(c rune) bool {
	switch {
	case c == '\n' || c == '\r' || c == '\t':
		return true
	case c >= '\u202a' && c <= '\u202e', c >= '\u2066' && c <= '\u2069':
		return false
	}
	return !unicode.IsControl(c)
}

// clean drops the characters that are not kept.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if kept(c) {
			return c
		}
		return -1
	}, s)
}

// cleanForm cleans every value of a form that was read, and the names of its files: it is the one place through which
// all that people type passes.
func cleanForm(r *http.Request) {
	all := []map[string][]string{r.PostForm, r.Form}
	if r.MultipartForm != nil {
		all = append(all, r.MultipartForm.Value)
		for _, files := range r.MultipartForm.File {
			for _, f := range files {
				f.Filename = clean(f.Filename)
			}
		}
	}
	for _, form := range all {
		for _, values := range form {
			for i, v := range values {
				values[i] = clean(v)
			}
		}
	}
}
