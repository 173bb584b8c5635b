package feed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/booking/bookingtest"
	"parvis/internal/feature/family"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/feed"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/testkit"
)

// Names of every kind: what is long, what iCalendar gives a meaning to, what is not in Latin-1.
const (
	club    = `Mercredi ; jeux, goûter \ théâtre à la médiathèque intercommunale des Hérons de Sermenaz`
	ipek    = "İpek"
	obrien  = "O'Brien"
	longest = 75 // octets of a line
)

// house is a portal with the feed, and Camille's account; her children are called İpek and O'Brien.
type house struct {
	bookingtest.Open
	t       *testing.T
	d       *db.DB
	now     time.Time
	portal  *testkit.Portal
	camille actor.Actor
	own     *testkit.Client
	anybody *testkit.Client
}

func each(t *testing.T, fn func(h *house)) {
	testkit.EachEngine(t, feed.Sources(), func(t *testing.T, d *db.DB) {
		every := activitytest.SchoolWeek | activity.On(time.Wednesday)
		h := &house{t: t, d: d, now: persontest.Now(), Open: bookingtest.NewOpen(t, d, activitytest.Plan{Name: club,
			Days:    civil.Range{From: civil.NewDate(2027, 1, 6), To: civil.NewDate(2027, 4, 9)},
			Units:   []activity.Unit{{Name: "Matin", Weekdays: every, From: 510, To: 690, Alone: true}, {Name: "Repas", Weekdays: every, From: 690, To: 800}},
			Choices: []activity.Choice{{Name: "Matin et repas", Units: []activity.UnitID{"0", "1"}}}})}
		h.exec(`update person set first_names = $1 where id = $2`, ipek, string(h.Jeremy))
		h.exec(`update person set first_names = $1 where id = $2`, obrien, string(h.Ines))
		clock := func() time.Time { return h.now }
		h.portal = testkit.NewPortal(t, d, h.now)
		feed.Pages{DB: d, Now: clock, Key: crypt.NewKey(), Catalogue: h.Catalogue, Log: slog.New(slog.DiscardHandler),
			URL: func(path string) string { return "http://portail.test" + path }}.Citizen(h.portal.Router)
		h.camille = h.citizen(h.Camille)
		h.own, h.anybody = h.portal.As(h.camille), h.portal.As(actor.Actor{})
		fn(h)
	})
}

func (h *house) exec(statement string, args ...any) {
	h.t.Helper()
	if err := db.Do(context.Background(), h.d, func(tx *db.Tx) error { _, err := tx.Exec(statement, args...); return err }); err != nil {
		h.t.Fatal(err)
	}
}

// citizen gives somebody an account.
func (h *house) citizen(p person.ID) actor.Actor {
	h.t.Helper()
	id, err := db.Write(context.Background(), h.d, func(tx *db.Tx) (account.ID, error) {
		return account.Insert(tx, h.now, actor.Job("test"), account.Account{Person: p, Audience: account.Citizen, State: account.Active, Username: "de." + string(p)}, "")
	})
	if err != nil {
		h.t.Fatal(err)
	}
	a := persontest.Citizen(p)
	a.Account = string(id)
	return a
}

// address makes an address on the page and reads it there.
func (h *house) address(c *testkit.Client, form string) string {
	h.t.Helper()
	page := c.Get(feed.Path).Submit(form, nil).Follow()
	at, shown := page.Doc.Find(`input[name=adresse]`).Attr("value")
	u, err := url.Parse(at)
	if !shown || err != nil || !strings.HasSuffix(u.Path, ".ics") || strings.Contains(page.Body, "form#creer") {
		h.t.Fatalf("no address: %d %s", page.Status, page.Text("main"))
	}
	return u.Path
}

// choice is one of the club's by its words.
func (h *house) choice(name string) activity.ChoiceID {
	h.t.Helper()
	cat, err := h.Catalogue.Get(context.Background(), h.now)
	if err != nil {
		h.t.Fatal(err)
	}
	a, _ := cat.Activity(h.ID)
	for _, c := range a.Choices {
		if c.Name == name {
			return c.ID
		}
	}
	h.t.Fatalf("no choice %q", name)
	return ""
}

// ask books, changes or gives up a day.
func (h *house) ask(child family.ChildID, day civil.Date, seen, want string) {
	h.t.Helper()
	h.askAs(h.camille, child, day, seen, want)
}

func (h *house) askAs(a actor.Actor, child family.ChildID, day civil.Date, seen, want string) {
	h.t.Helper()
	w := booking.Wish{Cell: booking.Cell{Child: child, Activity: h.ID, Day: day}}
	if seen != "" {
		w.Seen = booking.Token("booked." + string(h.choice(seen)))
	}
	if want != "" {
		w.Want = h.choice(want)
	}
	out, err := h.Apply(h.t, h.now, a, booking.Order{Wishes: []booking.Wish{w}})
	if err != nil || out.Done() != 1 {
		h.t.Fatalf("%s: %+v %v", day, out, err)
	}
}

