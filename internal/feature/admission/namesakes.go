package admission

import (
	"slices"
	"strings"
	"time"

	"parvis/internal/base/civil"
	"parvis/internal/base/db"
	"parvis/internal/feature/family"
	"parvis/internal/feature/person"

	"github.com/a-h/templ"
)

// likelyView is whom a person asked for in a family may be.
type likelyView struct {
	ranked   []Ranked
	kept     map[person.ID]bool // under a restriction for a child of the family
	anywhere bool               // somebody is
	compare  func(other person.ID) string
}

func (v likelyView) warned() bool {
	return slices.ContainsFunc(v.ranked, func(x Ranked) bool { return v.kept[x.Person.ID] })
}

func (v likelyView) detail(x Ranked) string {
	if x.Person.BirthDay.IsZero() {
		return strings.Join(x.Match.Reasons, ", ")
	}
	return "date de naissance : " + x.Person.BirthDay.Long() + " ; " + strings.Join(x.Match.Reasons, ", ")
}

// Namesakes shows an agent whom a person asked for in a family may be, and warns when one of them is under a court's
// restriction for a child of this family. It is family.Pages' Namesakes; nil when there is nothing to show.
func (p Invites) Namesakes(r db.Reader, now time.Time, id family.ID, who person.ID) (templ.Component, error) {
	ranked, err := namesakes(r, who)
	if err != nil {
		return nil, err
	}
	kept, err := family.Restricted(r, id, civil.DateOf(now))
	if err != nil {
		return nil, err
	}
	v := likelyView{ranked: ranked, kept: map[person.ID]bool{}, anywhere: len(kept) > 0}
	if p.Compare != nil {
		v.compare = func(other person.ID) string { return p.Compare(who, other) }
	}
	for _, one := range kept {
		v.kept[one] = true
	}
	if len(ranked) == 0 && !v.anywhere {
		return nil, nil
	}
	return likelyPart(v), nil
}
