package app

import (
	"context"
	"net/url"
	"slices"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/jobs"
	"parvis/internal/base/web"
	"parvis/internal/feature/absence"
	"parvis/internal/feature/account"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/billing"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/custody"
	"parvis/internal/feature/daylist"
	"parvis/internal/feature/document"
	"parvis/internal/feature/enrolment"
	"parvis/internal/feature/family"
	"parvis/internal/feature/feed"
	"parvis/internal/feature/merging"
	"parvis/internal/feature/messaging"
	"parvis/internal/feature/person"
	"parvis/internal/feature/reminder"
	"parvis/internal/feature/request"
	"parvis/internal/feature/schoolfile"
	"parvis/internal/feature/signup"
	"parvis/internal/feature/suspension"
	"parvis/internal/feature/tariff"
	"parvis/internal/feature/town"
	"parvis/internal/portal/demo"
	"parvis/internal/portal/desk"
	"parvis/internal/portal/home"
	"parvis/internal/portal/moving"

	"github.com/a-h/templ"
)

// features are the pages of each feature; what they register for the first pages is listed here and nowhere else.
type features struct {
	account   account.Pages
	admission admission.Pages
	signup    signup.Pages
	person    person.Pages
	family    family.Pages
	custody   custody.Pages
	news      messaging.Pages
	request   request.Pages
	document  document.Pages
	activity  activity.Pages
	tariff    tariff.Pages
	booking   booking.Pages
	daylist   daylist.Pages
	feed      feed.Pages
	reminder  reminder.Pages
	attended  attendance.Pages
	absence   absence.Pages
	file      schoolfile.Pages
	billing   billing.Pages
}

func (a *App) features() features {
	base, _ := a.Config.URL() // Open has refused a bad one; without it, no passkeys
	gate := account.Gate{DB: a.DB, Key: a.Key, Now: a.Now, RealNow: time.Now, Base: base}
	f := features{
		account:   account.Pages{Gate: gate, Grants: Grants(), Settings: a.Settings, OpenID: a.openid, Kept: attendance.Kept(a.DB)},
		admission: admission.Pages{Desk: a.activations(), Settings: a.Settings, URL: a.address},
		news:      messaging.Pages{DB: a.DB, Now: a.Now, Settings: a.Settings, Check: a.check(), Subject: subjectOf},
		request:   request.Pages{DB: a.DB, Now: a.Now, Settings: a.Settings, Written: messaging.Written, Asked: booking.AskedLate, Pending: booking.CountAsked},
		document:  document.Pages{DB: a.DB, Now: a.Now, Settings: a.Settings, Held: []document.Held{tariff.Held}},
		activity:  activity.Pages{DB: a.DB, Now: a.Now, Cache: a.Activities, Placed: booking.Placed(a.Now), Answered: booking.AnsweredWords},
		tariff:    tariff.Pages{DB: a.DB, Now: a.Now},
		custody:   custody.Pages{DB: a.DB, Now: a.Now},
		booking:   booking.Pages{DB: a.DB, Now: a.Now, Settings: a.Settings, Catalogue: a.Activities, Presences: attendance.Href, Barred: absence.Barred(billing.Overdue), Openings: reminder.Soon},
		daylist:   daylist.Pages{DB: a.DB, Now: a.Now, Catalogue: a.Activities},
		attended:  attendance.Pages{DB: a.DB, Now: a.Now, Catalogue: a.Activities, Elsewhere: spokenElsewhere, Holder: holder, Check: a.check()},
		feed:      feed.Pages{DB: a.DB, Now: a.Now, Key: a.Key, Catalogue: a.Activities, URL: a.address, Log: a.Log},
		reminder:  reminder.Pages{DB: a.DB, Now: a.Now, Key: a.Key, Catalogue: a.Activities},
		absence:   absence.Pages{DB: a.DB, Now: a.Now, Catalogue: a.Activities},
		file:      schoolfile.Pages{DB: a.DB, Now: a.Now, Settings: a.Settings},
		billing:   billing.Pages{DB: a.DB, Now: a.Now, Settings: a.Settings},
	}
	f.account.Panels = []web.Panel{a.accountHistory()}
	f.admission.SignIn = f.account.Enter
	photos := a.photos() // one for all: pictures are decoded one at a time
	f.signup = a.signUp(photos)
	f.account.SignUp = f.signup.Begin
	f.person = person.Pages{DB: a.DB, Now: a.Now, Key: a.Key, Settings: a.Settings, Photos: photos,
		EmailChanged: account.EmailChanged, MaySee: family.MaySeePhoto, AgentMaySee: family.FilePhoto,
		Links: []web.Link{{Href: reminder.Path, Label: "Rappels avant les dates limites"}, {Href: feed.Path, Label: "Ajouter l’agenda à mon calendrier"}},
		ConfirmPassword: func(ctx context.Context, who actor.Actor, password string) error {
			return gate.ConfirmPassword(ctx, who, password, "", "mot_de_passe")
		}}
	f.family = family.Pages{DB: a.DB, Now: a.Now, Settings: a.Settings, Quotient: tariff.Own, Activation: activationHref, Invitations: a.invites().Card, Namesakes: a.invites().Namesakes,
		TwoHomes: custody.Path, CounterTwoHomes: custody.CounterPath,
		Panels: slices.Concat([]web.Panel{a.invites().Panel()}, enrolment.Panels(), f.activity.Panels(), f.booking.Panels(), f.absence.Panels(), f.billing.Panels(), f.tariff.Panels(), mergePanels(), []web.Panel{a.familyHistory()})}
	return f
}

