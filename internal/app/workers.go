package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/captcha"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/family"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/reminder"
	"parvis/internal/feature/signup"
	"parvis/internal/feature/suspension"
	"parvis/internal/feature/town"
)

// Jobs of the house itself.
const (
	jobDropFile = "app.file.drop"
	jobPurge    = "app.purge"
	jobHead     = "app.audit.head"
)

// How long what only serves machines is kept.
const (
	keepMails = 90 * 24 * time.Hour
	keepJobs  = 30 * 24 * time.Hour
	keepAudit = 3 * 365 * 24 * time.Hour // contents; the chain of hashes stays
)

func (a *App) mails() []mail.Template {
	var all []mail.Template
	all = append(all, account.Mails(account.MailDeps{Key: a.Key, Now: a.Now, URL: a.address})...)
	all = append(all, admission.Mails(admission.MailDeps{Key: a.Key, Now: a.Now, URL: a.address})...)
	all = append(all, admission.QueueMails(admission.MailDeps{Key: a.Key, Now: a.Now, URL: a.address})...)
	all = append(all, admission.InviteMails(admission.MailDeps{Key: a.Key, Now: a.Now, URL: a.address})...)
	all = append(all, signup.Mails(signup.MailDeps{Key: a.Key, Now: a.Now, URL: a.address, Promise: promise})...)
	all = append(all, town.Mails()...)
	all = append(all, person.Mails(person.MailDeps{Key: a.Key, Now: a.Now, URL: a.address})...)
	all = append(all, messaging.Mails(messaging.MailDeps{Now: a.Now, URL: a.address})...)
	all = append(all, family.Mails(family.MailDeps{URL: a.address})...)
	all = append(all, custody.Mails(custody.MailDeps{URL: a.address, Now: a.Now})...)
	all = append(all, merging.Mails(merging.MailDeps{URL: a.address})...)
	all = append(all, booking.Mails(booking.MailDeps{Now: a.Now, URL: a.address, Catalogue: a.Activities})...)
	all = append(all, reminder.Mails(reminder.MailDeps{Key: a.Key, Now: a.Now, URL: a.address, Catalogue: a.Activities, Barred: absence.Barred(billing.Overdue)})...)
	all = append(all, suspension.Mails(suspension.MailDeps{Now: a.Now, URL: a.address, Catalogue: a.Activities})...)
	all = append(all, absence.Mails(absence.MailDeps{Now: a.Now, URL: a.address, Catalogue: a.Activities})...)
	return all
}

// subjectOf is what the messages page says of a mail that the town sent; mails about passwords are not listed.
func subjectOf(template string) string {
	switch template {
	case family.MailApproved:
		return "Un membre a été ajouté à votre famille"
	case family.MailRefused:
		return "Votre demande d’ajout à la famille n’est pas acceptée"
	case booking.MailConfirmed:
		return "Vos réservations ont changé"
	case booking.MailOffered:
		return "Une place vous est proposée"
	case booking.MailPromoted:
		return "Une place s’est libérée : c’est réservé"
	case booking.MailFollowed:
		return "Votre demande en attente a suivi l’enfant"
	case booking.MailLapsed:
		return "Fin de la liste d’attente"
	case reminder.MailDeadline:
		return "Rappel avant une date limite"
	case reminder.MailOpening:
		return "Ouverture de réservations"
	case suspension.MailClosed:
		return "Accueil suspendu : vos jours sont annulés"
	case suspension.MailReopened:
		return "Accueil rétabli : vos jours sont revenus"
	case absence.MailTold:
		return "Une absence est signalée"
	case absence.MailWithdrawn:
		return "Une absence signalée est retirée"
	case absence.MailEvening:
		return "Un écart avec la réservation"
	case absence.MailAnswered:
		return "Réponse sur une absence"
	}
	return ""
}

// sender is the town's mail server, or the demonstration's letter box; nil without a server: mails then wait in the
// outbox, untried.
func (a *App) sender() (mail.Sender, mail.Address, error) {
	if a.Demo {
		return mail.Capture{DB: a.DB, Now: a.Now}, mail.Address{Address: "espace@rivebelle.exemple"}, nil
	}
	if a.Config.SMTP == "" {
		return nil, mail.Address{}, nil
	}
	u, err := url.Parse(a.Config.SMTP)
	if err != nil {
		return nil, mail.Address{}, refuse(smtpWanted)
	}
	from := u.Query().Get("from")
	if !strings.Contains(from, "@") {
		return nil, mail.Address{}, refuse("--smtp : il manque ?from=adresse d’expédition.")
	}
	server, err := mail.NewSMTP(a.Config.SMTP)
	if err != nil { // it may hold the password: not told
		return nil, mail.Address{}, refuse(smtpWanted)
	}
	return server, mail.Address{Address: from}, nil
}

// noMail tells that mails only wait: no server is set, and this is no demonstration.
func (a *App) noMail() bool { return a.Config.SMTP == "" && !a.Demo }

const smtpWanted = "--smtp : une adresse smtp://hôte:port?from=adresse est attendue."

