package app

import (
	"fmt"
	"path/filepath"
	"time"

	"parvis/internal/base/blob"
	"parvis/internal/feature/admission"
	"parvis/internal/portal/moving"
)

// importDesk is the import of the old portal on the desk. What agents send lies sealed in a folder of its own, which
// no backup takes: it is deleted once imported, or after seven days.
func (a *App) importDesk() (moving.Desk, error) {
	files, err := blob.Open(filepath.Join(a.Config.Data, "imports"), a.Key)
	if err != nil {
		return moving.Desk{}, fmt.Errorf("dossier des imports : %w", err)
	}
	return moving.Desk{DB: a.DB, Files: files, Now: a.Now, RealNow: time.Now, Forget: admission.Forget}, nil
}
