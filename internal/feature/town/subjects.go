package town

import (
	"fmt"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// question is one setting of a page: its key in town_setting, and how it is asked.
type question struct {
	key, label, hint string
	required         bool
	kind             string       // an input's type or inputmode: "tel", "email", "url"; "" for plain text
	rows             int          // a text of several lines when above 0
	options          []web.Option // a choice when not empty
	short            bool
	hidden           bool // set by the page's own means
}

// subject is one page of settings.
type subject struct {
	slug, title, detail, group string
	note                       string // a sentence at the head of the page
	questions                  []question
	preview                    func(Settings) templ.Component // what « Voir » shows; nil without
}

func (s subject) path() string { return settingsPath + "/" + s.slug }

func (s subject) keys() []string {
	var keys []string
	for _, q := range s.questions {
		keys = append(keys, q.key)
	}
	return keys
}

// label is a setting's, for the page of a conflict.
func (s subject) label(key string) string {
	for _, q := range s.questions {
		if q.key == key {
			return q.label
		}
	}
	return key
}

const textsGroup = "Les textes"

// Slugs of the pages with fields of their own.
const (
	identitySlug = "identite"
	hoursSlug    = "horaires"
	wizardSlug   = "assistant"
)

// subjects are the pages of settings, in the order of the hub. A setting that is missing here cannot be set on
// screen; a test compares them with codecs.
func subjects() []subject {
	return append([]subject{
		{slug: identitySlug, title: "Identité et couleur", detail: "Nom, couleur, blason", group: "La commune", preview: identityPreview, questions: []question{
			{key: "name", label: "Nom de la commune", required: true},
			{key: "gentile", label: "Nom des habitants", hint: "Au masculin singulier : « Rivebellois ». Il complète le titre « Mon Espace Citoyen »."},
			{key: "colour", label: "Couleur", required: true, short: true, hint: "En hexadécimal, par exemple #0b5c8a. « Voir » montre les contrastes avant d’enregistrer."},
			{key: "logo_svg", label: "Blason ou logo", hidden: true},
			{key: "logo_png", label: "Blason ou logo (image)", hidden: true},
		}},
		{slug: "contacts", title: "Contacts et aide", detail: "Téléphone, courriel, guichet, qui aide les familles", group: "La commune", questions: []question{
			{key: "address", label: "Adresse de la mairie", hint: "Sur une ligne"},
			{key: "post_code", label: "Code postal", short: true, kind: "numeric"},
			{key: "phone", label: "Téléphone", kind: "tel"},
			{key: "email", label: "Courriel", kind: "email"},
			{key: "website", label: "Site de la commune", hint: "En entier, avec https://", kind: "url"},
			{key: "help_service", label: "Service qui aide avec le portail"},
			{key: "help_phone", label: "Son téléphone", hint: "Vide : celui de la mairie", kind: "tel"},
			{key: "help_email", label: "Son courriel", hint: "Vide : celui de la mairie", kind: "email"},
			{key: "help_hours", label: "Ses horaires, comme on les affiche", hint: "Vide : les horaires d’ouverture de la mairie"},
			{key: "help_counter", label: "Son guichet", hint: "Vide : l’adresse de la mairie"},
		}},
		{slug: hoursSlug, title: "Horaires d’ouverture", detail: "Ils servent à compter les « 48 heures ouvrées »", group: "La commune",
			note: "Une demi-journée vide est fermée. Écrivez comme vous voulez : « 8 h 30 – 12 h », « 8:30-12:00 », « 8h30 à midi ».", questions: []question{
				{key: "hours", label: "Horaires d’ouverture", hidden: true},
				{key: "region", label: "Jours fériés", options: regionOptions()},
				{key: "zone", label: "Zone de vacances scolaires", options: zoneOptions()},
			}},
		{slug: wizardSlug, title: "Champs de l’assistant", detail: "Ce que demande la création d’un espace", group: "Les règles",
			note:      "Ne demandez que ce qui sert : chaque champ obligatoire fait renoncer des familles. Nom, prénom, courriel, identifiant et mot de passe sont toujours demandés.",
			questions: []question{{key: "wizard_fields", label: "Champs de l’assistant", hidden: true}}},
		{slug: "familles", title: "Règles des familles", detail: "Changement d’adresse, co-représentants", group: "Les règles", questions: []question{
			{key: "address_proof", label: "Changement d’adresse d’une famille", options: []web.Option{
				{Value: "false", Label: "Pris en compte tout de suite"}, {Value: "true", Label: "Fait par un agent, sur justificatif"}}},
			{key: "coholder_at_once", label: "Co-représentant invité par un titulaire", options: []web.Option{
				{Value: "false", Label: "Un agent valide chaque co-représentant"}, {Value: "true", Label: "Entre dans la famille dès qu’il accepte", Hint: "Un agent valide quand même si une restriction existe."}}},
		}},
		{slug: "controle", title: "Contrôle de sécurité", detail: "Les images, le son ou la question", group: "Les règles",
			note: "Le contrôle protège la création d’un espace et le formulaire de contact. Le contrôle silencieux est un calcul que l’appareil fait pendant la saisie. Sans lui, ou sans JavaScript, les images sont toujours montrées ; les autres garde-fous restent.", questions: []question{
				{key: "quiet_check", label: "Images du contrôle", options: []web.Option{
					{Value: "false", Label: "Toujours les afficher"},
					{Value: "true", Label: "N’afficher le contrôle des images que si le contrôle silencieux échoue", Hint: "Plus simple pour les familles, moins gênant pour les robots."}}},
			}},
	}, textSubjects()...)
}

const markup = "Une ligne vide commence un paragraphe. « # » au début d’une ligne fait un titre, « - » un élément de liste."

func textSubjects() []subject {
	return []subject{
		{slug: "textes/accueil", title: "Page d’accueil", detail: "Phrase d’accueil, mot de bienvenue", group: textsGroup, preview: welcomePreview, questions: []question{
			{key: "slogan", label: "Phrase sous le titre de l’accueil"},
			{key: "welcome", label: "Texte de bienvenue", hint: "Une ligne vide commence un paragraphe.", rows: 6},
			{key: "old_portal", label: "Nom donné à l’ancien portail", hint: "Par exemple « l’ancien portail famille ». Vide : il n’y en avait pas, les pages n’en parlent pas."},
		}},
		{slug: "textes/creer-mon-espace", title: "Créer mon espace", detail: "Les premiers mots de l’assistant", group: textsGroup, questions: []question{
			{key: "sign_up_text", label: "Accueil de l’assistant « Créer mon espace »", hint: "Vide : un texte neutre", rows: 6},
		}},
		{slug: "textes/aide", title: "Aide", detail: "Questions fréquentes", group: textsGroup, preview: helpPage, questions: []question{
			{key: "help_text", label: "Aide", hint: "Vide : le texte proposé. " + markup, rows: 14}}},
		{slug: "textes/contacts", title: "Contacts", detail: "Le texte en tête de la page", group: textsGroup, preview: contactPreview, questions: []question{
			{key: "contact_text", label: "Texte en tête de la page Contacts", hint: markup, rows: 6}}},
		{slug: "textes/mentions", title: "Mentions légales", detail: "Éditeur, hébergeur", group: textsGroup, preview: legalPage, questions: []question{
			{key: "publisher", label: "Direction de la publication", hint: "Nom et qualité"},
			{key: "host", label: "Hébergeur", hint: "Nom, adresse, téléphone"},
			{key: "legal_text", label: "Mentions légales", hint: "Vide : le texte proposé. " + markup, rows: 14},
		}},
		{slug: "textes/conditions", title: "Conditions générales", detail: "Ce qu’accepte une personne qui crée son espace", group: textsGroup, preview: termsPage,
			note: "Chaque enregistrement d’un texte changé fait une nouvelle version, datée. Les accords déjà donnés restent attachés à la leur.", questions: []question{
				{key: "terms_text", label: "Conditions générales d’utilisation", hint: "Vide : le texte proposé. " + markup, rows: 18}}},
		{slug: "textes/donnees-personnelles", title: "Données personnelles", detail: "L’information due aux personnes", group: textsGroup, preview: privacyPage,
			note: "Chaque enregistrement d’un texte changé fait une nouvelle version, datée. Les accords déjà donnés restent attachés à la leur.", questions: []question{
				{key: "data_officer", label: "Délégué à la protection des données", hint: "Nom ou service, et comment le joindre"},
				{key: "privacy_text", label: "Données personnelles", hint: "Vide : le texte proposé. " + markup, rows: 18}}},
		{slug: "textes/accessibilite", title: "Accessibilité", detail: "Déclaration, audit, schéma pluriannuel", group: textsGroup, preview: accessibilityPage, questions: []question{
			{key: "conformity", label: "Résultat du dernier audit", options: []web.Option{{Value: string(NotConform), Label: "Non conforme, ou pas d’audit"},
				{Value: string(PartlyConform), Label: "Partiellement conforme"}, {Value: string(FullyConform), Label: "Totalement conforme"}}},
			{key: "audit_day", label: "Date de l’audit", hint: "Par exemple 15/01/2027. Vide : la déclaration dit « non conforme ».", short: true},
			{key: "audit_by", label: "Audit réalisé par"},
			{key: "plan_url", label: "Adresse du schéma pluriannuel", kind: "url"},
			{key: "access_text", label: "Contenus connus comme non accessibles", rows: 6},
		}},
	}
}

func regionOptions() []web.Option {
	var options []web.Option
	for _, r := range civil.Regions() {
		options = append(options, web.Option{Value: string(r), Label: r.Label()})
	}
	return options
}

func zoneOptions() []web.Option {
	return []web.Option{{Value: "A", Label: "Zone A"}, {Value: "B", Label: "Zone B"}, {Value: "C", Label: "Zone C"}}
}

// shown are the settings as a page's fields hold them.
func shown(s Settings) map[string]string {
	values := map[string]string{}
	for _, c := range codecs() {
		values[c.key] = c.get(&s)
	}
	values["audit_day"] = s.AuditDay.French()
	for field, value := range weekValues(s.Hours) {
		values[field] = value
	}
	for _, f := range Fields() {
		values["champ_"+f.Name] = string(s.Field(f.Name))
	}
	return values
}

// asked are the settings that a form holds, by key; a field that the form lacks is not asked.
func (s subject) asked(f *web.Form) (map[string]string, error) {
	values := map[string]string{}
	for _, q := range s.questions {
		if !q.hidden && len(f.All(q.key)) > 0 {
			values[q.key] = f.Text(q.key)
			if q.rows == 0 {
				values[q.key] = f.Line(q.key)
			}
		}
	}
	switch s.slug {
	case hoursSlug:
		if len(f.All(hourField(1, false))) > 0 {
			hours, fields := parseWeek(f.Text)
			values["hours"] = hours.String()
			return values, fault.InvalidFields(fields...)
		}
	case wizardSlug:
		return values, askedRules(f, values)
	case identitySlug:
		for _, key := range []string{"logo_svg", "logo_png"} {
			if len(f.All(key)) > 0 {
				values[key] = f.Raw(key)
			}
		}
	}
	return values, nil
}

func askedRules(f *web.Form, values map[string]string) error {
	var words []string
	var fields []fault.Field
	for _, one := range Fields() {
		rule := FieldRule(f.Text("champ_" + one.Name))
		switch {
		case rule == "":
		case one.Always && rule != Required:
			fields = append(fields, fault.Field{Name: "champ_" + one.Name, Sentence: "« " + one.Label + " » est toujours demandé."})
		case rule != Required && rule != Optional && rule != Hidden:
			fields = append(fields, fault.Field{Name: "champ_" + one.Name, Sentence: "Choisissez obligatoire, facultatif ou masqué."})
		case !one.Always:
			words = append(words, one.Name+"="+string(rule))
		}
	}
	if len(words) > 0 {
		values["wizard_fields"] = strings.Join(words, " ")
	}
	return fault.InvalidFields(fields...)
}

// difference is one setting that another agent changed while this page was open.
type difference struct{ label, theirs, ours string }

// differences tell what is saved now beside what was asked.
func (s subject) differences(now Settings, asked map[string]string) []difference {
	mine, _ := now.with(s.keys(), asked) // what is wrong in it is told once the conflict is settled
	var all []difference
	theirs, ours := inWords(now), inWords(mine)
	for _, key := range s.keys() {
		if theirs[key] != ours[key] {
			all = append(all, difference{s.label(key), theirs[key], ours[key]})
		}
	}
	return all
}

// inWords are the settings as one reads them.
func inWords(s Settings) map[string]string {
	values := shown(s)
	values["hours"] = HoursInWords(s.Hours)
	for _, key := range []string{"logo_svg", "logo_png"} {
		if values[key] != "" {
			values[key] = fmt.Sprintf("un dessin de %d octets", len(values[key]))
		}
	}
	var rules []string
	for _, f := range Fields() {
		if rule := s.Field(f.Name); rule != Optional && !f.Always {
			rules = append(rules, f.Label+" : "+strings.ToLower(rule.Label()))
		}
	}
	values["wizard_fields"] = strings.Join(rules, ", ")
	return values
}
