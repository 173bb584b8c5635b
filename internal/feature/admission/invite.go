package admission

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
)

// Limits of invitations: an address that somebody types gets few mails.
const (
	inviteFor    = 14 * 24 * time.Hour // how long a link lives
	invitesADay  = 5                   // invitations of one family
	inviteSends  = 5                   // mails of one invitation
	inviteRest   = 10 * time.Minute    // between two of them
	inviteTries  = 10                  // different answers on the page of one invitation, whatever its link
	keepInvites  = 30 * 24 * time.Hour // an invitation that nobody took, after its end
	inviteObject = web.Object("invite")
)

// InviteID names an invitation.
type InviteID string

// Invite is an invitation to head a family with its holder.
type Invite struct {
	ID         InviteID
	Family     family.ID
	Service    town.ServiceID
	ServiceIn  string
	Person     person.ID // the co-holder whom the family knows, "" for somebody new
	Civility   person.Civility
	LastName   string
	FirstNames string
	Relation   string
	Email      string
	Typed      bool // by the inviter: the town does not know the address
	// AgentVouches: it was typed by an agent who may give people their address.
	AgentVouches bool
	By           person.ID
	ByName       string // of the holder who invites, "" for an agent
	ByAgent      account.ID
	Held         bool // waits for an agent before any mail leaves
	Number       int64
	Sends        int64
	Tries        int64
	CreatedAt    civil.Instant
	SentAt       civil.Instant
	ExpiresAt    civil.Instant
	OpenedAt     civil.Instant
	AcceptedAt   civil.Instant
	AcceptedBy   account.ID
	RevokedAt    civil.Instant
	Outcome      Outcome
}

// Outcome is what an accepted invitation led to.
type Outcome string

// The outcomes.
const (
	Joined   Outcome = "joined"  // heads the family
	ToVerify Outcome = "pending" // an agent of the service answers, in the queue of members
	ToLink   Outcome = "waiting" // an agent compares, in the queue of accounts
)

// Name is "Thomas Nguyễn".
func (v Invite) Name() string {
	return person.Person{LastName: v.LastName, FirstNames: v.FirstNames}.Full()
}

// Vouched tells whether the town, and not a family, says whose the address is.
func (v Invite) Vouched() bool { return !v.Typed || v.AgentVouches }

// InviteState is where an invitation stands.
type InviteState string

// The states. Allowed moves: held → sent | revoked; sent → opened → accepted; sent, opened → expired | revoked;
// expired → sent.
const (
	InviteHeld     InviteState = "held"
	InviteSent     InviteState = "sent"
	InviteOpened   InviteState = "opened"
	InviteAccepted InviteState = "accepted"
	InviteExpired  InviteState = "expired"
	InviteRevoked  InviteState = "revoked"
)

// State is where the invitation stands at a moment, and since when.
func (v Invite) State(now civil.Instant) (InviteState, civil.Instant) {
	switch {
	case v.AcceptedAt != 0:
		return InviteAccepted, v.AcceptedAt
	case v.RevokedAt != 0:
		return InviteRevoked, v.RevokedAt
	case v.Held:
		return InviteHeld, v.CreatedAt
	case now >= v.ExpiresAt:
		return InviteExpired, v.ExpiresAt
	case v.OpenedAt != 0:
		return InviteOpened, v.OpenedAt
	}
	return InviteSent, v.SentAt
}

// Mark is the state in words.
func (s InviteState) Mark() web.Mark {
	switch s {
	case InviteHeld:
		return web.Mark{Tone: web.Warning, Icon: "clock", Word: "En cours de vérification"}
	case InviteSent:
		return web.Mark{Tone: web.Info, Icon: "mail", Word: "Envoyée"}
	case InviteOpened:
		return web.Mark{Tone: web.Info, Icon: "eye", Word: "Ouverte"}
	case InviteAccepted:
		return web.Mark{Tone: web.OK, Icon: "check", Word: "Acceptée"}
	case InviteExpired:
		return web.Mark{Tone: web.Neutral, Icon: "clock", Word: "Expirée"}
	}
	return web.Mark{Tone: web.Neutral, Icon: "ban", Word: "Retirée"}
}

// Wish is who a holder or an agent invites: a co-holder whom the family knows, or somebody new.
type Wish struct {
	Family     family.ID
	Service    town.ServiceID // "" = the first that knows the family
	Person     person.ID
	Civility   string
	LastName   string
	FirstNames string
	Email      string
	Relation   string
}

