package authn

import (
	"github.com/mfaflow/mfaflow/connector/embedded/internal/device"
	"github.com/mfaflow/mfaflow/connector/embedded/internal/rest"
)

// findChange tells why a deviceAuthentication that was COMPLETED proves nothing any more:
// its user may not authenticate, its device is gone, blocked or no longer allowed, or the
// user's credentials have changed since. It is nil while the proof stands. A cool-down does
// not count: strangers cause it, and it says nothing of the code that was right.
func (s *Authentications) findChange(c *rest.Call, x *session) *failure {
	switch {
	case x.account == nil || x.policy.Admits(x.account, c.Tx.Now()) != nil:
		return &failure{Code: rest.AccountNotUsable, Message: "The account cannot authenticate any more"}
	case !s.standsBehind(x):
		return &failure{Code: "NO_USABLE_DEVICES", Message: "The device is gone, blocked, or not allowed any more"}
	case x.Epoch != x.account.Epoch:
		return &failure{Code: rest.CredentialsChanged, Message: "The user's credentials have changed since"}
	}
	return nil
}

// standsBehind reports whether the device that proved a COMPLETED authentication is the
// user's and may still be used.
func (s *Authentications) standsBehind(x *session) bool {
	if x.Once != nil {
		k, _ := device.KindOf(x.Once.Type)
		use, _ := x.policy.Enabled(k.Type)
		return use
	}
	d := x.device(x.Device)
	return d != nil && !x.account.Device(d.ID).Blocked() && s.served(x, d)
}

// revoke makes a COMPLETED authentication FAILED for whoever looks now. The record stays
// as it was: reading changes nothing.
func (x *session) revoke(why *failure) {
	if why != nil {
		x.Status, x.AMR, x.Error = Failed, nil, why
	}
}
