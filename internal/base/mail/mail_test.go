package mail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

func TestAMailIsSentOnce(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c, office := newClock(), &postOffice{}
		var args map[string]string
		w := worker(d, c, smtpTo(t, office.open(t)), mail.Template{Name: "hello",
			Render: func(_ context.Context, _ db.Reader, a map[string]string) (mail.Body, error) {
				args = a
				return plain, nil
			}})
		id := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr", Account: "acc-1",
			Args: map[string]string{"activation": "a1"}})
		if s := status(t, d, id); s.State != mail.Queued || s.Account != "acc-1" {
			t.Errorf("before: %+v", s)
		}
		if once(t, w) != 1 || once(t, w) != 0 {
			t.Error("want one mail sent, once")
		}
		if diff := cmp.Diff(map[string]string{"activation": "a1"}, args); diff != "" {
			t.Errorf("args (-want +got)\n%s", diff)
		}
		if s := status(t, d, id); s.State != mail.Sent || s.At != after(0) || s.Attempts != 1 || s.LastError != "" {
			t.Errorf("after: %+v", s)
		}
		if len(office.taken) != 1 {
			t.Fatalf("%d mails arrived", len(office.taken))
		}
		m := office.taken[0]
		got := map[string]string{}
		for _, h := range []string{"From", "To", "Subject", "Message-Id", "Auto-Submitted", "Cc", "Bcc"} {
			got[h] = m.message.Header.Get(h)
		}
		want := map[string]string{"From": `"Mairie de Rivebelle" <ne-pas-repondre@rivebelle.example>`,
			"To": `"Camille Martin" <camille@example.fr>`, "Subject": "Votre espace est ouvert",
			"Message-Id": "<" + string(id) + "@rivebelle.example>", "Auto-Submitted": "auto-generated", "Cc": "", "Bcc": ""}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("headers (-want +got)\n%s", diff)
		}
		for _, part := range []string{"text/plain", "text/html", `lang=3D"fr"`} {
			if !strings.Contains(string(m.raw), part) {
				t.Errorf("no %s in\n%s", part, m.raw)
			}
		}
	})
}

func TestWhatBecomesOfEachFailure(t *testing.T) {
	type want struct {
		State mail.State
		Next  time.Duration
		Error string
	}
	cases := []struct {
		fault string
		want  want
	}{
		{"greeting 421", want{mail.Deferred, time.Minute, "connect"}},
		{"from 451", want{mail.Deferred, time.Minute, "from 451"}},
		{"from 550", want{mail.Deferred, time.Minute, "from 550"}},
		{"from cut", want{mail.Deferred, time.Minute, "from 0"}},
		{"rcpt 450", want{mail.Deferred, time.Minute, "rcpt 450"}},
		{"rcpt 530", want{mail.Deferred, time.Minute, "rcpt 530"}},
		{"rcpt relay", want{mail.Deferred, time.Minute, "rcpt 554"}},
		{"rcpt cut", want{mail.Deferred, time.Minute, "rcpt 0"}},
		{"rcpt 550", want{mail.Bounced, 0, "rcpt 550"}},
		{"data 451", want{mail.Deferred, time.Minute, "data 451"}},
		{"data 554", want{mail.Bounced, 0, "data 554"}},
		{"data cut", want{mail.Deferred, time.Minute, "data 0"}},
		{"dies after data", want{mail.Deferred, time.Minute, "data 0"}},
		{"dies after its answer", want{mail.Sent, 0, ""}},
	}
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		for _, k := range cases {
			c, office := newClock(), &postOffice{fault: func() string { return k.fault }}
			bounces := 0
			w := worker(d, c, smtpTo(t, office.open(t)), hello(plain))
			w.OnBounce = func(tx *db.Tx, _ time.Time, s mail.Status) error {
				if s.To != "camille@example.fr" || s.State != mail.Bounced {
					return fmt.Errorf("told of %+v", s)
				}
				bounces++
				return nil
			}
			id := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
			once(t, w)
			s := status(t, d, id)
			got := want{s.State, 0, s.LastError}
			if s.State == mail.Deferred {
				got.Next = time.Duration(s.At-after(0)) * time.Microsecond
			}
			if diff := cmp.Diff(k.want, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", k.fault, diff)
			}
			if (bounces > 0) != (k.want.State == mail.Bounced) {
				t.Errorf("%s: OnBounce called %d times", k.fault, bounces)
			}
			if strings.Contains(s.LastError, "Camille") {
				t.Errorf("%s: the server's text was stored", k.fault)
			}
			if err := clear(d); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func clear(d *db.DB) error {
	return db.Do(context.Background(), d, func(tx *db.Tx) error {
		_, err := tx.Exec(`delete from mail_outbox`)
		return err
	})
}

func TestBackingOff(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		run := func(fault string) (waits []time.Duration, last mail.Status) {
			c, office := newClock(), &postOffice{fault: func() string { return fault }}
			w := worker(d, c, smtpTo(t, office.open(t)), hello(plain))
			id := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
			for range 40 {
				once(t, w)
				last = status(t, d, id)
				if last.State != mail.Deferred {
					break
				}
				wait := last.At.In(time.UTC).Sub(c.now())
				waits = append(waits, wait)
				c.move(wait - time.Second)
				if once(t, w) != 0 {
					t.Error("tried too early")
				}
				c.move(time.Second)
			}
			return waits, last
		}
		waits, last := run("rcpt 450")
		first := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 4 * time.Hour}
		if diff := cmp.Diff(first, waits[:6]); diff != "" {
			t.Errorf("waits (-want +got)\n%s", diff)
		}
		total := time.Duration(0)
		for _, w := range waits {
			total += w
		}
		if last.State != mail.Bounced || total < 72*time.Hour || total > 77*time.Hour {
			t.Errorf("a full letter box was given up after %v as %+v", total, last)
		}
		waits, last = run("from 451")
		if last.State != mail.Deferred || len(waits) != 40 {
			t.Errorf("a server that is down for a week lost the mail: %+v", last)
		}
	})
}

