package embedded_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// withPush gives the environment a sender of pushes and the policy's rules for its app, as
// JSON members beside the id: `"pushTimeout":…`.
func withPush(rules string) setting {
	return func(o *embedded.Options) {
		o.Channels = []string{"EMAIL", "PUSH"}
		o.Policy = []byte(policyWithApp(embedded.NativeApplication(envID), rules))
	}
}

// policyWithApp has every method on, and one app.
func policyWithApp(app, rules string) string {
	if rules != "" {
		rules = "," + rules
	}
	return fmt.Sprintf(`{"name":"Push","default":true,"sms":%s,"voice":%s,"email":%s,"totp":{"enabled":true},
		"mobile":{"enabled":true,"applications":[{"id":%q%s}]}}`, method, method, method, app, rules)
}

// Rules of apps. Those of P0 are a wait of 60 s, three pushes in 30 min, a lock of 30 min.
const (
	pushRules   = `"push":{"enabled":true},"otp":{"enabled":true}`
	pushOnly    = `"push":{"enabled":true},"otp":{"enabled":false}`
	numberRules = `"push":{"enabled":true,"numberMatching":{"enabled":true}},"otp":{"enabled":true}`
	p0Push      = pushRules + `,"pushTimeout":{"duration":60,"timeUnit":"SECONDS"},"pushLimit":{"count":3,
		"timePeriod":{"duration":30,"timeUnit":"MINUTES"},"lockDuration":{"duration":30,"timeUnit":"MINUTES"}}`
)

// dan is a user with a paired phone.
func (w *world) dan() (user string, p *phone.Phone) {
	w.t.Helper()
	user, p = w.user("dan"), w.phone()
	w.claim(user, p)
	return user, p
}

// start initializes a deviceAuthentication, and demands a status.
func (w *world) start(user, status string, more ...obj) result {
	w.t.Helper()
	body := obj{"user": obj{"id": user}}
	for _, m := range more {
		for name, v := range m {
			body[name] = v
		}
	}
	return w.auth("POST", "deviceAuthentications", body).want(201, "").in(status)
}

// in fails unless the resource has the status.
func (r result) in(status string) result {
	r.t.Helper()
	if r.text("status") != status {
		r.t.Fatalf("status %s, want %s\n%s", r.text("status"), status, r.Raw)
	}
	return r
}

func (w *world) read(da string) result {
	w.t.Helper()
	return w.auth("GET", "deviceAuthentications/"+da, nil).want(200, "")
}

func (w *world) cancel(da, reason string) result {
	w.t.Helper()
	return w.auth("POST cancel.push.authentication", "deviceAuthentications/"+da, obj{"reason": reason})
}

// waiting are the pushes that a phone shows.
func (w *world) waiting(p *phone.Phone) []phone.Push {
	w.t.Helper()
	list, err := p.Pushes(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// only is the one push that waits.
func (w *world) only(p *phone.Phone) phone.Push {
	w.t.Helper()
	list := w.waiting(p)
	if len(list) != 1 {
		w.t.Fatalf("%d pushes wait, want 1", len(list))
	}
	return list[0]
}

// refusedAs fails unless err is a refusal with a status and a first code.
func (w *world) refusedAs(err error, status int, code string) {
	w.t.Helper()
	var e *pingone.Error
	if !errors.As(err, &e) || e.Status != status || e.FirstCode() != code {
		w.t.Fatalf("%v, want %d %s", err, status, code)
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// sentPushes are the messages on the channel PUSH.
func (w *world) sentPushes() []embedded.InboxEntry {
	w.t.Helper()
	if _, err := w.outbox.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	list, err := w.inbox.List(w.t.Context(), embedded.InboxFilter{Channel: "PUSH"})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// lockOf is the lock of a device, as the device says.
func (w *world) lockOf(user, device string) result {
	w.t.Helper()
	return w.api("GET", "users/"+user+"/devices/"+device, nil).want(200, "")
}

// ignore starts a push, which is delivered, and lets its time pass.
func (w *world) ignore(user string) {
	w.t.Helper()
	da := w.start(user, "PUSH_CONFIRMATION_REQUIRED").text("id")
	w.sentPushes()
	w.clock.Move(time.Minute)
	w.read(da).in("PUSH_CONFIRMATION_TIMED_OUT")
}

// methodsOf are the authenticators of a COMPLETED resource.
func methodsOf(r result) []string {
	var out []string
	list, _ := r.at("authenticators").([]any)
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func wantMethods(t *testing.T, r result, want ...string) {
	t.Helper()
	if got := methodsOf(r); !slices.Equal(got, want) {
		t.Errorf("authenticators %v, want %v", got, want)
	}
}

// otherApp is a second native app.
func (w *world) otherApp() string {
	w.t.Helper()
	return w.api("POST", "applications", obj{"name": "other", "enabled": true, "type": "NATIVE_APP", "protocol": "OPENID_CONNECT",
		"mobile": obj{"bundleId": "org.other", "packageName": "org.other"}}).want(201, "").text("id")
}
