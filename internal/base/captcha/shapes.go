package captcha

import "math"

// drawing is one kind of picture, in a square of 100 × 100 around its middle.
type drawing struct {
	name  string // with its article
	paint func(p *pen)
}

// drawings are what can be asked for. Each must be told from all others at a glance, turned and mirrored.
var drawings = []drawing{
	{"la personne", person}, {"le trombone", paperclip}, {"la note de musique", note}, {"le drapeau", flag},
	{"la chemise", shirt}, {"la voiture", car}, {"la maison", house}, {"l’arbre", tree}, {"la clé", key},
	{"le parapluie", umbrella}, {"la tasse", cup}, {"le poisson", fish}, {"le vélo", bike}, {"le bateau", boat},
	{"les ciseaux", scissors}, {"le cœur", heart}, {"l’étoile", star}, {"la fleur", flower},
}

func person(p *pen) {
	p.disc(50, 21, 13)
	p.fill(32, 40, 68, 40, 74, 46, 74, 70, 66, 70, 64, 96, 53, 96, 50, 74, 47, 96, 36, 96, 34, 70, 26, 70, 26, 46)
	p.erase()
	p.line(5, 36, 50, 36, 68)
	p.line(5, 64, 50, 64, 68)
}

func paperclip(p *pen) {
	var pts []float64
	pts = append(pts, 34, 30, 34, 72)
	pts = arc(pts, 50, 72, 16, math.Pi, 0)
	pts = append(pts, 66, 22)
	pts = arc(pts, 54, 22, 12, 0, -math.Pi)
	pts = append(pts, 42, 64)
	pts = arc(pts, 50, 66, 8, math.Pi, 0)
	pts = append(pts, 58, 34)
	p.line(p.width(6, 7.5), pts...)
}

func note(p *pen) {
	p.oval(30, 78, 15, 11, -0.35)
	p.oval(72, 70, 15, 11, -0.35)
	p.line(7, 42, 76, 42, 22)
	p.line(7, 84, 68, 84, 14)
	p.fill(39, 18, 87, 9, 87, 28, 39, 37)
}

func flag(p *pen) {
	p.line(7, 22, 10, 22, 96)
	p.line(6, 13, 96, 31, 96)
	var pts []float64
	for i := 0; i <= 16; i++ {
		t := float64(i) / 16
		pts = append(pts, 22+t*64, 16+6*math.Sin(t*2*math.Pi))
	}
	for i := 16; i >= 0; i-- {
		t := float64(i) / 16
		pts = append(pts, 22+t*64, 58+6*math.Sin(t*2*math.Pi))
	}
	p.fill(pts...)
}

func shirt(p *pen) {
	p.fill(34, 12, 50, 24, 66, 12, 94, 30, 84, 52, 72, 45, 72, 92, 28, 92, 28, 45, 16, 52, 6, 30)
	p.erase()
	p.line(4, 36, 13, 50, 33, 64, 13)
	p.line(3, 50, 33, 50, 90)
	for _, y := range []float64{46, 60, 74} {
		p.disc(55, y, 2.5)
	}
}

func car(p *pen) {
	p.fill(4, 54, 20, 50, 32, 30, 68, 30, 82, 50, 96, 56, 96, 74, 4, 74)
	p.erase()
	p.fill(28, 50, 36, 36, 48, 36, 48, 50)
	p.fill(53, 36, 65, 36, 74, 50, 53, 50)
	p.disc(26, 74, 14)
	p.disc(74, 74, 14)
	p.draw()
	p.disc(26, 75, 11)
	p.disc(74, 75, 11)
	p.erase()
	p.disc(26, 75, 4)
	p.disc(74, 75, 4)
}

func house(p *pen) {
	p.fill(50, 8, 96, 48, 90, 54, 50, 20, 10, 54, 4, 48)
	p.fill(68, 12, 80, 12, 80, 38, 68, 28)
	p.fill(18, 54, 50, 26, 82, 54, 82, 92, 18, 92)
	p.erase()
	p.fill(56, 60, 72, 60, 72, 92, 56, 92)
	p.fill(28, 60, 46, 60, 46, 76, 28, 76)
	p.draw()
	p.line(3, 37, 60, 37, 76)
	p.line(3, 28, 68, 46, 68)
}