func (a *App) workers() error {
	sender, from, err := a.sender()
	if err != nil {
		return err
	}
	if sender != nil {
		a.mailer = a.postman(sender, from)
	}
	imports, err := a.importDesk()
	if err != nil {
		return err
	}
	gate := account.Gate{DB: a.DB, Key: a.Key, Now: a.Now, RealNow: time.Now}
	covers, nightly := activity.Jobs(a.DB, a.Now, booking.Placed(a.Now))
	places := booking.List{DB: a.DB, Now: a.Now, Catalogue: a.Activities}
	a.runner = &jobs.Runner{DB: a.DB, Now: a.Now, Log: a.Log,
		Handlers: append(slices.Concat(gate.Handlers(), a.activations().Handlers(), person.Keyer{DB: a.DB}.Handlers(), a.newcomersLeft().Handlers(), a.invites().Handlers(), imports.Handlers(), suspension.Jobs{DB: a.DB, Now: a.Now, Catalogue: a.Activities}.Handlers(), covers, places.Handlers(), a.evening().Handlers(), a.reminders().Handlers()), jobs.Handler{Kind: jobDropFile, Run: a.dropFile}, jobs.Handler{Kind: jobPurge, Run: a.purge},
			jobs.Handler{Kind: jobHead, Run: a.exportHead}),
		Dailies: append(slices.Concat(account.Schedule(), person.Schedule(), signup.Schedule(), admission.InviteSchedule(), imports.Schedule(), nightly, places.Schedule(), absence.Schedule(), reminder.Schedule()), jobs.Daily{Kind: jobPurge, Hour: 3}, jobs.Daily{Kind: jobHead, Hour: 2})}
	return nil
}

// evening tells families what did not go as booked.
func (a *App) evening() absence.Desk {
	return absence.Desk{DB: a.DB, Now: a.Now, Catalogue: a.Activities}
}

// reminders tells citizens of the moments that matter to their homes.
func (a *App) reminders() reminder.Desk {
	return reminder.Desk{DB: a.DB, Now: a.Now, Catalogue: a.Activities, Barred: absence.Barred(billing.Overdue)}
}

// newcomersLeft deletes the drafts and demands that nobody went on with.
func (a *App) newcomersLeft() signup.Sweep {
	return signup.Sweep{DB: a.DB, Now: a.Now, Drop: a.photos().Drop,
		Before: func(tx *db.Tx, id string) error { return admission.ForgetNewcomer(tx, account.ID(id)) }}
}

// postman sends what is in the outbox.
func (a *App) postman(sender mail.Sender, from mail.Address) *mail.Worker {
	return &mail.Worker{DB: a.DB, Sender: sender, Templates: a.mails(), Now: a.Now, From: from,
		BulkRate: a.Config.MailRate, Log: a.Log, Words: town.MailWords,
		Look: func(r db.Reader) (mail.Look, error) {
			s, err := town.ReadSettings(r)
			if err != nil {
				return mail.Look{}, err
			}
			colour, err := web.ParseColour(s.Colour)
			return mail.Look{Town: "Mairie de " + s.Name, Colour: web.MakeTheme(colour).Link.String(),
				Footer: []string{s.SpaceName(), s.Help().Phone}}, err
		}}
}

func (a *App) dropFile(_ context.Context, args map[string]string) error {
	return a.Files.Delete(args["file"])
}

// exportHead writes the audit chain's head, signed, outside the database: a line of a file and of the log, so that
// a tail cut off by whoever owns the database shows.
func (a *App) exportHead(ctx context.Context, _ map[string]string) error {
	head, err := audit.ExportHead(ctx, a.DB, a.Key, a.Now())
	if err != nil {
		return err
	}
	a.Log.Info("audit head", "head", head.String())
	f, err := os.OpenFile(a.headsFile(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(head.String() + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

func (a *App) headsFile() string { return filepath.Join(a.Config.Data, "journal-scelles.txt") }

// VerifyAudit checks the chain against every head exported so far.
func (a *App) VerifyAudit(ctx context.Context) (audit.Report, error) {
	heads, err := a.exportedHeads()
	if err != nil {
		return audit.Report{}, err
	}
	return audit.Verify(ctx, a.DB, heads...)
}

// exportedHeads reads the heads kept beside the database. The error tells of a line that the key did not sign; the
// heads are the others.
func (a *App) exportedHeads() (heads []audit.Head, unsigned error) {
	raw, err := os.ReadFile(a.headsFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for line := range strings.Lines(string(raw)) {
		head, err := audit.ParseHead(a.Key, strings.TrimSpace(line))
		if err != nil {
			unsigned = refuse("%s : une ligne n’a pas été signée par la clé de cette installation, ou a été modifiée.", a.headsFile())
			continue
		}
		heads = append(heads, head)
	}
	return heads, unsigned
}

// purge deletes what has served: idempotency keys, sent mails, done jobs, old audit contents, and files that no row
// refers to.
func (a *App) purge(ctx context.Context, _ map[string]string) error {
	now := a.Now()
	err := db.Do(ctx, a.DB, func(tx *db.Tx) error {
		if _, err := web.PurgeKeys(tx, now); err != nil {
			return fmt.Errorf("purge keys: %w", err)
		}
		if _, err := captcha.Purge(tx, now); err != nil {
			return fmt.Errorf("purge security checks: %w", err)
		}
		if _, err := messaging.PurgeContacts(tx, now); err != nil {
			return fmt.Errorf("purge contact messages: %w", err)
		}
		if _, err := merging.Purge(tx, now); err != nil {
			return fmt.Errorf("purge merges: %w", err)
		}
		if _, err := mail.Purge(tx, now.Add(-keepMails)); err != nil {
			return fmt.Errorf("purge mails: %w", err)
		}
		if _, err := jobs.Purge(tx, now.Add(-keepJobs)); err != nil {
			return fmt.Errorf("purge jobs: %w", err)
		}
		if _, err := audit.Purge(tx, now, actor.Job("purge"), now.Add(-keepAudit)); err != nil {
			return fmt.Errorf("purge audit: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	used, err := db.Read(ctx, a.DB, photosInUse)
	if err != nil {
		return err
	}
	_, err = a.Files.Sweep(time.Now(), used)
	return err
}
