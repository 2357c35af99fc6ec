package embedded_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded/phone"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

func startOf(user string) pingone.Request {
	return request(pingone.HostAuth, "POST", "deviceAuthentications", obj{"user": obj{"id": user}})
}

// A-51, T4.16: three pushes of P0 that nobody approves lock pushes for half an hour. No
// fourth is sent by any path; the app's code and other devices still work.
func TestA51PushFatigue(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, p := w.dan()
		email := w.email(user, "dan@example.com")
		w.ignore(user)
		da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
		w.must(p.Deny(t.Context(), w.only(p).ID))
		w.read(da).in("FAILED")
		if len(w.waiting(p)) != 0 || len(w.sentPushes()) != 2 {
			t.Fatal("a push was sent after a denial")
		}
		if s := w.lockOf(user, p.Device()).text("lock.status"); s != "UNLOCKED" {
			t.Fatalf("lock %s after two", s)
		}
		w.ignore(user)
		r := w.lockOf(user, p.Device())
		if r.text("lock.status") != "LOCKED" || r.text("lock.reason") != "PUSH" || r.text("lock.expiresAt") == "" {
			t.Fatalf("%s", r.Raw)
		}
		da = w.start(user, "OTP_REQUIRED").text("id")
		entry := w.read(da)
		if entry.text("_embedded.devices.0.lock.reason") != "PUSH" || entry.text("_embedded.devices.0.pushStatus.reason") != "PUSH_LOCKED" {
			t.Errorf("%s", entry.Raw)
		}
		w.choose(da, p.Device()).want(200, "").in("OTP_REQUIRED")
		w.choose(da, email).want(200, "").in("OTP_REQUIRED")
		w.choose(da, p.Device()).want(200, "").in("OTP_REQUIRED")
		w.check(da, p.Code()).want(200, "").in("COMPLETED")
		w.start(user, "OTP_REQUIRED", obj{"selectedDevice": obj{"id": p.Device()}})
		if n := len(w.sentPushes()); n != 3 {
			t.Fatalf("%d pushes were sent, want 3", n)
		}
		w.clock.Move(29*time.Minute - time.Second)
		w.start(user, "OTP_REQUIRED")
		w.clock.Move(2 * time.Minute)
		w.start(user, "PUSH_CONFIRMATION_REQUIRED")
		w.api("POST device.unlock", "users/"+user+"/devices/"+p.Device(), nil).want(200, "")
	}, withPush(p0Push))
}

// what counts are the pushes of the period before, wherever it begins. An approval
// and an administrator's unlock start anew.
func TestA51PushWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(p0Push))
	user, p := w.dan()
	unlock := func() { w.api("POST device.unlock", "users/"+user+"/devices/"+p.Device(), nil).want(200, "") }
	w.ignore(user) // 0:00
	w.clock.Move(27 * time.Minute)
	w.ignore(user) // 0:28
	w.clock.Move(2 * time.Minute)
	w.ignore(user) // 0:31, the first is out of the period
	if s := w.lockOf(user, p.Device()).text("lock.status"); s != "UNLOCKED" {
		t.Fatalf("lock %s, two are in the period", s)
	}
	w.ignore(user) // 0:32
	if s := w.lockOf(user, p.Device()).text("lock.reason"); s != "PUSH" {
		t.Fatal("three in the period do not lock")
	}
	unlock()
	w.ignore(user)
	w.ignore(user)
	da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
	w.must(p.Approve(t.Context(), w.only(p).ID))
	w.read(da).in("COMPLETED")
	w.ignore(user)
	w.ignore(user)
	w.start(user, "PUSH_CONFIRMATION_REQUIRED")
	w.clock.Move(time.Minute)
	// Nobody has looked whether the third was answered.
	w.start(user, "OTP_REQUIRED")
	if s := w.lockOf(user, p.Device()).text("lock.reason"); s != "PUSH" {
		t.Fatal("a fourth start does not lock")
	}
	unlock()
	w.start(user, "PUSH_CONFIRMATION_REQUIRED")
}

// a hundred starts at once send as many pushes as the limit says, and no more; then
// what waits can be approved no more.
func TestA51ParallelStarts(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, p := w.dan()
		got := w.volley(100, func(int) pingone.Request { return startOf(user) })
		for range 6 { // those that the store has turned away come again
			got[""] += w.volley(5, func(int) pingone.Request { return startOf(user) })[""]
		}
		if n := len(w.sentPushes()); n != 5 {
			t.Errorf("%d pushes were sent, want 5 (%v)", n, got)
		}
		if r := w.lockOf(user, p.Device()); r.text("lock.reason") != "PUSH" {
			t.Errorf("%s", r.Raw)
		}
		if n := len(w.waiting(p)); n != 0 {
			t.Errorf("%d pushes wait on a locked device", n)
		}
	}, withPush(pushRules))
}

