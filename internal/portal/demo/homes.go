package demo

import (
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/custody"
)

// secondHome is the household, by its rank, that shares the first family's eldest child.
const secondHome = 4

// twoHomes shares the days of the first family's eldest child, in even and odd weeks, with a second home that has its own
// sign-in; a day of the first home is offered to the second, which has yet to answer.
func twoHomes(tx *db.Tx, d Deps, a actor.Actor, homes []settled, hash string) error {
	first, second := homes[0], homes[secondHome]
	if err := claim(tx, d.Now, a, second.accounts[0], second.adults[0], hash); err != nil {
		return err
	}
	today, child := civil.DateOf(d.Now), first.children[0]
	if _, err := custody.Enter(tx, d.Now, a, child, custody.Sharing{Arrangement: custody.Arrangement{Home: first.family, Other: second.family,
		Kind: custody.EvenOddWeeks, Change: time.Monday, Days: civil.Range{From: today.Monday()}}}); err != nil {
		return err
	}
	holder := actor.Actor{Kind: actor.Citizen, State: actor.Active, Account: string(first.accounts[0]), Person: string(first.adults[0])}
	even := today.Monday().AddDays(14)
	for even.ISOWeek()%2 == 1 { // twice after a week 53
		even = even.AddDays(7)
	}
	_, err := custody.OfferDay(tx, d.Now, holder, child, even.AddDays(2))
	return err
}
