package embedded_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store/bolt"
	"github.com/mfaflow/mfaflow/store/memory"
)

// means is a user with one device, whatever its type, and its codes.
type means struct {
	user, device string
	code, bad    func() string // the newest code, and one that is wrong
}

// means makes a new user with one device of a type.
func (w *world) means(name string) means {
	w.t.Helper()
	user := w.user("ben-" + name)
	if name == "TOTP" {
		device, a := w.totp(user)
		return means{user, device, func() string { return a.at(0) }, a.wrong}
	}
	for _, k := range sent() {
		if k.name == name {
			device := w.pair(user, k, nil).want(201, "").text("id")
			code := func() string { return w.mail(k.address).Code }
			return means{user, device, code, func() string { return wrong(code()) }}
		}
	}
	w.t.Fatalf("no type %s", name)
	return means{}
}

// withAll has all channels and methods on, with P0's numbers.
func withAll(o *embedded.Options) {
	o.Channels = []string{"EMAIL", "SMS", "VOICE", "WHATSAPP"}
	o.Policy = []byte(allMethods)
}

// everyMeans runs a test for every type on every store.
func everyMeans(t *testing.T, test func(t *testing.T, w *world, m means)) {
	t.Helper()
	for _, name := range []string{"EMAIL", "SMS", "VOICE", "WHATSAPP", "TOTP"} {
		t.Run(name+"/memory", func(t *testing.T) {
			t.Parallel()
			w := worldOn(t, memory.New(), withAll)
			test(t, w, w.means(name))
		})
		t.Run(name+"/bolt", func(t *testing.T) {
			t.Parallel()
			s, err := bolt.Open(filepath.Join(t.TempDir(), "data.db"))
			if err != nil {
				t.Fatal(err)
			}
			w := worldOn(t, s, withAll)
			test(t, w, w.means(name))
		})
	}
}

// for every type: right and wrong codes at once, over one
// authentication. However they interleave, at most three are compared, at most one is
// taken, and one that was taken or came after the limit is not taken again.
func TestA01A02EveryType(t *testing.T) {
	t.Parallel()
	everyMeans(t, func(t *testing.T, w *world, m means) {
		for _, mix := range []struct{ right, wrong int }{{40, 0}, {0, 40}, {20, 20}, {1, 39}, {39, 1}} {
			da := w.begin(m.user).text("id")
			right, bad, before := m.code(), m.bad(), w.compared.Load()
			got := w.volley(mix.right+mix.wrong, func(i int) pingone.Request {
				if i%40 < mix.right {
					return otpCheck(da, right)
				}
				return otpCheck(da, bad)
			})
			if n := w.compared.Load() - before; n > 3 || got[""] > 1 {
				t.Errorf("%+v: %d comparisons, %v", mix, n, got)
			}
			if mix.wrong == 0 && got[""] != 1 {
				t.Errorf("%+v: %v, want one success", mix, got)
			}
			if r := w.check(da, right); r.Status == 200 {
				t.Errorf("%+v: taken again: %s", mix, r.Raw)
			}
			w.clock.Move(2 * time.Minute)
		}
	})
}

// for every type: neither more authentications nor new codes give more
// guesses than the policy's three.
func TestA05A06EveryType(t *testing.T) {
	t.Parallel()
	everyMeans(t, func(t *testing.T, w *world, m means) {
		var ids []string
		for range 30 {
			ids = append(ids, w.begin(m.user).text("id"))
		}
		bad := m.bad()
		w.check(ids[0], bad).want(400, "INVALID_OTP")
		w.choose(ids[1], m.device).want(200, "")
		bad = m.bad()
		w.volley(60, func(i int) pingone.Request { return otpCheck(ids[i%30], bad) })
		if n := w.compared.Load(); n > 4 { // pairing an app compared one more
			t.Errorf("%d codes were compared", n)
		}
		for _, id := range ids[:5] {
			w.choose(id, m.device)
			w.check(id, m.code())
		}
		if r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": m.user}}).want(201, ""); r.text("error.code") != "NO_USABLE_DEVICES" {
			t.Errorf("%s", r.Raw)
		}
		if n := w.compared.Load(); n > 4 {
			t.Errorf("%d codes were compared after new ones were asked for", n)
		}
		w.clock.Move(2 * time.Minute)
		da := w.begin(m.user).text("id")
		w.check(da, m.code()).want(200, "")
	})
}

// A-17 for every type: the code of another user is wrong, and counted.
func TestA17EveryType(t *testing.T) {
	t.Parallel()
	everyMeans(t, func(t *testing.T, w *world, m means) {
		eve := w.user("eve")
		w.email(eve, "eve@example.com")
		theirs := w.begin(eve).text("id")
		mine := w.begin(m.user).text("id")
		code := m.code()
		if w.mail("eve@example.com").Code != code {
			w.check(theirs, code).want(400, "INVALID_OTP")
		}
		w.check(mine, code).want(200, "")
		w.check(theirs, w.mail("eve@example.com").Code).want(200, "")
	})
}

