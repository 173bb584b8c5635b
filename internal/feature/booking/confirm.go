package booking

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// checkView is what would be done, line by line, before anything is written.
type checkView struct {
	Done     []checkLine
	Refused  []checkLine
	Asks     bool // a line is a request to the service: a word may go with it
	Fields   []field
	Back     string
	Confirm  string // where the form goes
	Note     string
	Counter  counterView // an agent's own fields; zero for families
	Form     *web.Form
	Problem  string   // said when nothing could be done
	Full     int      // days without a place whose waiting list may be joined
	Siblings bool     // several children have a part in it
	Join     joinView // one button for the full days
}

// checkLine is one change in words.
type checkLine struct {
	Mark   web.Mark
	What   string // "Jérémy, Restauration scolaire"
	When   string
	Detail string
}

// check shows what a form would change and what cannot be, and writes nothing. « Modifier » comes back to the agenda with
// what was ticked.
func (p Pages) check(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if err := r.ParseForm(); err != nil {
		return errForm()
	}
	wishes, err := readWishes(r.PostForm)
	if err != nil {
		return err
	}
	back := safeBack(r.PostForm.Get("retour"))
	if r.PostForm.Get("action") == "modifier" {
		return p.again(w, r, a, back, wishes)
	}
	now := p.Now()
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (checkView, error) {
		all, s, err := p.preview(rd, a, Order{Wishes: wishes, Together: r.PostForm.Get(groupField) != "", Barred: p.Barred})
		if err != nil {
			return checkView{}, err
		}
		return viewOf(s, all, civil.DateOf(now)), nil
	})
	if err != nil {
		return err
	}
	v.Back, v.Confirm, v.Form = back, "/espace/agenda/confirmer", web.ReadForm(r)
	v.Fields = sent(r.PostForm, wishes)
	return p.renderCheck(w, r, v, 0)
}

