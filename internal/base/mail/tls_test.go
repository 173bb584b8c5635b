package mail_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/testkit"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
)

// anyAddress reaches this machine without being, for the sender, this machine: TLS is then required.
const anyAddress = "0.0.0.0"

const (
	smtpUser   = "portail"
	smtpSecret = "tulipe-Noire-48"
)

// certificate is made for the test and trusted by who is given its pool.
func certificate(t *testing.T, hosts ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fake"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			form.IPAddresses = append(form.IPAddresses, ip)
		} else {
			form.DNSNames = append(form.DNSNames, h)
		}
	}
	raw, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, pool
}

// guarded is a post office that asks for a name and a password, and counts the connections that it holds.
type guarded struct {
	*postOffice
	mu       sync.Mutex
	attempts int
}

func (g *guarded) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s, err := g.postOffice.NewSession(c)
	if err != nil {
		return nil, err
	}
	return &guardedSession{session: s.(*session), office: g}, nil
}

type guardedSession struct {
	*session
	office *guarded
	in     bool
}

func (s *guardedSession) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (s *guardedSession) Auth(mech string) (sasl.Server, error) {
	check := func(user, secret string) error {
		s.office.mu.Lock()
		defer s.office.mu.Unlock()
		s.office.attempts++
		if user != smtpUser || secret != smtpSecret {
			// Real servers repeat the name; some even more.
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no " + user + " " + secret}
		}
		s.in = true
		return nil
	}
	if mech == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, secret string) error { return check(user, secret) }), nil
}

