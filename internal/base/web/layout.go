package web

import (
	"slices"
	"strings"

	"parvis/internal/base/actor"
)

// helpLine is a line of the help block with its icon.
type helpLine struct {
	HelpLine
	icon string
}

// agentPages tells whether the page is one of the agents' desk.
func (s Shell) agentPages() bool {
	return s.Actor.Kind == actor.Agent || s.Path == "/agents" || strings.HasPrefix(s.Path, "/agents/")
}

// sideMenu tells whether the agents' menu and search stand beside the page: only past the second factor.
func (s Shell) sideMenu() bool {
	return s.Actor.Kind == actor.Agent && s.Actor.Second && !s.Page.Plain
}

// searches tells whether the agent may search: the menu then has the page.
func (s Shell) searches() bool {
	return s.sideMenu() && slices.ContainsFunc(s.Nav, func(i NavItem) bool { return i.Href == "/agents/recherche" })
}
func (s Shell) hasMenu() bool {
	return s.Actor.SignedIn() || len(s.Nav) > 0 && !s.Page.Plain
}

func (s Shell) bodyClasses() string {
	classes := "public"
	switch {
	case s.sideMenu():
		classes = "agent"
	case s.Actor.Kind == actor.Citizen:
		classes = "citizen"
	}
	if s.Page.Wide {
		classes += " wide"
	}
	if s.Page.Plain {
		classes += " plain"
	}
	return classes
}

func (s Shell) spaceName() string {
	switch {
	case s.agentPages():
		return "Espace agents"
	case s.Site.SpaceName != "":
		return s.Site.SpaceName
	}
	return "Mon Espace Citoyen"
}

func (s Shell) homePath() string {
	switch s.Actor.Kind {
	case actor.Agent:
		return "/agents"
	case actor.Citizen:
		return "/espace"
	}
	return "/"
}

// profilePath is empty for who may not open a profile: a provisional password, an agent.
func (s Shell) profilePath() string {
	if s.Actor.Kind == actor.Citizen && s.Actor.State != actor.MustPass {
		return "/espace/profil"
	}
	return ""
}

func (s Shell) signOutPath() string {
	if s.Actor.Kind == actor.Agent {
		return "/agents/deconnexion"
	}
	return "/deconnexion"
}

// bottomNav are the four links at the foot of phones; their badges come from the top menu's entries.
func (s Shell) bottomNav() []NavItem {
	if s.Actor.Kind != actor.Citizen || s.Actor.State == actor.MustPass || s.Page.Plain {
		return nil
	}
	items := []NavItem{
		{Label: "Accueil", Href: "/espace", Icon: "home"},
		{Label: "Agenda", Href: "/espace/agenda", Icon: "calendar"},
		{Label: "Factures", Href: "/espace/factures", Icon: "receipt"},
		{Label: "Messages", Href: "/espace/messages", Icon: "message"},
	}
	if s.Actor.State != actor.Active { // what an account that waits may open
		items[1] = NavItem{Label: "Profil", Href: "/espace/profil", Icon: "user"}
		items[2] = NavItem{Label: "Actualités", Href: "/espace/actualites", Icon: "newspaper"}
	}
	for i := range items {
		items[i].Current = s.Path == items[i].Href || i > 0 && strings.HasPrefix(s.Path, items[i].Href+"/")
		for _, n := range s.Nav {
			if n.Href == items[i].Href {
				items[i].Badge = n.Badge
			}
		}
	}
	return items
}

// helpLines are how to reach the town: phone, hours, counter, then the town's own lines.
func (s Shell) helpLines() []helpLine {
	var lines []helpLine
	if s.Site.Phone != "" {
		lines = append(lines, helpLine{HelpLine{PhoneText(s.Site.Phone), s.Site.Service, TelHref(s.Site.Phone)}, "phone"})
	}
	if s.Site.Hours != "" {
		lines = append(lines, helpLine{HelpLine{s.Site.Hours, "", ""}, "clock"})
	}
	if s.Site.CounterAddress != "" {
		lines = append(lines, helpLine{HelpLine{"Au guichet de la mairie", s.Site.CounterAddress, ""}, "townhall"})
	}
	if s.Site.Email != "" {
		lines = append(lines, helpLine{HelpLine{s.Site.Email, "Par courriel", MailHref(s.Site.Email)}, "mail"})
	}
	for _, l := range s.Site.HelpLines {
		lines = append(lines, helpLine{l, "info"})
	}
	return lines
}

func (s Shell) footerLinks() []Link {
	accessibility := s.Site.AccessibilityLabel
	if accessibility == "" {
		accessibility = "Accessibilité\u00a0: non conforme"
	}
	var links []Link
	if s.Site.MainSiteURL != "" {
		links = append(links, Link{s.Site.MainSiteURL, "Site de la ville"})
	}
	return append(links,
		Link{"/mentions-legales", "Mentions légales"},
		Link{"/conditions-generales", "Conditions générales d’utilisation"},
		Link{"/contacts", "Contacts"},
		Link{"/aide", "Aide"},
		Link{"/accessibilite", accessibility})
}

// lastLinked is the index of the breadcrumb's last link, the one that phones show as « retour »; -1 for none.
func lastLinked(crumbs []Crumb) int {
	for i := len(crumbs) - 1; i >= 0; i-- {
		if crumbs[i].Href != "" {
			return i
		}
	}
	return -1
}
