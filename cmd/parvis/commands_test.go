package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/internal/app"
	"parvis/internal/base/db"
	"parvis/internal/base/jobs"
	"parvis/internal/base/mail"
)

// desk is an empty folder where a town's technician types commands.
type desk struct {
	t   *testing.T
	dir string
}

func newDesk(t *testing.T) desk {
	t.Helper()
	t.Chdir(t.TempDir())
	d := desk{t: t, dir: "."}
	d.ok("key", "--key-file", "cle")
	return d
}

// run types a command; the words are what it printed on its two outputs.
func (d desk) run(args ...string) (status int, out, said string) {
	d.t.Helper()
	var o, e bytes.Buffer
	ctx, stop := context.WithTimeout(d.t.Context(), time.Minute)
	defer stop()
	status = run(ctx, args, func(string) string { return "" }, &o, &e)
	return status, o.String(), e.String()
}

func (d desk) ok(args ...string) string {
	d.t.Helper()
	status, out, said := d.run(args...)
	if status != 0 {
		d.t.Fatalf("parvis %s: status %d, %s%s", strings.Join(args, " "), status, out, said)
	}
	return out
}

func (d desk) write(path, content string, mode fs.FileMode) {
	d.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		d.t.Fatal(err)
	}
}

// export writes a small folder of the old portal: two families, the second without its required address.
func (d desk) export(dir string) {
	d.t.Helper()
	d.write(dir+"/familles.csv", "CODE_FAMILLE;IDENTIFIANT;NOM_1;PRENOM_1;COURRIEL_1\nF1;cmartin;Martin;Camille;camille@exemple.fr\nF2;;Petit;;\n", 0o600)
	d.write(dir+"/enfants.csv", "CODE_ENFANT;CODE_FAMILLE;NOM;PRENOM;DATE_NAISSANCE;GARDE\nE1;F1;Martin;Lou;12/03/2019;\n", 0o600)
	d.write(dir+"/contacts.csv", "CODE_FAMILLE;NOM;PRENOM;LIEN;TELEPHONE;AUTORISE_A_RECUPERER\n", 0o600)
	d.write(dir+"/inscriptions.csv", "CODE_ENFANT;ACTIVITE;LIEU;DATE_DEBUT;DATE_FIN\n", 0o600)
	d.write(dir+"/reservations.csv", "CODE_ENFANT;CODE_FAMILLE;ACTIVITE;UNITE;DATE;ETAT\n", 0o600)
	d.write(dir+"/factures.csv", "NUMERO;CODE_FAMILLE;PERIODE;DATE_EMISSION;MONTANT;REGLE;ETAT\n", 0o600)
}

func (d desk) open(data string) *db.DB {
	d.t.Helper()
	base, err := db.Open(d.t.Context(), filepath.Join(data, "parvis.db"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = base.Close() })
	return base
}

// english is what Go, its libraries and SQL say.
var english = regexp.MustCompile(`(?i)no such|not found|is not|exists already|permission denied|invalid|unknown|failed|cannot|open |read |write |database|%!|flag |provided|damaged|wrong|usage`)

