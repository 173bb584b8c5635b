package testkit

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// BrowserOptions says how a story sees the pages.
type BrowserOptions struct {
	Width    int  // CSS pixels; 0 is 1280
	Height   int  // CSS pixels; 0 is 900
	NoScript bool // JavaScript off, as some parents have it
	Dark     bool // prefers-color-scheme: dark
	BigText  bool // the reader's own setting: letters twice as big
}

// Browser is one tab of a real Chromium, in a profile of its own, with what a story needs: steps that fail the
// test with the page's address, and the complaints of the console.
type Browser struct {
	t       testing.TB
	ctx     context.Context
	options BrowserOptions
	*tab
}

// tab is what the page does by itself, which the goroutines that listen to it write.
type tab struct {
	mu       sync.Mutex
	problems []string
	loading  map[cdp.FrameID]bool // frames that load
}

// chromium is one process for each setting that belongs to a whole browser.
type chromium struct {
	once sync.Once
	ctx  context.Context
}

var usual, bigText chromium

// context starts one Chromium a test process; tabs live in contexts of their own, like private windows.
func (c *chromium) context(flags ...chromedp.ExecAllocatorOption) context.Context {
	c.once.Do(func() {
		dir, err := os.MkdirTemp("", "parvis-chromium-")
		if err != nil {
			dir = os.TempDir()
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(dir),
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
			chromedp.Flag("hide-scrollbars", true))
		allocator, _ := chromedp.NewExecAllocator(context.Background(), append(options, flags...)...)
		c.ctx, _ = chromedp.NewContext(allocator)
	})
	return c.ctx
}

// NewBrowser opens a private tab, closed with the test. A machine without Chromium fails the test.
func NewBrowser(t testing.TB, options BrowserOptions) *Browser {
	t.Helper()
	if options.Width == 0 {
		options.Width = 1280
	}
	if options.Height == 0 {
		options.Height = 900
	}
	root := usual.context()
	if options.BigText {
		root = bigText.context(chromedp.Flag("blink-settings", "defaultFontSize=32,defaultFixedFontSize=26"))
	}
	if err := chromedp.Do(root); err != nil {
		t.Fatalf("start chromium (Debian package chromium): %v", err)
	}
	ctx, cancel := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &Browser{t: t, ctx: ctx, options: options, tab: &tab{loading: map[cdp.FrameID]bool{}}}
	// The first call binds the tab's life to its context: without a time limit, so that it lives with the test.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	b.do("size", chromedp.EmulateViewport(int64(options.Width), int64(options.Height)))
	if options.NoScript {
		call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	scheme := "light"
	if options.Dark {
		scheme = "dark"
	}
	b.Scheme(scheme)
	if err := chromedp.Listen(b.ctx, b.follow); err != nil {
		t.Fatalf("listen to the tab: %v", err)
	}
	go b.listen(chromedp.Console(b.ctx))
	return b
}

// Scheme changes prefers-color-scheme: "light" or "dark". Nothing fades, so that colours can be measured at once.
func (b *Browser) Scheme(scheme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// Resize changes the window's width, as turning a phone does.
func (b *Browser) Resize(width int) {
	b.t.Helper()
	b.options.Width = width
	b.do("size", chromedp.EmulateViewport(int64(width), int64(b.options.Height)))
}

// SetCookie gives the tab a cookie of an address; the value "" takes it away.
func (b *Browser) SetCookie(url, name, value string) {
	b.t.Helper()
	if value == "" {
		call(b, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: url})
		return
	}
	yes := true
	call(b, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: url, Path: "/", HTTPOnly: &yes,
		SameSite: network.CookieSameSiteLax})
}

// follow counts the frames that load, so that settle can wait for the answer to a slow form.
func (b *Browser) follow(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *page.EventFrameStartedLoading:
		b.loading[e.FrameID] = true
	case *page.EventFrameStoppedLoading:
		delete(b.loading, e.FrameID)
	}
}

func (b *Browser) isLoading() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.loading) > 0
}

// listen keeps what the console complains of: errors, CSP violations, uncaught exceptions.
func (b *Browser) listen(messages iter.Seq2[chromedp.ConsoleMessage, error]) {
	for m, err := range messages {
		if err != nil {
			return
		}
		status := strings.Contains(m.Text, "the server responded with a status of 4") // an answer, asserted by its own test
		if (m.IsException() || m.Type == "error") && !status {
			b.mu.Lock()
			b.problems = append(b.problems, m.Text)
			b.mu.Unlock()
		}
	}
}

func (b *Browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("browser: %s: %v", what, err)
	}
}

func run[T any](b *Browser, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("browser: %s: %v", what, err)
	}
	return v
}

func call[P, R any](b *Browser, command cdp.Command[P, R], params P) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		b.t.Fatalf("browser: %v", err)
	}
}

// Go opens an address and waits for its load.
func (b *Browser) Go(url string) {
	b.t.Helper()
	b.do("go to "+url, chromedp.Navigate(url))
}

