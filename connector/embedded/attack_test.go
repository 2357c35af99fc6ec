package embedded_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store"
)

// volley sends n requests at once and counts the answers by first error code, "" for a
// success and BUSY for requests that the store turned away.
func (w *world) volley(n int, req func(i int) pingone.Request) map[string]int {
	w.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	got := map[string]int{}
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			resp, err := w.svc.Do(w.t.Context(), req(i))
			code := ""
			switch e := pingone.ErrorOf(resp); {
			case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrContended):
				code = "BUSY"
			case err != nil:
				code = "error: " + err.Error()
			case e != nil:
				code = e.FirstCode()
			}
			mu.Lock()
			got[code]++
			mu.Unlock()
		})
	}
	close(start)
	all.Wait()
	return got
}

func otpCheck(da, code string) pingone.Request {
	return request(pingone.HostAuth, "POST otp.check", "deviceAuthentications/"+da, obj{"otp": code})
}

// parallel guesses do not overrun the limit: three are compared, and the right
// code is refused afterwards.
func TestA01ParallelGuesses(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		da := w.begin(user).text("id")
		code := w.mail("ben@example.com").Code
		got := w.volley(1000, func(int) pingone.Request { return otpCheck(da, wrong(code)) })
		if n := w.compared.Load(); n != 3 {
			t.Errorf("%d codes were compared, want 3 (%v)", n, got)
		}
		if got["INVALID_OTP"] != 2 || got["TOO_MANY_OTP_RETRIES"]+got["BUSY"] != 998 {
			t.Errorf("verdicts %v, want 2 INVALID_OTP and else refusals", got)
		}
		w.check(da, code).want(400, "TOO_MANY_OTP_RETRIES")
		if n := w.compared.Load(); n != 3 {
			t.Errorf("the right code was compared after the limit")
		}
	}, withP0)
}

var rounds = flag.Int("rounds", 20, "rounds of the races of TestA02")

// the right code sent many times at once is accepted once. The long run is
//
//	go test ./connector/embedded -run A02 -race -rounds 1000
func TestA02ParallelRightCode(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		for range *rounds {
			da := w.begin(user).text("id")
			code := w.mail("ben@example.com").Code
			got := w.volley(100, func(int) pingone.Request { return otpCheck(da, code) })
			if got[""] != 1 || got["INVALID_REQUEST"]+got["BUSY"] != 99 {
				t.Fatalf("answers %v, want one success", got)
			}
		}
	})
}

// opening new authentications gives no new guesses: the counter is the user's and
// device's.
func TestA05GuessesOverManyAuthentications(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		var ids []string
		for range 200 {
			ids = append(ids, w.begin(user).text("id"))
		}
		last, code := ids[len(ids)-1], w.mail("ben@example.com").Code
		ids = ids[:len(ids)-1]
		got := w.volley(len(ids), func(i int) pingone.Request { return otpCheck(ids[i], wrong(code)) })
		if n := w.compared.Load(); n != 3 {
			t.Errorf("%d codes were compared, want 3 (%v)", n, got)
		}
		w.check(last, code).want(400, "TOO_MANY_OTP_RETRIES")
		w.clock.Move(2 * time.Minute) // the lock is over, the codes stay dead
		w.check(last, code).want(400, "TOO_MANY_OTP_RETRIES")
		w.begin(user)
		w.check(last, code).want(400, "TOO_MANY_OTP_RETRIES")
	}, withP0)
}

// A-05 with PingOne's own numbers, which do not lock: the codes of all authentications
// die together, and where it is wished a hundred failures in a row block the device.
func TestA05WithoutCoolDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.FailuresInRow, l.GuessesInRow = 100, 0 }))
	user, device := w.ben()
	for w.compared.Load() < 100 {
		r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
		code := w.mail("ben@example.com").Code
		for range 3 {
			w.check(r.text("id"), wrong(code))
		}
	}
	if s := w.api("GET", "users/"+user+"/devices/"+device, nil).text("block.status"); s != "BLOCKED" {
		t.Errorf("block status %q after 100 failures in a row", s)
	}
	r := w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(201, "")
	if r.text("error.code") != "NO_USABLE_DEVICES" || r.text("error.unavailableDevices.0.id") != device {
		t.Errorf("after the block: %s", r.Raw)
	}
	if n := w.compared.Load(); n != 100 {
		t.Errorf("%d codes were compared, want 100", n)
	}
}

