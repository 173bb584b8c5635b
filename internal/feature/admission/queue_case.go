package admission

import (
	"context"
	"net/http"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// caseView is one newcomer beside those whom the town knows.
type caseView struct {
	newcomer Newcomer
	typed    person.Person
	known    []proposal
	others   []Newcomer // the first of the queue
	total    int        // how many wait
	history  []Decision
	kept     []string // booked for the family while a link that is undone stood
	may      bool
	me       account.ID
	sentence string    // what another agent did meanwhile
	unsent   []string  // what this one had typed, which was not recorded
	file     family.ID // of the activated account, for who may read it
	promise
}

// proposal is one known person.
type proposal struct {
	Ranked
	homes   []family.Home
	account account.State
	read    bool // the agent may read of the family
	reached bool // the agent may link to it
}

// who is "la famille Benali", or the person when there is no family.
func (p proposal) who() string {
	for _, h := range p.homes {
		if h.Acts() && p.Person.LastName != "" {
			return "la famille " + p.Person.LastName
		}
	}
	return p.Person.Full()
}

func (p proposal) head() string {
	if s := p.who(); strings.HasPrefix(s, "la famille ") {
		return "Famille " + p.Person.LastName
	}
	return p.Person.Full()
}

// linkable tells that a link can be asked for.
func (p proposal) linkable() bool {
	return p.reached && (p.account == "" || p.account == account.Unclaimed) && p.Match.Proven()
}

// opened tells that the person signs in already.
func (p proposal) opened() bool { return p.account == account.Active || p.account == account.Suspended }

// children is "Adam et Lina", for agents who may read the family.
func (p proposal) children() string {
	var names []string
	for _, h := range p.homes {
		names = append(names, h.Children...)
	}
	return family.List(names)
}

func (p proposal) adults() string {
	var names []string
	for _, h := range p.homes {
		names = append(names, h.Adults...)
	}
	return family.List(names)
}

func (p proposal) services() string {
	var names []string
	for _, h := range p.homes {
		for _, s := range h.Services {
			if !strings.Contains(strings.Join(names, "|"), s.Name) {
				names = append(names, s.Name)
			}
		}
	}
	return family.List(names)
}

func (p proposal) accountWords() string {
	switch p.account {
	case "":
		return "Aucun"
	case account.Unclaimed:
		return "Jamais ouvert"
	case account.Active:
		return "Ouvert"
	}
	return p.account.Label()
}

// reasons is "Même nom, même date de naissance. E-mail différent."
func (m Match) reasons() string {
	if len(m.Reasons) == 0 {
		return ""
	}
	s := strings.Join(m.Reasons, ", ")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// tone is the colour of a grade.
func (g Grade) tone() web.Tone {
	switch {
	case g >= Likely:
		return web.OK
	case g == Possible || g == Homonym:
		return web.Warning
	}
	return web.Info
}

// best is the proposal to act on, if one is the same person by what can be seen.
func (v caseView) best() (proposal, bool) {
	if len(v.known) > 0 && v.known[0].Match.Grade.Same() {
		return v.known[0], true
	}
	return proposal{}, false
}

// position is the rank of the newcomer among the first of the queue, from 1; 0 further away.
func (v caseView) position() int {
	for i, n := range v.others {
		if n.Account == v.newcomer.Account {
			return i + 1
		}
	}
	return 0
}

func (v caseView) next() (Newcomer, bool) {
	if i := v.position(); i > 0 && i < len(v.others) {
		return v.others[i], true
	}
	if v.position() == 0 && len(v.others) > 0 {
		return v.others[0], true
	}
	return Newcomer{}, false
}

func (v caseView) mine() bool { return v.newcomer.TakenBy == v.me && v.me != "" }

func (v caseView) waits() bool { return v.newcomer.State == account.Waiting }

const besideCase = 8 // newcomers listed beside one

func (q Queue) one(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return q.show(w, r, a, http.StatusOK, "")
}

func (q Queue) show(w http.ResponseWriter, r *http.Request, a actor.Actor, status int, sentence string) error {
	v, err := db.Read(r.Context(), q.DB, func(rd db.Reader) (caseView, error) { return q.read(rd, a, idOf(r)) })
	if err != nil {
		return err
	}
	if v.sentence = sentence; status == http.StatusConflict {
		v.unsent = unsentOf(web.ReadForm(r))
	} else if err := q.logRead(r.Context(), a, v.known); err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: v.newcomer.Name(), Caption: "Demande d’espace personnel", Wide: true, Nav: queuePath, Crumbs: crumbs(v.newcomer)}, casePage(v))
}

