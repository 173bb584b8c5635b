package mail_test

import (
	"testing"

	"parvis/internal/base/mail"
)

func TestServerAddress(t *testing.T) {
	tests := []struct {
		name, address string
		ok            bool
	}{
		{"with a password, TLS started", "smtp://user:secret@mail.example:587", true},
		{"TLS from the start", "smtps://user:secret@mail.example", true},
		{"another way to sign in", "smtp://user:secret@mail.example?auth=login", true},
		{"a relay on this machine", "smtp://127.0.0.1:25", true},
		{"a relay without TLS", "smtp://relais.example:25?tls=no", true},
		{"a password without TLS", "smtp://user:secret@relais.example:25?tls=no", false},
		{"an unknown way to sign in", "smtp://user:secret@mail.example?auth=magic", false},
		{"a name alone", "mail.example", false},
		{"another kind of server", "imap://mail.example", false},
		{"a port that is none", "smtp://mail.example:smtp", false},
		{"empty", "", false},
	}
	for _, c := range tests {
		if _, err := mail.NewSMTP(c.address); (err == nil) != c.ok {
			t.Errorf("%s: %v, want ok %v", c.name, err, c.ok)
		}
	}
}
