package messaging

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// ContactID names a message of the contact form.
type ContactID string

// ContactAnswer is the right to read and answer the messages of the contact form, per service.
const ContactAnswer actor.Right = "messaging.contact.answer"

// ContactState is where a message of the contact form stands.
type ContactState string

// The states. Received → Taken → Answered | Filed; both ends can be reached without Taken.
const (
	Received ContactState = "received"
	Taken    ContactState = "taken"
	Answered ContactState = "answered"
	Filed    ContactState = "filed"
)

// Label is the state in words, the same for the writer and for agents.
func (s ContactState) Label() string {
	switch s {
	case Taken:
		return "Pris en charge"
	case Answered:
		return "Répondu"
	case Filed:
		return "Classé"
	}
	return "Reçu"
}

// Open tells that the message still waits for somebody.
func (s ContactState) Open() bool { return s == Received || s == Taken }

// Proof is what stood between a message and robots.
type Proof string

// The proofs: a signed-in family, the security check, or nothing but limits.
const (
	BySession Proof = "session"
	ByCheck   Proof = "check"
	Unproven  Proof = "none"
)

// ContactMessage is what somebody wrote to the town. Email and Phone are as typed, checked in form only: nobody
// proved to own them unless Account is set.
type ContactMessage struct {
	ID        ContactID
	Reference string         // "M-7K3F-92QX", sayable on the phone
	Service   town.ServiceID // "" for the town hall as a whole
	SentTo    string         // the service's name
	Account   account.ID
	Person    person.ID
	Name      string
	Email     string
	Phone     string
	Body      string
	Proof     Proof
	State     ContactState
	Handler   account.ID // the agent who took or closed it
	HandledBy string     // that agent's name
	Answer    string
	Reason    string // why it was filed without an answer
	CreatedAt civil.Instant
	TakenAt   civil.Instant
	DoneAt    civil.Instant
}

// Paragraphs are the message's.
func (m ContactMessage) Paragraphs() []string { return town.Paragraphs(m.Body) }

// To is the service's name, or the town hall.
func (m ContactMessage) To() string {
	if m.SentTo == "" {
		return "La mairie"
	}
	return m.SentTo
}

const (
	maxName    = 120
	maxMessage = 4000
	maxAnswer  = 6000
	maxReason  = 300
)

// Limits of a day, each for one sender. A town's phones share network addresses, hence the generous ones; those
// without check are few, and few in all, since nothing else holds a robot back there.
const (
	perAccount      = 20
	perAddress      = 30
	perUnproven     = 3
	areaUnproven    = 10
	allUnproven     = 60
	acknowledgments = 3 // mails to one address that nobody proved to own
)

// Sender is where a message comes from, as keys that tell nothing by themselves.
type Sender struct {
	Network string // of the network address
	Area    string // of the wider network around it
	Mailbox string // of the e-mail address typed
}

func (m ContactMessage) tidy() (ContactMessage, []fault.Field) {
	var fields []fault.Field
	wrong := func(name, sentence string) { fields = append(fields, fault.Field{Name: name, Sentence: sentence}) }
	m.Name = strings.Join(strings.Fields(m.Name), " ")
	m.Body = strings.TrimSpace(strings.ReplaceAll(m.Body, "\r\n", "\n"))
	switch {
	case m.Name == "":
		wrong("nom", "Indiquez votre nom.")
	case utf8.RuneCountInString(m.Name) > maxName:
		wrong("nom", "Le nom dépasse 120 caractères. Écrivez-le plus court.")
	case m.Proof != BySession:
		if s := person.CheckTypedName(m.Name); s != "" {
			wrong("nom", s)
		}
	}
	email, err := person.CheckEmail(m.Email)
	if err != nil {
		wrong("courriel", fault.SentenceOf(err))
	}
	phone, err := person.CheckPhone(m.Phone)
	if err != nil {
		wrong("telephone", fault.SentenceOf(err))
	}
	if strings.TrimSpace(m.Email) == "" && strings.TrimSpace(m.Phone) == "" {
		wrong("courriel", "Indiquez une adresse e-mail ou un téléphone : sans cela, nous ne pouvons pas vous répondre.")
	}
	m.Email, m.Phone = email, phone
	switch n := utf8.RuneCountInString(m.Body); {
	case n == 0:
		wrong("message", "Écrivez votre message.")
	case n > maxMessage:
		wrong("message", "Le message dépasse 4 000 caractères. Écrivez-le plus court ; rien n’a été coupé.")
	}
	return m, fields
}

// Check tells what is wrong with a message before anything costly is done.
func (m ContactMessage) Check() error {
	_, fields := m.tidy()
	return fault.InvalidFields(fields...)
}

