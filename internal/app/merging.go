package app

import (
	"parvis/internal/base/db"
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
	"parvis/internal/feature/merging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/tariff"
	"parvis/internal/portal/moving"
)

// MergeParts are what each feature has of two people or families that become one, lowest first.
func MergeParts() []person.Part {
	return []person.Part{person.MergePart(), account.MergePart(), family.MergePart(), custody.MergePart(), admission.MergePart(), activity.MergePart(), enrolment.MergePart(),
		booking.MergePart(), attendance.MergePart(), absence.MergePart(), tariff.MergePart(), billing.MergePart(), moving.MergePart()}
}

// mergings are the pages that make one of two.
func (a *App) mergings() merging.Pages {
	return merging.Pages{DB: a.DB, Now: a.Now, Desk: merging.Desk{Parts: MergeParts(), Alike: alike}}
}

// alike compares two people as the activation queue does.
func alike(x, y person.Person) merging.Likeness {
	m := admission.Compare(x, y)
	return merging.Likeness{Rank: int(m.Grade), Label: m.Grade.Label(), Reasons: m.Reasons, Proven: m.Proven(), Same: m.Grade.Same()}
}

func mergePanels() []web.Panel { return []web.Panel{merging.Panel()} }

// photosInUse are the photos of people, and of those whom an undo would give back.
func photosInUse(r db.Reader) (map[string]bool, error) {
	used, err := person.PhotosInUse(r)
	if err != nil {
		return nil, err
	}
	kept, err := merging.PhotosInUse(r)
	for id := range kept {
		used[id] = true
	}
	return used, err
}
