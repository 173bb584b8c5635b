package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
)

const (
	sealBatch   = 200
	verifyBatch = 1000
	purged      = "audit.purged"
)

// link is one row of the chain: seq from 1 without a gap.
type link struct {
	seq     int64
	event   ID
	at      civil.Instant
	content []byte
	hash    []byte
}

type linked struct {
	link  link
	event Event
}

// contentHash is over every column of a line, each framed by its length.
func contentHash(e Event) []byte {
	h := sha256.New()
	for _, s := range []string{string(e.ID), strconv.FormatInt(int64(e.At), 10), string(e.Kind), e.Actor, e.Account,
		e.Person, e.Via, e.Entry.Action, e.Entry.Object, e.Entry.ID, e.Entry.Subject, e.Entry.Detail} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	return h.Sum(nil)
}

// chainHash is over the hash before, and all that a link holds.
func chainHash(before []byte, l link) []byte {
	h := sha256.New()
	h.Write(before)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(l.seq)))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(l.at)))
	h.Write([]byte(l.event))
	h.Write(l.content)
	return h.Sum(nil)
}

// Seal takes all committed lines into the chain, batch by batch, and returns how many.
func Seal(ctx context.Context, d *db.DB, now time.Time) (int, error) {
	total := 0
	for {
		n, err := sealOnce(ctx, d, now)
		total += n
		if err != nil || n < sealBatch {
			return total, err
		}
	}
}

func sealOnce(ctx context.Context, d *db.DB, now time.Time) (int, error) {
	waiting, err := db.Read(ctx, d, func(r db.Reader) ([]Event, error) { return unsealed(r, 1) })
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	return db.Write(ctx, d, func(tx *db.Tx) (int, error) {
		head, err := lockHead(tx)
		if err != nil {
			return 0, err
		}
		events, err := unsealed(tx, sealBatch)
		if err != nil {
			return 0, err
		}
		for _, e := range events {
			next := link{seq: head.seq + 1, event: e.ID, at: e.At, content: contentHash(e)}
			next.hash = chainHash(head.hash, next)
			added, err := insertLink(tx, next)
			if err != nil {
				return 0, err
			}
			if added { // else somebody unmarked a sealed line: Verify compares it with its link
				head = next
			}
			if err := markSealed(tx, e.ID, now); err != nil {
				return 0, err
			}
		}
		return len(events), setHead(tx, head)
	})
}

// Run seals every second until ctx ends. One instance or several: the head's row lets one seal at a time.
func Run(ctx context.Context, d *db.DB, now func() time.Time) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := Seal(ctx, d, now()); err != nil && ctx.Err() == nil {
				slog.Error("seal audit lines", "err", err)
			}
		}
	}
}

// Purge deletes the contents of sealed lines older than before and leaves their hashes. It writes a line of its
// own, which is never purged: only what such a line covers may be missing.
func Purge(tx *db.Tx, now time.Time, a actor.Actor, before time.Time) (int64, error) {
	limit := civil.InstantOf(before)
	n, err := deleteBefore(tx, limit)
	if err != nil {
		return 0, fmt.Errorf("purge audit events: %w", err)
	}
	if n == 0 {
		return 0, nil
	}
	return n, Write(tx, now, a, Entry{Action: purged, Object: "audit", ID: strconv.FormatInt(int64(limit), 10),
		Detail: strconv.FormatInt(n, 10)})
}

// Problem is one thing that Verify found wrong.
type Problem struct {
	Seq   int64 // 0 when it is about no link
	Event ID
	What  string
}

// Report is what Verify saw.
type Report struct {
	Links    int64 // links read
	Purged   int64 // of which the contents were purged, as a line of the chain says
	Unsealed int64 // lines not yet in the chain
	Problems []Problem
}

// OK tells that nothing was tampered with.
func (r Report) OK() bool { return len(r.Problems) == 0 }

// Verify reads the whole chain and every line. Edits, deletions, additions and changes of order are found by the
// chain; a tail cut off, or a chain made anew, only by heads exported before.
func Verify(ctx context.Context, d *db.DB, exported ...Head) (Report, error) {
	return db.Read(ctx, d, func(r db.Reader) (Report, error) {
		v := verifier{heads: map[int64]Head{}}
		for _, h := range exported {
			v.heads[h.Seq] = h
		}
		for {
			batch, err := chainAfter(r, v.last.seq, verifyBatch)
			if err != nil {
				return Report{}, fmt.Errorf("read audit chain: %w", err)
			}
			for _, l := range batch {
				v.add(l)
			}
			if len(batch) < verifyBatch {
				break
			}
		}
		return v.finish(r)
	})
}

type verifier struct {
	last       link
	heads      map[int64]Head
	gone       []link
	purgeLimit civil.Instant
	report     Report
}

