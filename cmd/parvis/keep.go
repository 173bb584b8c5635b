package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/town"
	"parvis/internal/portal/moving"
)

// open opens the portal for a command; the caller closes it.
func (c call) open(cfg app.Config) (*app.App, error) {
	if cfg.KeyFile == "" {
		return nil, errors.New("--key-file manque")
	}
	return app.Open(c.ctx, cfg, app.Options{Log: slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelError}))})
}

// with opens the portal, does the work, closes it, and prints what went wrong.
func (c call) with(cfg app.Config, work func(*app.App) (int, error)) int {
	a, err := c.open(cfg)
	if err != nil {
		return c.fail(err)
	}
	status, err := work(a)
	if err := errors.Join(err, a.Close()); err != nil {
		fmt.Fprintln(c.err, "parvis :", err)
		return max(status, 1)
	}
	return status
}

func importOld(c call) int {
	var o moving.Options
	cfg, fs, status, ok := c.flags("import", func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&o.From, "from", "", "dossier des six fichiers de l’ancien portail")
		fs.BoolVar(&o.DryRun, "dry-run", false, "vérifier sans rien écrire")
		fs.StringVar(&o.Report, "report", "", "fichier CSV des anomalies")
	})
	if !ok {
		return status
	}
	if o.From == "" || fs.NArg() > 0 {
		fmt.Fprintln(c.err, "parvis import : --from DOSSIER est attendu")
		return usageStatus
	}
	if f, ok := c.out.(*os.File); ok {
		o.Progress = f
	} else {
		o.Progress = c.out
	}
	return c.withDatabase(cfg, func(d *db.DB) (int, error) {
		result, err := moving.Run(c.ctx, moving.Deps{DB: d, Now: townNow}, o)
		if err != nil {
			if result.Written.Families > 0 { // stopped midway: say what stands
				fmt.Fprintln(c.out, result.Sentence())
			}
			return int(result.Status), err
		}
		fmt.Fprintln(c.out, result.Sentence())
		printCounts(c.out, result, o.DryRun)
		if o.Report == "" && result.Faults+result.Doubts > 0 {
			fmt.Fprintln(c.out, "Pour la liste des anomalies, ligne par ligne : --report anomalies.csv")
		}
		if result.Batch != "" {
			fmt.Fprintln(c.out, "Lot", result.Batch)
		}
		return int(result.Status), nil
	})
}

// printCounts says what the files held that could be taken, and what is new in this run.
func printCounts(w io.Writer, r moving.Result, dry bool) {
	for _, line := range []struct {
		what           string
		taken, written int
	}{
		{"familles", r.Accepted.Families, r.Written.Families}, {"adultes", r.Accepted.Adults, r.Written.Adults},
		{"enfants", r.Accepted.Children, r.Written.Children}, {"contacts", r.Accepted.Contacts, r.Written.Contacts},
		{"inscriptions", r.Accepted.Enrolments, r.Written.Enrolments}, {"réservations", r.Accepted.Bookings, r.Written.Bookings},
		{"factures", r.Accepted.Invoices, r.Written.Invoices},
	} {
		if dry {
			fmt.Fprintf(w, "  %-13s %6d à reprendre\n", line.what, line.taken)
		} else {
			fmt.Fprintf(w, "  %-13s %6d reprises, dont %d nouvelles\n", line.what, line.taken, line.written)
		}
	}
}

// townNow is the machine's time in the town's zone.
func townNow() time.Time { return time.Now().In(app.Zone()) }

func undoImport(c call) int {
	var batch string
	cfg, _, status, ok := c.flags("undo-import", func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&batch, "batch", "", "lot à annuler ; sans lot, la liste")
	})
	if !ok {
		return status
	}
	return c.with(cfg, func(a *app.App) (int, error) {
		if batch == "" {
			return 0, c.listBatches(a)
		}
		undone, err := moving.Undo(c.ctx, moving.Deps{DB: a.DB, Now: a.Now}, batch, admission.Forget)
		if err != nil {
			return 1, err
		}
		fmt.Fprintf(c.out, "%d familles retirées, %d gardées parce que quelqu’un s’en est servi depuis.\n", undone.Families, len(undone.Kept))
		for _, k := range undone.Kept {
			fmt.Fprintf(c.out, "  %s : %s\n", k.Code, k.Reason)
		}
		return 0, nil
	})
}

