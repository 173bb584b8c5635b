package suspension

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// The mails of this package, to those who head a family: what the town did, why, and what it changes for them.
const (
	MailClosed   = "suspension.closed"   // days were given up
	MailReopened = "suspension.reopened" // and are given back
)

// MailDeps is what rendering needs: URL makes an address of a path of the portal.
type MailDeps struct {
	URL       func(path string) string
	Now       func() time.Time
	Catalogue *activity.Cache
}

// Mails are the mails of this package.
func Mails(d MailDeps) []mail.Template {
	x := letter{to: "Camille Martin", reference: "{référence}", reason: "{motif}", message: "{message}", facts: "{ce qui change}", names: "{enfants}", lines: []string{"{jours}"}}
	return []mail.Template{
		{Name: MailClosed, Render: d.render(false), Label: "Accueil suspendu (grève, travaux…)", Specimen: mail.Example(d.closedBody(x))},
		{Name: MailReopened, Render: d.render(true), Label: "Accueil rétabli", Specimen: mail.Example(d.reopenedBody(x))},
	}
}

// tell mails the heads of a family what a confirmation did.
func tell(tx *db.Tx, now time.Time, template string, id ID, of family.ID, reference string) error {
	heads, err := booking.HeadsTold(tx, of, civil.DateOf(now), reference)
	if err != nil {
		return err
	}
	mails := make([]mail.Message, len(heads))
	for i, h := range heads {
		mails[i] = mail.Message{Template: template, To: h.Email, Args: map[string]string{"suspension": string(id), "reference": reference, "person": h.Person, "family": string(of)}}
	}
	return mail.EnqueueAll(tx, now, mails)
}

// letter is what both mails are made of.
type letter struct {
	to, reference, reason, message string
	facts                          string // "8 jours annulés"
	names                          string // "Jérémy et Inès"
	lines                          []string
	kept                           bool // a part of some day stays
	told                           bool // an absence was told of some day
}

func (d MailDeps) frame(x letter, subject string) mail.Body {
	return mail.Body{Subject: subject + "\u00a0: " + x.facts + " pour " + x.names, ToName: x.to, Greeting: "Bonjour " + x.to + ",",
		Facts:  []mail.Fact{{Label: "Référence", Value: x.reference}},
		Button: mail.Button{Label: "Voir le détail", URL: d.URL("/espace/reservations/" + x.reference)}}
}

func (d MailDeps) closedBody(x letter) mail.Body {
	body := d.frame(x, x.reason)
	body.Paragraphs = []string{"L’accueil n’aura pas lieu comme prévu. Motif\u00a0: " + x.reason + "."}
	if x.message != "" {
		body.Paragraphs = append(body.Paragraphs, strings.TrimRight(x.message, ". ")+".")
	}
	body.Paragraphs = append(append(body.Paragraphs, x.heading()), x.lines...)
	billed := "Rien n’est facturé pour ces jours, et vous n’avez aucune démarche à faire."
	if x.kept {
		billed = "Ce qui est annulé n’est pas facturé\u00a0: seul ce qui reste l’est. Vous n’avez aucune démarche à faire."
	}
	body.Paragraphs = append(body.Paragraphs, billed)
	body.Closing = []string{"Si l’accueil est rétabli, vous retrouvez ces jours et un courriel vous le dit. Une question\u00a0? Appelez le service."}
	return body
}

// heading is above the children's lines.
func (x letter) heading() string {
	if x.kept {
		return "Ce qui change\u00a0:"
	}
	return "Ce qui est annulé\u00a0:"
}

func (d MailDeps) reopenedBody(x letter) mail.Body {
	body := d.frame(x, restored)
	body.Paragraphs = append([]string{"Finalement, les enfants sont accueillis\u00a0: l’annulation annoncée (" + x.reason + ") n’a plus lieu.", "Ce qui est de nouveau réservé\u00a0:"}, x.lines...)
	again := "Chaque jour est rétabli comme vous l’aviez, au même tarif\u00a0: vous n’avez aucune démarche à faire."
	if x.told {
		again += " Une absence déjà signalée le reste."
	}
	body.Paragraphs = append(body.Paragraphs, again)
	body.Closing = []string{"Vous avez prévu autre chose\u00a0? Annulez le jour dans l’agenda. S’il ne s’y annule plus, appelez le service."}
	return body
}

// render renders a mail for one head of the family: the lines about the children it may act for.
func (d MailDeps) render(back bool) func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
	return func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
		cat, err := d.Catalogue.In(r, d.Now())
		if err != nil {
			return mail.Body{}, err
		}
		s, err := byID(r, ID(args["suspension"]))
		if err != nil {
			return mail.Body{}, dropped(err)
		}
		to, err := person.ByID(r, person.ID(args["person"]))
		if err != nil {
			return mail.Body{}, dropped(err)
		}
		c, err := booking.ReadTold(r, cat, args["reference"], family.ID(args["family"]), args["person"], civil.DateOf(d.Now()))
		if err != nil {
			return mail.Body{}, dropped(err)
		}
		x := letter{to: to.Full(), reference: c.Reference, reason: s.Reason, message: s.Message}
		x.tell(cat, c.Lines)
		body := d.closedBody(x)
		if back {
			if x.told, err = anyTold(r, cat, c.Lines); err != nil {
				return mail.Body{}, err
			}
			body = d.reopenedBody(x)
		}
		body.Values = map[string]string{"motif": x.reason, "message": x.message, "ce qui change": x.facts, "enfants": x.names, "référence": x.reference, "jours": strings.Join(x.lines, " ")}
		return body, nil
	}
}

