package app_test

import "parvis/internal/feature/account"

// inviteCoholder is a holder who invites, the invited person who opens a space from the mail, and the agent who answers.
func inviteCoholder(s story) {
	s.Resize(360)
	s.as(s.Browser, "titulaire")
	s.open("/espace/famille")
	s.ClickText("Inviter un autre responsable")
	if s.Has(`[name=qui][value=autre]`) {
		s.Click(`[name=qui][value=autre]`)
	}
	email := "paul.invite@exemple.fr"
	s.Fill("[name=courriel]", email)
	s.Fill("[name=prenoms]", "Paul")
	s.Fill("[name=nom]", "Invité")
	s.Fill("[name=lien]", "beau-père")
	s.ClickText("Envoyer l’invitation")
	s.sees("Invitation envoyée.", "Paul Invité", "Envoyée")
	s.narrow()
	link := s.linkIn(s.mailTo(email, "vous invite"), "/invitation/")

	s.as(s.Browser, "")
	s.open(link)
	s.sees("Camille Martin vous invite", "Sinon, ouvrez le vôtre")
	s.seesNot("Jérémy")
	s.narrow()
	s.Fill("[name=naissance]", "06/05/1984")
	s.Fill("[name=identifiant]", "paul.invite")
	s.Fill("[name=mot_de_passe]", "court")
	s.Fill("[name=confirmation]", "autre")
	s.ClickText("Accepter et ouvrir mon espace")
	s.sees("Il en faut au moins 8", "Les deux mots de passe diffèrent")
	s.narrow()
	s.Fill("[name=mot_de_passe]", "Corbeau-Vert-58")
	s.Fill("[name=confirmation]", "Corbeau-Vert-58")
	s.ClickText("Accepter et ouvrir mon espace")
	s.sees("Le service vérifie votre place dans la famille", "Bonjour")
	s.open("/espace/famille")
	s.sees("vérifie votre place dans la famille", "Réponse au plus tard")
	s.seesNot("Aucune famille n’est reliée")
	s.narrow()
	mine := s.token("paul.invite")

	s.as(s.Browser, "agent instruction")
	s.open("/agents/membres")
	s.ClickText("Paul Invité")
	s.sees("Co-représentant", "beau-père")
	s.ClickText("Ajouter à la famille")
	s.SetCookie(s.house.URL, account.SessionCookie, mine)
	s.open("/espace/famille")
	s.sees("Paul Invité", "Agenda")
	s.seesNot("Acceptée")
	s.narrow()
}

// narrow is a page that fits a phone.
func (s story) narrow() {
	s.t.Helper()
	if n := s.SidewaysScroll(); n > 0 {
		s.t.Errorf("%s: %d px to the side", s.at(), n)
	}
}
