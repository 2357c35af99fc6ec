package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/server"
)

// limited is a server with a still clock, behind a proxy that may name any client.
func limited(t *testing.T, perMinute, tracked int) (*world, *clock) {
	limits := server.DefaultLimits()
	limits.StartsPerMinute, limits.TrackedAddresses = perMinute, tracked
	w := newWorld(t, func(o *server.Options) {
		o.Limits = &limits
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	return w, w.clock
}

func (w *world) startFrom(ip string) answer {
	w.t.Helper()
	return w.do("POST", executions, `{}`, "X-Forwarded-For: "+ip)
}

func TestStartsPerMinute(t *testing.T) {
	t.Parallel()
	w, now := limited(t, 6, 100)
	for range 6 {
		w.startFrom("203.0.113.1").want(201)
	}
	a := w.startFrom("203.0.113.1").problem(429, "RATE_LIMITED", "too many starts")
	if got := a.Header.Get("Retry-After"); got != "10" { // one in ten seconds comes back
		t.Errorf("Retry-After is %q", got)
	}
	w.startFrom("203.0.113.2").want(201) // another address is not held back
	now.Add(10*time.Second - 1)
	w.startFrom("203.0.113.1").want(429)
	now.Add(1)
	w.startFrom("203.0.113.1").want(201) // refused ones were not counted
	w.startFrom("203.0.113.1").want(429)
	now.Add(time.Hour)
	for range 6 {
		w.startFrom("203.0.113.1").want(201)
	}
	w.startFrom("203.0.113.1").want(429)
}

// A clock that is set back holds nobody back until it has made up for that.
func TestClockSetBackLocksNobodyOut(t *testing.T) {
	t.Parallel()
	w, now := limited(t, 6, 100)
	for range 6 {
		w.startFrom("203.0.113.1").want(201)
	}
	now.Add(-time.Hour)
	w.startFrom("203.0.113.1").want(429)
	now.Add(10 * time.Second)
	w.startFrom("203.0.113.1").want(201)
	w.startFrom("203.0.113.1").want(429)
	now.Add(time.Minute)
	for range 6 {
		w.startFrom("203.0.113.1").want(201)
	}
	w.startFrom("203.0.113.1").want(429)
}

func TestStartsPerNetwork(t *testing.T) {
	t.Parallel()
	w, _ := limited(t, 1, 100)
	w.startFrom("2001:db8::1").want(201)
	w.startFrom("2001:db8::ffff:1").want(429) // the same /64
	w.startFrom("2001:db8:0:1::1").want(201)
	w.startFrom("203.0.113.1").want(201)
	w.startFrom("::ffff:203.0.113.1").want(429) // the same address
}

func TestStartsOff(t *testing.T) {
	t.Parallel()
	w, _ := limited(t, 0, 0)
	for range 700 { // more than the default
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "POST", executions, nil))
		if rec.Code != 201 {
			t.Fatalf("status %d", rec.Code)
		}
	}
	if n := w.server.Tracked(); n != 0 {
		t.Errorf("%d addresses remembered for nothing", n)
	}
}

// Memory is bounded, and nobody gets a new allowance by filling it with other addresses.
func TestManyAddressesFreeNobody(t *testing.T) {
	t.Parallel()
	w, now := limited(t, 1, 3)
	w.startFrom("203.0.113.1").want(201)
	for i := range 20 {
		w.startFrom(fmt.Sprintf("198.51.100.%d", i)) // some of the last share a slot
		w.startFrom("203.0.113.1").want(429)
		w.startFrom(fmt.Sprintf("198.51.100.%d", i)).want(429)
	}
	if n := w.server.Tracked(); n != 3 {
		t.Errorf("%d addresses remembered, want 3", n)
	}
	now.Add(time.Minute) // all may again, so all may be forgotten
	w.startFrom("203.0.113.1").want(201)
	w.startFrom("198.51.100.19").want(201)
	w.startFrom("198.51.100.19").want(429)
	if n := w.server.Tracked(); n > 3 {
		t.Errorf("%d addresses remembered, want 3 at most", n)
	}
}

// ask is a request without a network, from an address and with a handle; handle "manager"
// shows the management token.
func (w *world) ask(method, path, body, addr, handle string) (status int) {
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", addr)
	r.Header.Set("Execution-Handle", handle)
	if handle == "manager" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	if rec.Code == http.StatusTooManyRequests && rec.Header().Get("Retry-After") == "" {
		w.t.Errorf("%s %s: 429 without Retry-After", method, path)
	}
	return rec.Code
}

