package attendance

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/town"
)

// DeviceID names a tablet.
type DeviceID string

// Device is a tablet of a place, or one that waits for its code to be typed.
type Device struct {
	ID        DeviceID
	Site      town.SiteID
	SiteName  string
	Name      string
	Services  []string // "*" for all
	PairedAt  civil.Instant
	SeenAt    civil.Instant
	CodeUntil civil.Instant
	MadeBy    string // the account of who prepared it
	RevokedAt civil.Instant
	Why       string // it was revoked
	Waiting   bool   // its code was not typed yet
	pinHash   string
	pinFailed int
	openUntil civil.Instant
}

const (
	cookieName = "tablette"
	cookieAge  = 400 * 24 * time.Hour
	codeLasts  = 10 * time.Minute
	openLasts  = 3 * time.Minute // how long the staff's code opens the sheets
	mostPins   = 5               // wrong codes in a row before the tablet is shut out
	// codeSigns are what codes are made of: nothing that reads as something else. Eight of them are 39 bits, and a code
	// lives ten minutes.
	codeSigns = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	codeSize  = 8
)

// shows tells whether a tablet shows an activity: one of its place and of its services.
func (d Device) shows(a *activity.Activity) bool {
	return (slices.Contains(d.Services, actor.AllServices) || slices.Contains(d.Services, string(a.Service))) &&
		slices.ContainsFunc(a.Places, func(p activity.Place) bool { return p.Site == d.Site })
}

// open tells whether the staff's code was typed a moment ago.
func (d Device) open(now time.Time) bool { return d.openUntil > civil.InstantOf(now) }

// Actor is the tablet as who acts.
func (d Device) Actor() actor.Actor {
	return actor.Actor{Kind: actor.Device, Account: string(d.ID), Name: d.Name, Via: "tablette " + d.Name}
}

// paired is the tablet that acts; a revoked one is nobody.
func paired(r db.Reader, a actor.Actor) (Device, error) {
	if a.Kind != actor.Device {
		return Device{}, fault.New(fault.Forbidden, "")
	}
	d, err := deviceByID(r, DeviceID(a.Account))
	if err == nil && !d.RevokedAt.IsZero() {
		return Device{}, fault.New(fault.Forbidden, "Cette tablette n’est plus reliée au portail.")
	}
	return d, err
}

// Wanted is a tablet to prepare. PinHash is crypt.HashPassword's of the staff's code, made before the transaction.
type Wanted struct {
	Site    town.SiteID
	Name    string
	PinHash string
}

// Prepare makes a tablet that waits for its code, and returns the code: it is shown once and lasts ten minutes.
func Prepare(tx *db.Tx, now time.Time, a actor.Actor, w Wanted) (DeviceID, string, error) {
	services := a.Rights[Write]
	if !a.Can(Write) || len(services) == 0 {
		return "", "", fault.New(fault.Forbidden, "")
	}
	if w.Name == "" || len([]rune(w.Name)) > 40 {
		return "", "", fault.InvalidFields(fault.Field{Name: "nom", Sentence: "Donnez un nom à la tablette, en 40 caractères au plus."})
	}
	if w.Site == "" {
		return "", "", fault.InvalidFields(fault.Field{Name: "lieu", Sentence: "Choisissez le lieu de la tablette."})
	}
	if ok, err := holds(tx, w.Site, services); err != nil {
		return "", "", err
	} else if !ok {
		return "", "", fault.InvalidFields(fault.Field{Name: "lieu", Sentence: "Vos services n’ont pas d’activité dans ce lieu : choisissez-en un autre."})
	}
	id, code := DeviceID(db.NewID()), newCode()
	if err := insertDevice(tx, now, a.Account, id, w, crypt.HashToken(code), civil.InstantOf(now.Add(codeLasts)), services); err != nil {
		return "", "", err
	}
	return id, code, audit.Write(tx, now, a, audit.Entry{Action: "attendance.device.prepared", Object: "device", ID: string(id)})
}

func newCode() string {
	var raw [codeSize]byte
	rand.Read(raw[:])
	for i := range raw {
		raw[i] = codeSigns[int(raw[i])%len(codeSigns)] // 32 signs: each as likely as the others
	}
	return string(raw[:])
}

// plainCode is a code as it was made, whatever the spaces, dashes and small letters it was typed with.
func plainCode(typed string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(codeSigns, c) {
			return c
		}
		return -1
	}, strings.ToUpper(typed))
}

// shownCode is "ABCD EFGH".
func shownCode(code string) string { return code[:codeSize/2] + " " + code[codeSize/2:] }

