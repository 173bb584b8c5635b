package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/web"
)

func deep() bool { return os.Getenv("PARVIS_DEEP") == "1" }

// wire is the real server of a portal on a real socket.
type wire struct {
	t       *testing.T
	address string
	posted  atomic.Int64 // requests that reached a handler that changes something
	open    atomic.Int64 // connections that the server holds
}

// listenRaw serves with the limits of service; below full depth its times are a tenth of them.
func listenRaw(t *testing.T) *wire {
	t.Helper()
	w := &wire{t: t}
	p := faulty(t)
	p.Router.Post("/depot", web.Public, web.NoObject, func(rw http.ResponseWriter, r *http.Request, a actor.Actor) error {
		w.posted.Add(1)
		return say("Reçu")(rw, r, a)
	})
	p.Router.Get("/gros", web.Public, web.NoObject, func(rw http.ResponseWriter, _ *http.Request, _ actor.Actor) error {
		chunk := make([]byte, 1<<20)
		for range 64 {
			if _, err := rw.Write(chunk); err != nil {
				return err
			}
		}
		return nil
	})
	if err := p.Router.Err(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := web.Server("", p.Router.Handler())
	if !deep() {
		server.ReadHeaderTimeout /= 10
		server.ReadTimeout /= 10
		server.WriteTimeout /= 10
		server.IdleTimeout /= 10
	}
	server.ErrorLog = nil
	server.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			w.open.Add(1)
		case http.StateClosed:
			w.open.Add(-1)
		}
	}
	w.address = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return w
}

func (w *wire) dial() net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute)) // a server that never closes fails the test here
	return conn
}

// say sends bytes as they are and returns the answers' status lines until the server closes, or falls silent after
// having answered as many as wanted.
func (w *wire) say(text string) []string {
	w.t.Helper()
	conn := w.dial()
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, text) }() // it may close before having read all
	var lines []string
	in := bufio.NewReader(conn)
	for {
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return lines
		}
		lines = append(lines, answer.Status)
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return lines
		}
	}
}

const post = "POST /depot HTTP/1.1\r\nHost: portail.test\r\nOrigin: http://portail.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"

// refusedOnTheWire are requests that no browser sends. Each is refused, and nothing of it is taken for a request.
var refusedOnTheWire = map[string]string{
	"two lengths":                      post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\na=1x",
	"a length and chunks":              post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n",
	"chunks and a length":              post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nPOST /depot HTTP/1.1\r\n\r\n",
	"chunks alone":                     post + "Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n",
	"chunks in a folded header":        post + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
	"chunks under another name":        post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	"chunks twice":                     post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
	"a space before the colon":         post + "Content-Length : 3\r\n\r\na=1",
	"a negative length":                post + "Content-Length: -3\r\n\r\na=1",
	"a length with a sign":             post + "Content-Length: +3\r\n\r\na=1",
	"a length in hexadecimal":          post + "Content-Length: 0x3\r\n\r\na=1",
	"a length of twenty digits":        post + "Content-Length: 99999999999999999999\r\n\r\na=1",
	"a first header that is folded":    "POST /depot HTTP/1.1\r\n Host: portail.test\r\nContent-Length: 3\r\n\r\na=1",
	"a name with a NUL":                post + "X\x00Y: 1\r\nContent-Length: 3\r\n\r\na=1",
	"a value with a NUL":               post + "X-Y: a\x00b\r\nContent-Length: 3\r\n\r\na=1",
	"a bare carriage return":           post + "X-Y: a\rb\r\nContent-Length: 3\r\n\r\na=1",
	"no host":                          "POST /depot HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1",
	"two hosts":                        "POST /depot HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 3\r\n\r\na=1",
	"an unknown version":               "POST /depot HTTP/3.7\r\nHost: portail.test\r\nContent-Length: 3\r\n\r\na=1",
	"no version":                       "POST /depot\r\nHost: portail.test\r\n\r\n",
	"a request line of garbage":        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
	"a path that is not UTF-8":         "GET /%ff%fe HTTP/1.1\r\nHost: portail.test\r\nConnection: close\r\n\r\n",
	"a path with a NUL":                "GET /a%00b HTTP/1.1\r\nHost: portail.test\r\nConnection: close\r\n\r\n",
	"a path upwards":                   "GET /static/../../etc/passwd HTTP/1.1\r\nHost: portail.test\r\nConnection: close\r\n\r\n",
	"a path upwards, hidden":           "GET /static/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: portail.test\r\nConnection: close\r\n\r\n",
	"headers of 100 kB":                post + "X-Y: " + strings.Repeat("a", 100_000) + "\r\nContent-Length: 3\r\n\r\na=1",
	"20,000 headers":                   post + strings.Repeat("X-Y: a\r\n", 20_000) + "Content-Length: 3\r\n\r\na=1",
	"a request line of 100 kB":         "GET /" + strings.Repeat("a", 100_000) + " HTTP/1.1\r\nHost: portail.test\r\n\r\n",
	"a query of 20 kB":                 "GET /?q=" + strings.Repeat("a", 20_000) + " HTTP/1.1\r\nHost: portail.test\r\nConnection: close\r\n\r\n",
	"a form that is not UTF-8":         body("a=%ff%fe"),
	"a form with a broken escape":      body("a=%zz"),
	"a form of 100,000 fields":         body(strings.Repeat("a=1&", 100_000) + "a=1"),
	"a form of 100,000 names":          body(manyNames(100_000)),
	"a form of 2 MiB":                  body("a=" + strings.Repeat("x", 2<<20)),
	"a form from elsewhere":            "POST /depot HTTP/1.1\r\nHost: portail.test\r\nOrigin: http://ailleurs.test\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
	"another server asked for as such": "CONNECT interne:22 HTTP/1.1\r\nHost: interne:22\r\nConnection: close\r\n\r\n",
}

