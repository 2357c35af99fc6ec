package embedded_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
)

// qr makes an authentication code for the environment's app.
func (w *world) qr(more ...obj) result {
	w.t.Helper()
	body := obj{"application": obj{"id": embedded.NativeApplication(envID)}}
	for _, m := range more {
		for name, v := range m {
			body[name] = v
		}
	}
	return w.auth("POST", "authenticationCodes", body)
}

// is fails unless the status is as expected. A code's resource has a member code of its own,
// which want would take for an error's.
func (r result) is(status int) result {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("got %d, want %d\n%s", r.Status, status, r.Raw)
	}
	return r
}

func (w *world) readCode(id string) result {
	w.t.Helper()
	return w.auth("GET", "authenticationCodes/"+id, nil).is(200)
}

// T11.1: unclaimed, claimed with the phone that did it, completed with its user.
func TestAuthenticationCode(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("dan")
		p := w.phone(func(o *phone.Options) {
			o.Properties = obj{"os": obj{"type": "iOS", "version": "19"}, "model": obj{"name": "iPhone", "marketingName": "iPhone 17"},
				"application": obj{"nativeName": "Bank", "version": "2.1"}}
		})
		w.claim(user, p)
		made := w.qr(obj{"clientContext": obj{"header": "Bank", "body": "Vienna, 11:02"}}).is(201).in("UNCLAIMED")
		id, code := made.text("id"), made.text("code")
		if !regexp.MustCompile(`^[0-9A-Z]{8}$`).MatchString(code) {
			t.Errorf("code %q", code)
		}
		if u := made.text("uri"); u != base+"/pingonesdk?authentication_code="+code {
			t.Errorf("uri %s", u)
		}
		if made.at("user") != nil || made.at("_embedded") != nil || made.text("userApproval") != "REQUIRED" ||
			made.at("lifeTime.duration") != 1.0 || made.text("lifeTime.timeUnit") != "MINUTES" {
			t.Errorf("%s", made.Raw)
		}
		look, err := p.LookAtCode(t.Context(), code)
		w.must(err)
		if look.ID != id || look.Status != "UNCLAIMED" || look.Application.Name != "mfaflow" ||
			string(look.ClientContext) != `{"body":"Vienna, 11:02","header":"Bank"}` || !look.ExpiresAt.Equal(look.CreatedAt.Add(time.Minute)) {
			t.Errorf("%+v", look)
		}
		before := w.db.Stats().Commits
		w.readCode(id).in("UNCLAIMED")
		if w.db.Stats().Commits != before {
			t.Error("a poll committed")
		}
		claimed, err := p.ClaimCode(t.Context(), made.text("uri"))
		w.must(err)
		if claimed.Status != "CLAIMED" || string(claimed.ClientContext) != string(look.ClientContext) {
			t.Errorf("%+v", claimed)
		}
		r := w.readCode(id).in("CLAIMED")
		want := obj{"id": p.Device(), "os": obj{"type": "iOS", "version": "19"}, "model": obj{"name": "iPhone", "marketingName": "iPhone 17"},
			"application": obj{"nativeName": "Bank", "version": "2.1"}}
		if d := cmp.Diff(want, r.at("_embedded.device")); d != "" || r.text("user.id") != user {
			t.Errorf("%s\n%s", d, r.Raw)
		}
		w.clock.Move(time.Second)
		w.must(p.ApproveCode(t.Context(), id))
		done := w.readCode(id).in("COMPLETED")
		if done.text("user.id") != user || done.text("createdAt") >= done.text("updatedAt") {
			t.Errorf("%s", done.Raw)
		}
		w.refusedAs(p.ApproveCode(t.Context(), id), 404, "NOT_FOUND")
		w.refusedAs(p.DenyCode(t.Context(), id), 404, "NOT_FOUND")
		w.clock.Move(2 * time.Minute)
		w.readCode(id).in("COMPLETED")
	})
}

