package booking

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/town"
)

// What becomes of a wish when its child is received elsewhere by now, with another school, site or group. It follows the
// child: it waits in the list of the new place, at the moment it was asked. Where the new place has no such day it ends,
// with those that were to be served together with it. Either way the family is told. A child who is not enrolled any
// more is no such case: its wish keeps its place, and pages say why it is passed.

// placeOf is where an activity receives a child on a day by now; false when nowhere.
func (s *Scene) placeOf(c Cell, a *activity.Activity) (town.SiteID, activity.GroupID, bool) {
	e, enrolled := s.enrolment(c)
	site, placed := s.site(c, a, e)
	if !enrolled || !placed {
		return "", "", false
	}
	group, placed := a.GroupOf(site, e.group, s.kids[c.Child].level)
	return site, group, placed
}

// strays tells that a wish waits for slots that are not those of its child any more.
func (s *Scene) strays(x inLine, slots map[activity.SlotID]activity.Slot) bool {
	a, known := s.Catalogue.Activity(x.Activity)
	if _, enrolled := s.enrolment(x.Cell); !known || !enrolled || len(unitsOf(a, x.Choice)) != len(x.Units) {
		return false
	}
	s.actFor(x)
	site, group, placed := s.placeOf(x.Cell, a)
	return !placed || slices.ContainsFunc(x.Units, func(u lined) bool {
		slot, known := slots[u.wants]
		return known && (slot.Site != site || slot.Group != group)
	})
}

// Follow takes the wishes of a day whose child is received elsewhere by now to the list of that place, or ends them. It
// returns how many cells that was.
func Follow(tx *db.Tx, now time.Time, cat *activity.Catalogue, day civil.Date) (int, error) {
	left, err := strayed(tx, now, cat, day)
	if err != nil || len(left) == 0 {
		return 0, err
	}
	found, err := activity.SlotsByID(tx, left)
	if err != nil {
		return 0, err
	}
	if err := lockLine(tx, left, around(found)); err != nil {
		return 0, err
	}
	q, err := readQueueOf(tx, now, cat, left, found)
	if err != nil {
		return 0, err
	}
	return q.follow(tx, left)
}

