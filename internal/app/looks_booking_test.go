package app_test

import (
	"strings"

	"parvis/internal/testkit"
)

// bookOne ticks or unticks the first box that a child's month shows, and goes as far as the confirmation.
func bookOne(c *testkit.Client, agenda string) *testkit.Page {
	page := c.Get(agenda)
	box := page.Doc.Find(".agenda-day input[type=checkbox]").First()
	name, value := box.AttrOr("name", ""), box.AttrOr("value", "")
	if _, ticked := box.Attr("checked"); ticked {
		value = ""
	}
	return page.Submit("form[action$=verifier]", map[string]string{name: value}).Submit("form[action$=confirmer]", nil).Follow()
}

// addConfirmation books a day in the demonstration, for the pages of proof.
func (l *looker) addConfirmation() {
	l.t.Helper()
	next := l.Now().AddDate(0, 1, 0).Format("2006-01")
	done := bookOne(l.client("titulaire"), "/espace/enfants/"+l.objects["child"]+"/agenda?mois="+next)
	path, _, _ := strings.Cut(done.Path, "?")
	if done.Status != 200 || !strings.HasPrefix(path, "/espace/reservations/") {
		l.t.Fatalf("booking a day: %d %s: %s", done.Status, done.Path, done.Text("main"))
	}
	l.objects["confirmation"] = strings.TrimPrefix(path, "/espace/reservations/")
}