// Fill empties a field and types into it.
func (b *Browser) Fill(selector, text string) {
	b.t.Helper()
	if Eval[bool](b, fmt.Sprintf(`!!document.querySelector(%q)?.value`, selector)) {
		b.do("clear "+selector, chromedp.Clear(chromedp.CSS(selector)))
	}
	b.do("fill "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Click clicks the first match and, when it leads to another page, waits for it.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.click("click "+selector, selector)
}

// ClickText clicks the first visible link, button, summary or label with these words, in the main part first, and
// waits for the page it leads to. Words for screen readers alone do not count.
func (b *Browser) ClickText(words string) {
	b.t.Helper()
	script := fmt.Sprintf(`(() => {
		const plain = e => { const c = e.cloneNode(true); c.querySelectorAll('.sr,svg').forEach(x => x.remove());
			return c.textContent.replace(/\s+/g, ' ').trim() }
		document.querySelectorAll('[data-story]').forEach(e => e.removeAttribute('data-story'))
		const all = root => [...(root || document).querySelectorAll('a,button,summary,label')].filter(e => e.getClientRects().length > 0 && !e.closest('[aria-hidden=true]'))
		const hit = [...all(document.querySelector('main')), ...all(document.body)].find(e => plain(e) === %q)
		if (hit) hit.setAttribute('data-story', '')
		return !!hit })()`, words)
	deadline := time.Now().Add(5 * time.Second) // the page it is on may still be on its way
	for !Eval[bool](b, script) {
		if time.Now().After(deadline) {
			b.t.Fatalf("browser: %s has nothing to click named « %s »", b.URL(), words)
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.click("click « "+words+" »", "[data-story]")
}

// click clicks the first match. A script may draw the page again between the finding of an element and the click, which
// then names no node any more: it is found again.
func (b *Browser) click(what, selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
	for tries := 0; err != nil && strings.Contains(err.Error(), "Could not find node") && tries < 5; tries++ {
		err = chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
	}
	if err != nil {
		b.t.Fatalf("browser: %s: %v", what, err)
	}
	b.settle()
}

// Upload chooses a file in a file field.
func (b *Browser) Upload(selector, file string) {
	b.t.Helper()
	b.do("choose a file in "+selector, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// Press types keys at the focused element: "\t", "\r", " ".
func (b *Browser) Press(keys string) {
	b.t.Helper()
	b.do("press keys", chromedp.KeyEvent(keys))
	b.settle()
}

// settle waits until a navigation that a click may have begun is over.
func (b *Browser) settle() {
	time.Sleep(60 * time.Millisecond)
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if b.isLoading() {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		state, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.readyState`))
		cancel()
		if err == nil && state == "complete" {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.t.Fatal("browser: the page does not finish loading")
}

// URL is the address shown.
func (b *Browser) URL() string { b.t.Helper(); return run(b, "address", chromedp.Location()) }

// Text is the visible text of the first match.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	return run(b, "text of "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// Has tells whether something matches.
func (b *Browser) Has(selector string) bool {
	b.t.Helper()
	return Eval[bool](b, fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
}

// Eval evaluates an expression in the page; it works with JavaScript off too, as the page's own scripts do not.
func Eval[T any](b *Browser, expression string) T {
	b.t.Helper()
	return run(b, "evaluate", chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Problems is what the console complained of since the tab was opened.
func (b *Browser) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.problems...)
}

// SidewaysScroll is by how many pixels the page is wider than the window; 0 when it reflows well.
func (b *Browser) SidewaysScroll() int {
	b.t.Helper()
	return Eval[int](b, `Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)`)
}

// Violation is one rule of axe that a page breaks, with the elements.
type Violation struct {
	ID     string   `json:"id"`
	Help   string   `json:"help"`
	Impact string   `json:"impact"`
	Nodes  []string `json:"nodes"`
}

// Axe runs axe-core's WCAG 2.0 to 2.2 A and AA rules and its best practices on the page as it stands.
func (b *Browser) Axe() []Violation {
	b.t.Helper()
	Eval[bool](b, axeSource(b.t)+";true")
	defer b.tall()()
	raw := Eval[string](b, `axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})
		.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, impact: v.impact,
			nodes: v.nodes.map(n => n.html.slice(0, 200) + ' | ' + n.failureSummary.slice(0, 200))}))))`)
	var found []Violation
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		b.t.Fatalf("read axe's answer: %v", err)
	}
	return found
}

var axe struct {
	once   sync.Once
	source string
	err    error
}

func axeSource(t testing.TB) string {
	axe.once.Do(func() {
		_, here, _, _ := runtime.Caller(0)
		file := filepath.Join(filepath.Dir(here), "..", "..", "tools", "node_modules", "axe-core", "axe.min.js")
		var raw []byte
		raw, axe.err = os.ReadFile(file)
		axe.source = string(raw)
	})
	if axe.err != nil {
		t.Fatalf("axe-core is missing (cd tools && npm ci): %v", axe.err)
	}
	return axe.source
}

// tall makes the window as high as the page, so that a bar that sticks to its foot hides nothing, until the
// function that it returns is called.
func (b *Browser) tall() (restore func()) {
	b.t.Helper()
	height := Eval[int](b, `Math.ceil(document.documentElement.scrollHeight)`)
	b.do("viewport", chromedp.EmulateViewport(int64(b.options.Width), int64(max(height, b.options.Height))))
	return func() {
		b.t.Helper()
		b.do("viewport", chromedp.EmulateViewport(int64(b.options.Width), int64(b.options.Height)))
	}
}

// Screenshot writes the whole page as a PNG.
func (b *Browser) Screenshot(file string) {
	b.t.Helper()
	restore := b.tall()
	png := run(b, "screenshot", chromedp.CaptureScreenshot())
	restore()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// For is the same tab in the hands of another test, within the one that opened it, which fails in its place.
func (b *Browser) For(t testing.TB) *Browser {
	mine := *b
	mine.t = t
	return &mine
}
