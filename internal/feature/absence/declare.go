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
		if len(ids) > mostChildren {
			return Outcome{}, fault.New(fault.Invalid, "Ce formulaire est incomplet. Rechargez la page, puis envoyez-le de nouveau.")
		}
	}
	if err := booking.LockChildren(tx, ids); err != nil {
		return Outcome{}, err
	}
	s, err := read(tx, now, a, cat, rep.Family, days)
	if err != nil {
		return Outcome{}, err
	}
	if err := bounded(tx, now, a); err != nil {
		return Outcome{}, err
	}
	for _, id := range ids {
		if !slices.ContainsFunc(s.children, func(c family.Child) bool { return c.ID == id }) {
			return Outcome{}, fault.Missing("child")
		}
	}
	open := map[booking.Cell]bool{}
	for _, x := range s.open(days) {
		open[x.Cell] = true
	}
	cells := slices.DeleteFunc(slices.Clone(rep.Cells), func(c booking.Cell) bool { return !open[c] })
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
	seen := map[booking.Cell]bool{}
	for _, c := range rep.Cells {
		if c.Day.Before(days.From) {
			days.From = c.Day
		}
		if c.Day.After(days.To) {
			days.To = c.Day
		}
		if seen[c] {
			return days, fault.New(fault.Invalid, "Le même jour est indiqué deux fois.")
		}
		seen[c] = true
	}
	if days.From.Before(today.AddDays(-daysBack)) || days.To.After(today.AddDays(daysAhead)) {
		return days, fault.New(fault.Invalid, "Une absence se signale pour les 31 jours passés et les 6 mois à venir. Pour un autre jour, appelez le service.")
	}
	return days, nil
}

// mostReports is how many reports somebody tells in 24 hours; another head of the family has their own.
const mostReports = 60

// bounded refuses a citizen's report that is one too many.
func bounded(tx *db.Tx, now time.Time, a actor.Actor) error {
	if a.Kind != actor.Citizen {
		return nil
	}
	n, err := reportsSince(tx, a.Person, civil.InstantOf(now.Add(-24*time.Hour)))
	if err != nil {
		return err
	}
	if n >= mostReports {
		return fault.InvalidFields(fault.Field{Name: "ligne", Sentence: "Vous avez déjà signalé beaucoup d’absences aujourd’hui. Réessayez demain, ou appelez le service."})
	}
	return nil
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
	if err := replaceLapsed(tx, now, out.Lines); err != nil {
		return err
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
		if err := tellReport(tx, now, a, of, reference); err != nil {
			return err
		}
	}
	return nil
}

// places are the first day and the rank of each line in its absence.
func (s scene) places(lines []Line) map[ID]Day {
	at := map[ID]Day{}
	cells, ids := make([]booking.Cell, len(lines)), map[booking.Cell]ID{}
	for i, l := range lines {
		cells[i], ids[l.Cell] = l.Cell, l.ID
	}
	for _, p := range chosen(s.book, s.standing, s.lines, s.today, cells) {
		if id, known := ids[p.Cell]; known {
			at[id] = p.day
		}
	}
	return at
}

// Withdraw takes an absence back as long as its day is not over: the child comes after all. The heads who were told of the
// absence are told that it is withdrawn.
func Withdraw(tx *db.Tx, now time.Time, a actor.Actor, id ID) error {
	l, err := ownLine(tx, now, a, id)
	if err != nil {
		return err
	}
	if !l.holds() || l.Day.Before(civil.DateOf(now)) {
		return fault.New(fault.Conflict, "Cette absence ne peut plus être retirée ici. Rien n’a été enregistré.")
	}
	if _, err := tx.Exec(`update absence set withdrawn_at = $2 where id = $1 and withdrawn_at is null`, string(id), civil.InstantOf(now)); err != nil {
		return fmt.Errorf("withdraw absence: %w", err)
	}
	if err := booking.NoteAbsence(tx, 0, l.Cell); err != nil {
		return err
	}
	if err := tellWithdrawn(tx, now, a, l); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "absence.withdrawn", Object: "family", ID: string(l.Family), Detail: l.Reference})
}
