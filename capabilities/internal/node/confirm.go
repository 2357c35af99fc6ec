package node

import (
	"context"
	"net/http"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// What a proof rests on is read again when it is used: the user, the device, the policy's
// rule for the method, and the state of the user's credentials. The embedded service tells
// that state in a header of its own (pingone.CredentialEpoch). A PingOne tenant does not:
// there only a password has a state, which is when it was changed last and whether it must
// be changed, and a device answers for itself.

// ConfirmPassword judges the proof of a password again.
func ConfirmPassword(ctx context.Context, c Client, p connector.Proof) *connector.Fail {
	user, fail := c.confirmUser(ctx, p, nil)
	if fail != nil || user.epoch != "" || p.Epoch == "" {
		return fail
	}
	state, fail := c.Ask(ctx, pingone.Request{Method: http.MethodGet, Path: User(p.UserID, "password")})
	if fail != nil {
		return fail
	}
	return sameEpoch(p, state.passwordEpoch())
}

// ConfirmDevice judges the proof of a device again. It asks for the device before it
// compares credentials, so that the code names what changed.
func ConfirmDevice(ctx context.Context, c Client, p connector.Proof) *connector.Fail {
	policy, fail := c.policyOf(ctx, p)
	if fail != nil {
		return fail
	}
	device := func() *connector.Fail { return c.confirmDevice(ctx, p, policy) }
	_, fail = c.confirmUser(ctx, p, policy, device)
	return fail
}

// confirmUser reads the user of a proof: still there, usable by the policy, and with the
// credentials of the proof. What more must hold is asked before those are compared.
func (c Client) confirmUser(ctx context.Context, p connector.Proof, policy map[string]any, more ...func() *connector.Fail) (Answer, *connector.Fail) {
	user, fail := c.Ask(ctx, pingone.Request{Method: http.MethodGet, Path: User(p.UserID)})
	switch {
	case isGone(fail):
		return user, &connector.Fail{Code: connector.CodeAccountNotUsable, Message: "the user is gone"}
	case fail != nil:
		return user, fail
	case !isUsable(user.Body, policy):
		return user, &connector.Fail{Code: connector.CodeAccountNotUsable, Message: "the user is disabled or locked"}
	}
	for _, confirm := range more {
		if fail := confirm(); fail != nil {
			return user, fail
		}
	}
	if user.epoch == "" {
		return user, nil
	}
	return user, sameEpoch(p, user.epoch)
}

// isUsable reports whether a user may authenticate. A lock that ends by itself is that of
// wrong passwords: it keeps passwords from being tried, and strangers cause it, so it says
// nothing of what was proven before. A policy may let disabled or locked users use devices.
func isUsable(user, policy map[string]any) bool {
	account, _ := user["account"].(map[string]any)
	_, ends := account["unlockAt"]
	locked := account["status"] == "LOCKED" && !ends && policy["ignoreUserLock"] != true
	disabled := user["enabled"] == false && policy["blockDisabledUsers"] != false
	return !locked && !disabled
}

// confirmDevice reads the device of a proof: still the user's, active, not blocked, and of a
// type that the policy allows.
func (c Client) confirmDevice(ctx context.Context, p connector.Proof, policy map[string]any) *connector.Fail {
	gone := &connector.Fail{Code: connector.CodeNoUsableDevices, Message: "the device is gone, blocked, or not allowed"}
	if !allowsType(policy, p.DeviceType) {
		return gone
	}
	if p.Device == "" {
		return nil
	}
	device, fail := c.Ask(ctx, pingone.Request{Method: http.MethodGet, Path: User(p.UserID, "devices", p.Device)})
	if isGone(fail) {
		return gone
	}
	if fail != nil {
		return fail
	}
	block, _ := device.Body["block"].(map[string]any)
	if device.Body["status"] != "ACTIVE" || block["status"] == "BLOCKED" {
		return gone
	}
	return nil
}

// policyOf reads the policy of a proof. One that is gone allows nothing; one that the worker
// may not read is not judged.
func (c Client) policyOf(ctx context.Context, p connector.Proof) (map[string]any, *connector.Fail) {
	policy, fail := c.Policy(ctx, p.Policy)
	switch {
	case fail == nil:
		return policy.Body, nil
	case isGone(fail):
		return map[string]any{}, nil
	case fail.Details["status"] == float64(http.StatusForbidden):
		return nil, nil
	}
	return nil, fail
}

// allowsType reports whether a policy lets a type of device authenticate; nil allows all.
// Security keys and platform authenticators are FIDO2 devices by an older name.
func allowsType(policy map[string]any, deviceType string) bool {
	known := false
	for _, m := range methodTypes {
		older := m[1] == "FIDO2" && (deviceType == "SECURITY_KEY" || deviceType == "PLATFORM")
		if m[1] != deviceType && !older {
			continue
		}
		known = true
		if method, _ := policy[m[0]].(map[string]any); method["enabled"] == true {
			return true
		}
	}
	return policy == nil || !known
}

func isGone(fail *connector.Fail) bool {
	return fail != nil && (fail.Details["status"] == float64(http.StatusNotFound) || fail.Code == codeNotFound)
}

// sameEpoch refuses a proof that was made under other credentials than those of now.
func sameEpoch(p connector.Proof, now string) *connector.Fail {
	if p.Epoch == now || p.Epoch == "" && now == pingone.FirstCredentialEpoch(p.UserID) {
		return nil
	}
	return &connector.Fail{Code: connector.CodeCredentialsChanged, Message: "the user's credentials have changed since"}
}

// passwordEpoch is the state of a user's credentials as the state of a password tells it.
func (a Answer) passwordEpoch() string {
	if a.epoch != "" {
		return a.epoch
	}
	changed, _ := a.Body["lastChangedAt"].(string)
	if a.Body["status"] == "MUST_CHANGE_PASSWORD" {
		changed += " must change"
	}
	return changed
}

// TellRenewal tells that the capability changed the credentials of a user, if the answer says
// so, and which device it removed.
func TellRenewal(userID, device string) Shape {
	return func(a Answer, done *connector.Complete) {
		if epoch := a.passwordEpoch(); epoch != "" {
			done.Renewal = &connector.Renewal{UserID: userID, Epoch: epoch, Device: device}
		}
	}
}
