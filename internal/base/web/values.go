package web

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/internal/base/civil"

	"github.com/a-h/templ"
)

// Tone is the meaning of a tag or a notice; each has its colours, and always a word and an icon beside them.
type Tone string

// The tones. Outline is for what is merely possible (libre, non réservé); Change for what is not saved yet.
const (
	OK      Tone = "ok"
	Info    Tone = "info"
	Warning Tone = "warning"
	Error   Tone = "error"
	Neutral Tone = "neutral"
	Outline Tone = "outline"
	Change  Tone = "change"
)

// Mark is a state in word, icon and tone, for components that show tags inside lists.
type Mark struct {
	Tone Tone
	Icon string
	Word string
}

// Link is a target with its words; the zero value shows nothing.
type Link struct {
	Href  string
	Label string
}

// Input describes one field of a form. Value is what is known before anything is typed.
type Input struct {
	Name         string
	Label        string
	Hint         string
	Required     bool
	Type         string // "text" when empty
	Autocomplete string // an autocomplete token of HTML
	InputMode    string
	Value        string
	Checked      bool   // Checkbox only
	IsName       bool   // no spelling help: names, identifiers, addresses
	Short        bool   // a narrow field: postcode, number, code
	Rows         int    // TextArea only, 5 when zero
	Accept       string // FileField only
	Multiple     bool   // FileField only
	// Attributes are any other attributes of the native field: a list, data-….
	Attributes templ.Attributes
}

// Option is one answer of a Choice.
type Option struct {
	Value string
	Label string
	Hint  string
}

// Choice describes a question with listed answers. Values are the known answers of a question that takes
// several; Inline lays the cards out in a row (days of the week).
type Choice struct {
	Name     string
	Label    string
	Hint     string
	Required bool
	Options  []Option
	Value    string
	Values   []string
	Inline   bool
}

// Row is one line of a Summary: Body replaces Value when set, Tag follows it.
type Row struct {
	Label     string
	Value     string
	Body      templ.Component
	EditHref  string
	EditLabel string // « Modifier » when empty
}

// Column is the head of a table's column. Href makes it a sort link; Sorted is "ascending", "descending" or "".
type Column struct {
	Label   string
	Numeric bool
	Href    string
	Sorted  string
}

// Pages says where a long list stands; URL gives the address of page n, counted from 1.
type Pages struct {
	Page int
	Last int
	URL  func(n int) string
}

// Event is one line of a Timeline, latest first. Current marks the state of today.
type Event struct {
	Title   string
	Detail  string
	When    string
	Current bool
}

// WeekDay is one day of « Cette semaine ».
type WeekDay struct {
	Date  civil.Date
	Today bool
	Note  string // said instead of lines: « Fermé, jour férié »
	Lines []WeekLine
}

// WeekLine is what a child does on a day. Child is the child's rank in the family, from 0, and gives the colour
// of its disc; Href, when set, leads to the page that changes it.
type WeekLine struct {
	Child    int
	Name     string
	Activity string
	Mark     Mark
	Href     string
}

// AgendaWeek is one week of a MonthAgenda. Open unfolds it; a Locked one can no longer be changed.
type AgendaWeek struct {
	Monday   civil.Date
	Title    string // « Semaine du 11 janvier » when empty
	Open     bool
	Locked   bool
	Lead     string // « Modifiable jusqu’au »
	Deadline string // « jeudi 14 janvier, 23 h 59 », in bold after Lead
	Summary  string // « 3 réservés, 1 absent », shown beside the title
	Days     []AgendaDay
}

// AgendaDay is one day of an agenda.
type AgendaDay struct {
	Date   civil.Date
	Today  bool
	Closed bool
	Lines  []AgendaLine
	// What its lines have in common, when their week has not: said once.
	Lead     string   // "Modifiable"
	Deadline string   // "jusqu’au lundi 14 décembre à 9 h"
	Notes    []string // what else holds for the day: "Jour confié par l’autre foyer"
}

// AgendaLine is one activity on one day: a tag, why, and what can be done. With Box it is a checkbox, with Pick a list
// of choices, whose names and values the feature reads back; without, it is text. Seen is sent along as « vu »: what
// the page showed. Child and Name are shown when Name is set.
type AgendaLine struct {
	Child    int
	Name     string
	Activity string
	Mark     Mark
	Reason   string
	Link     Link
	Box      *Box
	Pick     *Pick
	Seen     string
	Live     Live
}

// Pick is a list of choices of an agenda.
type Pick struct {
	Name     string
	Options  []Option
	Selected string
}

// Box is a checkbox of an agenda.
type Box struct {
	Name    string
	Value   string
	Checked bool
}

// Initials gives at most two letters for a disc: first letters of the first and last words of a name.
func Initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) })
	if len(words) == 0 {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	if len(words) == 1 {
		return string(unicode.ToUpper(first))
	}
	last, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return string(unicode.ToUpper(first)) + string(unicode.ToUpper(last))
}

func (w AgendaWeek) title() string {
	if w.Title != "" {
		return w.Title
	}
	return "Semaine du " + w.Monday.Short()
}

func (w AgendaWeek) anchor() string { return "semaine-" + w.Monday.String() }
