package app_test

import (
	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/portal/moving"
)

// imports makes what an agent sent to be imported, and a batch that nothing hangs on. They belong to nobody: whoever
// may import may use them.
func (m *matrixTown) imports(tx *db.Tx, job actor.Actor, name string) error {
	unowned["import-upload"], unowned["import-batch"] = true, true
	upload, err := moving.Receive(tx, m.now, job, []moving.File{{Name: "familles.csv", Sep: ';'}})
	if err != nil {
		return err
	}
	batch := db.NewID()
	m.targets[name]["import-upload"], m.targets[name]["import-batch"] = string(upload), batch
	_, err = tx.Exec(`insert into import_batch (id, source, started_at) values ($1, 'essai', 1)`, batch)
	return err
}
