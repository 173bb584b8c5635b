package suspension

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// oneView is a suspension as it stands.
type oneView struct {
	kept
	who
	cat         *activity.Catalogue
	now         time.Time
	families    int // that lost a day so far
	cells       int // days lost so far
	back        int // families that found days again
	done, steps int // how far the job is
	stuck       []stuck
	byChild     []childDays
	calls       []call
	mails       int // that tell of it, or would of its reopening
}

func (v oneView) today() civil.Date { return civil.DateOf(v.now) }

func (v oneView) title() string {
	what := "Accueil suspendu "
	if v.State == Reopened {
		what = "Accueil rétabli "
	}
	if v.Days.From == v.Days.To {
		return what + "le " + v.Days.From.Long()
	}
	return what + daysWords(v.Days)
}

func (p Pages) one(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v := oneView{now: p.Now()}
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (oneView, error) {
		v := v
		var err error
		if v.kept, err = byID(rd, ID(r.PathValue("id"))); err != nil {
			return v, err
		}
		if !a.CanFor(Write, string(v.Service)) {
			return v, fault.Missing("suspension")
		}
		if v.cat, err = p.Catalogue.In(rd, v.now); err != nil {
			return v, err
		}
		v.who = whoFor(a, v.Service)
		return v, v.fill(rd)
	})
	if err != nil {
		return err
	}
	if err := p.looked(r.Context(), a, v.who, audit.Entry{Object: "suspension", ID: string(v.ID)}); err != nil {
		return err
	}
	if v.busy() {
		w.Header().Set("Refresh", "5")
	}
	return web.Render(w, r, page(v.title(), v.Days.From.French()), onePage(v))
}

// looked writes down that an agent was shown children by name.
func (p Pages) looked(ctx context.Context, a actor.Actor, w who, e audit.Entry) error {
	if len(w.names) == 0 {
		return nil
	}
	e.Action, e.Detail = "suspension.read", strconv.Itoa(len(w.names))
	return db.Do(ctx, p.DB, func(tx *db.Tx) error { return audit.ReadOnce(tx, p.Now(), a, family.ReadingLasts, e) })
}

// fill reads what became of the families so far.
func (v *oneView) fill(r db.Reader) error {
	all, err := takenBy(r, v.ID)
	if err != nil {
		return err
	}
	about, back, days := map[family.ID][]family.ChildID{}, map[family.ID][]family.ChildID{}, map[family.ChildID]int{}
	for _, x := range all {
		about[x.family] = append(about[x.family], x.Child)
		days[x.Child]++
		if x.givenBack {
			back[x.family] = append(back[x.family], x.Child)
		}
	}
	v.families, v.cells, v.back, v.byChild = len(about), len(all), len(back), sorted(days)
	switch v.State {
	case Closing:
		held, err := v.across().heldBy(r, v.cat, "")
		if err != nil {
			return err
		}
		every := map[family.ID]bool{}
		for id := range about {
			every[id] = true
		}
		for _, h := range held {
			if h.changes(v.cat) {
				every[h.family] = true
			}
		}
		v.done, v.steps = len(about), len(every)
	case Reopening:
		v.steps, v.done, err = backSteps(r, v.ID)
	case Closed:
		v.stuck, err = notCancelled(r, v.now, v.cat, v.kept)
	case Reopened:
		about = back
		if v.Left > 0 {
			v.stuck, err = notBack(r, v.now, v.cat, v.kept)
		}
	}
	if err != nil || v.busy() {
		return err
	}
	told, err := booking.MailsTo(r, v.today(), about)
	if err != nil {
		return err
	}
	for _, x := range told {
		v.mails += x.Mails
	}
	if v.calls, err = toCall(r, about, told, v.today()); err != nil {
		return err
	}
	return v.read(r, v.byChild, v.calls, v.stuck)
}

// who is the people that a page names, and where its reader may follow them.
type who struct {
	names     map[family.ChildID]string
	mayFile   bool
	mayAgenda bool
}

func whoFor(a actor.Actor, service town.ServiceID) who {
	return who{mayFile: a.CanFor(family.FileRead, string(service)), mayAgenda: a.CanFor(booking.Write, string(service))}
}

// read reads the names of children.
func (x *who) read(r db.Reader, days []childDays, calls []call, left []stuck) error {
	var ids []family.ChildID
	for _, c := range days {
		ids = append(ids, c.child)
	}
	for _, c := range calls {
		ids = append(ids, c.children...)
	}
	for _, c := range left {
		ids = append(ids, c.Child)
	}
	slices.Sort(ids)
	var err error
	x.names, err = names(r, slices.Compact(ids)...)
	return err
}

// href leads to the week of a family that a day is of, or to its file; "" for who may open neither.
func (x who) href(of family.ID, day civil.Date) string {
	switch path := "/agents/familles/" + string(of); {
	case x.mayAgenda && !day.IsZero():
		return path + "/agenda?semaine=" + day.Monday().String()
	case x.mayFile:
		return path
	}
	return ""
}

