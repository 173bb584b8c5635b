package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
	_ "time/tzdata" // the zone must be known on a machine without it

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/blob"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/town"
)

// Options is what a command adds to the settings.
type Options struct {
	Log   *slog.Logger
	Clock func() time.Time // default: the machine's, in the town's zone
	Demo  bool             // mails are captured, pages are marked, /demo/… exists
	Key   *crypt.Key       // in place of Config.KeyFile, for who has read it already
	Look  bool             // a key that no database knows yet does not become this one's
}

// App is an open portal: its database, its pages, its workers.
type App struct {
	Config     Config
	DB         *db.DB
	Key        *crypt.Key
	Files      *blob.Store
	Now        func() time.Time
	Log        *slog.Logger
	Demo       bool
	Settings   *town.Cache
	Activities *activity.Cache
	KeyKnown   bool // the key is the one that marked the database; false when none did yet

	openid  account.OpenID
	router  *web.Router
	handler http.Handler
	mailer  *mail.Worker
	runner  *jobs.Runner
}

// Zone is the town's time zone.
func Zone() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return time.UTC // cannot happen: the zones are embedded
	}
	return zone
}

// Open opens the database, brings it up to date, and puts the pages and workers together. Nothing runs yet.
func Open(ctx context.Context, cfg Config, o Options) (*App, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Clock == nil {
		zone := Zone()
		o.Clock = func() time.Time { return time.Now().In(zone) }
	}
	a := &App{Config: cfg, Now: o.Clock, Log: o.Log, Demo: o.Demo, Key: o.Key}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("dossier des données : %w", err)
	}
	var err error
	if a.Key == nil {
		if a.Key, err = crypt.LoadKey(cfg.KeyFile); err != nil {
			return nil, fmt.Errorf("fichier de clé : %w", err)
		}
	}
	if a.DB, err = db.Open(ctx, cfg.DatabaseURL(), db.WithLog(a.Log)); err != nil {
		return nil, fmt.Errorf("base de données : %w", err)
	}
	if err := a.assemble(ctx, !o.Look); err != nil {
		return nil, errors.Join(err, a.DB.Close())
	}
	return a, nil
}

func (a *App) assemble(ctx context.Context, mark bool) (err error) {
	if _, err := audit.CheckKey(ctx, a.DB, a.Key); errors.Is(err, audit.ErrOtherKey) {
		return err // before anything is migrated; a database without the table is looked at again below
	}
	if err := db.Migrate(ctx, a.DB, Sources()...); err != nil {
		return err
	}
	if a.Files, err = blob.Open(a.Config.FilesDir(), a.Key); err != nil {
		return fmt.Errorf("dossier des fichiers : %w", err)
	}
	if err := a.checkKey(ctx, mark); err != nil {
		return err
	}
	a.Settings = &town.Cache{DB: a.DB}
	a.Activities = &activity.Cache{DB: a.DB}
	if a.openid, err = a.openID(); err != nil {
		return err
	}
	if err := a.routes(); err != nil {
		return err
	}
	return a.workers()
}

// Handler serves the portal.
func (a *App) Handler() http.Handler { return a.handler }

// Routes lists the declared routes, for the access matrix.
func (a *App) Routes() []web.Route { return a.router.Routes() }

// Close ends the connections; call it after Run has returned.
func (a *App) Close() error { return a.DB.Close() }

// Run works off mails, jobs and the audit chain until ctx ends.
func (a *App) Run(ctx context.Context) {
	a.warnHeld(ctx)
	tasks := []func(context.Context){a.runner.Run, func(ctx context.Context) { audit.Run(ctx, a.DB, a.Now) }}
	if a.mailer == nil {
		a.Log.Warn("no mail server: mails wait in the outbox until --smtp is given")
	} else {
		tasks = append(tasks, a.mailer.Run)
	}
	var running sync.WaitGroup
	for _, task := range tasks {
		running.Go(func() { task(ctx) })
	}
	running.Wait()
}

// StartCampaign queues the activation mails of every account that never had one; they leave while `serve` runs.
func (a *App) StartCampaign(ctx context.Context, choice admission.Choice) (int64, error) {
	return db.Write(ctx, a.DB, func(tx *db.Tx) (int64, error) {
		return a.activations().Start(tx, actor.Job("campaign"), admission.Selection{Choice: choice})
	})
}
