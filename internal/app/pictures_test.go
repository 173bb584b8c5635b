package app_test

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/testkit"
)

// TestPictures makes the pictures of the README, on the day of the scene that the design was drawn for, when
// PARVIS_PICTURES names a folder (./check pictures).
func TestPictures(t *testing.T) {
	dir := os.Getenv("PARVIS_PICTURES")
	if dir == "" {
		return
	}
	start, scene := time.Now(), time.Date(2027, 1, 6, 9, 0, 0, 0, time.UTC)
	h := openHouse(t, "", func() time.Time { return scene.Add(time.Since(start)).In(zone(t)) })
	l := &looker{house: h}
	l.picturesque()
	for _, size := range []struct {
		suffix string
		width  int
	}{{"390", 390}, {"1280", 1280}} {
		b := testkit.NewBrowser(t, testkit.BrowserOptions{Width: size.width, Height: 800})
		for _, p := range l.scenes() {
			h.as(b, p.who)
			b.Go(h.URL + p.path)
			b.Scheme(map[bool]string{true: "dark", false: "light"}[strings.HasSuffix(p.name, "-sombre")])
			b.Screenshot(filepath.Join(dir, p.name+"-"+size.suffix+".png"))
			shrink(t, filepath.Join(dir, p.name+"-"+size.suffix+".png"), 2400)
		}
	}
}

// scene is one page to photograph.
type scene struct{ name, who, path string }

func (l *looker) scenes() []scene {
	return []scene{
		{"accueil", nobody, "/"}, {"tableau-de-bord", "titulaire", "/espace"},
		{"tableau-de-bord-sombre", "titulaire", "/espace"}, {"agenda", "titulaire", "/espace/enfants/" + l.objects["child"] + "/agenda"},
		{"semaine", "titulaire", "/espace/agenda"}, {"famille", "titulaire", "/espace/famille"}, {"factures", "titulaire", "/espace/factures"},
		{"facture", "titulaire", "/espace/factures/" + l.objects["invoice"]}, {"coordonnees", "titulaire", "/espace/coordonnees"},
		{"agents-accueil", "agent instruction", "/agents"}, {"agents-recherche", "agent instruction", "/agents/recherche?q=mar"},
		{"agents-famille", "agent instruction", "/agents/familles/" + l.objects["family"]}, {"agents-activations", "agent instruction", "/agents/activations"},
		{"agents-activation", "agent instruction", "/agents/activations/" + l.objects["account"]},
		{"creer-mon-espace", nobody, "/creer-mon-espace/identite"}, {"agents-comparer", "agent instruction", "/agents/activation/" + l.objects["newcomer"]},
		{"agents-parametres", "administrateur", "/agents/parametres"},
		{"reserver", "titulaire", "/espace/reserver"}, {"agents-pointage", "agent instruction", "/agents/pointage"},
	}
}

// picturesque finds what the pictures show, and leaves an agent something to do.
func (l *looker) picturesque() {
	l.cookies = map[string]string{"titulaire": l.token(l.way("titulaire").Username), "agent accueil": l.token(l.way("agent accueil").Username)}
	l.findObjects()
	l.objects["newcomer"] = l.text(`select id from account where username_folded = 'arrivee.mariage'`)
	l.client("titulaire").Get("/espace/famille/ajouter").Submit(`form[action="/espace/famille/ajouter"]`, map[string]string{"role": "contact",
		"nom": "Prévost", "prenoms": "Jeanne", "lien": "Voisine", "telephone": "06 39 98 00 01", "chercher": "1"}).Follow()
}

func zone(t *testing.T) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// shrink writes a picture again with at most 128 colours, the most used ones: half the bytes, and nobody sees it.
func shrink(t *testing.T, file string, tallest int) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	from, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	area := from.Bounds().Intersect(image.Rect(0, 0, from.Bounds().Dx(), tallest))
	uses := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(from.At(x, y)).(color.RGBA) }
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			uses[at(x, y)]++
		}
	}
	most := slices.SortedFunc(maps.Keys(uses), func(a, b color.RGBA) int {
		return cmp.Or(uses[b]-uses[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var colours color.Palette
	for _, c := range most[:min(len(most), 128)] {
		colours = append(colours, c)
	}
	nearest := map[color.RGBA]uint8{}
	for c := range uses {
		nearest[c] = uint8(colours.Index(c))
	}
	to := image.NewPaletted(area, colours)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			to.SetColorIndex(x, y, nearest[at(x, y)])
		}
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, to); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 150<<10 {
		t.Logf("%s: %d KB", filepath.Base(file), out.Len()>>10)
	}
}
