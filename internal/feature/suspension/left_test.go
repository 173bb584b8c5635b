package suspension_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/suspension"
	"parvis/internal/testkit"
)

func (s strike) reader() actor.Actor {
	return familytest.AgentOf(s.Service, suspension.Write, family.FileRead, booking.Write)
}

// shown is the page of a suspension, its text with plain spaces.
func (s strike) shown(a actor.Actor, id suspension.ID) (*testkit.Page, string) {
	page := s.desk().As(a).Get(suspension.Path + "/" + string(id))
	return page, strings.Join(strings.Fields(strings.ReplaceAll(page.Text("main"), "\u00a0", " ")), " ")
}

func (s strike) made() suspension.ID {
	s.t.Helper()
	id, err := s.suspend(s.agent(), s.asked)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func TestWhatCannotBeCancelledIsListedWithNamesAndWhy(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.exec(`update family_member set to_day = '2026-09-30' where person = $1`, string(s.Jeremy)) // Inès, of the same home, has her part
		s.exec(`insert into attendance (child, unit, day, state, noted_at) values ($1, $2, $3, 'present', 1)`, string(s.Ines), string(s.Only()), thursday)
		id := s.made()
		s.run(id)
		if got := s.column(`select k.first_names || b.day from booking b join person k on k.id = b.child where b.state = 'booked' order by b.day, k.first_names`); got != "Inès2027-01-14 Jérémy2027-01-14 Jérémy2027-01-15" {
			t.Fatalf("after the job: %s", got)
		}
		if got := s.column(`select state || left_days from suspension`); got != "closed2" { // presence noted is no failure
			t.Errorf("noted: %s", got)
		}
		page, text := s.shown(s.reader(), id)
		for _, want := range []string{"Suspendu, sauf 2 jours", "3 jours n’ont pas pu être annulés", "L’enfant n’est plus rattaché à la famille qui a réservé", "Présence déjà notée", "vendredi 15 janvier"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page lacks %q: %s", want, text)
			}
		}
		if page.Doc.Find(`main a[href="/agents/familles/`+string(s.Second)+`/agenda?semaine=2027-01-11"]`).Length() != 1 {
			t.Errorf("Jérémy does not lead to his other home's week: %s", text)
		}
		if page, _ := s.shown(s.agent(), id); page.Doc.Find(`main a:contains("Jérémy")`).Length() > 0 || !strings.Contains(page.Text("main"), "Jérémy") {
			t.Error("who may open no family is led to one, or reads no name")
		}
		if list := s.desk().As(s.reader()).Get(suspension.Path).Text("main"); !strings.Contains(strings.ReplaceAll(list, "\u00a0", " "), "Suspendu, sauf 2 jours") {
			t.Errorf("the list: %s", list)
		}
		if got := s.column(`select count(*) from audit_event where action = 'suspension.read'`); got == "0" {
			t.Error("children are named and nothing is written down")
		}
	})
}

func TestABookingThatLandsWhileTheJobRunsIsCancelledToo(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.exec(`update booking set state = 'cancelled' where family = $1`, string(s.Second))
		id := s.made()
		n, late := 0, s.jobs
		late.Now = func() time.Time {
			if n++; n == 2 { // the families are listed
				s.exec(`update booking set state = 'booked' where family = $1`, string(s.Second))
			}
			return persontest.Now()
		}
		s.jobs = late
		s.run(id)
		if got := s.column(`select distinct state from booking`); got != "cancelled" {
			t.Errorf("after the job: %s", got)
		}
		if got := s.column(`select state || left_days from suspension`); got != "closed0" {
			t.Errorf("noted: %s", got)
		}
	})
}

func TestFamiliesThatNoMailReachesAreToCall(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.exec(`update person set email = '', mobile = '+33612345678' where id = $1`, string(s.Bruno))
		asked := url.Values{"activite": {string(s.ID)}, "debut": {"14/01/2027"}, "fin": {"15/01/2027"}, "motif": {"Grève du personnel"}}
		form := s.desk().As(s.reader()).Get(suspension.Path + "/nouvelle")
		check := form.SubmitAll("#suspendre", asked)
		for _, want := range []string{"Familles à appeler", "Bruno", "06 12 34 56 78", "Voir les enfants (2)", "Inès", "Partout : Élémentaire Jean-Moulin", "Suspendre et prévenir"} {
			if !strings.Contains(strings.ReplaceAll(check.Text("main"), "\u00a0", " "), want) {
				t.Errorf("the check lacks %q: %s", want, check.Text("main"))
			}
		}
		id := s.made()
		if _, text := s.shown(s.reader(), id); !strings.Contains(text, "En cours : 0 famille sur 2.") || strings.Contains(text, "Aucune famille") {
			t.Errorf("while the job runs: %s", text)
		}
		s.run(id)
		page, text := s.shown(s.reader(), id)
		for _, want := range []string{"1 famille prévenue, 1 famille à appeler, 4 jours annulés.", "Familles à appeler", "Bruno", "06 12 34 56 78", "Rouvrir et prévenir"} {
			if !strings.Contains(text, want) {
				t.Errorf("the page lacks %q: %s", want, text)
			}
		}
		if strings.Contains(text, "06 00") || strings.Contains(page.Doc.Find(`table:contains("Téléphone")`).Text(), "Camille") {
			t.Errorf("who is told by mail is to call: %s", text)
		}
		s.exec(`update person set email = ''`)
		if page, text := s.shown(s.reader(), id); strings.Contains(page.Text("#rouvrir"), "prévenir") || !strings.Contains(text, "2 familles à appeler, 4 jours annulés.") {
			t.Errorf("nobody to tell: %s", text)
		}
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		if _, text := s.shown(s.reader(), id); !strings.Contains(text, "En cours : 0 famille sur 2.") {
			t.Errorf("while it reopens: %s", text)
		}
		s.run(id)
		if _, text := s.shown(s.reader(), id); !strings.Contains(text, "2 familles ont retrouvé leurs jours.") || !strings.Contains(text, "Familles à appeler") {
			t.Errorf("reopened: %s", text)
		}
	})
}

