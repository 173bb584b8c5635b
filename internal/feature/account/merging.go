package account

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// PairOf reads the citizens' accounts of two people, those that are not closed; the zero Account where there is none.
func PairOf(r db.Reader, keep, gone person.ID) (a, b Account, err error) {
	all, err := OfPeople(r, keep, gone)
	return all[keep], all[gone], err
}

// Proposed is which of two accounts of one human should stay: the one in use, then the one last signed in to, then a's.
func Proposed(a, b Account) ID {
	switch {
	case b.ID == "":
		return a.ID
	case a.ID == "":
		return b.ID
	case (a.State == Active) != (b.State == Active):
		if b.State == Active {
			return b.ID
		}
	case b.SignedInAt > a.SignedInAt:
		return b.ID
	}
	return a.ID
}

// MergePart is what this package has of two people: their accounts, of which one stays open.
func MergePart() person.Part {
	return person.Part{
		Words:  map[string]string{"account": "un espace personnel"},
		Refuse: refuseMerge,
		Move:   moveAccounts,
	}
}

func refuseMerge(r db.Reader, _ time.Time, u person.Union) ([]string, error) {
	if u.Of != person.OneHuman {
		return nil, nil
	}
	agents, err := db.One(r, "count", db.Column[int64], `select count(*) from account where person in ($1, $2) and audience = 'agent'`, u.Keep, u.Gone)
	if err != nil {
		return nil, err
	}
	a, b, err := PairOf(r, person.ID(u.Keep), person.ID(u.Gone))
	if err != nil {
		return nil, err
	}
	var why []string
	if agents > 0 {
		why = append(why, "L’une de ces fiches est celle d’un agent de la mairie : elle ne se réunit à aucune autre.")
	}
	for _, acc := range []Account{a, b} {
		switch acc.State {
		case Unconfirmed:
			why = append(why, "L’une de ces personnes n’a pas encore confirmé son adresse e-mail : attendez qu’elle le fasse.")
		case Waiting, Correction:
			why = append(why, "L’une de ces personnes attend dans la file d’activation : répondez d’abord à sa demande.")
		}
	}
	if a.ID != "" && b.ID != "" && (a.State == Suspended || b.State == Suspended) {
		why = append(why, "L’un des deux espaces est désactivé : réactivez-le d’abord, pour choisir lequel reste.")
	}
	if u.Account != "" && u.Account != string(a.ID) && u.Account != string(b.ID) {
		why = append(why, "Les espaces de ces personnes ont changé : reprenez la comparaison.")
	}
	return why, nil
}

// moveAccounts closes the account that does not stay and gives all to the one who stays. The closed one's devices are
// signed out for good.
func moveAccounts(l *revert.Log, now time.Time, u person.Union) (person.Moved, error) {
	var did person.Moved
	if u.Of != person.OneHuman {
		return did, nil
	}
	a, b, err := PairOf(l.Tx(), person.ID(u.Keep), person.ID(u.Gone))
	if err != nil {
		return did, err
	}
	if a.ID != "" && b.ID != "" {
		stays := ID(u.Account)
		if stays == "" {
			stays = Proposed(a, b)
		}
		closed, open := a, b
		if stays == a.ID {
			closed, open = b, a
		}
		if _, err := lock(l.Tx(), closed.ID); err != nil {
			return did, err
		}
		if err := l.Set("account", revert.Row{"id": closed.ID}, revert.Row{"state": Closed, "updated_at": civil.InstantOf(now)}); err != nil {
			return did, err
		}
		if _, err := endSessions(l.Tx(), closed.ID, ""); err != nil {
			return did, fmt.Errorf("sign out: %w", err)
		}
		did.Settled = append(did.Settled, "Deux espaces pour une personne : « "+open.Username+" » reste, « "+closed.Username+" » est fermé.")
	}
	_, err = l.Move("account", []string{"id"}, "person", u.Gone, u.Keep)
	return did, err
}
