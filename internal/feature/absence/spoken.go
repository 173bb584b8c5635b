package absence

import (
	"fmt"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// Spoken is a day of which a family and the service speak as an incident: it is not asked about elsewhere too.
type Spoken struct {
	Activity activity.ID
	Day      civil.Date
	Present  bool // about a child who came, not one who did not
	Words    string
	Href     string
}

// SpokenOf lists the incidents of a child that one of its homes was told of since a day, in one query: those whose mark
// was corrected since apart.
func SpokenOf(r db.Reader, child family.ChildID, home family.ID, since civil.Date) ([]Spoken, error) {
	all, err := db.List(r, scanEvent, `select `+eventColumns+eventTables+`where i.child = $1 and i.family = $2 and i.day >= $3 and i.kind in ('unbooked', 'missing')
		and (i.told_at is not null or i.answered_at is not null) and (i.withdrawn_at is null or i.answered_at is not null) order by i.day, i.id`, string(child), string(home), since)
	if err != nil {
		return nil, fmt.Errorf("list what is spoken of: %w", err)
	}
	out := make([]Spoken, len(all))
	for i, e := range all {
		out[i] = Spoken{Activity: e.Activity, Day: e.Day, Present: e.Kind == Unbooked, Words: e.spoken(), Href: incidentPath + "/" + string(e.ID)}
	}
	return out, nil
}

// spoken says where the talk about an incident stands.
func (e Event) spoken() string {
	words := ""
	if e.Contest != "" {
		words = "Vous avez répondu : « " + e.Contest + " ». "
	}
	switch {
	case !e.WithdrawnAt.IsZero():
		words += "Le service a retiré cet écart."
	case !e.AnsweredAt.IsZero():
		words += "Le service le maintient."
	case e.Contest != "":
		return words + "Le service la regarde."
	case !e.AdmittedAt.IsZero():
		return "Vous avez répondu que c’est exact."
	default:
		return "Un écart avec vos réservations."
	}
	if e.Answer != "" {
		words += " Il répond : « " + e.Answer + " »."
	}
	return words
}
