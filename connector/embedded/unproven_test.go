package embedded_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfaflow/mfaflow/connector"
	"github.com/mfaflow/mfaflow/connector/embedded"
	"github.com/mfaflow/mfaflow/connector/pingone"
	"github.com/mfaflow/mfaflow/store/outbox"
)

// sendingPaths are all operations that send a code. Each prepares a user who has the
// address, without sending anything, and returns the request that sends.
var sendingPaths = map[string]func(w *world, name, email string) pingone.Request{
	"pair a device": func(w *world, name, email string) pingone.Request {
		body := obj{"type": "EMAIL", "email": email, "status": "ACTIVATION_REQUIRED"}
		return request(pingone.HostAPI, "POST", "users/"+w.user(name)+"/devices", body)
	},
	"resend for pairing": func(w *world, name, email string) pingone.Request {
		user := w.user(name)
		body := obj{"type": "EMAIL", "email": email, "status": "ACTIVATION_REQUIRED"}
		device := w.api("POST", "users/"+user+"/devices", body).want(201, "").text("id")
		return request(pingone.HostAPI, "POST device.sendActivationCode", "users/"+user+"/devices/"+device, nil)
	},
	"authenticate by the default device": func(w *world, name, email string) pingone.Request {
		user := w.user(name)
		w.email(user, email)
		return request(pingone.HostAuth, "POST", "deviceAuthentications", obj{"user": obj{"id": user}})
	},
	"authenticate by a device": func(w *world, name, email string) pingone.Request {
		user := w.user(name)
		body := obj{"user": obj{"id": user}, "selectedDevice": obj{"id": w.email(user, email)}}
		return request(pingone.HostAuth, "POST", "deviceAuthentications", body)
	},
	"select a device": func(w *world, name, email string) pingone.Request {
		user := w.user(name)
		device := w.email(user, email)
		da := w.begin(user).text("id")
		return request(pingone.HostAuth, "POST device.select", "deviceAuthentications/"+da, obj{"device": obj{"id": device}})
	},
	"authenticate once": func(w *world, name, email string) pingone.Request {
		body := obj{"user": obj{"id": w.user(name)}, "selectedDevice": obj{"oneTime": obj{"type": "EMAIL", "email": email}}}
		return request(pingone.HostAuth, "POST", "deviceAuthentications", body)
	},
	"verify an account": func(w *world, name, email string) pingone.Request {
		return request(pingone.HostAPI, "POST user.sendVerificationCode", "users/"+w.userAt(name, email), nil)
	},
	"verify an address": func(w *world, name, email string) pingone.Request {
		return request(pingone.HostAPI, "POST user.emailVerification.send", "users/"+w.userAt(name, email)+"/emailVerification",
			obj{"notificationType": "USER"})
	},
	"recover a password": func(w *world, name, email string) pingone.Request {
		return request(pingone.HostAPI, "POST password.sendRecoveryCode", "users/"+w.userAt(name, email)+"/password", nil)
	},
	"import a user": func(_ *world, name, email string) pingone.Request {
		return request(pingone.HostAPI, "POST user.import", "users",
			obj{"username": name, "email": email, "lifecycle": obj{"status": "VERIFICATION_REQUIRED"}})
	},
}

// userAt makes a user with an e-mail address and a password.
func (w *world) userAt(name, email string) string {
	w.t.Helper()
	return w.api("POST user.import", "users", obj{"username": name, "email": email, "mfaEnabled": true,
		"password": obj{"value": goodPassword}}).want(201, "").text("id")
}

