package app_test

import (
	"strings"
	"testing"

	"parvis/internal/base/audit"
	"parvis/internal/base/db"
)

// TestExportedHeadSeesACutTail removes the last line and its link, which the chain alone cannot tell.
func TestExportedHeadSeesACutTail(t *testing.T) {
	m := newMatrixTown(t, "sqlite")
	if _, err := audit.Seal(t.Context(), m.app.DB, m.now); err != nil {
		t.Fatal(err)
	}
	if err := m.app.ExportHeadNow(t.Context()); err != nil {
		t.Fatal(err)
	}
	if report, err := m.app.VerifyAudit(t.Context()); err != nil || !report.OK() || report.Links == 0 {
		t.Fatalf("untouched: %+v, %v", report, err)
	}
	m.do(func(tx *db.Tx) error {
		for _, s := range []string{
			`delete from audit_event where id = (select event from audit_chain where seq = (select max(seq) from audit_chain))`,
			`delete from audit_chain where seq = (select max(seq) from audit_chain)`,
			`update audit_head set seq = (select max(seq) from audit_chain), hash = (select hash from audit_chain where seq = (select max(seq) from audit_chain))`,
		} {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	})
	report, err := m.app.VerifyAudit(t.Context())
	if err != nil || report.OK() {
		t.Errorf("a cut tail passes: %+v, %v", report, err)
	}
	if s := strings.TrimSpace(report.Problems[0].What); s == "" {
		t.Error("a problem without words")
	}
}
