package town

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/mail"

	"github.com/google/go-cmp/cmp"
)

func TestEverySettingCanBeSetOnScreen(t *testing.T) {
	asked := map[string]bool{}
	for _, s := range subjects() {
		for _, key := range s.keys() {
			if asked[key] {
				t.Errorf("%s is asked twice", key)
			}
			asked[key] = true
		}
	}
	for _, c := range codecs() {
		if !asked[c.key] {
			t.Errorf("%s cannot be set on screen", c.key)
		}
		delete(asked, c.key)
	}
	for key := range asked {
		t.Errorf("%s is asked and is no setting", key)
	}
}

func TestADrawingOnlyDraws(t *testing.T) {
	const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">`
	for name, drawing := range map[string]string{
		"script":                 head + `<script>alert(1)</script></svg>`,
		"script in another case": head + `<SCRIPT>alert(1)</SCRIPT></svg>`,
		"script with a prefix":   `<svg xmlns:x="http://www.w3.org/2000/svg"><x:script>alert(1)</x:script></svg>`,
		"onload":                 `<svg onload="alert(1)"></svg>`,
		"onclick deep inside":    head + `<g><path onClick="x()" d="M0 0"/></g></svg>`,
		"javascript link":        head + `<use href="javascript:alert(1)"/></svg>`,
		"link in a namespace":    head[:5] + `xmlns:xlink="http://www.w3.org/1999/xlink"><use xlink:href="https://exemple.fr/x.svg#a"/></svg>`,
		"anchor":                 head + `<a href="#x"><path d="M0 0"/></a></svg>`,
		"foreign object":         head + `<foreignObject><p>x</p></foreignObject></svg>`,
		"picture from elsewhere": head + `<image href="https://exemple.fr/x.png"/></svg>`,
		"fill from elsewhere":    head + `<path fill="url(https://exemple.fr/x)" d="M0 0"/></svg>`,
		"style from elsewhere":   head + `<path style="fill:url('https://exemple.fr/x')" d="M0 0"/></svg>`,
		"style sheet":            head + `<style>@import "x"</style></svg>`,
		"animation":              head + `<path><animate attributeName="href" values="javascript:x"/></path></svg>`,
		"set":                    head + `<set attributeName="onmouseover" to="x()"/></svg>`,
		"entities":               `<!DOCTYPE svg [<!ENTITY x "y">]><svg></svg>`,
		"left out but armed":     head + `<metadata><script>1</script></metadata></svg>`,
		"not a drawing":          `<html><body/></html>`,
		"two drawings":           `<svg></svg><svg></svg>`,
		"cut short":              head + `<path`,
		"text":                   `bonjour`,
		"too big":                head + strings.Repeat(`<path d="M0 0"/>`, 2000) + `</svg>`,
	} {
		if clean, err := CleanSVG(drawing); err == nil {
			t.Errorf("%s is taken as %s", name, clean)
		} else if !strings.HasSuffix(err.Error(), ".") {
			t.Errorf("%s: no sentence: %v", name, err)
		}
	}
}

func TestADesignersDrawingIsTaken(t *testing.T) {
	const exported = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<!-- made with an editor -->
<svg xmlns="http://www.w3.org/2000/svg" xmlns:ed="http://editor.example/ns" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10" ed:zoom="2">
<title>Blason &amp; devise</title><metadata><ed:view/></metadata><defs><linearGradient id="a"><stop offset="0" style="stop-color:#fff;-ed-x:1"/></linearGradient></defs>
<path fill="url(#a)" data-x="1" d="M0 0"/><use xlink:href="#a"/></svg>`
	got, err := CleanSVG(exported)
	if err != nil {
		t.Fatal(err)
	}
	want := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><title>Blason &amp; devise</title><defs><linearGradient id="a">` +
		`<stop offset="0" stop-color="#fff"></stop></linearGradient></defs><path fill="url(#a)" d="M0 0"></path><use href="#a"></use></svg>`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if again, err := CleanSVG(got); err != nil || again != got {
		t.Errorf("cleaned twice: %v\n%s", err, again)
	}
}

