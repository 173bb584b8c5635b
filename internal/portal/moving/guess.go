package moving

import (
	"strconv"
	"strings"
)

// fileWords are what the name of a file is searched for, folded.
var fileWords = map[string][]string{
	familiesFile:   {"famil", "foyer", "responsable", "parent", "adulte"},
	childrenFile:   {"enfant", "eleve"},
	contactsFile:   {"contact", "autoris", "urgence"},
	enrolmentsFile: {"inscri"},
	bookingsFile:   {"reserv", "presence", "pointage", "planning"},
	invoicesFile:   {"factur"},
}

// Other words for the same column, in the form of heading. Those of childWords and the like come from the files
// where a bare word leaves no doubt.
var (
	familyKey = words("CODE_FAMILLE", "famille", "idfamille", "numerofamille", "numfamille", "nofamille", "nfamille",
		"identifiantfamille", "referencefamille", "reffamille", "numerodossier", "codedossier", "foyer", "codefoyer", "idfoyer", "numerofoyer")
	childKey = words("CODE_ENFANT", "enfant", "idenfant", "numeroenfant", "numenfant", "noenfant", "nenfant",
		"identifiantenfant", "codeeleve", "ideleve", "numeroeleve", "matricule", "ine")
	nameKey  = words("NOM", "nomdefamille", "nomusuel", "nomdusage", "nomenfant", "nomdelenfant", "nomeleve", "nomcontact", "nomducontact")
	firstKey = words("PRENOM", "prenoms", "prenomenfant", "prenomdelenfant", "prenomeleve", "prenomcontact", "prenomducontact", "prenomusuel")
)