// dropped drops the mail about what is not there any more.
func dropped(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return errors.Join(mail.ErrDrop, err)
	}
	return err
}

// anyTold tells that an absence is told of one of the days.
func anyTold(r db.Reader, cat *activity.Catalogue, lines []booking.Proof) (bool, error) {
	all := make([]lost, len(lines))
	for i, p := range lines {
		all[i].Cell = p.Cell
	}
	stands, err := holdingsOf(r, cat, all)
	return slices.ContainsFunc(lines, func(p booking.Proof) bool { return stands[p.Cell].Told }), err
}

// tell says the lines of a confirmation, a paragraph a child: "Jérémy : Restauration scolaire, jeudi 26 et vendredi 27
// novembre ; Étude, jeudi 26 novembre."
func (x *letter) tell(cat *activity.Catalogue, lines []booking.Proof) {
	type kind struct {
		child family.ChildID
		what  string
	}
	var children []family.ChildID
	var kinds []kind
	name, days, counts := map[family.ChildID]string{}, map[kind][]civil.Date{}, map[string]int{}
	for _, p := range lines {
		if name[p.Child] == "" {
			name[p.Child] = p.ChildName
			children = append(children, p.Child)
		}
		k := kind{p.Child, what(cat, p)}
		if days[k] == nil {
			kinds = append(kinds, k)
		}
		days[k] = append(days[k], p.Day)
		counts[done(p)]++
		x.kept = x.kept || p.Did == booking.DidChange
	}
	var names, facts []string
	for _, id := range children {
		names = append(names, name[id])
		var said []string
		for _, k := range kinds {
			if k.child == id {
				said = append(said, k.what+", "+daysSaid(days[k]))
			}
		}
		x.lines = append(x.lines, name[id]+"\u00a0: "+strings.Join(said, "\u00a0; ")+".")
	}
	for _, word := range []string{"annulé", "réduit", "de nouveau réservé", "demande annulée"} {
		if n := counts[word]; n > 0 {
			facts = append(facts, factWords(n, word))
		}
	}
	x.names, x.facts = family.List(names), strings.Join(facts, ", ")
}

// done is what a line did, in one word.
func done(p booking.Proof) string {
	_, booked := p.Was.Booked()
	switch {
	case p.Why == restored:
		return "de nouveau réservé"
	case p.Did == booking.DidChange:
		return "réduit"
	case !booked:
		return "demande annulée"
	}
	return "annulé"
}

// factWords is "1 jour annulé", "8 jours annulés", "2 demandes annulées".
func factWords(n int, word string) string {
	words := strings.Fields(word)
	last := len(words) - 1
	if n > 1 {
		words[last] += "s"
	}
	if words[0] == "demande" {
		return french.Count(n, "demande") + " " + words[last]
	}
	return french.Count(n, "jour") + " " + strings.Join(words, " ")
}

// what names what a line is about: "Restauration scolaire", "Mercredi, journée (il reste matin et repas)".
func what(cat *activity.Catalogue, p booking.Proof) string {
	act, known := cat.Activity(p.Activity)
	if !known {
		return "activité"
	}
	was, became := p.Choices()
	label := func(id activity.ChoiceID) string { return act.Label(booking.ChoiceName(act, id)) }
	switch done(p) {
	case "de nouveau réservé":
		return label(became)
	case "réduit":
		return label(was) + " (il reste\u00a0: " + strings.ToLower(booking.ChoiceName(act, became)) + ")"
	case "demande annulée":
		return label(was) + " (demande ou liste d’attente)"
	}
	return label(was)
}

// mostDaysSaid is how many days are named one by one.
const mostDaysSaid = 10

// daysSaid is "jeudi 26 et vendredi 27 novembre".
func daysSaid(all []civil.Date) string {
	all = slices.Clone(all)
	slices.SortFunc(all, civil.Date.Compare)
	if n := len(all); n > mostDaysSaid {
		return strconv.Itoa(n) + "\u00a0jours, du " + all[0].DayMonth() + " au " + all[n-1].DayMonth()
	}
	words := make([]string, len(all))
	for i, d := range all {
		words[i] = d.DayMonth()
		if i+1 < len(all) && all[i+1].Month == d.Month && all[i+1].Year == d.Year { // the month is said once
			words[i] = words[i][:strings.LastIndex(words[i], " ")]
		}
	}
	return family.List(words)
}