// an authentication of long ago whose push nobody looked after does not start the
// count anew: the lock that its end brings is that of the pushes sent since.
func TestA51OldPush(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, p := w.dan()
		old := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
		w.clock.Move(45 * time.Minute)
		for range 5 {
			w.start(user, "PUSH_CONFIRMATION_REQUIRED")
		}
		w.read(old).in("PUSH_CONFIRMATION_TIMED_OUT")
		if r := w.lockOf(user, p.Device()); r.text("lock.reason") != "PUSH" || r.text("lock.expiresAt") != "2026-11-22T10:15:00.123Z" {
			t.Errorf("%s", r.Raw)
		}
		w.start(user, "OTP_REQUIRED")
		if n := len(w.sentPushes()); n != 5 { // the old one was worthless before it could be delivered
			t.Errorf("%d pushes were sent, want 5", n)
		}
	}, withPush(pushRules))
}

// where the app has no codes, a device whose pushes are locked is not usable, and
// says so.
func TestA51NoOtherWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushOnly+`,"pushLimit":{"count":1}`))
	user, p := w.dan()
	da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
	w.choose(da, p.Device()).want(400, "LIMIT_EXCEEDED")
	if r := w.lockOf(user, p.Device()); r.text("lock.reason") != "PUSH" {
		t.Errorf("%s", r.Raw)
	}
	r := w.start(user, "FAILED")
	if r.text("error.code") != "NO_USABLE_DEVICES" || r.text("error.unavailableDevices.0.id") != p.Device() {
		t.Errorf("%s", r.Raw)
	}
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"id": p.Device()}}).want(400, "LIMIT_EXCEEDED")
	if n := len(w.sentPushes()); n != 1 {
		t.Errorf("%d pushes were sent, want 1", n)
	}
}

// The resends of one authentication are limited, whatever the push limit.
func TestPushResends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules+`,"pushLimit":{"count":50}`))
	user, p := w.dan()
	da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
	for range 3 {
		w.choose(da, p.Device()).want(200, "").in("PUSH_CONFIRMATION_REQUIRED")
	}
	w.choose(da, p.Device()).want(400, "LIMIT_EXCEEDED")
	if n := len(w.waiting(p)); n != 1 {
		t.Errorf("%d pushes of one authentication wait", n)
	}
}

// What is kept of the pushes of a device does not grow with those that nobody looked after.
func TestIgnoredPushesAreForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules+`,"pushLimit":{"count":50}`))
	user, p := w.dan()
	for range 30 {
		w.start(user, "PUSH_CONFIRMATION_REQUIRED")
		w.clock.Move(time.Minute)
	}
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/push/"+user)) {
		if err != nil || len(rec.Value) > 512 || !strings.HasSuffix(string(rec.Key), p.Device()) {
			t.Errorf("%s: %d bytes, %v", rec.Key, len(rec.Value), err)
		}
	}
}

// of two that wait only the named one is approved, by the device that was asked, and
// with what is its own.
func TestA52OnlyTheNamedPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(numberRules))
	user, p := w.dan()
	second, stranger := w.phone(), w.phone()
	w.claim(user, second)
	w.claim(w.user("mal"), stranger)
	one := w.start(user, "PUSH_CONFIRMATION_REQUIRED")
	two := w.start(user, "PUSH_CONFIRMATION_REQUIRED")
	list := w.waiting(p)
	if len(list) != 2 {
		t.Fatalf("%d pushes wait", len(list))
	}
	number := int(two.at("numberMatching.number").(float64))
	for _, other := range []*phone.Phone{second, stranger} {
		if n := len(w.waiting(other)); n != 0 {
			t.Errorf("%d pushes wait on another phone", n)
		}
		for _, push := range list {
			w.refusedAs(other.Approve(t.Context(), push.ID, number), 404, "NOT_FOUND")
			w.refusedAs(other.Deny(t.Context(), push.ID), 404, "NOT_FOUND")
		}
	}
	for _, id := range []string{one.text("id"), "nothing", "..", p.Device()} {
		w.refusedAs(p.Approve(t.Context(), id, number), 404, "NOT_FOUND")
	}
	w.must(p.Approve(t.Context(), list[1].ID, number))
	w.read(one.text("id")).in("PUSH_CONFIRMATION_REQUIRED")
	w.read(two.text("id")).in("COMPLETED")
	if len(w.waiting(p)) != 1 {
		t.Error("the other push is gone")
	}
}

