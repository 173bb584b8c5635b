package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/crypt"
	"parvis/internal/base/web"
	"parvis/internal/portal/demo"
)

func serve(c call) int {
	cfg, _, status, ok := c.flags("serve", nil)
	if !ok {
		return status
	}
	if err := cfg.CheckServe(); err != nil {
		return c.fail(err)
	}
	log := slog.New(slog.NewTextHandler(c.err, nil))
	a, err := app.Open(c.ctx, cfg, app.Options{Log: log})
	if err != nil {
		return c.fail(err)
	}
	return c.listen(a, func() { fmt.Fprintln(c.out, "Parvis sert sur", cfg.Listen) })
}

// garbagePercent collects earlier than Go does by itself: eight pages made at a time then fit in 100 MB.
const garbagePercent = 30

// listen serves until the process is told to stop, then lets what is under way end.
func (c call) listen(a *app.App, ready func()) int {
	if c.env("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	listener, err := net.Listen("tcp", a.Config.Listen)
	if err != nil {
		return c.fail(errors.Join(err, a.Close()))
	}
	server := web.Server(a.Config.Listen, a.Handler())
	ctx, stop := context.WithCancel(c.ctx)
	worked := make(chan struct{})
	go func() {
		a.Run(ctx)
		close(worked)
	}()
	served := make(chan error, 1)
	go func() {
		if a.Config.TLSCert != "" {
			served <- server.ServeTLS(listener, a.Config.TLSCert, a.Config.TLSKey)
		} else {
			served <- server.Serve(listener)
		}
	}()
	ready()
	select {
	case err = <-served:
	case <-ctx.Done():
		patience, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err = server.Shutdown(patience)
		cancel()
	}
	stop()
	<-worked
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	if err := errors.Join(err, a.Close()); err != nil {
		return c.fail(err)
	}
	return 0
}

// demoMark is the file that tells a demonstration's folder from a town's.
const demoMark = "demonstration"

func serveDemo(c call) int {
	var clock string
	var cfg app.Config
	fs := flag.NewFlagSet("parvis demo", flag.ContinueOnError)
	fs.SetOutput(c.err)
	fs.StringVar(&cfg.Listen, "listen", "127.0.0.1:8080", "adresse d’écoute")
	fs.StringVar(&cfg.Data, "data", "", "dossier des données (défaut : un dossier neuf, effacé à la fin)")
	fs.StringVar(&clock, "clock", "", "heure décalée, 2027-03-26T08:59:50+01:00")
	switch err := fs.Parse(c.args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return usageStatus
	}
	now, err := shifted(clock)
	if err != nil {
		return c.fail(err)
	}
	if cfg.Data == "" {
		if cfg.Data, err = os.MkdirTemp("", "parvis-demo-"); err != nil {
			return c.fail(err)
		}
		defer os.RemoveAll(cfg.Data)
	}
	cfg.MailRate = 600
	return c.demo(cfg, now)
}

func (c call) demo(cfg app.Config, now func() time.Time) int {
	fresh, err := demoFolder(cfg.Data)
	if err != nil {
		return c.fail(err)
	}
	key, err := demoKey(cfg.Data, fresh)
	if err != nil {
		return c.fail(err)
	}
	a, err := app.Open(c.ctx, cfg, app.Options{Log: slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelError})),
		Clock: now, Demo: true, Key: key})
	if err != nil {
		return c.fail(err)
	}
	signIns := demo.SignIns()
	if fresh {
		if err := demo.Fill(c.ctx, demo.Deps{DB: a.DB, Key: key, Now: now()}); err != nil {
			return c.fail(errors.Join(err, a.Close()))
		}
	}
	return c.listen(a, func() {
		demo.Print(c.out, signIns)
		fmt.Fprintf(c.out, "http://%s/\n", cfg.Listen)
	})
}

// demoFolder tells whether the folder is new, and refuses one that is not a demonstration's.
func demoFolder(dir string) (fresh bool, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || (err == nil && len(entries) == 0) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return false, err
		}
		return true, os.WriteFile(filepath.Join(dir, demoMark), []byte("Parvis : ville inventée\n"), 0o600)
	}
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
		return false, fmt.Errorf("%s n’est pas vide et n’est pas une démonstration : choisissez un autre dossier", dir)
	}
	return false, nil
}

// demoKey keeps the key beside the data: nothing of a demonstration is secret.
func demoKey(dir string, fresh bool) (*crypt.Key, error) {
	path := filepath.Join(dir, "cle")
	if fresh {
		return crypt.CreateKey(path)
	}
	return crypt.LoadKey(path)
}

// shifted is a clock in the town's zone that shows the given moment now and goes on at the machine's pace.
func shifted(moment string) (func() time.Time, error) {
	zone := app.Zone()
	if moment == "" {
		return func() time.Time { return time.Now().In(zone) }, nil
	}
	at, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		return nil, fmt.Errorf("--clock %q : une date comme 2027-03-26T08:59:50+01:00 est attendue", moment)
	}
	started := time.Now()
	return func() time.Time { return at.Add(time.Since(started)).In(zone) }, nil
}
