package admission

import (
	"fmt"
	"net/http"
	"slices"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// act is one decision: its page says what will happen, its button does it.
type act struct {
	path, title, done string
	run               func(tx *db.Tx, q Queue, a actor.Actor, id account.ID, f *web.Form) error
}

func acts() []act {
	return []act{
		{"rattachement", "Activer et rattacher", "Le compte est activé et rattaché. Le demandeur est prévenu par e-mail.",
			func(tx *db.Tx, q Queue, a actor.Actor, id account.ID, f *web.Form) error {
				_, err := Link(tx, q.Now(), a, id, person.ID(f.Line("personne")), serviceIDs(f.All("service")))
				return err
			}},
		{"famille", "Activer et ouvrir une famille", "Le compte est activé, une famille est ouverte. Le demandeur est prévenu par e-mail.",
			func(tx *db.Tx, q Queue, a actor.Actor, id account.ID, f *web.Form) error {
				_, err := OpenFamily(tx, q.Now(), a, id, serviceIDs(f.All("service")))
				return err
			}},
		{"correction", "Demander une correction", "La correction est demandée. Le demandeur est prévenu par e-mail.",
			func(tx *db.Tx, q Queue, a actor.Actor, id account.ID, f *web.Form) error {
				_, err := Ask(tx, q.Now(), a, id, f.All("champ"), f.Text("message"))
				return err
			}},
		{"refus", "Refuser la demande", "La demande est refusée. Le demandeur est prévenu par e-mail.",
			func(tx *db.Tx, q Queue, a actor.Actor, id account.ID, f *web.Form) error {
				_, err := Refuse(tx, q.Now(), a, id, f.Text("motif"))
				return err
			}},
		{"deja", "Répondre « vous avez déjà un espace »", "La réponse est partie. La demande est close.",
			func(tx *db.Tx, q Queue, a actor.Actor, id account.ID, f *web.Form) error {
				_, err := TellAlready(tx, q.Now(), a, id, person.ID(f.Line("personne")))
				return err
			}},
	}
}

// actView is the page of a decision.
type actView struct {
	act      act
	newcomer Newcomer
	known    proposal // link and « déjà »
	services []town.Service
	likely   proposal // open: somebody known who looks the same
	alike    bool
	me       account.ID
	promise
}

// taker is who else has the request, "" for nobody.
func (v actView) taker() string {
	if v.newcomer.TakenBy == v.me {
		return ""
	}
	return v.newcomer.TakenName
}

// opens tells whether a family will be opened for the known person, who heads none.
func (v actView) opens() bool {
	return v.act.path == "famille" || v.act.path == "rattachement" && !slices.ContainsFunc(v.known.homes, family.Home.Acts)
}

// shown are the known people whom the page names.
func (v actView) shown() []proposal {
	var all []proposal
	for _, k := range []proposal{v.known, v.likely} {
		if k.Person.ID != "" {
			all = append(all, k)
		}
	}
	return all
}

func (v actView) serviceOptions() []web.Option {
	var all []web.Option
	for _, s := range v.services {
		all = append(all, web.Option{Value: string(s.ID), Label: s.Name})
	}
	return all
}

// only is the service ticked beforehand: the one there is.
func (v actView) only() []string {
	if len(v.services) == 1 {
		return []string{string(v.services[0].ID)}
	}
	return nil
}

func (q Queue) ask(one act) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		return q.showAct(w, r, a, one, web.ReadForm(r), http.StatusOK)
	}
}

func (q Queue) decide(one act) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		f := web.ReadForm(r)
		err := q.submit(w, r, a, casePath(idOf(r)), one.done, func(tx *db.Tx) error { return one.run(tx, q, a, idOf(r), f) })
		if fault.KindOf(err) == fault.Refused {
			f.Fail("", fault.SentenceOf(err))
			return q.showAct(w, r, a, one, f, http.StatusConflict)
		}
		if f.Take(err) {
			return q.showAct(w, r, a, one, f, http.StatusUnprocessableEntity)
		}
		return err
	}
}

func (q Queue) showAct(w http.ResponseWriter, r *http.Request, a actor.Actor, one act, f *web.Form, status int) error {
	v, err := db.Read(r.Context(), q.DB, func(rd db.Reader) (actView, error) { return q.readAct(rd, a, one, f, idOf(r)) })
	if fault.KindOf(err) == fault.Conflict {
		return q.show(w, r, a, http.StatusConflict, fault.SentenceOf(err))
	}
	if err != nil {
		return err
	}
	if err := q.logRead(r.Context(), a, v.shown()); err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: one.title, Caption: v.newcomer.Name(), Nav: queuePath,
		Crumbs: crumbs(v.newcomer, web.Crumb{Label: one.title})}, actPage(f, v))
}

