package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const securityPage = "docs/security.md"

// attackCases is how many attack cases the page has a row for.
const attackCases = 78

var (
	testLink  = regexp.MustCompile(`\[(\w+)\]\(([^)\s]+)\)`)
	testName  = regexp.MustCompile(`\b(?:Test|Fuzz|Example)[A-Z]\w*`)
	caseOfRow = regexp.MustCompile(`(?m)^\| (A-\d\d) \|(.*)$`)
	caseOfID  = regexp.MustCompile(`A(\d\d)`)
)

// TestSecurityPage holds the page to the tests: what it names is there, what is named after
// an attack case stands in that case's row, and each case has an answer.
func TestSecurityPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, securityPage))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range checkSecurityPage(string(page), findTests(t)) {
		t.Error(fault)
	}
}

// TestSecurityPageFaultsAreFound breaks a page in each way that it may be wrong.
func TestSecurityPageFaultsAreFound(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{"TestA01Guesses": {"a/a_test.go"}, "TestOther": {"a/a_test.go"}}
	var rows strings.Builder
	for i := range attackCases {
		fmt.Fprintf(&rows, "| A-%02d | An attack | [TestA01Guesses](../a/a_test.go) |\n", i+1)
	}
	right := rows.String()
	for name, tc := range map[string]struct{ page, want string }{
		"right":               {right, ""},
		"a test that is gone": {right + "[TestGone](../a/a_test.go)", "TestGone is not in a/a_test.go"},
		"a file that is gone": {right + "[TestOther](../b/b_test.go)", "TestOther is not in b/b_test.go"},
		"a name without link": {right + "`TestGone`", "TestGone has no link"},
		"a case without row":  {strings.Replace(right, "A-07", "A-06", 1), "A-07 has 0 rows"},
		"a case unanswered":   {strings.Replace(right, "| A-07 | An attack | [TestA01Guesses](../a/a_test.go) |", "| A-07 | An attack | |", 1), "A-07 names no test"},
		"a test not named":    {strings.Replace(right, "[TestA01Guesses](../a/a_test.go)", "[TestOther](../a/a_test.go)", 1), "A-01 lacks TestA01Guesses"},
	} {
		got := strings.Join(checkSecurityPage(tc.page, tests), "\n")
		if (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: faults %q, want %q", name, got, tc.want)
		}
	}
}

// checkSecurityPage returns what is wrong with a page, given the files of each test.
func checkSecurityPage(page string, tests map[string][]string) (faults []string) {
	for _, m := range testLink.FindAllStringSubmatch(page, -1) {
		if file := path.Join(path.Dir(securityPage), m[2]); !slices.Contains(tests[m[1]], file) {
			faults = append(faults, fmt.Sprintf("%s: %s is not in %s", securityPage, m[1], file))
		}
	}
	for _, name := range testName.FindAllString(testLink.ReplaceAllString(page, ""), -1) {
		if name != "TestSecurityPage" {
			faults = append(faults, fmt.Sprintf("%s: %s has no link to its file", securityPage, name))
		}
	}
	rows := map[string][]string{}
	for _, m := range caseOfRow.FindAllStringSubmatch(page, -1) {
		rows[m[1]] = append(rows[m[1]], m[2])
	}
	for i := range attackCases {
		id := fmt.Sprintf("A-%02d", i+1)
		row := strings.Join(rows[id], "")
		if len(rows[id]) != 1 {
			faults = append(faults, fmt.Sprintf("%s: %s has %d rows, want one", securityPage, id, len(rows[id])))
		} else if !testLink.MatchString(row) && !strings.Contains(row, "Not applicable yet") && !strings.Contains(row, "Not covered") {
			faults = append(faults, fmt.Sprintf("%s: %s names no test, and does not say that it is not applicable yet or not covered", securityPage, id))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		for _, m := range caseOfID.FindAllStringSubmatch(name, -1) {
			if row := strings.Join(rows["A-"+m[1]], ""); !strings.Contains(row, "["+name+"]") {
				faults = append(faults, fmt.Sprintf("%s: the row of A-%s lacks %s of %s", securityPage, m[1], name, tests[name]))
			}
		}
	}
	return faults
}

// findTests returns the tests and fuzz targets of the tree, each with the files it is in.
func findTests(t *testing.T) map[string][]string {
	t.Helper()
	tests := map[string][]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Recv == nil && testName.MatchString(d.Name.Name) {
				tests[d.Name.Name] = append(tests[d.Name.Name], path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
