package flows_test

import (
	"context"
	"sync"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/schemas"
)

// registry holds every described capability, with a Run that is never called.
func registry(t testing.TB) *connector.Registry {
	t.Helper()
	r, err := described()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var described = sync.OnceValues(func() (*connector.Registry, error) {
	var caps []connector.Capability
	for _, id := range schemas.IDs() {
		doc, _ := schemas.Capability(id)
		run := func(context.Context, connector.Call) connector.Outcome { return connector.Fail{Code: "NOT_FOUND"} }
		caps = append(caps, connector.Capability{ID: id, Schema: doc, Run: run, Recover: run})
	}
	return connector.NewRegistry(caps...)
})
