package person_test

import (
	"testing"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/feature/person"
)

func TestAPhotoIsOfItsDayInTown(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	of := person.Person{Photo: "blob", PhotoAt: civil.InstantOf(time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC))}
	for _, f := range person.MergeFields() {
		if f.Key == "photo" && f.Show(of, paris) != "Photo du 23/11/2026" {
			t.Errorf("half an hour after midnight in town: %s", f.Show(of, paris))
		}
	}
}