// deliveries delivers what waits and counts what was ever delivered.
func (w *world) deliveries() int {
	w.t.Helper()
	w.deliver()
	all, err := w.inbox.List(w.t.Context(), embedded.InboxFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(all)
}

func (w *world) deliver() {
	w.t.Helper()
	if _, err := w.outbox.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// clientContext is a context of a client's execution.
func (w *world) clientContext(execution, address string) context.Context {
	return connector.WithSource(w.t.Context(), connector.Source{Execution: execution, Address: address})
}

// crowd makes requests at once, each from its own source, and returns how many were
// refused by QUOTA_EXCEEDED. Any other refusal fails.
func (w *world) crowd(requests []pingone.Request, source func(i int) connector.Source) (refused int) {
	w.t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, q := range requests {
		all.Go(func() {
			resp, err := w.svc.Do(connector.WithSource(w.t.Context(), source(i)), q)
			if err != nil {
				w.t.Errorf("%s %v: %v", q.Method, q.Path, err)
				return
			}
			e := pingone.ErrorOf(resp)
			if e != nil && (resp.Status != 400 || e.FirstCode() != "QUOTA_EXCEEDED") {
				w.t.Errorf("%s %v: got %d %s, want QUOTA_EXCEEDED", q.Method, q.Path, resp.Status, resp.Body)
			}
			if e != nil {
				mu.Lock()
				defer mu.Unlock()
				refused++
			}
		})
	}
	all.Wait()
	return refused
}

// Whatever sends codes to targets that are not proven, a crowd gets as many messages as
// each limit allows: one target, one execution, one address, all.
func TestACrowdGetsAsManyUnprovenMessagesAsEachLimit(t *testing.T) {
	t.Parallel()
	const crowd, most = 24, 4
	one := func(int) connector.Source { return connector.Source{Execution: "e", Address: "192.0.2.1"} }
	each := func(i int) connector.Source {
		return connector.Source{Execution: fmt.Sprint("e", i), Address: fmt.Sprint("192.0.2.", i)}
	}
	own := func(i int) string { return fmt.Sprintf("own%d@example.com", i) }
	victim := func(int) string { return "victim@example.com" }
	for limit, c := range map[string]struct {
		set    func(*embedded.Limits)
		source func(int) connector.Source
		email  func(int) string
	}{
		"an hour to a target":  {func(l *embedded.Limits) { l.UnprovenPerHour = most }, each, victim},
		"a day to a target":    {func(l *embedded.Limits) { l.UnprovenPerDay = most }, each, victim},
		"by API clients":       {func(l *embedded.Limits) { l.UnprovenPerHour = most }, func(int) connector.Source { return connector.Source{} }, victim},
		"of an execution":      {func(l *embedded.Limits) { l.UnprovenPerExecution = most }, one, own},
		"for a client address": {func(l *embedded.Limits) { l.UnprovenPerAddress = most }, one, own},
		"of an environment":    {func(l *embedded.Limits) { l.UnprovenPerEnvironment = most }, each, own},
	} {
		for path, prepare := range sendingPaths {
			t.Run(limit+", "+path, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				requests := make([]pingone.Request, crowd)
				for i := range requests {
					requests[i] = prepare(w, fmt.Sprint("user", i), c.email(i))
				}
				before := w.deliveries()
				w.svc = w.service(limits(c.set))
				refused := w.crowd(requests, c.source)
				if got := w.deliveries() - before; got != most || refused != crowd-most {
					t.Errorf("%d messages and %d refusals, want %d and %d", got, refused, most, crowd-most)
				}
			})
		}
	}
}

// Each path of the table sends one message, else it would prove nothing of the limits.
func TestEachSendingPathSendsOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, prepare := range sendingPaths {
		q := prepare(w, strings.ReplaceAll(path, " ", "-"), strings.ReplaceAll(path, " ", "-")+"@example.net")
		before := w.deliveries()
		if r := w.do(q); r.Status >= 300 || w.deliveries() != before+1 {
			t.Errorf("%s: status %d, %d messages, want one", path, r.Status, w.deliveries()-before)
		}
	}
}

// pairing asks for a code to a new device.
func pairing(user, kind, to, extension string) pingone.Request {
	body := obj{"type": kind, "status": "ACTIVATION_REQUIRED"}
	body[map[bool]string{true: "email", false: "phone"}[kind == "EMAIL"]] = to
	if extension != "" {
		body["extension"] = extension
	}
	return request(pingone.HostAPI, "POST", "users/"+user+"/devices", body)
}

