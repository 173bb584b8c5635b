package account

import (
	_ "embed"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/internal/base/fault"
	"parvis/internal/base/french"
	"parvis/internal/feature/person"
)

// PasswordRule is what a personal password must hold. A town may raise it, never lower it.
type PasswordRule struct {
	Length               int
	Lower, Upper, Digits int
}

// The floors: the founding guide's for citizens, twelve characters for agents.
var (
	citizenRule = PasswordRule{Length: 8, Lower: 1, Upper: 1, Digits: 1}
	agentRule   = PasswordRule{Length: 12, Lower: 1, Upper: 1, Digits: 1}
)

// RuleFor is the rule of an audience.
func RuleFor(a Audience) PasswordRule {
	if a == Agent {
		return agentRule
	}
	return citizenRule
}

const longest = 256 // characters of a password: hashing more serves nobody

// Sentence is the rule as it stands before the field.
func (r PasswordRule) Sentence() string {
	return fmt.Sprintf("Le mot de passe doit contenir au minimum %d\u00a0caractères, dont au moins : %d\u00a0minuscule, "+
		"%d\u00a0majuscule, %d\u00a0chiffre.", r.Length, r.Lower, r.Upper, r.Digits)
}

// Bits is the entropy of the shortest password of the rule, drawn at random, as CNIL counts it.
func (r PasswordRule) Bits() int {
	return int(float64(r.Length) * math.Log2(26+26+10))
}

// CNIL says what the scale of CNIL (délibération 2022-100) thinks of the rule, for the town's settings.
func (r PasswordRule) CNIL() string {
	s := fmt.Sprintf("Un mot de passe tiré au hasard selon cette règle vaut au moins %d bits. La CNIL demande 80 bits "+
		"pour un mot de passe seul, et 50 bits quand les essais sont limités, comme ils le sont ici ; elle cite alors en "+
		"exemple 8 caractères de trois sortes. ", r.Bits())
	switch {
	case r.Bits() >= 80:
		return s + "Cette règle suffit dans les deux cas."
	case r.Bits() >= 50:
		return s + "Cette règle suffit, les essais étant limités."
	}
	return s + "Cette règle suit l’exemple cité, sans atteindre 50 bits : 9 caractères les dépassent."
}

//go:embed common.txt
var commonText string

// commonWords are the words that the most used passwords are made of, French ones first, folded. Digits and signs
// around them, letters written as digits, and repeats are undone before looking one up, so that the list stays
// short and refuses "Azerty2024!" as well as "S0leil".
var commonWords = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(commonText) {
		words[w] = true
	}
	return words
}()

// CheckPassword tells all that is wrong with a new personal password, "" when nothing. own are the person's names,
// identifier and e-mail, none of which may be the password.
func (r PasswordRule) CheckPassword(password string, own ...string) string {
	if password == "" {
		return "Choisissez un mot de passe."
	}
	var wrong []string
	switch n := utf8.RuneCountInString(password); {
	case n < r.Length:
		wrong = append(wrong, fmt.Sprintf("Ce mot de passe compte %s. Il en faut au moins %d.", french.Count(n, "caractère"), r.Length))
	case n > longest:
		wrong = append(wrong, fmt.Sprintf("Ce mot de passe dépasse %d caractères. Choisissez-en un plus court.", longest))
	}
	if missing := r.missing(password); missing != "" {
		wrong = append(wrong, "Ajoutez au moins "+missing+".")
	}
	if common(password) {
		wrong = append(wrong, "Ce mot de passe est trop courant : il serait essayé parmi les premiers. Choisissez-en un autre, "+
			"par exemple trois mots sans rapport et un nombre.")
	}
	if tellsOwner(password, own) {
		wrong = append(wrong, "Ce mot de passe contient votre nom ou votre identifiant. Choisissez-en un que l’on ne devine pas en vous connaissant.")
	}
	return strings.Join(wrong, " ")
}

