package town

import (
	"net/http"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

// Agent declares the page where a town sets what is its own.
func (p Pages) Agent(rt *web.Router) {
	rt.Get("/agents/parametres", web.AgentWith(SettingsWrite), web.NoObject, p.settings)
	rt.Post("/agents/parametres", web.AgentWith(SettingsWrite), web.NoObject, p.saveSettings)
}

// question is one setting of the page: its key in town_setting, and how it is asked.
type question struct {
	key, label, hint string
	rows             int          // a text of several lines when above 0
	options          []web.Option // a choice when not empty
}

// chapter is a part of the page.
type chapter struct {
	title     string
	questions []question
}

// chapters are every setting, in the order of the page. A setting that is missing here cannot be set on
// screen; a test compares them with codecs.
func chapters() []chapter {
	return []chapter{
		{"La commune", []question{
			{key: "name", label: "Nom de la commune"},
			{key: "gentile", label: "Nom des habitants", hint: "Au masculin singulier : « Rivebellois ». Il complète le titre « Mon Espace Citoyen »."},
			{key: "post_code", label: "Code postal"},
			{key: "address", label: "Adresse de la mairie", hint: "Sur une ligne"},
			{key: "phone", label: "Téléphone"},
			{key: "email", label: "Courriel"},
			{key: "website", label: "Site de la commune", hint: "En entier, avec https://"},
		}},
		{"L’apparence", []question{
			{key: "colour", label: "Couleur", hint: "En hexadécimal, par exemple #0b5c8a. Les contrastes sont calculés."},
			{key: "logo_svg", label: "Blason ou logo", hint: "Le texte d’un fichier SVG, 20 Ko au plus. Vide : un écu neutre.", rows: 4},
			{key: "slogan", label: "Phrase sous le titre de l’accueil"},
			{key: "welcome", label: "Texte de bienvenue", hint: "Une ligne vide commence un paragraphe.", rows: 5},
			{key: "old_portal", label: "Nom donné à l’ancien portail", hint: "Par exemple « l’ancien portail famille »"},
		}},
		{"Qui aide les familles", []question{
			{key: "help_service", label: "Service"},
			{key: "help_phone", label: "Téléphone", hint: "Vide : celui de la mairie"},
			{key: "help_email", label: "Courriel", hint: "Vide : celui de la mairie"},
			{key: "help_hours", label: "Horaires affichés", hint: "Vide : les heures d’ouverture ci-dessous"},
			{key: "help_counter", label: "Guichet", hint: "Vide : l’adresse de la mairie"},
			{key: "sign_up_text", label: "Comment demander un espace", hint: "Vide : un texte neutre", rows: 4},
			{key: "sign_up_document", label: "Ce qu’il faut apporter"},
		}},
		{"Le calendrier", []question{
			{key: "hours", label: "Heures d’ouverture", hint: "Elles servent à calculer les « 48 heures ouvrées ». Par exemple : lun 08:30-12:00 13:30-17:30; mar 08:30-12:00", rows: 3},
			{key: "region", label: "Jours fériés", options: regionOptions()},
			{key: "zone", label: "Zone de vacances scolaires", options: []web.Option{{Value: "A", Label: "Zone A"}, {Value: "B", Label: "Zone B"}, {Value: "C", Label: "Zone C"}}},
		}},
		{"Les règles", []question{
			{key: "address_proof", label: "Changement d’adresse d’une famille", options: []web.Option{
				{Value: "false", Label: "Pris en compte tout de suite"}, {Value: "true", Label: "Fait par un agent, sur justificatif"}}},
		}},
		{"Accessibilité", []question{
			{key: "conformity", label: "Résultat du dernier audit", options: []web.Option{{Value: string(NotConform), Label: "Non conforme, ou pas d’audit"},
				{Value: string(PartlyConform), Label: "Partiellement conforme"}, {Value: string(FullyConform), Label: "Totalement conforme"}}},
			{key: "audit_day", label: "Date de l’audit", hint: "Par exemple 15/01/2027. Vide : la déclaration dit « non conforme »."},
			{key: "audit_by", label: "Audit réalisé par"},
			{key: "plan_url", label: "Adresse du schéma pluriannuel"},
			{key: "access_text", label: "Contenus connus comme non accessibles", rows: 5},
		}},
		{"Pages légales", []question{
			{key: "publisher", label: "Direction de la publication"},
			{key: "host", label: "Hébergeur", hint: "Nom, adresse, téléphone"},
			{key: "data_officer", label: "Délégué à la protection des données", hint: "Nom ou service, et comment le joindre"},
			{key: "legal_text", label: "Mentions légales", hint: "Vide : le texte proposé", rows: 5},
			{key: "terms_text", label: "Conditions générales d’utilisation", hint: "Vide : le texte proposé", rows: 5},
			{key: "privacy_text", label: "Données personnelles", hint: "Vide : le texte proposé", rows: 5},
			{key: "help_text", label: "Aide", hint: "Vide : le texte proposé", rows: 5},
			{key: "contact_text", label: "Texte en tête de la page Contacts", rows: 3},
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

// shown are the settings as the page's fields hold them.
func shown(s Settings) map[string]string {
	values := map[string]string{}
	for _, c := range codecs() {
		values[c.key] = c.get(&s)
	}
	values["audit_day"] = s.AuditDay.French()
	return values
}

// typed puts what was typed over the settings; a field that the form lacks stays.
func typed(f *web.Form, s Settings) (Settings, error) {
	var fields []fault.Field
	for _, c := range codecs() {
		if len(f.All(c.key)) == 0 {
			continue
		}
		value := f.Text(c.key)
		if c.key == "audit_day" && value != "" {
			day, err := civil.ParseFrench(value)
			if err != nil {
				fields = append(fields, fault.Field{Name: c.key, Sentence: "Écrivez la date ainsi : 15/01/2027."})
				continue
			}
			value = day.String()
		}
		if err := c.set(&s, value); err != nil {
			fields = append(fields, fault.Field{Name: c.key, Sentence: "Écrivez les heures ainsi : lun 08:30-12:00 13:30-17:30; mar 08:30-12:00."})
		}
	}
	return s, fault.InvalidFields(fields...)
}

func (p Pages) settings(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.settingsPage(w, r, http.StatusOK, nil)
}

func (p Pages) settingsPage(w http.ResponseWriter, r *http.Request, status int, f *web.Form) error {
	s, err := db.Read(r.Context(), p.DB, ReadSettings)
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Status: status, Title: "Paramètres de la commune",
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Paramètres"}}}, settingsForm(f, shown(s)))
}

func (p Pages) saveSettings(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		before, err := ReadSettings(tx)
		if err != nil {
			return web.Done{}, err
		}
		s, err := typed(f, before)
		if err != nil {
			return web.Done{}, err
		}
		return web.Done{Location: "/agents/parametres", Sentence: "Les paramètres sont enregistrés."}, SaveSettings(tx, p.Now(), a, s)
	})
	if f.Take(err) {
		return p.settingsPage(w, r, http.StatusUnprocessableEntity, f)
	}
	p.Settings.Invalidate()
	return err
}
