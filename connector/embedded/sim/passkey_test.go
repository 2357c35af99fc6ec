package sim_test

import (
	"errors"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/sim"
)

const (
	site     = "https://mfaflow.example"
	creation = `{"rp":{"id":"mfaflow.example"},"user":{"id":[1]},"challenge":[17,-101],"pubKeyCredParams":[{"alg":"-7"}],
		"authenticatorSelection":{"residentKey":"required","userVerification":"required"}}`
	request = `{"rpId":"mfaflow.example","challenge":[1,2],"userVerification":"required"}`
)

func codeOf(err error) string {
	var coded interface{ Code() string }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return ""
}

// TestKeys holds what the browser of a world refuses, and which of its authenticators
// signs.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{})
	if _, err := w.UsePasskey("", site, request, true, false); codeOf(err) != "NotAllowedError" {
		t.Errorf("no key: %v", err)
	}
	for _, key := range []string{"ben", "cat"} {
		if _, err := w.CreatePasskey(key, site, creation, true, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.CopyKey("ben", "thief"); err != nil {
		t.Fatal(err)
	}
	if w.CopyKey("eve", "thief2") == nil || w.CopyKey("ben", "cat") == nil {
		t.Error("a key that is not there, or in the place of another, was copied")
	}
	for _, c := range []struct {
		key, origin   string
		verified, lax bool
		want          string
	}{
		{"cat", site, true, false, ""},
		{"thief", site, true, false, ""},
		{"eve", site, true, false, "NotAllowedError"},
		{"cat", site, false, false, "NotAllowedError"},
		{"cat", "https://evil.example", true, false, "SecurityError"},
		{"cat", "https://evil.example", false, true, ""},
	} {
		if _, err := w.UsePasskey(c.key, c.origin, request, c.verified, c.lax); codeOf(err) != c.want || (err != nil) != (c.want != "") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := w.CreatePasskey("cat", site, "?", true, false); codeOf(err) != "TypeError" {
		t.Errorf("no options: %v", err)
	}
}

// TestKeysAreAlike holds that two worlds of one seed have the same keys, and that the one
// that got a credential last signs where none is named.
func TestKeysAreAlike(t *testing.T) {
	t.Parallel()
	var made [2]string
	for i := range made {
		w := newWorld(t, sim.Options{Seed: "s"})
		for _, key := range []string{"cat", "ben"} {
			if _, err := w.CreatePasskey(key, site, creation, true, false); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if made[i], err = w.UsePasskey("", site, request, true, false); err != nil {
			t.Fatal(err)
		}
		other := newWorld(t, sim.Options{Seed: "s"})
		if _, err := other.CreatePasskey("ben", site, creation, true, false); err != nil {
			t.Fatal(err)
		}
		if alone, err := other.UsePasskey("ben", site, request, true, false); err != nil || alone != made[i] {
			t.Errorf("ben's key signed %s alone, %s as the newest: %v", alone, made[i], err)
		}
	}
	if made[0] != made[1] {
		t.Errorf("%s\nis not\n%s", made[0], made[1])
	}
}

// TestGivenPasskeys holds that a given FIDO2 device is on the authenticator of its name.
func TestGivenPasskeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Options{})
	err := w.AddUser(t.Context(), "cat", obj{"devices": []any{obj{"type": "FIDO2"}, obj{"type": "FIDO2", "key": "spare", "nickname": "Spare"},
		obj{"type": "FIDO2", "status": "ACTIVATION_REQUIRED"}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"ACTIVE", "ACTIVE", "ACTIVATION_REQUIRED"} {
		if d := device(t, w, "cat", i); d["type"] != "FIDO2" || d["status"] != want {
			t.Errorf("device %d: %v", i+1, d)
		}
	}
	for _, key := range []string{"cat", "spare"} {
		if _, err := w.UsePasskey(key, site, request, true, false); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := w.AddUser(t.Context(), "dan", obj{"devices": []any{obj{"type": "FIDO2"}, obj{"type": "FIDO2", "key": "dan"}}}); codeOf(err) != "InvalidStateError" {
		t.Errorf("the same authenticator twice: %v", err)
	}
}
