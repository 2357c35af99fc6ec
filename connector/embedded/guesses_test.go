package embedded_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// door is a way to try codes of a user. Open begins anew, as a new execution does, and
// gives what tries a code, and the right one.
type door struct {
	name string
	open func(w *world, user string) (refusal result, try func(code string) result, right string)
}

// sentTo is a door whose code is sent.
func sentTo(w *world, r result, to string, try func(code string) result) (result, func(code string) result, string) {
	if r.Status >= 400 {
		return r, nil, ""
	}
	return result{}, try, w.mail(to).Code
}

const phoneNumber = "+12025550100"

// doors are all of them. Their users have an e-mail, an SMS, a VOICE and a TOTP device.
func doors(ids map[string]string, totp app) []door {
	paired := func(kind, to string) door {
		return door{kind + " device", func(w *world, user string) (result, func(string) result, string) {
			r := w.open(user, obj{"id": ids[kind]})
			return sentTo(w, r, to, func(code string) result { return w.check(r.text("id"), code) })
		}}
	}
	once := func(name string, device obj, to string) door {
		return door{name, func(w *world, user string) (result, func(string) result, string) {
			r := w.open(user, obj{"oneTime": device})
			return sentTo(w, r, to, func(code string) result { return w.check(r.text("id"), code) })
		}}
	}
	pending := door{"activation of an address", func(w *world, user string) (result, func(string) result, string) {
		r := w.api("POST", "users/"+user+"/devices", obj{"type": "EMAIL", "email": "new@example.org", "status": "ACTIVATION_REQUIRED"})
		return sentTo(w, r, "new@example.org", func(code string) result {
			return w.api("POST device.activate", "users/"+user+"/devices/"+r.text("id"), obj{"otp": code})
		})
	}}
	mailed := func(name, send string, body any, try func(w *world, user, code string) result) door {
		return door{name, func(w *world, user string) (result, func(string) result, string) {
			path := "users/" + user
			switch send {
			case "POST password.sendRecoveryCode":
				path += "/password"
			case "POST user.emailVerification.send":
				path += "/emailVerification"
			}
			return sentTo(w, w.api(send, path, body), "ben@example.com", func(code string) result { return try(w, user, code) })
		}}
	}
	return []door{
		paired("EMAIL", "ben@example.com"), paired("SMS", phoneNumber), paired("VOICE", phoneNumber),
		once("one-time e-mail, spelled otherwise", obj{"type": "EMAIL", "email": "BEN@example.com"}, "BEN@example.com"),
		once("one-time call", obj{"type": "VOICE", "phone": "+1 (202) 555-0100"}, "+1 (202) 555-0100"),
		once("one-time address of nobody's", obj{"type": "EMAIL", "email": "else@example.net"}, "else@example.net"),
		{"app's code", func(w *world, user string) (result, func(string) result, string) {
			r := w.open(user, obj{"id": ids["TOTP"]})
			return r, func(code string) result { return w.check(r.text("id"), code) }, totp.at(0)
		}},
		{"app's code in the first call", func(w *world, user string) (result, func(string) result, string) {
			return result{}, func(code string) result { return w.first(user, ids["TOTP"], code) }, totp.at(0)
		}},
		pending,
		mailed("verification of the account", "POST user.sendVerificationCode", nil,
			func(w *world, user, code string) result { return w.verify(user, code) }),
		mailed("verification of the address", "POST user.emailVerification.send", obj{"notificationType": "USER"},
			func(w *world, user, code string) result {
				return w.api("POST user.emailVerification.verify", "users/"+user+"/emailVerification", obj{"verificationCode": code})
			}),
		mailed("recovery of the password", "POST password.sendRecoveryCode", nil,
			func(w *world, user, code string) result { return w.recover(user, code, "another long word 7") }),
	}
}

// withShortLock is the tests' policy for apps, and a password lock shorter than any wait.
func withShortLock(o *embedded.Options) {
	withApps(o)
	o.Passwords.LockDuration = time.Minute
}

// open begins an authentication with what is selected; nil is the policy's choice.
func (w *world) open(user string, selected obj) result {
	w.t.Helper()
	body := obj{"user": obj{"id": user}}
	if selected != nil {
		body["selectedDevice"] = selected
	}
	return w.auth("POST", "deviceAuthentications", body)
}

