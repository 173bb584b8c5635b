package admission

import (
	"context"
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// The mails of invitations. None names anybody but its addressee: the link's page says who invites.
const (
	MailInvite         = "admission.invite"
	MailInviteAccepted = "admission.invite.accepted" // to the holder
	MailInviteAgents   = "admission.invite.agents"   // to the service
	MailInviteHeads    = "admission.invite.heads"    // to who heads the family: an agent typed a co-holder's address
)

// InviteMails are the mails of invitations.
func InviteMails(d MailDeps) []mail.Template {
	return []mail.Template{
		{Name: MailInvite, Render: d.invited, Label: "Invitation d’un co-représentant", Specimen: func(r db.Reader) (mail.Body, error) {
			s, err := town.ReadSettings(r)
			b := inviteBody(s, person.Person{FirstNames: "Thomas", LastName: "Nguyễn"}, d.URL("/exemple"), "{date limite}", !s.CoholderAtOnce)
			b.Values = map[string]string{"date limite": civil.DateOf(d.Now()).AddDays(14).Long()}
			return b, err
		}},
		{Name: MailInviteAccepted, Render: d.inviteAccepted, Label: "Invitation acceptée, au titulaire", Specimen: mail.Example(d.acceptedBody("Camille Martin", ToVerify))},
		{Name: MailInviteAgents, Render: d.inviteAgents, Label: "Invitation acceptée, au service", Specimen: mail.Example(d.agentsBody("exemple", ToVerify))},
		{Name: MailInviteHeads, Render: d.inviteHeads, Label: "Invitation par un agent, aux représentants", Specimen: mail.Example(d.headsBody("Thomas Nguyễn"))},
	}
}

func (d MailDeps) invited(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	v, err := inviteByID(r, InviteID(args["invite"]))
	if err != nil {
		return mail.Body{}, drop(err)
	}
	state, _ := v.State(civil.InstantOf(d.Now()))
	if args["number"] != fmt.Sprint(v.Number) || state != InviteSent && state != InviteOpened {
		return mail.Body{}, mail.ErrDrop
	}
	s, err := town.ReadSettings(r)
	if err != nil {
		return mail.Body{}, err
	}
	checked, err := agentFirst(r, v)
	if err != nil {
		return mail.Body{}, err
	}
	until := civil.DateOf(v.ExpiresAt.In(d.Now().Location())).Long()
	var to person.Person // the town's own, written where the town writes; else nothing that somebody typed
	if v.Person != "" && !v.Typed {
		to = person.Person{Civility: v.Civility, FirstNames: v.FirstNames, LastName: v.LastName}
	}
	b := inviteBody(s, to, d.URL("/invitation/"+inviteSecret(d.Key, v.ID, v.Number)), until, checked)
	b.Values = map[string]string{"date limite": until}
	return b, nil
}

func inviteBody(s town.Settings, to person.Person, link, until string, checked bool) mail.Body {
	help := s.Help()
	paragraphs := []string{"Une famille vous invite à la représenter avec elle sur " + s.SpaceName() + " : vous aurez votre propre espace, avec votre mot de passe.",
		"La page du lien dit qui vous invite. Vous y acceptez avec votre compte, ou vous en ouvrez un."}
	if checked {
		paragraphs = append(paragraphs, "Un agent vérifie ensuite votre place dans la famille, avant de vous l’ouvrir.")
	}
	closing := []string{"Ce lien ne sert qu’une fois, jusqu’au " + until + ". Vous ne savez pas de quoi il s’agit ? Laissez cet e-mail : rien ne se passe."}
	if help.Phone != "" {
		closing = append(closing, "Une question ? "+help.Name+" : "+help.Phone+".")
	}
	greeting := "Bonjour,"
	if name := to.Formal(); name != "" {
		greeting = "Bonjour " + name + ","
	}
	return mail.Body{
		ToName: to.Full(), Subject: "Une famille vous invite sur " + s.SpaceName(), Greeting: greeting,
		Paragraphs: paragraphs,
		Button:     mail.Button{Label: "Voir l’invitation", URL: link}, Closing: closing, Signature: help.Name,
	}
}

func (d MailDeps) inviteAccepted(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	v, err := inviteByID(r, InviteID(args["invite"]))
	if err != nil || v.AcceptedAt == 0 || v.By == "" {
		return mail.Body{}, dropped(err)
	}
	b := d.acceptedBody(v.ByName, v.Outcome)
	s, err := town.ReadSettings(r)
	b.Signature = s.Help().Name
	return b, err
}

func (d MailDeps) acceptedBody(to string, outcome Outcome) mail.Body {
	text := "La personne que vous avez invitée a maintenant son propre espace, sur les mêmes enfants."
	if outcome != Joined {
		text = "La personne que vous avez invitée a accepté. Le service vérifie sa demande avant de lui ouvrir la famille."
	}
	return mail.Body{ToName: to, Subject: "Votre invitation est acceptée", Greeting: "Bonjour " + to + ",", Paragraphs: []string{text},
		Button: mail.Button{Label: "Voir ma famille", URL: d.URL("/espace/famille")}}
}

func (d MailDeps) inviteAgents(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	v, err := inviteByID(r, InviteID(args["invite"]))
	if err != nil || v.AcceptedAt == 0 {
		return mail.Body{}, dropped(err)
	}
	return d.agentsBody(string(v.Family), v.Outcome), nil
}

func (d MailDeps) agentsBody(family string, outcome Outcome) mail.Body {
	b := mail.Body{Subject: "Une invitation de co-représentant est acceptée", Greeting: "Bonjour,",
		Paragraphs: []string{"Une personne invitée a accepté et représente maintenant la famille. Rien n’est à faire."},
		Button:     mail.Button{Label: "Ouvrir le dossier", URL: d.URL("/agents/familles/" + family)}}
	switch outcome {
	case ToVerify:
		b.Paragraphs = []string{"Une personne invitée a accepté. Sa demande attend votre réponse dans « Membres de famille à vérifier »."}
		b.Button = mail.Button{Label: "Voir les membres à vérifier", URL: d.URL("/agents/membres")}
	case ToLink:
		b.Paragraphs = []string{"Une personne invitée a accepté. Son compte attend d’être comparé au dossier connu, dans « Comptes à activer »."}
		b.Button = mail.Button{Label: "Voir les comptes à activer", URL: d.URL(queuePath)}
	}
	return b
}

func (d MailDeps) inviteHeads(_ context.Context, r db.Reader, args map[string]string) (mail.Body, error) {
	v, err := inviteByID(r, InviteID(args["invite"]))
	if err != nil || v.RevokedAt != 0 || v.Person == "" {
		return mail.Body{}, dropped(err)
	}
	b := d.headsBody(v.Name())
	s, err := town.ReadSettings(r)
	b.Signature = s.Help().Name
	return b, err
}

func (d MailDeps) headsBody(invited string) mail.Body {
	return mail.Body{Subject: "Un agent a invité une personne de votre famille", Greeting: "Bonjour,",
		Paragraphs: []string{"Un agent de la mairie a envoyé une invitation à " + invited + ", qui représente votre famille avec vous, à une adresse e-mail qu’il a saisie.",
			"Cela vous surprend ? Appelez la mairie : l’invitation peut être retirée."},
		Button: mail.Button{Label: "Voir ma famille", URL: d.URL("/espace/famille")}}
}

// dropped is drop, also for a mail that has nothing to say any more.
func dropped(err error) error {
	if err == nil {
		return mail.ErrDrop
	}
	return drop(err)
}
