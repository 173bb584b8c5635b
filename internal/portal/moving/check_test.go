package moving

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"parvis/internal/base/civil"

	"github.com/google/go-cmp/cmp"
)

const sample = "testdata/ancien-portail"

var today = civil.Date{Year: 2026, Month: 11, Day: 23}

// fautes is the list of what the sample holds, as its author gave it.
type fautes struct {
	Faults []struct {
		File string `json:"file"`
		Line int    `json:"line"`
		Kind string `json:"kind"`
	} `json:"faults"`
	Expected map[string]int `json:"expected"`
}

func readFautes(t *testing.T) fautes {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(sample, "fautes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f fautes
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSampleGivesItsFaultsAndNoOther(t *testing.T) {
	want := []string{}
	list := readFautes(t)
	for _, f := range list.Faults {
		want = append(want, place(f.File, f.Line))
	}
	got := []string{}
	byGravity := map[string]int{}
	exp, tally, err := check(sample, today, func(p Problem) {
		if p.Gravity == Refused && p.Own() {
			got = append(got, place(p.File, p.Line))
		}
		byGravity[string(p.Gravity)+" "+p.File]++
		if p.Gravity == Doubt {
			t.Logf("%s:%d %s %s", p.File, p.Line, p.Field, p.Sentence)
		}
	})
	if err != nil || tally.fatal {
		t.Fatal(err, tally)
	}
	sort.Strings(got)
	sort.Strings(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("faults (-want +got):\n%s", d)
	}
	n := exp.counts
	counts := map[string]int{"familles": n.Families, "adultes": n.Adults, "enfants": n.Children, "liens_enfant_famille": n.Homes,
		"contacts": n.Contacts, "inscriptions": n.Enrolments, "reservations": n.Bookings, "factures": n.Invoices}
	if d := cmp.Diff(list.Expected, counts); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	t.Log(fmt.Sprint(byGravity), tally)
}