// asking for a new code does not give new attempts.
func TestA06ResendKeepsTheBudget(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, device := w.ben()
		da := w.begin(user).text("id")
		old := w.mail("ben@example.com").Code
		w.check(da, wrong(old)).want(400, "INVALID_OTP")
		w.check(da, wrong(old)).want(400, "INVALID_OTP")
		w.choose(da, device).want(200, "")
		code := w.mail("ben@example.com").Code
		if left := w.check(da, wrong(code)); left.text("details.0.code") != "TOO_MANY_OTP_RETRIES" {
			t.Fatalf("third wrong code over a resend: %s", left.Raw)
		}
		for range 50 {
			w.choose(da, device).want(400, "INVALID_REQUEST")
			w.check(da, code).want(400, "TOO_MANY_OTP_RETRIES")
		}
		if n := w.compared.Load(); n != 3 {
			t.Errorf("%d codes were compared, want 3", n)
		}
	}, withP0)
}

// the code before a resend is dead, and resends are limited.
func TestA06OldCodeDeadAndResendsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.Resends = 2 }))
	user, device := w.ben()
	da := w.begin(user).text("id")
	old := w.mail("ben@example.com").Code
	w.choose(da, device).want(200, "")
	if code := w.mail("ben@example.com").Code; code != old {
		w.check(da, old).want(400, "INVALID_OTP")
	}
	w.choose(da, device).want(200, "")
	w.choose(da, device).want(400, "LIMIT_EXCEEDED")
	w.check(da, w.mail("ben@example.com").Code).want(200, "")
}

// a code in any other writing is refused and counted, without a comparison.
func TestA07MalformedCodes(t *testing.T) {
	t.Parallel()
	for _, spell := range []func(code string) string{
		func(c string) string { return " " + c },
		func(c string) string { return c + " " },
		func(c string) string { return c + "\t" },
		func(c string) string { return c + "\x00" },
		func(c string) string { return c[:3] + " " + c[3:] },
		func(c string) string { return "+" + c },
		func(c string) string { return "0" + c },
		func(c string) string { return c[:5] },
		func(c string) string { return shift(c, '０') },
		func(c string) string { return shift(c, '٠') },
		func(c string) string { return "0x" + c[:4] },
		func(c string) string { return strings.Repeat(c, 1000) },
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, withP0)
			user, _ := w.ben()
			da := w.begin(user).text("id")
			code := w.mail("ben@example.com").Code
			r := w.check(da, spell(code)).want(400, "INVALID_OTP")
			if left := r.at("details.0.innerError.attemptsRemaining"); left != 2.0 || w.compared.Load() != 0 {
				t.Errorf("%q: attemptsRemaining %v, %d comparisons", spell(code), left, w.compared.Load())
			}
			w.check(da, code).want(200, "")
			w.check(da, spell(code)).want(400, "INVALID_REQUEST")
		})
	}
}

// shift writes ASCII digits in another script.
func shift(code string, zero rune) string {
	return strings.Map(func(r rune) rune { return zero + r - '0' }, code)
}

// all spellings of a user name are one account.
func TestA07UserNameSpellings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("Straße.Ωmega")
	for _, name := range []string{"straße.ωmega", "STRASSE.ΩMEGA", " Straße.Ωmega ", "Ｓtraße.Ωmega"} {
		r := w.api("GET", "users?filter="+escape(fmt.Sprintf("username eq %q", name)), nil).want(200, "")
		if got := r.text("_embedded.users.0.id"); got != user {
			t.Errorf("%q finds %q, want %q", name, got, user)
		}
		w.api("POST", "users", obj{"username": name}).want(400, "UNIQUENESS_VIOLATION")
	}
}