var synonyms = map[string]map[string][]string{
	familiesFile: merge(familyKey, words("CODE_FAMILLE", "code", "id", "reference"),
		words("IDENTIFIANT", "login", "nomdutilisateur", "utilisateur", "identifiantdeconnexion", "compte"),
		words("CIVILITE_1", "civilite", "titre", "civiliteresponsable1", "civiliter1"),
		words("NOM_1", "nom", "nomusuel", "nomdusage", "nomresponsable", "nomresponsable1", "nomresp1", "nomr1", "nomdefamille", "nomtitulaire"),
		words("NOM_NAISSANCE_1", "nomdenaissance", "nomnaissance", "nomdejeunefille", "nomdenaissance1", "nomdenaissanceresponsable1"),
		words("PRENOM_1", "prenom", "prenoms", "prenomresponsable", "prenomresponsable1", "prenomresp1", "prenomr1", "prenomtitulaire"),
		words("DATE_NAISSANCE_1", "datedenaissance", "datenaissance", "neele", "nele", "ddn", "datedenaissance1", "datedenaissanceresponsable1", "datenaissanceresponsable1"),
		words("COURRIEL_1", "courriel", "email", "mail", "adressemail", "adresseemail", "adressecourriel", "adresseelectronique", "email1", "mail1", "courrielresponsable1", "emailresponsable1", "mailresponsable1"),
		words("PORTABLE_1", "portable", "mobile", "mobile1", "telportable", "telephoneportable", "telmobile", "telephonemobile", "telportable1", "telephoneportable1", "gsm", "portableresponsable1"),
		words("CIVILITE_2", "civiliteconjoint", "civiliteresponsable2", "civiliter2"),
		words("NOM_2", "nomconjoint", "nomduconjoint", "nomresponsable2", "nomresp2", "nomr2", "nomcotitulaire"),
		words("PRENOM_2", "prenomconjoint", "prenomduconjoint", "prenomresponsable2", "prenomresp2", "prenomr2", "prenomcotitulaire"),
		words("DATE_NAISSANCE_2", "datedenaissance2", "datenaissanceconjoint", "datedenaissanceconjoint", "datedenaissanceresponsable2"),
		words("COURRIEL_2", "email2", "mail2", "emailconjoint", "mailconjoint", "courrielconjoint", "courrielresponsable2", "emailresponsable2", "mailresponsable2"),
		words("PORTABLE_2", "mobile2", "telportable2", "telephoneportable2", "portableconjoint", "mobileconjoint", "portableresponsable2"),
		words("NUMERO", "nvoie", "numerovoie", "numerodevoie", "numvoie", "numerorue", "numeroderue", "nrue"),
		words("VOIE", "rue", "adresse", "nomdelavoie", "nomvoie", "libellevoie", "adresse1", "nomdelarue"),
		words("COMPLEMENT", "complementadresse", "complementdadresse", "adresse2", "batiment"),
		words("CODE_POSTAL", "cp", "codep", "postal"), words("VILLE", "commune", "localite"),
		words("QUOTIENT", "qf", "quotientfamilial", "quotientcaf"),
		words("DATE_QUOTIENT", "dateqf", "datequotientfamilial", "dateduquotient", "datedeffetqf", "datedeffetquotient"),
		words("SITUATION", "situationfamiliale", "situationdefamille")),
	childrenFile: merge(childKey, familyKey, nameKey, firstKey, words("CODE_ENFANT", "code", "id"),
		words("SEXE", "genre", "civilite"),
		words("DATE_NAISSANCE", "datedenaissance", "neele", "nele", "ddn", "naissance", "datenaissanceenfant"),
		words("ECOLE", "etablissement", "nomecole", "etablissementscolaire", "ecolefrequentee"), words("NIVEAU", "niveauscolaire", "cours"),
		words("CLASSE", "nomclasse", "divison", "division"), words("REGIME", "regimealimentaire", "alimentation", "repas", "typederepas", "menu"),
		words("ALLERGIES", "allergie", "allergiesalimentaires"), words("PAI", "projetdaccueil", "projetdaccueilindividualise"),
		words("GARDE", "modedegarde", "typedegarde", "residence")),
	contactsFile: merge(familyKey, nameKey, firstKey,
		words("LIEN", "liendeparente", "parente", "lienparente", "qualite", "relation"),
		words("TELEPHONE", "tel", "telephone1", "portable", "mobile", "telportable", "telephoneportable", "numerodetelephone", "gsm"),
		words("AUTORISE_A_RECUPERER", "autorise", "autorisearecuperer", "autorisearecupererlenfant", "autorisation", "peutrecuperer", "habilite", "recuperation")),
	enrolmentsFile: merge(childKey,
		words("ACTIVITE", "nomactivite", "libelleactivite", "prestation", "service"), words("LIEU", "site", "ecole", "etablissement", "centre", "structure"),
		words("ANNEE_SCOLAIRE", "annee", "saison"), words("DATE_DEBUT", "debut", "du", "datededebut", "dateentree", "apartirdu"),
		words("DATE_FIN", "fin", "au", "datedefin", "datesortie", "jusquau")),
	bookingsFile: merge(childKey, familyKey,
		words("ACTIVITE", "nomactivite", "libelleactivite", "prestation", "service"), words("UNITE", "creneau", "periode", "formule", "seance"),
		words("DATE", "jour", "datereservation", "datedereservation", "datepresence", "datedujour"), words("ETAT", "statut", "presence", "pointage", "etatreservation")),
	invoicesFile: merge(familyKey,
		words("NUMERO", "numerofacture", "numfacture", "nfacture", "nofacture", "numerodefacture", "facture", "referencefacture", "reference"),
		words("PERIODE", "mois", "moisfacture", "periodefacturee"), words("DATE_EMISSION", "emission", "emisele", "datefacture", "datedefacture", "datedemission", "date"),
		words("ECHEANCE", "datelimite", "dateecheance", "datedecheance", "datelimitedepaiement", "apayeravantle"),
		words("MONTANT", "total", "montanttotal", "montantfacture", "montantttc", "montantdu"),
		words("REGLE", "montantregle", "dejaregle", "paye", "montantpaye", "encaisse", "montantencaisse"),
		words("ETAT", "statut", "etatfacture", "statutfacture", "etatdupaiement")),
}

