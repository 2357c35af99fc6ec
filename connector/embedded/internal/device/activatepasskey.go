package device

import (
	"errors"
	"fmt"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/account"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/fido2"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/store"
)

// activatePasskey verifies an attestation. It is good once, and for the challenge of this
// device only.
func (s *Devices) activatePasskey(c *rest.Call, a *account.Account, r *Record) (rest.Reply, error) {
	var b struct {
		Attestation *string `json:"attestation"`
		Origin      *string `json:"origin"`
	}
	if err := c.Decode(&b); err != nil {
		return rest.Reply{}, err
	}
	switch {
	case b.Attestation == nil:
		return rest.Reply{}, rest.Required("attestation")
	case b.Origin == nil:
		return rest.Reply{}, rest.Required("origin")
	}
	credential, err := s.attested(c, r, *b.Origin, *b.Attestation)
	if err != nil {
		return rest.Reply{}, s.unattested(c, a, r, err)
	}
	if r.Passkey.Owner, err = s.Credentials.claim(c, credential.ID, Owner{User: a.ID, Device: r.ID}); err != nil {
		return rest.Reply{}, err
	}
	c.Tx.Put(attestationKey(c.Env, a.ID, r.ID), []byte(*b.Attestation))
	r.Passkey.Challenge, r.Passkey.Options, r.Passkey.Credential = nil, "", credential
	return s.activated(c, a, r, func(hot *account.Device) {
		hot.Step, hot.BackedUp = int64(credential.SignCount), credential.BackedUp
	})
}

// attested judges an attestation by the FIDO2 policy that the registration began with.
func (s *Devices) attested(c *rest.Call, r *Record, origin, attestation string) (*passkey.Credential, error) {
	if !r.waits(c.Tx.Now()) {
		return nil, &passkey.Refusal{Step: "7.1.5", Reason: "the challenge is no longer valid"}
	}
	rules, err := fido2.Effective(c.Tx, c.Env, r.Passkey.Policy)
	if err != nil {
		return nil, err
	}
	return passkey.Register(passkey.Expect{
		Challenge: r.Passkey.Challenge, RPID: r.Passkey.RPID, Origins: s.Origins(r.Passkey.RPID), TopOrigins: s.TopOrigins,
		Rules: r.rules(c, rules), Now: c.Tx.Now(),
	}, origin, attestation)
}

// unattested gives the refusal of an attestation, which the audit keeps with its reason.
func (s *Devices) unattested(c *rest.Call, a *account.Account, r *Record, err error) error {
	refusal, event := Unproven("attestation", err)
	if refusal == nil {
		return err
	}
	event.Type, event.User, event.ResourceType, event.ResourceID = "DEVICE.ACTIVATION_FAILED", a.ID, "DEVICE", r.ID
	if err := c.Audit(event); err != nil {
		return err
	}
	return refusal.Keep()
}

// Unproven is PingOne's error for what a passkey answered, and the event that tells the
// truth of it: the step of WebAuthn at which it was refused. nil for an error that is no
// refusal.
func Unproven(target string, err error) (*rest.Problem, rest.Event) {
	var no *passkey.Refusal
	if !errors.As(err, &no) {
		return nil, rest.Event{}
	}
	return rest.Refuse(rest.InvalidData, rest.ConstraintViolation, target, "is refused: "+no.Reason).With("step", no.Step),
		rest.Event{Result: rest.Failed, Description: no.Error()}
}

// attestationKey is the record of what a passkey said when it was registered. It is kept
// as it came and only shown, so it stays out of the record that every sign-on reads.
func attestationKey(env, user, id string) store.Key { return store.K(env, "attestation", user, id) }

// forget deletes what hangs on a passkey, if the device is one.
func (p *Passkey) forget(c *rest.Call, user, id string) {
	if p == nil || p.Credential == nil {
		return
	}
	c.Tx.Delete(p.Owner)
	c.Tx.Delete(attestationKey(c.Env, user, id))
}

// withPasskey shows what only who reads devices sees of a passkey.
func withPasskey(c *rest.Call, d Device, r *Record) (Device, error) {
	if r.Passkey == nil {
		return d, nil
	}
	if d.Status == ActivationRequired {
		if r.waits(c.Tx.Now()) {
			d.CreationOptions = r.Passkey.Options
		}
		return d, nil
	}
	key := attestationKey(c.Env, d.User.ID, r.ID)
	recs, err := c.Tx.Get(key)
	if err != nil {
		return d, fmt.Errorf("read %s: %w", key, err)
	}
	d.RegistrationResponse = string(recs[0].Value)
	return d, nil
}
