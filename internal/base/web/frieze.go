package web

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/a-h/templ"
)

// The classes of the drawing, coloured by app.css from the town's colour: w paper with an outline, r roofs and
// leaves, d dark parts, l ground and water, s strokes only.

// townHall stands in the middle: two wings, a pediment with its clock, a flag.
const townHall = `<path class="w" d="M478 78h244v54H478z"/><path class="r" d="M484 58h232l8 20H476z"/>` +
	`<path class="w" d="M558 54h84v78h-84z"/><path class="w" d="M552 56l48-32 48 32z"/><circle class="w" cx="600" cy="42" r="7"/>` +
	`<path class="s" d="M600 38v4l3 2M600 24V-2M570 88h60"/><path class="d" d="M600-2h26l-6 6 6 6h-26z"/>` +
	`<path class="d" d="M589 132v-28a11 11 0 0122 0v28z"/><path class="r" d="M580 128h40v4h-40z"/>`

// bridge crosses the river by three arches, with somebody cycling over it.
const bridge = `<path class="l" d="M930 132h350v20H930z"/><path class="w" d="M924 100q156-28 314 0v32h-26a30 28 0 00-60 0h-14a36 34 0 00-72 0h-14` +
	`a30 28 0 00-60 0h-68z"/><path class="s" d="M918 100q162-28 326 0M950 143q10-5 20 0t20 0M1070 145q12-6 24 0t24 0M1180 142q10-5 20 0t20 0"/>` +
	`<g class="s"><circle cx="1031" cy="79" r="7"/><circle cx="1053" cy="78" r="7"/><path d="M1031 79l7-11h10l5 10M1038 68l4 10h4l6-14h4M1035 65h6"/></g>`

// school is long and low, with its bell.
const school = `<path class="w" d="M170 92h180v40H170z"/><path class="r" d="M180 70h160l16 22H164z"/><path class="w" d="M248 54h26v16h-26z"/>` +
	`<path class="d" d="M244 55l17-15 17 15z"/><path class="s" d="M261 40v-8"/><circle class="d" cx="261" cy="62" r="4"/>` +
	`<path class="r" d="M250 132v-24a10 10 0 0121 0v24z"/>`

// Frieze is the town drawn in three tints of its colour: houses, school, town hall, bridge, people and trees.
func Frieze() templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, frieze())
		return err
	})
}

func frieze() string {
	var b strings.Builder
	b.WriteString(`<svg class="frieze" viewBox="0 -4 1280 156" preserveAspectRatio="xMidYMax slice" aria-hidden="true" focusable="false">` +
		`<path class="l" d="M0 106q150-34 330-8t330-14 300 8 320-6v66H0z"/>`)
	for _, t := range [][3]int{{136, 74, 15}, {390, 66, 17}, {424, 82, 12}, {746, 70, 16}, {896, 88, 12}, {1264, 78, 14}} {
		fmt.Fprintf(&b, `<ellipse class="r" cx="%d" cy="%d" rx="%d" ry="%d"/><path class="s" d="M%d 132v%dm0 16l7-9m-7 16l-6-7"/>`,
			t[0], t[1], t[2], t[2]*3/2, t[0], t[1]-132)
	}
	for _, h := range [][3]int{{22, 92, 46}, {72, 80, 40}, {776, 82, 42}, {818, 98, 50}} {
		house(&b, h[0], h[1], h[2])
	}
	b.WriteString(school)
	for _, x := range []int{180, 202, 224, 284, 306, 328} {
		fmt.Fprintf(&b, `<path class="d" d="M%d 100h14v15h-14z"/>`, x)
	}
	b.WriteString(townHall)
	for _, x := range []int{488, 511, 534, 652, 675, 698} {
		fmt.Fprintf(&b, `<path class="d" d="M%d 108v-12a6 6 0 0113 0v12z"/>`, x)
	}
	for _, x := range []int{573, 595, 617} {
		fmt.Fprintf(&b, `<path class="d" d="M%d 66h10v14h-10z"/>`, x)
	}
	b.WriteString(bridge)
	for _, p := range [][2]int{{120, 16}, {374, 15}, {446, 25}, {461, 17}, {652, 24}, {665, 17}, {733, 26}, {876, 24}} {
		person(&b, p[0], p[1])
	}
	b.WriteString(`<path class="s" d="M0 132h924M1238 132h42"/></svg>`)
	return b.String()
}

// house has its left wall at x, its eaves at y, and is w wide.
func house(b *strings.Builder, x, y, w int) {
	fmt.Fprintf(b, `<path class="w" d="M%d %dh%dV132h-%dz"/><path class="r" d="M%d %dl%d-24 %d 24z"/>`+
		`<path class="d" d="M%d %dh9v11h-9z"/><path class="r" d="M%d 132v-20h11v20z"/>`,
		x, y, w, w, x-6, y, w/2+6, w-w/2+6, x+7, y+8, x+w-19)
}

// person is h tall and stands at x.
func person(b *strings.Builder, x, h int) {
	fmt.Fprintf(b, `<circle class="d" cx="%d" cy="%d" r="%d"/><path class="d" d="M%d %dq%d-6 %d 0v%dh-2V132h-2v-%dh-2V132h-2V%dh-2z"/>`,
		x, 132-h+h/7, h/6, x-5, 132-h*11/20, 5, 10, h/4, h/5, 132-h*3/10)
}

// Shield is the neutral arms of a town that has not given its own: a tower over water.
func Shield() templ.Component {
	const drawing = `<svg class="shield" viewBox="0 0 36 44" width="36" height="44" aria-hidden="true" focusable="false">` +
		`<path class="shield-ground" d="M1 1h34v23c0 9-7 15-17 19C8 39 1 33 1 24z"/>` +
		`<path class="shield-arms" d="M10 7h4v3h2V7h4v3h2V7h4v6h-2v10h-4v-5a2 2 0 00-4 0v5h-4V13h-2z"/>` +
		`<path class="shield-water" d="M4 28q3.500-3 7 0t7 0 7 0 7 0M7 34q2.800-2.500 5.500 0t5.500 0 5.500 0 5.500 0"/></svg>`
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, drawing)
		return err
	})
}
