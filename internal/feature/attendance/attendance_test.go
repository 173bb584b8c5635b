package attendance_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/activity/activitytest"
	"parvis/internal/feature/attendance"
	"parvis/internal/feature/booking"
	"parvis/internal/feature/family/familytest"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

func TestMarksReachTheAgenda(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, _ := p.tablet("Tablette 1", p.School)
		here, wrong := p.said(1, p.Ines, attendance.Present, ""), p.said(2, p.Jeremy, attendance.Absent, "")
		taken, refused := p.record(p.now, a, here, wrong, here)
		if len(taken) != 3 || len(refused) != 0 {
			t.Fatalf("taken %v, refused %v", taken, refused)
		}
		if p.told(p.Ines) != booking.Present || p.told(p.Jeremy) != booking.Absent {
			t.Errorf("Inès %q, Jérémy %q", p.told(p.Ines), p.told(p.Jeremy))
		}
		p.record(p.now, a, p.said(3, p.Jeremy, attendance.Undo, wrong.ID))
		if p.told(p.Jeremy) != "" {
			t.Errorf("an absence taken back still says %q", p.told(p.Jeremy))
		}
		p.record(p.now, a, p.said(4, p.nour, attendance.Unexpected, ""))
		if p.told(p.nour) != booking.Present {
			t.Error("the unexpected child is not present")
		}
		if diff := cmp.Diff([]string{"unenrolled Nour Haddad"}, p.open()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatOthersWroteComesBack(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, _ := p.tablet("Tablette 1", p.School)
		p.write(func(tx *db.Tx) error { return booking.Tell(tx, p.now, p.Ines, p.unit, p.day, booking.Excused) })
		came := p.said(1, p.Ines, attendance.Present, "")
		p.record(p.now, a, came)
		if p.told(p.Ines) != booking.Present {
			t.Error("a child excused who came is not present")
		}
		p.record(p.now, a, p.said(2, p.Ines, attendance.Undo, came.ID))
		if p.told(p.Ines) != booking.Excused {
			t.Errorf("once taken back: %q, want the excuse again", p.told(p.Ines))
		}
		p.record(p.now, a, p.said(3, p.Ines, attendance.Absent, ""))
		if p.told(p.Ines) != booking.Excused {
			t.Errorf("an excused child marked absent: %q", p.told(p.Ines))
		}
	})
}

func TestWhatATabletMayNotSay(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, _ := p.tablet("Tablette 1", p.School)
		far := p.said(1, p.Ines, attendance.Present, "")
		far.Unit = activitytest.Make(t, d, p.Homes, activitytest.Plan{Name: "Garderie de Pasteur", Sites: []town.SiteID{p.other}}).Units[""]
		p.Catalogue.Invalidate()
		elsewhere, _ := p.tablet("Tablette 9", p.other)
		youth := familytest.AgentOf(p.Youth, attendance.Write)
		old, soon := p.said(1, p.Ines, attendance.Present, ""), p.said(1, p.Ines, attendance.Present, "")
		old.Day, soon.Day = p.day.AddDays(-8), p.day.AddDays(1)
		odd, nameless := p.said(1, p.Ines, "dormi", ""), p.said(1, p.Ines, attendance.Present, "")
		nameless.ID = "1"
		stray := p.said(1, p.Ines, attendance.Present, "")
		stray.Unit = "00000000-0000-7000-8000-000000000000"
		for name, m := range map[string]attendance.Mark{"a child of another place": p.said(1, p.zoe, attendance.Present, ""), "too late": old, "too soon": soon,
			"no such mark": odd, "no name": nameless, "no such unit": stray, "undo of nothing": p.said(1, p.Ines, attendance.Undo, "")} {
			if _, refused := p.record(p.now, a, m); len(refused) != 1 {
				t.Errorf("%s: taken", name)
			}
		}
		if _, refused := p.record(p.now, elsewhere, p.said(1, p.Ines, attendance.Present, "")); len(refused) != 1 {
			t.Error("a tablet of another place marks a child of this one")
		}
		if _, refused := p.record(p.now, a, far); len(refused) != 1 {
			t.Error("an activity of another place is marked here")
		}
		service := func(id town.ServiceID) {
			p.write(func(tx *db.Tx) error {
				_, err := tx.Exec(`update activity set service = $1 where id = $2`, string(id), string(p.ID))
				return err
			})
			p.Catalogue.Invalidate()
		}
		service(p.Youth)
		if _, refused := p.record(p.now, a, p.said(1, p.Ines, attendance.Present, "")); len(refused) != 1 {
			t.Error("an activity of a service that the tablet does not show is marked")
		}
		service(p.Service)
		if p.told(p.Ines) != "" || p.told(p.zoe) != "" {
			t.Error("what was refused is written")
		}
		forged := actor.Actor{Kind: actor.Device, Account: "00000000-0000-7000-8000-000000000000"}
		for name, who := range map[string]actor.Actor{"an agent": p.leader(), "nobody": {}, "a parent": persontest.Citizen(p.Camille), "no such tablet": forged} {
			err := db.Do(context.Background(), d, func(tx *db.Tx) error {
				_, _, err := attendance.Record(tx, p.now, who, p.catalogue(), []attendance.Mark{p.said(1, p.Ines, attendance.Present, "")})
				return err
			})
			if k := fault.KindOf(err); k != fault.Forbidden && k != fault.NotFound {
				t.Errorf("%s records: %v", name, err)
			}
		}
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			return attendance.Revoke(tx, p.now, youth, attendance.DeviceID(a.Account))
		}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an agent of another service ends a tablet: %v", err)
		}
		p.write(func(tx *db.Tx) error {
			return attendance.Revoke(tx, p.now, p.leader(), attendance.DeviceID(a.Account))
		})
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, _, err := attendance.Record(tx, p.now, a, p.catalogue(), []attendance.Mark{p.said(1, p.Ines, attendance.Present, "")})
			return err
		}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a revoked tablet records: %v", err)
		}
	})
}

