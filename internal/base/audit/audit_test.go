package audit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

var (
	start  = time.Date(2027, 1, 12, 9, 0, 0, 0, time.UTC)
	parent = actor.Actor{Kind: actor.Citizen, Account: "acc-1", Person: "per-1", Name: "Camille Martin"}
	clerk  = actor.Actor{Kind: actor.Agent, Account: "acc-2", Person: "per-2"}
)

func write(t *testing.T, d *db.DB, from, n int) {
	t.Helper()
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		for i := from; i < from+n; i++ {
			err := audit.Write(tx, start.Add(time.Duration(i)*time.Second), parent, audit.Entry{
				Action: "person.contact.changed", Object: "person", ID: fmt.Sprint(i), Subject: "per-1", Detail: "email"})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, d *db.DB) int {
	t.Helper()
	n, err := audit.Seal(context.Background(), d, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func verify(t *testing.T, d *db.DB, heads ...audit.Head) audit.Report {
	t.Helper()
	r, err := audit.Verify(context.Background(), d, heads...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func column[T any](t *testing.T, d *db.DB, query string, args ...any) []T {
	t.Helper()
	all, err := db.Read(context.Background(), d, func(r db.Reader) ([]T, error) {
		return db.List(r, db.Column[T], query, args...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLinesAreReadBack(t *testing.T) {
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		err := db.Do(ctx, d, func(tx *db.Tx) error {
			err := audit.Write(tx, start, parent, audit.Entry{Action: "person.contact.changed", Object: "person",
				ID: "per-9", Subject: "per-9", Detail: "email"})
			if err != nil {
				return err
			}
			return audit.Read(tx, start.Add(time.Second), clerk, audit.Entry{Action: "child.health.read", Object: "child",
				ID: "chi-1", Subject: "per-9"})
		})
		if err != nil {
			t.Fatal(err)
		}
		type short struct {
			Kind           audit.Kind
			Actor, Account string
			Action         string
		}
		read := func(list func(db.Reader) ([]audit.Event, error)) (all []short) {
			events, err := db.Read(ctx, d, list)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				all = append(all, short{e.Kind, e.Actor, e.Account, e.Entry.Action})
			}
			return all
		}
		change := short{audit.Change, "citizen", "acc-1", "person.contact.changed"}
		look := short{audit.Look, "agent", "acc-2", "child.health.read"}
		subject := read(func(r db.Reader) ([]audit.Event, error) { return audit.ForSubject(r, "per-9", 10) })
		if diff := cmp.Diff([]short{look, change}, subject); diff != "" {
			t.Errorf("for subject (-want +got)\n%s", diff)
		}
		object := read(func(r db.Reader) ([]audit.Event, error) { return audit.ForObject(r, "child", "chi-1", 10) })
		if diff := cmp.Diff([]short{look}, object); diff != "" {
			t.Errorf("for object (-want +got)\n%s", diff)
		}
		by := read(func(r db.Reader) ([]audit.Event, error) { return audit.ForActor(r, "acc-1", 10) })
		if diff := cmp.Diff([]short{change}, by); diff != "" {
			t.Errorf("for actor (-want +got)\n%s", diff)
		}
		if len(column[string](t, d, `select id from audit_event where detail like '%Camille%' or account like '%Camille%'`)) > 0 {
			t.Error("a name was written")
		}
	})
}

func TestALineLivesAndDiesWithItsVerb(t *testing.T) {
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			if err := audit.Write(tx, start, parent, audit.Entry{Action: "a", Object: "o"}); err != nil {
				return err
			}
			return fmt.Errorf("the verb fails")
		})
		if err == nil || len(column[string](t, d, `select id from audit_event`)) != 0 {
			t.Errorf("a line outlived its verb (%v)", err)
		}
	})
}

func TestSealing(t *testing.T) {
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		if r := verify(t, d); !r.OK() || r.Links != 0 {
			t.Errorf("empty: %+v", r)
		}
		write(t, d, 0, 450)
		if r := verify(t, d); r.Unsealed != 450 {
			t.Errorf("before: %+v", r)
		}
		if n := seal(t, d); n != 450 {
			t.Errorf("sealed %d, want 450", n)
		}
		write(t, d, 450, 3)
		if n := seal(t, d); n != 3 {
			t.Errorf("sealed %d, want 3", n)
		}
		if n := seal(t, d); n != 0 {
			t.Errorf("sealed %d, want 0", n)
		}
		if r := verify(t, d); !r.OK() || r.Links != 453 || r.Unsealed != 0 {
			t.Errorf("after: %+v", r)
		}
	})
}

