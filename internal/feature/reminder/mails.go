package reminder

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// The mails of this package.
const (
	MailDeadline = "reminder.deadline" // before a last moment
	MailOpening  = "reminder.opening"  // « Me prévenir »
)

// MailDeps is what rendering needs.
type MailDeps struct {
	Key       *crypt.Key
	URL       func(path string) string
	Now       func() time.Time
	Catalogue *activity.Cache
	Barred    booking.Barred
}

// Mails are the mails of this package. What they say is read when they leave: what was answered meanwhile, or is over, is
// said no more.
func Mails(d MailDeps) []mail.Template {
	return []mail.Template{
		{Name: MailDeadline, Render: d.deadline, Label: "Rappel avant une date limite", Specimen: mail.Example(d.deadlineBody("Camille Martin", "{date limite}", []string{"{jours}"}, "/espace", account.ID("exemple")))},
		{Name: MailOpening, Render: d.opening, Label: "Ouverture de réservations, à qui l’a demandé", Specimen: mail.Example(d.openingBody("Camille Martin", "{objet}", "{ouverture}", "/espace/reserver"))},
	}
}

func (d MailDeps) deadlineBody(to, until string, lines []string, path string, of account.ID) mail.Body {
	stop := ""
	if d.Key != nil {
		stop = d.URL(StopLink(d.Key, of))
	}
	return mail.Body{Subject: "Date limite\u00a0: " + until, ToName: to, Greeting: "Bonjour " + to + ",", Stop: stop,
		Paragraphs: append([]string{"Vous n’avez encore rien réservé ni répondu pour\u00a0:"}, lines...),
		Button:     mail.Button{Label: "Réserver ou répondre", URL: d.URL(path)},
		Closing:    []string{"Vous n’en avez pas besoin\u00a0? Ne faites rien\u00a0: ce rappel ne sera pas envoyé une seconde fois."}}
}

func (d MailDeps) openingBody(to, subject, sentence, path string) mail.Body {
	return mail.Body{Subject: subject, ToName: to, Greeting: "Bonjour " + to + ",", Paragraphs: []string{sentence},
		Button:  mail.Button{Label: "Voir la page Réserver", URL: d.URL(path)},
		Closing: []string{"Vous avez demandé à en être prévenu. Le même courriel part au même moment à tous ceux qui l’ont demandé."}}
}

func (d MailDeps) deadline(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	who, about, err := noticed(r, args["notice"])
	if err != nil {
		return mail.Body{}, err
	}
	if len(about) == 0 {
		return mail.Body{}, mail.ErrDrop
	}
	now := d.Now()
	cat, err := d.Catalogue.In(r, now)
	if err != nil {
		return mail.Body{}, err
	}
	all, err := booking.UnansweredOf(r, now, who.reader(), cat, d.Barred)
	if err != nil {
		return mail.Body{}, err
	}
	all = slices.DeleteFunc(all, func(u booking.Unanswered) bool { return !slices.Contains(about, u.Key()) })
	if len(all) == 0 {
		return mail.Body{}, mail.ErrDrop
	}
	to, err := person.ByID(r, who.Person)
	if err != nil {
		return mail.Body{}, errors.Join(mail.ErrDrop, err)
	}
	var lines []string
	path := all[0].Href()
	for _, part := range booking.Together(all) {
		u := part[0]
		lines = append(lines, booking.SaidOf(part)+", "+u.What()+"\u00a0: "+u.Until.UntilWords(civil.Date{})+".")
		if u.Href() != path {
			path = "/espace"
		}
	}
	until := all[0].Until.Words(civil.Date{})
	body := d.deadlineBody(to.Full(), until, lines, path, who.Account)
	body.Values = map[string]string{"date limite": until, "jours": strings.Join(lines, " ")}
	return body, nil
}

func (d MailDeps) opening(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	w, err := watchOf(r, args["account"], args["period"])
	if fault.KindOf(err) == fault.NotFound { // taken back meanwhile
		return mail.Body{}, mail.ErrDrop
	}
	if err != nil {
		return mail.Body{}, err
	}
	now := d.Now()
	cat, err := d.Catalogue.In(r, now)
	if err != nil {
		return mail.Body{}, err
	}
	all, err := booking.OpeningsOf(r, now, w.reader(), cat)
	if err != nil {
		return mail.Body{}, err
	}
	o, known := find(all, w.Period)
	if !known || !o.Open && o.At.Kind != activity.LimitAt {
		return mail.Body{}, mail.ErrDrop
	}
	to, err := person.ByID(r, w.Person)
	if err != nil {
		return mail.Body{}, errors.Join(mail.ErrDrop, err)
	}
	var names []string
	for _, c := range o.Children {
		names = append(names, c.First())
	}
	what := o.Activity.Name + ", " + o.Period.Name + ", du " + o.Period.Days.From.Long() + " au " + o.Period.Days.To.Long()
	subject, sentence := "Réservations ouvertes\u00a0: "+o.Period.Name, what+"\u00a0: vous pouvez réserver pour "+family.List(names)+"."
	if !o.Open {
		at := o.At.Words(civil.Date{})
		subject, sentence = "Ouverture des réservations\u00a0: "+at, what+"\u00a0: l’ouverture est prévue "+at+", pour "+family.List(names)+"."
	}
	body := d.openingBody(to.Full(), subject, sentence, "/espace/reserver/"+string(o.Activity.ID))
	body.Values = map[string]string{"objet": subject, "ouverture": sentence}
	return body, nil
}
