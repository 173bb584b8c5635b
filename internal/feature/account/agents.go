package account

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// Manage is the right to add, disable and enrol agents, and to give them roles.
const Manage actor.Right = "account.agents.manage"

// Role is what an agent does at the town hall; each is held for one service or for all.
type Role string

// The roles. NoRole is the mark of an account without any.
const (
	NoRole         Role = ""
	Accueil        Role = "accueil"
	Instruction    Role = "instruction"
	Regie          Role = "regie"
	Animation      Role = "animation"
	Communication  Role = "communication"
	Administrateur Role = "administrateur"
)

// Roles lists the roles in the order of pages.
func Roles() []Role {
	return []Role{Accueil, Instruction, Regie, Animation, Communication, Administrateur}
}

// Label is the word on screen.
func (r Role) Label() string {
	switch r {
	case Accueil:
		return "Accueil"
	case Instruction:
		return "Instruction"
	case Regie:
		return "Régie"
	case Animation:
		return "Animation"
	case Communication:
		return "Communication"
	case Administrateur:
		return "Administrateur"
	}
	return ""
}

// Grant says which roles hold a right. Grants, filled by app, is the whole table.
type (
	Grant struct {
		Right actor.Right
		Roles []Role
	}
	Grants []Grant
)

// rights are what the roles of a session's rows may do, and for which services.
func (g Grants) rights(rows []storedSession) map[actor.Right][]string {
	rights := map[actor.Right][]string{}
	for _, grant := range g {
		for _, row := range rows {
			if row.role != NoRole && slices.Contains(grant.Roles, row.role) && !slices.Contains(rights[grant.Right], row.service) {
				rights[grant.Right] = append(rights[grant.Right], row.service)
			}
		}
	}
	return rights
}

// Held is a role that an agent holds for a service, or for all with actor.AllServices.
type Held struct {
	Role    Role
	Service town.ServiceID
}

// NewAgent is somebody of the town hall to be given an account.
type NewAgent struct {
	LastName, FirstNames string
	Email                string
	Username             string // "" = prenom.nom
	Roles                []Held
}

// AddAgent makes an agent's account without password and a link, good for 24 hours, where the agent sets one and a
// second factor. It returns the link's path for the command that makes the first administrator; pages mail it with
// Invite and never show it.
func AddAgent(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, n NewAgent) (ID, string, error) {
	if a.Kind != actor.System && !a.CanFor(Manage, actor.AllServices) {
		return "", "", fault.New(fault.Forbidden, "")
	}
	email, fields := n.check()
	if err := fault.InvalidFields(fields...); err != nil {
		return "", "", err
	}
	p := person.Person{LastName: n.LastName, FirstNames: n.FirstNames, Email: email}
	who, err := person.Insert(tx, now, a, p)
	if err != nil {
		return "", "", err
	}
	p.ID = who
	username := person.Clean(n.Username)
	if username == "" {
		if username, err = freeUsername(tx, person.Tidy(p), ""); err != nil {
			return "", "", err
		}
	} else if taken, err := usernameTaken(tx, FoldUsername(username)); err != nil {
		return "", "", err
	} else if taken {
		return "", "", fault.InvalidFields(fault.Field{Name: "identifiant", Sentence: takenUsername})
	}
	acc := Account{ID: ID(db.NewID()), Person: who, Audience: Agent, Username: username, Email: email, State: Active}
	if err := insert(tx, now, acc); err != nil {
		return "", "", fmt.Errorf("insert agent: %w", err)
	}
	if err := replaceRoles(tx, acc.ID, n.Roles); err != nil {
		return "", "", err
	}
	token, err := newToken(tx, now, key, acc.ID, "invitation", invitationFor)
	if err != nil {
		return "", "", err
	}
	return acc.ID, invitationPath(key, token), audit.Write(tx, now, a, audit.Entry{Action: "account.agent.added", Object: "account",
		ID: string(acc.ID), Subject: string(who), Detail: rolesDetail(n.Roles)})
}

