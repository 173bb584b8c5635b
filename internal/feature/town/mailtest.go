package town

import (
	"context"
	"net/http"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/mail"
	"parvis/internal/base/web"
)

// MailTest is the mail that shows that the portal's mails arrive.
const MailTest = "town.test"

const mailTestPath = "/agents/parametres/courriel-essai"

// Mails are the mails of this package.
func Mails() []mail.Template {
	body := mail.Body{Subject: "Courriel d’essai du portail", Greeting: "Bonjour,",
		Paragraphs: []string{"Ce courriel a été demandé depuis les réglages du portail. S’il est arrivé, les courriels aux familles arriveront aussi.",
			"S’il était dans les courriers indésirables, parlez-en à votre service informatique avant d’écrire aux familles."}}
	return []mail.Template{{Name: MailTest, Label: "Courriel d’essai", Specimen: mail.Example(body),
		Render: func(context.Context, db.Reader, map[string]string) (mail.Body, error) { return body, nil }}}
}

// SendTest sends the test mail to an address.
func SendTest(tx *db.Tx, now time.Time, a actor.Actor, to string) error {
	if err := forbidden(a); err != nil {
		return err
	}
	if to == "" || !goodEmail(to) {
		return fault.InvalidFields(fault.Field{Name: "adresse", Sentence: emailSentence})
	}
	if _, err := mail.Enqueue(tx, now, mail.Message{Template: MailTest, To: to, Account: a.Account}); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.mail.tried", Object: "town", ID: "mail"})
}

// testArrived tells whether a server took a test mail.
func testArrived(r db.Reader) (bool, error) { return mail.Accepted(r, MailTest) }

// testMissing says why a test mail that was asked for does not count.
func testMissing(r db.Reader) (string, error) {
	events, err := audit.ForObject(r, "town", "mail", 1)
	if err != nil || len(events) == 0 {
		return "", err
	}
	return "Demandé, mais aucun serveur de courriels ne l’a encore accepté.", nil
}

func (p Pages) mailTest(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	return p.render(w, r, agentPage("Courriel d’essai", mailsCrumb), mailTestForm(nil, p.Settings.Get(r.Context(), p.Now()).Email))
}

func (p Pages) sendTest(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	f := web.ReadForm(r)
	sentence := "Le courriel d’essai part dans la minute. Vérifiez qu’il arrive, et où."
	if p.NoMail {
		sentence = "Le courriel d’essai attend : il partira quand un serveur de courriels sera réglé."
	}
	err := web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: mailsPath, Sentence: sentence}, SendTest(tx, p.Now(), a, f.Line("adresse"))
	})
	if !f.Take(err) {
		return err
	}
	page := agentPage("Courriel d’essai", mailsCrumb)
	page.Status = http.StatusUnprocessableEntity
	return p.render(w, r, page, mailTestForm(f, ""))
}
