package captcha

import (
	"bytes"
	crand "crypto/rand"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"

	"golang.org/x/image/vector"
)

// side is a picture's width and height in pixels, the same for all. Four colours of two bits, stored uncompressed,
// make every file the same number of bytes whatever it shows.
const (
	side   = 96
	levels = 4
)

// newRandom is a source that nobody foresees.
func newRandom() *rand.Rand {
	var seed [32]byte
	crand.Read(seed[:])
	return rand.New(rand.NewChaCha8(seed))
}

// drawPictures makes six different drawings in a random order, and asks for one of them by its name and number.
func drawPictures(rng *rand.Rand) (name string, images []string, right int, err error) {
	kinds := rng.Perm(len(drawings))[:pictures]
	place := rng.IntN(pictures)
	for _, kind := range kinds {
		file, err := picture(rng, drawings[kind])
		if err != nil {
			return "", nil, 0, fmt.Errorf("%s: %w", drawings[kind].name, err)
		}
		images = append(images, "data:image/png;base64,"+base64.StdEncoding.EncodeToString(file))
	}
	return drawings[kinds[place]].name, images, place + 1, nil
}

// picture is one drawing as a PNG, each time another.
func picture(rng *rand.Rand, d drawing) ([]byte, error) {
	p := newPen(rng)
	d.paint(p)
	p.scratch()
	img := image.NewPaletted(image.Rect(0, 0, side, side), palette(rng))
	for i, v := range p.tone {
		v += (rng.Float64() - 0.5) * 0.34
		if rng.IntN(60) == 0 {
			v = rng.Float64()
		}
		img.Pix[i] = uint8(min(levels-1, max(0, int(math.Round(v*(levels-1))))))
	}
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.NoCompression}
	if err := enc.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("write picture: %w", err)
	}
	return out.Bytes(), nil
}

// palette goes from paper to ink: light to dark, or dark to light, always far apart enough to be seen.
func palette(rng *rand.Rand) color.Palette {
	hue, other := rng.Float64(), rng.Float64()
	paper, ink := hsl(hue, 0.25+0.4*rng.Float64(), 0.9+0.08*rng.Float64()), hsl(other, 0.3+0.6*rng.Float64(), 0.12+0.14*rng.Float64())
	if rng.IntN(4) == 0 {
		paper, ink = ink, paper
	}
	var p color.Palette
	for i := range levels {
		t := float64(i) / (levels - 1)
		mix := func(a, b float64) uint8 { return uint8(math.Round(255 * (a + (b-a)*t))) }
		p = append(p, color.RGBA{mix(paper[0], ink[0]), mix(paper[1], ink[1]), mix(paper[2], ink[2]), 255})
	}
	return p
}

func hsl(h, s, l float64) [3]float64 {
	a := s * min(l, 1-l)
	f := func(n float64) float64 {
		k := math.Mod(n+h*12, 12)
		return l - a*max(-1, min(k-3, min(9-k, 1)))
	}
	return [3]float64{f(0), f(8), f(4)}
}

// pen draws in 100 × 100 units through a random pose: turned, mirrored, leaning, wavy.
type pen struct {
	rng                    *rand.Rand
	raster                 *vector.Rasterizer
	mask                   *image.Alpha
	tone                   []float64 // 0 paper, 1 ink
	ink                    float64
	pose                   [6]float64
	waveX, waveY, phase, f float64
	flip                   bool
	fat                    float64 // strokes are thinner or thicker
}

func newPen(rng *rand.Rand) *pen {
	p := &pen{rng: rng, raster: vector.NewRasterizer(side, side),
		mask: image.NewAlpha(image.Rect(0, 0, side, side)), tone: make([]float64, side*side), ink: 1}
	between := func(a, b float64) float64 { return a + (b-a)*rng.Float64() }
	turn, lean := between(-0.42, 0.42), between(-0.18, 0.18)
	sx, sy := between(0.7, 0.86)*side/100, between(0.7, 0.86)*side/100
	if p.flip = rng.IntN(2) == 0; p.flip {
		sx = -sx
	}
	sin, cos := math.Sincos(turn)
	a, b, c, d := cos*sx, (lean*cos-sin)*sy, sin*sx, (lean*sin+cos)*sy
	mx, my := side/2+between(-4, 4), side/2+between(-4, 4)
	p.pose = [6]float64{a, b, mx - 50*(a+b), c, d, my - 50*(c+d)}
	p.waveX, p.waveY, p.phase, p.f = between(-1.6, 1.6), between(-1.6, 1.6), between(0, 6.3), between(0.05, 0.09)
	p.fat = between(0.9, 1.25)
	return p
}

