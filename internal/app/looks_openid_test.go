package app_test

import (
	"strings"

	"parvis/internal/base/openid/openidtest"
	"parvis/internal/feature/account"
	"parvis/internal/testkit"
)

// lookAtProviders goes to both providers and back, and looks at each page on the way: somebody unknown, the link to
// make and made, an agent of elsewhere, a way back that is no answer, a provider that is down.
func (l *looker) lookAtProviders(b *testkit.Browser) {
	l.t.Helper()
	before := len(b.Problems())
	fc, pc := "/connexion/franceconnect", "/agents/connexion/proconnect"
	for _, page := range []struct {
		name, who, path, shows string
		status                 int
		ready                  func()
	}{
		{"FranceConnect knows somebody without a space", nobody, fc, "#creation", 200, nil},
		{"a link with FranceConnect to make", "titulaire", fc + "?suite=/espace/identifiants/franceconnect", "#lien", 200, nil},
		{"an agent that no account knows", nobody, pc, "main", 200, nil},
		{"a link with ProConnect to make", "administrateur", pc + "?suite=/agents/identifiants/proconnect", "#lien", 200, nil},
		{"an agent of elsewhere", nobody, pc, "main", 403, func() { l.outside.pc.UserInfo = openidtest.Claims{"siret": "21000000000000"} }},
		{"a way back without an answer", nobody, account.FranceConnectReturn, "main", 422, nil},
		{"FranceConnect says something else", nobody, fc, "main", 422, func() { l.outside.fc.IDToken = openidtest.Claims{"nonce": "un autre"} }},
	} {
		if page.ready != nil {
			page.ready()
		}
		b.SetCookie(l.URL, account.SessionCookie, l.cookies[page.who])
		b.Go(l.URL + page.path)
		if status := testkit.Eval[int](b, `performance.getEntriesByType('navigation')[0].responseStatus`); status != page.status {
			l.t.Errorf("%s: status %d, want %d: %s", page.name, status, page.status, b.Text("main"))
		}
		if !b.Has(page.shows) {
			l.t.Errorf("%s: %s shows no %s: %s", page.name, b.URL(), page.shows, b.Text("main"))
			continue
		}
		l.inspect(b, page.name, true)
		if page.shows == "#lien" { // made, it looks otherwise
			if b.Has("#lien [name=mot_de_passe]") {
				b.Fill("#lien [name=mot_de_passe]", l.way(page.who).Password)
			}
			b.Click("#lien button[type=submit]:not([data-show])")
			if !b.Has("#retrait") {
				l.t.Errorf("%s: not linked: %s", page.name, b.Text("main"))
			}
			l.inspect(b, page.name+", made", true)
			b.Click("#retrait button[type=submit]")
		}
	}
	l.lookAtDownProvider(b, fc)
	for _, p := range b.Problems()[before:] {
		if strings.Contains(p, "status of 503") {
			continue // the answer asked for
		}
		l.t.Errorf("the providers' pages: the console complains: %s", p)
	}
}

// lookAtDownProvider comes back from a provider that went down meanwhile.
func (l *looker) lookAtDownProvider(b *testkit.Browser, start string) {
	l.t.Helper()
	c := l.client(nobody)
	back := l.outside.fc.Visit(c.Get(start).Location())
	l.outside.fc.Down = true
	b.SetCookie(l.URL, account.SessionCookie, "")
	for _, cookie := range c.Cookies() {
		b.SetCookie(l.URL, cookie.Name, cookie.Value)
	}
	b.Go(l.URL + back)
	if status := testkit.Eval[int](b, `performance.getEntriesByType('navigation')[0].responseStatus`); status != 503 {
		l.t.Errorf("a provider that is down: status %d: %s", status, b.Text("main"))
	}
	l.inspect(b, "FranceConnect is down", true)
	l.outside.fc.Down = false
}
