package audit_test

import (
	"errors"
	"testing"

	"parvis/internal/base/audit"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

func TestTheFirstKeyIsTheOnlyOne(t *testing.T) {
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		ours, other := crypt.NewKey(), crypt.NewKey()
		if known, err := audit.CheckKey(t.Context(), d, ours); known || err != nil {
			t.Fatalf("before any mark: %v, %v", known, err)
		}
		for range 2 {
			if err := audit.MarkKey(t.Context(), d, ours, start); err != nil {
				t.Fatal(err)
			}
		}
		if err := audit.MarkKey(t.Context(), d, other, start); !errors.Is(err, audit.ErrOtherKey) {
			t.Errorf("another key marks over the first: %v", err)
		}
		if _, err := audit.CheckKey(t.Context(), d, other); !errors.Is(err, audit.ErrOtherKey) {
			t.Errorf("another key passes: %v", err)
		}
		if known, err := audit.CheckKey(t.Context(), d, ours); !known || err != nil {
			t.Errorf("the first key: %v, %v", known, err)
		}
	})
}
