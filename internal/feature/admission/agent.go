package admission

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"

	"github.com/a-h/templ"
)

// Agent declares the agents' pages.
func (p Pages) Agent(rt *web.Router) {
	rt.Get("/agents/activations", web.AgentWith(Read), web.NoObject, p.list)
	rt.Get("/agents/activations/preparer", web.AgentWith(Campaign), web.NoObject, p.preview)
	rt.Post("/agents/activations/preparer", web.AgentWith(Campaign), web.NoObject, p.start)
	rt.Get("/agents/activations/{id}", web.AgentWith(Read), "account", p.one)
	rt.Post("/agents/activations/{id}/envoi", web.AgentWith(SendRight), "account", p.send)
	rt.Post("/agents/activations/{id}/adresse", web.AgentWith(SendRight), "account", p.correct)
	rt.Post("/agents/activations/{id}/lettre", web.AgentWith(Print), "account", p.letter)
}

// Bounced counts the activation mails that came back, for the agents' first page.
func Bounced() web.Queue {
	return web.Queue{Label: "E-mails d’activation refusés", Href: "/agents/activations?etat=refuse", Icon: "mail", Right: Read,
		Count: func(r db.Reader, _ time.Time, a actor.Actor) (int, civil.Instant, error) {
			bounced, err := Follow(r, ReachOf(a, Read), NoReach(), WordBounced, "", 1)
			if err != nil {
				return 0, 0, err
			}
			var oldest civil.Instant
			for _, f := range bounced {
				if oldest == 0 || f.SentAt < oldest {
					oldest = f.SentAt
				}
			}
			counts, err := Counts(r, ReachOf(a, Read), "")
			return int(counts[WordBounced]), oldest, err
		}}
}

var home = web.Crumb{Label: "Accueil", Href: "/agents"}

// listView is a page of the accounts that agents follow.
type listView struct {
	word   Word
	query  string
	page   int
	counts map[Word]int64
	rows   []Followed
	left   int64 // mails that campaigns have still to send
	may    bool  // start a campaign
	zone   *time.Location
}

func (v listView) total() int64 {
	if v.word != "" {
		return v.counts[v.word]
	}
	var n int64
	for _, c := range v.counts {
		n += c
	}
	return n
}

func (v listView) href(word Word, page int) string {
	q := url.Values{}
	if word != "" {
		q.Set("etat", string(word))
	}
	if v.query != "" {
		q.Set("q", v.query)
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return "/agents/activations"
	}
	return "/agents/activations?" + q.Encode()
}

func (v listView) pages() web.Pages {
	return web.Pages{Page: v.page, Last: int((v.total() + perPage - 1) / perPage), URL: func(n int) string { return v.href(v.word, n) }}
}

func (v listView) sent(f Followed) string {
	if f.SentAt == 0 {
		return "–"
	}
	return civil.Stamp(f.SentAt.In(v.zone))
}

func (v listView) cells() [][]templ.Component {
	var cells [][]templ.Component
	for _, f := range v.rows {
		cells = append(cells, []templ.Component{nameLink(f), web.Text(f.Username), web.Text(f.Email), web.Text(v.sent(f)), tag(f.Mark()), fileLink(f)})
	}
	return cells
}

