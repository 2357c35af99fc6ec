package passkey

import (
	"crypto/x509"
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

	// TolerateClones accepts a signature counter that did not rise, which a cloned
	// authenticator betrays itself by, and only reports it.
	TolerateClones bool

	// Metadata finds what is known of an authenticator model; nil knows none.
	Metadata func(aaguid [16]byte) (Metadata, bool)
}

// Metadata is what the FIDO metadata say of an authenticator model.
type Metadata struct {
	Roots      []*x509.Certificate // trust anchors of its attestation
	Algorithms []int64             // COSE identifiers that it signs with; none is any
	Certified  bool
	Global     bool // listed by the FIDO Alliance, not by the operator

	// Revoked says that a status report forbids its use: a key compromise, a bypass of
	// user verification, a revocation.
	Revoked bool

	// Distrusted are attestation certificates that were revoked.
	Distrusted []*x509.Certificate
}

// restricted reports whether only known authenticators may be used.
func (r Rules) restricted() bool {
	o := r.Authenticators.Option
	return o == Global || o == Certified || o == Specific
}

// attested reports whether a registration needs an attestation.
func (r Rules) attested() bool {
	return r.Attestation == Direct || r.Attestation == Enterprise || r.restricted()
}

// verification is what an authentication asks of user verification.
func (r Rules) verification() string {
	if r.UserVerification.Option == Required && !r.UserVerification.EnforceAlways {
		return Preferred
	}
	return r.UserVerification.Option
}

// lookup finds the metadata of a model.
func (r Rules) lookup(aaguid [16]byte) (Metadata, bool) {
	if r.Metadata == nil {
		return Metadata{}, false
	}
	return r.Metadata(aaguid)
}
