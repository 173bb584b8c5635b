package messaging

import (
	"net/http"
	"strconv"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
)

// agentContact declares the agents' pages of the contact form.
func (p Pages) agentContact(rt *web.Router) {
	may := web.AgentWith(ContactAnswer)
	rt.Get("/agents/contacts", may, web.NoObject, p.contactQueue)
	rt.Get("/agents/contacts/{id}", may, "contact", p.contactPage)
	rt.Post("/agents/contacts/{id}/prise-en-charge", may, "contact", p.takeContact)
	rt.Post("/agents/contacts/{id}/reponse", may, "contact", p.answerContact)
	rt.Post("/agents/contacts/{id}/classement", may, "contact", p.fileContact)
	rt.Post("/agents/contacts/{id}/service", may, "contact", p.forwardContact)
}

const contactPageSize = 50

// queueView is one page of the messages that wait, or of those that are done.
type queueView struct {
	rows  []ContactMessage
	done  bool
	tabs  []web.Tab
	pages web.Pages
	zone  *time.Location
	now   time.Time
}

func (p Pages) contactQueue(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	done := r.URL.Query().Get("voir") == "traites"
	base := "/agents/contacts?"
	if done {
		base += "voir=traites&"
	}
	n, _ := strconv.Atoi(r.URL.Query().Get("page")) // no number: the first page
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (queueView, error) {
		v := queueView{done: done, zone: p.Now().Location(), now: p.Now()}
		counts, err := countContacts(rd, servicesOf(a))
		if err != nil {
			return v, err
		}
		v.tabs = []web.Tab{{Label: "À traiter (" + strconv.Itoa(counts.open) + ")", Href: "/agents/contacts", Current: !done},
			{Label: "Traités (" + strconv.Itoa(counts.done) + ")", Href: "/agents/contacts?voir=traites", Current: done}}
		list, count := openContacts, counts.open
		if done {
			list, count = doneContacts, counts.done
		}
		last := max(1, (count+contactPageSize-1)/contactPageSize)
		page := min(max(1, n), last)
		v.pages = web.Pages{Page: page, Last: last, URL: func(n int) string { return base + "page=" + strconv.Itoa(n) }}
		v.rows, err = list(rd, servicesOf(a), contactPageSize, (page-1)*contactPageSize)
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Messages à la mairie", Wide: true, Crumbs: agentCrumbs(web.Crumb{Label: "Messages à la mairie"})},
		contactQueuePage(v))
}

// answerView is one message with what can be done about it.
type answerView struct {
	form     *web.Form
	m        ContactMessage
	mine     bool // this agent took it
	services []web.Option
	zone     *time.Location
}

func (p Pages) contactPage(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showContactMessage(w, r, a, http.StatusOK, web.NewForm())
}

func (p Pages) showContactMessage(w http.ResponseWriter, r *http.Request, a actor.Actor, status int, f *web.Form) error {
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v answerView, err error) {
		v = answerView{form: f, zone: p.Now().Location()}
		if v.m, err = ContactFor(rd, a, ContactID(r.PathValue("id"))); err != nil {
			return v, err
		}
		v.mine = v.m.State == Taken && string(v.m.Handler) == a.Account
		services, err := town.Services(rd)
		for _, s := range services {
			if s.ID != v.m.Service {
				v.services = append(v.services, web.Option{Value: string(s.ID), Label: s.Name})
			}
		}
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Message de " + v.m.Name, Caption: v.m.Reference + " – " + v.m.To(), Nav: "/agents/contacts",
		Crumbs: agentCrumbs(web.Crumb{Label: "Messages à la mairie", Href: "/agents/contacts"}, web.Crumb{Label: v.m.Reference})}, contactMessagePage(v))
}

// acts runs one verb on the message and comes back to it, or shows it again with what the verb refused.
func (p Pages) acts(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, verb func(tx *db.Tx, id ContactID) (web.Done, error)) error {
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) { return verb(tx, ContactID(r.PathValue("id"))) })
	switch {
	case f.Take(err):
		return p.showContactMessage(w, r, a, http.StatusUnprocessableEntity, f)
	case fault.KindOf(err) == fault.Conflict:
		f.Fail("", fault.SentenceOf(err))
		return p.showContactMessage(w, r, a, http.StatusConflict, f)
	}
	return err
}

func (p Pages) takeContact(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.acts(w, r, a, web.ReadForm(r), func(tx *db.Tx, id ContactID) (web.Done, error) {
		return web.Done{Location: contactPath(id), Sentence: "Vous vous occupez de ce message."}, Take(tx, p.Now(), a, id)
	})
}

func (p Pages) answerContact(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	return p.acts(w, r, a, f, func(tx *db.Tx, id ContactID) (web.Done, error) {
		m, err := Answer(tx, p.Now(), a, id, f.Text("reponse"))
		sentence := "La réponse part par e-mail."
		if m.Email == "" {
			sentence = "La réponse donnée par téléphone est notée."
		}
		return web.Done{Location: contactPath(id), Sentence: sentence}, err
	})
}

func (p Pages) fileContact(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	return p.acts(w, r, a, f, func(tx *db.Tx, id ContactID) (web.Done, error) {
		return web.Done{Location: "/agents/contacts", Sentence: "Le message est classé."}, File(tx, p.Now(), a, id, f.Text("motif"))
	})
}

func (p Pages) forwardContact(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	return p.acts(w, r, a, f, func(tx *db.Tx, id ContactID) (web.Done, error) {
		return web.Done{Location: "/agents/contacts", Sentence: "Le message est transmis."}, Forward(tx, p.Now(), a, id, town.ServiceID(f.Text("service")))
	})
}

func at(i civil.Instant, zone *time.Location) string { return civil.Stamp(i.In(zone)) }
