package embedded_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

const (
	chrome133 = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36"
	chrome134 = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36"
	chromeWin = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36"
)

// withRemember has remember-me on, for 30 days.
func withRemember(o *embedded.Options) {
	o.Policy = []byte(strings.Replace(p0, `"default":true`, `"default":true,"rememberMe":{"web":{"enabled":true}}`, 1))
}

// remember makes a BROWSER device and gives it with the cookie.
func (w *world) remember(user, agent string, more obj) (result, string) {
	w.t.Helper()
	body := obj{"type": "BROWSER"}
	for k, v := range more {
		body[k] = v
	}
	q := request(pingone.HostAPI, "POST", "users/"+user+"/devices", body)
	q.Header = http.Header{"User-Agent": {agent}}
	r := w.do(q)
	return r, cookieOf(r)
}

// cookieOf is the cookie that an answer sets, as a browser sends it back.
func cookieOf(r result) string {
	pair, _, _ := strings.Cut(r.Header.Get("Set-Cookie"), ";")
	return pair
}

func checkRequest(user, cookie, agent string, more obj) pingone.Request {
	body := obj{"user": obj{"id": user}, "payload": obj{"type": "BROWSER"}}
	for k, v := range more {
		body[k] = v
	}
	q := request(pingone.HostAuth, "POST payload.check", "deviceAuthentications", body)
	q.Header = http.Header{"User-Agent": {agent}}
	if cookie != "" {
		q.Header.Set("Cookie", cookie)
	}
	return q
}

// known checks a browser: its status, and the next cookie if it is remembered.
func (w *world) known(user, cookie, agent string, more obj) (bool, string) {
	w.t.Helper()
	r := w.do(checkRequest(user, cookie, agent, more)).want(200, "")
	next := cookieOf(r)
	switch r.text("status") {
	case "COMPLETED":
		if d := cmp.Diff([]any{"swk", "mfa", "rm"}, r.at("authenticators")); d != "" || next == "" || next == cookie {
			w.t.Fatalf("remembered with cookie %q: %s", next, r.Raw)
		}
		return true, next
	case "FAILED":
		if r.text("error.code") != "BROWSER_NOT_REMEMBERED" || next != "" || r.at("authenticators") != nil {
			w.t.Fatalf("not remembered with cookie %q: %s", next, r.Raw)
		}
		return false, ""
	}
	w.t.Fatalf("status %s", r.text("status"))
	return false, ""
}

// want demands whether a browser is remembered.
func (w *world) wantKnown(want bool, user, cookie, agent string, more obj) string {
	w.t.Helper()
	got, next := w.known(user, cookie, agent, more)
	if got != want {
		w.t.Fatalf("remembered: %t, want %t", got, want)
	}
	return next
}

