package mail_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/mail"
	"parvis/internal/testkit"
)

// told is a template that notes what each mail tells.
func told(all *[]string) mail.Template {
	return mail.Template{Name: "told", Label: "told", Render: func(_ context.Context, _ db.Reader, args map[string]string) (mail.Body, error) {
		*all = append(*all, args["who"]+": "+args[mail.Parts])
		return mail.Body{Subject: "s", ToName: "Camille", Paragraphs: []string{"p"}}, nil
	}}
}

func gather(t *testing.T, d *db.DB, c *clock, who, part string) {
	t.Helper()
	err := db.Do(context.Background(), d, func(tx *db.Tx) error {
		return mail.Gather(tx, c.now(), []mail.Gathered{{Message: mail.Message{Template: "told", To: who + "@example.fr", Args: map[string]string{"who": who}}, Key: "k " + who, Part: part}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatSomebodyDoesAHundredTimesInARowIsFiveMailsThatTellAllOfIt(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		var all []string
		w := worker(d, c, mail.Capture{DB: d, Now: c.now}, told(&all))
		var want []string
		gather(t, d, c, "bruno", "b")
		for i := range 100 { // every half minute of fifty minutes
			part := fmt.Sprintf("r%d", i)
			want = append(want, part)
			gather(t, d, c, "camille", part)
			once(t, w)
			c.move(30 * time.Second)
		}
		c.move(30 * time.Minute)
		once(t, w)
		var got []string
		mails := 0
		for _, x := range all {
			if parts, hers := strings.CutPrefix(x, "camille: "); hers {
				mails++
				got = append(got, strings.Fields(parts)...)
			}
		}
		if !slices.Equal(got, want) || mails > 5 || mails < 2 {
			t.Errorf("%d mails tell %v", mails, got)
		}
		if !slices.Contains(all, "bruno: b") {
			t.Errorf("who does a thing once is told: %v", all)
		}
		c.move(2 * time.Hour)
		gather(t, d, c, "camille", "later")
		c.move(3 * time.Minute)
		once(t, w)
		if all[len(all)-1] != "camille: later" {
			t.Errorf("the next day it is two minutes again: %q", all[len(all)-1])
		}
	})
}

// What concerns today or tomorrow does not wait for half an hour, and takes along what does.
func TestWhatComesSoonIsToldSoon(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		var all []string
		w := worker(d, c, mail.Capture{DB: d, Now: c.now}, told(&all))
		for i := range 3 {
			gather(t, d, c, "camille", fmt.Sprintf("far%d", i))
			c.move(3 * time.Minute)
			once(t, w)
		}
		gather(t, d, c, "camille", "waits")
		c.move(3 * time.Minute)
		if once(t, w); len(all) != 3 {
			t.Fatalf("the fourth of an hour left: %v", all)
		}
		if err := db.Do(context.Background(), d, func(tx *db.Tx) error {
			return mail.Gather(tx, c.now(), []mail.Gathered{{Message: mail.Message{Template: "told", To: "camille@example.fr", Args: map[string]string{"who": "camille"}}, Key: "k camille", Part: "tomorrow", Soon: true}})
		}); err != nil {
			t.Fatal(err)
		}
		c.move(3 * time.Minute)
		if once(t, w); len(all) != 4 || all[3] != "camille: waits tomorrow" {
			t.Errorf("what comes soon: %v", all)
		}
	})
}

func TestAMailUnderWayOrHeldIsNotJoined(t *testing.T) {
	testkit.EachEngine(t, mail.Sources(), func(t *testing.T, d *db.DB) {
		c := newClock()
		var all []string
		w := worker(d, c, mail.Capture{DB: d, Now: c.now}, told(&all))
		step := func(verb func(tx *db.Tx) (int64, error)) {
			t.Helper()
			if _, err := db.Write(context.Background(), d, verb); err != nil {
				t.Fatal(err)
			}
		}
		gather(t, d, c, "camille", "a")
		step(mail.Hold)
		gather(t, d, c, "camille", "b")
		step(mail.Release)
		c.move(3 * time.Minute)
		once(t, w)
		slices.Sort(all)
		if got := strings.Join(all, ", "); got != "camille: a, camille: b" {
			t.Errorf("held and let go: %s", got)
		}
		all = nil
		gather(t, d, c, "camille", "c")
		step(func(tx *db.Tx) (int64, error) {
			return tx.Exec(`update mail_outbox set state = 'sending', attempts = 1, lease_until = 9e18 where state = 'queued'`)
		})
		gather(t, d, c, "camille", "d")
		c.move(time.Hour)
		once(t, w)
		if got := strings.Join(all, ", "); got != "camille: d" {
			t.Errorf("one under way: %s", got)
		}
	})
}