// whatever a user is found by, name, address or id, wrong passwords add up in one
// counter.
func TestA08OneCounter(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		id := w.user("ben")
		found := func(filter string) string {
			return w.api("GET", "users?filter="+escape(filter), nil).want(200, "").text("_embedded.users.0.id")
		}
		ways := []func() string{
			func() string { return found(`username eq "ben"`) },
			func() string { return found(`username eq "BEN"`) },
			func() string { return found(`email eq "ben@example.com"`) },
			func() string { return found(`email eq "Ben@Example.COM"`) },
			func() string { return id },
		}
		for n := range 8 {
			code := "INVALID_VALUE"
			if n == 7 { // the one that reaches the limit says so
				code = "PASSWORD_LOCKED_OUT"
			}
			w.api("POST password.check", "users/"+ways[n%len(ways)]()+"/password", obj{"password": "wrong password"}).want(400, code)
		}
		for _, way := range ways {
			w.api("POST password.check", "users/"+way()+"/password", obj{"password": goodPassword}).want(400, "PASSWORD_LOCKED_OUT")
		}
	})
}

// a code dies with its time, and a clock that goes back does not revive it.
func TestA14Expiry(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, _ := w.ben()
		da := w.begin(user).text("id")
		w.clock.Move(30*time.Minute - time.Second)
		w.check(da, w.mail("ben@example.com").Code).want(200, "")

		da = w.begin(user).text("id")
		code := w.mail("ben@example.com").Code
		w.clock.Move(30 * time.Minute)
		w.check(da, code).want(400, "OTP_SESSION_EXPIRED")
		w.clock.Move(-time.Hour)
		w.check(da, code).want(400, "OTP_SESSION_EXPIRED")
		if n := w.compared.Load(); n != 1 {
			t.Errorf("%d comparisons, want 1", n)
		}
	})
}

// a code is good for its own authentication and user only.
func TestA17CodeOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ben, _ := w.ben()
	ana := w.user("ana")
	w.email(ana, "ana@example.com")
	first := w.begin(ben).text("id")
	code := w.mail("ben@example.com").Code
	second := w.begin(ben).text("id")
	anas := w.begin(ana).text("id")
	for da, to := range map[string]string{second: "ben@example.com", anas: "ana@example.com"} {
		if w.mail(to).Code != code { // equal once in a million
			w.check(da, code).want(400, "INVALID_OTP")
		}
	}
	w.check(first, code).want(200, "")
}

// ids of another user's things are not there, in the same words as ids that
// never were.
func TestA34ForeignIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ben, device := w.ben()
	ana := w.user("ana")
	nobody := "00000000-0000-0000-0000-000000000000"
	same := func(method, path, foreign, absent string, body any) {
		t.Helper()
		a := w.api(method, fmt.Sprintf(path, foreign), body).want(404, "NOT_FOUND")
		b := w.api(method, fmt.Sprintf(path, absent), body).want(404, "NOT_FOUND")
		if withoutID(a) != withoutID(b) {
			t.Errorf("%s %s: %s and %s", method, path, a.Raw, b.Raw)
		}
	}
	mine := "users/" + ana + "/devices/%s"
	for _, m := range []string{"GET", "DELETE", "POST device.activate", "POST device.sendActivationCode", "POST device.unlock", "POST device.block", "POST device.unblock"} {
		same(m, mine, device, nobody, obj{"otp": "123456"})
	}
	same("PUT", mine+"/nickname", device, nobody, obj{"nickname": "x"})
	for _, p := range []string{"users/%s", "users/%s/devices", "users/%s/password", "users/%s/enabled", "users/%s/mfaEnabled"} {
		same("GET", p, nobody, "x", nil)
	}
	w.auth("GET", "deviceAuthentications/"+ben, nil).want(404, "NOT_FOUND")
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": nobody}}).want(404, "NOT_FOUND")
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": ana}, "selectedDevice": obj{"id": device}}).want(400, "INVALID_VALUE")
	w.api("GET", "users/"+ben+"/devices/"+device, nil).want(200, "")
}

