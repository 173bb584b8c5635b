package booking_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
)

// twoSites is a workshop of one place at each of two schools, where children are received at their own.
func (w *inLine) twoSites() town.SiteID {
	w.t.Helper()
	other, err := db.Write(context.Background(), w.d, func(tx *db.Tx) (town.SiteID, error) {
		return town.AddSite(tx, persontest.Now(), actor.Job("test"), town.Site{Name: "Élémentaire Les Tilleuls", Kind: town.School})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	one := 1
	w.add(w.t, activitytest.Plan{Name: "Atelier", Capacity: &one, Sites: []town.SiteID{w.School, other}, Units: []activity.Unit{{Weekdays: workdays(), From: 990, To: 1080, Alone: true}},
		Policy: policyOf(activity.AfterRefuse, rule(activity.Book, 1, activity.Days, 720))})
	w.set(`update enrolment set site = null`)
	return other
}

// at is a newcomer of the workshop at another school.
func (w *inLine) at(site town.SiteID) client {
	c := w.newcomer("Atelier")
	w.set(`update enrolment set site = $2 where child = $1`, string(c.Child), string(site))
	return c
}

func (w *inLine) sweep() {
	w.t.Helper()
	l := booking.List{DB: w.d, Now: func() time.Time { return w.now }, Catalogue: &activity.Cache{DB: w.d}}
	for _, h := range l.Handlers() {
		if h.Kind == booking.JobSweep {
			if err := h.Run(context.Background(), nil); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func TestAWishFollowsAChildWhoChangesSchoolWithItsDate(t *testing.T) {
	eachLine(t, func(w *inLine) {
		other, day, only := w.twoSites(), w.day(2), w.only("Atelier")
		ask := func(a actor.Actor, c family.ChildID) string {
			return w.ask(a, booking.Order{}, w.wish(c, "Atelier", day, only))
		}
		there := w.at(other)
		w.want("Léo, here", ask(w.bruno(), w.leo), "booked")
		w.want("who is there", ask(there.Actor, there.Child), "booked")
		w.want("Jérémy, here", ask(w.camille(), w.Jeremy), "joined")
		w.want("Inès, here", ask(w.camille(), w.Ines), "joined")
		next := w.at(other)
		w.want("the next, there", ask(next.Actor, next.Child), "joined")
		w.set(`update child set school = $2 where person = $1`, string(w.Jeremy), string(other))
		w.now = w.now.Add(time.Hour)
		w.sweep()
		w.want("waits still", w.states(w.Jeremy, "Atelier", day), "waiting")
		if n := w.mails(booking.MailFollowed); n != 2 {
			w.t.Errorf("%d mails that it followed, want one to each of the two heads", n)
		}
		page := portal(w.t, w.d).As(w.camille()).Get("/espace/places").Text("main")
		if !strings.Contains(page, "rang 1") {
			w.t.Errorf("the rank there: %s", page)
		}
		if n := w.count(`select count(*) from booking_line where list = 'joined' and child = $1 and why like '%Les Tilleuls%garde sa date'`, string(w.Jeremy)); n != 1 {
			w.t.Errorf("%d lines of proof", n)
		}
		w.sweep()
		if n := w.mails(booking.MailFollowed); n != 2 {
			w.t.Errorf("%d mails after a second sweep", n)
		}
		w.want("who is there leaves", w.ask(there.Actor, booking.Order{}, w.none(there.Child, "Atelier", day)), "cancelled")
		w.want("Jérémy asked before the next", w.states(w.Jeremy, "Atelier", day)+" "+w.states(next.Child, "Atelier", day), "booked waiting")
		w.want("Léo leaves", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Atelier", day)), "cancelled")
		w.want("Inès was behind Jérémy here", w.states(w.Ines, "Atelier", day), "booked")
	})
}

func TestAWishEndsWhereTheNewSchoolHasNoSuchDay(t *testing.T) {
	eachLine(t, func(w *inLine) {
		other, day, only := w.twoSites(), w.day(2), w.only("Atelier")
		w.set(`delete from slot where site = $1 and day = $2`, string(other), day)
		w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Atelier", day, only))
		w.want("together", w.ask(w.camille(), booking.Order{Together: true}, w.wish(w.Jeremy, "Atelier", day, only), w.wish(w.Ines, "Atelier", day, only)), "joined joined")
		w.set(`update child set school = $2 where person = $1`, string(w.Jeremy), string(other))
		w.sweep()
		w.want("both end", w.states(w.Jeremy, "Atelier", day)+" "+w.states(w.Ines, "Atelier", day), "refused refused")
		if n := w.mails(booking.MailLapsed); n != 2 {
			w.t.Errorf("%d mails that it ended, want 2", n)
		}
		if n := w.count(`select count(*) from booking where state = 'refused' and reason like '%lieu d’accueil a changé%' or reason like 'Le lieu d’accueil de l’enfant a changé%'`); n != 2 {
			w.t.Errorf("%d say why", n)
		}
		if n := w.count(`select count(*) from slot where waited = true`); n != 0 {
			w.t.Errorf("%d slots still say that somebody waits", n)
		}
	})
}

func TestAChildWhoChangesGroupKeepsItsWish(t *testing.T) {
	eachLine(t, func(w *inLine) {
		day, only := w.day(2), w.only("Garderie")
		w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Garderie", day, only))
		w.want("Jérémy", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Garderie", day, only)), "joined")
		w.set(`insert into activity_group (id, activity, site, name, folded, levels, capacity) values ('g', $1, $2, 'Les grands', 'les grands', 'CM1', 1)`, string(w.byName["Garderie"].ID), string(w.School))
		w.set(`insert into slot (id, unit, site, grp, day, capacity) values ('s', $1, $2, 'g', $3, 1)`, string(only), string(w.School), day)
		w.sweep()
		w.want("the new group has a place", w.states(w.Jeremy, "Garderie", day), "booked")
		if n := w.count(`select count(*) from booking where slot = 's' and state = 'booked'`); n != 1 {
			w.t.Errorf("%d hold the new place", n)
		}
	})
}

func TestTwoFilesThatWaitForTheSameDayAreMergedAndUndone(t *testing.T) {
	eachLine(t, func(w *inLine) {
		day, only := w.day(2), w.only("Garderie")
		w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Garderie", day, only))
		w.want("asked first", w.ask(w.camille(), booking.Order{}, w.wish(w.Ines, "Garderie", day, only)), "joined")
		between := w.newcomer("Garderie")
		w.want("between", w.ask(between.Actor, booking.Order{}, w.wish(between.Child, "Garderie", day, only)), "joined")
		w.want("asked last", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Garderie", day, only)), "joined")
		before := w.dump()
		part, u := booking.MergePart(), person.Union{Of: person.OneHuman, Keep: string(w.Jeremy), Gone: string(w.Ines)}
		var kept []revert.Change
		w.do(func(tx *db.Tx) error {
			l := revert.New(tx)
			_, err := part.Move(l, w.now, u)
			kept = l.Changes()
			return err
		})
		if n := w.count(`select count(*) from booking where state = 'waiting' and child = $1`, string(w.Jeremy)); n != 1 || w.states(w.Ines, "Garderie", day) != "" {
			w.t.Fatalf("%d wishes of one child", n)
		}
		if got := w.count(`select (select count(*) from booking o where o.wants = b.wants and o.state = 'waiting' and o.made_at <= b.made_at) from booking b where b.child = $1 and b.state = 'waiting'`, string(w.Jeremy)); got != 1 {
			w.t.Errorf("rank %d, want that of the first asking", got)
		}
		w.do(func(tx *db.Tx) error {
			if err := part.Ready(tx, kept); err != nil {
				return err
			}
			left, err := revert.Back(tx, kept)
			if err != nil || len(left) != 0 {
				w.t.Errorf("left %v", left)
				return err
			}
			_, err = part.Restored(tx, w.now, kept, left)
			return err
		})
		if after := w.dump(); after != before {
			w.t.Errorf("undone, it is not what it was:\n%s\nbefore:\n%s", after, before)
		}
		w.want("Léo leaves", w.ask(w.bruno(), booking.Order{}, w.none(w.leo, "Garderie", day)), "cancelled")
		w.want("the first asked", w.states(w.Ines, "Garderie", day)+" "+w.states(between.Child, "Garderie", day)+" "+w.states(w.Jeremy, "Garderie", day), "booked waiting waiting")
	})
}

// dump is all bookings and what their slots say, in words.
func (w *inLine) dump() string {
	w.t.Helper()
	all, err := db.Read(context.Background(), w.d, func(r db.Reader) ([]string, error) {
		return db.List(r, db.Column[string], `select b.id || ' ' || b.child || ' ' || b.unit || ' ' || b.day || ' ' || b.family || ' ' || b.state || ' ' || coalesce(b.slot, '-') || ' ' ||
			coalesce(b.wants, '-') || ' ' || b.made_at || ' ' || coalesce(b.choice, '-') || ' ' || b.together || ' ' || coalesce(s.taken, -1) || ' ' || coalesce(case when s.waited = true then 'w' else '' end, '')
			from booking b left join slot s on s.id = coalesce(b.slot, b.wants) order by b.id`)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

func TestWhatCannotWaitIsSaidWithWhatToDo(t *testing.T) {
	eachLine(t, func(w *inLine) {
		day := w.day(3)
		morning, whole := w.choice(t, "Mercredi", "Matin"), w.choice(t, "Mercredi", "Journée")
		w.want("Léo", w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Mercredi", day, w.choice(t, "Mercredi", "Après-midi"))), "booked")
		w.want("Jérémy", w.ask(w.camille(), booking.Order{}, w.wish(w.Jeremy, "Mercredi", day, morning)), "booked")
		more := w.wish(w.Jeremy, "Mercredi", day, whole)
		more.Seen, more.Queue = booking.Token("booked."+string(morning)), true
		w.refused("a change that is full", "« Matin » reste réservé. Un changement ne s’attend pas sur une liste : appelez le service", more)
		w.want("Léo, evening", w.ask(w.bruno(), booking.Order{}, w.wish(w.leo, "Garderie", w.day(2), w.only("Garderie"))), "booked")
		care, snack := w.wish(w.Jeremy, "Garderie", w.day(2), w.only("Garderie")), w.wish(w.Jeremy, "Goûter", w.day(2), w.only("Goûter"))
		w.want("the care waits, the snack leans on it", w.ask(w.camille(), booking.Order{}, care, snack), "joined none")
		w.refused("asked again", "« Garderie » attend une place ce jour-là : demandez de nouveau quand elle sera réservée", snack)
	})
}

// refused orders one wish of Camille's and wants what is said of it.
func (w *inLine) refused(what, says string, x booking.Wish) {
	w.t.Helper()
	out, err := w.apply(w.now, w.camille(), booking.Order{Wishes: []booking.Wish{x}})
	if err != nil || len(out.Lines) != 1 || out.Lines[0].Did != booking.DidNone || !strings.Contains(strings.ReplaceAll(out.Lines[0].Why, "\u00a0", " "), says) {
		w.t.Errorf("%s: %+v %v", what, out.Lines, err)
	}
}
