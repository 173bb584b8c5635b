package booking

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"

	"github.com/a-h/templ"
)

// mostHistory is how many lines the history of a child shows.
const mostHistory = 200

// confirmationView is a confirmation in words.
type confirmationView struct {
	Reference string
	Said      string // "Enregistré le 24/11/2026 à 8:02 par Camille Martin"
	Done      []checkLine
	Refused   []checkLine
	Agendas   []web.Link
	Undo      web.Link // gives all of it up, as long as something of it can
	Sums      []sum    // what was done in short, when it is long
	Join      joinView
	Own       bool // read by the family
	Waits     bool // a day of it is on a waiting list
}

func (c Confirmation) view(cat *activity.Catalogue, zone *time.Location, today civil.Date) confirmationView {
	v := confirmationView{Reference: c.Reference, Said: "Enregistré le " + civil.Stamp(c.At.In(zone)) + " par " + lowerAgent(c) + "."}
	seen := map[family.ChildID]bool{}
	long := len(c.Lines) > mostListed
	if long {
		v.Sums = sumsOf(cat, c.Lines)
	}
	for _, p := range c.Lines {
		l := p.line(cat, today)
		if long {
			// summed up above
		} else if p.Did == DidNone {
			v.Refused = append(v.Refused, l)
		} else {
			v.Done = append(v.Done, l)
		}
		v.Waits = v.Waits || p.Did == DidWait && !p.Since
		if !seen[p.Child] {
			seen[p.Child] = true
			v.Agendas = append(v.Agendas, web.Link{Href: weekHref(p.Child, p.Day), Label: "Agenda " + civil.Of(p.ChildName)})
		}
	}
	return v
}

func lowerAgent(c Confirmation) string {
	if c.ByAgent || c.By == "" {
		return french.Lower(c.author())
	}
	return c.By
}

// line puts a line of proof in words.
func (p Proof) line(cat *activity.Catalogue, today civil.Date) checkLine {
	l := checkLine{What: p.ChildName + ", " + p.label(cat), When: p.Day.Long(), Detail: p.Why, Mark: p.mark()}
	if p.ByAgent && p.Why != "" {
		l.Detail = "Le service\u00a0: " + p.Why
	}
	if p.Did == DidKeepBooking && !p.ByAgent {
		l.Detail = "La demande d’annulation est retirée"
	}
	if p.Did == DidChange {
		l.Detail = joinReason("Au lieu de "+p.choiceName(cat, activity.ChoiceID(p.wasChoice())), l.Detail)
	}
	if p.Late && (p.Did == DidBook || p.Did == DidChange) {
		l.Detail = joinReason("Hors délai", l.Detail)
	}
	if p.Until != nil && !p.Since && (p.Did == DidBook || p.Did == DidChange || p.Did == DidAccept || p.Did == DidPromote || p.Did == DidTake || p.Did == DidGive) {
		l.Detail = joinReason(l.Detail, untilWords(*p.Until, p.At.In(cat.Zone), today))
	}
	if p.Did == DidOffer && p.Until != nil && !p.Since {
		l.Detail = joinReason(l.Detail, french.Upper(answerBefore(*p.Until, today)))
	}
	if p.Did == DidWait && !p.Since && p.Rank > 0 {
		l.Mark = rankMark(p.Rank)
		if a, known := cat.Activity(p.Activity); known {
			l.Detail = joinReason(l.Detail, whenFreed(a))
		}
	}
	if p.Since {
		l.Mark = web.Mark{Tone: web.Neutral, Icon: "undo", Word: "Changé depuis"}
	}
	return l
}

func (p Proof) mark() web.Mark {
	switch p.Did {
	case DidBook, DidChange, DidAccept, DidKeepBooking, DidPromote, DidTake, DidGive:
		return MarkBooked
	case DidCancel, DidDecline:
		return markCancelled
	case DidWait:
		return markWaiting
	case DidOffer:
		return markOffered
	case DidExpire, DidLapse:
		return markLapsed
	case DidAsk:
		return markAsked
	case DidAskCancel:
		return markCancelAsked
	case DidRefuse:
		return markRefused
	}
	return web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Non fait"}
}

