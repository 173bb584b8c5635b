package web

import (
	"context"
	"io"
	"slices"

	"github.com/a-h/templ"
)

const iconStroke = ` fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"`

const iconHead = `<svg class="icon" viewBox="0 0 24 24" width="24" height="24"` + iconStroke + ` aria-hidden="true" focusable="false">`

// Icon draws the named icon in the colour of the text around it, hidden from assistive technology: it always
// stands beside a word. An unknown name draws nothing; HasIcon tells beforehand.
func Icon(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		paths := drawing(name)
		if paths == "" {
			return nil
		}
		_, err := io.WriteString(w, iconHead+paths+"</svg>")
		return err
	})
}

// HasIcon tells whether an icon of that name exists; tests of registered tiles and queues use it.
func HasIcon(name string) bool { return drawing(name) != "" }

// iconAliases are second names for the same drawing: those of the set it comes from, and plain words.
var iconAliases = map[string]string{
	"house": "home", "receipt-euro": "receipt", "invoice": "receipt", "message-square": "message",
	"message-circle": "message", "key-round": "key", "clipboard-list": "clipboard", "triangle-alert": "alert",
	"warning": "alert", "heart-pulse": "health", "tree-deciduous": "tree", "landmark": "townhall",
	"undo-2": "undo", "trash-2": "trash", "check-check": "double-check", "circle-help": "help",
	"circle-minus": "full", "circle-dashed": "free", "refresh-cw": "refresh", "volume-2": "sound",
	"chart-line": "chart", "book-open": "book", "log-out": "sign-out", "credit-card": "card",
	"map-pin": "pin", "family": "users", "child": "baby", "document": "file-text", "news": "newspaper",
	"print": "printer", "close": "x", "edit": "pencil", "add": "plus", "mail-check": "mail",
}

func drawing(name string) string {
	if paths, ok := iconPaths[name]; ok {
		return paths
	}
	return iconPaths[iconAliases[name]]
}

// drawings defines icons once for a page that shows them hundreds of times by drawn: a month of boxes weighs a third less.
func drawings(names []string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		all := `<svg hidden aria-hidden="true" focusable="false">`
		for _, name := range names {
			all += `<symbol id="` + drawingID(name) + `" viewBox="0 0 24 24"` + iconStroke + `>` + drawing(name) + `</symbol>`
		}
		_, err := io.WriteString(w, all+"</svg>")
		return err
	})
}

// drawn is Icon for one that drawings defined.
func drawn(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<svg class="icon" width="24" height="24" aria-hidden="true"><use href="#`+drawingID(name)+`"/></svg>`)
		return err
	})
}

func drawingID(name string) string { return "dessin-" + name }

// marksOf lists the icons of the marks of some weeks, each once.
func marksOf(weeks []AgendaWeek) []string {
	var names []string
	for _, w := range weeks {
		for _, d := range w.Days {
			for _, l := range d.Lines {
				if name := markIcon(l.Mark.Tone, l.Mark.Icon); l.Mark.Word != "" && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}