func (p *pen) at(x, y float64) (float32, float32) {
	x, y = x+p.waveX*math.Sin(y*p.f+p.phase), y+p.waveY*math.Sin(x*p.f+p.phase)
	return float32(p.pose[0]*x + p.pose[1]*y + p.pose[2]), float32(p.pose[3]*x + p.pose[4]*y + p.pose[5])
}

// draw and erase choose what the next shapes do; those before are laid down first.
func (p *pen) draw()  { p.flush(); p.ink = 1 }
func (p *pen) erase() { p.flush(); p.ink = 0 }

// width is a stroke's width, random between two.
func (p *pen) width(a, b float64) float64 { return a + (b-a)*p.rng.Float64() }

// flush lays down the shapes since the last.
func (p *pen) flush() {
	clear(p.mask.Pix)
	p.raster.Draw(p.mask, p.mask.Bounds(), image.Opaque, image.Point{})
	for i, m := range p.mask.Pix {
		if m != 0 {
			p.tone[i] += (p.ink - p.tone[i]) * float64(m) / 255
		}
	}
	p.raster.Reset(side, side)
}

// fill adds a closed shape from x, y pairs. All shapes are turned the same way round, so that those that overlap add
// up and leave no hole.
func (p *pen) fill(pts ...float64) {
	var area float64
	n := len(pts) / 2
	for i := range n {
		j := (i + 1) % n
		area += pts[2*i]*pts[2*j+1] - pts[2*j]*pts[2*i+1]
	}
	for i := range n {
		k := i
		if area < 0 {
			k = n - 1 - i
		}
		x, y := p.at(pts[2*k], pts[2*k+1])
		if i == 0 {
			p.raster.MoveTo(x, y)
		} else {
			p.raster.LineTo(x, y)
		}
	}
	p.raster.ClosePath()
}

func (p *pen) disc(x, y, r float64) { p.oval(x, y, r, r, 0) }

// oval is an ellipse turned by an angle.
func (p *pen) oval(x, y, rx, ry, turn float64) {
	var pts []float64
	sin, cos := math.Sincos(turn)
	for i := range 32 {
		s, c := math.Sincos(2 * math.Pi * float64(i) / 32)
		pts = append(pts, x+rx*c*cos-ry*s*sin, y+rx*c*sin+ry*s*cos)
	}
	p.fill(pts...)
}

// ring is a circle's line.
func (p *pen) ring(x, y, r, width float64) {
	p.line(width, arc(nil, x, y, r, 0, 2*math.Pi)...)
}

// line is a stroke with round ends and corners.
func (p *pen) line(width float64, pts ...float64) {
	h := width * p.fat / 2
	for i := 0; i+3 < len(pts); i += 2 {
		x0, y0, x1, y1 := pts[i], pts[i+1], pts[i+2], pts[i+3]
		l := math.Hypot(x1-x0, y1-y0)
		if l == 0 {
			continue
		}
		nx, ny := -(y1-y0)/l*h, (x1-x0)/l*h
		p.fill(x0+nx, y0+ny, x1+nx, y1+ny, x1-nx, y1-ny, x0-nx, y0-ny)
	}
	for i := 0; i+1 < len(pts); i += 2 {
		p.disc(pts[i], pts[i+1], h)
	}
}

// arc adds the points of a part of a circle.
func arc(pts []float64, x, y, r, from, to float64) []float64 {
	for i := 0; i <= 18; i++ {
		s, c := math.Sincos(from + (to-from)*float64(i)/18)
		pts = append(pts, x+r*c, y+r*s)
	}
	return pts
}

// scratch adds faint lines across the picture, half of them in the colour of the paper.
func (p *pen) scratch() {
	p.draw()
	p.pose, p.waveX, p.waveY = [6]float64{side / 100.0, 0, 0, 0, side / 100.0, 0}, 0, 0
	for i := range 6 {
		if i == 3 {
			p.erase()
		}
		x0, y0, x1, y1 := p.rng.Float64()*100, p.rng.Float64()*100, p.rng.Float64()*100, p.rng.Float64()*100
		p.line(0.9, x0, y0, (x0+x1)/2+p.rng.Float64()*30-15, (y0+y1)/2+p.rng.Float64()*30-15, x1, y1)
	}
	p.flush()
}