// A browser is made, shown like the seed's, known again, renamed, blocked and deleted; it
// is never offered and counts for nothing.
func TestRememberedBrowser(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, email := w.ben()
		payload := base64.StdEncoding.EncodeToString([]byte(`{"locale":"en-US","jsFingerprint":"01116803998751e1a1bac99e3d17cbaa",
			"pushNotificationSupport":true,"cookiesEnabled":true,"screenResolution":{"width":3440,"height":1440}}`))
		same := obj{"payload": obj{"type": "BROWSER", "value": payload}}
		r, cookie := w.remember(user, chrome133, obj{"payload": payload})
		id := r.want(201, "").text("id")
		for path, want := range map[string]any{
			"type": "BROWSER", "status": "ACTIVE", "nickname": "Chrome(133.0.0.0)", "name": "Chrome", "version": "133.0.0.0", "locale": "en-US",
			"operatingSystem.name": "Mac OS", "operatingSystem.version": "10.15.7", "userAgent": chrome133, "lock.status": "UNLOCKED",
			"block.status": "UNBLOCKED", "jsFingerprint": "01116803998751e1a1bac99e3d17cbaa", "pushNotificationSupport": true,
			"cookiesEnabled": true, "screenResolution.width": 3440.0, "lastRememberedAt": "2026-11-22T09:00:00.123Z",
		} {
			if got := r.at(path); got != want {
				t.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		for _, flag := range []string{"; Path=/", "; Max-Age=2592000", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
			if !strings.Contains(r.Header.Get("Set-Cookie"), flag) {
				t.Errorf("the cookie lacks %q", flag)
			}
		}
		cookie = w.wantKnown(true, user, cookie, chrome133, same)
		cookie = w.wantKnown(true, user, cookie, chrome134, same) // it has updated itself

		devices := w.api("GET", "users/"+user+"/devices?expand=order", nil)
		if devices.at("count") != 2.0 || devices.text("_embedded.devices.1.id") != id || len(devices.at("_embedded.order").([]any)) != 1 {
			t.Errorf("the list is %s", devices.Raw)
		}
		only := w.api("GET", "users/"+user+"/devices?filter="+escape(`type eq "BROWSER"`), nil)
		if only.at("count") != 1.0 || only.text("_embedded.devices.0.id") != id {
			t.Errorf("the filtered list is %s", only.Raw)
		}
		da := w.begin(user)
		if list := da.at("_embedded.devices").([]any); len(list) != 1 || da.text("selectedDevice.id") != email {
			t.Errorf("a browser is offered: %s", da.Raw)
		}
		w.choose(da.text("id"), id).want(400, "INVALID_VALUE")

		one := "users/" + user + "/devices/" + id
		if got := w.api("PUT", one+"/nickname", obj{"nickname": "Desk"}).want(200, "").text("nickname"); got != "Desk" {
			t.Errorf("nickname %q", got)
		}
		w.api("POST device.block", one, nil).want(200, "")
		if got := w.api("GET", one, nil).want(200, "").text("block.status"); got != "BLOCKED" {
			t.Errorf("block status of a blocked browser: got %q, want BLOCKED", got)
		}
		w.wantKnown(false, user, cookie, chrome133, same)
		w.api("POST device.unblock", one, nil).want(200, "")
		if got := w.api("GET", one, nil).want(200, ""); got.text("nickname") != "Desk" || got.text("block.status") != "UNBLOCKED" {
			t.Errorf("%s", got.Raw)
		}
		cookie = w.wantKnown(true, user, cookie, chrome133, same)
		w.api("DELETE", one, nil).want(204, "")
		w.api("GET", one, nil).want(404, "NOT_FOUND")
		w.api("DELETE", one, nil).want(404, "NOT_FOUND")
		w.wantKnown(false, user, cookie, chrome133, same)
	}, withRemember)
}

// T5.5: a copied cookie on another machine, of another user, cut short or made up is
// worth nothing, and does the browser no harm.
func TestT55CopiedCookie(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		eve := w.user("eve")
		_, cookie := w.remember(user, chrome133, obj{"ip": "203.0.113.9"})
		here := obj{"ip": "203.0.113.77"}
		raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(cookie, "rm="))
		for name, c := range map[string]struct {
			user, cookie, agent string
			more                obj
		}{
			"another machine":   {user, cookie, chromeWin, here},
			"no user agent":     {user, cookie, "", here},
			"another network":   {user, cookie, chrome133, obj{"ip": "198.51.100.9"}},
			"no network":        {user, cookie, chrome133, nil},
			"other fingerprint": {user, cookie, chrome133, obj{"ip": "203.0.113.9", "payload": obj{"type": "BROWSER", "value": `{"jsFingerprint":"x"}`}}},
			"a session":         {user, cookie, chrome133, obj{"ip": "203.0.113.9", "deviceSession": obj{"id": "s"}}},
			"another user":      {eve, cookie, chrome133, here},
			"no cookie":         {user, "", chrome133, here},
			"cut short":         {user, cookie[:len(cookie)-4], chrome133, here},
			"longer":            {user, cookie + "AAAA", chrome133, here},
			"empty":             {user, "rm=", chrome133, here},
			"no base64":         {user, "rm=%%%", chrome133, here},
			"id alone":          {user, "rm=" + base64.RawURLEncoding.EncodeToString(raw[:16]), chrome133, here},
			"next number":       {user, "rm=" + base64.RawURLEncoding.EncodeToString(changed(raw, 19)), chrome133, here},
			"other MAC":         {user, "rm=" + base64.RawURLEncoding.EncodeToString(changed(raw, 51)), chrome133, here},
			"other device":      {user, "rm=" + base64.RawURLEncoding.EncodeToString(changed(raw, 15)), chrome133, here},
			"other name":        {user, strings.Replace(cookie, "rm=", "mr=", 1), chrome133, here},
		} {
			if got, _ := w.known(c.user, c.cookie, c.agent, c.more); got {
				t.Errorf("%s: remembered", name)
			}
		}
		w.wantKnown(true, user, cookie, chrome133, here)
		_, anywhere := w.remember(user, chrome133, nil)
		w.wantKnown(true, user, anywhere, chrome133, here)
	}, withRemember)
}

