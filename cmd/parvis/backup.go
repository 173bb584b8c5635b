package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/audit"
	"parvis/internal/base/backup"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
)

func backUp(c call) int {
	var to string
	cfg, _, status, ok := c.flags("backup", func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&to, "to", "", "fichier à écrire")
	})
	if !ok {
		return status
	}
	if to == "" {
		fmt.Fprintln(c.err, "parvis backup : --to FICHIER est attendu")
		return usageStatus
	}
	return c.with(cfg, func(a *app.App) (int, error) {
		s, err := backup.ToFile(c.ctx, a.DB, a.Files, a.Key, to)
		if err != nil {
			return 1, err
		}
		fmt.Fprintf(c.out, "Sauvegarde écrite dans %s (%d fichiers joints).\n", to, s.Files)
		return 0, nil
	})
}

func restore(c call) int {
	var from string
	cfg, _, status, ok := c.flags("restore", func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&from, "from", "", "sauvegarde à rétablir")
	})
	if !ok {
		return status
	}
	if from == "" || cfg.KeyFile == "" {
		fmt.Fprintln(c.err, "parvis restore : --from FICHIER et --key-file CHEMIN sont attendus")
		return usageStatus
	}
	if entries, err := os.ReadDir(cfg.Data); err == nil && len(entries) > 0 {
		return c.fail(fmt.Errorf("%s n’est pas vide : rien n’a été touché", cfg.Data))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c.fail(err)
	}
	key, err := crypt.LoadKey(cfg.KeyFile)
	if err != nil {
		return c.fail(err)
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return c.fail(err)
	}
	summary, err := backup.Rebuild(c.ctx, from, key, backup.Destination{Database: cfg.DatabaseURL(), Files: cfg.FilesDir(), Sources: app.Sources()})
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintf(c.out, "Sauvegarde rétablie dans %s (%d fichiers joints).\n", cfg.Data, summary.Files)
	return 0
}

// verify checks a backup, or else the database and the audit chain of a portal, running or stopped.
func verify(c call) int {
	var from string
	cfg, _, status, ok := c.flags("verify", func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&from, "from", "", "sauvegarde à vérifier (sinon : la base et le journal)")
	})
	if !ok {
		return status
	}
	if from == "" {
		if _, err := os.Stat(cfg.DatabaseURL()); cfg.Database == "" && err != nil {
			return c.fail(fmt.Errorf("il n’y a pas de base à vérifier dans %s", cfg.Data))
		}
		return c.with(cfg, func(a *app.App) (int, error) { return c.verifyInPlace(a) })
	}
	key, err := crypt.LoadKey(cfg.KeyFile)
	if err != nil {
		return c.fail(err)
	}
	s, err := backup.Verify(c.ctx, from, key)
	if err != nil {
		return c.fail(err)
	}
	fmt.Fprintf(c.out, "Sauvegarde entière : %d fichiers joints, %d octets.\n", s.Files, s.Bytes)
	return 0
}

func (c call) verifyInPlace(a *app.App) (int, error) {
	if err := db.Check(c.ctx, a.DB); err != nil {
		return 1, err
	}
	report, err := a.VerifyAudit(c.ctx)
	if err != nil {
		return 1, err
	}
	lost := 0
	err = a.Files.Each(func(id string, _ int64, _ time.Time) error {
		if _, err := a.Files.Get(c.ctx, id); err != nil {
			lost++
			fmt.Fprintln(c.out, "Fichier illisible :", id)
		}
		return nil
	})
	return max(printAudit(c.out, report), min(lost, 1)), err
}

func printAudit(w io.Writer, r audit.Report) int {
	fmt.Fprintf(w, "Journal : %d maillons lus, %d lignes pas encore chaînées.\n", r.Links, r.Unsealed)
	for _, p := range r.Problems {
		fmt.Fprintf(w, "maillon %d, ligne %s : %s\n", p.Seq, p.Event, p.What)
	}
	if !r.OK() {
		return 1
	}
	return 0
}
