package capabilities

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// tenant is a PingOne tenant: it answers what it is told to, and tells no epoch.
type tenant map[string]obj // by path; no entry is 404, an entry with "status" 403 is that

func (t tenant) Do(_ context.Context, q pingone.Request) (pingone.Response, error) {
	content, ok := t[strings.Join(q.Path, "/")]
	status := http.StatusOK
	switch {
	case !ok:
		status, content = http.StatusNotFound, obj{"code": "NOT_FOUND", "message": "none"}
	case content["code"] != nil:
		status = http.StatusForbidden
	}
	b, err := json.Marshal(content)
	return pingone.Response{Status: status, Header: http.Header{}, Body: b}, err
}

// Every capability that authenticates can judge what it proved again.
func TestEveryProofCanBeConfirmed(t *testing.T) {
	t.Parallel()
	for _, e := range newRegistry(t, Deps{MFA: tenant{}}).All() {
		if has := e.Capability.Confirm != nil; has != e.Spec.Authenticates {
			t.Errorf("%s: Confirm is there: %t, x-authenticates: %t", e.ID, has, e.Spec.Authenticates)
		}
	}
}

// A proof counts no more once a tenant says that what it rests on has changed.
func TestATenantsProofIsConfirmed(t *testing.T) {
	t.Parallel()
	ask := func() obj { return obj{"enabled": true, "account": obj{"status": "OK"}} }
	user := func(change obj) tenant {
		u := ask()
		for k, v := range change {
			u[k] = v
		}
		return tenant{
			"users/u":                        u,
			"users/u/password":               {"status": "OK", "lastChangedAt": "2026-03-01T10:00:00Z"},
			"users/u/devices/d":              {"id": "d", "status": "ACTIVE", "block": obj{"status": "UNBLOCKED"}},
			"deviceAuthenticationPolicies/p": {"id": "p", "email": obj{"enabled": true}, "fido2": obj{"enabled": true}},
		}
	}
	with := func(path string, content obj) tenant {
		w := user(nil)
		w[path] = content
		return w
	}
	without := func(path string) tenant {
		w := user(nil)
		delete(w, path)
		return w
	}
	policy := func(p obj) tenant { return with("deviceAuthenticationPolicies/p", p) }
	deviceIs := func(d obj) tenant { return with("users/u/devices/d", d) }
	state := func(status, changed string) tenant {
		return with("users/u/password", obj{"status": status, "lastChangedAt": changed})
	}
	locked := func(member string) tenant {
		return user(obj{"account": obj{"status": "LOCKED", member: "2026-03-01T11:00:00Z"}})
	}
	password := connector.Proof{UserID: "u", Epoch: "2026-03-01T10:00:00Z"}
	device := connector.Proof{UserID: "u", Device: "d", DeviceType: "EMAIL", Policy: "p"}
	key := connector.Proof{UserID: "u", Device: "d", DeviceType: "SECURITY_KEY", Policy: "p"}
	once := connector.Proof{UserID: "u", DeviceType: "EMAIL", Policy: "p"}
	for name, c := range map[string]struct {
		tenant tenant
		proof  connector.Proof
		code   string
	}{
		"password":                       {user(nil), password, ""},
		"device":                         {user(nil), device, ""},
		"security key":                   {user(nil), key, ""},
		"one-time device":                {user(nil), once, ""},
		"user gone":                      {without("users/u"), password, "ACCOUNT_NOT_USABLE"},
		"user gone, device":              {without("users/u"), device, "ACCOUNT_NOT_USABLE"},
		"disabled":                       {user(obj{"enabled": false}), password, "ACCOUNT_NOT_USABLE"},
		"disabled, device":               {user(obj{"enabled": false}), device, "ACCOUNT_NOT_USABLE"},
		"locked by an administrator":     {locked("lockedAt"), password, "ACCOUNT_NOT_USABLE"},
		"locked out by wrong passwords":  {locked("unlockAt"), password, ""},
		"password changed":               {state("OK", "2026-03-01T11:00:00Z"), password, "CREDENTIALS_CHANGED"},
		"password must be changed":       {state("MUST_CHANGE_PASSWORD", "2026-03-01T10:00:00Z"), password, "CREDENTIALS_CHANGED"},
		"password taken away":            {with("users/u/password", obj{"status": "NO_PASSWORD"}), password, "CREDENTIALS_CHANGED"},
		"device gone":                    {without("users/u/devices/d"), device, "NO_USABLE_DEVICES"},
		"device blocked":                 {deviceIs(obj{"status": "ACTIVE", "block": obj{"status": "BLOCKED"}}), device, "NO_USABLE_DEVICES"},
		"device to be activated":         {deviceIs(obj{"status": "ACTIVATION_REQUIRED"}), device, "NO_USABLE_DEVICES"},
		"method off":                     {policy(obj{"email": obj{"enabled": false}}), device, "NO_USABLE_DEVICES"},
		"method off, one-time device":    {policy(obj{"email": obj{"enabled": false}}), once, "NO_USABLE_DEVICES"},
		"method not in the policy":       {policy(obj{"email": obj{"enabled": true}}), key, "NO_USABLE_DEVICES"},
		"policy gone":                    {without("deviceAuthenticationPolicies/p"), device, "NO_USABLE_DEVICES"},
		"policy that may not be read":    {policy(obj{"code": "ACCESS_FAILED"}), device, ""},
		"user that may not be read":      {with("users/u", obj{"code": "ACCESS_FAILED"}), device, "ACCESS_FAILED"},
		"policy that lets locked users":  {setPolicyMember(locked("lockedAt"), "ignoreUserLock", true), device, ""},
		"policy that lets disabled ones": {setPolicyMember(user(obj{"enabled": false}), "blockDisabledUsers", false), device, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := "mfa/device-passcode"
			if c.proof.DeviceType == "" {
				id = "user/check-password"
			}
			e, _ := newRegistry(t, Deps{MFA: c.tenant}).Lookup(id)
			got := ""
			if fail := e.Confirm(t.Context(), c.proof); fail != nil {
				got = fail.Code
			}
			if got != c.code {
				t.Errorf("got %q, want %q", got, c.code)
			}
		})
	}
}

// setPolicyMember sets a member of a tenant's policy.
func setPolicyMember(t tenant, member string, value bool) tenant {
	t["deviceAuthenticationPolicies/p"][member] = value
	return t
}

// A password that the flow itself sets renews what was proven before, on a tenant too.
func TestSetPasswordRenewsOnATenant(t *testing.T) {
	t.Parallel()
	e, _ := newRegistry(t, Deps{MFA: tenant{"users/u/password": {"status": "OK", "lastChangedAt": "2026-03-01T11:00:00Z"}},
		Now: time.Now}).Lookup("user/set-password")
	done, ok := e.Run(t.Context(), connector.Call{Input: obj{"userId": "u", "password": "another horse 7"}}).(connector.Complete)
	if want := (connector.Renewal{UserID: "u", Epoch: "2026-03-01T11:00:00Z"}); !ok || done.Renewal == nil || *done.Renewal != want {
		t.Errorf("renewal %+v, want %+v", done.Renewal, want)
	}
}
