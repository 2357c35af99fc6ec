package main

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

// TestT6 runs the scenarios of the second factor as a part of another flow.
func TestT6(t *testing.T) {
	t.Parallel()
	const name = "testdata/step-up.test.yaml"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	report, err := runTests(t.Context(), []source{{name, text}}, regexp.MustCompile("^T6"))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Problems) > 0 || report.Passed == 0 || report.Failed > 0 {
		var b bytes.Buffer
		if err := report.print(&b, "text"); err != nil {
			t.Error(err)
		}
		t.Errorf("%s", &b)
	}
}

// TestT63Isolation: what the parent knows of the password is nowhere in what the child
// leaves behind, not in its trace either.
func TestT63Isolation(t *testing.T) {
	t.Parallel()
	s, l := ben(t)
	status, trace := s.call("GET", "/v1/executions/"+l.id+"/trace", nil, "Authorization", "Bearer "+siteToken)
	if status != 200 || !bytes.Contains(trace, []byte("mfa-authentication")) {
		t.Fatalf("trace: %d %s", status, trace)
	}
	for where, b := range map[string][]byte{"trace": trace, "answer": l.raw} {
		if bytes.Contains(b, []byte(benPassword)) {
			t.Errorf("the %s tells the password: %s", where, b)
		}
	}
	s.manage("PUT", "/v1/flows/peek", `schema: flow/v1
id: peek
title: A child that looks at its parent
start: look
nodes:
  look: { show: username, with: { usernameLabel: =nodes.sign_on.form.username }, next: { submit: done, cancel: done } }
  done: { end: done }
`, 422, nil, "Content-Type", "application/yaml")
}
