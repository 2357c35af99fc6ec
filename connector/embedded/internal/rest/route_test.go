package rest_test

import (
	"net/http"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// TestDeleteWithoutItsOperationIsRefused: a path whose only DELETE is an operation has no
// other, whatever type is sent.
func TestDeleteWithoutItsOperationIsRefused(t *testing.T) {
	t.Parallel()
	run := func(*rest.Call) (rest.Reply, error) { return rest.Gone() }
	table := rest.NewTable(
		rest.Route{Method: http.MethodDelete, Path: "a", Media: "order.remove", Run: run},
		rest.Route{Method: http.MethodDelete, Path: "b", Run: run},
	)
	for _, c := range []struct {
		path, media string
		status      int
	}{
		{"a", "", 415}, {"a", "application/json", 415}, {"a", "text/plain", 415}, {"a", pingone.MediaType("x"), 415}, {"a", pingone.MediaType("order.remove"), 0},
		{"b", "", 0}, {"b", "application/json", 0}, {"b", "text/plain", 0}, {"b", pingone.MediaType("order.remove"), 415}, {"c", "", 404},
	} {
		got := 0
		if _, _, p := table.Find(pingone.HostAPI, http.MethodDelete, []string{c.path}, c.media); p != nil {
			got = p.Body.Status
		}
		if got != c.status {
			t.Errorf("DELETE %s as %q: got %d, want %d", c.path, c.media, got, c.status)
		}
	}
}