// newGuardedWorld makes a world with a user who has a device of each kind.
func newGuardedWorld(t *testing.T) (w *world, user string, ids map[string]string, totp app) {
	t.Helper()
	w = newWorld(t, withShortLock)
	user = w.user("ben")
	ids = map[string]string{"EMAIL": w.email(user, "ben@example.com")}
	for _, kind := range []string{"SMS", "VOICE"} {
		ids[kind] = w.api("POST", "users/"+user+"/devices", obj{"type": kind, "phone": phoneNumber}).want(201, "").text("id")
	}
	ids["TOTP"], totp = w.totp(user)
	w.compared.Store(0)
	return w, user, ids, totp
}

// guess tries wrong codes at a door, each behind a new opening, until so many were compared.
// What the policy locks meanwhile is waited for.
func (d door) guess(w *world, user string, until int64) {
	w.t.Helper()
	for range 100 {
		before := w.compared.Load()
		if before == until {
			return
		}
		r, try, right := d.open(w, user)
		if r.Status < 400 {
			r = try(wrong(right))
		}
		if r.Status < 400 {
			w.t.Fatalf("a wrong code is answered %d %s", r.Status, r.Raw)
		}
		if w.compared.Load() == before {
			w.clock.Move(2 * time.Minute)
		}
	}
	w.t.Fatalf("of 100 codes %d were compared, want %d", w.compared.Load(), until)
}

// tryRightCode opens a door and tries the right code.
func (d door) tryRightCode(w *world, user string) result {
	r, try, right := d.open(w, user)
	if r.Status >= 400 {
		return r
	}
	return try(right)
}

// Ten wrong codes in a row, each in an execution of its own, make a target wait: nothing is
// sent to it and the right code is refused, for 15 minutes, then twice as long, also after a
// restart; then the right code is right.
func TestEveryDoorWaitsAfterTenWrongCodes(t *testing.T) {
	t.Parallel()
	for i := range doors(nil, app{}) {
		t.Run(doors(nil, app{})[i].name, func(t *testing.T) {
			t.Parallel()
			w, user, ids, totp := newGuardedWorld(t)
			d := doors(ids, totp)[i]
			for n, wait := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour} {
				d.guess(w, user, int64(10*(n+1)))
				w.svc = w.service(withShortLock)
				w.clock.Move(wait - time.Second)
				d.tryRightCode(w, user).want(400, "TOO_MANY_OTP_RETRIES")
				w.clock.Move(time.Second)
			}
			if r := d.tryRightCode(w, user); r.Status >= 300 {
				t.Fatalf("the right code after the wait: %d %s", r.Status, r.Raw)
			}
			if got := w.compared.Load(); got != 31 {
				t.Errorf("%d codes were compared, want 30 wrong ones and a right one", got)
			}
		})
	}
}

// A day of guessing, a code a minute, each in an execution of its own: ten in a row at the
// start and after 15, 45, 105, 225, 465 and 945 minutes, whichever door they come by.
func TestADayOfGuessesIsSeventy(t *testing.T) {
	t.Parallel()
	w, user, ids, totp := newGuardedWorld(t)
	all := doors(ids, totp)
	some := []door{all[0], all[3]} // a device and a one-time device of one address
	for minute := range 24 * 60 {
		for range 15 {
			r, try, right := some[minute%2].open(w, user)
			if r.Status >= 400 {
				break
			}
			try(wrong(right))
		}
		w.clock.Move(time.Minute)
	}
	if got := w.compared.Load(); got != 70 {
		t.Errorf("%d codes were compared in a day, want 70", got)
	}
	w.clock.Move(16 * time.Hour)
	if r := all[0].tryRightCode(w, user); r.Status != 200 {
		t.Errorf("the user's right code on the next day: %d %s", r.Status, r.Raw)
	}
	w.compared.Store(0)
	some[0].guess(w, user, 10) // a right code forgets
	w.clock.Move(15 * time.Minute)
	all[0].tryRightCode(w, user).want(200, "")
}

// Three hundred guesses at once, in as many authentications by three ways to one address:
// ten are compared.
func TestGuessesAtOnceAreTen(t *testing.T) {
	t.Parallel()
	w, user, ids, totp := newGuardedWorld(t)
	all := doors(ids, totp)
	var das, codes []string
	for i := range 300 {
		r := w.open(user, []obj{{"id": ids["SMS"]}, {"id": ids["VOICE"]}, {"oneTime": obj{"type": "SMS", "phone": phoneNumber}}}[i%3])
		das = append(das, r.want(201, "").text("id"))
		codes = append(codes, wrong(w.mail(phoneNumber).Code))
	}
	got := w.volley(len(das), func(i int) pingone.Request { return otpCheck(das[i], codes[i]) })
	if n := w.compared.Load(); n != 10 {
		t.Errorf("%d codes were compared, want 10 (%v)", n, got)
	}
	all[1].tryRightCode(w, user).want(400, "TOO_MANY_OTP_RETRIES")
}

