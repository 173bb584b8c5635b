package signup

import (
	"fmt"
	"net/http"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/geo"
	"parvis/internal/base/openid"
	"parvis/internal/base/web"
	"parvis/internal/feature/person"
)

// Begin begins a demand with what FranceConnect told of somebody who has no space, and leads to the first screen: each
// relies on nothing of it, reads it there and corrects it. What the visitor typed before stays as typed, what the town
// does not ask is not kept, and the e-mail address is confirmed like any other. The zero Identity fills nothing in.
func (p Pages) Begin(w http.ResponseWriter, r *http.Request, who openid.Identity) error {
	web.ReadForm(r)
	rule := p.rule(r.Context())
	steps := stepsOf(rule)
	told := prefilled(who)
	if len(told) == 0 {
		return web.SeeOther(w, steps[0].path)
	}
	_, err := p.save(w, r, func(d *Draft) {
		for _, s := range allSteps {
			for _, f := range fieldsOf(s.name, rule) {
				if d.Fields[f.Name] == "" && told[f.Name] != "" {
					d.Fields[f.Name] = limit(told[f.Name])
					d.Source = "FranceConnect"
				}
			}
		}
	}, nil)
	if err != nil {
		return err
	}
	return web.SeeOther(w, steps[0].path)
}

// prefilled are the answers that an identity gives to the wizard's questions. A day or a place that registers do not
// know is left to be typed.
func prefilled(who openid.Identity) map[string]string {
	told := map[string]string{"nom": person.Clean(who.LastName), "prenoms": person.Clean(who.FirstNames)}
	if who.UsageName != "" {
		told["nom"], told["nom_naissance"] = person.Clean(who.UsageName), person.Clean(who.LastName)
	}
	if b := who.Birth; b.Day != 0 {
		told["naissance"] = civil.NewDate(b.Year, b.Month, b.Day).Long()
	}
	switch who.Gender {
	case "female":
		told["civilite"] = string(person.Madame)
	case "male":
		told["civilite"] = string(person.Monsieur)
	}
	if who.InFrance() {
		told["pays_naissance"] = france()
		if code := departmentOf(who.Place); code != "" {
			told["departement_naissance"] = geo.DepartmentName(code)
		}
	}
	if email, err := person.CheckEmail(who.Email); err == nil {
		told["courriel"] = email
	}
	for name, value := range told {
		if value == "" {
			delete(told, name)
		}
	}
	return told
}

// departmentOf is the département of a commune's INSEE code: "78646" is of 78, "2A004" of 2A, "97411" of 974.
func departmentOf(insee string) string {
	if len(insee) != 5 {
		return ""
	}
	code := insee[:2]
	if code == "97" || code == "98" {
		code = insee[:3]
	}
	return departmentCode(strings.ToUpper(code))
}

// sourceSentence tells where a draft's first answers come from.
func sourceSentence(source string) string {
	return fmt.Sprintf("%s a rempli une partie de ces champs. Relisez-les et corrigez-les si besoin.", source)
}
