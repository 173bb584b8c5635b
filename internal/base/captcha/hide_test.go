package captcha_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/captcha"
	"parvis/internal/base/captcha/captchatest"
	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

// clue is a number that a script can read off a picture without looking at it.
type clue struct {
	name string
	of   func(file []byte) float64
}

var clues = []clue{
	{"size", func(f []byte) float64 { return float64(len(f)) }},
	{"header", func(f []byte) float64 { return float64(crc32.ChecksumIEEE(f[:33])) }},
	{"lengths of the parts", func(f []byte) float64 {
		var sum float64
		for at := 8; at+8 <= len(f); {
			n := int(binary.BigEndian.Uint32(f[at:]))
			sum = sum*1.37 + float64(n)
			at += 12 + n
		}
		return sum
	}},
	{"first colour", func(f []byte) float64 { return float64(f[41]) }},
	{"checksum", func(f []byte) float64 { return float64(crc32.ChecksumIEEE(f)) }},
	{"hash", func(f []byte) float64 { h := fnv.New64a(); h.Write(f); return float64(h.Sum64() >> 11) }},
	{"last byte", func(f []byte) float64 { return float64(f[len(f)-20]) }},
}

// TestNothingTellsTheAnswer draws many tests and lets the best of many blind strategies guess: the one that always
// takes a place, or the picture that is first or last by any clue.
func TestNothingTellsTheAnswer(t *testing.T) {
	d := testkit.SQLite(t, sources())
	check := captchatest.Check(d, time.Date(2027, 1, 6, 10, 0, 0, 0, time.UTC))
	n := size(2000, 20000)
	hits := map[string]int{}
	names := map[string]int{}
	form := captcha.Form{Purpose: "mot", Scope: "moi"}
	for range n {
		c, err := check.New(context.Background(), form)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := check.Answers(context.Background(), c.Token)
		if err != nil {
			t.Fatal(err)
		}
		right := int(answers.Picture[0]-'0') - 1
		names[c.Name]++
		var files [][]byte
		for _, address := range c.Pictures {
			file, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(address, "data:image/png;base64,"))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		if len(files) != 6 {
			t.Fatalf("%d pictures", len(files))
		}
		hits[fmt.Sprintf("place %d", right+1)]++
		for _, clue := range clues {
			order := []int{0, 1, 2, 3, 4, 5}
			slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(clue.of(files[a]), clue.of(files[b])) })
			for rank, i := range order {
				if i == right {
					hits[fmt.Sprintf("%s, rank %d", clue.name, rank+1)]++
				}
			}
		}
	}
	// Chance is one in six; with 48 strategies the luckiest stays under 4.5 deviations but once in 3,000 runs.
	chance := float64(n) / 6
	bound := chance + 4.5*math.Sqrt(chance*5/6)
	for strategy, hit := range hits {
		if float64(hit) > bound {
			t.Errorf("%s guesses %d of %d, chance gives %.0f", strategy, hit, n, chance)
		}
	}
	if len(names) < 12 {
		t.Errorf("%d kinds of drawing, want 12 at least", len(names))
	}
}

// TestPictures are of one size in every way, and never the same twice.
func TestPictures(t *testing.T) {
	d := testkit.SQLite(t, sources())
	check := captchatest.Check(d, time.Date(2027, 1, 6, 10, 0, 0, 0, time.UTC))
	seen := map[string]bool{}
	sizes := map[int]bool{}
	for range 300 {
		c, err := check.New(context.Background(), captcha.Form{})
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range c.Pictures {
			if seen[address] {
				t.Fatal("the same picture twice")
			}
			seen[address] = true
			file, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(address, "data:image/png;base64,"))
			if err != nil {
				t.Fatal(err)
			}
			sizes[len(file)] = true
			img, err := png.DecodeConfig(bytes.NewReader(file))
			if err != nil || img.Width != 96 || img.Height != 96 {
				t.Fatalf("%v %d × %d", err, img.Width, img.Height)
			}
		}
	}
	if len(sizes) != 1 {
		t.Errorf("files of %d sizes", len(sizes))
	}
}

// TestThePageDoesNotHoldTheAnswer looks for what differs between pages that ask for the same thing.
func TestThePageDoesNotHoldTheAnswer(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{Lifted: true})
		for range 20 {
			page := k.visitor().Get("/mot")
			answers, err := k.check.Answers(context.Background(), token(page))
			if err != nil {
				t.Fatal(err)
			}
			page.Doc.Find("input[type=hidden], audio").Remove() // random letters hold any three digits now and then
			page.Doc.Find("img").RemoveAttr("src")
			if rest, _ := page.Doc.Find("form").Html(); strings.Contains(rest, ">"+answers.Digits) || strings.Contains(rest, `"`+answers.Digits+`"`) {
				t.Errorf("the page holds %s", answers.Digits)
			}
			for i, card := range page.Doc.Find(".pictures .card").EachIter() {
				if html, _ := card.Html(); strings.Contains(html, "data-") || card.Find("input").AttrOr("value", "") != fmt.Sprint(i+1) {
					t.Errorf("card %d says more than its number: %s", i+1, html)
				}
			}
			fresh := k.visitor().Get("/mot")
			for i := range 6 {
				if alt := fresh.Doc.Find(".pictures img").Eq(i).AttrOr("alt", ""); alt != fmt.Sprintf("Image %d du test", i+1) {
					t.Errorf("alternative %q", alt)
				}
				if label := strings.Join(strings.Fields(fresh.Doc.Find(".pictures label").Eq(i).Text()), " "); label != fmt.Sprintf("Choisir l’image %d", i+1) {
					t.Errorf("label %q", label)
				}
			}
		}
		// Nor does the database, to who has no key: rows differ in nothing but what is random or dated.
		lengths, err := db.Read(context.Background(), d, func(r db.Reader) ([]int64, error) {
			return db.List(r, db.Column[int64], `select distinct length(sealed) from captcha_challenge`)
		})
		if err != nil || len(lengths) != 1 {
			t.Errorf("sealed answers have %d lengths, %v", len(lengths), err)
		}
	})
}