// strayed are the slots that wishes of a day wait for and that are not those of their children any more.
func strayed(r db.Reader, now time.Time, cat *activity.Catalogue, day civil.Date) ([]activity.SlotID, error) {
	all, err := lining(r, cat, civil.DateOf(now), `b.day = $1`, day)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	q := &queue{s: &Scene{Catalogue: cat, Now: now}, parties: []party{all}}
	if q.slots, err = activity.SlotsByID(r, q.parties[0].wants()); err != nil {
		return nil, err
	}
	children, err := q.children(r)
	if err != nil {
		return nil, err
	}
	if err := readScene(r, q.s, children, civil.Range{From: day, To: day}); err != nil {
		return nil, err
	}
	var ids []activity.SlotID
	for _, x := range all {
		if q.s.strays(x, q.slots) {
			ids = append(ids, party{x}.wants()...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// follow moves or ends the wishes of the list that stray.
func (q *queue) follow(tx *db.Tx, left []activity.SlotID) (int, error) {
	var strays []inLine
	for _, p := range q.parties {
		for _, x := range p {
			if q.s.strays(x, q.slots) {
				strays = append(strays, x)
			}
		}
	}
	targets, err := q.targets(tx, strays)
	if err != nil {
		return 0, err
	}
	to := func(x inLine, u lined) (activity.SlotID, bool) {
		a, _ := q.s.Catalogue.Activity(x.Activity)
		q.s.actFor(x)
		site, group, placed := q.s.placeOf(x.Cell, a)
		slot, known := targets[slotKey{u.unit, string(site), group, x.Day}]
		return slot.ID, placed && known
	}
	var moved, ended []inLine
	var joined []activity.SlotID
	for _, p := range q.parties {
		var mine []inLine
		lost := false
		for _, x := range p {
			if q.s.strays(x, q.slots) {
				mine = append(mine, x)
				lost = lost || slices.ContainsFunc(x.Units, func(u lined) bool { _, known := to(x, u); return !known })
			}
		}
		if lost {
			ended = append(ended, p...)
			continue
		}
		for _, x := range mine {
			for _, u := range x.Units {
				slot, _ := to(x, u)
				if err := q.moveWish(tx, u, slot); err != nil {
					return 0, err
				}
				joined = append(joined, slot)
			}
			moved = append(moved, x)
		}
	}
	if err := q.endWishes(tx, ended); err != nil {
		return 0, err
	}
	room, err := activity.Queue(tx, joined)
	if err != nil {
		return 0, err
	}
	if err := handOn(tx, q.s.Now, room); err != nil {
		return 0, err
	}
	if err := q.s.recordEnd(tx, moved, DidWait, "booking.wait.followed", q.followedWords); err != nil {
		return 0, err
	}
	if err := q.s.recordEnd(tx, ended, DidLapse, "booking.wait.lapsed", q.lostWords); err != nil {
		return 0, err
	}
	for _, p := range q.parties {
		left = append(left, p.wants()...)
	}
	_, err = refreshWaited(tx, slices.Compact(slices.Sorted(slices.Values(left))))
	return len(moved) + len(ended), err
}

// targets are the slots of the days of some wishes, at all places.
func (q *queue) targets(r db.Reader, all []inLine) (map[slotKey]activity.Slot, error) {
	byKey := map[slotKey]activity.Slot{}
	if len(all) == 0 {
		return byKey, nil
	}
	var units []activity.UnitID
	days := civil.Range{From: all[0].Day, To: all[0].Day}
	for _, x := range all {
		if x.Day.Before(days.From) {
			days.From = x.Day
		}
		if x.Day.After(days.To) {
			days.To = x.Day
		}
		for _, u := range x.Units {
			if !slices.Contains(units, u.unit) {
				units = append(units, u.unit)
			}
		}
	}
	found, err := activity.SlotsOn(r, units, days)
	for _, x := range found {
		byKey[slotKey{x.Unit, string(x.Site), x.Group, x.Day}] = x
	}
	return byKey, err
}

// moveWish lets a wish wait for another slot; the moment it was asked stays.
func (q *queue) moveWish(tx *db.Tx, u lined, to activity.SlotID) error {
	n, err := tx.Exec(`update booking set wants = $2, changed_at = $3 where id = $1 and state = 'waiting' and wants = $4`,
		string(u.id), string(to), civil.InstantOf(q.s.Now), string(u.wants))
	if err != nil {
		return fmt.Errorf("move a wish: %w", err)
	}
	if n != 1 {
		return fmt.Errorf("move a wish: booking %s moved under its lock", u.id)
	}
	return nil
}

func (q *queue) endWishes(tx *db.Tx, all []inLine) error {
	for _, x := range all {
		for _, u := range x.Units {
			if _, err := tx.Exec(`update booking set state = 'refused', wants = null, changed_at = $2, reason = $3 where id = $1 and state = 'waiting'`,
				string(u.id), civil.InstantOf(q.s.Now), q.lostWords(x)); err != nil {
				return fmt.Errorf("end a wish: %w", err)
			}
		}
	}
	return nil
}

// followedWords say where a wish waits now.
func (q *queue) followedWords(x inLine) string {
	a, _ := q.s.Catalogue.Activity(x.Activity)
	q.s.actFor(x)
	site, group, _ := q.s.placeOf(x.Cell, a)
	var where []string
	for _, p := range a.Places {
		if p.Site == site {
			where = append(where, p.Name)
		}
	}
	for _, g := range a.Groups {
		if g.ID == group && g.ID != "" {
			where = append(where, g.Name)
		}
	}
	return "Le lieu d’accueil de l’enfant a changé\u00a0: la demande attend maintenant pour «\u00a0" + strings.Join(where, ", ") + "\u00a0», et garde sa date"
}

// lostWords say why a wish cannot follow.
func (q *queue) lostWords(x inLine) string {
	if q.s.strays(x, q.slots) {
		return "Le lieu d’accueil de l’enfant a changé, et le nouveau lieu n’ouvre pas ce jour"
	}
	return "Demandé ensemble avec un jour ou un enfant dont le lieu d’accueil a changé et n’ouvre pas"
}
