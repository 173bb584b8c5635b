package testkit

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/PuerkitoBio/goquery"
)

// fill makes what a browser would send for a form: its successful controls, changed by values.
func fill(doc *goquery.Document, form *goquery.Selection, values url.Values) (url.Values, error) {
	out := url.Values{}
	left := map[string]bool{}
	for name := range values {
		left[name] = true
	}
	controls := form.Find("input, select, textarea, button")
	if id := form.AttrOr("id", ""); id != "" {
		controls = controls.AddSelection(doc.Find(`[form="` + id + `"]`))
	}
	button := false // pressed: the one that values name, else the first
	for _, node := range controls.EachIter() {
		name := node.AttrOr("name", "")
		if isButton(node) {
			wanted, named := values[name]
			if named && name != "" && slices.Contains(wanted, node.AttrOr("value", "")) {
				out.Set(name, node.AttrOr("value", ""))
				delete(left, name)
				button = true
			}
			continue
		}
		if _, disabled := node.Attr("disabled"); name == "" || disabled || node.Closest("fieldset[disabled]").Length() > 0 {
			continue
		}
		wanted, given := values[name]
		delete(left, name)
		if err := control(out, node, name, wanted, given); err != nil {
			return nil, err
		}
	}
	for name := range left {
		return nil, fmt.Errorf("no field %q", name)
	}
	if !button {
		pressFirst(out, controls)
	}
	return out, checkChoices(out, controls, values)
}

func isButton(node *goquery.Selection) bool {
	kind := strings.ToLower(node.AttrOr("type", ""))
	return goquery.NodeName(node) == "button" || kind == "submit" || kind == "image" || kind == "button" || kind == "reset"
}

func pressFirst(out url.Values, controls *goquery.Selection) {
	for _, node := range controls.EachIter() {
		kind := strings.ToLower(node.AttrOr("type", "submit"))
		if isButton(node) && kind == "submit" {
			if name := node.AttrOr("name", ""); name != "" {
				out.Add(name, node.AttrOr("value", ""))
			}
			return
		}
	}
}

// control adds one control's value.
func control(out url.Values, node *goquery.Selection, name string, wanted []string, given bool) error {
	switch goquery.NodeName(node) {
	case "textarea":
		add(out, name, strings.TrimPrefix(node.Text(), "\n"), wanted, given)
		return nil
	case "select":
		return selected(out, node, name, wanted, given)
	}
	switch strings.ToLower(node.AttrOr("type", "text")) {
	case "checkbox", "radio":
		value := node.AttrOr("value", "on")
		_, ticked := node.Attr("checked")
		if given {
			ticked = slices.Contains(wanted, value)
		}
		if ticked {
			out.Add(name, value)
		}
	case "file":
		if given {
			return fmt.Errorf("field %q takes a file", name)
		}
	default:
		add(out, name, node.AttrOr("value", ""), wanted, given)
	}
	return nil
}

// add puts the page's value, or the one given; a name with several text fields takes the given ones in order.
func add(out url.Values, name, value string, wanted []string, given bool) {
	if given {
		if i := len(out[name]); i < len(wanted) {
			value = wanted[i]
		}
	}
	out.Add(name, value)
}

func selected(out url.Values, node *goquery.Selection, name string, wanted []string, given bool) error {
	options := node.Find("option").Not("[disabled]")
	value := func(o *goquery.Selection) string { return o.AttrOr("value", strings.TrimSpace(o.Text())) }
	if given {
		for _, w := range wanted {
			if options.FilterFunction(func(_ int, o *goquery.Selection) bool { return value(o) == w }).Length() == 0 {
				return fmt.Errorf("no option %q in %q", w, name)
			}
			out.Add(name, w)
		}
		return nil
	}
	chosen := options.Filter("[selected]")
	if _, multiple := node.Attr("multiple"); chosen.Length() == 0 && !multiple {
		chosen = options.First()
	}
	for _, o := range chosen.EachIter() {
		out.Add(name, value(o))
	}
	return nil
}

// checkChoices refuses a ticked value that no box of that name has.
func checkChoices(out url.Values, controls *goquery.Selection, values url.Values) error {
	boxes := controls.Filter("input[type=checkbox], input[type=radio]")
	for name, wanted := range values {
		named := boxes.FilterFunction(func(_ int, b *goquery.Selection) bool { return b.AttrOr("name", "") == name })
		if named.Length() == 0 {
			continue
		}
		for _, w := range wanted {
			if w != "" && !slices.Contains(out[name], w) {
				return fmt.Errorf("no answer %q to %q", w, name)
			}
		}
	}
	return nil
}