func changed(b []byte, at int) []byte {
	c := append([]byte{}, b...)
	c[at]++
	return c
}

// T5.5: a thief who uses a copy first gets in once at most: when the browser comes with
// the value that was used up, it is forgotten, and the thief's next value with it.
func TestT55CopyUsedFirst(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		r, cookie := w.remember(user, chrome133, nil)
		thief := w.wantKnown(true, user, cookie, chrome133, nil)
		w.wantKnown(false, user, cookie, chrome133, nil) // in the same moment
		w.wantKnown(false, user, thief, chrome133, nil)
		w.api("GET", "users/"+user+"/devices/"+r.text("id"), nil).want(404, "NOT_FOUND")
		seen := w.api("GET", "activities?filter="+escape(`action.type eq "DEVICE.DELETED"`), nil)
		if seen.at("size") != 1.0 {
			t.Errorf("%s", seen.Raw)
		}
	}, withRemember)
}

// T5.5: the life of a browser counts from the second factor, not from its last use, and a
// policy that is stricter now rules.
func TestT55Expired(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		r, cookie := w.remember(user, chrome133, nil)
		w.clock.Move(29 * 24 * time.Hour)
		cookie = w.wantKnown(true, user, cookie, chrome133, nil)
		w.clock.Move(24*time.Hour - time.Millisecond)
		cookie = w.wantKnown(true, user, cookie, chrome133, nil)
		w.clock.Move(time.Millisecond)
		w.wantKnown(false, user, cookie, chrome133, nil)
		w.api("GET", "users/"+user+"/devices/"+r.text("id"), nil).want(404, "NOT_FOUND")

		_, cookie = w.remember(user, chrome133, nil)
		w.setRemember(obj{"web": obj{"enabled": true, "lifeTime": obj{"duration": 2, "timeUnit": "MINUTES"}}})
		w.clock.Move(time.Minute)
		cookie = w.wantKnown(true, user, cookie, chrome133, nil)
		w.clock.Move(time.Minute)
		w.wantKnown(false, user, cookie, chrome133, nil)
		w.setRemember(obj{"web": obj{"enabled": false}})
		w.wantKnown(false, user, cookie, chrome133, nil)
		r, _ = w.remember(user, chrome133, nil)
		r.want(400, "CONSTRAINT_VIOLATION")
	}, withRemember)
}

// setRemember changes rememberMe of the default policy.
func (w *world) setRemember(remember any) {
	w.t.Helper()
	w.putRemember(remember).want(200, "")
}

func (w *world) putRemember(remember any) result {
	w.t.Helper()
	p := w.api("GET", "deviceAuthenticationPolicies", nil).at("_embedded.deviceAuthenticationPolicies.0").(obj)
	p["rememberMe"] = remember
	return w.api("PUT", "deviceAuthenticationPolicies/"+p["id"].(string), p)
}

