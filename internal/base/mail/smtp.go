package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SMTP is the real Sender: one connection a mail, given up when the mail's time is over whatever the server does.
type SMTP struct {
	host      string
	port      int
	user      string
	password  string
	auth      gomail.SMTPAuthType
	implicit  bool // TLS from the first byte
	policy    gomail.TLSPolicy
	tlsConfig *tls.Config
}

// NewSMTP reads a server's address: smtp://user:password@host:587 starts TLS and requires it, except towards this
// machine itself; smtps://host:465 is TLS from the start. ?tls=no gives TLS up for a server that has none (refused
// with a password), ?auth=login signs in that way instead of PLAIN.
func NewSMTP(address string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("mail server: want smtp://host:587 or smtps://host:465")
	}
	s := &SMTP{host: u.Hostname(), implicit: u.Scheme == "smtps", policy: gomail.TLSMandatory, auth: gomail.SMTPAuthPlain,
		tlsConfig: &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}}
	s.port = 587
	if s.implicit {
		s.port = 465
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil {
			return nil, fmt.Errorf("mail server: port %q", p)
		}
	}
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
	}
	switch ip := net.ParseIP(s.host); {
	case u.Query().Get("tls") == "no":
		s.policy = gomail.NoTLS
	case s.host == "localhost" || ip != nil && ip.IsLoopback():
		s.policy = gomail.TLSOpportunistic
	}
	if s.policy == gomail.NoTLS && s.user != "" {
		return nil, errors.New("mail server: a password is not sent without TLS")
	}
	switch u.Query().Get("auth") {
	case "", "plain":
	case "login":
		s.auth = gomail.SMTPAuthLogin
	default:
		return nil, errors.New("mail server: auth is plain or login")
	}
	return s, nil
}

// Send connects, hands the mail over and leaves. It returns nil as soon as the server has acknowledged the mail:
// what goes wrong in taking leave would only send it twice.
func (s *SMTP) Send(ctx context.Context, m Mail) error {
	msg, err := compose(m)
	if err != nil {
		return err
	}
	client, err := s.client(ctx)
	if err != nil {
		return &Failure{Blame: Server, Kind: "config", Err: err}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	return classify(err)
}

func (s *SMTP) client(ctx context.Context) (*gomail.Client, error) {
	left := time.Minute
	end, ok := ctx.Deadline()
	if ok {
		left = max(time.Until(end), time.Millisecond)
	} else {
		end = time.Now().Add(left)
	}
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(left), gomail.WithTLSPolicy(s.policy),
		gomail.WithTLSConfig(s.tlsConfig), gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
			var dialer net.Dialer
			raw, err := dialer.DialContext(dialing, network, address)
			if err != nil {
				return nil, err
			}
			conn := &boundedConn{Conn: raw, end: end}
			if err := conn.SetDeadline(end); err != nil {
				return nil, errors.Join(err, raw.Close())
			}
			if s.implicit {
				return tls.Client(conn, s.tlsConfig), nil
			}
			return conn, nil
		})}
	if s.implicit {
		options = append(options, gomail.WithSSL())
	}
	if s.user != "" {
		options = append(options, gomail.WithSMTPAuth(s.auth), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	return gomail.NewClient(s.host, options...)
}

// boundedConn never outlives the mail's time: the client moves the deadline at each step, and a server that gives
// one byte a second would hold it for ever.
type boundedConn struct {
	net.Conn
	end time.Time
}

func (c *boundedConn) bound(t time.Time) time.Time {
	if t.IsZero() || t.After(c.end) {
		return c.end
	}
	return t
}

// SetDeadline moves the deadline, never past the end.
func (c *boundedConn) SetDeadline(t time.Time) error { return c.Conn.SetDeadline(c.bound(t)) }

// SetReadDeadline moves the deadline, never past the end.
func (c *boundedConn) SetReadDeadline(t time.Time) error { return c.Conn.SetReadDeadline(c.bound(t)) }

// SetWriteDeadline moves the deadline, never past the end.
func (c *boundedConn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.bound(t)) }

// compose makes the message: one recipient, text first, HTML as its alternative.
func compose(m Mail) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(oneLine(m.From.Name), m.From.Address); err != nil {
		return nil, &Failure{Blame: Server, Kind: "from", Err: err}
	}
	if m.ReplyTo != "" {
		if err := msg.ReplyTo(m.ReplyTo); err != nil {
			return nil, &Failure{Blame: Server, Kind: "reply-to", Err: err}
		}
	}
	if !plainAddress(m.To) {
		return nil, &Failure{Blame: Gone, Kind: "address"}
	}
	var err error
	if name := oneLine(m.ToName); name == "" {
		err = msg.To(m.To)
	} else {
		err = msg.AddToFormat(name, m.To)
	}
	if err != nil {
		return nil, &Failure{Blame: Gone, Kind: "address", Err: err}
	}
	msg.Subject(oneLine(m.Subject))
	msg.SetDate()
	msg.SetMessageIDWithValue(oneLine(m.MessageID))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(gomail.HeaderContentLang, "fr")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

// classify tells whose fault an SMTP failure is. Only a final answer about the recipient or the message blames the
// address; an answer about us (sign-in, relaying, policy) never does, or a wrong setting would lose a campaign.
func classify(err error) *Failure {
	var sent *gomail.SendError
	if !errors.As(err, &sent) {
		return &Failure{Blame: Server, Kind: "connect", Err: err}
	}
	code := sent.ErrorCode()
	step := ""
	switch sent.Reason {
	case gomail.ErrSMTPRcptTo:
		step = "rcpt"
	case gomail.ErrSMTPData, gomail.ErrSMTPDataClose, gomail.ErrWriteContent:
		step = "data"
	case gomail.ErrSMTPMailFrom:
		return &Failure{Blame: Server, Kind: fmt.Sprintf("from %d", code), Err: err}
	default:
		return &Failure{Blame: Server, Kind: "connect", Err: err}
	}
	f := &Failure{Blame: Server, Kind: fmt.Sprintf("%s %d", step, code), Err: err}
	policy := len(sent.EnhancedStatusCode()) > 3 && sent.EnhancedStatusCode()[:3] == "5.7"
	switch {
	case code < 400 || code == 421 || code >= 500 && code <= 504 || code >= 530 && code <= 538:
	case code < 500 || policy:
		f.Blame = Recipient
	default:
		f.Blame = Gone
	}
	return f
}
