package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/crypt"
	"parvis/internal/base/web"
	"parvis/internal/portal/demo"
)

func serve(c call) int {
	cfg, status, ok := c.flags(nil)
	if !ok {
		return status
	}
	if status, ok := c.checkDatabase(cfg); !ok {
		return status
	}
	if err := cfg.CheckServe(); err != nil {
		return c.misused("%s", inWords(err))
	}
	if (cfg.TLSCert == "") != (cfg.TLSKey == "") {
		return c.misused("--tls-cert et --tls-key vont ensemble.")
	}
	if cfg.TLSCert != "" {
		if err := checkCertificate(cfg.TLSCert, cfg.TLSKey); err != nil {
			return c.fail(err)
		}
	}
	key, err := readKey(cfg.KeyFile)
	if err != nil {
		return c.fail(err)
	}
	a, err := c.open(cfg, app.Options{Key: key, Log: slog.New(slog.NewTextHandler(c.err, nil))})
	if err != nil {
		return c.fail(err)
	}
	return c.listen(a, func() { fmt.Fprintln(c.out, "Parvis sert sur", cfg.Listen) })
}

// checkCertificate reads the pair before anything starts: the server would tell later, and in English.
func checkCertificate(cert, key string) error {
	for _, path := range []string{cert, key} {
		if _, err := os.ReadFile(path); err != nil {
			return err
		}
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		return say("« %s » et « %s » ne sont pas un certificat et sa clé.", cert, key)
	}
	return nil
}

// listenError says why an address cannot be listened to.
func listenError(address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return say("L’adresse %s est déjà prise par un autre programme, peut-être un autre Parvis : arrêtez-le, ou choisissez avec --listen un autre port.", address)
	case errors.Is(err, syscall.EACCES):
		return say("Vous n’avez pas le droit d’écouter sur %s : choisissez avec --listen un port au-dessus de 1023.", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return say("%s n’est pas une adresse de cette machine : vérifiez --listen.", address)
	}
	return say("--listen « %s » n’est pas compris : une adresse comme 127.0.0.1:8080 est attendue.", address)
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
		return c.fail(errors.Join(listenError(a.Config.Listen, err), a.Close()))
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
	cfg, status, ok := c.flags(func(fs *flag.FlagSet, cfg *app.Config) {
		fs.StringVar(&cfg.Listen, "listen", "127.0.0.1:8080", "`ADRESSE` d’écoute")
		fs.StringVar(&cfg.Data, "data", "", "`DOSSIER` des données ; sans lui, un dossier neuf, effacé à la fin")
		fs.StringVar(&clock, "clock", "", "`MOMENT` où l’horloge commence, 2027-03-26T08:59:50+01:00")
	})
	if !ok {
		return status
	}
	now, err := shifted(clock)
	if err != nil {
		return c.misused("%s", inWords(err))
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
		return false, say("Le dossier « %s » n’est pas vide et n’est pas une démonstration : choisissez-en un autre.", dir)
	}
	return false, nil
}

// demoKey keeps the key beside the data: nothing of a demonstration is secret.
func demoKey(dir string, fresh bool) (*crypt.Key, error) {
	path := filepath.Join(dir, "cle")
	if fresh {
		return crypt.CreateKey(path)
	}
	return readKey(path)
}

// shifted is a clock in the town's zone that shows the given moment now and goes on at the machine's pace.
func shifted(moment string) (func() time.Time, error) {
	zone := app.Zone()
	if moment == "" {
		return func() time.Time { return time.Now().In(zone) }, nil
	}
	at, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		return nil, say("--clock « %s » n’est pas un moment comme 2027-03-26T08:59:50+01:00.", moment)
	}
	started := time.Now()
	return func() time.Time { return at.Add(time.Since(started)).In(zone) }, nil
}
