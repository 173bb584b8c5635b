package family

import (
	"context"
	"errors"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/person"
)

// The mails about two homes. Each is written for one home, and says of the other only that it is the other home.
const (
	MailCustody        = "family.custody.standing"
	MailCustodyRefused = "family.custody.refused"
	MailCustodyEnded   = "family.custody.ended"
	MailDayOffered     = "family.custody.day.offered"
	MailDayAnswered    = "family.custody.day.answered"
)

func (d MailDeps) custodyMails() []mail.Template {
	c := custody{Name: person.Person{FirstNames: "Adèle", LastName: "Martin"}, Reason: "il manque la signature de l’autre foyer"}
	c.Home, c.Other, c.Kind, c.Days.From, c.Change = "vous", "autre", EvenOddWeeks, civil.NewDate(2027, 1, 4), 1
	x := handedDay{Name: c.Name, Day: civil.NewDate(2027, 1, 13), Giver: "autre", Taker: "vous", State: DayAccepted}
	return []mail.Template{
		{Name: MailCustody, Render: d.ofCustody(CustodyStanding, d.custodyBody), Label: "Deux foyers : partage des jours", Specimen: mail.Example(d.custodyBody(c, "vous"))},
		{Name: MailCustodyRefused, Render: d.ofCustody(CustodyRefused, d.custodyRefusedBody), Label: "Deux foyers : proposition non acceptée",
			Specimen: mail.Example(d.custodyRefusedBody(c, "vous"))},
		{Name: MailCustodyEnded, Render: d.ofCustody("", d.custodyEndedBody), Label: "Deux foyers : fin du partage", Specimen: mail.Example(d.custodyEndedBody(c, "vous"))},
		{Name: MailDayOffered, Render: d.ofDay(DayOffered, d.dayOfferedBody), Label: "Deux foyers : jour proposé", Specimen: mail.Example(d.dayOfferedBody(x, "vous"))},
		{Name: MailDayAnswered, Render: d.ofDay("", d.dayAnsweredBody), Label: "Deux foyers : réponse pour un jour", Specimen: mail.Example(d.dayAnsweredBody(x, "vous"))},
	}
}

// ofCustody renders a mail about an arrangement; it is dropped when the arrangement is no more what it says.
func (d MailDeps) ofCustody(want CustodyState, body func(custody, ID) mail.Body) func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
	return func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
		c, err := custodyByID(r, CustodyID(args["custody"]))
		if fault.KindOf(err) == fault.NotFound || err == nil && want != "" && c.State != want {
			err = errors.Join(mail.ErrDrop, err)
		}
		return body(c, ID(args["home"])), err
	}
}

func (d MailDeps) ofDay(want DayState, body func(handedDay, ID) mail.Body) func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
	return func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
		x, err := dayByID(r, DayID(args["day"]))
		if fault.KindOf(err) == fault.NotFound || err == nil && want != "" && x.State != want {
			err = errors.Join(mail.ErrDrop, err)
		}
		return body(x, ID(args["home"])), err
	}
}

func (d MailDeps) custodyFrame(child ChildID) mail.Body {
	return mail.Body{Greeting: "Bonjour,", Button: mail.Button{Label: "Voir les deux foyers", URL: d.URL(custodyPath(child))}}
}

const bookedStays = "Ce qui est déjà réservé reste à qui l’a réservé."

func (d MailDeps) custodyBody(c custody, home ID) mail.Body {
	body := d.custodyFrame(c.Child)
	body.Subject = "Jours partagés " + civil.Of(c.first()) + " à partir du " + c.Days.From.Long()
	body.Paragraphs = append([]string{"Le service a enregistré le partage des jours " + civil.Of(c.first()) + " entre deux foyers."}, c.words(yours(home))...)
	body.Paragraphs = append(body.Paragraphs, "Chaque foyer réserve et paie ses jours. "+bookedStays)
	body.Closing = []string{"Ce n’est pas ce qui est convenu ? Appelez le service sans attendre."}
	return body
}

func (d MailDeps) custodyRefusedBody(c custody, _ ID) mail.Body {
	body := d.custodyFrame(c.Child)
	body.Subject = "Votre proposition pour " + c.first() + " n’est pas acceptée"
	body.Paragraphs = []string{"Le service n’a pas enregistré le partage des jours que vous proposiez pour " + c.first() + ". Motif\u00a0: " + c.Reason,
		"Rien ne change. Vous pouvez en proposer un autre."}
	return body
}

func (d MailDeps) custodyEndedBody(c custody, _ ID) mail.Body {
	body := d.custodyFrame(c.Child)
	body.Subject = "Fin du partage des jours " + civil.Of(c.first())
	line := "Le partage des jours " + civil.Of(c.first()) + " entre deux foyers est annulé."
	if c.State == CustodyStanding && !c.Days.To.IsZero() {
		line = "Le partage des jours " + civil.Of(c.first()) + " entre deux foyers s’arrête après le " + c.Days.To.Long() + "."
	}
	body.Paragraphs = []string{line + " Ensuite, chaque foyer peut demander tous les jours.", bookedStays}
	return body
}

func (d MailDeps) dayOfferedBody(x handedDay, _ ID) mail.Body {
	body := d.custodyFrame(x.Child)
	body.Subject = "Le " + x.Day.Long() + ", " + x.Name.FirstName() + " peut être chez vous"
	body.Paragraphs = []string{"L’autre foyer vous confie le " + x.Day.Long() + " pour " + x.Name.FirstName() + ", si vous l’acceptez.",
		"Ce jour-là, vous pourrez réserver, et vous paierez ce que vous réservez. " + bookedStays,
		"Sans réponse ce jour-là au plus tard, rien ne change."}
	body.Button.Label = "Répondre"
	return body
}

func (d MailDeps) dayAnsweredBody(x handedDay, home ID) mail.Body {
	body := d.custodyFrame(x.Child)
	name, day := x.Name.FirstName(), x.Day.Long()
	switch {
	case x.State == DayDeclined:
		body.Subject = "Le " + day + " reste chez vous"
		body.Paragraphs = []string{"L’autre foyer ne prend pas le " + day + " pour " + name + ". Rien ne change."}
	case home == x.Taker:
		body.Subject = "Le " + day + ", " + name + " est chez vous"
		body.Paragraphs = []string{"Votre foyer a accepté le " + day + " pour " + name + "\u00a0: ce jour-là, vous pouvez demander ses activités. " + bookedStays}
	default:
		body.Subject = "Le " + day + ", " + name + " est dans l’autre foyer"
		body.Paragraphs = []string{"L’autre foyer prend le " + day + " pour " + name + ". " + bookedStays + " Si vous aviez demandé des activités, annulez-les si elles ne servent plus."}
	}
	return body
}
