package web

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

const oneDay = "public, max-age=86400"

// serveWellKnown answers what browsers and search engines ask for by themselves, without a session nor a query.
func (rt *Router) serveWellKnown(w http.ResponseWriter, r *http.Request, v *visit) bool {
	if !isRead(r) {
		return false
	}
	switch r.URL.Path {
	case "/robots.txt":
		v.route.Path = r.URL.Path
		file(w, "text/plain; charset=utf-8", []byte(rt.robots()))
	case "/favicon.ico":
		v.route.Path = r.URL.Path
		colour := ""
		if site, err := rt.cfg.Site(r.Context()); err == nil {
			colour = site.Colour
		}
		file(w, "image/x-icon", rt.icon.of(colour))
	default:
		return false
	}
	return true
}

func file(w http.ResponseWriter, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", oneDay)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// robots opens the public pages to search engines and closes the rest; nothing of a demonstration is a real town's.
func (rt *Router) robots() string {
	if done := rt.robotsText.Load(); done != nil {
		return *done
	}
	text := "User-agent: *\nDisallow: /\n"
	if !rt.cfg.Demo {
		text += strings.Join(rt.openPaths(), "")
	}
	rt.robotsText.Store(&text)
	return text
}

// openPaths allows the public pages: the first page, and each first part of a path under which all pages are public.
// The longest rule that fits a path wins, so each allowed part is closed again for what only starts alike.
func (rt *Router) openPaths() []string {
	open := map[string]bool{}
	for _, route := range rt.routes {
		if route.Method == http.MethodGet {
			part := firstPart(route.Path)
			was, seen := open[part]
			open[part] = route.Access == Public && (was || !seen)
		}
	}
	var lines []string
	for part, public := range open {
		if !public {
			continue
		}
		if part == "/" {
			lines = append(lines, "Allow: /$\n")
		} else {
			lines = append(lines, "Allow: "+part+"$\nAllow: "+part+"/\n")
		}
	}
	lines = append(lines, "Allow: /static/\nAllow: /theme-\n") // search engines look at pages with their style
	slices.Sort(lines)
	return lines
}

func firstPart(path string) string {
	if i := strings.Index(path[1:], "/"); i >= 0 {
		return path[:i+1]
	}
	return path
}

// iconFile is the portal's small icon in one colour.
type iconFile struct {
	colour string
	body   []byte
}

type iconCache struct{ last atomic.Pointer[iconFile] }

func (c *iconCache) of(colour string) []byte {
	if f := c.last.Load(); f != nil && f.colour == colour {
		return f.body
	}
	brand, err := ParseColour(colour)
	if err != nil {
		brand = RGB{0x0b, 0x5c, 0x8a}
	}
	f := &iconFile{colour: colour, body: drawIcon(brand)}
	c.last.Store(f)
	return f.body
}

const (
	iconSide = 48
	iconFine = 4 // samples of a pixel's side
)

// drawIcon is the shield with the tower, as an ICO file of one PNG.
func drawIcon(brand RGB) []byte {
	picture := image.NewNRGBA(image.Rect(0, 0, iconSide, iconSide))
	for y := range iconSide {
		for x := range iconSide {
			picture.SetNRGBA(x, y, iconPixel(x, y, brand))
		}
	}
	var raw bytes.Buffer
	if err := png.Encode(&raw, picture); err != nil { // a buffer takes everything
		return nil
	}
	head := []byte{0, 0, 1, 0, 1, 0, iconSide, iconSide, 0, 0, 1, 0, 32, 0}
	head = binary.LittleEndian.AppendUint32(head, uint32(raw.Len()))
	head = binary.LittleEndian.AppendUint32(head, 22) // the header's own size
	return append(head, raw.Bytes()...)
}

func iconPixel(x, y int, brand RGB) color.NRGBA {
	shield, tower := 0, 0
	for i := range iconFine * iconFine {
		u := (float64(x) + (float64(i%iconFine)+0.5)/iconFine) * 44 / iconSide
		v := (float64(y) + (float64(i/iconFine)+0.5)/iconFine) * 44 / iconSide
		switch {
		case inTower(u, v):
			tower++
		case inShield(u, v):
			shield++
		}
	}
	all := shield + tower
	if all == 0 {
		return color.NRGBA{}
	}
	mix := func(c uint8) uint8 { return uint8((int(c)*shield + 255*tower) / all) }
	return color.NRGBA{mix(brand.R), mix(brand.G), mix(brand.B), uint8(255 * all / (iconFine * iconFine))}
}

func inShield(u, v float64) bool {
	if v < 1 || v > 43 {
		return false
	}
	half := 17.0
	if v > 24 {
		half *= math.Sqrt(1 - (v-24)*(v-24)/(19*19))
	}
	return math.Abs(u-22) <= half
}

func inTower(u, v float64) bool {
	in := func(a, b, c, d float64) bool { return u >= a && u < b && v >= c && v < d }
	crown := in(13, 17, 8, 12) || in(20, 24, 8, 12) || in(27, 31, 8, 12) || in(13, 31, 12, 16)
	return crown || in(15, 29, 16, 33) && !in(20, 24, 25, 33)
}
