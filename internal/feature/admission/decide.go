package admission

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// DecisionID names a decision.
type DecisionID string

// Kind is what was decided.
type Kind string

// The kinds of decision. Again is the owner's: the request sent again after a correction, or put back in the queue.
const (
	Linked    Kind = "link"
	Opened    Kind = "open"
	Corrected Kind = "correction"
	Turned    Kind = "refuse"
	Already   Kind = "already"
	Again     Kind = "again"
	Entered   Kind = "join" // became the co-holder of a known family; stored as an 'open' with a place
)

func (k Kind) did() string {
	switch k {
	case Linked:
		return "a activé ce compte et l’a rattaché à une personne connue,"
	case Opened:
		return "a activé ce compte et ouvert une famille,"
	case Entered:
		return "a activé ce compte et l’a relié à une famille connue,"
	case Corrected:
		return "a demandé une correction,"
	case Turned:
		return "a refusé cette demande,"
	case Already:
		return "a répondu que cette personne a déjà un espace,"
	}
	return "a remis cette demande dans la file,"
}

// Decision is one act on a newcomer's request. Person is the newcomer's own, Known whom it was linked to.
type Decision struct {
	ID                               DecisionID
	Account                          account.ID
	Kind                             Kind
	MadeBy                           account.ID
	MadeAt, StartedAt, DueAt         civil.Instant
	Person, Known                    person.ID
	Family                           family.ID
	Place                            family.MemberID // join: the newcomer's own, in Family
	Closed                           account.ID
	KnownEmail, Filled               string
	Fields                           []string
	Message                          string
	UndoneAt                         civil.Instant
	UndoReason                       string
	MakerName, KnownName, UndoerName string
}

// Undoable tells whether it is a link, or an entry in a known family, that still stands.
func (d Decision) Undoable() bool { return d.ties() && d.UndoneAt == 0 }

// ties tells whether it tied a newcomer to what the town had.
func (d Decision) ties() bool { return d.Kind == Linked || d.Kind == Entered }

const maxMessage = 1000

// Link activates a newcomer and makes the account that of a person whom the town knows: what is known is kept, the
// confirmed e-mail address and what was missing are taken from the request, the newcomer's own person stays aside so
// that Undo gives everything back. The known person's unclaimed account is closed; one in use refuses. A name alone
// never suffices. services, when the known person heads no family, are those for which one is opened.
func Link(tx *db.Tx, now time.Time, a actor.Actor, id account.ID, known person.ID, services []town.ServiceID) (DecisionID, error) {
	if err := mayDecide(a); err != nil {
		return "", err
	}
	if err := served(tx, services); err != nil {
		return "", err
	}
	homes, err := reachedHomes(tx, now, a, known)
	if err != nil {
		return "", err
	}
	d, acc, err := begin(tx, now, a, id, Linked, account.Activate)
	if err != nil {
		return "", err
	}
	typed, err := linkable(tx, d.Person, known)
	if err != nil {
		return "", err
	}
	if d.Closed, err = account.TakePerson(tx, now, a, id, known); err != nil {
		return "", err
	}
	filled, err := person.FillFrom(tx, now, known, typed, acc.Email)
	if err != nil {
		return "", err
	}
	d.Known, d.KnownEmail, d.Filled = known, filled.Email, filledWords(filled)
	if len(services) > 0 && !slices.ContainsFunc(homes, family.Home.Acts) {
		if d.Family, err = family.OpenFamily(tx, now, a, known, services); err != nil {
			return "", err
		}
	}
	if err := finish(tx, now, a, d, acc, MailActivated, "known="+string(known)); err != nil {
		return "", err
	}
	if d.KnownEmail != "" && d.KnownEmail != acc.Email {
		return d.ID, tell(tx, now, MailLinked, d.KnownEmail, d.ID, "")
	}
	return d.ID, nil
}

// served refuses a service that is none of the town's.
func served(r db.Reader, services []town.ServiceID) error {
	if len(services) == 0 {
		return nil
	}
	all, err := town.Services(r)
	if err != nil {
		return err
	}
	for _, id := range services {
		if !slices.ContainsFunc(all, func(s town.Service) bool { return s.ID == id }) {
			return fault.InvalidFields(fault.Field{Name: "service", Sentence: "Choisissez un service de la liste."})
		}
	}
	return nil
}

// reachedHomes are the families of a known person, of which the agent must reach one when there are any.
func reachedHomes(r db.Reader, now time.Time, a actor.Actor, known person.ID) ([]family.Home, error) {
	homes, err := family.HomesOf(r, civil.DateOf(now), known)
	if err != nil {
		return nil, err
	}
	theirs := homes[known]
	if len(theirs) > 0 && !slices.ContainsFunc(theirs, func(h family.Home) bool { return h.Reached(a, DecideRight) }) {
		return nil, fault.New(fault.Refused, "Cette personne est connue d’un autre service : demandez à l’un de ses agents de la rattacher.")
	}
	return theirs, nil
}