// A browser is remembered by the policy that it was made by, and as long as a device is
// left of those that may have proven its user: not when all were replaced.
func TestT55OtherPolicyAndReset(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, email := w.ben()
		p := w.api("GET", "deviceAuthenticationPolicies", nil).at("_embedded.deviceAuthenticationPolicies.0").(obj)
		p["name"], p["default"] = "Other", false
		other := obj{"policy": obj{"id": w.api("POST", "deviceAuthenticationPolicies", p).want(201, "").text("id")}}
		_, cookie := w.remember(user, chrome133, nil)
		w.wantKnown(false, user, cookie, chrome133, other)
		cookie = w.wantKnown(true, user, cookie, chrome133, nil)
		_, theirs := w.remember(user, chrome133, other)
		w.wantKnown(false, user, theirs, chrome133, nil)
		w.wantKnown(true, user, theirs, chrome133, other)

		w.clock.Move(time.Hour)
		w.email(user, "new@example.com")
		cookie = w.wantKnown(true, user, cookie, chrome133, nil)
		w.api("DELETE", "users/"+user+"/devices/"+email, nil).want(204, "")
		w.wantKnown(false, user, cookie, chrome133, nil)
		_, cookie = w.remember(user, chrome133, nil)
		w.wantKnown(true, user, cookie, chrome133, nil)
		once := w.user("once")
		_, cookie = w.remember(once, chrome133, nil)
		w.wantKnown(true, once, cookie, chrome133, nil)
	}, withRemember)
}

func TestRememberMePolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	life := func(n int, unit string) obj {
		return obj{"web": obj{"enabled": true, "lifeTime": obj{"duration": n, "timeUnit": unit}}}
	}
	for name, c := range map[string]struct {
		remember any
		code     string
	}{
		"a minute": {life(1, "MINUTES"), ""}, "90 days": {life(90, "DAYS"), ""}, "2160 hours": {life(2160, "HOURS"), ""},
		"nothing": {life(0, "MINUTES"), "OUT_OF_RANGE"}, "negative": {life(-1, "DAYS"), "OUT_OF_RANGE"}, "91 days": {life(91, "DAYS"), "OUT_OF_RANGE"},
		"huge": {life(1<<60, "DAYS"), "OUT_OF_RANGE"}, "seconds": {life(60, "SECONDS"), "INVALID_VALUE"}, "no web": {obj{}, "REQUIRED_VALUE"},
	} {
		status := 200
		if c.code != "" {
			status = 400
		}
		t.Log(name)
		w.putRemember(c.remember).want(status, c.code)
	}
	w.setRemember(obj{"web": obj{"enabled": true}})
	if got := w.api("GET", "deviceAuthenticationPolicies", nil).at("_embedded.deviceAuthenticationPolicies.0.rememberMe.web.lifeTime"); cmp.Diff(obj{"duration": 30.0, "timeUnit": "DAYS"}, got) != "" {
		t.Errorf("the default is %v", got)
	}
}

// T5.5: a thief whose copy was used up by the browser before gets in never, and the browser
// is forgotten: nobody can tell which of the two came first.
func TestUsedCopyForgetsTheBrowser(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		_, cookie := w.remember(user, chrome133, nil)
		newer := w.wantKnown(true, user, cookie, chrome133, nil)
		newest := w.wantKnown(true, user, newer, chrome133, nil)
		w.wantKnown(false, user, cookie, chrome133, nil) // two steps old
		w.wantKnown(false, user, newest, chrome133, nil)
	}, withRemember)
}

// A step whose answer was lost sends its value again; that is no copy. From any other
// execution it is.
func TestRepeatOfAStepKeepsTheBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withRemember)
	user, _ := w.ben()
	_, cookie := w.remember(user, chrome133, nil)
	from := func(execution, cookie string) string {
		ctx := connector.WithSource(t.Context(), connector.Source{Execution: execution})
		return cookieOf(w.doCtx(ctx, checkRequest(user, cookie, chrome133, nil)).want(200, ""))
	}
	next := from("one", cookie)
	if again := from("one", cookie); next == "" || again != "" {
		t.Fatalf("the values are %q and %q, want one and none", next, again)
	}
	newest := from("two", next)
	if newest == "" {
		t.Fatal("the browser is forgotten after a repeat")
	}
	from("one", next)
	w.wantKnown(false, user, newest, chrome133, nil)

	_, cookie = w.remember(user, chrome133, nil)
	newest = from("one", from("one", cookie))
	from("one", cookie) // its own, but not the one that it used last
	w.wantKnown(false, user, newest, chrome133, nil)
}

