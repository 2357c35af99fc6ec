package embedded_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// a code that several phones claim at once, two hundred times, is one's.
func TestA28ParallelClaims(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		var phones []*phone.Phone
		for _, name := range strings.Fields("dan eve fay gus hal ida jon kim") {
			p := w.phone()
			w.claim(w.user(name), p)
			phones = append(phones, p)
		}
		made := w.qr().is(201)
		var all sync.WaitGroup
		var mu sync.Mutex
		var winners []*phone.Phone
		for i := range 200 {
			all.Go(func() {
				p := phones[i%len(phones)]
				if _, err := p.ClaimCode(t.Context(), made.text("code")); err == nil {
					mu.Lock()
					winners = append(winners, p)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if len(winners) != 1 {
			t.Fatalf("%d claims, want 1", len(winners))
		}
		if r := w.readCode(made.text("id")).in("CLAIMED"); r.text("_embedded.device.id") != winners[0].Device() {
			t.Errorf("%s", r.Raw)
		}
		for _, p := range phones {
			if p != winners[0] {
				w.refusedAs(p.ApproveCode(t.Context(), made.text("id")), 404, "NOT_FOUND")
				w.refusedAs(p.DenyCode(t.Context(), made.text("id")), 404, "NOT_FOUND")
			}
		}
		w.must(winners[0].ApproveCode(t.Context(), made.text("id")))
	}, limits(func(l *embedded.Limits) { l.CodeGuesses = 0 }))
}

// who approves has seen who asks; a claim signs nobody on by itself, and lasts no
// longer than the code: a minute unless the flow says otherwise.
func TestA54ApprovalIsInformed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, p := w.dan()
	q := request(pingone.HostAuth, "POST", "authenticationCodes", obj{"application": obj{"id": p.Application()},
		"clientContext": obj{"header": "Bank", "body": "Vienna, 11:02"}})
	q.Header = map[string][]string{"User-Agent": {"Firefox" + strings.Repeat("x", 1000)}}
	made := w.do(q).is(201)
	seen, err := p.ClaimCode(t.Context(), made.text("code"))
	w.must(err)
	if !strings.HasPrefix(seen.Client.UserAgent, "Firefox") || len(seen.Client.UserAgent) != 256 || len(seen.ClientContext) == 0 ||
		seen.Application.ID != p.Application() || seen.CreatedAt.IsZero() {
		t.Errorf("%+v", seen)
	}
	if r := w.readCode(made.text("id")).in("CLAIMED"); r.at("authenticators") != nil {
		t.Errorf("%s", r.Raw)
	}
	w.clock.Move(time.Minute)
	w.refusedAs(p.ApproveCode(t.Context(), made.text("id")), 404, "NOT_FOUND")
	w.readCode(made.text("id")).in("EXPIRED")
}

// wrong codes of an app are limited; then the right one is refused as well. Another
// app is not held up, and time forgives.
func TestA54GuessedCodes(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, p := w.dan()
		second := w.phone()
		w.claim(user, second)
		code := w.qr(obj{"lifeTime": obj{"duration": 30, "timeUnit": "MINUTES"}}).is(201).text("code")
		wrong := "Z" + code[1:]
		if code[0] == 'Z' {
			wrong = "Y" + code[1:]
		}
		for i := range 10 {
			ask := []func() error{
				func() error { _, err := p.LookAtCode(t.Context(), wrong); return err },
				func() error { _, err := p.ClaimCode(t.Context(), wrong); return err },
				func() error {
					_, err := p.ClaimCode(t.Context(), "https://x/pingonesdk?authentication_code="+wrong)
					return err
				},
				func() error { _, err := p.ClaimCode(t.Context(), strings.Repeat("A", 50_000)); return err },
			}[i%4]
			w.refusedAs(ask(), 400, "INVALID_VALUE")
		}
		_, err := p.LookAtCode(t.Context(), code)
		w.refusedAs(err, 429, "REQUEST_LIMITED")
		_, err = p.ClaimCode(t.Context(), code)
		w.refusedAs(err, 429, "REQUEST_LIMITED")
		_, err = second.LookAtCode(t.Context(), code)
		w.must(err)
		w.clock.Move(10 * time.Minute)
		_, err = p.ClaimCode(t.Context(), code)
		w.must(err)
	})
}

// only the app that the code was made for can have it; to another it is a wrong one.
func TestA54CodeOfAnotherApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withP0)
	user := w.user("dan")
	other := w.otherApp()
	p := w.phone(func(o *phone.Options) { o.Application = other })
	w.must(p.Pair(t.Context(), w.key(user, obj{"applications": []obj{{"id": other}}}).text("code")))
	code := w.qr().is(201).text("code")
	_, err := p.LookAtCode(t.Context(), code)
	w.refusedAs(err, 400, "INVALID_VALUE")
	_, err = p.ClaimCode(t.Context(), code)
	w.refusedAs(err, 400, "INVALID_VALUE")
	made := w.qr(obj{"application": obj{"id": other}}).is(201)
	_, err = p.ClaimCode(t.Context(), made.text("code"))
	w.must(err)
}