// nameAlone is why two people of one name are not one.
const nameAlone = "Le nom seul ne suffit pas pour rattacher : il faut aussi la date de naissance, l’e-mail, le téléphone ou l’adresse. Demandez une précision."

// linkable reads the newcomer's own person and refuses a known one who cannot be the same.
func linkable(tx *db.Tx, own, known person.ID) (person.Person, error) {
	typed, err := person.ByID(tx, own)
	if err != nil {
		return typed, err
	}
	other, err := person.ByID(tx, known)
	if err != nil {
		return typed, err
	}
	facts, err := standings(tx, []person.ID{known})
	if err != nil {
		return typed, err
	}
	switch x := facts[known]; {
	case known == own || x.child || x.aside || x.agent && x.account == "":
		return typed, fault.Missing("person")
	case !Compare(typed, other).Proven():
		return typed, fault.New(fault.Refused, nameAlone)
	}
	return typed, nil
}

// Proven tells whether something besides the name is the same, which no other birth date denies.
func (m Match) Proven() bool {
	reached := m.Email == Identical || m.Phone == Identical && m.Birth != Different // a phone is as it was typed
	return reached || m.Birth >= Close || m.Address == Identical && m.Birth != Different
}

// OpenFamily activates a newcomer whom the town does not know, and opens a family with this holder.
func OpenFamily(tx *db.Tx, now time.Time, a actor.Actor, id account.ID, services []town.ServiceID) (DecisionID, error) {
	if err := mayDecide(a); err != nil {
		return "", err
	}
	for _, s := range services {
		if !a.CanFor(DecideRight, string(s)) {
			return "", fault.New(fault.Forbidden, "")
		}
	}
	if err := served(tx, services); err != nil {
		return "", err
	}
	d, acc, err := begin(tx, now, a, id, Opened, account.Activate)
	if err != nil {
		return "", err
	}
	if d.Family, err = family.OpenFamily(tx, now, a, acc.Person, services); err != nil {
		return "", err
	}
	return d.ID, finish(tx, now, a, d, acc, MailActivated, "family="+string(d.Family))
}

// Ask gives the request back to its owner: which details to correct, with a message.
func Ask(tx *db.Tx, now time.Time, a actor.Actor, id account.ID, fields []string, message string) (DecisionID, error) {
	if err := mayDecide(a); err != nil {
		return "", err
	}
	var wrong []fault.Field
	fields = knownFields(fields)
	message, sentence := checkMessage(message)
	if len(fields) == 0 {
		wrong = append(wrong, fault.Field{Name: "champ", Sentence: "Cochez ce qui est à corriger."})
	}
	if sentence == "" && message == "" && slices.Contains(fields, otherField) {
		sentence = "Écrivez ce que vous attendez : le demandeur le lira."
	}
	if sentence != "" {
		wrong = append(wrong, fault.Field{Name: "message", Sentence: sentence})
	}
	if err := fault.InvalidFields(wrong...); err != nil {
		return "", err
	}
	d, acc, err := begin(tx, now, a, id, Corrected, account.AskCorrection)
	if err != nil {
		return "", err
	}
	d.Fields, d.Message = fields, message
	return d.ID, finish(tx, now, a, d, acc, MailCorrection, strings.Join(fields, " "))
}

// Refuse turns a newcomer down; the reason is what the owner reads.
func Refuse(tx *db.Tx, now time.Time, a actor.Actor, id account.ID, reason string) (DecisionID, error) {
	if err := mayDecide(a); err != nil {
		return "", err
	}
	reason, sentence := checkMessage(reason)
	if reason == "" && sentence == "" {
		sentence = "Indiquez le motif : le demandeur le lira."
	}
	if sentence != "" {
		return "", fault.InvalidFields(fault.Field{Name: "motif", Sentence: sentence})
	}
	d, acc, err := begin(tx, now, a, id, Turned, account.Refuse)
	if err != nil {
		return "", err
	}
	d.Message = reason
	return d.ID, finish(tx, now, a, d, acc, MailRefused, "")
}