// Addresses that are not the user's own are counted together, and a right code at one of
// them gives no guesses at the others.
func TestGuessesAtOtherAddressesAreCountedTogether(t *testing.T) {
	t.Parallel()
	w, user, _, _ := newGuardedWorld(t)
	mine := "mallory@example.net"
	for i := range 50 {
		r := w.open(user, obj{"oneTime": obj{"type": "EMAIL", "email": mine}})
		if r.Status < 400 {
			w.check(r.text("id"), w.mail(mine).Code).want(200, "")
		}
		to := fmt.Sprintf("victim%d@example.net", i)
		if r = w.open(user, obj{"oneTime": obj{"type": "EMAIL", "email": to}}); r.Status < 400 {
			w.check(r.text("id"), wrong(w.mail(to).Code))
		}
	}
	if got := w.compared.Load(); got != 20 {
		t.Errorf("%d codes were compared, want 10 right and 10 wrong ones", got)
	}
	w.open(user, nil).want(201, "") // the user's own devices do not wait
}

// A remembered browser of the user's has a count of its own: strangers do not make it wait,
// nor it them. The browser of somebody else is a stranger.
func TestRememberedBrowserHasItsOwnCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withRemember)
	user, _ := w.ben()
	_, used := w.remember(user, chrome133, nil)
	cookie := w.wantKnown(true, user, used, chrome133, nil)
	third, blocked := w.remember(user, chromeWin, nil)
	w.api("POST device.block", "users/"+user+"/devices/"+third.text("id"), nil).want(200, "")
	_, foreign := w.remember(w.user("eve"), chrome133, nil)
	known := connector.WithSource(t.Context(), connector.Source{DeviceSession: cookie})
	ask := func(ctx context.Context, code func(string) string) result {
		t.Helper()
		r := w.doCtx(ctx, request(pingone.HostAuth, "POST", "deviceAuthentications", obj{"user": obj{"id": user},
			"selectedDevice": obj{"oneTime": obj{"type": "EMAIL", "email": "ben@example.com"}}}))
		if r.Status < 400 {
			r = w.doCtx(ctx, otpCheck(r.text("id"), code(w.mail("ben@example.com").Code)))
		}
		return r
	}
	right := func(code string) string { return code }
	for range 10 {
		ask(t.Context(), wrong)
	}
	for _, ctx := range []context.Context{t.Context(),
		connector.WithSource(t.Context(), connector.Source{DeviceSession: foreign}),
		connector.WithSource(t.Context(), connector.Source{DeviceSession: used}),
		connector.WithSource(t.Context(), connector.Source{DeviceSession: blocked}),
		connector.WithSource(t.Context(), connector.Source{DeviceSession: forgeCookie(cookie)}),
		connector.WithSource(t.Context(), connector.Source{DeviceSession: cookie[:len(cookie)-1]})} {
		ask(ctx, right).want(400, "TOO_MANY_OTP_RETRIES")
	}
	ask(known, right).want(200, "")
	for range 10 {
		ask(known, wrong)
	}
	ask(known, right).want(400, "TOO_MANY_OTP_RETRIES")
	w.clock.Move(15 * time.Minute)
	ask(t.Context(), right).want(200, "")
	ask(known, right).want(200, "")
}

// Counts go a week after the last wrong code, and with their user.
func TestCountsOfGuessesGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, _ := w.ben()
	rows := func() (n int) {
		for _, err := range w.db.Scan(t.Context(), storeUnder(envID+"/guess/")) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	guess := func() { w.check(w.begin(user).text("id"), wrong(w.mail("ben@example.com").Code)) }
	guess()
	w.clock.Move(7*24*time.Hour - time.Second)
	if _, err := w.svc.Sweep(t.Context()); err != nil || rows() != 1 {
		t.Errorf("before a week is over: %d counts, error %v, want 1", rows(), err)
	}
	w.clock.Move(time.Second)
	if _, err := w.svc.Sweep(t.Context()); err != nil || rows() != 0 {
		t.Errorf("after a week: %d counts, error %v, want none", rows(), err)
	}
	guess()
	w.api("DELETE", "users/"+user, nil).want(204, "")
	if rows() != 0 {
		t.Errorf("%d counts of a user who is gone", rows())
	}
}

