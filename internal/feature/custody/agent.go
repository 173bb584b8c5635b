package custody

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// Agent declares the agents' pages about two homes.
func (p Pages) Agent(rt *web.Router) {
	child := web.Object("child")
	rt.Get(queuePath, web.AgentWith(family.MemberApprove), web.NoObject, p.queue)
	rt.Get("/agents/partages/{id}", web.AgentWith(family.MemberApprove), object, p.asked)
	rt.Post("/agents/partages/{id}/decision", web.AgentWith(family.MemberApprove), object, p.decide)
	rt.Post("/agents/partages/{id}/fin", web.AgentWith(family.FileWrite), object, p.end)
	rt.Get("/agents/enfants/{id}/partage", web.AgentWith(family.FileWrite), child, p.counter)
	rt.Post("/agents/enfants/{id}/partage/verifier", web.AgentWith(family.FileWrite), child, p.counterCheck)
	rt.Post("/agents/enfants/{id}/partage", web.AgentWith(family.FileWrite), child, p.enter)
}

const (
	queuePath  = "/agents/partages"
	queueLimit = 200
)

// CounterPath is where agents enter how a child's days are shared.
func CounterPath(id family.ChildID) string { return "/agents/enfants/" + string(id) + "/partage" }

// Queues is what waits for agents about two homes.
func (p Pages) Queues() []web.Queue {
	return []web.Queue{{Label: "Deux foyers\u00a0: partages à vérifier", Href: queuePath, Right: family.MemberApprove,
		Icon: "home", Detail: "jours d’un enfant, proposés par un de ses foyers",
		Count: func(r db.Reader, _ time.Time, a actor.Actor) (int, civil.Instant, error) {
			all, err := entriesFor(r, a)
			if err != nil || len(all) == 0 {
				return 0, 0, err
			}
			return len(all), all[0].AskedAt, nil
		}}}
}

// entriesFor lists the proposals that an agent may answer, oldest first: those between homes that the agent’s services
// both know. Two statements, whatever their number.
func entriesFor(r db.Reader, a actor.Actor) ([]entry, error) {
	all, err := entriesAsked(r, queueLimit)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	type known struct {
		home    family.ID
		service string
	}
	reached := map[family.ID]bool{}
	rows, err := db.List(r, func(s db.Scanner) (known, error) {
		var k known
		err := s.Scan(&k.home, &k.service)
		return k, err
	}, `select fs.family, fs.service from family_service fs where exists (select 1 from custody c
		where c.state = 'asked' and (c.home = fs.family or c.other = fs.family))`)
	if err != nil {
		return nil, wrap("list services of homes", err)
	}
	for _, k := range rows {
		reached[k.home] = reached[k.home] || a.CanFor(family.MemberApprove, k.service)
	}
	every := a.CanFor(family.MemberApprove, actor.AllServices)
	var mine []entry
	for _, c := range all {
		if every || reached[c.Home] && reached[c.Other] {
			mine = append(mine, c)
		}
	}
	return mine, nil
}

func (p Pages) queue(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	all, err := db.Read(req.Context(), p.DB, func(r db.Reader) ([]entry, error) { return entriesFor(r, a) })
	if err != nil {
		return err
	}
	page := web.Page{Title: "Deux foyers\u00a0: partages à vérifier", Wide: true,
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Partages à vérifier"}}}
	return web.Render(w, req, page, queuePage(all, p.Now().Location()))
}

// agentView is what agents read of the homes of a child, in the order of the form.
type agentView struct {
	Child    person.Person
	Homes    [2]family.ID // "" for a child of one home, or of more than two
	Titles   map[family.ID]string
	Asked    *entry // to answer
	Standing []entry
	Line     Timeline // once Asked stands
	Today    civil.Date
}

func (v agentView) at() naming { return titled(v.Titles) }

func (v agentView) two() bool { return v.Homes[1] != "" }

// read completes what agents read of two homes.
func (v *agentView) read(r db.Reader, now time.Time, child family.ChildID) error {
	v.Today, v.Titles = civil.DateOf(now), map[family.ID]string{}
	var err error
	if v.Child, err = person.ByID(r, child.PersonID()); err != nil {
		return err
	}
	for _, id := range v.Homes {
		if id == "" {
			continue
		}
		if v.Titles[id], err = family.TitleOf(r, id); err != nil {
			return err
		}
	}
	if v.Titles[v.Homes[0]] == v.Titles[v.Homes[1]] { // people of the same name: told apart by who heads them
		if err := v.nameHeads(r); err != nil {
			return err
		}
	}
	all, err := entriesOf(r, child)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.State == Standing && (c.Days.To.IsZero() || !c.Days.To.Before(v.Today)) {
			v.Standing = append(v.Standing, c)
		}
	}
	v.Line, err = timelineOf(r, child, preview(v.Today), v.Today)
	return err
}

