package storetest

import (
	"context"
	"testing"

	"github.com/mfaflow/mfaflow/store"
)

func testContext(t *testing.T, s store.Store) {
	put(t, s, "e/a", "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Get(ctx, "e/a")
	wantErr(t, err, context.Canceled)
	wantErr(t, s.Commit(ctx, nil, []store.Write{{Key: "e/a", Value: []byte("2")}}), context.Canceled)
	for _, err := range s.Scan(ctx, store.Range{}) {
		wantErr(t, err, context.Canceled)
	}
	if a := get(t, s, "e/a"); string(a.Value) != "1" {
		t.Errorf("got %q", a.Value)
	}
}