// many answers at once are one verdict.
func TestA52OneVerdict(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, p := w.dan()
		saved, err := p.State()
		w.must(err)
		da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
		push := w.only(p)
		var all sync.WaitGroup
		var mu sync.Mutex
		taken := map[string]int{}
		for i := range 20 {
			all.Go(func() {
				// Each is ahead of the other, so that none is refused for its number alone.
				twin, err := phone.Restore(saved, phone.Options{Handler: w.svc, Now: func() time.Time {
					return w.clock.Now().Add(time.Duration(i+1) * time.Second)
				}})
				if err != nil {
					t.Error(err)
					return
				}
				what, answer := "approved", func() error { return twin.Approve(t.Context(), push.ID) }
				if i%2 == 0 {
					what, answer = "denied", func() error { return twin.Deny(t.Context(), push.ID) }
				}
				if answer() == nil {
					mu.Lock()
					taken[what]++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		verdict := map[string]string{"approved": "COMPLETED", "denied": "FAILED"}
		if len(taken) != 1 || taken[slices.Collect(maps.Keys(taken))[0]] != 1 {
			t.Fatalf("verdicts %v, want one", taken)
		}
		w.read(da).in(verdict[slices.Collect(maps.Keys(taken))[0]])
	}, withPush(pushRules))
}

// what was asked before is not approved after a lock, a block, a disabling, or
// a change of the policy. A denial is always taken.
func TestA10PushAfterLock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		code   string
		change func(w *world, user string, p *phone.Phone)
	}{
		"user disabled": {400, "ACCOUNT_NOT_USABLE", func(w *world, user string, _ *phone.Phone) {
			w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
		}},
		"user locked": {400, "PASSWORD_LOCKED_OUT", func(w *world, user string, _ *phone.Phone) {
			w.api("POST account.lock", "users/"+user, nil).want(200, "")
		}},
		"device blocked": {400, "CONSTRAINT_VIOLATION", func(w *world, user string, p *phone.Phone) {
			w.api("POST device.block", "users/"+user+"/devices/"+p.Device(), nil).want(200, "")
		}},
		"device locked": {400, "CONSTRAINT_VIOLATION", func(w *world, user string, p *phone.Phone) {
			da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
			for range 3 {
				w.check(da, wrong(p.Code()))
			}
		}},
		"pushes off on the phone": {400, "CONSTRAINT_VIOLATION", func(w *world, _ string, p *phone.Phone) {
			w.must(p.Update(t.Context(), obj{"pushEnabled": false}))
		}},
		"pushes off in the policy": {400, "CONSTRAINT_VIOLATION", func(w *world, _ string, p *phone.Phone) {
			list := w.api("GET", "deviceAuthenticationPolicies", nil)
			id := list.text("_embedded.deviceAuthenticationPolicies.0.id")
			w.api("PUT", "deviceAuthenticationPolicies/"+id, json.RawMessage(policyWithApp(p.Application(), `"push":{"enabled":false}`))).want(200, "")
		}},
		"app off": {400, "CONSTRAINT_VIOLATION", func(w *world, _ string, p *phone.Phone) {
			w.api("PUT", "applications/"+p.Application(), obj{"name": "mfaflow", "enabled": false, "type": "NATIVE_APP",
				"protocol": "OPENID_CONNECT", "mobile": obj{"bundleId": "org.mfaflow.app", "packageName": "org.mfaflow.app"}}).want(200, "")
		}},
		"device deleted": {401, "INVALID_TOKEN", func(w *world, user string, p *phone.Phone) {
			w.api("DELETE", "users/"+user+"/devices/"+p.Device(), nil).want(204, "")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withPush(pushRules))
			user, p := w.dan()
			da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
			push := w.only(p)
			c.change(w, user, p)
			w.refusedAs(p.Approve(t.Context(), push.ID), c.status, c.code)
			w.read(da).in("PUSH_CONFIRMATION_REQUIRED")
			if name == "device deleted" {
				return
			}
			if n := len(w.waiting(p)); n != 0 {
				t.Errorf("%d pushes wait", n)
			}
			w.must(p.Deny(t.Context(), push.ID))
			w.read(da).in("FAILED")
		})
	}
}

// nothing is left of the pushes to a phone that was unpaired, or whose user is gone.
func TestA41Pushes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules))
	for name, gone := range map[string]func(user string, p *phone.Phone){
		"ann": func(_ string, p *phone.Phone) { w.must(p.Unpair(t.Context())) },
		"eve": func(user string, _ *phone.Phone) { w.api("DELETE", "users/"+user, nil).want(204, "") },
	} {
		user, p := w.user(name), w.phone()
		w.claim(user, p)
		w.start(user, "PUSH_CONFIRMATION_REQUIRED")
		gone(user, p)
		for rec := range w.db.Scan(t.Context(), storeUnder(envID+"/push/"+user)) {
			t.Errorf("%s: %s is left", name, rec.Key)
		}
	}
}

// what is another's does not exist, and nothing of it is told.
func TestA55ForeignPushes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules))
	user, p := w.dan()
	stranger := w.phone()
	mal := w.user("mal")
	w.claim(mal, stranger)
	da := w.start(mal, "PUSH_CONFIRMATION_REQUIRED").text("id")
	w.choose(da, p.Device()).want(400, "INVALID_VALUE")
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": mal}, "selectedDevice": obj{"id": p.Device()}}).want(400, "INVALID_VALUE")
	w.api("GET", "users/"+mal+"/devices/"+p.Device(), nil).want(404, "NOT_FOUND")
	w.start(user, "PUSH_CONFIRMATION_REQUIRED")
	theirs := w.only(p).ID
	unknown := stranger.Approve(t.Context(), "00000000-0000-7000-8000-000000000000")
	w.refusedAs(unknown, 404, "NOT_FOUND")
	if err := stranger.Approve(t.Context(), theirs); fmt.Sprint(err) != fmt.Sprint(unknown) {
		t.Errorf("%v is not %v", err, unknown)
	}
}