// T11.3, T11.4: a denial ends a code; one that needs no approval is completed by its claim.
func TestAuthenticationCodeApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, p := w.dan()
	made := w.qr().is(201)
	_, err := p.ClaimCode(t.Context(), made.text("code"))
	w.must(err)
	w.must(p.DenyCode(t.Context(), made.text("id")))
	w.readCode(made.text("id")).in("DENIED")
	w.refusedAs(p.ApproveCode(t.Context(), made.text("id")), 404, "NOT_FOUND")

	made = w.qr(obj{"userApproval": "NOT_REQUIRED"}).is(201)
	seen, err := p.LookAtCode(t.Context(), made.text("code"))
	w.must(err)
	if seen.UserApproval != "NOT_REQUIRED" {
		t.Errorf("%+v", seen)
	}
	w.readCode(made.text("id")).in("UNCLAIMED")
	// T11.6: typed, as people do.
	typed := strings.ToLower(made.text("code")[:2] + " " + made.text("code")[2:4] + "-" + made.text("code")[4:])
	claimed, err := p.ClaimCode(t.Context(), typed)
	w.must(err)
	if r := w.readCode(made.text("id")).in("COMPLETED"); claimed.Status != "COMPLETED" || r.text("user.id") != user {
		t.Errorf("%+v\n%s", claimed, r.Raw)
	}
	w.refusedAs(p.DenyCode(t.Context(), made.text("id")), 404, "NOT_FOUND")
	w.readCode(made.text("id")).in("COMPLETED")
}

// T11.2: a code whose time is over is EXPIRED, whether it was claimed or not, and is not
// claimed or approved any more, also when the clock goes back.
func TestAuthenticationCodeExpires(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		_, p := w.dan()
		ten := obj{"lifeTime": obj{"duration": 10, "timeUnit": "SECONDS"}}
		left, claimed := w.qr(ten).is(201), w.qr(ten).is(201)
		unread := w.qr(ten).is(201)
		_, err := p.ClaimCode(t.Context(), claimed.text("code"))
		w.must(err)
		w.clock.Move(10 * time.Second)
		_, err = p.ClaimCode(t.Context(), unread.text("code"))
		w.refusedAs(err, 400, "INVALID_VALUE")
		w.refusedAs(p.ApproveCode(t.Context(), claimed.text("id")), 404, "NOT_FOUND")
		w.readCode(left.text("id")).in("EXPIRED")
		w.clock.Move(-5 * time.Second)
		for _, r := range []result{left, claimed, unread} {
			w.readCode(r.text("id")).in("EXPIRED")
			_, err = p.ClaimCode(t.Context(), r.text("code"))
			w.refusedAs(err, 400, "INVALID_VALUE")
		}
		before := w.db.Stats().Commits
		w.readCode(left.text("id"))
		if w.db.Stats().Commits != before {
			t.Error("the second look committed")
		}
	})
}

// DELETE withdraws a code, in every state.
func TestDeleteAuthenticationCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, p := w.dan()
	free, claimed := w.qr().is(201), w.qr().is(201)
	_, err := p.ClaimCode(t.Context(), claimed.text("code"))
	w.must(err)
	for _, r := range []result{free, claimed} {
		w.auth("DELETE", "authenticationCodes/"+r.text("id"), nil).want(204, "")
		w.auth("DELETE", "authenticationCodes/"+r.text("id"), nil).want(404, "NOT_FOUND")
		w.auth("GET", "authenticationCodes/"+r.text("id"), nil).want(404, "NOT_FOUND")
		w.refusedAs(p.ApproveCode(t.Context(), r.text("id")), 404, "NOT_FOUND")
		_, err := p.ClaimCode(t.Context(), r.text("code"))
		w.refusedAs(err, 400, "INVALID_VALUE")
	}
	w.auth("GET", "authenticationCodes/nothing", nil).want(404, "NOT_FOUND")
}

