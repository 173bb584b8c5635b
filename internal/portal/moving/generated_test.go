package moving

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"testing"
	"time"

	"parvis/internal/portal/moving/movingtest"

	"github.com/google/go-cmp/cmp"
)

func TestEveryInjectedFaultIsListedAndNoOther(t *testing.T) {
	families := 120
	if os.Getenv("PARVIS_DEEP") != "" {
		families = 1500
	}
	for i, form := range movingtest.Forms() {
		t.Run(form.String(), func(t *testing.T) {
			seed := uint64(i + 1)
			e := movingtest.Make(seed, movingtest.Size{Families: families, Days: 6, FaultsPer1000: 50})
			dir := t.TempDir()
			if err := e.Write(dir, form); err != nil {
				t.Fatal(err)
			}
			want := []string{}
			for _, f := range e.Faults() {
				want = append(want, place(f.File, f.Line))
			}
			got, problems := []string{}, map[string][]Problem{}
			start := time.Now()
			exp, tally, err := check(dir, today, func(p Problem) {
				if p.Gravity == Refused && p.Own() {
					got = append(got, place(p.File, p.Line))
					problems[place(p.File, p.Line)] = append(problems[place(p.File, p.Line)], p)
				}
			})
			if err != nil || tally.fatal {
				t.Fatal(err, tally)
			}
			sort.Strings(want)
			sort.Strings(got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("seed %d: faults (-want +got):\n%s", seed, d)
				for at, p := range problems {
					if len(p) > 1 || !slices.Contains(want, at) {
						t.Log(at, p)
					}
				}
			}
			if want, got := fmt.Sprint(e.Expected()), fmt.Sprint(exp.counts); want != got {
				t.Errorf("seed %d: counts: want %s, got %s", seed, want, got)
			}
			t.Logf("%d lines, %d faults, %v", e.Lines(), len(want), time.Since(start))
		})
	}
}
