package server

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// echo reuses its contexts, so none may outlive its handler. No function that sees
// one starts a goroutine.
func TestNoContextInGoroutines(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && mentionsContext(fn) && starts(fn) {
				t.Errorf("%s: %s has an echo.Context and starts a goroutine", name, fn.Name.Name)
			}
		}
	}
}

func mentionsContext(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Context" {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "echo" {
				found = true
			}
		}
		return true
	})
	return found
}

func starts(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if _, ok := n.(*ast.GoStmt); ok {
			found = true
		}
		return true
	})
	return found
}

// Whatever parseObject accepts is what encoding/json reads, and re-encoding it loses
// nothing.
func FuzzParseObject(f *testing.F) {
	for _, src := range []string{
		`{}`, `{"a":1}`, `{"a":[1,{"b":null}],"c":"\ud83d\ude00"}`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, `{"a":1e400}`, `[]`, `{} x`, `{"a":"\\u"}`,
	} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := parseObject(src, 0)
		if err != nil {
			return
		}
		var want map[string]any
		if err := json.Unmarshal(src, &want); err != nil {
			t.Fatalf("accepted %q: %v", src, err)
		}
		if !reflect.DeepEqual(map[string]any(got), want) {
			t.Fatalf("%q: got %v, want %v", src, got, want)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := parseObject(again, 0); err != nil || !reflect.DeepEqual(back, got) {
			t.Fatalf("%q became %q: %v", src, again, err)
		}
	})
}
