package booking

import (
	"sort"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Face is what a page shows of a cell: its word, why or until when, and what may be picked.
type Face struct {
	Cell
	Said
	Label    string // "Restauration scolaire", "Mercredi, journée"
	Held     Holding
	Editable bool
	Options  []Option        // what may be picked, when Editable
	Limit    activity.Limit  // the last moment of what may be done, when Editable and in time
	Action   activity.Action // which act Limit bounds
	Late     bool            // Editable past the deadline
	Withdraw bool            // the request to cancel may be taken back
	Queue    bool            // Editable: what is picked joins the waiting list
	Welcome  bool            // Editable past the deadline, since somebody waits for the place
}

// Option is a choice that may be picked; Full that it has no place left.
type Option struct {
	activity.Choice
	Full bool
}

// faces lists what a child's day shows, by activity: what it holds, and what it is enrolled in that takes place on that
// weekday. A day on which an activity is closed for a reason worth saying has a face too.
func (s *Scene) faces(c family.Child, day civil.Date) []Face {
	var all []Face
	for i := range s.Catalogue.Activities {
		a := &s.Catalogue.Activities[i]
		cell := Cell{c.ID, a.ID, day}
		h, has := s.held[cell]
		if _, enrolled := s.enrolment(cell); !has && !enrolled {
			continue
		}
		why, quiet := s.closed(cell, a)
		if !has && quiet && why != "" {
			continue
		}
		if why == "" {
			why, _ = s.shut(cell, a)
		}
		all = append(all, s.face(cell, a, h, why))
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Label < all[j].Label })
	return all
}

// face computes one cell.
func (s *Scene) face(c Cell, a *activity.Activity, h Holding, closed string) Face {
	today := civil.DateOf(s.Now)
	mine := h.Family == s.kids[c.Child].family
	f := Face{Cell: c, Held: h, Label: a.Name}
	if h.State != "" {
		f.Label = a.Label(ChoiceName(a, h.Choice))
	}
	f.Said = Word(Situation{Booking: h.State, Mine: mine, Attendance: h.Attendance, Told: h.Told, Closed: closed, Day: c.Day, Today: today})
	switch {
	case h.Live() && !mine && h.State == Booked && h.Attendance == "" && !c.Day.Before(today) && s.ours(c):
		f.Reason = joinReason(f.Reason, "Il le paie et peut seul l’annuler")
		return f
	case h.Attendance != "" || h.Live() && !mine || h.Told:
		return f
	case h.CancelAsked:
		f.Said = Said{markCancelAsked, "Le service n’a pas encore répondu\u00a0: la place reste réservée"}
		f.Withdraw = s.withdrawable(c, h)
		return f
	case h.Live():
		return s.heldFace(f, a)
	case closed != "":
		if h.State == Cancelled || h.State == Refused { // what matters now is that nobody is received
			f.Said = Said{markClosed, closed}
		}
		return f
	}
	return s.freeFace(f, a)
}

// heldFace adds to what is held until when it may be given up or changed.
func (s *Scene) heldFace(f Face, a *activity.Activity) Face {
	today := civil.DateOf(s.Now)
	if len(partsOf(a, f.Held.Choice)) == 0 { // a part is gone from the activity
		f.Reason = joinReason(f.Reason, "Pour changer, appelez le service")
		return f
	}
	f.Options = s.options(f.Cell, a, f.Held)
	if f.Held.State == Asked {
		f.Editable = !f.Day.Before(today)
		if !f.Editable {
			f.Reason = "Le service n’a pas répondu"
		}
		return f
	}
	if f.Held.State == Waiting || f.Held.State == Offered {
		return s.listFace(f, a)
	}
	if welcomed, is := s.lateWelcomeFace(f, a); is && !s.Overrule {
		return welcomed
	}
	d := s.cancel(Decision{Wish: Wish{Cell: f.Cell, Seen: f.Held.Token()}, Held: f.Held}, a)
	switch {
	case s.Overrule:
		f.Editable = true
	case d.Did == DidCancel:
		f.Editable, f.Limit, f.Action = true, d.Until, activity.Cancel
		f.Reason = joinReason(f.Reason, "Modifiable "+d.Until.UntilWords(today))
	case d.Did == DidAskCancel:
		f.Editable, f.Late = true, true
		f.Reason = joinReason(f.Reason, "Hors délai\u00a0: votre demande d’annulation ira au service")
	case !f.Day.Before(today):
		f.Reason = joinReason(f.Reason, d.Why)
	}
	if s.elsewhere(f.Cell) && !f.Day.Before(today) {
		f.Reason = joinReason(f.Reason, "Jour de l’autre foyer, que vous avez réservé\u00a0: vous le payez")
	}
	if f.Held.Reason != "" {
		f.Reason = joinReason(f.Reason, "Le service\u00a0: "+noStop(f.Held.Reason))
	}
	return f
}

