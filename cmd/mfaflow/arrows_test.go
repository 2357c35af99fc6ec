package main

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/mfaflow/mfaflow/"

// arrows says which of our packages each package may import; a trailing "/*" means the
// package's children. A package has the rule of the longest prefix that names it.
var arrows = map[string][]string{
	"schemas":      {},
	"store":        {"store"},
	"store/*":      {"store", "store/*"},
	"connector":    {},
	"connector/*":  {"connector", "connector/*", "store", "store/*"},
	"capabilities": {"capabilities/*", "connector", "connector/pingone", "schemas"},
	// capabilities/internal and the families share one rule.
	"capabilities/*": {"capabilities/*", "connector", "connector/pingone", "schemas"},
	"flows":          {"flows/*", "connector", "schemas"},
	"flows/*":        {"flows/*", "connector", "schemas"},
	// what makes flows for tests names screens of the library
	"flows/flowstest": {"flows", "connector"},
	"engine":          {"flows", "flows/*", "connector", "schemas", "store", "store/*"},
	"engine/*":        {"engine", "flows", "flows/*", "connector", "schemas", "store", "store/*"},
	"server":          {"server/*", "engine", "engine/*", "flows", "flows/*", "connector", "connector/*", "schemas", "store", "store/*"},
	"server/*":        {"server", "server/*", "engine", "engine/*", "flows", "flows/*", "connector", "connector/*", "schemas", "store", "store/*"},
	"cmd/*":           {"*"},
}

// TestArrows holds the direction of imports: read from the top of the tree, every arrow
// runs down. It binds files that are not tests.
func TestArrows(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, module+"...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		pkg := strings.TrimPrefix(path, module)
		rule, ok := ruleFor(pkg)
		if !ok {
			t.Errorf("package %s is in no room of the house", pkg)
			continue
		}
		seen[rule] = true
		for imported := range strings.FieldsSeq(imports) {
			target, ours := strings.CutPrefix(imported, module)
			switch {
			case ours && !allowed(arrows[rule], target):
				t.Errorf("%s imports %s, which its room may not", pkg, target)
			case !strings.HasSuffix(pkg, "test") && (imported == "testing" || strings.HasSuffix(imported, "/rapid")):
				t.Errorf("%s links %s into users' programs", pkg, imported)
			}
		}
	}
	for rule := range arrows {
		if !seen[rule] {
			t.Errorf("no package lives under the rule for %s", rule)
		}
	}
}

func ruleFor(pkg string) (string, bool) {
	if _, ok := arrows[pkg]; ok {
		return pkg, true
	}
	for p := pkg; p != ""; {
		i := strings.LastIndexByte(p, '/')
		if i < 0 {
			return "", false
		}
		p = p[:i]
		if _, ok := arrows[p+"/*"]; ok {
			return p + "/*", true
		}
	}
	return "", false
}

func allowed(rules []string, target string) bool {
	for _, r := range rules {
		if prefix, below := strings.CutSuffix(r, "*"); below && strings.HasPrefix(target, prefix) || r == target {
			return true
		}
	}
	return false
}
