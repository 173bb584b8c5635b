package town

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/actor"
	"parvis/internal/base/audit"
	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/base/fault"
	"parvis/internal/base/web"
)

// SetupPath is the page « Mise en route ».
const SetupPath = "/agents/mise-en-route"

// SetupTask is one line of « Mise en route ». Done nil is a task that is always worth a look and has no end. Missing,
// when not nil, says what a task that is not done lacks; More are the other pages where it is done.
type SetupTask struct {
	Label, Detail, Href string
	Done                func(r db.Reader) (bool, error)
	Missing             func(r db.Reader) (string, error)
	More                []web.Link
}

// SetupState is where a new town stands.
type SetupState int

// The states. A town that was filled by a command (demonstration) never had a set-up: it is SetupOver.
const (
	SetupOver    SetupState = iota
	SetupFresh              // nothing was ever saved: the first page leads to the set-up
	SetupRunning            // begun by an agent, not ended
)

// Setup tells where the set-up stands.
func Setup(r db.Reader) (SetupState, error) {
	row, err := setupOf(r)
	switch {
	case err == nil && row.finishedAt != 0:
		return SetupOver, nil
	case err == nil:
		return SetupRunning, nil
	case fault.KindOf(err) != fault.NotFound:
		return SetupOver, err
	}
	saved, err := readSettings(r)
	if err != nil || len(saved) > 0 {
		return SetupOver, err
	}
	return SetupFresh, nil
}

// openSetup notes that a new town began to be set on screen.
func openSetup(tx *db.Tx, now time.Time) error {
	state, err := Setup(tx)
	if err != nil || state != SetupFresh {
		return err
	}
	if err := upsertSetup(tx, setupRow{openedAt: civil.InstantOf(now)}); err != nil {
		return fmt.Errorf("open set-up: %w", err)
	}
	return nil
}

