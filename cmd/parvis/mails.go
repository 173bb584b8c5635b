package main

import (
	"flag"
	"fmt"

	"parvis/internal/app"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
)

// mails counts what is to be sent, and settles what a restore kept back.
func mails(c call) int {
	var send, drop bool
	cfg, status, ok := c.flags(func(fs *flag.FlagSet, _ *app.Config) {
		fs.BoolVar(&send, "send-held", false, "laisser partir ce que le rétablissement d’une sauvegarde retient")
		fs.BoolVar(&drop, "drop-held", false, "l’abandonner : ces courriels étaient déjà partis")
	})
	if !ok {
		return status
	}
	if send && drop {
		return c.misused("--send-held et --drop-held s’excluent.")
	}
	if status, ok := c.mustHaveBase(cfg); !ok {
		return status
	}
	return c.withDatabase(cfg, func(d *db.DB) (int, error) {
		settle, done := app.SendHeld, "partiront"
		if drop {
			settle, done = app.DropHeld, "sont abandonnés"
		}
		if send || drop {
			held, err := db.Write(c.ctx, d, settle)
			if err != nil {
				return 1, err
			}
			fmt.Fprintf(c.out, "%d courriels et %d tâches qui étaient retenus %s.\n", held.Mails, held.Jobs, done)
		}
		return 0, c.countMails(d)
	})
}

func (c call) countMails(d *db.DB) error {
	held, err := db.Read(c.ctx, d, app.HeldBack)
	if err != nil {
		return err
	}
	counts, err := db.Read(c.ctx, d, mail.Count)
	if err != nil {
		return err
	}
	waiting := counts[mail.Queued] + counts[mail.Deferred] + counts[mail.Sending] - held.Mails
	fmt.Fprintf(c.out, "À envoyer : %d courriels. Retenus depuis un rétablissement : %d courriels, %d tâches. Envoyés : %d. Refusés : %d.\n",
		waiting, held.Mails, held.Jobs, counts[mail.Sent], counts[mail.Bounced])
	return nil
}