func TestCodesServeOnceAndTenMinutes(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		prepare := func() (code string) {
			p.write(func(tx *db.Tx) (err error) {
				_, code, err = attendance.Prepare(tx, p.now, p.leader(), attendance.Wanted{Site: p.School, Name: "Tablette", PinHash: "x"})
				return err
			})
			return code
		}
		pair := func(now time.Time, code, token string) error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error { _, err := attendance.Pair(tx, now, code, token); return err })
		}
		code := prepare()
		if err := pair(p.now.Add(10*time.Minute), code, "a"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("after ten minutes: %v", err)
		}
		if err := pair(p.now.Add(9*time.Minute), " "+code[:4]+"-"+code[4:]+" ", "b"); err != nil {
			t.Errorf("typed with a dash: %v", err)
		}
		if err := pair(p.now.Add(9*time.Minute), code, "c"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a second time: %v", err)
		}
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			_, _, err := attendance.Prepare(tx, p.now, familytest.Agent(attendance.Read), attendance.Wanted{Site: p.School, Name: "T", PinHash: "x"})
			return err
		}); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("without the right: %v", err)
		}
	})
}

func TestTwoTabletsThatDiffer(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		one, _ := p.tablet("Tablette 1", p.School)
		two, _ := p.tablet("Tablette 2", p.School)
		here := p.said(3, p.Ines, attendance.Present, "")
		p.record(p.now, one, here)
		p.record(p.now, two, p.said(2, p.Ines, attendance.Absent, ""))
		if p.told(p.Ines) != booking.Present {
			t.Error("what was said last does not win over what came last")
		}
		if diff := cmp.Diff([]string{"differ Inès Martin-Nguyễn"}, p.open()); diff != "" {
			t.Error(diff)
		}
		p.record(p.now, one, p.said(4, p.Ines, attendance.Undo, here.ID))
		if len(p.open()) != 0 || p.told(p.Ines) != booking.Absent {
			t.Errorf("once taken back: %v, %q", p.open(), p.told(p.Ines))
		}
		p.write(func(tx *db.Tx) error {
			_, err := tx.Exec(`update booking set state = 'cancelled' where child = $1`, string(p.Jeremy))
			return err
		})
		p.record(p.now, two, p.said(5, p.Jeremy, attendance.Present, ""))
		if diff := cmp.Diff([]string{"cancelled Jérémy Martin-Nguyễn"}, p.open()); diff != "" {
			t.Error(diff)
		}
		cat := p.catalogue()
		all, err := db.Read(context.Background(), d, func(r db.Reader) ([]attendance.Anomaly, error) { return attendance.Anomalies(r, p.leader(), cat) })
		if err != nil {
			t.Fatal(err)
		}
		close := func(a actor.Actor) error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error { return attendance.Close(tx, p.now, a, cat, all[0].ID, "Vu") })
		}
		if err := close(familytest.AgentOf(p.Youth, attendance.Write)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an agent of another service closes it: %v", err)
		}
		if err := close(familytest.AgentOf(p.Service, attendance.Read)); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a reader closes it: %v", err)
		}
		if err := close(p.leader()); err != nil {
			t.Fatal(err)
		}
		p.record(p.now, two, p.said(6, p.Jeremy, attendance.Present, ""))
		if len(p.open()) != 0 {
			t.Errorf("what an agent closed is open again: %v", p.open())
		}
	})
}

func TestAnAgentSpeaksLastWithAReason(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, _ := p.tablet("Tablette 1", p.School)
		p.record(p.now, a, p.said(1, p.Ines, attendance.Present, ""))
		cat := p.catalogue()
		correct := func(who actor.Actor, m attendance.Mend) error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error {
				return attendance.Correct(tx, p.now.AddDate(0, 0, 3), who, cat, m)
			})
		}
		m := attendance.Mend{Key: attendance.Key{Child: p.Ines, Unit: p.unit, Day: p.day}, Kind: attendance.Absent, Reason: "Confondue avec sa sœur"}
		mute, stranger := m, m
		mute.Reason = ""
		stranger.Child = p.zoe
		if err := correct(p.leader(), mute); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		if err := correct(p.leader(), stranger); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a child that nothing ties to the canteen: %v", err)
		}
		if err := correct(familytest.AgentOf(p.Youth, attendance.Write), m); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an agent of another service: %v", err)
		}
		if err := correct(p.leader(), m); err != nil {
			t.Fatal(err)
		}
		if p.told(p.Ines) != booking.Absent {
			t.Errorf("corrected: %q", p.told(p.Ines))
		}
		m.Kind = attendance.Undo
		if err := correct(p.leader(), m); err != nil {
			t.Fatal(err)
		}
		if p.told(p.Ines) != "" {
			t.Errorf("all taken back: %q", p.told(p.Ines))
		}
	})
}

