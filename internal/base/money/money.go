// Package money counts in whole cents of euro; nothing in Parvis computes a sum in floating point.
package money

import (
	"fmt"
	"strconv"
	"strings"
)

// Cents is a sum in cents of euro, negative for a credit.
type Cents int64

// Parse reads a French amount: "143,60", "1 234,5", "12", "-3,10", with or without "€". More than two
// decimals, or anything else, is an error.
func Parse(s string) (Cents, error) {
	clean := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "€", "", "−", "-").Replace(strings.TrimSpace(s))
	negative := strings.HasPrefix(clean, "-")
	clean = strings.TrimPrefix(clean, "-")
	whole, decimals, cut := strings.Cut(strings.Replace(clean, ".", ",", 1), ",")
	if whole == "" || (cut && decimals == "") || len(decimals) > 2 || !digits(whole+decimals) || len(whole) > 12 {
		return 0, fmt.Errorf("amount %q: want 143,60", s)
	}
	euros, _ := strconv.ParseInt(whole, 10, 64)
	cents, _ := strconv.ParseInt((decimals + "00")[:2], 10, 64)
	sum := Cents(euros*100 + cents)
	if negative {
		sum = -sum
	}
	return sum, nil
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// String is "1 234,50 €" with narrow no-break spaces.
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	euros := strconv.FormatInt(int64(c)/100, 10)
	for i := len(euros) - 3; i > 0; i -= 3 {
		euros = euros[:i] + "\u202f" + euros[i:]
	}
	return fmt.Sprintf("%s%s,%02d\u202f€", sign, euros, int64(c)%100)
}
