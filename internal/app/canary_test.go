package app_test

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"mime/quotedprintable"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/actor"
	"parvis/internal/base/backup"
	"parvis/internal/base/civil"
	"parvis/internal/base/crypt"
	"parvis/internal/base/db"
	"parvis/internal/feature/account"
	"parvis/internal/feature/account/accounttest"
	"parvis/internal/feature/admission"
	"parvis/internal/feature/person"
	"parvis/internal/feature/town"
	"parvis/internal/testkit"

	"github.com/emersion/go-smtp"
)

// canaries are secrets that went through a portal, by what they are.
type canaries map[string][]byte

// forms are the ways a secret may lie about: as it is, and as the usual encodings of it.
func forms(secret []byte) [][]byte {
	all := [][]byte{secret, []byte(base64.StdEncoding.EncodeToString(secret)), []byte(base64.RawURLEncoding.EncodeToString(secret)),
		[]byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret))), []byte(url.QueryEscape(string(secret)))}
	if raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(string(secret)); err == nil {
		all = append(all, raw, []byte(hex.EncodeToString(raw)), []byte(base64.StdEncoding.EncodeToString(raw)))
	}
	return all
}

// seek tells which canaries sing in a text.
func (c canaries) seek(t *testing.T, where string, text []byte) {
	t.Helper()
	for name, secret := range c {
		if len(secret) < 8 {
			t.Fatalf("the canary %q is too short to be sought: %q", name, secret)
		}
		for _, form := range forms(secret) {
			if bytes.Contains(text, form) {
				t.Errorf("%s holds %s in clear", where, name)
				break
			}
		}
	}
}

// postbox takes a portal's mails as a town's server would.
type postbox struct {
	mu    sync.Mutex
	texts []string
}

func (p *postbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &postboxSession{box: p}, nil }

type postboxSession struct{ box *postbox }

func (*postboxSession) Reset()                               {}
func (*postboxSession) Logout() error                        { return nil }
func (*postboxSession) Mail(string, *smtp.MailOptions) error { return nil }
func (*postboxSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *postboxSession) Data(r io.Reader) error {
	text, err := io.ReadAll(quotedprintable.NewReader(r))
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.texts = append(s.box.texts, string(text))
	return err
}

func (p *postbox) open(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(p)
	server.Domain = "poste"
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return "smtp://" + l.Addr().String() + "?from=espace@rivebelle.exemple"
}

