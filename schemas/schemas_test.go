package schemas_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/mfaflow/mfaflow/schemas"
)

func TestEveryIDHasADocument(t *testing.T) {
	t.Parallel()
	ids := schemas.IDs()
	if !slices.IsSorted(ids) || !slices.Contains(ids, "mfa/create-device") {
		t.Fatalf("IDs() = %v, want sorted and with mfa/create-device", ids)
	}
	for _, id := range ids {
		doc, ok := schemas.Capability(id)
		if !ok || !json.Valid(doc) {
			t.Errorf("Capability(%q): found %v, JSON %v", id, ok, json.Valid(doc))
		}
	}
}

func TestUnknownIDHasNone(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "mfa/nothing", "../schemas/mfa/create-device", "mfa"} {
		if _, ok := schemas.Capability(id); ok {
			t.Errorf("Capability(%q) was found", id)
		}
	}
}
