package embedded_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/embedded/phone"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// What the app of a device may know and change, and nothing else.
func TestApp(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, app := w.user("ben"), embedded.NativeApplication(envID)
		f := newForger(w)
		paired := f.pair(w, user, app)
		want := obj{
			"device": obj{"id": f.device}, "user": obj{"id": user}, "environment": obj{"id": envID}, "application": obj{"id": app, "name": "mfaflow"},
			"otp":        obj{"secret": paired.text("otp.secret"), "digits": 6.0, "period": 30.0},
			"serverTime": "2026-11-22T09:00:00.123Z",
		}
		if d := cmp.Diff(want, paired.Body); d != "" || len(paired.text("otp.secret")) != 32 {
			t.Error(d)
		}
		path := "devices/" + f.device
		view := obj{
			"device": obj{"id": f.device, "lock": obj{"status": "UNLOCKED"}, "block": obj{"status": "UNBLOCKED"}, "otpEnabled": true, "pushEnabled": true},
			"user":   obj{"id": user}, "environment": obj{"id": envID}, "application": obj{"id": app, "name": "mfaflow"},
			"serverTime": "2026-11-22T09:00:00.123Z",
		}
		if d := cmp.Diff(view, f.call(w, "GET", path, nil).want(200, "").Body); d != "" {
			t.Error(d)
		}
		f.call(w, "GET", path+"?x=%2F1&y", nil).want(200, "")
		changed := obj{"pushToken": "fresh-token-9999", "pushEnabled": false, "manufacturer": "Forged", "name": "Forged", "model": obj{"name": "Forged"},
			"os": obj{"type": "Forged", "version": "17"}, "application": obj{"id": user0, "name": "Forged", "version": "4", "pushSandbox": true},
			"logs": obj{"status": "RECEIVED"}, "deviceIntegrityState": obj{"compromised": "TRUE", "reason": "CTS"}}
		put := f.call(w, "PUT", path, obj{"device": changed}).want(200, "")
		if put.at("device.pushEnabled") != false {
			t.Errorf("%s", put.Raw)
		}
		d := w.api("GET", "users/"+user+"/devices/"+f.device, nil).want(200, "")
		if strings.Contains(string(d.Raw), "Forged") || d.at("application.pushSandbox") != false || d.text("os.version") != "17" || d.at("logs") != nil ||
			d.text("application.version") != "4" || d.text("pushToken") != "****9999" || d.text("deviceIntegrityState.compromised") != "TRUE" {
			t.Errorf("%s", d.Raw)
		}
		f.call(w, "PUT", path, obj{"device": nil}).want(400, "REQUIRED_VALUE")
		f.call(w, "PUT", path, obj{"device": obj{"notificationProvider": "PIGEON"}}).want(400, "INVALID_VALUE")
		f.call(w, "PUT", path, obj{"device": obj{"deviceIntegrityState": obj{"compromised": "MAYBE"}}}).want(400, "INVALID_VALUE")
		f.call(w, "PUT", path, obj{"device": obj{"locale": strings.Repeat("x", 257)}}).want(400, "SIZE_LIMIT_EXCEEDED")
		f.call(w, "PUT", path, obj{"device": obj{"deviceIntegrityState": obj{"compromised": "TRUE", "advice": strings.Repeat("x", 257)}}}).want(400, "SIZE_LIMIT_EXCEEDED")
		f.call(w, "PUT", path, obj{"device": obj{"pushEnabled": "yes"}}).want(400, "INVALID_VALUE")
		f.call(w, "DELETE", path, nil).want(204, "")
		f.call(w, "GET", path, nil).want(401, "INVALID_TOKEN")
		w.api("GET", "users/"+user+"/devices/"+f.device, nil).want(404, "NOT_FOUND")
		if got := w.events(user); !slices.Contains(got, "DEVICE.UPDATED SUCCESS ") || !slices.Contains(got, "DEVICE.DELETED SUCCESS ") {
			t.Error(got)
		}
	})
}

// What a phone has said about its state stays, and as old as it is, until it says it anew.
func TestIntegrityKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, p := w.dan()
	w.must(p.Update(t.Context(), obj{"deviceIntegrityState": obj{"compromised": "TRUE", "reason": "CTS"}}))
	state := func(want obj) {
		t.Helper()
		d := w.api("GET", "users/"+user+"/devices/"+p.Device(), nil).want(200, "")
		if d := cmp.Diff(any(want), d.at("deviceIntegrityState")); d != "" {
			t.Error(d)
		}
	}
	w.clock.Move(time.Hour)
	w.must(p.Update(t.Context(), obj{"locale": "de"}))
	w.must(p.Update(t.Context(), obj{"deviceIntegrityState": nil}))
	state(obj{"compromised": "TRUE", "reason": "CTS", "timestamp": "2026-11-22T09:00:00.123Z"})
	w.must(p.Update(t.Context(), obj{"deviceIntegrityState": obj{"compromised": "FALSE"}}))
	state(obj{"compromised": "FALSE", "timestamp": "2026-11-22T10:00:00.123Z"})
}

