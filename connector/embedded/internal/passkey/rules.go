package passkey

import (
	"fmt"
	"time"
)

// The values of a FIDO2 policy, as PingOne spells them.
const (
	Discouraged   = "DISCOURAGED"
	Preferred     = "PREFERRED"
	Required      = "REQUIRED"
	Platform      = "PLATFORM"
	CrossPlatform = "CROSS_PLATFORM"
	Both          = "BOTH"
	None          = "NONE"
	Direct        = "DIRECT"
	Enterprise    = "ENTERPRISE"
	AuditOnly     = "AUDIT_ONLY"
	Global        = "GLOBAL"
	Certified     = "CERTIFIED"
	Specific      = "SPECIFIC"
)

// Rules are what a FIDO2 policy demands.
type Rules struct {
	Discoverable     string // DISCOURAGED, PREFERRED, REQUIRED
	Attachment       string // PLATFORM, CROSS_PLATFORM, BOTH
	Attestation      string // NONE, DIRECT, ENTERPRISE
	UserVerification struct {
		Option        string // DISCOURAGED, PREFERRED, REQUIRED
		EnforceAlways bool   // also in authentications
	}
	Backup struct {
		Allow         bool // credentials that can be synchronised
		EnforceAlways bool
	}
	Authenticators struct {
		Option        string // NONE, AUDIT_ONLY, GLOBAL, CERTIFIED, SPECIFIC
		EnforceAlways bool
		Allowed       [][16]byte // AAGUIDs, for SPECIFIC
	}
	Timeout time.Duration
	Hints   []string // SECURITY_KEY, CLIENT_DEVICE, HYBRID

	// Metadata finds what is known of an authenticator model, or nil. Its errors end the
	// ceremony as they are. Without it no model is known.
	Metadata func(aaguid [16]byte) (*Metadata, error)
}

// restricted reports whether only known authenticators may be used.
func (r Rules) restricted() bool {
	o := r.Authenticators.Option
	return o == Global || o == Certified || o == Specific
}

// attested reports whether a registration needs an attestation by a manufacturer. Rules
// that only audit never refuse one for it.
func (r Rules) attested() bool {
	return r.restricted() || r.Attestation != None && r.Authenticators.Option != AuditOnly
}

// verification is what an authentication asks of user verification.
func (r Rules) verification() string {
	if r.UserVerification.Option == Required && !r.UserVerification.EnforceAlways {
		return Preferred
	}
	return r.UserVerification.Option
}

// lookup finds the metadata of a model.
func (r Rules) lookup(aaguid [16]byte) (*Metadata, error) {
	if r.Metadata == nil {
		return nil, nil
	}
	known, err := r.Metadata(aaguid)
	if err != nil {
		return nil, fmt.Errorf("find the metadata of an authenticator: %w", err)
	}
	return known, nil
}
