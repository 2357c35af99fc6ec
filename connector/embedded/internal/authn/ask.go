package authn

import (
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/fido2"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// ask is a challenge to a passkey, or to any passkey of a relying party.
type ask struct {
	Challenge []byte `json:"c"`
	RPID      string `json:"i"`
	Policy    string `json:"p"` // FIDO2 policy
	Until     int64  `json:"e"` // Unix ms
	Options   string `json:"o"`
	Aggregate bool   `json:"a,omitempty"` // any of the user's passkeys of this relying party will do
}

// askLife is how long a challenge is good: the longest time that a FIDO2 policy may give
// an authenticator, which is also what NIST gives an out-of-band secret.
const askLife = 10 * time.Minute

// challengeSize is the length of a challenge in bytes.
const challengeSize = 32

// The compatibility of browsers with passkeys (seed 002).
const (
	securityKeyOnly = "SECURITY_KEY_ONLY"
	noPasskeys      = "NONE"
)

// hear takes the newest word on what the browser can do.
func (x *session) hear(compatibility string) {
	if compatibility != "" {
		x.Compat = compatibility
	}
}

// signs reports whether the browser can use a passkey for this authentication.
func (x *session) signs(d *device.Record) bool {
	switch {
	case d.Passkey == nil || d.Passkey.Credential == nil || x.Compat == noPasskeys:
		return false
	case x.Compat == securityKeyOnly && d.Passkey.OnPlatform():
		return false
	}
	return x.RP == "" || x.RP == d.Passkey.RPID
}

// ask challenges a passkey of the user, by the FIDO2 policy of this authentication: rules
// that were made stricter hold for the passkeys registered before.
func (s *Authentications) ask(c *rest.Call, x *session, d *device.Record) error {
	p, err := fido2.Effective(c.Tx, c.Env, x.policy.FIDO2.FIDO2PolicyID)
	if err != nil {
		return err
	}
	some := []*device.Record{d}
	if p.AggregateDevices {
		some = s.alike(c, x, d)
	}
	x.Ask = &ask{RPID: d.Passkey.RPID, Policy: p.ID, Aggregate: p.AggregateDevices}
	return x.challenge(c, p.Rules(c), device.Descriptors(some, d.Passkey.RPID))
}

// alike are the passkeys that may answer in the place of one, itself first.
func (s *Authentications) alike(c *rest.Call, x *session, d *device.Record) []*device.Record {
	out := []*device.Record{d}
	for _, o := range x.devices {
		if o.ID != d.ID && o.Passkey != nil && s.usable(c, x, o) {
			out = append(out, o)
		}
	}
	return out
}

// askAnyone challenges whoever holds a passkey of the relying party. Nothing else proves
// who it is, so the authenticator must verify its user.
func (s *Authentications) askAnyone(c *rest.Call, x *session) error {
	if use, _ := x.policy.Enabled("FIDO2"); !use || x.Compat == noPasskeys {
		return s.noDevice(c, x)
	}
	p, err := fido2.Load(c.Tx, c.Env, x.policy.FIDO2.FIDO2PolicyID)
	if err != nil {
		return err
	}
	if x.RP == "" {
		x.RP = p.RelyingPartyID
	}
	x.Ask = &ask{RPID: x.RP, Policy: p.ID}
	return x.challenge(c, alone(p.Rules(c)), nil)
}

// alone makes rules those of a proof with nothing beside it.
func alone(r passkey.Rules) passkey.Rules {
	r.UserVerification.Option, r.UserVerification.EnforceAlways = passkey.Required, true
	return r
}

// challenge draws the challenge, or takes the request's own, and writes the options.
func (x *session) challenge(c *rest.Call, rules passkey.Rules, allow []passkey.Descriptor) error {
	x.Ask.Challenge = x.Own
	if x.Own == nil {
		x.Ask.Challenge = c.Tx.Random(challengeSize)
	}
	x.Own = nil // good once
	x.Ask.Until = c.Tx.Now().Add(askLife).UnixMilli()
	x.Ask.Options = passkey.RequestOptions(rules, passkey.Request{RPID: x.Ask.RPID, Challenge: x.Ask.Challenge, Allow: allow})
	return x.move(SelectedAssertion)
}
