package account

import (
	"context"
	"fmt"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
)

// outsideSignOut is the provider's own sign-out of the session in hand, "" when no provider opened it.
func (p Pages) outsideSignOut(ctx context.Context, a actor.Actor) (s side, at string, err error) {
	if p.OpenID.FranceConnect == nil && p.OpenID.ProConnect == nil {
		return s, "", nil
	}
	kept, err := db.Read(ctx, p.DB, func(r db.Reader) (outsideSession, error) { return outsideOf(r, a.Session) })
	if err != nil || kept.provider == "" {
		return s, "", err
	}
	s = p.side(kept.provider)
	if s.client == nil || a.Account == "" { // a half session of a citizen is nobody's yet: it ends here, and theirs in time
		return s, "", nil
	}
	token, err := p.Key.Open(idTokenPurpose(ID(a.Account)), kept.sealed)
	if err != nil {
		return s, "", fmt.Errorf("open id_token: %w", err)
	}
	return s, s.client.LogoutAt(string(token)), nil
}

// outsideLine is a provider on the page of identifiers.
type outsideLine struct {
	label, href string
	linked      bool
}

// outsideLines are the providers that may be linked to an account; no statement when none is configured.
func (p Pages) outsideLines(r db.Reader, acc Account) ([]outsideLine, error) {
	var lines []outsideLine
	for _, o := range []Outside{FranceConnect, ProConnect} {
		s := p.side(o)
		if s.client == nil || o.audience() != acc.Audience {
			continue
		}
		at, err := linkedAt(r, acc.ID, o)
		if err != nil {
			return nil, err
		}
		lines = append(lines, outsideLine{label: o.Label(), href: s.link, linked: at != 0})
	}
	return lines, nil
}
