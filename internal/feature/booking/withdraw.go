package booking

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// withdrawn is said once the service has answered, or somebody of the family took the request back before.
const withdrawn = "Cette demande a déjà reçu une réponse, ou a déjà été retirée. Rien n’a été enregistré."

// WithdrawCancel takes back what a family asked after the deadline, to give up a day: the booking stays as it was, and
// the service has nothing to answer any more. It returns the reference of the line of proof.
func WithdrawCancel(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, c Cell, seen Token) (string, error) {
	if a.Kind != actor.Citizen {
		return "", fault.New(fault.Forbidden, "")
	}
	w := Wish{Cell: c, Seen: seen}
	if err := lockChildren(tx, []Wish{w}); err != nil {
		return "", err
	}
	s, err := sceneFor(tx, now, a, cat, Order{Wishes: []Wish{w}})
	if err != nil {
		return "", err
	}
	h := s.Held(c)
	if !s.withdrawable(c, h) || h.Token() != seen {
		return "", fault.New(fault.Conflict, withdrawn)
	}
	if err := setAnswer(tx, now, h, string(Booked), h.Reason); err != nil {
		return "", err
	}
	w.Want = h.Choice
	out := Outcome{Reference: newReference(), Lines: []Decision{{Wish: w, Held: h, Did: DidKeepBooking}}}
	return out.Reference, s.record(tx, a, Order{}, out)
}

// withdrawable tells whether the family that acts for a child may take back its request to cancel.
func (s *Scene) withdrawable(c Cell, h Holding) bool {
	return h.CancelAsked && h.Family == s.kids[c.Child].family && !c.Day.Before(civil.DateOf(s.Now))
}

// keepDay takes a request to cancel back, from the page of the day.
func (p Pages) keepDay(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	now := p.Now()
	day, err := civil.ParseDate(f.Text("jour"))
	if err != nil {
		day = civil.DateOf(now) // whose child it is comes first
	}
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	c := Cell{family.ChildID(r.PathValue("id")), activity.ID(f.Text("activite")), day}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		reference, err := WithdrawCancel(tx, now, a, cat, c, Token(f.Text("vu")))
		return web.Done{Location: "/espace/reservations/" + reference, Sentence: "Votre demande d’annulation est retirée. La réservation reste."}, err
	})
}
