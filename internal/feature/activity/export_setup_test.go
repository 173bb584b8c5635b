package activity

import "parvis/internal/base/web"

// RoundTrip writes a policy into the builder's form and reads it back.
func RoundTrip(p Policy) (Policy, int) {
	f := web.NewForm()
	writeForm(f, p)
	f.Set("depuis", p.From.French())
	var all []NamedQuality
	for _, q := range Qualities() {
		all = append(all, NamedQuality{Code: q, Name: q.Label()})
	}
	read, wrong := readPolicy(f, all)
	return read, len(wrong)
}
