package town

import (
	"testing"
)

func TestEverySettingCanBeSetOnScreen(t *testing.T) {
	asked := map[string]bool{}
	for _, c := range chapters() {
		for _, q := range c.questions {
			if asked[q.key] {
				t.Errorf("%s is asked twice", q.key)
			}
			asked[q.key] = true
		}
	}
	for _, c := range codecs() {
		if !asked[c.key] {
			t.Errorf("%s cannot be set on screen", c.key)
		}
		delete(asked, c.key)
	}
	for key := range asked {
		t.Errorf("%s is asked and is no setting", key)
	}
}
