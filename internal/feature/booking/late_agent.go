package booking

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
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

// mostSeveral bounds how many requests are accepted at once.
const mostSeveral = 50

const (
	latePath  = "/agents/demandes-tardives"
	listsPath = "/agents/listes" // daylist's, to which these pages lead back
)

// Queues are what agents have to answer.
func (p Pages) Queues() []web.Queue {
	return []web.Queue{{Label: "Demandes hors délai", Href: latePath, Right: Read, Icon: "clock",
		Detail: "réservations et annulations demandées après la limite",
		Count: func(r db.Reader, now time.Time, a actor.Actor) (int, civil.Instant, error) {
			return CountLate(r, a, lateFrom(now))
		}}, waitingQueue()}
}

// Agent declares what agents answer: the waiting lists, and what families asked late.
func (p Pages) Agent(rt *web.Router) {
	read, write := web.AgentWith(Read), web.AgentWith(Write)
	p.waitingRoutes(rt)
	rt.Get(latePath, read, web.NoObject, p.lateQueue)
	rt.Get(latePath+"/plusieurs", write, web.NoObject, p.lateSeveral)
	rt.Post(latePath+"/plusieurs", write, web.NoObject, p.acceptSeveral)
	rt.Get(latePath+"/{id}", read, web.Object("late-request"), p.lateOne)
	rt.Post(latePath+"/{id}", write, web.Object("late-request"), p.answerLate)
}

// lateQueueView is the queue.
type lateQueueView struct {
	rows []lateRow
	now  time.Time
}

func (v lateQueueView) days() []civil.Date {
	var all []civil.Date
	for _, x := range v.rows {
		if n := len(all); n == 0 || all[n-1] != x.Day {
			all = append(all, x.Day)
		}
	}
	return all
}

func (v lateQueueView) on(day civil.Date) []lateRow {
	return slices.DeleteFunc(slices.Clone(v.rows), func(x lateRow) bool { return x.Day != day })
}

func (v lateQueueView) several() bool {
	n := 0
	for _, x := range v.rows {
		if x.ready() && !x.over(v.now) {
			n++
		}
	}
	return n > 1
}

func (v lateQueueView) detail(x lateRow) string {
	parts := []string{x.what(), x.leftWords(), x.age(v.now)}
	if where := x.schoolClass(); where != "" {
		parts = append([]string{where}, parts...)
	}
	if x.Note != "" {
		parts = append(parts, "«\u00a0"+x.Note+"\u00a0»")
	}
	return strings.Join(parts, " · ")
}

func (x lateRow) mark(now time.Time) web.Mark {
	switch {
	case x.over(now):
		return web.Mark{Tone: web.Neutral, Icon: "clock", Word: x.asks() + "\u00a0: jour passé"}
	case x.Cancel:
		return web.Mark{Tone: web.Info, Icon: "undo", Word: "Annuler"}
	case x.bar != "":
		return web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Réserver\u00a0: impossible"}
	case x.full():
		return web.Mark{Tone: web.Warning, Icon: "full", Word: "Réserver\u00a0: complet"}
	case x.line.Passes:
		return web.Mark{Tone: web.Warning, Icon: "hourglass", Word: "Réserver\u00a0: d’autres attendent"}
	}
	return web.Mark{Tone: web.OK, Icon: "check", Word: "Réserver\u00a0: place libre"}
}

func lateCrumbs(last string) []web.Crumb {
	all := []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Demandes hors délai", Href: latePath}}
	if last == "" {
		all[1].Href = ""
		return all
	}
	return append(all, web.Crumb{Label: last})
}

// readLate reads the queue.
func (p Pages) readLate(ctx context.Context, a actor.Actor) (*activity.Catalogue, []lateRow, error) {
	now := p.Now()
	cat, err := p.Catalogue.Get(ctx, now)
	if err != nil {
		return nil, nil, err
	}
	rows, err := db.Read(ctx, p.DB, func(r db.Reader) ([]lateRow, error) { return lateRows(r, now, a, cat) })
	return cat, rows, err
}

func (p Pages) lateQueue(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	_, rows, err := p.readLate(r.Context(), a)
	if err != nil {
		return err
	}
	page := web.Page{Title: "Demandes hors délai", Wide: true, Nav: latePath, Crumbs: lateCrumbs("")}
	return web.Render(w, r, page, lateQueuePage(lateQueueView{rows: rows, now: p.Now()}))
}

// lateOneView is the page of one request. Row is nil once it has its answer.
type lateOneView struct {
	id       string
	form     *web.Form
	row      *lateRow
	child    string
	day      civil.Date
	act      *activity.Activity
	history  []Proof
	cat      *activity.Catalogue
	now      time.Time
	file     string // the family's file, "" when the agent may not open it
	refusal  string // why the last answer did nothing
	unsent   string // the words that were not sent
	nextHref string
}

func (p Pages) lateOne(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showLate(w, r, a, web.NewForm(), "")
}