// loginServer is the old way to sign in: the name, then the password.
type loginServer struct {
	user  string
	step  int
	check func(user, secret string) error
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

func (s *guardedSession) Mail(from string, o *smtp.MailOptions) error {
	if !s.in {
		return refuse(530, smtp.EnhancedCode{5, 7, 0})
	}
	return s.session.Mail(from, o)
}

// listenTLS starts the post office on a free port: TLS from the start, or on demand, or none without a certificate.
func (g *guarded) listenTLS(t *testing.T, implicit bool, cert *tls.Certificate) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", anyAddress+":0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(g)
	server.Domain, server.ErrorLog, server.AllowInsecureAuth = "fake", quiet{}, cert == nil
	if cert != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	if implicit {
		l = tls.NewListener(l, server.TLSConfig)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return port
}

func TestMailsOverTLSWithAPassword(t *testing.T) {
	cert, trusted := certificate(t, anyAddress)
	other, _ := certificate(t, "ailleurs.example")
	_, nobody := certificate(t, anyAddress)
	type want struct {
		State    mail.State
		Kind     string
		Attempts int // to sign in
	}
	taken := want{mail.Sent, "", 1}
	cases := []struct {
		name     string
		implicit bool
		cert     *tls.Certificate
		pool     *x509.CertPool
		secret   string
		query    string
		want     want
	}{
		{"STARTTLS", false, &cert, trusted, smtpSecret, "", taken},
		{"STARTTLS, signing in the old way", false, &cert, trusted, smtpSecret, "?auth=login", taken},
		{"TLS from the start", true, &cert, trusted, smtpSecret, "", taken},
		{"TLS from the start, signing in the old way", true, &cert, trusted, smtpSecret, "?auth=login", taken},
		{"wrong password, STARTTLS", false, &cert, trusted, "rose-Rouge-17", "", want{mail.Deferred, "sign-in 535", 1}},
		{"wrong password, TLS from the start", true, &cert, trusted, "rose-Rouge-17", "", want{mail.Deferred, "sign-in 535", 1}},
		{"certificate of nobody we trust, STARTTLS", false, &cert, nobody, smtpSecret, "", want{mail.Deferred, "certificate", 0}},
		{"certificate of nobody we trust, TLS from the start", true, &cert, nobody, smtpSecret, "", want{mail.Deferred, "certificate", 0}},
		{"certificate of another machine", true, &other, trusted, smtpSecret, "", want{mail.Deferred, "certificate", 0}},
		{"STARTTLS not offered", false, nil, trusted, smtpSecret, "", want{mail.Deferred, "no TLS", 0}},
	}
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		for _, k := range cases {
			t.Run(k.name, func(t *testing.T) {
				g := &guarded{postOffice: &postOffice{}}
				scheme := "smtp"
				if k.implicit {
					scheme = "smtps"
				}
				s := smtpTo(t, scheme+"://"+smtpUser+":"+k.secret+"@"+anyAddress+":"+g.listenTLS(t, k.implicit, k.cert)+k.query)
				s.Trust(k.pool)
				var log bytes.Buffer
				c := newClock()
				w := worker(d, c, s, hello(plain))
				w.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				id := enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
				once(t, w)
				st := status(t, d, id)
				if diff := cmp.Diff(k.want, want{st.State, st.LastError, g.attempts}); diff != "" {
					t.Errorf("(-want +got)\n%s\n%s", diff, log.String())
				}
				if lines := strings.Count(log.String(), "\n"); (lines != 0) != (k.want.State == mail.Deferred) {
					t.Errorf("log: %s", log.String())
				}
				noSecret(t, log.String(), k.secret)
				if err := clear(d); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

func noSecret(t *testing.T, log, secret string) {
	t.Helper()
	for _, bad := range []string{secret, smtpUser, "camille@example.fr"} {
		if strings.Contains(log, bad) {
			t.Errorf("the log holds %q:\n%s", bad, log)
		}
	}
}

// A wrong password with many mails waiting: each is kept, the log says it once, the server is not hammered, and all
// leave once the password is right.
func TestAWrongPasswordIsSaidOnce(t *testing.T) {
	cert, trusted := certificate(t, anyAddress)
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		g := &guarded{postOffice: &postOffice{}}
		port := g.listenTLS(t, false, &cert)
		const mails = 40
		c := newClock()
		for range mails {
			enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
		}
		var log bytes.Buffer
		with := func(secret string) *mail.Worker {
			s := smtpTo(t, "smtp://"+smtpUser+":"+secret+"@"+anyAddress+":"+port)
			s.Trust(trusted)
			w := worker(d, c, s, hello(plain))
			w.Log = slog.New(slog.NewTextHandler(&log, nil))
			return w
		}
		w := with("rose-Rouge-17")
		for range 60 { // an hour of looks
			once(t, w)
			c.move(time.Minute)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d lines in the log:\n%s", n, log.String())
		}
		if g.attempts > 40 {
			t.Errorf("%d tries to sign in within an hour", g.attempts)
		}
		n := counts(t, d)
		if n[mail.Queued]+n[mail.Deferred] != mails {
			t.Errorf("states %v: some mail was given up", n)
		}
		noSecret(t, log.String(), "rose-Rouge-17")
		w = with(smtpSecret)
		for range 5 {
			c.move(4 * time.Hour)
			once(t, w)
		}
		if n := counts(t, d); n[mail.Sent] != mails {
			t.Errorf("with the right password: %v", n)
		}
	})
}

// The line says what is wrong again when it changes, and that mails leave again.
func TestTroubleIsToldAsItChanges(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		var log bytes.Buffer
		fails := &mail.Failure{Blame: mail.Server, Kind: "connect", Err: errors.New("dial camille")}
		w := worker(d, c, senderFunc(func() error {
			if fails != nil {
				return fails
			}
			return nil
		}), hello(plain))
		w.Log = slog.New(slog.NewTextHandler(&log, nil))
		step := func() {
			enqueue(t, d, c, mail.Message{Template: "hello", To: "camille@example.fr"})
			once(t, w)
			c.move(time.Hour)
		}
		step()
		step()
		fails = &mail.Failure{Blame: mail.Settings, Kind: "sign-in 535", Err: errors.New("535 camille")}
		step()
		step()
		fails = nil
		step()
		step()
		var got []string
		for line := range strings.Lines(log.String()) {
			_, rest, _ := strings.Cut(line, "level=")
			level, _, _ := strings.Cut(rest, " ")
			_, kind, _ := strings.Cut(rest, "kind=")
			kind, _, _ = strings.Cut(strings.TrimSpace(kind), " cause")
			got = append(got, strings.TrimSpace(level+" "+kind))
		}
		if diff := cmp.Diff([]string{"ERROR connect", `ERROR "sign-in 535"`, "INFO"}, got); diff != "" {
			t.Errorf("(-want +got)\n%s\n%s", diff, log.String())
		}
		if strings.Contains(log.String(), "camille") {
			t.Errorf("the server's words are logged: %s", log.String())
		}
	})
}

// A server whose TLS does not suit, or that refuses the sign-in, is hung up on.
func TestARefusedServerIsHungUpOn(t *testing.T) {
	cert, trusted := certificate(t, anyAddress)
	_, nobody := certificate(t, anyAddress)
	for name, k := range map[string]struct {
		implicit bool
		cert     *tls.Certificate
		pool     *x509.CertPool
	}{"sign-in": {false, &cert, trusted}, "sign-in, TLS from the start": {true, &cert, trusted},
		"certificate": {false, &cert, nobody}, "no TLS": {false, nil, trusted}} {
		l := &countingListener{}
		scheme := map[bool]string{false: "smtp", true: "smtps"}[k.implicit]
		s := smtpTo(t, scheme+"://"+smtpUser+":rose@"+anyAddress+":"+l.open(t, &guarded{postOffice: &postOffice{}}, k.implicit, k.cert))
		s.Trust(k.pool)
		for range 5 {
			if err := s.Send(t.Context(), mail.Mail{From: mail.Address{Address: "a@b.fr"}, To: "c@d.fr", MessageID: "x@y",
				Subject: "x", Text: "x", HTML: "x"}); err == nil {
				t.Errorf("%s: taken", name)
			}
		}
		l.waitNone(t, name)
	}
}
