// Package captchatest passes the security check in other packages' tests. It owns no table and is never part of the
// binary.
package captchatest

import (
	"context"
	"crypto/sha256"
	"strconv"
	"testing"
	"time"

	"parvis/internal/base/captcha"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
)

// Check is a check without limits and with a key of its own, at a fixed time.
func Check(d *db.DB, now time.Time) captcha.Check {
	clock := func() time.Time { return now }
	return captcha.Check{DB: d, Key: crypt.NewKey(), Now: clock, RealNow: clock, Limits: captcha.Limits{Lifted: true}}
}

// Solve is the right picture of the test whose token a form holds in input[name=controle].
func Solve(t testing.TB, c captcha.Check, token string) map[string]string {
	t.Helper()
	return map[string]string{"controle_image": answers(t, c, token).Picture}
}

// SolveSound is what is heard.
func SolveSound(t testing.TB, c captcha.Check, token string) map[string]string {
	t.Helper()
	return map[string]string{"controle_son": answers(t, c, token).Digits}
}

// SolveQuestion answers the question.
func SolveQuestion(t testing.TB, c captcha.Check, token string) map[string]string {
	t.Helper()
	return map[string]string{"controle_question": answers(t, c, token).Question}
}

// Work is what a browser computes on the text of [data-work].
func Work(text string) map[string]string {
	for n := 0; ; n++ {
		nonce := strconv.Itoa(n)
		if sum := sha256.Sum256([]byte(text + ":" + nonce)); sum[0] == 0 && sum[1] == 0 {
			return map[string]string{"controle_travail": nonce}
		}
	}
}

func answers(t testing.TB, c captcha.Check, token string) captcha.Answers {
	t.Helper()
	a, err := c.Answers(context.Background(), token)
	if err != nil {
		t.Fatalf("answers of the security test: %v", err)
	}
	return a
}
