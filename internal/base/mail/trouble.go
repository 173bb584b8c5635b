package mail

import (
	"crypto/tls"
	"errors"
	"net"

	"parvis/internal/base/civil"
)

// tell logs what an attempt came to. A server that takes no mail at all is said once, and once more when it works
// again, however many mails wait for it. Its own words are never logged: they may hold an address or a user's name.
func (w *Worker) tell(c claimed, o outcome, err error, now civil.Instant) {
	if o.state == Sent {
		if w.passes() {
			w.log().Info("mails leave again")
		}
		return
	}
	var f *Failure
	if !errors.As(err, &f) || f.mine() {
		w.log().Warn("mail not sent", "mail", c.id, "template", c.template, "state", o.state, "attempt", c.attempt, "err", err)
		return
	}
	if f.Blame == Recipient || f.Blame == Gone {
		w.log().Warn("mail not sent", "mail", c.id, "template", c.template, "state", o.state, "attempt", c.attempt, "kind", f.Kind)
		return
	}
	if w.stuck(f, now) {
		w.log().Error("no mail leaves: the server refuses us or does not answer; all mails are kept", "kind", f.Kind,
			"cause", causeOf(f.Err), "mail", c.id)
	}
}

// passes notes that the server takes mails, and tells whether it did not before.
func (w *Worker) passes() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.trouble != ""
	w.trouble, w.refused, w.pause = "", 0, 0
	return was
}

// stuck notes that the server takes none, and tells whether that is news. What our settings cause is not tried with
// the next mail at once: a server bars who comes with a wrong password again and again.
func (w *Worker) stuck(f *Failure, now civil.Instant) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f.Blame == Settings && w.pause <= now {
		w.pause = now.Add(backoff[min(w.refused, 2)])
		w.refused++
	}
	news := w.trouble != f.Kind
	w.trouble = f.Kind
	return news
}

func (w *Worker) paused() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return civil.InstantOf(w.Now()) < w.pause
}

// mine tells a failure before anything was said to the server: its words are our own.
func (f *Failure) mine() bool {
	switch f.Kind {
	case "render", "template", "config", "capture", "from", "reply-to":
		return true
	}
	return false
}

// causeOf is what our own side says of a connection that failed; "" when the words are the server's.
func causeOf(err error) string {
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return certificate.Error()
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Error()
	}
	return ""
}