// Pair gives a tablet its token for the code typed on it; the code then has served.
func Pair(tx *db.Tx, now time.Time, typed, tokenHash string) (Device, error) {
	bad := fault.InvalidFields(fault.Field{Name: "code", Sentence: "Ce code n’est pas le bon, ou ses dix minutes sont passées. Demandez-en un autre à l’agent."})
	id, err := takeCode(tx, now, crypt.HashToken(plainCode(typed)), tokenHash)
	if err != nil {
		return Device{}, err
	}
	if id == "" {
		return Device{}, bad
	}
	d, err := deviceByID(tx, id)
	if err != nil {
		return d, err
	}
	return d, audit.Write(tx, now, d.Actor(), audit.Entry{Action: "attendance.device.paired", Object: "device", ID: string(d.ID)})
}

// Revoke ends a tablet: its next request is refused and wipes what it kept.
func Revoke(tx *db.Tx, now time.Time, a actor.Actor, id DeviceID) error {
	d, err := deviceFor(tx, a, id)
	if err != nil {
		return err
	}
	if !d.RevokedAt.IsZero() {
		return nil
	}
	if err := revoke(tx, now, id, "agent"); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "attendance.device.revoked", Object: "device", ID: string(id)})
}

// deviceFor is a tablet that an agent may end: one that shows a service of its own.
func deviceFor(r db.Reader, a actor.Actor, id DeviceID) (Device, error) {
	if !a.Can(Write) {
		return Device{}, fault.New(fault.Forbidden, "")
	}
	d, err := deviceByID(r, id)
	if err != nil {
		return d, err
	}
	if !d.within(a) {
		return Device{}, fault.Missing("device")
	}
	return d, nil
}

// within tells whether an agent has the right for one of the services of a tablet.
func (d Device) within(a actor.Actor) bool {
	return slices.ContainsFunc(d.Services, func(s string) bool { return a.CanFor(Write, s) }) ||
		slices.Contains(d.Services, actor.AllServices) && slices.Contains(a.Rights[Write], actor.AllServices)
}

// Try counts a try of the staff's code before it is compared, so that no two are compared for one french.Count, and returns
// the hash to compare with. It is called in a transaction of its own.
func Try(tx *db.Tx, now time.Time, a actor.Actor) (pinHash string, last bool, err error) {
	d, err := paired(tx, a)
	if err != nil {
		return "", false, err
	}
	n, err := countTry(tx, d.ID)
	if err != nil {
		return "", false, err
	}
	if n > mostPins {
		return "", false, fault.New(fault.Forbidden, "Trop de codes faux : cette tablette n’est plus reliée au portail.")
	}
	return d.pinHash, n == mostPins, nil
}

// Opened follows the comparison: right, the sheets open for three minutes; wrong for the fifth time in a row, the
// tablet is shut out until it is paired again.
func Opened(tx *db.Tx, now time.Time, a actor.Actor, right, last bool) (shut bool, err error) {
	d, err := paired(tx, a)
	if err != nil {
		return false, err
	}
	if right {
		return false, setOpen(tx, d.ID, civil.InstantOf(now.Add(openLasts)), 0)
	}
	if !last {
		return false, nil
	}
	if err := revoke(tx, now, d.ID, "code"); err != nil {
		return false, err
	}
	return true, audit.Write(tx, now, a, audit.Entry{Action: "attendance.device.shut", Object: "device", ID: string(d.ID)})
}

// Shut closes the sheets at once.
func Shut(tx *db.Tx, a actor.Actor) error {
	d, err := paired(tx, a)
	if err != nil {
		return err
	}
	return setOpen(tx, d.ID, 0, d.pinFailed)
}

// Identify tells who acts on the pages of tablets, by the tablet's own cookie, whoever is signed in beside; other
// pages ask next. A revoked tablet is nobody.
func Identify(d *db.DB, next func(http.ResponseWriter, *http.Request) (actor.Actor, error)) func(http.ResponseWriter, *http.Request) (actor.Actor, error) {
	return func(w http.ResponseWriter, r *http.Request) (actor.Actor, error) {
		if r.URL.Path != Path && !strings.HasPrefix(r.URL.Path, Path+"/") {
			return next(w, r)
		}
		token := web.Cookie(r, cookieName)
		if token == "" || len(token) > 200 {
			return actor.Actor{}, nil
		}
		return identify(r.Context(), d, token)
	}
}

// Kept tells whether a browser holds a tablet that is paired: signing out there must not drop marks that wait to be sent.
func Kept(d *db.DB) func(*http.Request) bool {
	return func(r *http.Request) bool {
		token := web.Cookie(r, cookieName)
		if token == "" || len(token) > 200 {
			return false
		}
		a, err := identify(r.Context(), d, token)
		return err == nil && a.Kind == actor.Device
	}
}

func identify(ctx context.Context, d *db.DB, token string) (actor.Actor, error) {
	return db.Read(ctx, d, func(r db.Reader) (actor.Actor, error) {
		x, err := deviceByToken(r, crypt.HashToken(token))
		if fault.KindOf(err) == fault.NotFound {
			return actor.Actor{}, nil
		}
		return x.Actor(), err
	})
}