func (q Queue) read(rd db.Reader, a actor.Actor, id account.ID) (caseView, error) {
	v := caseView{may: a.Can(DecideRight), me: account.ID(a.Account)}
	var err error
	if v.newcomer, err = newcomerByAccount(rd, id); err != nil {
		return v, err
	}
	if v.promise, err = q.promise(rd, q.Now()); err != nil {
		return v, err
	}
	if v.history, err = decisionsOf(rd, id); err != nil {
		return v, err
	}
	own := v.newcomer.Person
	if len(v.history) > 0 && v.newcomer.State == account.Active {
		own = v.history[0].Person // the account is the known person's now
	}
	if v.typed, err = person.ByID(rd, own); err != nil {
		return v, err
	}
	if v.others, err = listNewcomers(rd, Undecided, "", 1, besideCase); err != nil {
		return v, err
	}
	if v.total, _, err = waitingSince(rd); err != nil {
		return v, err
	}
	if v.kept, err = q.keptOf(rd, v.history); err != nil {
		return v, err
	}
	switch v.newcomer.State {
	case account.Waiting:
		v.known, err = proposals(rd, a, civil.DateOf(v.now), v.typed)
	case account.Active:
		v.file, err = readableHome(rd, a, civil.DateOf(v.now), v.newcomer.Person)
	}
	return v, err
}

// readableHome is the family for which a person acts, if the agent may read its file.
func readableHome(rd db.Reader, a actor.Actor, day civil.Date, who person.ID) (family.ID, error) {
	homes, err := family.HomesOf(rd, day, who)
	if err != nil {
		return "", err
	}
	for _, h := range homes[who] {
		if h.Acts() && h.Reached(a, family.FileRead) {
			return h.Family, nil
		}
	}
	return "", nil
}

// logRead writes down whom an agent is about to be shown beside a request.
func (q Queue) logRead(ctx context.Context, a actor.Actor, known []proposal) error {
	var read []audit.Entry
	for _, k := range known {
		for _, h := range k.homes {
			read = append(read, family.FileReading(h.Family))
		}
		if len(k.homes) == 0 {
			read = append(read, audit.Entry{Action: "admission.known.read", Object: "person", ID: string(k.Person.ID), Subject: string(k.Person.ID)})
		}
	}
	if len(read) == 0 {
		return nil
	}
	return db.Do(ctx, q.DB, func(tx *db.Tx) error { return audit.ReadOnce(tx, q.Now(), a, family.ReadingLasts, read...) })
}

// unsentOf is what a correction or a refusal said, for a page that tells that it was not recorded.
func unsentOf(f *web.Form) []string {
	var said []string
	if labels := fieldLabels(f.All("champ")); labels != "" {
		said = append(said, "À corriger : "+labels)
	}
	for _, name := range []string{"message", "motif"} {
		if text := f.Text(name); text != "" {
			said = append(said, text)
		}
	}
	return said
}

// proposals are the likely known people with their families, in five statements.
func proposals(rd db.Reader, a actor.Actor, day civil.Date, typed person.Person) ([]proposal, error) {
	best, ranked, facts, err := candidates(rd, typed)
	if err != nil {
		return nil, err
	}
	homes, err := family.HomesOf(rd, day, best...)
	if err != nil {
		return nil, err
	}
	all := make([]proposal, len(ranked))
	for i, one := range ranked {
		p := proposal{Ranked: one, homes: homes[one.Person.ID], account: facts[one.Person.ID].account}
		p.reached = len(p.homes) == 0
		for _, h := range p.homes {
			p.read = p.read || h.Reached(a, family.FileRead)
			p.reached = p.reached || h.Reached(a, DecideRight)
		}
		all[i] = p
	}
	return all, nil
}

// keptOf lists what was booked while links since undone stood.
func (q Queue) keptOf(rd db.Reader, history []Decision) ([]string, error) {
	var kept []string
	for _, d := range history {
		if !d.ties() || d.UndoneAt == 0 {
			continue
		}
		some, err := q.bookedMeanwhile(rd, d, d.UndoneAt)
		if err != nil {
			return nil, err
		}
		kept = append(kept, some...)
	}
	return kept, nil
}