func (p Pages) list(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	page, err := strconv.Atoi(f.Line("page"))
	if err != nil || page < 1 || page > 100000 {
		page = 1
	}
	v := listView{word: Word(f.Line("etat")), query: f.Line("q"), page: page, may: a.Can(Campaign), zone: p.Now().Location()}
	if v.word.Mark().Word == "" {
		v.word = ""
	}
	v, err = db.Read(r.Context(), p.DB, func(rd db.Reader) (listView, error) {
		var err error
		if v.counts, err = Counts(rd, ReachOf(a, Read), v.query); err != nil {
			return v, err
		}
		if v.left, err = Left(rd); err != nil {
			return v, err
		}
		v.rows, err = Follow(rd, ReachOf(a, Read), files(a), v.word, v.query, v.page)
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Activations", Wide: true, Crumbs: []web.Crumb{home, {Label: "Activations"}}}, listPage(f, v))
}

// tabs are the states that some account is in, and the one in hand.
func (v listView) tabs() []web.Tab {
	tab := func(word Word, label string, n int64) web.Tab {
		return web.Tab{Label: fmt.Sprintf("%s (%d)", label, n), Href: v.href(word, 1), Current: v.word == word}
	}
	tabs := []web.Tab{tab("", "Tous", v.all())}
	for _, word := range Words() {
		if v.counts[word] > 0 || v.word == word {
			tabs = append(tabs, tab(word, word.Mark().Word, v.counts[word]))
		}
	}
	return tabs
}

// mails is "1 e-mail", "91 e-mails".
func mails(n int64) string {
	if n < 2 {
		return fmt.Sprintf("%d e-mail", n)
	}
	return fmt.Sprintf("%d e-mails", n)
}

func mailsLeft(n int64) string {
	if n < 2 {
		return mails(n) + " reste à partir."
	}
	return mails(n) + " restent à partir."
}

// previewView shows a campaign before it is started.
type previewView struct {
	selection Selection
	count     int64
	minutes   int64
	subject   string
	text      string
}

// size tells how many mails leave, and in how long.
func (v previewView) size() string {
	if v.count == 0 {
		return "Personne ne correspond à ce choix : aucun e-mail à envoyer."
	}
	return fmt.Sprintf("%s, en %d min environ.", mails(v.count), v.minutes)
}

func selectionOf(f *web.Form) Selection {
	s := Selection{Choice: Choice(f.Line("choix")), Family: family.ID(f.Line("famille"))}
	if s.Choice != OneFamily {
		s.Family = ""
	}
	if s.Choice == "" {
		s.Choice = Never
	}
	return s
}

func (p Pages) preview(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.showPreview(w, r, web.ReadForm(r), http.StatusOK)
}

func (p Pages) showPreview(w http.ResponseWriter, r *http.Request, f *web.Form, status int) error {
	s := p.Settings.Get(r.Context(), p.Now())
	until := civil.DateOf(p.Now().Add(validity))
	mailBody := body(s, person.Person{Civility: person.Madame, LastName: "Martin", FirstNames: "Camille"}, "camille.martin", specimen,
		p.URL("/activation/"+specimen), until)
	v := previewView{selection: selectionOf(f)}
	var err error
	v.subject, v.text, _, err = mail.Render(mail.Look{Town: s.Name, Colour: s.Colour}, mailBody)
	if err != nil {
		return err
	}
	v.count, err = db.Read(r.Context(), p.DB, v.selection.Count)
	if err != nil {
		return err
	}
	v.minutes = (v.count + int64(p.perMinute()) - 1) / int64(p.perMinute())
	return web.Render(w, r, web.Page{Status: status, Title: "Préparer un envoi", Crumbs: []web.Crumb{home,
		{Label: "Activations", Href: "/agents/activations"}, {Label: "Préparer un envoi"}}}, previewPage(f, v))
}

func (p Pages) start(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		n, err := p.Start(tx, a, selectionOf(f))
		return web.Done{Location: "/agents/activations", Sentence: fmt.Sprintf("L’envoi est lancé : %d e-mails partent peu à peu.", n)}, err
	})
	if fault.KindOf(err) == fault.Refused {
		f.Fail("", fault.SentenceOf(err))
		return p.showPreview(w, r, f, http.StatusConflict)
	}
	if f.Take(err) {
		return p.showPreview(w, r, f, http.StatusUnprocessableEntity)
	}
	return err
}

// oneView is one account on its way in.
type oneView struct {
	followed  Followed
	person    person.Person
	history   []Activation
	mails     map[mail.ID]mail.Status
	correct   bool // the actor may change the address
	send      bool
	print     bool
	unclaimed bool
	zone      *time.Location
}

// events is the history in words, latest first.
func (v oneView) events() []web.Event {
	var events []web.Event
	stamp := func(at civil.Instant) string { return civil.Stamp(at.In(v.zone)) }
	for i, one := range v.history {
		e := web.Event{Title: "E-mail à " + one.SentTo, When: stamp(one.CreatedAt), Current: i == 0}
		if one.ByPost {
			e.Title = "Lettre imprimée"
		}
		var detail []string
		if m, ok := v.mails[one.Mail]; ok && one.Mail != "" {
			detail = append(detail, m.State.Label())
		}
		if one.OpenedAt != 0 {
			detail = append(detail, "lien ouvert le "+stamp(one.OpenedAt))
		}
		if one.ReplacedAt != 0 {
			detail = append(detail, "remplacé le "+stamp(one.ReplacedAt))
		} else {
			detail = append(detail, "valable jusqu’au "+stamp(one.ExpiresAt))
		}
		e.Detail = strings.Join(detail, ", ")
		events = append(events, e)
	}
	return events
}

