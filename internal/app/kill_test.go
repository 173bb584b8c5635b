package app_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/emersion/go-smtp"
)

// What a child of the kill test is told.
const (
	killData  = "PARVIS_APP_CHILD"
	killBase  = "PARVIS_APP_CHILD_DATABASE"
	killKey   = "PARVIS_APP_CHILD_KEY"
	killSMTP  = "PARVIS_APP_CHILD_SMTP"
	killClock = "PARVIS_APP_CHILD_CLOCK" // minutes that the clock is ahead
	killIdle  = "PARVIS_APP_CHILD_IDLE"  // sends the mails that wait, writes nothing
	killOne   = "PARVIS_APP_CHILD_ONE"   // one newcomer, then nothing more
)

func TestMain(m *testing.M) {
	if os.Getenv(killData) != "" {
		if err := letInForEver(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKill9WhileNewcomersAreLetIn kills the portal at random moments while newcomers ask for an account in the wizard,
// confirm, are linked to a family, unlinked again and let in at last, and their mails leave for a real mail server. No
// acknowledged step is lost; each newcomer stands at one step with everything that belongs to it, as a portal that was
// never killed leaves them; each mail leaves once, and twice only when the kill fell between the server's word and ours.
func TestKill9WhileNewcomersAreLetIn(t *testing.T) {
	rounds := map[string]int{"sqlite": 4, "postgres": 2}
	if deep() {
		rounds = map[string]int{"sqlite": 300, "postgres": 150}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			k := newKilled(t, engine)
			k.learn()
			total := 0
			for round := range rounds[engine] {
				reached := k.killOnce(300*time.Millisecond + time.Duration(random.Int64N(int64(1200*time.Millisecond))))
				k.look(round, reached)
				total += len(reached)
			}
			k.sendTheRest()
			k.countMails()
			if total < rounds[engine] {
				t.Errorf("only %d newcomers were acknowledged in %d rounds: nothing was tested", total, rounds[engine])
			}
			t.Logf("%d kills, %d newcomers acknowledged, %d mails, %d of them twice (killed between the server's word and ours)",
				rounds[engine], total, len(k.office.taken), k.twice)
		})
	}
}

// killed is a portal that is killed, and what a portal that was not leaves of one newcomer after each step.
type killed struct {
	t      *testing.T
	data   string
	base   string
	key    string
	smtp   string
	clock  int
	steps  []string // what stands of a newcomer after each step, learnt; [0] is nothing
	office *letterBox
	maybe  map[string]int // Message-ID → kills after which the server had the mail and we did not know
	twice  int
}

func newKilled(t *testing.T, engine string) *killed {
	t.Helper()
	k := &killed{t: t, data: t.TempDir(), key: filepath.Join(t.TempDir(), "cle"), office: &letterBox{taken: map[string]int{}}, maybe: map[string]int{}}
	if engine == "postgres" {
		k.base = testkit.PostgresURL(t, app.Sources())
	}
	if _, err := crypt.CreateKey(k.key); err != nil {
		t.Fatal(err)
	}
	k.smtp = "smtp://" + k.office.open(t) + "?from=espace@exemple.fr"
	a := k.open()
	defer a.Close()
	err := db.Do(t.Context(), a.DB, func(tx *db.Tx) error {
		job := actor.Job("test")
		if _, err := town.AddService(tx, a.Now(), job, town.Service{Name: "Enfance", Active: true}); err != nil {
			return err
		}
		_, _, err := account.AddAgent(tx, a.Now(), job, a.Key, account.NewAgent{LastName: "Rahmani", FirstNames: "Nadia", Email: "nadia@exemple.fr", Username: "nadia",
			Roles: []account.Held{{Role: account.Instruction, Service: town.ServiceID(actor.AllServices)}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *killed) config() app.Config {
	return app.Config{Data: k.data, Database: k.base, KeyFile: k.key, Listen: "127.0.0.1:0", BaseURL: "http://portail.test", SMTP: k.smtp, MailRate: 6000}
}

func (k *killed) open() *app.App {
	k.t.Helper()
	a, err := app.Open(context.Background(), k.config(), app.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		k.t.Fatal(err)
	}
	return a
}

// child is the portal as a process of its own. Each one's clock is ahead of the one before by more than a lease.
func (k *killed) child(extra ...string) *exec.Cmd {
	k.clock += 11
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killData+"="+k.data, killBase+"="+k.base, killKey+"="+k.key, killSMTP+"="+k.smtp, fmt.Sprint(killClock, "=", k.clock))
	cmd.Env = append(cmd.Env, extra...)
	return cmd
}

// learn lets one newcomer in without a kill and notes what stands after each step.
func (k *killed) learn() {
	k.t.Helper()
	cmd := k.child(killOne + "=1")
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		k.t.Fatal(err)
	}
	k.steps = []string{""}
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		if name, _, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			a := k.open()
			k.steps = append(k.steps, standing(k.t, a, name))
			_ = a.Close()
			fmt.Fprintln(in, "on")
		}
	}
	if err := cmd.Wait(); err != nil || len(k.steps) != 1+len(walk) || len(slices.Compact(slices.Sorted(slices.Values(k.steps)))) != len(k.steps) {
		k.t.Fatalf("the steps of one newcomer: %v\n%s", err, strings.Join(k.steps, "\n\n"))
	}
}

// killOnce runs the portal for a while and kills it; it returns the last acknowledged step of each newcomer.
func (k *killed) killOnce(after time.Duration) map[string]int {
	k.t.Helper()
	cmd := k.child()
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	reached := map[string]int{}
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line cut by the kill was not seen by the client
		}
		if line == "ready\n" {
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			continue
		}
		name, step, _ := strings.Cut(strings.TrimSpace(line), " ")
		reached[name] = 1 + slices.Index(walk, step)
	}
	_ = cmd.Wait()
	if complaints.Len() > 0 {
		k.t.Fatalf("child: %s", complaints.String())
	}
	return reached
}

