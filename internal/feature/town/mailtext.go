package town

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
)

func number(n int64) string { return strconv.FormatInt(n, 10) }

const (
	maxSubject  = 150
	maxMailText = 5000
)

// MailWords is mail.Worker.Words: the town's own subject and text for a template, if it wrote any.
func MailWords(r db.Reader, template string) (mail.Words, bool, error) {
	t, err := mailTextOf(r, template)
	if fault.KindOf(err) == fault.NotFound {
		return mail.Words{}, false, nil
	}
	return t.words, err == nil, err
}

// mailNames are the names that a template's text may say: its own, then those of every mail.
func mailNames(specimen mail.Body) []string {
	var names []string
	for name := range specimen.Values {
		names = append(names, name)
	}
	slices.Sort(names)
	return append(names, mail.Names()...)
}

// originalWords are the template's own, with {names} where somebody's own values go.
func originalWords(specimen mail.Body) mail.Words {
	return mail.Words{Subject: specimen.Subject, Text: strings.Join(specimen.Paragraphs, "\n\n"), Closing: strings.Join(specimen.Closing, "\n\n")}
}

func mailStamp(w mail.Words) string { return stampOf(w.Subject, w.Text, w.Closing) }

func tidyWords(w mail.Words) mail.Words {
	tidy := func(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
	return mail.Words{Subject: strings.Join(strings.Fields(w.Subject), " "), Text: tidy(w.Text), Closing: tidy(w.Closing)}
}

// checkWords refuses an empty subject or text, a text too long for a mail, and names that the mail does not know.
func checkWords(w mail.Words, names []string) error {
	var fields []fault.Field
	wrong := func(name, sentence string) { fields = append(fields, fault.Field{Name: name, Sentence: sentence}) }
	if w.Subject == "" {
		wrong("objet", "Indiquez l’objet du courriel.")
	}
	if utf8.RuneCountInString(w.Subject) > maxSubject {
		wrong("objet", "L’objet dépasse 150 caractères. Raccourcissez-le.")
	}
	if w.Text == "" {
		wrong("texte", "Écrivez le texte du courriel.")
	}
	for _, one := range []struct{ name, text string }{{"texte", w.Text}, {"fin", w.Closing}} {
		if utf8.RuneCountInString(one.text) > maxMailText {
			wrong(one.name, "Ce texte dépasse 5 000 caractères. Raccourcissez-le.")
		}
	}
	for _, one := range []struct{ name, text string }{{"objet", w.Subject}, {"texte", w.Text}, {"fin", w.Closing}} {
		for _, used := range mail.Placeholders(one.text) {
			if !slices.Contains(names, used) {
				wrong(one.name, "{"+used+"} n’est pas connu de ce courriel. Il connaît : {"+strings.Join(names, "}, {")+"}.")
				break
			}
		}
	}
	return fault.InvalidFields(fields...)
}

// SetMailWords writes the town's own words for a mail. Stamp is that of the words as shown, the original ones when
// the town had none.
func SetMailWords(tx *db.Tx, now time.Time, a actor.Actor, template mail.Template, w mail.Words, stamp string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	specimen, before, _, err := wordsNow(tx, template)
	if err != nil {
		return err
	}
	if mailStamp(before) != stamp {
		return conflict()
	}
	w = tidyWords(w)
	if err := checkWords(w, mailNames(specimen)); err != nil {
		return err
	}
	if err := upsertMailText(tx, now, template.Name, w); err != nil {
		return fmt.Errorf("write mail text: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.mail_text.changed", Object: "mail_template", ID: template.Name,
		Detail: changed("subject", before.Subject, w.Subject, "text", before.Text, w.Text, "closing", before.Closing, w.Closing)})
}

// ResetMailWords goes back to the original words.
func ResetMailWords(tx *db.Tx, now time.Time, a actor.Actor, template string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	if _, err := mailTextOf(tx, template); err != nil {
		return err
	}
	if err := deleteMailText(tx, template); err != nil {
		return fmt.Errorf("delete mail text: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.mail_text.reset", Object: "mail_template", ID: template})
}

// wordsNow are a template's specimen and its words: the town's, or the original ones.
func wordsNow(r db.Reader, template mail.Template) (specimen mail.Body, w mail.Words, own bool, err error) {
	if specimen, err = template.Specimen(r); err != nil {
		return specimen, w, false, err
	}
	w, own, err = MailWords(r, template.Name)
	if err == nil && !own {
		w = originalWords(specimen)
	}
	return specimen, w, own, err
}
