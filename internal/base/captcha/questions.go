package captcha

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// question is one that everybody can answer; answers are folded.
type question struct {
	text    string
	answers []string
}

var numberWords = []string{"zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze",
	"douze", "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit"}

var (
	weekDays   = []string{"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"}
	monthNames = []string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
		"novembre", "décembre"}
)

// fixedQuestions are those that no rule makes.
var fixedQuestions = []question{
	ask("De quelle couleur est la neige ?", "blanc", "blanche"),
	ask("De quelle couleur est l’herbe ?", "vert", "verte"),
	ask("De quelle couleur est une tomate mûre ?", "rouge"),
	ask("De quelle couleur est le citron ?", "jaune"),
	ask("De quelle couleur est le charbon ?", "noir", "noire"),
	ask("Combien de jours y a-t-il dans une semaine ?", "7", "sept", "7 jours", "sept jours"),
	ask("Combien de mois y a-t-il dans une année ?", "12", "douze", "12 mois", "douze mois"),
	ask("Combien de doigts a une main ?", "5", "cinq", "5 doigts", "cinq doigts"),
	ask("Combien de roues a un vélo ?", "2", "deux", "2 roues", "deux roues"),
	ask("Combien de pattes a un chat ?", "4", "quatre", "4 pattes", "quatre pattes"),
	ask("Combien d’ailes a un oiseau ?", "2", "deux", "2 ailes", "deux ailes"),
	ask("Quel est le contraire de « chaud » ?", "froid"),
	ask("Quel est le contraire de « grand » ?", "petit"),
	ask("Quel est le contraire de « ouvert » ?", "ferme"),
	ask("Quel est le contraire de « haut » ?", "bas"),
	ask("Quel est le contraire de « jour » ?", "nuit"),
	ask("Quel animal miaule ?", "chat", "chatte", "chaton"),
	ask("Quel animal aboie ?", "chien", "chienne"),
	ask("Quelle saison vient après l’hiver ?", "printemps"),
	ask("Quelle saison vient après l’été ?", "automne"),
	ask("En quelle saison tombent les feuilles des arbres ?", "automne"),
	ask("Quel astre voit-on le jour ?", "soleil"),
	ask("Avec quoi voit-on : les yeux ou les oreilles ?", "yeux", "oeil"),
	ask("Avec quoi entend-on : les yeux ou les oreilles ?", "oreilles", "oreille"),
	ask("Que boit-on : du pain ou de l’eau ?", "eau"),
	ask("Qu’est-ce qui roule : une voiture ou une maison ?", "voiture"),
	ask("Qu’est-ce qui nage : un poisson ou un arbre ?", "poisson"),
	ask("Qu’est-ce qui est le plus lourd : une plume ou un camion ?", "camion"),
}

// french puts the spaces that French wants around signs.
var french = strings.NewReplacer(" ?", "\u202f?", " :", "\u00a0:", "« ", "«\u00a0", " »", "\u00a0»")

// ask folds the right answers once.
func ask(text string, answers ...string) question {
	q := question{text: french.Replace(text)}
	for _, a := range answers {
		q.answers = append(q.answers, foldAnswer(a))
	}
	return q
}

// questions are all those that can be asked: the fixed ones and those that rules make.
var questions = allQuestions()

func allQuestions() []question {
	all := append([]question(nil), fixedQuestions...)
	at := func(list []string, i int) string { return list[(i+len(list))%len(list)] }
	for i, day := range weekDays {
		all = append(all, ask("Quel jour vient après "+day+" ?", at(weekDays, i+1)), ask("Quel jour vient avant "+day+" ?", at(weekDays, i-1)))
	}
	for i, month := range monthNames {
		all = append(all, ask("Quel mois vient après "+month+" ?", at(monthNames, i+1)), ask("Quel mois vient avant "+month+" ?", at(monthNames, i-1)))
	}
	number := func(n int) []string { return []string{fmt.Sprint(n), numberWords[n]} }
	for a := 1; a <= 9; a++ {
		for b := 1; b <= 9; b++ {
			all = append(all, ask(fmt.Sprintf("Combien font %s plus %s ?", numberWords[a], numberWords[b]), number(a+b)...))
			if a > b {
				all = append(all, ask(fmt.Sprintf("Combien font %s moins %s ?", numberWords[a], numberWords[b]), number(a-b)...))
			}
		}
	}
	for c := 'A'; c < 'Z'; c++ {
		all = append(all, ask(fmt.Sprintf("Quelle lettre vient après %c dans l’alphabet ?", c), string(c+1)))
	}
	return all
}

func pickQuestion(rng *rand.Rand) question { return questions[rng.IntN(len(questions))] }
