package booking

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"parvis/internal/base/civil"
	"parvis/internal/base/fault"
	"parvis/internal/feature/activity"
	"parvis/internal/feature/family"
)

// names are short names for what the fields of an agenda's form speak of, so that a month of boxes stays light: k0 is
// the first child, a1 the second activity, 2 its second choice. The form says what each stands for, so that it is read
// as it was shown even when the catalogue changed meanwhile.
type names struct {
	children   []family.ChildID
	activities []nameOf
	at         map[activity.ID]int // where an activity of a form that was sent is
}

type nameOf struct {
	id      activity.ID
	choices []activity.ChoiceID
}

func namesOf(cat *activity.Catalogue, children []family.Child) names {
	var n names
	for _, c := range children {
		n.children = append(n.children, c.ID)
	}
	for _, a := range cat.Activities {
		one := nameOf{id: a.ID}
		for _, c := range a.Choices {
			one.choices = append(one.choices, c.ID)
		}
		n.activities = append(n.activities, one)
	}
	return n
}

// fields are the hidden fields that tell what the names stand for, of the activities that a form shows.
func (n names) fields(used func(activity.ID) bool) []field {
	var all []field
	for i, id := range n.children {
		all = append(all, field{"k" + strconv.Itoa(i), string(id)})
	}
	for i, a := range n.activities {
		if !used(a.id) {
			continue
		}
		words := []string{string(a.id)}
		for _, c := range a.choices {
			words = append(words, string(c))
		}
		all = append(all, field{"a" + strconv.Itoa(i), strings.Join(words, " ")})
	}
	return all
}

// mostFormChildren is how many children a form may name.
const mostFormChildren = 60

type field struct{ name, value string }

// key is "k0.a1.2027-01-11".
func (n names) key(c Cell) string {
	k, a := 0, 0
	for i, id := range n.children {
		if id == c.Child {
			k = i
		}
	}
	for i, x := range n.activities {
		if x.id == c.Activity {
			a = i
		}
	}
	return "k" + strconv.Itoa(k) + ".a" + strconv.Itoa(a) + "." + c.Day.String()
}

// cell is the name of the field of a cell.
func (n names) cell(c Cell) string { return "c." + n.key(c) }

// choice is the value of a choice: its number from 1, "" for nothing.
func (n names) choice(of activity.ID, id activity.ChoiceID) string {
	if isLoose(id) {
		return string(id)
	}
	for _, a := range n.activities {
		if a.id != of {
			continue
		}
		for i, c := range a.choices {
			if c == id {
				return strconv.Itoa(i + 1)
			}
		}
	}
	return ""
}

// value is what a form sends for an option of a cell: with a q it joins the waiting list.
func (n names) value(f Face, o Option, queue bool) string {
	value := n.choice(f.Activity, o.ID)
	if queue && o.Full && !f.Held.Live() {
		return queueValue(value)
	}
	return value
}

// seen is the value of a « vu » field: the cell and what it held, "k0.a1.2027-01-11.booked.2".
func (n names) seen(c Cell, t Token) string {
	if t == "" {
		return n.key(c)
	}
	parts := strings.Split(string(t), ".")
	parts[1] = n.choice(c.Activity, activity.ChoiceID(parts[1]))
	return n.key(c) + "." + strings.Join(parts, ".")
}

// mostLoose bounds the name of parts that no choice makes: a dozen identifiers.
const mostLoose = 12 * 37

// errForm is a form that no page of Parvis makes.
func errForm() error {
	return fault.New(fault.Invalid, "Ce formulaire est incomplet. Rechargez la page, puis envoyez-le de nouveau.")
}

// readWishes reads what a form changes: of each cell it showed, what it asks if that is not what it saw.
func readWishes(form url.Values) ([]Wish, error) {
	n, err := readNames(form)
	if err != nil {
		return nil, err
	}
	var wishes []Wish
	for _, v := range form["vu"] {
		w, err := n.wish(v)
		if err != nil {
			return nil, err
		}
		value, queue := strings.CutSuffix(form.Get(n.cell(w.Cell)), "q")
		if w.Want, err = n.choiceAt(w.Activity, value); err != nil {
			return nil, err
		}
		w.Queue = queue || form.Get(joinField) != ""
		if w.Want != activity.ChoiceID(w.Seen.choice()) {
			wishes = append(wishes, w)
		}
	}
	return wishes, nil
}

// readNames reads what the names of a form stand for, each child and each activity once.
func readNames(form url.Values) (names, error) {
	n := names{at: map[activity.ID]int{}}
	for i := 0; form.Has("k" + strconv.Itoa(i)); i++ {
		id := family.ChildID(form.Get("k" + strconv.Itoa(i)))
		if i == mostFormChildren || slices.Contains(n.children, id) {
			return n, errForm()
		}
		n.children = append(n.children, id)
	}
	last := -1
	for name := range form {
		if i, err := strconv.Atoi(strings.TrimPrefix(name, "a")); err == nil && name[0] == 'a' && i >= 0 && i < 1000 {
			last = max(last, i)
		}
	}
	for i := range last + 1 {
		words := strings.Fields(form.Get("a" + strconv.Itoa(i)))
		var one nameOf
		if len(words) > 0 {
			one.id = activity.ID(words[0])
			if _, twice := n.at[one.id]; twice {
				return n, errForm()
			}
			n.at[one.id] = i
			for _, c := range words[1:] {
				one.choices = append(one.choices, activity.ChoiceID(c))
			}
		}
		n.activities = append(n.activities, one)
	}
	if len(n.children) == 0 || len(n.at) == 0 {
		return n, errForm()
	}
	return n, nil
}

// wish reads a « vu » field.
func (n names) wish(v string) (Wish, error) {
	parts := strings.Split(v, ".")
	if len(parts) < 3 {
		return Wish{}, errForm()
	}
	k, err1 := strconv.Atoi(strings.TrimPrefix(parts[0], "k"))
	a, err2 := strconv.Atoi(strings.TrimPrefix(parts[1], "a"))
	day, err3 := civil.ParseDate(parts[2])
	if err1 != nil || err2 != nil || err3 != nil || k < 0 || k >= len(n.children) || a < 0 || a >= len(n.activities) || n.activities[a].id == "" {
		return Wish{}, errForm()
	}
	w := Wish{Cell: Cell{Child: n.children[k], Activity: n.activities[a].id, Day: day}}
	if rest := parts[3:]; len(rest) >= 2 {
		held, err := n.choiceAt(w.Activity, rest[1])
		if err != nil {
			return Wish{}, err
		}
		rest[1] = string(held)
		w.Seen = Token(strings.Join(rest, "."))
	} else if len(rest) == 1 {
		return Wish{}, errForm()
	}
	return w, nil
}

func (n names) choiceAt(of activity.ID, value string) (activity.ChoiceID, error) {
	if value == "" {
		return "", nil
	}
	if isLoose(activity.ChoiceID(value)) && len(value) <= mostLoose { // it may be kept; booking asks whether there is one
		return activity.ChoiceID(value), nil
	}
	i, err := strconv.Atoi(value)
	at, known := n.at[of]
	if err != nil || !known || i < 1 || i > len(n.activities[at].choices) {
		return "", errForm()
	}
	return n.activities[at].choices[i-1], nil
}
