package app_test

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"testing"

	"parvis/internal/app"
)

// moved are the columns that name a person, a child or a family, each with the feature whose MergePart moves it. A
// column that is not here would be left behind by a merging: teach the feature's MergePart, then add it.
var moved = []string{
	"account.person", "attendance.child", "attendance_anomaly.child", "attendance_anomaly.person", "attendance_mark.child", "attendance_mark.collector",
	"attendance_stay.child", "attendance_stay.collector", "booking.child", "booking.family", "booking_line.child", "absence.child", "absence.family", "absence_report.family", "debt_exemption.family", "incident.child", "incident.family",
	"booking_line.family", "child.person", "counter_act.family", "counter_act.person", "decision.family", "decision.known", "decision.person",
	"custody.asked_by", "custody.asked_home", "custody.child", "custody.home", "custody.opinion_by", "custody.other", "custody_day.answered_by", "custody_day.child", "custody_day.giver",
	"custody_day.offered_by", "custody_day.taker", "custody_span.home",
	"enrolment.child", "family_member.asked_by", "family_member.family", "family_member.person", "family_quality.family", "family_service.family", "health.child",
	"invite.by_person", "invite.family", "invite.person", "invoice.family", "period_answer.child", "home_answer.child", "home_answer.family", "person_email_change.person", "quotient.family", "restriction.child",
	"restriction.person",
	"person_key.person", // made again from the person
}

// TestMergingKnowsEveryReference finds each foreign key to people and families in the migrations.
func TestMergingKnowsEveryReference(t *testing.T) {
	creates := regexp.MustCompile(`(?s)(?:create table|alter table) (\w+)\s*(?:\((.*?)\n\)|(add column [^;]*));`)
	names := regexp.MustCompile(`(?m)^\s*(?:add column )?(\w+) [^\n]*?references (?:person|child|family) `)
	found := map[string]bool{}
	for _, source := range app.Sources() {
		files, err := fs.Glob(source.FS, "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := fs.ReadFile(source.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range creates.FindAllStringSubmatch(string(text), -1) {
				for _, column := range names.FindAllStringSubmatch(table[2]+table[3], -1) {
					found[table[1]+"."+column[1]] = true
				}
			}
		}
	}
	for _, column := range slices.Sorted(maps.Keys(found)) {
		if !slices.Contains(moved, column) {
			t.Errorf("%s names people or families, and no merging moves it", column)
		}
	}
	for _, column := range moved {
		if !found[column] {
			t.Errorf("%s is moved, and no migration has it", column)
		}
	}
}