// Pairing asks for what it needs.
func TestPairingRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := obj{"id": embedded.NativeApplication(envID)}
	f := newForger(w)
	f.post(w, "devices", nil).want(400, "REQUIRED_VALUE")
	f.post(w, "devices", obj{"code": "1"}).want(400, "REQUIRED_VALUE")
	for target, body := range map[string]obj{"code": {"application": app}, "application.id": {"code": "1", "application": obj{"id": ""}}} {
		if r := f.post(w, "devices", body).want(400, "REQUIRED_VALUE"); r.text("details.0.target") != target {
			t.Errorf("target %q, want %q", r.text("details.0.target"), target)
		}
	}
	f.post(w, "devices", obj{"code": "1", "application": app, "device": obj{"os": "x"}}).want(400, "INVALID_VALUE")
	f.post(w, "devices", obj{"code": "1", "application": app, "device": obj{"pushToken": strings.Repeat("x", 4097)}}).want(400, "SIZE_LIMIT_EXCEEDED")
	f.post(w, "devices", obj{"code": 1, "application": app}).want(400, "INVALID_VALUE")
}

// Logs are asked for by the worker, seen by the app, and delivered once.
func TestLogs(t *testing.T) {
	t.Parallel()
	var got []string
	w := newWorld(t, func(o *embedded.Options) {
		o.OnLogs = func(user, device, text string) { got = append(got, user, device, text) }
	})
	user, email := w.ben()
	p := w.phone()
	w.claim(user, p)
	ctx, path := t.Context(), "users/"+user+"/devices/"+p.Device()
	w.refused(p.Logs(ctx, "unasked"), 400, "CONSTRAINT_VIOLATION")
	w.api("PUT", "users/"+user+"/devices/"+email+"/logs", obj{"status": "PENDING"}).want(400, "CONSTRAINT_VIOLATION")
	w.api("PUT", path+"/logs", nil).want(400, "REQUIRED_VALUE")
	w.api("PUT", path+"/logs", obj{"status": "RECEIVED"}).want(400, "INVALID_VALUE")
	w.api("PUT", path+"/logs", obj{"status": "PENDING", "level": "LOUD"}).want(400, "INVALID_VALUE")
	self := base + "/v1/environments/" + envID + "/" + path
	want := obj{"_links": obj{"self": obj{"href": self + "/logs"}, "device": obj{"href": self}}, "status": "PENDING", "expiresAt": "2026-11-23T09:00:00.123Z"}
	if d := cmp.Diff(want, w.api("PUT", path+"/logs", obj{"status": "PENDING"}).want(200, "").Body); d != "" {
		t.Error(d)
	}
	if l := w.api("GET", path, nil).at("logs"); cmp.Diff(any(obj{"status": "PENDING", "level": "INFO", "expiresAt": "2026-11-23T09:00:00.123Z"}), l) != "" {
		t.Error(l)
	}
	if v, err := p.Read(ctx); err != nil || v.Logs == nil || v.Logs.Level != "INFO" {
		t.Errorf("%+v, %v", v, err)
	}
	w.refused(p.Logs(ctx, ""), 400, "REQUIRED_VALUE")
	w.refused(p.Logs(ctx, strings.Repeat("x", 512<<10+1)), 400, "SIZE_LIMIT_EXCEEDED")
	longest := strings.Repeat("x", 512<<10)
	if err := p.Logs(ctx, longest); err != nil {
		t.Fatal(err)
	}
	w.refused(p.Logs(ctx, "again"), 400, "CONSTRAINT_VIOLATION")
	if l := w.api("GET", path, nil).at("logs"); cmp.Diff(any(obj{"status": "RECEIVED", "level": "INFO"}), l) != "" {
		t.Error(l)
	}
	if d := cmp.Diff([]string{user, p.Device(), longest}, got); d != "" || !slices.Contains(w.events(user), "DEVICE.LOGS_RECEIVED SUCCESS ") {
		t.Error(d)
	}
	w.api("PUT", path+"/logs", obj{"status": "PENDING", "level": "WARN"}).want(200, "")
	w.clock.Move(24 * time.Hour)
	w.refused(p.Logs(ctx, "late"), 400, "CONSTRAINT_VIOLATION")
	if l := w.api("GET", path, nil).at("logs"); l != nil {
		t.Error(l)
	}
}

