package absence

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// AnswerProof says what became of the document of an absence: received, accepted or refused. A refusal needs why; the
// family reads it. Accepting and refusing tell the family.
func AnswerProof(tx *db.Tx, now time.Time, a actor.Actor, id ID, to Proof, why string) error {
	if !a.Can(Decide) {
		return fault.New(fault.Forbidden, "")
	}
	if _, err := tx.Exec(`update absence set position = position where id = $1`, string(id)); err != nil { // one answer after the other
		return fmt.Errorf("lock absence: %w", err)
	}
	l, service, err := lineByID(tx, now.Location(), id)
	if err != nil {
		return err
	}
	if !a.CanFor(Decide, service) {
		return fault.Missing("absence")
	}
	why = strings.TrimSpace(why)
	switch {
	case to != Received && to != Accepted && to != Refused:
		return fault.InvalidFields(fault.Field{Name: "decision", Sentence: "Choisissez une réponse."})
	case to == Refused && why == "":
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez le motif du refus\u00a0: la famille le lira."})
	case utf8.RuneCountInString(why) > mostWords:
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez 500 caractères au plus."})
	case l.Proof != Due && l.Proof != Received || l.Proof == to || !l.WithdrawnAt.IsZero() || l.lapsed():
		return fault.New(fault.Conflict, "Un autre agent a déjà répondu, l’absence a été retirée, ou le jour a changé depuis. Rien n’a été enregistré.")
	}
	at := civil.InstantOf(now)
	if to == Received {
		at = 0
	}
	if _, err := tx.Exec(`update absence set proof = $2, answer = $3, answered_at = $4 where id = $1`, string(id), string(to), why, orNull(at)); err != nil {
		return fmt.Errorf("answer proof: %w", err)
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "absence.proof." + string(to), Object: "family", ID: string(l.Family), Detail: l.Reference}); err != nil {
		return err
	}
	if to == Received {
		return nil
	}
	return tellAnswer(tx, now, l.Family, "absence", string(id))
}
