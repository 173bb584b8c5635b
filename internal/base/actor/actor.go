// Package actor says who acts: the value that every verb, audit line and page is given. It is filled by the
// account feature from the session; nothing here does I/O.
package actor

// Kind is the sort of actor.
type Kind int

// The kinds of actor.
const (
	Anonymous Kind = iota // no session
	Citizen               // a family's adult
	Agent                 // somebody of the town hall
	System                // jobs, imports, commands
	Device                // a tablet paired to a place; nobody is signed in on it
)

// State is the state of a citizen's account as far as access goes.
type State int

// The states.
const (
	NoState  State = iota
	Waiting        // e-mail confirmed, an agent has not activated yet: state page, profile, documents only
	Active         // may do all that the family rules allow
	MustPass       // signed in with a provisional password: only the page that sets a personal one
)

// Right is one thing that agents may do, named feature.action ("family.read"). Features declare theirs; the
// table of roles that hold them is app's rights.go.
type Right string

// AllServices, as a service of a right, stands for every service of the town.
const AllServices = "*"

// Actor is who acts. The zero value is a visitor without a session.
type Actor struct {
	Kind    Kind
	State   State
	Account string             // account id
	Person  string             // person id
	Name    string             // as shown at the top of pages: "Camille Martin"
	Session string             // session id, not the cookie's value
	Second  bool               // an agent's second factor was given in this session
	Rights  map[Right][]string // for agents: right → service ids, or AllServices
	Via     string             // "import", "campaign"… for System
}

// Job is the actor of what nobody in particular does: imports, sweeps, commands.
func Job(via string) Actor { return Actor{Kind: System, Via: via} }

// Can tells whether an agent holds the right for at least one service. The system can do all.
func (a Actor) Can(r Right) bool {
	if a.Kind == System {
		return true
	}
	return a.Kind == Agent && a.Second && len(a.Rights[r]) > 0
}

// CanFor tells whether an agent holds the right for the given service.
func (a Actor) CanFor(r Right, service string) bool {
	if a.Kind == System {
		return true
	}
	if a.Kind != Agent || !a.Second {
		return false
	}
	for _, s := range a.Rights[r] {
		if s == service || s == AllServices {
			return true
		}
	}
	return false
}

// SignedIn tells whether there is a session behind the actor.
func (a Actor) SignedIn() bool { return a.Kind == Citizen || a.Kind == Agent }