func TestAServerThatDoesNotAnswerHoldsNothing(t *testing.T) {
	closed := rawServer(t, func(net.Conn) {})
	servers := map[string]string{"one byte a second": rawServer(t, drip), "silent": rawServer(t, hang),
		"closes at once": closed, "nobody there": "smtp://127.0.0.1:1"}
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		for name, address := range servers {
			c := newClock()
			w := worker(d, c, smtpTo(t, address), hello(plain))
			w.Patience = 300 * time.Millisecond
			id := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
			done := make(chan bool)
			go func() { once(t, w); done <- true }()
			// Meanwhile verbs go on: no transaction is held while a server is waited for.
			for range 20 {
				enqueue(t, d, c, mail.Message{Template: "later", To: "x@example.fr"})
				if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
					_, err := tx.Exec(`delete from mail_outbox where template = 'later'`)
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case <-done:
			case <-time.After(20 * time.Second):
				t.Fatalf("%s: the worker hangs", name)
			}
			if s := status(t, d, id); s.State != mail.Deferred || s.LastError != "connect" {
				t.Errorf("%s: %+v", name, s)
			}
			if err := clear(d); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A server that falls silent, or closes, at any step: the mail waits; once acknowledged it never goes again.
func TestSilenceAtEachStep(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		for _, step := range []string{"GREETING", "EHLO", "MAIL", "RCPT", "DATA", "TAKEN", "QUIT"} {
			for _, closes := range []bool{false, true} {
				c := newClock()
				w := worker(d, c, smtpTo(t, rawServer(t, talk(step, closes))), hello(plain))
				w.Patience = 800 * time.Millisecond
				id := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
				start := time.Now()
				once(t, w)
				if took := time.Since(start); took > 10*time.Second {
					t.Errorf("%s: %v for one mail", step, took)
				}
				want := mail.Deferred
				if step == "QUIT" {
					want = mail.Sent
				}
				if s := status(t, d, id); s.State != want {
					t.Errorf("%s (closes: %v): %+v, want %s", step, closes, s, want)
				}
				if err := clear(d); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// senderFunc is a Sender made of a function.
type senderFunc func() error

func (f senderFunc) Send(context.Context, mail.Mail) error { return f() }

// A worker held longer than its lease wakes up after another has sent the mail: its own outcome counts for nothing.
func TestAWorkerThatComesBackLate(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		id := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
		var office postOffice
		quick := worker(d, c, smtpTo(t, office.open(t)), hello(plain))
		slow := worker(d, c, senderFunc(func() error {
			c.move(11 * time.Minute)
			if once(t, quick) != 1 {
				t.Error("the lease did not end")
			}
			return &mail.Failure{Blame: mail.Gone, Kind: "rcpt 550"}
		}), hello(plain))
		slow.OnBounce = func(*db.Tx, time.Time, mail.Status) error {
			t.Error("a mail that was sent is told as refused")
			return nil
		}
		once(t, slow)
		if s := status(t, d, id); s.State != mail.Sent {
			t.Errorf("got %+v", s)
		}
	})
}

// Bad luck of every kind: nothing is lost, and a mail arrives twice only where the server died having taken it.
func TestRandomFaults(t *testing.T) {
	size := 150
	if os.Getenv("PARVIS_DEEP") == "1" {
		size = 10_000
	}
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c, office := newClock(), &postOffice{}
		office.fault = lots(t, 0.5, "greeting 421", "from 451", "from cut", "rcpt 450", "rcpt cut", "data 451", "data cut",
			"dies after data", "dies after its answer")
		w := worker(d, c, smtpTo(t, office.open(t)), hello(plain))
		second := worker(d, c, smtpTo(t, office.open(t)), hello(plain))
		for range size {
			enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr", Bulk: true})
		}
		for range 100 {
			var both sync.WaitGroup
			both.Go(func() { once(t, w) })
			both.Go(func() { once(t, second) })
			both.Wait()
			if counts(t, d)[mail.Sent] == int64(size) {
				break
			}
			c.move(time.Hour)
		}
		if diff := cmp.Diff(map[mail.State]int64{mail.Sent: int64(size)}, counts(t, d)); diff != "" {
			t.Errorf("states (-want +got)\n%s", diff)
		}
		seen := map[string]int{}
		for _, m := range office.taken {
			seen[m.message.Header.Get("Message-Id")]++
			if len(m.recipients) != 1 {
				t.Errorf("%d recipients", len(m.recipients))
			}
		}
		twice := len(office.taken) - len(seen)
		t.Logf("%d mails, %d connections, %d deaths after DATA, %d duplicates", size, office.sessions, office.deaths, twice)
		if len(seen) != size {
			t.Errorf("%d mails arrived of %d", len(seen), size)
		}
		if twice > office.deaths {
			t.Errorf("%d duplicates for %d deaths after DATA", twice, office.deaths)
		}
	})
}

func TestAWorkerThatDiesLosesNothing(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		id := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, err := tx.Exec(`update mail_outbox set state = 'sending', attempts = 1, lease_until = $1, message_id = 'kept@x'`,
				after(10*time.Minute))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		office := &postOffice{}
		w := worker(d, c, smtpTo(t, office.open(t)), hello(plain))
		if once(t, w) != 0 {
			t.Error("a mail under lease was taken")
		}
		c.move(11 * time.Minute)
		once(t, w)
		if s := status(t, d, id); s.State != mail.Sent || office.taken[0].message.Header.Get("Message-Id") != "<kept@x>" {
			t.Errorf("after the lease: %+v", s)
		}
	})
}

