package app_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
	fastgzip "github.com/klauspost/compress/gzip"
)

// maxStatements is the budget of one page, the reading of the session included.
const maxStatements = 8

// deep tells whether the full counts are wanted.
func deep() bool { return os.Getenv("PARVIS_DEEP") != "" }

// families is the size of the town of the figures.
func families() int {
	if deep() {
		return 3000
	}
	return 40
}

// TestQueriesPerPage counts the statements of every page of a family's space: at most 8, and the same for one
// child alone in town as for four children among many families. A page with a query per row turns it red.
func TestQueriesPerPage(t *testing.T) {
	eachLoadTown(t, func(t *testing.T, l *loadTown) {
		alone := l.add(1, func(int) int { return 1 })[0]
		before := l.counted(alone)
		l.news(12)
		many := l.add(families(), func(i int) int { return 4 - i%4 })
		crowd, same := l.counted(many[0]), l.counted(alone)
		for _, page := range slices.Sorted(maps.Keys(before)) {
			n, most := before[page], max(crowd[page], same[page])
			t.Logf("%-40s %d", page, n)
			if crowd[page] != n || same[page] != n {
				t.Errorf("%s: %d statements for 1 child alone, %d for it among %d families, %d for 4 children", page, n, same[page], l.made, crowd[page])
			}
			if most > maxStatements {
				t.Errorf("%s: %d statements, want %d at most", page, most, maxStatements)
			}
		}
		t.Log(l.size())
	})
}

// counted is the number of statements of each page of the space, caches warm.
func (l *loadTown) counted(h loadHome) map[string]int64 {
	l.t.Helper()
	cookie := l.session(h)
	l.page("/espace", cookie) // the settings are cached now
	counts := map[string]int64{}
	for name, path := range l.space(h) {
		_, counts[name] = l.page(path, cookie)
	}
	return counts
}

// space is the address of every page of a family's space, by its route.
func (l *loadTown) space(h loadHome) map[string]string {
	paths := map[string]string{}
	for _, r := range l.Routes() {
		if r.Method != http.MethodGet || r.Access != web.Citizen && r.Access != web.Activated {
			continue
		}
		path := r.Path
		switch r.Object {
		case web.NoObject:
		case web.Object("child"):
			path = strings.Replace(path, "{id}", string(h.kids[0]), 1)
		case web.Object("activity"):
			path = strings.Replace(path, "{id}", string(l.acts[0]), 1)
		default:
			continue // one object, that the town of figures has not: a letter, a photo
		}
		paths[r.Path] = path
		if strings.HasSuffix(r.Path, "/agenda") {
			paths[r.Path+"?semaine"] = path + "?semaine=2026-11-23"
		}
		if r.Path == "/espace/absence" {
			paths[r.Path+"?quand"] = path + "?quand=semaine&enfant=" + string(h.kids[0])
		}
	}
	return paths
}

// grows are the tables that grow with the town; what is not here has some dozens of rows.
var grows = []string{"person", "account", "session", "family", "family_member", "family_service", "child", "health", "restriction", "quotient",
	"enrolment", "booking", "attendance", "attendance_mark", "attendance_stay", "attendance_anomaly", "invoice", "audit_event", "mail_outbox", "person_key", "newcomer", "decision", "invite", "merge", "merge_row", "signup", "contact_message",
	"known_device", "account_passkey", "account_identity", "identity_attempt", "activation", "campaign_item", "signup_draft", "signup_consent", "signup_mail", "signup_hash",
	"captcha_challenge", "captcha_count", "counter_act", "slot", "family_quality", "custody", "custody_span", "custody_day", "booking_line", "period_answer", "home_answer", "feed", "reminder", "reminder_setting", "opening_watch", "absence", "absence_report", "incident", "debt_exemption"}

// TestPagesReadNoWholeTable asks SQLite how it finds the rows of each statement of each page: always by an index.
// With 3,000 families one table read whole makes a page ten times slower.
func TestPagesReadNoWholeTable(t *testing.T) {
	l := openLoadTown(t, "")
	home := l.add(2, func(int) int { return 2 })[0]
	cookie := l.session(home)
	planned := map[string]bool{}
	for name, path := range l.space(home) {
		l.noWholeTable(name, path, cookie, planned)
	}
	if len(planned) < 20 {
		t.Errorf("only %d statements seen", len(planned))
	}
}

