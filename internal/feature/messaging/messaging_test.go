package messaging_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

var (
	now   = time.Date(2027, time.January, 6, 10, 0, 0, 0, time.UTC)
	today = civil.DateOf(now)
)

func agent(services ...string) actor.Actor {
	return actor.Actor{Kind: actor.Agent, Second: true, Account: "agent", Name: "Dominique",
		Rights: map[actor.Right][]string{messaging.NewsWrite: services}}
}

var (
	writer  = agent(actor.AllServices)
	citizen = actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: "camille", Person: "p", Name: "Camille Martin"}
)

func write(t *testing.T, d *db.DB, n messaging.NewsItem, day civil.Date) messaging.NewsID {
	t.Helper()
	id, err := db.Write(context.Background(), d, func(tx *db.Tx) (messaging.NewsID, error) {
		id, err := messaging.Write(tx, now, writer, n)
		if err == nil && !day.IsZero() {
			err = messaging.Publish(tx, now, writer, id, day)
		}
		return id, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func latest(t *testing.T, d *db.DB, at time.Time) []string {
	t.Helper()
	items, err := db.Read(context.Background(), d, func(r db.Reader) ([]messaging.NewsItem, error) { return messaging.Latest(r, at, 3) })
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, n := range items {
		titles = append(titles, n.Title)
	}
	return titles
}

func TestOnlyPublishedNewsOfTodayOrBeforeShows(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		write(t, d, messaging.NewsItem{Title: "Brouillon", Body: "x"}, civil.Date{})
		write(t, d, messaging.NewsItem{Title: "Hier", Body: "x"}, today.AddDays(-1))
		write(t, d, messaging.NewsItem{Title: "Demain", Body: "x"}, today.AddDays(1))
		gone := write(t, d, messaging.NewsItem{Title: "Aujourd’hui", Body: "x"}, today)
		if diff := cmp.Diff([]string{"Aujourd’hui", "Hier"}, latest(t, d, now)); diff != "" {
			t.Errorf("today:\n%s", diff)
		}
		if diff := cmp.Diff([]string{"Demain", "Aujourd’hui", "Hier"}, latest(t, d, now.AddDate(0, 0, 1))); diff != "" {
			t.Errorf("tomorrow:\n%s", diff)
		}
		withdraw := func() error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error { return messaging.Withdraw(tx, now, writer, gone) })
		}
		if err := withdraw(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"Hier"}, latest(t, d, now)); diff != "" {
			t.Errorf("after withdrawing:\n%s", diff)
		}
		if err := withdraw(); fault.KindOf(err) != fault.Refused {
			t.Errorf("withdrawing twice: %v", err)
		}
	})
}

func TestNewsIsWrittenByWhoHoldsTheRightForItsService(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		service, err := db.Write(context.Background(), d, func(tx *db.Tx) (town.ServiceID, error) {
			return town.AddService(tx, now, actor.Job("test"), town.Service{Name: "Jeunesse"})
		})
		if err != nil {
			t.Fatal(err)
		}
		id := write(t, d, messaging.NewsItem{Title: "Le Local", Body: "x", Service: service}, today)
		try := func(a actor.Actor, verb func(tx *db.Tx, a actor.Actor) error) fault.Kind {
			return fault.KindOf(db.Do(context.Background(), d, func(tx *db.Tx) error { return verb(tx, a) }))
		}
		rewrite := func(tx *db.Tx, a actor.Actor) error {
			_, err := messaging.Write(tx, now, a, messaging.NewsItem{ID: id, Title: "Autre", Body: "y"})
			return err
		}
		publish := func(tx *db.Tx, a actor.Actor) error { return messaging.Publish(tx, now, a, id, today) }
		for name, a := range map[string]actor.Actor{"citizen": citizen, "visitor": {}, "agent of another service": agent("autre"),
			"agent before the second factor": {Kind: actor.Agent, Rights: writer.Rights}} {
			if k := try(a, rewrite); k != fault.Forbidden && k != fault.NotFound {
				t.Errorf("%s rewrote the news: %v", name, k)
			}
			if k := try(a, publish); k != fault.NotFound {
				t.Errorf("%s published the news: %v", name, k)
			}
		}
		if k := try(agent(string(service)), publish); k != fault.Unknown {
			t.Errorf("the service's own agent: %v", k)
		}
	})
}

func TestWriteSaysWhatIsMissing(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		_, err := db.Write(context.Background(), d, func(tx *db.Tx) (messaging.NewsID, error) {
			return messaging.Write(tx, now, writer, messaging.NewsItem{Title: " ", Extract: strings.Repeat("a", 301)})
		})
		var names []string
		for _, f := range fault.FieldsOf(err) {
			names = append(names, f.Name)
		}
		if diff := cmp.Diff([]string{"titre", "extrait", "texte"}, names); diff != "" {
			t.Error(diff)
		}
	})
}

func TestShorten(t *testing.T) {
	if got := messaging.Shorten("Les places sont attribuées, dans l’ordre", 28); got != "Les places sont attribuées…" {
		t.Errorf("got %q", got)
	}
	if got := messaging.Shorten("Court", 28); got != "Court" {
		t.Errorf("got %q", got)
	}
}

func portal(t *testing.T, d *db.DB) *testkit.Portal {
	t.Helper()
	p := testkit.NewPortal(t, d, now)
	pages := messaging.Pages{DB: d, Now: func() time.Time { return now }, Settings: &town.Cache{DB: d},
		Subject: func(template string) string {
			return map[string]string{"account.activation": "Votre espace est prêt"}[template]
		}}
	pages.Citizen(p.Router)
	pages.Agent(p.Router)
	return p
}

