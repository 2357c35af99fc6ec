package embedded_test

import (
	"encoding/base64"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// A PLATFORM device names the platform that the browser says it is on.
func TestPlatformOfABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user := w.user("cat")
	const mozilla = "Mozilla/5.0 "
	for agent, want := range map[string]string{
		"": "BIOMETRICS", "curl/8.5.0": "BIOMETRICS", mozilla + "(X11; Linux x86_64) Firefox/140.0": "BIOMETRICS",
		mozilla + "(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/133.0.0.0": "WINDOWS",
		mozilla + "(Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/133.0.0.0":  "ANDROID",
		mozilla + "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15":          "MAC",
		mozilla + "(iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15":   "IPHONE",
	} {
		q := request(pingone.HostAPI, "POST", "users/"+user+"/devices", obj{"type": "PLATFORM", "rp": obj{"id": "pingone.test", "name": "P"}})
		q.Header = map[string][]string{"User-Agent": {agent}}
		if got := w.do(q).want(201, "").text("platform"); got != want {
			t.Errorf("%q: %s, want %s", agent, got, want)
		}
	}
}

// A challenge of one's own has 32 bytes at least, wherever it is given.
func TestLengthOfOwnChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user := w.user("cat")
	w.passkey(user, softkey.New(softkey.Options{}))
	for size, status := range map[int]int{31: 400, 32: 201, 1024: 201, 1025: 400} {
		own := obj{"challenge": base64.RawURLEncoding.EncodeToString(make([]byte, size))}
		for _, r := range []result{
			w.api("POST", "users/"+user+"/devices", obj{"type": "FIDO2", "webAuthn": own}),
			w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "webAuthn": own}),
			w.auth("POST", "deviceAuthentications", obj{"rp": obj{"id": "pingone.test"}, "webAuthn": own}),
		} {
			if r.Status != status || status == 400 && r.text("details.0.target") != "webAuthn.challenge" {
				t.Errorf("%d bytes: %s", size, r.Raw)
			}
		}
	}
}

// Every request that starts, chooses or answers may say what the browser can do, and no
// other word is taken: a passkey that it cannot use proves nothing.
func TestCompatibilityOfEachRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPasskeys)
	user, key := w.user("cat"), softkey.New(softkey.Options{})
	id := w.passkey(user, key)
	refused := func(r result) {
		t.Helper()
		if r.want(400, "INVALID_VALUE"); r.text("details.0.target") != "compatibility" {
			t.Errorf("%s", r.Raw)
		}
	}
	for _, word := range []string{"full", "SOME", " FULL"} {
		da, options := w.challenge(of(user))
		refused(w.auth("POST", "deviceAuthentications", obj{"user": obj{"id": user}, "compatibility": word}))
		refused(w.auth("POST", "deviceAuthentications", obj{"rp": obj{"id": "pingone.test"}, "compatibility": word}))
		refused(w.auth("POST device.select", "deviceAuthentications/"+da, obj{"device": obj{"id": id}, "compatibility": word}))
		refused(w.auth("POST assertion.check", "deviceAuthentications/"+da,
			obj{"assertion": w.sign(key, options), "origin": site, "compatibility": word}))
	}
	for _, body := range []obj{of(user), anyone()} {
		for word, status := range map[string]int{"FULL": 200, "SECURITY_KEY_ONLY": 400, "NONE": 400} {
			da, options := w.challenge(body)
			r := w.auth("POST assertion.check", "deviceAuthentications/"+da,
				obj{"assertion": w.sign(key, options), "origin": site, "compatibility": word})
			if r.Status != status {
				t.Errorf("%v %s: %s", body, word, r.Raw)
			}
			w.api("POST device.unlock", "users/"+user+"/devices/"+id, nil).want(200, "")
		}
	}
}