// activationHref is the list of activations with one account alone, for agents who may read it.
// An account that came by the queue has its own page there.
func activationHref(r db.Reader, who actor.Actor, of map[person.ID]account.Account) (func(account.Account, person.Person) string, error) {
	if !who.Can(admission.Read) {
		return func(account.Account, person.Person) string { return "" }, nil
	}
	accounts := make([]account.ID, 0, len(of))
	for _, acc := range of {
		accounts = append(accounts, acc.ID)
	}
	cases, err := admission.Cases(r, accounts...)
	return func(acc account.Account, p person.Person) string {
		if href := cases[acc.ID]; href != "" {
			return href
		}
		query := acc.Email // found whole; else by the name
		if query == "" {
			query = p.LastName + " " + p.BirthName + " " + p.FirstNames
		}
		return "/agents/activations?" + url.Values{"q": {query}}.Encode()
	}, err
}

// activations is what sends activations, for pages, jobs and the command.
func (a *App) activations() admission.Desk {
	return admission.Desk{DB: a.DB, Key: a.Key, Now: a.Now, PerMinute: a.Config.MailRate}
}

func (a *App) dashboard(f features) home.Dashboard {
	return home.Dashboard{DB: a.DB, Now: a.Now, Owner: a.owner, Week: f.booking.Week, Standing: a.standing, Awaiting: family.Awaiting,
		Shortcuts: f.booking.Shortcuts,
		Todos:     []web.TodoSource{billing.Todo, custody.Todo, absence.Todo, f.booking.OfferTodos, f.booking.AnswerTodos, f.booking.DeadlineTodos},
		Parts:     slices.Concat(custody.Parts(), booking.Parts(), absence.Parts(), messaging.Parts()),
		Tiles:     slices.Concat(ownTiles(), f.family.Tiles(), f.request.Tiles(), f.billing.Tiles(), f.document.Tiles(), f.news.Tiles()),
		Children: func(r db.Reader, now time.Time, who actor.Actor) ([]home.Child, error) {
			upcoming, err := f.booking.Children(r, now, who)
			children := make([]home.Child, len(upcoming))
			for i, u := range upcoming {
				children[i] = home.Child{FirstName: u.Child.First(), Detail: u.Child.Where(), Next: u.Next, Href: u.Href, PhotoURL: u.Child.PhotoURL()}
			}
			return children, err
		}}
}

