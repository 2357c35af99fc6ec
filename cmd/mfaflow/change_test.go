package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded/sim"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/engine/flowtest"
)

var allChanges = flag.Bool("changes", false, "make every change before every step of every scenario")

// adminChange is what an administrator does while somebody signs on.
type adminChange struct {
	name string
	do   func(a *admin)
	code string // of an execution that had proven something before
	ends bool   // what the user proves afterwards counts no more either
}

// admin acts on a world as an administrator does.
type admin struct {
	ctx   context.Context
	world *sim.World
	err   error
}

type body = map[string]any

// ask sends a request. What the service refuses cannot be done to this user or device, such
// as taking a password from who has none.
func (a *admin) ask(method, media string, content any, path ...string) body {
	q := pingone.Request{Method: method, Path: path, Body: content}
	if media != "" {
		q.MediaType = pingone.MediaType(media)
	}
	r, err := a.world.API().Do(a.ctx, q)
	if err != nil {
		a.err = fmt.Errorf("%s %v: %w", method, path, err)
		return nil
	}
	answer := body{}
	if len(r.Body) > 0 {
		if err := json.Unmarshal(r.Body, &answer); err != nil {
			a.err = fmt.Errorf("%s %v: %w", method, path, err)
		}
	}
	return answer
}

// users acts on every user.
func (a *admin) users(act func(id string)) {
	users, err := a.world.Users(a.ctx)
	if err != nil {
		a.err = err
	}
	for _, u := range users {
		act(u.(body)["id"].(string))
	}
}

// devices acts on every device of every user, but for remembered browsers.
func (a *admin) devices(act func(user, id string)) {
	a.users(func(user string) {
		list := a.ask(http.MethodGet, "", nil, "users", user, "devices")
		members, _ := list["_embedded"].(body)["devices"].([]any)
		for _, d := range members {
			if d := d.(body); d["type"] != "BROWSER" {
				act(user, d["id"].(string))
			}
		}
	})
}

func (a *admin) enable(on bool) {
	a.users(func(id string) { a.ask(http.MethodPut, "", body{"enabled": on}, "users", id, "enabled") })
}

// stamps are the states of the credentials of all users.
func (a *admin) stamps() map[string]string {
	list := map[string]string{}
	a.users(func(id string) {
		r, err := a.world.API().Do(a.ctx, pingone.Request{Method: http.MethodGet, Path: pingone.Path{"users", id}})
		if err != nil {
			a.err = err
		}
		list[id] = r.Header.Get(pingone.CredentialEpoch)
	})
	return list
}

// switchOff takes every method out of the default policy.
func (a *admin) switchOff() {
	off := body{"enabled": false}
	changes := body{}
	for _, name := range []string{"email", "sms", "voice", "whatsApp", "totp", "fido2", "mobile"} {
		changes[name] = off
	}
	if err := a.world.SetPolicy(a.ctx, changes); err != nil {
		a.err = err
	}
}

const (
	newPassword    = "quite another horse 7"
	devicesRemoved = "devices removed"
	devicesBlocked = "devices blocked"
	methodsOff     = "methods switched off"
	policyReplaced = "policy replaced"
)

var adminChanges = []adminChange{
	{"user deleted", func(a *admin) { a.users(func(id string) { a.ask(http.MethodDelete, "", nil, "users", id) }) },
		connector.CodeAccountNotUsable, true},
	{"user disabled", func(a *admin) { a.enable(false) }, connector.CodeAccountNotUsable, true},
	{"user disabled and enabled", func(a *admin) { a.enable(false); a.enable(true) }, connector.CodeCredentialsChanged, false},
	{"user locked", func(a *admin) {
		a.users(func(id string) { a.ask(http.MethodPost, "account.lock", nil, "users", id) })
	}, connector.CodeAccountNotUsable, true},
	{"password set", func(a *admin) {
		a.users(func(id string) {
			a.ask(http.MethodPut, "password.setValue", body{"value": newPassword}, "users", id, "password")
		})
	}, connector.CodeCredentialsChanged, false},
	{"password reset", func(a *admin) {
		a.users(func(id string) {
			a.ask(http.MethodPost, "password.reset", body{"newPassword": newPassword}, "users", id, "password")
		})
	}, connector.CodeCredentialsChanged, false},
	{"password to be changed", func(a *admin) {
		a.users(func(id string) { a.ask(http.MethodPost, "password.forceChange", nil, "users", id, "password") })
	}, connector.CodeCredentialsChanged, false},
	{"MFA off", func(a *admin) {
		a.users(func(id string) { a.ask(http.MethodPut, "", body{"mfaEnabled": false}, "users", id, "mfaEnabled") })
	}, connector.CodeCredentialsChanged, false},
	{devicesRemoved, func(a *admin) {
		a.devices(func(user, id string) { a.ask(http.MethodDelete, "", nil, "users", user, "devices", id) })
	}, "", false},
	{devicesBlocked, func(a *admin) {
		a.devices(func(user, id string) { a.ask(http.MethodPost, "device.block", nil, "users", user, "devices", id) })
	}, connector.CodeNoUsableDevices, false},
	{methodsOff, (*admin).switchOff, connector.CodeNoUsableDevices, false},
	{policyReplaced, func(a *admin) {
		list := a.ask(http.MethodGet, "", nil, "deviceAuthenticationPolicies")
		old := list["_embedded"].(body)["deviceAuthenticationPolicies"].([]any)[0].(body)["id"].(string)
		off := body{"enabled": false}
		a.ask(http.MethodPost, "", body{"name": "Other", "default": true, "sms": off, "voice": off, "email": off, "totp": off,
			"mobile": off}, "deviceAuthenticationPolicies")
		a.ask(http.MethodDelete, "", nil, "deviceAuthenticationPolicies", old)
	}, connector.CodeNoUsableDevices, false},
}

