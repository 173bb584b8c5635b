package family

import (
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"
)

// custodyAgent declares the agents' pages about two homes.
func (p Pages) custodyAgent(rt *web.Router) {
	child := web.Object("child")
	rt.Get(custodyQueuePath, web.AgentWith(MemberApprove), web.NoObject, p.custodyQueue)
	rt.Get("/agents/partages/{id}", web.AgentWith(MemberApprove), custodyObject, p.custodyAsked)
	rt.Post("/agents/partages/{id}/decision", web.AgentWith(MemberApprove), custodyObject, p.decideCustody)
	rt.Post("/agents/partages/{id}/fin", web.AgentWith(FileWrite), custodyObject, p.endCustody)
	rt.Get("/agents/enfants/{id}/partage", web.AgentWith(FileWrite), child, p.custodyCounter)
	rt.Post("/agents/enfants/{id}/partage/verifier", web.AgentWith(FileWrite), child, p.custodyCounterCheck)
	rt.Post("/agents/enfants/{id}/partage", web.AgentWith(FileWrite), child, p.enterCustody)
}

const custodyQueuePath = "/agents/partages"

// counterCustodyPath is where agents enter how a child's days are shared.
func counterCustodyPath(id ChildID) string { return "/agents/enfants/" + string(id) + "/partage" }

// custodyWaiting is what waits for agents about two homes.
func custodyWaiting() web.Queue {
	return web.Queue{Label: "Deux foyers\u00a0: partages à vérifier", Href: custodyQueuePath, Right: MemberApprove,
		Icon: "home", Detail: "jours d’un enfant, proposés par un de ses foyers",
		Count: func(r db.Reader, _ time.Time, a actor.Actor) (int, civil.Instant, error) {
			all, err := custodiesFor(r, a)
			if err != nil || len(all) == 0 {
				return 0, 0, err
			}
			return len(all), all[0].AskedAt, nil
		}}
}

// custodiesFor lists the proposals that an agent may answer, oldest first: those between homes that the agent’s services
// both know. Two statements, whatever their number.
func custodiesFor(r db.Reader, a actor.Actor) ([]custody, error) {
	all, err := custodiesAsked(r, queueLimit)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	reached := map[ID]bool{}
	rows, err := db.List(r, func(s db.Scanner) (department, error) {
		var d department
		err := s.Scan(&d.Family, &d.Service.ID)
		return d, err
	}, `select fs.family, fs.service from family_service fs where exists (select 1 from custody c
		where c.state = 'asked' and (c.home = fs.family or c.other = fs.family))`)
	if err != nil {
		return nil, wrap("list services of homes", err)
	}
	for _, d := range rows {
		reached[d.Family] = reached[d.Family] || a.CanFor(MemberApprove, string(d.Service.ID))
	}
	every := a.CanFor(MemberApprove, actor.AllServices)
	var mine []custody
	for _, c := range all {
		if every || reached[c.Home] && reached[c.Other] {
			mine = append(mine, c)
		}
	}
	return mine, nil
}

func (p Pages) custodyQueue(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	all, err := db.Read(req.Context(), p.DB, func(r db.Reader) ([]custody, error) { return custodiesFor(r, a) })
	if err != nil {
		return err
	}
	page := web.Page{Title: "Deux foyers\u00a0: partages à vérifier", Wide: true,
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Partages à vérifier"}}}
	return web.Render(w, req, page, custodyQueuePage(all, p.Now().Location()))
}

// agentCustody is what agents read of the homes of a child, in the order of the form.
type agentCustody struct {
	Child    person.Person
	Homes    [2]ID // "" for a child of one home, or of more than two
	Titles   map[ID]string
	Asked    *custody // to answer
	Standing []custody
	Line     Timeline // once Asked stands
	Today    civil.Date
}

func (v agentCustody) at() naming { return titled(v.Titles) }

func (v agentCustody) two() bool { return v.Homes[1] != "" }

// read completes what agents read of two homes.
func (v *agentCustody) read(r db.Reader, now time.Time, child ChildID) error {
	v.Today, v.Titles = civil.DateOf(now), map[ID]string{}
	var err error
	if v.Child, err = person.ByID(r, child.PersonID()); err != nil {
		return err
	}
	for _, id := range v.Homes {
		if id == "" {
			continue
		}
		if v.Titles[id], err = TitleOf(r, id); err != nil {
			return err
		}
	}
	if v.Titles[v.Homes[0]] == v.Titles[v.Homes[1]] { // people of the same name: told apart by who heads them
		if err := v.nameHeads(r); err != nil {
			return err
		}
	}
	all, err := custodiesOf(r, child)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.State == CustodyStanding && (c.Days.To.IsZero() || !c.Days.To.Before(v.Today)) {
			v.Standing = append(v.Standing, c)
		}
	}
	v.Line, err = timelineOf(r, child, preview(v.Today), v.Today)
	return err
}

