package billing

import (
	"testing"

	"parvis/internal/base/civil"
	"parvis/internal/base/money"
	"parvis/internal/base/web"
)

func TestWord(t *testing.T) {
	today := civil.NewDate(2027, 1, 6)
	for _, c := range []struct {
		name string
		in   Invoice
		want string
		left money.Cents
	}{
		{"nothing paid, before the last day", Invoice{Amount: 8320, DueOn: today.AddDays(9)}, "À payer", 8320},
		{"nothing paid, on the last day", Invoice{Amount: 8320, DueOn: today}, "À payer", 8320},
		{"nothing paid, the day after", Invoice{Amount: 8320, DueOn: today.AddDays(-1)}, "En retard", 8320},
		{"part paid in time", Invoice{Amount: 8320, Paid: 1000, DueOn: today}, "Partiellement payée", 7320},
		{"part paid, late", Invoice{Amount: 8320, Paid: 1000, DueOn: today.AddDays(-1)}, "En retard", 7320},
		{"all paid, long ago", Invoice{Amount: 8320, Paid: 8320, DueOn: today.AddDays(-90)}, "Payée", 0},
		{"nothing owed", Invoice{DueOn: today.AddDays(-90)}, "Payée", 0},
		{"cancelled", Invoice{Amount: 8320, DueOn: today.AddDays(-1), State: Cancelled}, "Annulée", 0},
	} {
		got := c.in.Word(today)
		if got.Word != c.want || c.in.Left() != c.left {
			t.Errorf("%s: %q, %v left; want %q, %v", c.name, got.Word, c.in.Left(), c.want, c.left)
		}
		if !web.HasIcon(got.Icon) {
			t.Errorf("%s: no icon %q", c.name, got.Icon)
		}
	}
}

func TestTitle(t *testing.T) {
	for period, want := range map[string]string{"2026-10": "Facture d’octobre 2026", "2026-04": "Facture d’avril 2026", "2026-08": "Facture d’août 2026", "2026-12": "Facture de décembre 2026"} {
		if got := (Invoice{Period: period}).Title(); got != want {
			t.Errorf("%s: %q, want %q", period, got, want)
		}
	}
}