func (n NewAgent) check() (string, []fault.Field) {
	var fields []fault.Field
	fail := func(name, sentence string) { fields = append(fields, fault.Field{Name: name, Sentence: sentence}) }
	if person.Clean(n.LastName) == "" {
		fail("nom", "Indiquez le nom.")
	}
	if person.Clean(n.FirstNames) == "" {
		fail("prenom", "Indiquez le prénom.")
	}
	email, err := person.CheckEmail(n.Email)
	if err != nil {
		fail("courriel", fault.SentenceOf(err))
	}
	if n.Username != "" {
		if s := CheckUsername(n.Username, email); s != "" {
			fail("identifiant", s)
		}
	}
	if s := checkRoles(n.Roles); s != "" {
		fail(roleField(Accueil), s)
	}
	return email, fields
}

func checkRoles(held []Held) string {
	if len(held) == 0 {
		return "Choisissez au moins un rôle."
	}
	for _, h := range held {
		if h.Role.Label() == "" || h.Service == "" {
			return "Choisissez un rôle et un service de la liste."
		}
		if h.Role == Administrateur && h.Service != actor.AllServices {
			return "L’administrateur l’est pour tous les services."
		}
	}
	return ""
}

func rolesDetail(held []Held) string {
	words := make([]string, len(held))
	for i, h := range held {
		words[i] = string(h.Role) + "@" + string(h.Service)
	}
	return strings.Join(words, " ")
}

func invitationPath(key *crypt.Key, token string) string {
	return "/agents/invitation/" + tokenSecret(key, token)
}

// Invite sends an agent a new link, good for 24 hours; password, second factor, passkeys and sessions end at once. Nobody but
// the agent sees the link.
func Invite(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, id ID) error {
	acc, err := managed(tx, a, id)
	if err != nil {
		return err
	}
	if acc.Email == "" {
		return fault.New(fault.Refused, "Ce compte n’a pas d’adresse e-mail : le lien ne peut pas être envoyé.")
	}
	if err := endAccess(tx, now, acc); err != nil {
		return err
	}
	if err := sendInvitation(tx, now, key, acc); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.agent.invited", Object: "account", ID: string(id), Subject: string(acc.Person)})
}

// sendFirst mails the link of an account just added: nothing of it was in use, so that nothing ends.
func sendFirst(tx *db.Tx, now time.Time, key *crypt.Key, id ID) error {
	acc, err := ByID(tx, id)
	if err != nil {
		return err
	}
	return sendInvitation(tx, now, key, acc)
}

func sendInvitation(tx *db.Tx, now time.Time, key *crypt.Key, acc Account) error {
	token, err := newToken(tx, now, key, acc.ID, "invitation", invitationFor)
	if err != nil {
		return err
	}
	_, err = mail.Enqueue(tx, now, mail.Message{Template: MailInvitation, To: acc.Email, Account: string(acc.ID),
		Args: map[string]string{"account": string(acc.ID), "token": token}})
	return err
}

// managed locks an agent's account for somebody who may change it: never one's own.
func managed(tx *db.Tx, a actor.Actor, id ID) (Account, error) {
	if a.Kind != actor.System && !a.CanFor(Manage, actor.AllServices) {
		return Account{}, fault.New(fault.Forbidden, "")
	}
	acc, err := lock(tx, id)
	if err != nil {
		return Account{}, err
	}
	if acc.Audience != Agent {
		return Account{}, fault.Missing("agent")
	}
	if a.Account == string(id) {
		return Account{}, fault.New(fault.Refused, "Personne ne change ses propres droits. Demandez à un autre administrateur.")
	}
	return acc, nil
}

// keepAnAdministrator refuses what would leave nobody able to manage agents. It locks every administrator's row, so
// that two of them cannot end each other at once.
func keepAnAdministrator(tx *db.Tx, but ID) error {
	left, err := otherAdministrators(tx, but)
	if err != nil {
		return err
	}
	is, err := isAdministrator(tx, but)
	if err != nil || !is || left > 0 {
		return err
	}
	return fault.New(fault.Refused, "C’est le dernier administrateur : nommez-en un autre d’abord.")
}

