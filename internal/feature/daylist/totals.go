package daylist

import (
	"slices"

	"parvis/internal/base/web"
)

// siteTotals are how many are expected at each place of the list, each child once, when there is more than one section.
func (v listView) siteTotals() []web.Row {
	if len(v.sections) < 2 {
		return nil
	}
	var all []web.Row
	for i, s := range v.sections {
		if i > 0 && v.sections[i-1].Site == s.Site {
			continue
		}
		at := listView{sections: slices.DeleteFunc(slices.Clone(v.sections), func(x Section) bool { return x.Site != s.Site })}
		s.GroupName = ""
		all = append(all, web.Row{Label: s.Place(), Value: at.total()})
	}
	return all
}

// filterWords tells what the folded filter holds.
func (v listView) filterWords() string {
	for _, part := range []string{string(v.filter.Activity), string(v.filter.Unit), string(v.filter.Site), string(v.filter.Group)} {
		if part != "" {
			return "Changer de jour ou de filtre\u00a0: la liste n’est pas entière"
		}
	}
	return "Changer de jour, choisir une activité ou un lieu"
}
