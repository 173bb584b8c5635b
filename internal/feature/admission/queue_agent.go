package admission

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
)

const queuePath = "/agents/activation"

func casePath(id account.ID) string { return queuePath + "/" + string(id) }

// Queue is the agents' pages of newcomers. Beside are other queues to link from it; Kept lists in words what was
// booked for a family between two moments, for whoever undoes a link (nil: not told).
type Queue struct {
	DB     *db.DB
	Now    func() time.Time
	Beside []web.Queue
	Kept   func(r db.Reader, of family.ID, from, to civil.Instant) ([]string, error)
}

// Agent declares the queue's pages.
func (q Queue) Agent(rt *web.Router) {
	rt.Get(queuePath, web.AgentWith(Read), web.NoObject, q.list)
	rt.Get(queuePath+"/plusieurs", web.AgentWith(DecideRight), web.NoObject, q.several)
	rt.Post(queuePath+"/plusieurs/prise", web.AgentWith(DecideRight), web.NoObject, q.takeMany)
	rt.Post(queuePath+"/plusieurs/verification", web.AgentWith(DecideRight), web.NoObject, q.checkMany)
	rt.Post(queuePath+"/plusieurs/activation", web.AgentWith(DecideRight), web.NoObject, q.openMany)
	newcomer := web.Object("newcomer")
	rt.Get(queuePath+"/{id}", web.AgentWith(Read), newcomer, q.one)
	rt.Post(queuePath+"/{id}/prise", web.AgentWith(DecideRight), newcomer, q.take)
	rt.Post(queuePath+"/{id}/remise", web.AgentWith(DecideRight), newcomer, q.release)
	rt.Post(queuePath+"/{id}/retour", web.AgentWith(DecideRight), newcomer, q.requeue)
	for _, act := range acts() {
		rt.Get(queuePath+"/{id}/"+act.path, web.AgentWith(DecideRight), newcomer, q.ask(act))
		rt.Post(queuePath+"/{id}/"+act.path, web.AgentWith(DecideRight), newcomer, q.decide(act))
	}
	rt.Get(queuePath+"/{id}/"+joinPath, web.AgentWith(DecideRight), newcomer, q.joining)
	rt.Post(queuePath+"/{id}/"+joinPath, web.AgentWith(DecideRight), newcomer, q.join)
	rt.Get("/agents/rattachements/{id}", web.AgentWith(DecideRight), "decision", q.link)
	rt.Post("/agents/rattachements/{id}", web.AgentWith(DecideRight), "decision", q.undo)
}

// queueView is a page of a pile.
type queueView struct {
	pile   Pile
	page   int
	counts map[Pile]int
	rows   []Newcomer
	pace   Pace
	beside []besideView
	may    bool
	promise
}

type besideView struct {
	label, href string
	n           int
}

// promise shows moments promised.
type promise struct {
	Promise
	now time.Time
}

func (v promise) stamp(at civil.Instant) string { return civil.Stamp(at.In(v.zone)) }

// age is "depuis 3 h".
func (v promise) age(at civil.Instant) string { return "depuis " + InWords(v.now.Sub(at.In(v.zone))) }

// mark says late, for today, or in time.
func (v promise) mark(n Newcomer) web.Mark {
	switch due := v.Due(n.Since); {
	case n.State != account.Waiting:
		return stateMark(n.State)
	case v.now.After(due):
		return web.Mark{Tone: web.Error, Icon: "alert", Word: "En retard"}
	case civil.DateOf(due) == civil.DateOf(v.now):
		return web.Mark{Tone: web.Warning, Icon: "clock", Word: "Promis aujourd’hui"}
	}
	return web.Mark{Tone: web.Info, Icon: "clock", Word: "Dans les temps"}
}

func stateMark(s account.State) web.Mark {
	switch s {
	case account.Active:
		return web.Mark{Tone: web.OK, Icon: "check", Word: "Activé"}
	case account.Correction:
		return web.Mark{Tone: web.Warning, Icon: "pencil", Word: "Correction demandée"}
	case account.Refused:
		return web.Mark{Tone: web.Error, Icon: "x", Word: "Refusé"}
	}
	return web.Mark{Tone: web.Neutral, Icon: "lock", Word: s.Label()}
}

func (v queueView) href(pile Pile, page int) string {
	q := url.Values{}
	if pile != Undecided {
		q.Set("etat", string(pile))
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return queuePath
	}
	return queuePath + "?" + q.Encode()
}