func tree(p *pen) {
	p.fill(44, 60, 56, 60, 58, 96, 42, 96)
	p.disc(50, 28, 21)
	p.disc(31, 44, 19)
	p.disc(69, 44, 19)
	p.disc(50, 52, 18)
	p.erase()
	p.line(3.5, 50, 66, 50, 48, 61, 38)
	p.line(3.5, 50, 56, 40, 47)
}

func key(p *pen) {
	p.disc(26, 50, 21)
	p.fill(40, 44, 96, 44, 96, 56, 40, 56)
	p.fill(70, 50, 78, 50, 78, 72, 70, 72)
	p.fill(86, 50, 95, 50, 95, 76, 86, 76)
	p.erase()
	p.disc(22, 50, 10)
}

func umbrella(p *pen) {
	pts := arc(nil, 50, 52, 44, math.Pi, 2*math.Pi)
	p.fill(pts...)
	p.line(5, 50, 4, 50, 12)
	p.erase()
	for i := range 3 {
		p.disc(20.5+29.5*float64(i), 54, 11.5)
	}
	p.draw()
	hook := []float64{50, 40, 50, 84}
	hook = arc(hook, 41, 84, 9, 0, math.Pi)
	p.line(6, hook...)
}

func cup(p *pen) {
	p.ring(74, 56, 16, 7)
	p.fill(14, 34, 74, 34, 72, 70, 64, 82, 24, 82, 16, 70)
	p.fill(6, 88, 84, 88, 78, 95, 12, 95)
	for i := range 3 {
		x := 28 + 16*float64(i)
		p.line(4, x, 27, x-4, 21, x+4, 14, x, 7)
	}
}

func fish(p *pen) {
	p.oval(44, 50, 38, 23, 0)
	p.fill(72, 50, 97, 26, 92, 50, 97, 74)
	p.fill(36, 32, 58, 14, 64, 34)
	p.erase()
	p.disc(22, 44, 5)
	p.line(4, 36, 34, 42, 50, 36, 66)
	p.draw()
	p.disc(22, 44, 2.2)
}

func bike(p *pen) {
	p.ring(22, 66, 18, 5)
	p.ring(78, 66, 18, 5)
	p.line(5.5, 22, 66, 38, 38, 66, 38, 46, 66, 22, 66)
	p.line(5.5, 46, 66, 34, 30)
	p.line(5.5, 78, 66, 63, 28, 74, 24)
	p.line(6, 26, 29, 42, 29)
	p.disc(46, 66, 6)
}

func boat(p *pen) {
	p.fill(6, 68, 94, 68, 80, 90, 20, 90)
	p.line(5, 48, 8, 48, 68)
	p.fill(53, 12, 88, 60, 53, 60)
	p.fill(43, 22, 43, 60, 16, 60)
}

func scissors(p *pen) {
	p.ring(28, 80, 13, 7)
	p.ring(72, 80, 13, 7)
	p.fill(66, 6, 74, 16, 38, 72, 30, 66)
	p.fill(34, 6, 26, 16, 62, 72, 70, 66)
	p.erase()
	p.disc(50, 44, 3)
}

func heart(p *pen) {
	var pts []float64
	for i := range 48 {
		t := 2 * math.Pi * float64(i) / 48
		x := 16 * math.Pow(math.Sin(t), 3)
		y := 13*math.Cos(t) - 5*math.Cos(2*t) - 2*math.Cos(3*t) - math.Cos(4*t)
		pts = append(pts, 50+2.7*x, 46-2.7*y)
	}
	p.fill(pts...)
}

func star(p *pen) {
	var pts []float64
	for i := range 10 {
		r := 46.0
		if i%2 == 1 {
			r = 19
		}
		t := math.Pi/5*float64(i) - math.Pi/2
		pts = append(pts, 50+r*math.Cos(t), 52+r*math.Sin(t))
	}
	p.fill(pts...)
}

func flower(p *pen) {
	p.line(5.5, 50, 46, 50, 96)
	p.oval(63, 76, 14, 6, -0.5)
	p.oval(37, 84, 14, 6, 0.5)
	for i := range 6 {
		t := math.Pi / 3 * float64(i)
		p.oval(50+19*math.Cos(t), 32+19*math.Sin(t), 13, 9, t)
	}
	p.erase()
	p.disc(50, 32, 11)
	p.draw()
	p.disc(50, 32, 6)
}
