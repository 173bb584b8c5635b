package activity

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

// Waiting is how the waiting list of an activity goes. Offers: a freed place is offered and held for OfferHours, instead
// of being booked at once for the first in line. LateFree: while somebody waits, a place may be given up past the
// deadline, until LateHours before the start. First are the qualities served first, in order, then everybody else.
type Waiting struct {
	Offers     bool
	OfferHours int
	LateFree   bool
	LateHours  int
	First      []Quality
	FirstNames []string // of First, as read
}

// UsualWaiting is the waiting list of an activity that nobody has set.
func UsualWaiting() Waiting { return Waiting{OfferHours: 48, LateFree: true, LateHours: 2} }

// The bounds of what an agent sets.
const (
	mostOfferHours = 336
	mostLateHours  = 72
	mostFirst      = 3 // fields of the page
)

func (w Waiting) tidy() Waiting {
	if w.OfferHours == 0 && w.LateHours == 0 && !w.LateFree && len(w.First) == 0 && !w.Offers { // an activity made in code
		return UsualWaiting()
	}
	var first []Quality
	for _, q := range w.First {
		if q != "" && !slices.Contains(first, q) {
			first = append(first, q)
		}
	}
	w.First = first
	return w
}

func (w Waiting) problems() []fault.Field {
	var fields []fault.Field
	if w.OfferHours < 1 || w.OfferHours > mostOfferHours {
		fields = append(fields, fault.Field{Name: "heures", Sentence: "Indiquez un nombre d’heures entre 1 et 336 (14 jours)."})
	}
	if w.LateHours < 0 || w.LateHours > mostLateHours {
		fields = append(fields, fault.Field{Name: "heures_avant", Sentence: "Indiquez un nombre d’heures entre 0 et 72."})
	}
	return fields
}

func (w Waiting) stamp() string {
	return stampOf(w.Offers, w.OfferHours, w.LateFree, w.LateHours, w.First)
}

// promotion is the word stored.
func (w Waiting) promotion() string {
	if w.Offers {
		return "offer"
	}
	return "auto"
}

// Words says to families in which order places go.
func (w Waiting) Words() string {
	if len(w.FirstNames) == 0 {
		return "Les places vont dans l’ordre des demandes"
	}
	names := make([]string, len(w.FirstNames))
	for i, name := range w.FirstNames {
		names[i] = "«\u00a0" + name + "\u00a0»"
	}
	return "Les places vont d’abord aux familles notées " + strings.Join(names, ", puis ") + ", ensuite dans l’ordre des demandes"
}

func readPriorities(r db.Reader, c *Catalogue) error {
	return each(r, c, func(s db.Scanner) (of[NamedQuality], error) {
		var x of[NamedQuality]
		err := s.Scan(&x.activity, &x.row.Code, &x.row.Name)
		return x, err
	}, func(a *Activity, q NamedQuality) {
		a.Waiting.First, a.Waiting.FirstNames = append(a.Waiting.First, q.Code), append(a.Waiting.FirstNames, q.Name)
	}, `select p.activity, p.quality, q.name from activity_priority p join quality q on q.code = p.quality order by p.activity, p.position`)
}

func writePriorities(tx *db.Tx, id ID, first []Quality) error {
	if _, err := tx.Exec(`delete from activity_priority where activity = $1`, string(id)); err != nil {
		return err
	}
	for i, q := range first {
		if _, err := tx.Exec(`insert into activity_priority (activity, quality, position) values ($1, $2, $3)`, string(id), string(q), i); err != nil {
			return err
		}
	}
	return nil
}

// checkFirst gives usual qualities their row and refuses one that is of no list.
func checkFirst(tx *db.Tx, first []Quality) error {
	if len(first) == 0 {
		return nil
	}
	all, err := AllQualities(tx)
	if err != nil {
		return err
	}
	for _, q := range first {
		i := slices.IndexFunc(all, func(x NamedQuality) bool { return x.Code == q })
		if i < 0 {
			return wrong("priorite1", "Choisissez une priorité de la liste.")
		}
		if err := ensureQuality(tx, all[i], i); err != nil {
			return fmt.Errorf("note quality: %w", err)
		}
	}
	return nil
}

func waitingPart() part {
	return part{end: "attente", title: "Liste d’attente", fields: waitingFields, read: func(f *web.Form, x *Activity) []fault.Field {
		var wrong []fault.Field
		x.Waiting = Waiting{Offers: f.Text("promotion") == "offer", LateFree: f.Bool("tardive")}
		x.Waiting.OfferHours, wrong = readNumber(f, "heures", mostOfferHours, wrong)
		x.Waiting.LateHours, wrong = readNumber(f, "heures_avant", mostLateHours, wrong)
		for i := range mostFirst {
			if q := Quality(f.Text(priorityField(i))); q != "" && !slices.Contains(x.Waiting.First, q) {
				x.Waiting.First = append(x.Waiting.First, q)
			}
		}
		return append(wrong, x.Waiting.problems()...)
	}}
}

func priorityField(i int) string { return "priorite" + strconv.Itoa(i+1) }

func priorityLabel(i int) string {
	return []string{"Servies d’abord", "Ensuite", "Puis"}[i]
}

func (d desk) priorityValue(i int) string {
	if i < len(d.Waiting.First) {
		return string(d.Waiting.First[i])
	}
	return ""
}

