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
	"parvis/internal/base/db"
)

func backUp(c call) int {
	var to string
	cfg, status, ok := c.flags(func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&to, "to", "", "`FICHIER` à écrire, qui ne doit pas exister")
	})
	if !ok {
		return status
	}
	if to == "" {
		return c.misused("--to FICHIER est attendu.")
	}
	if status, ok := c.mustHaveBase(cfg); !ok {
		return status
	}
	return c.with(cfg, false, func(a *app.App) (int, error) {
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
	var sendPending bool
	cfg, status, ok := c.flags(func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&from, "from", "", "`SAUVEGARDE` à rétablir")
		fs.BoolVar(&sendPending, "send-pending", false, "laisser partir les courriels qui attendaient lors de la sauvegarde")
	})
	if !ok {
		return status
	}
	if from == "" || cfg.KeyFile == "" {
		return c.misused("--from SAUVEGARDE et --key-file CHEMIN sont attendus.")
	}
	if status, ok := c.checkDatabase(cfg); !ok {
		return status
	}
	if entries, err := os.ReadDir(cfg.Data); err == nil && len(entries) > 0 {
		return c.fail(say("Le dossier « %s » n’est pas vide : donnez avec --data un dossier neuf. Rien n’a été touché.", cfg.Data))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c.fail(err)
	}
	key, err := readKey(cfg.KeyFile)
	if err != nil {
		return c.fail(err)
	}
	undo, err := makeFolder(cfg.Data)
	if err != nil {
		return c.fail(err)
	}
	summary, err := backup.Rebuild(c.ctx, from, key, backup.Destination{Database: cfg.DatabaseURL(), Files: cfg.FilesDir(),
		Sources: app.Sources(), Finish: app.Restored(key, townNow(), sendPending)})
	if err != nil {
		undo()
		return c.fail(err)
	}
	fmt.Fprintf(c.out, "Sauvegarde rétablie dans %s (%d fichiers joints).\n", cfg.Data, summary.Files)
	if !sendPending {
		fmt.Fprintln(c.out, "Les courriels qui attendaient lors de la sauvegarde sont retenus, ils sont peut-être partis depuis : "+
			"« parvis mails » les compte, --send-held les laisse partir, --drop-held les abandonne.")
	}
	return 0
}

// verify checks a backup, or else the database and the audit chain of a portal, running or stopped.
func verify(c call) int {
	var from string
	cfg, status, ok := c.flags(func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&from, "from", "", "`SAUVEGARDE` à vérifier ; sans elle, la base, les fichiers et le journal")
	})
	if !ok {
		return status
	}
	if from == "" {
		if status, ok := c.mustHaveBase(cfg); !ok {
			return status
		}
		return c.with(cfg, true, c.verifyInPlace)
	}
	if cfg.KeyFile == "" {
		return c.misused("--key-file CHEMIN est attendu.")
	}
	key, err := readKey(cfg.KeyFile)
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
		if db.CauseOf(err) != db.Unexplained || c.ctx.Err() != nil {
			return 1, err
		}
		return 1, say("La base est abîmée : rétablissez une sauvegarde. Détail pour l’assistance : %v", err)
	}
	if a.KeyKnown {
		fmt.Fprintln(c.out, "Clé : celle de cette installation.")
	} else {
		fmt.Fprintln(c.out, "Clé : aucune n’a encore servi ici, celle-ci n’a pu être comparée à rien.")
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
	fmt.Fprintf(w, "Journal : %d maillons lus, %d lignes pas encore scellées.\n", r.Links, r.Unsealed)
	if r.Unsealed > 0 {
		fmt.Fprintln(w, "  « parvis serve » scelle chaque seconde ; une commande tuée avant sa fin laisse les siennes au prochain « parvis serve ».")
	}
	for _, p := range r.Problems {
		if p.Seq == 0 {
			fmt.Fprintf(w, "ligne %s : %s\n", p.Event, p.What)
		} else {
			fmt.Fprintf(w, "maillon %d, ligne %s : %s\n", p.Seq, p.Event, p.What)
		}
	}
	if !r.OK() {
		return 1
	}
	return 0
}
