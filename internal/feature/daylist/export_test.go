package daylist

// LongList tells whether a day list of sections of some sizes is folded.
func LongList(sizes ...int) bool {
	var v listView
	for _, n := range sizes {
		v.sections = append(v.sections, Section{Children: make([]Expected, n)})
	}
	return v.long()
}
