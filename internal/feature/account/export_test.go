package account

import (
	"context"
	"time"

	"parvis/internal/base/civil"
)

// Hashes counts the costly calls of a gate under test, and replaces them by cheap ones.
type Hashes struct{ Made, Checked, Dummy int }

// Cheap gives a gate hashing that costs nothing: the hash of "x" is "cheap:x".
func (g Gate) Cheap(n *Hashes) Gate {
	g.hashing = &hashing{
		hash: func(_ context.Context, password string) (string, error) { n.Made++; return "cheap:" + password, nil },
		verify: func(_ context.Context, hash, password string) (bool, bool, error) {
			n.Checked++
			return hash == "cheap:"+password, false, nil
		},
		dummy: func(context.Context) error { n.Dummy++; return nil },
	}
	return g
}

// Tries makes failed tries at moments before now.
func Tries(now time.Time, ago ...time.Duration) (tries []try) {
	for _, d := range ago {
		tries = append(tries, try{at: civil.InstantOf(now.Add(-d)), failed: true})
	}
	return tries
}

// Checking makes n tries being checked.
func Checking(now time.Time, n int) (tries []try) {
	for range n {
		tries = append(tries, try{at: civil.InstantOf(now)})
	}
	return tries
}

// The rules under test.
var (
	NameWait = func(t []try, now time.Time) time.Duration { return nameWait(t, civil.InstantOf(now)) }

	AddressWait = func(t []try, now time.Time) time.Duration { return addressWait(t, civil.InstantOf(now)) }

	WaitSentence = waitSentence

	TokenSecret = tokenSecret
)
