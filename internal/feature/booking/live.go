package booking

import (
	"time"

	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
)

// leftOpen is how long a page is thought to stay open: later moments are not worth their weight in it.
const leftOpen = 24 * time.Hour

// live is what the script says of a cell that shows a choice, held or asked, as it is changed: the words of what the
// service has to answer, and of what its last moment changes.
func (g agenda) live(f Face, shown activity.ChoiceID) web.Live {
	var l web.Live
	held := activity.ChoiceID("")
	if f.Held.Live() {
		held = f.Held.Choice
	}
	if l.Moved = shown != held; l.Moved {
		for _, o := range f.Options {
			if o.ID == held {
				l.Saved = g.names.value(f, o, !g.scene.Overrule)
			}
		}
	}
	a, known := g.scene.Catalogue.Activity(f.Activity)
	policy, ruled := activity.PolicyFor(a.Policies, f.Day)
	if !known || !ruled || g.scene.Overrule {
		return l
	}
	if f.Late && policy.After.Kind == activity.AfterRequest {
		l.Then = "À demander au service"
	} else if f.Late {
		l.Then = "Sera réservé hors délai"
	}
	if left := f.Limit.Instant().In(g.scene.Now.Location()).Sub(g.scene.Now); f.Limit.Kind == activity.LimitAt && left > 0 && left <= leftOpen {
		l.Left = int((left + time.Second - 1) / time.Second)
		if policy.After.Kind == activity.AfterRequest || policy.After.Kind == activity.AfterSurcharge && held == "" {
			l.Over = "Hors délai"
		}
	}
	return l
}