func words(column string, others ...string) map[string][]string {
	return map[string][]string{column: others}
}

func merge(all ...map[string][]string) map[string][]string {
	out := map[string][]string{}
	for _, m := range all {
		for column, others := range m {
			out[column] = append(out[column], others...)
		}
	}
	return out
}

// said are the corrections that agents made: file and heading → column, "" for one to leave aside.
type said map[[2]string]string

// headKeys gives headings their names among corrections: the second of one name has its number.
func headKeys(headings []string) []string {
	seen := map[string]int{}
	keys := make([]string, len(headings))
	for i, h := range headings {
		keys[i] = heading(h)
		if seen[keys[i]]++; seen[keys[i]] > 1 {
			keys[i] += "#" + strconv.Itoa(seen[keys[i]])
		}
	}
	return keys
}

// guessColumns says what each header of a file is taken for, "" for nothing: as agents said before, by its name,
// by another word for it. No column is given twice.
func guessColumns(l layout, headings []string, before said) []string {
	taken := make([]string, len(headings))
	given := map[string]bool{}
	settled := make([]bool, len(headings))
	keys := headKeys(headings)
	pass := func(find func(i int) (string, bool)) {
		for i := range headings {
			if settled[i] {
				continue
			}
			name, ok := find(i)
			if !ok || (name != "" && given[name]) || (name != "" && l.find(heading(name)) < 0) {
				continue
			}
			taken[i], settled[i], given[name] = name, true, true
		}
	}
	pass(func(i int) (string, bool) { name, ok := before[[2]string{l.file, keys[i]}]; return name, ok })
	pass(func(i int) (string, bool) {
		at := l.find(heading(headings[i]))
		if at < 0 {
			return "", false
		}
		return l.columns[at].name, true
	})
	pass(func(i int) (string, bool) {
		h := heading(headings[i])
		for _, c := range l.columns {
			for _, other := range synonyms[l.file][c.name] {
				if other == h {
					return c.name, true
				}
			}
		}
		return "", false
	})
	return taken
}

// missing are the required columns that no header is taken for.
func missing(l layout, taken []string) []string {
	there := map[string]bool{}
	for _, name := range taken {
		there[name] = true
	}
	var names []string
	for _, c := range l.columns {
		if c.required && !there[c.name] {
			names = append(names, c.name)
		}
	}
	return names
}

// guessFile says which file of the export has these headers, "" when none is likely, and what they are taken for.
func guessFile(name string, headings []string, before said) (string, []string) {
	best, bestScore, bestTaken := "", 0.6, make([]string, len(headings))
	folded := heading(name)
	for _, l := range layouts {
		taken := guessColumns(l, headings, before)
		required, known := 0, 0
		for _, c := range l.columns {
			if c.required {
				required++
			}
		}
		for _, t := range taken {
			if t != "" {
				known++
			}
		}
		score := float64(required-len(missing(l, taken)))/float64(required) + float64(known)/float64(10*max(len(headings), 1))
		for _, w := range fileWords[l.file] {
			if strings.Contains(folded, w) {
				score += 0.3
				break
			}
		}
		if score > bestScore {
			best, bestScore, bestTaken = l.file, score, taken
		}
	}
	return best, bestTaken
}

// layoutNamed is the layout of a file of the export.
func layoutNamed(file string) (layout, bool) {
	for _, l := range layouts {
		if l.file == file {
			return l, true
		}
	}
	return layout{}, false
}

// placedAs is a layout read as the agents said.
func placedAs(l layout, taken []string, sep byte) layout {
	l.placed, l.sep = make([]int, len(taken)), sep
	for i, name := range taken {
		l.placed[i] = -1
		for j, c := range l.columns {
			if c.name == name {
				l.placed[i] = j
			}
		}
	}
	return l
}