func (d desk) priorityOptions() []web.Option {
	all := []web.Option{{Value: "", Label: "Toutes les familles, dans l’ordre des demandes"}}
	for _, q := range d.qualities {
		all = append(all, web.Option{Value: string(q.Code), Label: q.Name})
	}
	return all
}

func promotionOptions() []web.Option {
	return []web.Option{
		{Value: "auto", Label: "Réservée aussitôt au premier de la liste", Hint: "La famille l’a demandé en rejoignant la liste ; elle est prévenue par courriel."},
		{Value: "offer", Label: "Proposée au premier de la liste", Hint: "La place est gardée le temps de sa réponse, puis passe au suivant."},
	}
}

func (d desk) waitingDetail() string {
	text := "Réservée aussitôt"
	if d.Waiting.Offers {
		text = "Proposée pendant " + strconv.Itoa(d.Waiting.OfferHours) + " h"
	}
	if len(d.Waiting.First) > 0 {
		text += ", " + strconv.Itoa(len(d.Waiting.First)) + " priorité" + strings.Repeat("s", min(1, len(d.Waiting.First)-1))
	}
	return text
}

// qualityNames are the qualities of some codes, in words.
func (d desk) qualityNames(codes []Quality) string {
	names := make([]string, len(codes))
	for i, code := range codes {
		names[i] = string(code)
		for _, q := range d.qualities {
			if q.Code == code {
				names[i] = q.Name
			}
		}
	}
	return strings.Join(names, ", ")
}

// GiveBack gives places back as Release does, and returns those of slots that somebody may be waiting for.
func GiveBack(tx *db.Tx, ids []SlotID) ([]SlotID, error) {
	counts := map[SlotID]int{}
	for _, id := range ids {
		counts[id]++
	}
	var waited []SlotID
	for round := 1; ; round++ {
		var give []SlotID
		for id, n := range counts {
			if n >= round {
				give = append(give, id)
			}
		}
		if len(give) == 0 {
			return waited, nil
		}
		slices.Sort(give)
		for part := range slices.Chunk(give, batch) {
			some, err := giveOne(tx, part)
			if err != nil {
				return nil, wrap("give places back", err)
			}
			for _, id := range some {
				if !slices.Contains(waited, id) {
					waited = append(waited, id)
				}
			}
		}
	}
}

func giveOne(tx *db.Tx, ids []SlotID) ([]SlotID, error) {
	type row struct {
		id     SlotID
		waited bool
	}
	all, err := db.List(tx, func(s db.Scanner) (row, error) {
		var x row
		err := s.Scan(&x.id, &x.waited)
		return x, err
	}, `update slot set taken = taken - 1 where id in (`+db.Marks(1, len(ids))+`) returning id, waited`, slotArgs(ids)...)
	if err != nil {
		return nil, err
	}
	if len(all) != len(ids) {
		return nil, fmt.Errorf("%d slots released, %d asked", len(all), len(ids))
	}
	var waited []SlotID
	for _, x := range all {
		if x.waited {
			waited = append(waited, x.id)
		}
	}
	return waited, nil
}

// SetWaited notes on slots whether somebody waits for them. Setting it locks them, so that who gives a place back at the
// same moment sees it.
func SetWaited(tx *db.Tx, ids []SlotID, waited bool) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for part := range slices.Chunk(ids, batch) {
		args := append([]any{waited}, slotArgs(part)...)
		if _, err := tx.Exec(`update slot set waited = $1 where id in (`+db.Marks(2, len(part))+`)`, args...); err != nil {
			return wrap("note who is waited for", err)
		}
	}
	return nil
}

// Queue notes on slots that somebody waits for them, and returns those that have a place all the same. It locks them: who
// gives a place back at the same moment either is seen here or sees that somebody waits.
func Queue(tx *db.Tx, ids []SlotID) ([]SlotID, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var room []SlotID
	for part := range slices.Chunk(ids, batch) {
		all, err := db.List(tx, scanSlot, `update slot set waited = true where id in (`+db.Marks(1, len(part))+`) returning `+slotColumns, slotArgs(part)...)
		if err != nil {
			return nil, wrap("join the waiting list", err)
		}
		for _, s := range all {
			if !s.Full() && !s.Closed {
				room = append(room, s.ID)
			}
		}
	}
	return room, nil
}

// WaitedWithRoom lists the open slots of some days that have a place and that somebody may wait for: of an activity, or of
// all for "".
func WaitedWithRoom(r db.Reader, id ID, days civil.Range) ([]SlotID, error) {
	all, err := db.List(r, db.Column[SlotID], `select id from slot where waited = true and day between $1 and $2 and state = 'open'
		and (capacity is null or taken < capacity) and ($3 = '' or unit in (select id from unit where activity = $3)) order by day, id`, days.From, days.To, string(id))
	return all, wrap("list places to hand on", err)
}

// SlotsByID reads some slots.
func SlotsByID(r db.Reader, ids []SlotID) (map[SlotID]Slot, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	found := map[SlotID]Slot{}
	for part := range slices.Chunk(ids, batch) {
		all, err := db.List(r, scanSlot, `select `+slotColumns+` from slot where id in (`+db.Marks(1, len(part))+`)`, slotArgs(part)...)
		if err != nil {
			return nil, wrap("read slots", err)
		}
		for _, s := range all {
			found[s.ID] = s
		}
	}
	return found, nil
}
