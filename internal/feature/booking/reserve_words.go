package booking

import (
	"strconv"

	"parvis/internal/base/french"
	"parvis/internal/base/web"
	"parvis/internal/feature/family"
)

func listed(names []string) string { return family.List(names) }

// childOptions are the children of a form, "k0" the first.
func childOptions(children []family.Child) []web.Option {
	var all []web.Option
	for i, c := range children {
		all = append(all, web.Option{Value: "k" + strconv.Itoa(i), Label: c.First(), Hint: c.Where()})
	}
	return all
}

func childKeys(children []family.Child) []string {
	var all []string
	for i := range children {
		all = append(all, "k"+strconv.Itoa(i))
	}
	return all
}

// dayOptions are weekdays as cards, "1" for Monday.
func dayOptions(days []int) []web.Option {
	var all []web.Option
	for _, d := range days {
		all = append(all, web.Option{Value: strconv.Itoa(d + 1), Label: french.Upper(dayName(d))})
	}
	return all
}

func dayKeys(week Typical) []string {
	var all []string
	for i, c := range week {
		if c != "" {
			all = append(all, strconv.Itoa(i+1))
		}
	}
	return all
}

func rhythmOptions(dates bool) []web.Option {
	all := []web.Option{{Value: string(EveryWeek), Label: "Chaque semaine"}, {Value: string(EvenWeeks), Label: "Semaines paires"}, {Value: string(OddWeeks), Label: "Semaines impaires"}}
	if dates {
		all = append(all, web.Option{Value: otherDates, Label: "Quelques dates", Hint: "À écrire dessous"})
	}
	return all
}
