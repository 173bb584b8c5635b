package merging

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/revert"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

const maxReason = 1000

// Undo takes a merging back: each row is again what it was, but for what somebody changed since, which stays as it was
// changed. What was added since stays with the one who stayed. Both are told; what stays is listed in the answer.
func (d Desk) Undo(tx *db.Tx, now time.Time, a actor.Actor, id ID, reason string) ([]string, error) {
	if !a.Can(Right) {
		return nil, fault.New(fault.Forbidden, "")
	}
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return nil, fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Indiquez pourquoi cette fusion est défaite : le journal le garde."})
	case len([]rune(reason)) > maxReason:
		return nil, fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez 1 000 caractères au plus."})
	}
	m, err := ByID(tx, id)
	if err != nil {
		return nil, err
	}
	if err := d.undoable(tx, now, a, m); err != nil {
		return nil, err
	}
	if done, err := undone(tx, now, id, a.Account, reason); err != nil || !done {
		if err == nil {
			err = fault.New(fault.Conflict, twice)
		}
		return nil, err
	}
	told, err := d.apart(tx, now, m)
	if err != nil {
		return nil, err
	}
	if err := setUndoTold(tx, id, told); err != nil {
		return nil, err
	}
	to, err := recipients(tx, now, m.union())
	if err != nil {
		return nil, err
	}
	if err := tellApart(tx, now, id, to); err != nil {
		return nil, err
	}
	return told, note(tx, now, a, "undone", m)
}

const twice = "Cette fusion est déjà défaite."

// undoable refuses what cannot be taken back, or not by this agent. It locks the one who stayed.
func (d Desk) undoable(tx *db.Tx, now time.Time, a actor.Actor, m Merging) error {
	switch err := undoReached(tx, a, m); {
	case err != nil:
		return err
	case m.UndoneAt != 0:
		return fault.New(fault.Conflict, twice)
	case m.ForgottenAt != 0:
		return fault.New(fault.Refused, "Cette fusion a plus d’un an : ce qui était avant n’est plus gardé.")
	}
	later, err := laterOn(tx, m)
	if err != nil {
		return fmt.Errorf("look for later merges: %w", err)
	}
	if len(later) > 0 {
		x := later[0]
		return fault.New(fault.Refused, fmt.Sprintf("Une fusion faite depuis touche le même dossier : %s et %s, le %s. Défaites-la d’abord.",
			x.KeepName, x.GoneName, civil.Stamp(x.MadeAt.In(now.Location()))))
	}
	u := m.union()
	u.Gone = u.Keep // who went is no more
	if err := lock(tx, u); fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.Refused, "La fiche qui était restée n’existe plus : cette fusion ne peut plus être défaite.")
	} else if err != nil {
		return err
	}
	return nil
}

// sideReached is ReachedSide for the one who stayed. While somebody else's merging has taken that one away, only
// agents of all services see this one.
func sideReached(r db.Reader, a actor.Actor, m Merging) error {
	err := ReachedSide(r, a, m.Kind, m.Keep)
	if fault.KindOf(err) == fault.NotFound && a.CanFor(Right, actor.AllServices) {
		return nil
	}
	if fault.KindOf(err) == fault.NotFound {
		return fault.Missing("merge")
	}
	return err
}

// undoReached refuses an agent whose right does not reach each family that a merging touched, as reached does for the
// merging itself: the families of the two, and those that the rows kept name. A family counts as known by the services
// that it has once the merging is undone, not by those that the merging gave it.
func undoReached(r db.Reader, a actor.Actor, m Merging) error {
	if err := sideReached(r, a, m); err != nil || a.CanFor(Right, actor.AllServices) || m.ForgottenAt != 0 {
		return err
	}
	changes, err := rowsOf(r, m.ID)
	if err != nil {
		return err
	}
	touched, err := touchedBy(r, m, changes)
	if err != nil {
		return err
	}
	for _, id := range touched {
		services, err := servicesAfter(r, m, id, changes)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(services, func(s string) bool { return a.CanFor(Right, s) }) {
			return fault.New(fault.Refused, elsewhere)
		}
	}
	return nil
}