func TestReadingNews(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		p := portal(t, d)
		c := p.As(actor.Actor{})
		if empty := c.Get("/actualites"); empty.Status != 200 || !empty.Has(".empty") {
			t.Errorf("no news: %d", empty.Status)
		}
		for i := range 12 {
			write(t, d, messaging.NewsItem{Title: fmt.Sprintf("Nouvelle %02d <b>", i), Body: "Un.\n\nDeux."}, today.AddDays(-i))
		}
		hidden := write(t, d, messaging.NewsItem{Title: "Brouillon", Body: "x"}, civil.Date{})
		first := c.Get("/actualites")
		if n := first.Doc.Find("li.news").Length(); n != 10 {
			t.Errorf("first page holds %d", n)
		}
		second := first.Click("a[rel=next]")
		if n := second.Doc.Find("li.news").Length(); n != 2 {
			t.Errorf("second page holds %d", n)
		}
		item := first.Click("li.news a")
		if item.Text("h1") != "Nouvelle 00 <b>" || item.Doc.Find("article p").Length() != 2 {
			t.Errorf("item: %q, %d paragraphs", item.Text("h1"), item.Doc.Find("article p").Length())
		}
		for _, path := range []string{"/actualites/" + string(hidden), "/actualites/inconnue"} {
			if got := c.Get(path); got.Status != 404 {
				t.Errorf("%s: %d", path, got.Status)
			}
		}
		if got := p.As(citizen).Get("/espace/actualites").Click("li.news a"); got.Status != 200 || !strings.HasPrefix(got.Path, "/espace/actualites/") {
			t.Errorf("in the space: %d %s", got.Status, got.Path)
		}
		if got := c.Get("/actualites?page=zzz"); got.Status != 200 {
			t.Errorf("a page that is no number: %d", got.Status)
		}
	})
}

func TestAgentWritesPreviewsPublishesAndWithdraws(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		p := portal(t, d)
		c := p.As(writer)
		form := c.Get("/agents/actualites").Click("a[href='/agents/actualites/nouvelle']")
		wrong := form.Submit("main form", map[string]string{"texte": "Les places sont attribuées dans l’ordre.\n\nÀ bientôt."})
		if wrong.Status != 422 || !strings.Contains(wrong.Text("textarea[name=texte]"), "Les places") {
			t.Fatalf("without a title: %d", wrong.Status)
		}
		preview := wrong.Submit("main form", map[string]string{"titre": "Vacances d’hiver"}).Follow()
		if preview.Text("h1") != "Vacances d’hiver" || len(latest(t, d, now)) != 0 {
			t.Fatalf("preview: %q, published %v", preview.Text("h1"), latest(t, d, now))
		}
		badDay := preview.Submit("form[action$='/publication']", map[string]string{"jour": "demain"})
		if badDay.Status != 422 || !badDay.Has("#champ-jour-erreur") {
			t.Errorf("a day that is none: %d", badDay.Status)
		}
		published := badDay.Submit("form[action$='/publication']", map[string]string{"jour": "06/01/2027"}).Follow()
		if got := latest(t, d, now); len(got) != 1 || published.Status != 200 {
			t.Fatalf("published: %v", got)
		}
		edit := published.Click("a[href$='/modifier']")
		edit.Submit("main form", map[string]string{"titre": "Vacances d’hiver 2027"}).Follow()
		late := edit.Submit("main form", map[string]string{"titre": "Écrasé"})
		if late.Status != 409 {
			t.Errorf("an outdated form: %d", late.Status)
		}
		published.Submit("form[action$='/retrait']", nil).Follow()
		if got := latest(t, d, now); len(got) != 0 {
			t.Errorf("withdrawn, still shown: %v", got)
		}
		if got := p.As(agent()).Get("/agents/actualites"); got.Status != 403 {
			t.Errorf("an agent without the right: %d", got.Status)
		}
	})
}

func TestMessagesListsOnlyMailsOfTheAccount(t *testing.T) {
	testkit.EachEngine(t, messaging.Sources(), func(t *testing.T, d *db.DB) {
		c := portal(t, d).As(citizen)
		if empty := c.Get("/espace/messages"); empty.Status != 200 || !empty.Has(".empty") {
			t.Errorf("nothing sent: %d", empty.Status)
		}
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			for _, m := range []mail.Message{
				{Template: "account.activation", To: "camille@exemple.fr", Account: "camille"},
				{Template: "internal.notice", To: "camille@exemple.fr", Account: "camille"},
				{Template: "account.activation", To: "autre@exemple.fr", Account: "autre"},
			} {
				if _, err := mail.Enqueue(tx, now, m); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		hidden := citizen
		hidden.Account = "notice"
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := mail.Enqueue(tx, now, mail.Message{Template: "internal.notice", To: "alex@exemple.fr", Account: "notice"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if text := portal(t, d).As(hidden).Get("/espace/messages").Text("main .empty"); text == "" || strings.Contains(text, "rien envoyé") {
			t.Errorf("a mail was sent that the page does not list, and it says: %s", text)
		}
		page := c.Get("/espace/messages")
		if got := page.Text("main .rows"); !strings.Contains(got, "Votre espace est prêt") || !strings.Contains(got, "camille@exemple.fr") ||
			strings.Contains(got, "autre@exemple.fr") || page.Doc.Find("main .rows li").Length() != 1 {
			t.Errorf("messages: %s", got)
		}
	})
}
