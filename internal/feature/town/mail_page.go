package town

import (
	"net/http"
	"strings"

	"parvis/internal/base/actor"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
)

const mailsPath = settingsPath + "/courriels"

var mailsCrumb = web.Crumb{Label: "Textes des courriels", Href: mailsPath}

// mailLine is a template in the list.
type mailLine struct{ href, label, subject, changed string }

func (p Pages) mails(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	lines, err := db.Read(r.Context(), p.DB, func(rd db.Reader) ([]mailLine, error) {
		own, err := mailTexts(rd)
		if err != nil {
			return nil, err
		}
		var lines []mailLine
		for _, t := range p.Mails {
			if t.Specimen == nil {
				continue
			}
			specimen, err := t.Specimen(rd)
			if err != nil {
				return nil, err
			}
			line := mailLine{href: mailsPath + "/" + t.Name, label: t.Label, subject: specimen.Subject}
			for _, o := range own {
				if o.template == t.Name {
					line.subject, line.changed = o.words.Subject, "Modifié le "+civil.DateOf(o.at.In(p.Now().Location())).French()
				}
			}
			lines = append(lines, line)
		}
		return lines, nil
	})
	if err != nil {
		return err
	}
	return p.render(w, r, agentPage("Textes des courriels"), mailsPage(lines))
}

// mailView is the form of one mail's words. Specimen is the mail as it would be received.
type mailView struct {
	mail.Template
	words    mail.Words
	names    []string
	own      bool
	stamp    string
	specimen mail.Body
	conflict []difference
}

func (p Pages) mailView(r *http.Request) (mailView, error) {
	i, err := p.mailTemplate(r.PathValue("id"))
	if err != nil {
		return mailView{}, err
	}
	v := mailView{Template: p.Mails[i]}
	return db.Read(r.Context(), p.DB, func(rd db.Reader) (mailView, error) {
		specimen, words, own, err := wordsNow(rd, v.Template)
		v.specimen, v.words, v.own, v.names, v.stamp = specimen, words, own, mailNames(specimen), mailStamp(words)
		return v, err
	})
}

func (p Pages) mailWords(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	v, err := p.mailView(r)
	if err != nil {
		return err
	}
	return p.showMail(w, r, http.StatusOK, nil, v, v.words)
}

// showMail shows the form, and the specimen with the words given.
func (p Pages) showMail(w http.ResponseWriter, r *http.Request, status int, f *web.Form, v mailView, words mail.Words) error {
	s := p.Settings.Get(r.Context(), p.Now())
	filled, err := mail.Reword(v.specimen, words, "Mairie de "+s.Name)
	if err != nil {
		filled = mail.Body{} // names that the mail does not know: their sentence is beside the field
	}
	page := agentPage(v.Label, mailsCrumb)
	page.Status = status
	return p.render(w, r, page, mailForm(f, v, filled))
}

func (p Pages) saveMailWords(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	v, err := p.mailView(r)
	if err != nil {
		return err
	}
	f := web.ReadForm(r)
	words := tidyWords(mail.Words{Subject: f.Line("objet"), Text: f.Text("texte"), Closing: f.Text("fin")})
	if f.Text("action") == "voir" {
		status := http.StatusOK
		if f.Take(checkWords(words, v.names)) {
			status = http.StatusUnprocessableEntity
		}
		return p.showMail(w, r, status, f, v, words)
	}
	err = web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: mailsPath, Sentence: "« " + v.Label + " » : le texte est enregistré."}, SetMailWords(tx, p.Now(), a, v.Template, words, f.Raw("version"))
	})
	switch {
	case fault.KindOf(err) == fault.Conflict:
		f.Fail("", fault.SentenceOf(err))
		v.conflict = differ("Objet", v.words.Subject, words.Subject, "Texte", v.words.Text, words.Text, "Fin", v.words.Closing, words.Closing)
		return p.showMail(w, r, http.StatusConflict, f, v, words)
	case f.Take(err):
		return p.showMail(w, r, http.StatusUnprocessableEntity, f, v, words)
	}
	return err
}

func (p Pages) resetMailWords(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	if _, err := p.mailTemplate(r.PathValue("id")); err != nil {
		return err
	}
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: mailsPath, Sentence: "Le texte d’origine est remis."}, ResetMailWords(tx, p.Now(), a, r.PathValue("id"))
	})
}

func braced(names []string) string { return "{" + strings.Join(names, "} {") + "}" }