// oneLate reads one request; that of a service where the agent does not hold Read is as one that does not exist.
func (p Pages) oneLate(ctx context.Context, a actor.Actor, id string) (lateOneView, error) {
	v := lateOneView{id: id, now: p.Now()}
	c, err := cellOf(id)
	if err != nil {
		return v, err
	}
	var rows []lateRow
	if v.cat, rows, err = p.readLate(ctx, a); err != nil {
		return v, err
	}
	act, known := v.cat.Activity(c.Activity)
	if !known || !a.CanFor(Read, string(act.Service)) {
		return v, fault.Missing("late request")
	}
	v.act, v.day = act, c.Day
	for i, x := range rows {
		if x.Cell == c {
			v.row, v.child = &rows[i], x.ChildName
			if a.Can(family.FileRead) {
				v.file = "/agents/familles/" + string(x.Family)
			}
		} else if v.nextHref == "" {
			v.nextHref = latePath + "/" + x.id()
		}
	}
	v.history, err = db.Read(ctx, p.DB, func(r db.Reader) ([]Proof, error) { return ProofsOfCell(r, v.cat, c) })
	if err != nil {
		return v, err
	}
	if v.row == nil {
		if !slices.ContainsFunc(v.history, func(p Proof) bool { return p.Did == DidAsk || p.Did == DidAskCancel }) {
			return v, fault.Missing("late request")
		}
		v.child = v.history[0].ChildName
	}
	return v, nil
}

func (p Pages) showLate(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, refusal string) error {
	v, err := p.oneLate(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	v.form, v.refusal = f, refusal
	if refusal != "" && v.row == nil {
		v.unsent = f.Text("motif")
	}
	page := web.Page{Title: "Demande " + civil.Of(v.child), Nav: latePath, Crumbs: lateCrumbs(v.child)}
	switch {
	case refusal != "":
		page.Status = http.StatusConflict
	case f.Failed():
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, latePage(v))
}

// answers are what an agent may answer.
func (x lateRow) answers() []web.Option {
	var all []web.Option
	switch {
	case x.Cancel:
		all = append(all, web.Option{Value: "accepter", Label: "Accepter l’annulation"})
	case x.bar == otherHomesDay:
		all = append(all, web.Option{Value: "accepter", Label: "Accepter la réservation", Hint: "C’est un jour de l’autre foyer\u00a0: le motif est nécessaire."})
	case x.bar != "":
	case x.line.Passes:
		all = append(all, x.passingAnswers()...)
	case x.full():
		all = append(all, web.Option{Value: "ajouter", Label: "Accepter en ajoutant une place", Hint: "Le jour est complet\u00a0: sa capacité augmente d’une place."})
	default:
		all = append(all, web.Option{Value: "accepter", Label: "Accepter la réservation"})
	}
	return append(all, web.Option{Value: "refuser", Label: "Refuser", Hint: "Le motif est alors nécessaire\u00a0: la famille le lira."})
}

// passingAnswers are what may be answered to a request that would pass those who wait.
func (x lateRow) passingAnswers() []web.Option {
	var all []web.Option
	if x.mayWait {
		all = append(all, web.Option{Value: "attendre", Label: "Mettre à la suite de la liste d’attente", Hint: "L’enfant est servi à son tour, après ceux qui attendent."})
	}
	hint := french.Upper(x.line.words()) + ". Le motif est alors nécessaire\u00a0: la famille le lira, et il est gardé."
	if x.full() {
		return append(all, web.Option{Value: "ajouter-avant", Label: "Accepter avant ceux qui attendent, en ajoutant une place", Hint: hint})
	}
	return append(all, web.Option{Value: "avant", Label: "Accepter avant ceux qui attendent", Hint: hint})
}

// lateAnswers are what the form may send.
var lateAnswers = map[string]Answer{"accepter": {Accept: true}, "ajouter": {Accept: true, AddPlace: true}, "avant": {Accept: true, Pass: true},
	"ajouter-avant": {Accept: true, AddPlace: true, Pass: true}, "attendre": {Accept: true, Queue: true}, "refuser": {}}

func (p Pages) answerLate(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	v, err := p.oneLate(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	decision := f.Line("decision")
	ans, known := lateAnswers[decision]
	if !known {
		f.Fail("decision", "Choisissez une réponse.")
		return p.showLate(w, r, a, f, "")
	}
	c, err := cellOf(v.id)
	if err != nil {
		return err
	}
	of := family.ID(f.Line("famille"))
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		ans.Reason = f.Text("motif")
		ref, err := AnswerLate(tx, p.Now(), a, v.cat, of, c, Token(f.Line("vu")), ans)
		if err != nil {
			return web.Done{}, err
		}
		told, err := toldWords(tx, of, civil.DateOf(p.Now()), ref)
		return web.Done{Location: latePath, Sentence: answered(decision, v.child, ref) + told}, err
	})
	switch {
	case f.Take(err):
		return p.showLate(w, r, a, f, "")
	case isRefusal(err):
		return p.showLate(w, r, a, f, refusalWords(err))
	}
	return err
}

// isRefusal tells that a verb did nothing since things moved.
func isRefusal(err error) bool {
	return fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.NotFound && err != nil
}

