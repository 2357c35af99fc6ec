package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
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

// Only starts are limited.
func TestOtherRequestsAreNotLimited(t *testing.T) {
	t.Parallel()
	w, _ := limited(t, 1, 10)
	for range 5 {
		w.do("GET", "/healthz", nil).want(200)
		w.do("GET", "/v1/executions/"+execID, nil).want(404)
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
	pair("203.0.113.2").want(401)
	w.do("GET", "/"+env+"/app/devices/x", nil, "X-Forwarded-For: 203.0.113.1").want(401)
	w.do("POST", "/"+env+"/deviceAuthentications", `{}`, "X-Forwarded-For: 203.0.113.1").want(401)
	w.clock.Add(20 * time.Second)
	pair("203.0.113.1").want(401)
}