// One number or mailbox is one target, however it is spelled and whatever the channel.
func TestSpellingsOfATargetShareItsLimit(t *testing.T) {
	t.Parallel()
	type target struct{ kind, to, extension string }
	for name, c := range map[string][]target{
		"number": {{"SMS", "+442079460000", ""}, {"SMS", "+44 20 7946 0000", ""}, {"VOICE", "+44.20.79460000", ""}, {"SMS", "+44 (0)20 7946 0000", ""},
			{"SMS", "+44 (20) 7946-0000", ""}},
		"switchboard": {{"VOICE", "+442079460000", "1"}, {"VOICE", "+442079460000", "2"}, {"VOICE", "+442079460000", "3,4#"}, {"SMS", "+442079460000", ""}},
		"mailbox":     {{"EMAIL", "joe@example.com", ""}, {"EMAIL", "JOE@Example.COM", ""}, {"EMAIL", "joe+1@example.com", ""}, {"EMAIL", "joe+a+b@example.com", ""}},
		"dots":        {{"EMAIL", "joe.doe@gmail.com", ""}, {"EMAIL", "j.o.e.doe@gmail.com", ""}, {"EMAIL", "joedoe+x@googlemail.com", ""}},
		"domain":      {{"EMAIL", "joe@bücher.example", ""}, {"EMAIL", "joe@xn--bcher-kva.example", ""}, {"EMAIL", "joe@BÜCHER.example", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, limits(func(l *embedded.Limits) { l.UnprovenPerHour = 1 }))
			w.api("PUT", "mfaSettings", obj{"pairing": obj{"maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC"},
				"phoneExtensions": obj{"enabled": true}}).want(200, "")
			for i, to := range c {
				r := w.do(pairing(w.user(fmt.Sprint("u", i)), to.kind, to.to, to.extension))
				if i == 0 {
					r.want(201, "")
					continue
				}
				r.want(400, "QUOTA_EXCEEDED")
			}
			w.do(pairing(w.user("v"), "SMS", "+442079460001", "")).want(201, "")
			w.do(pairing(w.user("x"), "EMAIL", "joe.doe@example.com", "")).want(201, "")
		})
	}
}

// Whatever strangers send to a target, its user who has proven it gets codes; and no other
// user does because of that.
func TestAProvenTargetIsNotLimited(t *testing.T) {
	t.Parallel()
	const to = "ben@example.com"
	for name, prove := range map[string]func(w *world, user string){
		"activation of a device": func(w *world, user string) {
			device := w.do(pairing(user, "EMAIL", to, "")).want(201, "").text("id")
			w.api("POST device.activate", "users/"+user+"/devices/"+device, obj{"otp": w.mail(to).Code}).want(200, "")
		},
		"code of an active device": func(w *world, user string) {
			w.email(user, to)
			w.check(w.begin(user).text("id"), w.mail(to).Code).want(200, "")
		},
		"code of a one-time device": func(w *world, user string) {
			da := w.once(user, obj{"type": "EMAIL", "email": to}).want(201, "").text("id")
			w.check(da, w.mail(to).Code).want(200, "")
		},
		"verification of the account": func(w *world, user string) {
			w.sendCode(user).want(200, "")
			w.verify(user, w.mail(to).Code).want(200, "")
		},
		"verification of the address": func(w *world, user string) {
			w.api("POST user.emailVerification.send", "users/"+user+"/emailVerification", obj{"notificationType": "USER"}).want(200, "")
			w.api("POST user.emailVerification.verify", "users/"+user+"/emailVerification", obj{"verificationCode": w.mail(to).Code}).want(200, "")
		},
		"recovery of the password": func(w *world, user string) {
			w.recover(user, w.recoveryCode(user, to), "another horse 8").want(200, "")
		},
		"an administrator's word": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			user := w.api("POST user.import", "users", obj{"username": "ben", "email": to, "emailVerified": prove == nil, "mfaEnabled": true,
				"password": obj{"value": goodPassword}}).want(201, "").text("id")
			if prove != nil {
				prove(w, user)
			}
			w.svc = w.service(limits(func(l *embedded.Limits) {
				l.UnprovenPerHour, l.UnprovenPerExecution, l.UnprovenPerAddress, l.UnprovenPerEnvironment = 1, 1, 1, 1
			}))
			from := w.clientContext("e", "192.0.2.1")
			stranger := pairing(w.user("mallory"), "EMAIL", to, "")
			w.doCtx(from, stranger).want(201, "")
			w.doCtx(from, stranger).want(400, "QUOTA_EXCEEDED")
			for range 8 {
				w.doCtx(from, request(pingone.HostAuth, "POST", "deviceAuthentications",
					obj{"user": obj{"id": user}, "selectedDevice": obj{"oneTime": obj{"type": "EMAIL", "email": to}}})).want(201, "")
			}
			if before := w.deliveries(); w.sendCode(user).want(200, "").Status == 200 && w.deliveries() != before+1 {
				t.Errorf("%d messages after %d, want one more", w.deliveries(), before)
			}
		})
	}
}

// An address that is verified no longer, because the user has another one, is not proven.
func TestAChangedAddressIsNotProven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.UnprovenPerHour = 1 }))
	user := w.api("POST user.import", "users", obj{"username": "ben", "email": "ben@example.com", "emailVerified": true}).want(201, "").text("id")
	w.api("PATCH", "users/"+user, obj{"email": "other@example.com"}).want(200, "")
	w.sendCode(user).want(200, "")
	w.sendCode(user).want(400, "QUOTA_EXCEEDED")
}