// event is what Debian's python3-icalendar reads.
type event struct {
	UID, Summary, Status, Start, End, Location, Modified string
	Sequence                                             int
	Names                                                []string // of all properties
}

const reader = `
import sys, json, icalendar
c = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
def when(v):
    return v.dt.isoformat()
print(json.dumps({"version": str(c["version"]), "prodid": str(c["prodid"]), "events": [{
    "uid": str(e["uid"]), "summary": str(e["summary"]), "status": str(e["status"]), "start": when(e["dtstart"]), "end": when(e["dtend"]),
    "location": str(e.get("location", "")), "modified": when(e["last-modified"]), "sequence": int(e["sequence"]),
    "names": [n for n in e.keys()], "stamp": when(e["dtstamp"])} for e in c.walk("vevent")],
    "errors": [str(x) for e in c.walk() for x in e.errors]}))
`

// events asks for an address as a calendar does, and parses the answer with a program that others wrote.
func (h *house) events(path string) map[string]event {
	h.t.Helper()
	page := h.anybody.Get(path)
	if page.Status != 200 || page.Header.Get("Content-Type") != "text/calendar; charset=utf-8" || page.Header.Get("Set-Cookie") != "" {
		h.t.Fatalf("%s: %d %v %s", path, page.Status, page.Header, page.Text("main"))
	}
	for _, line := range strings.SplitAfter(page.Body, "\r\n") {
		if strings.Contains(strings.TrimSuffix(line, "\r\n"), "\n") || len(strings.TrimSuffix(line, "\r\n")) > longest {
			h.t.Errorf("%d octets: %q", len(line), line)
		}
	}
	for _, secret := range []string{"Martin", "Nguy", "arachide", "sans porc", "rue ", "Jean-Moulin 1", string(h.Jeremy), string(h.Ines), string(h.First)} {
		if strings.Contains(strings.ReplaceAll(page.Body, "\r\n ", ""), secret) {
			h.t.Errorf("the calendar says %q", secret)
		}
	}
	cmd := exec.Command("/usr/bin/python3", "-c", reader)
	cmd.Stdin = strings.NewReader(page.Body)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	raw, err := cmd.Output()
	if err != nil {
		h.t.Fatalf("%v (is the Debian package python3-icalendar there?): %s\n%s", err, complaint.String(), page.Body)
	}
	var read struct {
		Version, Prodid string
		Events          []event
		Errors          []string
	}
	if err := json.Unmarshal(raw, &read); err != nil || len(read.Errors) > 0 || read.Version != "2.0" || read.Prodid == "" {
		h.t.Fatalf("%v: %s", err, raw)
	}
	all := map[string]event{}
	for _, e := range read.Events {
		child, _, _ := strings.Cut(e.Summary, "\u00a0:")
		key := child + " " + e.Start[:10]
		if _, twice := all[key]; twice {
			h.t.Errorf("%s twice", key)
		}
		all[key] = e
	}
	return all
}

