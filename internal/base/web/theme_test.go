package web

import (
	"testing"

	"pgregory.net/rapid"
)

// The vectors are those agreed with the designers; "" in link or dark means the colour itself.
func TestThemeOfKnownColours(t *testing.T) {
	for _, c := range []struct{ brand, on, link, dark string }{
		{"#e2001a", "#ffffff", "#d30018", "#ff0723"},
		{"#ffcc00", "#000000", "#8a6e00", ""},
		{"#7ab800", "#000000", "#517b00", ""},
		{"#009ee0", "#000000", "#0076a8", ""},
		{"#0b5c8a", "#ffffff", "", "#1088cc"},
		{"#f39200", "#000000", "#a16100", ""},
		{"#e6007e", "#ffffff", "#cc0070", "#fa0089"},
		{"#ffffff", "#000000", "#757575", ""},
		{"#000000", "#ffffff", "", "#808080"},
	} {
		if c.link == "" {
			c.link = c.brand
		}
		if c.dark == "" {
			c.dark = c.brand
		}
		brand, err := ParseColour(c.brand)
		if err != nil {
			t.Fatal(err)
		}
		got := MakeTheme(brand)
		if got.OnBrand.String() != c.on || got.Link.String() != c.link || got.LinkDark.String() != c.dark {
			t.Errorf("theme of %s: on %s, link %s, dark %s; want %s, %s, %s", c.brand, got.OnBrand, got.Link, got.LinkDark,
				c.on, c.link, c.dark)
		}
	}
}

func TestAnyColourGivesAReadableTheme(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 100 { // 100 colours a case: 10,000 in all
			b := rapid.Custom(func(t *rapid.T) RGB {
				n := rapid.Uint32Range(0, 1<<24-1).Draw(t, "colour")
				return RGB{uint8(n >> 16), uint8(n >> 8), uint8(n)}
			}).Draw(t, "brand")
			th := MakeTheme(b)
			for what, ratio := range map[string]float64{"on-brand": Contrast(th.OnBrand, b), "link": Contrast(th.Link, white),
				"link on soft": Contrast(th.Link, th.BrandSoft), "link in the dark": Contrast(th.LinkDark, darkPage)} {
				if ratio < readable45 {
					t.Fatalf("%s: %s has only %.2f", b, what, ratio)
				}
			}
			if th.OnBrandRatio < readable45 || th.LinkRatio < readable45 || th.LinkSoftRatio < readable45 || th.LinkDarkRatio < readable45 {
				t.Fatalf("%s: ratios shown are not those computed: %+v", b, th)
			}
		}
	})
}

func TestParseColourRefusesWhatIsNotOne(t *testing.T) {
	for _, s := range []string{"", "#fff", "red", "#12345g", "#0b5c8a;}body{display:none", "#+12345"} {
		if c, err := ParseColour(s); err == nil {
			t.Errorf("ParseColour(%q) = %s, want an error", s, c)
		}
	}
}