// Five an hour and ten a day, in windows that slide: the refusal says when to come again,
// and a second before that nothing is sent.
func TestUnprovenWindowsSlide(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.UnprovenPerHour, l.UnprovenPerDay = 5, 10 }))
	user := w.joe()
	start := w.clock.Now()
	send := func(n int) {
		t.Helper()
		for range n {
			w.sendCode(user).want(200, "")
			w.clock.Move(10 * time.Minute)
		}
	}
	refuse := func(until time.Time) {
		t.Helper()
		r := w.sendCode(user).want(400, "QUOTA_EXCEEDED")
		got, err := time.Parse(time.RFC3339, r.text("details.0.innerError.quotaResetTime"))
		if err != nil || !got.Equal(until.Truncate(time.Second)) {
			t.Fatalf("reset at %v (%v), want %v", got, err, until)
		}
		w.clock.Move(got.Sub(w.clock.Now()) - time.Second)
		w.sendCode(user).want(400, "QUOTA_EXCEEDED")
		w.clock.Move(time.Second)
	}
	send(5)
	refuse(start.Add(time.Hour))
	send(5)
	refuse(start.Add(24 * time.Hour))
	w.sendCode(user).want(200, "")
	refuse(start.Add(24*time.Hour + 10*time.Minute))
}

// A message that one limit refuses counts in none of the others, and not in the day's.
func TestARefusedMessageCountsNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) {
		l.UnprovenPerHour, l.UnprovenPerExecution, l.UnprovenPerAddress, l.UnprovenPerEnvironment, l.MessagesPerUser = 3, 2, 3, 3, 3
	}))
	user := w.joe()
	q := request(pingone.HostAPI, "POST user.sendVerificationCode", "users/"+user, nil)
	full := w.clientContext("full", "192.0.2.1")
	for range 2 {
		w.doCtx(full, q).want(200, "")
	}
	for range 10 {
		w.doCtx(full, q).want(400, "QUOTA_EXCEEDED")
	}
	w.doCtx(w.clientContext("fresh", "192.0.2.1"), q).want(200, "")
	w.doCtx(w.clientContext("later", "192.0.2.1"), q).want(400, "QUOTA_EXCEEDED")
}

// A device that gets no message is passed over for the next; the refusal of the only one
// counts nothing.
func TestTheDefaultDeviceIsPassedOverAtItsLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, limits(func(l *embedded.Limits) { l.UnprovenPerHour, l.MessagesPerUser = 1, 3 }))
	user, device := w.ben()
	if got := w.begin(user).text("selectedDevice.id"); got != device {
		t.Fatalf("selected %s, want the default %s", got, device)
	}
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}}).want(400, "QUOTA_EXCEEDED")
	other := w.email(user, "second@example.com")
	if got := w.begin(user).text("selectedDevice.id"); got != other {
		t.Errorf("selected %s, want the second %s", got, other)
	}
	w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "selectedDevice": obj{"id": device}}).want(400, "QUOTA_EXCEEDED")
	third := w.email(user, "third@example.com")
	if got := w.begin(user).text("selectedDevice.id"); got != third {
		t.Errorf("selected %s, want the third %s: refusals must not count in the day", got, third)
	}
}

// A client address is one IPv4 address or a /64 of IPv6, however it is written.
func TestUnprovenAddressesAreNetworks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second string
		same          bool
	}{
		"IPv4":             {"192.0.2.1", "192.0.2.1", true},
		"other IPv4":       {"192.0.2.1", "192.0.2.2", false},
		"mapped":           {"192.0.2.1", "::ffff:192.0.2.1", true},
		"one /64":          {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
		"zone of one /64":  {"fe80::1%eth0", "fe80::2%eth1", true},
		"two /64 of a /48": {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, limits(func(l *embedded.Limits) { l.UnprovenPerAddress = 1 }))
			w.doCtx(w.clientContext("a", c.first), pairing(w.user("a"), "EMAIL", "a@example.com", "")).want(201, "")
			r := w.doCtx(w.clientContext("b", c.second), pairing(w.user("b"), "EMAIL", "b@example.com", ""))
			if got := r.Status == 400; got != c.same {
				t.Errorf("refused %t, want %t", got, c.same)
			}
		})
	}
}

