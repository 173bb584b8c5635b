package activity

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/town"
)

// previewDay is a day as a family without any quality sees it.
type previewDay struct {
	day    civil.Date
	words  string
	tone   web.Tone
	icon   string
	places string
}

// previewView is « Voir comme une famille »: the first days to come, at one site.
type previewView struct {
	desk
	site town.SiteID
	from civil.Date
	days []previewDay
}

// Bounds of the days that the preview lists.
const (
	previewSpan = 60
	previewDays = 20
)

// nextDay is today while a period runs, else the first day of the next one; today where there is none.
func (d desk) nextDay() civil.Date {
	for _, p := range sorted(d.Periods) {
		if !p.Days.To.Before(d.today) {
			return laterDay(p.Days.From, d.today)
		}
	}
	return d.today
}

// previewed are the days on which the activity takes place, or is closed for a reason to be told.
func (v previewView) previewed(slots map[civil.Date][]Slot, now time.Time) []previewDay {
	var all []previewDay
	u := v.whole()
	for day := v.from; day.Sub(v.from) < previewSpan && len(all) < previewDays; day = day.AddDays(1) {
		why, quiet := v.cat.Why(v.Activity, u, day)
		if quiet {
			continue
		}
		one := previewDay{day: day, tone: web.Outline, icon: "free"}
		period, known := v.PeriodOf(day)
		policy, ruled := PolicyFor(v.Policies, day)
		switch {
		case why != "":
			one.words, one.tone, one.icon = "Fermé : "+why, web.Neutral, "ban"
		case !known || !period.Open || v.State != Open:
			one.words, one.tone, one.icon = "Pas encore ouvert", web.Neutral, "clock"
		case !ruled:
			one.words = "Pas de délai connu"
		case shutSlots(slots[day]) != "":
			one.words, one.tone, one.icon = "Fermé : "+shutSlots(slots[day]), web.Neutral, "ban"
		default:
			one.stand(Decide(policy.Window(v.cat.Ground(v.Activity, u), day, nil), now, Book), v.today)
			one.places = v.leftWords(slots[day])
		}
		all = append(all, one)
	}
	return all
}

// stand says a verdict as the box of the day does.
func (x *previewDay) stand(v Verdict, today civil.Date) {
	switch v.Is {
	case Late:
		x.tone, x.icon = web.Warning, "clock"
		x.words = "Hors délai : " + v.After.Words()
		if v.After.Kind == AfterRequest {
			x.words = "Hors délai : la demande ira au service"
		}
	case TooEarly, TooLate:
		x.tone, x.icon = web.Neutral, "clock"
		x.words = strings.TrimSuffix(v.Sentence(today), ".")
	default:
		x.words = strings.TrimSuffix(v.Sentence(today), ".")
	}
}

// shutSlots is the reason of slots that are all closed.
func shutSlots(slots []Slot) string {
	if len(slots) == 0 || slices.ContainsFunc(slots, func(s Slot) bool { return !s.Closed }) {
		return ""
	}
	return slots[0].Reason
}

// leftWords tells the places left of a day: of each group where the site has groups.
func (d desk) leftWords(slots []Slot) string {
	var all []string
	for _, s := range slots {
		words := placesLeft(s)
		if words == "" || s.Closed {
			continue
		}
		if g, err := d.group(s.Group); err == nil {
			words = g.Name + " : " + words
		}
		all = append(all, words)
	}
	return strings.Join(all, ", ")
}

func placesLeft(s Slot) string {
	n, limited := s.Left()
	switch {
	case !limited:
		return ""
	case n == 0:
		return "Complet"
	case n == 1:
		return "1 place"
	}
	return fmt.Sprintf("%d places", n)
}

func (p Pages) preview(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v previewView, err error) {
		if v.desk, err = p.deskOf(rd, a, ID(r.PathValue("id"))); err != nil {
			return v, err
		}
		v.from = v.nextDay()
		if len(v.Places) > 0 {
			v.site = v.Places[0].Site
		}
		if site := town.SiteID(web.ReadForm(r).Text("lieu")); v.place(site) != nil {
			v.site = site
		}
		slots := map[civil.Date][]Slot{}
		if len(v.Units) > 0 {
			all, err := SlotsOn(rd, []UnitID{v.Units[0].ID}, civil.Range{From: v.from, To: v.from.AddDays(previewSpan)})
			if err != nil {
				return v, err
			}
			for _, s := range all {
				if s.Site == v.site {
					slots[s.Day] = append(slots[s.Day], s)
				}
			}
		}
		v.days = v.previewed(slots, p.Now())
		return v, nil
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, v.page("Voir comme une famille"), previewPage(v))
}
