package app

import (
	"context"

	"parvis/internal/base/actor"
	"parvis/internal/base/mail"
	"parvis/internal/feature/absence"
)

// ExportHeadNow runs the nightly task at once.
func (a *App) ExportHeadNow(ctx context.Context) error { return a.exportHead(ctx, nil) }

// Mails tells whether mails are sent at all.
func (a *App) Mails() bool { return a.mailer != nil }

// Templates are the mails that the portal sends.
func (a *App) Templates() []mail.Template { return a.mails() }

// ActivationHref is where a family's file leads for an adult's account.
var ActivationHref = activationHref

// SetUp is where whoever may set the town up is led.
var SetUp = setUp

// Evening is what tells families each evening.
func (a *App) Evening() absence.Desk { return a.evening() }

// AgentMenu lists where the menu of an agent leads.
func AgentMenu(a actor.Actor) []string {
	var all []string
	for _, item := range agentNav(a) {
		all = append(all, item.Href)
	}
	return all
}