func TestACalendarFollowsTheBookings(t *testing.T) {
	each(t, func(h *house) {
		path := h.address(h.own, "form#creer")
		if n := len(h.events(path)); n != 0 {
			t.Errorf("%d events of nothing", n)
		}
		friday, spring := civil.NewDate(2027, 1, 8), civil.NewDate(2027, 3, 30) // summer time since Sunday
		h.ask(h.Jeremy, friday, "", "Matin")
		h.ask(h.Ines, spring, "", "Matin et repas")
		all := h.events(path)
		booked, after := all[ipek+" 2027-01-08"], all[obrien+" 2027-03-30"]
		if len(all) != 2 || booked.Status != "CONFIRMED" || booked.Summary != ipek+"\u00a0: "+club+", matin" || booked.Location != "Élémentaire Jean-Moulin" {
			t.Errorf("booked: %+v", all)
		}
		if booked.Start != "2027-01-08T07:30:00+00:00" || booked.End != "2027-01-08T10:30:00+00:00" {
			t.Errorf("winter hours: %s to %s", booked.Start, booked.End)
		}
		if after.Start != "2027-03-30T06:30:00+00:00" || after.End != "2027-03-30T11:20:00+00:00" {
			t.Errorf("summer hours: %s to %s", after.Start, after.End)
		}
		// The parser takes marks that are not escaped too; others cut the words there.
		if raw := strings.ReplaceAll(h.anybody.Get(path).Body, "\r\n ", ""); !strings.Contains(raw, `Mercredi \; jeux\, goûter \\ théâtre`) {
			t.Errorf("not escaped: %s", raw)
		}
		h.now = h.now.Add(time.Minute)
		h.ask(h.Jeremy, friday, "Matin", "Matin et repas")
		changed := h.events(path)[ipek+" 2027-01-08"]
		if changed.UID != booked.UID || changed.Sequence <= booked.Sequence || changed.Modified <= booked.Modified || changed.End != "2027-01-08T12:20:00+00:00" || changed.Status != "CONFIRMED" {
			t.Errorf("changed: %+v, was %+v", changed, booked)
		}
		h.now = h.now.Add(time.Minute)
		h.ask(h.Jeremy, friday, "Matin et repas", "")
		gone := h.events(path)[ipek+" 2027-01-08"]
		if gone.UID != booked.UID || gone.Sequence <= changed.Sequence || gone.Status != "CANCELLED" {
			t.Errorf("cancelled: %+v, was %+v", gone, changed)
		}
		for _, state := range []string{"asked", "waiting", "offered"} {
			h.exec(`update booking set state = $1 where child = $2`, state, string(h.Ines))
			if got := h.events(path)[obrien+" 2027-03-30"]; got.Status != "TENTATIVE" || got.UID != after.UID {
				t.Errorf("%s: %+v", state, got)
			}
		}
		h.exec(`update booking set state = 'booked' where child = $1`, string(h.Ines))
		h.exec(`update booking set choice = null where child = $1`, string(h.Ines)) // booked unit by unit in the old portal
		if got := h.events(path)[obrien+" 2027-03-30"]; got.Summary != after.Summary || got.Start != after.Start || got.End != after.End {
			t.Errorf("unit by unit: %+v, want %s", got, after.Summary)
		}
		h.exec(`update booking set absence_at = $2 where child = $1`, string(h.Ines), int64(civil.InstantOf(h.now.Add(time.Hour))))
		if got := h.events(path)[obrien+" 2027-03-30"]; got.Status != "CANCELLED" || got.UID != after.UID || got.Sequence <= after.Sequence {
			t.Errorf("told absent: %+v", got)
		}
		h.exec(`update booking set absence_at = null where child = $1`, string(h.Ines))
		h.exec(`update slot set state = 'closed' where day = $1`, spring)
		if got := h.events(path)[obrien+" 2027-03-30"]; got.Status != "CANCELLED" {
			t.Errorf("on a day that the service closed: %+v", got)
		}
	})
}

func TestACalendarThatDidNotChangeIsNotSentAgain(t *testing.T) {
	each(t, func(h *house) {
		path := h.address(h.own, "form#creer")
		h.ask(h.Jeremy, civil.NewDate(2027, 1, 8), "", "Matin")
		first := h.anybody.Get(path)
		h.anybody.Header.Set("If-None-Match", first.Header.Get("ETag"))
		h.now = h.now.Add(2 * time.Hour)
		if again := h.anybody.Get(path); first.Header.Get("ETag") == "" || again.Status != 304 || again.Body != "" {
			t.Errorf("unchanged: %d, %d bytes", again.Status, len(again.Body))
		}
		h.ask(h.Jeremy, civil.NewDate(2027, 1, 11), "", "Matin")
		if again := h.anybody.Get(path); again.Status != 200 {
			t.Errorf("changed: %d", again.Status)
		}
		if text := h.own.Get(feed.Path).Text("main"); !strings.Contains(text, "Lue le mercredi 6 janvier 2027") {
			t.Errorf("the reading is not said: %s", text)
		}
	})
}

