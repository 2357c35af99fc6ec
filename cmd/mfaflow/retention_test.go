package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/engine"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/audit"
)

const day = 24 * time.Hour

// pass lets time go by as a server sees it: timers fire, messages leave, housekeeping
// runs.
func (s *site) pass(d time.Duration) {
	s.t.Helper()
	s.move(d)
	if _, err := s.app.outbox.Drain(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.app.tidy(s.t.Context(), audit.NewSealer(s.app.db, siteEnv, audit.Options{}))
	s.move(time.Second)
}

// load uses the server as n clients with addresses of their own do: well, badly, and not
// to the end.
func (s *site) load(round, n int, user string) {
	s.t.Helper()
	api := "/v1/environments/" + siteEnv + "/users/" + user
	for i := range n {
		address := fmt.Sprintf("203.0.113.%d", i)
		name := fmt.Sprintf("nobody-%d-%d", round, i)
		starts := 0
		begin := func(flow string) *login {
			starts++
			status, b := s.call("POST", "/v1/flows/"+flow+"/executions", map[string]any{"inputs": map[string]any{}},
				"X-Forwarded-For", address, "Idempotency-Key", fmt.Sprintf("key-of-a-start-%d-%d-%d", round, i, starts))
			if status != http.StatusCreated {
				s.t.Fatalf("start %s: %d %s", flow, status, b)
			}
			l := &login{s: s}
			l.take(b)
			l.id = l.e.ID
			return l
		}
		begin("sign-on-and-mfa").act("submit", credentials(name, "wrong horse 9"))
		l := begin("sign-on-and-mfa").act("submit", credentials("ben", benPassword))
		if l.e.Step != nil && l.e.Step.Screen == "otp" {
			right := s.inbox("ben@example.com")[0].Code
			l.act("submit", code(wrong(right)))
			l.act("submit", code(right))
		}
		for _, flow := range []string{"passwordless-authentication", "one-time-use-device-authentication", "passwordless-sign-on-with-biometrics"} {
			begin(flow).act("submit", map[string]any{"username": name})
			begin(flow).act("submit", map[string]any{"username": "ben"})
		}
		for _, flow := range []string{"qr-code-passwordless-sign-on", "usernameless-sign-on-with-biometrics", "registration-and-mfa-enrollment", "sign-on-and-adaptive-mfa"} {
			begin(flow)
		}
		begin("sign-on-and-adaptive-mfa").act("submit", credentials("ben", benPassword))
		var made struct{ ID string }
		s.manage("POST", api+"/devices", map[string]any{"type": "EMAIL", "email": name + "@example.com"}, http.StatusCreated, &made)
		s.manage("DELETE", api+"/devices/"+made.ID, nil, http.StatusNoContent, nil)
		gone := s.user(name, benPassword, name+"@example.com")
		s.start("sign-on-and-mfa", nil).act("submit", credentials(name, benPassword))
		s.loadService(gone, name)
		s.loadService(user, name)
		s.manage("DELETE", "/v1/environments/"+siteEnv+"/users/"+gone, nil, http.StatusNoContent, nil)
		s.pass(time.Hour) // away from the limits of messages
	}
}

// loadService uses what flows do not reach: phones, pairing keys, codes, browsers.
func (s *site) loadService(user, name string) {
	s.t.Helper()
	users := "/v1/environments/" + siteEnv + "/users/" + user
	typed := func(kind string) []string {
		return []string{"Content-Type", "application/vnd.pingidentity." + kind + "+json"}
	}
	p := s.phone(user)
	s.manage("POST", users+"/pairingKeys", nil, http.StatusCreated, nil)
	var auth struct{ ID string }
	s.manage("POST", "/"+siteEnv+"/deviceAuthentications", map[string]any{"user": map[string]any{"id": user}, "selectedDevice": map[string]any{"id": p.Device()}}, http.StatusCreated, &auth)
	for _, claimed := range []bool{true, false} {
		var code struct{ URI string }
		s.manage("POST", "/"+siteEnv+"/authenticationCodes", map[string]any{"application": map[string]any{"id": p.Application()}, "userApproval": "NOT_REQUIRED"}, http.StatusCreated, &code)
		if claimed {
			if _, err := p.ClaimCode(s.t.Context(), code.URI); err != nil {
				s.t.Error(err)
			}
		}
	}
	s.manage("POST", users, nil, http.StatusOK, nil, typed("user.sendVerificationCode")...)
	s.manage("POST", users+"/password", nil, http.StatusOK, nil, typed("password.sendRecoveryCode")...)
	s.manage("POST", users+"/devices", map[string]any{"type": "BROWSER"}, http.StatusCreated, nil, "User-Agent", "Mozilla/5.0 Chrome/133.0.0.0")
	s.manage("DELETE", users+"/devices/"+p.Device(), nil, http.StatusNoContent, nil)
	if err := p.Pair(s.t.Context(), "000000000000"); err == nil {
		s.t.Error("a wrong pairing code is taken")
	}
}

// TestNothingGrowsForEver: whatever clients and strangers do, a year later no kind of
// record is more than after the same a year before. What is kept of people, policies and
// flows does not grow by use.
func TestNothingGrowsForEver(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *config) {
		c.dev, c.proxies, c.auditRetention = true, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, 90*day
	})
	s.policy(func(p map[string]any) {
		p["rememberMe"] = map[string]any{"web": map[string]any{"enabled": true}}
	})
	user := s.user("ben", benPassword, "ben@example.com")
	var before map[string]int64
	for round := range 3 {
		s.load(round, 2*(round+1), user)
		used, err := s.app.db.CountRecords(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("after load %d: %v", round, used)
		for range 53 {
			s.pass(7 * day)
		}
		rows, err := s.app.db.CountRecords(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("after load %d and a year: %v", round, rows)
		for kind, n := range rows {
			if kind == "inbox" {
				continue // of dev; it keeps embedded.DefaultInboxSize
			}
			if round > 0 && n > before[kind] {
				t.Errorf("%s: %d records after load %d, %d after a smaller load the year before", kind, n, round, before[kind])
			}
		}
		before = rows
	}
	if r, err := audit.Verify(t.Context(), s.app.db, siteEnv, audit.Head{}); err != nil || r.Bad != nil || r.Anchor.Blocks == 0 {
		t.Errorf("the audit: %+v, %v", r, err)
	}
}

// TestAuditIsKeptAsLongAsTheSettingSays and not a day longer.
func TestAuditIsKeptAsLongAsTheSettingSays(t *testing.T) {
	t.Parallel()
	for retention, want := range map[time.Duration]bool{30 * day: false, 100 * day: true, 0: true} {
		s := newServer(t, func(c *config) { c.dev, c.auditRetention = true, retention })
		s.user("ben", benPassword, "ben@example.com")
		s.pass(time.Hour)
		s.pass(40 * day)
		var list struct {
			Embedded struct {
				Activities []struct {
					Action struct{ Type string }
				}
			} `json:"_embedded"`
		}
		s.manage("GET", "/v1/environments/"+siteEnv+"/activities?limit=100", nil, http.StatusOK, &list)
		found := false
		for _, a := range list.Embedded.Activities {
			found = found || a.Action.Type == "USER.CREATED"
		}
		if found != want {
			t.Errorf("retention %v: after 40 days the audit knows of the user: %v, want %v", retention, found, want)
		}
	}
}

// TestAuditRetentionSetting takes days and hours.
func TestAuditRetentionSetting(t *testing.T) {
	t.Parallel()
	load := func(v string) (time.Duration, error) {
		c, err := loadConfig(serveCommand(), func(name string) string { return map[string]string{"MFAFLOW_AUDIT_RETENTION": v}[name] })
		if err != nil {
			return 0, err
		}
		return c.auditRetention, nil
	}
	for text, want := range map[string]time.Duration{"": 90 * day, "1d": day, "90d": 90 * day, "48h": 2 * day, "3650d": 3650 * day, "0": 0} {
		if got, err := load(text); err != nil || got != want {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
	}
}

// TestFreedSpaceIsUsedAgain: what retention deletes makes room for what comes.
func TestFreedSpaceIsUsedAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *config) { c.dev, c.auditRetention = true, 30*day })
	fill := func() {
		for range 20 {
			err := s.app.db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
				for range 50 {
					if _, err := audit.Add(tx, siteEnv, audit.Event{Type: "TEST", Description: strings.Repeat("x", 1000)}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		s.pass(time.Hour)
		for range 2 {
			s.pass(31 * day)
		}
	}
	fill()
	first, free := s.app.db.Space()
	if free < first/2 {
		t.Errorf("%d of %d bytes are free, want most", free, first)
	}
	for range 4 {
		fill()
	}
	if size, free := s.app.db.Space(); size > first+first/10 {
		t.Errorf("the store grew from %d to %d bytes, with %d free", first, size, free)
	}
}

// TestMetricsTellTheStore: its size, what is free of it, and its records by kind.
func TestMetricsTellTheStore(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.start("sign-on-and-mfa", nil)
	s.app.countRows(t.Context())
	_, b := s.call("GET", "/metrics", nil, "Authorization", "Bearer "+siteToken)
	values := map[string]float64{}
	for line := range strings.Lines(string(b)) {
		if name, text, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			var v float64
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			values[name] = v
		}
	}
	for _, name := range []string{"mfaflow_store_size_bytes", "mfaflow_programs_bytes", `mfaflow_store_rows{kind="exec"}`, `mfaflow_store_rows{kind="audit"}`, "mfaflow_store_rows_timestamp"} {
		if values[name] <= 0 {
			t.Errorf("%s is %v\n%s", name, values[name], b)
		}
	}
	if _, ok := values["mfaflow_store_free_bytes"]; !ok || strings.Count(string(b), "# TYPE mfaflow_store_rows gauge") != 1 {
		t.Errorf("no free bytes, or more than one type of rows:\n%s", b)
	}
	if s.start("sign-on-and-mfa", nil).e.Status != engine.Waiting {
		t.Error("the server is not itself any more")
	}
}

// TestRefusedRequestsWriteNothing: what a stranger is refused leaves no audit, no
// execution, nothing.
func TestRefusedRequestsWriteNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	l := s.start("sign-on-and-mfa", nil)
	stale := l.e.Step.Token
	l.act("submit", credentials("nobody", "wrong horse 9"))
	answer := func(token, action string, form map[string]any, handle string) func() (int, []byte) {
		body := map[string]any{"token": token, "action": action, "form": form}
		return func() (int, []byte) {
			return s.call("POST", "/v1/executions/"+l.id, body, "Execution-Handle", handle)
		}
	}
	start := func(flow string, inputs map[string]any) func() (int, []byte) {
		return func() (int, []byte) {
			return s.call("POST", "/v1/flows/"+flow+"/executions", map[string]any{"inputs": inputs})
		}
	}
	form := credentials("nobody", "wrong horse 9")
	for name, do := range map[string]func() (int, []byte){
		"a stale token":       answer(stale, "submit", credentials("another", "wrong horse 9"), l.handle),
		"no token of ours":    answer("AAAA", "submit", form, l.handle),
		"an action not there": answer(l.e.Step.Token, "dance", form, l.handle),
		"a form too large":    answer(l.e.Step.Token, "submit", credentials(strings.Repeat("n", 300), "x"), l.handle),
		"a wrong handle":      answer(l.e.Step.Token, "submit", form, "wrong"),
		"a flow not there":    start("no-such-flow", map[string]any{}),
		"a flow not public":   start("mfa-authentication", map[string]any{}),
		"an input not theirs": start("sign-on-and-mfa", map[string]any{"policyId": "x"}),
		"an input not there":  start("sign-on-and-mfa", map[string]any{"nothing": "x"}),
		"the trace": func() (int, []byte) {
			return s.call("GET", "/v1/executions/"+l.id+"/trace", nil, "Authorization", "Bearer wrong")
		},
		"flows": func() (int, []byte) { return s.call("GET", "/v1/flows", nil, "Authorization", "Bearer wrong") },
		"users": func() (int, []byte) {
			return s.call("GET", "/v1/environments/"+siteEnv+"/users", nil, "Authorization", "Bearer wrong")
		},
		"a worker's token": func() (int, []byte) {
			return s.call("POST", "/"+siteEnv+"/as/token", "grant_type=client_credentials&client_id=a&client_secret=b", "Content-Type", "application/x-www-form-urlencoded")
		},
		"an unknown execution": func() (int, []byte) {
			return s.call("GET", "/v1/executions/"+siteEnv, nil, "Execution-Handle", l.handle)
		},
	} {
		before := s.app.db.Stats()
		status, b := do()
		if after := s.app.db.Stats(); status < 400 || after.Commits != before.Commits {
			t.Errorf("%s: %d, %d commits: %s", name, status, after.Commits-before.Commits, b)
		}
	}
}
