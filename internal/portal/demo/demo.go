// Package demo makes the fictional town of the demonstration, seeded, through the features' own verbs, and shows
// the mails that a demonstration captures instead of sending. It owns no table; a real install never imports it
// into its pages: /demo/… is unknown to `parvis serve`.
package demo

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// SignIn is one way into the demonstration.
type SignIn struct {
	Role     string
	Username string
	Password string
	Secret   string // of the second factor, base32; agents only
}

// Print writes one line a sign-in, tab-separated: role, identifiant, mot de passe, secret.
func Print(w io.Writer, all []SignIn) {
	for _, s := range all {
		line := s.Role + "\t" + s.Username + "\t" + s.Password
		if s.Secret != "" {
			line += "\t" + s.Secret
		}
		fmt.Fprintln(w, line)
	}
}

// Size is how many families the demonstration has.
const Size = 60

const (
	citizenPassword = "Rivebelle2026"
	agentPassword   = "Mairie-Rivebelle-2026"
)

type agentOf struct {
	role        account.Role
	label       string
	first, last string
}

var agents = []agentOf{
	{account.Accueil, "agent accueil", "Nadia", "Belkacem"},
	{account.Instruction, "agent instruction", "Hervé", "Lagarde"},
	{account.Regie, "agent régie", "Odile", "Périer"},
	{account.Animation, "agent animation", "Karim", "Tahar"},
	{account.Communication, "agent communication", "Lucie", "Morand"},
	{account.Administrateur, "administrateur", "Claire", "Fontenay"},
}

// Deps is what filling needs.
type Deps struct {
	DB  *db.DB
	Key *crypt.Key
	Now time.Time // in the town's zone
}

// Fill makes the town in an empty database, with SignIns. The same day gives the same town.
func Fill(ctx context.Context, d Deps) error {
	hashes, err := hash(ctx, citizenPassword, agentPassword)
	if err != nil {
		return err
	}
	a := actor.Job("demo")
	p, err := db.Write(ctx, d.DB, func(tx *db.Tx) (place, error) {
		p, err := build(tx, d.Now, a)
		if err != nil {
			return p, err
		}
		return p, publishNews(tx, d.Now, a)
	})
	if err != nil {
		return fmt.Errorf("make the demo town: %w", err)
	}
	homes, err := p.populate(ctx, d, a)
	if err != nil {
		return err
	}
	if err := openDays(ctx, d); err != nil {
		return err
	}
	sendings, err := prepare(ctx, d)
	if err != nil {
		return err
	}
	err = db.Do(ctx, d.DB, func(tx *db.Tx) error {
		if err := citizens(tx, d, a, homes, hashes[0]); err != nil {
			return err
		}
		if err := newcomers(tx, d, a, homes, hashes[0]); err != nil {
			return err
		}
		if err := invited(tx, d, a, homes, sendings); err != nil {
			return err
		}
		if err := p.waiting(tx, d, a, homes, hashes[0]); err != nil {
			return err
		}
		if err := twoHomes(tx, d, a, homes, hashes[0]); err != nil {
			return err
		}
		if err := p.absences(tx, d.Now, a, homes[0]); err != nil {
			return err
		}
		return staff(tx, d, a, hashes[1])
	})
	if err != nil {
		return fmt.Errorf("make the demo's sign-ins: %w", err)
	}
	return nil
}

// SignIns are the ways into the demonstration.
func SignIns() []SignIn {
	all := []SignIn{
		{Role: "titulaire", Username: "camille.martin", Password: citizenPassword},
		{Role: "co-représentant", Username: "olivier.martin", Password: citizenPassword},
		{Role: "second foyer", Username: "gael.gauthier", Password: citizenPassword},
		{Role: "en attente", Username: "aminata.nouvelle", Password: citizenPassword},
	}
	for _, one := range agents {
		all = append(all, SignIn{Role: one.label, Username: one.username(), Password: agentPassword, Secret: plain32.EncodeToString(one.secret())})
	}
	return all
}

var plain32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// secret is the second factor, the same in every demonstration.
func (a agentOf) secret() []byte {
	sum := sha256.Sum256([]byte("parvis demo " + string(a.role)))
	return sum[:20]
}

func (a agentOf) username() string {
	if a.role == account.Administrateur {
		return "administrateur"
	}
	return "agent." + string(a.role)
}