func (v queueView) tabs() []web.Tab {
	var all []web.Tab
	for _, p := range Piles() {
		all = append(all, web.Tab{Label: p.Label() + " (" + strconv.Itoa(v.counts[p]) + ")", Href: v.href(p, 1), Current: p == v.pile})
	}
	return all
}

func (v queueView) pages() web.Pages {
	return web.Pages{Page: v.page, Last: (v.counts[v.pile] + perPage - 1) / perPage, URL: func(n int) string { return v.href(v.pile, n) }}
}

func (v queueView) lead() string {
	n := v.counts[Undecided]
	if v.pile != Undecided && n > 1 {
		return strconv.Itoa(n) + " demandes attendent. Promesse faite aux familles : deux jours ouvrés."
	}
	switch n {
	case 0:
		return "Aucune demande n’attend. Promesse faite aux familles : deux jours ouvrés."
	case 1:
		return "1 demande attend. Promesse faite aux familles : deux jours ouvrés."
	}
	return strconv.Itoa(n) + " demandes, de la plus urgente à la moins urgente. Promesse faite aux familles : deux jours ouvrés."
}

func (q Queue) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	v := queueView{pile: Pile(f.Line("etat")), page: pageOf(f), may: a.Can(DecideRight)}
	if v.pile.Label() == "" {
		v.pile = Undecided
	}
	now := q.Now()
	v, err := db.Read(r.Context(), q.DB, func(rd db.Reader) (queueView, error) {
		var err error
		if v.promise, err = q.promise(rd, now); err != nil {
			return v, err
		}
		if v.counts, err = countPiles(rd, account.ID(a.Account)); err != nil {
			return v, err
		}
		if v.rows, err = listNewcomers(rd, v.pile, account.ID(a.Account), v.page, perPage); err != nil {
			return v, err
		}
		if v.pace, err = PaceOf(rd, now); err != nil {
			return v, err
		}
		for _, other := range q.Beside {
			if !a.Can(other.Right) {
				continue
			}
			n, _, err := other.Count(rd, now, a)
			if err != nil {
				return v, err
			}
			v.beside = append(v.beside, besideView{other.Label, other.Href, n})
		}
		return v, nil
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Comptes à activer", Wide: true, Nav: queuePath, Crumbs: []web.Crumb{home, {Label: "Comptes à activer"}}}, queuePage(v))
}

func (q Queue) promise(rd db.Reader, now time.Time) (promise, error) {
	p, err := PromiseOf(rd, now.Location())
	return promise{p, now}, err
}

func pageOf(f *web.Form) int {
	page, err := strconv.Atoi(f.Line("page"))
	if err != nil || page < 1 || page > 100000 {
		return 1
	}
	return page
}

func crumbs(n Newcomer, more ...web.Crumb) []web.Crumb {
	all := []web.Crumb{home, {Label: "Comptes à activer", Href: queuePath}}
	if len(more) == 0 {
		return append(all, web.Crumb{Label: n.Name()})
	}
	return append(append(all, web.Crumb{Label: n.Name(), Href: casePath(n.Account)}), more...)
}

func idOf(r *http.Request) account.ID { return account.ID(r.PathValue("id")) }

// submit runs a verb on a newcomer and returns to the case; of two agents the second sees the case as it is now.
func (q Queue) submit(w http.ResponseWriter, r *http.Request, a actor.Actor, to, sentence string, verb func(tx *db.Tx) error) error {
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: to, Sentence: sentence}, verb(tx)
	})
	if fault.KindOf(err) == fault.Conflict {
		return q.show(w, r, a, http.StatusConflict, fault.SentenceOf(err))
	}
	return err
}

func (q Queue) take(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	return q.submit(w, r, a, casePath(idOf(r)), "Vous vous occupez de cette demande.", func(tx *db.Tx) error {
		return Take(tx, q.Now(), a, idOf(r), account.ID(f.Line("de")))
	})
}

func (q Queue) release(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return q.submit(w, r, a, casePath(idOf(r)), "La demande est rendue à la file.", func(tx *db.Tx) error {
		return Release(tx, q.Now(), a, idOf(r))
	})
}

func (q Queue) requeue(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return q.submit(w, r, a, casePath(idOf(r)), "La demande est de nouveau dans la file.", func(tx *db.Tx) error {
		return Requeue(tx, q.Now(), a, idOf(r))
	})
}
