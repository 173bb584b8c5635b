package app_test

import (
	"time"

	"parvis/internal/base/captcha"
	"parvis/internal/base/captcha/captchatest"
	"parvis/internal/testkit"
)

// counted counts what somebody does: clicks, and fields typed in.
type counted struct {
	*testkit.Browser
	clicks, fields int
}

func (c *counted) click(selector string)      { c.clicks++; c.Browser.Click(selector) }
func (c *counted) clickText(words string)     { c.clicks++; c.Browser.ClickText(words) }
func (c *counted) fill(selector, text string) { c.fields++; c.Browser.Fill(selector, text) }

// upTo checks what a task of the ten costs.
func (s story) upTo(c *counted, clicks, fields int, task string) {
	s.t.Helper()
	s.t.Logf("%s: %d clicks, %d fields typed", task, c.clicks, c.fields)
	if c.clicks > clicks || c.fields > fields {
		s.t.Errorf("%s takes %d clicks and %d fields, want at most %d and %d", task, c.clicks, c.fields, clicks, fields)
	}
}

// The ways to pass the security check.
type way int

const (
	byPicture way = iota
	bySound
	byQuestion
)

// check is the portal's own security check, to read its answers.
func (h *house) check() captcha.Check {
	return captcha.Check{DB: h.DB, Key: h.Key, Now: h.Now, RealNow: time.Now}
}

// answer is what a way of the security test shown is answered with: the picture's number, the digits or the words.
func (s story) answer(by way) string {
	s.t.Helper()
	token := testkit.Eval[string](s.Browser, `document.querySelector('[name=controle]').value`)
	switch by {
	case bySound:
		return captchatest.SolveSound(s.t, s.check(), token)["controle_son"]
	case byQuestion:
		return captchatest.SolveQuestion(s.t, s.check(), token)["controle_question"]
	}
	return captchatest.Solve(s.t, s.check(), token)["controle_image"]
}

// picture is the field of a picture of the security test: the right one, or one that is not.
func (s story) picture(right bool) string {
	s.t.Helper()
	n := s.answer(byPicture)
	if !right {
		if n == "1" {
			n = "2"
		} else {
			n = "1"
		}
	}
	return "input[name=controle_image][value='" + n + "']"
}

// personTime is as long as a person needs at least for a form: the check takes whoever is faster for a robot.
func (s story) personTime() { time.Sleep(3100 * time.Millisecond) }

const next = "main form .actions .button-primary"
