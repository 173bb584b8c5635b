package admission

import (
	"context"
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
)

const jobInvites = "admission.invite.purge"

// InviteSchedule is the daily task of invitations.
func InviteSchedule() []jobs.Daily { return []jobs.Daily{{Kind: jobInvites, Hour: 3}} }

// Handlers are the jobs of invitations.
func (p Invites) Handlers() []jobs.Handler {
	return []jobs.Handler{{Kind: jobInvites, Run: func(ctx context.Context, _ map[string]string) error {
		return db.Do(ctx, p.DB, func(tx *db.Tx) error {
			_, err := purgeInvites(tx, civil.InstantOf(p.Now()).Add(-keepInvites))
			if err != nil {
				return fmt.Errorf("purge invitations: %w", err)
			}
			return nil
		})
	}}}
}