func campaign(c call) int {
	var all bool
	cfg, _, status, ok := c.flags("campaign", func(fs *flag.FlagSet, _ *app.Config) {
		fs.BoolVar(&all, "all", false, "écrire aussi à ceux qui ont déjà reçu un courriel")
	})
	if !ok {
		return status
	}
	choice := admission.Never
	if all {
		choice = admission.All
	}
	return c.with(cfg, func(a *app.App) (int, error) {
		n, err := a.StartCampaign(c.ctx, choice)
		if err != nil {
			return 1, err
		}
		fmt.Fprintf(c.out, "%d comptes recevront leur courriel d’activation, %d par minute, tant que « parvis serve » tourne.\n", n, cfg.MailRate)
		return 0, nil
	})
}

func agent(c call) int {
	if len(c.args) == 0 || c.args[0] != "add" {
		fmt.Fprintln(c.err, "usage : parvis agent add --name \"Prénom Nom\" --email adresse [--role administrateur] [--service code]")
		return usageStatus
	}
	c.args = c.args[1:]
	var name, email, role, service string
	cfg, _, status, ok := c.flags("agent add", func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&name, "name", "", "prénom et nom")
		fs.StringVar(&email, "email", "", "adresse e-mail")
		fs.StringVar(&role, "role", string(account.Administrateur), "rôle : "+roleNames())
		fs.StringVar(&service, "service", "", "code du service (défaut : tous)")
	})
	if !ok {
		return status
	}
	first, last, _ := strings.Cut(strings.TrimSpace(name), " ")
	if first == "" || last == "" || email == "" {
		fmt.Fprintln(c.err, "parvis agent add : --name \"Prénom Nom\" et --email sont attendus")
		return usageStatus
	}
	base, err := cfg.URL()
	if err != nil {
		return c.fail(err)
	}
	return c.with(cfg, func(a *app.App) (int, error) {
		link, err := db.Write(c.ctx, a.DB, func(tx *db.Tx) (string, error) {
			held := account.Held{Role: account.Role(role), Service: town.ServiceID(actor.AllServices)}
			if service != "" {
				s, err := town.ServiceByCode(tx, service)
				if err != nil {
					return "", err
				}
				held.Service = s.ID
			}
			_, path, err := account.AddAgent(tx, a.Now(), actor.Job("agent add"), a.Key,
				account.NewAgent{FirstNames: first, LastName: last, Email: email, Roles: []account.Held{held}})
			return path, err
		})
		if err != nil {
			return 1, err
		}
		fmt.Fprintln(c.out, base.JoinPath(link))
		fmt.Fprintln(c.err, "Ce lien sert une fois, pendant 24 heures : remettez-le à son destinataire.")
		return 0, nil
	})
}

func roleNames() string {
	var names []string
	for _, r := range account.Roles() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

func makeKey(c call) int {
	cfg, _, status, ok := c.flags("key", nil)
	if !ok {
		return status
	}
	if cfg.KeyFile == "" {
		fmt.Fprintln(c.err, "parvis key : --key-file CHEMIN est attendu")
		return usageStatus
	}
	if _, err := crypt.CreateKey(cfg.KeyFile); err != nil {
		return c.fail(err)
	}
	fmt.Fprintln(c.out, "Clé écrite dans", cfg.KeyFile, "; gardez-en une copie à part des sauvegardes.")
	return 0
}

func migrate(c call) int {
	cfg, _, status, ok := c.flags("migrate", nil)
	if !ok {
		return status
	}
	return c.with(cfg, func(*app.App) (int, error) {
		fmt.Fprintln(c.out, "La base est à jour.")
		return 0, nil
	})
}

func (c call) listBatches(a *app.App) error {
	all, err := db.Read(c.ctx, a.DB, moving.Batches)
	for _, b := range all {
		fmt.Fprintf(c.out, "%s  %s  %d familles\n", b.ID, civil.Stamp(b.StartedAt.In(app.Zone())), b.Families)
	}
	return err
}