func (p Pages) renderCheck(w http.ResponseWriter, r *http.Request, v checkView, status int) error {
	page := web.Page{Title: "Vérifiez avant d’enregistrer", Status: status, Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda", Href: v.Back}, {Label: "Vérification"}}}
	return web.Render(w, r, page, checkPage(v))
}

// preview decides on an order without writing: places that are taken already count, those taken between this and the
// confirmation do not.
func (p Pages) preview(r db.Reader, a actor.Actor, o Order) ([]Decision, *Scene, error) {
	now := p.Now()
	cat, err := p.Catalogue.In(r, now)
	if err != nil {
		return nil, nil, err
	}
	if err := o.check(a, cat); err != nil {
		return nil, nil, err
	}
	s, err := sceneFor(r, now, a, cat, o)
	if err != nil {
		return nil, nil, err
	}
	all := s.queued(s.Decide(o.Wishes))
	slots, err := s.slots(r, all)
	if err != nil {
		return nil, nil, err
	}
	left := map[activity.SlotID]int{}
	for _, x := range slots {
		if n, bounded := x.Left(); bounded && x.Waited && !s.Overrule {
			left[x.ID] = 0
		} else if bounded {
			left[x.ID] = n
		} else {
			left[x.ID] = len(all)
		}
	}
	for _, d := range all {
		if d.Did == DidCancel {
			for _, u := range d.drop {
				left[u.slot]++
			}
		}
	}
	short := map[week]string{}
	for i, d := range all {
		if !d.takes() {
			continue
		}
		for _, u := range d.take {
			slot, known := slots[d.slotKey(u)]
			switch {
			case !known:
				all[i] = d.refuse("Les réservations ne sont pas encore ouvertes pour ce jour")
			case slot.Closed:
				all[i] = d.refuse(ClosedWords(slot))
			case left[slot.ID] <= 0 && !o.AddPlace:
				all[i] = s.noPlace(d, allFull)
				short[s.together(d)] = s.shortWords(d, all[i], short[s.together(d)])
			default:
				left[slot.ID]--
			}
		}
	}
	for i, d := range all {
		if why := short[s.together(d)]; d.takes() && (s.asOne || why == waitToo) && why != "" {
			all[i] = s.withOthers(d, why)
		}
	}
	s.unmake(all, short)
	for s.settle(all) { // what leans on a line that has no place
	}
	return all, s, nil
}

// viewOf puts decisions in words, those that will be done first, each by child and day.
func viewOf(s *Scene, all []Decision, today civil.Date) checkView {
	var v checkView
	s.thisTime(all)
	children := map[family.ChildID]bool{}
	for _, d := range all {
		if d.couldWait {
			v.Full++
		}
		if d.does() && d.Want != "" || d.couldWait {
			children[d.Child] = true
			v.Siblings = len(children) > 1
		}
		if !d.does() && d.Why == "" {
			continue
		}
		l := s.checkLine(d, today)
		if d.does() {
			v.Done = append(v.Done, l)
			v.Asks = v.Asks || d.Did == DidAsk || d.Did == DidAskCancel
		} else {
			v.Refused = append(v.Refused, l)
		}
	}
	return v
}

func (s *Scene) checkLine(d Decision, today civil.Date) checkLine {
	a, _ := s.Catalogue.Activity(d.Activity)
	name := func(id activity.ChoiceID) string {
		if a == nil {
			return "activité"
		}
		return a.Label(ChoiceName(a, id))
	}
	l := checkLine{What: s.kids[d.Child].name + ", " + name(d.Want), When: d.Day.Long(), Detail: d.Why}
	if d.does() && d.Late && d.Why != "" { // what it costs this time
		l.Detail = pastDeadline + french.Lower(d.Why)
	}
	if d.Want == "" {
		l.What = s.kids[d.Child].name + ", " + name(d.Held.Choice)
	}
	switch d.Did {
	case DidBook:
		l.Mark = web.Mark{Tone: web.OK, Icon: "plus", Word: "À réserver"}
	case DidChange:
		l.Mark = web.Mark{Tone: web.OK, Icon: "undo", Word: "À changer"}
		l.Detail = joinReason("Au lieu de "+name(d.Held.Choice), l.Detail)
	case DidCancel:
		l.Mark = web.Mark{Tone: web.Info, Icon: "undo", Word: "À annuler"}
		if s.verdictIsLate(d, a) {
			l.Detail = welcome
		}
	case DidWait:
		l.Mark = markWaiting
		l.Detail = "Complet\u00a0: la demande attend une place"
	case DidAsk, DidAskCancel:
		l.Mark = web.Mark{Tone: web.Warning, Icon: "clock", Word: "À demander"}
		l.Detail = "Hors délai\u00a0: le service vous répondra"
	default:
		l.Mark = web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Non fait"}
		return l
	}
	if d.Did == DidBook || d.Did == DidChange {
		l.Detail = joinReason(l.Detail, untilWords(d.Until, s.Now, today))
	}
	return l
}

// untilWords says until when something may be cancelled, or that it may not.
func untilWords(l activity.Limit, now time.Time, today civil.Date) string {
	switch {
	case l.Kind == activity.LimitNever || l.Passed(now):
		return "Ne pourra plus être annulé ici"
	case l.Kind == activity.LimitAt:
		return "Annulable " + l.UntilWords(today)
	}
	return ""
}

// sent are the hidden fields of the next form: what was sent, but the key and what the page adds itself. Cells that do
// not change are left out.
func sent(form url.Values, wishes []Wish) []field {
	n, err := readNames(form)
	if err != nil {
		return nil
	}
	changed := map[Cell]bool{}
	for _, w := range wishes {
		changed[w.Cell] = true
	}
	fields := n.fields(func(id activity.ID) bool { return id != "" })
	for _, v := range form["vu"] {
		w, err := n.wish(v)
		if err != nil || !changed[w.Cell] {
			continue
		}
		fields = append(fields, field{"vu", v})
		if value := form.Get(n.cell(w.Cell)); value != "" {
			fields = append(fields, field{n.cell(w.Cell), value})
		}
	}
	return append(fields, field{"retour", safeBack(form.Get("retour"))})
}

// safeBack is the page to come back to: an agenda of this portal, whatever was sent.
func safeBack(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/espace/") || strings.Contains(path, "\\") {
		return "/espace/agenda"
	}
	return path
}

// toAgenda leads who reloads or kept the address of a page that only a form opens to the agenda.
func toAgenda(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	http.Redirect(w, r, "/espace/agenda", http.StatusSeeOther)
	return nil
}

// again shows the agenda that a form came from, with what was ticked there.
func (p Pages) again(w http.ResponseWriter, r *http.Request, a actor.Actor, back string, wishes []Wish) error {
	u, err := url.Parse(back)
	if err != nil {
		return errForm()
	}
	asked := map[Cell]activity.ChoiceID{}
	for _, x := range wishes {
		asked[x.Cell] = x.Want
	}
	child := family.ChildID("")
	if rest, found := strings.CutPrefix(u.Path, "/espace/enfants/"); found {
		child = family.ChildID(strings.TrimSuffix(rest, "/agenda"))
	}
	return p.agenda(w, r, a, child, u.Query(), asked)
}

