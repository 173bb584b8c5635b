package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// RGB is a colour of the screen.
type RGB struct{ R, G, B uint8 }

// ParseColour reads "#0b5c8a".
func ParseColour(s string) (RGB, error) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "#")
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 6 {
		return RGB{}, fmt.Errorf("colour %q: want #rrggbb", s)
	}
	return RGB{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

// String is "#0b5c8a".
func (c RGB) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Luminance is the relative luminance of WCAG 2, 0 to 1.
func (c RGB) Luminance() float64 {
	lin := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.R) + 0.7152*lin(c.G) + 0.0722*lin(c.B)
}

// Contrast is the ratio of WCAG 2 between two colours, 1 to 21.
func Contrast(a, b RGB) float64 {
	x, y := a.Luminance(), b.Luminance()
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

var (
	white    = RGB{255, 255, 255}
	black    = RGB{}
	darkPage = RGB{0x14, 0x18, 0x1d}
)

const readable45 = 4.5 // the least ratio of text on its background

// Theme is what the portal makes of the town's one colour, with the ratios that the administrator is shown.
type Theme struct {
	Brand     RGB // as the town chose it: surfaces
	BrandSoft RGB // 10 % of it on white
	OnBrand   RGB // text on Brand: white or black
	Link      RGB // text of that hue on white and on BrandSoft
	LinkDark  RGB // the same on the dark page

	OnBrandRatio, LinkRatio, LinkSoftRatio, LinkDarkRatio float64
}

// MakeTheme computes the theme of any colour; every one has a readable theme.
func MakeTheme(brand RGB) Theme {
	t := Theme{Brand: brand, BrandSoft: soften(brand), OnBrand: black, Link: brand, LinkDark: brand}
	if Contrast(brand, white) >= readable45 {
		t.OnBrand = white
	}
	h, s, l := toHSL(brand)
	for step := l; !(Contrast(t.Link, white) >= readable45 && Contrast(t.Link, t.BrandSoft) >= readable45) && step > 0; {
		step = math.Max(0, step-0.01)
		t.Link = fromHSL(h, s, step)
	}
	for step := l; Contrast(t.LinkDark, darkPage) < readable45 && step < 1; {
		step = math.Min(1, step+0.01)
		t.LinkDark = fromHSL(h, s, step)
	}
	t.OnBrandRatio = Contrast(t.OnBrand, brand)
	t.LinkRatio, t.LinkSoftRatio = Contrast(t.Link, white), Contrast(t.Link, t.BrandSoft)
	t.LinkDarkRatio = Contrast(t.LinkDark, darkPage)
	return t
}

func soften(c RGB) RGB {
	mix := func(v uint8) uint8 { return uint8(math.Round(0.1*float64(v) + 0.9*255)) }
	return RGB{mix(c.R), mix(c.G), mix(c.B)}
}

// toHSL gives hue, saturation and lightness, each 0 to 1.
func toHSL(c RGB) (h, s, l float64) {
	r, g, b := float64(c.R)/255, float64(c.G)/255, float64(c.B)/255
	hi, lo := math.Max(r, math.Max(g, b)), math.Min(r, math.Min(g, b))
	l = (hi + lo) / 2
	d := hi - lo
	if d == 0 {
		return 0, 0, l
	}
	s = d / (1 - math.Abs(2*l-1))
	switch hi {
	case r:
		h = math.Mod((g-b)/d+6, 6)
	case g:
		h = (b-r)/d + 2
	default:
		h = (r-g)/d + 4
	}
	return h / 6, s, l
}

func fromHSL(h, s, l float64) RGB {
	part := func(n float64) uint8 {
		k := math.Mod(n+h*12, 12)
		v := l - s*math.Min(l, 1-l)*math.Max(-1, math.Min(math.Min(k-3, 9-k), 1))
		return uint8(math.Round(math.Max(0, math.Min(1, v)) * 255))
	}
	return RGB{part(0), part(8), part(4)}
}

// CSS is the stylesheet of the theme: variables that app.css uses.
func (t Theme) CSS() string {
	return fmt.Sprintf(":root{--brand:%s;--brand-soft:%s;--on-brand:%s;--link:%s;--link-dark:%s}\n",
		t.Brand, t.BrandSoft, t.OnBrand, t.Link, t.LinkDark)
}

// themeFile is the served stylesheet of one colour.
type themeFile struct {
	colour, url string
	body        []byte
}

type themeCache struct{ last atomic.Pointer[themeFile] }

// of returns the stylesheet of the town's colour; a colour that cannot be read gives the default one.
func (c *themeCache) of(colour string) *themeFile {
	if f := c.last.Load(); f != nil && f.colour == colour {
		return f
	}
	brand, err := ParseColour(colour)
	if err != nil {
		brand = RGB{0x0b, 0x5c, 0x8a}
	}
	body := []byte(MakeTheme(brand).CSS())
	sum := sha256.Sum256(body)
	f := &themeFile{colour: colour, url: "/theme-" + hex.EncodeToString(sum[:6]) + ".css", body: body}
	c.last.Store(f)
	return f
}

// serveTheme answers /theme-….css: for ever when it is today's, to be asked again when the colour has changed since.
func (rt *Router) serveTheme(w http.ResponseWriter, r *http.Request, v *visit) bool {
	p := r.URL.Path
	if !isRead(r) || !strings.HasPrefix(p, "/theme-") || !strings.HasSuffix(p, ".css") {
		return false
	}
	v.route.Path = "/theme.css"
	site, err := rt.cfg.Site(r.Context())
	if err != nil {
		v.err = fmt.Errorf("site of theme: %w", err)
		return true
	}
	f := rt.theme.of(site.Colour)
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	if f.url == p {
		h.Set("Cache-Control", immutable)
	}
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(f.body)))
	_, _ = w.Write(f.body)
	return true
}
