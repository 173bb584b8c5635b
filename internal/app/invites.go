package app

import "parvis/internal/feature/admission"

// invites are the invitations of co-holders.
func (a *App) invites() admission.Invites {
	return admission.Invites{DB: a.DB, Key: a.Key, Now: a.Now, Settings: a.Settings}
}