// populate writes the families, one transaction each.
func (p place) populate(ctx context.Context, d Deps, a actor.Actor) ([]settled, error) {
	all := households(7, Size, civil.DateOf(d.Now))
	homes := make([]settled, len(all))
	for i, h := range all {
		var err error
		homes[i], err = db.Write(ctx, d.DB, func(tx *db.Tx) (settled, error) { return p.settle(tx, d.Now, a, i, h) })
		if err != nil {
			return nil, fmt.Errorf("make demo family %d: %w", i, err)
		}
	}
	return homes, db.Do(ctx, d.DB, func(tx *db.Tx) error {
		for i, h := range all {
			if h.SecondHome == 0 {
				continue
			}
			if err := share(tx, d.Now, a, homes[i].children[0], homes[h.SecondHome].family); err != nil {
				return err
			}
		}
		return nil
	})
}

// citizens opens the demo's family accounts: the two parents of the first family, and a newcomer who waits. The
// others stay as the import left them, so that the activation pages have work.
func citizens(tx *db.Tx, d Deps, a actor.Actor, homes []settled, hash string) error {
	martins := homes[0]
	for i, id := range martins.accounts[:2] {
		if err := claim(tx, d.Now, a, id, martins.adults[i], hash); err != nil {
			return err
		}
	}
	newcomer, err := person.Insert(tx, d.Now, a, person.Person{Civility: person.Madame, LastName: "Nouvelle", FirstNames: "Aminata",
		BirthDay: civil.NewDate(1991, 6, 2), Email: "aminata.nouvelle@exemple.fr",
		Address: person.Address{Number: "3", Street: "place du Marché", PostCode: "78999", City: "Rivebelle-sur-Seine"}})
	if err != nil {
		return err
	}
	waiting, err := account.Insert(tx, d.Now, a, account.Account{Person: newcomer, Audience: account.Citizen, Username: "aminata.nouvelle",
		Email: "aminata.nouvelle@exemple.fr", EmailConfirmedAt: civil.InstantOf(d.Now), State: account.Waiting}, hash)
	if err != nil {
		return err
	}
	return seenBefore(tx, d.Now, a, waiting)
}

// claim does what an owner does at the first sign-in.
func claim(tx *db.Tx, now time.Time, a actor.Actor, id account.ID, who person.ID, hash string) error {
	provisional := account.Provisional{Hash: hash, Until: civil.InstantOf(now).Add(time.Hour)}
	if err := account.SetProvisional(tx, now, a, id, provisional); err != nil {
		return err
	}
	owner := actor.Actor{Kind: actor.Citizen, State: actor.MustPass, Account: string(id), Person: string(who)}
	if err := account.Claim(tx, now, owner, hash, civil.Date{}); err != nil {
		return err
	}
	return seenBefore(tx, now, a, id)
}

// seenBefore notes two earlier sign-ins: the last one, and the one that the dashboard tells of before anybody signs in.
func seenBefore(tx *db.Tx, now time.Time, a actor.Actor, id account.ID) error {
	if err := account.SignedInAs(tx, now.AddDate(0, 0, -5), a, id); err != nil {
		return err
	}
	return account.SignedInAs(tx, now.Add(-sinceLast), a, id)
}

// sinceLast is how long ago the demo's people say they were here: « Dernière connexion le … » has something to tell.
const sinceLast = 37 * time.Hour

// staff makes one agent of each role, with known second factors so that the demonstration can be entered.
func staff(tx *db.Tx, d Deps, a actor.Actor, hash string) error {
	for _, one := range agents {
		who, err := person.Insert(tx, d.Now, a, person.Person{LastName: one.last, FirstNames: one.first})
		if err != nil {
			return err
		}
		id, err := account.Insert(tx, d.Now, a, account.Account{Person: who, Audience: account.Agent, Username: one.username(),
			Email: one.username() + "@rivebelle.exemple", EmailConfirmedAt: civil.InstantOf(d.Now), State: account.Active}, hash)
		if err != nil {
			return err
		}
		if err := seenBefore(tx, d.Now, a, id); err != nil {
			return err
		}
		if err := account.SetRolesAs(tx, a, id, account.Held{Role: one.role, Service: town.ServiceID(actor.AllServices)}); err != nil {
			return err
		}
		if err := account.SetSecondAs(tx, d.Now, a, d.Key, id, one.secret()); err != nil {
			return err
		}
	}
	return nil
}

// hash hashes passwords side by side: it is what takes time in making the town.
func hash(ctx context.Context, passwords ...string) ([]string, error) {
	hashes := make([]string, len(passwords))
	for i, p := range passwords {
		h, err := crypt.HashPassword(ctx, p)
		if err != nil {
			return nil, err
		}
		hashes[i] = h
	}
	return hashes, nil
}