func TestTemplates(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c, office := newClock(), &postOffice{}
		body := func(name string, b mail.Body, err error) mail.Template {
			return mail.Template{Name: name, Render: func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
				return b, err
			}}
		}
		w := worker(d, c, smtpTo(t, office.open(t)), body("used", mail.Body{}, mail.ErrDrop),
			body("broken", mail.Body{}, errors.New("no such row")), body("empty", mail.Body{}, nil),
			body("huge", mail.Body{Subject: "x", Paragraphs: []string{strings.Repeat("a", 30_000)}}, nil),
			mail.Template{Name: "panics", Render: func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
				panic(errors.New("boum"))
			}})
		got := map[string]string{}
		ids := map[string]mail.ID{}
		names := []string{"used", "broken", "empty", "huge", "panics", "unknown"}
		for _, name := range names {
			ids[name] = enqueue(t, d, c, mail.Message{Template: name, To: "camille@example.fr"})
		}
		once(t, w)
		for _, name := range names {
			s := status(t, d, ids[name])
			got[name] = string(s.State) + " " + s.LastError
		}
		want := map[string]string{"used": "dropped dropped", "broken": "deferred render", "empty": "deferred render",
			"huge": "deferred render", "panics": "deferred render", "unknown": "deferred template"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if len(office.taken) != 0 {
			t.Error("something was sent")
		}
	})
}

