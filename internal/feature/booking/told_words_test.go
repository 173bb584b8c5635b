package booking_test

import (
	"strings"
	"testing"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// An agent who books for a family without an address reads that nobody was told.
func TestTheCounterSaysWhenNoMailLeaves(t *testing.T) {
	testkit.EachEngine(t, db.Join(booking.Sources(), mail.Sources()), func(t *testing.T, d *db.DB) {
		o := bookingtest.NewOpen(t, d, activitytest.Plan{})
		p := testkit.NewPortal(t, d, persontest.Now())
		pages(d).Counter(p.Router)
		for mails, want := range map[string]string{"": "Aucun responsable n’a d’adresse électronique", "camille@exemple.fr": "La famille est prévenue par courriel."} {
			writeRaw(t, d, `update person set email = $1`, mails)
			c := p.As(familytest.Agent(booking.Read, booking.Write))
			page := c.Get("/agents/familles/" + string(o.First) + "/agenda?semaine=2027-01-11")
			box := page.Doc.Find(".agenda-day input[type=checkbox]:not([checked])").First()
			check := page.Submit("form[action$=verifier]", map[string]string{box.AttrOr("name", ""): box.AttrOr("value", "")})
			done := check.Submit("form[action$=confirmer]", nil).Follow()
			if !strings.Contains(done.Doc.Text(), want) {
				t.Errorf("with %q: %s", mails, done.Text("main"))
			}
		}
	})
}
