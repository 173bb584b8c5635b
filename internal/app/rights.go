package app

import (
	"parvis/internal/feature/absence"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/suspension"
	"parvis/internal/feature/tariff"
	"parvis/internal/feature/town"
	"parvis/internal/portal/desk"
	"parvis/internal/portal/moving"
)

// Grants is the whole table of who may do what at the town hall: an act, and the roles that allow it. A role is
// held for one service or for all. docs/rights.md is this table in words.
func Grants() account.Grants {
	const (
		accueil       = account.Accueil
		instruction   = account.Instruction
		regie         = account.Regie
		animation     = account.Animation
		communication = account.Communication
		administrator = account.Administrateur
	)
	roles := func(all ...account.Role) []account.Role { return all }
	return account.Grants{
		{Right: person.Read, Roles: roles(accueil, instruction, regie, administrator)},
		{Right: person.ContactWrite, Roles: roles(accueil, instruction, administrator)},
		{Right: family.FileRead, Roles: roles(accueil, instruction, regie, administrator)},
		{Right: family.FileWrite, Roles: roles(instruction, administrator)},
		{Right: family.MemberApprove, Roles: roles(instruction, administrator)},
		{Right: family.HealthRead, Roles: roles(instruction, animation)}, // animation in the lists of the day: it opens no file
		{Right: family.HealthWrite, Roles: roles(instruction)},
		{Right: family.RestrictSet, Roles: roles(instruction)},
		{Right: admission.Read, Roles: roles(accueil, instruction, administrator)},
		{Right: admission.DecideRight, Roles: roles(instruction, administrator)},
		{Right: admission.SendRight, Roles: roles(accueil, instruction, administrator)},
		{Right: admission.Print, Roles: roles(accueil, instruction)},
		{Right: admission.Campaign, Roles: roles(instruction, administrator)},
		{Right: merging.Right, Roles: roles(instruction, administrator)},
		{Right: activity.Read, Roles: roles(accueil, instruction, animation, administrator)},
		{Right: activity.Write, Roles: roles(administrator)},
		{Right: enrolment.Read, Roles: roles(accueil, instruction, animation)},
		{Right: enrolment.Write, Roles: roles(instruction)},
		{Right: booking.Read, Roles: roles(accueil, instruction, animation)},
		{Right: booking.Write, Roles: roles(instruction)},
		{Right: suspension.Write, Roles: roles(instruction, administrator)},
		{Right: attendance.Read, Roles: roles(accueil, instruction, animation)},
		{Right: attendance.Write, Roles: roles(instruction, animation)}, // and tablets, which no person signs in on
		{Right: absence.Note, Roles: roles(accueil, instruction, animation)},
		{Right: absence.Decide, Roles: roles(instruction)},
		{Right: tariff.QuotientRead, Roles: roles(regie, instruction)},
		{Right: tariff.QuotientWrite, Roles: roles(regie)},
		{Right: billing.Read, Roles: roles(regie, accueil)},
		{Right: billing.Write, Roles: roles(regie)},
		{Right: messaging.NewsWrite, Roles: roles(communication, administrator)},
		// Whoever is alone at the town hall is its administrator: what the town is asked must be read.
		{Right: messaging.ContactAnswer, Roles: roles(accueil, instruction, administrator)},
		{Right: desk.JournalRead, Roles: roles(administrator)},
		{Right: account.Manage, Roles: roles(administrator)},
		{Right: town.SettingsWrite, Roles: roles(administrator)},
		{Right: moving.Import, Roles: roles(administrator)},
	}
}
