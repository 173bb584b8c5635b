package custody_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// parted is two homes that share Jérémy’s days, and an hour that moves.
type parted struct {
	familytest.Homes
	t   *testing.T
	d   *db.DB
	now time.Time
}

func eachParted(t *testing.T, run func(p *parted)) {
	testkit.EachEngine(t, custody.Sources(), func(t *testing.T, d *db.DB) {
		p := &parted{Homes: familytest.New(t, d), t: t, d: d, now: persontest.Now()}
		p.do("share", func(tx *db.Tx) error {
			_, err := custody.Enter(tx, p.now, familytest.Agent(family.FileWrite), p.Jeremy, custody.Sharing{Arrangement: custody.Arrangement{
				Home: p.First, Other: p.Second, Kind: custody.ByDates, Cells: "A", Days: civil.Range{From: civil.DateOf(p.now)},
				Spans: []custody.Span{{Home: p.Second, Range: civil.Range{From: p.day(200), To: p.day(230)}}}}})
			return err
		})
		p.do("forget the mails", func(tx *db.Tx) error { _, err := tx.Exec(`delete from mail_outbox`); return err })
		run(p)
	})
}

func (p *parted) do(what string, verb func(tx *db.Tx) error) {
	p.t.Helper()
	if err := db.Do(context.Background(), p.d, verb); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

func (p *parted) camille() actor.Actor { return persontest.Citizen(p.Camille) }

func (p *parted) day(n int) civil.Date { return civil.DateOf(persontest.Now()).AddDays(n) }

func (p *parted) offer(n int) (custody.DayID, error) {
	return p.offerBy(context.Background(), p.camille(), n)
}

func (p *parted) offerBy(ctx context.Context, a actor.Actor, n int) (custody.DayID, error) {
	return db.Write(ctx, p.d, func(tx *db.Tx) (custody.DayID, error) { return custody.OfferDay(tx, p.now, a, p.Jeremy, p.day(n)) })
}

func (p *parted) offered(n int) custody.DayID {
	p.t.Helper()
	id, err := p.offer(n)
	if err != nil {
		p.t.Fatalf("offer day %d: %v", n, err)
	}
	return id
}

func (p *parted) withdraw(id custody.DayID) {
	p.t.Helper()
	p.do("withdraw", func(tx *db.Tx) error { _, err := custody.WithdrawDay(tx, p.now, p.camille(), id); return err })
}

// post moves the hour, runs the mail worker and returns what it sent: "to | subject | text".
func (p *parted) post(later time.Duration) []string {
	p.t.Helper()
	p.now = p.now.Add(later)
	now := func() time.Time { return p.now }
	w := &mail.Worker{DB: p.d, Sender: mail.Capture{DB: p.d, Now: now}, Now: now, From: mail.Address{Address: "mairie@exemple.fr"}, Patience: time.Second,
		Templates: custody.Mails(custody.MailDeps{URL: func(path string) string { return "https://parvis.exemple" + path }, Now: now})}
	if _, err := w.Once(context.Background()); err != nil {
		p.t.Fatal(err)
	}
	all, err := db.Write(context.Background(), p.d, func(tx *db.Tx) ([]string, error) {
		got, err := db.List(tx, db.Column[string], `select to_address || ' | ' || subject || ' | ' || body_text from mail_captured order by id`)
		return got, err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.do("empty the box", func(tx *db.Tx) error { _, err := tx.Exec(`delete from mail_captured`); return err })
	return all
}

func (p *parted) count(sql string, args ...any) int {
	p.t.Helper()
	n, err := db.Read(context.Background(), p.d, func(r db.Reader) (int, error) { return db.One(r, "count", db.Column[int], sql, args...) })
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// TestDaysOfferedInARowAreOneMail: it tells all that is still offered when it leaves, and nothing of what was taken back.
func TestDaysOfferedInARowAreOneMail(t *testing.T) {
	eachParted(t, func(p *parted) {
		p.offered(3)
		back := p.offered(4)
		p.offered(8)
		p.withdraw(back)
		if n := p.count(`select count(*) from mail_outbox`); n != 1 {
			t.Errorf("%d mails wait for one head of the other home", n)
		}
		if early := p.post(0); len(early) != 0 {
			t.Errorf("sent at once: %q", early)
		}
		all := p.post(3 * time.Minute)
		if len(all) != 1 {
			t.Fatalf("%d mails: %q", len(all), all)
		}
		for _, want := range []string{"bruno.petit@exemple.fr | 2 jours où Jérémy peut être chez vous", p.day(3).Long(), p.day(8).Long(), "Bonjour Bruno Petit"} {
			if !strings.Contains(all[0], want) {
				t.Errorf("lacks %q: %s", want, all[0])
			}
		}
		if strings.Contains(all[0], p.day(4).Long()) {
			t.Errorf("tells what was taken back: %s", all[0])
		}
		one := p.offered(12)
		if got := p.post(3 * time.Minute); len(got) != 1 || !strings.Contains(got[0], "Le "+p.day(12).Long()+", Jérémy peut être chez vous") {
			t.Errorf("a day by itself: %q", got)
		}
		p.do("take", func(tx *db.Tx) error {
			_, err := custody.AnswerDay(tx, p.now, persontest.Citizen(p.Bruno), one, true)
			return err
		})
		p.do("take not", func(tx *db.Tx) error {
			id, err := db.One(tx, "day", db.Column[custody.DayID], `select id from custody_day where day = $1`, p.day(3))
			if err != nil {
				return err
			}
			_, err = custody.AnswerDay(tx, p.now, persontest.Citizen(p.Bruno), id, false)
			return err
		})
		answers := p.post(3 * time.Minute)
		if len(answers) != 3 { // Camille and Thomas of both answers, Bruno of the day that he took
			t.Fatalf("%d mails of answers: %q", len(answers), answers)
		}
		for _, m := range answers {
			hers := !strings.HasPrefix(m, "bruno")
			if hers != strings.Contains(m, "L’autre foyer ne prend pas le "+p.day(3).Long()) || hers != strings.Contains(m, "L’autre foyer prend le "+p.day(12).Long()) ||
				hers == strings.Contains(m, "Le "+p.day(12).Long()+", Jérémy est chez vous") {
				t.Errorf("an answer: %s", m)
			}
		}
	})
}

// TestADayTakenBackIsNotToldAgainTheSameDay: but a day whose first mail never left is.
func TestADayTakenBackIsNotToldAgainTheSameDay(t *testing.T) {
	eachParted(t, func(p *parted) {
		p.withdraw(p.offered(3))
		if got := p.post(3 * time.Minute); len(got) != 0 {
			t.Fatalf("taken back before it left, and told: %q", got)
		}
		id := p.offered(3)
		if got := p.post(3 * time.Minute); len(got) != 1 || !strings.Contains(got[0], p.day(3).Long()) {
			t.Fatalf("offered again, never told: %q", got)
		}
		for range 3 {
			p.withdraw(id)
			id = p.offered(3)
			if got := p.post(40 * time.Minute); len(got) != 0 {
				t.Fatalf("told again the same day: %q", got)
			}
		}
		p.withdraw(id)
		p.now = p.now.AddDate(0, 0, 1)
		p.offered(3)
		if got := p.post(time.Hour); len(got) != 1 {
			t.Errorf("the next day: %q", got)
		}
	})
}

// TestSomebodyOffersSoManyDaysOfAChildInADay: what was taken back counts too, the refusal stands at the field, and the
// other head of the home still can.
func TestSomebodyOffersSoManyDaysOfAChildInADay(t *testing.T) {
	eachParted(t, func(p *parted) {
		for n := range 9 {
			p.offered(n + 1)
		}
		p.withdraw(p.offered(10))
		p.offered(5) // sent twice: nothing new
		path := "/espace/famille/partage/" + string(p.Jeremy)
		pages := testkit.NewPortal(t, p.d, p.now)
		custody.Pages{DB: p.d, Now: func() time.Time { return p.now }}.Citizen(pages.Router)
		page := pages.As(p.camille()).Post(path+"/confier", url.Values{"cle": {db.NewID()}, "jour": {p.day(11).String()}})
		if page.Status != 422 || !page.Has(`#erreurs a[href="#champ-jour"]`) || !strings.Contains(page.Text("#erreurs"), "Vous avez déjà confié 10 jours aujourd’hui") {
			t.Errorf("the eleventh: %d %s", page.Status, page.Text("main"))
		}
		if n := p.count(`select count(*) from custody_day`); n != 10 {
			t.Errorf("%d days written", n)
		}
		thomas := persontest.Citizen(p.Thomas)
		if _, err := p.offerBy(context.Background(), thomas, 12); err != nil {
			t.Errorf("the other head: %v", err)
		}
		testkit.ByIndex(t, p.d, "custody_day_person", func(ctx context.Context) error { _, err := p.offerBy(ctx, thomas, 13); return err })
		p.now = p.now.AddDate(0, 0, 1)
		p.offered(11)
	})
}

// TestSomebodyProposesSoManyTimesInADay: proposals made and taken back in a row are one mail of the last, or none; the
// other head of the home still can.
func TestSomebodyProposesSoManyTimesInADay(t *testing.T) {
	eachParted(t, func(p *parted) {
		by := func(ctx context.Context, a actor.Actor) (custody.ID, error) {
			return db.Write(ctx, p.d, func(tx *db.Tx) (custody.ID, error) {
				return custody.Propose(tx, p.now, a, p.Jeremy, weeksFrom(p.Homes, civil.DateOf(p.now).AddDays(7)))
			})
		}
		propose := func() (custody.ID, error) { return by(context.Background(), p.camille()) }
		withdraw := func(id custody.ID) {
			p.do("withdraw", func(tx *db.Tx) error { _, err := custody.Withdraw(tx, p.now, p.camille(), id); return err })
		}
		for range 2 {
			id, err := propose()
			if err != nil {
				t.Fatal(err)
			}
			withdraw(id)
		}
		if got := p.post(3 * time.Minute); len(got) != 0 {
			t.Errorf("taken back, and told: %q", got)
		}
		id, err := propose()
		if err != nil {
			t.Fatal(err)
		}
		if got := p.post(3 * time.Minute); len(got) != 1 || !strings.Contains(got[0], "propose un partage") {
			t.Errorf("the third: %q", got)
		}
		withdraw(id)
		_, err = propose()
		if fields := fault.FieldsOf(err); len(fields) != 1 || fields[0].Name != "debut" || !strings.Contains(fields[0].Sentence, "Vous avez déjà fait 3 propositions aujourd’hui") {
			t.Errorf("the fourth: %v", err)
		}
		theirs, err := by(context.Background(), persontest.Citizen(p.Thomas))
		if err != nil {
			t.Fatalf("the other head: %v", err)
		}
		withdraw(theirs)
		testkit.ByIndex(t, p.d, "custody_person", func(ctx context.Context) error {
			id, err := by(ctx, persontest.Citizen(p.Thomas))
			if err == nil {
				withdraw(id)
			}
			return err
		})
		p.now = p.now.AddDate(0, 0, 1)
		if _, err := propose(); err != nil {
			t.Errorf("the next day: %v", err)
		}
	})
}

// TestWhomACourtKeepsAwayIsNotToldOfWhatWaits: the mail waits two minutes, in which a court may decide.
func TestWhomACourtKeepsAwayIsNotToldOfWhatWaits(t *testing.T) {
	eachParted(t, func(p *parted) {
		p.offered(3)
		p.do("restrict", func(tx *db.Tx) error {
			_, err := tx.Exec(`insert into restriction (id, person, child, from_day, decided_on, reference, set_at) values ('x', $1, $2, $3, $3, 'RG', 0)`,
				string(p.Bruno), string(p.Jeremy), civil.DateOf(p.now))
			return err
		})
		if got := p.post(3 * time.Minute); len(got) != 0 {
			t.Errorf("told: %q", got)
		}
	})
}