func (q Queue) bookedMeanwhile(rd db.Reader, d Decision, to civil.Instant) ([]string, error) {
	if q.Kept == nil {
		return nil, nil
	}
	if d.Kind == Entered {
		return q.Kept(rd, d.Family, d.MadeAt, to)
	}
	homes, err := family.HomesOf(rd, civil.DateOf(q.Now()), d.Known)
	if err != nil {
		return nil, err
	}
	var kept []string
	for _, h := range homes[d.Known] {
		if !h.Acts() {
			continue
		}
		some, err := q.Kept(rd, h.Family, d.MadeAt, to)
		if err != nil {
			return nil, err
		}
		kept = append(kept, some...)
	}
	return kept, nil
}

// events is the history in words, latest first.
func (v caseView) events() []web.Event {
	var all []web.Event
	for _, d := range v.history {
		if d.UndoneAt != 0 {
			all = append(all, web.Event{Title: "Rattachement annulé", Detail: d.UndoerName + " : " + d.UndoReason, When: v.stamp(d.UndoneAt)})
		}
		e := web.Event{Title: d.title(), When: v.stamp(d.MadeAt)}
		var detail []string
		if d.MakerName != "" {
			detail = append(detail, "par "+d.MakerName)
		}
		if labels := fieldLabels(d.Fields); labels != "" {
			detail = append(detail, labels)
		}
		if d.Message != "" {
			detail = append(detail, "« "+d.Message+" »")
		}
		e.Detail = strings.Join(detail, ". ")
		all = append(all, e)
	}
	all = append(all, web.Event{Title: "Adresse e-mail confirmée", When: v.stamp(v.newcomer.ConfirmedAt)})
	all[0].Current = true
	return all
}

func fieldLabels(keys []string) string {
	var labels []string
	for _, f := range AskedFields() {
		for _, k := range keys {
			if k == f.Key {
				labels = append(labels, f.Label)
			}
		}
	}
	return strings.Join(labels, ", ")
}

func (d Decision) title() string {
	switch d.Kind {
	case Linked:
		return "Activé et rattaché à " + d.KnownName
	case Opened:
		return "Activé, nouvelle famille ouverte"
	case Entered:
		return "Activé, co-représentant d’une famille connue"
	case Corrected:
		return "Correction demandée"
	case Turned:
		return "Refusé"
	case Already:
		return "Refusé : a déjà un espace"
	}
	return "Remis dans la file"
}

// standingLink is the link that can be undone, "" without.
func (v caseView) standingLink() DecisionID {
	for _, d := range v.history {
		if d.Undoable() {
			return d.ID
		}
	}
	return ""
}

// verdict is a detail's likeness as word and icon.
func (l Likeness) verdict() web.Mark {
	switch l {
	case Identical:
		return web.Mark{Tone: web.OK, Icon: "check", Word: "Identique"}
	case Close:
		return web.Mark{Tone: web.Warning, Icon: "contrast", Word: "Proche"}
	case Different:
		return web.Mark{Tone: web.Error, Icon: "x", Word: "Différent"}
	}
	return web.Mark{Tone: web.Outline, Icon: "minus", Word: "Non connu"}
}

func phones(p person.Person) string {
	var all []string
	for _, n := range []string{p.Mobile, p.Phone} {
		if n != "" {
			all = append(all, person.ShowPhone(n))
		}
	}
	return strings.Join(all, ", ")
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func born(p person.Person) string {
	if p.BirthDay.IsZero() {
		return ""
	}
	return p.BirthDay.Full()
}

// familyWords is what is known of a family, for agents who may read it.
func (p proposal) familyWords(words, none string) string {
	switch {
	case len(p.homes) > 0 && !p.read:
		return "Réservé aux agents du service"
	case words == "":
		return none
	}
	return words
}

func actPath(n Newcomer, path string, known person.ID) string {
	return casePath(n.Account) + "/" + path + "?personne=" + string(known)
}

func fieldOptions() []web.Option {
	var all []web.Option
	for _, f := range AskedFields() {
		all = append(all, web.Option{Value: f.Key, Label: f.Label, Hint: f.Hint})
	}
	return all
}

// dueWords is "En retard : jeudi 7 janvier, 17 h 30".
func (v caseView) dueWords(n Newcomer) string {
	due := onTime(v.Due(n.Since))
	if v.now.After(v.Due(n.Since)) {
		return "En retard : " + due
	}
	return "Avant " + due
}