// PostponeSetup leaves the set-up for later: the first page no longer leads to it, and says where it is.
func PostponeSetup(tx *db.Tx, now time.Time, a actor.Actor) error {
	if !a.Can(SettingsWrite) {
		return fault.New(fault.Forbidden, "")
	}
	if err := openSetup(tx, now); err != nil {
		return err
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.setup.postponed", Object: "town", ID: "town"})
}

// FinishSetup ends the set-up; nothing more is shown of it.
func FinishSetup(tx *db.Tx, now time.Time, a actor.Actor) error {
	if !a.Can(SettingsWrite) {
		return fault.New(fault.Forbidden, "")
	}
	row, err := setupOf(tx)
	if fault.KindOf(err) == fault.NotFound {
		row, err = setupRow{openedAt: civil.InstantOf(now)}, nil
	}
	if err != nil {
		return err
	}
	row.finishedAt = civil.InstantOf(now)
	if err := upsertSetup(tx, row); err != nil {
		return fmt.Errorf("finish set-up: %w", err)
	}
	return audit.Write(tx, now, a, audit.Entry{Action: "town.setup.finished", Object: "town", ID: "town"})
}

// SetupTasks are the tasks that belong to the town itself; app adds those of the features above.
func SetupTasks(now func() time.Time) []SetupTask {
	saved := func(keys ...string) func(db.Reader) (bool, error) {
		return func(r db.Reader) (bool, error) {
			rows, err := savedSettings(r)
			for _, key := range keys {
				if rows[key].value == "" {
					return false, err
				}
			}
			return err == nil, err
		}
	}
	return []SetupTask{
		{Label: "Identité et couleur", Detail: "Le nom de la commune, sa couleur, son blason", Href: "/agents/parametres/identite", Done: named, Missing: nameMissing},
		{Label: "Contacts et aide", Detail: "Le téléphone et le guichet que voient les familles", Href: "/agents/parametres/contacts", Done: saved("phone")},
		{Label: "Horaires d’ouverture", Detail: "Ils servent à compter les « 48 heures ouvrées »", Href: "/agents/parametres/horaires", Done: saved("hours")},
		{Label: "Services", Detail: "Enfance, Jeunesse, État civil…", Href: "/agents/parametres/services",
			Done: func(r db.Reader) (bool, error) { all, err := Services(r); return len(all) > 0, err }},
		{Label: "Lieux", Detail: "Les écoles et les centres", Href: "/agents/parametres/lieux",
			Done: func(r db.Reader) (bool, error) { all, err := Sites(r); return len(all) > 0, err }},
		{Label: "Année scolaire et vacances", Detail: "Les dates officielles sont proposées", Href: yearsPath, Done: yearReady(now), Missing: yearMissing(now),
			More: []web.Link{{Href: yearsPath, Label: "Années"}, {Href: holidaysPath, Label: "Vacances"}, {Href: settingsPath + "/" + hoursSlug, Label: "Zone de vacances"}}},
		{Label: "Textes légaux", Detail: "Qui publie, qui héberge, qui répond des données", Href: "/agents/parametres/textes/mentions", Done: saved("publisher", "host", "data_officer"), Missing: legalMissing,
			More: []web.Link{{Href: "/agents/parametres/textes/mentions", Label: "Mentions légales"}, {Href: "/agents/parametres/textes/donnees-personnelles", Label: "Données personnelles"}}},
		{Label: "Courriel d’essai", Detail: "Vérifier que les courriels du portail arrivent", Href: mailTestPath, Done: testArrived, Missing: testMissing},
	}
}

// savedSettings are the rows of the settings, read once a page.
func savedSettings(r db.Reader) (map[string]setting, error) {
	return db.Once(r, "town.setup.settings", func() (map[string]setting, error) { return readSettings(r) })
}

// setupLine is a task as it stands.
type setupLine struct {
	SetupTask
	Ready bool
	Lacks string // what Missing said
}

// SetupProgress is how many of the tasks with an end are done.
func (p Pages) SetupProgress(r db.Reader) (done, of int, err error) {
	lines, err := p.setupLines(r)
	for _, l := range lines {
		if l.Done == nil {
			continue
		}
		of++
		if l.Ready {
			done++
		}
	}
	return done, of, err
}

func (p Pages) setupLines(r db.Reader) ([]setupLine, error) {
	var lines []setupLine
	for _, task := range append(SetupTasks(p.Now), p.Setup...) {
		line := setupLine{SetupTask: task}
		if task.Done != nil {
			var err error
			if line.Ready, err = task.Done(r); err != nil {
				return nil, fmt.Errorf("set-up task %s: %w", task.Label, err)
			}
			if !line.Ready && task.Missing != nil {
				if line.Lacks, err = task.Missing(r); err != nil {
					return nil, fmt.Errorf("set-up task %s: %w", task.Label, err)
				}
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func (p Pages) setup(w http.ResponseWriter, r *http.Request, _ actor.Actor) error {
	type view struct {
		lines []setupLine
		state SetupState
	}
	v, err := db.Read(r.Context(), p.DB, func(rd db.Reader) (v view, err error) {
		if v.state, err = Setup(rd); err != nil {
			return v, err
		}
		v.lines, err = p.setupLines(rd)
		return v, err
	})
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: "Mise en route", Nav: "/agents/parametres", Caption: progressWords(v.lines),
		Crumbs: []web.Crumb{{Label: "Accueil", Href: "/agents"}, {Label: "Mise en route"}}}, setupPage(v.lines, v.state))
}

func progressWords(lines []setupLine) string {
	done, of := 0, 0
	for _, l := range lines {
		if l.Done != nil {
			of++
		}
		if l.Done != nil && l.Ready {
			done++
		}
	}
	switch {
	case done == 0:
		return strconv.Itoa(of) + " étapes, dans l’ordre que vous voulez"
	case done == 1:
		return "1 étape faite sur " + strconv.Itoa(of)
	}
	return strconv.Itoa(done) + " étapes faites sur " + strconv.Itoa(of)
}

func (p Pages) setupLater(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: "/agents", Sentence: "La mise en route vous attend : elle est dans les réglages."}, PostponeSetup(tx, p.Now(), a)
	})
}

func (p Pages) setupEnd(w http.ResponseWriter, r *http.Request, a actor.Actor) error {
	return web.Submit(w, r, a, func(tx *db.Tx) (web.Done, error) {
		return web.Done{Location: "/agents", Sentence: "La mise en route est terminée. Tout reste modifiable dans les réglages."}, FinishSetup(tx, p.Now(), a)
	})
}

// remaining names the tasks with an end that are not done, "" when all are.
func remaining(lines []setupLine) string {
	var names []string
	for _, l := range lines {
		if l.Done != nil && !l.Ready {
			names = append(names, "« "+l.Label+" »")
		}
	}
	return strings.Join(names, ", ")
}
