package app_test

import (
	"context"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"
)

// aTablet is who looks at the pages of a place.
const aTablet = "tablette"

// cookieOf is the cookie that tells who somebody is.
func cookieOf(who string) string {
	if who == aTablet {
		return aTablet
	}
	return account.SessionCookie
}

// beside makes a tab somebody's.
func (l *looker) beside(b *testkit.Browser, who string) {
	l.t.Helper()
	b.SetCookie(l.URL, aTablet, "")
	b.SetCookie(l.URL, cookieOf(who), l.cookies[who])
}

// pairTablet pairs a tablet of a place and returns its token.
func (h *house) pairTablet(site, pin string) (id, token string) {
	h.t.Helper()
	pinHash, err := crypt.HashPassword(context.Background(), pin)
	if err != nil {
		h.t.Fatal(err)
	}
	token, hash := crypt.NewToken()
	leader := actor.Actor{Kind: actor.Agent, Second: true, Account: "agent", Rights: map[actor.Right][]string{attendance.Write: {actor.AllServices}}}
	h.do(func(tx *db.Tx, _ actor.Actor) error {
		_, code, err := attendance.Prepare(tx, h.Now(), leader, attendance.Wanted{Site: town.SiteID(site), Name: "Tablette 2", PinHash: pinHash})
		if err != nil {
			return err
		}
		d, err := attendance.Pair(tx, h.Now(), code, hash)
		id = string(d.ID)
		return err
	})
	return id, token
}

// addTablet pairs a tablet of the place where a child of the demonstration's family is enrolled, and leaves an anomaly.
func (l *looker) addTablet() {
	l.t.Helper()
	today := civil.DateOf(l.Now())
	child, unit, day := l.text(`select b.child from booking b join family_member m on m.family = b.family and m.person = b.child
			where b.family = $1 and b.state = 'booked' order by b.day, b.child, b.unit limit 1`, l.objects["family"]), "", ""
	unit = l.text(`select unit from booking where child = $1 and state = 'booked' order by day, unit limit 1`, child)
	day = l.text(`select day from booking where child = $1 and unit = $2 and state = 'booked' order by day limit 1`, child, unit)
	site := l.text(`select school from child where person = $1`, child)
	l.objects["device"], l.cookies[aTablet] = l.pairTablet(site, "4827")
	l.objects["tablet-child"] = child
	l.do(func(tx *db.Tx, a actor.Actor) error { // whatever the day of the week, the child is here today
		for _, statement := range []string{
			`insert into attendance (child, unit, day, state, noted_at) values ($1, $2, $3, 'present', 1) on conflict do nothing`,
			`insert into attendance_anomaly (id, kind, child, unit, day, made_at) values ('anomalie', 'differ', $1, $2, $3, 1)`} {
			if _, err := tx.Exec(statement, child, unit, today); err != nil {
				return err
			}
		}
		return nil
	})
	l.objects["attendance-anomaly"] = "anomalie"
	l.markedDay = "?enfant=" + child + "&unite=" + unit + "&jour=" + day
	l.objects[web.Object("tablet-group")] = l.tabletGroup()
}

// tabletGroup is a list that the tablet shows.
func (l *looker) tabletGroup() string {
	l.t.Helper()
	href, _ := l.client(aTablet).Get("/tablette").Doc.Find(".t-groups a").First().Attr("href")
	if len(href) < len("/tablette/groupes/") {
		l.t.Fatalf("the tablet shows no list: %s", l.client(aTablet).Get("/tablette").Text("main"))
	}
	return href[len("/tablette/groupes/"):]
}
