package mfa

import (
	"encoding/json"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/connector"
)

// jsonOrder reads {"order": [{"id": …}]}, given as an object or as its text.
func jsonOrder(attributes any) ([]any, connector.Outcome) {
	if s, ok := attributes.(string); ok && json.Unmarshal([]byte(s), &attributes) != nil {
		return nil, node.Invalid("jsonAttributes", "is not JSON")
	}
	o, _ := attributes.(map[string]any)
	list, _ := o["order"].([]any)
	if refs := node.Refs(list); len(refs) > 0 {
		return refs, nil
	}
	return nil, node.Invalid("jsonAttributes", "has no order of device ids")
}
