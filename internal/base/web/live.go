package web

import (
	"strconv"

	"github.com/a-h/templ"
)

// Live is what the script says in a cell while its box is ticked or its list picked from. Without the script the word
// stays what it was when the page was made, which the check page corrects.
type Live struct {
	Then  string // the word of a change, when it is not « Sera réservé », « Sera changé » or « Sera annulé »
	Moved bool   // the page shows something else than what is saved
	Saved string // the value of what is saved, when Moved
	Left  int    // seconds until the last moment, 0: none
	Over  string // the word of what is not held once it is past, when it is not « Trop tard »
}

// live are the attributes that the script reads.
func (l AgendaLine) live() templ.Attributes {
	all := templ.Attributes{}
	if l.Live.Then != "" {
		all["data-then"] = l.Live.Then
	}
	if l.Live.Moved {
		all["data-saved"] = l.Live.Saved
	}
	if l.Live.Left > 0 {
		all["data-left"] = strconv.Itoa(l.Live.Left)
		if l.Live.Over != "" {
			all["data-over"] = l.Live.Over
		}
	}
	return all
}
