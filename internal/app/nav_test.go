package app_test

import (
	"slices"
	"testing"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
)

// TestTheMenuHasTheQueuesThatAnAgentMayWorkOn: what the home page counts is in the menu too, for the same rights.
func TestTheMenuHasTheQueuesThatAnAgentMayWorkOn(t *testing.T) {
	for right, hrefs := range map[actor.Right][]string{booking.Read: {"/agents/attente"}, family.MemberApprove: {"/agents/partages"}, family.FileWrite: {"/agents/invitations"}} {
		with := app.AgentMenu(actor.Actor{Kind: actor.Agent, Second: true, Rights: map[actor.Right][]string{right: {actor.AllServices}}})
		none := app.AgentMenu(actor.Actor{Kind: actor.Agent, Second: true})
		for _, href := range hrefs {
			if !slices.Contains(with, href) || slices.Contains(none, href) {
				t.Errorf("%s with %s: %v; without: %v", href, right, with, none)
			}
		}
	}
}