// A-11 for every type: what failed is not forgotten by a restart, nor by what others do.
func TestA11EveryType(t *testing.T) {
	t.Parallel()
	everyMeans(t, func(t *testing.T, w *world, m means) {
		da := w.begin(m.user).text("id")
		bad := m.bad()
		w.check(da, bad).want(400, "INVALID_OTP")
		w.check(da, bad).want(400, "INVALID_OTP")
		for i := range 10 {
			other := w.user(fmt.Sprintf("o%d", i))
			w.email(other, fmt.Sprintf("o%d@example.com", i))
			w.check(w.begin(other).text("id"), "no code").want(400, "INVALID_OTP")
		}
		w.svc = w.service(withAll)
		w.check(da, bad).want(400, "TOO_MANY_OTP_RETRIES")
		w.check(da, m.code()).want(400, "TOO_MANY_OTP_RETRIES")
	})
}

// Several types together: the default is the first in the order that is usable; an app
// after an SMS device; T4.2, T4.5, T4.8.
func TestSeveralTypes(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("gus")
		phone := w.api("POST", "users/"+user+"/devices", obj{"type": "SMS", "phone": "+1.5125551234", "nickname": "work"}).want(201, "").text("id")
		app, a := w.totp(user)
		mail := w.email(user, "gus@example.com")
		da := w.begin(user)
		offered := []any{
			obj{"id": phone, "type": "SMS", "status": "ACTIVE", "phone": "*******34", "nickname": "work"},
			obj{"id": app, "type": "TOTP", "status": "ACTIVE"},
			obj{"id": mail, "type": "EMAIL", "status": "ACTIVE", "email": "g****@example.com"},
		}
		got, _ := da.at("_embedded.devices").([]any)
		if len(got) != 3 || fmt.Sprint(got) != fmt.Sprint(offered) || da.text("selectedDevice.id") != phone {
			t.Errorf("%s", da.Raw)
		}
		old := w.mail("+1.5125551234").Code
		w.choose(da.text("id"), app).want(200, "")
		if old != a.at(-1) && old != a.at(0) && old != a.at(1) {
			w.check(da.text("id"), old).want(400, "INVALID_OTP") // sent for the other device
		}
		for range 3 {
			w.check(da.text("id"), a.wrong())
		}
		r := w.auth("GET", "deviceAuthentications/"+da.text("id"), nil)
		if left, _ := r.at("_embedded.devices").([]any); r.text("status") != "DEVICE_SELECTION_REQUIRED" || len(left) != 2 {
			t.Errorf("%s", r.Raw)
		}
		w.choose(da.text("id"), mail).want(200, "")
		w.check(da.text("id"), w.mail("gus@example.com").Code).want(200, "")
		w.api("POST devices.reorder", "users/"+user+"/devices", obj{"order": refs(app, mail)}).want(200, "")
		if got := w.begin(user).text("selectedDevice.id"); got != mail {
			t.Errorf("the default is locked, and %q was chosen", got)
		}
		w.clock.Move(2 * time.Minute)
		if got := w.begin(user).text("selectedDevice.id"); got != app {
			t.Errorf("default %q, want the app", got)
		}
		w.api("DELETE", "users/"+user+"/devices/"+app, nil).want(204, "")
		if got := w.begin(user).text("selectedDevice.id"); got != mail {
			t.Errorf("default after the deletion %q", got)
		}
		w.api("POST devices.order.remove", "users/"+user+"/devices", nil).want(200, "")
		if r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}); r.text("status") != "DEVICE_SELECTION_REQUIRED" || r.at("selectedDevice") != nil {
			t.Errorf("%s", r.Raw)
		}
	}, withAll)
}

// for pairing, every type: at most three codes are compared, one activation
// succeeds.
func TestA01A02Pairing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"EMAIL", "SMS", "VOICE", "WHATSAPP", "TOTP"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withAll)
			user := w.user("ben")
			code := func(r result) string { return w.scan(r).at(0) }
			body := obj{"type": name, "status": "ACTIVATION_REQUIRED"}
			for _, k := range sent() {
				if k.name == name {
					body[k.target] = k.address
					code = func(result) string { return w.mail(k.address).Code }
				}
			}
			for _, right := range []int{40, 0} {
				r := w.api("POST", "users/"+user+"/devices", body).want(201, "")
				path, good, before := "users/"+user+"/devices/"+r.text("id"), code(r), w.compared.Load()
				guess := good
				if right == 0 {
					guess = wrong(good)
				}
				got := w.volley(40, func(int) pingone.Request {
					return request(pingone.HostAPI, "POST device.activate", path, obj{"otp": guess})
				})
				if n := w.compared.Load() - before; right > 0 && (n != 1 || got[""] != 1) || right == 0 && (n != 3 || got[""] != 0) {
					t.Errorf("%d comparisons, %v", n, got)
				}
				w.api("POST device.activate", path, obj{"otp": good}).want(400, map[bool]string{true: "CONSTRAINT_VIOLATION", false: "TOO_MANY_OTP_RETRIES"}[right > 0])
				w.api("DELETE", path, nil).want(204, "")
			}
		})
	}
}

// wrong passwords lock the password, not the second factor.
func TestA13PasswordLockLeavesCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	da := w.begin(user).text("id")
	for range 20 {
		w.api("POST password.check", "users/"+user+"/password", obj{"password": "wrong password"})
	}
	w.check(da, w.mail("ben@example.com").Code).want(200, "")
	w.check(w.begin(user).text("id"), w.mail("ben@example.com").Code).want(200, "")
}