// freeFace says of what is not held whether, until when and how it may be booked.
func (s *Scene) freeFace(f Face, a *activity.Activity) Face {
	today := civil.DateOf(s.Now)
	if f.Held.State == Refused || f.Held.State == Cancelled {
		f.Said = Said{markFree, ""}
		if f.Reason = f.Held.Reason; f.Held.ByAgent && f.Held.Reason != "" {
			f.Reason = "Le service\u00a0: " + noStop(f.Held.Reason)
		}
	}
	if f.Day.Before(today) {
		return f
	}
	f.Options = s.options(f.Cell, a, f.Held)
	if len(f.Options) == 0 {
		return f
	}
	d := s.book(Decision{Wish: Wish{Cell: f.Cell, Want: f.Options[0].ID}, Did: DidNone}, a)
	v := s.verdict(a, Holding{Choice: f.Options[0].ID}, f.Cell, activity.Book)
	if s.elsewhere(f.Cell) {
		f.Said = s.elsewhereSaid(f.Reason)
	}
	full := true
	for _, o := range f.Options {
		full = full && o.Full
	}
	switch {
	case d.does() && full && !s.Overrule:
		f = s.fullFace(f, a, d)
	case d.does() && s.Overrule:
		f.Editable, f.Late = true, d.Late
		if full {
			f.Said = Said{markFull, "Toutes les places sont prises"}
		}
	case d.Did == DidAsk:
		f.Editable, f.Late = true, true
		f.Reason = joinReason(f.Reason, "Hors délai\u00a0: votre demande ira au service")
	case d.does() && d.Late:
		f.Editable, f.Late = true, true
		f.Reason = joinReason(f.Reason, s.lateSaid(f.Cell, v.After))
	case d.does():
		f.Editable, f.Limit, f.Action = true, v.Limit, activity.Book
		f.Reason = joinReason(f.Reason, "Réservable "+v.Limit.UntilWords(today))
	case v.Is == activity.TooLate && len(d.Why) > 0 && s.bars(f.Cell, a, unitsOf(a, f.Options[0].ID)) == "":
		f.Said = Said{markLate, d.Why}
	case d.Why == otherHomesDay: // the mark says it
	case d.Why != "" && d.Why == s.barred[barredKey{s.kids[f.Child].family, f.Activity}]: // the page says it once
		f.Reason = joinReason(f.Reason, barredHere)
	case d.Why == notOpen:
		f.Reason = joinReason(f.Reason, s.opensOn(f.Cell, a, f.Options[0].ID))
	default:
		f.Reason = joinReason(f.Reason, d.Why)
	}
	return f
}

// opensOn says that a day cannot be booked yet, and from when it will where its rules tell: the service still has to open
// the period by then.
func (s *Scene) opensOn(c Cell, a *activity.Activity, id activity.ChoiceID) string {
	if _, planned := a.PeriodOf(c.Day); planned && a.State == activity.Open {
		w, known := s.window(a, firstUnit(unitsOf(a, id)), s.kids[c.Child].family, c.Day)
		if known && w.Open.Kind == activity.LimitAt && !w.Open.Passed(s.Now) {
			return notOpen + "\u00a0: ouverture prévue " + w.Open.FromWords(civil.DateOf(s.Now))
		}
	}
	return notOpen
}

// noStop is what somebody wrote, without its full stop: the page adds its own.
func noStop(s string) string { return strings.TrimRight(s, ". ") }

func joinReason(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return strings.TrimRight(a, ".") + ". " + b
}

// options are the choices whose units all take place that day; the one held always is.
func (s *Scene) options(c Cell, a *activity.Activity, h Holding) []Option {
	var all []Option
	e, _ := s.enrolment(c)
	site, placed := s.site(c, a, e)
	group, grouped := a.GroupOf(site, e.group, s.kids[c.Child].level)
	for _, choice := range a.Choices {
		o := Option{Choice: choice}
		fits := true
		for _, id := range choice.Units {
			u, _ := a.UnitByID(id)
			if why, _ := s.Catalogue.Why(a, u, c.Day); why != "" {
				fits = false
			}
			if slot, known := s.slotsByKey[slotKey{id, string(site), group, c.Day}]; placed && grouped && known {
				o.Full = o.Full || (slot.Full() || slot.Waited) && !holds(h, id)
				fits = fits && !slot.Closed
			}
		}
		if fits || h.Live() && h.Choice == choice.ID {
			all = append(all, o)
		}
	}
	if h.Live() && isLoose(h.Choice) { // not to be had any more, but to be kept
		all = append(all, Option{Choice: activity.Choice{ID: h.Choice, Name: ChoiceName(a, h.Choice)}})
	}
	return all
}

func holds(h Holding, id activity.UnitID) bool {
	for _, u := range h.Units {
		if u.unit == id && h.State == Booked {
			return true
		}
	}
	return false
}

// readPlaces adds the places of a range to a scene, in one query, for pages that say « Complet » beforehand.
func (s *Scene) readPlaces(slots []activity.Slot) {
	s.slotsByKey = make(map[slotKey]activity.Slot, len(slots))
	for _, x := range slots {
		s.slotsByKey[slotKey{x.Unit, string(x.Site), x.Group, x.Day}] = x
		if x.Waited {
			if s.waited == nil {
				s.waited = map[activity.SlotID]bool{}
			}
			s.waited[x.ID] = true
		}
	}
}

// unitsToShow are the units of the activities that some children are enrolled in.
func (s *Scene) unitsToShow() []activity.UnitID {
	seen := map[activity.ID]bool{}
	var all []activity.UnitID
	for key := range s.enrolled {
		if a, known := s.Catalogue.Activity(key.activity); known && !seen[a.ID] && a.State == activity.Open {
			seen[a.ID] = true
			for _, u := range a.Units {
				all = append(all, u.ID)
			}
		}
	}
	return all
}

var (
	markFull        = web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Complet"}
	markLate        = web.Mark{Tone: web.Neutral, Icon: "lock", Word: "Trop tard"}
	markCancelAsked = web.Mark{Tone: web.Warning, Icon: "clock", Word: "Annulation demandée"}
)
