package desk

import (
	"strings"

	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
)

// sentences say each act of the journal in French. A test finds every act that the code writes and wants it here.
var sentences = map[string]string{
	"account.agent.added":         "Compte d’agent créé",
	"account.agent.enrolled":      "Accès d’agent ouvert : mot de passe et second facteur posés",
	"account.agent.link_shown":    "Lien d’accès d’un agent affiché à un administrateur ; ancien accès fermé",
	"account.agent.invited":       "Nouveau lien envoyé à un agent ; ancien accès fermé",
	"account.claimed":             "Espace pris en main par son titulaire",
	"account.code.failed":         "Code à usage unique refusé",
	"account.confirmed":           "Adresse e-mail confirmée à la création de l’espace",
	"account.credentials.changed": "Identifiants changés",
	"account.identity.linked":     "Identité FranceConnect ou ProConnect rattachée",
	"account.identity.unlinked":   "Identité FranceConnect ou ProConnect détachée",
	"account.link.sent":           "Lien de mot de passe envoyé",
	"account.passkey.added":       "Clé d’accès ajoutée",
	"account.passkey.removed":     "Clé d’accès retirée",
	"account.passkey.stopped":     "Clé d’accès arrêtée : copie soupçonnée",
	"account.password.failed":     "Mot de passe redemandé, refusé",
	"account.password.reset":      "Mot de passe changé par le lien reçu",
	"account.reopened":            "Compte réactivé",
	"account.roles.changed":       "Rôles d’un agent changés",
	"account.second.added":        "Second facteur ajouté",
	"account.second.removed":      "Second facteur retiré",
	"account.session.ended":       "Un appareil déconnecté",
	"account.sessions.ended":      "Autres appareils déconnectés",
	"account.signin":              "Connexion",
	"account.signin.failed":       "Connexion refusée",
	"account.suspended":           "Compte désactivé",

	"attendance.anomaly.closed":  "Anomalie de pointage traitée",
	"attendance.corrected":       "Pointage corrigé par un agent, avec son motif",
	"attendance.day.read":        "Pointage d’un enfant consulté",
	"attendance.device.paired":   "Tablette reliée par son code",
	"attendance.device.prepared": "Tablette préparée : code donné",
	"attendance.device.revoked":  "Tablette retirée",
	"attendance.device.shut":     "Tablette fermée : cinq codes faux",
	"attendance.disputed":        "Une famille conteste un pointage",
	"attendance.list.read":       "Liste de pointage consultée",
	"attendance.marked":          "Pointages reçus d’une tablette",
	"attendance.sheet.read":      "Fiche d’un enfant ouverte sur une tablette : santé, personnes autorisées",

	"activity.added":            "Activité créée",
	"activity.capacity.changed": "Nombre de places changé",
	"activity.changed":          "Activité modifiée",
	"activity.choice.added":     "Formule ajoutée",
	"activity.choice.changed":   "Formule modifiée",
	"activity.choice.dropped":   "Formule retirée",
	"activity.closed":           "Activité retirée aux familles",
	"activity.drafted":          "Activité créée en brouillon",
	"activity.group.added":      "Groupe ajouté",
	"activity.group.changed":    "Groupe modifié",
	"activity.group.dropped":    "Groupe retiré",
	"activity.opened":           "Activité ouverte aux familles",
	"activity.period.added":     "Période ajoutée",
	"activity.period.changed":   "Période modifiée",
	"activity.period.dropped":   "Période retirée",
	"activity.period.opened":    "Période ouverte aux réservations",
	"activity.places.changed":   "Lieux et places modifiés",
	"activity.policy.published": "Délais publiés",
	"activity.quality.added":    "Priorité ou dispense ajoutée à la liste",
	"activity.quality.ended":    "Priorité ou dispense d’une famille terminée",
	"activity.quality.given":    "Priorité ou dispense donnée à une famille",
	"activity.slots.closed":     "Jours fermés",
	"activity.slots.reopened":   "Jours rouverts",
	"activity.unit.added":       "Unité ajoutée",
	"activity.unit.changed":     "Unité modifiée",
	"activity.unit.dropped":     "Unité retirée",

	"admission.again":            "Demande d’espace remise dans la file",
	"admission.already":          "Demande d’espace close : la personne a déjà un espace",
	"admission.campaign.started": "Campagne d’activation lancée",
	"admission.correction":       "Correction demandée pour ouvrir l’espace",
	"admission.invite.accepted":  "Invitation de co-représentant acceptée",
	"admission.invite.asked":     "Co-représentant invité",
	"admission.invite.held":      "Co-représentant invité, en attente de l’accord de la mairie",
	"admission.invite.released":  "Invitation de co-représentant autorisée et envoyée",
	"admission.invite.resent":    "Invitation de co-représentant renvoyée",
	"admission.invite.revoked":   "Invitation de co-représentant retirée",
	"admission.join":             "Espace activé, co-représentant d’une famille connue",
	"admission.known.read":       "Personne connue comparée à une demande d’espace",
	"admission.letter.printed":   "Lettre d’activation imprimée",
	"admission.link":             "Espace activé et rattaché à une personne connue",
	"admission.link.undone":      "Rattachement annulé",
	"admission.open":             "Espace activé, nouvelle famille ouverte",
	"admission.refuse":           "Demande d’espace refusée",
	"admission.released":         "Demande d’espace rendue à la file",
	"admission.sent":             "Activation envoyée par e-mail",
	"admission.taken":            "Demande d’espace prise en charge",

	"audit.purged": "Lignes anciennes du journal effacées",

	"billing.invoice.imported": "Facture reprise de l’ancien portail",

	"absence.admitted":             "Écart reconnu exact par la famille",
	"absence.contest.accepted":     "Écart retiré, la famille avait raison",
	"absence.contest.refused":      "Écart maintenu",
	"absence.contested":            "Écart contesté par la famille",
	"absence.debt.exempted":        "Famille dispensée malgré un impayé",
	"absence.debt.exemption_ended": "Dispense pour impayé retirée",
	"absence.incident.told":        "Famille prévenue d’un écart avec la réservation",
	"absence.late.noted":           "Retard noté",
	"absence.proof.accepted":       "Justificatif d’absence accepté",
	"absence.proof.received":       "Justificatif d’absence reçu",
	"absence.proof.refused":        "Justificatif d’absence refusé",
	"absence.rules.published":      "Règles d’absence publiées",
	"absence.told":                 "Absence signalée",
	"absence.told.otherwise":       "Famille prévenue autrement d’un écart",
	"absence.withdrawn":            "Absence retirée",

	"booking.applied":          "Réservations changées",
	"booking.import.undone":    "Réservations reprises de l’ancien portail retirées",
	"booking.inserted":         "Réservations enregistrées",
	"suspension.made":          "Accueil suspendu, familles prévenues",
	"suspension.reopened":      "Accueil rétabli, familles prévenues",
	"suspension.read":          "Enfants d’une suspension consultés",
	"booking.list.exported":    "Liste du jour exportée",
	"booking.list.health.read": "Informations de santé consultées dans une liste du jour",
	"booking.offer.expired":    "Places proposées sans réponse, données aux suivants",
	"booking.promoted":         "Places libérées données à la liste d’attente",
	"booking.wait.followed":    "Demandes en attente passées au nouveau lieu d’accueil",
	"booking.wait.lapsed":      "Fin de la liste d’attente, sans place",
	"booking.list.passed":      "Demande hors délai acceptée avant ceux qui attendaient",
	"booking.list.read":        "Liste du jour consultée",
	"booking.period.declined":  "« Pas besoin » répondu pour des vacances",

	"custody.opinion.agrees":    "Partage proposé par l’autre foyer : d’accord",
	"custody.opinion.disagrees": "Partage proposé par l’autre foyer : pas d’accord",

	"enrolment.carried": "Inscriptions reconduites",
	"enrolment.ended":   "Inscription terminée",
	"enrolment.made":    "Inscription faite",

	"family.child.added":     "Enfant ajouté à une famille",
	"family.child.schooling": "École, niveau ou classe d’un enfant modifiés",
	fileRead:                 "Dossier de famille consulté",

	"family.custody.approved":      "Partage des jours entre deux foyers accepté",
	"family.custody.asked":         "Partage des jours entre deux foyers proposé",
	"family.custody.day.accepted":  "Jour confié par l’autre foyer accepté",
	"family.custody.day.declined":  "Jour confié par l’autre foyer non accepté",
	"family.custody.day.offered":   "Jour confié à l’autre foyer",
	"family.custody.day.withdrawn": "Jour confié à l’autre foyer repris",
	"family.custody.ended":         "Partage des jours entre deux foyers arrêté",
	"family.custody.entered":       "Partage des jours entre deux foyers enregistré",
	"family.custody.refused":       "Partage des jours entre deux foyers refusé",
	"family.custody.withdrawn":     "Proposition de partage des jours retirée",

	"reminder.opening.asked":    "Courriel demandé pour une ouverture de réservations",
	"reminder.opening.dropped":  "Courriel d’ouverture de réservations : demande retirée",
	"reminder.set":              "Rappels avant les dates limites réglés",
	"reminder.stopped":          "Rappels avant les dates limites arrêtés par le lien d’un courriel",
	"feed.made":                 "Adresse de calendrier créée",
	"feed.names.changed":        "Noms des enfants dans le calendrier changés",
	"feed.renewed":              "Adresse de calendrier changée",
	"feed.revoked":              "Adresse de calendrier retirée",
	"family.health.read":        "Informations de santé consultées",
	"family.health.set":         "Informations de santé modifiées",
	"family.made":               "Famille créée",
	"family.member.added":       "Membre ajouté à une famille",
	"family.member.approved":    "Membre de famille accepté",
	"family.member.asked":       "Membre de famille demandé",
	"family.member.refused":     "Membre de famille refusé",
	"family.member.withdrawn":   "Demande de membre retirée",
	"family.place.changed":      "Place dans la famille modifiée au guichet",
	"family.place.ended":        "Personne retirée d’une famille",
	"family.restriction.lifted": "Restriction levée",
	"family.restriction.set":    "Restriction posée",
	"family.service.added":      "Famille connue d’un service de plus",
	"journal.exported":          "Journal exporté",
	historyRead:                 "Historique consulté",
	"journal.read":              "Journal consulté",
	"merging.family.merged":     "Famille réunie à une autre",
	"merging.family.undone":     "Fusion de deux familles défaite",
	"merging.person.merged":     "Fiche réunie à une autre",
	"merging.person.read":       "Fiche comparée à une autre, pour les réunir",
	"merging.person.undone":     "Fusion de deux fiches défaite",

	"messaging.contact.answered": "Message à la mairie : réponse donnée",
	"messaging.contact.filed":    "Message à la mairie classé",

	"messaging.contact.forwarded": "Message à la mairie transmis à un autre service",
	"messaging.contact.purged":    "Messages anciens effacés",
	"messaging.contact.received":  "Message écrit à la mairie",
	"messaging.contact.taken":     "Message à la mairie pris en charge",
	"messaging.news.changed":      "Actualité modifiée",
	"messaging.news.published":    "Actualité publiée",
	"messaging.news.withdrawn":    "Actualité retirée",
	"messaging.news.written":      "Actualité écrite",

	"moving.batch.read":         "Import consulté",
	"moving.batch.undo_asked":   "Annulation d’un import demandée",
	"moving.batch.undo_tried":   "Annulation d’un import essayée",
	"moving.family.imported":    "Famille reprise de l’ancien portail",
	"moving.family.undone":      "Famille reprise de l’ancien portail retirée",
	"moving.activity.undone":    "Activité en brouillon retirée, import annulé",
	"moving.site.undone":        "Lieu retiré, import annulé",
	"moving.report.read":        "Rapport d’import consulté",
	"moving.upload.check_asked": "Vérification d’un import demandée",
	"moving.upload.checked":     "Import vérifié",
	"moving.upload.columns":     "Colonnes d’un import choisies",
	"moving.upload.confirmed":   "Import confirmé",
	"moving.upload.done":        "Import terminé",
	"moving.upload.dropped":     "Fichiers d’import retirés",
	"moving.upload.failed":      "Import arrêté",
	"moving.upload.purged":      "Fichiers d’import effacés",
	"moving.upload.read":        "Fichiers d’import consultés",
	"moving.upload.received":    "Fichiers d’import reçus",

	"person.contact.changed": "Coordonnées modifiées",
	"person.corrected":       "Identité corrigée",
	"person.email.asked":     "Nouvelle adresse e-mail demandée",
	"person.email.confirmed": "Nouvelle adresse e-mail confirmée",
	"person.email.corrected": "Adresse e-mail corrigée",
	"person.photo.removed":   "Photo retirée",
	"person.photo.set":       "Photo changée",

	"signup.purged": "Demandes d’espace sans suite effacées",
	"signup.resent": "Lien de confirmation renvoyé",
	"signup.sent":   "Demande d’espace envoyée",

	"tariff.quotient.read": "Quotient familial consulté",
	"tariff.quotient.set":  "Quotient familial enregistré",

	"town.closing.added":     "Fermeture ajoutée",
	"town.closing.changed":   "Fermeture modifiée",
	"town.closing.dropped":   "Fermeture retirée",
	"town.holiday.added":     "Vacances scolaires ajoutées",
	"town.holiday.changed":   "Vacances scolaires modifiées",
	"town.holiday.dropped":   "Vacances scolaires retirées",
	"town.mail.tried":        "Courriel d’essai envoyé",
	"town.mail_text.changed": "Texte d’un courriel modifié",
	"town.mail_text.reset":   "Texte d’un courriel remis d’origine",
	"town.service.added":     "Service ajouté",
	"town.service.changed":   "Service modifié",
	"town.service.closed":    "Service fermé",
	"town.service.moved":     "Ordre des services changé",
	"town.service.opened":    "Service rouvert",
	"town.settings.changed":  "Réglages de la commune modifiés",
	"town.setup.finished":    "Mise en route terminée",
	"town.setup.postponed":   "Mise en route remise à plus tard",
	"town.site.added":        "Lieu ajouté",
	"town.site.changed":      "Lieu modifié",
	"town.site.closed":       "Lieu fermé",
	"town.site.opened":       "Lieu rouvert",
	"town.year.set":          "Année scolaire enregistrée",
}