// history is all that was asked for a child, newest first: the proof that families and agents read alike.
func (p Pages) history(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	type found struct {
		child family.Child
		lines []Proof
	}
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (found, error) {
		children, err := family.Children(rd, a, civil.DateOf(now))
		if err != nil {
			return found{}, err
		}
		c, err := oneOf(children, family.ChildID(r.PathValue("id")))
		if err != nil {
			return found{}, err
		}
		before, err := strconv.ParseInt(r.URL.Query().Get("avant"), 10, 64)
		if err != nil {
			before = int64(civil.InstantOf(now)) + 1
		}
		lines, err := proofsOf(rd, cat, `l.child = $1 and l.family = $2 and l.at < $3`, mostHistory, string(c.ID), string(c.Family), before)
		return found{c, lines}, err
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: "Historique des réservations " + civil.Of(v.child.First()), Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda " + civil.Of(v.child.First()), Href: "/espace/enfants/" + string(v.child.ID) + "/agenda"}, {Label: "Historique"}}}
	return web.Render(w, r, page, historyPage(historyRows(cat, v.lines, now.Location(), civil.DateOf(now)), older(v.child.ID, v.lines)))
}

// older leads to the lines before those shown, "" when there is none.
func older(id family.ChildID, lines []Proof) string {
	if len(lines) < mostHistory {
		return ""
	}
	return "/espace/enfants/" + string(id) + "/historique?avant=" + strconv.FormatInt(int64(lines[len(lines)-1].At), 10)
}

func historyRows(cat *activity.Catalogue, lines []Proof, zone *time.Location, today civil.Date) [][]templ.Component {
	var rows [][]templ.Component
	for i := 0; i < len(lines); {
		p, n := lines[i], 1
		for i+n < len(lines) && lines[i+n].Reference == p.Reference {
			n++
		}
		if n > mostUnfolded {
			rows = append(rows, foldedRow(cat, lines[i:i+n], zone, i+n == len(lines) && len(lines) >= mostHistory))
			i += n
			continue
		}
		i++
		l := p.line(cat, today)
		rows = append(rows, []templ.Component{web.Text(civil.Stamp(p.At.In(zone))), web.Text(p.Day.Long()), web.Text(p.label(cat)),
			web.Tag(l.Mark.Tone, l.Mark.Icon, l.Mark.Word), web.Text(joinReason(l.Detail, p.whoWords())),
			web.TextLink("/espace/reservations/"+p.Reference, p.Reference)})
	}
	return rows
}

// mostUnfolded is how many lines of one confirmation the history shows one by one; its page has them all.
const mostUnfolded = 5

// foldedRow is one row for the lines of a confirmation; cut tells that the page may not have them all.
func foldedRow(cat *activity.Catalogue, lines []Proof, zone *time.Location, cut bool) []templ.Component {
	p, days := lines[0], civil.Range{From: lines[0].Day, To: lines[0].Day}
	labels, marks := []string{}, []web.Mark{}
	for _, x := range lines {
		if x.Day.Before(days.From) {
			days.From = x.Day
		}
		if x.Day.After(days.To) {
			days.To = x.Day
		}
		if name := x.label(cat); !slices.Contains(labels, name) {
			labels = append(labels, name)
		}
		if m := x.mark(); !slices.Contains(marks, m) {
			marks = append(marks, m)
		}
	}
	when := changes(len(lines)) + ", du " + days.From.French() + " au " + days.To.French()
	if cut {
		when = "Plus de " + when
	}
	mark := marks[0]
	if len(marks) > 1 {
		mark = web.Mark{Tone: web.Neutral, Icon: "list", Word: "Plusieurs états"}
	}
	return []templ.Component{web.Text(civil.Stamp(p.At.In(zone))), web.Text(when), web.Text(strings.Join(labels, ", ")), web.Tag(mark.Tone, mark.Icon, mark.Word),
		web.Text(joinReason(p.whoWords(), "Jour par jour\u00a0: suivez la référence")), web.TextLink("/espace/reservations/"+p.Reference, p.Reference)}
}

// whoWords is "par Camille Martin".
func (p Proof) whoWords() string {
	if p.ByAgent {
		return "Par un agent de la mairie"
	}
	if p.By == "" {
		return ""
	}
	return "Par " + p.By
}
