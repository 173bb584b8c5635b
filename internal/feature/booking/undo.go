package booking

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
)

// inverse is the order that gives up what a line of proof did, from what the line left; false for what has no way back.
func (p Proof) inverse() (Wish, bool) {
	w := Wish{Cell: p.Cell}
	switch p.Did {
	case DidBook:
		w.Seen = Token(string(Booked) + "." + string(p.Became))
	case DidAsk:
		w.Seen = Token(string(Asked) + "." + string(p.Became))
	case DidChange:
		w.Seen, w.Want = Token(string(Booked)+"."+string(p.Became)), activity.ChoiceID(p.wasChoice())
	case DidCancel:
		w.Want = activity.ChoiceID(p.wasChoice())
		return w, w.Want != "" && p.Was == Token(string(Booked)+"."+string(w.Want))
	default:
		return w, false
	}
	return w, true
}

// Inverse is the order that gives up all that a confirmation did. Its wishes are seen as the confirmation left them, so
// that what changed since stays.
func (c Confirmation) Inverse() []Wish {
	var all []Wish
	for _, p := range c.Lines {
		if w, can := p.inverse(); can {
			all = append(all, w)
		}
	}
	return all
}

// canUndo tells whether something of a confirmation may still be given up, by the scene that it was compared with.
func (c Confirmation) canUndo(s *Scene) bool {
	for _, d := range s.Decide(c.Inverse()) {
		if d.does() {
			return true
		}
	}
	return false
}

// undoLabel is what giving up a confirmation is called.
func (c Confirmation) undoLabel() string {
	for _, p := range c.Lines {
		if p.Did != DidBook && p.Did != DidNone {
			return "Revenir sur ces changements"
		}
	}
	return "Annuler cette réservation"
}

// undoing reads a confirmation and what giving it up would do.
func (p Pages) undoing(r *http.Request, a actor.Actor) (Confirmation, proposal, error) {
	type both struct {
		c Confirmation
		x proposal
	}
	got, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (both, error) {
		now := p.Now()
		cat, err := p.Catalogue.In(rd, now)
		if err != nil {
			return both{}, err
		}
		c, err := ReadConfirmation(rd, now, a, cat, r.PathValue("id"))
		if err != nil {
			return both{}, err
		}
		wishes := c.Inverse()
		lines, s, err := p.preview(rd, a, Order{Wishes: wishes, Barred: p.Barred})
		if err != nil {
			return both{}, err
		}
		shown := make([]byte, len(lines))
		for i, d := range lines {
			shown[i] = signOf(d)
		}
		return both{c, proposal{scene: s, lines: lines, shown: string(shown)}}, nil
	})
	return got.c, got.x, err
}

// undoCheck shows what giving up a confirmation would do, and what it cannot any more.
func (p Pages) undoCheck(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showUndo(w, r, a, nil, "")
}

func (p Pages) showUndo(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, problem string) error {
	c, x, err := p.undoing(r, a)
	if err != nil {
		return err
	}
	if problem == "" { // the page was just opened: nothing changed while it was read
		for i, d := range x.lines {
			switch d.Why {
			case AlreadyCancelled:
				x.lines[i].Why = "Déjà annulé"
			case AlreadyBooked:
				x.lines[i].Why = hasAlready
			case Moved:
				x.lines[i].Why = "Ce jour a changé depuis cette réservation\u00a0: il reste comme il est"
			}
		}
	}
	v := x.view(Recipe{}, civil.DateOf(p.Now()))
	v.Button, v.Keep = undoWords(x.lines)
	v.Undo, v.Problem, v.Form = true, problem, f
	v.Back = web.Link{Href: "/espace/reservations/" + c.Reference, Label: c.Reference}
	v.Action = v.Back.Href + "/annuler"
	v.Fields = []field{{"montre", x.shown}}
	return p.showProposal(w, r, v)
}

// undo gives up what the check page showed, as an order of its own.
func (p Pages) undo(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	c, _, err := p.undoing(r, a)
	if err != nil {
		return err
	}
	err = p.submitShown(w, r, a, c.Inverse(), r.PostForm.Get("montre"), f)
	if problem := problemOf(err); problem != "" || wrongNote(f, err) {
		return p.showUndo(w, r, a, f, problem)
	}
	return err
}

// undoWords are what the undo page calls what it does, and not doing it.
func undoWords(lines []Decision) (button, keep string) {
	done, cancels := 0, 0
	for _, d := range lines {
		if d.does() {
			done++
		}
		if d.Did == DidCancel {
			cancels++
		}
	}
	switch {
	case done > 0 && cancels == done:
		return "Annuler " + french.Count(done, "jour"), "Ne rien annuler"
	case done > 0:
		return "Confirmer", "Ne rien changer"
	}
	return "", "Revenir à la réservation"
}
