package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/admission"
)

// invitation makes one sent by the home's holder.
func (m *matrixTown) invitation(tx *db.Tx, owner actor.Actor, name string, h home) (string, error) {
	_, err := admission.InviteCoholder(tx, m.now, owner, m.app.Key, admission.Wish{Family: h.id, LastName: "Invite", FirstNames: "Ilan",
		Email: "invite." + name + "@exemple.fr", Relation: "oncle"})
	if err != nil {
		return "", err
	}
	all, err := admission.InvitesOf(tx, h.id)
	if err != nil {
		return "", err
	}
	return string(all[0].ID), nil
}