// missing lists the kinds of characters that a password lacks: "1 majuscule et 1 chiffre", "" when none.
func (r PasswordRule) missing(password string) string {
	var lower, upper, digits int
	for _, c := range password {
		switch {
		case unicode.IsLower(c):
			lower++
		case unicode.IsUpper(c):
			upper++
		case unicode.IsDigit(c):
			digits++
		}
	}
	var words []string
	for _, kind := range []struct {
		lacks int
		word  string
	}{{r.Lower - lower, "minuscule"}, {r.Upper - upper, "majuscule"}, {r.Digits - digits, "chiffre"}} {
		if kind.lacks > 0 {
			words = append(words, french.Count(kind.lacks, kind.word))
		}
	}
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " et " + words[n-1]
	}
	return strings.Join(words, "")
}

// common tells whether a password is one of the most used, or one of them with the usual additions.
func common(password string) bool {
	if runs(password) {
		return true
	}
	for _, form := range forms(password) {
		if form == "" || commonWords[form] || halves(form) {
			return true
		}
	}
	return false
}

var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "@", "a", "$", "s", "!", "i")

// forms are the words a password may be hiding: its letters alone, and its letters with digits read as letters,
// bare of what stands around them.
func forms(password string) []string {
	lower := strings.ToLower(password)
	trimmed := strings.TrimFunc(lower, func(c rune) bool { return !unicode.IsLetter(c) })
	return []string{
		letters(lower),
		letters(leet.Replace(trimmed)),
		letters(leet.Replace(strings.TrimRight(lower, "0123456789!?.*-_+#"))),
	}
}

func letters(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' {
			return c
		}
		return -1
	}, person.Fold(s))
}

// halves tells whether a word is two common words, or one said several times.
func halves(s string) bool {
	for i := 3; i <= len(s)-3; i++ {
		if commonWords[s[:i]] && (commonWords[s[i:]] || strings.Trim(strings.ReplaceAll(s, s[:i], " "), " ") == "") {
			return true
		}
	}
	return false
}

// rows are the runs of keys and characters that fingers follow.
var rows = []string{"abcdefghijklmnopqrstuvwxyz", "azertyuiopqsdfghjklmwxcvbn", "qwertyuiopasdfghjklzxcvbnm", "01234567890",
	"aqwzsxedcrfvtgbyhnujikolpm", "1a2z3e4r5t6y7u8i9o0p", "1q2w3e4r5t6y7u8i9o0p", "1a2b3c4d5e6f7g8h9i"}

// runs tells whether a password is made of a few runs or repeats of at least three characters: Abcd1234, Aaaa1111.
func runs(password string) bool {
	s := []rune(strings.ToLower(password))
	alone := 0
	for i := 0; i < len(s); {
		n := runLength(s[i:])
		if n < 3 {
			alone++
			n = 1
		}
		i += n
	}
	return alone <= 2
}

// runLength is how many characters from the first follow a row, up or down, or repeat.
func runLength(s []rune) int {
	best := 1
	for best < len(s) && s[best] == s[0] {
		best++
	}
	for _, row := range rows {
		for _, step := range []int{1, -1} {
			at := strings.IndexRune(row, s[0])
			n := 1
			for at >= 0 && n < len(s) && at+n*step >= 0 && at+n*step < len(row) && rune(row[at+n*step]) == s[n] {
				n++
			}
			best = max(best, n)
		}
	}
	return best
}

// tellsOwner tells whether little remains of a password once the owner's names are taken out.
func tellsOwner(password string, own []string) bool {
	rest := letters(strings.ToLower(password))
	found := false
	for _, name := range own {
		local, _, _ := strings.Cut(name, "@")
		for _, word := range strings.Fields(person.Fold(local)) {
			if w := letters(word); len(w) >= 3 && strings.Contains(rest, w) {
				rest, found = strings.ReplaceAll(rest, w, ""), true
			}
		}
	}
	return found && len(rest) < 4
}

// checkNew tells all that is wrong with a new password and its confirmation, as fields of the form.
func checkNew(r PasswordRule, password, again string, own []string) []fault.Field {
	var wrong []fault.Field
	if s := r.CheckPassword(password, own...); s != "" {
		wrong = append(wrong, fault.Field{Name: "mot_de_passe", Sentence: s})
	}
	if password != again {
		wrong = append(wrong, fault.Field{Name: "confirmation", Sentence: "Les deux mots de passe diffèrent. Écrivez deux fois le même."})
	}
	return wrong
}
