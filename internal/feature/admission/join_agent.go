package admission

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

const joinPath = "co-representant"

// hearth is a family that the newcomer may join.
type hearth struct {
	id       family.ID
	adults   []string
	children []string
	services []string
	why      string // why it is proposed
}

func (h hearth) title() string {
	if len(h.adults) == 0 {
		return "Famille sans représentant"
	}
	return "Famille de " + family.List(h.adults)
}

func (h hearth) detail() string {
	var parts []string
	if len(h.children) > 0 {
		parts = append(parts, family.List(h.children))
	}
	if len(h.services) > 0 {
		parts = append(parts, strings.Join(h.services, ", "))
	}
	if h.why != "" {
		parts = append(parts, h.why)
	}
	return strings.Join(parts, " ; ")
}

// joinView is the choice of a family, then what entering it means.
type joinView struct {
	newcomer Newcomer
	query    string
	likely   []hearth
	found    []hearth
	searched bool

	chosen   family.ID
	title    string
	children []family.Child
	entry    entry
	barred   string // why the family cannot be joined
	me       account.ID
	promise
}

func (v joinView) taker() string { return actView{newcomer: v.newcomer, me: v.me}.taker() }

func (v joinView) href(id family.ID) string {
	return casePath(v.newcomer.Account) + "/" + joinPath + "?" + url.Values{"famille": {string(id)}}.Encode()
}

func (v joinView) names() []string {
	var names []string
	for _, c := range v.children {
		names = append(names, c.Full())
	}
	return names
}

// coholders are those who head the family with its holder already.
func (v joinView) coholders() []string {
	var names []string
	for i, p := range v.entry.heads {
		if i > 0 {
			names = append(names, p.Full())
		}
	}
	return names
}

func (q Queue) joining(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return q.showJoin(w, r, a, web.ReadForm(r), http.StatusOK)
}

func (q Queue) join(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	e := Entry{Family: family.ID(f.Line("famille")), Relation: f.Line("lien"), Proof: f.Bool("preuve"), Despite: f.Bool("malgre")}
	err := q.submit(w, r, a, casePath(idOf(r)), "Le compte est activé et relié à la famille. La famille et le demandeur sont prévenus par e-mail.", func(tx *db.Tx) error {
		_, err := Join(tx, q.Now(), a, idOf(r), e)
		return err
	})
	if fault.KindOf(err) == fault.Refused {
		f.Fail("", fault.SentenceOf(err))
		return q.showJoin(w, r, a, f, http.StatusConflict)
	}
	if f.Take(err) {
		return q.showJoin(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}

func (q Queue) showJoin(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	v, err := db.Read(r.Context(), q.DB, func(rd db.Reader) (joinView, error) { return q.readJoin(rd, a, f, idOf(r)) })
	if fault.KindOf(err) == fault.Conflict {
		return q.show(w, r, a, http.StatusConflict, fault.SentenceOf(err))
	}
	if err != nil {
		return err
	}
	if err := q.logHearths(r, a, v); err != nil {
		return err
	}
	title := "Relier à une famille connue"
	return web.Render(w, r, web.Page{Status: status, Title: title, Caption: v.newcomer.Name(), Nav: queuePath,
		Crumbs: crumbs(v.newcomer, web.Crumb{Label: title})}, joinPage(f, v))
}

// logHearths writes down whose families are about to be shown.
func (q Queue) logHearths(r *http.Request, a actor.Actor, v joinView) error {
	var shown []proposal
	if v.chosen != "" {
		shown = append(shown, proposal{homes: []family.Home{{Family: v.chosen}}})
	}
	for _, h := range slices.Concat(v.likely, v.found) {
		shown = append(shown, proposal{homes: []family.Home{{Family: h.id}}})
	}
	return q.logRead(r.Context(), a, shown)
}

func (q Queue) readJoin(rd db.Reader, a actor.Actor, f *web.Form, id account.ID) (joinView, error) {
	now := q.Now()
	day := civil.DateOf(now)
	v := joinView{me: account.ID(a.Account), promise: promise{Promise{zone: now.Location()}, now}, chosen: family.ID(f.Line("famille")), query: f.Line("q")}
	var err error
	if v.newcomer, err = newcomerByAccount(rd, id); err != nil {
		return v, err
	}
	if v.newcomer.State != account.Waiting {
		return v, tooLate(now, v.newcomer)
	}
	if v.chosen != "" {
		return v, v.fill(rd, a, day)
	}
	typed, err := person.ByID(rd, v.newcomer.Person)
	if err != nil {
		return v, err
	}
	if v.likely, err = likelyHearths(rd, a, day, typed); err != nil {
		return v, err
	}
	if v.searched = v.query != ""; v.searched {
		people, err := person.Find(rd, v.query, mostCandidates)
		if err != nil {
			return v, err
		}
		v.found, err = hearthsOf(rd, a, day, people, func(p person.Person) string { return "" })
		return v, err
	}
	return v, nil
}

// fill reads the family chosen, which the agent must reach.
func (v *joinView) fill(rd db.Reader, a actor.Actor, day civil.Date) error {
	if err := joinable(rd, a, v.chosen); err != nil {
		return err
	}
	var err error
	if v.title, err = family.TitleOf(rd, v.chosen); err != nil {
		return err
	}
	if v.children, err = family.ChildrenOf(rd, v.chosen); err != nil {
		return err
	}
	if v.entry, err = entryOf(rd, day, v.newcomer.Person, v.chosen); err != nil {
		return err
	}
	if err := v.entry.refused(); err != nil {
		v.barred = fault.SentenceOf(err)
	}
	return nil
}

// likelyHearths are the families of people who share something with the newcomer: an address, a name, a phone.
func likelyHearths(rd db.Reader, a actor.Actor, day civil.Date, typed person.Person) ([]hearth, error) {
	ids, err := person.Alike(rd, typed, mostCandidates)
	if err != nil {
		return nil, err
	}
	people, err := person.Several(rd, ids...)
	if err != nil {
		return nil, err
	}
	var all []person.Person
	for _, id := range ids {
		all = append(all, people[id])
	}
	return hearthsOf(rd, a, day, all, func(p person.Person) string {
		if m := Compare(typed, p); len(m.Reasons) > 0 {
			return p.Full() + " : " + strings.Join(m.Reasons, ", ")
		}
		return ""
	})
}

const mostHearths = 12

// hearthsOf lists the families of people that the agent may add somebody to, each once.
func hearthsOf(rd db.Reader, a actor.Actor, day civil.Date, people []person.Person, why func(person.Person) string) ([]hearth, error) {
	ids := make([]person.ID, len(people))
	for i, p := range people {
		ids[i] = p.ID
	}
	homes, err := family.HomesOf(rd, day, ids...)
	if err != nil {
		return nil, err
	}
	var all []hearth
	for _, p := range people {
		for _, h := range homes[p.ID] {
			known := slices.ContainsFunc(all, func(x hearth) bool { return x.id == h.Family })
			if known || h.Role == family.Contact || !h.Reached(a, DecideRight) || !h.Reached(a, family.FileWrite) || len(all) == mostHearths {
				continue
			}
			x := hearth{id: h.Family, adults: h.Adults, children: h.Children, why: why(p)}
			if h.Acts() {
				x.adults = append([]string{p.Full()}, h.Adults...)
			} else {
				x.children = append([]string{p.FirstName()}, h.Children...)
			}
			for _, s := range h.Services {
				x.services = append(x.services, s.Name)
			}
			all = append(all, x)
		}
	}
	return all, nil
}