// Whatever ends the proofs of a user ends the browsers that those proofs made known.
func TestBrowsersEndWithTheCredentials(t *testing.T) {
	t.Parallel()
	for what, change := range changes {
		if what == "user deleted" || change.code == "NO_USABLE_DEVICES" && what != "device removed" {
			continue // the end of the user has a test of its own; the others change no credentials
		}
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withRemember)
			user, device := w.ben()
			_, cookie := w.remember(user, chrome133, nil)
			cookie = w.wantKnown(true, user, cookie, chrome133, nil)
			change.do(w, user, device)
			w.wantKnown(false, user, cookie, chrome133, nil)
		})
	}
}

// Of many requests with one cookie at once no more than one is remembered. The others show
// a used-up value, so the browser is then forgotten.
func TestParallelUseOfOneCookie(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		_, cookie := w.remember(user, chrome133, nil)
		done := make(chan string, 20)
		for range cap(done) {
			go func() {
				resp, err := w.svc.Do(w.t.Context(), checkRequest(user, cookie, chrome133, nil))
				if err != nil {
					t.Error(err)
				}
				done <- cookieOf(result{Header: resp.Header})
			}()
		}
		next := ""
		for range cap(done) {
			if got := <-done; got != "" && next != "" {
				t.Error("two were remembered")
			} else if got != "" {
				next = got
			}
		}
		if next == "" {
			t.Error("none was remembered")
		}
		w.wantKnown(false, user, next, chrome133, nil)
	}, withRemember)
}

// The eleventh browser takes the place of the oldest; expired ones make room first; the
// end of the user is the end of all.
func TestBrowsersOfAUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withRemember, limits(func(l *embedded.Limits) { l.Browsers = 2 }))
	user, _ := w.ben()
	_, first := w.remember(user, chrome133, nil)
	_, second := w.remember(user, chromeWin, nil)
	_, third := w.remember(user, chrome134, nil)
	w.wantKnown(false, user, first, chrome133, nil)
	w.wantKnown(true, user, second, chromeWin, nil)
	third = w.wantKnown(true, user, third, chrome134, nil)
	if n, err := w.svc.Sweep(t.Context()); n != 0 || err != nil || w.count("/browser/") != 2 {
		t.Errorf("%d swept, error %v", n, err)
	}
	w.clock.Move(30 * 24 * time.Hour)
	if n, err := w.svc.Sweep(t.Context()); n != 2 || err != nil {
		t.Errorf("%d swept, error %v", n, err)
	}
	w.wantKnown(false, user, third, chrome134, nil)
	w.remember(user, chrome133, nil)
	w.api("DELETE", "users/"+user, nil).want(204, "")
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/browser")) {
		t.Errorf("%s is left, error %v", rec.Key, err)
	}
}

func TestBrowserRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withRemember)
	user, _ := w.ben()
	bound, cookie := w.remember(user, chrome133, obj{"session": obj{"id": "p1-session"}})
	if bound.want(201, "").text("session.id") != "p1-session" {
		t.Errorf("%s", bound.Raw)
	}
	w.wantKnown(false, user, cookie, chrome133, nil)
	cookie = w.wantKnown(true, user, cookie, chrome133, obj{"deviceSession": obj{"id": "p1-session"}})
	for name, c := range map[string]struct {
		more   obj
		status int
		code   string
	}{
		"policy":  {obj{"policy": obj{"id": "00000000-0000-4000-8000-000000000000"}}, 400, "INVALID_VALUE"},
		"address": {obj{"ip": "here"}, 400, "INVALID_VALUE"},
		"payload": {obj{"payload": strings.Repeat("x", 1<<17)}, 400, "SIZE_LIMIT_EXCEEDED"},
		"session": {obj{"session": obj{"id": strings.Repeat("x", 101)}}, 400, "SIZE_LIMIT_EXCEEDED"},
		"name":    {obj{"nickname": strings.Repeat("x", 101)}, 400, "SIZE_LIMIT_EXCEEDED"},
	} {
		t.Log(name)
		r, _ := w.remember(user, chrome133, c.more)
		r.want(c.status, c.code)
	}
	r, _ := w.remember("00000000-0000-4000-8000-000000000000", chrome133, nil)
	r.want(404, "NOT_FOUND")
	for name, more := range map[string]obj{"user": {"user": obj{}}, "payload": {"payload": nil}, "type": {"payload": obj{"value": "x"}}} {
		t.Log(name)
		w.do(checkRequest(user, cookie, chrome133, more)).want(400, "REQUIRED_VALUE")
	}
	w.do(checkRequest(user, cookie, chrome133, obj{"payload": obj{"type": "PHONE"}})).want(400, "INVALID_VALUE")
	w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
	w.wantKnown(false, user, cookie, chrome133, obj{"deviceSession": obj{"id": "p1-session"}})
	r, _ = w.remember(user, chrome133, nil)
	r.want(400, "ACCOUNT_NOT_USABLE")
}

