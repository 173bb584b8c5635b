package web

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Plot is a small line plot with its conclusion in words and its table. Its values go from 0 to Top.
type Plot struct {
	ID         string // unique on the page
	Title      string // « Mercredis : places prises (%) »
	Conclusion string // one sentence: what the reader should take from it
	Unit       string // after direct labels: "%"
	Top        int    // of the scale; the greatest value when zero
	Ticks      []string
	Series     []Series // at most four
	CSV        string   // address of the same figures as CSV; "" for none
}

// Series is one line of a Plot, with as many values as the plot has ticks.
type Series struct {
	Label  string
	Values []int
}

// The drawing is 340 wide so that its letters stay legible on a phone.
const plotLeft, plotRight, plotTop, plotBottom = 34, 246, 12, 150

func (p Plot) top() int {
	top := max(p.Top, 1)
	for _, s := range p.Series {
		for _, v := range s.Values {
			top = max(top, v)
		}
	}
	return top
}

func (p Plot) x(i int) int {
	if len(p.Ticks) < 2 {
		return plotLeft
	}
	return plotLeft + (plotRight-plotLeft)*i/(len(p.Ticks)-1)
}

func (p Plot) y(v int) int { return plotBottom - (plotBottom-plotTop)*v/p.top() }

func (p Plot) line(s Series) string {
	points := make([]string, len(s.Values))
	for i, v := range s.Values {
		points[i] = fmt.Sprintf("%d,%d", p.x(i), p.y(v))
	}
	return strings.Join(points, " ")
}

// labelY spreads the direct labels, so that lines that end together stay legible.
func (p Plot) labelY(n int) int {
	taken := []int{}
	for i := 0; i <= n; i++ {
		y := plotBottom
		if vs := p.Series[i].Values; len(vs) > 0 {
			y = p.y(vs[len(vs)-1])
		}
		for j := 0; j < len(taken); j++ {
			if d := y - taken[j]; d > -15 && d < 15 {
				y, j = taken[j]+15, -1
			}
		}
		taken = append(taken, y)
	}
	return taken[n] + 4
}

func (s Series) last() string {
	if len(s.Values) == 0 {
		return ""
	}
	return strconv.Itoa(s.Values[len(s.Values)-1])
}

func (p Plot) describe() string {
	var parts []string
	for _, s := range p.Series {
		parts = append(parts, s.Label+"\u00a0: "+s.last()+p.Unit)
	}
	return "Dernières valeurs. " + strings.Join(parts, "\u00a0; ")
}

func (p Plot) columns() []Column {
	columns := []Column{{Label: "Période"}}
	for _, s := range p.Series {
		columns = append(columns, Column{Label: s.Label, Numeric: true})
	}
	return columns
}

func (p Plot) rows() [][]templ.Component {
	rows := make([][]templ.Component, len(p.Ticks))
	for i, tick := range p.Ticks {
		rows[i] = append(rows[i], Text(tick))
		for _, s := range p.Series {
			value := "–"
			if i < len(s.Values) {
				value = strconv.Itoa(s.Values[i]) + p.Unit
			}
			rows[i] = append(rows[i], Text(value))
		}
	}
	return rows
}

// plotStep leaves out ticks that would touch.
func plotStep(n int) int { return max(1, (n+5)/6) }
