package web

import (
	"testing"

	"parvis/internal/base/actor"
)

func TestAdmit(t *testing.T) {
	visitor := actor.Actor{}
	waiting := actor.Actor{Kind: actor.Citizen, State: actor.Waiting}
	active := actor.Actor{Kind: actor.Citizen, State: actor.Active}
	provisional := actor.Actor{Kind: actor.Citizen, State: actor.MustPass}
	half := actor.Actor{Kind: actor.Agent, Rights: map[actor.Right][]string{"family.read": {"*"}}}
	reader := actor.Actor{Kind: actor.Agent, Second: true, Rights: map[actor.Right][]string{"family.read": {"*"}}}
	other := actor.Actor{Kind: actor.Agent, Second: true}
	system := actor.Job("import")

	read := AgentWith("family.read")
	order := []Access{Public, Visitor, Citizen, Activated, MustPass, AgentHalf, Agent, read}
	for _, c := range []struct {
		who  string
		a    actor.Actor
		want [8]verdict
	}{
		{"visitor", visitor, [8]verdict{enter, enter, toSignIn, toSignIn, toSignIn, toSignIn, toSignIn, toSignIn}},
		{"waiting", waiting, [8]verdict{enter, enter, enter, notActivated, hasPassword, otherSide, otherSide, otherSide}},
		{"active", active, [8]verdict{enter, enter, enter, enter, hasPassword, otherSide, otherSide, otherSide}},
		{"provisional password", provisional, [8]verdict{enter, toFirstSignIn, toFirstSignIn, toFirstSignIn, enter,
			toFirstSignIn, toFirstSignIn, toFirstSignIn}},
		{"agent before the second factor", half, [8]verdict{enter, enter, otherSide, otherSide, otherSide, enter, toSecond, toSecond}},
		{"agent with the right", reader, [8]verdict{enter, enter, otherSide, otherSide, otherSide, enter, enter, enter}},
		{"agent without it", other, [8]verdict{enter, enter, otherSide, otherSide, otherSide, enter, enter, lacksRight}},
		{"system", system, [8]verdict{enter, enter, toSignIn, toSignIn, toSignIn, toSignIn, toSignIn, toSignIn}},
	} {
		for i, access := range order {
			if got := admit(c.a, access, false); got != c.want[i] {
				t.Errorf("%s on a %s route: verdict %d, want %d", c.who, access, got, c.want[i])
			}
		}
	}
	if got := admit(provisional, Visitor, true); got != enter {
		t.Errorf("signing out with a provisional password: verdict %d, want to enter", got)
	}
}

func TestLocalPath(t *testing.T) {
	for _, good := range []string{"/", "/espace", "/espace/enfants/0192/agenda?mois=2027-01", "/agents/familles?q=Mart%C3%ADn%20L", "/a/?b=/c"} {
		if LocalPath(good) != good {
			t.Errorf("LocalPath(%q) refused", good)
		}
	}
	for _, bad := range []string{"", "espace", "//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `/espace\..\x`,
		"/%0d%0aSet-Cookie:a=b", "/x?y=%0d%0aX: y", "/x\r\nLocation: //evil", "/\t/evil.example", "https://evil.example",
		"javascript:alert(1)", "/%2f/evil.example", "/%2Fevil.example", "/%5cevil.example", "/./evil", "/a/../../b", "/a//b", "/x#y",
		"/%zz", "/\u0000", " /espace", "//evil@portail.test"} {
		if got := LocalPath(bad); got != "" {
			t.Errorf("LocalPath(%q) = %q, want it refused", bad, got)
		}
	}
}
