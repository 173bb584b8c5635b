package app

import (
	"parvis/internal/feature/admission"
	"parvis/internal/feature/booking"
)

// newcomers is the agents' activation queue, with the members to approve beside it.
func (a *App) newcomers(f features) admission.Queue {
	return admission.Queue{DB: a.DB, Now: a.Now, Beside: f.family.Queues(), Kept: booking.MadeBetween}
}
