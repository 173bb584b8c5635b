package app_test

import (
	"net/http"
	"net/url"

	"parvis/internal/base/actor"
	"parvis/internal/base/db"
	"parvis/internal/testkit"
)

// addImport sends a file to be imported, and makes a batch.
func (l *looker) addImport() {
	page := l.client("administrateur").Get("/agents/import").SubmitAll(`form[enctype]`, url.Values{}, testkit.File{Field: "fichiers",
		Name: "familles.csv", Type: "text/csv", Body: []byte("CODE_FAMILLE;NOM_1;PRENOM_1;COURRIEL_1;QF\nF1;Martin;Zoé;zoe@exemple.fr;512\n")})
	if page.Status != http.StatusSeeOther {
		l.t.Fatalf("import: %d %s", page.Status, page.Text("main"))
	}
	l.objects["import-upload"] = l.text(`select id from import_upload`)
	l.objects["import-batch"] = db.NewID()
	l.do(func(tx *db.Tx, _ actor.Actor) error {
		_, err := tx.Exec(`insert into import_batch (id, source, started_at) values ($1, 'ancien-portail', 1800000000000000)`, l.objects["import-batch"])
		return err
	})
}
