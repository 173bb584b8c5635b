package web

import (
	"strconv"

	"parvis/internal/base/civil"
)

// Tab is one link of Tabs.
type Tab struct {
	Label, Href string
	Current     bool
	Wide        bool // offered on wide screens only
}

// Figure is a fact with its label and a line under it.
type Figure struct{ Label, Value, Detail string }

// BoardChild is a child's table on a Board. ID is unique on the page, for the table's heads.
type BoardChild struct {
	ID    string
	Index int
	Name  string
	// PhotoURL is the child's photo, "" without one.
	PhotoURL string
	Detail   string
	Link     Link // « Son mois »
	Rows     []BoardRow
}

// BoardRow is an activity of a child; it has as many cells as the board has days, and a cell as many lines as the activity
// has that day: none, or one most of the time.
type BoardRow struct {
	Icon     string
	Activity string
	Deadline string // « jusqu’à jeudi 7, 23 h 59 »
	Cells    [][]AgendaLine
	Total    string
}

// totalled tells whether a board has a column of sums.
func totalled(children []BoardChild) bool {
	for _, c := range children {
		for _, r := range c.Rows {
			if r.Total != "" {
				return true
			}
		}
	}
	return false
}

func (c BoardChild) anchor() string { return "enfant-" + c.ID }

func (c BoardChild) rowAnchor(i int) string { return c.anchor() + "-l" + strconv.Itoa(i) }

func (c BoardChild) cellAnchor(i, j, n int) string {
	return c.rowAnchor(i) + "-" + strconv.Itoa(j) + "-" + strconv.Itoa(n)
}

// cellLabel names what may be changed in a cell: its row, its column, and what it says.
func (c BoardChild) cellLabel(i, j, n int, d civil.Date) string {
	return c.rowAnchor(i) + " " + c.anchor() + "-" + d.String() + " " + c.cellAnchor(i, j, n)
}