func TestHoursAsPeopleWriteThem(t *testing.T) {
	morning := civil.Span{From: 510, To: 720}
	for text, want := range map[string]civil.Span{
		"8 h 30 – 12 h": morning, "8h30-12h": morning, "8:30-12:00": morning, "08h30 à 12h00": morning, "de 8 h 30 à 12 h": morning,
		"8h30 à midi": morning, "8.30 - 12": morning, "8\u202fh\u202f30\u00a0– 12\u202fh": morning, "8 heures 30 - midi": morning,
		"9-17": {From: 540, To: 1020}, "20h à minuit": {From: 1200, To: 1440}, "": {}, "fermé": {}, "Fermée": {}, "–": {},
	} {
		if got, ok := ParseSpan(text); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"le matin", "8h30", "12h-8h", "8h75-9h", "25h-26h", "8h-12h et 14h-18h", "quand on veut"} {
		if got, ok := ParseSpan(text); ok {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
}

func TestTheWeekIsReadBack(t *testing.T) {
	hours := Default().Hours
	hours[time.Saturday] = []civil.Span{{From: 13 * 60, To: 18 * 60}}
	values := weekValues(hours)
	got, fields := parseWeek(func(name string) string { return values[name] })
	if len(fields) > 0 {
		t.Fatal(fields)
	}
	if diff := cmp.Diff(hours, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestThePhonesPeopleHave(t *testing.T) {
	for _, good := range []string{"", "01 39 75 36 00", "0139753600", "01.39.75.36.00", "+33 1 39 75 36 00", "3939", "+262 262 00 00 00"} {
		if !goodPhone(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"aux heures de bureau", "01 39 75 36", "12", "01 39 75 36 00 99 88", "+33", "1234567890", "06-xx-12-34-56"} {
		if goodPhone(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, bad := range []string{"mairie", "mairie@", "@commune.fr", "a b@commune.fr", "Mairie <mairie@commune.fr>", "mairie@commune", "a@b.fr, c@d.fr"} {
		if goodEmail(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestBlocks(t *testing.T) {
	got := Blocks("# Titre\nUn\r\ndeux\n\nTrois\n- a\n- b\n  suite\n\n#\n-sans espace")
	want := []Block{{Heading: "Titre"}, {Paragraph: "Un deux"}, {Paragraph: "Trois"}, {Items: []string{"a", "b suite"}}, {Paragraph: "# -sans espace"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWizardRules(t *testing.T) {
	s := Default()
	if s.Field("civilite") != Optional || s.Field("naissance") != Optional || s.Field("nom") != Required || s.Field("mot_de_passe") != Required {
		t.Error("rules of a new town")
	}
	rules, err := parseRules("civilite=hidden naissance=required voie=optional")
	if err != nil {
		t.Fatal(err)
	}
	s.WizardFields = rules
	if s.Field("civilite") != Hidden || s.Field("naissance") != Required || s.Field("voie") != Optional || formatRules(rules) != "civilite=hidden naissance=required" {
		t.Errorf("rules: %v", rules)
	}
	for _, bad := range []string{"courriel=hidden", "inconnu=required", "voie=peut-être", "voie"} {
		if rules, err := parseRules(bad); err == nil {
			t.Errorf("%s is taken as %v", bad, rules)
		}
	}
	s.WizardFields = map[string]FieldRule{"courriel": Hidden}
	if s.Field("courriel") != Required {
		t.Error("a field that must be there can be hidden")
	}
}

func TestMailNames(t *testing.T) {
	names := mailNames(mail.Body{Values: map[string]string{"membre": "Inès", "date limite": "x"}})
	if diff := cmp.Diff([]string{"date limite", "membre", "nom", "mairie"}, names); diff != "" {
		t.Error(diff)
	}
	for text, good := range map[string]bool{"Pour {membre}, {nom}": true, "{Membre}": true, "{prenom}": false, "{.}": false, "{{range .}}": false, "sans": true} {
		err := checkWords(mail.Words{Subject: "x", Text: text}, names)
		if (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestOfficialCalendars(t *testing.T) {
	for _, y := range OfficialYears() {
		for _, zone := range []string{"A", "B", "C"} {
			year, holidays, ok := Official(y, zone)
			if !ok || len(holidays) != 6 || year.Days.From.IsZero() || year.Days.To.IsZero() {
				t.Fatalf("%s %s: %v, %d holidays", y, zone, year, len(holidays))
			}
			for i, h := range holidays {
				bridge := h.Name == "Pont de l’Ascension"
				if bridge != (h.Days.From.Weekday() == time.Thursday) || !bridge && h.Days.From.Weekday() != time.Saturday {
					t.Errorf("%s %s: %s begins on a %s", y, zone, h.Name, h.Days.From.Long())
				}
				if h.Days.To.Weekday() != time.Sunday && h.Name != "Vacances d’été" {
					t.Errorf("%s %s: %s ends on a %s", y, zone, h.Name, h.Days.To.Long())
				}
				if i > 0 && !h.Days.From.After(holidays[i-1].Days.To) {
					t.Errorf("%s %s: %s is not after %s", y, zone, h.Name, holidays[i-1].Name)
				}
			}
			for _, h := range holidays[2:4] {
				if h.Days.To.Sub(h.Days.From) != 15 {
					t.Errorf("%s %s: %s lasts %d days", y, zone, h.Name, h.Days.To.Sub(h.Days.From)+1)
				}
			}
		}
	}
	if _, _, ok := Official(2031, "C"); ok {
		t.Error("a year to come has an official calendar")
	}
}
