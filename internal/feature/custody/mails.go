package custody

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
	"parvis/internal/base/mail"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
)

// The mails about two homes. Each is written for one home, and says of the other only that it is the other home.
const (
	MailStanding    = "family.custody.standing"
	MailProposed    = "custody.proposed" // to the home that did not propose
	MailRefused     = "family.custody.refused"
	MailEnded       = "family.custody.ended"
	MailDayOffered  = "family.custody.day.offered"
	MailDayAnswered = "family.custody.day.answered"
)

// MailDeps is what rendering needs: URL makes an address of a path of the portal.
type MailDeps struct {
	URL func(path string) string
	Now func() time.Time
}

// Mails are the mails of this package.
func Mails(d MailDeps) []mail.Template {
	c := entry{Name: person.Person{FirstNames: "Adèle", LastName: "Martin"}, Reason: "il manque la signature de l’autre foyer"}
	c.Home, c.Other, c.AskedHome, c.Kind, c.Days.From, c.Change = "vous", "autre", "vous", EvenOddWeeks, civil.NewDate(2027, 1, 4), 1
	x := handedDay{Name: c.Name, Day: civil.NewDate(2027, 1, 13), Giver: "autre", Taker: "vous", State: DayAccepted}
	return []mail.Template{
		{Name: MailStanding, Render: d.ofEntry(Standing, d.standingBody), Label: "Deux foyers : partage des jours", Specimen: mail.Example(d.standingBody(c, "vous"))},
		{Name: MailProposed, Render: d.ofEntry(Asked, d.proposedBody), Label: "Deux foyers : partage proposé", Specimen: mail.Example(d.proposedBody(c, "vous"))},
		{Name: MailRefused, Render: d.ofEntry(Refused, d.refusedBody), Label: "Deux foyers : proposition non acceptée",
			Specimen: mail.Example(d.refusedBody(c, "vous"))},
		{Name: MailEnded, Render: d.ofEntry("", d.endedBody), Label: "Deux foyers : fin du partage", Specimen: mail.Example(d.endedBody(c, "vous"))},
		{Name: MailDayOffered, Render: d.ofDays(DayOffered, d.dayOfferedBody, d.daysOfferedBody), Label: "Deux foyers : jour proposé", Specimen: mail.Example(d.dayOfferedBody(x, "vous"))},
		{Name: MailDayAnswered, Render: d.ofDays("", d.dayAnsweredBody, d.daysAnsweredBody), Label: "Deux foyers : réponse pour un jour", Specimen: mail.Example(d.dayAnsweredBody(x, "vous"))},
	}
}

// ofEntry renders a mail about an arrangement; it is dropped when the arrangement is no more what it says.
func (d MailDeps) ofEntry(want State, body func(entry, family.ID) mail.Body) func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
	return func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
		ids := partsOf(args, "custody")
		c, err := byID(r, ID(ids[len(ids)-1])) // the last: a home has one proposal at a time
		if fault.KindOf(err) == fault.NotFound || err == nil && want != "" && c.State != want {
			err = errors.Join(mail.ErrDrop, err)
		}
		if err != nil {
			return mail.Body{}, err
		}
		return d.named(r, args, c.Child, body(c, family.ID(args["home"])))
	}
}

// named starts a mail with the name of who reads it, when it is known. Who is no more told of the child in that home when
// the mail leaves, as a court or a service decided meanwhile, is not.
func (d MailDeps) named(r db.Reader, args map[string]string, child family.ChildID, body mail.Body) (mail.Body, error) {
	if args["person"] == "" {
		return body, nil
	}
	p, err := person.ByID(r, person.ID(args["person"]))
	if fault.KindOf(err) == fault.NotFound {
		err = errors.Join(mail.ErrDrop, err)
	}
	if err != nil {
		return mail.Body{}, err
	}
	told, err := family.ToldOf(r, civil.DateOf(d.Now()), family.ID(args["home"]), child.PersonID(), "")
	if err != nil {
		return mail.Body{}, err
	}
	if !slices.Contains(told, p.Email) {
		return mail.Body{}, mail.ErrDrop
	}
	body.ToName, body.Greeting = p.Full(), "Bonjour "+p.Full()+","
	return body, nil
}