// a user who is disabled or locked, or a device that is, neither claims a code nor
// approves one that was claimed before: that one is FAILED, and says why.
func TestA10CodeAfterLock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code   string
		change func(w *world, user string, p *phone.Phone)
	}{
		"user disabled": {"ACCOUNT_NOT_USABLE", func(w *world, user string, _ *phone.Phone) {
			w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
		}},
		"user locked": {"PASSWORD_LOCKED_OUT", func(w *world, user string, _ *phone.Phone) {
			w.api("POST account.lock", "users/"+user, nil).want(200, "")
		}},
		"device blocked": {"CONSTRAINT_VIOLATION", func(w *world, user string, p *phone.Phone) {
			w.api("POST device.block", "users/"+user+"/devices/"+p.Device(), nil).want(200, "")
		}},
		"device locked": {"CONSTRAINT_VIOLATION", func(w *world, user string, p *phone.Phone) {
			da := w.begin(user).text("id")
			for range 3 {
				w.check(da, wrong(p.Code()))
			}
		}},
		"app not in the policy": {"INVALID_VALUE", func(w *world, _ string, _ *phone.Phone) {
			id := w.api("GET", "deviceAuthenticationPolicies", nil).text("_embedded.deviceAuthenticationPolicies.0.id")
			w.api("PUT", "deviceAuthenticationPolicies/"+id, json.RawMessage(policyWithApp(w.otherApp(), ""))).want(200, "")
		}},
		"MFA off": {"ACCOUNT_NOT_USABLE", func(w *world, user string, _ *phone.Phone) {
			id := w.api("GET", "deviceAuthenticationPolicies", nil).text("_embedded.deviceAuthenticationPolicies.0.id")
			strict := strings.Replace(p0, `"name":"P0"`, `"name":"P0","blockUsersWithDisabledMfa":true`, 1)
			w.api("PUT", "deviceAuthenticationPolicies/"+id, json.RawMessage(strict)).want(200, "")
			w.api("PUT", "users/"+user+"/mfaEnabled", obj{"mfaEnabled": false}).want(200, "")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			user, p := w.dan()
			free := w.qr(obj{"userApproval": "NOT_REQUIRED"}).is(201)
			claimed, denied := w.qr().is(201), w.qr().is(201)
			for _, r := range []result{claimed, denied} {
				_, err := p.ClaimCode(t.Context(), r.text("code"))
				w.must(err)
			}
			c.change(w, user, p)
			_, err := p.LookAtCode(t.Context(), free.text("code"))
			w.refusedAs(err, 400, c.code)
			_, err = p.ClaimCode(t.Context(), free.text("code"))
			w.refusedAs(err, 400, c.code)
			w.readCode(free.text("id")).in("UNCLAIMED")
			w.refusedAs(p.ApproveCode(t.Context(), claimed.text("id")), 400, c.code)
			r := w.readCode(claimed.text("id")).in("FAILED")
			if r.text("error.code") != c.code || r.text("error.message") == "" {
				t.Errorf("%s", r.Raw)
			}
			w.refusedAs(p.ApproveCode(t.Context(), claimed.text("id")), 404, "NOT_FOUND")
			w.must(p.DenyCode(t.Context(), denied.text("id")))
			w.readCode(denied.text("id")).in("DENIED")
		})
	}
}

// A code is nowhere in the store, the audit or what an app reads of it.
func TestA53CodesAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, p := w.dan()
	code := w.qr().is(201).text("code")
	_, err := p.ClaimCode(t.Context(), code)
	w.must(err)
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/")) {
		if err != nil || bytes.Contains(rec.Value, []byte(code)) || strings.Contains(string(rec.Key), code) {
			t.Errorf("%s: %v", rec.Key, err)
		}
	}
}

// A claim is of one phone: another of the same user decides nothing.
func TestAnotherPhoneOfTheUserDoesNotDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, p := w.dan()
	second := w.phone()
	w.claim(user, second)
	made := w.qr().is(201)
	_, err := p.ClaimCode(t.Context(), made.text("code"))
	w.must(err)
	w.refusedAs(second.ApproveCode(t.Context(), made.text("id")), 404, "NOT_FOUND")
	w.refusedAs(second.DenyCode(t.Context(), made.text("id")), 404, "NOT_FOUND")
	w.readCode(made.text("id")).in("CLAIMED")
	w.must(p.ApproveCode(t.Context(), made.text("id")))
}

// What holds out no code at all is no guess; a code goes before a link; and guesses are
// not limited where the limit is off.
func TestWhatIsHeldOutIsOneCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.CodeGuesses = 0 }))
	_, p := w.dan()
	code := w.qr().is(201).text("code")
	hold := func(body obj) error { return p.Do(t.Context(), "POST", "authenticationCodes/look", body, nil) }
	for _, body := range []obj{{}, {"code": ""}, {"code": "", "uri": ""}} {
		w.refusedAs(hold(body), 400, "REQUIRED_VALUE")
	}
	link := "https://x/pingonesdk?authentication_code="
	for _, body := range []obj{{"code": "x", "uri": link + code}, {"uri": link}, {"uri": "https://x/%zz?authentication_code=" + code}, {"uri": code}} {
		w.refusedAs(hold(body), 400, "INVALID_VALUE")
	}
	for range 20 {
		w.refusedAs(hold(obj{"code": "x"}), 400, "INVALID_VALUE")
	}
	w.must(hold(obj{"code": code, "uri": link + "x"}))
}

// A code outlives its app, and is read without it.
func TestACodeIsReadWithoutItsApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withP0)
	other := w.otherApp()
	made := w.qr(obj{"application": obj{"id": other}}).is(201)
	w.api("DELETE", "applications/"+other, nil).want(204, "")
	if r := w.readCode(made.text("id")); r.Status != 200 || r.text("application.id") != other {
		t.Errorf("got %d %s, want 200 that names the app", r.Status, r.Raw)
	}
}