func (p Pages) one(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.showOne(w, r, a, nil, http.StatusOK)
}

func (p Pages) showOne(w http.ResponseWriter, r *http.Request, a actor.Actor, f *web.Form, status int) error {
	id := account.ID(r.PathValue("id"))
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (oneView, error) {
		v := oneView{zone: p.Now().Location(), mails: map[mail.ID]mail.Status{}, correct: a.Can(SendRight) && a.Can(person.ContactWrite),
			send: a.Can(SendRight), print: a.Can(Print)}
		var err error
		if v.followed, err = followed(rd, ReachOf(a, Read), files(a), id); err != nil {
			return v, err
		}
		v.unclaimed = v.followed.Word != WordActive
		acc, err := account.ByID(rd, id)
		if err != nil {
			return v, err
		}
		if v.person, err = person.ByID(rd, acc.Person); err != nil {
			return v, err
		}
		if v.history, err = ForAccount(rd, id); err != nil {
			return v, err
		}
		mails, err := mail.ForAccount(rd, string(id))
		for _, m := range mails {
			v.mails[m.ID] = m
		}
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: v.followed.Name(), Crumbs: []web.Crumb{home,
		{Label: "Activations", Href: "/agents/activations"}, {Label: v.followed.Name()}}}, onePage(f, v))
}

// submit prepares an activation, then runs a verb with it.
func (p Pages) submit(w http.ResponseWriter, r *http.Request, a actor.Actor, sentence string,
	verb func(tx *db.Tx, ready Prepared, id account.ID) error) error {
	ready, err := p.Prepare(r.Context())
	if err != nil {
		return err
	}
	id := account.ID(r.PathValue("id"))
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: "/agents/activations/" + string(id), Sentence: sentence}, verb(tx, ready, id)
	})
}

func (p Pages) send(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return p.submit(w, r, a, "L’e-mail part. Le lien précédent ne fonctionne plus.", func(tx *db.Tx, ready Prepared, id account.ID) error {
		return Send(tx, p.Now(), a, p.Key, ready, id)
	})
}

func (p Pages) correct(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := p.submit(w, r, a, "L’adresse est corrigée et l’e-mail part.", func(tx *db.Tx, ready Prepared, id account.ID) error {
		return Correct(tx, p.Now(), a, p.Key, ready, id, f.Line("courriel"))
	})
	if f.Take(err) {
		return p.showOne(w, r, a, f, http.StatusUnprocessableEntity)
	}
	return err
}

// letter prints: the page is the answer itself, so that no address shows a code.
func (p Pages) letter(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	ready, err := p.Prepare(r.Context())
	if err != nil {
		return err
	}
	letter, err := db.Write(r.Context(), p.DB, func(tx *db.Tx) (Letter, error) {
		return PrintLetter(tx, p.Now(), a, p.Key, ready, account.ID(r.PathValue("id")))
	})
	if err != nil {
		return err
	}
	s := p.Settings.Get(r.Context(), p.Now())
	return web.Render(w, r, web.Page{Title: "Votre espace personnel est prêt", Crumbs: []web.Crumb{home,
		{Label: "Activations", Href: "/agents/activations"}, {Label: "Lettre"}}}, letterPage(letterView{letter: letter, settings: s, address: p.URL("/connexion"),
		day: civil.DateOf(p.Now()), back: r.PathValue("id")}))
}

// all is how many accounts are followed, whatever their word.
func (v listView) all() int64 {
	v.word = ""
	return v.total()
}

// letterView is a letter as it is printed.
type letterView struct {
	letter        Letter
	settings      town.Settings
	address, back string
	day           civil.Date
}

// from is who writes, under the town's name.
func (v letterView) from() []string {
	var lines []string
	for _, line := range []string{v.settings.Help().Name, v.settings.Help().Counter} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// choices are the answers to « À qui écrire ? »; one family only when the page was reached from it.
func choices(s Selection) []web.Option {
	options := []web.Option{
		{Value: string(Never), Label: "À ceux qui n’ont encore rien reçu"},
		{Value: string(All), Label: "À tous ceux qui n’ont pas ouvert leur espace", Hint: "Ceux qui ont déjà un e-mail en reçoivent un nouveau."},
	}
	if s.Family != "" {
		options = append(options, web.Option{Value: string(OneFamily), Label: "Aux adultes de cette famille"})
	}
	return options
}
