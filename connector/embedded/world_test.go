package embedded_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
	"github.com/mfaflow/mfaflow/store/bolt"
	"github.com/mfaflow/mfaflow/store/memory"
	"github.com/mfaflow/mfaflow/store/outbox"
)

const (
	envID = "abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6"
	base  = "http://pingone.test"
	token = "management-token"
)

// clock is a virtual clock.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a service with its inbox on a store, and a virtual clock.
type world struct {
	t        *testing.T
	clock    *clock
	db       *store.DB
	svc      *embedded.Service
	inbox    *embedded.Inbox
	outbox   *outbox.Outbox
	compared atomic.Int64
	hashed   atomic.Int64
}

type setting func(*embedded.Options)

func limits(change func(*embedded.Limits)) setting {
	return func(o *embedded.Options) {
		l := usualLimits()
		change(&l)
		o.Limits = &l
	}
}

// usualLimits are the defaults, without those of messages to unproven targets: the devices
// of most tests are made ACTIVE, and the tests are not about how often they are written to.
func usualLimits() embedded.Limits {
	l := embedded.DefaultLimits()
	l.UnprovenPerHour, l.UnprovenPerDay, l.UnprovenPerExecution, l.UnprovenPerAddress, l.UnprovenPerEnvironment = 0, 0, 0, 0, 0
	return l
}

// storeKind is what the worlds of these tests stand on: make test runs them on both.
var storeKind = flag.String("store", "memory", "memory or bolt")

// newWorld makes a world on the store of the flag.
func newWorld(t *testing.T, settings ...setting) *world {
	t.Helper()
	if *storeKind == "bolt" {
		return worldOn(t, openBolt(t), settings...)
	}
	return worldOn(t, memory.New(), settings...)
}

func openBolt(t *testing.T) store.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// onStores runs a test on each kind of store.
func onStores(t *testing.T, test func(t *testing.T, w *world), settings ...setting) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { t.Parallel(); test(t, worldOn(t, memory.New(), settings...)) })
	t.Run("bolt", func(t *testing.T) { t.Parallel(); test(t, worldOn(t, openBolt(t), settings...)) })
}

