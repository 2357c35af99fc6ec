// Package risk has the capabilities of PingOne Protect: a risk evaluation and how it
// ended. The documents under schemas/risk say what goes in and what comes out.
package risk

import (
	"github.com/mfaflow/mfaflow/capabilities/internal/node"
)

// Specs lists the capabilities.
func Specs() []node.Spec {
	return []node.Spec{
		evaluate(),
		feedback(),
	}
}
