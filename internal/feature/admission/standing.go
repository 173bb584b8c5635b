package admission

import (
	"slices"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/town"
)

// AskedField is one detail that an agent asks to correct.
type AskedField struct {
	Key   string
	Label string
	Hint  string
}

const otherField = "autre"

// correctionPath is the page of the wizard where the owner corrects what was asked.
const correctionPath = "/espace/demande-de-compte"

// AskedFields are the details that can be asked for, in the order of the form.
func AskedFields() []AskedField {
	return []AskedField{
		{"identite", "Nom et prénoms", "Nom d’usage, nom de naissance, prénoms"},
		{"naissance", "Date et lieu de naissance", ""},
		{"adresse", "Adresse", ""},
		{"telephone", "Téléphone", ""},
		{"courriel", "Adresse e-mail", ""},
		{otherField, "Autre chose", "Dites-le dans le message"},
	}
}

// knownFields keeps the keys that can be asked for, in their order.
func knownFields(keys []string) []string {
	var kept []string
	for _, f := range AskedFields() {
		if slices.Contains(keys, f.Key) {
			kept = append(kept, f.Key)
		}
	}
	return kept
}

// Standing is where a request stands, for its owner.
type Standing struct {
	State    account.State
	Promised time.Time    // while waiting
	Asked    []AskedField // in correction
	Message  string       // in correction, or why it was refused
}

// StandingOf reads where a request stands.
func StandingOf(r db.Reader, now time.Time, id account.ID) (Standing, error) {
	n, err := newcomerByAccount(r, id)
	if err != nil {
		return Standing{}, err
	}
	s := Standing{State: n.State}
	switch n.State {
	case account.Waiting:
		p, err := PromiseOf(r, now.Location())
		if err != nil {
			return s, err
		}
		s.Promised = p.Due(n.Since)
	case account.Correction, account.Refused:
		s.Message = n.Reason
		d, err := decisionByID(r, n.Decision)
		if err != nil {
			return s, err
		}
		for _, f := range AskedFields() {
			if slices.Contains(d.Fields, f.Key) {
				s.Asked = append(s.Asked, f)
			}
		}
	}
	return s, nil
}

func serviceIDs(values []string) []town.ServiceID {
	var ids []town.ServiceID
	for _, v := range values {
		if id := town.ServiceID(v); v != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