// noWholeTable checks the statements of a page that were not planned yet.
func (l *loadTown) noWholeTable(name, path string, cookie *http.Cookie, planned map[string]bool) {
	l.t.Helper()
	var statements []string
	l.pageIn(db.TraceQueries(context.Background(), func(query string, _ []any) { statements = append(statements, query) }), path, cookie)
	for _, query := range statements {
		if planned[query] {
			continue
		}
		planned[query] = true
		for _, step := range l.plan(query) {
			words := strings.Fields(step)
			whole := len(words) > 1 && words[0] == "SCAN" && slices.Contains(l.aliased(query), words[1]) && !l.queueIndex(words)
			if whole || strings.Contains(step, " AUTOMATIC ") { // SQLite indexes a whole table for one reading
				l.t.Errorf("%s reads a whole table: %s\n%s", name, step, query)
			}
		}
	}
}

// queueIndex tells a step that reads an index of what waits alone, which does not grow with the town.
func (l *loadTown) queueIndex(words []string) bool {
	i := slices.Index(words, "INDEX")
	if i < 0 || i+1 == len(words) {
		return false
	}
	n, err := db.Read(context.Background(), l.DB, func(r db.Reader) (int64, error) {
		return db.One(r, "count", db.Column[int64], `select count(*) from sqlite_master where type = 'index' and name = $1 and lower(sql) like '% where %'`, words[i+1])
	})
	return err == nil && n == 1
}

// aliased lists the growing tables under the names that a statement gives them.
func (l *loadTown) aliased(query string) []string {
	words := strings.Fields(strings.NewReplacer("(", " ", ")", " ", ",", " ").Replace(query))
	names := slices.Clone(grows)
	for i := range len(words) - 1 {
		if slices.Contains(grows, words[i]) {
			names = append(names, words[i+1])
		}
	}
	return names
}

// plan is how SQLite finds the rows of a statement.
func (l *loadTown) plan(query string) []string {
	l.t.Helper()
	steps, err := db.Read(context.Background(), l.DB, func(r db.Reader) ([]string, error) {
		return db.List(r, func(s db.Scanner) (string, error) {
			var id, parent, unused int64
			var step string
			err := s.Scan(&id, &parent, &unused, &step)
			return step, err
		}, "explain query plan "+query, make([]any, highest(query))...)
	})
	if err != nil {
		l.t.Fatalf("%v\n%s", err, query)
	}
	return steps
}

// highest is the number of the last placeholder.
func highest(query string) int {
	n := 0
	for strings.Contains(query, "$"+strconv.Itoa(n+1)) {
		n++
	}
	return n
}

// maxFirstLoad is the most that a parent's first page may weigh, everything it calls for included, compressed.
const maxFirstLoad = 45 << 10

// TestFirstLoad weighs a page with all the files that it calls for, compressed, as a phone fetches them the first
// time.
func TestFirstLoad(t *testing.T) {
	l := openLoadTown(t, "")
	home := l.add(1, func(int) int { return 3 })[0]
	cookie := l.session(home)
	for _, path := range []string{"/", "/connexion", "/espace", "/espace/agenda", "/espace/enfants/" + string(home.kids[0]) + "/agenda",
		"/espace/famille", "/espace/factures", "/espace/profil"} {
		page, _ := l.page(path, cookie)
		if strings.HasPrefix(path, "/connexion") || path == "/" {
			page, _ = l.page(path, &http.Cookie{Name: "none", Value: "none"})
		}
		weights := map[string]int{"page": page.Body.Len()}
		for _, ref := range calledFor(t, page.Body.Bytes(), page.Header().Get("Content-Encoding")) {
			file, _ := l.page(ref, cookie)
			weights[ref] = file.Body.Len()
		}
		total := 0
		for _, n := range weights {
			total += n
		}
		t.Logf("%-60s %.1f KB: %v", path, float64(total)/1024, weights)
		if total > maxFirstLoad {
			t.Errorf("%s weighs %d bytes compressed, want %d at most", path, total, maxFirstLoad)
		}
	}
}

// calledFor lists the files that a page makes a browser fetch.
func calledFor(t *testing.T, body []byte, coding string) []string {
	t.Helper()
	var in io.Reader = bytes.NewReader(body)
	if coding == "gzip" {
		var err error
		if in, err = gzip.NewReader(in); err != nil {
			t.Fatal(err)
		}
	}
	doc, err := goquery.NewDocumentFromReader(in)
	if err != nil {
		t.Fatal(err)
	}
	var refs []string
	for selector, attribute := range map[string]string{"link[rel~=stylesheet], link[rel~=preload], link[rel~=icon], link[rel~=manifest]": "href",
		"script[src], img[src]": "src"} {
		doc.Find(selector).Each(func(_ int, s *goquery.Selection) {
			u, err := url.Parse(s.AttrOr(attribute, ""))
			if err == nil && strings.HasPrefix(u.Path, "/") && !slices.Contains(refs, u.RequestURI()) {
				refs = append(refs, u.RequestURI())
			}
		})
	}
	return refs
}

