package booking

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// Proof is a line of what was asked of a cell, when, by whom, and what came of it. It lives as long as the booking and
// its invoice must.
type Proof struct {
	Reference string
	Cell
	Family    family.ID
	ChildName string
	Did       Did
	Was       Token
	Became    activity.ChoiceID
	Late      bool
	Until     *activity.Limit // the last moment to cancel that was promised
	Why       string          // of a refusal, or an agent's reason
	By        string          // who did it; "" when it is not known any more
	ByAgent   bool
	ByPerson  string
	At        civil.Instant
	Rank      int  // on the waiting list, 0 when not read
	Since     bool // what stands now is not what this line did
}

// Confirmation is what was confirmed at once, for those who may act for the children and for agents.
type Confirmation struct {
	Reference string
	Family    family.ID
	At        civil.Instant
	By        string
	ByAgent   bool
	Lines     []Proof
}

// ReadConfirmation reads a confirmation for a citizen: the lines of the families it acts in today, about the children it
// may act for. The other home's are not among them. None, or an unknown reference, is a NotFound fault.
func ReadConfirmation(r db.Reader, now time.Time, a actor.Actor, cat *activity.Catalogue, reference string) (Confirmation, error) {
	children, err := family.Children(r, a, civil.DateOf(now))
	if err != nil {
		return Confirmation{}, err
	}
	homes, err := family.Households(r, a, civil.DateOf(now))
	if err != nil {
		return Confirmation{}, err
	}
	mine, acts := map[family.ChildID]bool{}, map[family.ID]bool{}
	for _, c := range children {
		mine[c.ID] = true
	}
	for _, h := range homes {
		acts[h.ID] = true
	}
	return readConfirmation(r, cat, reference, func(p Proof) bool { return mine[p.Child] && acts[p.Family] })
}

func readConfirmation(r db.Reader, cat *activity.Catalogue, reference string, see func(Proof) bool) (Confirmation, error) {
	all, err := proofsOf(r, cat, `l.reference = $1`, mostWishes, reference)
	if err != nil {
		return Confirmation{}, err
	}
	return confirmationOf(reference, all, see)
}

// readConfirmations reads several as one: of each cell of a family the last word among all of them, in the order in which
// they are given. Its reference is that of the first.
func readConfirmations(r db.Reader, cat *activity.Catalogue, references []string, see func(Proof) bool) (Confirmation, error) {
	if len(references) == 1 {
		return readConfirmation(r, cat, references[0], see)
	}
	type told struct {
		Cell
		family.ID
	}
	var all []Proof
	said := map[told]bool{}
	for end := len(references); end > 0; end -= min(end, perStatement) {
		lines, err := lastWords(r, cat, references[max(0, end-perStatement):end])
		if err != nil {
			return Confirmation{}, err
		}
		for _, p := range lines {
			if of := (told{p.Cell, p.Family}); !said[of] {
				said[of] = true
				all = append(all, p)
			}
		}
	}
	return confirmationOf(references[0], all, see)
}

func confirmationOf(reference string, all []Proof, see func(Proof) bool) (Confirmation, error) {
	var c Confirmation
	for _, p := range all {
		if see(p) {
			c.Lines = append(c.Lines, p)
		}
	}
	if len(c.Lines) == 0 {
		return Confirmation{}, fault.Missing("confirmation")
	}
	first := c.Lines[0]
	c.Reference, c.Family, c.At, c.By, c.ByAgent = reference, first.Family, first.At, first.By, first.ByAgent
	return c, nil
}

// perStatement is how many confirmations are read at once: engines bound the arguments of a statement.
const perStatement = 1000

// lastWords are the lines of some confirmations that did something, of each cell of a family the one of the last of them:
// however many confirm, there are no more lines than cells.
func lastWords(r db.Reader, cat *activity.Catalogue, references []string) ([]Proof, error) {
	args, rows := make([]any, len(references)), make([]string, len(references))
	for i, x := range references {
		args[i], rows[i] = x, `($`+strconv.Itoa(i+1)+`, `+strconv.Itoa(i)+`)`
	}
	return proofsOf(r, cat, `(l.reference, l.position) in (select w.reference, w.position from (
			select x.reference, x.position, row_number() over (partition by x.family, x.child, x.activity, x.day order by part.column2 desc, x.position desc) as nth
			from (values `+strings.Join(rows, ", ")+`) as part cross join booking_line x
			where x.reference = part.column1 and x.did <> 'none') as w where w.nth = 1)`, mostWishes*len(references), args...)
}

// compare marks the lines whose cell holds something else by now.
func (c *Confirmation) compare(r db.Reader, s *Scene, children []family.Child) error {
	var days civil.Range
	for _, p := range c.Lines {
		if days.From.IsZero() || p.Day.Before(days.From) {
			days.From = p.Day
		}
		if p.Day.After(days.To) {
			days.To = p.Day
		}
	}
	if err := readScene(r, s, children, days); err != nil {
		return err
	}
	for i, p := range c.Lines {
		h := s.Held(p.Cell)
		switch p.Did {
		case DidWait:
			c.Lines[i].Since, c.Lines[i].Rank = h.State != Waiting, h.Rank
		case DidOffer:
			c.Lines[i].Since = h.State != Offered
		case DidBook, DidChange, DidAccept, DidPromote, DidTake, DidGive:
			c.Lines[i].Since = h.State != Booked || h.Choice != p.Became
		case DidCancel:
			c.Lines[i].Since = h.Live()
		case DidAsk:
			c.Lines[i].Since = h.State != Asked
		case DidAskCancel:
			c.Lines[i].Since = !h.CancelAsked
		}
	}
	return nil
}

