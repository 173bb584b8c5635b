package absence

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/french"
	"parvis/internal/base/mail"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// The mails of this package, to those who head the family. None names a medical reason.
const (
	MailTold      = "absence.told"      // what was told at once
	MailWithdrawn = "absence.withdrawn" // what was told is withdrawn
	MailEvening   = "absence.evening"   // what did not go as booked
	MailAnswered  = "absence.answered"  // a proof or a contest has its answer
)

// mostTold is how many lines a mail tells; the page has them all.
const mostTold = 12

// MailDeps is what rendering needs: URL makes an address of a path of the portal.
type MailDeps struct {
	URL       func(path string) string
	Now       func() time.Time
	Catalogue *activity.Cache
}

// Mails are the mails of this package.
func Mails(d MailDeps) []mail.Template {
	return []mail.Template{
		{Name: MailTold, Render: d.told, Label: "Absence signalée", Specimen: mail.Example(d.toldBody("Camille Martin", "{auteur}", "{objet}", "{référence}", []string{"{jours}"}))},
		{Name: MailWithdrawn, Render: d.withdrawn, Label: "Absence retirée", Specimen: mail.Example(d.withdrawnBody("Camille Martin", "{auteur}", "{objet}", []string{"{jours}"}))},
		{Name: MailEvening, Render: d.evening, Label: "Écart avec la réservation, le soir même", Specimen: mail.Example(d.eveningBody("Camille Martin", "{objet}", []string{"{écarts}"}, "/espace/absences"))},
		{Name: MailAnswered, Render: d.answered, Label: "Réponse sur une absence", Specimen: mail.Example(d.answeredBody("Camille Martin", "{objet}", []string{"{réponse}"}))},
	}
}

func (d MailDeps) toldBody(to, by, subject, reference string, lines []string) mail.Body {
	return mail.Body{Subject: subject + " (" + reference + ")", ToName: to, Greeting: "Bonjour " + to + ",", Facts: []mail.Fact{{Label: "Référence", Value: reference}},
		Paragraphs: append([]string{by + " :"}, lines...), Button: mail.Button{Label: "Voir le détail", URL: d.URL("/espace/absences/" + reference)},
		Closing: []string{"Un justificatif demandé se remet au service. Vous n’êtes pas à l’origine de cette déclaration ? Appelez le service."}}
}

func (d MailDeps) eveningBody(to, subject string, lines []string, path string) mail.Body {
	return mail.Body{Subject: subject, ToName: to, Greeting: "Bonjour " + to + ",", Paragraphs: append([]string{"Voici ce qui ne s’est pas passé comme réservé :"}, lines...),
		Button:  mail.Button{Label: "Voir, ou répondre « Ce n’est pas exact »", URL: d.URL(path)},
		Closing: []string{"Rien de plus n’est jamais facturé pour une première fois."}}
}

func (d MailDeps) answeredBody(to, subject string, lines []string) mail.Body {
	return mail.Body{Subject: subject, ToName: to, Greeting: "Bonjour " + to + ",", Paragraphs: lines,
		Button: mail.Button{Label: "Voir mes absences", URL: d.URL("/espace/absences")}}
}

// reader is one head of a family, with the children that no restriction keeps from it.
type reader struct {
	to   person.Person
	kept map[family.ChildID]bool
}

func (d MailDeps) reader(r db.Reader, args map[string]string) (reader, *activity.Catalogue, error) {
	cat, err := d.Catalogue.In(r, d.Now())
	if err != nil {
		return reader{}, nil, err
	}
	to, err := person.ByID(r, person.ID(args["person"]))
	if err != nil {
		return reader{}, nil, errors.Join(mail.ErrDrop, err)
	}
	kept, err := family.KeptFrom(r, person.ID(args["person"]), civil.DateOf(d.Now()))
	return reader{to, kept}, cat, err
}

