package moving

import (
	"time"

	"parvis/internal/base/revert"
	"parvis/internal/feature/person"
)

// MergePart is what this package has of two that are one: the keys of the old portal, which name from then on the one
// who stays, so that an import never makes the other again.
func MergePart() person.Part {
	return person.Part{
		Words: map[string]string{"import_source": "une clé de reprise"},
		Move: func(l *revert.Log, _ time.Time, u person.Union) (person.Moved, error) {
			_, err := l.Move("import_source", []string{"source", "file", "code"}, "object_id", u.Gone, u.Keep)
			return person.Moved{}, err
		},
	}
}
