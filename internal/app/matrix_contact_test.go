package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// contact makes a message that the home's holder wrote to the service that knows it.
func (m *matrixTown) contact(tx *db.Tx, h home) (string, error) {
	p, err := person.ByID(tx, h.holder)
	if err != nil {
		return "", err
	}
	service, err := town.ServiceByCode(tx, "enfance")
	if err != nil {
		return "", err
	}
	kept, err := messaging.Contact(tx, m.now, actor.Actor{}, messaging.ContactMessage{Name: p.Full(), Email: p.Email, Body: "Une question de " + p.Full() + ".",
		Service: service.ID, Proof: messaging.ByCheck}, messaging.Sender{Network: db.NewID(), Mailbox: db.NewID()})
	return string(kept.ID), err
}
