package custody_test

import (
	"context"
	"strings"
	"testing"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// written renders what waits to be sent to an address, all in one.
func written(t *testing.T, d *db.DB, address string) string {
	t.Helper()
	templates := map[string]mail.Template{}
	for _, x := range custody.Mails(custody.MailDeps{URL: func(p string) string { return "https://portail.test" + p }, Now: persontest.Now}) {
		templates[x.Name] = x
	}
	text, err := db.Read(context.Background(), d, func(r db.Reader) (string, error) {
		all, err := mail.InState(r, mail.Queued, 100)
		out := ""
		for _, x := range all {
			one, known := templates[x.Template]
			if x.To != address || !known {
				continue
			}
			body, err := one.Render(context.Background(), r, x.Args)
			if err != nil {
				return "", err
			}
			subject, text, _, err := mail.Render(mail.Look{Town: "Rivebelle"}, body)
			if err != nil {
				return "", err
			}
			out += subject + "\n" + text + "\n"
		}
		return out, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(text)
}

func weeksFrom(h familytest.Homes, from civil.Date) custody.Sharing {
	return custody.Sharing{DecidedOn: from.AddDays(-60), Reference: "RG 26/01234", Arrangement: custody.Arrangement{Home: h.First, Other: h.Second, Kind: custody.EvenOddWeeks,
		Change: 1, Days: civil.Range{From: from}}}
}

// TestTheOtherHomeIsToldOfAProposalAndSaysWhatItThinks: by mail and on the first page, with nothing of the first home; the
// agent reads the opinion and decides, with or without it.
func TestTheOtherHomeIsToldOfAProposalAndSaysWhatItThinks(t *testing.T) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		from := civil.DateOf(now).AddDays(5)
		p := portal(t, d)
		camille, bruno := persontest.Citizen(h.Camille), persontest.Citizen(h.Bruno)
		var id custody.ID
		act := func(what string, fn func(tx *db.Tx) error) {
			t.Helper()
			if err := db.Do(context.Background(), d, fn); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		act("propose", func(tx *db.Tx) (err error) {
			id, err = custody.Propose(tx, now, camille, h.Jeremy, weeksFrom(h, from))
			return err
		})
		path := "/espace/famille/partage/" + string(h.Jeremy)
		letter := written(t, d, "bruno.petit@exemple.fr")
		for _, want := range []string{"L’autre foyer propose un partage des jours de Jérémy", "Semaines paires : dans l’autre foyer. Semaines impaires : chez vous", "Rien ne change avant la réponse du service", "https://portail.test" + path} {
			if !strings.Contains(letter, want) {
				t.Errorf("the mail lacks %q: %s", want, letter)
			}
		}
		for _, secret := range append(familytest.CamilleSecrets, "Camille", "Thomas", "Inès", "RG 26", string(h.First)) {
			if strings.Contains(letter, secret) {
				t.Errorf("the mail says %q of the other home: %s", secret, letter)
			}
		}
		if mine := written(t, d, "camille.martin@exemple.fr"); mine != "" {
			t.Errorf("who proposed is mailed: %s", mine)
		}
		if got := todo(t, d, bruno); len(got) != 1 || !strings.Contains(got[0], "propose un partage des jours de Jérémy") {
			t.Errorf("to do: %v", got)
		}
		if got := todo(t, d, camille); len(got) != 0 {
			t.Errorf("to do by who proposed: %v", got)
		}
		agent := p.As(familytest.AgentOf(h.Service, family.MemberApprove, family.FileWrite))
		asked := "/agents/partages/" + string(id)
		if got := agent.Get(asked).Text("main"); !strings.Contains(got, "Pas encore donné") {
			t.Errorf("the agent before: %s", got)
		}
		page := p.As(bruno).Get(path)
		if bad := page.Submit("form#avis", map[string]string{"avis": "disagrees"}); bad.Status != 422 || !strings.Contains(bad.Text("#erreurs"), "ce qui ne convient pas") {
			t.Errorf("without a word: %d %s", bad.Status, bad.Text("main"))
		}
		said := page.Submit("form#avis", map[string]string{"avis": "disagrees", "mot": "Je travaille le vendredi"}).Follow()
		if !strings.Contains(said.Text("main"), "Vous avez dit au service que vous n’êtes pas d’accord") {
			t.Errorf("said: %s", said.Text("main"))
		}
		if got := todo(t, d, bruno); len(got) != 0 {
			t.Errorf("still to do: %v", got)
		}
		if got := agent.Get(asked).Text("main"); !strings.Contains(got, "Pas d’accord") || !strings.Contains(got, "Je travaille le vendredi") || !strings.Contains(got, "Bruno Petit") {
			t.Errorf("the agent reads: %s", got)
		}
		mine := p.As(camille).Get(path)
		noneOf(t, mine, append(familytest.BrunoSecrets, "Bruno", "Petit", "Je travaille")...)
		act("agree after all", func(tx *db.Tx) error {
			_, err := custody.Say(tx, now, bruno, id, custody.Agrees, "")
			return err
		})
		if _, known := home(t, d, h, from); known {
			t.Error("what the other home thinks decided by itself")
		}
		act("the agent refuses all the same", func(tx *db.Tx) error {
			return custody.Decide(tx, now, familytest.Agent(family.MemberApprove), id, family.Decision{Reason: "il manque la décision"})
		})
		late := page.Submit("form#avis", map[string]string{"avis": "agrees", "cle": db.NewID()})
		if late.Status != 409 {
			t.Errorf("an opinion after the answer: %d", late.Status)
		}
		act("mails of what is past", func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from mail_outbox where template = $1`, custody.MailProposed)
			return err
		})
		if got := written(t, d, "bruno.petit@exemple.fr"); !strings.Contains(got, "n’est pas enregistré") || strings.Contains(got, "il manque la décision") {
			t.Errorf("the other home is told of the refusal: %s", got)
		}
		if got := written(t, d, "camille.martin@exemple.fr"); !strings.Contains(got, "il manque la décision") {
			t.Errorf("who proposed is told why: %s", got)
		}
	})
}

func home(t *testing.T, d *db.DB, h familytest.Homes, day civil.Date) (family.ID, bool) {
	t.Helper()
	line, err := db.Read(context.Background(), d, func(r db.Reader) (custody.Timeline, error) {
		return custody.TimelineOf(r, h.Jeremy, civil.Range{From: day, To: day}, civil.DateOf(persontest.Now()))
	})
	if err != nil {
		t.Fatal(err)
	}
	return line.HomeOn(day)
}

// TestWhoIsKeptFromTheChildHearsNothingOfAProposal: nor mail, nor line, while the other parent of the same home does.
func TestWhoIsKeptFromTheChildHearsNothingOfAProposal(t *testing.T) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		h := familytest.New(t, d)
		now := persontest.Now()
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			if _, err := family.Restrict(tx, now, actor.Job("test"), family.Restriction{Person: h.Thomas, Child: h.Jeremy, DecidedOn: civil.DateOf(now), Reference: "RG"}); err != nil {
				return err
			}
			if _, err := tx.Exec(`delete from mail_outbox`); err != nil {
				return err
			}
			_, err := custody.Propose(tx, now, persontest.Citizen(h.Bruno), h.Jeremy, weeksFrom(h, civil.DateOf(now)))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if got := sent(t, d); got != custody.MailProposed+" camille.martin@exemple.fr" {
			t.Errorf("mailed: %s", got)
		}
		if got := todo(t, d, persontest.Citizen(h.Thomas)); len(got) != 0 {
			t.Errorf("to do: %v", got)
		}
		if got := todo(t, d, persontest.Citizen(h.Camille)); len(got) != 1 {
			t.Errorf("to do by the other parent: %v", got)
		}
		if got := portal(t, d).As(persontest.Citizen(h.Thomas)).Get("/espace/famille/partage/" + string(h.Jeremy)); got.Status != 404 {
			t.Errorf("the page: %d", got.Status)
		}
	})
}
