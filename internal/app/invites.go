package app

import (
	"parvis/internal/feature/admission"
	"parvis/internal/feature/merging"
)

// invites are the invitations of co-holders.
func (a *App) invites() admission.Invites {
	return admission.Invites{DB: a.DB, Key: a.Key, Now: a.Now, Settings: a.Settings, Compare: merging.PersonPath}
}