func worldOn(t *testing.T, s store.Store, settings ...setting) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: time.Date(2026, 11, 22, 9, 0, 0, 123_456_789, time.UTC)}}
	db, err := store.Open(t.Context(), s, store.Options{Key: bytes.Repeat([]byte{7}, 32), Now: w.clock.Now, LatchWait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.db = db
	w.svc = w.service(settings...)
	w.inbox = embedded.NewInbox(db, envID, 0)
	w.outbox = outbox.New(db, envID, w.inbox.Send, outbox.Options{})
	return w
}

// service makes a service on the world's store: cheap hashes, three channels, P0's lock.
func (w *world) service(settings ...setting) *embedded.Service {
	w.t.Helper()
	usual := usualLimits()
	o := embedded.Options{
		Limits:      &usual,
		Environment: envID, BaseURL: base, Channels: []string{"EMAIL", "SMS", "VOICE"},
		HashCost:  embedded.HashCost{MemoryKiB: 64, Passes: 1, Lanes: 1},
		OnCompare: func() { w.compared.Add(1) }, OnHash: func() { w.hashed.Add(1) },
		Authorize: func(s string) bool { return s == token },
		Workers:   map[string]string{"worker": "s3cret"},
	}
	for _, set := range settings {
		set(&o)
	}
	svc, err := embedded.New(w.t.Context(), w.db, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return svc
}

// p0 is the tests' policy: 3 failures, 2 minutes of cool-down, 30 minutes of life.
const p0 = `{"name":"P0","default":true,"sms":{"enabled":true},"voice":{"enabled":true},"mobile":{"enabled":true},"totp":{"enabled":true},
	"email":{"enabled":true,"otp":{"failure":{"count":3,"coolDown":{"duration":2,"timeUnit":"MINUTES"}},"lifeTime":{"duration":30,"timeUnit":"MINUTES"}}}}`

func withTestDevices(o *embedded.Options) { o.TestDevices = true }

func withP0(o *embedded.Options) { o.Policy = json.RawMessage(p0) }

// result is a response with its body decoded.
type result struct {
	t      *testing.T
	Status int
	Header http.Header
	Raw    []byte
	Body   map[string]any
}

// at reads a value by path: "details.0.code".
func (r result) at(path string) any {
	var v any = r.Body
	for _, part := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i := int(part[0] - '0')
			if i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (r result) text(path string) string {
	s, _ := r.at(path).(string)
	return s
}

// want fails unless the status and, if given, the first code are as expected.
func (r result) want(status int, code string) result {
	r.t.Helper()
	got := r.text("details.0.code")
	if got == "" {
		got = r.text("code")
	}
	if r.Status != status || got != code {
		r.t.Fatalf("got %d %q, want %d %q\n%s", r.Status, got, status, code, r.Raw)
	}
	return r
}

// do sends a request through the seam.
func (w *world) do(req pingone.Request) result {
	w.t.Helper()
	return w.doCtx(w.t.Context(), req)
}

func (w *world) doCtx(ctx context.Context, req pingone.Request) result {
	w.t.Helper()
	resp, err := w.svc.Do(ctx, req)
	if err != nil {
		w.t.Fatalf("%s %v: %v", req.Method, req.Path, err)
	}
	r := result{t: w.t, Status: resp.Status, Header: resp.Header, Raw: resp.Body}
	if len(resp.Body) > 0 {
		if err := json.Unmarshal(resp.Body, &r.Body); err != nil {
			w.t.Fatalf("body %q: %v", resp.Body, err)
		}
	}
	return r
}

type obj = map[string]any

// api sends a request to the API host. A body's media operation follows the method:
// "POST device.activate".
func (w *world) api(method, path string, body any) result {
	w.t.Helper()
	return w.do(request(pingone.HostAPI, method, path, body))
}

// auth sends a request to the auth host.
func (w *world) auth(method, path string, body any) result {
	w.t.Helper()
	return w.do(request(pingone.HostAuth, method, path, body))
}

func request(host pingone.Host, method, path string, body any) pingone.Request {
	method, operation, _ := strings.Cut(method, " ")
	q := pingone.Request{Host: host, Method: method, Body: body}
	if operation != "" {
		q.MediaType = pingone.MediaType(operation)
	}
	path, query, _ := strings.Cut(path, "?")
	q.Path = strings.Split(path, "/")
	if values, err := url.ParseQuery(query); err == nil {
		q.Query = values
	}
	return q
}

func escape(s string) string { return url.QueryEscape(s) }

const goodPassword = "correct horse 9"

// user makes a user with a password and MFA on, and returns the id.
func (w *world) user(name string) string {
	w.t.Helper()
	r := w.api("POST user.import", "users", obj{"username": name, "email": name + "@example.com", "mfaEnabled": true,
		"password": obj{"value": goodPassword}})
	return r.want(201, "").text("id")
}

// email pairs an ACTIVE e-mail device and returns the id.
func (w *world) email(user, address string) string {
	w.t.Helper()
	return w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": address}).want(201, "").text("id")
}

// ben is a user with one e-mail device.
func (w *world) ben() (user, device string) {
	w.t.Helper()
	user = w.user("ben")
	return user, w.email(user, "ben@example.com")
}

// begin initializes a deviceAuthentication that asks for a code.
func (w *world) begin(user string) result {
	w.t.Helper()
	r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
	if r.text("status") != "OTP_REQUIRED" {
		w.t.Fatalf("status %s\n%s", r.text("status"), r.Raw)
	}
	return r
}

func (w *world) check(da, code string) result {
	w.t.Helper()
	return w.auth("POST otp.check", "deviceAuthentications/"+da, obj{"otp": code})
}

func (w *world) choose(da, device string) result {
	w.t.Helper()
	return w.auth("POST device.select", "deviceAuthentications/"+da, obj{"device": obj{"id": device}})
}

// mail delivers what waits and returns the newest message to an address.
func (w *world) mail(to string) embedded.InboxEntry {
	w.t.Helper()
	if _, err := w.outbox.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	all, err := w.inbox.List(w.t.Context(), embedded.InboxFilter{To: to})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(all) == 0 {
		w.t.Fatalf("no mail to %s", to)
	}
	return all[0]
}

// wrong is a code that differs from code.
func wrong(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

func storeUnder(prefix string) store.Range { return store.Under(store.Key(prefix)) }

// keys lists the members of an object, sorted.
func keys(v any) []string {
	m, _ := v.(map[string]any)
	return slices.Sorted(maps.Keys(m))
}