// link names somebody, with a way there when there is one.
func link(href, name string) templ.Component {
	if href == "" {
		return web.Text(name)
	}
	return web.TextLink(href, name)
}

// stuckRows are the days that stay, with the child and why.
func (v oneView) stuckRows() [][]templ.Component {
	var rows [][]templ.Component
	for _, x := range v.stuck {
		activity := ""
		if act, known := v.cat.Activity(x.Activity); known {
			activity = act.Name
		}
		rows = append(rows, []templ.Component{link(v.href(x.family, x.Day), v.names[x.Child]), web.Text(activity), web.Text(x.Day.DayMonth()), web.Text(x.why)})
	}
	return rows
}

// callRows are the children of whom no mail speaks: whom to phone, about whom.
func (x who) callRows(all []call) [][]templ.Component {
	var rows [][]templ.Component
	for _, c := range all {
		var children []string
		for _, id := range c.children {
			children = append(children, x.names[id])
		}
		rows = append(rows, []templ.Component{link(x.href(c.family, civil.Date{}), headNames(c.heads)), phones(c.heads), web.Text(strings.Join(children, ", "))})
	}
	return rows
}

func headNames(all []person.Person) string {
	var names []string
	for _, p := range all {
		names = append(names, p.Full())
	}
	if len(names) == 0 {
		return "Personne à appeler"
	}
	return family.List(names)
}

// phoneNumbers are the numbers of who heads a family, each once.
func phoneNumbers(all []person.Person) []string {
	var numbers []string
	for _, p := range all {
		if n := person.ShowPhone(p.BestPhone()); n != "" && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// childRows are the children by name, with how many days they lose.
func (x who) childRows(all []childDays) [][]templ.Component {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b childDays) int {
		return strings.Compare(person.Fold(x.names[a.child]), person.Fold(x.names[b.child]))
	})
	rows := make([][]templ.Component, len(all))
	for i, c := range all {
		rows[i] = []templ.Component{web.Text(x.names[c.child]), web.Text(strconv.Itoa(c.days))}
	}
	return rows
}

// progress is "12 familles sur 49".
func (v oneView) progress() string {
	if v.steps == 0 {
		return "En cours."
	}
	return "En cours\u00a0: " + french.Count(v.done, "famille") + " sur " + strconv.Itoa(v.steps) + "."
}

// said says what was done: "12 familles prévenues, 31 jours annulés."
func (v oneView) said() string {
	switch {
	case v.State == Closing:
		return v.progress()
	case v.families == 0:
		return "Aucune famille n’avait de jour à annuler."
	}
	var parts []string
	if told := v.families - families(v.calls); v.State != Closed {
		parts = append(parts, plural(v.families, "famille", "concernée"))
	} else {
		if told > 0 {
			parts = append(parts, plural(told, "famille", "prévenue"))
		}
		if n := families(v.calls); n > 0 {
			parts = append(parts, french.Count(n, "famille")+" à appeler")
		}
	}
	return strings.Join(append(parts, plural(v.cells, "jour", "annulé")), ", ") + "."
}

// families counts those to call, each once.
func families(all []call) int {
	known := map[family.ID]bool{}
	for _, c := range all {
		known[c.family] = true
	}
	return len(known)
}

// plural is "2 familles prévenues".
func plural(n int, word, said string) string {
	if n > 1 {
		said += "s"
	}
	return french.Count(n, word) + " " + said
}

// backWords says what a reopening gave back.
func (v oneView) backWords() string {
	switch {
	case v.State == Reopening:
		return v.progress()
	case v.families == 0:
		return "Aucune famille n’avait de jour à retrouver."
	case v.back == 0:
		return "Aucune famille n’a retrouvé de jour."
	case v.back == 1:
		return "1\u00a0famille a retrouvé ses jours."
	}
	return strconv.Itoa(v.back) + "\u00a0familles ont retrouvé leurs jours."
}

// stuckTitle says what stays: "3 jours n’ont pas pu être annulés".
func (v oneView) stuckTitle() string {
	did := "annulé"
	if v.State == Reopened {
		did = "rendu"
	}
	if len(v.stuck) == 1 {
		return "1\u00a0jour n’a pas pu être " + did
	}
	return strconv.Itoa(len(v.stuck)) + "\u00a0jours n’ont pas pu être " + did + "s"
}

// rows sum a suspension up.
func (v oneView) rows() []web.Row {
	rows := []web.Row{{Label: "État", Body: tagOf(v.mark())}, {Label: "Activités", Value: v.where(v.cat)}, {Label: "Motif", Value: v.Reason}, {Label: "Message", Value: orNone(v.Message)},
		{Label: "Familles", Value: v.said()}}
	if v.State == Reopening || v.State == Reopened {
		rows = append(rows, web.Row{Label: "Réouverture", Value: v.backWords()})
	}
	return rows
}
