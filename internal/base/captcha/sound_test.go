package captcha_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"net/http"
	"testing"

	"parvis/internal/base/captcha"
	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

// samples are those of a WAV file, after a look at its header.
func samples(t *testing.T, file []byte) []float64 {
	t.Helper()
	if len(file) < 44 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" ||
		int(binary.LittleEndian.Uint32(file[4:])) != len(file)-8 || int(binary.LittleEndian.Uint32(file[40:])) != len(file)-44 {
		t.Fatalf("not a WAV file of its own length: %d bytes", len(file))
	}
	var all []float64
	for rest := file[44:]; len(rest) > 1; rest = rest[2:] {
		all = append(all, float64(int16(binary.LittleEndian.Uint16(rest)))/32768)
	}
	return all
}

func loudness(s []float64) float64 {
	var sum float64
	for _, v := range s {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(s)))
}

// TestTheSameDigitsNeverSoundTheSame: not the bytes, not the length, and the noise stays far under the voice.
func TestTheSameDigitsNeverSoundTheSame(t *testing.T) {
	for _, digits := range []string{"000", "111", "729"} {
		files, lengths := map[[32]byte]bool{}, map[int]bool{}
		n := size(40, 400)
		for seed := range n {
			file := captcha.Sound(uint64(seed), digits)
			files[sha256.Sum256(file)], lengths[len(file)] = true, true
			wave := samples(t, file)
			quiet, loud, cut := 1.0, 0.0, 0
			for at := 0; at+800 <= len(wave); at += 400 {
				part := loudness(wave[at : at+800])
				quiet, loud = min(quiet, part), max(loud, part)
			}
			for _, s := range wave {
				if math.Abs(s) > 0.999 {
					cut++
				}
			}
			if ratio := 20 * math.Log10(loud/quiet); ratio < 18 || loud < 0.1 || cut > len(wave)/2000 || quiet == 0 {
				t.Errorf("%s, sound %d: voice %.0f dB over the noise, loudness %.2f, %d samples cut", digits, seed, ratio, loud, cut)
			}
		}
		if len(files) != n || len(lengths) < n*97/100 {
			t.Errorf("%s: %d sounds give %d files and %d lengths", digits, n, len(files), len(lengths))
		}
	}
}

// TestTheLengthTellsNothing: the sounds of the shortest and the longest digits overlap widely.
func TestTheLengthTellsNothing(t *testing.T) {
	n := size(150, 1500)
	mean, deviation := map[string]float64{}, map[string]float64{}
	for _, digits := range []string{"111", "222", "333", "444", "555", "666", "777", "888", "999", "000"} {
		var sum, squares float64
		for seed := range n {
			seconds := float64(len(captcha.Sound(uint64(seed), digits))-44) / 16000
			sum, squares = sum+seconds, squares+seconds*seconds
		}
		mean[digits] = sum / float64(n)
		deviation[digits] = math.Sqrt(squares/float64(n) - mean[digits]*mean[digits])
	}
	for a := range mean {
		for b := range mean {
			if gap := math.Abs(mean[a] - mean[b]); gap > 2*deviation[a] {
				t.Errorf("%s and %s differ by %.2f s, one sound varies by %.2f s", a, b, gap, deviation[a])
			}
		}
	}
}

func TestSoundOfATest(t *testing.T) {
	testkit.EachEngine(t, sources(), func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, captcha.Limits{})
		c := k.visitor()
		page := c.Get("/mot")
		address := page.Doc.Find("audio").AttrOr("src", "")
		one := c.Get(address)
		if one.Status != 200 || one.Header.Get("Content-Type") != "audio/wav" || one.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("status %d, %v", one.Status, one.Header)
		}
		samples(t, []byte(one.Body))
		if two := c.Get(address); two.Body != one.Body {
			t.Error("played twice, a test says other bytes: a player cannot ask for it in pieces")
		}
		r, err := http.NewRequest(http.MethodGet, c.Base+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RequestURI = address
		r.Header.Set("Range", "bytes=100-199")
		if part := c.Do(r); part.Status != 206 || !bytes.Equal([]byte(part.Body), []byte(one.Body)[100:200]) {
			t.Errorf("a piece: status %d, %d bytes", part.Status, len(part.Body))
		}
		if other := c.Get("/controle/son?c=AAAA"); other.Status != 404 {
			t.Errorf("sound of nothing: %d", other.Status)
		}
	})
}
