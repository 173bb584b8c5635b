package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
)

// BenchmarkProcess prints what the built program costs on a loaded folder: the time from its start to its first
// answer, its memory once started, after pages and at most meanwhile; then the same start for the demonstration.
func BenchmarkProcess(b *testing.B) {
	binary := os.Getenv("PARVIS_BINARY") // a built one to measure; else this tree's
	if binary == "" {
		binary = filepath.Join(b.TempDir(), "parvis")
		if out, err := exec.Command("go", "build", "-o", binary, "parvis/cmd/parvis").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	l := openLoadTown(b, "")
	homes := l.add(families(), func(i int) int { return 1 + i%4%3 })
	b.Log(l.size())
	var visitors []visitor
	for i := range 200 {
		h := homes[i*len(homes)/200]
		visitors = append(visitors, visitor{cookie: l.sessionAt(h, time.Now()), child: string(h.kids[0])})
	}
	for range b.N {
		var starts []time.Duration
		for range 5 {
			p := start(b, binary, "serve", "--data", l.Config.Data, "--key-file", l.Config.KeyFile)
			starts = append(starts, p.took)
			p.stop()
		}
		slices.Sort(starts)
		b.ReportMetric(float64(starts[len(starts)/2].Milliseconds()), "start-ms")
		p := start(b, binary, "serve", "--data", l.Config.Data, "--key-file", l.Config.KeyFile)
		b.ReportMetric(p.memory("VmHWM"), "MB-started")
		for _, path := range []string{"/espace", "/espace/agenda", "/espace/enfants/{id}/agenda"} {
			askMany(b, p.address, path, visitors, 5000)
		}
		b.ReportMetric(p.memory("VmRSS"), "MB-loaded")
		b.ReportMetric(p.memory("VmHWM"), "MB-peak")
		p.stop()
		folder := filepath.Join(b.TempDir(), db.NewID())
		p = start(b, binary, "demo", "--data", folder)
		b.ReportMetric(float64(p.took.Milliseconds()), "demo-first-ms")
		p.stop()
		p = start(b, binary, "demo", "--data", folder)
		b.ReportMetric(float64(p.took.Milliseconds()), "demo-again-ms")
		p.stop()
	}
	b.ReportMetric(0, "ns/op")
}

// process is a running parvis.
type process struct {
	b       *testing.B
	cmd     *exec.Cmd
	address string
	took    time.Duration // from its start to its first answer
}

func start(b *testing.B, binary string, args ...string) *process {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	p := &process{b: b, address: listener.Addr().String()}
	_ = listener.Close()
	p.cmd = exec.Command(binary, append(args, "--listen", p.address)...)
	var said bytes.Buffer
	p.cmd.Stderr = &said
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	for time.Since(began) < time.Minute {
		answer, err := http.Get("http://" + p.address + "/healthz")
		if err == nil {
			_ = answer.Body.Close()
			p.took = time.Since(began)
			return p
		}
		time.Sleep(2 * time.Millisecond)
	}
	p.stop()
	b.Fatalf("parvis %v does not answer: %s", args, said.String())
	return nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// memory reads a line of the process's status, in MB.
func (p *process) memory(field string) float64 {
	p.b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			var kb float64
			if _, err := fmt.Sscan(rest, &kb); err == nil {
				return kb / 1024
			}
		}
	}
	p.b.Fatalf("no %s in the status", field)
	return 0
}

// BenchmarkSignIns prints whole sign-ins a second and their share of bare password hashes of the same run.
func BenchmarkSignIns(b *testing.B) {
	l := openLoadTown(b, "")
	homes := l.add(32, func(int) int { return 1 })
	const password = "phrase de passe du printemps"
	hash, err := crypt.HashPassword(context.Background(), password)
	if err != nil {
		b.Fatal(err)
	}
	l.do(func(tx *db.Tx, _ actor.Actor) error {
		_, err := tx.Exec(`update account set password_hash = $1, password_at = $2`, hash, loadClock().UnixMicro())
		return err
	})
	names := make([]string, len(homes))
	for i := range homes {
		names[i] = fmt.Sprintf("adulte%d.0", i)
	}
	b.ResetTimer()
	signIns := together(b.N, func(i int) error {
		body := url.Values{"cle": {db.NewID()}, "identifiant": {names[i%len(names)]}, "mot_de_passe": {password}}.Encode()
		r := httptest.NewRequest(http.MethodPost, "http://portail.test/connexion", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		w := httptest.NewRecorder()
		l.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusSeeOther || !strings.Contains(w.Header().Get("Set-Cookie"), account.SessionCookie) {
			return fmt.Errorf("sign-in of %s: %d", names[i%len(names)], w.Code)
		}
		return nil
	}, b)
	hashes := together(b.N, func(int) error {
		_, _, err := crypt.VerifyPassword(context.Background(), hash, password)
		return err
	}, b)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(signIns, "sign-ins/s")
	b.ReportMetric(signIns/hashes, "÷hash")
}

// together does n things over a few goroutines and returns how many a second.
func together(n int, do func(i int) error, b *testing.B) float64 {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range clients {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := do(int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(start).Seconds()
}

// BenchmarkHungMail prints the dashboard's rate while the mail server takes connections and never says a word, a
// thousand mails waiting, over its rate with no mail at all.
func BenchmarkHungMail(b *testing.B) {
	hung, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer hung.Close()
	var taken atomic.Int64
	go func() {
		for {
			conn, err := hung.Accept()
			if err != nil {
				return
			}
			taken.Add(1)
			go func() { _, _ = io.Copy(io.Discard, conn) }()
		}
	}()
	l := openLoadTown(b, "", func(cfg *app.Config) { cfg.SMTP = "smtp://" + hung.Addr().String() + "?from=espace@exemple.fr" })
	homes := l.add(families(), func(int) int { return 2 })
	var visitors []visitor
	for i := range 32 {
		visitors = append(visitors, visitor{cookie: l.session(homes[i])})
	}
	server := listen(b, l.Handler())
	ctx, stop := context.WithCancel(context.Background())
	b.ResetTimer()
	calm := askMany(b, server, "/espace", visitors, b.N)
	l.do(func(tx *db.Tx, _ actor.Actor) error {
		for i := range 1000 {
			h := homes[i%len(homes)]
			if _, err := mail.Enqueue(tx, loadClock(), mail.Message{Template: account.MailPasswordChanged, To: fmt.Sprintf("a%d@exemple.fr", i),
				Account: string(h.account), Args: map[string]string{"account": string(h.account), "at": fmt.Sprint(loadClock().UnixMicro())}}); err != nil {
				return err
			}
		}
		return nil
	})
	worked := make(chan struct{})
	go func() {
		l.Run(ctx)
		close(worked)
	}()
	for taken.Load() == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	busy := askMany(b, server, "/espace", visitors, b.N)
	again := taken.Load()
	stop()
	<-worked
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(calm.Seconds()/busy.Seconds(), "÷without-mail")
	b.ReportMetric(float64(again), "hung-connections")
}