func (d MailDeps) told(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	who, cat, err := d.reader(r, args)
	if err != nil {
		return mail.Body{}, err
	}
	references := partsOf(args, "reference")
	all, err := linesOfReport(r, d.Now().Location(), references...)
	if err != nil {
		return mail.Body{}, err
	}
	all = slices.DeleteFunc(all, func(l Line) bool {
		return who.kept[l.Cell.Child] || string(l.Family) != args["family"] || !l.WithdrawnAt.IsZero()
	})
	if all = lastOf(all); len(all) == 0 {
		return mail.Body{}, mail.ErrDrop
	}
	book, err := ReadRules(r)
	if err != nil {
		return mail.Body{}, err
	}
	lines, names := tellLines(all, func(l Line) string { return l.sentence(cat, book, d.Now()) })
	by := "Absence signalée par un responsable de la famille"
	if all[0].ByAgent {
		by = "Absence signalée par un agent de la mairie"
	}
	subject := family.List(names) + " : " + absences(len(all))
	reference := all[0].Reference
	body := d.toldBody(who.to.Full(), by, subject, reference, lines)
	if n := len(references); n > 1 {
		body.Subject = subject + " (" + strconv.Itoa(n) + "\u00a0signalements)"
		body.Facts, body.Button = nil, mail.Button{Label: "Voir mes absences", URL: d.URL(listPath)}
		body.Paragraphs = append(body.Paragraphs, "Ce qui a été retiré entre-temps n’est pas dit.")
	}
	body.Values = map[string]string{"auteur": by, "objet": subject, "référence": reference, "jours": strings.Join(lines, " ")}
	return body, nil
}

// partsOf are what a mail tells of.
func partsOf(args map[string]string, what string) []string {
	if parts := strings.Fields(args[mail.Parts]); len(parts) > 0 {
		return parts
	}
	return []string{args[what]}
}

// tellLines are the lines of a mail, and whom they are about.
func tellLines(all []Line, say func(Line) string) (lines, names []string) {
	for i, l := range all {
		if !slices.Contains(names, l.ChildName) {
			names = append(names, l.ChildName)
		}
		if i == mostTold {
			lines = append(lines, "et "+strconv.Itoa(len(all)-mostTold)+" autres, à lire sur la page.")
		}
		if i < mostTold {
			lines = append(lines, say(l))
		}
	}
	return lines, names
}

func (d MailDeps) withdrawnBody(to, by, subject string, lines []string) mail.Body {
	return mail.Body{Subject: subject, ToName: to, Greeting: "Bonjour " + to + ",",
		Paragraphs: append(append([]string{by + "\u00a0:"}, lines...), "La réservation reste, aux règles habituelles."),
		Button:     mail.Button{Label: "Voir mes absences", URL: d.URL(listPath)},
		Closing:    []string{"Vous n’êtes pas à l’origine de ce retrait\u00a0? Appelez le service."}}
}

// withdrawn renders what was withdrawn after it was told. A day that was told again since, or given up, is not said.
func (d MailDeps) withdrawn(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	who, cat, err := d.reader(r, args)
	if err != nil {
		return mail.Body{}, err
	}
	all, err := linesByID(r, d.Now().Location(), partsOf(args, "absence")...)
	if err != nil {
		return mail.Body{}, err
	}
	all = slices.DeleteFunc(all, func(l Line) bool {
		return who.kept[l.Cell.Child] || string(l.Family) != args["family"] || l.WithdrawnAt.IsZero() || l.Booking != "booked"
	})
	if all = lastOf(all); len(all) == 0 {
		return mail.Body{}, mail.ErrDrop
	}
	lines, names := tellLines(all, func(l Line) string {
		return l.ChildName + ", " + activityName(cat, l.Activity) + ", " + l.Day.DayMonth() + "\u00a0: l’enfant est de nouveau attendu."
	})
	by := "Absence retirée par un responsable de la famille"
	if args["by"] == "agent" {
		by = "Absence retirée par un agent de la mairie"
	}
	subject := family.List(names) + "\u00a0: absence retirée, " + days(len(all))
	body := d.withdrawnBody(who.to.Full(), by, subject, lines)
	body.Values = map[string]string{"auteur": by, "objet": subject, "jours": strings.Join(lines, " ")}
	return body, nil
}

// lastOf keeps of several lines about one day what was told last.
func lastOf(all []Line) []Line {
	last := map[booking.Cell]Line{}
	for _, l := range all {
		if x, known := last[l.Cell]; !known || l.At >= x.At {
			last[l.Cell] = l
		}
	}
	return slices.DeleteFunc(all, func(l Line) bool { return last[l.Cell].ID != l.ID })
}

func absences(n int) string {
	if n == 1 {
		return "absence signalée, 1\u00a0jour"
	}
	return "absence signalée, " + strconv.Itoa(n) + "\u00a0jours"
}

