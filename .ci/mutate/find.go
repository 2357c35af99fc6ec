package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one break.
type mutant struct {
	id    int
	file  string
	line  int
	in    string // the function
	what  string
	tests []string
}

// name names a mutant without its line, which moves.
func (m mutant) name() string { return m.file + " " + m.in + ": " + m.what }

// sources holds the mutants of all chosen files and the files with all of them built in.
type sources struct {
	mutants  []mutant
	files    map[string][]byte
	packages map[string]string // by folder
}

func findMutants(only []string) (*sources, error) {
	all := &sources{files: map[string][]byte{}, packages: map[string]string{}}
	for _, s := range suites {
		files, err := filepath.Glob(s.files)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", s.files, err)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("no file is named %s any more", s.files)
		}
		for _, f := range files {
			chosen := slices.ContainsFunc(only, func(o string) bool { return strings.Contains(f, o) })
			if strings.HasSuffix(f, "_test.go") || !chosen {
				continue
			}
			if err := all.addFile(f, s.tests); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// finder finds the mutants of one file. It only inserts text, so that mutants may nest.
type finder struct {
	*sources
	fset          *token.FileSet
	file          string
	src           []byte
	tests         []string
	in            string
	opens, closes map[int]string // by offset
}

func (s *sources) addFile(file string, tests []string) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	f := &finder{s, token.NewFileSet(), file, src, tests, "", map[int]string{}, map[int]string{}}
	parsed, err := parser.ParseFile(f.fset, file, src, 0)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	for _, d := range parsed.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			f.in = fn.Name.Name
			ast.Inspect(fn.Body, f.visit)
		}
	}
	s.files[file] = f.write()
	s.packages[filepath.Dir(file)] = parsed.Name.Name
	return nil
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IfStmt:
		f.dropGuard("if", n.Cond)
	case *ast.SwitchStmt:
		if n.Tag == nil {
			for _, c := range n.Body.List {
				for _, cond := range c.(*ast.CaseClause).List {
					f.dropGuard("case", cond)
				}
			}
		}
	case *ast.ForStmt: // its bound is no decision
		ast.Inspect(n.Body, f.visit)
		return false
	case *ast.ReturnStmt:
		f.flipResults(n)
	case *ast.BinaryExpr:
		f.changeOperator(n)
	}
	return true
}

// dropGuard makes a condition false. One of several alternatives is left to changeOperator,
// which drops each of them.
func (f *finder) dropGuard(word string, cond ast.Expr) {
	if b, ok := cond.(*ast.BinaryExpr); ok && b.Op == token.LOR || f.text(cond) == "err != nil" {
		return
	}
	f.wrap(cond, "without "+word+" "+f.text(cond), "(%s && (", "))")
}

// changeOperator drops an operand of a logical operator, and moves the boundary of a comparison.
func (f *finder) changeOperator(b *ast.BinaryExpr) {
	x, y := f.text(b.X), f.text(b.Y)
	switch b.Op {
	case token.LOR, token.LAND:
		for _, operand := range []ast.Expr{b.X, b.Y} {
			inner, ok := operand.(*ast.BinaryExpr)
			if ok && inner.Op == b.Op || f.text(operand) == "err != nil" {
				continue
			}
			pre := "(%s && ("
			if b.Op == token.LAND {
				pre = "(!%s || ("
			}
			f.wrap(operand, fmt.Sprintf("without %s in %s", f.text(operand), f.text(b)), pre, "))")
		}
	case token.LSS, token.GTR:
		f.wrap(b, f.text(b)+", also when equal", "(", " || !%s && ("+x+") == ("+y+"))")
	case token.LEQ, token.GEQ:
		f.wrap(b, f.text(b)+", not when equal", "(", " && (%s || ("+x+") != ("+y+")))")
	}
}

// flipResults turns a Boolean result into its opposite, unless it stands beside an error.
func (f *finder) flipResults(r *ast.ReturnStmt) {
	for i, result := range r.Results {
		last := r.Results[len(r.Results)-1]
		if i < len(r.Results)-1 && f.text(last) != "nil" {
			continue
		}
		flips := f.text(result) == "true" || f.text(result) == "false"
		switch e := result.(type) {
		case *ast.BinaryExpr:
			flips = e.Op == token.EQL || e.Op == token.NEQ
		case *ast.UnaryExpr:
			flips = e.Op == token.NOT
		}
		if flips {
			f.wrap(result, "opposite of return "+f.text(result), "((", ") != !%s)")
		}
	}
}

// wrap puts text before and after an expression; %s stands for "this mutant is off".
func (f *finder) wrap(e ast.Expr, what, pre, post string) {
	m := mutant{len(f.mutants) + 1, f.file, f.fset.Position(e.Pos()).Line, f.in, what, f.tests}
	f.mutants = append(f.mutants, m)
	off := fmt.Sprintf("keepMutant(%d)", m.id)
	from, to := f.offsets(e)
	f.opens[from] += strings.ReplaceAll(pre, "%s", off)
	f.closes[to] = strings.ReplaceAll(post, "%s", off) + f.closes[to]
}

func (f *finder) offsets(e ast.Expr) (from, to int) {
	return f.fset.Position(e.Pos()).Offset, f.fset.Position(e.End()).Offset
}

// text is an expression on one line.
func (f *finder) text(e ast.Expr) string {
	from, to := f.offsets(e)
	return strings.Join(strings.Fields(string(f.src[from:to])), " ")
}

func (f *finder) write() []byte {
	var out []byte
	for i, c := range f.src {
		out = append(out, f.closes[i]+f.opens[i]...)
		out = append(out, c)
	}
	return out
}
