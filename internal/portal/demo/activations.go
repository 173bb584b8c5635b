package demo

import (
	"context"
	"fmt"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/admission"
)

// Whose activation mail has left: the first adults of families that no other part of the demonstration uses.
const (
	firstInvited = 1
	lastInvited  = 3
)

// prepare hashes the provisional passwords of the activations.
func prepare(ctx context.Context, d Deps) ([]admission.Prepared, error) {
	desk := admission.Desk{DB: d.DB, Key: d.Key, Now: func() time.Time { return d.Now }}
	all := make([]admission.Prepared, 0, lastInvited-firstInvited+1)
	for len(all) < cap(all) {
		one, err := desk.Prepare(ctx)
		if err != nil {
			return nil, fmt.Errorf("prepare the demo's activations: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}

// invited sends the activation mails of a few imported accounts, so that a first sign-in can be walked.
func invited(tx *db.Tx, d Deps, a actor.Actor, homes []settled, sendings []admission.Prepared) error {
	for i, p := range sendings {
		if err := admission.Send(tx, d.Now, a, d.Key, p, homes[firstInvited+i].accounts[0]); err != nil {
			return fmt.Errorf("send the demo's activation %d: %w", i, err)
		}
	}
	return nil
}
