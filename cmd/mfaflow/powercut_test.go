package main

import (
	"sync/atomic"
	"testing"
)

// TestX1PowerCuts runs every scenario of the templates with the power going out after
// each capability of each answer, once. All must come out as they do in peace, messages
// counted: what died before its commit did not happen, and the same answer given again
// goes on.
func TestX1PowerCuts(t *testing.T) {
	t.Parallel()
	var cuts atomic.Int64
	t.Run("scenarios", func(t *testing.T) {
		for _, suite := range templateSuites(t) {
			for _, scenario := range suite.Tests() {
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
	if n := cuts.Load(); n < 100 {
		t.Errorf("the power went out %d times only", n)
	}
}
