package app

import (
	"parvis/internal/base/audit"
	"parvis/internal/base/captcha"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/feed"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/reminder"
	"parvis/internal/feature/signup"
	"parvis/internal/feature/suspension"
	"parvis/internal/feature/tariff"
	"parvis/internal/feature/town"
	"parvis/internal/portal/moving"
)

// Sources are the migrations of all packages.
func Sources() []db.Source {
	return db.Join(web.Sources(), captcha.Sources(), audit.Sources(), mail.Sources(), jobs.Sources(),
		town.Sources(), person.Sources(), account.Sources(), family.Sources(), custody.Sources(), admission.Sources(), signup.Sources(), merging.Sources(), activity.Sources(),
		tariff.Sources(), messaging.Sources(), enrolment.Sources(), booking.Sources(), suspension.Sources(), feed.Sources(), reminder.Sources(), attendance.Sources(), absence.Sources(), billing.Sources(), moving.Sources())
}
