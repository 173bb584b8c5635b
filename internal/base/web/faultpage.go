package web

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"time"

	"parvis/internal/base/fault"
)

// statusError is a refusal of the wrapper itself.
type statusError struct {
	status          int
	title, sentence string
}

func (e *statusError) Error() string { return strconv.Itoa(e.status) + " " + e.title }

var (
	badRequest = &statusError{http.StatusBadRequest, "Demande illisible",
		"Le portail n’a pas pu lire cette demande. Rien n’a été modifié. Revenez à la page précédente et recommencez."}
	notFound = &statusError{http.StatusNotFound, "Page introuvable",
		"Cette page n’existe pas, ou elle ne fait pas partie de votre espace. Rien n’a été modifié."}
	wrongMethod = &statusError{http.StatusMethodNotAllowed, "Page introuvable",
		"Cette adresse ne s’ouvre pas de cette façon. Rien n’a été modifié. Repassez par le menu du portail."}
	noLength = &statusError{http.StatusLengthRequired, badRequest.title, badRequest.sentence}
	tooBig   = &statusError{http.StatusRequestEntityTooLarge, "Envoi trop volumineux",
		"Ce que vous envoyez dépasse la taille acceptée. Rien n’a été modifié. Choisissez un fichier plus léger."}
)

// ownStatus is the status of a refusal of the wrapper, 0 for another error.
func ownStatus(err error) int {
	var own *statusError
	if errors.As(err, &own) {
		return own.status
	}
	return 0
}

type retryError struct {
	error
	after time.Duration
}

func (e retryError) Unwrap() error { return e.error }

// RetryAfter adds to a Throttled or Unavailable refusal when to come back; without it the answer says one minute.
func RetryAfter(err error, after time.Duration) error { return retryError{err, after} }

// faultView is what the page of a refusal says.
type faultView struct {
	title, sentence string
	fields          []fault.Field
	incident        string // set when it is our fault
	back            string // the page the person came from, "" when unknown
}

// words gives the status of an error and what its page says.
func words(err error) (int, faultView) {
	var own *statusError
	if errors.As(err, &own) {
		return own.status, faultView{title: own.title, sentence: own.sentence}
	}
	status, view := kindWords(fault.KindOf(err))
	if s := fault.SentenceOf(err); s != "" && status != http.StatusInternalServerError {
		view.sentence = s
	}
	view.fields = fault.FieldsOf(err)
	return status, view
}

func kindWords(k fault.Kind) (int, faultView) {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity, faultView{title: "À corriger",
			sentence: "Une information est à corriger. Rien n’a été enregistré. Revenez au formulaire."}
	case fault.Refused:
		return http.StatusConflict, faultView{title: "Ce n’est pas possible",
			sentence: "Cette demande n’a pas pu être acceptée. Rien n’a été modifié."}
	case fault.Conflict:
		return http.StatusConflict, faultView{title: "Modifié entre-temps",
			sentence: "Quelqu’un a modifié ces informations entre-temps. Rien n’a été enregistré. Rouvrez la page pour voir la version à jour."}
	case fault.NotFound:
		return http.StatusNotFound, faultView{title: notFound.title, sentence: notFound.sentence}
	case fault.Forbidden:
		return http.StatusForbidden, faultView{title: "Accès réservé",
			sentence: "Votre compte ne donne pas accès à cette page."}
	case fault.Throttled:
		return http.StatusTooManyRequests, faultView{title: "Trop d’essais à la suite",
			sentence: "Attendez une minute, puis réessayez."}
	case fault.Unavailable:
		return http.StatusServiceUnavailable, faultView{title: "Momentanément indisponible",
			sentence: "Le portail est très sollicité. Rien n’a été modifié. Réessayez dans une minute."}
	}
	return http.StatusInternalServerError, faultView{title: "Le portail a rencontré un problème",
		sentence: "Ce que vous veniez d’envoyer n’a pas été enregistré. Tout ce qui l’était déjà est conservé. Réessayez dans un instant."}
}

// showFault answers v.err with its page, or, when even that fails, with a page that needs nothing.
func (rt *Router) showFault(w http.ResponseWriter, r *http.Request, v *visit) {
	status, view := words(v.err)
	if status >= http.StatusInternalServerError {
		view.incident = v.id
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retrySeconds(v.err)))
	}
	view.back = refererPath(r)
	w.Header().Set("Cache-Control", "no-store")
	v.status = status
	if err := rt.tryFault(w, r, v, view); err != nil {
		rt.cfg.Log.ErrorContext(r.Context(), "error page", "id", v.id, "error", err)
		if rec, ok := w.(*recorder); !ok || rec.status == 0 {
			bareFault(w, status, view)
		}
	}
}

// tryFault renders the page in the layout; a panic of a component or of Identify is an error here.
func (rt *Router) tryFault(w http.ResponseWriter, r *http.Request, v *visit, view faultView) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p}
		}
	}()
	if isRead(r) {
		_ = v.identify(w, r) // for the menu only; a failed one leaves a visitor
	}
	return Render(w, r, Page{Status: v.status, Title: view.title, NoIndex: true}, faultBody(view))
}

func retrySeconds(err error) int {
	var retry retryError
	if errors.As(err, &retry) && retry.after > time.Second {
		return int((retry.after + time.Second - 1) / time.Second)
	}
	return 60
}

// bareFault is the page of last resort: no database, no layout.
func bareFault(w http.ResponseWriter, status int, view faultView) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>%s</title>`+
		`<meta name="viewport" content="width=device-width"></head><body><main><h1>%s</h1><p>%s</p>`,
		html.EscapeString(view.title), html.EscapeString(view.title), html.EscapeString(view.sentence))
	if view.incident != "" {
		fmt.Fprintf(&b, `<p>Numéro à donner à la mairie : <strong>%s</strong></p>`, html.EscapeString(view.incident))
	}
	b.WriteString(`<p><a href="/">Revenir à l’accueil</a></p></main></body></html>`)
	writePage(w, status, b.Bytes())
}
