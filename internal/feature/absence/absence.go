// Package absence keeps what families and agents say of absences, what did not go as booked, and the rules by which
// either is billed: reasons with their proofs, presences without booking, late pick-ups, right to error, unpaid balances
// and missing quotients. It owns the tables absence_rules, absence_reason, absence_incident, debt_exemption,
// absence_report, absence and incident.
//
// It books nothing and notes no attendance, it cancels through booking, and computes no price: it says what part of a
// price is due, and why.
package absence

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// ID names a day of absence that was told.
type ID string

// The rights of agents: to tell absences and late pick-ups and read what waits, and to decide on proofs and contests.
const (
	Note   actor.Right = "absence.note"
	Decide actor.Right = "absence.decide"
)

// Did is what telling did to a day.
type Did string

// What telling does: what may still be given up is, the rest is an absence.
const (
	Cancelled Did = "cancelled"
	Absent    Did = "absent"
)

// Proof is where the document of an absence stands.
type Proof string

// The states of a proof.
const (
	NoProof  Proof = "none"
	Due      Proof = "due"
	Received Proof = "received"
	Accepted Proof = "accepted"
	Refused  Proof = "refused"
)

// Line is a day that was told.
type Line struct {
	ID        ID
	Reference string
	booking.Cell
	Family      family.ID
	ChildName   string
	Did         Did
	Rules       string // the version that was applied
	Reason      string // its key
	Timing      Timing
	Proof       Proof
	Due         *activity.Limit
	Without     int
	With        int
	Answer      string
	AnsweredAt  civil.Instant
	WithdrawnAt civil.Instant
	Note        string
	ByAgent     bool
	At          civil.Instant
}

// Percent is what is billed of the day as things stand, and whether that is the last word.
func (l Line) Percent(now time.Time) (percent int, settled bool) {
	switch {
	case l.Did == Cancelled:
		return 0, true
	case l.Proof == NoProof || l.Proof == Refused:
		return l.Without, true
	case l.Proof == Accepted:
		return l.With, true
	}
	return l.Without, l.Proof == Due && l.Due != nil && l.Due.Passed(now)
}

// mostWords bounds what people write to each other here.
const mostWords = 500

// How far from today an absence may be told.
const (
	daysBack  = 31
	daysAhead = 180
)

// Plan is what telling would do to a booking in force.
type Plan struct {
	booking.Standing
	versions []Rules
	day      Day
}

// Judge is what a reason would give for the day told now: the kinder of what was promised with the booking and of what
// holds today. False when neither knows the reason.
func (p Plan) Judge(key string, now time.Time) (Verdict, string, bool) {
	var best Verdict
	id := ""
	for _, r := range p.versions {
		x, known := r.Reason(key)
		if !known {
			continue
		}
		v := x.Judge(p.day, now)
		if id == "" || Kinder(best, v) != best {
			best, id = v, r.ID
		}
	}
	return best, id, id != ""
}

// ReasonsOf are the reasons that somebody may give for some days, each once, in the order of the town's newest rules.
func ReasonsOf(plans []Plan, agent bool) []Reason {
	var all []Reason
	for _, p := range plans {
		for i := len(p.versions) - 1; i >= 0; i-- {
			for _, x := range p.versions[i].Reasons {
				if (agent || x.By == ByFamily) && !slices.ContainsFunc(all, func(have Reason) bool { return have.Key == x.Key }) {
					all = append(all, x)
				}
			}
		}
	}
	return all
}

// plans adds to bookings the rules that hold for each. lines are what was told of the days before: a day that goes on
// from one of them is the next of the same absence.
func plans(book Book, standing []booking.Standing, lines []Line, today civil.Date) []Plan {
	type of struct {
		child family.ChildID
		act   activity.ID
	}
	told := map[booking.Cell]bool{}
	for _, l := range lines {
		if l.Did == Absent && l.WithdrawnAt.IsZero() {
			told[l.Cell] = true
		}
	}
	first, nth := map[of]civil.Date{}, map[of]int{}
	var all []Plan
	for _, x := range standing { // by day
		key := of{x.Cell.Child, x.Activity}
		if told[x.Cell] {
			nth[key]++
			continue
		}
		if x.Told {
			continue
		}
		if first[key].IsZero() {
			first[key] = x.Day
		}
		nth[key]++
		all = append(all, Plan{Standing: x, versions: Promised(book[x.Activity], x.Booked, today), day: Day{Day: x.Day, First: first[key], Nth: nth[key], Start: x.Start}})
	}
	return all
}

