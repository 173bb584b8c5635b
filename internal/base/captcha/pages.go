package captcha

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

const (
	pathSound  = "/controle/son"
	pathChange = "/controle/images"
)

// Pages are the addresses that a test uses besides the form's own.
type Pages struct{ Check Check }

// Citizen declares the routes.
func (p Pages) Citizen(rt *web.Router) {
	rt.Get(pathSound, web.Visitor, web.NoObject, p.sound)
	rt.Post(pathChange, web.Visitor, web.NoObject, p.change)
}

// sound is the spoken form of a test not yet answered. One test has one sound: players ask for it in pieces.
func (p Pages) sound(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	row, err := p.fresh(r, r.URL.Query().Get("c"))
	if err != nil {
		return err
	}
	a, err := p.Check.open(row)
	if err != nil {
		return err
	}
	seed := [32]byte(p.Check.Key.HMAC("captcha-sound", string(row.id)))
	w.Header().Set("Content-Type", "audio/wav")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sound(rand.New(rand.NewChaCha8(seed)), a.Digits)))
	return nil
}

// change gives another test in place of one, as a piece of page: the script calls it, so that nothing typed is lost.
// Without the script the form's own address does the same.
func (p Pages) change(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	row, err := p.fresh(r, web.ReadForm(r).Raw(fieldToken))
	if err != nil {
		return err
	}
	err = db.Do(r.Context(), p.Check.DB, func(tx *db.Tx) error { return setState(tx, row.id, stateFailed) })
	if err != nil {
		return err
	}
	c, err := p.Check.draw(r.Context(), row.purpose, row.scope, false)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := test(web.NewForm(), c).Render(r.Context(), &out); err != nil {
		return fmt.Errorf("render test: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = w.Write(out.Bytes())
	return err
}

// fresh is a test that can still be answered.
func (p Pages) fresh(r *http.Request, token string) (challengeRow, error) {
	row, err := db.Read(r.Context(), p.Check.DB, func(rd db.Reader) (challengeRow, error) {
		return challengeOf(rd, crypt.HashToken(token))
	})
	if err != nil {
		return challengeRow{}, err
	}
	if row.id == "" || row.state != stateOpen || !row.expiresAt.In(time.UTC).After(p.Check.Now()) {
		return challengeRow{}, fault.Missing("security test")
	}
	return row, nil
}

func soundURL(token string) string { return pathSound + "?c=" + url.QueryEscape(token) }
