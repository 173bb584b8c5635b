package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
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
	line := &lineHolder{s: s}
	defer line.close()
	client, err := s.client(ctx, line)
	if err != nil {
		return &Failure{Blame: Server, Kind: "config", Err: err}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	return classify(err)
}

// lineHolder opens the connection and closes it whatever the client did: after a refused sign-in the client does not.
type lineHolder struct {
	s    *SMTP
	conn net.Conn
}

func (l *lineHolder) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if l.s.implicit {
		conn, err = (&tls.Dialer{Config: l.s.tlsConfig}).DialContext(ctx, network, address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
	}
	l.conn = conn
	return conn, err
}

func (l *lineHolder) close() {
	if l.conn != nil {
		_ = l.conn.Close() // closed already after a mail that went well
	}
}

func (s *SMTP) client(ctx context.Context, line *lineHolder) (*gomail.Client, error) {
	left := time.Minute
	if end, ok := ctx.Deadline(); ok {
		left = max(time.Until(end), time.Millisecond)
	}
	// The client grants its time anew to connecting, to the greeting, to signing in and to the mail itself; none of
	// them gets more by answering one byte at a time.
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(left / 4), gomail.WithTLSPolicy(s.policy),
		gomail.WithTLSConfig(s.tlsConfig), gomail.WithDialContextFunc(line.dial), gomail.WithoutNoop(), gomail.WithoutRset()}
	if s.implicit {
		options = append(options, gomail.WithSSL())
	}
	if s.user != "" {
		options = append(options, gomail.WithSMTPAuth(s.auth), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	return gomail.NewClient(s.host, options...)
}

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
	if m.Stop != "" {
		msg.SetGenHeader("List-Unsubscribe", "<"+oneLine(m.Stop)+">")
		msg.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

// classify tells whose fault an SMTP failure is. Only a final answer about the recipient or the message blames the
// address; an answer about us (sign-in, relaying, policy) never does, or a wrong setting would lose a campaign.
func classify(err error) *Failure {
	var sent *gomail.SendError
	if !errors.As(err, &sent) {
		return classifyConnection(err)
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

// classifyConnection tells a server that is not there from one that our settings do not suit.
func classifyConnection(err error) *Failure {
	f := &Failure{Blame: Settings, Err: err}
	var certificate *tls.CertificateVerificationError
	var answer *textproto.Error
	switch {
	case errors.As(err, &certificate):
		f.Kind = "certificate"
	case errors.As(err, &answer) && answer.Code >= 530 && answer.Code <= 538:
		f.Kind = fmt.Sprintf("sign-in %d", answer.Code)
	case errors.Is(err, gomail.ErrPlainAuthNotSupported), errors.Is(err, gomail.ErrLoginAuthNotSupported),
		errors.Is(err, smtp.ErrUnencrypted), strings.Contains(err.Error(), "does not support SMTP AUTH"):
		f.Kind = "sign-in"
	case strings.Contains(err.Error(), "does not support STARTTLS"): // the client has no value for it
		f.Kind = "no TLS"
	default:
		f.Blame, f.Kind = Server, "connect"
	}
	return f
}