func TestNoButtonPromisesToTellNobody(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		button := func(day string) (string, string) {
			page := s.desk().As(s.reader()).Get(suspension.Path + "/nouvelle?" + url.Values{"verifier": {"1"}, "activite": {string(s.ID)}, "debut": {day}, "motif": {"Travaux"}}.Encode())
			return page.Text("#confirmer button"), page.Text("main")
		}
		if got, _ := button("14/01/2027"); got != "Suspendre et prévenir" {
			t.Errorf("somebody is told: %q", got)
		}
		if got, text := button("18/01/2027"); got != "Fermer ces places" || !strings.Contains(text, "Aucune famille n’est concernée") {
			t.Errorf("nobody is there: %q %s", got, text)
		}
		if got, text := button("16/01/2027"); got != "" || !strings.Contains(text, "Il n’y a rien à suspendre") { // a Saturday
			t.Errorf("nothing is open: %q %s", got, text)
		}
		s.exec(`update slot set state = 'closed', reason = 'Travaux' where day = '2027-01-19'`)
		if got, text := button("19/01/2027"); got != "" || !strings.Contains(text, "Il n’y a rien à suspendre") {
			t.Errorf("closed by hand, and nobody is there: %q %s", got, text)
		}
		s.exec(`update person set email = ''`)
		if got, _ := button("14/01/2027"); got != "Suspendre" {
			t.Errorf("nobody has an address: %q", got)
		}
		s.asked.Days = civil.Range{From: civil.NewDate(2027, 1, 18), To: civil.NewDate(2027, 1, 18)}
		id := s.made()
		s.run(id)
		if page, text := s.shown(s.reader(), id); page.Text("#rouvrir button") != "Rouvrir" || !strings.Contains(text, "Aucune famille n’avait de jour à annuler.") || !strings.Contains(text, "il n’y a personne à prévenir") {
			t.Errorf("nobody was there: %s", text)
		}
	})
}

func TestWhatIsBookedInPlacesClosedByHandIsSuspended(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		s.exec(`update slot set state = 'closed', reason = 'Travaux'`)
		id := s.made()
		s.run(id)
		if got := s.stands(); got != "cancelled cancelled cancelled cancelled | closed:0 closed:0" {
			t.Errorf("after the job: %s", got)
		}
		s.asked.Days = civil.Range{From: friday.AddDays(3), To: friday.AddDays(3)}
		if _, err := s.suspend(s.agent(), s.asked); fault.KindOf(err) != fault.Refused {
			t.Errorf("nothing open, nothing booked: %v", err)
		}
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		if got := s.column(`select state || left_days from suspension`); got != "reopened4" {
			t.Errorf("noted: %s", got)
		}
		if _, text := s.shown(s.reader(), id); !strings.Contains(text, "4 jours n’ont pas pu être rendus") || !strings.Contains(text, "Fermé : Travaux") || !strings.Contains(text, "Rouvert, sauf 4 jours") {
			t.Errorf("what somebody else closed: %s", text)
		}
	})
}

func TestWhatCannotBeGivenBackIsListed(t *testing.T) {
	testkit.EachEngine(t, suspension.Sources(), func(t *testing.T, d *db.DB) {
		s := newStrike(t, d)
		id := s.made()
		s.run(id)
		s.exec(`update enrolment set state = 'ended' where child = $1`, string(s.Ines))
		if err := s.reopen(id); err != nil {
			t.Fatal(err)
		}
		s.run(id)
		s.book(s.Bruno, booking.Wish{Cell: booking.Cell{Child: s.Jeremy, Activity: s.ID, Day: friday}, Seen: booking.Holding{State: booking.Booked, Choice: s.Only()}.Token()})
		_, text := s.shown(s.reader(), id)
		if !strings.Contains(text, "2 jours n’ont pas pu être rendus") || !strings.Contains(text, "L’enfant n’est pas inscrit à cette activité ce jour-là") {
			t.Errorf("the page: %s", text)
		}
		if got := s.column(`select state || left_days from suspension`); got != "reopened2" {
			t.Errorf("noted: %s", got)
		}
	})
}
