package custody

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// mostSpans bounds the runs of days that an arrangement names, mostYears how far it may go.
const (
	mostSpans = 40
	mostYears = 18
)

// mostProposals is how many proposals somebody makes for a child in a day, those taken back too; another head of the home
// has their own.
const mostProposals = 3

// maxReference bounds the reference of a court's decision.
const maxReference = 80

// Sharing is how a child's days are to be shared, as proposed or entered at the counter. A court's decision is its date
// and reference only.
type Sharing struct {
	Arrangement
	DecidedOn civil.Date
	Reference string
}

// check says what to correct. today bounds a proposal, which cannot change what is past; at the counter it is zero.
func (s Sharing) check(now, today civil.Date) error {
	var fields []fault.Field
	wrong := func(name, sentence string) { fields = append(fields, fault.Field{Name: name, Sentence: sentence}) }
	far := civil.NewDate(now.Year+mostYears, now.Month, now.Day)
	switch {
	case s.Days.From.IsZero():
		wrong("debut", "Indiquez le premier jour, par exemple 04/01/2027.")
	case !today.IsZero() && s.Days.From.Before(today):
		wrong("debut", "Indiquez aujourd’hui ou un jour à venir\u00a0: les jours passés ne changent plus.")
	case s.Days.From.After(far):
		wrong("debut", "Vérifiez l’année du premier jour.")
	}
	if !s.Days.To.IsZero() && (s.Days.To.Before(s.Days.From) || s.Days.To.After(far)) {
		wrong("fin", "Indiquez un dernier jour qui suit le premier, ou laissez vide.")
	}
	switch {
	case s.Kind == Cycle && (s.Cells == "" || s.Step < 1 || len(s.Cells)*s.Step > 70):
		wrong("jours1", "Indiquez comment les jours reviennent.")
	case s.Kind == Cycle && !(strings.Contains(s.Cells, "A") && strings.Contains(s.Cells, "B")):
		wrong("jours1", "Cochez au moins un jour, et laissez-en au moins un à l’autre foyer.")
	case s.Kind == ByDates && len(s.Spans) == 0:
		wrong("du1", "Indiquez au moins une date.")
	case !slices.Contains([]Kind{EvenOddWeeks, Cycle, ByDates}, s.Kind) || strings.Trim(s.Cells, "AB") != "":
		wrong("rythme", "Choisissez comment les jours se partagent.")
	}
	if len(s.Spans) > mostSpans {
		wrong("du1", "Indiquez 40 périodes au plus.")
	}
	for i, x := range s.Spans {
		name := fmt.Sprintf("du%d", i+1)
		if x.From.IsZero() || x.To.Before(x.From) || !s.has(x.Home) {
			wrong(name, "Indiquez un premier et un dernier jour, et le foyer.")
			continue
		}
		if !s.Days.From.IsZero() && (x.To.Before(s.Days.From) || !s.Days.To.IsZero() && x.From.After(s.Days.To)) { // without effect
			wrong(name, "Ces jours sont hors du partage, "+s.span()+". Changez ces dates, ou celles du partage.")
			continue
		}
		for _, y := range s.Spans[:i] {
			if !x.To.Before(y.From) && !y.To.Before(x.From) {
				wrong(name, "Ces jours sont déjà dans une autre ligne.")
				break
			}
		}
	}
	return fault.InvalidFields(append(fields, s.checkCourt(now)...)...)
}

// span is "qui commence le 4 janvier 2027", with its end when there is one.
func (s Sharing) span() string {
	if s.Days.To.IsZero() {
		return "qui commence le " + s.Days.From.Full()
	}
	return "qui va du " + s.Days.From.Full() + " au " + s.Days.To.Full()
}

