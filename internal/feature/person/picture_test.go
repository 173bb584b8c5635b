package person

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"parvis/internal/base/fault"
)

// flag is a picture whose left half is red and right half blue, w by h.
func flag(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{200, 0, 0, 255}
			if x >= w/2 {
				c = color.RGBA{0, 0, 200, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func jpegOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withOrientation puts an EXIF block with an orientation and a place after the head of a JPEG.
func withOrientation(file []byte, orientation uint16) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	binary.BigEndian.PutUint16(tiff[18:], orientation)
	body := append([]byte("Exif\x00\x00"), tiff...)
	body = append(body, "GPS-SECRET"...)
	segment := append([]byte{0xff, 0xe1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
	return append(append(append([]byte{}, file[:2]...), segment...), file[2:]...)
}

func TestSquarePhotoIsUprightSquareAndBare(t *testing.T) {
	side := jpegOf(t, flag(400, 300))
	red := func(c color.Color) bool { r, _, b, _ := c.RGBA(); return r > 2*b }
	cases := []struct {
		orientation uint16
		x, y        int // where the red half must be
	}{{1, 20, 128}, {2, 235, 128}, {3, 235, 128}, {4, 20, 128}, {5, 128, 20}, {6, 128, 20}, {7, 128, 235}, {8, 128, 235}, {99, 20, 128}}
	for _, c := range cases {
		kept, err := SquarePhoto(withOrientation(side, c.orientation))
		if err != nil {
			t.Fatalf("orientation %d: %v", c.orientation, err)
		}
		m, err := jpeg.Decode(bytes.NewReader(kept))
		if err != nil {
			t.Fatal(err)
		}
		if m.Bounds() != image.Rect(0, 0, 256, 256) {
			t.Errorf("bounds %v, want 256 by 256", m.Bounds())
		}
		if !red(m.At(c.x, c.y)) || red(m.At(255-c.x, 255-c.y)) {
			t.Errorf("orientation %d: the red half is not at %d,%d", c.orientation, c.x, c.y)
		}
		if bytes.Contains(kept, []byte("Exif")) || bytes.Contains(kept, []byte("GPS-SECRET")) {
			t.Errorf("orientation %d: metadata kept", c.orientation)
		}
	}
}

func TestSquarePhotoOfTransparentPNGIsOnWhite(t *testing.T) {
	kept, err := SquarePhoto(pngOf(t, image.NewNRGBA(image.Rect(0, 0, 100, 100))))
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(kept))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := m.At(50, 50).RGBA(); r < 0xf000 || g < 0xf000 || b < 0xf000 {
		t.Errorf("background %x %x %x, want white", r, g, b)
	}
}

// hugePNG declares w by h points and holds none.
func hugePNG(t *testing.T, w, h uint32) []byte {
	t.Helper()
	b := pngOf(t, flag(64, 64))
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	return b // its checksum is wrong too: the head alone is never trusted to be followed by pixels
}

func TestPhotosThatAreRefusedHaveASentence(t *testing.T) {
	small := jpegOf(t, flag(100, 100))
	huge := append([]byte{}, small...)
	at := bytes.Index(huge, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(huge[at+5:], 65000)
	binary.BigEndian.PutUint16(huge[at+7:], 65000)
	cases := []struct {
		name, word string
		file       []byte
	}{
		{"nothing", "Choisissez", nil},
		{"HEIC", "HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")},
		{"PDF", "JPEG ou PNG", []byte("%PDF-1.7")},
		{"SVG with a script", "JPEG ou PNG", []byte("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")},
		{"too heavy", "10 Mo", make([]byte, MaxPhoto+1)},
		{"a JPEG of 65,000 points a side", "trop de points", huge},
		{"a PNG bomb", "", hugePNG(t, 65000, 65000)},
		{"cut short", "abîmée", small[:len(small)/3]},
		{"a head only", "abîmée", small[:4]},
		{"tiny", "trop petite", pngOf(t, flag(10, 10))},
	}
	for _, c := range cases {
		_, err := SquarePhoto(c.file)
		fields := fault.FieldsOf(err)
		if len(fields) != 1 || fields[0].Name != "photo" || !strings.Contains(fields[0].Sentence, c.word) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func FuzzSquarePhoto(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x08Exif\x00\x00"))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		orientation(file)
		if kept, err := SquarePhoto(file); err == nil && len(kept) == 0 {
			t.Error("no picture and no error")
		}
	})
}
