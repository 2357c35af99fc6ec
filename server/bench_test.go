package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/server"
)

// What HTTP adds to an answered step: the layers, strict JSON in and out, no network and
// no engine.
func BenchmarkResume(b *testing.B) {
	x := &engine.Execution{ID: execID, Flow: "sign-on", Status: engine.Waiting, Step: &engine.Step{
		Node: "otp", Screen: "otp", Token: "t", Form: map[string]any{"type": "object"}, With: map[string]any{"device": map[string]any{"type": "EMAIL"}},
		Actions: []engine.StepAction{{ID: "submit", Title: "Go", Form: true}},
	}}
	spy := &spied{resume: func(engine.ResumeRequest) (*engine.Execution, error) { return x, nil }}
	s, err := server.New(server.Options{Runner: spy, Catalog: &engine.Catalog{}, ManagementToken: token})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/v1/executions/"+execID, strings.NewReader(`{"token":"AAAAAAAAAAGB2LFQ2ij7Hr9kUJ","action":"submit","form":{"otp":"123456"}}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Execution-Handle", "h")
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			b.Fatalf("status %d", rec.Code)
		}
	}
}