func (s Sharing) checkCourt(now civil.Date) []fault.Field {
	var fields []fault.Field
	if s.DecidedOn.After(now) {
		fields = append(fields, fault.Field{Name: "decision", Sentence: "Cette date est à venir. Indiquez celle de la décision, par exemple 12/03/2026."})
	}
	switch {
	case len([]rune(s.Reference)) > maxReference:
		fields = append(fields, fault.Field{Name: "reference", Sentence: "Écrivez la référence en 80 caractères au plus."})
	case s.Reference != "" && s.DecidedOn.IsZero():
		fields = append(fields, fault.Field{Name: "decision", Sentence: "Indiquez aussi la date de la décision."})
	case s.Reference == "" && !s.DecidedOn.IsZero():
		fields = append(fields, fault.Field{Name: "reference", Sentence: "Indiquez aussi la référence de la décision."})
	}
	return fields
}

// twoHomesOf are the two homes of a child, the given one first; a child of one home, or of more than two, is Refused.
func twoHomesOf(r db.Reader, child family.ChildID, own family.ID) (family.ID, family.ID, error) {
	homes, err := family.HomesOfChild(r, child.PersonID())
	if err != nil {
		return "", "", err
	}
	switch {
	case len(homes) != 2:
		return "", "", fault.New(fault.Refused, "Seul un enfant connu dans deux foyers a ses jours partagés. Appelez le service.")
	case homes[0] == own:
		return homes[0], homes[1], nil
	case homes[1] == own:
		return homes[1], homes[0], nil
	}
	return "", "", fault.Missing("child")
}

// Propose is a parent's proposal: it has no effect before an agent's answer. The other home is told, and may say what it
// thinks of it (Say). Each home has one at a time.
func Propose(tx *db.Tx, now time.Time, a actor.Actor, child family.ChildID, s Sharing) (ID, error) {
	today := civil.DateOf(now)
	own, err := family.MayAct(tx, a, child, today)
	if err != nil {
		return "", err
	}
	if err := lockChild(tx, child); err != nil {
		return "", err
	}
	if err := sameHomes(tx, child, own, s.Arrangement); err != nil {
		return "", err
	}
	s.Reference = person.Clean(s.Reference)
	if err := s.check(today, today); err != nil {
		return "", err
	}
	waiting, err := db.One(tx, "count", db.Column[int64], `select count(*) from custody where child = $1 and asked_home = $2 and state = 'asked'`,
		string(child), string(own))
	if err != nil {
		return "", wrap("look for custody asked for", err)
	}
	if waiting > 0 {
		return "", fault.New(fault.Conflict, "Votre foyer a déjà une proposition en cours de vérification. Annulez-la pour en faire une autre.")
	}
	made, err := db.One(tx, "count", db.Column[int64], `select count(*) from custody where child = $1 and asked_by = $2 and asked_home is not null and asked_at >= $3`,
		string(child), a.Person, civil.InstantOf(today.At(0, 0, now.Location())))
	if err != nil {
		return "", wrap("count proposals of a day", err)
	}
	if made >= mostProposals {
		return "", fault.InvalidFields(fault.Field{Name: "debut", Sentence: "Vous avez déjà fait 3 propositions aujourd’hui. Vous pourrez en faire une autre demain, ou appeler le service."})
	}
	c := entryOf(child, s, Asked)
	c.AskedHome = own
	if err := insertEntry(tx, now, c, person.ID(a.Person)); err != nil {
		return "", err
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "family.custody.asked", Object: "custody", ID: string(c.ID), Subject: string(child)}); err != nil {
		return "", err
	}
	return c.ID, gather(tx, now, MailProposed, child, "custody", string(c.ID), nil, c.askedOf())
}

// sameHomes refuses an arrangement that is not between the two homes of the child.
func sameHomes(r db.Reader, child family.ChildID, own family.ID, x Arrangement) error {
	first, second, err := twoHomesOf(r, child, own)
	if err != nil {
		return err
	}
	if !x.has(first) || !x.has(second) || x.Home == x.Other {
		return fault.Missing("family")
	}
	return nil
}

func entryOf(child family.ChildID, s Sharing, state State) entry {
	c := entry{Arrangement: s.Arrangement, State: state, DecidedOn: s.DecidedOn, Reference: s.Reference}
	c.ID, c.Child = ID(db.NewID()), child
	if c.Anchor.IsZero() {
		c.Anchor = c.Days.From
	}
	return c
}