// find waits for a mail that matches and gives the first group.
func (p *postbox) find(t *testing.T, pattern string) string {
	t.Helper()
	wanted := regexp.MustCompile(pattern)
	for range 600 {
		p.mu.Lock()
		for _, text := range p.texts {
			if m := wanted.FindStringSubmatch(text); m != nil {
				p.mu.Unlock()
				return m[1]
			}
		}
		p.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("no mail with %s among %d:\n%s", pattern, len(p.texts), strings.Join(p.texts, "\n"))
	return ""
}

// aviary is a portal as in service: SQLite, a key file, a mail server, everything logged.
type aviary struct {
	*app.App
	t     *testing.T
	box   *postbox
	log   *syncBuffer
	found canaries
	open  canaries // readable in the database, as documented, and nowhere else
}

func openAviary(t *testing.T) *aviary {
	t.Helper()
	v := &aviary{t: t, box: &postbox{}, log: &syncBuffer{}, found: canaries{}, open: canaries{}}
	cfg := app.Config{Data: filepath.Join(t.TempDir(), "donnees"), Listen: "127.0.0.1:0", BaseURL: "http://portail.test",
		KeyFile: filepath.Join(t.TempDir(), "cle"), SMTP: v.box.open(t), MailRate: 600}
	if _, err := crypt.CreateKey(cfg.KeyFile); err != nil {
		t.Fatal(err)
	}
	var err error
	v.App, err = app.Open(t.Context(), cfg, app.Options{Log: slog.New(slog.NewTextHandler(v.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// keep notes a secret under what it is.
func (v *aviary) keep(name, secret string) string {
	v.t.Helper()
	if secret == "" {
		v.t.Fatalf("no %s was found", name)
	}
	v.found[name] = []byte(secret)
	return secret
}

// pass answers with a page after a form, and fails the test when the form was refused.
func (v *aviary) pass(page *testkit.Page) *testkit.Page {
	v.t.Helper()
	if page.Status != 303 {
		v.t.Fatalf("%s answered %d: %s", page.Path, page.Status, page.Text("main"))
	}
	return page.Follow()
}

func (v *aviary) session(c *testkit.Client, name string) {
	v.t.Helper()
	for _, cookie := range c.Cookies() {
		if strings.HasSuffix(cookie.Name, account.SessionCookie) {
			v.keep(name, cookie.Value)
		}
	}
}

func (v *aviary) code(secret string) string {
	v.t.Helper()
	code, err := account.TOTPCode(secret, time.Now())
	if err != nil {
		v.t.Fatal(err)
	}
	return code
}

// recovery notes the codes that a page shows once.
func (v *aviary) recovery(page *testkit.Page, whose string) {
	v.t.Helper()
	codes := page.Doc.Find(".codes li")
	for i := range codes.Length() {
		v.keep(fmt.Sprintf("recovery code %d of %s", i, whose), codes.Eq(i).Text())
	}
	if codes.Length() == 0 {
		v.t.Fatalf("no recovery codes for %s: %s", whose, page.Text("main"))
	}
}

// TestNoSecretLiesAbout leads secrets of every kind through the whole portal, then looks for them in all that an
// install leaves: the database and its journal, sealed files, exported heads, temporary files, logs, a backup.
func TestNoSecretLiesAbout(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	v := openAviary(t)
	ctx, stop := context.WithCancel(context.Background())
	worked := make(chan struct{})
	go func() {
		v.Run(ctx)
		close(worked)
	}()
	v.agentComes()
	v.citizenComes()

	archive := filepath.Join(t.TempDir(), "sauvegarde.pvb")
	if _, err := backup.ToFile(ctx, v.DB, v.Files, v.Key, archive); err != nil {
		t.Fatal(err)
	}
	v.lookInto(v.Config.Data, v.found) // with its journal, while it serves
	stop()
	<-worked
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	key, err := os.ReadFile(v.Config.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	v.keep("the key", strings.TrimSpace(string(key)))
	if t.Failed() {
		return
	}
	v.lookInto(v.Config.Data, v.found)
	v.lookInto(temporary, v.found)
	for _, all := range []canaries{v.found, v.open} {
		all.seek(t, "the log", []byte(v.log.String()))
		v.lookInto(archive, all)
		v.lookInto(filepath.Join(v.Config.Data, "fichiers"), all)
	}
	v.proveSight()
	t.Logf("%d secrets and %d readable words led through", len(v.found), len(v.open))
}

// agentComes enrols the first administrator by its link, and signs in with both factors.
func (v *aviary) agentComes() {
	v.t.Helper()
	path, err := db.Write(v.t.Context(), v.DB, func(tx *db.Tx) (string, error) {
		_, path, err := account.AddAgent(tx, v.Now(), actor.Job("agent add"), v.Key, account.NewAgent{FirstNames: "Nadia", LastName: "Rahmani",
			Email: "nadia.canari@mairie.exemple", Roles: []account.Held{{Role: account.Administrateur, Service: town.ServiceID(actor.AllServices)}}})
		return path, err
	})
	if err != nil {
		v.t.Fatal(err)
	}
	v.keep("the invitation's token", strings.TrimPrefix(path, "/agents/invitation/"))
	c := testkit.NewClient(v.t, v.Handler())
	page := c.Get(path)
	secret := v.keep("the agent's second factor", strings.ReplaceAll(page.Text(".secret"), " ", ""))
	password := v.keep("the agent's password", "Zqpj7canari-agent-84")
	v.recovery(v.pass(page.Submit("main form", map[string]string{"mot_de_passe": password, "confirmation": password, "code": v.code(secret)})), "the agent")
	v.session(c, "the agent's session")
	other := testkit.NewClient(v.t, v.Handler())
	wrong := v.keep("a wrong password", "Zqpj7canari-faux-19")
	if got := other.Get("/agents/connexion").Submit("main form", map[string]string{"identifiant": "nadia.rahmani", "mot_de_passe": wrong}); got.Status != 422 {
		v.t.Errorf("a wrong password: %d", got.Status)
	}
	other.Get("/agents/connexion").Submit("main form", map[string]string{"identifiant": "nadia.rahmani", "mot_de_passe": password})
	v.session(other, "the agent's half session")
}

// citizenComes leads an imported adult from the campaign's mail to a space with a photo and a second factor, through
// a forgotten password and a new address.
func (v *aviary) citizenComes() {
	v.t.Helper()
	const email = "camille.canari@famille.exemple"
	accounttest.Citizen(v.t, v.DB, v.Now(), "", func(p *person.Person, acc *account.Account) {
		p.LastName, p.Email, p.BirthDay = "Canarivoix", email, civil.NewDate(1985, 3, 3)
		acc.Username, acc.Email, acc.State = "canarivoix", email, account.Unclaimed
	})
	v.open["a name"], v.open["an address"] = []byte("Canarivoix"), []byte(email)
	if n, err := v.StartCampaign(v.t.Context(), admission.Never); err != nil || n != 1 {
		v.t.Fatalf("campaign of %d: %v", n, err)
	}
	link := v.keep("the activation's token", v.box.find(v.t, `portail\.test/activation/(\S+)`))
	provisional := v.keep("the provisional password", v.box.find(v.t, `Mot de passe provisoire\pZ*:\pZ*(\S+)`))
	c := testkit.NewClient(v.t, v.Handler())
	if page := c.Get("/activation/" + link); page.Status != 200 {
		v.t.Fatalf("the link answered %d: %s", page.Status, page.Text("main"))
	}
	first := v.pass(c.Get("/connexion").Submit("main form", map[string]string{"identifiant": "canarivoix", "mot_de_passe": provisional}))
	v.session(c, "the session of the first sign-in")
	password := v.keep("the citizen's password", "Zqpj7canari-famille-31")
	v.pass(first.Submit("main form", map[string]string{"mot_de_passe": password, "confirmation": password}))
	v.session(c, "the citizen's session")
	v.forgets()
	v.secures(c)
	v.pictured(c)
}

// forgets asks for a link and chooses another password by it.
func (v *aviary) forgets() {
	v.t.Helper()
	c := testkit.NewClient(v.t, v.Handler())
	v.pass(c.Get("/mot-de-passe-oublie").Submit("main form", map[string]string{"identifiant": "canarivoix"}))
	token := v.keep("the token of a forgotten password", v.box.find(v.t, `portail\.test/mot-de-passe-oublie/(\S+)`))
	password := v.keep("the password after that", "Zqpj7canari-nouveau-57")
	v.pass(c.Get("/mot-de-passe-oublie/"+token).Submit("main form", map[string]string{"mot_de_passe": password, "confirmation": password}))
}

// secures signs in again, adds a second factor and asks for another address.
func (v *aviary) secures(c *testkit.Client) {
	v.t.Helper()
	v.pass(c.Get("/connexion").Submit("main form", map[string]string{"identifiant": "canarivoix", "mot_de_passe": string(v.found["the password after that"])}))
	v.session(c, "the citizen's later session")
	page := c.Get("/espace/identifiants/double-authentification")
	secret := v.keep("the citizen's second factor", strings.ReplaceAll(page.Text(".secret"), " ", ""))
	v.recovery(v.pass(page.Submit("#ajout", map[string]string{"mot_de_passe": string(v.found["the password after that"]), "code": v.code(secret)})), "the citizen")
	page = c.Get("/espace/coordonnees/courriel")
	v.pass(page.Submit("main form", v.confirmed(page, map[string]string{"courriel": "nouvelle.canari@famille.exemple"})))
	v.keep("the token of a new address", v.box.find(v.t, `portail\.test/confirmer-adresse/(\S+)`))
	v.open["a new address"] = []byte("nouvelle.canari@famille.exemple")
}

// confirmed adds the password where a form asks for it again.
func (v *aviary) confirmed(page *testkit.Page, values map[string]string) map[string]string {
	if page.Has(`main form input[name="mot_de_passe"]`) {
		values["mot_de_passe"] = string(v.found["the password after that"])
	}
	return values
}

// pictured sends a photo and notes a piece of the file that the portal made of it.
func (v *aviary) pictured(c *testkit.Client) {
	v.t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 900, 900))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(random.Uint32())
	}
	var raw bytes.Buffer
	if err := jpeg.Encode(&raw, picture, nil); err != nil {
		v.t.Fatal(err)
	}
	page := c.Get("/espace/profil")
	profile := v.pass(page.SubmitAll(`form[action="/espace/profil/photo"]`, nil, testkit.File{Field: "photo", Name: "moi.jpg", Type: "image/jpeg", Body: raw.Bytes()}))
	v.keep("a piece of the photo as sent", raw.String()[raw.Len()/2:][:64])
	src, _ := profile.Doc.Find(`main img[src^="/espace/photos/"]`).Attr("src")
	shown := c.Get(src)
	if shown.Status != 200 || len(shown.Body) < 2000 {
		v.t.Fatalf("the photo %q: %d, %d bytes", src, shown.Status, len(shown.Body))
	}
	v.keep("a piece of the photo", shown.Body[len(shown.Body)/2:][:64])
}

// lookInto seeks in a file, or in every file under a folder.
func (v *aviary) lookInto(path string, all canaries) {
	v.t.Helper()
	err := filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		all.seek(v.t, filepath.Base(p), text)
		return nil
	})
	if err != nil {
		v.t.Error(err)
	}
}

// proveSight shows that the search sees: what is documented as readable is found in the database.
func (v *aviary) proveSight() {
	v.t.Helper()
	text, err := os.ReadFile(v.Config.DatabaseURL())
	if err != nil {
		v.t.Fatal(err)
	}
	for name, word := range v.open {
		if !bytes.Contains(text, word) {
			v.t.Errorf("the database does not hold %s: the search is blind", name)
		}
	}
}