func (v *verifier) problem(seq int64, event ID, what string) {
	v.report.Problems = append(v.report.Problems, Problem{seq, event, what})
}

func (v *verifier) add(l linked) {
	c := l.link
	v.report.Links++
	if c.seq != v.last.seq+1 {
		v.problem(c.seq, c.event, "un maillon manque avant celui-ci")
	}
	if !bytes.Equal(c.hash, chainHash(v.last.hash, c)) {
		v.problem(c.seq, c.event, "le maillon ne suit pas celui d’avant")
	}
	if h, ok := v.heads[c.seq]; ok && h.Hash != encode(c.hash) {
		v.problem(c.seq, c.event, "le maillon n’est pas celui de la tête exportée")
	}
	switch {
	case l.event.ID == "":
		v.gone = append(v.gone, c)
	case !bytes.Equal(c.content, contentHash(l.event)):
		v.problem(c.seq, c.event, "la ligne a été modifiée")
	case l.event.SealedAt == 0:
		v.problem(c.seq, c.event, "la ligne n’est plus marquée comme scellée")
	case l.event.Entry.Action == purged:
		limit, err := strconv.ParseInt(l.event.Entry.ID, 10, 64)
		if err == nil {
			v.purgeLimit = max(v.purgeLimit, civil.Instant(limit))
		}
	}
	v.last = c
}

func (v *verifier) finish(r db.Reader) (Report, error) {
	for _, c := range v.gone {
		if c.at < v.purgeLimit {
			v.report.Purged++
		} else {
			v.problem(c.seq, c.event, "la ligne a été supprimée")
		}
	}
	head, err := headRow(r)
	if err != nil {
		return Report{}, fmt.Errorf("read audit head: %w", err)
	}
	if head.seq != v.last.seq || !bytes.Equal(head.hash, v.last.hash) {
		v.problem(head.seq, "", "la chaîne ne finit pas à sa tête")
	}
	for _, h := range v.heads {
		if h.Seq > v.last.seq {
			v.problem(h.Seq, "", "la chaîne finit avant une tête exportée")
		}
	}
	added, err := unlinked(r)
	if err != nil {
		return Report{}, fmt.Errorf("read unlinked audit lines: %w", err)
	}
	for _, id := range added {
		v.problem(0, id, "la ligne se dit scellée et n’est dans aucun maillon")
	}
	if v.report.Unsealed, err = countUnsealed(r); err != nil {
		return Report{}, fmt.Errorf("count unsealed audit lines: %w", err)
	}
	return v.report, nil
}

// Head is the end of the chain at a moment, to be kept outside the database. It is signed with the town's key, so
// that who owns the database cannot make one.
type Head struct {
	Seq  int64
	Hash string
	At   civil.Instant
	Sign string
}

// ExportHead reads the end of the chain and signs it.
func ExportHead(ctx context.Context, d *db.DB, key *crypt.Key, now time.Time) (Head, error) {
	last, err := db.Read(ctx, d, headRow)
	if err != nil {
		return Head{}, fmt.Errorf("read audit head: %w", err)
	}
	h := Head{Seq: last.seq, Hash: encode(last.hash), At: civil.InstantOf(now)}
	h.Sign = h.signature(key)
	return h, nil
}

func (h Head) signature(key *crypt.Key) string {
	return encode(key.HMAC("audit-head", strconv.FormatInt(h.Seq, 10), h.Hash, strconv.FormatInt(int64(h.At), 10)))
}

// String is the line that is kept: "parvis-audit-1 seq at hash signature".
func (h Head) String() string {
	return fmt.Sprintf("parvis-audit-1 %d %d %s %s", h.Seq, h.At, orDash(h.Hash), h.Sign)
}

// ParseHead reads String's line and refuses one that the key did not sign.
func ParseHead(key *crypt.Key, line string) (Head, error) {
	f := strings.Fields(line)
	if len(f) != 5 || f[0] != "parvis-audit-1" {
		return Head{}, fmt.Errorf("audit head %q: want parvis-audit-1 and four words", line)
	}
	seq, err1 := strconv.ParseInt(f[1], 10, 64)
	at, err2 := strconv.ParseInt(f[2], 10, 64)
	if err1 != nil || err2 != nil {
		return Head{}, fmt.Errorf("audit head %q: its numbers are not numbers", line)
	}
	h := Head{Seq: seq, Hash: f[3], At: civil.Instant(at), Sign: f[4]}
	if h.Hash == noHash { // a hash may begin with a dash too
		h.Hash = ""
	}
	if !hmac.Equal([]byte(h.Sign), []byte(h.signature(key))) {
		return Head{}, fmt.Errorf("audit head %d was not signed by this town's key", seq)
	}
	return h, nil
}

const noHash = "-"

func orDash(s string) string {
	if s == "" {
		return noHash
	}
	return s
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
