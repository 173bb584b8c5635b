package moving

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
)

// lease is how long an import that gives no more sign of life keeps others out. Each family renews it.
const lease = 60 * time.Second

// errBusy is in the refusal of an import that another one keeps out.
var errBusy = fmt.Errorf("%w : un autre import est en cours", errNothing)

// takeLock lets one import run at a time, from any machine. A holder that died on this machine is put aside at
// once, another when its lease is over.
func takeLock(ctx context.Context, d *db.DB, now time.Time, holder string) error {
	taken, err := db.Write(ctx, d, func(tx *db.Tx) (string, error) {
		if _, err := tx.Exec(`insert into import_lock (id, holder, until_at) values (1, $1, $2) on conflict (id) do nothing`,
			holder, civil.InstantOf(now.Add(lease))); err != nil {
			return "", err
		}
		if _, err := tx.Exec(`update import_lock set until_at = until_at where id = 1`); err != nil { // locks the row
			return "", err
		}
		held, err := db.One(tx, "import lock", scanLock, `select holder, until_at from import_lock where id = 1`)
		if err != nil || held.holder == holder {
			return "", err
		}
		if held.until > civil.InstantOf(now) && !dead(held.holder) {
			return held.holder, nil
		}
		_, err = tx.Exec(`update import_lock set holder = $1, until_at = $2 where id = 1`, holder, civil.InstantOf(now.Add(lease)))
		return "", err
	})
	if err != nil {
		return fmt.Errorf("take the import's lock: %w", err)
	}
	if taken != "" {
		return &fault.Error{Kind: fault.Unavailable, Err: errBusy, Sentence: "Un autre import est en cours (" + taken + ") : rien n’a été fait."}
	}
	return nil
}

type lockRow struct {
	holder string
	until  civil.Instant
}

func scanLock(s db.Scanner) (lockRow, error) {
	var l lockRow
	err := s.Scan(&l.holder, &l.until)
	return l, err
}

// renewLock fails when another import took over meanwhile: nothing more may then be written.
func renewLock(tx *db.Tx, now time.Time, holder string) error {
	n, err := tx.Exec(`update import_lock set until_at = $2 where id = 1 and holder = $1`, holder, civil.InstantOf(now.Add(lease)))
	if err == nil && n == 0 {
		err = &fault.Error{Kind: fault.Unavailable, Err: errBusy, Sentence: "Un autre import a pris la suite de celui-ci : rien de plus n’a été fait."}
	}
	return err
}

func releaseLock(ctx context.Context, d *db.DB, holder string) error {
	return db.Do(context.WithoutCancel(ctx), d, func(tx *db.Tx) error {
		_, err := tx.Exec(`delete from import_lock where id = 1 and holder = $1`, holder)
		return err
	})
}

// holderName names this run: machine, process and import.
func holderName(batch string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return host + " " + strconv.Itoa(os.Getpid()) + " " + batch
}

// dead tells that a holder was a process of this machine which no longer runs.
func dead(holder string) bool {
	host, err := os.Hostname()
	parts := strings.Fields(holder)
	if err != nil || len(parts) != 3 || parts[0] != host {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	return err == nil && pid > 0 && syscall.Kill(pid, 0) == syscall.ESRCH
}