// Over HTTP the cookie comes in Set-Cookie and goes back in Cookie.
func TestRememberedBrowserOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	user, _ := w.ben()
	made := w.send("POST", apiRoot+"/users/"+user+"/devices", `{"type":"BROWSER"}`, "Content-Type", "application/json", "User-Agent", chrome133)
	check := func(cookie string) result {
		return w.send("POST", authRoot+"/deviceAuthentications", `{"user":{"id":"`+user+`"},"payload":{"type":"BROWSER"}}`,
			"Content-Type", vendor+"payload.check+json", "User-Agent", chrome133, "Cookie", cookie)
	}
	first := check("theme=dark; " + cookieOf(made.want(201, "")))
	if first.text("status") != "COMPLETED" || first.text("_embedded.accessingDevices.0.id") != made.text("id") {
		t.Errorf("%s", first.Raw)
	}
	if again := check(cookieOf(made)); again.text("status") != "FAILED" || again.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s", again.Raw)
	}
}

// A browser is remembered of a user whom the policy lets authenticate, and of no other.
func TestABrowserIsRememberedOfWhoMayAuthenticate(t *testing.T) {
	t.Parallel()
	nothing := func(*world, string) {}
	disable := func(w *world, user string) {
		w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
	}
	withoutMFA := func(w *world, user string) {
		w.api("PUT", "users/"+user+"/mfaEnabled", obj{"mfaEnabled": false}).want(200, "")
	}
	lock := func(w *world, user string) { w.api("POST account.lock", "users/"+user, nil).want(200, "") }
	for name, c := range map[string]struct {
		policy string
		change func(*world, string)
		status int
	}{
		"usual":                       {"", nothing, 201},
		"disabled":                    {"", disable, 400},
		"disabled, allowed":           {`,"blockDisabledUsers":false`, disable, 201},
		"without MFA":                 {"", withoutMFA, 201},
		"without MFA, not allowed":    {`,"blockUsersWithDisabledMfa":true`, withoutMFA, 400},
		"with MFA, which is demanded": {`,"blockUsersWithDisabledMfa":true`, nothing, 201},
		"locked":                      {"", lock, 400},
		"locked, ignored":             {`,"ignoreUserLock":true`, lock, 201},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *embedded.Options) {
				o.Policy = []byte(strings.Replace(p0, `"default":true`, `"default":true,"rememberMe":{"web":{"enabled":true}}`+c.policy, 1))
			})
			user, _ := w.ben()
			c.change(w, user)
			if r, _ := w.remember(user, chrome133, nil); r.Status != c.status {
				t.Errorf("got %d %s, want %d", r.Status, r.Raw, c.status)
			}
		})
	}
}

// forgeCookie changes a letter in the MAC of a remember-me value.
func forgeCookie(cookie string) string {
	b := []byte(cookie)
	at := len(b) - 10
	b[at] = map[bool]byte{true: 'B', false: 'A'}[b[at] == 'A']
	return string(b)
}

