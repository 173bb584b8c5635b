// Package messaging is how the town and people speak to each other: news for everybody, the page where each family
// finds what the town sent to it, and the contact form, whose messages agents answer by mail or phone.
//
// It owns the tables news, contact_message and contact_count. Mails belong to base/mail; the requests of families
// (demandes, with their papers and delays) are not messages.
package messaging

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/town"
)

// NewsID names a news item.
type NewsID string

// NewsWrite is the right to write, publish and withdraw news.
const NewsWrite actor.Right = "messaging.news.write"

// State is where a news item stands.
type State string

// The states. Draft → Published ⇄ Withdrawn.
const (
	Draft     State = "draft"
	Published State = "published"
	Withdrawn State = "withdrawn"
)

// Label is the word agents read.
func (s State) Label() string {
	switch s {
	case Published:
		return "Publiée"
	case Withdrawn:
		return "Retirée"
	}
	return "Brouillon"
}

// NewsItem is one piece of news. Body is text whose paragraphs are parted by empty lines. Day is the day shown;
// an item published with a day to come shows from that day.
type NewsItem struct {
	ID        NewsID
	Title     string
	Extract   string
	Body      string
	Service   town.ServiceID // "" for the whole town
	Signed    string         // the service's name
	State     State
	Day       civil.Date
	UpdatedAt civil.Instant
}

// Paragraphs are the body's.
func (n NewsItem) Paragraphs() []string { return town.Paragraphs(n.Body) }

// Coming tells that the item is published for a later day.
func (n NewsItem) Coming(today civil.Date) bool { return n.State == Published && n.Day.After(today) }

const (
	maxTitle   = 120
	maxExtract = 300
	maxBody    = 20000
)

func (n NewsItem) tidy() NewsItem {
	n.Title = strings.Join(strings.Fields(n.Title), " ")
	n.Extract = strings.Join(strings.Fields(n.Extract), " ")
	n.Body = strings.TrimSpace(strings.ReplaceAll(n.Body, "\r\n", "\n"))
	if n.Extract == "" {
		n.Extract = Shorten(strings.Join(n.Paragraphs(), " "), 180)
	}
	return n
}

func (n NewsItem) check() error {
	var fields []fault.Field
	wrong := func(name, sentence string) { fields = append(fields, fault.Field{Name: name, Sentence: sentence}) }
	switch {
	case n.Title == "":
		wrong("titre", "Écrivez le titre de l’actualité.")
	case utf8.RuneCountInString(n.Title) > maxTitle:
		wrong("titre", "Le titre dépasse 120 caractères. Écrivez-le plus court.")
	}
	if utf8.RuneCountInString(n.Extract) > maxExtract {
		wrong("extrait", "L’extrait dépasse 300 caractères. Écrivez-le plus court.")
	}
	switch {
	case n.Body == "":
		wrong("texte", "Écrivez le texte de l’actualité.")
	case utf8.RuneCountInString(n.Body) > maxBody:
		wrong("texte", "Le texte dépasse 20 000 caractères. Partagez-le en deux actualités.")
	}
	return fault.InvalidFields(fields...)
}

// mayWrite tells whether the actor may touch news of that service.
func mayWrite(a actor.Actor, service town.ServiceID) bool {
	if service == "" {
		return a.Can(NewsWrite)
	}
	return a.CanFor(NewsWrite, string(service))
}

// Write keeps a news item, new when n.ID is "", and returns its id. It does not publish; the state and day of a
// known item stay.
func Write(tx *db.Tx, now time.Time, a actor.Actor, n NewsItem) (NewsID, error) {
	if !mayWrite(a, n.Service) {
		return "", fault.New(fault.Forbidden, "")
	}
	n = n.tidy()
	if err := n.check(); err != nil {
		return "", err
	}
	action := "messaging.news.changed"
	if n.ID == "" {
		n.ID, action = NewsID(db.NewID()), "messaging.news.written"
		if err := insert(tx, now, n); err != nil {
			return "", fmt.Errorf("insert news: %w", err)
		}
	} else {
		before, err := ByID(tx, n.ID)
		if err != nil {
			return "", err
		}
		if !mayWrite(a, before.Service) {
			return "", fault.Missing("news")
		}
		if n.UpdatedAt != 0 && n.UpdatedAt != before.UpdatedAt {
			return "", fault.New(fault.Conflict, "Un autre agent a modifié cette actualité depuis que vous avez ouvert la page. Rien n’a été enregistré.")
		}
		if err := update(tx, now, n); err != nil {
			return "", fmt.Errorf("update news: %w", err)
		}
	}
	return n.ID, audit.Write(tx, now, a, audit.Entry{Action: action, Object: "news", ID: string(n.ID)})
}

// Publish shows an item from a day on, today when zero. What was published already only changes its day.
func Publish(tx *db.Tx, now time.Time, a actor.Actor, id NewsID, day civil.Date) error {
	if day.IsZero() {
		day = civil.DateOf(now)
	}
	return move(tx, now, a, id, Published, day)
}

// Withdraw takes an item away from families; it can be published again.
func Withdraw(tx *db.Tx, now time.Time, a actor.Actor, id NewsID) error {
	n, err := ByID(tx, id)
	if err != nil {
		return err
	}
	if n.State != Published {
		return fault.New(fault.Refused, "Cette actualité n’est pas publiée.")
	}
	return move(tx, now, a, id, Withdrawn, n.Day)
}

func move(tx *db.Tx, now time.Time, a actor.Actor, id NewsID, to State, day civil.Date) error {
	n, err := ByID(tx, id)
	if err != nil {
		return err
	}
	if !mayWrite(a, n.Service) {
		return fault.Missing("news")
	}
	if err := setState(tx, now, id, to, day); err != nil {
		return fmt.Errorf("set state of news: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "messaging.news." + string(to), Object: "news", ID: string(id), Detail: day.String()})
}

// Shorten cuts a text at a word before n characters and adds « … ».
func Shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	cut := string(runes[:n])
	if i := strings.LastIndexByte(cut, ' '); i > n/2 && runes[n] != ' ' {
		cut = cut[:i]
	}
	return strings.TrimRight(cut, " ,;:.") + "…"
}