// historyRead is the act of opening a file that shows its history.
const historyRead = "journal.history.read"

// fileRead is the act of opening a family's file, which would crowd what was done out of its history; the journal shows it.
const fileRead = "family.file.read"

// objects name the kinds of thing that acts are about.
var objects = map[string]string{
	"account": "Compte", "activation": "Activation", "activity": "Activité", "audit": "Journal", "booking": "Réservation",
	"campaign": "Campagne", "child": "Enfant", "closing": "Fermeture", "day_list": "Liste du jour", "contact": "Message à la mairie", "enrolment": "Inscription",
	"family": "Famille", "family_member": "Membre de famille", "import_batch": "Import", "import_upload": "Fichiers d’import",
	"invite": "Invitation", "invoice": "Facture", "journal": "Journal", "mail_template": "Texte de courriel", "newcomer": "Demande d’espace",
	"news": "Actualité", "passkey": "Clé d’accès", "person": "Personne", "quality": "Priorité", "restriction": "Restriction", "school_holiday": "Vacances scolaires",
	"school_year": "Année scolaire", "service": "Service", "session": "Appareil connecté", "signup": "Création d’un espace", "site": "Lieu", "suspension": "Jours suspendus",
	"town": "Commune",
}

// words are what the details of lines are made of; what is not here (ids, numbers of batches) is not shown.
var words = map[string]string{
	"phone": "téléphone", "mobile": "mobile", "fax": "fax", "preferred": "moyen préféré", "address": "adresse", "email": "adresse e-mail",
	"username": "identifiant", "password": "mot de passe", "passkey": "clé d’accès", "franceconnect": "FranceConnect", "proconnect": "ProConnect",
	"holder": "titulaire du compte", "coholder": "co-représentant", "member": "membre", "contact": "contact",
	"accueil": "accueil", "instruction": "instruction", "regie": "régie", "animation": "animation", "communication": "communication",
	"administrateur": "administrateur", "citizen": "espace des familles", "agent": "espace agents",
	"session": "depuis son espace", "check": "contrôle réussi", "none": "sans contrôle", "subject": "objet", "text": "texte", "closing": "fin",
	"name": "nom", "colour": "couleur", "hours": "horaires", "logo": "logo", "counter": "guichet", "identity": "identité",
}

// Sentence says an act of the journal; one without words is named as the code does.
func Sentence(action string) string {
	if s := sentences[action]; s != "" {
		return s
	}
	return "Autre acte (" + action + ")"
}

// Object names the kind of thing that an act is about.
func Object(kind string) string {
	if s := objects[kind]; s != "" {
		return s
	}
	return kind
}

// detail says of a line's detail what has words: names of fields, roles, days.
func detail(e audit.Event) string {
	var said []string
	for _, token := range strings.Fields(e.Entry.Detail) {
		token, _, _ = strings.Cut(token, "@")
		if day, err := civil.ParseDate(token); err == nil {
			said = append(said, day.French())
		} else if word := words[token]; word != "" {
			said = append(said, word)
		}
	}
	return strings.Join(said, ", ")
}
