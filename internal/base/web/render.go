package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzip"
)

const gzipFrom = 1024 // bytes under which compressing a page gains nothing

// zippers are reused: a gzip writer weighs hundreds of kilobytes.
var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// Render answers with a page: the layout around body, made whole before the first byte leaves.
func Render(w http.ResponseWriter, r *http.Request, page Page, body templ.Component) error {
	v := visitOf(r.Context())
	if v.rt == nil {
		return errors.New("render outside the router")
	}
	if page.Status == 0 {
		page.Status = http.StatusOK
	}
	if v.status != 0 {
		page.Status = v.status
	}
	shell, err := v.shell(r, page)
	if err != nil {
		return err
	}
	out, err := v.draw(r, shell, body)
	if err == nil && inOrder(out, v.summed) { // a page knows the order of its fields once it is drawn
		out, err = v.draw(r, shell, body)
	}
	if err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	h := w.Header()
	if shell.NoIndex {
		h.Set("X-Robots-Tag", "noindex, nofollow")
	}
	h.Add("Vary", "Accept-Encoding")
	if len(out) >= gzipFrom && acceptsCoding(r.Header.Get("Accept-Encoding"), "gzip") {
		if out, err = zip(out); err != nil {
			return fmt.Errorf("compress page: %w", err)
		}
		h.Set("Content-Encoding", "gzip")
	}
	writePage(w, page.Status, out)
	return nil
}

func (v *visit) draw(r *http.Request, s Shell, body templ.Component) ([]byte, error) {
	v.summed = nil
	var buf bytes.Buffer
	err := Layout(s, body).Render(r.Context(), &buf)
	return buf.Bytes(), err
}

func zip(page []byte) ([]byte, error) {
	var out bytes.Buffer
	zw := zippers.Get().(*gzip.Writer)
	defer zippers.Put(zw)
	zw.Reset(&out)
	if _, err := zw.Write(page); err != nil {
		return nil, err
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func writePage(w http.ResponseWriter, status int, page []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	_, _ = w.Write(page) // a client that left is nobody's fault
}

// shell gathers what the layout prints around the page.
func (v *visit) shell(r *http.Request, page Page) (Shell, error) {
	cfg := v.rt.cfg
	site, err := cfg.Site(r.Context())
	if err != nil {
		return Shell{}, fmt.Errorf("site of page: %w", err)
	}
	s := Shell{Page: page, Site: site, Actor: v.actor, AssetURL: v.rt.Asset, ThemeURL: v.rt.theme.of(site.Colour).url,
		Path: r.URL.Path, Demo: cfg.Demo, NoMail: cfg.NoMail, Now: cfg.Now()}
	s.NoIndex = page.NoIndex || v.route.Access != Public || page.Status != http.StatusOK
	if cfg.Nav != nil {
		s.Nav = markCurrent(cfg.Nav(r.Context(), v.actor), page.Nav, r.URL.Path)
	}
	if page.Status == http.StatusOK {
		s.Notice, err = v.flash(r)
	}
	return s, err
}

// markCurrent marks one entry of the menu: the one the page names, else the longest that its path starts with.
func markCurrent(nav []NavItem, named, path string) []NavItem {
	best := -1
	for i := range nav {
		nav[i].Current = false
		href := nav[i].Href
		switch {
		case named != "":
			if href == named {
				best = i
			}
		case path == href || strings.HasPrefix(path, strings.TrimSuffix(href, "/")+"/"):
			if best < 0 || len(href) > len(nav[best].Href) {
				best = i
			}
		}
	}
	if best >= 0 {
		nav[best].Current = true
	}
	return nav
}

// Forget, as Clear-Site-Data, makes a browser drop what scripts of the portal kept in it: a tablet that is not paired
// any more.
const Forget = `"storage"`

// JSON answers a script of ours with a value.
func JSON(w http.ResponseWriter, r *http.Request, value any) error {
	out, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("answer a script: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if len(out) >= gzipFrom && acceptsCoding(r.Header.Get("Accept-Encoding"), "gzip") {
		if out, err = zip(out); err != nil {
			return fmt.Errorf("compress an answer: %w", err)
		}
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out) // a client that left is nobody's fault
	return nil
}