// ownTiles are the guide's tiles about the person alone.
func ownTiles() []web.Tile {
	fact := func(text string) func(db.Reader, time.Time, actor.Actor) (string, error) {
		return func(db.Reader, time.Time, actor.Actor) (string, error) { return text, nil }
	}
	return []web.Tile{
		{Order: 0, Label: "Profil", Href: "/espace/profil", Icon: "user", Fact: fact("Identité, photo")},
		{Order: 10, Label: "Identifiants", Href: "/espace/identifiants", Icon: "key", Fact: fact("Mot de passe, appareils")},
		{Order: 70, Label: "Coordonnées", Href: "/espace/coordonnees", Icon: "map-pin", Fact: fact("Téléphone, e-mail, adresse")},
	}
}

func (a *App) desk(f features) desk.Pages {
	return desk.Pages{DB: a.DB, Now: a.Now, Keeper: town.SettingsWrite, Reader: person.Read, Links: deskLinks(), SetUp: setUp, Coming: []desk.Coming{{Right: booking.Read, Read: f.daylist.ComingMeals}}, Queues: slices.Concat([]web.Queue{admission.Waiting(a.Now)}, f.family.Queues(), f.custody.Queues(), f.booking.Queues(), f.attended.Queues(), f.absence.Queues(),
		[]web.Queue{a.invites().Queue(), messaging.ContactQueue(), admission.Bounced()}), Finders: []web.Finder{family.Find, admission.Find, messaging.FindContact}}
}

// routes builds every page and declares it; a route badly declared fails the start.
func (a *App) routes() error {
	base, err := a.Config.URL()
	if err != nil {
		return err
	}
	proxies, err := a.Config.TrustedProxies()
	if err != nil {
		return err
	}
	f := a.features()
	a.router, err = web.New(web.Config{
		DB: a.DB, Now: a.Now, Log: a.Log, BaseURL: base, TrustedProxies: proxies, Demo: a.Demo, NoMail: a.noMail(),
		Identify: attendance.Identify(a.DB, f.account.Identify), Site: a.Settings.Site(a.Now), Nav: nav,
		SignIn: f.account.SignInPage, AgentSignIn: f.account.AgentSignInPage,
	})
	if err != nil {
		return err
	}
	imports, err := a.importDesk()
	if err != nil {
		return err
	}
	a.declare(f)
	imports.Agent(a.router)
	a.handler = a.router.Handler()
	return a.router.Err()
}

func (a *App) declare(f features) {
	rt := a.router
	captcha.Pages{Check: a.check()}.Citizen(rt)
	places := town.Pages{DB: a.DB, Now: a.Now, Settings: a.Settings, Mails: a.mails(), Setup: setupTasks(), NoMail: a.noMail()}
	places.Citizen(rt)
	places.Agent(rt)
	a.front().Citizen(rt)
	a.dashboard(f).Citizen(rt)
	a.desk(f).Agent(rt)
	a.journal().Agent(rt)
	f.account.Citizen(rt)
	f.account.Agent(rt)
	f.admission.Citizen(rt)
	f.signup.Citizen(rt)
	f.admission.Agent(rt)
	a.newcomers(f).Agent(rt)
	a.invites().Citizen(rt)
	a.invites().Agent(rt)
	a.mergings().Agent(rt)
	f.person.Citizen(rt)
	f.person.Agent(rt)
	f.family.Citizen(rt)
	f.family.Agent(rt)
	f.custody.Citizen(rt)
	f.custody.Agent(rt)
	f.news.Citizen(rt)
	f.news.Agent(rt)
	f.request.Citizen(rt)
	f.document.Citizen(rt)
	f.activity.Agent(rt)
	f.tariff.Agent(rt)
	enrolment.Pages{DB: a.DB, Now: a.Now, Catalogue: a.Activities, Booked: booking.BookedBetween}.Agent(rt)
	f.booking.Citizen(rt)
	f.booking.Counter(rt)
	f.booking.Agent(rt)
	f.daylist.Agent(rt)
	suspension.Pages{DB: a.DB, Now: a.Now, Catalogue: a.Activities}.Agent(rt)
	f.feed.Citizen(rt)
	f.reminder.Citizen(rt)
	f.attended.Tablet(rt)
	f.attended.Agent(rt)
	f.attended.Citizen(rt)
	f.absence.Citizen(rt)
	f.absence.Agent(rt)
	f.file.Citizen(rt)
	f.billing.Citizen(rt)
	if a.Demo {
		demo.Pages{DB: a.DB, Now: a.Now}.Citizen(rt)
	}
}