// SetRoles changes what an agent may do, from the next request on.
func SetRoles(tx *db.Tx, now time.Time, a actor.Actor, id ID, held []Held) error {
	acc, err := managed(tx, a, id)
	if err != nil {
		return err
	}
	if s := checkRoles(held); s != "" {
		return fault.InvalidFields(fault.Field{Name: roleField(Accueil), Sentence: s})
	}
	if !slices.ContainsFunc(held, func(h Held) bool { return h.Role == Administrateur }) {
		if err := keepAnAdministrator(tx, id); err != nil {
			return err
		}
	}
	if err := replaceRoles(tx, id, held); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.roles.changed", Object: "account", ID: string(id),
		Subject: string(acc.Person), Detail: rolesDetail(held)})
}

// Suspend closes an agent's account until Reopen; its sessions end at once.
func Suspend(tx *db.Tx, now time.Time, a actor.Actor, id ID) error {
	acc, err := managed(tx, a, id)
	if err != nil {
		return err
	}
	if err := keepAnAdministrator(tx, id); err != nil {
		return err
	}
	if err := move(tx, now, acc, Suspended); err != nil {
		return err
	}
	if _, err := endSessions(tx, id, ""); err != nil {
		return err
	}
	if err := killTokens(tx, id, "invitation"); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.suspended", Object: "account", ID: string(id), Subject: string(acc.Person)})
}

// Reopen undoes Suspend.
func Reopen(tx *db.Tx, now time.Time, a actor.Actor, id ID) error {
	acc, err := managed(tx, a, id)
	if err != nil {
		return err
	}
	if err := move(tx, now, acc, Active); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "account.reopened", Object: "account", ID: string(id), Subject: string(acc.Person)})
}

func move(tx *db.Tx, now time.Time, acc Account, to State) error {
	if !slices.Contains(next[acc.State], to) {
		return fault.New(fault.Refused, "Ce compte est « "+acc.State.Label()+" » : ce changement n’est pas possible.")
	}
	return setState(tx, now, acc.ID, to)
}

// Enrol sets an invited agent's password and second factor in one go and opens a session, both having been proved;
// the link is then spent.
func (g Gate) Enrol(tx *db.Tx, secret, hash, typed string, from Browser) (Opened, error) {
	now := g.Now()
	acc, t, err := byLink(tx, now, "invitation", secret)
	if err != nil {
		return Opened{}, err
	}
	if acc, err = lock(tx, acc.ID); err != nil {
		return Opened{}, err
	}
	if acc.State != Active {
		return Opened{}, fault.New(fault.Refused, suspendedText)
	}
	e := enrolment(g.Key, t.id)
	step := stepOf(e.raw, digitsOnly(typed), g.RealNow())
	if step == 0 {
		return Opened{}, fault.InvalidFields(fault.Field{Name: "code", Sentence: wrongFirstCode})
	}
	if err := useToken(tx, now, t.id); err != nil {
		return Opened{}, err
	}
	if err := setPassword(tx, now, acc.ID, hash); err != nil {
		return Opened{}, err
	}
	if acc.Email != "" && acc.EmailConfirmedAt == 0 {
		if err := setEmail(tx, now, acc.ID, acc.Email, civil.InstantOf(now)); err != nil {
			return Opened{}, err
		}
	}
	if err := addTOTP(tx, now, g.Key, acc.ID, e, step); err != nil {
		return Opened{}, err
	}
	if _, err := endSessions(tx, acc.ID, ""); err != nil {
		return Opened{}, err
	}
	err = audit.Write(tx, now, actor.Actor{Kind: actor.Agent, Account: string(acc.ID), Person: string(acc.Person)},
		audit.Entry{Action: "account.agent.enrolled", Object: "account", ID: string(acc.ID), Subject: string(acc.Person)})
	if err != nil {
		return Opened{}, err
	}
	opened, err := openKnown(tx, now, acc, sessionWish{second: true, device: Device(from.Device), previous: from.Previous}, from.Known)
	if err != nil {
		return Opened{}, err
	}
	return opened, signedIn(tx, now, acc)
}
