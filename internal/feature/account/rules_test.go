package account_test

import (
	"strings"
	"testing"
	"time"

	"parvis/internal/feature/account"

	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("CET", 3600))

func TestPasswordRule(t *testing.T) {
	own := []string{"Martin", "Camille Anne", "camille.martin"}
	cases := []struct {
		name, password string
		audience       account.Audience
		taken          bool
	}{
		{"the guide's minimum", "Vqhzrt7m", account.Citizen, true},
		{"no capital", "vqhzrt7m", account.Citizen, false},
		{"no digit", "Vqhzrtkm", account.Citizen, false},
		{"no small letter", "VQHZRT7M", account.Citizen, false},
		{"seven characters", "Vqhzr7m", account.Citizen, false},
		{"a phrase of 70 characters", "Trois petits navires 7 remontent la rivière quand le brouillard se lève", account.Citizen, true},
		{"accented capital counts", "Éclair-vert-9", account.Citizen, true},
		{"the French keyboard's first keys", "Azerty123", account.Citizen, false},
		{"the English ones", "Qwerty2024!", account.Citizen, false},
		{"a common word with a year", "Soleil2026", account.Citizen, false},
		{"a common word with digits for letters", "M0tdepasse1", account.Citizen, false},
		{"two common words", "DoudouLapin1", account.Citizen, false},
		{"runs", "Abcd1234", account.Citizen, false},
		{"repeats", "Aaaa1111", account.Citizen, false},
		{"accents hide nothing", "Étoile2025", account.Citizen, false},
		{"a common first name", "Nicolas78", account.Citizen, false},
		{"the owner's name", "Martin-1985", account.Citizen, false},
		{"the owner's first and last name", "CamilleMartin3", account.Citizen, false},
		{"the owner's name within more", "Camille-vend-des-parapluies-9", account.Citizen, true},
		{"an agent's of eleven", "Vqhzrt7mkwx", account.Agent, false},
		{"an agent's of twelve", "Vqhzrt7mkwxp", account.Agent, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			problem := account.RuleFor(c.audience).CheckPassword(c.password, own...)
			if taken := problem == ""; taken != c.taken {
				t.Errorf("taken = %v (%s), want %v", taken, problem, c.taken)
			}
		})
	}
}

func TestPasswordFaultsAllAtOnce(t *testing.T) {
	const short, frequent = "Il en faut au moins 8.", "trop courant"
	cases := []struct {
		name, password string
		want           []string
	}{
		{"nothing typed", "", []string{"Choisissez un mot de passe."}},
		{"short, two kinds missing, common", "soleil", []string{"Ce mot de passe compte 6 caractères. " + short, "Ajoutez au moins 1 majuscule et 1 chiffre.", frequent}},
		{"three kinds missing", "-------?", []string{"Ajoutez au moins 1 minuscule, 1 majuscule et 1 chiffre."}},
		{"one character", "x", []string{"Ce mot de passe compte 1 caractère. " + short, "Ajoutez au moins 1 majuscule et 1 chiffre."}},
		{"the owner's name without capital", "martin-85", []string{"Ajoutez au moins 1 majuscule.", "contient votre nom"}},
	}
	for _, c := range cases {
		got := strings.ReplaceAll(account.RuleFor(account.Citizen).CheckPassword(c.password, "Martin"), "\u00a0", " ")
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q lacks %q", c.name, got, want)
			}
		}
	}
}

func TestPasswordSentences(t *testing.T) {
	want := "Le mot de passe doit contenir au minimum 8\u00a0caractères, dont au moins : 1\u00a0minuscule, 1\u00a0majuscule, 1\u00a0chiffre."
	if got := account.RuleFor(account.Citizen).Sentence(); got != want {
		t.Errorf("sentence = %q, want %q", got, want)
	}
	if got := account.RuleFor(account.Citizen).Bits(); got != 47 {
		t.Errorf("bits = %d, want 47", got)
	}
	if got := account.RuleFor(account.Agent).Bits(); got != 71 {
		t.Errorf("agents' bits = %d, want 71", got)
	}
}