// holder is what the agent who prepared a tablet may do now.
func holder(r db.Reader, id string) (actor.Actor, error) {
	return account.Holder(r, Grants(), account.ID(id))
}

// check is the security check of the forms that anybody may send.
func (a *App) check() captcha.Check {
	return captcha.Check{DB: a.DB, Key: a.Key, Now: a.Now, RealNow: time.Now,
		Quiet: func(ctx context.Context) bool { return a.Settings.Get(ctx, a.Now()).QuietCheck }}
}

// nav is the guide's top menu, and the agents'.
func nav(_ context.Context, who actor.Actor) []web.NavItem {
	switch {
	case who.Kind == actor.Agent && who.Second:
		return agentNav(who)
	case who.Kind == actor.Agent:
		return nil
	case who.Kind == actor.Citizen && who.State == actor.Active:
		return []web.NavItem{{Label: "Mon accueil", Href: "/espace", Icon: "home"}, {Label: "Agenda", Href: "/espace/agenda", Icon: "calendar"},
			{Label: "Factures", Href: "/espace/factures", Icon: "receipt"}, {Label: "Messages", Href: "/espace/messages", Icon: "message"},
			{Label: "Actualités", Href: "/espace/actualites", Icon: "newspaper"}, {Label: "Édition de documents", Href: "/espace/attestations", Icon: "printer"}}
	case who.Kind == actor.Citizen:
		return []web.NavItem{{Label: "Mon accueil", Href: "/espace", Icon: "home"}, {Label: "Actualités", Href: "/espace/actualites", Icon: "newspaper"}}
	}
	return []web.NavItem{{Label: "Accueil", Href: "/", Icon: "home"}, {Label: "Actualités", Href: "/actualites", Icon: "newspaper"},
		{Label: "Aide", Href: "/aide", Icon: "help"}}
}

// agentNav is the agents' side menu: the files that wait, then the tools, by their rights.
func agentNav(who actor.Actor) []web.NavItem {
	items := []web.NavItem{{Label: "Accueil", Href: "/agents", Icon: "home"}}
	if who.Can(person.Read) {
		items = append(items, web.NavItem{Label: "Recherche", Href: "/agents/recherche", Icon: "search"})
	}
	waiting := "Files d’attente"
	if who.Can(admission.Read) {
		items = append(items, web.NavItem{Group: waiting, Label: "Comptes à activer", Href: "/agents/activation", Icon: "user"})
		waiting = ""
	}
	if who.Can(family.MemberApprove) {
		items = append(items, web.NavItem{Group: waiting, Label: "Membres de famille", Href: "/agents/membres", Icon: "users"})
		waiting = ""
	}
	if who.Can(family.MemberApprove) {
		items = append(items, web.NavItem{Label: "Deux foyers", Href: "/agents/partages", Icon: "users"})
	}
	if who.Can(family.FileWrite) {
		items = append(items, web.NavItem{Group: waiting, Label: "Invitations", Href: "/agents/invitations", Icon: "mail"})
		waiting = ""
	}
	if who.Can(booking.Read) {
		items = append(items, web.NavItem{Group: waiting, Label: "Demandes hors délai", Href: "/agents/demandes-tardives", Icon: "clock"},
			web.NavItem{Label: "Listes d’attente", Href: "/agents/attente", Icon: "hourglass"})
		waiting = ""
	}
	if who.Can(attendance.Read) {
		items = append(items, web.NavItem{Group: waiting, Label: "Anomalies de pointage", Href: "/agents/pointage/anomalies", Icon: "alert"})
	}
	if who.Can(absence.Note) {
		items = append(items, web.NavItem{Group: waiting, Label: "Absences", Href: "/agents/absences", Icon: "file"})
		waiting = ""
	}
	if who.Can(messaging.ContactAnswer) {
		items = append(items, web.NavItem{Group: waiting, Label: "Messages à la mairie", Href: "/agents/contacts", Icon: "message"})
	}
	group := "Outils"
	for _, l := range deskLinks() {
		if who.Can(l.Right) {
			items = append(items, web.NavItem{Group: group, Label: l.Label, Href: l.Href, Icon: l.Icon})
			group = ""
		}
	}
	return items
}

