package audit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

func TestSearch(t *testing.T) {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		nadia, omar := actor.Actor{Kind: actor.Agent, Account: "nadia"}, actor.Actor{Kind: actor.Agent, Account: "omar"}
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			for i, line := range []struct {
				a actor.Actor
				e audit.Entry
			}{
				{nadia, audit.Entry{Action: "a.changed", Object: "person", ID: "camille", Subject: "camille", Detail: "0"}},
				{omar, audit.Entry{Action: "a.changed", Object: "person", ID: "sacha", Subject: "sacha", Detail: "1"}},
				{nadia, audit.Entry{Action: "f.made", Object: "family", ID: "martin", Detail: "2"}},
				{nadia, audit.Entry{Action: "f.looked", Object: "family", ID: "martin", Detail: "3"}},
				{omar, audit.Entry{Action: "f.member", Object: "family", ID: "martin", Subject: "sacha", Detail: "4"}},
			} {
				if err := audit.Write(tx, start.Add(time.Duration(i)*time.Hour), line.a, line.e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		hour := func(n int) civil.Instant { return civil.InstantOf(start.Add(time.Duration(n) * time.Hour)) }
		last := search(t, d, audit.Filter{}, 2)
		for name, c := range map[string]struct {
			filter audit.Filter
			want   string
		}{
			"all, latest first":    {audit.Filter{}, "43210"},
			"the page after":       {audit.Filter{Before: audit.CursorOf(last[1])}, "210"},
			"one person":           {audit.Filter{Subjects: []string{"sacha"}}, "41"},
			"two people":           {audit.Filter{Subjects: []string{"sacha", "camille"}}, "410"},
			"one object":           {audit.Filter{Object: "family", ObjectID: "martin"}, "432"},
			"one agent":            {audit.Filter{Account: "omar"}, "41"},
			"one act":              {audit.Filter{Action: "a.changed"}, "10"},
			"a period":             {audit.Filter{From: hour(1), To: hour(3)}, "21"},
			"an act of an agent":   {audit.Filter{Account: "omar", Action: "a.changed"}, "1"},
			"nothing of that kind": {audit.Filter{Account: "omar", Action: "f.made"}, ""},
		} {
			if diff := cmp.Diff(c.want, details(search(t, d, c.filter, 50))); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		about, err := db.Read(context.Background(), d, func(r db.Reader) ([]audit.Event, error) {
			return audit.About(r, "family", "martin", []string{"camille", "sacha"}, 50, "f.looked")
		})
		if err != nil || details(about) != "4210" {
			t.Errorf("about a family and its people: %q, %v", details(about), err)
		}
	})
}

func search(t *testing.T, d *db.DB, f audit.Filter, limit int) []audit.Event {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]audit.Event, error) { return audit.Search(r, f, limit) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func details(all []audit.Event) string {
	var b strings.Builder
	for _, e := range all {
		b.WriteString(e.Entry.Detail)
	}
	return b.String()
}

// TestSearchUsesIndexes reads the plans of a long journal: none reads it whole.
func TestSearchUsesIndexes(t *testing.T) {
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		fill(t, d, 20_000)
		start := civil.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		day := 24 * time.Hour
		for name, where := range map[string]string{
			"all":      `id <> ''`,
			"page":     fmt.Sprintf(`(at, id) < (%d, 'x')`, start.Add(day)),
			"period":   fmt.Sprintf(`at >= %d and at < %d`, start.Add(day), start.Add(2*day)),
			"subject":  `subject in ('p17', 'p18')`,
			"object":   `object = 'person' and object_id = 'p17'`,
			"account":  `account = 'a7'`,
			"action":   `action = 'rare.act'`,
			"combined": fmt.Sprintf(`account = 'a7' and action = 'rare.act' and at >= %d`, start.Add(day)),
		} {
			plan := explain(t, d, `select id, at, kind, actor, account, person, via, action, object, object_id, subject, detail, sealed_at
				from audit_event where `+where+` order by at desc, id desc limit 51`)
			if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN audit_event") && !strings.Contains(plan, "USING INDEX") {
				t.Errorf("%s reads the whole journal: %s", name, plan)
			}
		}
	})
}

// fill writes lines without the verbs' cost: a hundred agents, a thousand people, one rare act in a thousand.
func fill(t *testing.T, d *db.DB, lines int) {
	t.Helper()
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into audit_event (id, at, kind, actor, account, person, via, action, object, object_id, subject, detail, sealed_at)
			with recursive n (i) as (select 0 union all select i + 1 from n where i < cast($1 as bigint) - 1)
			select 'line-' || (10000000 + i), cast($2 as bigint) + cast(i as bigint) * 60000000, 'change', 'agent', 'a' || (i % 100), '', '', case when i % 1000 = 0 then 'rare.act' else 'common.act' end,
				'person', 'p' || (i % 1000), 'p' || (i % 1000), '', 1 from n`,
			lines, int64(civil.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))))
		if err != nil {
			return err
		}
		_, err = tx.Exec(`analyze audit_event`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func explain(t *testing.T, d *db.DB, query string) string {
	t.Helper()
	lines, err := db.Read(context.Background(), d, func(r db.Reader) ([]string, error) {
		if lines, err := db.List(r, func(s db.Scanner) (string, error) {
			var id, parent, unused int64
			var detail string
			err := s.Scan(&id, &parent, &unused, &detail)
			return detail, err
		}, `explain query plan `+query); err == nil {
			return lines, nil
		}
		return nil, nil
	})
	if err == nil && len(lines) == 0 {
		lines, err = db.Read(context.Background(), d, func(r db.Reader) ([]string, error) { return db.List(r, db.Column[string], `explain `+query) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