// ofDays renders a mail about the days that it gathered, each as it is now; those that are no more what it says are left
// out, and without any it is dropped. one is what it says of a single day.
func (d MailDeps) ofDays(want DayState, one func(handedDay, family.ID) mail.Body, several func([]handedDay, family.ID) mail.Body) func(context.Context, db.Reader, map[string]string) (mail.Body, error) {
	return func(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
		var all []handedDay
		for _, id := range partsOf(args, "day") {
			x, err := dayByID(r, DayID(id))
			switch {
			case fault.KindOf(err) == fault.NotFound || err == nil && want != "" && x.State != want:
				continue
			case err != nil:
				return mail.Body{}, err
			}
			all = append(all, x)
		}
		slices.SortFunc(all, func(x, y handedDay) int { return x.Day.Compare(y.Day) })
		all = slices.CompactFunc(all, func(x, y handedDay) bool { return x.Day == y.Day && x.State == y.State && x.Taker == y.Taker })
		switch len(all) {
		case 0:
			return mail.Body{}, mail.ErrDrop
		case 1:
			return d.named(r, args, all[0].Child, one(all[0], family.ID(args["home"])))
		}
		return d.named(r, args, all[0].Child, several(all, family.ID(args["home"])))
	}
}

// partsOf are the ids that a mail tells of.
func partsOf(args map[string]string, what string) []string {
	if parts := strings.Fields(args[mail.Parts]); len(parts) > 0 {
		return parts
	}
	return []string{args[what]}
}

// dayList says days in a row of words: "le lundi 4 janvier 2027 et le mardi 5 janvier 2027".
func dayList(all []handedDay) string {
	var words []string
	for _, x := range all {
		words = append(words, "le "+x.Day.Long())
	}
	return family.List(words)
}

func (d MailDeps) frame(child family.ChildID) mail.Body {
	return mail.Body{Greeting: "Bonjour,", Button: mail.Button{Label: "Voir les deux foyers", URL: d.URL(Path(child))}}
}

const bookedStays = "Ce qui est déjà réservé reste à qui l’a réservé."

func (d MailDeps) standingBody(c entry, home family.ID) mail.Body {
	body := d.frame(c.Child)
	body.Subject = "Jours partagés " + civil.Of(c.first()) + " à partir du " + c.Days.From.Long()
	body.Paragraphs = append([]string{"Le service a enregistré le partage des jours " + civil.Of(c.first()) + " entre deux foyers."}, c.words(yours(home))...)
	body.Paragraphs = append(body.Paragraphs, "Chaque foyer réserve et paie ses jours. "+bookedStays)
	body.Closing = []string{"Ce n’est pas ce qui est convenu ? Appelez le service sans attendre."}
	return body
}

func (d MailDeps) proposedBody(c entry, home family.ID) mail.Body {
	body := d.frame(c.Child)
	body.Subject = "L’autre foyer propose un partage des jours " + civil.Of(c.first())
	body.Paragraphs = append([]string{"Un responsable de l’autre foyer a proposé au service de partager ainsi les jours " + civil.Of(c.first()) + "."}, c.words(yours(home))...)
	body.Paragraphs = append(body.Paragraphs, "Rien ne change avant la réponse du service. Vous pouvez lui dire si vous êtes d’accord, ou ce qui ne convient pas. Votre mot n’est lu que par lui.")
	body.Button.Label = "Donner mon avis"
	return body
}