// inviteSecret is the secret of a link, derived so that a mail can be rendered again and nothing clear is stored.
func inviteSecret(key *crypt.Key, id InviteID, number int64) string {
	return base64.RawURLEncoding.EncodeToString(key.HMAC("invite-link", string(id), strconv.FormatInt(number, 10))[:24])
}

// mayInvite is the one question before the verbs of who invites: the family's holder, or an agent who writes its file.
func mayInvite(r db.Reader, now time.Time, a actor.Actor, id family.ID) error {
	if a.Kind == actor.Agent {
		return family.Readable(r, a, id, family.FileWrite)
	}
	return family.Heads(r, a, id, civil.DateOf(now))
}

// InviteCoholder sends somebody a link to head the family too. Whether the address is somebody's account is told to
// nobody. A co-holder under a court's restriction whom the holder picks is not written to: an agent looks first, and
// the holder reads no reason. Returned with held true.
func InviteCoholder(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, w Wish) (held bool, err error) {
	if err := mayInvite(tx, now, a, w.Family); err != nil {
		return false, err
	}
	if err := family.Lock(tx, w.Family); err != nil {
		return false, err
	}
	v, err := w.invite(tx, now, a)
	if err != nil {
		return false, err
	}
	n, err := invitesSince(tx, w.Family, civil.InstantOf(now).Add(-24*time.Hour))
	if err != nil {
		return false, err
	}
	if n >= invitesADay {
		return false, fault.New(fault.Throttled, "Plusieurs invitations sont déjà parties aujourd’hui. Réessayez demain, ou appelez la mairie.")
	}
	if err := insertInvite(tx, v, crypt.HashToken(inviteSecret(key, v.ID, v.Number))); err != nil {
		return false, err
	}
	action := "admission.invite.asked"
	if v.Held {
		action = "admission.invite.held"
	}
	if err := auditInvite(tx, now, a, action, v); err != nil || v.Held {
		return v.Held, err
	}
	if v.Person != "" && v.Typed && v.AgentVouches {
		if err := tellHeads(tx, now, v); err != nil {
			return false, err
		}
	}
	return false, dispatch(tx, now, v)
}

// tellHeads writes to the others who head a family that an agent typed the address of one of them.
func tellHeads(tx *db.Tx, now time.Time, v Invite) error {
	heads, err := family.HeadsOf(tx, v.Family, civil.DateOf(now))
	if err != nil {
		return err
	}
	for _, who := range heads {
		if who == v.Person {
			continue
		}
		to, err := townAddress(tx, who)
		if err != nil {
			return err
		}
		if err := tellInvite(tx, now, MailInviteHeads, to, v.ID); err != nil {
			return err
		}
	}
	return nil
}

// invite checks a wish and makes the invitation of it, all that is wrong at once.
func (w Wish) invite(tx *db.Tx, now time.Time, a actor.Actor) (Invite, error) {
	at := civil.InstantOf(now)
	v := Invite{ID: InviteID(db.NewID()), Family: w.Family, Person: w.Person, Number: 1, CreatedAt: at, ExpiresAt: at.Add(inviteFor)}
	if a.Kind == actor.Agent {
		v.ByAgent, v.AgentVouches = account.ID(a.Account), a.Can(person.ContactWrite) && a.Can(SendRight)
	} else {
		v.By = person.ID(a.Person)
	}
	var err error
	if v.Service, err = serviceOf(tx, w.Family, w.Service); err != nil {
		return v, err
	}
	typed, fields := w.address()
	if w.Person != "" {
		v.Email, err = w.known(tx, now, a, &v)
		if err != nil {
			return v, err
		}
		if v.Email != "" { // the town's own address, whatever was typed: nobody chooses where another's space is opened
			typed, fields = v.Email, nil
		} else {
			v.Typed = true
			own, err := ownAddress(tx, a, typed)
			if err != nil {
				return v, err
			}
			fields = append(fields, own...)
		}
		v.Email = typed
	} else {
		v.Email, v.Typed = typed, true
		fields = append(w.names(&v), fields...)
		if v.Email != "" && len(fields) == 0 {
			if fields, err = w.already(tx, now, a); err != nil {
				return v, err
			}
		}
	}
	if err := fault.InvalidFields(fields...); err != nil {
		return v, err
	}
	again, err := livingInvite(tx, v, at)
	if err == nil && again {
		err = fault.InvalidFields(fault.Field{Name: "courriel", Sentence: "Une invitation attend déjà cette personne. Renvoyez-la, ou retirez-la d’abord."})
	}
	return v, err
}