func TestFamiliesAnswer(t *testing.T) {
	testkit.EachEngine(t, attendance.Sources(), func(t *testing.T, d *db.DB) {
		p := newPlace(t, d)
		a, _ := p.tablet("Tablette 1", p.School)
		p.record(p.now, a, p.said(1, p.Jeremy, attendance.Absent, ""), p.said(1, p.Ines, attendance.Present, ""))
		k := attendance.Key{Child: p.Jeremy, Unit: p.unit, Day: p.day}
		dispute := func(who actor.Actor, k attendance.Key, word string) error {
			return db.Do(context.Background(), d, func(tx *db.Tx) error { return attendance.Dispute(tx, p.now, who, k, word) })
		}
		untold := k
		untold.Day = p.day.AddDays(-1)
		if err := dispute(persontest.Citizen(p.Camille), untold, "Il était là"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("nothing was said of that day: %v", err)
		}
		foreign := k
		foreign.Child = p.Ines
		if err := dispute(persontest.Citizen(p.Bruno), foreign, "Elle était là"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("another family's child: %v", err)
		}
		if err := dispute(persontest.Citizen(p.Camille), k, ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("without a word: %v", err)
		}
		for _, who := range []actor.Actor{persontest.Citizen(p.Camille), persontest.Citizen(p.Bruno)} {
			if err := dispute(who, k, "Il était là, mot de "+string(who.Person)); err != nil {
				t.Fatal(err)
			}
		}
		if got := p.open(); len(got) != 2 {
			t.Errorf("two parents, two words: %v", got)
		}
		if p.told(p.Jeremy) != booking.Absent {
			t.Error("a word changes what was said")
		}
		n, oldest, err := countOpen(d, p.leader())
		if err != nil || n != 2 || oldest.IsZero() {
			t.Errorf("the queue counts %d since %v: %v", n, oldest, err)
		}
		if n, _, _ := countOpen(d, familytest.AgentOf(p.Youth, attendance.Read)); n != 0 {
			t.Errorf("another service counts %d", n)
		}
	})
}

func countOpen(d *db.DB, a actor.Actor) (n int, oldest civil.Instant, err error) {
	_, err = db.Read(context.Background(), d, func(r db.Reader) (bool, error) {
		n, oldest, err = attendance.CountAnomalies(r, a)
		return true, err
	})
	return n, oldest, err
}

func TestFoldReadsASet(t *testing.T) {
	k := attendance.Key{Child: "c", Unit: activity.UnitID("u"), Day: civil.NewDate(2027, 1, 8)}
	m := func(id string, kind attendance.Kind, said int64, target string) attendance.Mark {
		return attendance.Mark{ID: id, Key: k, Kind: kind, At: civil.Instant(said), SaidAt: civil.Instant(said), Target: target, Device: "d"}
	}
	for name, c := range map[string]struct {
		marks []attendance.Mark
		want  attendance.Folded
	}{
		"nothing":                {nil, attendance.Folded{}},
		"present then left":      {[]attendance.Mark{m("a", attendance.Present, 1, ""), m("b", attendance.Left, 2, "")}, attendance.Folded{State: booking.Present, Arrived: 1, Left: 2, Last: "b"}},
		"left taken back":        {[]attendance.Mark{m("a", attendance.Present, 1, ""), m("b", attendance.Left, 2, ""), m("c", attendance.Undo, 3, "b")}, attendance.Folded{State: booking.Present, Arrived: 1, Last: "a"}},
		"undo before its target": {[]attendance.Mark{m("c", attendance.Undo, 1, "b"), m("b", attendance.Absent, 2, "")}, attendance.Folded{}},
		"same moment: by id":     {[]attendance.Mark{m("a", attendance.Present, 1, ""), m("b", attendance.Absent, 1, "")}, attendance.Folded{State: booking.Absent, Last: "b"}},
		"an undo is not undone":  {[]attendance.Mark{m("a", attendance.Present, 1, ""), m("b", attendance.Undo, 2, "a"), m("c", attendance.Undo, 3, "b")}, attendance.Folded{}},
	} {
		backwards := slices.Clone(c.marks)
		slices.Reverse(backwards)
		for _, marks := range [][]attendance.Mark{c.marks, backwards, append(slices.Clone(c.marks), c.marks...)} {
			got := attendance.Fold(marks)
			want := c.want
			if got.State != want.State || got.Arrived != want.Arrived || got.Left != want.Left || got.Last != want.Last {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
		}
	}
}
