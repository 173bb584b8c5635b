package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/portal/demo"
	"parvis/internal/testkit"
)

// house is the whole portal with its demonstration town, served on this machine, its workers running.
type house struct {
	*app.App
	t   testing.TB
	URL string
	log *syncBuffer
}

// openHouse opens a house on an engine: "" is SQLite, else a PostgreSQL address. clock is nil for the machine's; change
// adjusts the settings.
func openHouse(t testing.TB, database string, clock func() time.Time, change ...func(*app.Config)) *house {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	key := crypt.NewKey()
	h := &house{t: t, URL: "http://" + listener.Addr().String(), log: &syncBuffer{}}
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelError}))
	cfg := app.Config{Data: t.TempDir(), Database: database, Listen: listener.Addr().String(), MailRate: 6000}
	for _, f := range change {
		f(&cfg)
	}
	h.App, err = app.Open(t.Context(), cfg, app.Options{Log: log, Demo: true, Key: key, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Fill(t.Context(), demo.Deps{DB: h.DB, Key: key, Now: h.Now()}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h.Handler())
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	ctx, stop := context.WithCancel(context.Background())
	worked := make(chan struct{})
	go func() {
		h.Run(ctx)
		close(worked)
	}()
	t.Cleanup(func() {
		server.Close()
		stop()
		<-worked
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if text := h.log.String(); text != "" {
			t.Errorf("the portal logged faults:\n%s", text)
		}
	})
	return h
}

// way is the demonstration's sign-in of a role.
func (h *house) way(role string) demo.SignIn {
	h.t.Helper()
	for _, s := range demo.SignIns() {
		if s.Role == role {
			return s
		}
	}
	h.t.Fatalf("the demonstration has no %s", role)
	return demo.SignIn{}
}

// token opens a session without password and gives its cookie.
func (h *house) token(username string) string {
	h.t.Helper()
	id := h.text(`select id from account where username_folded = $1`, account.FoldUsername(username))
	return accounttest.SignIn(h.t, h.DB, h.Now(), account.ID(id))
}

// as gives a tab the session of a role; "" signs it out.
func (h *house) as(b *testkit.Browser, role string) {
	h.t.Helper()
	if role == "" {
		b.SetCookie(h.URL, account.SessionCookie, "")
		return
	}
	b.SetCookie(h.URL, account.SessionCookie, h.token(h.way(role).Username))
}

// text is the one value that a query gives.
func (h *house) text(query string, args ...any) string {
	h.t.Helper()
	s, err := db.Read(context.Background(), h.DB, func(r db.Reader) (string, error) {
		return db.One(r, "value", db.Column[string], query, args...)
	})
	if err != nil {
		h.t.Fatalf("%s: %v", query, err)
	}
	return s
}

// count is the one number that a query gives.
func (h *house) count(query string, args ...any) int64 {
	h.t.Helper()
	return accounttest.Count(h.t, h.DB, query, args...)
}

// do writes on behalf of the test.
func (h *house) do(fn func(tx *db.Tx, a actor.Actor) error) {
	h.t.Helper()
	err := db.Do(context.Background(), h.DB, func(tx *db.Tx) error { return fn(tx, actor.Job("test")) })
	if err != nil {
		h.t.Fatal(err)
	}
}

// mailTo waits for a captured mail to an address whose subject has these words.
func (h *house) mailTo(to, words string) mail.Captured {
	h.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		all, err := db.Read(context.Background(), h.DB, func(r db.Reader) ([]mail.Captured, error) { return mail.CapturedMails(r, 50) })
		if err != nil {
			h.t.Fatal(err)
		}
		for _, m := range all {
			if m.To == to && strings.Contains(m.Subject, words) {
				return m
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.t.Fatalf("no mail « %s » to %s", words, to)
	return mail.Captured{}
}

// linkIn is the path of the first address of a mail that has the words.
func (h *house) linkIn(m mail.Captured, words string) string {
	h.t.Helper()
	for _, word := range strings.Fields(m.Text) {
		if path, ok := strings.CutPrefix(word, h.URL); ok && strings.Contains(path, words) {
			return path
		}
	}
	h.t.Fatalf("the mail « %s » has no link with %s:\n%s", m.Subject, words, m.Text)
	return ""
}

// syncBuffer is a buffer that the portal's goroutines write and the test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
