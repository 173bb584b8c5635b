package moving

import (
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"parvis/internal/base/web"
	"parvis/internal/testkit"
)

// TestTheDeskLooksRight looks at the pages of one import, from the files to the undo, in a real browser: axe, and no
// sideways scroll on a phone.
func TestTheDeskLooksRight(t *testing.T) {
	d := testkit.SQLite(t, Sources())
	o := newOffice(t, d, nil)
	var server *httptest.Server
	o.portal = testkit.NewPortal(t, d, o.now, func(c *web.Config) {
		server = httptest.NewUnstartedServer(nil)
		c.BaseURL = &url.URL{Scheme: "http", Host: server.Listener.Addr().String()}
	})
	o.desk.Agent(o.portal.Router)
	server.Config.Handler = o.portal.Router.Handler()
	server.Start()
	defer server.Close()
	b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 1280})
	for _, cookie := range o.portal.As(o.agent).Cookies() {
		b.SetCookie(server.URL, cookie.Name, cookie.Value)
	}
	look := func(name, path string) {
		t.Helper()
		b.Resize(1280)
		b.Go(server.URL + path)
		if dir := os.Getenv("PARVIS_SHOTS"); dir != "" {
			b.Screenshot(filepath.Join(dir, name+".png"))
		}
		for _, v := range b.Axe() {
			t.Errorf("%s: %v", name, v)
		}
		b.Resize(320)
		if px := b.SidewaysScroll(); px > 0 {
			t.Errorf("%s: %d px sideways at 320", name, px)
		}
		for _, v := range b.Axe() {
			t.Errorf("%s on a phone: %v", name, v)
		}
	}
	look("first", deskPath)
	files := csvFiles(t)
	read := o.send(files...).Follow()
	look("read", read.Path)
	checking := read.Submit(`form[action$="/colonnes"]`, map[string]string{"action": "essai"}).Follow()
	look("checking", checking.Path)
	o.work()
	look("checked", checking.Path)
	running := o.portal.As(o.agent).Get(checking.Path).Submit(`form[action$="/confirmer"]`, nil)
	o.work()
	done := running.Follow()
	look("done", done.Path)
	batch := done.Click(`a[href^="` + batchesPath + `"]`)
	batch.Submit(`form[action$="/apercu"]`, nil)
	o.work()
	look("batch", batch.Path)
	look("lists", deskPath)
}