// Contact keeps a message and gives its id and reference. Over a day's limit it is Throttled with a sentence. The
// writer gets a mail of receipt when her own address is known and confirmed, or when she passed the check.
func Contact(tx *db.Tx, now time.Time, a actor.Actor, m ContactMessage, from Sender) (ContactMessage, error) {
	m, fields := m.tidy()
	if err := fault.InvalidFields(fields...); err != nil {
		return m, err
	}
	m.Account, m.Person = "", ""
	if m.Proof == BySession {
		if !ownSpace(a) {
			return m, fault.New(fault.Forbidden, "")
		}
		m.Account, m.Person = account.ID(a.Account), person.ID(a.Person)
	}
	if m.Service != "" {
		s, err := town.ServiceByID(tx, m.Service)
		if fault.KindOf(err) == fault.NotFound || err == nil && !s.Active {
			return m, fault.InvalidFields(fault.Field{Name: "service", Sentence: "Choisissez un service de la liste."})
		}
		if err != nil {
			return m, err
		}
	}
	if err := withinLimits(tx, now, m, from); err != nil {
		return m, err
	}
	m.ID, m.Reference, m.State, m.CreatedAt = ContactID(db.NewID()), newReference(), Received, civil.InstantOf(now)
	if err := insertContact(tx, m); err != nil {
		return m, fmt.Errorf("insert contact message: %w", err)
	}
	if err := acknowledge(tx, now, m, from); err != nil {
		return m, err
	}
	return m, audit.Write(tx, now, a, audit.Entry{Action: "messaging.contact.received", Object: "contact", ID: string(m.ID),
		Subject: string(m.Person), Detail: string(m.Proof)})
}

// ownSpace tells whether somebody is signed in to a space that is hers: not with a provisional password, which
// anybody may have read.
func ownSpace(a actor.Actor) bool {
	return a.Kind == actor.Citizen && a.Account != "" && (a.State == actor.Active || a.State == actor.Waiting)
}

func withinLimits(tx *db.Tx, now time.Time, m ContactMessage, from Sender) error {
	type limit struct {
		key string
		max int64
	}
	limits := []limit{{"reseau:" + from.Network, perAddress}}
	switch m.Proof {
	case BySession:
		limits = []limit{{"compte:" + string(m.Account), perAccount}}
	case Unproven:
		limits = []limit{{"sans:" + from.Network, perUnproven}, {"zone:" + from.Area, areaUnproven}, {"sans", allUnproven}}
	}
	for _, l := range limits {
		n, err := countContact(tx, l.key, civil.DateOf(now))
		if err != nil {
			return err
		}
		if n > l.max {
			return fault.New(fault.Throttled, "Plusieurs messages sont déjà partis d’ici aujourd’hui : celui-ci n’est pas envoyé. "+
				"Il est ci-dessous. Réessayez demain, ou appelez la mairie.")
		}
	}
	return nil
}

// acknowledge mails the receipt. The address of a visitor is nobody's yet: whoever passed the check may have typed a
// neighbour's. So the mail holds nothing that was typed, not even the name, and one address gets few a day; without
// the check there is none, the page alone gives the reference. See docs/decisions.
func acknowledge(tx *db.Tx, now time.Time, m ContactMessage, from Sender) error {
	to := ""
	switch m.Proof {
	case BySession:
		acc, err := account.ByID(tx, m.Account)
		if err != nil {
			return err
		}
		if !acc.EmailConfirmedAt.IsZero() {
			to = acc.Email
		}
	case ByCheck:
		if m.Email == "" {
			return nil
		}
		n, err := countContact(tx, "accuse:"+from.Mailbox, civil.DateOf(now))
		if err != nil {
			return err
		}
		if n <= acknowledgments {
			to = m.Email
		}
	}
	if to == "" {
		return nil
	}
	_, err := mail.Enqueue(tx, now, mail.Message{Template: MailContactReceived, To: to, Account: string(m.Account),
		Args: map[string]string{"contact": string(m.ID)}})
	return err
}

// referenceLetters leaves out those that are mistaken for others on the phone or on paper.
const referenceLetters = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"

func newReference() string {
	var raw [8]byte
	for i := range raw {
		raw[i] = referenceLetters[randomBelow(len(referenceLetters))]
	}
	return "M-" + string(raw[:4]) + "-" + string(raw[4:])
}

// randomBelow is even: bytes over the last whole multiple are drawn again.
func randomBelow(n int) int {
	var b [1]byte
	for {
		rand.Read(b[:])
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n
		}
	}
}