// address checks the address typed.
func (w Wish) address() (string, []fault.Field) {
	clean, err := person.CheckEmail(w.Email)
	switch {
	case err != nil:
		return "", []fault.Field{{Name: "courriel", Sentence: fault.SentenceOf(err)}}
	case clean == "":
		return "", []fault.Field{{Name: "courriel", Sentence: "Indiquez l’adresse e-mail de la personne que vous invitez."}}
	}
	return clean, nil
}

// names checks who somebody new is.
func (w Wish) names(v *Invite) []fault.Field {
	var fields []fault.Field
	for _, x := range []struct{ name, typed, missing string }{
		{"nom", w.LastName, "Indiquez le nom."}, {"prenoms", w.FirstNames, "Indiquez le prénom."}} {
		s := person.CheckTypedName(x.typed) // it stands on a page that somebody opens who was written to
		if person.Clean(x.typed) == "" {
			s = x.missing
		}
		if s != "" {
			fields = append(fields, fault.Field{Name: x.name, Sentence: s})
		}
	}
	if person.Clean(w.Relation) == "" {
		fields = append(fields, fault.Field{Name: "lien", Sentence: "Indiquez le lien avec les enfants, par exemple père ou belle-mère."})
	} else if len([]rune(w.Relation)) > 60 {
		fields = append(fields, fault.Field{Name: "lien", Sentence: "Écrivez le lien en 60 caractères au plus."})
	}
	v.Civility, _ = person.ParseCivility(w.Civility)
	v.LastName, v.FirstNames, v.Relation = person.Clean(w.LastName), person.Clean(w.FirstNames), person.Clean(w.Relation)
	return fields
}

// already refuses who is in the family, by what the inviter knows of it, and nothing that the town knows more.
func (w Wish) already(r db.Reader, now time.Time, a actor.Actor) ([]fault.Field, error) {
	same, err := family.Namesake(r, w.Family, w.LastName, w.FirstNames)
	if err != nil {
		return nil, err
	}
	if same {
		s := "Une personne de ce nom est déjà dans la famille. Si c’est quelqu’un d’autre, appelez la mairie."
		if absent, err := family.Absent(r, w.Family, civil.DateOf(now)); err != nil {
			return nil, err
		} else if len(absent) > 0 {
			s = "Une personne de ce nom est déjà dans la famille. Choisissez-la dans la liste si elle y figure."
		}
		return []fault.Field{{Name: "nom", Sentence: s}}, nil
	}
	clean, _ := w.address()
	return ownAddress(r, a, clean)
}

// ownAddress refuses the inviter's own address.
func ownAddress(r db.Reader, a actor.Actor, typed string) ([]fault.Field, error) {
	if a.Kind != actor.Citizen || typed == "" {
		return nil, nil
	}
	me, err := person.ByID(r, person.ID(a.Person))
	if err == nil && strings.EqualFold(typed, me.Email) {
		return []fault.Field{{Name: "courriel", Sentence: "C’est votre propre adresse. Indiquez celle de la personne que vous invitez."}}, nil
	}
	return nil, err
}

// known reads the co-holder whom the family knows, and the address that the town has, "" without.
func (w Wish) known(r db.Reader, now time.Time, a actor.Actor, v *Invite) (string, error) {
	day := civil.DateOf(now)
	absent, err := family.Absent(r, w.Family, day)
	if err != nil {
		return "", err
	}
	found := false
	for _, id := range absent {
		found = found || id == w.Person
	}
	if !found {
		return "", fault.Missing("co-holder")
	}
	if a.Kind == actor.Citizen { // an agent has the restrictions before the eyes
		if v.Held, err = family.Kept(r, w.Family, w.Person, day); err != nil {
			return "", err
		}
	}
	address, err := townAddress(r, w.Person)
	if err == nil && address != "" && a.Kind == actor.Citizen { // one address for both parents proves nothing of the other
		me, err := person.ByID(r, person.ID(a.Person))
		if err != nil || strings.EqualFold(me.Email, address) {
			return "", err
		}
	}
	return address, err
}

