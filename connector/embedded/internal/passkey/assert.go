package passkey

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// Asserted is what an assertion proved, to be saved with the credential in the same
// unit of work.
type Asserted struct {
	SignCount    uint32
	UserVerified bool
	BackedUp     bool
}

// Identify reads which credential an assertion is of, and the user that it names, or nil.
// Nothing of it is proven yet. Errors are *Refusal.
func Identify(assertion string) (credentialID, userHandle []byte, err error) {
	r, err := authentication.parse(assertion)
	if err != nil {
		return nil, nil, err
	}
	userHandle, err = r.userHandle()
	return r.id, userHandle, err
}

// userHandle reads the user that an assertion names; PingOne's scripts send "" for none.
func (r *response) userHandle() ([]byte, error) {
	if !r.fields.has("userHandle") {
		return nil, nil
	}
	s, ok := r.fields.text("userHandle")
	if !ok {
		return nil, authentication.refuse(1, "userHandle is not a string")
	}
	b, err := decode(s)
	if err != nil {
		return nil, authentication.refuse(1, "userHandle is not base64")
	}
	return b, nil
}

// Assert verifies an authentication (§7.2) with the credential that Identify named, whose
// user has the handle owner. Saving what it returns (step 19) is the caller's. Errors are
// *Refusal, or of Rules.Metadata.
func Assert(e Expect, c Credential, owner []byte, origin, assertion string) (Asserted, error) {
	r, err := authentication.parse(assertion)
	if err != nil {
		return Asserted{}, err
	}
	if err := r.owned(e, c, owner); err != nil {
		return Asserted{}, err
	}
	var parts [3][]byte
	for i, name := range []string{"clientDataJSON", "authenticatorData", "signature"} {
		if parts[i], err = authentication.binary(r.fields, name); err != nil {
			return Asserted{}, err
		}
	}
	client, data, signature := parts[0], parts[1], parts[2]
	if err := getting.checkClient(e, origin, client); err != nil {
		return Asserted{}, err
	}
	a, err := getting.read(data)
	if err != nil {
		return Asserted{}, err
	}
	if err := a.asserts(e.Rules, e.RPID, c); err != nil {
		return Asserted{}, err
	}
	hash := sha256.Sum256(client) // step 15
	if err := verifySignature(c.PublicKey, slices.Concat(data, hash[:]), signature); err != nil {
		return Asserted{}, err
	}
	return r.concluded(c, a)
}

// owned checks whose credential it is: steps 2 and 3.
func (r *response) owned(e Expect, c Credential, owner []byte) error {
	if len(e.Allowed) > 0 && !slices.ContainsFunc(e.Allowed, func(id []byte) bool { return bytes.Equal(id, r.id) }) {
		return authentication.refuse(2, "a credential that was not asked for")
	}
	handle, err := r.userHandle()
	switch {
	case err != nil:
		return err
	case !bytes.Equal(r.id, c.ID) || len(c.ID) == 0:
		return authentication.refuse(3, "another credential")
	case len(handle) > 0 && !bytes.Equal(handle, owner):
		return authentication.refuse(3, "the credential of another user")
	case len(handle) == 0 && len(e.Allowed) == 0:
		return authentication.refuse(3, "no user is named")
	}
	return authorised(e.Rules, c)
}

// authorised asks anew whether the authenticator may be used, if the rules say so.
func authorised(r Rules, c Credential) error {
	if !r.Authenticators.EnforceAlways || !r.restricted() {
		return nil
	}
	known, err := r.lookup(c.AAGUID)
	if err != nil {
		return err
	}
	if known == nil {
		return authentication.refuse(3, "no metadata of the authenticator")
	}
	if reason := r.refuses(c.AAGUID, known); reason != "" {
		return authentication.refuse(3, "%s", reason)
	}
	return nil
}

// asserts judges authenticator data against the stored credential: steps 10 to 14.
func (a *authData) asserts(r Rules, rpID string, c Credential) error {
	if err := getting.check(a, rpID, r.verification() == Required); err != nil {
		return err
	}
	switch {
	case a.flags.HasBackupEligible() != c.BackupEligible:
		return authentication.refuse(14, "eligibility for backup has changed")
	case c.BackupEligible && !r.Backup.Allow && r.Backup.EnforceAlways:
		return authentication.refuse(14, "credentials that can be backed up are not allowed")
	}
	return nil
}

// verifySignature is step 16.
func verifySignature(public, data, signature []byte) error {
	key, wrong := parseKey(public)
	if wrong != "" {
		return authentication.refuse(16, "%s", wrong)
	}
	if ok, err := webauthncose.VerifySignature(key, data, signature); err != nil || !ok {
		return authentication.refuse(16, "the signature does not verify")
	}
	return nil
}

// concluded judges the counter and the extensions: steps 17 and 18. A counter that did not
// rise betrays a clone, and no FIDO2 policy of PingOne's lets one pass.
func (r *response) concluded(c Credential, a *authData) (Asserted, error) {
	if (a.count != 0 || c.SignCount != 0) && a.count <= c.SignCount {
		return Asserted{}, authentication.refuse(17, "the signature counter did not rise")
	}
	var results object
	if r.whole.has("clientExtensionResults") && json.Unmarshal(r.whole["clientExtensionResults"], &results) != nil {
		return Asserted{}, authentication.refuse(18, "extension results are not an object")
	}
	return Asserted{SignCount: a.count, UserVerified: a.flags.HasUserVerified(), BackedUp: a.flags.HasBackupState()}, nil
}