func TestNobodyElseGetsTheMail(t *testing.T) {
	evil := "x\r\nBcc: voleur@example.fr\r\n\r\nRCPT TO:<voleur@example.fr>\r\n.\r\nMAIL FROM:<a@b.fr>"
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c, office := newClock(), &postOffice{}
		body := mail.Body{ToName: "Camille" + evil, Subject: "Votre espace" + evil, Greeting: evil, Paragraphs: []string{evil},
			Facts: []mail.Fact{{Label: evil, Value: evil}}, Button: mail.Button{Label: evil, URL: "https://x.example/" + evil},
			Signature: evil}
		w := worker(d, c, smtpTo(t, office.open(t)), hello(body))
		w.From.Name += evil
		enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
		once(t, w)
		if len(office.taken) != 1 {
			t.Fatalf("%d mails arrived", len(office.taken))
		}
		m := office.taken[0]
		if diff := cmp.Diff([]string{"camille@example.fr"}, m.recipients); diff != "" {
			t.Errorf("recipients (-want +got)\n%s", diff)
		}
		for _, h := range []string{"Bcc", "Cc"} {
			if v := m.message.Header.Get(h); v != "" {
				t.Errorf("%s: %s", h, v)
			}
		}
		if to, err := m.message.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != "camille@example.fr" {
			t.Errorf("To: %v %v", to, err)
		}

		bad := []string{"", "camille", "camille@example.fr" + evil, "a@b.fr, c@d.fr", "Camille <a@b.fr>", "<a@b.fr>",
			"a@b.fr\n", "a@b.fr\x00", "a b@c.fr", "a@b.fr>\r\nRCPT TO:<c@d.fr", strings.Repeat("a", 250) + "@b.fr"}
		for _, to := range bad {
			if err := clear(d); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(to, "\x00") && d.Engine() == db.Postgres {
				continue // PostgreSQL stores no NUL: the verb itself is refused
			}
			id := enqueue(t, d, c, mail.Message{Template: "hello", To: to})
			once(t, w)
			if s := status(t, d, id); s.State != mail.Bounced || s.LastError != "address" {
				t.Errorf("to %q: %+v", to, s)
			}
		}
		if len(office.taken) != 1 {
			t.Error("a malformed address got a mail")
		}
	})
}

func TestRetryAndPurge(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		ctx, c, fault := context.Background(), newClock(), "rcpt 550"
		office := &postOffice{fault: func() string { return fault }}
		w := worker(d, c, smtpTo(t, office.open(t)), hello(plain))
		id := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr", Account: "acc-1"})
		once(t, w)
		fault = ""
		retry := func() error {
			return db.Do(ctx, d, func(tx *db.Tx) error { return mail.Retry(tx, c.now(), id) })
		}
		if err := retry(); err != nil {
			t.Fatal(err)
		}
		once(t, w)
		if s := status(t, d, id); s.State != mail.Sent {
			t.Errorf("after the retry: %+v", s)
		}
		if retry() == nil {
			t.Error("a mail that was sent was queued again")
		}
		waiting := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr", Account: "acc-1"})
		err := db.Do(ctx, d, func(tx *db.Tx) error {
			_, err := mail.Purge(tx, c.now().Add(time.Hour))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		left, err := db.Read(ctx, d, func(r db.Reader) ([]mail.Status, error) { return mail.ForAccount(r, "acc-1") })
		if err != nil || len(left) != 1 || left[0].ID != waiting {
			t.Errorf("after the purge: %+v, %v", left, err)
		}
	})
}

func TestCapture(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		ctx, c := context.Background(), newClock()
		w := worker(d, c, mail.Capture{DB: d, Now: c.now}, hello(plain))
		enqueue(t, d, c, mail.Message{Template: "hello", To: "un@example.fr"})
		once(t, w)
		c.move(time.Second)
		enqueue(t, d, c, mail.Message{Template: "hello", To: "deux@example.fr"})
		once(t, w)
		box, err := db.Read(ctx, d, func(r db.Reader) ([]mail.Captured, error) { return mail.CapturedMails(r, 10) })
		if err != nil || len(box) != 2 || box[0].To != "deux@example.fr" || box[1].To != "un@example.fr" {
			t.Fatalf("letter box %+v, %v", box, err)
		}
		one, err := db.Read(ctx, d, func(r db.Reader) (mail.Captured, error) { return mail.CapturedMail(r, box[0].ID) })
		if err != nil || !strings.Contains(one.HTML, `href="https://ville.example/x"`) {
			t.Errorf("%+v, %v", one, err)
		}
	})
}