func deskLinks() []desk.Link {
	return []desk.Link{
		{Label: "Listes du jour", Detail: "Qui est attendu, où, qui appeler", Href: "/agents/listes", Icon: "clipboard", Right: booking.Read},
		{Label: "Repas", Detail: "Par lieu, par jour et par régime", Href: "/agents/repas", Icon: "utensils", Right: booking.Read},
		{Label: "Jours suspendus", Detail: "Grève, travaux, sortie : annuler et prévenir", Href: suspension.Path, Icon: "ban", Right: suspension.Write},
		{Label: "Pointage", Detail: "Prévus, présents, absents, imprévus", Href: "/agents/pointage", Icon: "double-check", Right: attendance.Read},
		{Label: "Tablettes", Detail: "Relier, retirer", Href: "/agents/tablettes", Icon: "monitor", Right: attendance.Write},
		{Label: "Activations", Detail: "Envoyer, suivre, imprimer", Href: "/agents/activations", Icon: "mail", Right: admission.Read},
		{Label: "Actualités", Detail: "Écrire, publier, retirer", Href: "/agents/actualites", Icon: "newspaper", Right: messaging.NewsWrite},
		{Label: "Agents", Detail: "Comptes, rôles, second facteur", Href: "/agents/comptes", Icon: "key", Right: account.Manage},
		{Label: "Activités", Detail: "Lieux, places, périodes, délais", Href: "/agents/activites", Icon: "list", Right: activity.Read},
		{Label: "Reconduire les inscriptions", Detail: "D’une année à la suivante", Href: "/agents/inscriptions/reconduire", Icon: "calendar", Right: enrolment.Write},
		{Label: "Fusions", Detail: "Fiches et familles réunies, à défaire", Href: merging.Path, Icon: "users", Right: merging.Right},
		{Label: "Import", Detail: "Reprendre l’ancien portail, annuler", Href: "/agents/import", Icon: "import", Right: moving.Import},
		{Label: "Tâches et courriels", Detail: "Ce qui n’a pas pu se faire", Href: "/agents/taches", Icon: "clock", Right: town.SettingsWrite},
		{Label: "Journal", Detail: "Qui a fait quoi, sur quel dossier", Href: "/agents/journal", Icon: "history", Right: desk.JournalRead},
		{Label: "Réglages", Detail: "Nom, couleur, textes, horaires", Href: "/agents/parametres", Icon: "settings", Right: town.SettingsWrite},
	}
}

// address makes a full address of a path, for mails.
func (a *App) address(path string) string {
	base, err := a.Config.URL()
	if err != nil {
		return path // Open has refused it already
	}
	return base.JoinPath(path).String()
}

func (a *App) front() home.Front {
	return home.Front{DB: a.DB, Now: a.Now,
		Town: func(ctx context.Context) home.Town {
			s := a.Settings.Get(ctx, a.Now())
			h := s.Help()
			return home.Town{Name: s.Name, SpaceName: s.SpaceName(), Slogan: s.Slogan, Welcome: s.Intro(), OldPortal: s.OldPortal,
				Help: home.Help{Service: h.Name, Phone: h.Phone, Email: h.Email, Hours: h.Hours, Counter: h.Counter}}
		},
		News: func(r db.Reader, now time.Time, n int) ([]home.News, error) {
			items, err := messaging.Latest(r, now, n)
			news := make([]home.News, len(items))
			for i, it := range items {
				news[i] = home.News{Day: it.Day, Title: it.Title, Extract: it.Extract, Href: "/actualites/" + string(it.ID)}
			}
			return news, err
		},
		Promise: promise, WayIn: account.PasskeyButton("/connexion/cle-d-acces"),
	}
}