// confirm does what a form asks, each line by itself, and leads to the page that says what came of it. When nothing can
// be done, nothing is written and the page says why.
func (p Pages) confirm(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if err := r.ParseForm(); err != nil {
		return errForm()
	}
	wishes, err := readWishes(r.PostForm)
	if err != nil {
		return err
	}
	f := web.ReadForm(r)
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	o := Order{Wishes: wishes, Note: f.Text("mot"), Together: f.Bool(groupField), Barred: p.Barred}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		out, err := Apply(tx, now, a, cat, o)
		if err != nil {
			return web.Done{}, err
		}
		if out.Done() == 0 {
			return web.Done{}, nothingDone{out}
		}
		return web.Done{Location: "/espace/reservations/" + out.Reference, Sentence: doneSentence(out)}, nil
	})
	if nothing, is := asNothing(err); is {
		s := &Scene{Catalogue: cat, Now: now, kids: nothing.kids()}
		v := viewOf(s, nothing.out.Lines, civil.DateOf(now))
		v.Join = joinOf(cat, nothing.out.Lines)
		v.Join.Back, v.Full, v.Siblings = safeBack(r.PostForm.Get("retour")), 0, false
		v.Back, v.Confirm, v.Form, v.Problem = safeBack(r.PostForm.Get("retour")), "/espace/agenda/confirmer", f, "Rien n’a été enregistré"
		return p.renderCheck(w, r, v, http.StatusConflict)
	}
	return err
}

// nothingDone is an order on which nothing could be done: the transaction is given up, and the lines say why.
type nothingDone struct{ out Outcome }

func (nothingDone) Error() string { return "nothing of the order could be done" }

func asNothing(err error) (nothingDone, bool) {
	for err != nil {
		if n, is := err.(nothingDone); is {
			return n, true
		}
		u, can := err.(interface{ Unwrap() error })
		if !can {
			return nothingDone{}, false
		}
		err = u.Unwrap()
	}
	return nothingDone{}, false
}

// kids are the names of the children of the lines.
func (n nothingDone) kids() map[family.ChildID]kid {
	all := map[family.ChildID]kid{}
	for _, l := range n.out.Lines {
		all[l.Child] = kid{name: l.childName}
	}
	return all
}

// doneSentence is what the next page says first.
func doneSentence(out Outcome) string {
	did := func(kinds ...Did) int {
		n := 0
		for _, l := range out.Lines {
			if slices.Contains(kinds, l.Did) {
				n++
			}
		}
		return n
	}
	waits := did(DidWait)
	refused := 0
	for _, l := range out.Lines {
		if !l.does() && l.Why != "" {
			refused++
		}
	}
	s := "Enregistré\u00a0: " + changes(out.Done()) + "."
	if waits > 0 {
		s = "Vous êtes sur la liste d’attente pour " + french.Count(waits, "jour") + "."
		if rest := out.Done() - waits; rest > 0 {
			s = "Enregistré\u00a0: " + changes(rest) + ". Vous êtes sur la liste d’attente pour " + french.Count(waits, "autre jour") + "."
		}
	}
	switch asked := did(DidAsk, DidAskCancel); {
	case asked == 0 || waits > 0:
	case asked == out.Done():
		s = "Votre demande est envoyée au service, qui vous répondra par courriel. Rien ne change avant sa réponse."
	case asked > 0:
		s = "Enregistré\u00a0: " + changes(out.Done()-asked) + ". Pour " + french.Count(asked, "autre jour") + ", votre demande est envoyée au service\u00a0: rien n’y change avant sa réponse."
	}
	if refused > 0 {
		s += " " + french.Upper(changes(refused)) + " n’ont pas pu être faits\u00a0: voyez pourquoi plus bas."
		if refused == 1 {
			s = strings.Replace(s, "n’ont pas pu être faits", "n’a pas pu être fait", 1)
		}
	}
	return s
}

// cancelDay is the page that gives up one booking: it is its own check page. Without a day it is today's, and without an
// activity it lists what the day holds.
func (p Pages) cancelDay(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now, q := p.Now(), r.URL.Query()
	day := civil.DateOf(now)
	if q.Get("jour") != "" {
		var err error
		if day, err = civil.ParseDate(q.Get("jour")); err != nil {
			return fault.Missing("day")
		}
	}
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (cancelView, error) {
		children, err := family.Children(rd, a, civil.DateOf(now))
		if err != nil {
			return cancelView{}, err
		}
		c, err := oneOf(children, family.ChildID(r.PathValue("id")))
		if err != nil {
			return cancelView{}, err
		}
		g, err := p.read(rd, now, []family.Child{c}, civil.Range{From: day.Monday(), To: day.Monday().AddDays(6)}, false)
		if err != nil {
			return cancelView{}, err
		}
		if q.Get("activite") == "" {
			return g.dayView(c, day), nil
		}
		cell := Cell{c.ID, activity.ID(q.Get("activite")), day}
		for _, f := range g.scene.faces(c, day) {
			if f.Activity == cell.Activity {
				return g.cancelView(c, f), nil
			}
		}
		return cancelView{}, fault.Missing("booking")
	})
	if err != nil {
		return err
	}
	page := web.Page{Title: v.Title, Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda " + civil.Of(v.Child), Href: v.Back}, {Label: "Annuler"}}}
	return web.Render(w, r, page, cancelPage(v))
}

