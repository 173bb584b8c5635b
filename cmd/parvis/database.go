package main

import (
	"errors"
	"fmt"
	"os"

	"parvis/internal/app"
	"parvis/internal/base/db"
)

// withDatabase opens the database alone, brought up to date, for commands that need no key: they must work before
// the key file was made, and on a machine that does not hold it.
func (c call) withDatabase(cfg app.Config, work func(*db.DB) (int, error)) int {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return c.fail(fmt.Errorf("dossier des données : %w", err))
	}
	d, err := db.Open(c.ctx, cfg.DatabaseURL())
	if err != nil {
		return c.fail(fmt.Errorf("base de données : %w", err))
	}
	status := 1
	if err = db.Migrate(c.ctx, d, app.Sources()...); err == nil {
		status, err = work(d)
	}
	if err := errors.Join(err, d.Close()); err != nil {
		fmt.Fprintln(c.err, "parvis :", err)
		return max(status, 1)
	}
	return status
}
