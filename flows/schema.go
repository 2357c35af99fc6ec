package flows

import (
	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/schemas"
)

// Schema returns the JSON Schema (2020-12) of flow files for editors. It completes
// `uses` with every capability of the registry, and `with` beside it with that
// capability's inputs. A nil registry has none.
func Schema(r *connector.Registry) ([]byte, error) {
	var caps []schemas.FlowCapability
	if r != nil {
		for _, e := range r.All() {
			caps = append(caps, schemas.FlowCapability{
				ID: e.ID, Alias: e.Alias, Title: e.Spec.Title, Description: e.Spec.Description, Input: e.Spec.Input.Doc,
			})
		}
	}
	return schemas.Flow(caps)
}