// withoutID is a body without the id that every error has.
func withoutID(r result) string {
	return strings.Replace(string(r.Raw), r.text("id"), "", 1)
}

// a wrong password costs and does the same for a user and for nobody: one hash,
// one commit.
func TestA71UnknownUserCostsTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user("ben")
	cost := func(id string) [2]int64 {
		hashes, commits := w.hashed.Load(), int64(w.db.Stats().Commits)
		w.api("POST password.check", "users/"+id+"/password", obj{"password": "wrong password"})
		return [2]int64{w.hashed.Load() - hashes, int64(w.db.Stats().Commits) - commits}
	}
	known, unknown := cost(user), cost("00000000-0000-0000-0000-000000000000")
	if known != unknown || known != [2]int64{1, 1} {
		t.Errorf("known user %v, unknown user %v (hashes, commits), want 1 and 1", known, unknown)
	}
	find := func(name string) result {
		return w.api("GET", "users?filter="+escape(`username eq "`+name+`"`), nil).want(200, "")
	}
	if n := find("nobody").at("count"); n != 0.0 {
		t.Errorf("count %v for nobody", n)
	}
}

// Parallel wrong passwords give exactly as many verdicts as the policy allows.
func TestParallelPasswords(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user := w.user("ben")
		got := w.volley(30, func(int) pingone.Request {
			return request(pingone.HostAPI, "POST password.check", "users/"+user+"/password", obj{"password": "wrong password"})
		})
		if got["INVALID_VALUE"] != 7 || got["PASSWORD_LOCKED_OUT"]+got["BUSY"] != 23 {
			t.Errorf("answers %v, want 7 INVALID_VALUE and else PASSWORD_LOCKED_OUT", got)
		}
		w.api("POST password.check", "users/"+user+"/password", obj{"password": goodPassword}).want(400, "PASSWORD_LOCKED_OUT")
		if n := w.db.Stats().Reruns; n != 0 {
			t.Errorf("%d re-runs: the counter moved outside the latch", n)
		}
		w.clock.Move(15 * time.Minute)
		w.api("POST password.check", "users/"+user+"/password", obj{"password": goodPassword}).want(200, "")
	}, func(o *embedded.Options) { o.HashParallel = 30 })
}

// The way of a sign-on by name: find the user, then check the password, in one unit.
// Guesses in parallel still get exactly the verdicts that the policy allows.
func TestParallelPasswordsByName(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		w.user("ben")
		var mu sync.Mutex
		var all sync.WaitGroup
		got := map[string]int{}
		for range 20 {
			all.Go(func() {
				code := ""
				err := w.db.Update(t.Context(), func(ctx context.Context, _ *store.Tx) error {
					id := w.doCtx(ctx, request(pingone.HostAPI, "GET", "users?filter="+escape(`username eq "ben"`), nil)).text("_embedded.users.0.id")
					code = w.doCtx(ctx, request(pingone.HostAPI, "POST password.check", "users/"+id+"/password", obj{"password": "wrong password"})).text("details.0.code")
					return nil
				})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					code = err.Error()
				}
				got[code]++
			})
		}
		all.Wait()
		if got["INVALID_VALUE"] != 7 || got["PASSWORD_LOCKED_OUT"] != 13 {
			t.Errorf("answers %v", got)
		}
		if n := w.hashed.Load(); n != 21 { // one for each guess, one for the user's own
			t.Errorf("%d hashes", n)
		}
		t.Logf("%d re-runs", w.db.Stats().Reruns)
	})
}

// those who try names that do not exist do not wait for each other: the one place
// in which they could queue is held, and they get their answer.
func TestA71UnknownUsersDoNotQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const nobody = "00000000-0000-0000-0000-000000000000"
	err := w.db.Update(t.Context(), func(_ context.Context, tx *store.Tx) error {
		if err := tx.Latch(store.K(envID, "user", nobody)); err != nil {
			return err
		}
		w.api("POST password.check", "users/"+nobody+"/password", obj{"password": "x"}).want(404, "NOT_FOUND")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
