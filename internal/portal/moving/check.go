package moving

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"parvis/internal/base/civil"
)

// tally counts what the checks found.
type tally struct {
	faults    int // refused lines' own faults
	followers int // refusals that merely follow
	doubts    int
	fatal     bool // a file cannot be read: nothing can be imported
}

// checker reads the six files in order, tells each problem to out and builds the export.
type checker struct {
	in    inputs
	today civil.Date
	out   func(Problem)
	tally tally
	held  []Problem // of the file being read, told in the order of lines
	exp   *export

	logins  map[string]string // folded login → place
	emails  map[string]string
	people  map[string]string // folded name and birth day → place
	numbers map[string]int    // invoice number → line
	seen    map[uint64]uint32 // booking key → line
	cache   bookingCache
	lost    map[string]string // file and a part of an unreadable line → its place
}

// check reads a folder. out is called for each problem, file after file in the order of lines; an error means
// that the reading itself failed.
func check(dir string, today civil.Date, out func(Problem)) (*export, tally, error) {
	return checkFiles(folderOf(dir), layouts, today, out)
}

func checkFiles(open opener, as []layout, today civil.Date, out func(Problem)) (*export, tally, error) {
	c := &checker{in: inputs{open, as}, today: today, out: out, logins: map[string]string{}, emails: map[string]string{},
		people: map[string]string{}, numbers: map[string]int{}, seen: map[uint64]uint32{}, cache: newBookingCache(), lost: map[string]string{}}
	c.exp = &export{byCode: map[string]*household{}, childCodes: map[string]*child{}, activityOf: map[string]uint16{},
		unitOf: map[unitName]uint16{}}
	sheets, err := c.openAll()
	defer func() {
		for _, s := range sheets {
			s.close()
		}
	}()
	if err != nil || c.tally.fatal {
		return c.exp, c.tally, err
	}
	readers := []func(*sheet) error{c.families, c.childrenLines, c.contacts, c.enrolments, c.bookings, c.invoices}
	for i, read := range readers {
		if err := read(sheets[i]); err != nil {
			return c.exp, c.tally, err
		}
		c.release()
	}
	c.exp.count()
	return c.exp, c.tally, nil
}

// openAll opens all six files first: when one cannot be read, only that is told, not what would follow from it.
func (c *checker) openAll() ([]*sheet, error) {
	var sheets []*sheet
	for _, l := range c.in.layouts {
		s, problems, err := openSheet(c.in.open, l)
		if err != nil {
			return sheets, err
		}
		for _, p := range problems {
			c.tell(p)
		}
		if s == nil {
			c.tally.fatal = true
			continue
		}
		sheets = append(sheets, s)
	}
	return sheets, nil
}

// tell counts a problem and passes it on.
func (c *checker) tell(p Problem) {
	switch {
	case p.Gravity == Doubt:
		c.tally.doubts++
	case p.Own():
		c.tally.faults++
	default:
		c.tally.followers++
	}
	c.out(p)
}

// release tells what was held back of a file, in the order of its lines.
func (c *checker) release() {
	slices.SortStableFunc(c.held, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	for _, p := range c.held {
		c.tell(p)
	}
	c.held = nil
}

// lineCheck gathers what is wrong with one line.
type lineCheck struct {
	c       *checker
	s       *sheet
	r       row
	refused string // place of the fault that refuses the line, "" while accepted
	own     bool
	follows bool
}

// each runs fn on every record that can be read, and tells those that cannot.
func (c *checker) each(s *sheet, fn func(l *lineCheck)) error {
	for {
		r, more, err := s.next()
		if err != nil || !more {
			return err
		}
		l := &lineCheck{c: c, s: s, r: r}
		if r.fault != "" {
			l.fault("", "%s", r.fault)
			if r.cells == nil {
				l.lose()
				continue
			}
		}
		if r.short {
			l.doubt("", "Cette ligne compte moins de valeurs que l’en-tête : les dernières sont reprises comme vides.")
		}
		fn(l)
	}
}

// lose remembers the parts of a line that cannot be read: what hangs on its code follows from it.
func (l *lineCheck) lose() {
	if l.s.layout.file == bookingsFile || l.s.layout.file == invoicesFile {
		return // nothing hangs on them
	}
	for _, p := range l.r.parts {
		key := sourceKey(l.s.layout.file, p)
		if _, there := l.c.lost[key]; !there && len(l.c.lost) < maxLost {
			l.c.lost[key] = l.here()
		}
	}
}

const maxLost = 50_000

// lostIn is the place of an unreadable line that holds this code, "" without one.
func (l *lineCheck) lostIn(file, code string) string { return l.c.lost[sourceKey(file, code)] }

// unknown refuses a line that names what is not there: on its own account, or after the unreadable line that
// holds the code.
func (l *lineCheck) unknown(field, file, code, sentence string) {
	if root := l.lostIn(file, code); root != "" {
		l.follow(field, root)
		return
	}
	l.fault(field, sentence, clip(code))
}

// get is the cell under a column of the layout, by its place there.
func (l *lineCheck) get(column int) string { return l.r.cells[column] }

func (l *lineCheck) say(field string, g Gravity, sentence, follows string) {
	p := Problem{File: l.s.layout.file, Line: l.r.line, Field: field, Gravity: g, Sentence: sentence, Follows: follows}
	if l.s.layout.file == bookingsFile {
		l.c.tell(p) // lines come in order and may be many: nothing is held
		return
	}
	l.c.held = append(l.c.held, p)
}

// fault refuses the line for a reason of its own.
func (l *lineCheck) fault(field, sentence string, args ...any) {
	l.say(field, Refused, fmt.Sprintf(sentence, args...), "")
	if !l.own {
		l.own, l.refused = true, l.here()
	}
}

// doubt keeps the line but asks an agent to look.
func (l *lineCheck) doubt(field, sentence string, args ...any) {
	l.say(field, Doubt, fmt.Sprintf(sentence, args...), "")
}

// follow refuses the line because of another; said once a line.
func (l *lineCheck) follow(field, root string) {
	if l.follows {
		return
	}
	l.follows = true
	l.say(field, Refused, "Refusée avec la ligne dont elle dépend.", root)
	if l.refused == "" {
		l.refused = root
	}
}

func (l *lineCheck) here() string { return place(l.s.layout.file, l.r.line) }

// sum is a digest of the line's values, whatever the columns' order.
func (l *lineCheck) sum() uint64 {
	h := fnv.New64a()
	for _, cell := range l.r.cells {
		h.Write([]byte(cell))
		h.Write([]byte{0x1f})
	}
	return h.Sum64()
}

// count fills the counts of what is accepted.
func (e *export) count() {
	n := &e.counts
	for _, f := range e.families {
		if f.refused != "" {
			continue
		}
		n.Families++
		n.Adults += len(f.adults)
		n.Contacts += len(f.contacts)
		n.Bookings += len(f.bookings)
		n.Invoices += len(f.invoices)
	}
	for _, c := range e.children {
		if c.kept() != nil {
			n.Children++
		}
		for _, h := range c.homes {
			if h.refused == "" {
				n.Homes++
			}
		}
		for _, en := range c.enrolments {
			if en.refused == "" {
				n.Enrolments++
			}
		}
	}
}