// Each limit by a crowd, with its exact count: of what an address, or the holder of an
// execution, asks for within a minute so many are let in, right or wrong.
func TestLimitsOfACrowd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // httptest's peer
	})
	const wrong = `{"token":"x","action":"submit"}`
	one := "203.0.113.1"
	many := func(i int) string { return fmt.Sprintf("198.51.%d.%d", 100+i/200, i%200) }
	for name, tc := range map[string]struct {
		want int
		ask  func(e *started, addr string, i int) (status int)
	}{
		"starts":                         {600, func(_ *started, addr string, _ int) int { return w.ask("POST", executions, `{}`, addr, "") }},
		"starts that are refused":        {600, func(_ *started, addr string, _ int) int { return w.ask("POST", executions, `{"x":1}`, addr, "") }},
		"answers to no execution":        {1200, func(_ *started, addr string, i int) int { return w.ask("POST", unknownExecution(i), wrong, addr, "") }},
		"answers that are not JSON":      {1200, func(_ *started, addr string, i int) int { return w.ask("POST", unknownExecution(i), `{`, addr, "") }},
		"wrong handles":                  {1200, func(e *started, addr string, i int) int { return w.ask("POST", e.path, wrong, addr, fmt.Sprint(i)) }},
		"reads":                          {1200, func(e *started, addr string, _ int) int { return w.ask("GET", e.path, "", addr, e.x.Handle) }},
		"cancels of no execution":        {1200, func(_ *started, addr string, i int) int { return w.ask("DELETE", unknownExecution(i), "", addr, "") }},
		"wrong tokens of one execution":  {120, func(e *started, addr string, _ int) int { return w.ask("POST", e.path, wrong, addr, e.x.Handle) }},
		"the same from many addresses":   {120, func(e *started, _ string, i int) int { return w.ask("POST", e.path, wrong, many(i), e.x.Handle) }},
		"the manager's of one execution": {120, func(e *started, addr string, i int) int { return w.ask("POST", e.path, wrong, many(i), "manager") }},
		"reads, then answers": {1200, func(e *started, addr string, i int) int {
			if i%2 == 0 {
				return w.ask("GET", unknownExecution(i), "", addr, "")
			}
			return w.ask("POST", unknownExecution(i), wrong, addr, "")
		}},
	} {
		w.clock.Add(time.Hour)
		e := &started{w: w}
		w.do("POST", executions, `{}`, "X-Forwarded-For: 203.0.113.9").want(201).decode(&e.x)
		e.path = "/v1/executions/" + e.x.ID
		passed := 0
		for i := range tc.want + 50 {
			if tc.ask(e, one, i) != http.StatusTooManyRequests {
				passed++
			}
		}
		if passed != tc.want {
			t.Errorf("%s: %d of %d passed, want %d", name, passed, tc.want+50, tc.want)
		}
		if got := w.ask("POST", unknownExecution(0), wrong, "2001:db8::1", ""); got != http.StatusNotFound {
			t.Errorf("%s: afterwards another address gets status %d", name, got)
		}
	}
}

// unknownExecution is the path of the i-th execution that there is not.
func unknownExecution(i int) string {
	return fmt.Sprintf("/v1/executions/0190f2d4-7c1a-7e0b-9a53-%012x", i)
}

// Who only knows the id of an execution cannot use up what its holder may do, and an
// answer to one does not count for another.
func TestStrangersUseUpNoExecution(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *server.Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	e, f := w.start(), w.start()
	for i := range 500 {
		for _, handle := range []string{"", "x", f.x.Handle, fmt.Sprint(i)} {
			if got := w.ask("POST", e.path, `{"token":"x","action":"submit"}`, fmt.Sprintf("198.51.100.%d", i%200), handle); got != http.StatusNotFound && got != http.StatusTooManyRequests {
				t.Fatalf("status %d", got)
			}
		}
	}
	for _, x := range []*started{e, f} {
		if got := w.ask("POST", x.path, `{"token":"x","action":"submit"}`, "203.0.113.1", x.x.Handle); got != http.StatusConflict {
			t.Errorf("the holder's answer: status %d, want 409", got)
		}
	}
}

// On a laptop all clients have one address.
func TestWithoutAddressesOnlyExecutionsAreLimited(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits().WithoutAddresses()
	w := newWorld(t, func(o *server.Options) { o.Limits = &limits })
	e := w.start()
	for i := range 1300 {
		if got := w.ask("POST", unknownExecution(i), `{"token":"x","action":"submit"}`, "", ""); got != http.StatusNotFound {
			t.Fatalf("answer %d: status %d, want 404", i, got)
		}
	}
	passed := 0
	for range 200 {
		if w.ask("POST", e.path, `{"token":"x","action":"submit"}`, "", e.x.Handle) != http.StatusTooManyRequests {
			passed++
		}
	}
	if passed != 120 {
		t.Errorf("%d answers of one execution passed, want 120", passed)
	}
}

// strangers may try to pair phones, but no address may use up the bound that holds
// for all of them together. Nothing else of the PingOne API is counted.
func TestA53PairingsPerMinute(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits()
	limits.PairingsPerMinute = 3
	const env = "aaaaaaaa-0000-4000-8000-000000000001"
	w := newWorld(t, func(o *server.Options) {
		o.Limits, o.Environments = &limits, []server.Environment{{ID: env}}
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		o.PingOne = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	})
	pair := func(ip string) answer { return w.do("POST", "/"+env+"/app/devices", `{}`, "X-Forwarded-For: "+ip) }
	for range 3 {
		pair("203.0.113.1").want(401)
	}
	if a := pair("203.0.113.1").want(429); a.Header.Get("Retry-After") != "20" {
		t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
	}
	w.do("POST", "/"+env+"/app/%64evices", `{}`, "X-Forwarded-For: 203.0.113.1").want(429) // the same path
	pair("203.0.113.2").want(401)
	w.do("GET", "/"+env+"/app/devices/x", nil, "X-Forwarded-For: 203.0.113.1").want(401)
	w.do("POST", "/"+env+"/deviceAuthentications", `{}`, "X-Forwarded-For: 203.0.113.1").want(401)
	w.clock.Add(20 * time.Second)
	pair("203.0.113.1").want(401)
}