// sentence says a day in a mail: the reason is named unless it is medical.
func (l Line) sentence(cat *activity.Catalogue, book Book, now time.Time) string {
	s := l.ChildName + ", " + activityName(cat, l.Activity) + ", " + l.Day.DayMonth() + " : " + l.words(now)
	if x, known := l.reason(book); known && !x.Medical && l.Did == Absent {
		s += " (" + x.Label + ")"
	}
	return s + "."
}

func (d MailDeps) evening(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	who, cat, err := d.reader(r, args)
	if err != nil {
		return mail.Body{}, err
	}
	book, err := ReadRules(r)
	if err != nil {
		return mail.Body{}, err
	}
	events, err := eventsOf(r, civil.DateOf(d.Now()), family.ID(args["family"]))
	if err != nil {
		return mail.Body{}, err
	}
	at, err := strconv.ParseInt(args["at"], 10, 64)
	if err != nil {
		return mail.Body{}, errors.Join(mail.ErrDrop, err)
	}
	var lines, names []string
	path := "/espace/absences"
	var last Weighed
	for _, w := range weigh(cat, book, events) {
		if who.kept[w.Cell.Child] || w.ToldAt != civil.Instant(at) || !w.WithdrawnAt.IsZero() {
			continue
		}
		lines, last = append(lines, w.sentence(cat)), w
		if !slices.Contains(names, w.ChildName) {
			names = append(names, w.ChildName)
		}
		path = "/espace/incidents/" + string(w.ID)
	}
	if len(lines) == 0 {
		return mail.Body{}, mail.ErrDrop
	}
	subject := family.List(names) + " : écart avec la réservation"
	if len(lines) == 1 {
		subject = last.ChildName + ", " + last.Day.DayMonth() + " : " + last.Event.words()
	} else {
		path = "/espace/absences"
	}
	body := d.eveningBody(who.to.Full(), subject, lines, path)
	body.Values = map[string]string{"objet": subject, "écarts": strings.Join(lines, " ")}
	return body, nil
}

// sentence says an incident to a family, with what it costs.
func (w Weighed) sentence(cat *activity.Catalogue) string {
	s := w.ChildName + ", " + activityName(cat, w.Activity) + ", " + w.Day.DayMonth() + " : " + w.Event.words() + ". "
	cost := w.cost()
	if w.Standing.Charged {
		cost = "Pénalité : " + cost
	}
	s += french.Upper(cost) + "."
	if usual := w.usual(); usual != "" && !w.Standing.Charged {
		s += " " + usual
	}
	return s
}

func (d MailDeps) answered(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	who, cat, err := d.reader(r, args)
	if err != nil {
		return mail.Body{}, err
	}
	subject, line, child := "", "", family.ChildID("")
	if id := args["incident"]; id != "" {
		e, err := eventByID(r, IncidentID(id))
		if err != nil {
			return mail.Body{}, errors.Join(mail.ErrDrop, err)
		}
		child, subject = e.Cell.Child, "Réponse à votre message sur le "+e.Day.DayMonth()
		line = e.ChildName + ", " + activityName(cat, e.Activity) + ", " + e.Day.DayMonth() + ", " + e.words() + " : "
		if e.WithdrawnAt.IsZero() {
			line += "le service le maintient."
		} else {
			line += "le service le retire, rien n’est compté."
		}
		if e.Answer != "" {
			line += " Le service : " + e.Answer
		}
	} else {
		l, _, err := lineByID(r, d.Now().Location(), ID(args["absence"]))
		if err != nil {
			return mail.Body{}, errors.Join(mail.ErrDrop, err)
		}
		child, subject = l.Cell.Child, "Absence du "+l.Day.DayMonth()+" : justificatif "+map[bool]string{true: "accepté", false: "refusé"}[l.Proof == Accepted]
		line = l.ChildName + ", " + activityName(cat, l.Activity) + ", " + l.Day.DayMonth() + " : " + l.words(d.Now()) + "."
		if l.Answer != "" {
			line += " Le service : " + l.Answer
		}
	}
	if who.kept[child] {
		return mail.Body{}, mail.ErrDrop
	}
	body := d.answeredBody(who.to.Full(), subject, []string{line})
	body.Values = map[string]string{"objet": subject, "réponse": line}
	return body, nil
}