// standing tells an account that is not active where its request stands.
func (a *App) standing(r db.Reader, now time.Time, who actor.Actor) (templ.Component, error) {
	s, err := admission.StandingOf(r, now, account.ID(who.Account))
	if err != nil {
		return nil, err
	}
	settings, err := town.ReadSettings(r)
	if err != nil {
		return nil, err
	}
	return admission.StandingNotice(s, settings.Help()), nil
}

// signUp is the wizard of newcomers.
func (a *App) signUp(photos person.Photos) signup.Pages {
	return signup.Pages{DB: a.DB, Now: a.Now, Key: a.Key, Settings: a.Settings, Check: a.check(), Photos: photos, Promise: promise,
		Resubmit: admission.Resubmit,
		Standing: func(r db.Reader, now time.Time, id account.ID) (signup.Standing, error) {
			s, err := admission.StandingOf(r, now, id)
			if fault.KindOf(err) == fault.NotFound {
				return signup.Standing{}, nil // let in by another door: nothing is asked
			}
			asked := make([]signup.Asked, len(s.Asked))
			for i, field := range s.Asked {
				asked[i] = signup.Asked{Key: field.Key, Label: field.Label}
			}
			return signup.Standing{Correction: s.State == account.Correction, Message: s.Message, Asked: asked}, err
		}}
}

// setUp leads whoever may set the town up to its first settings, until they are made.
func setUp(r db.Reader, who actor.Actor) (href string, atOnce bool, err error) {
	if !who.Can(town.SettingsWrite) {
		return "", false, nil
	}
	state, err := town.Setup(r)
	if err != nil || state == town.SetupOver {
		return "", false, err
	}
	return town.SetupPath, state == town.SetupFresh, nil
}

// setupTasks are the steps of « Mise en route » that belong to features above the town.
func setupTasks() []town.SetupTask {
	return []town.SetupTask{
		{Label: "Première actualité", Detail: "Elle paraît sur la page d’accueil", Href: "/agents/actualites", Done: func(r db.Reader) (bool, error) {
			written, err := messaging.All(r, 1)
			return len(written) > 0, err
		}},
		{Label: "Inviter des agents", Detail: "Chacun son compte, ses droits et son second facteur", Href: "/agents/comptes"},
	}
}

// promise is when an account asked for at a moment is active at the latest.
func promise(r db.Reader, from time.Time) (time.Time, error) {
	w, err := town.Working(r)
	if err != nil {
		return time.Time{}, err
	}
	return w.Deadline(from, town.PromiseDays), nil
}

func (a *App) owner(r db.Reader, who actor.Actor) (home.Owner, error) {
	p, err := person.ByID(r, person.ID(who.Person))
	if err != nil {
		return home.Owner{}, err
	}
	last, err := account.LastSignIn(r, who)
	return home.Owner{Greeting: p.Formal(), Name: p.Full(), Address: p.Address.Line(), PhotoURL: person.PhotoURL(p), LastSignIn: last}, err
}

// backupLasts is longer than a backup takes: a file let go of stays until the backup that still names it is whole.
const backupLasts = time.Hour

// photos keeps photos among the sealed files.
func (a *App) photos() person.Photos {
	return person.Photos{
		Put: a.Files.Put,
		Open: func(ctx context.Context, id string) ([]byte, error) {
			picture, err := a.Files.Get(ctx, id)
			if err != nil {
				return nil, fault.Missing("photo")
			}
			return picture, nil
		},
		Decoder: person.NewDecoder(),
		Drop: func(tx *db.Tx, now time.Time, id string) error {
			return jobs.Enqueue(tx, now, jobs.Job{Kind: jobDropFile, Args: map[string]string{"file": id}, RunAt: now.Add(backupLasts)})
		},
	}
}

// spokenElsewhere are the days that a family and the service speak of as incidents: presences do not ask about them again.
func spokenElsewhere(r db.Reader, child family.ChildID, home family.ID, since civil.Date) ([]attendance.Spoken, error) {
	all, err := absence.SpokenOf(r, child, home, since)
	said := make([]attendance.Spoken, len(all))
	for i, x := range all {
		said[i] = attendance.Spoken(x)
	}
	return said, err
}
