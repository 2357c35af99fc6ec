package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"time"
)

// Expect is what the server remembers of the ceremony that it asked for.
type Expect struct {
	Challenge []byte
	RPID      string
	Origins   []string // scheme, host and port, exactly
	Rules     Rules

	// TopOrigins are the pages that may show a page of Origins in a frame. None: a page
	// in a page of another origin is refused.
	TopOrigins []string

	// Allowed are the ids in allowCredentials. None: the person was free to choose, and
	// an assertion must name its user.
	Allowed [][]byte

	Now time.Time // certificates must be valid then
}

// Credential is a registered public key.
type Credential struct {
	ID              []byte
	PublicKey       []byte // COSE
	SignCount       uint32
	AAGUID          [16]byte
	Transports      []string
	Attachment      string // platform, cross-platform or ""
	Resident        bool   // the client said that it is discoverable
	UserVerified    bool
	BackupEligible  bool
	BackedUp        bool
	Format          string // of the attestation
	AttestationType string // basic_full, basic_surrogate, attca, anonca, none
}

// Register verifies a registration (§7.1). The attestation is PingOne's JSON string.
// Whether the id is new (step 23) and the saving (24, 26) are the caller's. Errors are
// *Refusal, or of Rules.Metadata.
func Register(e Expect, origin, attestation string) (*Credential, error) {
	r, err := registration.parse(attestation)
	if err != nil {
		return nil, err
	}
	client, err := registration.binary(r.fields, "clientDataJSON")
	if err != nil {
		return nil, err
	}
	raw, err := registration.binary(r.fields, "attestationObject")
	if err != nil {
		return nil, err
	}
	if err := creating.checkClient(e, origin, client); err != nil {
		return nil, err
	}
	hash := sha256.Sum256(client) // step 9
	st, err := readStatement(raw)
	if err != nil {
		return nil, err
	}
	if err := st.check(e, r.id, hash[:]); err != nil {
		return nil, err
	}
	a := st.auth
	c := &Credential{
		ID: bytes.Clone(a.id), PublicKey: bytes.Clone(a.key), SignCount: a.count, AAGUID: a.aaguid,
		UserVerified: a.flags.HasUserVerified(), BackupEligible: a.flags.HasBackupEligible(), BackedUp: a.flags.HasBackupState(),
		Format: st.format, AttestationType: st.kind,
	}
	return c, c.told(e.Rules, r)
}

// check judges the attestation object: steps 11 to 22.
func (st *statement) check(e Expect, id, hash []byte) error {
	a := st.auth
	if err := creating.check(a, e.RPID, e.Rules.UserVerification.Option == Required); err != nil {
		return err
	}
	if a.flags.HasBackupEligible() && !e.Rules.Backup.Allow {
		return registration.refuse(15, "credentials that can be backed up are not allowed")
	}
	if _, wrong := parseKey(a.key); wrong != "" {
		return registration.refuse(17, "%s", wrong)
	}
	if err := st.verify(e, hash); err != nil {
		return err
	}
	if err := st.trust(e); err != nil {
		return err
	}
	if !bytes.Equal(id, a.id) {
		return registration.refuse(1, "id is not the attested credential id")
	}
	return nil
}

// told takes what only the client says, which nothing signs: it can refuse what the
// rules forbid, never prove what they demand.
func (c *Credential) told(rules Rules, r *response) error {
	c.Attachment, _ = r.whole.text("authenticatorAttachment")
	if (rules.Attachment == Platform || rules.Attachment == CrossPlatform) && c.Attachment != "" && c.Attachment != spell(rules.Attachment) {
		return registration.refuse(1, "the authenticator is not attached as demanded")
	}
	if r.fields.has("transports") && json.Unmarshal(r.fields["transports"], &c.Transports) != nil {
		return registration.refuse(24, "transports are not strings")
	}
	if len(c.Transports) > maxTransports {
		return registration.refuse(24, "more than %d transports", maxTransports)
	}
	for _, t := range c.Transports {
		if len(t) > maxTransport {
			return registration.refuse(24, "a transport is longer than %d bytes", maxTransport)
		}
	}
	var results struct {
		Properties *struct {
			Resident *bool `json:"rk"`
		} `json:"credProps"`
	}
	if r.whole.has("clientExtensionResults") && json.Unmarshal(r.whole["clientExtensionResults"], &results) != nil {
		return registration.refuse(25, "extension results are not an object")
	}
	if p := results.Properties; p != nil && p.Resident != nil {
		c.Resident = *p.Resident
		if !c.Resident && rules.Discoverable == Required {
			return registration.refuse(25, "the credential is not discoverable")
		}
	}
	return nil
}

// The transports are stored: there are six, none of which is longer than "smart-card".
const maxTransports, maxTransport = 8, 32
