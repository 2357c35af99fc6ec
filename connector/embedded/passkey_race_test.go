package embedded_test

import (
	"strings"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
	"github.com/mfaflow/mfaflow/connector/pingone"
)

// a credential is one user's, also when two register it at the same time.
func TestA47CredentialTakenOver(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		key := softkey.New(softkey.Options{Lax: true})
		var requests []pingone.Request
		attestation := ""
		own := encode64(strings.Repeat("7", 32))
		for _, name := range []string{"ann", "bob", "cat", "dan"} {
			user := w.user(name)
			made := w.register(user, obj{"webAuthn": obj{"challenge": own}})
			if attestation == "" {
				var err error
				if attestation, err = key.Create(site, made.text("publicKeyCredentialCreationOptions")); err != nil {
					t.Fatal(err)
				}
			}
			requests = append(requests, request(pingone.HostAPI, "POST device.activate", "users/"+user+"/devices/"+made.text("id"),
				obj{"attestation": attestation, "origin": site}))
		}
		got := w.volley(len(requests), func(i int) pingone.Request { return requests[i] })
		if got[""] != 1 || got["UNIQUENESS_VIOLATION"] != len(requests)-1 {
			t.Errorf("%v", got)
		}
	}, withPasskeys)
}

// of two assertions at once one wins; a counter that does not rise is a clone's.
func TestA48CounterRaceAndClone(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		user, key := w.user("cat"), softkey.New(softkey.Options{})
		w.passkey(user, key)
		clone := key.Clone()
		w.signOn(of(user), key).want(200, "")
		w.signOn(of(user), key).want(200, "")
		w.signOn(of(user), clone).step("7.2.17")
		w.signOn(anyone(), clone).step("7.2.17")
		da, options := w.challenge(of(user))
		assertion := w.sign(key, options)
		got := w.volley(40, func(int) pingone.Request {
			return request(pingone.HostAuth, "POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": assertion, "origin": site})
		})
		if got[""] != 1 {
			t.Errorf("%v, want one success", got)
		}
	}, withPasskeys)
}

// one authentication without a name is one user's, also when passkeys of several
// answer it at once; a passkey that is deleted meanwhile answers before or not at all.
func TestA48AnswersOfSeveralUsers(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		da, options := w.challenge(anyone())
		var answers []pingone.Request
		paths := map[string]string{}
		for _, name := range []string{"ann", "bob", "cat", "dan"} {
			user, key := w.user(name), softkey.New(softkey.Options{})
			paths[user] = "users/" + user + "/devices/" + w.passkey(user, key)
			answers = append(answers, request(pingone.HostAuth, "POST assertion.check", "deviceAuthentications/"+da,
				obj{"assertion": w.sign(key, options), "origin": site}))
		}
		got := w.volley(20, func(i int) pingone.Request { return answers[i%len(answers)] })
		if got[""] != 1 {
			t.Errorf("%v, want one success", got)
		}
		done := w.auth("GET", "deviceAuthentications/"+da, nil)
		if path := paths[done.text("user.id")]; path == "" || !strings.HasSuffix(path, "/"+done.text("selectedDevice.id")) {
			t.Errorf("%s", done.Raw)
		}
	}, withPasskeys)
}

// a passkey that is deleted while it answers and while another user registers
// it is one user's at most, and in the end that of the other.
func TestA47DeletedAndRegisteredAtOnce(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, w *world) {
		ann, bob, key := w.user("ann"), w.user("bob"), softkey.New(softkey.Options{Lax: true})
		own := obj{"webAuthn": obj{"challenge": encode64(strings.Repeat("7", 32))}}
		hers, his := w.register(ann, own), w.register(bob, own)
		attestation, err := key.Create(site, hers.text("publicKeyCredentialCreationOptions"))
		if err != nil {
			t.Fatal(err)
		}
		proof := obj{"attestation": attestation, "origin": site}
		w.api("POST device.activate", "users/"+ann+"/devices/"+hers.text("id"), proof).want(200, "")
		da, options := w.challenge(anyone())
		requests := []pingone.Request{
			request(pingone.HostAPI, "DELETE", "users/"+ann+"/devices/"+hers.text("id"), nil),
			request(pingone.HostAPI, "POST device.activate", "users/"+bob+"/devices/"+his.text("id"), proof),
			request(pingone.HostAuth, "POST assertion.check", "deviceAuthentications/"+da, obj{"assertion": w.sign(key, options), "origin": site}),
		}
		w.volley(12, func(i int) pingone.Request { return requests[i%len(requests)] })
		if r := w.api("GET", "users/"+bob+"/devices/"+his.text("id"), nil); r.text("status") != "ACTIVE" {
			w.do(requests[1]).want(200, "")
		}
		w.api("GET", "users/"+ann+"/devices/"+hers.text("id"), nil).want(404, "NOT_FOUND")
		w.signOn(anyone(), key).step("7.2.3") // it still names ann
		da, options = w.challenge(of(bob))
		w.assert(da, edit(t, w.sign(key, options), func(r obj) { r["userHandle"] = "" })).want(200, "")
	}, withPasskeys)
}
