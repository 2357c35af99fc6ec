package main

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/engine/flowtest"
	"github.com/mfaflow/mfaflow/flows"
)

// TestTemplates runs the flow tests of the shipped templates, as `mfaflow test` does.
// Every template has tests, and they take every edge or say why they cannot.
func TestTemplates(t *testing.T) {
	t.Parallel()
	watch := &watcher{}
	suites := watchedSuites(t, watch)
	t.Run("scenarios", func(t *testing.T) {
		for _, suite := range suites {
			runScenarios(t, suite)
		}
	})
	watch.report(t)
	for _, c := range flowtest.Merge(suites...) {
		for _, blank := range c.Uncovered {
			if blank.Reason == "" {
				t.Errorf("%s, line %d: no scenario takes %s -> %s", c.Flow, blank.Line, blank.Edge, blank.To)
			}
		}
		for _, edge := range c.Needless {
			t.Errorf("%s: %s is taken, so `uncovered` must not excuse it", c.Flow, edge)
		}
	}
}

// templateSuites reads the tests of all templates.
func templateSuites(t *testing.T) []*flowtest.Suite { return watchedSuites(t, &watcher{}) }

// watchedSuites reads the tests of all templates, whose worlds are watched.
func watchedSuites(t *testing.T, watch *watcher) []*flowtest.Suite {
	t.Helper()
	caps, err := registry()
	if err != nil {
		t.Fatal(err)
	}
	find, err := flowsBeside(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	names, err := flowFiles(flows.Templates())
	if err != nil {
		t.Fatal(err)
	}
	var suites []*flowtest.Suite
	for _, name := range names {
		file := strings.TrimSuffix(name, ".yaml") + ".test.yaml"
		text, err := fs.ReadFile(flows.Templates(), file)
		if err != nil {
			t.Errorf("template %s has no tests: %v", name, err)
			continue
		}
		for _, m := range typedSecret.FindAllStringSubmatch(string(text), -1) {
			watch.typed = append(watch.typed, m[1])
		}
		suite, problems, err := flowtest.Load(filepath.Join("flows/templates", file), text,
			flowtest.Options{Lab: watch.lab, Source: find, Capabilities: caps})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s\n%s", p, p.Snippet)
		}
		if suite != nil {
			suites = append(suites, suite)
		}
	}
	return suites
}

func runScenarios(t *testing.T, suite *flowtest.Suite) {
	t.Helper()
	for _, scenario := range suite.Tests() {
		t.Run(suite.Flow()+"/"+scenario.Name, func(t *testing.T) {
			t.Parallel()
			result, err := suite.Run(t.Context(), scenario)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range result.Failures {
				t.Errorf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Text)
			}
		})
	}
}
