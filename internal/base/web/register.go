package web

import (
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"

	"github.com/a-h/templ"
)

// Tile is a service on the family's first page.
type Tile struct {
	Order             int
	Label, Href, Icon string
	// Fact is the line under the label ("2 factures à payer"); nil or "" shows none.
	Fact func(r db.Reader, now time.Time, a actor.Actor) (string, error)
}

// Todo is one thing waiting for the person: "Payer 83,20 € avant le 15".
type Todo struct {
	When                civil.Date // the day it is due; zero: no day
	Title, Detail, Href string
	Tag                 string // a word on its state; "" shows none
	Tone                Tone
}

// TodoSource lists what waits for an actor, soonest first.
type TodoSource func(r db.Reader, now time.Time, a actor.Actor) ([]Todo, error)

// Queue is a pile of work of the agents' first page, shown to holders of Right.
type Queue struct {
	Label, Href string
	Icon        string // "list" when empty
	Detail      string // what the pile holds, in a few words
	Right       actor.Right
	Count       func(r db.Reader, now time.Time, a actor.Actor) (n int, oldest civil.Instant, err error)
}

// Hit is a line of the agents' search.
type Hit struct{ Kind, Title, Detail, Href string }

// Finder answers the agents' search among what the actor may read.
type Finder func(r db.Reader, a actor.Actor, query string) ([]Hit, error)

// Panel is a section of the agents' family file, shown to holders of Right; id is the family's.
type Panel struct {
	Order  int
	Title  string
	Right  actor.Right
	Render func(r db.Reader, now time.Time, a actor.Actor, id string) (templ.Component, error)
	// Log, when set, writes down that the panel was shown; a page shows it only once that is written.
	Log func(tx *db.Tx, now time.Time, a actor.Actor, id string) error
}