func list(t *testing.T) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// TestWrongUse walks the commands with what a technician gets wrong: each answers one French sentence that names what
// is wrong, with the status that tells misuse from failure, and leaves nothing behind.
func TestWrongUse(t *testing.T) {
	d := newDesk(t)
	d.export("export")
	d.ok("key", "--key-file", "autre")
	d.ok("migrate", "--data", "ville", "--key-file", "cle")
	d.ok("backup", "--data", "ville", "--key-file", "cle", "--to", "s.pvb")
	d.write("texte", "rien d’une clé\n", 0o600)
	d.write("ouverte", "", 0o644)
	d.write("vide/lisezmoi.txt", "", 0o600)
	whole, err := os.ReadFile("s.pvb")
	if err != nil {
		t.Fatal(err)
	}
	d.write("coupee.pvb", string(whole[:len(whole)-40]), 0o600)
	if err := os.Symlink("boucle", "boucle"); err != nil {
		t.Fatal(err)
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	keyed := " --data ville --key-file cle"
	for _, c := range []struct {
		line   string
		status int
		says   string
	}{
		{"", 2, "COMMANDE"},
		{"sauver", 2, "« sauver » n’est pas une commande"},
		{"help sauver", 2, "« sauver » n’est pas une commande"},
		{"agent", 2, "parvis agent add"},
		{"agent remove", 2, "« agent remove » n’est pas une commande"},
		{"key", 2, "--key-file CHEMIN"},
		{"key --key-file cle", 1, "existe déjà"},
		{"key --key-file nulle/part", 1, "n’existe pas"},
		{"key --key-file neuve de-trop", 2, "« de-trop » est de trop"},
		{"version --court", 2, "--court n’existe pas"},
		{"migrate --data neuf", 2, "--key-file"},
		{"migrate --data neuf --key-file absente", 1, "n’existe pas"},
		{"migrate --data neuf --key-file .", 1, "est un dossier"},
		{"migrate --data neuf --key-file texte", 1, "n’est pas un fichier de clé"},
		{"migrate --data neuf --key-file ouverte", 1, "chmod 600"},
		{"migrate --data texte --key-file cle", 1, "n’est pas un dossier"},
		{"migrate --data", 2, "--data attend une valeur"},
		{"migrate --database mysql://ici/base --key-file cle", 2, "adresse postgres://"},
		{"migrate --database postgres://u@127.0.0.1:1/base --key-file cle", 1, "ne répond pas"},
		{"migrate --database postgres://u@127.0.0.1:port/base --key-file cle", 1, "n’est pas compris"},
		{"migrate --database texte --key-file cle", 1, "pas de base de Parvis"},
		{"verify --data nulle-part --key-file cle", 1, "pas de base dans « nulle-part »"},
		{"verify --data ville --key-file autre", 1, "La clé n’est pas celle de cette installation"},
		{"verify --data ville", 2, "--key-file"},
		{"verify --from s.pvb", 2, "--key-file"},
		{"verify --from s.pvb --key-file autre", 1, "cette clé"},
		{"verify --from coupee.pvb --key-file cle", 1, "abîmée ou incomplète"},
		{"verify --from absente.pvb --key-file cle", 1, "n’existe pas"},
		{"backup" + keyed, 2, "--to FICHIER"},
		{"backup --to s.pvb" + keyed, 1, "existe déjà"},
		{"backup --to nulle/s.pvb" + keyed, 1, "n’existe pas"},
		{"backup --to t.pvb --data ville --key-file autre", 1, "La clé n’est pas celle"},
		{"backup --to t.pvb --data nulle-part --key-file cle", 1, "pas de base"},
		{"restore --data neuf --key-file cle", 2, "--from SAUVEGARDE"},
		{"restore --data ville --key-file cle --from s.pvb", 1, "n’est pas vide"},
		{"restore --data texte --key-file cle --from s.pvb", 1, "n’est pas un dossier"},
		{"restore --data neuf --key-file autre --from s.pvb", 1, "cette clé"},
		{"restore --data neuf/et/profond --key-file cle --from coupee.pvb", 1, "abîmée ou incomplète"},
		{"restore --data neuf/et/profond --key-file cle --from texte", 1, "n’est pas une sauvegarde"},
		{"restore --data neuf/et/profond --key-file cle --from absente.pvb", 1, "n’existe pas"},
		{"restore --data neuf --key-file cle --from export", 1, "c’est un dossier"},
		{"undo-import --data nulle-part --key-file cle", 1, "pas de base"},
		{"undo-import --batch 12" + keyed, 1, "Aucun import ne porte le numéro « 12 »"},
		{"campaign --data nulle-part --key-file cle", 1, "pas de base"},
		{"campaign --mail-rate vite" + keyed, 2, "--mail-rate n’accepte pas « vite »"},
		{"mails --data nulle-part", 1, "pas de base"},
		{"mails --data ville --send-held --drop-held", 2, "s’excluent"},
		{"agent add" + keyed, 2, "--email"},
		{"agent add --name Anne_Petit --email a@exemple.fr" + keyed, 2, "--name"},
		{"agent add --name Anne·Petit --email a@exemple.fr --role chef" + keyed, 2, "« chef » n’est pas un rôle"},
		{"agent add --name Anne·Petit --email a@exemple.fr --service piscine" + keyed, 1, "Aucun service n’a le code « piscine »"},
		{"agent add --name Anne·Petit --email ici" + keyed, 1, "adresse e-mail"},
		{"agent add --name Anne·Petit --email a@exemple.fr --data nulle-part --key-file cle", 1, "« nulle-part » n’existe pas"},
		{"import --data ville", 2, "--from DOSSIER"},
		{"import --data neuf --from absent", 2, "« absent » n’existe pas"},
		{"import --data neuf --from texte", 2, "n’est pas un dossier"},
		{"import --data ville --from vide", 1, "Ce fichier manque"},
		{"import --data ville --from export --key-file autre", 1, "La clé n’est pas celle"},
		{"import --data neuf --from export --report .", 2, "est un dossier"},
		{"import --data neuf --from export --report nulle/r.csv", 2, "n’existe pas"},
		{"import --data neuf --from export --report export/familles.csv", 2, "effacerait"},
		{"import --data ville --from export --report /dev/full", 2, "le disque est plein"},
		{"import --data ville --from export --report boucle", 2, "ne mène nulle part"},
		{"import --data ville --from export --dry-run=oui", 2, "--dry-run n’accepte pas « oui »"},
		{"import --data ville --from export --rapport r.csv", 2, "--rapport n’existe pas"},
		{"serve --data ville", 2, "--key-file manque"},
		{"serve --data ville --key-file ville/cle", 2, "dans le dossier des données"},
		{"serve --data ville --key-file autre", 1, "La clé n’est pas celle de cette installation"},
		{"serve --base-url ici" + keyed, 2, "--base-url"},
		{"serve --listen 0.0.0.0:80" + keyed, 2, "--insecure-http"},
		{"serve --smtp ici" + keyed, 1, "--smtp"},
		{"serve --trusted-proxy ici" + keyed, 1, "--trusted-proxy"},
		{"serve --tls-cert texte" + keyed, 2, "vont ensemble"},
		{"serve --tls-cert texte --tls-key texte" + keyed, 1, "ne sont pas un certificat"},
		{"serve --tls-cert absent --tls-key texte" + keyed, 1, "n’existe pas"},
		{"serve --listen " + busy.Addr().String() + keyed, 1, "est déjà prise"},
		{"serve --listen 127.0.0.1:99999" + keyed, 1, "n’est pas compris"},
		{"demo --data ville", 1, "n’est pas une démonstration"},
		{"demo --clock hier", 2, "--clock « hier »"},
	} {
		before := list(t)
		var args []string
		for _, word := range strings.Fields(c.line) {
			args = append(args, strings.ReplaceAll(word, "·", " "))
		}
		status, _, said := d.run(args...)
		if status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("parvis %s: status %d, want %d, and %q in: %s", c.line, status, c.status, c.says, said)
		}
		words := strings.NewReplacer("--insecure-http", "", "--database", "").Replace(said)
		if bad := english.FindString(words); bad != "" || strings.Contains(said, "Détail pour") {
			t.Errorf("parvis %s speaks English (%q): %s", c.line, bad, said)
		}
		if after := list(t); after != before {
			t.Errorf("parvis %s leaves something behind:\n%s\n%s", c.line, before, after)
		}
	}
}

