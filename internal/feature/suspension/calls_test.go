package suspension_test

import (
	"net/url"
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/suspension"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
)

// keep is a court that keeps somebody from a child.
func (s strike) keep(who person.ID, child family.ChildID) {
	s.t.Helper()
	s.exec(`insert into restriction (id, person, child, from_day, decided_on, reference, set_at) values ($1, $2, $3, '2026-09-01', '2026-09-01', 'JAF 1', 1)`, "r"+string(who)+string(child), string(who), string(child))
}

// callsOn are the rows of whom to call: "Camille Roux [number] Inès".
func callsOn(page *testkit.Page) []string {
	var rows []string
	page.Doc.Find(`main table:contains("Téléphone") tbody tr`).Each(func(_ int, tr *goquery.Selection) {
		var cells []string
		tr.Find("td, th").Each(func(_ int, td *goquery.Selection) {
			cells = append(cells, strings.Join(strings.Fields(td.Text()), " "))
		})
		rows = append(rows, strings.Join(cells, " | "))
	})
	return rows
}

// checked is the page that says what the suspension would do.
func (s strike) checked() *testkit.Page {
	return s.desk().As(s.reader()).Get(suspension.Path + "/nouvelle?" + url.Values{"verifier": {"1"}, "activite": {string(s.ID)}, "debut": {"14/01/2027"}, "fin": {"15/01/2027"}, "motif": {"Travaux"}}.Encode())
}

// rowAbout is the row that speaks of a child, of the rows whose heads are said to be some.
func rowAbout(rows []string, head, child string) string {
	var found []string
	for _, x := range rows {
		if cells := strings.Split(x, " | "); len(cells) == 3 && strings.Contains(cells[0], head) && strings.Contains(cells[2], child) {
			found = append(found, x)
		}
	}
	return strings.Join(found, "\n")
}

// A parent whom a court keeps from a child is not called about it, nor is the number shown beside its name.
func TestARestrictedParentIsNotToCallAboutTheChild(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.exec(`update person set email = '', mobile = '+33611111111' where id = $1`, string(s.Camille))
		s.exec(`update person set email = '', mobile = '+33622222222' where id = $1`, string(s.Thomas))
		s.keep(s.Thomas, s.Jeremy)
		look := func(when string, page *testkit.Page) {
			t.Helper()
			rows := callsOn(page)
			if got := rowAbout(rows, "Thomas", "Jérémy"); got != "" {
				t.Errorf("%s: Thomas is to call about Jérémy: %s", when, got)
			}
			if got := rowAbout(rows, "Camille", "Jérémy"); !strings.Contains(got, "06 11 11 11 11") || strings.Contains(got, "06 22") {
				t.Errorf("%s: about Jérémy: %q of %q", when, got, rows)
			}
			if got := rowAbout(rows, "Thomas", "Inès"); !strings.Contains(got, "Camille") || !strings.Contains(got, "06 22 22 22 22") {
				t.Errorf("%s: about Inès: %q of %q", when, got, rows)
			}
		}
		look("before", s.checked())
		id := s.made()
		s.run(id)
		page, text := s.shown(s.reader(), id)
		look("after", page)
		if !strings.Contains(text, "1 famille prévenue, 1 famille à appeler") { // two rows, one family
			t.Errorf("families are counted by row: %s", text)
		}
		s.exec(`update restriction set lifted_day = '2026-10-01'`)
		if page, _ := s.shown(s.reader(), id); rowAbout(callsOn(page), "Thomas", "Jérémy") == "" {
			t.Errorf("lifted: %q", callsOn(page))
		}
		s.exec(`update restriction set lifted_day = null`)
		s.exec(`delete from family_member where person = $1 and family = $2`, string(s.Camille), string(s.First))
		if page, _ := s.shown(s.reader(), id); !strings.Contains(rowAbout(callsOn(page), "Personne à appeler", "Jérémy"), "Aucun numéro") {
			t.Errorf("nobody may be called about Jérémy: %q", callsOn(page))
		}
	})
}

// The holder has an address and a court keeps it from one child of two; the other head has none: the mail to the holder
// says nothing of that child, who is to call about like any of whom nobody is told.
func TestAChildOfWhomNoMailSpeaksIsToCallAbout(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.keep(s.Thomas, s.Jeremy)
		s.exec(`update person set email = '', mobile = '+33611111111' where id = $1`, string(s.Camille))
		want := "Camille"
		look := func(when string, page *testkit.Page) {
			t.Helper()
			rows := callsOn(page)
			if len(rows) != 1 || !strings.Contains(rows[0], want) || strings.Contains(rows[0], "Thomas") || !strings.Contains(rows[0], "06 11 11 11 11") ||
				!strings.Contains(rows[0], "Jérémy") || strings.Contains(rows[0], "Inès") {
				t.Errorf("%s: %q", when, rows)
			}
		}
		check := s.checked()
		look("before", check)
		if !strings.Contains(strings.ReplaceAll(check.Text("main"), "\u00a0", " "), "2 courriels partiront") { // Thomas about Inès, Bruno
			t.Errorf("the check: %s", check.Text("main"))
		}
		before := len(s.sent(suspension.MailClosed))
		id := s.made()
		s.run(id)
		if n := len(s.sent(suspension.MailClosed)) - before; n != 2 {
			t.Errorf("%d mails left", n)
		}
		page, text := s.shown(s.reader(), id)
		look("after", page)
		if !strings.Contains(text, "1 famille prévenue, 1 famille à appeler, 4 jours annulés.") || page.Text("#rouvrir button") != "Rouvrir et prévenir" {
			t.Errorf("the page: %s", text)
		}
		s.exec(`update person set email = '' where id = $1`, string(s.Bruno)) // both families have somebody to call; Thomas has his mail
		if page, _ := s.shown(s.reader(), id); page.Text("#rouvrir button") != "Rouvrir et prévenir" {
			t.Errorf("somebody is told: %q", page.Text("#rouvrir button"))
		}
		s.exec(`update person set email = 'bruno@parvis.exemple' where id = $1`, string(s.Bruno))
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		page, _ = s.shown(s.reader(), id)
		look("reopened", page)
		s.keep(s.Thomas, s.Ines) // and no mail leaves to who may read of nobody
		if got := strings.ReplaceAll(s.checked().Text("main"), "\u00a0", " "); !strings.Contains(got, "1 courriel partira") {
			t.Errorf("kept from both: %s", got)
		}
	})
}
