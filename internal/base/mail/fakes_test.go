package mail_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"

	"github.com/emersion/go-smtp"
)

var start = time.Date(2027, 1, 12, 9, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(start.UnixMicro())
	return c
}
func (c *clock) now() time.Time       { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) move(d time.Duration) { c.at.Add(d.Microseconds()) }

// received is a mail as the fake server took it.
type received struct {
	recipients []string
	message    *netmail.Message
	raw        []byte
}

// postOffice is a fake SMTP server; fault, asked once a connection, says what goes wrong with it.
type postOffice struct {
	mu       sync.Mutex
	fault    func() string
	taken    []received
	deaths   int // mails taken without the client having heard of it
	sessions int
}

func (p *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions++
	fault := ""
	if p.fault != nil {
		fault = p.fault()
	}
	if fault == "greeting 421" {
		return nil, &smtp.SMTPError{Code: 421, Message: "busy"}
	}
	return &session{office: p, conn: c, fault: fault}, nil
}

type session struct {
	office *postOffice
	conn   *smtp.Conn
	fault  string
	to     []string
}

func refuse(code int, enhanced smtp.EnhancedCode) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: "no, Camille"}
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error {
	switch s.fault {
	case "from 451":
		return refuse(451, smtp.EnhancedCode{4, 3, 0})
	case "from 550":
		return refuse(550, smtp.EnhancedCode{5, 1, 8})
	case "from cut":
		s.conn.Conn().Close()
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch s.fault {
	case "rcpt 450":
		return refuse(450, smtp.EnhancedCode{4, 2, 0})
	case "rcpt 550":
		return refuse(550, smtp.EnhancedCode{5, 1, 1})
	case "rcpt relay":
		return refuse(554, smtp.EnhancedCode{5, 7, 1})
	case "rcpt 530":
		return refuse(530, smtp.EnhancedCode{5, 7, 0})
	case "rcpt cut":
		s.conn.Conn().Close()
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	if s.fault == "data cut" {
		io.CopyN(io.Discard, r, 100)
		s.conn.Conn().Close()
		return errors.New("cut")
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch s.fault {
	case "data 451":
		return refuse(451, smtp.EnhancedCode{4, 3, 0})
	case "data 554":
		return refuse(554, smtp.EnhancedCode{5, 6, 0})
	}
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.taken = append(s.office.taken, received{s.to, m, raw})
	switch s.fault {
	case "dies after data":
		s.office.deaths++
		s.conn.Conn().Close()
	case "dies after its answer":
		go func() { time.Sleep(time.Millisecond); s.conn.Conn().Close() }()
	}
	return nil
}

// open starts the fake server and returns its address for NewSMTP.
func (p *postOffice) open(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(p)
	server.Domain, server.ErrorLog = "fake", quiet{}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "smtp://" + l.Addr().String()
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// rawServer answers each connection with fn; it returns its address.
func rawServer(t *testing.T, fn func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); fn(conn) }()
		}
	}()
	return "smtp://" + l.Addr().String()
}