// Every way the owner of the database has of altering the past is found.
func TestTampering(t *testing.T) {
	size := 60
	if os.Getenv("PARVIS_DEEP") == "1" {
		size = 1000
	}
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		ctx, key := context.Background(), crypt.NewKey()
		write(t, d, 0, size)
		seal(t, d)
		head, err := audit.ExportHead(ctx, d, key, start)
		if err != nil {
			t.Fatal(err)
		}
		ids := column[string](t, d, `select event from audit_chain order by seq`)
		found := func(name string, heads ...audit.Head) {
			t.Helper()
			if verify(t, d, heads...).OK() {
				t.Errorf("%s: not found", name)
			}
		}
		clean := func(name string) {
			t.Helper()
			if r := verify(t, d, head); !r.OK() {
				t.Fatalf("after %s was undone: %+v", name, r.Problems)
			}
		}
		clean("nothing")
		columns := []string{"action", "object", "object_id", "subject", "detail", "account", "person", "via"}
		for i, id := range ids {
			col := columns[i%len(columns)]
			old := column[string](t, d, `select `+col+` from audit_event where id = $1`, id)[0]
			exec(t, d, `update audit_event set `+col+` = $1 where id = $2`, old+"x", id)
			found("edit of "+col, head)
			exec(t, d, `update audit_event set `+col+` = $1 where id = $2`, old, id)
		}
		clean("edits")

		exec(t, d, `update audit_event set sealed_at = null where id = $1`, ids[5])
		found("a line unmarked")
		seal(t, d)
		clean("unmarking")

		exec(t, d, `insert into audit_event (id, at, kind, actor, account, person, via, action, object, object_id, subject,
			detail, sealed_at) values ('x', 1, 'change', 'agent', '', '', '', 'a', 'o', '', '', '', 1)`)
		found("a line added as if sealed")
		exec(t, d, `delete from audit_event where id = 'x'`)
		clean("adding")

		exec(t, d, `update audit_chain set event = 'tmp' where seq = 10`)
		exec(t, d, `update audit_chain set event = $1 where seq = 11`, ids[9])
		exec(t, d, `update audit_chain set event = $1 where seq = 10`, ids[10])
		found("two links exchanged")
		exec(t, d, `update audit_chain set event = 'tmp' where seq = 10`)
		exec(t, d, `update audit_chain set event = $1 where seq = 11`, ids[10])
		exec(t, d, `update audit_chain set event = $1 where seq = 10`, ids[9])
		clean("exchange")

		exec(t, d, `update audit_chain set at = at + 1 where seq = 10`)
		found("a link's moment changed")
		exec(t, d, `update audit_chain set at = at - 1 where seq = 10`)
		hash := column[[]byte](t, d, `select hash from audit_chain where seq = 10`)[0]
		exec(t, d, `update audit_chain set hash = $1 where seq = 10`, []byte("another"))
		found("a link's hash changed")
		exec(t, d, `update audit_chain set hash = $1 where seq = 10`, hash)
		clean("changes of a link")

		// The cunning one cuts the tail everywhere: chain, lines and head.
		exec(t, d, `delete from audit_chain where seq > 50`)
		found("a tail cut off the chain only")
		for _, id := range ids[50:] {
			exec(t, d, `delete from audit_event where id = $1`, id)
		}
		exec(t, d, `update audit_head set seq = 50, hash = (select hash from audit_chain where seq = 50)`)
		if !verify(t, d).OK() {
			t.Error("a tail cut off everywhere cannot be found without a head: the test is wrong")
		}
		found("a tail cut off everywhere", head)

		// The more cunning one then writes it anew.
		write(t, d, size, 10)
		seal(t, d)
		if !verify(t, d).OK() {
			t.Error("a new tail cannot be found without a head: the test is wrong")
		}
		found("a tail written anew", head)
	})
}

func TestDeletedLinesAreMissedOneByOne(t *testing.T) {
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		size := 30
		write(t, d, 0, size)
		seal(t, d)
		ids := column[string](t, d, `select event from audit_chain order by seq`)
		rand.Shuffle(size, func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		for i, id := range ids {
			exec(t, d, `delete from audit_event where id = $1`, id)
			if n := len(verify(t, d).Problems); n != i+1 {
				t.Fatalf("%d lines deleted, %d problems", i+1, n)
			}
		}
	})
}

func TestPurgeLeavesAProof(t *testing.T) {
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		write(t, d, 0, 20)
		seal(t, d)
		write(t, d, 20, 1)
		n, err := db.Write(ctx, d, func(tx *db.Tx) (int64, error) {
			return audit.Purge(tx, start.Add(time.Hour), actor.Job("audit"), start.Add(10*time.Second))
		})
		if err != nil || n != 10 {
			t.Fatalf("purged %d, %v; want 10", n, err)
		}
		seal(t, d)
		if r := verify(t, d); !r.OK() || r.Purged != 10 || r.Links != 22 {
			t.Errorf("after the purge: %+v", r)
		}
		exec(t, d, `delete from audit_event where object_id = '15'`)
		if verify(t, d).OK() {
			t.Error("a line deleted beside the purge was not missed")
		}
	})
}

// A hash is text that may begin with any character of base64, the dash of "no hash" included.
func TestHeadLines(t *testing.T) {
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		key := crypt.NewKey()
		for i := range 200 {
			write(t, d, i, 1)
			seal(t, d)
			head, err := audit.ExportHead(context.Background(), d, key, start)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := audit.ParseHead(key, head.String()); err != nil || again != head {
				t.Fatalf("%q gives %+v, %v", head, again, err)
			}
		}
	})
}

func TestHeadIsSigned(t *testing.T) {
	testkit.EachEngine(t, audit.Sources(), func(t *testing.T, d *db.DB) {
		ctx, key := context.Background(), crypt.NewKey()
		for _, n := range []int{0, 5} {
			write(t, d, 0, n)
			seal(t, d)
			head, err := audit.ExportHead(ctx, d, key, start)
			if err != nil {
				t.Fatal(err)
			}
			again, err := audit.ParseHead(key, head.String()+"\n")
			if err != nil || again != head {
				t.Errorf("%q gives %+v, %v", head, again, err)
			}
			if r := verify(t, d, again); !r.OK() {
				t.Errorf("head of %d links: %+v", n, r.Problems)
			}
			forged := head
			forged.Seq++
			for _, line := range []string{"", "parvis-audit-1 x y z t", forged.String()} {
				if _, err := audit.ParseHead(key, line); err == nil {
					t.Errorf("head %q taken", line)
				}
			}
			if _, err := audit.ParseHead(crypt.NewKey(), head.String()); err == nil {
				t.Error("a head of another key was taken")
			}
		}
	})
}