// A payload of a phone finds its device, and no other payload does.
func TestPayloadFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, ann := w.user("ben"), w.user("ann")
	p, second := w.phone(), w.phone()
	w.claim(user, p)
	w.claim(user, second)
	found := func(user, payload string) (ids []string) {
		t.Helper()
		r := w.api("GET", "users/"+user+"/devices?filter="+escape(`mobilePayload eq "`+payload+`"`), nil).want(200, "")
		for _, d := range r.at("_embedded.devices").([]any) {
			ids = append(ids, d.(obj)["id"].(string))
		}
		return ids
	}
	payload, err := p.Payload()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // reading does not use it up
		if d := cmp.Diff([]string{p.Device()}, found(user, payload)); d != "" {
			t.Error(d)
		}
	}
	if got := found(ann, payload); got != nil {
		t.Error(got)
	}
	f := newForger(w)
	f.pair(w, user, embedded.NativeApplication(envID))
	unix, milli := f.now()
	header := obj{"alg": "ES256", "typ": "mobile-payload", "kid": f.device}
	good := obj{"sub": f.device, "aud": envID, "app": embedded.NativeApplication(envID), "iat": unix, "seq": milli}
	if d := cmp.Diff([]string{f.device}, found(user, f.sign(header, good))); d != "" {
		t.Error(d)
	}
	for what, bad := range map[string]string{
		"another device":      f.sign(header, with(good, "sub", p.Device())),
		"another key":         f.sign(with(header, "kid", p.Device()), with(good, "sub", p.Device())),
		"no device":           f.sign(with(header, "kid", user0), with(good, "sub", user0)),
		"another environment": f.sign(header, with(good, "aud", user0)),
		"another app":         f.sign(header, with(good, "app", user0)),
		"too old":             f.sign(header, with(good, "iat", unix-301)),
		"of the future":       f.sign(header, with(good, "iat", unix+301)),
		"no number":           f.sign(header, with(good, "seq", nil)),
		"a proof":             f.sign(with(header, "typ", "mfaflow-proof"), good),
		"its own key":         f.sign(with(with(header, "kid", nil), "jwk", f.jwk()), good),
		"no token":            "x",
	} {
		if got := found(user, bad); got != nil {
			t.Errorf("%s: %v", what, got)
		}
	}
	w.clock.Move(5*time.Minute + time.Second)
	if got := found(user, payload); got != nil {
		t.Errorf("after five minutes: %v", got)
	}
}

// a phone that was unpaired, by itself, by an administrator or with its user, is
// refused at once, and leaves no key behind; one that is paired anew has another.
func TestA41Unpaired(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		for name, unpair := range map[string]func(user string, p *phone.Phone){
			"ann": func(_ string, p *phone.Phone) {
				if err := p.Do(t.Context(), "DELETE", "", nil, nil); err != nil {
					t.Fatal(err)
				}
			},
			"ben": func(user string, p *phone.Phone) {
				w.api("DELETE", "users/"+user+"/devices/"+p.Device(), nil).want(204, "")
			},
			"eve": func(user string, _ *phone.Phone) { w.api("DELETE", "users/"+user, nil).want(204, "") },
		} {
			user, p := w.user(name), w.phone()
			w.claim(user, p)
			left := w.key(user, nil)
			if _, err := p.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			code := p.Code()
			payload, err := p.Payload()
			if err != nil {
				t.Fatal(err)
			}
			unpair(user, p)
			_, err = p.Read(t.Context())
			w.refused(err, 401, "INVALID_TOKEN")
			w.refused(p.Unpair(t.Context()), 401, "INVALID_TOKEN")
			gone := []string{envID + "/app/" + p.Device(), envID + "/device/" + user + "/" + p.Device()}
			if name == "eve" {
				gone = append(gone, envID+"/pairingkeys/"+user)
				w.refused(w.phone().Pair(t.Context(), left.text("code")), 400, "INVALID_VALUE")
			} else {
				r := w.api("GET", "users/"+user+"/devices?filter="+escape(`mobilePayload eq "`+payload+`"`), nil).want(200, "")
				da := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"otp": code}})
				if r.at("size") != 0.0 || da.Status != 400 {
					t.Errorf("%s %s", r.Raw, da.Raw)
				}
				old := p.Device()
				w.claim(user, p)
				if _, err := p.Read(t.Context()); err != nil || p.Device() == old {
					t.Error(err)
				}
			}
			for _, prefix := range gone {
				for rec := range w.db.Scan(t.Context(), storeUnder(prefix)) {
					t.Errorf("%s: %s is left", name, rec.Key)
				}
			}
		}
	})
}

