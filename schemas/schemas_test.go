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

// TestEveryUserIsMarked: each input that names a user says what is done with the user,
// and each capability that authenticates says when it has proven somebody.
func TestEveryUserIsMarked(t *testing.T) {
	t.Parallel()
	for _, id := range schemas.IDs() {
		doc, _ := schemas.Capability(id)
		var s struct {
			Effect        string `json:"x-effect"`
			Authenticates bool   `json:"x-authenticates"`
			Proves        string `json:"x-proves"`
			Properties    struct {
				Input struct {
					Properties map[string]struct {
						User string `json:"x-user"`
					} `json:"properties"`
				} `json:"input"`
			} `json:"properties"`
		}
		if err := json.Unmarshal(doc, &s); err != nil {
			t.Fatal(err)
		}
		if in, names := s.Properties.Input.Properties["userId"]; names && !slices.Contains([]string{"writes", "shows", "asks"}, in.User) {
			t.Errorf("%s: x-user of userId is %q, want writes, shows or asks", id, in.User)
		} else if in.User != "writes" && in.User != "" && s.Effect != "read" && s.Proves == "" &&
			!slices.Contains([]string{"user/send-verification-code", "mfa/check-remember-me", "risk/evaluate"}, id) {
			t.Errorf("%s has an effect on the user but is marked %s", id, in.User)
		}
		if s.Authenticates && s.Proves == "" {
			t.Errorf("%s authenticates but does not say by what (x-proves)", id)
		}
	}
}
