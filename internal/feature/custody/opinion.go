package custody

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// Opinion is what the home that did not propose a sharing says of it. It decides nothing: an agent does.
type Opinion string

// The opinions.
const (
	NoOpinion Opinion = ""
	Agrees    Opinion = "agrees"
	Disagrees Opinion = "disagrees"
)

// mostNote bounds what a home writes to the agent.
const mostNote = 500

// opinion is what was said of a proposal, by whom and when.
type opinion struct {
	Opinion Opinion
	Note    string // for agents alone
	By      person.Person
	At      civil.Instant
}

// askedOf is the home whose opinion is waited for.
func (c entry) askedOf() family.ID { return c.opposite(c.AskedHome) }

// Say keeps what the other home says of a proposal, by somebody who acts there for the child; the last word counts, until
// an agent answers. Who disagrees says why, to the agent alone.
func Say(tx *db.Tx, now time.Time, a actor.Actor, id ID, says Opinion, note string) (family.ChildID, error) {
	c, err := byID(tx, id)
	if err != nil {
		return "", err
	}
	own, err := family.MayAct(tx, a, c.Child, civil.DateOf(now))
	if err != nil || c.AskedHome == "" || own != c.askedOf() {
		return "", fault.Missing("custody")
	}
	if err := lockChild(tx, c.Child); err != nil {
		return "", err
	}
	note = strings.TrimSpace(note)
	switch {
	case says != Agrees && says != Disagrees:
		return "", fault.InvalidFields(fault.Field{Name: "avis", Sentence: "Choisissez une réponse."})
	case says == Disagrees && note == "":
		return "", fault.InvalidFields(fault.Field{Name: "mot", Sentence: "Écrivez en quelques mots ce qui ne convient pas\u00a0: le service le lira."})
	case utf8.RuneCountInString(note) > mostNote:
		return "", fault.InvalidFields(fault.Field{Name: "mot", Sentence: "Écrivez 500 caractères au plus."})
	}
	n, err := tx.Exec(`update custody set opinion = $2, opinion_note = $3, opinion_by = $4, opinion_at = $5 where id = $1 and state = 'asked'`,
		string(id), string(says), note, a.Person, civil.InstantOf(now))
	if err := answered(n == 1, wrap("keep an opinion", err)); err != nil {
		return "", err
	}
	return c.Child, audit.Write(tx, now, a, audit.Entry{Action: "custody.opinion." + string(says), Object: "custody", ID: string(id), Subject: string(c.Child)})
}

// proposed are the proposals of which a home where somebody acts has said nothing: the child, the home, the first day.
var proposed = web.Part{Name: "custody.proposed", Select: `select c.child as a, adult.family as b, min(c.from_day) as c, '' as d
	from family_member adult join custody c on (c.home = adult.family or c.other = adult.family) and c.state = 'asked'
		and c.asked_home <> adult.family and c.opinion = ''
	where adult.person = $1 and adult.role in ('holder', 'coholder') and adult.state = 'approved' and adult.from_day <= $2
		and (adult.to_day is null or adult.to_day >= $2)
	group by c.child, adult.family`}

// proposalTodo is the line of the first page about a proposal of the other home.
func proposalTodo(c family.Child, rows []web.PartRow) (web.Todo, bool, error) {
	row, found := rowOf(c, rows)
	if !found {
		return web.Todo{}, false, nil
	}
	from, err := civil.ParseDate(row.C)
	if err != nil {
		return web.Todo{}, false, fmt.Errorf("read proposals: %w", err)
	}
	return web.Todo{When: from, Title: "L’autre foyer propose un partage des jours " + civil.Of(c.First()), Detail: "À partir du " + from.Long(), Href: Path(c.ID),
		Tag: "Votre avis", Tone: web.Info}, true, nil
}

// words say an opinion to agents.
func (o opinion) words(zone *time.Location) string {
	switch o.Opinion {
	case Agrees:
		return "D’accord, le " + civil.Stamp(o.At.In(zone)) + ", par " + o.By.Full()
	case Disagrees:
		return "Pas d’accord, le " + civil.Stamp(o.At.In(zone)) + ", par " + o.By.Full()
	}
	return "Pas encore donné"
}
