package desk

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// JournalRead is the right to read the journal: who did what, on whose data.
const JournalRead actor.Right = "desk.journal.read"

// Journal shows the audit trail to holders of JournalRead, and writes down each time that it was read. Who people are
// is told by app: the desk knows no feature.
type Journal struct {
	DB  *db.DB
	Now func() time.Time
	// Names gives the names of people by id; unknown ids are absent.
	Names func(r db.Reader, people ...string) (map[string]string, error)
	// Find gives the ids of the people whom a query means, at most limit.
	Find func(r db.Reader, query string, limit int) ([]string, error)
	// Agents are the agents to choose among, by account id.
	Agents func(r db.Reader) ([]web.Option, error)
}

const (
	journalPath   = "/agents/journal"
	exportPath    = "/agents/journal/export"
	journalPage   = 50
	exportLimit   = 10_000
	historyLines  = 20
	maxNamesakes  = 20
	unknownPerson = "Personne inconnue"
)

// Agent declares the journal's pages.
func (j Journal) Agent(rt *web.Router) {
	rt.Get(journalPath, web.AgentWith(JournalRead), web.NoObject, j.journal)
	rt.Get(exportPath, web.AgentWith(JournalRead), web.NoObject, j.export)
}

// asked is what a reader of the journal wants to see, as typed.
type asked struct {
	form   *web.Form
	filter audit.Filter
	none   bool // the name typed is nobody's
}

// fields are the names of the filter in the address, in the order of the form.
var fields = []string{"personne", "sujet", "agent", "acte", "objet", "id", "du", "au"}

func (j Journal) ask(ctx context.Context, q url.Values) (asked, error) {
	a := asked{form: web.NewForm()}
	for _, name := range fields {
		a.form.Set(name, q.Get(name))
	}
	text := a.form.Line
	a.filter = audit.Filter{Object: text("objet"), ObjectID: text("id"), Account: text("agent"), Action: text("acte")}
	a.filter.From, a.filter.To = j.day(a.form, "du", 0), j.day(a.form, "au", 1)
	if at, id, ok := strings.Cut(q.Get("avant"), "."); ok {
		n, err := strconv.ParseInt(at, 10, 64)
		if err == nil {
			a.filter.Before = audit.Cursor{At: civil.Instant(n), ID: audit.ID(id)}
		}
	}
	if text("sujet") != "" {
		a.filter.Subjects = []string{text("sujet")}
	}
	if name := text("personne"); name != "" {
		found, err := db.Read(ctx, j.DB, func(r db.Reader) ([]string, error) { return j.Find(r, name, maxNamesakes) })
		if err != nil {
			return a, err
		}
		a.filter.Subjects, a.none = found, len(found) == 0
	}
	return a, nil
}

// day reads a day of the filter as the moment when it begins, after days more.
func (j Journal) day(f *web.Form, name string, after int) civil.Instant {
	typed := f.Line(name)
	if typed == "" {
		return 0
	}
	day, err := civil.ParseFrench(typed)
	if err != nil {
		f.Fail(name, "Écrivez le jour ainsi : 15/01/2027.")
		return 0
	}
	day = day.AddDays(after)
	return civil.InstantOf(day.At(0, 0, j.Now().Location()))
}

