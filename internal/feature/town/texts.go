package town

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// TextPage is a page whose text citizens accept: its versions are kept, because a consent refers to one.
type TextPage string

// The pages with versions.
const (
	Terms   TextPage = "terms"   // conditions générales d'utilisation
	Privacy TextPage = "privacy" // données personnelles
)

// shipped is the id of the text that comes with Parvis; it changes with that text.
const shipped = "parvis-1"

// Version is one version of a text. ID is what a consent keeps. Text is "" for the text that Parvis proposes.
type Version struct {
	ID     string
	Number int64 // 0 for the shipped text
	At     civil.Instant
	Text   string
}

// Label is « version 3 du 23 novembre 2026 ».
func (v Version) Label(zone *time.Location) string {
	if v.Number == 0 {
		return "texte proposé, version 1"
	}
	_, day, _ := strings.Cut(civil.DateOf(v.At.In(zone)).Long(), " ") // without the weekday
	return fmt.Sprintf("version %d du %s", v.Number, day)
}

// TermsVersion is the version in force of the conditions of use.
func TermsVersion(r db.Reader) (Version, error) { return versionNow(r, Terms) }

// PrivacyVersion is the version in force of the privacy notice.
func PrivacyVersion(r db.Reader) (Version, error) { return versionNow(r, Privacy) }

func versionNow(r db.Reader, page TextPage) (Version, error) {
	v, err := lastVersion(r, page)
	if fault.KindOf(err) == fault.NotFound {
		return Version{ID: shipped}, nil
	}
	return v, err
}

// VersionByID is the version that a consent refers to; an unknown one is a NotFound fault.
func VersionByID(r db.Reader, page TextPage, id string) (Version, error) {
	if id == shipped {
		return Version{ID: shipped}, nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return Version{}, fault.Missing("text version")
	}
	return versionByNumber(r, page, n)
}

// versioned tells which settings are texts with versions.
var versioned = map[string]TextPage{"terms_text": Terms, "privacy_text": Privacy}

// keepVersion adds a version when the text changed; a town that never wrote its own has none.
func keepVersion(tx *db.Tx, now time.Time, key, text string) error {
	page, has := versioned[key]
	if !has {
		return nil
	}
	last, err := versionNow(tx, page)
	if err != nil {
		return err
	}
	if last.Text == text {
		return nil
	}
	if err := insertVersion(tx, now, page, Version{Number: last.Number + 1, Text: text}); err != nil {
		return fmt.Errorf("insert text version: %w", err)
	}
	return nil
}

// Block is a piece of a page's text: a heading, a paragraph or a list.
type Block struct {
	Heading   string
	Paragraph string
	Items     []string
}

// Blocks reads a text written by an agent: empty lines part paragraphs, « # » begins a heading, « - » an item.
func Blocks(text string) []Block {
	var all []Block
	var words []string
	flush := func() {
		if len(words) > 0 {
			all = append(all, Block{Paragraph: strings.Join(words, " ")})
			words = nil
		}
	}
	inList := false
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		line = strings.Join(strings.Fields(line), " ")
		heading, isHeading := strings.CutPrefix(line, "#")
		item, isItem := strings.CutPrefix(line, "- ")
		switch {
		case line == "":
			flush()
			inList = false
		case isHeading && strings.Trim(heading, "# ") != "":
			flush()
			all, inList = append(all, Block{Heading: strings.Trim(heading, "# ")}), false
		case isItem:
			flush()
			if !inList {
				all = append(all, Block{})
			}
			inList = true
			last := &all[len(all)-1]
			last.Items = append(last.Items, strings.TrimSpace(item))
		case inList:
			last := &all[len(all)-1]
			last.Items[len(last.Items)-1] += " " + line
		default:
			words = append(words, line)
		}
	}
	flush()
	return all
}
