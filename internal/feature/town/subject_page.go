package town

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

// subjectView is a page of settings. Stamp is of the settings that the person at the screen has seen.
type subjectView struct {
	subject
	values      map[string]string
	stamp       string
	differences []difference
	preview     templ.Component
	warnings    []string
}

func (p Pages) subjectPage(s subject) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
		now, err := db.Read(r.Context(), p.DB, ReadSettings)
		if err != nil {
			return err
		}
		return p.showSubject(w, r, http.StatusOK, nil, subjectView{subject: s, values: shown(now), stamp: now.Stamp(s.keys())})
	}
}

func (p Pages) showSubject(w http.ResponseWriter, r *http.Request, status int, f *web.Form, v subjectView) error {
	if v.slug == wizardSlug {
		v.warnings = ruleWarnings(f, v.values)
	}
	page := agentPage(v.title)
	page.Status = status
	return p.render(w, r, page, subjectForm(f, v))
}

// saveSubject saves a page, or with « Voir » shows it without saving.
func (p Pages) saveSubject(s subject) web.Handler {
	return func(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
		f := web.ReadForm(r)
		asked, err := s.asked(f)
		if s.slug == identitySlug {
			err = errors.Join(err, takeLogo(r, f, asked))
		}
		if err == nil && f.Text("action") != "voir" {
			err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
				return web.Done{Location: settingsPath, Sentence: "« " + s.title + " » : c’est enregistré."},
					ChangeSettings(tx, p.Now(), a, s.keys(), f.Raw("version"), asked)
			})
			if err == nil {
				p.Settings.Invalidate()
				return nil
			}
		}
		return p.showAgain(w, r, f, s, asked, err)
	}
}

// showAgain shows a page with what was typed: refused, in conflict with another agent, or to be looked at first.
func (p Pages) showAgain(w http.ResponseWriter, r *http.Request, f *web.Form, s subject, asked map[string]string, err error) error {
	now, readErr := db.Read(r.Context(), p.DB, ReadSettings)
	if readErr != nil {
		return readErr
	}
	v := subjectView{subject: s, values: shown(now), stamp: f.Raw("version")}
	mine, wrong := now.with(s.keys(), asked)
	switch {
	case fault.KindOf(err) == fault.Conflict:
		v.stamp, v.differences = now.Stamp(s.keys()), s.differences(now, asked)
		f.Fail("", fault.SentenceOf(err))
		return p.showSubject(w, r, http.StatusConflict, f, v)
	case f.Take(atLogo(err)):
		return p.showSubject(w, r, http.StatusUnprocessableEntity, f, v)
	case err != nil:
		return err
	case f.Take(atLogo(wrong)):
		return p.showSubject(w, r, http.StatusUnprocessableEntity, f, v)
	}
	if s.preview != nil {
		v.preview = s.preview(mine)
	}
	return p.showSubject(w, r, http.StatusOK, f, v)
}

// atLogo puts what is wrong with the drawing beside the field that takes the file.
func atLogo(err error) error {
	fields := fault.FieldsOf(err)
	if len(fields) == 0 {
		return err
	}
	moved := make([]fault.Field, len(fields))
	for i, f := range fields {
		if drawings[f.Name] {
			f.Name = "logo"
		}
		moved[i] = f
	}
	return fault.InvalidFields(moved...)
}

// takeLogo reads the file of the form, if there is one: a drawing is cleaned, a picture checked. What was given
// stays in the form, so that another field's fault does not lose it.
func takeLogo(r *http.Request, f *web.Form, asked map[string]string) error {
	put := func(svg, png string) {
		asked["logo_svg"], asked["logo_png"] = svg, png
		f.Set("logo_svg", svg)
		f.Set("logo_png", png)
	}
	wrong := func(sentence string) error { return fault.InvalidFields(fault.Field{Name: "logo", Sentence: sentence}) }
	if f.Bool("sans_logo") {
		put("", "")
	}
	file, _, err := r.FormFile("logo")
	if err != nil {
		return nil // no file given
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, 4*maxLogo))
	if err != nil || len(raw) == 0 {
		return nil
	}
	if strings.HasPrefix(string(raw), "\x89PNG") {
		if err := checkPNG(raw); err != nil {
			return wrong(err.Error())
		}
		put("", base64.StdEncoding.EncodeToString(raw))
		return nil
	}
	if !strings.Contains(string(raw), "<svg") {
		return wrong("Donnez un dessin SVG ou une image PNG de 20 Ko au plus.")
	}
	svg, err := CleanSVG(string(raw))
	if err != nil {
		return wrong(err.Error())
	}
	put(svg, "")
	return nil
}

// ruleWarnings says what a choice of rules costs, before it is saved or after.
func ruleWarnings(f *web.Form, values map[string]string) []string {
	var all []string
	if f.Value("champ_civilite", values["champ_civilite"]) == string(Required) {
		all = append(all, "« Civilité » est obligatoire : la Cour de justice de l’Union européenne (affaire C-394/23) juge qu’elle n’est pas nécessaire pour s’adresser à quelqu’un. Demandez l’avis de votre délégué à la protection des données.")
	}
	if f.Value("champ_naissance", values["champ_naissance"]) == string(Hidden) {
		all = append(all, "« Date de naissance » est masquée : les agents auront plus de mal à rapprocher une demande de sa famille.")
	}
	return all
}

// logoShown is the address of the logo as the form holds it, "" without.
func logoShown(f *web.Form, values map[string]string) string {
	if svg := f.Value("logo_svg", values["logo_svg"]); svg != "" {
		if clean, err := CleanSVG(svg); err == nil && clean == svg {
			return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg))
		}
		return ""
	}
	if png := f.Value("logo_png", values["logo_png"]); png != "" {
		return "data:image/png;base64," + png
	}
	return ""
}
