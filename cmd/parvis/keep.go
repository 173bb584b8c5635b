package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/account"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/town"
)

func campaign(c call) int {
	var all bool
	cfg, status, ok := c.flags(func(fs *flag.FlagSet, _ *app.Config) {
		fs.BoolVar(&all, "all", false, "écrire aussi à ceux qui ont déjà reçu un courriel")
	})
	if !ok {
		return status
	}
	if status, ok := c.mustHaveBase(cfg); !ok {
		return status
	}
	choice := admission.Never
	if all {
		choice = admission.All
	}
	return c.with(cfg, false, func(a *app.App) (int, error) {
		n, err := a.StartCampaign(c.ctx, choice)
		if err != nil {
			return 1, err
		}
		fmt.Fprintf(c.out, "%d comptes recevront leur courriel d’activation, %d par minute, tant que « parvis serve » tourne.\n", n, cfg.MailRate)
		return 0, nil
	})
}

func addAgent(c call) int {
	var name, email, role, service string
	cfg, status, ok := c.flags(func(fs *flag.FlagSet, _ *app.Config) {
		fs.StringVar(&name, "name", "", "`\"PRÉNOM NOM\"` de l’agent")
		fs.StringVar(&email, "email", "", "son `ADRESSE` de courriel")
		fs.StringVar(&role, "role", string(account.Administrateur), "son `RÔLE` : "+roleNames())
		fs.StringVar(&service, "service", "", "`CODE` de son service ; sans code, tous")
	})
	if !ok {
		return status
	}
	first, last, _ := strings.Cut(strings.TrimSpace(name), " ")
	switch {
	case first == "" || last == "" || email == "":
		return c.misused("--name \"Prénom Nom\" et --email ADRESSE sont attendus.")
	case !slices.Contains(account.Roles(), account.Role(role)):
		return c.misused("« %s » n’est pas un rôle : %s.", role, roleNames())
	}
	base, err := cfg.URL()
	if err != nil {
		return c.misused("%s", inWords(err))
	}
	if _, err := os.Stat(cfg.Data); errors.Is(err, fs.ErrNotExist) {
		return c.fail(say("Le dossier des données « %s » n’existe pas : vérifiez --data, ou faites une base avec « parvis migrate ».", cfg.Data))
	}
	return c.with(cfg, false, func(a *app.App) (int, error) {
		link, err := db.Write(c.ctx, a.DB, func(tx *db.Tx) (string, error) {
			held := account.Held{Role: account.Role(role), Service: town.ServiceID(actor.AllServices)}
			if service != "" {
				s, err := town.ServiceByCode(tx, service)
				if fault.KindOf(err) == fault.NotFound {
					return "", say("Aucun service n’a le code « %s ». L’agent n’a pas été créé.", service)
				}
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
	cfg, status, ok := c.flags(nil)
	if !ok {
		return status
	}
	if cfg.KeyFile == "" {
		return c.misused("--key-file CHEMIN est attendu.")
	}
	if _, err := crypt.CreateKey(cfg.KeyFile); errors.Is(err, fs.ErrExist) {
		return c.fail(say("« %s » existe déjà. Une clé n’est jamais remplacée : ce qu’elle a scellé serait perdu. Rien n’a été touché.", cfg.KeyFile))
	} else if err != nil {
		return c.fail(err)
	}
	fmt.Fprintf(c.out, "Clé écrite dans %s. Gardez-en une copie à part des sauvegardes.\n", cfg.KeyFile)
	return 0
}

func migrate(c call) int {
	cfg, status, ok := c.flags(nil)
	if !ok {
		return status
	}
	return c.with(cfg, false, func(*app.App) (int, error) {
		fmt.Fprintln(c.out, "La base est à jour.")
		return 0, nil
	})
}
