package embedded_test

import (
	"bytes"
	"encoding/json"
	"sort"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The documents' own answer to Initialize Device Authentication, member by member. Ids,
// hosts and times are ours; everything else must be equal, and in this order.
func TestInitializeAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("joe")
	device := w.email(user, "joe.smith@pingidentity.com")
	r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
	id := r.text("id")
	href := base + "/" + envID + "/deviceAuthentications/" + id
	link := obj{"href": href}
	want := obj{
		"_links": obj{"self": link, "device.select": link, "otp.check": link},
		"_embedded": obj{"devices": []any{
			obj{"id": device, "type": "EMAIL", "status": "ACTIVE", "email": "j****@pingidentity.com"},
		}},
		"id":             id,
		"environment":    obj{"id": envID},
		"status":         "OTP_REQUIRED",
		"policy":         obj{"id": r.text("policy.id")},
		"selectedDevice": obj{"id": device},
		"user":           obj{"id": user},
		"createdAt":      "2026-11-22T09:00:00.123Z",
		"updatedAt":      "2026-11-22T09:00:00.123Z",
	}
	if d := cmp.Diff(want, r.Body); d != "" {
		t.Error(d)
	}
	order := []string{"_links", "_embedded", "id", "environment", "status", "policy", "selectedDevice", "user", "createdAt", "updatedAt"}
	if d := cmp.Diff(order, members(t, r.Raw)); d != "" {
		t.Errorf("order of members: %s", d)
	}
	if p := w.api("GET", "deviceAuthenticationPolicies/"+r.text("policy.id"), nil).want(200, ""); p.at("default") != true {
		t.Errorf("the policy that was echoed is not the default: %s", p.Raw)
	}
}

// members lists the members of an object in their order.
func members(t *testing.T, raw []byte) []string {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	at := map[string]int64{}
	for depth := 0; ; {
		tok, err := d.Token()
		if err != nil {
			break
		}
		switch x := tok.(type) {
		case json.Delim:
			if x == '{' || x == '[' {
				depth++
			} else {
				depth--
			}
		case string:
			if _, ok := m[x]; ok && depth == 1 {
				if _, seen := at[x]; !seen {
					at[x] = d.InputOffset()
				}
			}
		}
	}
	var out []string
	for k := range at {
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool { return at[out[i]] < at[out[j]] })
	return out
}

// The documents' Read All MFA User Devices, for those of its devices that have no test of their own: an
// active SMS device and a TOTP one that waits for its activation, of which the list shows
// no secret. Members are equal, and in this order.
func TestReadAllDevicesAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("joe")
	active := w.api("POST", "users/"+user+"/devices", obj{"type": "SMS", "phone": "+972.547339044"}).want(201, "").text("id")
	w.clock.Move(time.Minute)
	waiting := w.api("POST", "users/"+user+"/devices", obj{"type": "TOTP"}).want(201, "").text("id")
	env := base + "/v1/environments/" + envID
	all := obj{"href": env + "/users/" + user + "/devices"}
	device := func(id, kind, status, at string) obj {
		self := obj{"href": env + "/users/" + user + "/devices/" + id}
		d := obj{
			"_links":      obj{"self": self, "environment": obj{"href": env}, "user": obj{"href": env + "/users/" + user}},
			"id":          id,
			"environment": obj{"id": envID},
			"user":        obj{"id": user},
			"type":        kind,
			"lock":        obj{"status": "UNLOCKED"},
			"block":       obj{"status": "UNBLOCKED"},
			"status":      status,
			"createdAt":   at,
			"updatedAt":   at,
		}
		if status != "ACTIVE" {
			d["_links"].(obj)["device.activate"] = self
		}
		return d
	}
	sms := device(active, "SMS", "ACTIVE", "2026-11-22T09:00:00.123Z")
	sms["phone"] = "+972.547339044"
	totp := device(waiting, "TOTP", "ACTIVATION_REQUIRED", "2026-11-22T09:01:00.123Z")
	want := obj{
		"_links":    obj{"self": all, "devices.reorder": all},
		"_embedded": obj{"devices": []any{sms, totp}},
		"count":     2.0, "size": 2.0,
	}
	got := w.api("GET", "users/"+user+"/devices", nil).want(200, "")
	if d := cmp.Diff(want, got.Body); d != "" {
		t.Error(d)
	}
	order := []string{"_links", "id", "environment", "user", "type", "lock", "block", "status", "createdAt", "updatedAt", "phone"}
	if d := cmp.Diff(order, members(t, w.api("GET", "users/"+user+"/devices/"+active, nil).Raw)); d != "" {
		t.Errorf("order of members: %s", d)
	}
	want["_embedded"].(obj)["order"] = refs(active)
	if d := cmp.Diff(want, w.api("GET", "users/"+user+"/devices?expand=order", nil).want(200, "").Body); d != "" {
		t.Error(d)
	}
	for filter, id := range map[string]string{`type eq "SMS" and status eq "ACTIVE"`: active, `status eq "ACTIVATION_REQUIRED" and type eq "TOTP"`: waiting} {
		r := w.api("GET", "users/"+user+"/devices?filter="+escape(filter), nil).want(200, "")
		if r.text("_embedded.devices.0.id") != id || r.at("count") != 1.0 {
			t.Errorf("%s: %s", filter, r.Raw)
		}
	}
}

// The documents' Device failure in flows: the error of a FAILED resource.
func TestNoUsableDeviceAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withP0)
	user, device := w.ben()
	da := w.begin(user).text("id")
	code := w.mail("ben@example.com").Code
	for range 3 {
		w.check(da, wrong(code))
	}
	r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
	want := obj{
		"code":               "NO_USABLE_DEVICES",
		"message":            "Couldn't find authenticating device for user: " + user,
		"unavailableDevices": []any{obj{"id": device}},
	}
	if d := cmp.Diff(any(want), r.at("error")); d != "" || r.text("status") != "FAILED" {
		t.Errorf("status %s, error %s", r.text("status"), d)
	}
	if links, _ := r.at("_links").(obj); len(links) != 1 {
		t.Errorf("links of a FAILED resource: %v", links)
	}
	lock := w.api("GET", "users/"+user+"/devices/"+device, nil).at("lock")
	if d := cmp.Diff(any(obj{"status": "LOCKED", "reason": "OTP", "expiresAt": "2026-11-22T09:02:00.123Z"}), lock); d != "" {
		t.Error(d)
	}
	w.clock.Move(2 * time.Minute)
	w.begin(user)
}
