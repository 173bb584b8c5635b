package booking

import (
	"cmp"
	"fmt"
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Places of a day that are held for a family's answer, as agents see them above who still waits.

// offeredRow is an offer that has no answer yet.
type offeredRow struct {
	waitingRow
	until activity.Limit
}

// offeredRows lists the offers of a day, the first to end first; three queries whatever their number.
func offeredRows(r db.Reader, cat *activity.Catalogue, today, day civil.Date) ([]offeredRow, error) {
	all, err := liningIn(r, cat, today, Offered, `b.day = $1`, day)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	var held []activity.SlotID
	for _, x := range all {
		held = append(held, x.Units[0].wants)
	}
	slots, err := activity.SlotsByID(r, held)
	if err != nil {
		return nil, err
	}
	q := &queue{}
	for _, x := range all {
		q.parties = append(q.parties, party{x})
	}
	children, err := q.children(r)
	if err != nil {
		return nil, fmt.Errorf("name who is offered a place: %w", err)
	}
	names := map[family.ChildID]string{}
	for _, c := range children {
		names[c.ID] = c.Full()
	}
	var rows []offeredRow
	for _, x := range all {
		act, _ := cat.Activity(x.Activity)
		rows = append(rows, offeredRow{waitingRow{inLine: x, act: act, name: names[x.Child], site: slots[x.Units[0].wants].Site}, activity.StoredLimit(x.Until, cat.Zone)})
	}
	slices.SortStableFunc(rows, func(x, y offeredRow) int { return cmp.Compare(x.Until, y.Until) })
	return rows, nil
}

// offers are the lines of the page.
func (v waitingView) offers() []checkLine {
	var all []checkLine
	for _, x := range v.offered {
		all = append(all, checkLine{When: x.name, What: x.what(), Detail: french.Upper(answerBefore(x.until, civil.DateOf(v.now))) + ". Qui attend ensuite garde son rang jusque-là.",
			Mark: web.Mark{Tone: web.Info, Icon: "hourglass", Word: "Place proposée"}})
	}
	return all
}
