package signup

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/captcha"
	"parvis/internal/base/captcha/captchatest"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/base/web"
	"parvis/internal/feature/account"
	"parvis/internal/feature/person"
	"parvis/internal/feature/person/persontest"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/PuerkitoBio/goquery"
)

// desk is the wizard over a database, with a clock that tests move and hashing that is counted.
type desk struct {
	t      *testing.T
	d      *db.DB
	key    *crypt.Key
	check  captcha.Check
	portal *testkit.Portal
	now    time.Time
	rules  map[string]town.FieldRule
	hashes []string
	files  map[string][]byte
	free   map[string]bool // photos dropped
}

func open(t *testing.T, d *db.DB) *desk {
	t.Helper()
	k := &desk{t: t, d: d, key: crypt.NewKey(), now: persontest.Now(), rules: map[string]town.FieldRule{}, files: map[string][]byte{}, free: map[string]bool{}}
	clock := func() time.Time { return k.now }
	k.check = captchatest.Check(d, k.now)
	k.check.Now, k.check.RealNow = clock, clock
	k.portal = testkit.NewPortal(t, d, k.now, func(c *web.Config) { c.Now = clock })
	k.pages().Citizen(k.portal.Router)
	return k
}

func (k *desk) clock() time.Time { return k.now }

func (k *desk) pages() Pages {
	settings := &town.Cache{DB: k.d}
	return Pages{DB: k.d, Now: k.clock, Key: k.key, Settings: settings, Check: k.check, Promise: promise,
		Rule: func(ctx context.Context, name string) town.FieldRule {
			if rule, set := k.rules[name]; set {
				return rule
			}
			return settings.Get(ctx, k.now).Field(name)
		},
		hash: func(_ context.Context, password string) (string, error) {
			k.hashes = append(k.hashes, password)
			return "hachage de " + strings.Repeat("*", len(password)), nil
		},
		Photos: person.Photos{Decoder: person.NewDecoder(),
			Put: func(_ context.Context, b []byte) (string, error) {
				id := db.NewID()
				k.files[id] = b
				return id, nil
			},
			Open: func(_ context.Context, id string) ([]byte, error) { return k.files[id], nil },
			Drop: k.drop,
		}}
}

func (k *desk) drop(_ *db.Tx, _ time.Time, id string) error {
	k.free[id] = true
	return nil
}

// promise is two days later, which is enough for a page to print.
func promise(_ db.Reader, from time.Time) (time.Time, error) { return from.AddDate(0, 0, 2), nil }

func (k *desk) visitor() *testkit.Client {
	c := k.portal.As(actor.Actor{})
	c.Header.Set("User-Agent", "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0")
	c.Header.Set("Accept-Language", "fr-FR,fr;q=0.8")
	return c
}

var (
	who     = map[string]string{"nom": "Nguyễn", "prenoms": "Zoë Marie"}
	where   = map[string]string{"numero": "12 bis", "voie": "rue des Écoles", "code_postal": "78999", "ville": "Rivebelle-sur-Seine"}
	reach   = map[string]string{"courriel": "zoe.nguyen@exemple.fr"}
	secrets = map[string]string{"mot_de_passe": "Canard-Violet-27", "confirmation": "Canard-Violet-27"}
)

const form = "main form[action^='/creer-mon-espace/']"

// toLast goes through the wizard up to its last screen.
func (k *desk) toLast(c *testkit.Client, contact map[string]string) *testkit.Page {
	k.t.Helper()
	page := c.Get(root).Click("a[href='" + root + "/identite']")
	for _, answers := range []map[string]string{who, where, contact} {
		page = page.Submit(form, answers).Follow()
	}
	if page.Path != root+"/authentification" {
		k.t.Fatalf("the last screen is %s: %s", page.Path, page.Text("main"))
	}
	return page
}

// solved is answers with the security check passed.
func (k *desk) solved(page *testkit.Page, answers map[string]string) map[string]string {
	k.t.Helper()
	all := map[string]string{}
	for name, value := range answers {
		all[name] = value
	}
	token := page.Doc.Find("input[name=controle]").AttrOr("value", "")
	for name, value := range captchatest.Solve(k.t, k.check, token) {
		all[name] = value
	}
	return all
}