// dayView lists what a day holds that may be given up.
func (g agenda) dayView(c family.Child, day civil.Date) cancelView {
	v := cancelView{Child: c.First(), When: day.Long(), Back: weekHref(c.ID, day), Title: "Annuler\u00a0: " + c.First(), List: true}
	for _, f := range g.scene.faces(c, day) {
		switch {
		case f.Editable && f.Held.Live():
			v.Links = append(v.Links, web.Link{Href: cancelHref(f.Cell), Label: f.Label})
		case f.Withdraw:
			v.Links = append(v.Links, web.Link{Href: cancelHref(f.Cell), Label: f.Label + "\u00a0: retirer ma demande d’annulation"})
		}
	}
	return v
}

// cancelView is one booking to give up, or the list of a day's.
type cancelView struct {
	Title  string
	List   bool
	Links  []web.Link
	Child  string
	Face   Face
	When   string
	Back   string
	Fields []field
	Asks   bool
	Can    bool
	Keep   string // where the form that takes a request back goes, "" for none
	Absent string // where to tell that the child will not come, "" when there is nothing to tell
}

func (g agenda) cancelView(c family.Child, f Face) cancelView {
	v := cancelView{Child: c.First(), Face: f, When: f.Day.Long(), Back: weekHref(c.ID, f.Day), Can: f.Editable && f.Held.Live(), Asks: f.Late,
		Title: "Annuler\u00a0: " + f.Label + ", " + c.First()}
	if f.Withdraw {
		v.Keep, v.Title = "/espace/enfants/"+string(f.Child)+"/garder", "Retirer ma demande\u00a0: "+f.Label+", "+c.First()
		v.Fields = []field{{"activite", string(f.Activity)}, {"jour", f.Day.String()}, {"vu", string(f.Held.Token())}}
		return v
	}
	if f.Held.State == Booked && f.Held.Family == c.Family && f.Held.Attendance == "" && !f.Held.Told && (!v.Can || v.Asks) {
		v.Absent = AbsenceHref(c.ID, f.Day)
	}
	if !v.Can {
		v.Title = f.Label + ", " + c.First()
		return v
	}
	v.Fields = append(g.names.fields(func(id activity.ID) bool { return id == f.Activity }),
		field{"vu", g.names.seen(f.Cell, f.Held.Token())}, field{"retour", v.Back})
	return v
}

// confirmation is what was confirmed at once: a page to keep, print, and come back to.
func (p Pages) confirmation(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	now := p.Now()
	cat, err := p.Catalogue.Get(r.Context(), now)
	if err != nil {
		return err
	}
	s := &Scene{Catalogue: cat, Now: now, ranked: true}
	var join joinView
	c, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (Confirmation, error) {
		c, err := ReadConfirmation(rd, now, a, cat, r.PathValue("id"))
		if err != nil {
			return c, err
		}
		children, err := family.Children(rd, a, civil.DateOf(now))
		if err != nil {
			return c, err
		}
		if err := c.compare(rd, s, children); err != nil {
			return c, err
		}
		join = c.joinLater(s)
		return c, nil
	})
	if err != nil {
		return err
	}
	v := c.view(cat, now.Location(), civil.DateOf(now))
	v.Join = join
	page := web.Page{Title: "Vos réservations", Nav: "/espace/agenda",
		Crumbs: []web.Crumb{{Label: "Mon accueil", Href: "/espace"}, {Label: "Agenda de la famille", Href: "/espace/agenda"}, {Label: c.Reference}}}
	if c.canUndo(s) {
		v.Undo = web.Link{Href: "/espace/reservations/" + c.Reference + "/annuler", Label: c.undoLabel()}
	}
	v.Own = true
	return web.Render(w, r, page, confirmationPage(v))
}

// refusedTitle heads what cannot be done.
func refusedTitle(n int) string {
	if n == 1 {
		return "1 changement impossible"
	}
	return french.Upper(changes(n)) + " impossibles"
}

// checkPath is the check page of a confirmation's path.
func checkPath(confirm string) string { return strings.TrimSuffix(confirm, "confirmer") + "verifier" }