func body(form string) string {
	return post + fmt.Sprintf("Connection: close\r\nContent-Length: %d\r\n\r\n%s", len(form), form)
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d=1&", i)
	}
	return b.String()
}

func TestRequestsNoBrowserSends(t *testing.T) {
	before := runtime.NumGoroutine()
	w := listenRaw(t)
	var all sync.WaitGroup
	for name, text := range refusedOnTheWire {
		all.Go(func() {
			// What follows in the same breath must not be answered as a request of its own, unless the connection is sound.
			lines := w.say(text)
			if len(lines) == 0 {
				return // closed without a word
			}
			// 501 and 505 say that what was asked for is not spoken here.
			if len(lines) > 1 || !strings.HasPrefix(lines[0], "4") && lines[0] != "501 Not Implemented" && !strings.HasPrefix(lines[0], "505") {
				t.Errorf("%s: answered %v", name, lines)
			}
		})
	}
	all.Wait()
	if n := w.posted.Load(); n != 0 {
		t.Errorf("%d of them reached a handler", n)
	}
	w.quiet(before)
}

// What is odd and allowed is taken for what it is: one request.
func TestOddRequestsThatAreAllowed(t *testing.T) {
	w := listenRaw(t)
	for name, text := range map[string]string{
		"a folded header is one header": post + "X-Y: a\r\n Content-Length: 9\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=1",
		"one length said twice":         post + "Connection: close\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\na=1",
		"an old browser":                "GET / HTTP/1.0\r\nHost: portail.test\r\n\r\n",
	} {
		if lines := w.say(text); len(lines) != 1 || lines[0] != "200 OK" {
			t.Errorf("%s: answered %v", name, lines)
		}
	}
	if n := w.posted.Load(); n != 2 {
		t.Errorf("%d posts, want 2", n)
	}
}

// Slow clients of every kind, many at once: everybody else is served meanwhile, the server closes on each by itself,
// and nothing stays behind.
func TestSlowClientsHoldNobody(t *testing.T) {
	each := 40
	if deep() {
		each = 1000
	}
	before := runtime.NumGoroutine()
	w := listenRaw(t)
	kinds := map[string]func(net.Conn){
		"headers, one byte at a time": func(c net.Conn) { trickle(c, "GET / HTTP/1.1\r\nHost: portail.test\r\nX-Y: ") },
		"nothing at all":              func(net.Conn) {},
		"a form, one byte at a time":  func(c net.Conn) { trickle(c, post+"Content-Length: 100000\r\n\r\na=") },
		"half a form":                 func(c net.Conn) { _, _ = io.WriteString(c, post+"Content-Length: 100000\r\n\r\na=1") },
		"an answer never read":        nil,
	}
	var slow sync.WaitGroup
	stop := make(chan bool)
	for name, kind := range kinds {
		for range each {
			conn := w.dial()
			slow.Go(func() {
				defer conn.Close()
				if kind == nil {
					_ = conn.(*net.TCPConn).SetReadBuffer(4096)
					_, _ = io.WriteString(conn, "GET /gros HTTP/1.1\r\nHost: portail.test\r\n\r\n")
					<-stop
					return
				}
				go kind(conn)
				_, err := io.Copy(io.Discard, conn) // until the server closes
				var network net.Error
				if errors.As(err, &network) && network.Timeout() {
					t.Errorf("%s: the server never closed", name)
				}
			})
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 50 {
		answer, err := client.Get("http://" + w.address + "/")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Errorf("somebody else got %d", answer.StatusCode)
		}
	}
	// Those who never read are closed on by the server too, before they leave.
	if !eventually(func() bool { return w.open.Load() == 0 }) {
		t.Errorf("the server holds %d connections", w.open.Load())
	}
	close(stop)
	slow.Wait()
	if n := w.posted.Load(); n != 0 {
		t.Errorf("%d unfinished forms reached a handler", n)
	}
	w.quiet(before)
}

// trickle sends a start, then a byte ten times a second.
func trickle(c net.Conn, start string) {
	_, err := io.WriteString(c, start)
	for err == nil {
		time.Sleep(100 * time.Millisecond)
		_, err = io.WriteString(c, "a")
	}
}

// quiet waits until the server holds no connection and no goroutine of one.
func (w *wire) quiet(before int) {
	w.t.Helper()
	if !eventually(func() bool { return w.open.Load() == 0 && runtime.NumGoroutine() <= before+8 }) {
		stacks := make([]byte, 1<<16)
		w.t.Errorf("%d connections, %d goroutines where there were %d\n%s", w.open.Load(), runtime.NumGoroutine(), before,
			stacks[:runtime.Stack(stacks, true)])
	}
}

func eventually(is func() bool) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return true
}
