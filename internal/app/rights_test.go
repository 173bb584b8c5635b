package app_test

import (
	"os"
	"strings"
	"testing"

	"parvis/internal/app"
	"parvis/internal/feature/account"
)

// TestRightsPage keeps docs/rights.md and the table of the code the same.
func TestRightsPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Rights\n\nWho may do what at the town hall. A role is held for one service or for all. This page is checked against\n" +
		"`internal/app/rights.go` by a test. Every agent needs a second factor before any of it.\n\n| act |")
	for _, r := range account.Roles() {
		b.WriteString(" " + r.Label() + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(account.Roles())) + "\n")
	for _, g := range app.Grants() {
		b.WriteString("| `" + string(g.Right) + "` |")
		for _, r := range account.Roles() {
			mark := " "
			for _, has := range g.Roles {
				if has == r {
					mark = " x "
				}
			}
			b.WriteString(mark + "|")
		}
		b.WriteString("\n")
	}
	const page = "../../docs/rights.md"
	if os.Getenv("PARVIS_WRITE") != "" {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Error("docs/rights.md is not the table of rights.go: run this test with PARVIS_WRITE=1")
	}
}

// TestGrantsOnce refuses a right that has two lines: one would hide the other.
func TestGrantsOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range app.Grants() {
		if seen[string(g.Right)] {
			t.Errorf("%s has two lines", g.Right)
		}
		seen[string(g.Right)] = true
		if len(g.Roles) == 0 {
			t.Errorf("%s is held by nobody", g.Right)
		}
	}
}