// TellAlready answers a newcomer who already signs in under another account: « vous avez déjà un espace ». The
// request is refused; the account in use is not named to who asked.
func TellAlready(tx *db.Tx, now time.Time, a actor.Actor, id account.ID, known person.ID) (DecisionID, error) {
	if err := mayDecide(a); err != nil {
		return "", err
	}
	if _, err := reachedHomes(tx, now, a, known); err != nil {
		return "", err
	}
	theirs, err := account.ForPerson(tx, known, account.Citizen)
	if err != nil {
		return "", err
	}
	if theirs.State != account.Active {
		return "", fault.New(fault.Refused, "Cette personne n’a pas d’espace ouvert : rattachez-la.")
	}
	d, acc, err := begin(tx, now, a, id, Already, account.Refuse)
	if err != nil {
		return "", err
	}
	if _, err := linkable(tx, d.Person, known); err != nil {
		return "", err
	}
	d.Known, d.Message = known, "Vous avez déjà un espace personnel : connectez-vous avec lui."
	return d.ID, finish(tx, now, a, d, acc, MailAlready, "known="+string(known))
}

// Requeue puts a refused request, or one whose correction is no longer wanted, back in the queue.
func Requeue(tx *db.Tx, now time.Time, a actor.Actor, id account.ID) error {
	if err := mayDecide(a); err != nil {
		return err
	}
	d, _, err := begin(tx, now, a, id, Again, account.Requeue)
	if err != nil {
		return err
	}
	return again(tx, now, a, d)
}

// Resubmit is the owner's answer to a demand of correction: the request waits again, and a new promise runs.
func Resubmit(tx *db.Tx, now time.Time, a actor.Actor) error {
	d, _, err := begin(tx, now, a, account.ID(a.Account), Again, func(tx *db.Tx, now time.Time, a actor.Actor, _ account.ID) (account.Account, error) {
		return account.Resubmit(tx, now, a)
	})
	if err != nil {
		return err
	}
	d.MadeBy = ""
	return again(tx, now, a, d)
}

func again(tx *db.Tx, now time.Time, a actor.Actor, d Decision) error {
	d.StartedAt = civil.InstantOf(now)
	if err := insertDecision(tx, d); err != nil {
		return err
	}
	if err := settleNewcomer(tx, d.Account, d.ID, d.StartedAt, 0); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "admission." + string(d.Kind), Object: "newcomer", ID: string(d.Account), Subject: string(d.Person)})
}

// begin moves the account, which locks it, and prepares the decision. Of two agents the second is told who decided
// and what.
func begin(tx *db.Tx, now time.Time, a actor.Actor, id account.ID, kind Kind,
	move func(*db.Tx, time.Time, actor.Actor, account.ID) (account.Account, error)) (Decision, account.Account, error) {
	acc, err := move(tx, now, a, id)
	if fault.KindOf(err) == fault.Conflict {
		n, readErr := newcomerByAccount(tx, id)
		if readErr != nil {
			return Decision{}, acc, readErr
		}
		return Decision{}, acc, tooLate(now, n)
	}
	if err != nil {
		return Decision{}, acc, err
	}
	since, err := sinceOf(tx, acc)
	if err != nil {
		return Decision{}, acc, err
	}
	p, err := PromiseOf(tx, now.Location())
	return Decision{ID: DecisionID(db.NewID()), Account: id, Kind: kind, MadeBy: account.ID(a.Account), MadeAt: civil.InstantOf(now),
		StartedAt: since, DueAt: civil.InstantOf(p.Due(since)), Person: acc.Person}, acc, err
}

// finish writes a decision, its mail and its line.
func finish(tx *db.Tx, now time.Time, a actor.Actor, d Decision, acc account.Account, template, detail string) error {
	activated := civil.Instant(0)
	if d.Kind == Linked || d.Kind == Opened || d.Kind == Entered {
		activated = d.MadeAt
	}
	if err := insertDecision(tx, d); err != nil {
		return err
	}
	if err := settleNewcomer(tx, d.Account, d.ID, 0, activated); err != nil {
		return err
	}
	if err := tell(tx, now, template, acc.Email, d.ID, acc.ID); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "admission." + string(d.Kind), Object: "newcomer", ID: string(d.Account),
		Subject: string(d.Person), Detail: detail})
}

func tell(tx *db.Tx, now time.Time, template, to string, d DecisionID, owner account.ID) error {
	_, err := mail.Enqueue(tx, now, mail.Message{Template: template, To: to, Account: string(owner), Args: map[string]string{"decision": string(d)}})
	return err
}

func filledWords(f person.Filled) string {
	var all []string
	for _, x := range []struct {
		is   bool
		word string
	}{{f.Phone, "phone"}, {f.Mobile, "mobile"}, {f.Address, "address"}} {
		if x.is {
			all = append(all, x.word)
		}
	}
	return strings.Join(all, " ")
}

func checkMessage(s string) (string, string) {
	s = strings.TrimSpace(s)
	if len([]rune(s)) > maxMessage {
		return s, "Écrivez 1 000 caractères au plus."
	}
	return s, ""
}
