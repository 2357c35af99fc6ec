package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestHouse holds what every file must: a package doc, a doc for each exported name, no
// function over 80 lines, no init, wrapped errors.
func TestHouse(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git" || d.Name() == "data") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		test := strings.HasSuffix(path, "_test.go")
		if !test {
			dir := filepath.Dir(path)
			documented[dir] = documented[dir] || f.Doc != nil
		}
		for _, decl := range f.Decls {
			inspect(t, set, decl, test)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s: the package has no doc", dir)
		}
	}
}

func inspect(t *testing.T, set *token.FileSet, decl ast.Decl, test bool) {
	t.Helper()
	at := func(n ast.Node) token.Position { return set.Position(n.Pos()) }
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if lines := set.Position(d.End()).Line - at(d).Line + 1; lines > 80 && !test {
			t.Errorf("%v: %s has %d lines, at most 80 are allowed", at(d), d.Name.Name, lines)
		}
		if d.Name.Name == "init" && d.Recv == nil {
			t.Errorf("%v: init functions are not allowed", at(d))
		}
		if !test && d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && !conventional(d.Name.Name) {
			t.Errorf("%v: %s has no doc", at(d), d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			s, ok := spec.(*ast.TypeSpec)
			if ok && !test && s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
				t.Errorf("%v: %s has no doc", at(s), s.Name.Name)
			}
		}
	}
	ast.Inspect(decl, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && !test && swallows(call) {
			t.Errorf("%v: Errorf has an error and no %%w", at(call))
		}
		return true
	})
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

// conventional methods mean what their interfaces say.
func conventional(name string) bool {
	switch name {
	case "Error", "Unwrap", "String", "Read", "Write", "Close", "Len", "Less", "Swap":
		return true
	}
	return false
}

// swallows reports an Errorf that is given err without %w.
func swallows(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Errorf" || len(call.Args) < 2 {
		return false
	}
	pkg, ok := sel.X.(*ast.Ident)
	format, isText := call.Args[0].(*ast.BasicLit)
	if !ok || pkg.Name != "fmt" || !isText || strings.Contains(format.Value, "%w") {
		return false
	}
	for _, arg := range call.Args[1:] {
		if id, ok := arg.(*ast.Ident); ok && id.Name == "err" {
			return true
		}
	}
	return false
}