// touchedBy are the families of the two, and those of the rows that a merging changed.
func touchedBy(r db.Reader, m Merging, changes []revert.Change) ([]family.ID, error) {
	all, err := homesOf(r, m.union())
	if err != nil {
		return nil, err
	}
	add := func(v any) {
		if id, ok := v.(string); ok && id != "" && !slices.Contains(all, family.ID(id)) {
			all = append(all, family.ID(id))
		}
	}
	var seats []string
	for _, c := range changes {
		if id, ok := c.Key["id"].(string); ok && c.Table == "family_member" {
			seats = append(seats, id)
		}
		for _, row := range []revert.Row{c.Key, c.Before, c.After} {
			add(row["family"])
		}
		if c.Table == "family" {
			add(c.Key["id"])
		}
	}
	theirs, err := seatFamilies(r, seats, m.MadeAt)
	for _, id := range theirs {
		add(id)
	}
	return all, err
}

// servicesAfter are those that know a family once a merging is undone.
func servicesAfter(r db.Reader, m Merging, id family.ID, changes []revert.Change) ([]string, error) {
	known, err := servicesOf(r, id)
	if err != nil || m.UndoneAt != 0 {
		return known, err
	}
	for _, c := range slices.Backward(changes) {
		row := c.Before
		if c.Op == revert.Put {
			row = c.After
		}
		service, _ := row["service"].(string)
		switch {
		case c.Table != "family_service" || row["family"] != string(id):
		case c.Op == revert.Put:
			known = slices.DeleteFunc(known, func(s string) bool { return s == service })
		case c.Op == revert.Drop:
			known = append(known, service)
		}
	}
	return known, nil
}

// apart puts the rows back and says what stays.
func (d Desk) apart(tx *db.Tx, now time.Time, m Merging) ([]string, error) {
	u := m.union()
	var told []string
	for _, p := range d.Parts {
		if p.Since == nil {
			continue
		}
		said, err := p.Since(tx, u, person.Since{ID: string(m.ID), At: m.MadeAt})
		if err != nil {
			return nil, err
		}
		told = append(told, said...)
	}
	for i, s := range told {
		told[i] = "Reste à " + m.KeepName + " : " + s + "."
	}
	changes, err := rowsOf(tx, m.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range d.Parts {
		if p.Ready == nil {
			continue
		}
		if err := p.Ready(tx, changes); err != nil {
			return nil, err
		}
	}
	left, err := revert.Back(tx, changes)
	if db.IsForeignKey(err) || db.IsUnique(err) {
		return nil, fault.New(fault.Refused, "Ce qui a été fait depuis empêche de remettre les deux dossiers comme avant : corrigez-les à la main.")
	}
	if err != nil {
		return nil, err
	}
	for _, p := range d.Parts {
		if p.Restored != nil {
			said, err := p.Restored(tx, now, changes, left)
			if err != nil {
				return nil, err
			}
			told = append(told, said...)
		}
		if p.Apart != nil {
			if err := p.Apart(tx, now, u, left); err != nil {
				return nil, err
			}
		}
	}
	return append(told, d.leftWords(left)...), nil
}

// leftWords says what an undo left as it found it, each sort once.
func (d Desk) leftWords(left []revert.Left) []string {
	words := map[string]string{}
	for _, p := range d.Parts {
		for table, word := range p.Words {
			words[table] = word
		}
	}
	var all []string
	for _, x := range left {
		if x.Column == "updated_at" || x.Column == "folded" || x.Column == "noted_at" { // follows what is said
			continue
		}
		s := "Changé depuis, laissé comme il est : " + words[x.Table] + "."
		switch x.Why {
		case revert.Gone:
			s = "N’existe plus, n’est pas refait : " + words[x.Table] + "."
		case revert.Taken:
			s = "Une autre a pris sa place, qui reste : " + words[x.Table] + "."
		}
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