// chosen are the plans of some cells, their days counted from those cells alone; days that are not chosen break an
// absence.
func chosen(book Book, standing []booking.Standing, lines []Line, today civil.Date, cells []booking.Cell) []Plan {
	told := map[booking.Cell]bool{}
	for _, l := range lines {
		if l.Did == Absent && l.WithdrawnAt.IsZero() {
			told[l.Cell] = true
		}
	}
	last := map[[2]string][]booking.Standing{} // the run that goes on, of each child and activity
	var out []Plan
	for _, x := range standing {
		key := [2]string{string(x.Cell.Child), string(x.Activity)}
		if !told[x.Cell] && !slices.Contains(cells, x.Cell) {
			last[key] = nil
			continue
		}
		last[key] = append(last[key], x)
		if slices.Contains(cells, x.Cell) && !told[x.Cell] {
			for _, p := range plans(book, last[key], lines, today) {
				if p.Cell == x.Cell {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// scene is what telling stands on: who may be told of, what they have booked, what was told before, and the rules.
type scene struct {
	children []family.Child
	standing []booking.Standing
	lines    []Line
	book     Book
	today    civil.Date
}

// read reads a scene: of the children whom a citizen may act for, of those of a family for an agent.
func read(r db.Reader, now time.Time, a actor.Actor, cat *activity.Catalogue, of family.ID, days civil.Range) (scene, error) {
	s := scene{today: civil.DateOf(now)}
	var err error
	if a.Kind == actor.Agent {
		if err := family.Readable(r, a, of, Note); err != nil {
			return s, err
		}
		s.children, err = family.ChildrenOf(r, of)
	} else {
		s.children, err = family.Children(r, a, s.today)
	}
	if err != nil || len(s.children) == 0 {
		return s, err
	}
	before := civil.Range{From: days.From.AddDays(-daysBack), To: days.To}
	if s.standing, err = booking.StandingOf(r, now, cat, s.children, before); err != nil {
		return s, err
	}
	if a.Kind == actor.Agent {
		s.standing = slices.DeleteFunc(s.standing, func(x booking.Standing) bool {
			act, known := cat.Activity(x.Activity)
			return !known || !a.CanFor(Note, string(act.Service))
		})
	}
	if s.book, err = ReadRules(r); err != nil {
		return s, err
	}
	s.lines, err = linesOfChildren(r, now.Location(), s.children, before)
	return s, err
}

// Open are the bookings of some days that may be told.
func (s scene) open(days civil.Range) []booking.Standing {
	var all []booking.Standing
	for _, x := range s.standing {
		if days.Contains(x.Day) && !x.Told && x.Attendance != booking.Present {
			all = append(all, x)
		}
	}
	return all
}

// Report is what somebody tells at once: that some children will not come to what they have booked.
type Report struct {
	Family family.ID // for an agent: whose children; a citizen tells of those whom it may act for
	Cells  []booking.Cell
	Reason string // a key; "" when no day needs one
	Note   string
}

// Outcome is what came of a report.
type Outcome struct {
	Reference string
	Lines     []Line
	Left      int // days that changed meanwhile and were left alone
}

// Declare tells absences: what may still be given up is cancelled, the rest is an absence under the rules that hold, even
// too late, when it stays billed and the team still knows. The heads of the family are told by one mail each.
func Declare(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, rep Report) (Outcome, error) {
	if a.Kind == actor.Agent && !a.Can(Note) {
		return Outcome{}, fault.New(fault.Forbidden, "")
	}
	days, err := rep.check(now)
	if err != nil {
		return Outcome{}, err
	}
	var ids []family.ChildID
	for _, c := range rep.Cells {
		if !slices.Contains(ids, c.Child) {
			ids = append(ids, c.Child)
		}
	}
	if err := booking.LockChildren(tx, ids); err != nil {
		return Outcome{}, err
	}
	s, err := read(tx, now, a, cat, rep.Family, days)
	if err != nil {
		return Outcome{}, err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(s.children, func(c family.Child) bool { return c.ID == id }) {
			return Outcome{}, fault.Missing("child")
		}
	}
	open := s.open(days)
	cells := slices.DeleteFunc(slices.Clone(rep.Cells), func(c booking.Cell) bool {
		return !slices.ContainsFunc(open, func(x booking.Standing) bool { return x.Cell == c })
	})
	out := Outcome{Left: len(rep.Cells) - len(cells)}
	if len(cells) == 0 {
		return out, fault.New(fault.Conflict, "Rien de ce que vous avez choisi n’est encore réservé, ou l’absence est déjà signalée. Rien n’a été enregistré.")
	}
	all := chosen(s.book, s.standing, s.lines, s.today, cells)
	out.Reference = booking.NewReference()
	gone, err := giveUp(tx, now, a, cat, rep.Family, all, out.Reference)
	if err != nil {
		return out, err
	}
	if out.Lines, err = s.judge(now, a, rep, all, gone); err != nil {
		return out, err
	}
	return out, s.write(tx, now, a, rep, out)
}

// check looks at a report before anything is read, and gives the range of its days.
func (rep Report) check(now time.Time) (civil.Range, error) {
	if len(rep.Cells) == 0 {
		return civil.Range{}, fault.InvalidFields(fault.Field{Name: "ligne", Sentence: "Choisissez au moins un jour."})
	}
	if utf8.RuneCountInString(rep.Note) > mostWords {
		return civil.Range{}, fault.InvalidFields(fault.Field{Name: "mot", Sentence: "Écrivez 500 caractères au plus."})
	}
	today := civil.DateOf(now)
	days := civil.Range{From: rep.Cells[0].Day, To: rep.Cells[0].Day}
	for i, c := range rep.Cells {
		if c.Day.Before(days.From) {
			days.From = c.Day
		}
		if c.Day.After(days.To) {
			days.To = c.Day
		}
		if slices.Contains(rep.Cells[:i], c) {
			return days, fault.New(fault.Invalid, "Le même jour est indiqué deux fois.")
		}
	}
	if days.From.Before(today.AddDays(-daysBack)) || days.To.After(today.AddDays(daysAhead)) {
		return days, fault.New(fault.Invalid, "Une absence se signale pour les 31 jours passés et les 6 mois à venir. Pour un autre jour, appelez le service.")
	}
	return days, nil
}

// giveUp cancels what may still be, and tells which cells are.
func giveUp(tx *db.Tx, now time.Time, a actor.Actor, cat *activity.Catalogue, of family.ID, all []Plan, reference string) (map[booking.Cell]bool, error) {
	o := booking.Order{Family: of, Quiet: true, Reference: reference}
	for _, p := range all {
		act, known := cat.Activity(p.Activity)
		if p.Gives && known && (a.Kind == actor.Citizen || a.CanFor(booking.Write, string(act.Service))) {
			o.Wishes = append(o.Wishes, booking.Wish{Cell: p.Cell, Seen: p.Token})
		}
	}
	gone := map[booking.Cell]bool{}
	if len(o.Wishes) == 0 {
		return gone, nil
	}
	done, err := booking.Apply(tx, now, a, cat, o)
	for _, d := range done.Lines {
		if d.Did == booking.DidCancel {
			gone[d.Cell] = true
		}
	}
	return gone, err
}

// judge decides on each day.
func (s scene) judge(now time.Time, a actor.Actor, rep Report, all []Plan, gone map[booking.Cell]bool) ([]Line, error) {
	absent := slices.DeleteFunc(slices.Clone(all), func(p Plan) bool { return gone[p.Cell] })
	reasons := ReasonsOf(absent, a.Kind == actor.Agent)
	if len(reasons) > 0 && !slices.ContainsFunc(reasons, func(x Reason) bool { return x.Key == rep.Reason }) {
		return nil, fault.InvalidFields(fault.Field{Name: "raison", Sentence: "Choisissez un motif."})
	}
	var lines []Line
	for _, p := range all {
		l := Line{ID: ID(db.NewID()), Cell: p.Cell, Family: p.Family, ChildName: p.Child, Did: Cancelled, Proof: NoProof, ByAgent: a.Kind == actor.Agent, At: civil.InstantOf(now), Note: rep.Note}
		if !gone[p.Cell] {
			l.Did, l.Without, l.With = Absent, whole, whole
			if v, id, known := p.Judge(rep.Reason, now); known {
				l.Rules, l.Reason, l.Timing, l.Without, l.With = id, rep.Reason, v.Timing, v.Without, v.With
				if v.Proof {
					l.Proof = Due
					if v.Due.Kind == activity.LimitAt {
						l.Due = &v.Due
					}
				}
			}
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// write keeps a report, one for each family that its children are told of in, and tells the heads.
func (s scene) write(tx *db.Tx, now time.Time, a actor.Actor, rep Report, out Outcome) error {
	homes := map[family.ID]string{}
	for i, l := range out.Lines {
		reference, known := homes[l.Family]
		if !known {
			if reference = out.Reference; len(homes) > 0 {
				reference = booking.NewReference()
			}
			homes[l.Family] = reference
			if err := insertReport(tx, now, a, reference, l.Family, strings.TrimSpace(rep.Note)); err != nil {
				return err
			}
		}
		out.Lines[i].Reference = reference
	}
	if err := insertLines(tx, out.Lines, s.places(out.Lines)); err != nil {
		return err
	}
	for _, l := range out.Lines {
		if l.Did != Absent {
			continue
		}
		if err := booking.NoteAbsence(tx, civil.InstantOf(now), l.Cell); err != nil {
			return err
		}
		if l.Timing == InTime {
			if err := excuse(tx, now, l.Cell); err != nil {
				return err
			}
		}
	}
	for of, reference := range homes {
		if err := audit.Write(tx, now, a, audit.Entry{Action: "absence.told", Object: "family", ID: string(of), Detail: fmt.Sprintf("%s %d", reference, len(out.Lines))}); err != nil {
			return err
		}
		if err := tellReport(tx, now, of, reference); err != nil {
			return err
		}
	}
	return nil
}

// places are the first day and the rank of each line in its absence.
func (s scene) places(lines []Line) map[ID]Day {
	at := map[ID]Day{}
	cells := make([]booking.Cell, len(lines))
	for i, l := range lines {
		cells[i] = l.Cell
	}
	for _, p := range chosen(s.book, s.standing, s.lines, s.today, cells) {
		for _, l := range lines {
			if l.Cell == p.Cell {
				at[l.ID] = p.day
			}
		}
	}
	return at
}

// Withdraw takes an absence back as long as its day is not over: the child comes after all.
func Withdraw(tx *db.Tx, now time.Time, a actor.Actor, id ID) error {
	l, err := ownLine(tx, now, a, id)
	if err != nil {
		return err
	}
	if l.Did != Absent || !l.WithdrawnAt.IsZero() || l.Day.Before(civil.DateOf(now)) {
		return fault.New(fault.Conflict, "Cette absence ne peut plus être retirée ici. Rien n’a été enregistré.")
	}
	if _, err := tx.Exec(`update absence set withdrawn_at = $2 where id = $1 and withdrawn_at is null`, string(id), civil.InstantOf(now)); err != nil {
		return fmt.Errorf("withdraw absence: %w", err)
	}
	if err := booking.NoteAbsence(tx, 0, l.Cell); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "absence.withdrawn", Object: "family", ID: string(l.Family), Detail: l.Reference})
}

// ownLine is a day that the actor may speak of: a citizen who acts for the child in that family, an agent who tells
// absences of that activity's service. Any other is a NotFound fault.
func ownLine(r db.Reader, now time.Time, a actor.Actor, id ID) (Line, error) {
	l, service, err := lineByID(r, now.Location(), id)
	if err != nil {
		return l, err
	}
	if a.Kind == actor.Agent {
		if !a.CanFor(Note, service) {
			return l, fault.Missing("absence")
		}
		return l, nil
	}
	return l, speaksFor(r, now, a, l.Family, l.Cell.Child, "absence")
}

// speaksFor tells whether a citizen acts in a family and for a child of it; no is a NotFound fault.
func speaksFor(r db.Reader, now time.Time, a actor.Actor, of family.ID, child family.ChildID, what string) error {
	if err := family.Owns(r, a, of, civil.DateOf(now)); err != nil {
		return fault.Missing(what)
	}
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(children, func(c family.Child) bool { return c.ID == child }) {
		return fault.Missing(what)
	}
	return nil
}

// AnswerProof says what became of the document of an absence: received, accepted or refused. A refusal needs why; the
// family reads it. Accepting and refusing tell the family.
func AnswerProof(tx *db.Tx, now time.Time, a actor.Actor, id ID, to Proof, why string) error {
	if !a.Can(Decide) {
		return fault.New(fault.Forbidden, "")
	}
	if _, err := tx.Exec(`update absence set position = position where id = $1`, string(id)); err != nil { // one answer after the other
		return fmt.Errorf("lock absence: %w", err)
	}
	l, service, err := lineByID(tx, now.Location(), id)
	if err != nil {
		return err
	}
	if !a.CanFor(Decide, service) {
		return fault.Missing("absence")
	}
	why = strings.TrimSpace(why)
	switch {
	case to != Received && to != Accepted && to != Refused:
		return fault.InvalidFields(fault.Field{Name: "decision", Sentence: "Choisissez une réponse."})
	case to == Refused && why == "":
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez le motif du refus\u00a0: la famille le lira."})
	case utf8.RuneCountInString(why) > mostWords:
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Écrivez 500 caractères au plus."})
	case l.Proof != Due && l.Proof != Received || l.Proof == to || !l.WithdrawnAt.IsZero():
		return fault.New(fault.Conflict, "Un autre agent a déjà répondu, ou l’absence a été retirée. Rien n’a été enregistré.")
	}
	at := civil.InstantOf(now)
	if to == Received {
		at = 0
	}
	if _, err := tx.Exec(`update absence set proof = $2, answer = $3, answered_at = $4 where id = $1`, string(id), string(to), why, orNull(at)); err != nil {
		return fmt.Errorf("answer proof: %w", err)
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "absence.proof." + string(to), Object: "family", ID: string(l.Family), Detail: l.Reference}); err != nil {
		return err
	}
	if to == Received {
		return nil
	}
	return tellAnswer(tx, now, l.Family, "absence", string(id))
}

func orNull(at civil.Instant) any {
	if at.IsZero() {
		return nil
	}
	return int64(at)
}
