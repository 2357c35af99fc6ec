// Package pingid has the workforce variants of the MFA capabilities. PingID
// environments serve them under the same paths with policies of their own.
package pingid

import "github.com/mfaflow/mfaflow/capabilities/internal/node"

// Specs lists the capabilities.
func Specs() []node.Spec {
	return []node.Spec{
		createDevice(),
		createDeviceAuthentication(),
		createPairingKey(),
		readAllDevices(),
	}
}