func (q Queue) readAct(rd db.Reader, a actor.Actor, one act, f *web.Form, id account.ID) (actView, error) {
	now := q.Now()
	v := actView{act: one, me: account.ID(a.Account), promise: promise{Promise{zone: now.Location()}, now}}
	var err error
	if v.newcomer, err = newcomerByAccount(rd, id); err != nil {
		return v, err
	}
	if v.newcomer.State != account.Waiting && !(one.path == "refus" && v.newcomer.State == account.Correction) {
		return v, tooLate(q.Now(), v.newcomer)
	}
	if one.path == "correction" || one.path == "refus" {
		return v, nil
	}
	if v.services, err = reachedServices(rd, a); err != nil {
		return v, err
	}
	typed, err := person.ByID(rd, v.newcomer.Person)
	if err != nil {
		return v, err
	}
	known, err := proposals(rd, a, civil.DateOf(q.Now()), typed)
	if err != nil {
		return v, err
	}
	if one.path == "famille" {
		if v.alike = len(known) > 0 && known[0].Match.Grade.Same(); v.alike {
			v.likely = known[0]
		}
		return v, nil
	}
	wanted := person.ID(f.Line("personne"))
	i := slices.IndexFunc(known, func(p proposal) bool { return p.Person.ID == wanted })
	if i < 0 {
		return v, fault.Missing("person")
	}
	v.known = known[i]
	return v, nil
}

// reachedServices are the services for which the agent may open a family.
func reachedServices(rd db.Reader, a actor.Actor) ([]town.Service, error) {
	all, err := town.Services(rd)
	var mine []town.Service
	for _, s := range all {
		if a.CanFor(DecideRight, string(s.ID)) && a.CanFor(family.FileWrite, string(s.ID)) {
			mine = append(mine, s)
		}
	}
	return mine, err
}

// undoView is a link that somebody is about to undo.
type undoView struct {
	decision Decision
	newcomer Newcomer
	kept     []string
	tied     string // "la famille Martin", of an entry
	promise
}

// to is whom or what the newcomer was tied to.
func (v undoView) to() string {
	if v.tied != "" {
		return v.tied
	}
	return v.decision.KnownName
}

func (q Queue) link(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return q.showLink(w, r, a, web.NewForm(), http.StatusOK)
}

func (q Queue) showLink(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	v, err := db.Read(r.Context(), q.DB, func(rd db.Reader) (v undoView, err error) {
		if v.decision, err = decisionByID(rd, DecisionID(r.PathValue("id"))); err != nil {
			return v, err
		}
		if !v.decision.ties() {
			return v, fault.Missing("decision")
		}
		homes, err := tiedHomes(rd, q.Now(), a, v.decision)
		if err != nil {
			return v, err
		}
		if v.decision.Kind == Entered {
			if v.tied, err = family.TitleOf(rd, homes[0].Family); err != nil {
				return v, err
			}
		}
		if v.newcomer, err = newcomerByAccount(rd, v.decision.Account); err != nil {
			return v, err
		}
		if v.promise, err = q.promise(rd, q.Now()); err != nil {
			return v, err
		}
		to := v.decision.UndoneAt
		if to == 0 {
			to = civil.InstantOf(q.Now())
		}
		v.kept, err = q.bookedMeanwhile(rd, v.decision, to)
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Annuler un rattachement", Caption: v.newcomer.Name(), Nav: queuePath,
		Crumbs: crumbs(v.newcomer, web.Crumb{Label: "Annuler le rattachement"})}, undoPage(f, v))
}