// address is the journal's page with a filter; cursor leads to the lines that are older.
func (a asked) address(path, cursor string) string {
	q := url.Values{}
	for _, name := range fields {
		if v := a.form.Line(name); v != "" {
			q.Set(name, v)
		}
	}
	if cursor != "" {
		q.Set("avant", cursor)
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// summary is the filter as the journal remembers it: no name, no text.
func (a asked) summary() string {
	var parts []string
	for _, name := range fields {
		if v := a.form.Line(name); v != "" && name != "personne" {
			parts = append(parts, name+"="+v)
		}
	}
	if a.form.Line("personne") != "" {
		parts = append(parts, fmt.Sprintf("personnes=%d", len(a.filter.Subjects)))
	}
	if a.filter.Before.ID != "" {
		parts = append(parts, "suite")
	}
	return strings.Join(parts, " ")
}

// line is one line of the journal in words.
type line struct {
	When, Who, Act, About, Detail string
	Href                          string // the journal of the person, or the family's file
	Look                          bool
	event                         audit.Event
}

// read writes down that the journal is read, then reads it: who is refused the first is not shown the second.
func (j Journal) read(ctx context.Context, a actor.Actor, action string, q asked, limit int) ([]line, []web.Option, error) {
	entry := audit.Entry{Action: action, Object: "journal", Detail: q.summary()}
	if len(q.filter.Subjects) == 1 {
		entry.Subject = q.filter.Subjects[0]
	}
	if err := db.Do(ctx, j.DB, func(tx *db.Tx) error { return audit.Read(tx, j.Now(), a, entry) }); err != nil {
		return nil, nil, err
	}
	type found struct {
		lines  []line
		agents []web.Option
	}
	all, err := db.Read(ctx, j.DB, func(r db.Reader) (f found, err error) {
		if f.agents, err = j.Agents(r); err != nil || q.none || q.form.Failed() {
			return f, err
		}
		events, err := audit.Search(r, q.filter, limit)
		if err != nil {
			return f, err
		}
		f.lines, err = j.inWords(r, events)
		return f, err
	})
	return all.lines, all.agents, err
}

// inWords names the people of some lines, in one query.
func (j Journal) inWords(r db.Reader, events []audit.Event) ([]line, error) {
	var people []string
	for _, e := range events {
		for _, id := range []string{e.Person, e.Entry.Subject} {
			if id != "" && !slices.Contains(people, id) {
				people = append(people, id)
			}
		}
	}
	names, err := j.Names(r, people...)
	if err != nil {
		return nil, err
	}
	lines := make([]line, len(events))
	for i, e := range events {
		lines[i] = line{When: civil.Stamp(e.At.In(j.Now().Location())), Who: who(e, names), Act: Sentence(e.Entry.Action), About: about(e, names),
			Detail: detail(e), Href: aboutHref(e), Look: e.Kind == audit.Look, event: e}
	}
	return lines, nil
}

// who says by whom a line was written.
func who(e audit.Event, names map[string]string) string {
	switch e.Actor {
	case "system":
		if e.Via == "import" {
			return "L’import"
		}
		return "Le portail"
	case "anonymous":
		return "Un visiteur"
	case "agent":
		if names[e.Person] == "" {
			return "Un agent"
		}
		return names[e.Person] + " (agent)"
	}
	if names[e.Person] == "" {
		return unknownPerson
	}
	return names[e.Person]
}

// about names the person whose data it is, else the kind of thing.
func about(e audit.Event, names map[string]string) string {
	if e.Entry.Subject == "" {
		return Object(e.Entry.Object)
	}
	if name := names[e.Entry.Subject]; name != "" {
		return name
	}
	return unknownPerson
}

func aboutHref(e audit.Event) string {
	switch {
	case e.Entry.Subject != "":
		return journalPath + "?" + url.Values{"sujet": {e.Entry.Subject}}.Encode()
	case e.Entry.ID != "":
		return journalPath + "?" + url.Values{"objet": {e.Entry.Object}, "id": {e.Entry.ID}}.Encode()
	}
	return ""
}

// journalView is the page.
type journalView struct {
	asked
	lines  []line
	agents []web.Option
	older  string // address of the next page, "" at the end
}

func (j Journal) journal(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	q, err := j.ask(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	v := journalView{asked: q}
	if v.lines, v.agents, err = j.read(r.Context(), a, "journal.read", q, journalPage+1); err != nil {
		return err
	}
	if len(v.lines) > journalPage {
		v.lines = v.lines[:journalPage]
		last := audit.CursorOf(v.lines[journalPage-1].event)
		v.older = q.address(journalPath, strconv.FormatInt(int64(last.At), 10)+"."+string(last.ID))
	}
	page := web.Page{Title: "Journal", Wide: true, Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Journal"}}}
	if q.form.Failed() {
		page.Status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, page, journalBody(v))
}

// export is the same lines as a file for spreadsheets, the latest 10,000.
func (j Journal) export(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	q, err := j.ask(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	if q.form.Failed() {
		return web.SeeOther(w, q.address(journalPath, ""))
	}
	lines, _, err := j.read(r.Context(), a, "journal.exported", q, exportLimit)
	if err != nil {
		return err
	}
	rows := [][]string{{"Date", "Qui", "Acte", "Nature", "À propos de", "Objet", "Identifiant", "Détail"}}
	for _, l := range lines {
		kind := "modification"
		if l.Look {
			kind = "consultation"
		}
		rows = append(rows, []string{l.When, l.Who, l.Act, kind, l.About, Object(l.event.Entry.Object), l.event.Entry.ID, l.Detail})
	}
	return web.CSV(w, "journal-"+civil.DateOf(j.Now()).String(), rows)
}

// Panel is « Historique » on the page of one kind of thing: the latest lines about it and about its people. Showing it
// is written down.
func (j Journal) Panel(object string, people func(r db.Reader, id string) ([]string, error)) web.Panel {
	return web.Panel{Order: 90, Title: "Historique", Right: JournalRead,
		Render: func(r db.Reader, _ time.Time, _ actor.Actor, id string) (templ.Component, error) {
			who, err := people(r, id)
			if err != nil {
				return nil, err
			}
			events, err := audit.About(r, object, id, who, historyLines, historyRead, fileRead)
			if err != nil {
				return nil, err
			}
			lines, err := j.inWords(r, events)
			return history(lines, journalPath+"?"+url.Values{"objet": {object}, "id": {id}}.Encode()), err
		},
		Log: func(tx *db.Tx, now time.Time, a actor.Actor, id string) error {
			return audit.Read(tx, now, a, audit.Entry{Action: historyRead, Object: object, ID: id})
		}}
}

// actOptions are the acts to choose among, in order of their words.
func actOptions() []web.Option {
	return options(sentences, "Tous les actes")
}

func objectOptions() []web.Option { return options(objects, "Tous les objets") }

func options(all map[string]string, first string) []web.Option {
	choices := make([]web.Option, 0, len(all)+1)
	for value, label := range all {
		choices = append(choices, web.Option{Value: value, Label: label})
	}
	slices.SortFunc(choices, func(a, b web.Option) int {
		return strings.Compare(a.Label+a.Value, b.Label+b.Value)
	})
	return append([]web.Option{{Label: first}}, choices...)
}
