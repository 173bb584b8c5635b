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
	switch err := sideReached(tx, a, m); {
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
	left, err := revert.Back(tx, changes)
	if db.IsForeignKey(err) || db.IsUnique(err) {
		return nil, fault.New(fault.Refused, "Ce qui a été fait depuis empêche de remettre les deux dossiers comme avant : corrigez-les à la main.")
	}
	if err != nil {
		return nil, err
	}
	for _, p := range d.Parts {
		if p.Apart == nil {
			continue
		}
		if err := p.Apart(tx, now, u, left); err != nil {
			return nil, err
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