func (d MailDeps) refusedBody(c entry, home family.ID) mail.Body {
	body := d.frame(c.Child)
	if home != c.AskedHome {
		body.Subject = "Le partage des jours proposé pour " + c.first() + " n’est pas enregistré"
		body.Paragraphs = []string{"Le service n’a pas enregistré le partage des jours que l’autre foyer proposait pour " + c.first() + ". Rien ne change."}
		return body
	}
	body.Subject = "Votre proposition pour " + c.first() + " n’est pas acceptée"
	body.Paragraphs = []string{"Le service n’a pas enregistré le partage des jours que vous proposiez pour " + c.first() + ". Motif\u00a0: " + c.Reason,
		"Rien ne change. Vous pouvez en proposer un autre."}
	return body
}

func (d MailDeps) endedBody(c entry, _ family.ID) mail.Body {
	body := d.frame(c.Child)
	body.Subject = "Fin du partage des jours " + civil.Of(c.first())
	line := "Le partage des jours " + civil.Of(c.first()) + " entre deux foyers est annulé."
	if c.State == Standing && !c.Days.To.IsZero() {
		line = "Le partage des jours " + civil.Of(c.first()) + " entre deux foyers s’arrête après le " + c.Days.To.Long() + "."
	}
	body.Paragraphs = []string{line + " Ensuite, chaque foyer peut demander tous les jours.", bookedStays}
	return body
}

func (d MailDeps) dayOfferedBody(x handedDay, _ family.ID) mail.Body {
	body := d.frame(x.Child)
	body.Subject = "Le " + x.Day.Long() + ", " + x.Name.FirstName() + " peut être chez vous"
	body.Paragraphs = []string{"L’autre foyer vous confie le " + x.Day.Long() + " pour " + x.Name.FirstName() + ", si vous l’acceptez.",
		"Ce jour-là, vous pourrez réserver, et vous paierez ce que vous réservez. " + bookedStays,
		"Sans réponse de votre part avant la fin de ce jour-là, rien ne change."}
	body.Button.Label = "Répondre"
	return body
}

func (d MailDeps) daysOfferedBody(all []handedDay, home family.ID) mail.Body {
	body := d.dayOfferedBody(all[0], home)
	n, name := strconv.Itoa(len(all)), all[0].Name.FirstName()
	body.Subject = n + " jours où " + name + " peut être chez vous"
	body.Paragraphs = []string{"L’autre foyer vous confie " + n + " jours pour " + name + ", si vous les acceptez\u00a0: " + dayList(all) + ".",
		"Ces jours-là, vous pourrez réserver, et vous paierez ce que vous réservez. " + bookedStays,
		"Vous répondez jour par jour. Sans réponse de votre part avant la fin d’un jour, rien ne change pour ce jour."}
	return body
}

func (d MailDeps) daysAnsweredBody(all []handedDay, home family.ID) mail.Body {
	body := d.frame(all[0].Child)
	name := all[0].Name.FirstName()
	body.Subject = "Réponse pour " + strconv.Itoa(len(all)) + " jours " + civil.Of(name)
	of := func(keep func(handedDay) bool) []handedDay {
		return slices.DeleteFunc(slices.Clone(all), func(x handedDay) bool { return !keep(x) })
	}
	if days := of(func(x handedDay) bool { return x.State != DayDeclined && x.Taker == home }); len(days) > 0 {
		body.Paragraphs = append(body.Paragraphs, "Votre foyer a accepté "+dayList(days)+" pour "+name+"\u00a0: vous pouvez y demander ses activités.")
	}
	if days := of(func(x handedDay) bool { return x.State != DayDeclined && x.Taker != home }); len(days) > 0 {
		body.Paragraphs = append(body.Paragraphs, "L’autre foyer prend "+dayList(days)+" pour "+name+". Si vous y aviez demandé des activités, annulez-les si elles ne servent plus.")
	}
	if days := of(func(x handedDay) bool { return x.State == DayDeclined }); len(days) > 0 {
		body.Paragraphs = append(body.Paragraphs, "L’autre foyer ne prend pas "+dayList(days)+" pour "+name+". Rien ne change.")
	}
	body.Paragraphs = append(body.Paragraphs, bookedStays)
	return body
}

func (d MailDeps) dayAnsweredBody(x handedDay, home family.ID) mail.Body {
	body := d.frame(x.Child)
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
