package app

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"strings"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/pairing"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/policy"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/totp"
)

// request is the body of a pairing.
type request struct {
	Code        string        `json:"code"`
	Application *rest.Ref     `json:"application"`
	Device      device.Mobile `json:"device"`
}

// paired is its answer. The secret of the app's codes is in no other.
type paired struct {
	Device      rest.Ref   `json:"device"`
	User        rest.Ref   `json:"user"`
	Environment rest.Ref   `json:"environment"`
	Application named      `json:"application"`
	OTP         parameters `json:"otp"`
	ServerTime  rest.Time  `json:"serverTime"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// parameters are what an app needs to make codes (RFC 6238, SHA-1, six digits).
type parameters struct {
	Secret string `json:"secret"` // base32
	Digits int    `json:"digits"`
	Period int    `json:"period"` // seconds
}

// pair answers POST app/devices: a pairing key that can be claimed makes the phone that
// signs a device of the key's user, active at once.
func (s *Apps) pair(c *rest.Call) (rest.Reply, error) {
	key, p, err := introduced(c)
	if err != nil {
		return rest.Reply{}, refusal()
	}
	signer, err := thumbprint(key)
	if err != nil {
		return rest.Reply{}, refusal()
	}
	b, err := decodeRequest(c)
	if err != nil {
		return rest.Reply{}, err
	}
	cl, err := s.Keys.Find(c, b.Code, b.Application.ID, signer)
	if err != nil {
		return rest.Reply{}, err
	}
	if compromised(cl, b.Device) {
		return rest.Reply{}, cl.Fail(c, "DEVICE.PAIRING_FAILED_COMPROMISED",
			rest.Refuse(rest.RequestFailed, rest.ConstraintViolation, "device.deviceIntegrityState", "The integrity of the phone is not certain"))
	}
	r := newDevice(c, cl, b.Device)
	if err := device.Enrol(c, cl.Account, r); err != nil {
		if full, ok := rest.ProblemOf(err); ok {
			return rest.Reply{}, cl.Fail(c, "DEVICE.ACTIVATION_FAILED", full)
		}
		return rest.Reply{}, err
	}
	if err := cl.Done(c); err != nil {
		return rest.Reply{}, err
	}
	kept := &record{User: cl.Account.ID, Application: cl.Application.ID, Key: key, Seq: p.Seq}
	if err := kept.save(c, r.ID); err != nil {
		return rest.Reply{}, err
	}
	return rest.Created(paired{
		Device: rest.Ref{ID: r.ID}, User: rest.Ref{ID: cl.Account.ID}, Environment: rest.Ref{ID: c.Env},
		Application: named{cl.Application.ID, cl.Application.Name},
		OTP:         parameters{Secret: totp.Text(r.Secret), Digits: totp.Digits, Period: r.Period},
		ServerTime:  rest.Time{Time: c.Tx.Now()},
	})
}

// decodeRequest reads the body of a pairing. Codes and pushes are on unless the app says
// otherwise.
func decodeRequest(c *rest.Call) (request, error) {
	b := request{Device: device.Mobile{OTPEnabled: true, PushEnabled: true}}
	if err := c.Decode(&b); err != nil {
		return b, err
	}
	switch {
	case b.Code == "":
		return b, rest.Required("code")
	case b.Application == nil || b.Application.ID == "":
		return b, rest.Required("application.id")
	}
	b.Device.Logs = nil
	return b, b.Device.Check("device.", c.Tx.Now())
}

// compromised reports whether a phone may not be paired for the state that it is in, or,
// where policy and app want to know, does not tell.
func compromised(cl *pairing.Claim, m device.Mobile) bool {
	if !cl.Application.DetectsIntegrity(platform(m.OS.Type)) {
		return false
	}
	if m.Integrity == nil {
		return cl.Rules.Integrity == policy.Restrictive
	}
	return m.Integrity.Compromised == "TRUE"
}

func platform(os string) string {
	if strings.EqualFold(os, "iOS") {
		return "IOS"
	}
	return "GOOGLE"
}

func newDevice(c *rest.Call, cl *pairing.Claim, m device.Mobile) *device.Record {
	m.Application.ID, m.Application.Name = cl.Application.ID, cl.Application.Name
	period, grace := cl.Application.Passcodes()
	return &device.Record{ID: c.Tx.NewID(), Type: device.Phone, Policy: cl.Policy, Mobile: &m, Period: period, Grace: grace,
		Secret: c.Tx.Random(totp.SecretSize), Created: c.Tx.Now().UnixMilli()}
}

// thumbprint names a key (RFC 7638).
func thumbprint(key *jose.JSONWebKey) (string, error) {
	b, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("name a key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