func refusalWords(err error) string {
	if s := fault.SentenceOf(err); s != "" {
		return s
	}
	return "Cette demande n’attend plus de réponse. Rien n’a été enregistré."
}

func answered(decision, child, reference string) string {
	word := "Demande acceptée"
	switch decision {
	case "refuser":
		word = "Demande refusée"
	case "attendre":
		word = "Demande mise à la suite de la liste d’attente"
	}
	return word + "\u00a0: " + child + ". Référence " + reference + ". "
}

// lateSeveralView is the acceptance of several requests: to choose, then to check.
type lateSeveralView struct {
	form    *web.Form
	ready   []lateRow // to choose from
	yes, no []lateRow // of those chosen
	chosen  bool
	refusal string
	now     time.Time
}

func (v lateSeveralView) options() []web.Option {
	var all []web.Option
	for _, x := range v.ready {
		all = append(all, web.Option{Value: x.id(), Label: x.asks() + "\u00a0: " + x.ChildName + ", " + x.Day.DayMonth(), Hint: x.what() + ". " + x.leftWords() + "."})
	}
	return all
}

func (p Pages) lateSeveral(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showSeveral(w, r, a, web.ReadForm(r), "")
}

func (p Pages) showSeveral(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, refusal string) error {
	_, rows, err := p.readLate(r.Context(), a)
	if err != nil {
		return err
	}
	v := lateSeveralView{form: f, refusal: refusal, now: p.Now()}
	ids := f.All("demande")
	var chosen []lateRow
	for _, x := range rows {
		if x.ready() && !x.over(v.now) && len(v.ready) < mostSeveral {
			v.ready = append(v.ready, x)
		}
		if x.may && slices.Contains(ids, x.id()) && len(chosen) < mostSeveral {
			chosen = append(chosen, x)
		}
	}
	v.chosen = len(ids) > 0
	v.yes, v.no = split(chosen)
	page := web.Page{Title: "Accepter plusieurs demandes", Nav: latePath, Crumbs: lateCrumbs("Plusieurs demandes")}
	if refusal != "" {
		page.Status = http.StatusConflict
	}
	return web.Render(w, r, page, lateSeveralPage(v))
}

// acceptSeveral accepts, in one transaction, the requests that the check page listed, the first asked first. One that
// moved meanwhile is left alone and named; none done is a conflict.
func (p Pages) acceptSeveral(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	cat, rows, err := p.readLate(r.Context(), a)
	if err != nil {
		return err
	}
	ids := f.All("demande")
	if len(ids) == 0 || len(ids) > mostSeveral {
		f.Fail("demande", fmt.Sprintf("Choisissez de 1 à %d demandes.", mostSeveral))
		return p.showSeveral(w, r, a, f, "Aucune demande n’a été choisie. Rien n’a été enregistré.")
	}
	seen := map[string]string{}
	for _, id := range ids {
		seen[id] = f.Line("vu." + id)
	}
	var chosen []lateRow
	for _, x := range rows {
		if _, asked := seen[x.id()]; asked && x.may {
			chosen = append(chosen, x)
		}
	}
	slices.SortStableFunc(chosen, func(x, y lateRow) int { return cmp.Compare(x.AskedAt, y.AskedAt) })
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		var wishes []Wish
		for _, x := range chosen {
			wishes = append(wishes, Wish{Cell: x.Cell})
		}
		if err := lockChildren(tx, wishes); err != nil {
			return web.Done{}, err
		}
		done, left := 0, []string(nil)
		for _, x := range chosen {
			_, err := AnswerLate(tx, p.Now(), a, cat, x.Family, x.Cell, Token(seen[x.id()]), Answer{Accept: true, Reason: f.Text("motif")})
			switch {
			case err == nil:
				done++
			case fault.KindOf(err) == fault.Conflict:
				left = append(left, x.ChildName+", "+x.Day.DayMonth())
			default:
				return web.Done{}, err
			}
		}
		if done == 0 {
			return web.Done{}, fault.New(fault.Conflict, "Aucune de ces demandes n’a pu être acceptée\u00a0: elles ont reçu une autre réponse, ou il n’y a plus de place. Rien n’a été enregistré.")
		}
		return web.Done{Location: latePath, Sentence: severalWords(done, len(ids)-done, left)}, nil
	})
	if fault.KindOf(err) == fault.Conflict {
		return p.showSeveral(w, r, a, f, fault.SentenceOf(err))
	}
	return err
}

// severalWords says what came of several requests; left are those not done that still exist.
func severalWords(done, rest int, left []string) string {
	words := lateWords(done) + " acceptée" + strings.Repeat("s", min(1, done-1)) + ". Les familles sont prévenues."
	if rest == 0 {
		return words
	}
	words += " " + lateWords(rest) + " n’" + map[bool]string{true: "a", false: "ont"}[rest == 1] + " pas pu l’être"
	if len(left) > 0 {
		words += "\u00a0: " + strings.Join(left, " ; ")
	}
	return words + "."
}