func (v *agentCustody) nameHeads(r db.Reader) error {
	for _, id := range v.Homes {
		heads, err := HeadsOf(r, id, v.Today)
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
		v.Titles[id] = List(all)
	}
	return nil
}

func (v agentCustody) looked(p Pages, req *http.Request, a actor.Actor) error {
	for _, id := range v.Homes {
		if id == "" {
			continue
		}
		if err := Looked(req.Context(), p.DB, p.Now(), a, id); err != nil {
			return err
		}
	}
	return nil
}

func (p Pages) custodyAsked(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	return p.showAsked(w, req, a, web.NewForm())
}

func (p Pages) showAsked(w http.ResponseWriter, req *http.Request, a actor.Actor, f *web.Form) error {
	v, err := db.Read(req.Context(), p.DB, func(r db.Reader) (agentCustody, error) {
		c, err := custodyFor(r, a, CustodyID(req.PathValue("id")), MemberApprove)
		if err != nil {
			return agentCustody{}, err
		}
		v := agentCustody{Homes: [2]ID{c.Home, c.Other}, Asked: &c}
		err = v.read(r, p.Now(), c.Child)
		if c.State == CustodyAsked {
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
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Partages à vérifier", Href: custodyQueuePath}, {Label: v.Child.Full()}}}
	if v.Asked.AskedHome == "" {
		page.Caption = ""
	}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, req, page, custodyAskedPage(f, v, p.Now().Location()))
}

func (p Pages) decideCustody(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f := web.ReadForm(req)
	d := Decision{Approve: f.Text("decision") == "accepter", Reason: f.Text("motif")}
	err := web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		sentence := "La proposition est refusée. Le foyer qui l’a faite est prévenu par e-mail."
		if d.Approve {
			sentence = "Le partage des jours est enregistré. Les deux foyers sont prévenus par e-mail."
		}
		return web.Done{Location: custodyQueuePath, Sentence: sentence}, DecideCustody(tx, p.Now(), a, CustodyID(req.PathValue("id")), d)
	})
	if err != nil && f.Take(err) {
		return p.showAsked(w, req, a, f)
	}
	return err
}

func (p Pages) endCustody(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f, id := web.ReadForm(req), CustodyID(req.PathValue("id"))
	last, _ := civil.ParseFrench(f.Line("fin")) // the zero day is told by the verb
	err := web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		child, err := EndCustody(tx, p.Now(), a, id, last)
		return web.Done{Location: counterCustodyPath(child), Sentence: "Le partage s’arrête après le " + last.Long() + ". Les deux foyers sont prévenus par e-mail."}, err
	})
	if err == nil || !f.Take(err) {
		return err
	}
	c, err := db.Read(req.Context(), p.DB, func(r db.Reader) (custody, error) { return custodyFor(r, a, id, FileWrite) })
	if err != nil {
		return err
	}
	req.SetPathValue("id", string(c.Child))
	return p.showCustody(w, req, a, f)
}

// counterHomes are the homes of a child that an agent may write for, both; a child of one home has the other "".
func counterHomes(r db.Reader, a actor.Actor, child ChildID) ([2]ID, error) {
	homes, err := homesOfChild(r, child.PersonID())
	if err != nil {
		return [2]ID{}, err
	}
	if len(homes) == 0 {
		return [2]ID{}, fault.Missing("child")
	}
	for _, id := range homes {
		if err := atCounter(r, a, id, FileWrite); err != nil {
			return [2]ID{}, fault.Missing("child")
		}
	}
	if len(homes) != 2 {
		return [2]ID{homes[0], ""}, nil
	}
	return [2]ID{homes[0], homes[1]}, nil
}