// townAddress is where the town writes to somebody, "" when it does not know.
func townAddress(r db.Reader, who person.ID) (string, error) {
	acc, err := account.ForPerson(r, who, account.Citizen)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return "", err
	}
	if acc.Email != "" {
		return acc.Email, nil
	}
	p, err := person.ByID(r, who)
	return p.Email, err
}

// serviceOf is the service asked for, which must know the family, or the first that does.
func serviceOf(r db.Reader, id family.ID, asked town.ServiceID) (town.ServiceID, error) {
	services, err := family.ServicesOf(r, id)
	if err != nil {
		return "", err
	}
	for _, s := range services {
		if asked == "" || s.ID == asked {
			return s.ID, nil
		}
	}
	if asked != "" {
		return "", fault.Missing("service")
	}
	return "", nil
}

// dispatch mails an invitation's living link.
func dispatch(tx *db.Tx, now time.Time, v Invite) error {
	_, err := mail.Enqueue(tx, now, mail.Message{Template: MailInvite, To: v.Email,
		Args: map[string]string{"invite": string(v.ID), "number": strconv.FormatInt(v.Number, 10)}})
	if err != nil {
		return err
	}
	return noteSent(tx, now, v.ID)
}

// ResendInvite sends a new link; the one before dies.
func ResendInvite(tx *db.Tx, now time.Time, a actor.Actor, key *crypt.Key, id InviteID) error {
	v, err := ownInvite(tx, now, a, id)
	if err != nil {
		return err
	}
	at := civil.InstantOf(now)
	switch s, _ := v.State(at); {
	case s == InviteHeld && a.Kind != actor.Agent:
		return fault.New(fault.Refused, heldText)
	case s == InviteAccepted || s == InviteRevoked:
		return fault.New(fault.Conflict, "Cette invitation n’attend plus de réponse.")
	case v.Tries >= inviteTries:
		return fault.New(fault.Conflict, "Ce lien a reçu trop de réponses fausses. Retirez l’invitation, vérifiez l’adresse, puis invitez de nouveau.")
	case v.Sends >= inviteSends:
		return fault.New(fault.Throttled, "Cette invitation est déjà partie plusieurs fois. Vérifiez l’adresse, ou appelez la mairie.")
	case v.SentAt != 0 && v.SentAt.Add(inviteRest) > at:
		return web.RetryAfter(fault.New(fault.Throttled, "L’invitation vient de partir. Attendez dix minutes avant de la renvoyer."), inviteRest)
	}
	v.Number++
	if err := renewInvite(tx, v, at.Add(inviteFor), crypt.HashToken(inviteSecret(key, v.ID, v.Number))); err != nil {
		return err
	}
	action := "admission.invite.resent"
	if v.Held {
		action = "admission.invite.released"
	}
	if err := auditInvite(tx, now, a, action, v); err != nil {
		return err
	}
	return dispatch(tx, now, v)
}

// RevokeInvite takes an invitation back; its link dies at once.
func RevokeInvite(tx *db.Tx, now time.Time, a actor.Actor, id InviteID) error {
	v, err := ownInvite(tx, now, a, id)
	if err != nil {
		return err
	}
	done, err := revokeInvite(tx, now, id)
	if err != nil {
		return err
	}
	if !done {
		return fault.New(fault.Conflict, "Cette invitation n’attend plus de réponse.")
	}
	return auditInvite(tx, now, a, "admission.invite.revoked", v)
}

// ownInvite locks and reads an invitation that the actor may send again or take back; another is a NotFound fault.
func ownInvite(tx *db.Tx, now time.Time, a actor.Actor, id InviteID) (Invite, error) {
	v, err := lockInvite(tx, id)
	if err != nil {
		return v, err
	}
	if err := mayInvite(tx, now, a, v.Family); err != nil {
		return v, fault.Missing("invitation")
	}
	return v, nil
}

const heldText = "Un agent vérifie cette invitation avant de l’envoyer. Le service vous répond."

func auditInvite(tx *db.Tx, now time.Time, a actor.Actor, action string, v Invite) error {
	return audit.Write(tx, now, a, audit.Entry{Action: action, Object: "invite", ID: string(v.ID), Subject: string(v.Person), Detail: string(v.Family)})
}
