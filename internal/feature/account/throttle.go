package account

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
)

// Limits on wrong passwords. A name that does not exist is counted like one that does.
const (
	freeTries      = 5                // wrong tries of a name before it must wait
	triesPerHour   = 10               // wrong tries of a name in an hour
	waitAfterFree  = time.Minute      // between tries once the free ones are spent
	addressPerHour = 100              // failures of a network address in an hour: phones share addresses
	checking       = time.Minute      // a try under way longer than this has died with its process
	window         = time.Hour        // what the counts look back on
	addressAtOnce  = 50               // tries of one address being checked at the same moment
	linksPerHour   = 3                // forgotten-password mails of one account in an hour
	asksPerHour    = 30               // forgotten-password forms of one address in an hour
	resetFor       = 30 * time.Minute // how long a forgotten-password link lives
	invitationFor  = 24 * time.Hour   // how long an agent's first link lives
)

// try is one attempt to sign in: failed, or still being checked.
type try struct {
	at     civil.Instant
	failed bool
}

// nameWait tells how long a name must wait before its next try. Tries being checked count as failed, so that
// many at once gain nothing.
func nameWait(tries []try, now civil.Instant) time.Duration {
	recent := within(tries, now, window)
	n := len(recent)
	switch {
	case n < freeTries:
		return 0
	case n >= triesPerHour:
		return remaining(recent[n-triesPerHour].at.Add(window), now)
	}
	return remaining(recent[n-1].at.Add(waitAfterFree), now)
}

// addressWait tells how long a network address must wait. Only failures count against it; tries being checked
// only bound how many are, so that the count cannot be overrun.
func addressWait(tries []try, now civil.Instant) time.Duration {
	var failed, checked []try
	for _, t := range within(tries, now, window) {
		if t.failed {
			failed = append(failed, t)
		} else if t.at.Add(checking) > now {
			checked = append(checked, t)
		}
	}
	n := len(failed)
	switch {
	case n >= addressPerHour:
		return remaining(failed[n-addressPerHour].at.Add(window), now)
	case len(checked) >= addressAtOnce || n+len(checked) >= addressPerHour:
		return time.Minute
	}
	return 0
}

// within keeps the tries of the last span, oldest first as given.
func within(tries []try, now civil.Instant, span time.Duration) []try {
	for i, t := range tries {
		if t.at.Add(span) > now {
			return tries[i:]
		}
	}
	return nil
}

func remaining(until, now civil.Instant) time.Duration {
	if until <= now {
		return 0
	}
	return time.Duration(until-now) * time.Microsecond
}

// waitSentence says when to try again, rounded up to the minute.
func waitSentence(wait time.Duration) string {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	if minutes <= 1 {
		return "Réessayez dans 1 minute, ou recevez un lien par courriel."
	}
	return fmt.Sprintf("Réessayez dans %d minutes, ou recevez un lien par courriel.", minutes)
}

// keys are what one try is counted under: the name as typed, the account behind it if there is one, and the
// network address. They are keyed hashes: a password typed in the wrong field is not kept.
type keys struct{ name, account, address string }

func tryKeys(key *crypt.Key, audience Audience, folded string, found ID, address string) keys {
	hash := func(parts ...string) string { return fmt.Sprintf("%x", key.HMAC("sign-in-try", parts...)[:16]) }
	behind := hash("account", string(found))
	if found == "" {
		behind = hash("nobody", string(audience), folded)
	}
	return keys{name: hash("name", string(audience), folded), account: behind, address: hash("address", address)}
}

// verdict tells what may be done with a try.
type verdict struct {
	id   string        // of the try, to be settled
	wait time.Duration // > 0: refused, say so
	// mute: the account behind has had its tries of the hour under its other names. The try is answered as a
	// wrong password whatever was typed: a wait shown here would tell that both names are one account's.
	mute bool
}

// reserve counts a try before its password is hashed, or says to wait. The statements are the same whether the
// name exists or not.
func reserve(tx *db.Tx, now time.Time, k keys) (verdict, error) {
	at := civil.InstantOf(now)
	if err := lockKeys(tx, at, k); err != nil {
		return verdict{}, err
	}
	tries, err := triesSince(tx, at.Add(-window), k)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{id: db.NewID()}
	v.wait = max(nameWait(tries[k.name], at), addressWait(tries[k.address], at))
	v.mute = len(within(tries[k.account], at, window)) >= triesPerHour
	if v.wait > 0 {
		return v, nil
	}
	return v, insertTries(tx, v.id, at, k)
}