// A remember-me value of the user, live and sent by its browser, lowers the risk; a forged
// one, a used one, one of a blocked browser or of older credentials does not.
func TestRiskTrustsALiveRememberMeValueOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cookie func(w *world, user, id, cookie string) string
		agent  string
		trusts bool
	}{
		"live":                 {func(_ *world, _, _, cookie string) string { return cookie }, chrome133, true},
		"from another browser": {func(_ *world, _, _, cookie string) string { return cookie }, chromeWin, false},
		"forged":               {func(_ *world, _, _, cookie string) string { return forgeCookie(cookie) }, chrome133, false},
		"used": {func(w *world, user, _, cookie string) string {
			w.wantKnown(true, user, cookie, chrome133, nil)
			return cookie
		}, chrome133, false},
		"of a blocked browser": {func(w *world, user, id, cookie string) string {
			w.api("POST device.block", "users/"+user+"/devices/"+id, nil).want(200, "")
			return cookie
		}, chrome133, false},
		"of older credentials": {func(w *world, user, _, cookie string) string {
			w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
			w.api("PUT", "users/"+user+"/enabled", obj{"enabled": true}).want(200, "")
			return cookie
		}, chrome133, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withRemember)
			user, _ := w.ben()
			made, cookie := w.remember(user, chrome133, nil)
			cookie = c.cookie(w, user, made.text("id"), cookie)
			r := w.evaluate(user, withBrowser(c.agent, cookie))
			if got := r.text("result.level") == "LOW"; got != c.trusts {
				t.Errorf("risk %s, want low: %t", r.text("result.level"), c.trusts)
			}
		})
	}
}

// While wrong codes or an administrator lock an account, no browser is remembered of it,
// neither an old one nor a new one, unless the policy of now ignores that.
func TestLocksHoldForBrowsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withRemember)
	w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC"},
		"lockout": obj{"failureCount": 1, "durationSeconds": 60}}).want(200, "")
	ignoreLocks := func(ignore bool) {
		p := w.api("GET", "deviceAuthenticationPolicies", nil).at("_embedded.deviceAuthenticationPolicies.0").(obj)
		p["ignoreUserLock"] = ignore
		w.api("PUT", "deviceAuthenticationPolicies/"+p["id"].(string), p).want(200, "")
	}
	user, _ := w.ben()
	_, cookie := w.remember(user, chrome133, nil)
	locked := func() {
		t.Helper()
		w.wantKnown(false, user, cookie, chrome133, nil)
		r, _ := w.remember(user, chromeWin, nil)
		r.want(400, "ACCOUNT_NOT_USABLE")
	}
	w.check(w.begin(user).text("id"), wrong(w.mail("ben@example.com").Code))
	locked()
	ignoreLocks(true)
	cookie = w.wantKnown(true, user, cookie, chrome133, nil)
	ignoreLocks(false)
	locked()
	w.clock.Move(time.Minute)
	cookie = w.wantKnown(true, user, cookie, chrome133, nil)

	w.api("POST account.lock", "users/"+user, nil).want(200, "")
	locked()
	ignoreLocks(true)
	_, cookie = w.remember(user, chrome133, nil)
	cookie = w.wantKnown(true, user, cookie, chrome133, nil)
	ignoreLocks(false)
	locked()
	w.api("POST account.unlock", "users/"+user, nil).want(200, "")
	w.wantKnown(true, user, cookie, chrome133, nil)
}

// The life of a browser ends to the millisecond, by the policy of now; a clock that goes
// back neither ends nor lengthens it.
func TestBrowserIsKnownToTheEndOfItsLife(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		move time.Duration
		want bool
	}{{-time.Hour, true}, {0, true}, {2*time.Minute - time.Millisecond, true}, {2 * time.Minute, false}} {
		w := newWorld(t, withRemember)
		w.clock.Move(time.Millisecond - time.Duration(w.clock.Now().Nanosecond())%time.Millisecond)
		user, _ := w.ben()
		_, cookie := w.remember(user, chrome133, nil)
		w.setRemember(obj{"web": obj{"enabled": true, "lifeTime": obj{"duration": 2, "timeUnit": "MINUTES"}}})
		w.clock.Move(c.move)
		if got, _ := w.known(user, cookie, chrome133, nil); got != c.want {
			t.Errorf("after %s: got remembered %t, want %t", c.move, got, c.want)
		}
	}
}

// Without a limit no browser takes the place of another.
func TestWithoutALimitAllBrowsersAreRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withRemember, limits(func(l *embedded.Limits) { l.Browsers = 0 }))
	user, _ := w.ben()
	cookies := make([]string, 12)
	for i := range cookies {
		_, cookies[i] = w.remember(user, chrome133, nil)
	}
	for _, cookie := range cookies {
		w.wantKnown(true, user, cookie, chrome133, nil)
	}
}