// A-10 for phones: one that an administrator has blocked, or whose user is kept out, does
// not take itself away, so that a password would do instead.
func TestA10Unpair(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, p := w.dan()
		one := "users/" + user + "/devices/" + p.Device()
		refused := func() { t.Helper(); w.refused(p.Unpair(t.Context()), 400, "CONSTRAINT_VIOLATION") }
		w.api("POST device.block", one, nil).want(200, "")
		refused()
		w.api("GET", one, nil).want(200, "")
		w.api("POST device.unblock", one, nil).want(200, "")
		w.api("POST account.lock", "users/"+user, nil).want(200, "")
		refused()
		w.api("POST account.unlock", "users/"+user, nil).want(200, "")
		w.api("PUT", "users/"+user+"/enabled", obj{"enabled": false}).want(200, "")
		refused()
		w.api("PUT", "users/"+user+"/enabled", obj{"enabled": true}).want(200, "")
		w.must(p.Unpair(t.Context()))
		w.api("GET", one, nil).want(404, "NOT_FOUND")
	})
}

// A-55 for phones: no secret is shown after pairing, and another's device is not there.
func TestA55Mobile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ben, ann := w.user("ben"), w.user("ann")
	f := newForger(w)
	paired := f.post(w, "devices", obj{"code": w.key(ben, nil).text("code"), "application": obj{"id": embedded.NativeApplication(envID)},
		"device": obj{"pushToken": "abcd"}}).want(201, "")
	f.device = paired.text("device.id")
	da := w.begin(ben)
	for what, r := range map[string]result{
		"device": w.api("GET", "users/"+ben+"/devices/"+f.device, nil), "list": w.api("GET", "users/"+ben+"/devices?expand=order,applications", nil),
		"authentication": da, "activities": w.api("GET", "activities?filter="+escape(`recordedat ge "2020-01-01T00:00:00Z"`), nil),
		"view": f.call(w, "GET", "devices/"+f.device, nil), "block": w.api("POST device.block", "users/"+ben+"/devices/"+f.device, nil),
	} {
		if r.Status > 201 || strings.Contains(string(r.Raw), paired.text("otp.secret")) || strings.Contains(string(r.Raw), "abcd") {
			t.Errorf("%s: %s", what, r.Raw)
		}
	}
	w.api("GET", "users/"+ann+"/devices/"+f.device, nil).want(404, "NOT_FOUND")
	w.api("PUT", "users/"+ann+"/devices/"+f.device+"/logs", obj{"status": "PENDING"}).want(404, "NOT_FOUND")
	w.api("DELETE", "users/"+ann+"/devices/"+f.device, nil).want(404, "NOT_FOUND")
}

// Below app no token is asked for; everywhere else on the auth host one is.
func TestAppRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/" + envID + "/app", 404}, {"GET", "/" + envID + "/app/", 404}, {"GET", "/" + envID + "/app/none", 404},
		{"GET", "/" + envID + "/app/devices", 405}, {"GET", "/" + envID + "/app/devices/" + user0, 401}, {"GET", "/" + envID + "/app/devices/x", 401},
		{"POST", "/" + envID + "/app/devices/" + user0, 405}, {"GET", "/" + envID + "/apps", 401}, {"GET", "/" + envID + "/%61pp/none", 404},
		{"GET", "/" + envID + "/deviceAuthentications/" + user0, 401}, {"GET", "/v1/environments/" + envID + "/app/devices/" + user0, 401},
		{"GET", "/" + user0 + "/app/devices/" + user0, 401}, {"GET", "/" + envID + "/app/../deviceAuthentications/" + user0, 404},
	} {
		if r := send(w, c.method, c.path, "", nil); r.Status != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, r.Status, r.Raw)
		}
	}
}

// What a phone keeps is all that it needs, and it says when it has nothing.
func TestPhoneState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.phone()
	if _, err := p.Payload(); !errors.Is(err, phone.ErrUnpaired) || p.Code() != "" || p.Device() != "" || p.User() != "" {
		t.Errorf("%v", err)
	}
	if _, err := phone.Restore([]byte("{"), phone.Options{}); err == nil {
		t.Error("a broken state is taken")
	}
	if _, err := phone.New(phone.Options{Key: 7}); err == nil {
		t.Error("an unknown kind of key is taken")
	}
	user := w.user("ben")
	w.claim(user, p)
	if err := p.Unpair(t.Context()); err != nil || p.Device() != "" || p.Code() != "" {
		t.Error(err)
	}
	key := w.key(user, nil).text("code")
	if err := p.Pair(t.Context(), " "+key[:4]+" "+key[4:8]+"-"+key[8:]+"\n"); err != nil {
		t.Fatal(err)
	}
	var e *pingone.Error
	if err := p.Do(t.Context(), "GET", "nothing", nil, nil); !errors.As(err, &e) || e.Status != 404 {
		t.Error(err)
	}
}