func (v *agentView) nameHeads(r db.Reader) error {
	for _, id := range v.Homes {
		heads, err := family.HeadsOf(r, id, v.Today)
		if err != nil || len(heads) == 0 {
			return err
		}
		names, err := person.Names(r, heads...)
		if err != nil {
			return err
		}
		var all []string
		for _, who := range heads {
			all = append(all, names[who])
		}
		v.Titles[id] = family.List(all)
	}
	return nil
}

func (v agentView) looked(p Pages, req *http.Request, a actor.Actor) error {
	for _, id := range v.Homes {
		if id == "" {
			continue
		}
		if err := family.Looked(req.Context(), p.DB, p.Now(), a, id); err != nil {
			return err
		}
	}
	return nil
}

func (p Pages) asked(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	return p.showAsked(w, req, a, web.NewForm())
}

func (p Pages) showAsked(w http.ResponseWriter, req *http.Request, a actor.Actor, f *web.Form) error {
	v, err := db.Read(req.Context(), p.DB, func(r db.Reader) (agentView, error) {
		c, err := entryFor(r, a, ID(req.PathValue("id")), family.MemberApprove)
		if err != nil {
			return agentView{}, err
		}
		v := agentView{Homes: [2]family.ID{c.Home, c.Other}, Asked: &c}
		err = v.read(r, p.Now(), c.Child)
		if c.State == Asked {
			v.Line = v.Line.asIf(c.Arrangement)
		}
		return v, err
	})
	if err != nil {
		return err
	}
	if err := v.looked(p, req, a); err != nil {
		return err
	}
	page := web.Page{Title: "Deux foyers\u00a0: " + v.Child.Full(), Caption: "Proposition " + civil.Of(v.Titles[v.Asked.AskedHome]), Wide: true,
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Partages à vérifier", Href: queuePath}, {Label: v.Child.Full()}}}
	if v.Asked.AskedHome == "" {
		page.Caption = ""
	}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, req, page, askedPage(f, v, p.Now().Location()))
}

func (p Pages) decide(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f := web.ReadForm(req)
	d := family.Decision{Approve: f.Text("decision") == "accepter", Reason: f.Text("motif")}
	err := web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		sentence := "La proposition est refusée. Le foyer qui l’a faite est prévenu par e-mail."
		if d.Approve {
			sentence = "Le partage des jours est enregistré. Les deux foyers sont prévenus par e-mail."
		}
		return web.Done{Location: queuePath, Sentence: sentence}, Decide(tx, p.Now(), a, ID(req.PathValue("id")), d)
	})
	if err != nil && f.Take(err) {
		return p.showAsked(w, req, a, f)
	}
	return err
}

func (p Pages) end(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f, id := web.ReadForm(req), ID(req.PathValue("id"))
	last, _ := civil.ParseFrench(f.Line("fin")) // the zero day is told by the verb
	err := web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		child, err := End(tx, p.Now(), a, id, last)
		return web.Done{Location: CounterPath(child), Sentence: "Le partage s’arrête après le " + last.Long() + ". Les deux foyers sont prévenus par e-mail."}, err
	})
	if err == nil || !f.Take(err) {
		return err
	}
	c, err := db.Read(req.Context(), p.DB, func(r db.Reader) (entry, error) { return entryFor(r, a, id, family.FileWrite) })
	if err != nil {
		return err
	}
	req.SetPathValue("id", string(c.Child))
	return p.showCounter(w, req, a, f)
}