// TestHelpListsWhatTheCommandUses: in both ways of asking, on the output, and nothing of the environment in it.
func TestHelpListsWhatTheCommandUses(t *testing.T) {
	secret := func(name string) string {
		if name == "PARVIS_SMTP" || name == "PARVIS_DATABASE" {
			return "smtp://moi:motdepasse@ici?from=a@b"
		}
		return ""
	}
	for _, c := range commands() {
		var texts []string
		for _, line := range []string{"help " + c.name, c.name + " --help", c.name + " -h"} {
			var out, said bytes.Buffer
			if status := run(t.Context(), strings.Fields(line), secret, &out, &said); status != 0 || said.Len() > 0 {
				t.Errorf("parvis %s: status %d, %s", line, status, said.String())
			}
			texts = append(texts, out.String())
		}
		if texts[0] != texts[1] || texts[1] != texts[2] {
			t.Errorf("%s: three helps that differ: %q", c.name, texts)
		}
		if strings.Contains(texts[0], "motdepasse") {
			t.Errorf("the help of %s shows a secret", c.name)
		}
		if c.name != "serve" && c.name != "demo" && strings.Contains(texts[0], "--tls-cert") || !strings.Contains(texts[0], c.what) {
			t.Errorf("help of %s:\n%s", c.name, texts[0])
		}
	}
}

