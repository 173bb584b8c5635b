package moving

import (
	"strconv"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/web"

	"github.com/a-h/templ"
)

func plural(n int, one, many string) string {
	if n < 2 {
		return strconv.Itoa(n) + " " + one
	}
	return strconv.Itoa(n) + " " + many
}

func stateMark(s State) web.Mark {
	switch s {
	case Checking:
		return web.Mark{Tone: web.Info, Word: "Essai en cours"}
	case Checked:
		return web.Mark{Tone: web.Warning, Word: "À confirmer"}
	case Importing:
		return web.Mark{Tone: web.Info, Word: "Import en cours"}
	case Failed:
		return web.Mark{Tone: web.Error, Word: "À corriger"}
	}
	return web.Mark{Tone: web.Neutral, Word: "À vérifier"}
}

func batchMark(b Batch) web.Mark {
	switch {
	case b.UndoneAt != 0:
		return web.Mark{Tone: web.Neutral, Word: "Annulé"}
	case b.FinishedAt == 0:
		return web.Mark{Tone: web.Warning, Word: "Non terminé"}
	}
	return web.Mark{Tone: web.OK, Word: "Fait"}
}

func workWords(s State) string {
	if s == Checking {
		return "L’essai est en cours : rien n’est écrit"
	}
	return "L’import est en cours"
}

func undoWords(state string) string {
	if state == "trying" {
		return "Le portail regarde ce qui serait retiré : rien n’est effacé"
	}
	return "L’annulation est en cours"
}

func stampOr(at civil.Instant, zone *time.Location, otherwise string) string {
	if at == 0 {
		return otherwise
	}
	return civil.Stamp(at.In(zone))
}

func lines(s string) []string { return strings.Split(s, "\n") }

// findings sums up what was found.
func findings(u Upload) string {
	if u.Faults+u.Followers+u.Doubts == 0 {
		return "Aucune anomalie."
	}
	return plural(int(u.Faults), "ligne refusée", "lignes refusées") + ", " +
		plural(int(u.Followers), "autre refusée à sa suite", "autres refusées à leur suite") + ", " +
		plural(int(u.Doubts), "point à vérifier", "points à vérifier") + "."
}

func someMade(counts map[string]tallied) bool {
	for _, t := range counts {
		if t.made > 0 {
			return true
		}
	}
	return false
}

func countColumns(s State) []web.Column {
	news := "Nouvelles"
	if s == Checked {
		news = "À créer"
	}
	return []web.Column{{Label: "Sorte"}, {Label: "Acceptées", Numeric: true}, {Label: news, Numeric: true}, {Label: "Déjà connues", Numeric: true}}
}

func countRows(v uploadView) [][]templ.Component {
	var rows [][]templ.Component
	for _, s := range sorts {
		t := v.Counts[s.name]
		rows = append(rows, []templ.Component{web.Text(s.label), web.Text(strconv.FormatInt(t.taken, 10)),
			web.Text(strconv.FormatInt(t.made, 10)), web.Text(strconv.FormatInt(max(0, t.taken-t.made), 10))})
	}
	return rows
}

func fileOptions() []web.Option {
	options := []web.Option{{Value: "", Label: "Rien à reprendre"}}
	for _, l := range layouts {
		label := []rune(strings.TrimPrefix(strings.TrimPrefix(fileLabels[l.file], "les "), "l’"))
		options = append(options, web.Option{Value: l.file, Label: strings.ToUpper(string(label[:1])) + string(label[1:])})
	}
	return options
}

func columnOptions(file string) []web.Option {
	options := []web.Option{{Value: "", Label: "Non reprise"}}
	l, _ := layoutNamed(file)
	for _, c := range l.columns {
		label := columnLabel(c.name)
		if c.required {
			label += " (nécessaire)"
		}
		options = append(options, web.Option{Value: c.name, Label: label})
	}
	return options
}

func headingLabel(h string, place int) string {
	if h == "" {
		return "Colonne " + strconv.Itoa(place+1) + ", sans titre"
	}
	return "« " + h + " »"
}

func columnsSummary(f File) string {
	n := 0
	for _, c := range f.Columns {
		if c.TakenAs != "" {
			n++
		}
	}
	return "Colonnes : " + strconv.Itoa(n) + " reconnues sur " + strconv.Itoa(len(f.Columns))
}

func undoPreview(u undoRow, zone *time.Location) string {
	return "Au " + civil.Stamp(u.EndedAt.In(zone)) + " : " + plural(int(u.Families), "famille serait retirée", "familles seraient retirées") + ", " +
		keptWords(u.Kept, "ne serait gardée.", "serait gardée.", "seraient gardées.")
}

func keptWords(n int64, none, one, many string) string {
	if n == 0 {
		return "aucune " + none
	}
	return plural(int(n), one, many)
}

func undoneWords(u undoRow, zone *time.Location) string {
	return "Le " + civil.Stamp(u.EndedAt.In(zone)) + " : " + plural(int(u.Families), "famille retirée", "familles retirées") + ", " +
		keptWords(u.Kept, "n’est gardée.", "gardée.", "gardées.")
}

func keptTitle(u undoRow) string {
	if u.State == "done" {
		return "Ce qui est gardé"
	}
	return "Familles qui seraient gardées"
}

// mailedWords says what families have already been sent, or will be.
func mailedWords(m mailed) string {
	if m.left+m.waiting == 0 {
		return "Aucun courriel d’activation n’est parti vers les familles de cet import, aucun n’attend."
	}
	return "Courriels d’activation des familles de cet import : " + keptWords(m.left, "n’est parti", "est parti", "sont partis") + ", " +
		keptWords(m.waiting, "n’attend.", "attend.", "attendent.")
}

const staysWords = "Les lieux et les activités en brouillon que l’import avait créés sont retirés aussi, sauf ceux qui servent encore ou dont un agent s’est occupé : ils sont listés ici."