// drip sends one byte a second, for ever.
func drip(conn net.Conn) {
	for i := range 3600 {
		if _, err := conn.Write([]byte{"220 welcome to the slowest of all servers"[i%41]}); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// talk speaks SMTP by the book up to a step, at which it falls silent, or closes when told to.
func talk(step string, closes bool) func(net.Conn) {
	return func(conn net.Conn) {
		in := bufio.NewScanner(conn)
		inData := false
		say := func(at, line string) bool {
			if at == step {
				if !closes {
					io.Copy(io.Discard, conn)
				}
				return false
			}
			_, err := io.WriteString(conn, line+"\r\n")
			return err == nil
		}
		going := say("GREETING", "220 fake")
		for going && in.Scan() {
			verb, _, _ := strings.Cut(strings.ToUpper(in.Text()), " ")
			switch {
			case inData && in.Text() == ".":
				inData = false
				going = say("TAKEN", "250 taken")
			case inData:
			case verb == "DATA":
				going = say(verb, "354 go on")
				inData = true
			case verb == "QUIT":
				going = say(verb, "221 bye")
			default:
				going = say(verb, "250 fine")
			}
		}
	}
}

func hang(conn net.Conn) { io.Copy(io.Discard, conn) }

func smtpTo(t *testing.T, address string) *mail.SMTP {
	t.Helper()
	s, err := mail.NewSMTP(address)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hello(body mail.Body) mail.Template {
	return mail.Template{Name: "hello", Render: func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
		return body, nil
	}}
}

var plain = mail.Body{ToName: "Camille Martin", Subject: "Votre espace est ouvert", Greeting: "Bonjour Camille Martin,",
	Paragraphs: []string{"Voici l’adresse de votre espace."}, Button: mail.Button{Label: "Ouvrir", URL: "https://ville.example/x"}}

func worker(d *db.DB, c *clock, s mail.Sender, templates ...mail.Template) *mail.Worker {
	return &mail.Worker{DB: d, Sender: s, Templates: templates, Now: c.now, Patience: 2 * time.Second,
		From: mail.Address{Name: "Mairie de Rivebelle", Address: "ne-pas-repondre@rivebelle.example"},
		Look: func(db.Reader) (mail.Look, error) {
			return mail.Look{Town: "Mairie de Rivebelle", Colour: "#1f4e8c", Footer: []string{"1, place de la Mairie"}}, nil
		}}
}

func enqueue(t *testing.T, d *db.DB, c *clock, m mail.Message) mail.ID {
	t.Helper()
	id, err := db.Write(context.Background(), d, func(tx *db.Tx) (mail.ID, error) { return mail.Enqueue(tx, c.now(), m) })
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func once(t *testing.T, w *mail.Worker) int {
	t.Helper()
	n, err := w.Once(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func status(t *testing.T, d *db.DB, id mail.ID) mail.Status {
	t.Helper()
	s, err := db.Read(context.Background(), d, func(r db.Reader) (mail.Status, error) { return mail.ByID(r, id) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func counts(t *testing.T, d *db.DB) map[mail.State]int64 {
	t.Helper()
	n, err := db.Read(context.Background(), d, mail.Count)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// lots gives random faults from a seed that the test prints.
func lots(t *testing.T, share float64, faults ...string) func() string {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	return func() string {
		if r.Float64() >= share {
			return ""
		}
		return faults[r.IntN(len(faults))]
	}
}

func after(d time.Duration) civil.Instant { return civil.InstantOf(start.Add(d)) }

// countingListener knows how many of its connections are still open at the client's end.
type countingListener struct {
	net.Listener
	held sync.WaitGroup
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.held.Add(1)
	return &countedConn{Conn: conn, gone: sync.OnceFunc(l.held.Done)}, nil
}

// open serves the post office behind the listener.
func (l *countingListener) open(t *testing.T, g *guarded, implicit bool, cert *tls.Certificate) (port string) {
	t.Helper()
	inner, err := net.Listen("tcp", anyAddress+":0")
	if err != nil {
		t.Fatal(err)
	}
	l.Listener = inner
	server := smtp.NewServer(g)
	server.Domain, server.ErrorLog = "fake", quiet{}
	if cert != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	var outer net.Listener = l
	if implicit {
		outer = tls.NewListener(l, server.TLSConfig)
	}
	go server.Serve(outer)
	t.Cleanup(func() { server.Close() })
	_, port, _ = net.SplitHostPort(inner.Addr().String())
	return port
}

func (l *countingListener) waitNone(t *testing.T, name string) {
	t.Helper()
	done := make(chan bool)
	go func() { l.held.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Errorf("%s: connections stay open", name)
	}
}

type countedConn struct {
	net.Conn
	gone func()
}

// Read meets the end when the client hangs up.
func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		c.gone()
	}
	return n, err
}
