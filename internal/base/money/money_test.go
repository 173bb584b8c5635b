package money_test

import (
	"testing"

	"parvis/internal/base/money"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]money.Cents{
		"143,60": 14360, "0,00": 0, "12": 1200, "12,5": 1250, "1 234,50": 123450, "1\u202f234,50\u202f€": 123450,
		"-3,10": -310, "−3,10 €": -310, "-0,05": -5, "99.20": 9920,
	} {
		if got, err := money.Parse(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "abc", "12,", ",50", "1,234", "1.234,50", "12,5a", "--3", "1e3", "99999999999999999999"} {
		if got, err := money.Parse(text); err == nil {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}

func TestString(t *testing.T) {
	for sum, want := range map[money.Cents]string{0: "0,00\u202f€", 5: "0,05\u202f€", -310: "-3,10\u202f€", 8320: "83,20\u202f€",
		123456789: "1\u202f234\u202f567,89\u202f€"} {
		if got := sum.String(); got != want {
			t.Errorf("%d: got %q, want %q", int64(sum), got, want)
		}
	}
}

// TestReadsWhatItWrites holds for every sum.
func TestReadsWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum := money.Cents(rapid.Int64Range(-99999999999, 99999999999).Draw(t, "sum"))
		if got, err := money.Parse(sum.String()); err != nil || got != sum {
			t.Fatalf("%q: got %d, %v", sum.String(), got, err)
		}
	})
}