// look compares every newcomer of the round with what stands after each step, and notes the mails of which the server
// knows and we do not.
func (k *killed) look(round int, reached map[string]int) {
	k.t.Helper()
	a := k.open()
	defer a.Close()
	if err := db.Check(k.t.Context(), a.DB); err != nil {
		k.t.Error(err)
	}
	lost, halved := 0, 0
	for _, name := range slices.Sorted(maps.Keys(reached)) {
		stands := standing(k.t, a, name)
		switch at := slices.Index(k.steps, stands); {
		case at < 0:
			if halved++; halved == 1 {
				k.t.Errorf("round %d: %s stands between two steps:\n%s\nafter %s it is\n%s", round, name, stands, walk[reached[name]-1], k.steps[reached[name]])
			}
		case at < reached[name]:
			lost++
		}
	}
	if lost > 0 || halved > 0 {
		k.t.Fatalf("round %d: of %d newcomers %d acknowledged steps are lost, %d halved", round, len(reached), lost, halved)
	}
	for _, id := range column(k.t, a, `select message_id from mail_outbox where state = 'sending' and message_id <> ''`) {
		if k.office.has(id) {
			k.maybe[id]++
		}
	}
}

// sendTheRest runs the portal without a kill until no mail waits.
func (k *killed) sendTheRest() {
	k.t.Helper()
	cmd := k.child(killIdle + "=1")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		k.t.Fatalf("the last mails: %v\n%s", err, said.String())
	}
}

// countMails compares what the outbox says with what the mail server took.
func (k *killed) countMails() {
	k.t.Helper()
	a := k.open()
	defer a.Close()
	// A mail that a later step has overtaken is dropped, by design: never the last one to somebody, nor what tells both
	// sides of a link undone.
	if left := column(k.t, a, `select template || ' ' || state from mail_outbox m where state not in ('sent', 'dropped')
		or state = 'dropped' and (template like 'admission.unlinked%'
			or not exists (select 1 from mail_outbox later where later.to_address = m.to_address and later.id > m.id))`); len(left) > 0 {
		k.t.Errorf("%d mails were not sent: %v", len(left), left[:min(len(left), 5)])
	}
	sent := column(k.t, a, `select message_id from mail_outbox where state = 'sent'`)
	for _, id := range sent {
		n := k.office.taken[id]
		switch {
		case n == 0:
			k.t.Errorf("mail %s is lost", id)
		case n > 1+k.maybe[id]:
			k.t.Errorf("mail %s was taken %d times, and %d kills explain it", id, n, k.maybe[id])
		case n > 1:
			k.twice++
		}
	}
	if len(sent) != len(k.office.taken) {
		k.t.Errorf("%d mails in the outbox, %d at the server", len(sent), len(k.office.taken))
	}
}

func column(t *testing.T, a *app.App, query string, args ...any) []string {
	t.Helper()
	all, err := db.Read(context.Background(), a.DB, func(r db.Reader) ([]string, error) { return db.List(r, db.Column[string], query, args...) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// letterBox is a mail server that counts what it takes, by Message-ID.
type letterBox struct {
	mu    sync.Mutex
	taken map[string]int
}

func (b *letterBox) has(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken[id] > 0
}

func (b *letterBox) open(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &letters{box: b}, nil }))
	server.Domain, server.ErrorLog = "test", slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

type letters struct{ box *letterBox }

func (*letters) Reset()                               {}
func (*letters) Logout() error                        { return nil }
func (*letters) Mail(string, *smtp.MailOptions) error { return nil }
func (*letters) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (l *letters) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return err
	}
	l.box.mu.Lock()
	defer l.box.mu.Unlock()
	l.box.taken[strings.Trim(m.Header.Get("Message-ID"), "<>")]++
	return nil
}