// counterHomes are the homes of a child that an agent may write for, both; a child of one home has the other "".
func counterHomes(r db.Reader, a actor.Actor, child family.ChildID) ([2]family.ID, error) {
	homes, err := family.HomesOfChild(r, child.PersonID())
	if err != nil {
		return [2]family.ID{}, err
	}
	if len(homes) == 0 {
		return [2]family.ID{}, fault.Missing("child")
	}
	for _, id := range homes {
		if err := family.AtCounter(r, a, id, family.FileWrite); err != nil {
			return [2]family.ID{}, fault.Missing("child")
		}
	}
	if len(homes) != 2 {
		return [2]family.ID{homes[0], ""}, nil
	}
	return [2]family.ID{homes[0], homes[1]}, nil
}

func (p Pages) readCounter(req *http.Request, a actor.Actor) (agentView, error) {
	child := family.ChildID(req.PathValue("id"))
	return db.Read(req.Context(), p.DB, func(r db.Reader) (agentView, error) {
		var v agentView
		var err error
		if v.Homes, err = counterHomes(r, a, child); err != nil {
			return v, err
		}
		return v, v.read(r, p.Now(), child)
	})
}

func (p Pages) counter(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f := web.NewForm()
	f.Set("rythme", req.URL.Query().Get("rythme"))
	return p.showCounter(w, req, a, f)
}

func (v agentView) page(title string, f *web.Form) web.Page {
	page := web.Page{Title: title, Caption: v.Child.Full(), Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Dossier de la famille", Href: "/agents/familles/" + string(v.Homes[0])}, {Label: "Deux foyers"}}}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return page
}

func (p Pages) showCounter(w http.ResponseWriter, req *http.Request, a actor.Actor, f *web.Form) error {
	v, err := p.readCounter(req, a)
	if err != nil {
		return err
	}
	if err := v.looked(p, req, a); err != nil {
		return err
	}
	kind, known := rhythmOf(f.Line("rythme"))
	if !v.two() || !known {
		return web.Render(w, req, v.page("Deux foyers", f), counterPage(f, v, family.ChildID(req.PathValue("id"))))
	}
	return web.Render(w, req, v.page(kind.label, f), counterSharingPage(f, v, v.form(kind, family.ChildID(req.PathValue("id")))))
}

func (v agentView) form(kind rhythm, child family.ChildID) sharingForm {
	at := v.at()
	return sharingForm{Kind: kind, First: french.Upper(at(v.Homes[0])), Second: french.Upper(at(v.Homes[1])), Action: CounterPath(child) + "/verifier",
		Back: CounterPath(child), Child: v.Child.FirstName(), Agent: true}
}

// counterCheck shows what an arrangement would make of the coming weeks; nothing is written.
func (p Pages) counterCheck(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f := web.ReadForm(req)
	v, err := p.readCounter(req, a)
	if err != nil {
		return err
	}
	if !v.two() {
		return sharedView{}.needsTwo()
	}
	s := sharingOf(f, v.Homes[0], v.Homes[1])
	if unread(f); !f.Failed() {
		f.Take(s.check(v.Today, civil.Date{}))
	}
	if f.Line("action") == "modifier" || f.Failed() {
		return p.showCounter(w, req, a, f)
	}
	if err := v.looked(p, req, a); err != nil {
		return err
	}
	path := CounterPath(family.ChildID(req.PathValue("id")))
	check := checkedSharing{Fields: sentFields(f), Words: s.words(v.at()), Court: entry{DecidedOn: s.DecidedOn, Reference: s.Reference}.courtLine(),
		Weeks: v.Line.asIf(s.Arrangement).weeksOf(firstShown(v.Today, s.Days.From), v.Homes[0], v.Homes[1]), First: v.at()(v.Homes[0]), Second: v.at()(v.Homes[1]),
		Send: path, Change: path + "/verifier", Button: "Enregistrer", Agent: true}
	return web.Render(w, req, v.page("Vérifiez avant d’enregistrer", nil), checkedPage(check))
}

func (p Pages) enter(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f, child := web.ReadForm(req), family.ChildID(req.PathValue("id"))
	err := web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		homes, err := counterHomes(tx, a, child)
		if err != nil {
			return web.Done{}, err
		}
		if homes[1] == "" {
			return web.Done{}, sharedView{}.needsTwo()
		}
		_, err = Enter(tx, p.Now(), a, child, sharingOf(f, homes[0], homes[1]))
		return web.Done{Location: CounterPath(child), Sentence: "Le partage des jours est enregistré. Les deux foyers sont prévenus par e-mail."}, err
	})
	if err != nil && f.Take(err) {
		return p.showCounter(w, req, a, f)
	}
	return err
}
