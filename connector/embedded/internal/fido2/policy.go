package fido2

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/span"
)

// Policy is a FIDO2 policy. Pointers tell absent members from false.
type Policy struct {
	Links                    rest.LinkSet      `json:"_links,omitempty"`
	ID                       string            `json:"id"`
	Environment              *rest.Ref         `json:"environment,omitempty"`
	Name                     string            `json:"name"`
	Description              string            `json:"description,omitempty"`
	Default                  bool              `json:"default"`
	DeviceDisplayName        string            `json:"deviceDisplayName"`
	RelyingPartyID           string            `json:"relyingPartyId"`
	DiscoverableCredentials  string            `json:"discoverableCredentials"`
	AuthenticatorAttachment  string            `json:"authenticatorAttachment"`
	AttestationRequirements  string            `json:"attestationRequirements"`
	EnterpriseAttribute      *Attribute        `json:"eaUniqueIdentifierAttribute,omitempty"`
	UserVerification         *UserVerification `json:"userVerification"`
	BackupEligibility        *Backup           `json:"backupEligibility"`
	MDS                      *Authenticators   `json:"mdsAuthenticatorsRequirements"`
	DisplayName              *DisplayName      `json:"userDisplayNameAttributes"`
	UserPresenceTimeout      *span.Duration    `json:"userPresenceTimeout,omitempty"`
	PublicKeyCredentialHints []string          `json:"publicKeyCredentialHints,omitempty"`
	AggregateDevices         bool              `json:"aggregateDevices"`
	UsedBy                   []string          `json:"deviceAuthenticationPolicies,omitempty"` // only when expanded
	CreatedAt                *rest.Time        `json:"createdAt,omitempty"`
	UpdatedAt                *rest.Time        `json:"updatedAt,omitempty"`
}

// UserVerification says whether the person must prove to the authenticator who they are.
type UserVerification struct {
	Option         string          `json:"option"`
	Enforce        *bool           `json:"enforceDuringAuthentication"`
	PINRequirement *PINRequirement `json:"pinRequirement,omitempty"`
}

// PINRequirement is what the documentation has for PINs; it is refused.
type PINRequirement struct {
	Option    string `json:"option"`
	MinLength int    `json:"minLength,omitempty"`
}

// Backup says whether credentials may be synchronised between devices.
type Backup struct {
	Allow   *bool `json:"allow"`
	Enforce *bool `json:"enforceDuringAuthentication"`
}

// Authenticators says which models may be used.
type Authenticators struct {
	Option  string     `json:"option"`
	Enforce *bool      `json:"enforceDuringAuthentication"`
	Allowed []rest.Ref `json:"allowedAuthenticators,omitempty"`
}

// Default is the policy of a new environment: any passkey of the relying party.
func Default(id, rpID string) *Policy {
	on, off := true, false
	return &Policy{
		ID: id, Name: "Passkeys", Default: true, DeviceDisplayName: "Passkey", RelyingPartyID: rpID,
		DiscoverableCredentials: passkey.Preferred, AuthenticatorAttachment: passkey.Both, AttestationRequirements: passkey.None,
		UserVerification:    &UserVerification{Option: passkey.Preferred, Enforce: &off},
		BackupEligibility:   &Backup{Allow: &on, Enforce: &off},
		MDS:                 &Authenticators{Option: passkey.None, Enforce: &off},
		DisplayName:         &DisplayName{Attributes: []Attribute{{Name: "username"}}},
		UserPresenceTimeout: defaultTimeout(),
	}
}

func defaultTimeout() *span.Duration { return &span.Duration{Duration: 2, TimeUnit: "MINUTES"} }

// Rules are what the policy demands of a passkey. The metadata are read in the unit of
// work of c.
func (p *Policy) Rules(c *rest.Call) passkey.Rules {
	r := passkey.Rules{
		Discoverable: p.DiscoverableCredentials, Attachment: p.AuthenticatorAttachment, Attestation: p.AttestationRequirements,
		Timeout: p.UserPresenceTimeout.Value(), Hints: p.PublicKeyCredentialHints,
		Metadata: func(aaguid [16]byte) (*passkey.Metadata, error) { return lookup(c.Tx, c.Env, aaguid) },
	}
	r.UserVerification.Option, r.UserVerification.EnforceAlways = p.UserVerification.Option, *p.UserVerification.Enforce
	r.Backup.Allow, r.Backup.EnforceAlways = *p.BackupEligibility.Allow, *p.BackupEligibility.Enforce
	r.Authenticators.Option, r.Authenticators.EnforceAlways = p.MDS.Option, *p.MDS.Enforce
	for _, a := range p.MDS.Allowed {
		if id, err := passkey.ParseAAGUID(a.ID); err == nil {
			r.Authenticators.Allowed = append(r.Authenticators.Allowed, id)
		}
	}
	return r
}
