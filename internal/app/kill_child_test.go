package app_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/signup"
	"parvis/internal/feature/town"
)

// walk are the steps of one newcomer, each one transaction.
var walk = []string{"sent", "confirmed", "linked", "undone", "let-in"}

// letInForEver is the process that is killed: the whole portal with its workers, and newcomers who are let in. It
// prints the name of a newcomer and the step once the step is acknowledged.
func letInForEver() error {
	var ahead int
	if _, err := fmt.Sscan(os.Getenv(killClock), &ahead); err != nil {
		return err
	}
	zone := app.Zone()
	cfg := app.Config{Data: os.Getenv(killData), Database: os.Getenv(killBase), KeyFile: os.Getenv(killKey), Listen: "127.0.0.1:0",
		BaseURL: "http://portail.test", SMTP: os.Getenv(killSMTP), MailRate: 6000}
	a, err := app.Open(context.Background(), cfg, app.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Clock: func() time.Time { return time.Now().In(zone).Add(time.Duration(ahead) * time.Minute) }})
	if err != nil {
		return err
	}
	c := &child{App: a, sessions: bufio.NewReader(os.Stdin)}
	ctx, stop := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { a.Run(ctx) })
	defer func() {
		stop()
		working.Wait()
		_ = a.Close()
	}()
	switch {
	case os.Getenv(killIdle) != "":
		return c.untilSent()
	case os.Getenv(killOne) != "":
		c.waits = true
		return c.letIn()
	}
	_, _ = os.Stdout.WriteString("ready\n")
	failed := make(chan error)
	for range 3 {
		go func() {
			for {
				if err := c.letIn(); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

type child struct {
	*app.App
	waits    bool // for a line of the parent after each step
	sessions *bufio.Reader
}

// acknowledge tells the parent.
func (c *child) acknowledge(name string, step int) error {
	_, err := os.Stdout.WriteString(name + " " + walk[step] + "\n") // one write, so never a mixed line
	if err == nil && c.waits {
		_, err = c.sessions.ReadString('\n')
	}
	return err
}

// letIn takes one newcomer through the wizard and the queue.
func (c *child) letIn() error {
	ctx := context.Background()
	name := "arrivee-" + letters26(db.NewID())
	acc, known, draft, agent, err := c.before(ctx, name)
	if err != nil {
		return err
	}
	var demand signup.Demand
	var link admission.DecisionID
	services, err := db.Read(ctx, c.DB, town.Services)
	if err != nil {
		return err
	}
	for step, verb := range []func(tx *db.Tx) error{
		func(tx *db.Tx) (err error) {
			demand, err = signup.Send(tx, c.Now(), c.Key, nil, signup.Order{Draft: draft, Hash: "x", Terms: "1", Privacy: "1", Received: name, Browser: "b"})
			acc = demand.Account
			return err
		},
		func(tx *db.Tx) error {
			secret, err := c.confirmLink(tx, demand.ID)
			if err != nil {
				return err
			}
			_, err = signup.Confirm(tx, c.Now(), secret, "")
			return err
		},
		func(tx *db.Tx) (err error) {
			link, err = admission.Link(tx, c.Now(), agent, acc, known, nil)
			return err
		},
		func(tx *db.Tx) error { return admission.Undo(tx, c.Now(), agent, link, "Une homonyme") },
		func(tx *db.Tx) error {
			_, err := admission.OpenFamily(tx, c.Now(), agent, acc, []town.ServiceID{services[0].ID})
			return err
		},
	} {
		if err := db.Do(ctx, c.DB, verb); err != nil {
			return fmt.Errorf("%s, %s: %w", name, walk[step], err)
		}
		if err := c.acknowledge(name, step); err != nil {
			return err
		}
	}
	return nil
}

// before makes what a newcomer finds: a family in which the import knew them, and a draft complete.
func (c *child) before(ctx context.Context, name string) (acc account.ID, known person.ID, draft signup.Draft, agent actor.Actor, err error) {
	job, now := actor.Job("test"), c.Now()
	who := person.Person{LastName: strings.TrimPrefix(name, "arrivee-"), FirstNames: "Alix", BirthDay: civil.NewDate(1984, 5, 6), Email: name + "@ancien.exemple"}
	err = db.Do(ctx, c.DB, func(tx *db.Tx) (err error) {
		services, err := town.Services(tx)
		if err != nil {
			return err
		}
		home, err := family.Insert(tx, now, job, "", services[0].ID)
		if err != nil {
			return err
		}
		if known, err = person.Insert(tx, now, job, who); err != nil {
			return err
		}
		if _, err = family.AddMember(tx, now, job, family.NewMember{Family: home, Person: known, Role: family.Holder}); err != nil {
			return err
		}
		draft, _, err = signup.SaveDraft(tx, now, c.Key, signup.Ticket{Browser: "b", Address: "a"}, "", func(d *signup.Draft) {
			d.Fields = map[string]string{"nom": who.LastName, "prenoms": who.FirstNames, "naissance": "06/05/1984", "courriel": name + "@exemple.fr", "identifiant": name}
		})
		if err != nil {
			return err
		}
		id, err := db.One(tx, "agent", db.Column[string], `select id from account where username_folded = 'nadia'`)
		agent = actor.Actor{Kind: actor.Agent, Second: true, Account: id, Rights: map[actor.Right][]string{
			admission.DecideRight: {actor.AllServices}, family.FileWrite: {actor.AllServices}}}
		return err
	})
	return acc, known, draft, agent, err
}

// confirmLink is the secret of the link that the confirmation mail carries.
func (c *child) confirmLink(r db.Reader, id signup.ID) (string, error) {
	deps := signup.MailDeps{Key: c.Key, Now: c.Now, URL: func(path string) string { return "http://portail.test" + path }}
	for _, m := range signup.Mails(deps) {
		if m.Name != signup.MailConfirm {
			continue
		}
		body, err := m.Render(context.Background(), r, map[string]string{"signup": string(id)})
		if err != nil {
			return "", err
		}
		for _, word := range strings.Fields(fmt.Sprintf("%+v", body)) {
			if _, secret, ok := strings.Cut(word, "/creer-mon-espace/confirmer/"); ok {
				return strings.Trim(secret, "}]) "), nil
			}
		}
	}
	return "", errors.New("no link in the confirmation mail")
}

// untilSent waits until the outbox is empty.
func (c *child) untilSent() error {
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		n, err := db.Read(context.Background(), c.DB, func(r db.Reader) (int64, error) {
			return db.One(r, "count", db.Column[int64], `select count(*) from mail_outbox where state in ('queued', 'sending', 'deferred')`)
		})
		if err != nil || n == 0 {
			return err
		}
	}
	return io.ErrNoProgress
}

// letters26 spells an id with letters alone: names hold no digits.
func letters26(id string) string {
	raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil {
		return id
	}
	var b strings.Builder
	for _, x := range raw {
		b.WriteByte('a' + x>>4)
		b.WriteByte('a' + x&15)
	}
	return b.String()
}

// standing is everything that stands of one newcomer, without ids and moments: what each verb writes.
func standing(t *testing.T, a *app.App, name string) string {
	t.Helper()
	const one = ` from account c where c.email = $1`
	var all []string
	for _, query := range []string{
		`select 'account ' || c.state || case when c.email_confirmed_at is null then '' else ' confirmed' end || case when c.username = '' then '' else ' named' end` + one,
		`select 'person ' || case when exists (select 1 from decision d where d.account = c.id and d.known = c.person) then 'known' else 'own' end` + one,
		`select 'demand' || case when s.confirmed_at is null then '' else ' confirmed' end || case when s.snapshot is null then ' closed' else '' end from signup s join account c on c.id = s.account where c.email = $1`,
		`select 'accepted ' || s.document from signup_consent s join account c on c.id = s.account where c.email = $1 order by s.document`,
		`select 'waits' || case when n.decision is null then '' else ' decided' end || case when n.activated_at is null then '' else ' activated' end from newcomer n join account c on c.id = n.account where c.email = $1`,
		`select 'decision ' || d.kind || case when d.undone_at is null then '' else ' undone' end from decision d join account c on c.id = d.account where c.email = $1 order by d.made_at, d.id`,
		`select 'member ' || m.role from family_member m join account c on c.person = m.person where c.email = $1 order by m.role`,
		`select 'line ' || e.action || ' ' || count(*) from audit_event e join account c on e.object_id = c.id where c.email = $1 group by e.action order by e.action`,
		`select 'mail ' || template || ' ' || count(*) from mail_outbox where to_address = $1 group by template order by template`,
	} {
		all = append(all, column(t, a, query, name+"@exemple.fr")...)
	}
	all = append(all, column(t, a, `select 'mail to the family ' || template || ' ' || count(*) from mail_outbox where to_address = $1 group by template order by template`, name+"@ancien.exemple")...)
	return strings.Join(all, "\n")
}
