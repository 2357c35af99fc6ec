// Package capabilities lists what flows can do in PingOne's terms: the capabilities of
// the MFA connector, their workforce variants, and those around users and risk.
package capabilities

import (
	"slices"

	"github.com/mfaflow/mfaflow/capabilities/internal/node"
	"github.com/mfaflow/mfaflow/capabilities/mfa"
	"github.com/mfaflow/mfaflow/capabilities/pingid"
	"github.com/mfaflow/mfaflow/capabilities/risk"
	"github.com/mfaflow/mfaflow/capabilities/user"
	"github.com/mfaflow/mfaflow/connector"
)

// Deps is what the capabilities are built over.
type Deps = node.Deps

// All builds every capability over d. It is the only list: a capability that is not
// here does not exist.
func All(d Deps) []connector.Capability { return node.Bind(d, specs()...) }

func specs() []node.Spec {
	return slices.Concat(mfa.Specs(), pingid.Specs(), risk.Specs(), user.Specs())
}
