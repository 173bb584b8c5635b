package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"parvis/internal/app"
	"parvis/internal/base/audit"
	"parvis/internal/base/db"
)

// checkDatabase refuses an address that is neither a server's nor a file's.
func (c call) checkDatabase(cfg app.Config) (status int, ok bool) {
	scheme, _, found := strings.Cut(cfg.Database, "://")
	if found && scheme != "postgres" && scheme != "postgresql" {
		return c.misused("--database « %s://… » : une adresse postgres://… est attendue.", scheme), false
	}
	return 0, true
}

func onServer(cfg app.Config) bool {
	return strings.HasPrefix(cfg.Database, "postgres://") || strings.HasPrefix(cfg.Database, "postgresql://")
}

// hasBase tells whether there is a database: a server is believed to have one.
func hasBase(cfg app.Config) bool {
	if onServer(cfg) {
		return true
	}
	_, err := os.Stat(cfg.DatabaseURL())
	return err == nil
}

// mustHaveBase stops a command that makes no sense on nothing: a folder mistyped must not become an empty portal.
func (c call) mustHaveBase(cfg app.Config) (status int, ok bool) {
	if hasBase(cfg) {
		return 0, true
	}
	if cfg.Database != "" {
		return c.fail(say("Il n’y a pas de base « %s » : vérifiez --database.", cfg.Database)), false
	}
	return c.fail(say("Il n’y a pas de base dans « %s » : vérifiez --data.", cfg.Data)), false
}

// withDatabase opens the database alone, brought up to date, for commands that need no key: they must work before
// the key file was made, and on a machine that does not hold it. What was written is sealed at the end.
func (c call) withDatabase(cfg app.Config, work func(*db.DB) (int, error)) int {
	if status, ok := c.checkDatabase(cfg); !ok {
		return status
	}
	undo, err := makeFolder(cfg.Data)
	if err != nil {
		return c.fail(err)
	}
	d, err := db.Open(c.ctx, cfg.DatabaseURL())
	if err != nil {
		undo()
		return c.fail(err)
	}
	status := 1
	if err = db.Migrate(c.ctx, d, app.Sources()...); err == nil {
		status, err = work(d)
		err = errors.Join(err, c.seal(d))
	}
	if err := errors.Join(err, d.Close()); err != nil {
		return max(status, c.fail(err))
	}
	return status
}

// seal takes what the command wrote into the audit chain, as a portal that serves does each second. It is done even
// when the command was interrupted: what it wrote stands.
func (c call) seal(d *db.DB) error {
	_, err := audit.Seal(context.WithoutCancel(c.ctx), d, townNow())
	return err
}

// open opens the portal; a folder made for nothing is taken away again.
func (c call) open(cfg app.Config, o app.Options) (*app.App, error) {
	undo, err := makeFolder(cfg.Data)
	if err != nil {
		return nil, err
	}
	a, err := app.Open(c.ctx, cfg, o)
	if err != nil {
		undo()
	}
	return a, err
}

// with opens the portal, does the work, closes it, and prints what went wrong. A look writes nothing, so that a
// running portal and the key's mark stay as they are; what others write is sealed at the end.
func (c call) with(cfg app.Config, look bool, work func(*app.App) (int, error)) int {
	if status, ok := c.checkDatabase(cfg); !ok {
		return status
	}
	if cfg.KeyFile == "" {
		return c.misused("--key-file CHEMIN est attendu.")
	}
	key, err := readKey(cfg.KeyFile)
	if err != nil {
		return c.fail(err)
	}
	a, err := c.open(cfg, app.Options{Key: key, Look: look,
		Log: slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		return c.fail(err)
	}
	status, err := work(a)
	if !look {
		err = errors.Join(err, c.seal(a.DB))
	}
	if err := errors.Join(err, a.Close()); err != nil {
		return max(status, c.fail(err))
	}
	return status
}

// makeFolder makes a folder with those above it; undo takes away those that it made and that are still empty.
func makeFolder(path string) (undo func(), err error) {
	var made []string
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) { // "." and "/" are always there
			break
		}
		made = append(made, at)
	}
	undo = func() {
		for _, dir := range made {
			if os.Remove(dir) != nil { // not empty: nor are those above
				return
			}
		}
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		undo()
		return nil, err
	}
	return undo, nil
}