// TestImportCountsAsPrinted: what was taken, what is new, then nothing new; nothing is left out of the chain.
func TestImportCountsAsPrinted(t *testing.T) {
	d := newDesk(t)
	d.export("export")
	status, out, said := d.run("import", "--data", "ville", "--from", "export", "--dry-run")
	if status != 3 || !strings.Contains(out, "  familles           1 à reprendre\n") || !strings.Contains(out, "rien n’a été écrit") {
		t.Errorf("dry run: status %d\n%s%s", status, out, said)
	}
	if _, err := os.Stat("ville"); err == nil {
		t.Error("a dry run made the folder of the data")
	}
	for _, c := range []struct{ families, children string }{
		{"  familles           1 reprises, dont 1 nouvelles\n", "  enfants            1 reprises, dont 1 nouvelles\n"},
		{"  familles           1 reprises, dont 0 nouvelles\n", "  enfants            1 reprises, dont 0 nouvelles\n"},
	} {
		status, out, said := d.run("import", "--data", "ville", "--from", "export", "--report", "r.csv")
		if status != 3 || !strings.Contains(out, c.families) || !strings.Contains(out, c.children) {
			t.Errorf("import: status %d\n%s%s", status, out, said)
		}
	}
	if text, err := os.ReadFile("r.csv"); err != nil || !strings.Contains(string(text), "familles.csv;3;") {
		t.Errorf("report %q, %v", text, err)
	}
	d.sealed()
	d.ok("migrate", "--data", "ville", "--key-file", "cle")
	d.ok("agent", "add", "--data", "ville", "--key-file", "cle", "--name", "Anne Petit", "--email", "anne@exemple.fr")
	d.sealed()
	d.ok("campaign", "--data", "ville", "--key-file", "cle")
	d.sealed()
	batch := strings.Fields(d.ok("undo-import", "--data", "ville", "--key-file", "cle"))[0]
	d.ok("undo-import", "--data", "ville", "--key-file", "cle", "--batch", batch)
	d.sealed()
}

// sealed wants lines in the chain and none beside it.
func (d desk) sealed() {
	d.t.Helper()
	out := d.ok("verify", "--data", "ville", "--key-file", "cle")
	if !strings.Contains(out, " 0 lignes pas encore scellées") || strings.Contains(out, ": 0 maillons") {
		d.t.Errorf("after a command that writes: %s", out)
	}
}

// TestRestoredMailsWait: what waited in the backup is held until somebody decides, or is told to leave at once.
func TestRestoredMailsWait(t *testing.T) {
	d := newDesk(t)
	d.ok("migrate", "--data", "ville", "--key-file", "cle")
	err := db.Do(t.Context(), d.open("ville"), func(tx *db.Tx) error {
		if _, err := mail.Enqueue(tx, time.Now(), mail.Message{Template: "account.changed", To: "a@exemple.fr"}); err != nil {
			return err
		}
		return jobs.Enqueue(tx, time.Now(), jobs.Job{Kind: "admission.campaign"})
	})
	if err != nil {
		t.Fatal(err)
	}
	d.ok("backup", "--data", "ville", "--key-file", "cle", "--to", "s.pvb")
	if out := d.ok("restore", "--data", "copie", "--key-file", "cle", "--from", "s.pvb"); !strings.Contains(out, "retenus") {
		t.Errorf("restore says nothing of the mails: %s", out)
	}
	d.ok("restore", "--data", "suite", "--key-file", "cle", "--from", "s.pvb", "--send-pending")
	for data, want := range map[string]app.Held{"ville": {}, "copie": {Mails: 1, Jobs: 1}, "suite": {}} {
		got, err := db.Read(t.Context(), d.open(data), app.HeldBack)
		if err != nil || got != want {
			t.Errorf("%s holds %+v, want %+v (%v)", data, got, want, err)
		}
	}
	if out := d.ok("mails", "--data", "copie"); !strings.Contains(out, "À envoyer : 0 courriels. Retenus depuis un rétablissement : 1 courriels, 1 tâches.") {
		t.Error(out)
	}
	if out := d.ok("mails", "--data", "copie", "--send-held"); !strings.Contains(out, "1 courriels et 1 tâches qui étaient retenus partiront") ||
		!strings.Contains(out, "À envoyer : 1 courriels") {
		t.Error(out)
	}
	for range 2 { // a restored copy verifies, with the key that made it only
		d.ok("verify", "--data", "copie", "--key-file", "cle")
	}
	if fmt.Sprint(d.ok("mails", "--data", "copie", "--drop-held")) == "" {
		t.Error("nothing said")
	}
}
