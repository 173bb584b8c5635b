package app_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/audit"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
)

func openWith(t *testing.T, cfg app.Config, o app.Options) *app.App {
	t.Helper()
	a, err := app.Open(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// TestAnotherKeyDoesNotOpen: a portal opens with the key it was first opened with and no other; who only looks does
// not make a key the portal's own.
func TestAnotherKeyDoesNotOpen(t *testing.T) {
	cfg := app.Config{Listen: "127.0.0.1:0", Data: t.TempDir()}
	ours, other := crypt.NewKey(), crypt.NewKey()
	if a := openWith(t, cfg, app.Options{Key: other, Look: true}); a.KeyKnown {
		t.Error("a look made its key the portal's")
	}
	if a := openWith(t, cfg, app.Options{Key: ours}); !a.KeyKnown {
		t.Error("the first key is not known")
	}
	for _, look := range []bool{true, false} {
		if _, err := app.Open(t.Context(), cfg, app.Options{Key: other, Look: look}); !errors.Is(err, audit.ErrOtherKey) {
			t.Errorf("another key, look %v: %v", look, err)
		}
	}
}

// TestAPortalFromBeforeTheMarkKnowsItsKey: without a mark, a sealed file tells the keys apart.
func TestAPortalFromBeforeTheMarkKnowsItsKey(t *testing.T) {
	cfg := app.Config{Listen: "127.0.0.1:0", Data: t.TempDir()}
	ours, other := crypt.NewKey(), crypt.NewKey()
	a := openWith(t, cfg, app.Options{Key: ours})
	if _, err := a.Files.Put(t.Context(), []byte("photo")); err != nil {
		t.Fatal(err)
	}
	err := db.Do(context.Background(), a.DB, func(tx *db.Tx) error {
		_, err := tx.Exec(`delete from audit_key`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Open(t.Context(), cfg, app.Options{Key: other}); !errors.Is(err, audit.ErrOtherKey) {
		t.Errorf("a key that opens none of the files: %v", err)
	}
	openWith(t, cfg, app.Options{Key: ours})
}

// TestNoMailerWithoutAServer: mails must wait untried, not fail one by one.
func TestNoMailerWithoutAServer(t *testing.T) {
	for smtp, want := range map[string]bool{"": false, "smtp://127.0.0.1:25?from=espace@exemple.fr": true} {
		a := openWith(t, app.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), SMTP: smtp}, app.Options{Key: crypt.NewKey()})
		if a.Mails() != want {
			t.Errorf("--smtp %q: a mailer %v, want %v", smtp, a.Mails(), want)
		}
	}
}

// TestRestoredHoldsNothingWhenTold is the other half of the commands' test, which restores with and without.
func TestRestoredHoldsNothingWhenTold(t *testing.T) {
	key := crypt.NewKey()
	a := openWith(t, app.Config{Listen: "127.0.0.1:0", Data: t.TempDir()}, app.Options{Key: key})
	now := time.Now()
	if err := app.Restored(crypt.NewKey(), now, true)(t.Context(), a.DB); !errors.Is(err, audit.ErrOtherKey) {
		t.Errorf("a database of another key is restored: %v", err)
	}
	if err := app.Restored(key, now, true)(t.Context(), a.DB); err != nil {
		t.Error(err)
	}
}