// The environment's limit is in shards: it is reached within a few hundredths, told, and
// over after an hour.
func TestTheEnvironmentReachesItsLimit(t *testing.T) {
	t.Parallel()
	const most = 400
	w := newWorld(t, limits(func(l *embedded.Limits) { l.UnprovenPerEnvironment = most }))
	user := w.user("mallory")
	send := func(i int) result {
		return w.auth("POST", "deviceAuthentications",
			obj{"user": obj{"id": user}, "selectedDevice": obj{"oneTime": obj{"type": "SMS", "phone": fmt.Sprintf("+1512%07d", i)}}})
	}
	full := func(want bool) {
		t.Helper()
		if got, err := w.svc.MessagesFull(t.Context()); err != nil || got != want {
			t.Fatalf("full is %t (%v), want %t", got, err, want)
		}
	}
	full(false)
	sent := 0
	for i := range 2 * most {
		if r := send(i); r.Status == 201 {
			sent++
		} else {
			r.want(400, "QUOTA_EXCEEDED")
		}
	}
	if sent < most*95/100 || sent > most {
		t.Errorf("%d messages, want %d or a little less", sent, most)
	}
	full(true)
	w.clock.Move(time.Hour)
	full(false)
	send(0).want(201, "")
}

// A crowd from everywhere, to everybody, does not wait for one record: nobody is refused, and
// no unit of work gives up.
func TestACrowdFromEverywhereIsServed(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		requests := make([]pingone.Request, 100)
		for i := range requests {
			requests[i] = sendingPaths["authenticate once"](w, fmt.Sprint("user", i), fmt.Sprintf("own%d@example.com", i))
		}
		w.svc = w.service(func(o *embedded.Options) { o.Limits = nil })
		refused := w.crowd(requests, func(i int) connector.Source {
			return connector.Source{Execution: fmt.Sprint("e", i), Address: fmt.Sprint("192.0.2.", i)}
		})
		if got := w.deliveries(); refused != 0 || got != len(requests) {
			t.Errorf("%d messages and %d refusals, want %d and none", got, refused, len(requests))
		}
	})
}

// What is counted is swept when no window reaches it any more, and holds no address.
func TestUnprovenCountsAreSwept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *embedded.Options) { o.Limits = nil })
	w.doCtx(w.clientContext("e", "192.0.2.1"), pairing(w.user("joe"), "EMAIL", "joe@example.com", "")).want(201, "")
	n := 0
	for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/unproven/")) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if text := string(rec.Key) + string(rec.Value); strings.Contains(text, "joe") || strings.Contains(text, "192.0.2") {
			t.Errorf("personal data in %q", text)
		}
	}
	if n != 4 {
		t.Fatalf("%d records, want those of target, execution, address and environment", n)
	}
	w.clock.Move(24*time.Hour - time.Second)
	if swept, err := w.svc.Sweep(t.Context()); swept != 0 || err != nil {
		t.Errorf("%d records swept (%v) before the day was over", swept, err)
	}
	w.clock.Move(time.Second)
	if _, err := w.svc.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for rec := range w.db.Scan(t.Context(), storeUnder(envID+"/unproven/")) {
		t.Errorf("%s is left", rec.Key)
	}
}

// The outbox is told for whom a message goes and whether its target is proven, by names
// that are no addresses.
func TestMessagesCarryTheirLane(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.joe()
	rows := func() (lanes []outbox.Lane) {
		for rec, err := range w.db.Scan(t.Context(), storeUnder(envID+"/outbox/")) {
			var m outbox.Message
			if err != nil || json.Unmarshal(rec.Value, &m) != nil {
				t.Fatalf("%s: %v", rec.Key, err)
			}
			lanes = append(lanes, m.Lane)
		}
		return lanes
	}
	w.doCtx(w.clientContext("e", "192.0.2.1"), request(pingone.HostAPI, "POST user.sendVerificationCode", "users/"+user, nil)).want(200, "")
	first := rows()[0]
	if first.Proven || first.Target == "" || first.Source == "" || strings.Contains(first.Target+first.Source, "joe") {
		t.Errorf("lane is %+v", first)
	}
	w.verify(user, w.mail("joe@example.com").Code).want(200, "")
	w.doCtx(w.clientContext("f", "192.0.2.2"), request(pingone.HostAPI, "POST user.sendVerificationCode", "users/"+user, nil)).want(200, "")
	second := rows()[0]
	if !second.Proven || second.Target != first.Target || second.Source == first.Source {
		t.Errorf("lane is %+v after %+v", second, first)
	}
}