// Withdraw takes back a proposal that no agent has answered, by somebody who acts in the home that made it.
func Withdraw(tx *db.Tx, now time.Time, a actor.Actor, id ID) (family.ChildID, error) {
	c, err := byID(tx, id)
	if err != nil {
		return "", err
	}
	own, err := family.MayAct(tx, a, c.Child, civil.DateOf(now))
	if err != nil || own != c.AskedHome {
		return "", fault.Missing("custody")
	}
	if err := answered(setState(tx, now, id, Withdrawn, "")); err != nil {
		return "", err
	}
	return c.Child, audit.Write(tx, now, a, audit.Entry{Action: "family.custody.withdrawn", Object: "custody", ID: string(id), Subject: string(c.Child)})
}

func answered(moved bool, err error) error {
	if err == nil && !moved {
		return fault.New(fault.Conflict, "Cette proposition a déjà reçu une réponse. Rechargez la page pour la lire.")
	}
	return err
}

// entryFor reads an arrangement for an agent who holds a right for both homes: what one is told binds the other.
func entryFor(r db.Reader, a actor.Actor, id ID, right actor.Right) (entry, error) {
	c, err := byID(r, id)
	if err != nil {
		return c, err
	}
	return c, bothHomes(r, a, c.Home, c.Other, right)
}

func bothHomes(r db.Reader, a actor.Actor, home, other family.ID, right actor.Right) error {
	for _, id := range []family.ID{home, other} {
		if err := family.Readable(r, a, id, right); err != nil {
			return fault.Missing("custody")
		}
	}
	return nil
}

// Decide answers a proposal, for an agent who approves members for both homes. Approved, it stands from its first
// day, in place of what stood; both homes are told. Refused, both are told, and the home that proposed it is told why. What
// is booked stays.
func Decide(tx *db.Tx, now time.Time, a actor.Actor, id ID, d family.Decision) error {
	c, err := entryFor(tx, a, id, family.MemberApprove)
	if err != nil {
		return err
	}
	if d.Reason = strings.TrimSpace(d.Reason); !d.Approve && d.Reason == "" {
		return fault.InvalidFields(fault.Field{Name: "motif", Sentence: "Indiquez le motif\u00a0: la famille le lira."})
	}
	if err := lockChild(tx, c.Child); err != nil {
		return err
	}
	state, action := Refused, "family.custody.refused"
	if d.Approve {
		state, action = Standing, "family.custody.approved"
		if err := sameHomes(tx, c.Child, c.Home, c.Arrangement); err != nil {
			return err
		}
	}
	if err := answered(setState(tx, now, id, state, d.Reason)); err != nil {
		return err
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: action, Object: "custody", ID: string(id), Subject: string(c.Child)}); err != nil {
		return err
	}
	if !d.Approve {
		return tell(tx, now, MailRefused, c, c.AskedHome, c.askedOf())
	}
	if err := makeRoom(tx, c.Arrangement); err != nil {
		return err
	}
	return tell(tx, now, MailStanding, c, c.Home, c.Other)
}

// Enter is an arrangement that an agent enters at the counter: it stands at once, from its first day.
func Enter(tx *db.Tx, now time.Time, a actor.Actor, child family.ChildID, s Sharing) (ID, error) {
	if err := bothHomes(tx, a, s.Home, s.Other, family.FileWrite); err != nil {
		return "", err
	}
	if err := lockChild(tx, child); err != nil {
		return "", err
	}
	if err := sameHomes(tx, child, s.Home, s.Arrangement); err != nil {
		return "", err
	}
	s.Reference = person.Clean(s.Reference)
	if err := s.check(civil.DateOf(now), civil.Date{}); err != nil {
		return "", err
	}
	c := entryOf(child, s, Standing)
	if err := insertEntry(tx, now, c, ""); err != nil {
		return "", err
	}
	if err := makeRoom(tx, c.Arrangement); err != nil {
		return "", err
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "family.custody.entered", Object: "custody", ID: string(c.ID), Subject: string(child)}); err != nil {
		return "", err
	}
	return c.ID, tell(tx, now, MailStanding, c, c.Home, c.Other)
}