// What a code may be made of; T11.5.
func TestAuthenticationCodeInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	life := func(n, unit any) obj { return obj{"lifeTime": obj{"duration": n, "timeUnit": unit}} }
	for _, c := range []struct {
		body         obj
		code, target string
	}{
		{obj{"application": nil}, "REQUIRED_VALUE", "application.id"},
		{obj{"application": obj{}}, "REQUIRED_VALUE", "application.id"},
		{obj{"application": obj{"id": "nothing"}}, "INVALID_VALUE", "application.id"},
		{obj{"application": obj{"id": "00000000-0000-7000-8000-000000000000"}}, "INVALID_VALUE", "application.id"},
		{life(9, "SECONDS"), "OUT_OF_RANGE", "lifeTime.duration"},
		{life(0, "MINUTES"), "OUT_OF_RANGE", "lifeTime.duration"},
		{life(-1, "MINUTES"), "OUT_OF_RANGE", "lifeTime.duration"},
		{life(31, "MINUTES"), "OUT_OF_RANGE", "lifeTime.duration"},
		{life(1801, "SECONDS"), "OUT_OF_RANGE", "lifeTime.duration"},
		{life(1, "HOURS"), "INVALID_VALUE", "lifeTime.timeUnit"},
		{life("60", "SECONDS"), "INVALID_VALUE", "lifeTime.duration"},
		{obj{"lifeTime": obj{"duration": 60}}, "REQUIRED_VALUE", "lifeTime.timeUnit"},
		{obj{"lifeTime": obj{"timeUnit": "SECONDS"}}, "REQUIRED_VALUE", "lifeTime.duration"},
		{obj{"userApproval": "MAYBE"}, "INVALID_VALUE", "userApproval"},
		{obj{"clientContext": "text"}, "INVALID_VALUE", "clientContext"},
		{obj{"clientContext": obj{"x": strings.Repeat("x", 8<<10)}}, "SIZE_LIMIT_EXCEEDED", "clientContext"},
	} {
		if r := w.qr(c.body).want(400, c.code); r.text("details.0.target") != c.target {
			t.Errorf("%v: %s", c.body, r.Raw)
		}
	}
	for _, body := range []obj{life(10, "SECONDS"), life(1800, "SECONDS"), life(30, "MINUTES"), {"lifeTime": nil}, {"lifeTime": obj{}},
		{"clientContext": nil}, {"userApproval": nil}} {
		w.qr(body).is(201)
	}
}

// The link is the app's, if it has a prefix. An app that is off, or that the policy does
// not know, can be asked for no code.
func TestAuthenticationCodeApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPush(pushRules))
	app := embedded.NativeApplication(envID)
	put := func(enabled bool) {
		w.api("PUT", "applications/"+app, obj{"name": "mfaflow", "enabled": enabled, "type": "NATIVE_APP", "protocol": "OPENID_CONNECT",
			"mobile": obj{"bundleId": "org.mfaflow.app", "packageName": "org.mfaflow.app", "uriPrefix": "https://bank.example/app/"}}).want(200, "")
	}
	put(true)
	r := w.qr().is(201)
	if u, err := url.Parse(r.text("uri")); err != nil || u.Host != "bank.example" || u.Path != "/app/pingonesdk" || u.Query().Get("authentication_code") != r.text("code") {
		t.Errorf("uri %s: %v", r.text("uri"), err)
	}
	other := w.otherApp()
	w.qr(obj{"application": obj{"id": other}}).want(400, "INVALID_VALUE")
	put(false)
	w.qr().want(400, "INVALID_VALUE")
}

// What nobody asks for any more is swept.
func TestSweepAuthenticationCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, p := w.dan()
	old := w.qr().is(201).text("id")
	_, err := p.ClaimCode(t.Context(), "NONENONE")
	w.refusedAs(err, 400, "INVALID_VALUE")
	w.clock.Move(time.Hour + time.Second)
	fresh := w.qr().is(201).text("id")
	if _, err := w.svc.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.auth("GET", "authenticationCodes/"+old, nil).want(404, "NOT_FOUND")
	w.readCode(fresh).in("UNCLAIMED")
	for _, under := range []string{"acguess", "acode"} {
		n := 0
		for _, err := range w.db.Scan(t.Context(), storeUnder(envID+"/"+under+"/")) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if want := map[string]int{"acode": 1}[under]; n != want {
			t.Errorf("%d records of %s, want %d", n, under, want)
		}
	}
}
