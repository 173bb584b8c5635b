package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

//go:embed static
var staticFS embed.FS

const immutable = "public, max-age=31536000, immutable"

// staticFiles are the embedded files under names that hold the hash of their content, compressed once at start.
type staticFiles struct {
	urls  map[string]string      // app.css → /static/app-3f2a….css
	files map[string]*staticFile // by URL
}

type staticFile struct {
	kind       string
	plain      []byte
	gzip, brot []byte // nil when not smaller
}

func loadStatic() (*staticFiles, error) {
	s := &staticFiles{urls: map[string]string{}, files: map[string]*staticFile{}}
	err := fs.WalkDir(staticFS, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := staticFS.ReadFile(p)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, "static/")
		sum := sha256.Sum256(body)
		ext := path.Ext(name)
		url := "/static/" + strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		s.urls[name] = url
		s.files[url], err = newStaticFile(ext, body)
		return err
	})
	return s, err
}

func newStaticFile(ext string, body []byte) (*staticFile, error) {
	f := &staticFile{kind: kindOf(ext), plain: body}
	if strings.HasPrefix(f.kind, "image/") && ext != ".svg" {
		return f, nil // compressed already
	}
	var z, b bytes.Buffer
	zw, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	bw := brotli.NewWriterLevel(&b, brotli.BestCompression)
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{zw, bw} {
		if _, err := w.Write(body); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
	}
	if z.Len() < len(body) {
		f.gzip = z.Bytes()
	}
	if b.Len() < len(body) {
		f.brot = b.Bytes()
	}
	return f, nil
}

func kindOf(ext string) string {
	switch ext { // those the system's table may lack or name otherwise
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".webmanifest":
		return "application/manifest+json"
	case ".ico":
		return "image/x-icon"
	}
	if kind := mime.TypeByExtension(ext); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// url is the address of a file; a name that is not embedded gives one that answers 404.
func (s *staticFiles) url(name string) string {
	if u, ok := s.urls[name]; ok {
		return u
	}
	return "/static/" + name
}

// serve answers requests for embedded files.
func (s *staticFiles) serve(w http.ResponseWriter, r *http.Request) bool {
	f, ok := s.files[r.URL.Path]
	if !ok || !isRead(r) {
		return false
	}
	visitOf(r.Context()).route.Path = "/static"
	body, coding := f.plain, ""
	accepts := r.Header.Get("Accept-Encoding")
	switch {
	case f.brot != nil && acceptsCoding(accepts, "br"):
		body, coding = f.brot, "br"
	case f.gzip != nil && acceptsCoding(accepts, "gzip"):
		body, coding = f.gzip, "gzip"
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", immutable)
	h.Add("Vary", "Accept-Encoding")
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return true
}

// acceptsCoding reads an Accept-Encoding header: the coding is listed and its weight is not 0.
func acceptsCoding(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			q := strings.TrimPrefix(strings.TrimSpace(weight), "q=")
			n, err := strconv.ParseFloat(q, 64)
			return weight == "" || err != nil || n > 0
		}
	}
	return false
}

// Asset is the address of an embedded file for a component that brings its own style or script.
func Asset(ctx context.Context, name string) string {
	rt := visitOf(ctx).rt
	if rt == nil {
		return "/static/" + name
	}
	return rt.Asset(name)
}