// BenchmarkPages prints, page by page and in one run: pages a second over loopback, and their share of what a bare
// handler reaches with the same bytes, compressed by it each time (÷bare) or ready to send (÷ready).
func BenchmarkPages(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			database := ""
			if engine == "postgres" {
				database = testkit.PostgresURL(b, app.Sources())
			}
			l := openLoadTown(b, database)
			homes := l.add(families(), func(i int) int { return 1 + i%4%3 })
			b.Log(l.size())
			var visitors []visitor
			for i := range 32 {
				h := homes[i*len(homes)/32]
				visitors = append(visitors, visitor{cookie: l.session(h), child: string(h.kids[0])})
			}
			for _, path := range []string{"/espace", "/espace/agenda", "/espace/enfants/{id}/agenda", "/espace/factures"} {
				b.Run(strings.Trim(strings.ReplaceAll(path, "/", "."), "."), func(b *testing.B) { l.race(b, path, visitors) })
			}
		})
	}
}

// visitor is one family that asks for pages.
type visitor struct {
	cookie *http.Cookie
	child  string
}

const (
	clients = 8 // connections kept open at a time
	laps    = 6 // the three servers take turns, so that a noisy neighbour harms all alike
)

func (l *loadTown) race(b *testing.B, path string, visitors []visitor) {
	b.StopTimer()
	rate, size := l.rates(b, path, visitors, max(clients, b.N/laps), b.StartTimer)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rate[0], "pages/s")
	b.ReportMetric(rate[0]/rate[1], "÷bare")
	b.ReportMetric(rate[0]/rate[2], "÷ready")
	b.ReportMetric(float64(size), "bytes")
}

// rates are the pages a second of a path, n times a lap: of the portal, of a bare handler that compresses the same bytes,
// and of one that has them ready. begin is called once all is set up.
func (l *loadTown) rates(t testing.TB, path string, visitors []visitor, n int, begin func()) (rate [3]float64, size int) {
	page, _ := l.page(strings.Replace(path, "{id}", visitors[0].child, 1), visitors[0].cookie)
	zipped := page.Body.Bytes()
	zr, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	head := page.Header()
	servers := []string{listen(t, l.Handler()), listen(t, bare(head, func() []byte { return pressed(plain) })), listen(t, bare(head, func() []byte { return zipped }))}
	var took [3]time.Duration
	begin()
	for range laps {
		for i, server := range servers {
			took[i] += askMany(t, server, path, visitors, n)
		}
	}
	for i := range rate {
		rate[i] = float64(laps*n) / took[i].Seconds()
	}
	return rate, len(zipped)
}

// bare is a handler that does nothing but send.
func bare(head http.Header, body func() []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		out := body()
		maps.Copy(w.Header(), head)
		w.Header().Set("Content-Length", strconv.Itoa(len(out)))
		_, _ = w.Write(out)
	})
}

var presses = sync.Pool{New: func() any { return fastgzip.NewWriter(nil) }}

// pressed compresses as web.Render does.
func pressed(plain []byte) []byte {
	var out bytes.Buffer
	zw := presses.Get().(*fastgzip.Writer)
	defer presses.Put(zw)
	zw.Reset(&out)
	_, _ = zw.Write(plain)
	_ = zw.Close()
	return out.Bytes()
}

// listen serves on this machine until the test's end.
func listen(b testing.TB, h http.Handler) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := web.Server("", h)
	go func() { _ = server.Serve(listener) }()
	b.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// askMany sends n requests over a few connections kept open and returns how long it took.
func askMany(b testing.TB, server, path string, visitors []visitor, n int) time.Duration {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range clients {
		wg.Go(func() {
			conn, err := net.Dial("tcp", server)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			in := bufio.NewReaderSize(conn, 32<<10)
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				if err := ask(conn, in, path, visitors[int(i)%len(visitors)]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// ask is one request by hand: a whole client would weigh on all servers and flatter the ratio.
func ask(conn net.Conn, in *bufio.Reader, path string, v visitor) error {
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: portail.test\r\nCookie: %s=%s\r\nAccept-Encoding: gzip\r\n\r\n",
		strings.Replace(path, "{id}", v.child, 1), v.cookie.Name, v.cookie.Value)
	if err != nil {
		return err
	}
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}