// wrong is answers with another picture than the right one.
func (k *desk) wrong(page *testkit.Page, answers map[string]string) map[string]string {
	k.t.Helper()
	all := k.solved(page, answers)
	if all["controle_image"] == "1" {
		all["controle_image"] = "2"
	} else {
		all["controle_image"] = "1"
	}
	return all
}

// asked is a demand sent through the pages, and its « Demande reçue ».
func (k *desk) asked(c *testkit.Client, contact map[string]string) *testkit.Page {
	k.t.Helper()
	page := k.toLast(c, contact)
	sent := page.Submit(form, k.solved(page, secrets))
	if sent.Status != 303 {
		k.t.Fatalf("the demand answered %d: %s", sent.Status, sent.Text("main"))
	}
	return sent.Follow()
}

func list[T any](k *desk, query string, args ...any) []T {
	k.t.Helper()
	all, err := db.Read(context.Background(), k.d, func(r db.Reader) ([]T, error) { return db.List(r, db.Column[T], query, args...) })
	if err != nil {
		k.t.Fatal(err)
	}
	return all
}

func (k *desk) count(table string) int64 {
	k.t.Helper()
	return list[int64](k, "select count(*) from "+table)[0]
}

// link is where the mail of the newest demand leads.
func (k *desk) link() string {
	k.t.Helper()
	ids := list[string](k, "select id from signup order by created_at desc, id desc")
	return root + "/confirmer/" + linkSecret(k.key, ID(ids[0]))
}

func (k *desk) demand() Demand {
	k.t.Helper()
	ids := list[string](k, "select id from signup order by created_at desc, id desc")
	d, err := db.Read(context.Background(), k.d, func(r db.Reader) (Demand, error) { return demandByID(r, ID(ids[0])) })
	if err != nil {
		k.t.Fatal(err)
	}
	return d
}

func (k *desk) accountOf(d Demand) (account.Account, person.Person) {
	k.t.Helper()
	type both struct {
		a account.Account
		p person.Person
	}
	b, err := db.Read(context.Background(), k.d, func(r db.Reader) (both, error) {
		acc, err := account.ByID(r, d.Account)
		if err != nil {
			return both{}, err
		}
		p, err := person.ByID(r, acc.Person)
		return both{acc, p}, err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return b.a, b.p
}

// known makes an active account.
func (k *desk) known(username, email string) account.ID {
	k.t.Helper()
	p := persontest.Camille()
	p.Email = email
	who := persontest.Add(k.t, k.d, p)
	id, err := db.Write(context.Background(), k.d, func(tx *db.Tx) (account.ID, error) {
		return account.Insert(tx, k.now, actor.Job("test"), account.Account{Person: who, Audience: account.Citizen, Username: username, Email: email,
			EmailConfirmedAt: civil.InstantOf(k.now), State: account.Active}, "")
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return id
}

func (k *desk) sweep() {
	k.t.Helper()
	if err := (Sweep{DB: k.d, Now: k.clock, Drop: k.drop}).Run(context.Background()); err != nil {
		k.t.Fatal(err)
	}
}

// value is what a field shows.
func value(p *testkit.Page, name string) string {
	field := p.Doc.Find("#champ-" + name)
	if goquery.NodeName(field) == "select" {
		return field.Find("option[selected]").AttrOr("value", "")
	}
	return strings.ReplaceAll(field.AttrOr("value", ""), "\u00a0", " ")
}

func (k *desk) selfie(secret string) []byte {
	k.t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for i := range m.Pix {
		m.Pix[i] = 0xc0
	}
	m.Set(20, 20, color.Black)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		k.t.Fatal(err)
	}
	file := b.Bytes() // a comment segment stands for what a camera writes
	comment := append([]byte{0xff, 0xfe, 0, byte(len(secret) + 2)}, secret...)
	return append(append(append([]byte{}, file[:2]...), comment...), file[2:]...)
}

func values(m map[string]string) url.Values {
	all := url.Values{}
	for name, v := range m {
		all.Set(name, v)
	}
	return all
}
