// Package mfa has the capabilities of the PingOne MFA connector, one a file. Each is
// one request of the PingOne MFA API; the documents under schemas/mfa say what goes in
// and what comes out.
package mfa

import (
	"github.com/mfaflow/mfaflow/capabilities/internal/node"
)

// Specs lists the capabilities.
func Specs() []node.Spec {
	return []node.Spec{
		readDevice(),
		readAllDevices(),
		createDevice(),
		activateDevice(),
		deleteDevice(),
		resendOTPForPairing(),
		updateDeviceNickname(),
		setDeviceOrder(),
		readMFAStatus(),
		updateMFAStatus(),
		readDeviceAuthenticationPolicy(),
		createDeviceAuthentication(),
		readDeviceAuthentication(),
		deviceSelection(),
		devicePasscode(),
		fidoAssertion(),
		cancelDeviceAuthentication(),
		readPairingKey(),
		createPairingKey(),
		deletePairingKey(),
		createAuthenticationCode(),
		readAuthenticationCode(),
		deleteAuthenticationCode(),
		registerRememberMe(),
		checkRememberMe(),
	}
}