// Without a limit no target waits, also none that waited under one, and every door still
// tells a right code from a wrong one.
func TestWithoutALimitNoTargetWaits(t *testing.T) {
	t.Parallel()
	for i := range doors(nil, app{}) {
		t.Run(doors(nil, app{})[i].name, func(t *testing.T) {
			t.Parallel()
			for _, more := range []int64{0, 12} {
				w, user, ids, totp := newGuardedWorld(t)
				d := doors(ids, totp)[i]
				d.guess(w, user, 10)
				w.svc = w.service(withShortLock, limits(func(l *embedded.Limits) { l.GuessesInRow = 0 }))
				d.guess(w, user, 10+more)
				w.clock.Move(2 * time.Minute) // what the policy and the lock demand
				if r, try, right := d.open(w, user); r.Status < 400 {
					if r = try(wrong(right)); r.text("details.0.code") == "TOO_MANY_OTP_RETRIES" {
						t.Errorf("a wrong code after %d further ones: got %d %s, want one that lets guess on", more, r.Status, r.Raw)
					}
				}
				if r := d.tryRightCode(w, user); r.Status >= 300 {
					t.Errorf("the right code after %d further wrong ones: got %d %s", more, r.Status, r.Raw)
				}
			}
		})
	}
}

// The wrong code that makes a target wait is answered as those after it, at every door.
func TestTenthWrongCodeIsOneTooMany(t *testing.T) {
	t.Parallel()
	for i := range doors(nil, app{}) {
		t.Run(doors(nil, app{})[i].name, func(t *testing.T) {
			t.Parallel()
			w, user, ids, totp := newGuardedWorld(t)
			d := doors(ids, totp)[i]
			d.guess(w, user, 9)
			w.clock.Move(2 * time.Minute) // what the policy and the lock demand
			r, try, right := d.open(w, user)
			if r.Status >= 400 {
				t.Fatalf("opening before the tenth code: got %d %s", r.Status, r.Raw)
			}
			try(wrong(right)).want(400, "TOO_MANY_OTP_RETRIES")
			if got := w.compared.Load(); got != 10 {
				t.Errorf("%d codes were compared, want 10", got)
			}
		})
	}
}

// Wrong codes are forgotten when a week has passed since the last one, and not before.
func TestWrongCodesAreForgottenAfterAWeek(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	for _, c := range []struct {
		pause time.Duration
		waits bool
	}{{week - time.Millisecond, true}, {week, false}} {
		w, user, ids, totp := newGuardedWorld(t)
		w.clock.Move(time.Millisecond - time.Duration(w.clock.Now().Nanosecond())%time.Millisecond)
		d := doors(ids, totp)[0]
		d.guess(w, user, 9)
		w.clock.Move(c.pause)
		d.guess(w, user, 10)
		w.clock.Move(2 * time.Minute) // what the policy demands
		if r := d.tryRightCode(w, user); (r.Status >= 400) != c.waits {
			t.Errorf("a tenth wrong code after %s, then the right one: got %d %s, want waiting %t", c.pause, r.Status, r.Raw, c.waits)
		}
	}
}

// A right code deletes the count of its address and takes as many from the one of all
// foreign addresses; with nothing to take it writes no count.
func TestRightCodeTakesItsOwnCounts(t *testing.T) {
	t.Parallel()
	w, user, _, _ := newGuardedWorld(t)
	counts := func() (revs []uint64) {
		for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/guess/")) {
			if err != nil {
				t.Fatal(err)
			}
			revs = append(revs, uint64(rec.Rev))
		}
		return revs
	}
	try := func(to string, code func(string) string) {
		da := w.open(user, obj{"oneTime": obj{"type": "EMAIL", "email": to}}).want(201, "").text("id")
		w.check(da, code(w.mail(to).Code))
	}
	right := func(code string) string { return code }
	try("one@example.net", wrong)
	try("two@example.net", wrong)
	before := counts()
	if len(before) != 3 {
		t.Fatalf("two wrong codes at two foreign addresses: got %d counts, want 3", len(before))
	}
	try("three@example.net", right)
	if d := cmp.Diff(before, counts()); d != "" {
		t.Errorf("a right code at a third address changed counts (-want +got):\n%s", d)
	}
	try("one@example.net", right)
	if got := len(counts()); got != 2 {
		t.Errorf("after the right code at one address: got %d counts, want 2", got)
	}
	try("two@example.net", right)
	if got := len(counts()); got != 0 {
		t.Errorf("after the right code at both: got %d counts, want none", got)
	}
}