// End sets the last day of an arrangement that stands. After it, each home books as it wants.
func End(tx *db.Tx, now time.Time, a actor.Actor, id ID, last civil.Date) (family.ChildID, error) {
	c, err := entryFor(tx, a, id, family.FileWrite)
	if err != nil {
		return "", err
	}
	if last.IsZero() || last.Before(civil.DateOf(now).AddDays(-1)) {
		return "", fault.InvalidFields(fault.Field{Name: "fin", Sentence: "Indiquez le dernier jour\u00a0: hier, aujourd’hui ou plus tard."})
	}
	if err := lockChild(tx, c.Child); err != nil {
		return "", err
	}
	if c, err = byID(tx, id); err != nil {
		return "", err
	}
	if c.State != Standing || !c.Days.To.IsZero() && c.Days.To.Before(last) {
		return "", fault.New(fault.Conflict, "Ce partage est déjà terminé ou remplacé. Rechargez la page.")
	}
	if err := endOn(tx, c.Arrangement, last); err != nil {
		return "", err
	}
	if err := audit.Write(tx, now, a, audit.Entry{Action: "family.custody.ended", Object: "custody", ID: string(id), Subject: string(c.Child)}); err != nil {
		return "", err
	}
	return c.Child, tell(tx, now, MailEnded, c, c.Home, c.Other)
}

// tell mails those who head some homes of a child, each with the home it is written for; not who is kept from the
// child.
func tell(tx *db.Tx, now time.Time, template string, c entry, homes ...family.ID) error {
	return tellHomes(tx, now, template, c.Child, map[string]string{"custody": string(c.ID)}, homes...)
}

func tellHomes(tx *db.Tx, now time.Time, template string, child family.ChildID, args map[string]string, homes ...family.ID) error {
	all, err := mailsTo(tx, now, template, child, args, homes...)
	if err != nil {
		return err
	}
	return mail.EnqueueAll(tx, now, all)
}

// mailsTo are the mails to those who head some homes.
func mailsTo(tx *db.Tx, now time.Time, template string, child family.ChildID, args map[string]string, homes ...family.ID) ([]mail.Message, error) {
	var all []mail.Message
	for _, home := range homes {
		to, err := family.ToldOf(tx, civil.DateOf(now), home, child.PersonID(), "")
		if err != nil {
			return nil, err
		}
		names, err := namesOf(tx, now, home)
		if err != nil {
			return nil, err
		}
		for _, address := range to {
			one := map[string]string{"home": string(home)}
			if who := names[address]; who != "" {
				one["person"] = string(who)
			}
			for k, v := range args {
				one[k] = v
			}
			all = append(all, mail.Message{Template: template, To: address, Args: one})
		}
	}
	return all, nil
}

// gather tells what a parent may do again and again: what is done in a row for a child is one mail to each head of a home. Who
// knows already is not told.
func gather(tx *db.Tx, now time.Time, template string, child family.ChildID, what, id string, knows func(key string) (bool, error), homes ...family.ID) error {
	mails, err := mailsTo(tx, now, template, child, map[string]string{what: id}, homes...)
	if err != nil {
		return err
	}
	var all []mail.Gathered
	for _, m := range mails {
		g := mail.Gathered{Message: m, Key: template + " " + m.Args["home"] + " " + string(child) + " " + m.To, Part: id}
		if knows != nil {
			known, err := knows(g.Key)
			if err != nil {
				return err
			}
			if known {
				continue
			}
		}
		all = append(all, g)
	}
	return mail.Gather(tx, now, all)
}

// namesOf are those who head a home by their address, but for an address that two of them share.
func namesOf(tx *db.Tx, now time.Time, home family.ID) (map[string]person.ID, error) {
	heads, err := family.HeadsOf(tx, home, civil.DateOf(now))
	if err != nil {
		return nil, err
	}
	names := map[string]person.ID{}
	for _, id := range heads {
		p, err := person.ByID(tx, id)
		if err != nil {
			return nil, err
		}
		if _, shared := names[p.Email]; shared {
			id = ""
		}
		names[p.Email] = id
	}
	return names, nil
}
