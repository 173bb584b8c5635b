package moving

import "strings"

// fileLabels name the files of an export in a sentence.
var fileLabels = map[string]string{
	familiesFile: "les familles et adultes", childrenFile: "les enfants", contactsFile: "les contacts",
	enrolmentsFile: "les inscriptions", bookingsFile: "les réservations", invoicesFile: "les factures",
}

// columnWords are the columns' names that are not plain words.
var columnWords = map[string]string{
	"CIVILITE_1": "Civilité, 1er adulte", "NOM_1": "Nom, 1er adulte", "NOM_NAISSANCE_1": "Nom de naissance, 1er adulte",
	"PRENOM_1": "Prénom, 1er adulte", "DATE_NAISSANCE_1": "Date de naissance, 1er adulte", "COURRIEL_1": "Courriel, 1er adulte",
	"PORTABLE_1": "Portable, 1er adulte", "CIVILITE_2": "Civilité, 2e adulte", "NOM_2": "Nom, 2e adulte", "PRENOM_2": "Prénom, 2e adulte",
	"DATE_NAISSANCE_2": "Date de naissance, 2e adulte", "COURRIEL_2": "Courriel, 2e adulte", "PORTABLE_2": "Portable, 2e adulte",
	"NUMERO": "Numéro", "COMPLEMENT": "Complément d’adresse", "DATE_QUOTIENT": "Date du quotient", "PRENOM": "Prénom",
	"DATE_NAISSANCE": "Date de naissance", "ECOLE": "École", "REGIME": "Régime alimentaire", "PAI": "PAI", "GARDE": "Mode de garde",
	"TELEPHONE": "Téléphone", "AUTORISE_A_RECUPERER": "Autorisé à venir chercher l’enfant", "ACTIVITE": "Activité",
	"ANNEE_SCOLAIRE": "Année scolaire", "DATE_DEBUT": "Date de début", "DATE_FIN": "Date de fin", "UNITE": "Unité", "ETAT": "État",
	"PERIODE": "Période", "DATE_EMISSION": "Date d’émission", "ECHEANCE": "Échéance", "REGLE": "Montant réglé",
}

// columnLabel is a column's name as people say it.
func columnLabel(name string) string {
	if w := columnWords[name]; w != "" {
		return w
	}
	s := strings.ToLower(strings.ReplaceAll(name, "_", " "))
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// hidden are the columns whose values nobody reads on this screen: health and income.
var hidden = map[string]bool{"REGIME": true, "ALLERGIES": true, "PAI": true, "QUOTIENT": true, "DATE_QUOTIENT": true}