// TestWhoReadsWhatIsDecidedAtEachReading: a court's restriction set by an agent, an account closed.
func TestWhoReadsWhatIsDecidedAtEachReading(t *testing.T) {
	each(t, func(h *house) {
		path := h.address(h.own, "form#creer")
		his := h.citizen(h.Bruno)
		bruno := h.address(h.portal.As(his), "form#creer")
		friday := civil.NewDate(2027, 1, 8)
		h.ask(h.Jeremy, friday, "", "Matin")
		h.ask(h.Ines, friday, "", "Matin")
		h.askAs(his, h.Jeremy, friday.AddDays(3), "", "Matin")
		if all, other := h.events(path), h.events(bruno); len(all) != 2 || len(other) != 1 || other[ipek+" 2027-01-11"].UID == "" {
			t.Errorf("Camille reads %v, Bruno of the other home %v", all, other)
		}
		if err := db.Do(context.Background(), h.d, func(tx *db.Tx) error {
			for _, child := range []family.ChildID{h.Jeremy, h.Ines} {
				if _, err := family.Restrict(tx, h.now, familytest.Agent(family.RestrictSet), family.Restriction{Person: h.Camille, Child: child,
					DecidedOn: civil.NewDate(2027, 1, 4), Reference: "27/0001"}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if all, other := h.events(path), h.events(bruno); len(all) != 0 || len(other) != 1 {
			t.Errorf("after the restriction Camille reads %v, Bruno %v", all, other)
		}
		h.exec(`update account set state = 'suspended' where id = $1`, h.camille.Account)
		if page := h.anybody.Get(path); page.Status != 404 {
			t.Errorf("of a suspended account: %d", page.Status)
		}
	})
}

func TestAnAddressIsRenewedRevokedAndShownOnce(t *testing.T) {
	each(t, func(h *house) {
		if page := h.own.Get(feed.Path).Submit("form#creer", map[string]string{"noms": "initials"}); page.Status != 303 {
			t.Fatalf("made: %d %s", page.Status, page.Text("main"))
		}
		h.ask(h.Jeremy, civil.NewDate(2027, 1, 8), "", "Matin")
		first := h.address(h.own, "form#renouveler")
		if all := h.events(first); len(all) != 1 || !strings.HasPrefix(all["İ. 2027-01-08"].Summary, "İ.\u00a0: ") {
			t.Errorf("initials, kept by a renewal: %v", all)
		}
		h.own.Get(feed.Path).Submit("form#noms", map[string]string{"noms": "first"}).Follow()
		if all := h.events(first); all[ipek+" 2027-01-08"].UID == "" {
			t.Errorf("first names: %v", all)
		}
		second := h.address(h.own, "form#renouveler")
		lost := h.anybody.Get(first)
		unknown := h.anybody.Get("/calendrier/" + strings.Repeat("a", 32) + ".ics")
		if first == second || lost.Status != 404 || unknown.Status != 404 || lost.Text("main") != unknown.Text("main") {
			t.Errorf("renewed: the old address answers %d, an unknown one %d", lost.Status, unknown.Status)
		}
		if bare := h.anybody.Get(strings.TrimSuffix(second, ".ics")); bare.Status != 404 {
			t.Errorf("without .ics: %d", bare.Status)
		}
		h.now = h.now.Add(11 * time.Minute)
		if page := h.own.Get(feed.Path); page.Has("[name=adresse]") || strings.Contains(page.Body, second) {
			t.Error("the address is shown for ever")
		}
		if n := h.count(`select count(*) from feed where token_hash = $1`, strings.TrimSuffix(strings.TrimPrefix(second, "/calendrier/"), ".ics")); n != 0 {
			t.Error("the address itself is stored")
		}
		gone := h.own.Get(feed.Path).Submit("form#retrait", nil).Follow()
		if !gone.Has("form#creer") || h.anybody.Get(second).Status != 404 {
			t.Errorf("revoked: %s", gone.Text("main"))
		}
		if wrong := h.own.Post(feed.Path, url.Values{"cle": {db.NewID()}, "noms": {"nom de famille"}}); wrong.Status != 422 || h.count(`select count(*) from feed where revoked_at is null`) != 0 {
			t.Errorf("another name: %d", wrong.Status)
		}
		for action, want := range map[string]int64{"feed.made": 1, "feed.renewed": 2, "feed.names.changed": 1, "feed.revoked": 1} {
			if n := h.count(`select count(*) from audit_event where action = $1`, action); n != want {
				t.Errorf("%d lines %s, want %d", n, action, want)
			}
		}
	})
}

func (h *house) count(query string, args ...any) int64 {
	h.t.Helper()
	n, err := db.Read(context.Background(), h.d, func(r db.Reader) (int64, error) { return db.One(r, "count", db.Column[int64], query, args...) })
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

func TestStatementsOfAReadingDoNotGrow(t *testing.T) {
	each(t, func(h *house) {
		path := h.address(h.own, "form#creer")
		h.anybody.Get(path) // the catalogue is cached, the reading is noted
		counted := func() int64 {
			ctx, n := db.CountQueries(context.Background())
			page := h.anybody.Do(h.request(ctx, path))
			if page.Status != 200 {
				t.Fatal(page.Status)
			}
			return *n
		}
		none := counted()
		for d := civil.NewDate(2027, 1, 8); d.Before(civil.NewDate(2027, 2, 20)); d = d.AddDays(1) {
			if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
				h.ask(h.Jeremy, d, "", "Matin")
				h.ask(h.Ines, d, "", "Matin et repas")
			}
		}
		if many := counted(); many != none || many > 4 || len(h.events(path)) < 50 {
			t.Errorf("%d statements for nothing, %d for %d events", none, many, len(h.events(path)))
		}
	})
}

func (h *house) request(ctx context.Context, path string) *http.Request {
	h.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://portail.test"+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.RequestURI = path
	return r
}
