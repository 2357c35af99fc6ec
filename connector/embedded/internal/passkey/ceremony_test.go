package passkey_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/mfaflow/mfaflow/connector/embedded/internal/passkey"
	"github.com/mfaflow/mfaflow/connector/embedded/softkey"
)

// TestCeremonies registers and authenticates with every algorithm that is offered.
func TestCeremonies(t *testing.T) {
	t.Parallel()
	for _, alg := range []int64{-7, -8, -35, -36, -37, -38, -39, -257, -258, -259} {
		key, c := enrolled(t, softkey.Options{Algorithm: alg})
		assertion, err := key.Get(origin, requestOptions(rules(), c.ID))
		if err != nil {
			t.Fatal(err)
		}
		id, user, err := passkey.Identify(assertion)
		if err != nil || !bytes.Equal(id, c.ID) || !bytes.Equal(user, owner) {
			t.Errorf("identified %x of %q, %v", id, user, err)
		}
		got, err := passkey.Assert(expect(), c, owner, origin, assertion)
		if want := (passkey.Asserted{SignCount: 1, UserVerified: true}); err != nil || got != want {
			t.Errorf("algorithm %d: got %+v, %v; want %+v", alg, got, err, want)
		}
	}
}

// TestOptions holds the shape that PingOne's scripts read.
func TestOptions(t *testing.T) {
	t.Parallel()
	r := rules()
	r.Attachment, r.Discoverable, r.Hints = passkey.CrossPlatform, passkey.Required, []string{"SECURITY_KEY"}
	var got struct {
		Challenge []int `json:"challenge"`
		User      struct{ ID []int }
		Params    []struct{ Alg int } `json:"pubKeyCredParams"`
		Timeout   int
		Exclude   []struct{ ID []int } `json:"excludeCredentials"`
		Selection map[string]any       `json:"authenticatorSelection"`
		Hints     []string
	}
	options := creationOptions(r, passkey.Descriptor{ID: []byte{255}})
	if err := json.Unmarshal([]byte(options), &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Challenge[:2], []int{-101, 17}) || len(got.Challenge) != 32 || got.Exclude[0].ID[0] != -1 {
		t.Errorf("bytes are not signed numbers: %s", options)
	}
	if got.Timeout != 120000 || got.Params[0].Alg != -7 || got.Hints[0] != "security-key" {
		t.Errorf("got %s", options)
	}
	want := map[string]any{"residentKey": "required", "requireResidentKey": true, "userVerification": "preferred",
		"authenticatorAttachment": "cross-platform"}
	for name, v := range want {
		if got.Selection[name] != v {
			t.Errorf("%s is %v, want %v", name, got.Selection[name], v)
		}
	}
}

// TestUsernameless signs on without saying who.
func TestUsernameless(t *testing.T) {
	t.Parallel()
	key, c := enrolled(t, softkey.Options{})
	assertion, err := key.Get(origin, requestOptions(rules()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := passkey.Assert(expect(), c, owner, origin, assertion); err != nil {
		t.Error(err)
	}
	_, err = passkey.Assert(expect(), c, []byte("user-2"), origin, assertion)
	refused(t, err, "7.2.3")
}
