package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parvis/internal/portal/desk"
)

// ends are the ends of acts whose name the code puts together: a new one needs its ends here, and each a sentence.
var ends = map[string][]string{
	"custody.opinion.": {"custody.opinion.agrees", "custody.opinion.disagrees"},
	"absence.proof.":   {"absence.proof.received", "absence.proof.accepted", "absence.proof.refused"},
	"merging.*.":       {"merging.person.merged", "merging.person.undone", "merging.family.merged", "merging.family.undone"},
	"account.*.failed": {"account.password.failed"},
	"admission.":       {"admission.link", "admission.open", "admission.correction", "admission.refuse", "admission.already", "admission.again", "admission.join"},
	"messaging.news.":  {"messaging.news.published", "messaging.news.withdrawn"},
	"moving.upload.":   {"moving.upload.checked", "moving.upload.done", "moving.upload.failed"},
	"town.service.":    {"town.service.opened", "town.service.closed"},
	"town.site.":       {"town.site.opened", "town.site.closed"},
}

// TestEveryActHasASentence finds the acts that the code writes in the journal, by reading the code.
func TestEveryActHasASentence(t *testing.T) {
	found := map[string]string{} // act → where
	packages := map[string][]*ast.File{}
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testkit") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range packages {
		reader := actReader{all: all}
		for _, file := range all {
			for _, decl := range file.Decls {
				ast.Inspect(decl, func(n ast.Node) bool {
					entry, ok := n.(*ast.CompositeLit)
					if !ok || !isEntry(entry.Type) {
						return true
					}
					where := files.Position(entry.Pos()).String()
					for _, element := range entry.Elts {
						if pair, ok := element.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "Action" {
							acts := reader.acts(pair.Value, decl, 0)
							if len(acts) == 0 {
								t.Errorf("%s: this test cannot read which act is written: name it in words it knows", where)
							}
							for _, act := range acts {
								found[act] = where
							}
						}
					}
					return true
				})
			}
		}
	}
	if len(found) < 80 {
		t.Fatalf("only %d acts found", len(found))
	}
	for act, where := range found {
		all, composed := ends[act]
		if strings.HasSuffix(act, ".") || strings.Contains(act, "*") {
			if !composed {
				t.Errorf("%s: the ends of the act %q are not listed in this test", where, act)
			}
		} else {
			all = []string{act}
		}
		for _, one := range all {
			if strings.HasPrefix(desk.Sentence(one), "Autre acte") {
				t.Errorf("%s: the act %q has no sentence in portal/desk/sentences.go", where, one)
			}
		}
	}
}

func isEntry(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		x, ok := e.X.(*ast.Ident)
		return ok && x.Name == "audit" && e.Sel.Name == "Entry"
	case *ast.Ident:
		return e.Name == "Entry"
	}
	return false
}

// actReader reads what an expression may be: texts, put together, chosen before, given by callers, or a constant.
type actReader struct{ all []*ast.File }

func (r actReader) acts(e ast.Expr, within ast.Decl, depth int) []string {
	if depth > 4 {
		return nil
	}
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil || !strings.Contains(s, ".") {
			return nil
		}
		return []string{s}
	case *ast.BinaryExpr:
		if right, ok := e.Y.(*ast.BasicLit); ok { // "account." + what + ".failed"
			var all []string
			for _, left := range r.acts(e.X, within, depth+1) {
				end, _ := strconv.Unquote(right.Value)
				all = append(all, left+"*"+end)
			}
			return all
		}
		return r.acts(e.X, within, depth+1)
	case *ast.CallExpr: // openedOrClosed("town.site.", open)
		for _, arg := range e.Args {
			if all := r.acts(arg, within, depth+1); len(all) > 0 {
				return all
			}
		}
	case *ast.Ident:
		return r.named(e.Name, within, depth)
	}
	return nil
}

func (r actReader) named(name string, within ast.Decl, depth int) []string {
	var all []string
	ast.Inspect(within, func(n ast.Node) bool {
		if set, ok := n.(*ast.AssignStmt); ok && len(set.Lhs) == len(set.Rhs) {
			for i, left := range set.Lhs {
				if id, ok := left.(*ast.Ident); ok && id.Name == name {
					all = append(all, r.acts(set.Rhs[i], within, depth+1)...)
				}
			}
		}
		return true
	})
	if fn, ok := within.(*ast.FuncDecl); ok && len(all) == 0 {
		all = r.given(fn, name, depth)
	}
	for _, file := range r.all {
		for _, decl := range file.Decls {
			constants, ok := decl.(*ast.GenDecl)
			if !ok || len(all) > 0 {
				continue
			}
			for _, spec := range constants.Specs {
				if value, ok := spec.(*ast.ValueSpec); ok && len(value.Values) > 0 {
					if i := slices.IndexFunc(value.Names, func(id *ast.Ident) bool { return id.Name == name }); i >= 0 && i < len(value.Values) {
						all = append(all, r.acts(value.Values[i], within, depth+1)...)
					}
				}
			}
		}
	}
	return all
}

// given is what the package's own calls give a function for one of its parameters.
func (r actReader) given(fn *ast.FuncDecl, name string, depth int) []string {
	at, i := -1, 0
	for _, field := range fn.Type.Params.List {
		for _, id := range field.Names {
			if id.Name == name {
				at = i
			}
			i++
		}
	}
	if at < 0 {
		return nil
	}
	var all []string
	for _, file := range r.all {
		for _, decl := range file.Decls {
			ast.Inspect(decl, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) <= at {
					return true
				}
				switch f := call.Fun.(type) {
				case *ast.Ident:
					if f.Name != fn.Name.Name {
						return true
					}
				case *ast.SelectorExpr:
					if f.Sel.Name != fn.Name.Name {
						return true
					}
				default:
					return true
				}
				all = append(all, r.acts(call.Args[at], decl, depth+1)...)
				return true
			})
		}
	}
	return all
}
