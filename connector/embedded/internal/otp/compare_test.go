package otp_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// no code, hash or secret is compared but in constant time. Names tell what holds
// one; comparing with a literal, nil or a length tells nothing of it.
func TestA18NoPlainComparison(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, dir := range []string{".", "../totp", "../device", "../authn", "../notify"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range plainComparisons(t, file, string(src)) {
				t.Errorf("%s compares a secret in plain", at)
			}
			seen++
		}
	}
	if seen < 20 {
		t.Errorf("only %d files were read", seen)
	}
	const bad = `package p
func f(guess, code string, c Code, b []byte) bool {
	return guess == code || c.Hash != nil || bytes.Equal(b, c.Hash) || guess == "" || len(guess) == 6 || otp.Code(1) != guess
}`
	if n := len(plainComparisons(t, "bad.go", bad)); n != 3 {
		t.Errorf("%d plain comparisons found in an example with 3", n)
	}
}

// plainComparisons lists where a file compares values that are named as secrets.
func plainComparisons(t *testing.T, name, src string) []string {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.BinaryExpr:
			if (x.Op == token.EQL || x.Op == token.NEQ) && !constant(x.X) && !constant(x.Y) && (secret(x.X) || secret(x.Y)) {
				out = append(out, set.Position(x.Pos()).String())
			}
		case *ast.CallExpr:
			s, ok := x.Fun.(*ast.SelectorExpr)
			if !ok || s.Sel.Name != "Equal" && s.Sel.Name != "EqualFold" && s.Sel.Name != "Compare" {
				return true
			}
			if p, ok := s.X.(*ast.Ident); ok && p.Name != "hmac" && len(x.Args) == 2 && (secret(x.Args[0]) || secret(x.Args[1])) {
				out = append(out, set.Position(x.Pos()).String())
			}
		}
		return true
	})
	return out
}

func constant(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return x.Name == "nil"
	case *ast.CallExpr:
		f, ok := x.Fun.(*ast.Ident)
		return ok && f.Name == "len"
	}
	return false
}

// secret reports whether an expression's last name is that of a secret.
func secret(e ast.Expr) bool {
	name := ""
	switch x := e.(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	case *ast.StarExpr:
		return secret(x.X)
	case *ast.CallExpr:
		return secret(x.Fun)
	}
	switch strings.ToLower(name) {
	case "guess", "code", "otp", "hash", "secret":
		return true
	}
	return false
}