func (q Queue) undo(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f, id := web.ReadForm(r), DecisionID(r.PathValue("id"))
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		d, err := decisionByID(tx, id)
		if err != nil {
			return web.Done{}, err
		}
		return web.Done{Location: casePath(d.Account), Sentence: "Le rattachement est annulé. Les deux côtés sont prévenus par e-mail."},
			Undo(tx, q.Now(), a, id, f.Text("motif"))
	})
	if k := fault.KindOf(err); k == fault.Conflict || k == fault.Refused {
		f.Fail("", fault.SentenceOf(err))
		return q.showLink(w, r, a, f, http.StatusConflict)
	}
	if f.Take(err) {
		return q.showLink(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}

// severalView is many requests decided at once: those to tick, or those checked.
type severalView struct {
	rows     []Newcomer
	checked  bool
	apart    []Aside // left aside, with why
	services []town.Service
	promise
}

func (v severalView) options() []web.Option {
	var all []web.Option
	for _, n := range v.rows {
		hint := "Promis pour " + onTime(v.Due(n.Since))
		if n.TakenName != "" {
			hint += ". " + n.TakenName + " s’en occupe"
		}
		if n.Unchecked {
			hint += ". Sans contrôle de sécurité"
		}
		all = append(all, web.Option{Value: string(n.Account), Label: n.Name(), Hint: hint})
	}
	return all
}

func (v severalView) serviceOptions() []web.Option {
	return actView{services: v.services}.serviceOptions()
}

func (v severalView) only() []string { return actView{services: v.services}.only() }

func accountIDs(f *web.Form) []account.ID {
	var ids []account.ID
	for _, v := range f.All("compte") {
		if id := account.ID(v); v != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (q Queue) several(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return q.showSeveral(w, r, a, web.NewForm(), nil, http.StatusOK)
}

// checkMany is the check page: the answer itself, since it shows what was ticked.
func (q Queue) checkMany(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	ids := accountIDs(f)
	if len(ids) == 0 || len(ids) > maxBulk {
		f.Fail("compte", "Cochez de 1 à 50 demandes.")
		return q.showSeveral(w, r, a, f, nil, http.StatusUnprocessableEntity)
	}
	return q.showSeveral(w, r, a, f, ids, http.StatusOK)
}

func (q Queue) showSeveral(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, ids []account.ID, status int) error {
	v, err := db.Read(r.Context(), q.DB, func(rd db.Reader) (v severalView, err error) {
		if v.promise, err = q.promise(rd, q.Now()); err != nil {
			return v, err
		}
		if v.services, err = reachedServices(rd, a); err != nil {
			return v, err
		}
		if v.checked = len(ids) > 0; !v.checked {
			v.rows, err = listNewcomers(rd, Undecided, "", 1, maxBulk)
			return v, err
		}
		for _, id := range ids {
			x, err := Apart(rd, q.Now(), id)
			if err != nil {
				return v, err
			}
			if x.Why == "" {
				v.rows = append(v.rows, x.Newcomer)
			} else {
				v.apart = append(v.apart, x)
			}
		}
		return v, nil
	})
	if err != nil {
		return err
	}
	title := "Traiter plusieurs demandes"
	return web.Render(w, r, web.Page{Status: status, Title: title, Wide: true, Nav: queuePath,
		Crumbs: []web.Crumb{home, {Label: "Comptes à activer", Href: queuePath}, {Label: title}}}, severalPage(f, v))
}

func (q Queue) takeMany(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	ids := accountIDs(f)
	if len(ids) == 0 || len(ids) > maxBulk {
		f.Fail("compte", "Cochez de 1 à 50 demandes.")
		return q.showSeveral(w, r, a, f, nil, http.StatusUnprocessableEntity)
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		n, err := TakeMany(tx, q.Now(), a, ids)
		return web.Done{Location: queuePath + "?etat=" + string(Mine), Sentence: fmt.Sprintf("Vous vous occupez de %s.", count(n, "demande"))}, err
	})
}

func (q Queue) openMany(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	ids := accountIDs(f)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		n, aside, err := OpenMany(tx, q.Now(), a, ids, f.All("service"))
		sentence := count(n, "compte") + " activé" + plural(n) + ". Les demandeurs sont prévenus par e-mail."
		if len(aside) > 0 {
			sentence += " " + count(len(aside), "demande") + " laissée" + plural(len(aside)) + " de côté, à comparer une à une."
		}
		return web.Done{Location: queuePath, Sentence: sentence}, err
	})
	if fault.KindOf(err) == fault.Refused {
		f.Fail("compte", fault.SentenceOf(err))
		return q.showSeveral(w, r, a, f, nil, http.StatusConflict)
	}
	if f.Take(err) {
		return q.showSeveral(w, r, a, f, ids, http.StatusUnprocessableEntity)
	}
	return err
}

func count(n int, word string) string { return fmt.Sprintf("%d %s%s", n, word, plural(n)) }

func plural(n int) string {
	if n > 1 {
		return "s"
	}
	return ""
}
