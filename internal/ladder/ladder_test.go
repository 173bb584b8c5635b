// Package ladder holds the test of the order of packages: imports only go down, siblings do not know each
// other, and a foreign key follows the same way. See docs/architecture.md.
package ladder

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// ranks is the ladder, lowest first; packages on one line do not import each other.
var ranks = []string{
	"base/civil base/money base/fault base/actor base/crash base/crypt base/spelling base/french",
	"base/geo",
	"base/db",
	"base/audit base/mail base/jobs base/blob base/revert",
	"base/web",
	"base/captcha base/openid base/pdf base/sheet base/backup",
	"feature/town",
	"feature/person",
	"feature/account",
	"feature/family",
	"feature/custody",
	"feature/admission feature/signup feature/merging feature/document feature/activity",
	"feature/tariff feature/messaging feature/request",
	"feature/enrolment",
	"feature/booking",
	"feature/daylist",
	"feature/suspension feature/schoolfile feature/feed feature/attendance feature/absence feature/reminder",
	"feature/billing",
	"portal/home portal/desk portal/moving",
	"portal/demo",
	"app",
	"cmd",
}

func rankOf(path string) (rank int, name string, ok bool) {
	rest := strings.TrimPrefix(path, "parvis/")
	rest = strings.TrimPrefix(rest, "internal/")
	for i, line := range ranks {
		for _, name := range strings.Fields(line) {
			if rest == name || strings.HasPrefix(rest, name+"/") {
				return i, name, true
			}
		}
	}
	return 0, "", false
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "parvis/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsGoDown(t *testing.T) {
	for _, p := range list(t) {
		if p.ImportPath == "parvis/internal/ladder" {
			continue
		}
		if p.ImportPath == "parvis/internal/testkit" {
			for _, i := range p.Imports {
				if strings.HasPrefix(i, "parvis/") && !strings.HasPrefix(i, "parvis/internal/base/") {
					t.Errorf("testkit knows the floor only, and imports %s", i)
				}
			}
			continue
		}
		for _, broken := range faults(t, p) {
			t.Error(broken)
		}
	}
}

func faults(t *testing.T, p pkg) (broken []string) {
	rank, name, ok := rankOf(p.ImportPath)
	if !ok {
		return []string{p.ImportPath + " has no place on the ladder"}
	}
	builder := strings.HasSuffix(p.ImportPath, "test") // <feature>test: builders for tests
	for _, i := range p.Imports {
		if !strings.HasPrefix(i, "parvis/") || (builder && i == "parvis/internal/testkit") {
			continue
		}
		to, toName, ok := rankOf(i)
		switch {
		case !ok:
			broken = append(broken, p.ImportPath+" imports "+i+", which has no place on the ladder")
		case strings.HasSuffix(i, "test") && !builder:
			broken = append(broken, p.ImportPath+" imports the test builders "+i)
		case to > rank || (to == rank && toName != name):
			broken = append(broken, p.ImportPath+" imports "+i+": the ladder only goes down")
		}
	}
	return broken
}

// TestLadderSeesFaults shows that the test above can fail.
func TestLadderSeesFaults(t *testing.T) {
	for name, p := range map[string]pkg{
		"up":       {"parvis/internal/feature/town", []string{"parvis/internal/feature/person"}},
		"sibling":  {"parvis/internal/portal/home", []string{"parvis/internal/portal/desk"}},
		"unplaced": {"parvis/internal/feature/utils", nil},
		"builders": {"parvis/internal/feature/family", []string{"parvis/internal/feature/person/persontest"}},
	} {
		if len(faults(t, p)) == 0 {
			t.Errorf("%s: not seen", name)
		}
	}
}

var (
	creates    = regexp.MustCompile(`(?i)create table (?:if not exists )?(\w+)`)
	references = regexp.MustCompile(`(?i)references (\w+)`)
	forbidden  = regexp.MustCompile(`(?i)\b(now\(\)|timestamptz|autoincrement|serial|jsonb?|ilike|interval|drop table|drop column|rename)\b`)
	comments   = regexp.MustCompile(`--[^\n]*`)
)

// TestMigrations refuses a number used twice, a foreign key that points up, and what is not portable.
func TestMigrations(t *testing.T) {
	files, err := filepath.Glob("../*/*/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations found: %v", err)
	}
	numbers, owner, texts := map[string]string{}, map[string]string{}, map[string]string{}
	for _, file := range files {
		number := filepath.Base(file)[:4]
		if other, taken := numbers[number]; taken {
			t.Errorf("%s and %s share a number", other, file)
		}
		numbers[number] = file
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := comments.ReplaceAllString(string(raw), "")
		texts[file] = text
		if bad := forbidden.FindString(text); bad != "" {
			t.Errorf("%s: %q is not of the portable subset", file, bad)
		}
		for _, m := range creates.FindAllStringSubmatch(text, -1) {
			owner[m[1]] = file
		}
	}
	for file, text := range texts {
		from, fromName, _ := rankOf("parvis/internal/" + strings.TrimPrefix(filepath.ToSlash(filepath.Dir(filepath.Dir(file))), "../"))
		for _, m := range references.FindAllStringSubmatch(text, -1) {
			target, ok := owner[m[1]]
			if !ok {
				t.Errorf("%s references %s, which no migration makes", file, m[1])
				continue
			}
			to, toName, _ := rankOf("parvis/internal/" + strings.TrimPrefix(filepath.ToSlash(filepath.Dir(filepath.Dir(target))), "../"))
			if to > from || (to == from && toName != fromName) {
				t.Errorf("%s: a foreign key to %s points up the ladder", file, m[1])
			}
		}
	}
}