func TestFoldUsername(t *testing.T) {
	for in, want := range map[string]string{
		"Aubert0": "aubert0", " Camille.Martin ": "camille.martin", "Zoé.d’Estaing": "zoe.d’estaing", "jean paul": "jeanpaul",
		"CŒUR": "coeur", "a_b-c@d.fr": "a_b-c@d.fr", "İpek": "ipek", "": "",
	} {
		if got := account.FoldUsername(in); got != want {
			t.Errorf("FoldUsername(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCheckUsername(t *testing.T) {
	for in, taken := range map[string]bool{
		"camille.martin": true, "zoé": true, "ab": false, "avec espace": false, "autre@exemple.fr": false,
		"camille@exemple.fr": true, "12345": false, "n’guessan": true,
	} {
		if problem := account.CheckUsername(in, "camille@exemple.fr"); (problem == "") != taken {
			t.Errorf("CheckUsername(%q) = %q, want taken %v", in, problem, taken)
		}
	}
}

func TestNameWait(t *testing.T) {
	m := func(n float64) time.Duration { return time.Duration(n * float64(time.Minute)) }
	cases := []struct {
		name string
		ago  []time.Duration // oldest first
		want time.Duration
	}{
		{"first try", nil, 0},
		{"four failures", []time.Duration{m(4), m(3), m(2), m(1)}, 0},
		{"five just now", []time.Duration{m(3), m(2), m(1), m(0.5), 0}, time.Minute},
		{"five, the last half a minute ago", []time.Duration{m(3), m(2), m(1), m(0.9), m(0.5)}, m(0.5)},
		{"five, a minute ago", []time.Duration{m(5), m(4), m(3), m(2), m(1)}, 0},
		{"ten within the hour wait for the oldest to leave it", []time.Duration{m(50), m(45), m(40), m(35), m(30), m(25), m(20), m(15), m(10), m(5)}, m(10)},
		{"older than an hour do not count", []time.Duration{m(70), m(69), m(68), m(67), m(66), m(65)}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := account.NameWait(account.Tries(now, c.ago...), now); got != c.want {
				t.Errorf("wait = %v, want %v", got, c.want)
			}
		})
	}
}

func TestAddressWait(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = 30 * time.Minute
	}
	cases := []struct {
		name string
		got  time.Duration
		want time.Duration
	}{
		{"nobody", account.AddressWait(nil, now), 0},
		{"99 failures", account.AddressWait(account.Tries(now, hundred[:99]...), now), 0},
		{"100 failures", account.AddressWait(account.Tries(now, hundred...), now), 30 * time.Minute},
		{"49 at once", account.AddressWait(account.Checking(now, 49), now), 0},
		{"50 at once", account.AddressWait(account.Checking(now, 50), now), time.Minute},
		{"tries that died with their process", account.AddressWait(account.Checking(now.Add(-2*time.Minute), 60), now), 0},
		{"failures and tries together never pass 100", account.AddressWait(append(account.Tries(now, hundred[:60]...), account.Checking(now, 40)...), now), time.Minute},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("%s: wait = %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestWaitSentence(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		time.Second:                 "Réessayez dans 1 minute, ou recevez un lien par courriel.",
		time.Minute:                 "Réessayez dans 1 minute, ou recevez un lien par courriel.",
		61 * time.Second:            "Réessayez dans 2 minutes, ou recevez un lien par courriel.",
		9*time.Minute + time.Second: "Réessayez dans 10 minutes, ou recevez un lien par courriel.",
	} {
		if diff := cmp.Diff(want, account.WaitSentence(wait)); diff != "" {
			t.Errorf("%v: -want +got\n%s", wait, diff)
		}
	}
}

func TestDevice(t *testing.T) {
	for in, want := range map[string]string{
		"Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0":                                                             "Firefox sur Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1": "Safari sur iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0":            "Edge sur Windows",
		"curl/8": "Appareil inconnu", "": "Appareil inconnu",
	} {
		if got := account.Device(in); got != want {
			t.Errorf("Device(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSecondFactorOfTheStandard(t *testing.T) {
	// RFC 6238, appendix B, SHA-1, cut to six digits.
	for unix, want := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924"} {
		got, err := account.TOTPCode("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", time.Unix(unix, 0))
		if err != nil || got != want {
			t.Errorf("code at %d = %s (%v), want %s", unix, got, err, want)
		}
	}
}