// TestNothingProvenOutlivesAChange walks every template along its successes and lets an
// administrator change the world before every step: the first success of each template with
// every change, the others with one change a step, in turn, or all of them with -changes.
func TestNothingProvenOutlivesAChange(t *testing.T) {
	t.Parallel()
	for _, suite := range templateSuites(t) {
		t.Run(suite.Flow(), func(t *testing.T) {
			t.Parallel()
			turn, first := 0, true
			for _, scenario := range suite.Tests() {
				if !succeeds(t, suite, scenario) {
					continue
				}
				all := first || *allChanges
				first = false
				t.Run(scenario.Name, func(t *testing.T) {
					for _, at := range scenario.Moments() {
						for i, c := range adminChanges {
							if all || i == turn%len(adminChanges) {
								checkChange(t, suite, scenario, at, c)
							}
						}
						turn++
					}
				})
			}
			if first && suite.Flow() != "device-registration" { // which authenticates nobody
				t.Error("no scenario authenticates anybody")
			}
		})
	}
}

// succeeds reports whether a scenario ends with somebody authenticated.
func succeeds(t *testing.T, suite *flowtest.Suite, scenario *flowtest.Test) bool {
	t.Helper()
	moments := scenario.Moments()
	got, err := suite.RunChanging(t.Context(), scenario, moments[len(moments)-1], func(context.Context, flowtest.World) error { return nil })
	return err == nil && got.After.Result != nil
}

// checkChange makes one change and demands that no proof made before outlives it.
func checkChange(t *testing.T, suite *flowtest.Suite, scenario *flowtest.Test, at int, change adminChange) {
	t.Helper()
	var before, after map[string]string
	got, err := suite.RunChanging(t.Context(), scenario, at, func(ctx context.Context, w flowtest.World) error {
		a := &admin{ctx: ctx, world: w.(*sim.World)}
		before = a.stamps()
		change.do(a)
		after = a.stamps()
		return a.err
	})
	if err != nil {
		t.Errorf("%s before step %d: %v", change.name, at, err)
		return
	}
	e := got.After
	if got.Before.Status != engine.Waiting {
		return
	}
	proven := got.Proven && got.Before.ID == e.ID // else the person began anew
	if e.Result != nil && !mayStand(e.Result, change, proven, before[e.Result.UserID] != after[e.Result.UserID]) {
		t.Errorf("%s before step %d: %s with %+v, want no result", change.name, at, e.Status, e.Result)
	}
	if proven && e.Status == engine.Failed && change.code == connector.CodeAccountNotUsable && e.Error.Code != change.code {
		t.Errorf("%s before step %d: FAILED with %s, want %s", change.name, at, e.Error.Code, change.code)
	}
}

// mayStand says where a change cannot matter to a result, and why.
func mayStand(r *engine.Result, change adminChange, proven, changed bool) bool {
	onlyPassword := slices.Equal(r.AMR, []string{"pwd"})
	switch change.name {
	case devicesBlocked:
		// Nothing rests on a device: only a password was proven, or the proof came after the
		// change, by a device that was not blocked (a new one, an address used once).
		return !proven || onlyPassword
	case methodsOff, policyReplaced:
		return onlyPassword // which is no method of the policy
	}
	// The change changed nothing of this user's credentials: the user was not there yet, had
	// no password to change, MFA off before, no active device. Or nothing had been proven
	// when they changed, and the proof was made with the new ones.
	return !changed || !proven && !change.ends
}
