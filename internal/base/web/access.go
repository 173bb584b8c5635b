package web

import (
	"parvis/internal/base/actor"
)

// Access says who may use a route. The zero value is refused at start.
type Access string

// The accesses.
const (
	Public    Access = "public"    // everybody; the page shows nothing private and search engines may keep it
	Visitor   Access = "visitor"   // signed in or not: sign-in, wizard, links of mails
	Citizen   Access = "citizen"   // any signed-in citizen, also one who waits for activation
	Activated Access = "activated" // citizens whose account an agent has activated
	MustPass  Access = "mustpass"  // citizens signed in with a provisional password, to set their own
	AgentHalf Access = "agenthalf" // agents, their second factor given or not
	Agent     Access = "agent"     // agents with their second factor
	Device    Access = "device"    // a tablet paired to a place; what it may see there is the feature's business
)

const agentWith = "agent:"

// AgentWith is for agents who hold the right for at least one service; for which one is the verb's business.
func AgentWith(right actor.Right) Access { return Access(agentWith + string(right)) }

// Right is the right that AgentWith asks, "" for other accesses.
func (a Access) Right() actor.Right {
	if !a.withRight() {
		return ""
	}
	return actor.Right(a[len(agentWith):])
}

func (a Access) withRight() bool { return len(a) > len(agentWith) && a[:len(agentWith)] == agentWith }

func (a Access) known() bool {
	switch a {
	case Public, Visitor, Citizen, Activated, MustPass, AgentHalf, Agent, Device:
		return true
	}
	return a.withRight()
}

// forAgents tells whether the route is of the agents' side.
func (a Access) forAgents() bool { return a == Agent || a == AgentHalf || a.withRight() }

// Object names what {id} of a path is: "child". A matrix of access is made from it.
type Object string

// NoObject is for paths without {…}.
const NoObject Object = ""

// verdict is what happens to somebody who asks for a route.
type verdict int

const (
	enter         verdict = iota
	toSignIn              // no session
	toFirstSignIn         // a personal password comes first
	toSecond              // the second factor comes first
	hasPassword           // the page is for those who have none of their own yet
	notActivated          // an agent has not activated the account yet
	otherSide             // an agent on a family's page, or the reverse
	lacksRight
	notPaired // no tablet, or one that was revoked
)

// admit decides from the declared access alone; whose object it is comes later.
func admit(a actor.Actor, access Access, signOut bool) verdict {
	if a.Kind == actor.Citizen && a.State == actor.MustPass {
		if access == MustPass || access == Public || signOut {
			return enter
		}
		return toFirstSignIn
	}
	switch {
	case access == Public || access == Visitor:
		return enter
	case access == Device && a.Kind == actor.Device:
		return enter
	case access == Device:
		return notPaired
	case !a.SignedIn():
		return toSignIn
	case access.forAgents():
		return admitAgent(a, access)
	case a.Kind != actor.Citizen:
		return otherSide
	case access == MustPass:
		return hasPassword // or anybody before an open session could choose its owner's password
	case access == Activated && a.State != actor.Active:
		return notActivated
	}
	return enter
}

func admitAgent(a actor.Actor, access Access) verdict {
	switch {
	case a.Kind != actor.Agent:
		return otherSide
	case access == AgentHalf:
		return enter
	case !a.Second:
		return toSecond
	case access.withRight() && !a.Can(access.Right()):
		return lacksRight
	}
	return enter
}
