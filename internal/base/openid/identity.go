package openid

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Identity is who a provider says that somebody is. Only Subject, with Provider for ProConnect, names an account; the
// e-mail address proves nothing, it is whatever the person's own provider holds.
type Identity struct {
	Subject    string `json:"sub"`
	Provider   string `json:"idp,omitempty"` // ProConnect's idp_id: a subject is one only with it
	FirstNames string `json:"first,omitempty"`
	LastName   string `json:"last,omitempty"`  // of birth (FranceConnect), of use (ProConnect)
	UsageName  string `json:"usage,omitempty"` // when it differs
	Birth      Birth  `json:"birth"`
	Place      string `json:"place,omitempty"`   // INSEE code of the commune, "" abroad
	Country    string `json:"country,omitempty"` // INSEE code: 99100 is France
	Gender     string `json:"gender,omitempty"`  // "female", "male", or what the provider says else
	Email      string `json:"email,omitempty"`   // fills a form in, no more
	Siret      string `json:"siret,omitempty"`
	IDToken    string `json:"-"` // to be kept, sealed, for the sign-out
}

// InFrance tells who was born in France: the commune's code says where.
func (i Identity) InFrance() bool { return i.Place != "" && (i.Country == "" || i.Country == france) }

// Abroad tells who was born outside France: the provider then gives no commune.
func (i Identity) Abroad() bool { return i.Place == "" && i.Country != "" && i.Country != france }

const france = "99100"

// Birth is a day of birth as registers hold it: the month and the day may be unknown, 0. A presumed day is written
// 1 January or the first of a month, and nothing tells it from a true one: never use it as a proof.
type Birth struct {
	Year  int        `json:"y,omitempty"`
	Month time.Month `json:"m,omitempty"`
	Day   int        `json:"d,omitempty"`
}

// ParseBirth reads AAAA-MM-JJ, 00 for what is unknown; anything else is the zero Birth.
func ParseBirth(s string) Birth {
	parts := strings.Split(s, "-")
	if len(parts) != 3 || len(parts[0]) != 4 || len(parts[1]) != 2 || len(parts[2]) != 2 {
		return Birth{}
	}
	var n [3]int
	for i, part := range parts {
		v, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return Birth{}
		}
		n[i] = int(v)
	}
	b := Birth{Year: n[0], Month: time.Month(n[1]), Day: n[2]}
	if b.Month == 0 {
		b.Day = 0
	}
	if b.Year < 1850 || b.Month > 12 {
		return Birth{}
	}
	if b.Day > 0 && time.Date(b.Year, b.Month, b.Day, 12, 0, 0, 0, time.UTC).Day() != b.Day {
		return Birth{}
	}
	return b
}

// MayBePresumed tells a day that registers write when they do not know it.
func (b Birth) MayBePresumed() bool { return b.Year != 0 && (b.Month == 0 || b.Day <= 1) }

// claims are the names of both providers.
type claims struct {
	Subject    string   `json:"sub"`
	Given      string   `json:"given_name"`
	GivenArray []string `json:"given_name_array"`
	Family     string   `json:"family_name"`
	Preferred  string   `json:"preferred_username"`
	Usual      string   `json:"usual_name"`
	Birthdate  string   `json:"birthdate"`
	Place      string   `json:"birthplace"`
	Country    string   `json:"birthcountry"`
	Gender     string   `json:"gender"`
	Email      string   `json:"email"`
	Siret      string   `json:"siret"`
	IDP        string   `json:"idp_id"`
	Expiry     int64    `json:"exp"`
}

// userinfo asks for the person's names. The answer must be signed as the id_token was, for us, about the same person.
func (c *Client) userinfo(ctx context.Context, p *provider, token *oauth2.Token, id *oidc.IDToken, raw string) (Identity, error) {
	refuse := func(reason string) (Identity, error) {
		return Identity{}, &Failure{Step: "userinfo", Reason: reason}
	}
	body, err := c.signedAnswer(ctx, p.userinfo, token)
	if err != nil {
		return Identity{}, err
	}
	answer, err := p.signed.Verify(ctx, body)
	if err != nil {
		return Identity{}, verifyFailure("userinfo", err)
	}
	var got claims
	if err := answer.Claims(&got); err != nil {
		return refuse("claims of another shape")
	}
	switch {
	case got.Subject != id.Subject:
		return refuse("about somebody else")
	case len(answer.Audience) != 1:
		return refuse("more than one audience")
	case got.Expiry != 0 && !time.Unix(got.Expiry, 0).After(c.cfg.Now().Add(-skew)):
		return refuse("expired")
	case len(got.IDP) > subjectSize:
		return refuse("too long a provider")
	}
	return got.identity(raw), nil
}

func (got claims) identity(raw string) Identity {
	i := Identity{Subject: got.Subject, Provider: got.IDP, FirstNames: got.Given, LastName: got.Family, UsageName: got.Preferred,
		Birth: ParseBirth(got.Birthdate), Place: got.Place, Country: got.Country, Gender: got.Gender, Email: got.Email, Siret: got.Siret, IDToken: raw}
	if len(got.GivenArray) > 0 {
		i.FirstNames = strings.Join(got.GivenArray, " ")
	}
	if i.LastName == "" {
		i.LastName = got.Usual
	}
	if i.UsageName == i.LastName {
		i.UsageName = ""
	}
	return i
}

// signedAnswer is the userinfo answer: a signed one or nothing.
func (c *Client) signedAnswer(ctx context.Context, address string, token *oauth2.Token) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", &Failure{Step: "userinfo", Reason: "address of another shape"}
	}
	r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	r.Header.Set("Accept", "application/jwt")
	res, err := c.http.Do(r)
	if err != nil {
		return "", networkFailure("userinfo", err, true)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", networkFailure("userinfo", err, true)
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	switch {
	case res.StatusCode != http.StatusOK:
		return "", &Failure{Step: "userinfo", Reason: "refused with status " + strconv.Itoa(res.StatusCode), Down: res.StatusCode >= 500}
	case kind != "application/jwt":
		return "", &Failure{Step: "userinfo", Reason: "not a signed answer"}
	}
	return strings.TrimSpace(string(body)), nil
}
