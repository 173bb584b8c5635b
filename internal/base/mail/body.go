package mail

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	texttemplate "text/template"

	_ "embed"
)

// Body is what a Template gives: plain text only, laid out here as text and as HTML. No field takes markup.
type Body struct {
	ToName     string // the addressee's name; may be empty
	Subject    string
	Greeting   string // "Bonjour Camille Martin,"
	Paragraphs []string
	Facts      []Fact // a short table: the identifier, the provisional password
	Button     Button
	Closing    []string // paragraphs after the button
	// Stop is where the addressee ends mails of this kind in one gesture, without signing in: a line at the foot, and the
	// header that mail programs make a button of. It takes a bare POST (RFC 8058).
	Stop      string
	Signature string // "Le service enfance"; the town's name by default
	// Values are what a town's own words (Words) may name: {membre}, {date limite}.
	Values map[string]string
}

// Fact is one line of a mail's short table.
type Fact struct{ Label, Value string }

// Button is the one link of a mail; none when URL is empty.
type Button struct{ Label, URL string }

// Look is what all mails of a town share.
type Look struct {
	Town   string // "Mairie de Rivebelle-sur-Seine"
	Colour string // "#1f4e8c", already checked for contrast with white
	Footer []string
}

// Address is a sender.
type Address struct{ Name, Address string }

// Mail is a rendered mail, as a Sender gets it. Its headers hold no line break.
type Mail struct {
	MessageID string // without angle brackets
	From      Address
	ReplyTo   string
	ToName    string
	To        string
	Subject   string
	Text      string
	HTML      string
	Stop      string // https address of the header List-Unsubscribe; "" has none
}

const maxBody = 20 << 10

//go:embed mail.txt.tmpl
var textSource string

//go:embed mail.html.tmpl
var htmlSource string

type layout struct {
	text *texttemplate.Template
	html *template.Template
}

func newLayout() (layout, error) {
	text, err := texttemplate.New("mail").Parse(textSource)
	if err != nil {
		return layout{}, fmt.Errorf("text layout: %w", err)
	}
	page, err := template.New("mail").Parse(htmlSource)
	if err != nil {
		return layout{}, fmt.Errorf("html layout: %w", err)
	}
	return layout{text, page}, nil
}

// Render lays out a body in both forms; the worker does it at sending, previews call it too.
func Render(look Look, body Body) (subject, text, html string, err error) {
	l, err := newLayout()
	if err != nil {
		return "", "", "", err
	}
	return l.render(look, body)
}

func (l layout) render(look Look, body Body) (subject, text, html string, err error) {
	subject = oneLine(body.Subject)
	if subject == "" {
		return "", "", "", fmt.Errorf("mail without a subject")
	}
	if body.Signature == "" {
		body.Signature = look.Town
	}
	body.Greeting, body.Signature = oneLine(body.Greeting), oneLine(body.Signature)
	body.Subject = subject
	page := struct {
		Look Look
		Body Body
	}{look, body}
	var plain, rich bytes.Buffer
	if err := l.text.Execute(&plain, page); err != nil {
		return "", "", "", fmt.Errorf("lay out mail as text: %w", err)
	}
	if err := l.html.Execute(&rich, page); err != nil {
		return "", "", "", fmt.Errorf("lay out mail as html: %w", err)
	}
	if n := plain.Len() + rich.Len(); n > maxBody {
		return "", "", "", fmt.Errorf("mail of %d bytes: at most %d", n, maxBody)
	}
	return subject, plain.String(), rich.String(), nil
}

// oneLine makes a header's value out of any text: line breaks and control characters become one space.
func oneLine(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.FieldsFunc(clean, func(r rune) bool { return r == ' ' }), " ")
}
