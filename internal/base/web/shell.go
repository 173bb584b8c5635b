package web

import (
	"time"

	"parvis/internal/base/actor"
)

// Crumb is one link of the breadcrumb; the last one has no Href.
type Crumb struct{ Label, Href string }

// Page is what a handler says of the page it renders.
type Page struct {
	Status   int    // default 200
	Title    string // the h1
	Caption  string // above the h1: "Étape 2 sur 4"
	Crumbs   []Crumb
	Wide     bool   // agents' tables; else the reading width
	Nav      string // Href of the menu's current entry; default: the entry that the path starts with
	NoIndex  bool   // asks search engines to stay away from a public page; other pages always do
	OwnTitle bool   // the body prints the h1 itself: first pages, with Hello or Welcome
	Resume   Link   // above the h1: the longer task that this page is a step of
	Plain    bool   // no menu, no breadcrumb: sign-in, wizard, errors
}

// NavItem is an entry of the top menu.
type NavItem struct {
	Label, Href, Icon string
	Current           bool
	Group             string // a heading over this entry and those that follow it, in the agents' menu
	Badge             int    // unread messages and the like; 0 shows nothing
}

// Flash is the sentence that confirms what the previous page did.
type Flash struct {
	Sentence string
	At       string // "Enregistré le 23/11/2026 à 10:12"
}

// HelpLine is one line of the help block: "Accueil scolarité", "01 00 00 00 00".
type HelpLine struct{ Label, Text, Href string }

// Site is the town as its pages show it.
type Site struct {
	Name               string // "Rivebelle-sur-Seine"
	Gentile            string // "Rivebellois"; may be empty
	SpaceName          string // "Espace Citoyens"
	Service            string // "Direction de l’Enfance": who answers the phone
	Phone, Email       string
	Hours              string // "du lundi au vendredi, de 8 h 30 à 17 h"
	CounterAddress     string
	MainSiteURL        string
	Colour             string // "#0b5c8a"
	LogoURL            string // empty: the town's initial in the colour
	LogoWidth          int
	LogoHeight         int
	HelpLines          []HelpLine
	AccessibilityLabel string // "Accessibilité : partiellement conforme"
}

// Shell is everything the layout prints around a page's body.
type Shell struct {
	Page     Page
	Site     Site
	Actor    actor.Actor
	Nav      []NavItem
	Notice   *Flash // nil: nothing was just done
	AssetURL func(name string) string
	ThemeURL string
	Path     string // of the request, without its query
	NoIndex  bool
	Demo     bool
	NoMail   bool // mails wait for a server
	Now      time.Time
}

// DocTitle is the text of <title>: "Erreur : Mes coordonnées – Espace Citoyens, Rivebelle-sur-Seine".
func (s Shell) DocTitle() string {
	space := s.Site.SpaceName
	if space == "" {
		space = "Espace Citoyens"
	}
	if s.Site.Name != "" {
		space += ", " + s.Site.Name
	}
	title := space
	if s.Page.Title != "" {
		title = s.Page.Title + " – " + space
	}
	if s.Page.Status == 422 {
		title = "Erreur\u00a0: " + title
	}
	return title
}
