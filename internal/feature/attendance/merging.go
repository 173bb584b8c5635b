package attendance

import (
	"fmt"
	"time"

	"parvis/internal/base/db"
	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two people who are one. Marks are a log: they all name the one who stays. Of
// two stays or anomalies of one day, that of who stays is kept; booking settles what attendance says.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"attendance_mark": "un pointage de tablette", "attendance_stay": "une présence", "attendance_anomaly": "une anomalie de pointage"},
		Move: func(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
			if u.Of == person.OneHome {
				return person.Moved{}, nil
			}
			return mergePeople(l, u)
		},
	}
}

func mergePeople(l *revert.Log, u person.Union) (person.Moved, error) {
	var did person.Moved
	type twin struct{ unit, day string }
	twins, err := db.List(l.Tx(), func(s db.Scanner) (twin, error) {
		var t twin
		err := s.Scan(&t.unit, &t.day)
		return t, err
	}, `select k.unit, k.day from attendance_stay k join attendance_stay g on g.child = $2 and g.day = k.day and g.unit = k.unit where k.child = $1`, u.Keep, u.Gone)
	if err != nil {
		return did, fmt.Errorf("list stays of both: %w", err)
	}
	for _, t := range twins {
		if err := l.Drop("attendance_stay", revert.Row{"child": u.Gone, "day": t.day, "unit": t.unit}); err != nil {
			return did, err
		}
	}
	double, err := db.List(l.Tx(), db.Column[string], `select g.id from attendance_anomaly k
		join attendance_anomaly g on g.child = $2 and g.day = k.day and g.unit = k.unit and g.kind = k.kind
			and (g.kind <> 'family' or g.person = k.person) where k.child = $1`, u.Keep, u.Gone)
	if err != nil {
		return did, fmt.Errorf("list anomalies of both: %w", err)
	}
	for _, id := range double {
		if err := l.Drop("attendance_anomaly", revert.Row{"id": id}); err != nil {
			return did, err
		}
	}
	stays := []string{"child", "day", "unit"}
	for _, m := range []struct {
		table  string
		key    []string
		column string
	}{{"attendance_stay", stays, "child"}, {"attendance_stay", stays, "collector"}, {"attendance_mark", []string{"id"}, "child"}, {"attendance_mark", []string{"id"}, "collector"},
		{"attendance_anomaly", []string{"id"}, "child"}, {"attendance_anomaly", []string{"id"}, "person"}} {
		n, err := l.Move(m.table, m.key, m.column, u.Gone, u.Keep)
		if err != nil {
			return did, err
		}
		if m.table == "attendance_mark" && m.column == "child" {
			did.Counts = append(did.Counts, person.Counted(n, "pointage de tablette", "pointages de tablette")...)
		}
	}
	return did, nil
}
