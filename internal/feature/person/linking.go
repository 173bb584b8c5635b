package person

import (
	"fmt"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
)

// Filled is what FillFrom changed: which fields were empty, and the e-mail address before.
type Filled struct {
	Phone, Mobile, Address bool
	Email                  string
}

// FillFrom completes somebody known by what the same person typed in a new request: the confirmed e-mail address
// replaces the known one, a phone or an address is taken only where none was known. It is a building block of
// admission, which says who may and writes the audit line.
func FillFrom(tx *db.Tx, now time.Time, to ID, typed Person, email string) (Filled, error) {
	known, err := lock(tx, to)
	if err != nil {
		return Filled{}, err
	}
	c, filled := reachOf(known), Filled{Email: known.Email}
	if c.Phone == "" && typed.Phone != "" {
		c.Phone, filled.Phone = typed.Phone, true
	}
	if c.Mobile == "" && typed.Mobile != "" {
		c.Mobile, filled.Mobile = typed.Mobile, true
	}
	if c.Address.IsZero() && !typed.Address.IsZero() {
		c.Address, filled.Address = typed.Address, true
	}
	return filled, write(tx, now, to, c, email)
}

// Unfill takes FillFrom back: what was changed again since stays.
func Unfill(tx *db.Tx, now time.Time, to ID, typed Person, email string, filled Filled) error {
	known, err := lock(tx, to)
	if err != nil {
		return err
	}
	c := reachOf(known)
	if filled.Phone && c.Phone == typed.Phone {
		c.Phone = ""
	}
	if filled.Mobile && c.Mobile == typed.Mobile {
		c.Mobile = ""
	}
	if filled.Address && c.Address == typed.Address {
		c.Address = Address{}
	}
	if known.Email == email {
		email = filled.Email
	} else {
		email = known.Email
	}
	return write(tx, now, to, c, email)
}

func reachOf(p Person) Contact {
	return Contact{Phone: p.Phone, Mobile: p.Mobile, Fax: p.Fax, Preferred: p.Preferred, Address: p.Address}
}

func write(tx *db.Tx, now time.Time, id ID, c Contact, email string) error {
	if err := updateContact(tx, now, id, c); err != nil {
		return fmt.Errorf("update contact: %w", err)
	}
	if err := updateEmail(tx, now, id, email); err != nil {
		return fmt.Errorf("update e-mail: %w", err)
	}
	_, err := tx.Exec(`update person_email_change set ended_at = $2 where person = $1 and ended_at is null`, string(id), civil.InstantOf(now))
	return err
}