// ProofsOfCell lists what was ever asked of a cell, newest first: its history.
func ProofsOfCell(r db.Reader, cat *activity.Catalogue, c Cell) ([]Proof, error) {
	return proofsOf(r, cat, `l.child = $1 and l.day = $2 and l.activity = $3`, mostHistory, string(c.Child), c.Day, string(c.Activity))
}

// proofsOf lists at most that many lines of proof by a condition of this package, newest first, those of one confirmation
// in its order.
func proofsOf(r db.Reader, cat *activity.Catalogue, where string, most int, args ...any) ([]Proof, error) {
	all, err := db.List(r, func(s db.Scanner) (Proof, error) {
		var p Proof
		var child, by person.Person
		var at *int64
		err := s.Scan(&p.Reference, &p.Family, &p.Child, &p.Activity, &p.Day, &p.Did, &p.Was, &p.Became, &p.Late, &at, &p.Why, &p.ByAgent, &p.ByPerson, &p.At,
			&child.LastName, &child.FirstNames, &by.LastName, &by.FirstNames)
		p.ChildName, p.By = child.FirstName(), by.Full()
		if at != nil {
			l := activity.StoredLimit(civil.Instant(*at), cat.Zone)
			p.Until = &l
		}
		return p, err
	}, `select l.reference, l.family, l.child, l.activity, l.day, case when l.list = '' then l.did else l.list end, l.was, l.became, l.late, l.until_at, l.why, l.by_agent, l.by_person, l.at,
			c.last_name, c.first_names, coalesce(p.last_name, ''), coalesce(p.first_names, '')
		from booking_line l
		join person c on c.id = l.child
		left join person p on p.id = l.by_person
		where `+where+` order by l.at desc, l.reference, l.position limit `+strconv.Itoa(most), args...)
	if err != nil {
		return nil, fmt.Errorf("list lines of proof: %w", err)
	}
	return all, nil
}

// tell mails those who head the family and may act for the children of an order: one mail each, whatever its length.
// Each finds there the lines about the children it may act for.
func (s *Scene) tell(tx *db.Tx, a actor.Actor, out Outcome) error {
	seen, soon := map[family.ID]bool{}, map[family.ID]bool{}
	tomorrow := civil.DateOf(s.Now).AddDays(1)
	for _, d := range out.Lines {
		soon[s.kids[d.Child].family] = soon[s.kids[d.Child].family] || d.does() && !d.Day.After(tomorrow)
	}
	for _, d := range out.Lines {
		of := s.kids[d.Child].family
		if !d.does() || seen[of] {
			continue
		}
		seen[of] = true
		var err error
		if a.Kind == actor.Citizen {
			err = tellGathered(tx, s.Now, a, of, out.Reference, soon[of])
		} else {
			err = tellFamily(tx, s.Now, of, out.Reference)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tellGathered mails the heads of a family about what one of them confirms: several times within minutes is one mail.
func tellGathered(tx *db.Tx, now time.Time, a actor.Actor, of family.ID, reference string, soon bool) error {
	heads, err := toldOf(tx, of, civil.DateOf(now), reference)
	if err != nil {
		return err
	}
	mails := make([]mail.Gathered, len(heads))
	for i, h := range heads {
		mails[i] = mail.Gathered{Message: mailTo(MailConfirmed, h, of, reference), Key: MailConfirmed + " " + string(of) + " " + h.person + " " + a.Person, Part: reference, Soon: soon}
	}
	return mail.Gather(tx, now, mails)
}

func mailTo(template string, h head, of family.ID, reference string) mail.Message {
	return mail.Message{Template: template, To: h.email, Args: map[string]string{"reference": reference, "person": h.person, "family": string(of)}}
}

func tellFamily(tx *db.Tx, now time.Time, of family.ID, reference string) error {
	return tellWith(tx, now, MailConfirmed, of, reference)
}

// tellWith mails the heads of a family about a confirmation.
func tellWith(tx *db.Tx, now time.Time, template string, of family.ID, reference string) error {
	heads, err := toldOf(tx, of, civil.DateOf(now), reference)
	if err != nil {
		return err
	}
	mails := make([]mail.Message, len(heads))
	for i, h := range heads {
		mails[i] = mailTo(template, h, of, reference)
	}
	return mail.EnqueueAll(tx, now, mails)
}

type head struct{ person, email string }

// seenBy is the lines of a confirmation that a head of the family may read on a day: none about a child that a court's
// restriction keeps from them.
const seenBy = `exists (select 1 from booking_line l where l.reference = $3 and l.family = $1 and l.did <> 'none'
	and not exists (select 1 from restriction x where x.person = m.person and x.child = l.child
		and x.from_day <= $2 and (x.lifted_day is null or x.lifted_day > $2)))`

// toldOf lists who is told of a confirmation: the heads of the family with an address.
func toldOf(r db.Reader, of family.ID, day civil.Date, reference string) ([]head, error) {
	all, err := db.List(r, func(s db.Scanner) (head, error) {
		var h head
		err := s.Scan(&h.person, &h.email)
		return h, err
	}, `select p.id, p.email from family_member m join person p on p.id = m.person
		where m.family = $1 and m.role in ('holder', 'coholder') and m.state = 'approved' and m.from_day <= $2
			and (m.to_day is null or m.to_day >= $2) and p.email <> '' and `+seenBy+` order by p.id`, string(of), day, reference)
	if err != nil {
		return nil, fmt.Errorf("list whom to tell: %w", err)
	}
	return all, nil
}
