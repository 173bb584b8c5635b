package testkit

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Authenticator is a device's keeper of passkeys, played by the browser.
type Authenticator struct {
	b  *Browser
	id webauthn.AuthenticatorID
}

// Authenticator gives the tab a keeper of passkeys whose owner's finger is always right, until Verified says not.
func (b *Browser) Authenticator() Authenticator {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	added, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	if err != nil {
		b.t.Fatalf("browser: add an authenticator: %v", err)
	}
	return Authenticator{b: b, id: added.AuthenticatorID}
}

// Verified says whether the finger on the device is its owner's.
func (a Authenticator) Verified(yes bool) {
	a.b.t.Helper()
	call(a.b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: yes})
}

// WaitFor waits until an expression is true in the page: for what a script does on its own.
func (b *Browser) WaitFor(expression string) {
	b.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		cancel()
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("browser: %s never sees %s", b.URL(), expression)
		}
		time.Sleep(30 * time.Millisecond)
	}
}
