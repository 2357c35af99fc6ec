package main

import (
	"flag"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// allCuts runs the power cuts through every scenario, as make long does; each cut opens
// the store and compiles the flows anew, so that takes a minute of CPU.
var allCuts = flag.Bool("cuts", false, "cut the power in every scenario, not only in those of fewCuts")

// fewCuts are the scenarios that are cut each time: a code, a push, passkeys, a QR code,
// and those that crash by themselves.
var fewCuts = []string{"T2.3", "T2.9 passkey", "T4.1", "T4.15 a push", "T8.1 a passkey", "T11.1 scan", "X.1"}

// TestX1PowerCuts runs scenarios of the templates with the power going out after each
// capability of each answer, once. All must come out as they do in peace, messages
// counted: what died before its commit did not happen, and the same answer given again
// goes on.
func TestX1PowerCuts(t *testing.T) {
	t.Parallel()
	var cuts atomic.Int64
	t.Run("scenarios", func(t *testing.T) {
		for _, suite := range templateSuites(t) {
			for _, scenario := range suite.Tests() {
				few := func(name string) bool { return strings.HasPrefix(scenario.Name+" ", name+" ") }
				if !*allCuts && !slices.ContainsFunc(fewCuts, few) {
					continue
				}
				t.Run(suite.Flow()+"/"+scenario.Name, func(t *testing.T) {
					t.Parallel()
					result, err := suite.RunCrashing(t.Context(), scenario)
					if err != nil {
						t.Fatal(err)
					}
					cuts.Add(int64(result.Crashes))
					for _, f := range result.Failures {
						t.Errorf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Text)
					}
				})
			}
		}
	})
	if n := cuts.Load(); n < 10 || *allCuts && n < 100 {
		t.Errorf("the power went out %d times only", n)
	}
}
