package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

const helloFlow = `schema: flow/v1
id: hello
title: Hello
start: ask
nodes:
  ask: { show: message, next: { continue: bye } }
  bye: { end: bye }
`

const helloTest = `schema: flowtest/v1
flow: hello
tests:
  - { name: H.1 right, steps: [{ act: continue }, { end: bye }] }
  - { name: H.2 wrong, steps: [{ act: continue }, { end: failed }] }
`

func TestTestCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "hello.yaml", helloFlow)
	write(t, dir, "hello.test.yaml", helloTest)
	write(t, dir, "broken.test.yaml", strings.Replace(helloTest, "steps", "stepps", 1))
	write(t, dir, "template.test.yaml", "schema: flowtest/v1\nflow: sign-on-and-mfa\ntests:\n  - { name: t, steps: [{ see: username-password }] }\n")
	for _, tc := range []struct {
		args []string
		code int
		says string // on either output
	}{
		{[]string{"hello.test.yaml"}, exitProblems, "PASS hello: H.1 right"},
		{[]string{"hello.test.yaml"}, exitProblems, "hello.test.yaml:5:58: expected the end `failed`, saw the end `bye`"},
		{[]string{"hello.test.yaml"}, exitProblems, "hello: 1/1 edges, 1 paths, 2 scenarios\n1 passed, 1 failed"},
		{[]string{"hello.test.yaml", "--run", `^H\.1`}, exitFine, "1 passed, 0 failed"},
		{[]string{"hello.test.yaml", "--run", "H.9"}, exitUsage, "no test's name matches"},
		{[]string{"hello.test.yaml", "--run", "("}, exitUsage, "--run"},
		{[]string{"hello.test.yaml", "-o", "xml"}, exitUsage, `-o is "xml"`},
		{[]string{"broken.test.yaml"}, exitProblems, "broken.test.yaml:4:24: error: a test has no key `stepps` [unknown-key]"},
		{[]string{"broken.test.yaml"}, exitProblems, "did you mean `steps`?"},
		{[]string{"template.test.yaml"}, exitFine, "sign_on.cancel -> canceled is not covered"},
		{[]string{"nowhere.test.yaml"}, exitUsage, "nowhere.test.yaml"},
		{nil, exitUsage, "needs a test file"},
	} {
		code, out, errs := cli(t, dir, append([]string{"test"}, tc.args...)...)
		if code != tc.code || !strings.Contains(out+errs, tc.says) {
			t.Errorf("mfaflow test %v: exit %d, want %d and %q\n%s%s", tc.args, code, tc.code, tc.says, out, errs)
		}
	}
	if code, out, _ := cli(t, filepath.Dir(dir), "schema", "flowtest"); code != exitFine || !strings.Contains(out, "flowtest/v1") {
		t.Errorf("schema flowtest: exit %d %s", code, out)
	}
}

func TestTestCommandJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "hello.yaml", helloFlow)
	write(t, dir, "hello.test.yaml", helloTest)
	code, out, errs := cli(t, dir, "test", "-o", "json", "hello.test.yaml")
	var report struct {
		Problems []any
		Passed   int
		Failed   int
		Results  []struct {
			Test     string
			Passed   bool
			Failures []struct {
				File         string
				Line, Column int
				Text         string
			}
		}
		Coverage []struct {
			Flow           string
			Covered, Edges int
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitProblems {
		t.Fatalf("exit %d %v\n%s%s", code, err, out, errs)
	}
	if report.Problems == nil || report.Passed != 1 || report.Failed != 1 || len(report.Results) != 2 || len(report.Coverage) != 1 || report.Coverage[0].Covered != 1 {
		t.Fatalf("got %s", out)
	}
	if f := report.Results[1].Failures; len(f) != 1 || f[0].File != "hello.test.yaml" || f[0].Line != 5 || f[0].Column != 58 {
		t.Errorf("got %+v", f)
	}
}
