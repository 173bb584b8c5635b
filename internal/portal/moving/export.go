package moving

import (
	"slices"

	"parvis/internal/base/civil"
	"parvis/internal/base/money"
	"parvis/internal/feature/person"
)

// export is an old portal's data after the checks, with what was refused: what hangs on a refused line has to
// find it. It holds no booking text: 420,000 of them fit in 10 MB.
type export struct {
	families   []*household // in the file's order, refused ones too
	byCode     map[string]*household
	children   []*child
	childCodes map[string]*child
	activities []*activityName
	activityOf map[string]uint16 // folded name → place in activities
	units      []unitName
	unitOf     map[unitName]uint16 // folded
	counts     Counts
}

// household is one line of familles.csv.
type household struct {
	line       int
	code       string
	login      string
	adults     []adult
	address    person.Address
	situation  string
	quotient   money.Cents
	hasQF      bool
	quotientAt civil.Date
	sum        uint64 // of the line's values: a later import sees a difference
	refused    string // place of the fault that refuses it, "" when accepted

	homes    []*home
	contacts []contact
	invoices []invoice
	bookings []bookingLine
}

// adult is one of the one or two responsables of a household.
type adult struct {
	rank   int // 1 or 2, as in the headers
	person person.Person
}

// child is one CODE_ENFANT, with one home or two.
type child struct {
	index      uint32
	code       string
	homes      []*home // in the file's order, refused ones too
	enrolments []*enrolmentLine
}

// home is one line of enfants.csv: a child in a household.
type home struct {
	line    int
	child   *child
	family  *household // nil when unknown
	code    string     // CODE_FAMILLE as written
	shared  bool       // GARDE = ALTERNEE
	own     bool       // has a fault of its own: its values are not compared
	facts   childFacts
	sum     uint64
	refused string
}

// childFacts is what a line of enfants.csv says of a child.
type childFacts struct {
	last, first          string
	sex                  person.Civility
	birth                civil.Date
	school, level, class string
	diet, allergies      string
	pai                  bool
}

// kept is the home whose line tells the child's facts: the first accepted, nil when none is.
func (c *child) kept() *home {
	for _, h := range c.homes {
		if h.refused == "" {
			return h
		}
	}
	return nil
}

// root is the place of the fault that refuses the child altogether, "" when one home is accepted.
func (c *child) root() string {
	if c.kept() != nil || len(c.homes) == 0 {
		return ""
	}
	return c.homes[0].refused
}

// homeAt finds the child's home in a family, nil without one.
func (c *child) homeAt(code string) *home {
	for _, h := range c.homes {
		if h.family != nil && h.family.code == code {
			return h
		}
	}
	return nil
}

// contact is one line of contacts.csv.
type contact struct {
	line            int
	last, first     string
	relation, phone string
	mayCollect      bool
	sum             uint64
}

// enrolmentLine is one line of inscriptions.csv.
type enrolmentLine struct {
	line     int
	child    *child
	activity uint16
	site     string
	period   civil.Range
	sum      uint64
	refused  string
}

// activityName is an activity as inscriptions.csv names it, with its sites.
type activityName struct {
	name  string
	sites []string
}

// unitName is a unit of an activity; the empty name is the whole activity.
type unitName struct {
	activity uint16
	name     string
}

// bookingLine is one line of reservations.csv, in 20 bytes.
type bookingLine struct {
	line  uint32
	child uint32
	unit  uint16
	day   uint16 // days since the epoch of bookings
	word  bookingWord
}

// bookingWord is the ETAT of a booking.
type bookingWord uint8

// The words of the old portal, with what they mean in model terms.
const (
	wordBooked    bookingWord = iota + 1 // booked
	wordPresent                          // booked, and the child came
	wordAbsent                           // booked, and the child did not come
	wordExcused                          // booked, absent with an accepted reason
	wordCancelled                        // booked, then cancelled
)

// epoch is the first day a booking can bear.
var epoch = civil.Date{Year: 1990, Month: 1, Day: 1}

// date is the booking's day.
func (b bookingLine) date() civil.Date { return epoch.AddDays(int(b.day)) }

// invoice is one line of factures.csv.
type invoice struct {
	line        int
	number      string
	period      string // AAAA-MM
	issued, due civil.Date
	owed, paid  money.Cents
	sum         uint64
}

// Counts is how many objects of each kind the files hold once the refused lines are left out.
type Counts struct {
	Families, Adults, Children, Homes, Contacts, Enrolments, Bookings, Invoices int
}

// claims tells whether a line of the child names this family, known or not.
func (c *child) claims(code string) bool {
	return slices.ContainsFunc(c.homes, func(h *home) bool { return h.code == code })
}

// lostHome is the place of a line of the child whose family is unknown, "" without one.
func (c *child) lostHome() string {
	for _, h := range c.homes {
		if h.family == nil {
			return h.refused
		}
	}
	return ""
}

// shared tells whether any line says that the child lives in two homes.
func (c *child) shared() bool {
	return slices.ContainsFunc(c.homes, func(h *home) bool { return h.shared })
}