func (p Pages) readCustody(req *http.Request, a actor.Actor) (agentCustody, error) {
	child := ChildID(req.PathValue("id"))
	return db.Read(req.Context(), p.DB, func(r db.Reader) (agentCustody, error) {
		var v agentCustody
		var err error
		if v.Homes, err = counterHomes(r, a, child); err != nil {
			return v, err
		}
		return v, v.read(r, p.Now(), child)
	})
}

func (p Pages) custodyCounter(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f := web.NewForm()
	f.Set("rythme", req.URL.Query().Get("rythme"))
	return p.showCustody(w, req, a, f)
}

func (v agentCustody) page(title string, f *web.Form) web.Page {
	page := web.Page{Title: title, Caption: v.Child.Full(), Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"},
		{Label: "Dossier de la famille", Href: "/agents/familles/" + string(v.Homes[0])}, {Label: "Deux foyers"}}}
	if f.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return page
}

func (p Pages) showCustody(w http.ResponseWriter, req *http.Request, a actor.Actor, f *web.Form) error {
	v, err := p.readCustody(req, a)
	if err != nil {
		return err
	}
	if err := v.looked(p, req, a); err != nil {
		return err
	}
	kind, known := rhythmOf(f.Line("rythme"))
	if !v.two() || !known {
		return web.Render(w, req, v.page("Deux foyers", f), custodyCounterPage(f, v, ChildID(req.PathValue("id"))))
	}
	return web.Render(w, req, v.page(kind.label, f), counterSharingPage(f, v, v.form(kind, ChildID(req.PathValue("id")))))
}

func (v agentCustody) form(kind rhythm, child ChildID) sharingForm {
	at := v.at()
	return sharingForm{Kind: kind, First: upperFirst(at(v.Homes[0])), Second: upperFirst(at(v.Homes[1])), Action: counterCustodyPath(child) + "/verifier",
		Back: counterCustodyPath(child), Child: v.Child.FirstName(), Agent: true}
}

// custodyCounterCheck shows what an arrangement would make of the coming weeks; nothing is written.
func (p Pages) custodyCounterCheck(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f := web.ReadForm(req)
	v, err := p.readCustody(req, a)
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
		return p.showCustody(w, req, a, f)
	}
	if err := v.looked(p, req, a); err != nil {
		return err
	}
	path := counterCustodyPath(ChildID(req.PathValue("id")))
	check := checkedSharing{Fields: sentFields(f), Words: s.words(v.at()), Court: custody{DecidedOn: s.DecidedOn, Reference: s.Reference}.courtLine(),
		Weeks: v.Line.asIf(s.Arrangement).weeksOf(firstShown(v.Today, s.Days.From), v.Homes[0], v.Homes[1]), First: v.at()(v.Homes[0]), Second: v.at()(v.Homes[1]),
		Send: path, Change: path + "/verifier", Button: "Enregistrer", Agent: true}
	return web.Render(w, req, v.page("Vérifiez avant d’enregistrer", nil), checkedPage(check))
}

func (p Pages) enterCustody(w http.ResponseWriter, req *http.Request, a actor.Actor) error {
	f, child := web.ReadForm(req), ChildID(req.PathValue("id"))
	err := web.Submit(w, req, a, func(tx *db.Tx) (web.Done, error) {
		homes, err := counterHomes(tx, a, child)
		if err != nil {
			return web.Done{}, err
		}
		if homes[1] == "" {
			return web.Done{}, sharedView{}.needsTwo()
		}
		_, err = EnterCustody(tx, p.Now(), a, child, sharingOf(f, homes[0], homes[1]))
		return web.Done{Location: counterCustodyPath(child), Sentence: "Le partage des jours est enregistré. Les deux foyers sont prévenus par e-mail."}, err
	})
	if err != nil && f.Take(err) {
		return p.showCustody(w, req, a, f)
	}
	return err
}
